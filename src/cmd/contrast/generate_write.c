/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/contrast/generate.h"

#include "base/file.h"
#include "base/text.h"
#include "term/diff.h"
#include "term/term.h"
#include "json/value.h"

#include <dirent.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MODE_PUBLIC = 0644, MODE_SECRET = 0600 };

static char *
copy_text(const char *text)
{
	size_t n = strlen(text) + 1;
	char *copy = mem_alloc(n);

	mem_copy(copy, text, n);
	return copy;
}

struct generate_output *
generate_output(struct generate *g, const char *path)
{
	for (size_t i = 0; i < g->n_outputs; i++)
		if (strcmp(g->outputs[i]->path, path) == 0)
			return g->outputs[i];
	if (g->n_outputs == g->cap_outputs) {
		size_t cap = g->cap_outputs ? g->cap_outputs * 2 : 16;
		struct generate_output **grown = mem_alloc(cap * sizeof(struct generate_output *));

		mem_copy(grown, g->outputs, g->n_outputs * sizeof(struct generate_output *));
		mem_free(g->outputs);
		g->outputs = grown;
		g->cap_outputs = cap;
	}
	g->outputs[g->n_outputs] = mem_new(struct generate_output);
	g->outputs[g->n_outputs]->path = copy_text(path);
	return g->outputs[g->n_outputs++];
}

const char *
generate_default_path(struct generate *g, const char *name)
{
	const char *dir = options_text(g->o, OPT_ALL_workspace_dir);
	struct bytes path = dir ? arena_printf(&g->arena, "%s/%s", dir, name)
	                        : arena_copy(&g->arena, bytes_str(name));

	/* arena_copy() and arena_printf() leave a NUL behind the text. */
	return path.p ? (const char *)path.p : name;
}

status
generate_output_load(struct generate_output *out, struct err *err)
{
	out->existed = file_exists(out->path);
	return out->existed ? file_read(out->path, GENERATE_MAX_TOTAL, &out->before, err) : OK;
}

/* ---- the YAML ---- */

/* All files in one, in their order, a document marker between them. */
static status
combine(struct generate *g, const char *path, struct err *err)
{
	struct generate_output *out = generate_output(g, path);

	if (strcmp(path, "-") != 0)
		TRY(generate_output_load(out, err));
	for (size_t i = 0; i < g->set.n_files; i++) {
		size_t from = out->after.n;

		if (from > 0 && out->after.p[from - 1] != '\n')
			buf_u8(&out->after, '\n');
		if (from > 0 && !bytes_starts(g->set.files[i]->text, BYTES("---")))
			buf_str(&out->after, "---\n");
		TRY(err_at(err, yaml_apply(&g->set.files[i]->yaml, &out->after, err), "%s",
		           g->set.files[i]->path));
	}
	return buf_check(&out->after, err);
}

status
generate_collect_yaml(struct generate *g, struct err *err)
{
	const char *one = options_text(g->o, OPT_generate_output);

	if (one)
		return combine(g, one, err);
	for (size_t i = 0; i < g->set.n_files; i++) {
		const struct kube_file *f = g->set.files[i];
		struct generate_output *out = generate_output(g, f->path);

		out->existed = true;
		buf_bytes(&out->before, f->text);
		TRY(err_at(err, yaml_apply(&f->yaml, &out->after, err), "%s", f->path));
		TRY(buf_check(&out->before, err));
	}
	return OK;
}

/* ---- showing ---- */

static bool
changes(const struct generate_output *out)
{
	return !out->existed || !bytes_equal(buf_view(&out->before), buf_view(&out->after));
}

status
generate_show_diff(struct generate *g, struct buf *text, struct err *err)
{
	for (size_t i = 0; i < g->n_outputs; i++) {
		const struct generate_output *out = g->outputs[i];

		if (out->secret || strcmp(out->path, "-") == 0)
			continue;
		TRY(diff_unified(out->path, buf_view(&out->before), buf_view(&out->after),
		                 term_is_tty(STDOUT_FILENO), text, err));
	}
	return OK;
}

