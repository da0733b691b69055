/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/der.h"

/* DER length: short form below 128, else the fewest bytes (X.690 section 10.1). */
static size_t
take_length(struct rd *r)
{
	uint8_t first = rd_u8(r);
	size_t n = 0;

	if (first < 0x80)
		return first;
	if (first == 0x81) {
		n = rd_u8(r);
		r->failed |= n < 0x80;
	} else if (first == 0x82) {
		n = rd_be16(r);
		r->failed |= n < 0x100;
	} else if (first == 0x83) {
		n = (size_t)rd_u8(r) << 16;
		n |= rd_be16(r);
		r->failed |= n < 0x10000;
	} else {
		r->failed = true; /* indefinite, or beyond what any of our inputs may have */
	}
	return n;
}

struct bytes
der_next(struct rd *r, uint8_t *tag)
{
	*tag = rd_u8(r);
	r->failed |= (*tag & 0x1f) == 0x1f; /* multi-byte tags do not occur */
	return rd_bytes(r, take_length(r));
}

struct bytes
der_take(struct rd *r, enum der_tag tag)
{
	uint8_t got;
	struct bytes b = der_next(r, &got);

	if (got != tag)
		r->failed = true;
	return r->failed ? (struct bytes){NULL, 0} : b;
}

bool
der_number_value(struct bytes c, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	/* Negative, and a leading zero that is not needed (X.690 section 8.3.2). */
	if (c.n == 0 || c.n > 9 || (c.p[0] & 0x80) ||
	    (c.n > 1 && c.p[0] == 0 && !(c.p[1] & 0x80)) || (c.n == 9 && c.p[0] != 0))
		return false;
	for (size_t i = 0; i < c.n; i++)
		v = v << 8 | c.p[i];
	if (v > max)
		return false;
	*ret = v;
	return true;
}

bool
der_number(struct bytes b, enum der_tag tag, uint64_t max, uint64_t *ret)
{
	struct rd r = rd_init(b);
	struct bytes c = der_take(&r, tag);

	return rd_done(&r) && der_number_value(c, max, ret);
}
