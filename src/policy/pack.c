/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/initdata.h"

#include "base/text.h"

#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16 };

static status
compress_all(struct bytes document, struct buf *out, struct err *err)
{
	z_stream z = {0};
	/* No name, no time, an operating system that does not vary: the same bytes anywhere. */
	gz_header header = {.os = 255};
	int rc;

	if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 9, Z_DEFAULT_STRATEGY) !=
	    Z_OK)
		return err_set(err, ERR_INTERNAL, "E-POLICY-006", "cannot start the compressor");
	(void)deflateSetHeader(&z, &header);
	if (!buf_reserve(out, deflateBound(&z, document.n))) {
		deflateEnd(&z);
		return buf_check(out, err);
	}
	z.next_in = (Bytef *)(uintptr_t)document.p;
	z.avail_in = (uInt)document.n;
	z.next_out = out->p + out->n;
	z.avail_out = (uInt)(out->cap - out->n);
	rc = deflate(&z, Z_FINISH);
	out->n += (size_t)z.total_out;
	deflateEnd(&z);
	if (rc != Z_STREAM_END)
		return err_set(err, ERR_INTERNAL, "E-POLICY-006", "the compressor failed");
	return OK;
}

status
initdata_pack(struct bytes document, struct buf *out, struct err *err)
{
	CLEANUP(buf_done) struct buf packed = {0};

	if (document.n > INITDATA_MAX_BYTES)
		return err_set(err, ERR_LIMIT, "E-POLICY-005", "the policy is larger than %d bytes",
		               INITDATA_MAX_BYTES);
	TRY(compress_all(document, &packed, err));
	if (packed.n > INITDATA_MAX_ANNOTATION / 4 * 3)
		return err_set(err, ERR_LIMIT, "E-POLICY-007",
		               "the packed policy has %zu bytes, more than an annotation may have",
		               packed.n);
	base64_encode(BASE64_STD, buf_view(&packed), out);
	return buf_check(out, err);
}

static status
damaged(struct err *err)
{
	return err_set(err, ERR_PARSE, "E-POLICY-004",
	               "the initdata annotation is not base64 of one gzip member");
}

/* One member, nothing behind it. */
static status
inflate_all(struct bytes packed, struct buf *out, struct err *err)
{
	z_stream z = {0};
	size_t before = out->n;
	int rc = Z_OK;

	if (packed.n > INITDATA_MAX_PACKED)
		return err_set(err, ERR_LIMIT, "E-POLICY-005",
		               "the initdata annotation is larger than %d bytes",
		               INITDATA_MAX_PACKED);
	if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		return err_set(err, ERR_INTERNAL, "E-POLICY-006", "cannot start the decompressor");
	z.next_in = (Bytef *)(uintptr_t)packed.p;
	z.avail_in = (uInt)packed.n;
	while (rc == Z_OK && out->n - before <= INITDATA_MAX_BYTES) {
		size_t room;

		if (!buf_reserve(out, 64 * 1024))
			break;
		room = MIN(out->cap - out->n, (size_t)1024 * 1024);
		z.next_out = out->p + out->n;
		z.avail_out = (uInt)room;
		rc = inflate(&z, Z_NO_FLUSH);
		out->n += room - z.avail_out;
	}
	inflateEnd(&z);
	TRY(buf_check(out, err));
	if (out->n - before > INITDATA_MAX_BYTES)
		return err_set(err, ERR_LIMIT, "E-POLICY-005",
		               "the initdata annotation unpacks to more than %d bytes",
		               INITDATA_MAX_BYTES);
	return rc == Z_STREAM_END && z.avail_in == 0 ? OK : damaged(err);
}

status
initdata_inflate(struct bytes packed, struct buf *out, struct err *err)
{
	size_t before = out->n;
	status s = inflate_all(packed, out, err);

	if (!is_ok(s))
		out->n = before;
	return s;
}

status
initdata_unpack(struct bytes annotation, struct buf *out, struct err *err)
{
	CLEANUP(buf_done) struct buf packed = {0};

	if (annotation.n > (size_t)INITDATA_MAX_PACKED / 3 * 4)
		return err_set(err, ERR_LIMIT, "E-POLICY-005",
		               "the initdata annotation is larger than %d bytes",
		               INITDATA_MAX_PACKED);
	if (!base64_decode(BASE64_STD, annotation, &packed))
		return damaged(err);
	return initdata_inflate(buf_view(&packed), out, err);
}
