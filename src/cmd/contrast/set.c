/* SPDX-License-Identifier: Apache-2.0 */
/* contrast set: the next transition, signed by an owner, at an attested Coordinator. */
#include "authority/answer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cmd/contrast/cli.h"
#include "cmd/contrast/folder.h"
#include "cmd/contrast/sources.h"
#include "json/value.h"

#include <stdlib.h>

enum { ANSWER_MAX = 8 * 1024 * 1024 };

struct set_work {
	const struct options *o;
	struct folder folder;
	struct manifest *manifest;
	struct pins pins;
	struct session_seen seen;
	struct documents documents;
	struct sources sources;
	struct attested attested;
	struct key *owner; /* NULL: no key file */
	struct transition transition;
	struct buf signatures; /* JSON objects, separated by commas */
	size_t n_signatures;
	struct buf answer;
};

static void
work_done(struct set_work *w)
{
	manifest_drop(&w->manifest);
	documents_done(&w->documents);
	attested_done(&w->attested);
	sources_done(&w->sources);
	key_drop(&w->owner);
	buf_done(&w->signatures);
	buf_done(&w->answer);
}

static status
load(struct set_work *w, struct err *err)
{
	const struct options *o = w->o;
	const char *const *paths = (const char *const *)o->args;
	status s;

	TRY(folder_manifest(options_text(o, OPT_set_manifest), options_flag(o, OPT_set_insecure),
	                    &w->manifest, err));
	TRY(folder_pins(options_text(o, OPT_set_genesis), &w->pins, err));
	TRY(documents_read(paths, o->n_args, w->manifest, &w->documents, err));
	TRY(folder_seen(&w->folder, &w->seen, err));
	s = folder_key(options_text(o, OPT_set_workload_owner_key), &w->owner, err);
	if (s.cls == ERR_NOT_FOUND && !options_given(o, OPT_set_workload_owner_key))
		return OK;
	return s;
}

static bool
owner_in(const struct manifest *m, const struct hash256 *id)
{
	for (size_t i = 0; i < m->n_owners; i++)
		if (hash256_equal(&m->owners[i].id, id))
			return true;
	return false;
}

static void
warn_about_owners(const struct set_work *w)
{
	struct hash256 id;

	if (w->manifest->n_owners == 0) {
		say_warning("the manifest has no workload owner: nobody can ever update it");
		return;
	}
	if (!w->owner)
		return;
	id = key_id(w->owner);
	if (!owner_in(w->manifest, &id))
		say_warning("your key is not among the manifest's workload owners: you may lock "
		            "yourself out");
}

/* ---- signatures ---- */

static void
add_signature(struct set_work *w, const struct key *key, struct bytes der)
{
	CLEANUP(buf_done) struct buf spki = {0};

	key_spki(key, &spki);
	buf_str(&w->signatures, w->n_signatures++ ? ",{\"key\":\"" : "{\"key\":\"");
	base64_encode(BASE64_STD, buf_view(&spki), &w->signatures);
	buf_str(&w->signatures, "\",\"signature\":\"");
	base64_encode(BASE64_STD, der, &w->signatures);
	buf_str(&w->signatures, "\"}");
}

/* Whose signature it is: an owner of the old manifest, of the new one, or the key at hand. */
static bool
match_signature(struct set_work *w, struct bytes der)
{
	const struct manifest *lists[] = {w->attested.session.manifest, w->manifest};

	if (w->owner && is_ok(transition_verify(w->owner, &w->transition.hash, der, NULL))) {
		add_signature(w, w->owner, der);
		return true;
	}
	for (size_t l = 0; l < COUNT_OF(lists); l++)
		for (size_t i = 0; lists[l] && i < lists[l]->n_owners; i++) {
			const struct key *key = lists[l]->owners[i].key;

			if (key && is_ok(transition_verify(key, &w->transition.hash, der, NULL))) {
				add_signature(w, key, der);
				return true;
			}
		}
	return false;
}

