/* SPDX-License-Identifier: Apache-2.0 */
/* Layers made in memory for tests: entries in a row of a table, a tar out of them. */
#ifndef TESTS_OCI_LAYERS_H
#define TESTS_OCI_LAYERS_H

#include "oci/manifest.h"
#include "unit.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

struct entry {
	const char *path;
	char type; /* f file, d directory, l symbolic link, h hard link, p fifo, c, b devices, s
	              socket */
	const char *data; /* contents, or target of a link */
	unsigned int mode;
};

static inline unsigned int
entry_type(char type)
{
	switch (type) {
	case 'd':
		return AE_IFDIR;
	case 'l':
		return AE_IFLNK;
	case 'p':
		return AE_IFIFO;
	case 'c':
		return AE_IFCHR;
	case 'b':
		return AE_IFBLK;
	default:
		return AE_IFREG;
	}
}

static inline void
write_entry(struct archive *w, const struct entry *e)
{
	struct archive_entry *h = archive_entry_new();
	struct bytes data = bytes_str(e->data);

	archive_entry_set_pathname(h, e->path);
	archive_entry_set_filetype(h, entry_type(e->type));
	archive_entry_set_perm(h, (mode_t)(e->mode ? e->mode : (e->type == 'd' ? 0755u : 0644u)));
	archive_entry_set_mtime(h, 1000000000, 0);
	archive_entry_set_uid(h, 0);
	archive_entry_set_gid(h, 0);
	archive_entry_set_size(h, 0);
	if (e->type == 'f')
		archive_entry_set_size(h, (la_int64_t)data.n);
	else if (e->type == 'l')
		archive_entry_set_symlink(h, e->data);
	else if (e->type == 'h')
		archive_entry_set_hardlink(h, e->data);
	else if (e->type == 'c' || e->type == 'b')
		archive_entry_set_rdev(h, 0x0103);
	if (archive_write_header(w, h) != ARCHIVE_OK)
		fail_msg("%s: %s", e->path, archive_error_string(w));
	if (e->type == 'f' && data.n > 0)
		assert_int_equal(archive_write_data(w, data.p, data.n), data.n);
	archive_entry_free(h);
}

static inline la_ssize_t
to_buf(struct archive *w, void *ctx, const void *p, size_t n)
{
	(void)w;
	buf_add(ctx, p, n);
	return (la_ssize_t)n;
}

/* The tar of the entries (ended by a NULL path), plain. */
static inline void
make_tar(const struct entry *entries, struct buf *out)
{
	struct archive *w = archive_write_new();
	/* Names are UTF-8; only the writer needs to be told, the reader must do without. */
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = uselocale(utf8);

	archive_write_set_format_pax_restricted(w);
	archive_write_set_bytes_per_block(w, 512);
	assert_int_equal(archive_write_open(w, out, NULL, to_buf, NULL), ARCHIVE_OK);
	for (size_t i = 0; entries[i].path; i++)
		write_entry(w, &entries[i]);
	assert_int_equal(archive_write_close(w), ARCHIVE_OK);
	archive_write_free(w);
	uselocale(before);
	freelocale(utf8);
}

static inline void
pack(struct bytes tar, enum layer_kind kind, struct buf *out)
{
	struct archive *w = archive_write_new();
	struct archive_entry *h = archive_entry_new();

	archive_write_set_format_raw(w);
	if (kind == LAYER_GZIP)
		archive_write_add_filter_gzip(w);
	else if (kind == LAYER_ZSTD)
		archive_write_add_filter_zstd(w);
	archive_write_set_bytes_per_block(w, 1);
	assert_int_equal(archive_write_open(w, out, NULL, to_buf, NULL), ARCHIVE_OK);
	archive_entry_set_filetype(h, AE_IFREG);
	assert_int_equal(archive_write_header(w, h), ARCHIVE_OK);
	assert_int_equal(archive_write_data(w, tar.p, tar.n), tar.n);
	assert_int_equal(archive_write_close(w), ARCHIVE_OK);
	archive_entry_free(h);
	archive_write_free(w);
}

/* A layer: packed bytes, what describes them, the diff_id. */
struct made_layer {
	struct buf packed;
	struct descriptor descriptor;
	struct hash256 diff_id;
};

static inline void
make_layer(const struct entry *entries, enum layer_kind kind, struct made_layer *ret)
{
	CLEANUP(buf_done) struct buf tar = {0};

	*ret = (struct made_layer){0};
	make_tar(entries, &tar);
	pack(buf_view(&tar), kind, &ret->packed);
	ret->diff_id = sha256(buf_view(&tar));
	ret->descriptor.kind = kind;
	ret->descriptor.size = ret->packed.n;
	ret->descriptor.digest = sha256(buf_view(&ret->packed));
}

static inline void
made_layer_done(struct made_layer *l)
{
	buf_done(&l->packed);
}

#endif
