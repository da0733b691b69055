/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer.h: the tar inside a layer, decompressed and hashed on both sides while
 * it is read: inside of unpack.c and accounts.c. What comes out is untrusted
 * until layer_finish() said otherwise.
 */
#ifndef OCI_LAYER_H
#define OCI_LAYER_H

#include "oci/manifest.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

enum { LAYER_PATH_MAX = 4095, LAYER_DEPTH_MAX = 128 };

struct layer {
	struct archive *tar; /* the entries */
	/* private */
	struct archive *packed;
	struct hasher *outside, *inside;
	const struct descriptor *descriptor;
	struct hash256 diff_id;
	int fd;
	uint64_t bytes_in, bytes_out, max_out;
	bool entered; /* the decompressor has its entry */
	bool ended;   /* it gave all */
	struct err fault;
	locale_t utf8, before;
	uint8_t buffer[32 * 1024];
};

/* `fd` is borrowed, read from where it stands. `max_out`: bytes of tar at most. */
status layer_open(struct layer *l, int fd, const struct descriptor *d,
                  const struct hash256 *diff_id, uint64_t max_out, struct err *err);

/* Next entry, or NULL at the end. ERR_PARSE E-OCI-052, ERR_LIMIT E-OCI-053, or why reading failed.
 */
status layer_next(struct layer *l, struct archive_entry **ret, struct err *err);

/* The failure of the last libarchive call on `tar`, as an error. */
status layer_fault(struct layer *l, struct err *err);

/* Read to the end and compare size, digest and diff_id: E-OCI-033, 032, 050. */
status layer_finish(struct layer *l, struct err *err);

void layer_done(struct layer *l);

/*
 * The entry's path without leading "/" and "./", no "." inside, NUL-terminated;
 * "" is the root itself. ".." and more than 128 components: E-OCI-051, 053.
 */
status layer_path(const char *raw, char to[LAYER_PATH_MAX + 1], struct err *err);

#endif
