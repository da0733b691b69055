/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

bool
file_exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

bool
file_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static status
fail(struct err *err, const char *id, const char *path, const char *what)
{
	enum err_class cls = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;

	return err_at(err, err_set_errno(err, cls, id, "%s", what), "%s", path);
}

static status
read_fd(int fd, const char *path, size_t max, struct buf *out, struct err *err)
{
	size_t before = out->n;

	for (;;) {
		ssize_t got;

		if (!buf_reserve(out, 64 * 1024))
			return err_at(err, buf_check(out, err), "%s", path);
		got = read(fd, out->p + out->n, out->cap - out->n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail(err, "E-FILE-001", path, "cannot read");
		if (got == 0)
			return OK;
		out->n += (size_t)got;
		if (out->n - before > max)
			return err_at(err,
			              err_set(err, ERR_LIMIT, "E-FILE-002", "larger than %zu bytes",
			                      max),
			              "%s", path);
	}
}

status
file_read(const char *path, size_t max, struct buf *out, struct err *err)
{
	CLEANUP(fd_close) int fd = -1;

	if (strcmp(path, "-") == 0)
		return read_fd(STDIN_FILENO, "<stdin>", max, out, err);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return fail(err, "E-FILE-003", path, "cannot open");
	return read_fd(fd, path, max, out, err);
}

status
fd_write_all(int fd, struct bytes data, struct err *err)
{
	while (data.n > 0) {
		ssize_t put = write(fd, data.p, data.n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return err_set_errno(err, ERR_IO, "E-FILE-004", "cannot write");
		data = bytes_sub(data, (size_t)put, data.n);
	}
	return OK;
}

static status
sync_dir_of(const char *path, struct err *err)
{
	char copy[4096];
	CLEANUP(fd_close) int fd = -1;

	snprintf(copy, sizeof copy, "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		return fail(err, "E-FILE-005", path, "cannot sync the directory");
	return OK;
}

/* Writes the temporary file beside `path`; its name is in tmp[]. */
static status
write_tmp(const char *path, struct bytes data, unsigned int mode, char *tmp, size_t size,
          struct err *err)
{
	uint64_t salt;
	CLEANUP(fd_close) int fd = -1;
	status s;

	random_bytes(&salt, sizeof salt);
	if (snprintf(tmp, size, "%s.tmp-%016llx", path, (unsigned long long)salt) >= (int)size)
		return err_set(err, ERR_USAGE, "E-FILE-006", "the path %s is too long", path);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(err, "E-FILE-007", path, "cannot create");
	s = fd_write_all(fd, data, err);
	if (is_ok(s) && (fchmod(fd, mode) != 0 || fsync(fd) != 0))
		s = err_set_errno(err, ERR_IO, "E-FILE-008", "cannot write");
	if (!is_ok(s))
		unlink(tmp);
	return err_at(err, s, "%s", path);
}

status
file_write(const char *path, struct bytes data, unsigned int mode, struct err *err)
{
	char tmp[4096];

	TRY(write_tmp(path, data, mode, tmp, sizeof tmp, err));
	if (rename(tmp, path) != 0) {
		status s = fail(err, "E-FILE-009", path, "cannot replace");

		unlink(tmp);
		return s;
	}
	return sync_dir_of(path, err);
}

status
file_create(const char *path, struct bytes data, unsigned int mode, struct err *err)
{
	char tmp[4096];
	int rc, saved;

	TRY(write_tmp(path, data, mode, tmp, sizeof tmp, err));
	rc = link(tmp, path);
	saved = errno;
	unlink(tmp);
	errno = saved;
	if (rc != 0 && errno == EEXIST)
		return err_at(err, err_set(err, ERR_CONFLICT, "E-FILE-010", "exists already"), "%s",
		              path);
	if (rc != 0)
		return fail(err, "E-FILE-011", path, "cannot create");
	return sync_dir_of(path, err);
}

status
dir_create(const char *path, unsigned int mode, struct err *err)
{
	char copy[4096];

	if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy)
		return err_set(err, ERR_USAGE, "E-FILE-006", "the path %s is too long", path);
	for (char *p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) != 0 && errno != EEXIST)
			return fail(err, "E-FILE-012", copy, "cannot create the directory");
		*p = '/';
	}
	if (mkdir(copy, mode) != 0 && errno != EEXIST)
		return fail(err, "E-FILE-012", path, "cannot create the directory");
	if (!file_is_dir(path))
		return err_at(err, err_set(err, ERR_IO, "E-FILE-013", "is not a directory"), "%s",
		              path);
	return OK;
}

status
file_remove(const char *path, struct err *err)
{
	if (unlink(path) != 0 && errno != ENOENT)
		return fail(err, "E-FILE-014", path, "cannot remove");
	return OK;
}
