/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value.h: one JSON for API bodies, manifests and Rego. A value is 16 bytes
 * and borrows: strings point into the parsed text or an arena, containers into
 * an arena. Order of the types is Rego's total order; sets and undefined occur
 * in Rego only.
 */
#ifndef JSON_VALUE_H
#define JSON_VALUE_H

#include "base/arena.h"
#include "base/buf.h"

enum value_type {
	VALUE_UNDEFINED = 0,
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_NUMBER,
	VALUE_STRING,
	VALUE_ARRAY,
	VALUE_OBJECT,
	VALUE_SET,
};

enum {
	VALUE_INT = 1,   /* NUMBER: u.i holds it; else u.s is its exact decimal text */
	VALUE_BUILT = 2, /* ARRAY, OBJECT: made by json_add/json_put, may grow in place */
};

struct member;

struct value {
	uint8_t type; /* enum value_type */
	uint8_t flags;
	uint16_t spare;
	uint32_t n; /* bytes of a string or number text, items, members */
	union {
		bool b;
		int64_t i;
		const uint8_t *s;
		const struct value *items;
		const struct member *members;
	} u;
};

struct member {
	struct value key; /* a string in JSON, any value in Rego */
	struct value val;
};

/* ---- reading ---- */

static inline bool
json_is(const struct value *v, enum value_type t)
{
	return v && v->type == t;
}

/* Text of a string (or of a number that is not VALUE_INT); empty slice otherwise. */
static inline struct bytes
json_text(const struct value *v)
{
	bool has = v && (v->type == VALUE_STRING ||
	                 (v->type == VALUE_NUMBER && !(v->flags & VALUE_INT)));

	return has ? bytes_of(v->u.s, v->n) : (struct bytes){NULL, 0};
}

/* Member of an object, or NULL when v is no object or has none of that name. */
const struct value *json_get(const struct value *v, const char *name);
const struct value *json_get_bytes(const struct value *v, struct bytes name);

/* Item of an array, or NULL. */
const struct value *json_item(const struct value *v, size_t i);

/* Non-negative integer up to max; false if v is something else. */
bool json_u64(const struct value *v, uint64_t max, uint64_t *ret);

/* "null", "boolean", "number", "string", "array", "object". */
const char *json_type_name(enum value_type t);

/*
 * Strict decoding of an object whose members are all known. Unknown members,
 * wrong types and absent required members are errors that name the member:
 * ERR_PARSE E-JSON-020..022, place ".name".
 */
struct json_field {
	const char *name;
	enum value_type type;
	bool required;
	const struct value **ret; /* NULL when absent */
};
status json_fields(const struct value *v, const struct json_field *fields, size_t n,
                   struct err *err);

/* ---- parsing ---- */

enum {
	JSON_MAX_DEPTH = 128,
};

/*
 * A fixed set of strings, so that equal member names of different texts share
 * one address: open addressing, `mask` + 1 slots, at most half of them in use.
 */
struct json_name {
	const uint8_t *p; /* NULL = free */
	uint32_t n, hash;
	uint32_t rank; /* 1 + its place in the order of all names */
};
struct json_names {
	const struct json_name *slots;
	uint32_t mask;
};
uint32_t json_name_hash(struct bytes text);
/* The set's own copy, or NULL. */
const struct json_name *json_names_find(const struct json_names *names, struct bytes text);

/* Value flag of parses with `names`: of a member name, it is the set's own copy (and `spare` its
 * rank, if that fits); of an object, that holds for each of its names that the set has. */
enum { VALUE_INTERNED = 4 };

struct json_limits {
	uint32_t depth; /* 0 = JSON_MAX_DEPTH */
	size_t bytes;   /* 0 = 64 MiB of text */
};

/*
 * Parse exactly one RFC 8259 text; white space around it is fine, a BOM is
 * not. Duplicate member names, invalid UTF-8, lone surrogates and anything
 * beyond the limits are errors with line:col as place. Strings without escapes
 * borrow from `text`, so it must live as long as the value; the rest is in
 * `arena`. Members keep their order.
 * ERR_PARSE E-JSON-001.., ERR_LIMIT E-JSON-010...
 */
status json_parse(struct arena *arena, struct bytes text, const struct json_limits *limits,
                  struct value *ret, struct err *err);

/* The same, but members of one name are kept, in order: what lax decoders of others accept. */
status json_parse_duplicates(struct arena *arena, struct bytes text, struct value *ret,
                             struct err *err);

/*
 * The same for Rego: members sorted by the bytes of their names, and those in
 * `names` (may be NULL) by their address there, see VALUE_INTERNED.
 */
status json_parse_sorted(struct arena *arena, struct bytes text, const struct json_limits *limits,
                         const struct json_names *names, struct value *ret, struct err *err);

/* ---- building ---- (all storage in the arena; names and texts are borrowed) */

static inline struct value
json_null(void)
{
	return (struct value){.type = VALUE_NULL};
}

static inline struct value
json_bool(bool b)
{
	return (struct value){.type = VALUE_BOOL, .u.b = b};
}

static inline struct value
json_int(int64_t i)
{
	return (struct value){.type = VALUE_NUMBER, .flags = VALUE_INT, .u.i = i};
}

static inline struct value
json_string(struct bytes text)
{
	return (struct value){.type = VALUE_STRING, .n = (uint32_t)text.n, .u.s = text.p};
}

struct value json_cstr(const char *text); /* borrowed */
struct value json_array(void);
struct value json_object(void);
/* Text forms of bytes, stored in the arena. */
struct value json_hex(struct arena *a, struct bytes b);
struct value json_base64(struct arena *a, struct bytes b);
struct value json_time(struct arena *a, int64_t t); /* RFC 3339 */
/* Copies the text to the arena. */
struct value json_copy_string(struct arena *a, struct bytes text);

/* Append; out of memory latches in the arena. Does not look for duplicate names. */
void json_add(struct arena *a, struct value *array, struct value item);
void json_put(struct arena *a, struct value *object, const char *name, struct value val);
void json_put_bytes(struct arena *a, struct value *object, struct bytes name, struct value val);

/* ---- writing ---- */

enum {
	JSON_COMPACT = 0,
	JSON_INDENT = 1, /* two spaces, "key": value, no newline at the end */
	JSON_SORT = 2,   /* members by bytes of their names: canonical form with JSON_COMPACT */
};

/* Escapes only what RFC 8259 demands. Sets are written as arrays. */
void json_write(const struct value *v, unsigned int style, struct buf *out);
void json_write_string(struct bytes text, struct buf *out);

#endif
