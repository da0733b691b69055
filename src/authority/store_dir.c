/* SPDX-License-Identifier: Apache-2.0 */
#include "authority/record.h"
#include "authority/store.h"
#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

enum { PATH_SIZE = 4096 };

struct store_dir {
	char root[PATH_SIZE - 256]; /* room for the longest entry behind it */
};

static void
blob_path(const struct store_dir *d, const struct hash256 *hash, char *to)
{
	char hex[65];

	snprintf(to, PATH_SIZE, "%s/blobs/%s", d->root, hash256_hex(hash, hex));
}

static void
record_path(const struct store_dir *d, uint64_t generation, char *to)
{
	snprintf(to, PATH_SIZE, "%s/records/%020llu", d->root, (unsigned long long)generation);
}

static void
name_path(const struct store_dir *d, const char *name, char *to)
{
	snprintf(to, PATH_SIZE, "%s/names/%s", d->root, name);
}

static status
read_entry(const char *path, size_t max, struct buf *out, struct err *err)
{
	status s = file_read(path, max, out, err);

	if (s.cls == ERR_NOT_FOUND)
		return err_set(err, ERR_NOT_FOUND, "E-STORE-001", "the store has no %s", path);
	return s;
}

/* Is the entry there, whole? A damaged one is written again. */
static bool
blob_is_whole(const char *path, const struct hash256 *want)
{
	CLEANUP(buf_done) struct buf old = {0};
	struct hash256 got;
	struct err err;

	if (!file_exists(path) || !is_ok(file_read(path, STORE_MAX_BLOB, &old, &err)))
		return false;
	got = sha256(buf_view(&old));
	return hash256_equal(&got, want);
}

static status
dir_put(void *self, struct bytes blob, struct err *err)
{
	struct hash256 hash = sha256(blob);
	char path[PATH_SIZE];

	blob_path(self, &hash, path);
	return blob_is_whole(path, &hash) ? OK : file_write(path, blob, 0644, err);
}

static status
dir_get(void *self, const struct hash256 *hash, struct buf *out, struct err *err)
{
	char path[PATH_SIZE];

	blob_path(self, hash, path);
	return read_entry(path, STORE_MAX_BLOB, out, err);
}

static status
dir_append(void *self, uint64_t generation, struct bytes record, struct err *err)
{
	CLEANUP(buf_done) struct buf old = {0};
	char path[PATH_SIZE];
	status s;

	record_path(self, generation, path);
	s = file_create(path, record, 0644, err);
	if (s.cls != ERR_CONFLICT)
		return s;
	TRY(read_entry(path, RECORD_MAX_BYTES, &old, err));
	if (bytes_equal(buf_view(&old), record))
		return OK;
	return err_set(err, ERR_CONFLICT, "E-STORE-002",
	               "the store has another record of generation %llu",
	               (unsigned long long)generation);
}

static status
dir_record(void *self, uint64_t generation, struct buf *out, struct err *err)
{
	char path[PATH_SIZE];

	record_path(self, generation, path);
	return read_entry(path, RECORD_MAX_BYTES, out, err);
}

static status
dir_put_name(void *self, const char *name, struct bytes data, struct err *err)
{
	char path[PATH_SIZE];

	name_path(self, name, path);
	return file_write(path, data, 0644, err);
}

static status
dir_get_name(void *self, const char *name, size_t max, struct buf *out, struct err *err)
{
	char path[PATH_SIZE];

	name_path(self, name, path);
	return read_entry(path, max, out, err);
}

static const struct store_ops dir_ops = {
        .put = dir_put,
        .get = dir_get,
        .append = dir_append,
        .record = dir_record,
        .put_name = dir_put_name,
        .get_name = dir_get_name,
};

/* Temporary files of writes that a crash broke off; see file_write(). */
static status
sweep(const char *folder, struct err *err)
{
	DIR *dir = opendir(folder);
	struct dirent *e;
	status s = OK;

	if (!dir)
		return err_set_errno(err, ERR_IO, "E-STORE-006", "cannot read %s", folder);
	while (is_ok(s) && (e = readdir(dir))) {
		char path[PATH_SIZE + 256];

		if (!strstr(e->d_name, ".tmp-"))
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		s = file_remove(path, err);
	}
	closedir(dir);
	return s;
}

status
store_dir_open(const char *path, struct store *ret, struct err *err)
{
	static const char *const folders[] = {"blobs", "records", "names"};
	struct store_dir *d;
	char folder[PATH_SIZE];

	if (strlen(path) >= sizeof d->root)
		return err_set(err, ERR_USAGE, "E-STORE-006", "the path of the store is too long");
	for (size_t i = 0; i < COUNT_OF(folders); i++) {
		snprintf(folder, sizeof folder, "%s/%s", path, folders[i]);
		TRY(dir_create(folder, 0755, err));
		TRY(sweep(folder, err));
	}
	d = mem_new(struct store_dir);
	snprintf(d->root, sizeof d->root, "%s", path);
	*ret = (struct store){&dir_ops, d};
	return OK;
}

void
store_dir_close(struct store *s)
{
	mem_free(s->self);
	*s = (struct store){NULL, NULL};
}
