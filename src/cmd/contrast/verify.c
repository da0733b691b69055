/* SPDX-License-Identifier: Apache-2.0 */
/* contrast verify: everything that runs, from one statement, for anybody with manifest and pins. */
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "channel/history.h"
#include "channel/receipt.h"
#include "cmd/contrast/cli.h"
#include "cmd/contrast/folder.h"
#include "cmd/contrast/sources.h"
#include "json/value.h"

#include <stdio.h>
#include <unistd.h>

struct verify_work {
	const struct options *o;
	struct folder folder;
	struct manifest *manifest;
	struct pins pins;
	struct session_seen seen;
	struct session_expect expect;
	struct sources sources;
	struct attested attested;
	struct buf *manifests; /* exact bytes, generation 1 first */
	size_t n_manifests;
	struct history_report report;
};

static void
work_done(struct verify_work *w)
{
	manifest_drop(&w->manifest);
	attested_done(&w->attested);
	sources_done(&w->sources);
	for (size_t i = 0; i < w->n_manifests; i++)
		buf_done(&w->manifests[i]);
	mem_free(w->manifests);
	history_report_done(&w->report);
}

static status
open_coordinator(struct verify_work *w, struct tls_client *tls, struct err *err)
{
	static const struct session_options ids = SESSION_OPTIONS(verify);

	w->expect = (struct session_expect){
	        .mode = SESSION_VERIFY,
	        .pins = w->pins,
	        .manifest = w->manifest,
	        .insecure = options_flag(w->o, OPT_verify_insecure),
	        .fork = options_flag(w->o, OPT_verify_fork),
	        .seen = &w->seen,
	        .now = clock_realtime(),
	};
	return sources_attest(&w->sources, w->o, &ids, tls, &w->expect,
	                      options_number(w->o, OPT_verify_wait), &w->attested, err);
}

/* Every manifest of the history, by the hashes that the checked chain names. */
static status
read_history(struct verify_work *w, struct err *err)
{
	const struct session *s = &w->attested.session;

	w->manifests = mem_alloc(s->n_records * sizeof *w->manifests);
	for (size_t i = 0; i < s->n_records; i++) {
		CLEANUP(manifest_drop) struct manifest *earlier = NULL;
		struct record r;

		TRY(record_parse(s->records[i], &r, err));
		w->manifests[i].max = MANIFEST_MAX_BYTES + 1;
		w->n_manifests = i + 1;
		TRY(attested_blob(&w->attested, &r.manifest, MANIFEST_MAX_BYTES, &w->manifests[i],
		                  err));
		TRY(err_ctx(err, manifest_parse(buf_view(&w->manifests[i]), &earlier, NULL, err),
		            "manifest of generation %zu", i + 1));
		history_compare(s->manifest, earlier, r.generation, &w->report);
	}
	return OK;
}

/* A root that something else could have held is the owner's to accept, by its head. */
static status
judge_history(const struct verify_work *w, struct err *err)
{
	const char *accepted = options_text(w->o, OPT_verify_accept_history);
	char head[65];

	if (w->report.n_taints == 0)
		return OK;
	hash256_hex(&w->attested.session.head, head);
	if (accepted && bytes_is(bytes_str(accepted), head))
		return OK;
	fwrite(w->report.taints.p, 1, w->report.taints.n, stderr);
	return err_hint(
	        err,
	        err_set(err, ERR_REJECTED, "E-OWNER-014",
	                "tainted root: earlier manifests accepted what the present one does "
	                "not (%zu differences, listed above)",
	                w->report.n_taints),
	        "whoever ran under those may hold the root key; --accept-history %s accepts "
	        "that",
	        head);
}

/* ---- files, after the verdict only ---- */

static status
write_documents(struct verify_work *w, struct err *err)
{
	const struct manifest *m = w->attested.session.manifest;

	for (size_t i = 0; i < m->n_policies; i++) {
		CLEANUP(buf_done) struct buf text = {0};
		char name[32 + 65], hex[65];

		TRY(attested_blob(&w->attested, &m->policies[i].hash, MANIFEST_MAX_BYTES, &text,
		                  err));
		snprintf(name, sizeof name, "verify/initdata.%s.toml",
		         hash256_hex(&m->policies[i].hash, hex));
		TRY(folder_write(&w->folder, name, buf_view(&text), err));
	}
	return OK;
}

static status
write_files(struct verify_work *w, struct err *err)
{
	const struct session *s = &w->attested.session;
	struct session_seen seen;
	char path[4096], name[64];

	TRY(dir_create(folder_path(&w->folder, "verify", path), 0755, err));
	TRY(folder_write(&w->folder, "verify/coordinator-root-ca.pem", s->root_ca, err));
	TRY(folder_write(&w->folder, "verify/mesh-ca.pem", s->mesh_ca, err));
	for (size_t i = 0; i < w->n_manifests; i++) {
		snprintf(name, sizeof name, "verify/manifest.%zu.json", i);
		TRY(folder_write(&w->folder, name, buf_view(&w->manifests[i]), err));
	}
	TRY(write_documents(w, err));
	session_remember(s, &seen);
	return folder_remember(&w->folder, &seen, err);
}

