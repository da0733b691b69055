/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>

enum {
	ARENA_ALIGN = 16,
	ARENA_FIRST = 8 * 1024,
	ARENA_CHUNK_MAX = 1024 * 1024,
	ARENA_DEFAULT_CAP = 64 * 1024 * 1024,
};

struct arena_chunk {
	struct arena_chunk *below;
	size_t size; /* of the whole block, this header included */
	_Alignas(ARENA_ALIGN) uint8_t data[];
};

void
arena_init(struct arena *a, size_t cap)
{
	*a = (struct arena){.cap = cap};
}

static void
pop_chunk(struct arena *a)
{
	struct arena_chunk *c = a->top;

	a->top = c->below;
	a->used -= c->size;
	if (a->wipe)
		mem_wipe(c, c->size);
	mem_free(c);
}

void
arena_done(struct arena *a)
{
	while (a->top)
		pop_chunk(a);
	*a = (struct arena){.cap = a->cap, .wipe = a->wipe};
}

static void
point_at_top(struct arena *a)
{
	a->next = a->top ? a->top->data : NULL;
	a->limit = a->top ? (uint8_t *)a->top + a->top->size : NULL;
}

void
arena_reset(struct arena *a)
{
	while (a->top && a->top->below)
		pop_chunk(a);
	if (a->top && a->wipe)
		mem_wipe(a->top->data, a->top->size - sizeof *a->top);
	point_at_top(a);
	a->failed = false;
}

/* Chunks double up to 1 MiB, so small arenas stay small and big ones few-chunked. */
static bool
push_chunk(struct arena *a, size_t n)
{
	size_t cap = a->cap ? a->cap : ARENA_DEFAULT_CAP;
	size_t size = a->top ? MIN(a->top->size * 2, (size_t)ARENA_CHUNK_MAX) : ARENA_FIRST;
	size_t need;
	struct arena_chunk *c;

	if (!add_ok(n, sizeof *c + ARENA_ALIGN, &need))
		return false;
	size = MAX(size, need);
	if (size > cap - MIN(a->used, cap))
		size = need; /* the last, exactly fitting one */
	if (size > cap - MIN(a->used, cap))
		return false;
	c = mem_try_alloc(size);
	if (!c)
		return false;
	c->below = a->top;
	c->size = size;
	a->top = c;
	a->used += size;
	point_at_top(a);
	return true;
}

static uint8_t *
align_up(uint8_t *p, size_t align)
{
	size_t off = (size_t)((uintptr_t)p & (align - 1));

	return off ? p + (align - off) : p;
}

void *
arena_raw(struct arena *a, size_t n, size_t align)
{
	uint8_t *p;

	if (a->failed)
		return NULL;
	p = align_up(a->next, align);
	if (!a->next || p > a->limit || (size_t)(a->limit - p) < n) {
		if (!push_chunk(a, n)) {
			a->failed = true;
			return NULL;
		}
		p = align_up(a->next, align);
	}
	a->next = p + n;
	return p;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	void *p = arena_raw(a, n, ARENA_ALIGN);

	if (p)
		mem_zero(p, n);
	return p;
}

void *
arena_array(struct arena *a, size_t n, size_t size)
{
	size_t total;

	if (!mul_ok(n, size, &total)) {
		a->failed = true;
		return NULL;
	}
	return arena_alloc(a, total);
}

bool
arena_extend(struct arena *a, const void *p, size_t old, size_t size)
{
	const uint8_t *block = p;

	if (a->failed || !p || size < old || block + old != a->next ||
	    (size_t)(a->limit - a->next) < size - old)
		return false;
	a->next += size - old;
	return true;
}

struct bytes
arena_copy(struct arena *a, struct bytes b)
{
	uint8_t *p;

	if (b.n == SIZE_MAX || !(p = arena_raw(a, b.n + 1, 1))) {
		a->failed = true;
		return (struct bytes){NULL, 0};
	}
	mem_copy(p, b.p, b.n);
	p[b.n] = '\0';
	return bytes_of(p, b.n);
}

struct bytes
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	uint8_t *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !(p = arena_raw(a, (size_t)n + 1, 1))) {
		a->failed = true;
		return (struct bytes){NULL, 0};
	}
	va_start(ap, fmt);
	vsnprintf((char *)p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return bytes_of(p, (size_t)n);
}

struct arena_mark
arena_mark(const struct arena *a)
{
	return (struct arena_mark){a->top, a->next};
}

void
arena_release(struct arena *a, struct arena_mark m)
{
	while (a->top != m.top)
		pop_chunk(a);
	point_at_top(a);
	if (m.next)
		a->next = m.next;
}

status
arena_check(const struct arena *a, struct err *err)
{
	if (a->failed)
		return err_set(err, ERR_LIMIT, "E-BASE-002",
		               "needs more than %zu bytes of working memory",
		               a->cap ? a->cap : (size_t)ARENA_DEFAULT_CAP);
	return OK;
}
