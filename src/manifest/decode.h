/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode.h: JSON objects into structs by a table of members. Every fault is
 * noted with its path and decoding goes on, so that the user sees all at once.
 */
#ifndef MANIFEST_DECODE_H
#define MANIFEST_DECODE_H

#include "manifest/manifest.h"
#include "json/value.h"

enum { DECODE_PATH = 400 };

struct decode {
	struct manifest *m;
	struct faults *faults;
};

struct decode_rule;
typedef void decode_fn(struct decode *d, const char *path, const struct value *v,
                       const struct decode_rule *rule, void *target);

/* One member: where its value goes. `has`: offset of a bool that is set when it is there. */
struct decode_rule {
	const char *name;
	decode_fn *fn;
	size_t at;
	size_t has; /* SIZE_MAX: none */
};

#define RULE(type, name, fn, field)                                                                \
	{                                                                                          \
		name, fn, offsetof(type, field), SIZE_MAX                                          \
	}
#define RULE_HAS(type, name, fn, field, flag)                                                      \
	{                                                                                          \
		name, fn, offsetof(type, field), offsetof(type, flag)                              \
	}

/* path + "." + name, the name escaped for terminals and cut. */
void decode_member_path(char *to, const char *path, struct bytes name);

/* null is nothing: the member counts as absent. */
void decode_object(struct decode *d, const char *path, const struct value *v,
                   const struct decode_rule *rules, size_t n, void *target);

/* Array or null; the number of items, 0 with a fault for anything else or beyond max. */
size_t decode_array(struct decode *d, const char *path, const struct value *v, size_t max);

/* Exactly n bytes of hex into to; a fault otherwise. "" counts as absent: false without a fault. */
bool decode_hex(struct decode *d, const char *path, const struct value *v, void *to, size_t n);

decode_fn decode_text, decode_bool, decode_u8, decode_optional_u8, decode_u32, decode_u64,
        decode_hash256, decode_hash384;

#endif
