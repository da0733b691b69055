/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.c: contrast manifest show|diff. */
#include "base/file.h"
#include "base/text.h"
#include "cmd/contrast/cli.h"
#include "cmd/contrast/folder.h"
#include "manifest/diff.h"
#include "term/term.h"
#include "json/value.h"

#include <string.h>
#include <unistd.h>

static status
print(const struct buf *out, struct err *err)
{
	TRY(buf_check(out, err));
	return fd_write_all(STDOUT_FILENO, buf_view(out), err);
}

static bool
wants_json(const struct options *o, size_t id)
{
	return strcmp(options_text(o, id), "json") == 0;
}

/* ---- show ---- */

static void
cell_hash(struct table *t, struct bytes hash)
{
	CLEANUP(buf_done) struct buf hex = {0};

	hex_encode(hash, &hex);
	table_cell(t, buf_view(&hex));
}

static void
cell_names(struct table *t, const struct manifest_policy *p)
{
	CLEANUP(buf_done) struct buf names = {0};

	for (size_t i = 0; i < p->n_sans; i++) {
		buf_str(&names, i ? ", " : "");
		buf_bytes(&names, p->sans[i]);
	}
	table_cell(t, buf_view(&names));
}

static void
show_policies(const struct manifest *m, struct buf *out)
{
	CLEANUP(table_done) struct table t = {0};

	table_begin(&t, (const char *const[]){"policy", "role", "workload secret", "names", NULL});
	for (size_t i = 0; i < m->n_policies; i++) {
		const struct manifest_policy *p = &m->policies[i];

		cell_hash(&t, hash256_view(&p->hash));
		table_cellf(&t, "%s", p->role == MANIFEST_ROLE_COORDINATOR ? "coordinator" : "");
		table_cell(&t, p->workload_secret_id);
		cell_names(&t, p);
	}
	table_print(&t, out);
}

static void
cell_root(struct table *t, bool has, const struct hash256 *root)
{
	char hex[65];

	table_cellf(t, "%s", has ? hash256_hex(root, hex) : "vendor");
}

/* Floors of an SNP set: TCB parts in the order of the manifest's members, then firmware. */
static void
cell_snp_floor(struct table *t, const struct manifest_snp *s)
{
	char tcb[SNP_TCB_TEXT], fw[SNP_FIRMWARE_TEXT];
	const struct snp_tcb floor = {s->min_tcb.fmc.v, s->min_tcb.bootloader.v, s->min_tcb.tee.v,
	                              s->min_tcb.snp.v, s->min_tcb.microcode.v};

	table_cellf(t, "%s%s%s",
	            snp_tcb_text(s->product == MANIFEST_TURIN ? SNP_TURIN : SNP_GENOA, &floor, tcb),
	            s->has_min_firmware ? ", firmware " : "",
	            s->has_min_firmware ? snp_firmware_text(s->min_firmware, fw) : "");
}

static void
show_sets(const struct manifest *m, struct buf *out)
{
	CLEANUP(table_done) struct table t = {0};

	table_begin(&t, (const char *const[]){"reference set", "platform", "measurement",
	                                      "machines", "at least", "trust root", NULL});
	for (size_t i = 0; i < m->n_snp; i++) {
		const struct manifest_snp *s = &m->snp[i];

		table_cellf(&t, "snp[%zu]", i);
		table_cell(&t, s->platform);
		cell_hash(&t, hash384_view(&s->measurement));
		table_cellf(&t, s->n_chip_ids ? "%zu named" : "any", s->n_chip_ids);
		cell_snp_floor(&t, s);
		cell_root(&t, s->has_trust_root, &s->trust_root);
	}
	for (size_t i = 0; i < m->n_tdx; i++) {
		const struct manifest_tdx *s = &m->tdx[i];

		table_cellf(&t, "tdx[%zu]", i);
		table_cell(&t, s->platform);
		cell_hash(&t, hash384_view(&s->mr_td));
		table_cellf(&t, s->n_piids ? "%zu named" : "any", s->n_piids);
		table_cellf(&t, s->has_min_tcb_evaluation ? "evaluation %u" : "-",
		            s->min_tcb_evaluation);
		cell_root(&t, s->has_trust_root, &s->trust_root);
	}
	table_print(&t, out);
}

static void
show_owners(const struct manifest *m, struct buf *out)
{
	CLEANUP(table_done) struct table t = {0};

	table_begin(&t, (const char *const[]){"owner of", "SHA-256 of the key", "needed", NULL});
	for (size_t i = 0; i < m->n_owners; i++) {
		table_cellf(&t, "manifest");
		cell_hash(&t, hash256_view(&m->owners[i].id));
		table_cellf(&t, "%d of %zu", manifest_owner_threshold(m), m->n_owners);
	}
	for (size_t i = 0; i < m->n_share_owners; i++) {
		struct hash256 id = key_id(m->share_owners[i]);

		table_cellf(&t, "share %zu", i + 1);
		cell_hash(&t, hash256_view(&id));
		table_cellf(&t, "%d of %zu", manifest_share_threshold(m), m->n_share_owners);
	}
	table_print(&t, out);
	if (m->n_owners == 0)
		buf_str(out, "no workload owners: this manifest can never be replaced\n");
	if (m->n_share_owners == 0)
		buf_str(out, "no seed share owners: secrets end with the last Coordinator\n");
}

