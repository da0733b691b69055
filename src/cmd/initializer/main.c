/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "channel/enroll.h"
#include "config/options.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum {
	VERB_ALL = OPTION_EVERY_VERB,
	REQUIRED = OPTION_REQUIRED,
	FIRST_PAUSE_MS = 500,
	LAST_PAUSE_MS = 15 * 1000,
	MODE_PUBLIC = 0444,
	MODE_SECRET = 0600,
};

enum option_id {
#define VERB(...)
#define OPTION(verb, id, ...) OPT_##id,
#include "cmd/initializer/options.def"
#undef VERB
#undef OPTION
	OPT_COUNT
};

/* host, host:port, [v6] or [v6]:port to host:port. */
static void
coordinator_address(const char *host, char to[300])
{
	struct bytes h = bytes_str(host);
	size_t colon = bytes_find_byte(h, ':', 0);
	bool bracket = h.n > 0 && h.p[0] == '[';
	bool has_port =
	        bracket ? bytes_find(h, BYTES("]:"), 0) != SIZE_MAX
	                : colon != SIZE_MAX && bytes_find_byte(h, ':', colon + 1) == SIZE_MAX;

	snprintf(to, 300, "%s%s", host, has_port ? "" : ":7777");
}

/* ---- files ---- */

static status
write_in(const char *dir, const char *name, struct bytes data, unsigned int mode, struct err *err)
{
	char path[4096];

	if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
		return err_set(err, ERR_USAGE, "E-INIT-001", "the path %s/%s is too long", dir,
		               name);
	return file_write(path, data, mode, err);
}

static status
make_folders(const char *dir, struct err *err)
{
	static const char *const below[] = {"tls-config", "secrets"};

	for (size_t i = 0; i < COUNT_OF(below); i++) {
		char path[4096];

		snprintf(path, sizeof path, "%s/%s", dir, below[i]);
		TRY(dir_create(path, 0755, err));
	}
	return OK;
}

/* The key comes last: where it is, the rest is complete. */
static status
write_files(const char *dir, const struct enrolled *e, struct err *err)
{
	CLEANUP(buf_done) struct buf key = {0};
	CLEANUP(buf_done) struct buf secret = {0};

	TRY(make_folders(dir, err));
	TRY(write_in(dir, "tls-config/mesh-ca.pem", buf_view(&e->mesh_ca), MODE_PUBLIC, err));
	TRY(write_in(dir, "tls-config/coordinator-root-ca.pem", buf_view(&e->root_ca), MODE_PUBLIC,
	             err));
	TRY(write_in(dir, "tls-config/certChain.pem", buf_view(&e->chain), MODE_PUBLIC, err));
	if (e->secret.n > 0) {
		hex_encode(secret_view(&e->secret), &secret);
		TRY(buf_check(&secret, err));
		TRY(write_in(dir, "secrets/workload-secret-seed", buf_view(&secret), MODE_SECRET,
		             err));
	}
	key_private_pem(e->key, &key);
	TRY(buf_check(&key, err));
	return write_in(dir, "tls-config/key.pem", buf_view(&key), MODE_SECRET, err);
}

/* ---- attempts ---- */

struct work {
	const struct options *o;
	struct tls_client *tls;
	struct guest_clock clock;
	struct session_expect expect;
	bool has_policy;
	char address[300];
};

static status
attempt(struct work *w, struct err *err)
{
	CLEANUP(enrolled_done) struct enrolled e = {0};
	const char *socket = options_text(w->o, OPT_evidence_socket);
	char policy[65], head[65], until[32];

	if (!w->has_policy)
		TRY(enroll_own_policy(socket, &w->expect.own_policy, err));
	w->has_policy = true;
	w->expect.now = guest_clock_now(&w->clock);
	TRY(enroll(w->tls, w->address, &w->expect, socket, &e, err));
	guest_clock_floor(&w->clock, e.floor);
	TRY(write_files(options_text(w->o, OPT_output), &e, err));
	log_info("this pod is enrolled", F_CSTR("policy", hash256_hex(&e.policy, policy)),
	         F_CSTR("head", hash256_hex(&e.seen.head, head)),
	         F_CSTR("valid_until", time_cstr(e.not_after, until)));
	return OK;
}

/* Twice as long after each failure, and never in step with other pods. */
static void
pause_before_next(unsigned int failures)
{
	uint64_t ms = LAST_PAUSE_MS;
	uint16_t jitter;
	struct timespec t;

	if (failures < 6)
		ms = MIN(ms, (uint64_t)FIRST_PAUSE_MS << failures);
	random_bytes(&jitter, sizeof jitter);
	ms = ms / 2 + ms / 2 * jitter / UINT16_MAX;
	t = (struct timespec){.tv_sec = (time_t)(ms / 1000),
	                      .tv_nsec = (long)(ms % 1000) * 1000000};
	nanosleep(&t, NULL);
}

static status
verb_enroll(const struct options *o, struct err *err)
{
	struct work w = {.o = o, .expect = {.mode = SESSION_POD}};
	enum log_level level = LOG_INFO;
	uint64_t limit = options_number(o, OPT_attempts);
	size_t n = 0;
	const char *const *keys = options_list(o, OPT_genesis_key, &n);
	status s;

	log_level_parse(bytes_str(options_text(o, OPT_log_level)), &level);
	log_init("contrast-initializer", level);
	secret_harden_process();
	tls_prepare();
	TRY(pins_from_args(&w.expect.pins, options_text(o, OPT_deployment_id), keys, n, err));
	coordinator_address(options_text(o, OPT_coordinator), w.address);
	guest_clock_start(&w.clock, CLOCK_RELEASE_FLOOR);
	TRY(tls_client_new(&w.tls, err));
	for (unsigned int failures = 0;;) {
		s = attempt(&w, err);
		failures++;
		if (is_ok(s) || (limit > 0 && failures >= limit))
			break;
		log_err(LOG_WARN, "cannot enroll yet", err);
		pause_before_next(failures);
	}
	tls_client_free(w.tls);
	return s;
}

#define PROGRAM_OPTIONS "cmd/initializer/options.def"
#include "cmd/tables.h"

static const struct program_def program = {
        .name = "contrast-initializer",
        .summary = "gets a pod's certificate, key and secret from the Coordinator",
        .description = "Runs as the first init container of a confidential pod.",
        .verbs = verbs,
        .n_verbs = COUNT_OF(verbs),
        .options = options,
        .n_options = COUNT_OF(options),
};

/* The first process of a container is not ended by a signal that it does not ask for. */
static void
on_stop(int sig)
{
	_exit(128 + sig);
}

int
main(int argc, char **argv)
{
	signal(SIGTERM, on_stop);
	signal(SIGINT, on_stop);
	return options_main(&program, argc, argv);
}
