/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache.h: verified blobs on disk, DIR/blobs/sha256/HEX (the layout of an OCI
 * image directory), written atomically. Reading a small blob checks its
 * digest again, so a damaged cache costs a download, never a wrong answer.
 * Partial downloads are DIR/partial/HEX and locked, so processes may share a
 * directory.
 */
#ifndef OCI_CACHE_H
#define OCI_CACHE_H

#include "crypto/hash.h"

struct oci_cache {
	char dir[4096];
};

/* Create the directories (0700). ERR_IO. */
status oci_cache_init(struct oci_cache *c, const char *dir, struct err *err);

/* $CONTRAST_CACHE_DIR/oci, else $XDG_CACHE_HOME/contrast/oci, else ~/.cache/contrast/oci. */
status oci_cache_default_dir(char *to, size_t size, struct err *err);

/* Append a small blob (at most `max` bytes); ERR_NOT_FOUND E-OCI-040 when absent or damaged (then
 * removed). */
status oci_cache_get(const struct oci_cache *c, const struct hash256 *digest, size_t max,
                     struct buf *out, struct err *err);

/* Store bytes whose digest the caller has checked. */
status oci_cache_put(const struct oci_cache *c, const struct hash256 *digest, struct bytes data,
                     struct err *err);

/* Present with this size (contents are checked when they are used). */
bool oci_cache_has(const struct oci_cache *c, const struct hash256 *digest, uint64_t size);

/*
 * The same for a large blob, hashed: *ret says whether it is there and whole. A
 * damaged one is removed, so that it can be fetched again. ERR_IO.
 */
status oci_cache_check(const struct oci_cache *c, const struct hash256 *digest, uint64_t size,
                       bool *ret, struct err *err);

/* Path of a blob, present or not; NUL-terminated. */
void oci_cache_path(const struct oci_cache *c, const struct hash256 *digest, char to[4096]);

/*
 * A download under way. Opening takes the lock of that digest (waits for
 * another process), keeps what an earlier run left and hashes it.
 */
struct partial {
	int fd;
	uint64_t have; /* bytes written and hashed */
	struct hasher *hasher;
	char path[4096];
};
status partial_open(const struct oci_cache *c, const struct hash256 *digest, struct partial *ret,
                    struct err *err);
status partial_add(struct partial *p, struct bytes data, struct err *err);
status partial_restart(struct partial *p, struct err *err);
/* Size and digest must agree: ERR_REJECTED E-OCI-032/033, and the file is gone. Else it is in the
 * cache. */
status partial_finish(struct partial *p, const struct oci_cache *c, const struct hash256 *digest,
                      uint64_t size, struct err *err);
/* Keeps the file for the next run. */
void partial_done(struct partial *p);

#endif
