/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/cache.h"

#include "base/file.h"
#include "oci/reference.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static status
failed(struct err *err, const char *path, const char *what)
{
	status s = err_set_errno(err, ERR_IO, "E-OCI-041", "%s", what);

	return err_at(err, s, "%s", path);
}

status
oci_cache_default_dir(char *to, size_t size, struct err *err)
{
	static const struct {
		const char *variable, *below;
	} places[] = {
	        {"CONTRAST_CACHE_DIR", "oci"},
	        {"XDG_CACHE_HOME", "contrast/oci"},
	        {"HOME", ".cache/contrast/oci"},
	};

	for (size_t i = 0; i < COUNT_OF(places); i++) {
		const char *dir = getenv(places[i].variable);

		if (!dir || !dir[0])
			continue;
		if (snprintf(to, size, "%s/%s", dir, places[i].below) >= (int)size)
			return err_set(err, ERR_USAGE, "E-OCI-042",
			               "the path of the cache is too long");
		return OK;
	}
	return err_set(err, ERR_USAGE, "E-OCI-042", "no place for a cache: HOME is not set");
}

status
oci_cache_init(struct oci_cache *c, const char *dir, struct err *err)
{
	static const char *const below[] = {"/blobs/sha256", "/partial"};
	char path[4096];

	/* Room for what is appended: "/blobs/sha256/" and 64 digits. */
	if (snprintf(c->dir, sizeof c->dir, "%s", dir) >= (int)sizeof c->dir - 96)
		return err_set(err, ERR_USAGE, "E-OCI-042", "the path of the cache is too long");
	for (size_t i = 0; i < COUNT_OF(below); i++) {
		snprintf(path, sizeof path, "%.3900s%s", dir, below[i]);
		TRY(dir_create(path, 0700, err));
	}
	return OK;
}

static void
path_of(const struct oci_cache *c, const char *folder, const struct hash256 *digest, char to[4096])
{
	char hex[65];

	snprintf(to, 4096, "%.3900s/%s/%s", c->dir, folder, hash256_hex(digest, hex));
}

void
oci_cache_path(const struct oci_cache *c, const struct hash256 *digest, char to[4096])
{
	path_of(c, "blobs/sha256", digest, to);
}

bool
oci_cache_has(const struct oci_cache *c, const struct hash256 *digest, uint64_t size)
{
	char path[4096];
	struct stat st;

	oci_cache_path(c, digest, path);
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
}

