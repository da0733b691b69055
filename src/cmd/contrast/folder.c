/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/contrast/folder.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "term/term.h"
#include "json/value.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { SIGNED_LINE = 64 + 1 + 64 + 1 };

const char *
folder_path(const struct folder *w, const char *name, char to[4096])
{
	snprintf(to, 4096, "%s%s%s", w->dir ? w->dir : "", w->dir ? "/" : "", name);
	return to;
}

void
say_done(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	printf("%s\xe2\x9c\x94%s %s\n", term_on(STDOUT_FILENO, TERM_GOOD), term_off(STDOUT_FILENO),
	       text);
	fflush(stdout);
}

void
say_warning(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	fprintf(stderr, "%swarning:%s %s\n", term_on(STDERR_FILENO, TERM_WARN),
	        term_off(STDERR_FILENO), text);
}

static void
print_faults(const struct faults *faults)
{
	CLEANUP(buf_done) struct buf text = {0};

	faults_format(faults, &text);
	fputs(buf_cstr(&text), stderr);
}

status
folder_manifest(const char *path, bool insecure, struct manifest **ret, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {.max = MANIFEST_MAX_BYTES + 1};
	CLEANUP(manifest_drop) struct manifest *m = NULL;
	struct faults *faults = mem_new(struct faults);
	status s = file_read(path, MANIFEST_MAX_BYTES, &text, err);

	if (is_ok(s)) {
		s = err_at(err, manifest_parse(buf_view(&text), &m, faults, err), "%s", path);
		if (!is_ok(s) && faults->n > 1)
			print_faults(faults);
	}
	faults_done(faults);
	mem_free(faults);
	TRY(s);
	if (m->insecure && !insecure)
		return err_hint(err,
		                err_set(err, ERR_REJECTED, "E-OWNER-001",
		                        "%s trusts a root that is no vendor's", path),
		                "--insecure accepts it, for tests only");
	*ret = m;
	m = NULL;
	return OK;
}

status
folder_pins(const char *path, struct pins *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};
	status s = file_read(path, GENESIS_MAX_BYTES, &text, err);

	if (s.cls == ERR_NOT_FOUND)
		return err_hint(err,
		                err_set(err, ERR_NOT_FOUND, "E-OWNER-002",
		                        "%s is missing: without the deployment's pins nothing can "
		                        "be verified",
		                        path),
		                "take genesis.json from whoever ran contrast generate");
	TRY(s);
	return err_at(err, genesis_parse(buf_view(&text), ret, err), "%s", path);
}

status
folder_key(const char *path, struct key **ret, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};

	TRY(file_read(path, FOLDER_FILE_MAX, &text, err));
	return err_at(err, key_parse_pem(buf_view(&text), ret, err), "%s", path);
}

status
folder_write(const struct folder *w, const char *name, struct bytes data, struct err *err)
{
	char path[4096];

	return file_write(folder_path(w, name, path), data, 0644, err);
}

/* ---- what was seen ---- */

static bool
get_hash(const struct value *v, const char *name, struct hash256 *ret)
{
	return hex_decode(json_text(json_get(v, name)), ret->b, sizeof ret->b);
}

static status
parse_seen(struct bytes text, struct session_seen *ret, struct err *err)
{
	CLEANUP(arena_done) struct arena arena = {.cap = FOLDER_FILE_MAX * 4};
	struct value v;
	uint64_t version;

	TRY(json_parse(&arena, text, NULL, &v, err));
	if (!json_u64(json_get(&v, "version"), 1, &version) || version != 1 ||
	    !get_hash(&v, "genesis", &ret->genesis) || !get_hash(&v, "root_key", &ret->root_key) ||
	    !get_hash(&v, "head", &ret->head) || !get_hash(&v, "log", &ret->log_id) ||
	    !get_hash(&v, "log_root", &ret->log_root) ||
	    !json_u64(json_get(&v, "generation"), INT64_MAX, &ret->generation) ||
	    !json_u64(json_get(&v, "log_size"), INT64_MAX, &ret->log_size))
		return err_set(err, ERR_PARSE, "E-OWNER-005", "is not a state that verify wrote");
	return OK;
}

status
folder_seen(const struct folder *w, struct session_seen *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};
	char path[4096];
	status s =
	        file_read(folder_path(w, "verify/state.json", path), FOLDER_FILE_MAX, &text, err);

	*ret = (struct session_seen){0};
	if (s.cls == ERR_NOT_FOUND)
		return OK;
	TRY(s);
	return err_at(err, parse_seen(buf_view(&text), ret, err), "%s", path);
}