static status
use_signature_files(struct set_work *w, struct err *err)
{
	size_t n = 0;
	const char *const *files = options_list(w->o, OPT_set_signature, &n);
	char hex[65];

	for (size_t i = 0; i < n; i++) {
		CLEANUP(buf_done) struct buf der = {0};

		TRY(file_read(files[i], RECORD_MAX_SIGNATURE, &der, err));
		if (match_signature(w, buf_view(&der)))
			continue;
		return err_hint(err,
		                err_set(err, ERR_REJECTED, "E-OWNER-008",
		                        "%s is no owner's signature of transition %s", files[i],
		                        hash256_hex(&w->transition.hash, hex)),
		                "contrast sign makes one for this manifest and this head");
	}
	return OK;
}

static status
sign_here(struct set_work *w, struct err *err)
{
	CLEANUP(buf_done) struct buf der = {0};

	if (!w->owner || !key_is_private(w->owner))
		return OK;
	TRY(folder_note_signature(&w->folder, &w->transition.previous, &w->transition.hash,
	                          options_flag(w->o, OPT_set_fork), err));
	transition_sign(w->owner, &w->transition.hash, &der);
	add_signature(w, w->owner, buf_view(&der));
	return OK;
}

/* ---- the request ---- */

/* Where the Coordinator stands is where the caller thinks it stands. */
static status
check_atomic(const struct set_work *w, struct err *err)
{
	const char *given = options_text(w->o, OPT_set_latest_transition);
	struct hash256 want = w->seen.head;
	char got[65], expected[65];

	if (given && !options_flag(w->o, OPT_set_atomic))
		return err_set(err, ERR_USAGE, "E-OWNER-009", "--latest-transition needs --atomic");
	if (!options_flag(w->o, OPT_set_atomic))
		return OK;
	if (given && !hex_decode(bytes_str(given), want.b, sizeof want.b))
		return err_set(err, ERR_USAGE, "E-OWNER-009",
		               "--latest-transition is not 64 hexadecimal digits");
	if (hash256_equal(&want, &w->attested.session.head))
		return OK;
	return err_set(err, ERR_CONFLICT, "E-OWNER-010", "the latest transition is %s, expected %s",
	               hash256_hex(&w->attested.session.head, got), hash256_hex(&want, expected));
}

static status
open_session(struct set_work *w, struct tls_client *tls, struct err *err)
{
	static const struct session_options ids = SESSION_OPTIONS(set);
	struct session_expect expect = {
	        .mode = SESSION_SET,
	        .pins = w->pins,
	        .manifest = w->manifest,
	        .insecure = options_flag(w->o, OPT_set_insecure),
	        .fork = options_flag(w->o, OPT_set_fork),
	        .seen = &w->seen,
	        .now = clock_realtime(),
	};
	const struct session *s = &w->attested.session;
	bool empty;

	TRY(sources_attest(&w->sources, w->o, &ids, tls, &expect,
	                   options_number(w->o, OPT_set_wait), &w->attested, err));
	if (s->skew > SESSION_SKEW_SECONDS || s->skew < -SESSION_SKEW_SECONDS)
		return err_hint(err,
		                err_set(err, ERR_REJECTED, "E-OWNER-011",
		                        "the Coordinator's clock differs from ours by %lld seconds",
		                        (long long)s->skew),
		                "set the clock right, here or on the host");
	empty = s->state.phase == STATE_EMPTY;
	transition_of(w->manifest, empty ? &s->state.genesis : &s->head, s->state.generation + 1,
	              &w->transition);
	return check_atomic(w, err);
}

static void
write_body(const struct set_work *w, struct buf *body)
{
	buf_str(body, "{\"manifest\":\"");
	base64_encode(BASE64_STD, w->manifest->exact, body);
	buf_str(body, "\",\"policies\":[");
	for (size_t i = 0; i < w->documents.n; i++) {
		buf_str(body, i ? ",\"" : "\"");
		base64_encode(BASE64_STD, buf_view(&w->documents.texts[i]), body);
		buf_u8(body, '"');
	}
	buf_str(body, "],\"signatures\":[");
	buf_bytes(body, buf_view(&w->signatures));
	buf_str(body, "]}");
}