/* Hash of a file's contents; false when it cannot be read. */
static bool
hash_file(const char *path, struct hash256 *ret)
{
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct hasher *h = hasher_new(HASH_SHA256);
	uint8_t piece[8192];
	ssize_t n = -1;

	while (fd >= 0 && (n = read(fd, piece, sizeof piece)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		hasher_add(h, bytes_of(piece, (size_t)n));
	}
	hasher_final(h, ret->b);
	hasher_free(h);
	return n == 0;
}

status
oci_cache_check(const struct oci_cache *c, const struct hash256 *digest, uint64_t size, bool *ret,
                struct err *err)
{
	struct hash256 got;
	char path[4096];

	*ret = false;
	oci_cache_path(c, digest, path);
	if (!file_exists(path))
		return OK;
	*ret = oci_cache_has(c, digest, size) && hash_file(path, &got) &&
	       hash256_equal(&got, digest);
	return *ret ? OK : file_remove(path, err);
}

status
oci_cache_get(const struct oci_cache *c, const struct hash256 *digest, size_t max, struct buf *out,
              struct err *err)
{
	char path[4096];
	size_t start = out->n;
	struct hash256 got;

	oci_cache_path(c, digest, path);
	if (!is_ok(file_read(path, max, out, err))) {
		out->n = start;
		return err_set(err, ERR_NOT_FOUND, "E-OCI-040", "not in the cache");
	}
	got = sha256(bytes_of(out->p + start, out->n - start));
	if (hash256_equal(&got, digest))
		return OK;
	out->n = start;
	TRY(file_remove(path, err));
	return err_set(err, ERR_NOT_FOUND, "E-OCI-040", "damaged in the cache");
}

status
oci_cache_put(const struct oci_cache *c, const struct hash256 *digest, struct bytes data,
              struct err *err)
{
	char path[4096], tmp[4096];
	CLEANUP(fd_close) int fd = -1;
	uint64_t salt;
	status s;

	oci_cache_path(c, digest, path);
	random_bytes(&salt, sizeof salt);
	snprintf(tmp, sizeof tmp, "%.4000s.tmp-%016llx", path, (unsigned long long)salt);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return failed(err, path, "cannot create");
	/* No fsync: what a crash leaves is found out by its digest and fetched again. */
	s = err_at(err, fd_write_all(fd, data, err), "%s", path);
	if (is_ok(s) && rename(tmp, path) != 0)
		s = failed(err, path, "cannot store");
	if (!is_ok(s))
		unlink(tmp);
	return s;
}

/* ---- partial downloads ---- */

/*
 * Open and lock. Whoever held the lock before may have moved the file into the
 * cache meanwhile: then we hold another file than the path names, and try again.
 */
static status
open_locked(struct partial *p, struct err *err)
{
	while (true) {
		struct stat held, named;

		p->fd = open(p->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (p->fd < 0)
			return failed(err, p->path, "cannot open");
		if (flock(p->fd, LOCK_EX) != 0 || fstat(p->fd, &held) != 0)
			return failed(err, p->path, "cannot lock");
		if (stat(p->path, &named) == 0 && named.st_ino == held.st_ino &&
		    named.st_dev == held.st_dev)
			return OK;
		fd_close(&p->fd);
	}
}

static status
hash_present(struct partial *p, struct err *err)
{
	uint8_t piece[8192];
	ssize_t n;

	while ((n = read(p->fd, piece, sizeof piece)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(err, p->path, "cannot read");
		hasher_add(p->hasher, bytes_of(piece, (size_t)n));
		p->have += (uint64_t)n;
	}
	return OK;
}

status
partial_open(const struct oci_cache *c, const struct hash256 *digest, struct partial *ret,
             struct err *err)
{
	status s;

	*ret = (struct partial){.fd = -1};
	path_of(c, "partial", digest, ret->path);
	s = open_locked(ret, err);
	if (is_ok(s)) {
		ret->hasher = hasher_new(HASH_SHA256);
		s = hash_present(ret, err);
	}
	if (!is_ok(s))
		partial_done(ret);
	return s;
}

status
partial_add(struct partial *p, struct bytes data, struct err *err)
{
	TRY(err_at(err, fd_write_all(p->fd, data, err), "%s", p->path));
	hasher_add(p->hasher, data);
	p->have += data.n;
	return OK;
}

status
partial_restart(struct partial *p, struct err *err)
{
	if (ftruncate(p->fd, 0) != 0 || lseek(p->fd, 0, SEEK_SET) != 0)
		return failed(err, p->path, "cannot empty");
	hasher_free(p->hasher);
	p->hasher = hasher_new(HASH_SHA256);
	p->have = 0;
	return OK;
}

static status
check(struct partial *p, const struct hash256 *digest, uint64_t size, struct err *err)
{
	char want_text[72], got_text[72];
	struct hash256 got;

	if (p->have != size)
		return err_set(err, ERR_REJECTED, "E-OCI-033",
		               "the blob has %llu bytes, the manifest says %llu",
		               (unsigned long long)p->have, (unsigned long long)size);
	hasher_final(p->hasher, got.b);
	if (!hash256_equal(&got, digest))
		return err_set(err, ERR_REJECTED, "E-OCI-032",
		               "the digest differs: expected %s, got %s",
		               digest_cstr(digest, want_text), digest_cstr(&got, got_text));
	return OK;
}

status
partial_finish(struct partial *p, const struct oci_cache *c, const struct hash256 *digest,
               uint64_t size, struct err *err)
{
	char path[4096];
	status s = check(p, digest, size, err);

	if (!is_ok(s)) {
		unlink(p->path);
		return s;
	}
	oci_cache_path(c, digest, path);
	if (fsync(p->fd) != 0 || rename(p->path, path) != 0)
		return failed(err, path, "cannot store");
	return OK;
}

void
partial_done(struct partial *p)
{
	fd_close(&p->fd);
	hasher_free(p->hasher);
	p->hasher = NULL;
}
