/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contrast sign: a detached signature of the transition that a manifest makes,
 * or (--prepare) the text that another tool signs: openssl, an HSM, a KMS.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cmd/contrast/cli.h"
#include "cmd/contrast/folder.h"
#include "cmd/contrast/sources.h"

struct sign_work {
	const struct options *o;
	struct folder folder;
	struct manifest *manifest;
	struct session_seen seen;
};

static void
work_done(struct sign_work *w)
{
	manifest_drop(&w->manifest);
}

/* Ask the Coordinator: the only way for a first set, whose genesis nobody else knows. */
static status
head_from_coordinator(struct sign_work *w, struct hash256 *previous, uint64_t *generation,
                      struct err *err)
{
	CLEANUP(tls_client_drop) struct tls_client *tls = NULL;
	CLEANUP(attested_done) struct attested attested = {0};
	CLEANUP(sources_done) struct sources sources = {0};
	static const struct session_options ids = SESSION_OPTIONS(sign);
	struct session_expect expect = {
	        .mode = SESSION_SET,
	        .manifest = w->manifest,
	        .insecure = options_flag(w->o, OPT_sign_insecure),
	        .fork = options_flag(w->o, OPT_sign_fork),
	        .seen = &w->seen,
	        .now = clock_realtime(),
	};
	const struct state_record *state = &attested.session.state;

	TRY(folder_pins(options_text(w->o, OPT_sign_genesis), &expect.pins, err));
	TRY(tls_client_new(&tls, err));
	TRY(sources_attest(&sources, w->o, &ids, tls, &expect, 0, &attested, err));
	*previous = state->phase == STATE_EMPTY ? state->genesis : state->head;
	*generation = state->generation;
	return OK;
}

/* From the last verification, and when a hash is given, only if it is that one. */
static status
head_from_workspace(const struct sign_work *w, struct hash256 *previous, uint64_t *generation,
                    struct err *err)
{
	const char *given = options_text(w->o, OPT_sign_latest_transition);
	struct hash256 want = w->seen.head;

	if (given && !hex_decode(bytes_str(given), want.b, sizeof want.b))
		return err_set(err, ERR_USAGE, "E-OWNER-009",
		               "--latest-transition is not 64 hexadecimal digits");
	if (w->seen.generation == 0 || !hash256_equal(&want, &w->seen.head))
		return err_hint(err,
		                err_set(err, ERR_NOT_FOUND, "E-OWNER-015",
		                        "this workspace has not verified the transition to follow"),
		                "run contrast verify first, or name the Coordinator with "
		                "--coordinator");
	*previous = w->seen.head;
	*generation = w->seen.generation;
	return OK;
}

static status
write_result(const struct sign_work *w, const struct transition *t, struct err *err)
{
	const char *out = options_text(w->o, OPT_sign_out);
	CLEANUP(key_drop) struct key *owner = NULL;
	CLEANUP(buf_done) struct buf der = {0};
	char message[TRANSITION_HEX_SIZE + 1];

	if (options_flag(w->o, OPT_sign_prepare)) {
		transition_message(&t->hash, message);
		return file_write(out, bytes_of(message, TRANSITION_HEX_SIZE), 0644, err);
	}
	TRY(folder_key(options_text(w->o, OPT_sign_workload_owner_key), &owner, err));
	if (!key_is_private(owner))
		return err_set(err, ERR_USAGE, "E-OWNER-016", "%s is no private key",
		               options_text(w->o, OPT_sign_workload_owner_key));
	TRY(folder_note_signature(&w->folder, &t->previous, &t->hash,
	                          options_flag(w->o, OPT_sign_fork), err));
	transition_sign(owner, &t->hash, &der);
	return file_write(out, buf_view(&der), 0644, err);
}

status
verb_sign(const struct options *o, struct err *err)
{
	CLEANUP(work_done)
	struct sign_work w = {.o = o, .folder = {options_text(o, OPT_ALL_workspace_dir)}};
	struct transition t;
	struct hash256 previous = {0};
	uint64_t generation = 0;
	char hex[65];

	TRY(folder_manifest(options_text(o, OPT_sign_manifest), options_flag(o, OPT_sign_insecure),
	                    &w.manifest, err));
	TRY(folder_seen(&w.folder, &w.seen, err));
	if (options_text(o, OPT_sign_coordinator))
		TRY(head_from_coordinator(&w, &previous, &generation, err));
	else
		TRY(head_from_workspace(&w, &previous, &generation, err));
	transition_of(w.manifest, &previous, generation + 1, &t);
	TRY(write_result(&w, &t, err));
	say_done("%s transition %s (generation %llu)",
	         options_flag(o, OPT_sign_prepare) ? "prepared" : "signed",
	         hash256_hex(&t.hash, hex), (unsigned long long)t.generation);
	return OK;
}