static void
show_text(const struct manifest *m, struct buf *out)
{
	char hex[65];

	buf_printf(out, "manifest %s%s\n\n", hash256_hex(&m->hash, hex),
	           m->insecure ? " (INSECURE: trusts roots that are no vendor's)" : "");
	show_policies(m, out);
	buf_u8(out, '\n');
	show_sets(m, out);
	buf_u8(out, '\n');
	show_owners(m, out);
}

static struct value
ids_value(struct arena *a, const struct manifest *m)
{
	struct value list = json_array();

	for (size_t i = 0; i < m->n_owners; i++)
		json_add(a, &list, json_hex(a, hash256_view(&m->owners[i].id)));
	return list;
}

/* What the file does not say itself: its hash, the ids and thresholds in force; and the file. */
static status
show_json(const struct manifest *m, struct buf *out, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct value v = json_object(), shares = json_array(), root;
	struct hash256 owners = manifest_owners_digest(m);

	for (size_t i = 0; i < m->n_share_owners; i++) {
		struct hash256 id = key_id(m->share_owners[i]);

		json_add(&a, &shares, json_hex(&a, hash256_view(&id)));
	}
	TRY(json_parse(&a, m->exact, NULL, &root, err));
	json_put(&a, &v, "sha256", json_hex(&a, hash256_view(&m->hash)));
	json_put(&a, &v, "insecure", json_bool(m->insecure));
	json_put(&a, &v, "owners_digest", json_hex(&a, hash256_view(&owners)));
	json_put(&a, &v, "owners", ids_value(&a, m));
	json_put(&a, &v, "owner_threshold", json_int(manifest_owner_threshold(m)));
	json_put(&a, &v, "share_owners", shares);
	json_put(&a, &v, "share_threshold", json_int(manifest_share_threshold(m)));
	json_put(&a, &v, "manifest", root);
	TRY(arena_check(&a, err));
	json_write(&v, JSON_INDENT, out);
	buf_u8(out, '\n');
	return OK;
}

status
verb_manifest_show(const struct options *o, struct err *err)
{
	CLEANUP(manifest_drop) struct manifest *m = NULL;
	CLEANUP(buf_done) struct buf out = {0};
	const char *path = o->n_args > 0 ? o->args[0] : options_text(o, OPT_manifest_show_manifest);

	/* Showing decides nothing: no --insecure is asked for. */
	TRY(folder_manifest(path, true, &m, err));
	if (wants_json(o, OPT_manifest_show_format))
		TRY(show_json(m, &out, err));
	else
		show_text(m, &out);
	return print(&out, err);
}

/* ---- diff ---- */

static const char *
kind_name(enum diff_kind kind)
{
	switch (kind) {
	case DIFF_ADDED:
		return "added";
	case DIFF_REMOVED:
		return "removed";
	case DIFF_CHANGED:
		return "changed";
	}
	return "";
}

static status
diff_json(const struct manifest_diff *d, struct buf *out, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct value list = json_array();

	for (size_t i = 0; i < d->n; i++) {
		struct value v = json_object();

		json_put(&a, &v, "kind", json_cstr(kind_name(d->lines[i].kind)));
		json_put(&a, &v, "path", json_cstr(d->lines[i].path));
		if (d->lines[i].kind != DIFF_ADDED)
			json_put(&a, &v, "before", json_cstr(d->lines[i].before));
		if (d->lines[i].kind != DIFF_REMOVED)
			json_put(&a, &v, "after", json_cstr(d->lines[i].after));
		json_add(&a, &list, v);
	}
	TRY(arena_check(&a, err));
	json_write(&list, JSON_INDENT, out);
	buf_u8(out, '\n');
	return OK;
}

status
verb_manifest_diff(const struct options *o, struct err *err)
{
	CLEANUP(manifest_drop) struct manifest *before = NULL;
	CLEANUP(manifest_drop) struct manifest *after = NULL;
	CLEANUP(manifest_diff_done) struct manifest_diff d = {0};
	CLEANUP(buf_done) struct buf out = {0};

	TRY(folder_manifest(o->args[0], true, &before, err));
	TRY(folder_manifest(o->args[1], true, &after, err));
	manifest_diff(before, after, &d);
	TRY(arena_check(&d.arena, err));
	if (wants_json(o, OPT_manifest_diff_format))
		TRY(diff_json(&d, &out, err));
	else
		manifest_diff_format(&d, &out);
	TRY(print(&out, err));
	if (d.n > 0)
		return err_set(err, ERR_DIFFERS, "E-MANIFEST-020",
		               "the manifests differ in %zu place%s", d.n, d.n == 1 ? "" : "s");
	return OK;
}
