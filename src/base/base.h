/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base.h: the few attributes and macros that every file may use, and the
 * allocator of small, fixed objects.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))
/* The same on a struct: no function may have a result of this type ignored. */
#ifdef __clang__
#define MUST_USE_TYPE __attribute__((warn_unused_result))
#else
#define MUST_USE_TYPE [[nodiscard]]
#endif
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define NONNULL __attribute__((nonnull))
#define NORETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))
#define FALLTHROUGH __attribute__((fallthrough))

/* A variable that is written before it is read and too large to be zeroed each time. */
#define WRITTEN_FIRST __attribute__((uninitialized))

/* Calls fn(&variable) when the variable leaves its scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Arithmetic on numbers from outside: false on overflow, *ret untouched then. */
#define add_ok(a, b, ret) (!__builtin_add_overflow((a), (b), (ret)))
#define mul_ok(a, b, ret) (!__builtin_mul_overflow((a), (b), (ret)))

/*
 * Heap for objects whose size no outsider influences. Zeroed; aborts with a
 * message when the machine is out of memory. Release with mem_free(), which
 * accepts NULL. Sizes that come from outside belong in an arena or a buf.
 */
void *mem_alloc(size_t size) MUST_USE __attribute__((malloc));
void mem_free(void *p);
#define mem_new(type) ((type *)mem_alloc(sizeof(type)))

/*
 * Heap for sizes under outside influence: NULL when there is none. `mem_grow`
 * keeps the contents (NULL p = fresh); on NULL the old block stays valid.
 */
void *mem_try_alloc(size_t size) MUST_USE;
void *mem_grow(void *p, size_t size) MUST_USE;

/*
 * Fault injection for tests: the n-th mem_try_alloc/mem_grow from now fails,
 * and every later one too; 0 switches it off. Per process.
 */
void mem_fail_after(uint64_t n);

/*
 * Copy, move, fill: the only way to raw memory outside base. n == 0 accepts
 * NULL pointers.
 */
static inline void
mem_copy(void *restrict to, const void *restrict from, size_t n)
{
	if (n > 0)
		__builtin_memcpy(to, from, n);
}

static inline void
mem_move(void *to, const void *from, size_t n)
{
	if (n > 0)
		__builtin_memmove(to, from, n);
}

static inline void
mem_zero(void *p, size_t n)
{
	if (n > 0)
		__builtin_memset(p, 0, n);
}

/* Zeroing that the compiler may not drop; for everything that was secret. */
void mem_wipe(void *p, size_t n);

#endif
