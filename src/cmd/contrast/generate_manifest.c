/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/contrast/generate.h"

#include "base/clock.h"
#include "base/file.h"
#include "manifest/diff.h"
#include "node/reference.h"

#include <stdio.h>

status
generate_load_manifest(struct generate *g, struct err *err)
{
	struct generate_output *out = generate_output(g, options_text(g->o, OPT_generate_manifest));

	TRY(generate_output_load(out, err));
	if (!out->existed) {
		g->manifest = manifest_new();
		return OK;
	}
	return err_at(err,
	              manifest_parse_draft(buf_view(&out->before), &g->manifest, &g->faults, err),
	              "%s", out->path);
}

/* ---- policies ---- */

static status
add_policy(struct generate *g, const struct generate_work *k, struct err *err)
{
	struct bytes name = k->w->name;
	struct manifest_policy p = {
	        .hash = k->hash,
	        .sans = &name,
	        .n_sans = 1,
	        .workload_secret_id = k->secret_id,
	        .role = k->coordinator ? MANIFEST_ROLE_COORDINATOR : MANIFEST_ROLE_NONE,
	};

	return kube_at(err, manifest_add_policy(g->manifest, &p, err), k->w->file, k->w->root);
}

/* Names that the owner gave a policy by hand stay while the policy stays. */
static status
set_policies(struct generate *g, struct manifest *old, struct err *err)
{
	manifest_clear_policies(g->manifest);
	for (size_t i = 0; i < g->n_works; i++) {
		const struct generate_work *k = &g->works[i];
		const struct manifest_policy *known = old ? manifest_policy(old, &k->hash) : NULL;

		if (known && known->role == (k->coordinator ? MANIFEST_ROLE_COORDINATOR
		                                            : MANIFEST_ROLE_NONE)) {
			struct manifest_policy p = *known;

			p.workload_secret_id = k->secret_id;
			TRY(manifest_add_policy(g->manifest, &p, err));
		} else {
			TRY(add_policy(g, k, err));
		}
	}
	return OK;
}

/* ---- reference values ---- */

/* Sets of this platform were computed from other files: they go. */
static void
drop_sets(struct manifest *m, struct bytes platform)
{
	size_t n_snp = 0, n_tdx = 0;

	for (size_t i = 0; i < m->n_snp; i++)
		if (!bytes_equal(m->snp[i].platform, platform))
			m->snp[n_snp++] = m->snp[i];
	for (size_t i = 0; i < m->n_tdx; i++)
		if (!bytes_equal(m->tdx[i].platform, platform))
			m->tdx[n_tdx++] = m->tdx[i];
	m->n_snp = n_snp;
	m->n_tdx = n_tdx;
}

static status
compute(struct generate *g, const struct platform *p, struct err *err)
{
	CLEANUP(buf_done) struct buf json = {0};
	enum processor_part part;

	if (!processor_part_parse(bytes_str(options_text(g->o, OPT_generate_processor)), &part))
		part = PROCESSOR_GENOA;
	TRY(err_ctx(err,
	            reference_values_json(bytes_str(p->name), NULL, NULL, part, clock_realtime(),
	                                  &json, err),
	            "reference values of %s", p->name));
	drop_sets(g->manifest, bytes_str(p->reference));
	g->manifest->insecure |= p->insecure;
	return manifest_add_reference_values(g->manifest, buf_view(&json), &g->faults, err);
}

static status
from_file(struct generate *g, const char *path, struct err *err)
{
	CLEANUP(buf_done) struct buf json = {0};
	status s = file_read(path, MANIFEST_MAX_BYTES, &json, err);
	CLEANUP(buf_done) struct buf names = {0};

	platform_names(&names);
	TRY(err_hint(err, s, "--reference-values takes a file or one of: %s", buf_cstr(&names)));
	return err_at(err,
	              manifest_add_reference_values(g->manifest, buf_view(&json), &g->faults, err),
	              "%s", path);
}

/* Nothing but the owner's own knowledge can say what a machine elsewhere should measure. */
static status
require_sets(struct generate *g, const struct platform *p, struct err *err)
{
	size_t have = p->tee == PLATFORM_SNP ? g->manifest->n_snp : g->manifest->n_tdx;

	if (have > 0)
		return OK;
	return err_hint(err,
	                err_set(err, ERR_NOT_FOUND, "E-GENERATE-030",
	                        "there are no reference values for %s", p->name),
	                "give --reference-values FILE, with what contrast measure computes");
}

static status
set_references(struct generate *g, struct err *err)
{
	size_t n_rows;
	const struct platform *rows = platforms(&n_rows);
	struct bytes word;

	for (size_t i = 0; (word = generate_reference_word(g, i)).n > 0; i++)
		if (!platform_find(word))
			TRY(from_file(g, (const char *)word.p, err));
	for (size_t r = 0; r < n_rows; r++) {
		bool used = false;

		for (size_t i = 0; i < g->n_works; i++)
			used |= g->works[i].platform == &rows[r];
		if (used && rows[r].built_in)
			TRY(compute(g, &rows[r], err));
		else if (used)
			TRY(require_sets(g, &rows[r], err));
	}
	return OK;
}

/* ---- all of it ---- */

static status
check(struct generate *g, struct err *err)
{
	struct faults *f = &g->faults;

	faults_done(f);
	*f = (struct faults){.n = 0};
	if (manifest_validate(g->manifest, f) == 0)
		return OK;
	for (size_t i = 0; i < f->n; i++)
		if (f->list[i].kind == FAULT_ERROR)
			return err_at(err,
			              err_set(err, ERR_PARSE, "E-GENERATE-031",
			                      "the manifest would not be valid: %s: %s",
			                      f->list[i].path, f->list[i].message),
			              "%s", options_text(g->o, OPT_generate_manifest));
	return OK;
}

status
generate_fill_manifest(struct generate *g, struct err *err)
{
	struct generate_output *out = generate_output(g, options_text(g->o, OPT_generate_manifest));
	CLEANUP(manifest_drop) struct manifest *old = NULL;
	struct manifest_diff d = {.n = 0};
	bool same = false;

	/* A second reading, since the first one is being edited. */
	if (out->existed)
		TRY(manifest_parse_draft(buf_view(&out->before), &old, NULL, err));
	TRY(set_policies(g, old, err));
	TRY(set_references(g, err));
	TRY(check(g, err));
	if (old) {
		manifest_diff(old, g->manifest, &d);
		same = d.n == 0;
		manifest_diff_done(&d);
	}
	if (same)
		buf_bytes(&out->after, buf_view(&out->before));
	else
		manifest_write(g->manifest, &out->after);
	return buf_check(&out->after, err);
}
