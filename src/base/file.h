/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.h: whole files in and out. Writing is atomic: temporary name in the
 * same directory, fsync, rename, fsync of the directory; a reader sees the
 * old file or the new one, also after a crash at any point.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"

/*
 * Append a whole file (or "-" = standard input) to `out`. More than `max`
 * bytes is ERR_LIMIT. ERR_NOT_FOUND when absent, ERR_IO otherwise; the place is the path.
 */
status file_read(const char *path, size_t max, struct buf *out, struct err *err);

/* Replace or create atomically with the given permission bits (not cut by umask). */
status file_write(const char *path, struct bytes data, unsigned int mode, struct err *err);

/* Create, never replace: ERR_CONFLICT when the name is taken. Atomic as file_write(). */
status file_create(const char *path, struct bytes data, unsigned int mode, struct err *err);

bool file_exists(const char *path);
bool file_is_dir(const char *path);

/* mkdir -p; an existing directory is fine. */
status dir_create(const char *path, unsigned int mode, struct err *err);

/* Remove a file; absent is fine. */
status file_remove(const char *path, struct err *err);

/* All bytes or an error; retries EINTR and short writes. */
status fd_write_all(int fd, struct bytes data, struct err *err);

void fd_close(int *fd); /* for CLEANUP: closes unless -1, sets -1 */

#endif