status
folder_remember(const struct folder *w, const struct session_seen *seen, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};
	CLEANUP(arena_done) struct arena a = {.cap = FOLDER_FILE_MAX};
	char path[4096], hex[65];
	struct value v = json_object();

	json_put(&a, &v, "version", json_int(1));
	json_put(&a, &v, "genesis", json_hex(&a, hash256_view(&seen->genesis)));
	json_put(&a, &v, "root_key", json_hex(&a, hash256_view(&seen->root_key)));
	json_put(&a, &v, "head", json_hex(&a, hash256_view(&seen->head)));
	json_put(&a, &v, "generation", json_int((int64_t)seen->generation));
	json_put(&a, &v, "log", json_hex(&a, hash256_view(&seen->log_id)));
	json_put(&a, &v, "log_size", json_int((int64_t)seen->log_size));
	json_put(&a, &v, "log_root", json_hex(&a, hash256_view(&seen->log_root)));
	json_write(&v, JSON_INDENT, &text);
	buf_u8(&text, '\n');
	TRY(arena_check(&a, err));
	TRY(buf_check(&text, err));
	TRY(dir_create(folder_path(w, "verify", path), 0755, err));
	TRY(folder_write(w, "verify/latest-transition", bytes_str(hash256_hex(&seen->head, hex)),
	                 err));
	return folder_write(w, "verify/state.json", buf_view(&text), err);
}

/* ---- signatures ---- */

void
transition_of(const struct manifest *m, const struct hash256 *previous, uint64_t generation,
              struct transition *ret)
{
	struct hash256 owners = manifest_owners_digest(m);

	ret->previous = *previous;
	ret->generation = generation;
	ret->hash = transition_hash(previous, &m->hash, &owners, generation);
}

static status
check_line(struct bytes line, const struct hash256 *previous, const struct hash256 *transition,
           bool *known, const char *path, struct err *err)
{
	struct hash256 p, t;

	if (line.n != SIGNED_LINE - 1 || line.p[64] != ' ' ||
	    !hex_decode(bytes_sub(line, 0, 64), p.b, sizeof p.b) ||
	    !hex_decode(bytes_sub(line, 65, line.n), t.b, sizeof t.b))
		return err_at(err,
		              err_set(err, ERR_PARSE, "E-OWNER-005",
		                      "has a line that is no pair of hashes"),
		              "%s", path);
	if (!hash256_equal(&p, previous))
		return OK;
	if (hash256_equal(&t, transition)) {
		*known = true;
		return OK;
	}
	return err_hint(err,
	                err_set(err, ERR_CONFLICT, "E-OWNER-003",
	                        "another successor of this transition was signed here already"),
	                "two successors fork the history: --fork signs all the same");
}

status
folder_note_signature(const struct folder *w, const struct hash256 *previous,
                      const struct hash256 *transition, bool fork, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};
	char path[4096];
	status s =
	        file_read(folder_path(w, "signed-transitions", path), FOLDER_FILE_MAX, &text, err);
	struct bytes rest = buf_view(&text);
	bool known = false;

	if (!is_ok(s) && s.cls != ERR_NOT_FOUND)
		return s;
	while (rest.n > 0) {
		size_t end = bytes_find_byte(rest, '\n', 0);

		s = check_line(bytes_sub(rest, 0, end), previous, transition, &known, path, err);
		if (!is_ok(s) && !(fork && s.cls == ERR_CONFLICT))
			return s;
		rest = end == SIZE_MAX ? (struct bytes){0} : bytes_sub(rest, end + 1, rest.n);
	}
	if (known)
		return OK;
	hex_encode(hash256_view(previous), &text);
	buf_u8(&text, ' ');
	hex_encode(hash256_view(transition), &text);
	buf_u8(&text, '\n');
	TRY(buf_check(&text, err));
	return file_write(path, buf_view(&text), 0644, err);
}

/* ---- the Coordinator ---- */

status
folder_open(struct tls_client *tls, const char *address, const struct session_expect *expect,
            uint64_t wait, struct attested *ret, struct err *err)
{
	uint64_t deadline = clock_mono_ns() + wait * 1000000000;
	struct progress progress = {0};
	status s;

	progress_begin(&progress, 0, "attesting the Coordinator at %s", address);
	for (;;) {
		struct timespec pause = {.tv_sec = 1};

		s = attested_open(tls, address, expect, ret, err);
		if (s.cls != ERR_UNREACHABLE || clock_mono_ns() >= deadline)
			break;
		nanosleep(&pause, NULL);
		progress_update(&progress, 0);
	}
	progress_end(&progress, is_ok(s));
	return s;
}
