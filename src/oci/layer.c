/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/layer.h"

#include "oci/reference.h"
#include "oci/show.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/*
 * Two archives: `packed` only decompresses (libarchive's raw format), `tar`
 * reads entries from what it yields, so that both byte streams pass through here.
 */

static la_ssize_t
stop(struct layer *l, struct archive *a, enum err_class cls, const char *id, const char *what)
{
	if (l->fault.cls == ERR_OK)
		(void)err_set(&l->fault, cls, id, "%s", what);
	archive_set_error(a, EIO, "stopped");
	return -1;
}

static la_ssize_t
read_packed(struct archive *a, void *ctx, const void **ret)
{
	struct layer *l = ctx;
	ssize_t n;

	do
		n = read(l->fd, l->buffer, sizeof l->buffer);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return stop(l, a, ERR_IO, "E-OCI-054", "cannot read the layer");
	l->bytes_in += (uint64_t)n;
	if (l->bytes_in > l->descriptor->size)
		return stop(l, a, ERR_REJECTED, "E-OCI-033",
		            "the layer is larger than the manifest says");
	hasher_add(l->outside, bytes_of(l->buffer, (size_t)n));
	*ret = l->buffer;
	return n;
}

static la_ssize_t
read_tar(struct archive *a, void *ctx, const void **ret)
{
	struct layer *l = ctx;
	struct archive_entry *entry;
	la_int64_t offset;
	size_t n = 0;
	int rc;

	if (l->ended)
		return 0;
	if (!l->entered) {
		rc = archive_read_next_header(l->packed, &entry);
		if (rc == ARCHIVE_EOF) {
			l->ended = true;
			return 0;
		}
		if (rc != ARCHIVE_OK)
			return stop(l, a, ERR_PARSE, "E-OCI-052",
			            "the layer cannot be decompressed");
		l->entered = true;
	}
	rc = archive_read_data_block(l->packed, ret, &n, &offset);
	if (rc == ARCHIVE_EOF) {
		l->ended = true;
		return 0;
	}
	if (rc != ARCHIVE_OK)
		return stop(l, a, ERR_PARSE, "E-OCI-052", "the layer cannot be decompressed");
	l->bytes_out += n;
	if (l->bytes_out > l->max_out)
		return stop(l, a, ERR_LIMIT, "E-OCI-053", "the image is larger than allowed");
	hasher_add(l->inside, bytes_of(*ret, n));
	return (la_ssize_t)n;
}

static int
set_filter(struct archive *a, enum layer_kind kind)
{
	switch (kind) {
	case LAYER_GZIP:
		return archive_read_support_filter_gzip(a);
	case LAYER_ZSTD:
		return archive_read_support_filter_zstd(a);
	case LAYER_TAR:
		return ARCHIVE_OK;
	}
	return ARCHIVE_FATAL;
}

static status
no_library(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "E-OCI-056", "libarchive lacks what layers need");
}

static status
open_archives(struct layer *l, struct err *err)
{
	l->packed = archive_read_new();
	l->tar = archive_read_new();
	if (!l->packed || !l->tar)
		return no_library(err);
	/* ARCHIVE_WARN would mean an external program: never for a stranger's bytes. */
	if (set_filter(l->packed, l->descriptor->kind) != ARCHIVE_OK ||
	    archive_read_support_format_raw(l->packed) != ARCHIVE_OK ||
	    archive_read_support_format_empty(l->packed) != ARCHIVE_OK ||
	    archive_read_support_format_tar(l->tar) != ARCHIVE_OK ||
	    archive_read_support_format_empty(l->tar) != ARCHIVE_OK)
		return no_library(err);
	if (archive_read_open(l->packed, l, NULL, read_packed, NULL) != ARCHIVE_OK ||
	    archive_read_open(l->tar, l, NULL, read_tar, NULL) != ARCHIVE_OK)
		return layer_fault(l, err);
	return OK;
}

status
layer_open(struct layer *l, int fd, const struct descriptor *d, const struct hash256 *diff_id,
           uint64_t max_out, struct err *err)
{
	status s;

	mem_zero(l, sizeof *l);
	l->fd = fd;
	l->descriptor = d;
	l->diff_id = *diff_id;
	l->max_out = max_out;
	l->outside = hasher_new(HASH_SHA256);
	l->inside = hasher_new(HASH_SHA256);
	/* File names in pax headers are UTF-8; in the C locale libarchive would mangle them. */
	l->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (l->utf8)
		l->before = uselocale(l->utf8);
	s = open_archives(l, err);
	if (!is_ok(s))
		layer_done(l);
	return s;
}

