/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack.h: layers to a root file system. A layer is untrusted until its last
 * byte was hashed, so it goes to a staging directory and becomes visible by
 * one rename when the digests of the compressed and of the uncompressed bytes
 * agree with manifest and configuration. Every path is resolved inside the
 * root by the kernel (openat2, RESOLVE_IN_ROOT): links cannot leave it.
 */
#ifndef OCI_UNPACK_H
#define OCI_UNPACK_H

#include "oci/manifest.h"

enum {
	UNPACK_PATH_MAX = 4095,
	UNPACK_DEPTH_MAX = 128, /* components of a path */
	UNPACK_ENTRIES_MAX = 1000000,
};
#define UNPACK_BYTES_MAX ((uint64_t)32 << 30)

struct unpack_limits {
	uint64_t bytes;   /* of file contents, all layers; 0 = UNPACK_BYTES_MAX */
	uint64_t entries; /* 0 = UNPACK_ENTRIES_MAX */
};

struct unpack_options {
	struct unpack_limits limits;
	bool owners; /* give files to the owners that the layer names (needs CAP_CHOWN) */
};

/* What was written, for reports and for the limits across layers. */
struct unpack_totals {
	uint64_t bytes;
	uint64_t entries;
};

/*
 * Apply one layer, read from `fd` (a regular file or pipe, from its present
 * position), on top of what is below `root_fd`. `digest`/`size` are of the
 * compressed bytes, `diff_id` of the tar. On failure the root is in an
 * unknown state and must be thrown away.
 * ERR_REJECTED E-OCI-032/033/050 (digest, size, diff_id), E-OCI-051 (path or
 * link that leaves the root, device), ERR_PARSE E-OCI-052 (no tar),
 * ERR_LIMIT E-OCI-053, ERR_IO E-OCI-054.
 */
status unpack_layer(int root_fd, int fd, const struct descriptor *layer,
                    const struct hash256 *diff_id, const struct unpack_options *options,
                    struct unpack_totals *totals, struct err *err);

/*
 * A whole image: layers from files named by `blob_path(ctx, digest, to)`, into
 * `dir`, which must not exist (ERR_CONFLICT E-OCI-055). Staged beside it,
 * renamed at the end; a failure leaves nothing behind.
 */
struct blob_source {
	void *ctx;
	void (*path)(void *ctx, const struct hash256 *digest, char to[4096]);
};
status unpack_image(const struct oci_manifest *m, const struct image_config *config,
                    const struct blob_source *blobs, const char *dir,
                    const struct unpack_options *options, struct unpack_totals *ret,
                    struct err *err);

/* Remove a directory tree that may hold anything, never following a link. */
status tree_remove(const char *dir, struct err *err);

#endif
