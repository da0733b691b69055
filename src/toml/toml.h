/* SPDX-License-Identifier: Apache-2.0 */
/*
 * toml.h: the subset of TOML 1.0 that initdata documents use: string values,
 * bare or quoted keys, tables with plain names, comments. Numbers, dates,
 * arrays, dotted keys and inline tables are refused with their line. A policy
 * hash is over the exact bytes, so nothing is ever parsed and written again.
 */
#ifndef TOML_TOML_H
#define TOML_TOML_H

#include "base/arena.h"
#include "base/buf.h"

enum {
	TOML_MAX_BYTES = 16 * 1024 * 1024,
	TOML_MAX_ENTRIES = 256,
};

struct toml_entry {
	struct bytes table; /* empty: before the first header */
	struct bytes key;
	struct bytes value;
	uint32_t line; /* from 1 */
};

struct toml {
	struct toml_entry *entries; /* in the order of the text */
	size_t n;
};

/*
 * Slices borrow from `text` where nothing is escaped, the rest is in the
 * arena. Duplicate keys and tables are errors. Place: line:col.
 * ERR_PARSE E-TOML-001..006, ERR_UNSUPPORTED E-TOML-007, ERR_LIMIT E-TOML-010, -011.
 */
status toml_parse(struct arena *arena, struct bytes text, struct toml *ret, struct err *err);

/* The value, or NULL. */
const struct toml_entry *toml_get(const struct toml *t, const char *table, const char *key);

/* `key = value` and a line break; quotes the key when it must, long texts become literal blocks. */
void toml_write(struct bytes key, struct bytes value, struct buf *out);

#endif
