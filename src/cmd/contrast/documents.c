/* SPDX-License-Identifier: Apache-2.0 */
/* The initdata documents that the user's YAML carries, against the manifest's policies. */
#include "base/file.h"
#include "cmd/contrast/folder.h"
#include "kube/kube.h"
#include "policy/initdata.h"
#include "yaml/tree.h"

#include <dirent.h>
#include <stdio.h>

enum { MAX_FOLDER_DEPTH = 16 };

/* The files live as long as the set that borrows them. */
struct reading {
	struct kube_set set;
	struct buf texts[KUBE_MAX_FILES];
	char *paths[KUBE_MAX_FILES];
	size_t n;
};

static void
reading_free(struct reading **r)
{
	kube_done(&(*r)->set);
	for (size_t i = 0; i < (*r)->n; i++) {
		buf_done(&(*r)->texts[i]);
		mem_free((*r)->paths[i]);
	}
	mem_free(*r);
	*r = NULL;
}

void
documents_done(struct documents *d)
{
	for (size_t i = 0; i < d->n; i++)
		buf_done(&d->texts[i]);
	mem_free(d->texts);
	mem_free(d->hashes);
	*d = (struct documents){0};
}

static bool
is_yaml(const char *name)
{
	struct bytes n = bytes_str(name);

	return bytes_ends(n, BYTES(".yaml")) || bytes_ends(n, BYTES(".yml"));
}

static status
read_file(struct reading *r, const char *path, struct err *err)
{
	struct bytes name = bytes_str(path);
	char *copy;

	if (r->n == KUBE_MAX_FILES)
		return err_set(err, ERR_LIMIT, "E-OWNER-006", "more than %d YAML files",
		               KUBE_MAX_FILES);
	copy = mem_alloc(name.n + 1);
	mem_copy(copy, name.p, name.n);
	r->paths[r->n] = copy;
	r->texts[r->n].max = YAML_MAX_BYTES + 1;
	r->n++;
	TRY(file_read(copy, YAML_MAX_BYTES, &r->texts[r->n - 1], err));
	return kube_add(&r->set, copy, buf_view(&r->texts[r->n - 1]), err);
}

static status
read_path(struct reading *r, const char *path, unsigned int depth, struct err *err)
{
	status s = OK;
	struct dirent *e;
	DIR *dir;

	if (!file_is_dir(path))
		return read_file(r, path, err);
	if (depth == MAX_FOLDER_DEPTH)
		return err_set(err, ERR_LIMIT, "E-OWNER-006", "%s: folders nested too deep", path);
	dir = opendir(path);
	if (!dir)
		return err_set_errno(err, ERR_IO, "E-OWNER-006", "cannot read %s", path);
	while (is_ok(s) && (e = readdir(dir))) {
		CLEANUP(buf_done) struct buf below = {0};

		if (e->d_name[0] == '.')
			continue;
		buf_printf(&below, "%s/%s", path, e->d_name);
		if (file_is_dir(buf_cstr(&below)) || is_yaml(e->d_name))
			s = read_path(r, buf_cstr(&below), depth + 1, err);
	}
	closedir(dir);
	return s;
}

static bool
has_document(const struct documents *d, const struct hash256 *hash)
{
	for (size_t i = 0; i < d->n; i++)
		if (hash256_equal(&d->hashes[i], hash))
			return true;
	return false;
}

static status
add_document(struct documents *d, struct buf *text, const struct manifest *m,
             const struct kube_workload *w, struct err *err)
{
	struct hash256 hash = sha256(buf_view(text));
	char hex[65];

	if (!manifest_policy(m, &hash))
		return err_hint(err,
		                err_set(err, ERR_DIFFERS, "E-OWNER-004",
		                        "%s: policy %s of %.*s is not in the manifest",
		                        w->file->path, hash256_hex(&hash, hex), BYTES_ARG(w->name)),
		                "run contrast generate again");
	if (has_document(d, &hash))
		return OK;
	d->hashes[d->n] = hash;
	d->texts[d->n] = *text;
	d->n++;
	*text = (struct buf){0};
	return OK;
}

static status
add_workload(struct documents *d, const struct kube_workload *w, const struct manifest *m,
             struct err *err)
{
	const struct yaml_node *node = kube_annotation(w, KUBE_INITDATA_ANNOTATION);
	CLEANUP(buf_done) struct buf text = {.max = INITDATA_MAX_BYTES + 1};

	if (!node)
		return err_hint(err,
		                err_set(err, ERR_DIFFERS, "E-OWNER-007",
		                        "%s: %.*s has no policy annotation", w->file->path,
		                        BYTES_ARG(w->name)),
		                "run contrast generate first");
	TRY(kube_at(err, initdata_unpack(node->text, &text, err), w->file, node));
	return add_document(d, &text, m, w, err);
}

status
documents_read(const char *const *paths, size_t n, const struct manifest *m, struct documents *ret,
               struct err *err)
{
	CLEANUP(reading_free) struct reading *r = mem_new(struct reading);
	size_t room;

	kube_init(&r->set);
	for (size_t i = 0; i < n; i++)
		TRY(read_path(r, paths[i], 0, err));
	room = MAX(r->set.n_workloads, (size_t)1);
	ret->texts = mem_alloc(room * sizeof *ret->texts);
	ret->hashes = mem_alloc(room * sizeof *ret->hashes);
	for (size_t i = 0; i < r->set.n_workloads; i++)
		if (r->set.workloads[i].confidential)
			TRY(add_workload(ret, &r->set.workloads[i], m, err));
	if (ret->n != m->n_policies)
		return err_hint(
		        err,
		        err_set(err, ERR_DIFFERS, "E-OWNER-004",
		                "policy count mismatch: %zu in the YAML, %zu in the manifest",
		                ret->n, m->n_policies),
		        "name all files and folders of the deployment, or run contrast generate "
		        "again");
	return OK;
}
