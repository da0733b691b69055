/* SPDX-License-Identifier: Apache-2.0 */
/* Reading for the verbs `evidence show`, `verify` and `tcb`. */
#include "cmd/contrast/evidence_read.h"

#include "base/file.h"
#include "cmd/contrast/cli.h"
#include "cmd/contrast/workspace.h"
#include "evidence/unwrap.h"
#include "manifest/reference.h"
#include "term/term.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { DIR_FILES_MAX = 256, MEMORY = COLLATERAL_BUNDLE_MAX * 3 };

void
evidence_inputs_init(struct evidence_inputs *in)
{
	*in = (struct evidence_inputs){0};
	arena_init(&in->arena, (size_t)MEMORY);
	in->pool.arena = &in->arena;
}

void
evidence_inputs_done(struct evidence_inputs *in)
{
	manifest_free(in->manifest);
	arena_done(&in->arena);
	sources_done(&in->sources);
}

static status
read_kept(struct evidence_inputs *in, const char *path, size_t max, struct bytes *ret,
          struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};

	TRY(file_read(path, max, &text, err));
	*ret = arena_copy(&in->arena, buf_view(&text));
	return arena_check(&in->arena, err);
}

/* ---- evidence ---- */

/* An entry of configfs-tsm: the report or quote, and what the host gave along. */
static status
read_entry(struct evidence_inputs *in, const char *dir, struct evidence_file *f, struct err *err)
{
	struct bytes out, aux;
	char path[WORKSPACE_PATH_SIZE];

	snprintf(path, sizeof path, "%s/outblob", dir);
	TRY(read_kept(in, path, INTAKE_MAX, &out, err));
	TRY(err_at(err, intake_evidence(&in->arena, out, &f->doc, err), "%s", path));
	snprintf(path, sizeof path, "%s/auxblob", dir);
	if (!file_exists(path))
		return OK;
	TRY(read_kept(in, path, INTAKE_MAX, &aux, err));
	if (aux.n == 0)
		return OK;
	return err_at(err, intake_endorsements(&in->arena, aux, &f->doc.endorsements, err), "%s",
	              path);
}

status
evidence_read_file(struct evidence_inputs *in, const char *path, struct evidence_file *f,
                   struct err *err)
{
	struct bytes b;

	*f = (struct evidence_file){.path = path};
	if (file_is_dir(path)) {
		TRY(read_entry(in, path, f, err));
	} else {
		TRY(read_kept(in, path, INTAKE_MAX, &b, err));
		TRY(err_at(err, intake_evidence(&in->arena, b, &f->doc, err), "%s", path));
	}
	return pool_add(&in->pool, &f->doc.endorsements, err);
}

/* ---- endorsements ---- */

static status
add_bytes(struct evidence_inputs *in, const char *path, struct bytes b, struct err *err)
{
	struct endorsements e = {0};

	TRY(err_at(err, intake_endorsements(&in->arena, b, &e, err), "%s", path));
	return pool_add(&in->pool, &e, err);
}

static int
by_name(const void *a, const void *b)
{
	return bytes_cmp(bytes_str(*(const char *const *)a), bytes_str(*(const char *const *)b));
}

static status
list_dir(struct evidence_inputs *in, const char *dir, const char *names[DIR_FILES_MAX], size_t *n,
         struct err *err)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	status s = OK;

	if (!d)
		return err_at(err, err_set_errno(err, ERR_IO, "E-CLI-046", "cannot be read"), "%s",
		              dir);
	while (is_ok(s) && (e = readdir(d))) {
		struct bytes path;

		if (e->d_name[0] == '.')
			continue;
		path = arena_printf(&in->arena, "%s/%s", dir, e->d_name);
		s = arena_check(&in->arena, err);
		if (!is_ok(s) || file_is_dir((const char *)path.p))
			continue;
		if (*n == DIR_FILES_MAX)
			s = err_at(err,
			           err_set(err, ERR_LIMIT, "E-EVIDENCE-053", "more than %d files",
			                   DIR_FILES_MAX),
			           "%s", dir);
		else
			names[(*n)++] = (const char *)path.p;
	}
	closedir(d);
	qsort(names, *n, sizeof *names, by_name);
	return s;
}

/* A folder of certificates, as tools fetch them: what is no endorsement in it is passed over. */
static status
add_dir(struct evidence_inputs *in, const char *dir, struct err *err)
{
	const char *names[DIR_FILES_MAX];
	size_t n = 0, before = in->pool.n_certs + in->pool.n_crls + in->pool.n_tcb_infos;

	TRY(list_dir(in, dir, names, &n, err));
	for (size_t i = 0; i < n; i++) {
		struct err ignored;
		struct bytes b;

		TRY(read_kept(in, names[i], INTAKE_MAX, &b, err));
		(void)!is_ok(add_bytes(in, names[i], b, &ignored));
	}
	if (in->pool.n_certs + in->pool.n_crls + in->pool.n_tcb_infos == before)
		return err_at(err,
		              err_set(err, ERR_PARSE, "E-EVIDENCE-052",
		                      "a folder without certificates, lists or statements"),
		              "%s", dir);
	return OK;
}

