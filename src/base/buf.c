/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
buf_done(struct buf *b)
{
	mem_wipe(b->p, b->cap);
	mem_free(b->p);
	*b = (struct buf){.max = b->max};
}

void
buf_reset(struct buf *b)
{
	mem_wipe(b->p, b->n);
	b->n = 0;
	b->failed = false;
}

/* A fresh block instead of realloc, so that the old one can be wiped. */
static bool
grow_to(struct buf *b, size_t cap)
{
	uint8_t *p = mem_try_alloc(cap);

	if (!p)
		return false;
	mem_copy(p, b->p, b->n);
	mem_wipe(b->p, b->cap);
	mem_free(b->p);
	b->p = p;
	b->cap = cap;
	return true;
}

bool
buf_reserve(struct buf *b, size_t n)
{
	size_t max = b->max ? b->max : BUF_DEFAULT_MAX;
	size_t want, cap;

	if (b->failed)
		return false;
	if (b->cap - b->n >= n && b->n + n <= max)
		return true;
	if (!add_ok(b->n, n, &want) || want > max) {
		b->failed = true;
		return false;
	}
	cap = b->cap ? b->cap : 64;
	while (cap < want)
		cap *= 2;
	if (!grow_to(b, MIN(cap, max)))
		b->failed = true;
	return !b->failed;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	/* An empty buffer has no storage to point into. */
	if (n == 0 || !buf_reserve(b, n))
		return;
	mem_copy(b->p + b->n, p, n);
	b->n += n;
}

void
buf_bytes(struct buf *b, struct bytes s)
{
	buf_add(b, s.p, s.n);
}

void
buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_u8(struct buf *b, uint8_t v)
{
	buf_add(b, &v, 1);
}

static void
add_be(struct buf *b, uint64_t v, size_t n)
{
	uint8_t raw[8];

	for (size_t i = 0; i < n; i++)
		raw[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
	buf_add(b, raw, n);
}

static void
add_le(struct buf *b, uint64_t v, size_t n)
{
	uint8_t raw[8];

	for (size_t i = 0; i < n; i++)
		raw[i] = (uint8_t)(v >> (8 * i));
	buf_add(b, raw, n);
}

void
buf_be16(struct buf *b, uint16_t v)
{
	add_be(b, v, 2);
}

void
buf_be32(struct buf *b, uint32_t v)
{
	add_be(b, v, 4);
}

void
buf_be64(struct buf *b, uint64_t v)
{
	add_be(b, v, 8);
}

void
buf_le16(struct buf *b, uint16_t v)
{
	add_le(b, v, 2);
}

void
buf_le32(struct buf *b, uint32_t v)
{
	add_le(b, v, 4);
}

void
buf_le64(struct buf *b, uint64_t v)
{
	add_le(b, v, 8);
}

void
buf_zeros(struct buf *b, size_t n)
{
	if (!buf_reserve(b, n))
		return;
	mem_zero(b->p + b->n, n);
	b->n += n;
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	/* One byte more for the NUL that vsnprintf insists on. */
	if (n < 0 || !buf_reserve(b, (size_t)n + 1)) {
		b->failed = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf((char *)b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

status
buf_check(const struct buf *b, struct err *err)
{
	if (b->failed)
		return err_set(err, ERR_LIMIT, "E-BASE-001",
		               "more than %zu bytes, or out of memory",
		               b->max ? b->max : (size_t)BUF_DEFAULT_MAX);
	return OK;
}

const char *
buf_cstr(struct buf *b)
{
	if (!buf_reserve(b, 1))
		return "";
	b->p[b->n] = '\0';
	return (const char *)b->p;
}
