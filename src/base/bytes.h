/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytes.h: a borrowed slice of memory. Text is a slice too: nothing inside
 * the programs is NUL-terminated. A slice never owns; whoever holds the
 * storage says how long it lives.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include "base/base.h"

struct bytes {
	const uint8_t *p;
	size_t n;
};

/* A slice of a string literal, without its NUL. */
#define BYTES(lit) ((struct bytes){(const uint8_t *)("" lit), sizeof(lit) - 1})

/* For printf: "%.*s" with BYTES_ARG(b). The caller escapes untrusted text. */
#define BYTES_ARG(b)                                                                               \
	(int)((b).n > INT32_MAX ? INT32_MAX : (b).n), ((b).p ? (const char *)(b).p : "")

static inline struct bytes
bytes_of(const void *p, size_t n)
{
	return (struct bytes){(const uint8_t *)p, n};
}

/* A slice of a NUL-terminated string; NULL gives the empty slice. */
struct bytes bytes_str(const char *s);

/* Equality of public data. Secrets use ct_equal(). */
static inline bool
bytes_equal(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || __builtin_memcmp(a.p, b.p, a.n) == 0);
}

/* As memcmp, the shorter first when one is a prefix of the other. */
int bytes_cmp(struct bytes a, struct bytes b);

/* Comparison with a literal or C string. */
bool bytes_is(struct bytes a, const char *s);

bool bytes_starts(struct bytes a, struct bytes prefix);
bool bytes_ends(struct bytes a, struct bytes suffix);

/* First index of the byte, or of the slice, at or after `from`; SIZE_MAX if none. */
size_t bytes_find_byte(struct bytes a, uint8_t c, size_t from);
size_t bytes_find(struct bytes a, struct bytes what, size_t from);

/* [from, to) clamped to the slice. */
struct bytes bytes_sub(struct bytes a, size_t from, size_t to);

/* Without ASCII white space at both ends. */
struct bytes bytes_trim(struct bytes a);

/*
 * Equality in constant time for equal lengths; lengths are public. For
 * secrets, MACs and REPORTDATA.
 */
bool ct_equal(struct bytes a, struct bytes b);

bool bytes_all_zero(struct bytes a);

#endif