static status
send_set(struct set_work *w, struct err *err)
{
	CLEANUP(buf_done) struct buf body = {0};
	status s;

	write_body(w, &body);
	TRY(buf_check(&body, err));
	w->answer.max = ANSWER_MAX;
	s = attested_call(&w->attested, "/v1/manifest", buf_view(&body), ANSWER_MAX, &w->answer,
	                  err);
	if (s.cls == ERR_REJECTED && w->n_signatures == 0)
		return err_hint(
		        err, s,
		        "nothing signed this set: --workload-owner-key or --signature does");
	return s;
}

/* ---- the result ---- */

static status
check_head(const struct set_work *w, const struct value *answer, struct err *err)
{
	struct hash256 head;

	if (!hex_decode(json_text(json_get(answer, "head")), head.b, sizeof head.b) ||
	    !hash256_equal(&head, &w->transition.hash))
		return err_set(err, ERR_REJECTED, "E-OWNER-012",
		               "the Coordinator reports another head than the one that was set");
	return OK;
}

static status
write_ca(const struct set_work *w, const struct value *answer, const char *member, const char *file,
         struct err *err)
{
	struct bytes pem = json_text(json_get(answer, member));

	if (pem.n == 0)
		return err_set(err, ERR_PARSE, "E-OWNER-013", "the answer has no %s", member);
	return folder_write(&w->folder, file, pem, err);
}

/* Signed by the answer key that evidence covers, so its bytes may be used. */
static status
keep(struct set_work *w, struct err *err)
{
	CLEANUP(arena_done) struct arena arena = {.cap = 4 * ANSWER_MAX};
	struct session_seen seen;
	const struct value *shares;
	struct value answer;

	TRY(json_parse(&arena, buf_view(&w->answer), NULL, &answer, err));
	TRY(check_head(w, &answer, err));
	shares = json_get(&answer, "shares");
	if (shares)
		TRY(shares_keep(&w->folder, &w->pins, &w->attested.session.state.genesis,
		                json_text(shares), options_text(w->o, OPT_set_seedshare_owner_key),
		                err));
	TRY(write_ca(w, &answer, "root_ca", "coordinator-root-ca.pem", err));
	TRY(write_ca(w, &answer, "mesh_ca", "mesh-ca.pem", err));
	session_remember(&w->attested.session, &seen);
	seen.head = w->transition.hash;
	seen.generation = w->transition.generation;
	return folder_remember(&w->folder, &seen, err);
}

static status
run(struct set_work *w, struct tls_client *tls, struct err *err)
{
	char genesis[65], head[65];

	TRY(load(w, err));
	warn_about_owners(w);
	TRY(open_session(w, tls, err));
	say_done("the Coordinator was verified: policy and reference values as in the manifest");
	if (options_given(w->o, OPT_set_signature))
		TRY(use_signature_files(w, err));
	else
		TRY(sign_here(w, err));
	TRY(send_set(w, err));
	TRY(keep(w, err));
	say_done("manifest set: generation %llu, genesis %s, head %s",
	         (unsigned long long)w->transition.generation,
	         hash256_hex(&w->attested.session.state.genesis, genesis),
	         hash256_hex(&w->transition.hash, head));
	return OK;
}

status
verb_set(const struct options *o, struct err *err)
{
	CLEANUP(tls_client_drop) struct tls_client *tls = NULL;
	CLEANUP(work_done)
	struct set_work w = {.o = o, .folder = {options_text(o, OPT_ALL_workspace_dir)}};

	if (options_flag(o, OPT_set_insecure))
		say_warning("INSECURE: roots of trust that are no vendor's are accepted");
	TRY(tls_client_new(&tls, err));
	return run(&w, tls, err);
}
