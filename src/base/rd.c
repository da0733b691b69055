/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rd.h"

struct bytes
rd_bytes(struct rd *r, size_t n)
{
	struct bytes out = {NULL, 0};

	if (r->failed || (size_t)(r->end - r->p) < n) {
		r->failed = true;
		return out;
	}
	out = bytes_of(r->p, n);
	r->p += n;
	return out;
}

static uint64_t
read_be(struct rd *r, size_t n)
{
	struct bytes b = rd_bytes(r, n);
	uint64_t v = 0;

	for (size_t i = 0; i < b.n; i++)
		v = v << 8 | b.p[i];
	return v;
}

static uint64_t
read_le(struct rd *r, size_t n)
{
	struct bytes b = rd_bytes(r, n);
	uint64_t v = 0;

	for (size_t i = b.n; i > 0; i--)
		v = v << 8 | b.p[i - 1];
	return v;
}

uint8_t
rd_u8(struct rd *r)
{
	return (uint8_t)read_be(r, 1);
}

uint16_t
rd_le16(struct rd *r)
{
	return (uint16_t)read_le(r, 2);
}

uint32_t
rd_le32(struct rd *r)
{
	return (uint32_t)read_le(r, 4);
}

uint64_t
rd_le64(struct rd *r)
{
	return read_le(r, 8);
}

uint16_t
rd_be16(struct rd *r)
{
	return (uint16_t)read_be(r, 2);
}

uint32_t
rd_be32(struct rd *r)
{
	return (uint32_t)read_be(r, 4);
}

uint64_t
rd_be64(struct rd *r)
{
	return read_be(r, 8);
}

void
rd_copy(struct rd *r, void *to, size_t n)
{
	struct bytes b = rd_bytes(r, n);

	if (b.n == n)
		mem_copy(to, b.p, n);
	else
		mem_zero(to, n);
}

void
rd_skip(struct rd *r, size_t n)
{
	(void)rd_bytes(r, n);
}

struct rd
rd_sub(struct rd *r, size_t n)
{
	struct bytes b = rd_bytes(r, n);
	struct rd sub = rd_init(b);

	sub.failed = r->failed;
	return sub;
}