static void
report_text(const struct generate *g, struct buf *out)
{
	static const char *const titles[] = {"workload", "platform", "policy", NULL};
	struct table t = {.n = 0};
	bool dry = options_flag(g->o, OPT_generate_dry_run);
	char hex[65];

	table_begin(&t, titles);
	for (size_t i = 0; i < g->n_works; i++) {
		const struct generate_work *k = &g->works[i];

		table_cellf(&t, "%s/%.*s%s", kube_kind_name(k->w->kind), BYTES_ARG(k->w->name),
		            k->coordinator ? " (Coordinator)" : "");
		table_cellf(&t, "%s", k->platform->name);
		table_cellf(&t, "%s", hash256_hex(&k->hash, hex));
	}
	table_print(&t, out);
	table_done(&t);
	for (size_t i = 0; i < g->n_outputs; i++) {
		const struct generate_output *o = g->outputs[i];

		if (changes(o) && strcmp(o->path, "-") != 0)
			buf_printf(out, "%s %s\n",
			           dry          ? "would write"
			           : o->existed ? "changed"
			                        : "created",
			           o->path);
	}
	for (size_t i = 0; i < g->faults.n; i++)
		if (g->faults.list[i].kind == FAULT_MISSING)
			buf_printf(out, "to fill in: %s: %s\n", g->faults.list[i].path,
			           g->faults.list[i].message);
}

static void
report_json(const struct generate *g, struct buf *out)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct value root = json_object(), works = json_array(), files = json_array();

	for (size_t i = 0; i < g->n_works; i++) {
		const struct generate_work *k = &g->works[i];
		struct value v = json_object();

		json_put(&a, &v, "kind", json_cstr(kube_kind_name(k->w->kind)));
		json_put(&a, &v, "name", json_string(k->w->name));
		json_put(&a, &v, "namespace", json_string(k->w->space));
		json_put(&a, &v, "file", json_cstr(k->w->file->path));
		json_put(&a, &v, "platform", json_cstr(k->platform->name));
		json_put(&a, &v, "role", json_cstr(k->coordinator ? "coordinator" : ""));
		json_put(&a, &v, "policy", json_hex(&a, hash256_view(&k->hash)));
		json_add(&a, &works, v);
	}
	for (size_t i = 0; i < g->n_outputs; i++)
		if (changes(g->outputs[i]))
			json_add(&a, &files, json_cstr(g->outputs[i]->path));
	json_put(&a, &root, "deployment_id",
	         json_hex(&a, bytes_of(g->pins.deployment_id, DEPLOYMENT_ID_SIZE)));
	json_put(&a, &root, "workloads", works);
	json_put(&a, &root, "changed", files);
	json_write(&root, JSON_INDENT, out);
	buf_u8(out, '\n');
}

void
generate_report(const struct generate *g, struct buf *out)
{
	if (bytes_is(bytes_str(options_text(g->o, OPT_generate_format)), "json"))
		report_json(g, out);
	else
		report_text(g, out);
}

/* ---- writing ---- */

/* What a run that was killed left beside a file: NAME.tmp-<16 digits>. */
static void
sweep(const char *path)
{
	char copy[4096], name[4096];
	const char *base;
	size_t n;
	DIR *dir;

	snprintf(copy, sizeof copy, "%s", path);
	snprintf(name, sizeof name, "%s", path);
	base = basename(name);
	n = strlen(base);
	dir = opendir(dirname(copy));
	for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
		struct bytes rest = bytes_str(e->d_name);
		uint8_t salt[8];

		if (!bytes_starts(rest, bytes_str(base)))
			continue;
		rest = bytes_sub(rest, n, rest.n);
		if (bytes_starts(rest, BYTES(".tmp-")) &&
		    hex_decode(bytes_sub(rest, 5, rest.n), salt, sizeof salt))
			(void)unlinkat(dirfd(dir), e->d_name, 0);
	}
	if (dir)
		closedir(dir);
}

static status
write_one(const struct generate_output *out, struct err *err)
{
	unsigned int mode = out->secret ? MODE_SECRET : MODE_PUBLIC;

	if (strcmp(out->path, "-") == 0)
		return fd_write_all(STDOUT_FILENO, buf_view(&out->after), err);
	sweep(out->path);
	if (!changes(out))
		return OK;
	if (out->create)
		return file_create(out->path, buf_view(&out->after), mode, err);
	return file_write(out->path, buf_view(&out->after), mode, err);
}

/*
 * Keys and pins first: what follows names them. The manifest last: until it is
 * there, `set` finds that YAML and manifest do not belong together, and
 * another run completes the job.
 */
status
generate_write(struct generate *g, struct err *err)
{
	const struct generate_output *manifest =
	        generate_output(g, options_text(g->o, OPT_generate_manifest));

	sweep(options_text(g->o, OPT_generate_cache));
	TRY(accounts_cache_save(&g->accounts, options_text(g->o, OPT_generate_cache), err));
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < g->n_outputs; i++)
			if (g->outputs[i] != manifest && g->outputs[i]->create == (pass == 0))
				TRY(write_one(g->outputs[i], err));
	return write_one(manifest, err);
}
