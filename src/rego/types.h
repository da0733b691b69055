/* SPDX-License-Identifier: Apache-2.0 */
/*
 * types.h: types of Rego values as the compiler infers them, so that an
 * expression that can never hold or a call that can never succeed is an error
 * and not a silent "undefined". Input and base documents are `any`, and so is
 * whatever is too deep, too wide or too much work: a wrong type would reject
 * a good policy, a vague one only misses a fault.
 *
 * Types are made once per shape (the same pointer means the same type) and
 * never changed. NULL is "not known yet" as an argument and "there is none" as
 * a result, such as the type of the keys of a number.
 */
#ifndef REGO_TYPES_H
#define REGO_TYPES_H

#include "rego/value.h"

enum {
	TYPES_MAX_DEPTH = 40,             /* deeper is any */
	TYPES_MAX_UNION = 64,             /* more alternatives are any */
	TYPES_MAX_WORK = 4 * 1000 * 1000, /* afterwards everything fits everything */
	TYPES_TEXT = 160,                 /* of a type in a message */
};

enum type_kind {
	TYPE_NULL,
	TYPE_BOOLEAN,
	TYPE_NUMBER,
	TYPE_STRING,
	TYPE_ANY,
	TYPE_ARRAY,  /* items by place, then any number of val (may be NULL: no more) */
	TYPE_OBJECT, /* items by keys, then any number of key: val (may be NULL) */
	TYPE_SET,    /* of val; NULL: the empty one */
	TYPE_UNION,  /* one of items, sorted */
};

struct type {
	uint8_t kind; /* enum type_kind */
	uint8_t depth;
	bool hollow; /* has an empty set inside */
	uint32_t n;  /* items */
	const struct type **items;
	const struct value *keys; /* OBJECT: scalars, sorted */
	const struct type *key, *val;
	uint32_t hash, serial;
	struct type *chain;
};

struct types {
	struct arena *arena;
	struct type **buckets;
	uint32_t n_buckets, n_types;
	uint64_t work;
	const struct type *scalars[TYPE_ANY + 1];
};

/* False without memory. */
bool types_init(struct types *t, struct arena *a);
/* Is the work used up? Then nothing is an error any more. */
bool types_charge(struct types *t, uint64_t n);

/* A member that is there in every value of the type. */
struct type_member {
	struct value key; /* a scalar */
	const struct type *val;
};

/* Arrays that are given are copied where the type is new. */
const struct type *type_scalar(const struct types *t, enum type_kind kind);
const struct type *type_array(struct types *t, const struct type **items, uint32_t n,
                              const struct type *rest);
/* Members are sorted here; the values of equal keys are alternatives. */
const struct type *type_object(struct types *t, struct type_member *members, uint32_t n,
                               const struct type *key, const struct type *val);
const struct type *type_set(struct types *t, const struct type *of);
/* Either of them; NULL is neither. */
const struct type *type_or(struct types *t, const struct type *a, const struct type *b);
const struct type *type_of_value(struct types *t, const struct value *v);

/* What a value of the type is indexed with, and what comes out. */
const struct type *type_keys(struct types *t, const struct type *of);
const struct type *type_values(struct types *t, const struct type *of);
const struct type *type_select(struct types *t, const struct type *of, const struct value *key);

/* Is there a value that is of both? */
bool types_meet(struct types *t, const struct type *a, const struct type *b);

/* "any<number, string>", cut to the buffer; ??? for NULL. */
void type_show(const struct type *t, char *to, size_t size);

#endif
