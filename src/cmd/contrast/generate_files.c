/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/contrast/generate.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_DEPTH = 32 };

static char *
copy_text(const char *text)
{
	size_t n = strlen(text) + 1;
	char *copy = mem_alloc(n);

	mem_copy(copy, text, n);
	return copy;
}

static bool
is_yaml(const char *name)
{
	struct bytes n = bytes_str(name);

	return bytes_ends(n, BYTES(".yaml")) || bytes_ends(n, BYTES(".yml"));
}

static bool
has_input(const struct generate *g, const char *path)
{
	for (size_t i = 0; i < g->n_inputs; i++)
		if (strcmp(g->inputs[i].path, path) == 0)
			return true;
	return false;
}

static status
add_file(struct generate *g, const char *path, struct err *err)
{
	struct generate_input *in;

	if (has_input(g, path))
		return OK;
	if (g->n_inputs == g->cap_inputs) {
		size_t cap = g->cap_inputs ? g->cap_inputs * 2 : 16;
		struct generate_input *grown = mem_grow(g->inputs, cap * sizeof *grown);

		if (!grown)
			return err_set(err, ERR_LIMIT, "E-GENERATE-002", "out of memory");
		g->inputs = grown;
		g->cap_inputs = cap;
	}
	in = &g->inputs[g->n_inputs++];
	*in = (struct generate_input){.path = copy_text(path)};
	TRY(file_read(path, GENERATE_MAX_FILE, &in->text, err));
	g->total += in->text.n;
	if (g->total > GENERATE_MAX_TOTAL)
		return err_set(err, ERR_LIMIT, "E-GENERATE-002",
		               "the files have more than %d bytes", GENERATE_MAX_TOTAL);
	return OK;
}

/* Hidden entries (.git, editors' files) are no part of a deployment. */
static int
visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static status
add_path(struct generate *g, const char *path, bool named, unsigned int depth, struct err *err)
{
	struct dirent **entries = NULL;
	int n;
	status s = OK;

	if (!file_is_dir(path))
		return named || is_yaml(path) ? add_file(g, path, err) : OK;
	if (depth == MAX_DEPTH)
		return err_at(err,
		              err_set(err, ERR_LIMIT, "E-GENERATE-002",
		                      "folders are nested deeper than %d", MAX_DEPTH),
		              "%s", path);
	n = scandir(path, &entries, visible, alphasort);
	if (n < 0)
		return err_at(err,
		              err_set_errno(err, ERR_IO, "E-GENERATE-003",
		                            "cannot list the folder"),
		              "%s", path);
	for (int i = 0; i < n && is_ok(s); i++) {
		CLEANUP(buf_done) struct buf below = {0};

		buf_printf(&below, "%s%s%s", path,
		           bytes_ends(bytes_str(path), BYTES("/")) ? "" : "/", entries[i]->d_name);
		s = add_path(g, buf_cstr(&below), false, depth + 1, err);
	}
	for (int i = 0; i < n; i++)
		mem_free(entries[i]);
	mem_free(entries);
	return s;
}

status
generate_read_inputs(struct generate *g, struct err *err)
{
	for (size_t i = 0; i < g->o->n_args; i++)
		TRY(add_path(g, g->o->args[i], true, 0, err));
	if (g->n_inputs == 0)
		return err_hint(err,
		                err_set(err, ERR_NOT_FOUND, "E-GENERATE-001", "no YAML file found"),
		                "give files, or folders with .yaml or .yml files");
	for (size_t i = 0; i < g->n_inputs; i++)
		TRY(kube_add(&g->set, g->inputs[i].path, buf_view(&g->inputs[i].text), err));
	return OK;
}
