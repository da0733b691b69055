/* SPDX-License-Identifier: Apache-2.0 */
/* members.h: members of one object as the parser meets them, in order and without twins. */
#ifndef JSON_MEMBERS_H
#define JSON_MEMBERS_H

#include "json/value.h"

enum members_found {
	MEMBERS_DIFFER,
	MEMBERS_TWICE,     /* a name occurs twice */
	MEMBERS_NO_MEMORY, /* to find out */
};

/* Members keep their order. */
enum members_found members_distinct(const struct member *m, size_t n);

/*
 * `to` (room for n, not overlapping) gets them sorted by the bytes of their names; `from` may be
 * left in any order. Names of a struct json_names are compared by their rank in it.
 */
enum members_found members_sort(struct member *from, size_t n, struct member *to);

#endif
