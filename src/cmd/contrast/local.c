/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/contrast/local.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_SIZE = 4096, MAX_DEPTH = 16 };

void
local_status_done(struct local_status *s)
{
	arena_done(&s->arena);
	buf_done(&s->text);
}

status
local_status_read(const struct rundir *r, struct local_status *ret, struct err *err)
{
	char path[RUNDIR_PATH + 256];

	arena_reset(&ret->arena);
	buf_reset(&ret->text);
	ret->text.max = LOCAL_STATUS_MAX;
	TRY(file_read(rundir_file(r, "status.json", path), LOCAL_STATUS_MAX, &ret->text, err));
	return err_at(err, json_parse(&ret->arena, buf_view(&ret->text), NULL, &ret->v, err), "%s",
	              path);
}

struct bytes
local_text(const struct value *v, const char *name)
{
	return json_text(json_get(v, name));
}

bool
local_true(const struct value *v, const char *name)
{
	const struct value *m = json_get(v, name);

	return json_is(m, VALUE_BOOL) && m->u.b;
}

bool
local_all_ready(const struct local_status *s, const struct value **ret_failed)
{
	const struct value *pods = json_get(&s->v, "pods");
	bool all = true;

	*ret_failed = NULL;
	for (size_t i = 0; pods && i < pods->n; i++) {
		const struct value *pod = json_item(pods, i);
		struct bytes phase = local_text(pod, "phase");

		if (bytes_is(phase, "Failed"))
			*ret_failed = pod;
		if (!local_true(pod, "ready") && !bytes_is(phase, "Succeeded"))
			all = false;
	}
	return all;
}

/* ---- YAML ---- */

void
local_yaml_done(struct local_yaml *y)
{
	kube_done(&y->set);
	arena_done(&y->arena);
}

static bool
has_ending(const char *name, const char *ending)
{
	return bytes_ends(bytes_str(name), bytes_str(ending));
}

static status
add_file(struct local_yaml *y, const char *path, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};
	struct bytes kept, name;

	TRY(file_read(path, YAML_MAX_BYTES, &text, err));
	kept = arena_copy(&y->arena, buf_view(&text));
	name = arena_copy(&y->arena, bytes_str(path));
	TRY(arena_check(&y->arena, err));
	y->n_files++;
	return kube_add(&y->set, (const char *)name.p, kept, err);
}

static int
visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static status walk(struct local_yaml *y, const char *dir, int depth, struct err *err);

static status
visit(struct local_yaml *y, const char *dir, const char *name, int depth, struct err *err)
{
	char path[PATH_SIZE];
	struct stat st;

	if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
		return err_set(err, ERR_LIMIT, "E-CLI-021", "a path below %s is too long", dir);
	if (stat(path, &st) != 0)
		return OK;
	if (S_ISDIR(st.st_mode))
		return walk(y, path, depth + 1, err);
	if (S_ISREG(st.st_mode) && (has_ending(name, ".yaml") || has_ending(name, ".yml")))
		return add_file(y, path, err);
	return OK;
}

static status
walk(struct local_yaml *y, const char *dir, int depth, struct err *err)
{
	struct dirent **list = NULL;
	int n = depth > MAX_DEPTH ? 0 : scandir(dir, &list, visible, alphasort);
	status s = OK;

	if (n < 0)
		return err_at(err,
		              err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
		                            "E-CLI-021", "cannot read the folder"),
		              "%s", dir);
	for (int i = 0; i < n; i++) {
		if (is_ok(s))
			s = visit(y, dir, list[i]->d_name, depth, err);
		mem_free(list[i]);
	}
	mem_free(list);
	return s;
}

status
local_yaml_read(const char *dir, struct local_yaml *ret, struct err *err)
{
	struct stat st;

	kube_init(&ret->set);
	arena_init(&ret->arena, (size_t)256 * 1024 * 1024);
	if (stat(dir, &st) == 0 && S_ISREG(st.st_mode))
		TRY(add_file(ret, dir, err));
	else
		TRY(walk(ret, dir, 0, err));
	if (ret->set.n_workloads == 0)
		return err_hint(err,
		                err_at(err,
		                       err_set(err, ERR_NOT_FOUND, "E-CLI-020",
		                               "no workload in %zu YAML files", ret->n_files),
		                       "%s", dir),
		                "give the folder with the YAML that contrast generate wrote");
	return OK;
}

status
local_yaml_copy(const struct local_yaml *y, const char *to, struct err *err)
{
	char path[PATH_SIZE];

	TRY(dir_create(to, 0700, err));
	for (size_t i = 0; i < y->set.n_files; i++) {
		snprintf(path, sizeof path, "%s/%03zu.yaml", to, i);
		TRY(file_write(path, y->set.files[i]->text, 0600, err));
	}
	return OK;
}

status
local_workspace_copy(const char *from, const char *to, struct err *err)
{
	struct dirent **list = NULL;
	int n = scandir(from, &list, visible, alphasort);
	status s = n < 0 ? err_at(err,
	                          err_set_errno(err, ERR_IO, "E-CLI-021", "cannot read the folder"),
	                          "%s", from)
	                 : dir_create(to, 0700, err);

	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		CLEANUP(buf_done) struct buf text = {0};
		char source[PATH_SIZE], target[PATH_SIZE];
		struct stat st;

		snprintf(source, sizeof source, "%s/%s", from, name);
		snprintf(target, sizeof target, "%s/%s", to, name);
		if (is_ok(s) && (has_ending(name, ".json") || has_ending(name, ".pem")) &&
		    stat(source, &st) == 0 && S_ISREG(st.st_mode)) {
			s = file_read(source, LOCAL_FILE_MAX, &text, err);
			if (is_ok(s))
				s = file_write(target, buf_view(&text), 0600, err);
		}
		mem_free(list[i]);
	}
	mem_free(list);
	return s;
}