/*
 * The same state in evidence that names no connection, for others to judge
 * again: of a connection they could not know who held the other end.
 */
static status
write_receipt(struct verify_work *w, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {.max = RECEIPT_MAX_BYTES};
	CLEANUP(buf_done) struct buf answer = {.max = SESSION_BODY_MAX};
	const char *path = options_text(w->o, OPT_verify_receipt);
	struct receipt r = {
	        .time = w->expect.now,
	        .pins = w->pins,
	        .manifest = w->manifest->exact,
	};

	if (!path)
		return OK;
	TRY(attested_statement(&w->attested, &w->expect, &r.channel, &answer, err));
	r.answer = buf_view(&answer);
	r.completed = w->sources.has_completed;
	r.document = w->sources.completed;
	receipt_write(&r, &text);
	TRY(buf_check(&text, err));
	return file_write(path, buf_view(&text), 0644, err);
}

/* ---- what was verified ---- */

static void
print_text(const struct verify_work *w)
{
	const struct session *s = &w->attested.session;
	char hex[65], when[32];

	say_done("evidence: reference set %d, signed under its own root, revocation checked",
	         (int)s->verdict.set);
	say_done("Coordinator policy %s", hash256_hex(&s->policy, hex));
	say_done("history: %zu manifest%s, each signed by an owner of the one before", s->n_records,
	         s->n_records == 1 ? "" : "s");
	say_done("manifest: %zu policies, the bytes on disk", s->manifest->n_policies);
	say_done("state record of %s", time_cstr((int64_t)s->state.time, when));
	if (w->report.n_readers > 0) {
		say_warning("earlier policies could read secrets of present workloads:");
		fwrite(w->report.readers.p, 1, w->report.readers.n, stderr);
	}
}

static status
print_json(const struct verify_work *w, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf out = {0};
	const struct session *s = &w->attested.session;
	struct value v = json_object();

	json_put(&a, &v, "verified", json_bool(true));
	json_put(&a, &v, "insecure", json_bool(s->manifest->insecure));
	json_put(&a, &v, "genesis", json_hex(&a, hash256_view(&s->state.genesis)));
	json_put(&a, &v, "head", json_hex(&a, hash256_view(&s->head)));
	json_put(&a, &v, "generation", json_int((int64_t)s->state.generation));
	json_put(&a, &v, "manifest", json_hex(&a, hash256_view(&s->manifest->hash)));
	json_put(&a, &v, "coordinator_policy", json_hex(&a, hash256_view(&s->policy)));
	json_put(&a, &v, "root_key", json_hex(&a, hash256_view(&s->state.root_key)));
	json_put(&a, &v, "mesh_key", json_hex(&a, hash256_view(&s->state.mesh_key)));
	json_put(&a, &v, "time", json_time(&a, (int64_t)s->state.time));
	json_put(&a, &v, "skew_seconds", json_int(s->skew));
	json_put(&a, &v, "accepted_taints", json_int((int64_t)w->report.n_taints));
	TRY(arena_check(&a, err));
	json_write(&v, JSON_INDENT, &out);
	buf_u8(&out, '\n');
	return fd_write_all(STDOUT_FILENO, buf_view(&out), err);
}

static status
report(const struct verify_work *w, struct err *err)
{
	const struct session *s = &w->attested.session;
	char genesis[65], head[65];

	if (s->skew > SESSION_SKEW_SECONDS || s->skew < -SESSION_SKEW_SECONDS)
		say_warning("the Coordinator's clock differs from ours by %lld seconds",
		            (long long)s->skew);
	if (bytes_is(bytes_str(options_text(w->o, OPT_verify_format)), "json"))
		return print_json(w, err);
	print_text(w);
	printf("verified: genesis %s head %s generation %llu%s\n",
	       hash256_hex(&s->state.genesis, genesis), hash256_hex(&s->head, head),
	       (unsigned long long)s->state.generation, s->manifest->insecure ? " INSECURE" : "");
	return OK;
}

static status
run(struct verify_work *w, struct tls_client *tls, struct err *err)
{
	TRY(folder_manifest(options_text(w->o, OPT_verify_manifest),
	                    options_flag(w->o, OPT_verify_insecure), &w->manifest, err));
	TRY(folder_pins(options_text(w->o, OPT_verify_genesis), &w->pins, err));
	TRY(folder_seen(&w->folder, &w->seen, err));
	TRY(open_coordinator(w, tls, err));
	TRY(read_history(w, err));
	TRY(judge_history(w, err));
	TRY(write_files(w, err));
	TRY(write_receipt(w, err));
	return report(w, err);
}

status
verb_verify(const struct options *o, struct err *err)
{
	CLEANUP(tls_client_drop) struct tls_client *tls = NULL;
	CLEANUP(work_done)
	struct verify_work w = {.o = o, .folder = {options_text(o, OPT_ALL_workspace_dir)}};

	if (options_flag(o, OPT_verify_insecure))
		say_warning("INSECURE: roots of trust that are no vendor's are accepted");
	TRY(tls_client_new(&tls, err));
	return run(&w, tls, err);
}