status
evidence_read_endorsements(struct evidence_inputs *in, const char *const *files, size_t n,
                           struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct bytes b;

		if (file_is_dir(files[i])) {
			TRY(add_dir(in, files[i], err));
			continue;
		}
		TRY(read_kept(in, files[i], INTAKE_MAX, &b, err));
		TRY(add_bytes(in, files[i], b, err));
	}
	return OK;
}

/* A file of --collateral is a bundle, or one piece as the vendor delivers it. */
static status
add_collateral_file(struct evidence_inputs *in, const char *path, struct err *err)
{
	enum intake_kind kind;
	struct err ignored;
	struct bytes b;
	status s;

	TRY(read_kept(in, path, COLLATERAL_BUNDLE_MAX, &b, err));
	if (intake_kind_of(b, &kind) || !unwrap_is_json(b))
		return add_bytes(in, path, b, err);
	s = sources_bundle(&in->sources, path, b, err);
	return is_ok(s) || is_ok(add_bytes(in, path, b, &ignored)) ? OK : s;
}

status
evidence_read_collateral(struct evidence_inputs *in, const struct options *o,
                         const struct source_options *ids, size_t collateral, size_t fetch,
                         bool present, struct err *err)
{
	size_t n;
	const char *const *files = options_list(o, collateral, &n);

	TRY(sources_open(o, ids, options_flag(o, fetch), &in->sources, err));
	for (size_t i = 0; i < n; i++) {
		if (file_is_dir(files[i]))
			TRY(add_dir(in, files[i], err));
		else
			TRY(add_collateral_file(in, files[i], err));
	}
	in->sources.collateral.monotone = present;
	return OK;
}

status
evidence_complete(struct evidence_inputs *in, struct evidence_file *f, int64_t now,
                  struct buf *missing, struct err *err)
{
	struct err ignored;

	pool_select(&in->pool, &f->doc, now, &f->doc.endorsements);
	/* Evidence that does not decode needs nothing: the verifier says what is wrong with it. */
	if (!is_ok(collateral_complete(&in->sources.collateral, f->doc.tee, f->doc.evidence, now,
	                               &in->arena, &f->doc.endorsements, missing, &ignored)))
		buf_reset(missing);
	sources_tell(&in->sources);
	return arena_check(&in->arena, err);
}

/* ---- the manifest ---- */

static status
read_manifest(struct evidence_inputs *in, const char *path, struct err *err)
{
	struct faults *faults = mem_new(struct faults);
	CLEANUP(buf_done) struct buf lines = {0};
	struct bytes text = {0};
	status s = read_kept(in, path, MANIFEST_MAX_BYTES, &text, err);

	if (is_ok(s)) {
		s = err_at(err, manifest_parse(text, &in->manifest, faults, err), "%s", path);
		faults_format(faults, &lines);
	}
	if (!is_ok(s) && lines.n > 0)
		fprintf(stderr, "%s", buf_cstr(&lines));
	faults_done(faults);
	mem_free(faults);
	return s;
}

static status
convert_sets(struct evidence_inputs *in, struct err *err)
{
	const struct manifest *m = in->manifest;
	struct snp_reference *snp = arena_array(&in->arena, m->n_snp + 1, sizeof *snp);
	struct tdx_reference *tdx = arena_array(&in->arena, m->n_tdx + 1, sizeof *tdx);
	struct hash256 *policies = arena_array(&in->arena, m->n_policies + 1, sizeof *policies);

	TRY(arena_check(&in->arena, err));
	for (size_t i = 0; i < m->n_snp; i++)
		manifest_snp_reference(m, i, &snp[i]);
	for (size_t i = 0; i < m->n_tdx; i++)
		TRY(manifest_tdx_reference(m, i, &in->arena, &tdx[i], err));
	for (size_t i = 0; i < m->n_policies; i++)
		policies[i] = m->policies[i].hash;
	in->references = (struct reference_sets){snp, m->n_snp, tdx, m->n_tdx};
	in->policies = (struct policy_list){policies, m->n_policies};
	return OK;
}

status
evidence_read_policy(struct evidence_inputs *in, const char *path, bool insecure, struct err *err)
{
	status s;

	if (!path)
		return OK;
	TRY(read_manifest(in, path, err));
	if (in->manifest->insecure && !insecure) {
		s = err_set(err, ERR_USAGE, "E-CLI-040",
		            "%s names roots that no vendor stands behind", path);
		return err_hint(err, s, "pass --insecure if that is what you want to test");
	}
	return convert_sets(in, err);
}

status
evidence_print_json(struct evidence_inputs *in, const struct value *v, struct err *err)
{
	CLEANUP(buf_done) struct buf out = {0};

	TRY(arena_check(&in->arena, err));
	json_write(v, JSON_INDENT, &out);
	buf_str(&out, "\n");
	TRY(buf_check(&out, err));
	return fd_write_all(STDOUT_FILENO, buf_view(&out), err);
}
