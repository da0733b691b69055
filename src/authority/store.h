/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h: where history lives. The store is hostile: whatever comes out is
 * checked by hash or by chain. Three kinds of entries:
 *   blobs    content-addressed by SHA-256: manifests, policy documents
 *   records  one per generation, created once and never replaced: the commit point
 *   names    small things that belong to a genesis ("genesis-<hex>")
 * The keeper has no files: it implements this interface by messages to the
 * front, which uses store_dir.
 */
#ifndef AUTHORITY_STORE_H
#define AUTHORITY_STORE_H

#include "crypto/hash.h"

enum {
	STORE_MAX_BLOB = 16 * 1024 * 1024,
	STORE_MAX_NAME = 128, /* [a-z0-9-]+ */
};

struct store_ops {
	/* Durable on return; a blob that is there already is fine. */
	status (*put)(void *self, struct bytes blob, struct err *err);
	/* Appends to out. ERR_NOT_FOUND E-STORE-001. The caller checks the hash: store_get(). */
	status (*get)(void *self, const struct hash256 *hash, struct buf *out, struct err *err);
	/*
	 * Create the record of a generation. ERR_CONFLICT E-STORE-002 when there is
	 * another; the same bytes again are fine (a lost answer).
	 */
	status (*append)(void *self, uint64_t generation, struct bytes record, struct err *err);
	status (*record)(void *self, uint64_t generation, struct buf *out, struct err *err);
	/* Atomic replace. */
	status (*put_name)(void *self, const char *name, struct bytes data, struct err *err);
	status (*get_name)(void *self, const char *name, size_t max, struct buf *out,
	                   struct err *err);
};

struct store {
	const struct store_ops *ops;
	void *self;
};

/* These check what the interface cannot: sizes, and the hash of what came back (E-STORE-003). */
status store_put(const struct store *s, struct bytes blob, struct hash256 *ret, struct err *err);
status store_get(const struct store *s, const struct hash256 *hash, size_t max, struct buf *out,
                 struct err *err);
status store_append(const struct store *s, uint64_t generation, struct bytes record,
                    struct err *err);
status store_record(const struct store *s, uint64_t generation, struct buf *out, struct err *err);
status store_put_name(const struct store *s, const char *name, struct bytes data, struct err *err);
status store_get_name(const struct store *s, const char *name, size_t max, struct buf *out,
                      struct err *err);

/*
 * Directory store: DIR/blobs/<hex>, DIR/records/<20 digits>, DIR/names/<name>.
 * kill -9 at any write leaves every earlier entry whole; leftovers of broken
 * writes are removed here.
 */
status store_dir_open(const char *path, struct store *ret, struct err *err);
void store_dir_close(struct store *s);

/* In memory, for tests and for a Coordinator without a disk. */
void store_mem_open(struct store *ret);
void store_mem_close(struct store *s);

#endif