status
layer_fault(struct layer *l, struct err *err)
{
	const char *words = archive_error_string(l->tar);

	if (l->fault.cls != ERR_OK) {
		if (err)
			*err = l->fault;
		return (status){l->fault.cls};
	}
	return err_set(err, ERR_PARSE, "E-OCI-052", "the layer is not a valid tar archive: %s",
	               show_text(bytes_str(words ? words : "unknown")).text);
}

status
layer_next(struct layer *l, struct archive_entry **ret, struct err *err)
{
	int rc = archive_read_next_header(l->tar, ret);

	if (rc == ARCHIVE_EOF && l->fault.cls == ERR_OK) {
		*ret = NULL;
		return OK;
	}
	/* A warning is a detail of the header that we do not use. */
	if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
		return layer_fault(l, err);
	return l->fault.cls == ERR_OK ? OK : layer_fault(l, err);
}

/* What follows the end mark of the tar, and then of the compressed stream. */
static status
drain(struct layer *l, struct err *err)
{
	const void *p;
	la_ssize_t n;

	do
		n = read_tar(l->tar, l, &p);
	while (n > 0);
	if (n < 0)
		return layer_fault(l, err);
	do
		n = read_packed(l->packed, l, &p);
	while (n > 0);
	return n < 0 ? layer_fault(l, err) : OK;
}

status
layer_finish(struct layer *l, struct err *err)
{
	char want[72], have[72];
	struct hash256 got;

	TRY(drain(l, err));
	if (l->bytes_in != l->descriptor->size)
		return err_set(err, ERR_REJECTED, "E-OCI-033",
		               "the layer has %llu bytes, the manifest says %llu",
		               (unsigned long long)l->bytes_in,
		               (unsigned long long)l->descriptor->size);
	hasher_final(l->outside, got.b);
	if (!hash256_equal(&got, &l->descriptor->digest))
		return err_set(err, ERR_REJECTED, "E-OCI-032",
		               "the digest of a layer differs: expected %s, got %s",
		               digest_cstr(&l->descriptor->digest, want), digest_cstr(&got, have));
	hasher_final(l->inside, got.b);
	if (!hash256_equal(&got, &l->diff_id))
		return err_set(err, ERR_REJECTED, "E-OCI-050",
		               "the contents of a layer differ: expected diff_id %s, got %s",
		               digest_cstr(&l->diff_id, want), digest_cstr(&got, have));
	return OK;
}

void
layer_done(struct layer *l)
{
	if (l->tar)
		archive_read_free(l->tar);
	if (l->packed)
		archive_read_free(l->packed);
	l->tar = l->packed = NULL;
	if (l->utf8) {
		uselocale(l->before);
		freelocale(l->utf8);
		l->utf8 = (locale_t)0;
	}
	hasher_free(l->outside);
	hasher_free(l->inside);
	l->outside = l->inside = NULL;
}

/* ---- paths ---- */

static status
bad_path(const char *raw, struct err *err, const char *what)
{
	return err_set(err, ERR_REJECTED, "E-OCI-051", "the layer has the path \"%s\": %s",
	               show_text(bytes_str(raw)).text, what);
}

status
layer_path(const char *raw, char to[LAYER_PATH_MAX + 1], struct err *err)
{
	struct bytes rest = bytes_str(raw);
	unsigned int depth = 0;
	size_t n = 0;

	to[0] = '\0';
	if (!raw)
		return bad_path("", err, "not text");
	while (rest.n > 0) {
		size_t slash = MIN(bytes_find_byte(rest, '/', 0), rest.n);
		struct bytes part = bytes_sub(rest, 0, slash);

		rest = bytes_sub(rest, slash + 1, rest.n);
		if (part.n == 0 || bytes_is(part, "."))
			continue;
		if (bytes_is(part, ".."))
			return bad_path(raw, err, "it may leave the root");
		if (part.n > 255 || ++depth > LAYER_DEPTH_MAX || n + part.n + 1 > LAYER_PATH_MAX)
			return err_set(err, ERR_LIMIT, "E-OCI-053",
			               "the layer has a path that is too long or too deep");
		if (n > 0)
			to[n++] = '/';
		mem_copy(to + n, part.p, part.n);
		n += part.n;
		to[n] = '\0';
	}
	return OK;
}
