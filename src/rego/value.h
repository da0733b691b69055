/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value.h: Rego's values: those of json/value.h with sets, a total order and
 * exact arithmetic.
 *
 * Invariant of every value that the engine or a builtin hands on ("frozen"):
 * members of an object and items of a set are sorted by value_cmp() and
 * unique. Lookup is a binary search, equality a walk, union a merge, output
 * the same on every run, and no hash can be attacked. Nothing frozen is ever
 * changed, so values are shared without copying.
 *
 * Storage is borrowed: from an arena, the policy's constants, or the input.
 */
#ifndef REGO_VALUE_H
#define REGO_VALUE_H

#include <gmp.h>

#include "json/value.h"

/* ---- order and lookup ---- */

/*
 * Rego's total order: null < bool < number < string < array < object < set;
 * false < true; numbers by exact value (1 == 1.0), strings by bytes, arrays
 * item by item (a prefix is smaller), objects by their sorted keys and values in
 * turn, sets item by item. Undefined is smaller than everything.
 */
int value_cmp(const struct value *a, const struct value *b);
bool value_eq(const struct value *a, const struct value *b);

/* Member's value of an object, item of an array (integer key), the item itself of a
 * set; NULL when absent or when `v` is no collection. */
const struct value *value_get(const struct value *v, const struct value *key);
/* Member of an object by name, NULL if absent. */
const struct value *value_member(const struct value *object, const char *name);
bool value_has(const struct value *set, const struct value *item);

static inline bool
value_is_collection(const struct value *v)
{
	return v->type == VALUE_ARRAY || v->type == VALUE_OBJECT || v->type == VALUE_SET;
}

/* Everything but false and undefined holds as an expression. */
static inline bool
value_holds(const struct value *v)
{
	return v->type != VALUE_UNDEFINED && (v->type != VALUE_BOOL || v->u.b);
}

/*
 * Iteration in order. For arrays keys are integers, for sets key and value are
 * the item. `i` counts from 0; false behind the end or when v is no collection.
 */
bool value_at(const struct value *v, uint32_t i, struct value *key, struct value *val);

/* "null", "boolean", "number", "string", "array", "object", "set", as OPA's type_name. */
const char *value_type_name(const struct value *v);

/* ---- building ---- (scalars: json_null/bool/int/string of json/value.h) */

/* A list that grows in the arena; out of memory latches there (arena_check()). */
struct value_list {
	struct arena *arena;
	struct value *p;
	size_t n, cap;
};

static inline struct value_list
value_list_of(struct arena *a)
{
	return (struct value_list){a, NULL, 0, 0};
}

void value_push(struct value_list *l, struct value v);
/* Two pushes, for an object. */
void value_push_member(struct value_list *l, struct value key, struct value val);
static inline void
value_push_named(struct value_list *l, const char *name, struct value val)
{
	value_push_member(l, json_cstr(name), val);
}

/* Freezes what is in the list. The list must not be used afterwards. */
struct value value_array(struct value_list *l);
struct value value_set(struct value_list *l);
/* From pushed members. Equal keys with equal values are one member; with different
 * values the last one wins and *conflict (may be NULL) is set. */
struct value value_object(struct value_list *l, bool *conflict);

struct value value_empty(enum value_type t);
/* One more or replaced member, as a new object. */
struct value value_with_member(struct arena *a, const struct value *object, struct value key,
                               struct value val);

/* Set algebra by merging; both arguments must be sets. */
struct value value_union(struct arena *a, const struct value *x, const struct value *y);
struct value value_intersection(struct arena *a, const struct value *x, const struct value *y);
struct value value_difference(struct arena *a, const struct value *x, const struct value *y);

/*
 * A frozen value from one of json_parse() or json_put(): objects are sorted in
 * place (their storage must be writable and not shared), nothing else moves.
 */
void value_freeze(struct value *v);

/* Deep copy, strings included: for values that must outlive their storage. */
struct value value_copy(struct arena *a, const struct value *v);

/*
 * Take one from *left for each value inside v, at every depth; false when that runs out. Values
 * share their parts, so a few lines of policy name more of them than there are atoms.
 */
bool value_weigh(const struct value *v, uint64_t *left);

/* ---- text ---- */

/* JSON: sets as arrays, members whose key is no string under the JSON text of the key. */
void value_json(const struct value *v, struct buf *out);
/* The same with two spaces a level. */
void value_json_indent(const struct value *v, struct buf *out);
/* Rego's syntax, as print() and sprintf("%v") show values inside collections: sets in
 * braces, set() when empty, strings quoted. */
void value_term(const struct value *v, struct buf *out);

/* ---- numbers ---- */

enum {
	NUM_MAX_DIGITS = 20000,   /* of a coefficient */
	NUM_MAX_EXPONENT = 20000, /* beyond +-, arithmetic refuses */
};

/* coefficient * 10^exponent, normalised by nobody: compare with num_cmp(). */
struct num {
	mpz_t coef;
	int64_t exp;
};

void num_init(struct num *n);
void num_done(struct num *n); /* for CLEANUP */

/* From a NUMBER; false if it is beyond the limits (or not a number). */
bool num_from(struct num *n, const struct value *v);
/* From JSON number text (also with leading +, "1.", ".5" refused). */
bool num_parse(struct num *n, struct bytes text);
/* The number as a value: VALUE_INT when it is an integer of 64 bits. */
struct value num_value(struct arena *a, const struct num *n);

int num_cmp(const struct num *a, const struct num *b);
void num_add(struct num *ret, const struct num *a, const struct num *b);
void num_sub(struct num *ret, const struct num *a, const struct num *b);
void num_mul(struct num *ret, const struct num *a, const struct num *b);
/* To the nearest number of 64 bits of mantissa. */
void num_round(struct num *n);
/* To 64 significant bits when it does not come out even, as OPA; b is not zero. */
void num_div(struct num *ret, const struct num *a, const struct num *b);
bool num_is_integer(const struct num *n);
/* The integer (num_is_integer()) or its part before the point. False past NUM_MAX_DIGITS. */
bool num_to_mpz(const struct num *n, mpz_t ret);
void num_from_mpz(struct num *n, const mpz_t z);
/* Nearest double. */
double num_to_double(const struct num *n);
/* Shortest decimal that reads back as d; d finite. */
void num_from_double(struct num *n, double d);

/* Integer value of a NUMBER: true also for text forms such as 1.0 and 1e3. */
bool value_int(const struct value *v, int64_t *ret);
bool value_is_integer(const struct value *v);
/*
 * The integer of a NUMBER, or of text, that is written as one: digits, and behind a point at
 * most zeros, 19 characters together. What OPA takes for counts, places and offsets.
 */
bool value_plain_int(const struct value *v, int64_t *ret);
bool num_plain_int(struct bytes text, int64_t *ret);
/* A NUMBER from an mpz. */
struct value value_mpz(struct arena *a, const mpz_t z);
/* A NUMBER from text that is valid JSON number syntax (copied); ints become VALUE_INT. */
struct value value_number(struct arena *a, struct bytes text);
/* Decimal text of any NUMBER, as JSON shows it. */
void value_number_text(const struct value *v, struct buf *out);

#endif
