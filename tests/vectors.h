/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the vectors of the Python model (tests/model/vectors) into unit tests. */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

#include "base/text.h"
#include "unit.h"
#include "json/value.h"

struct vectors {
	struct arena arena;
	struct buf text;
	struct value root;
};

static inline void
vectors_done(struct vectors *v)
{
	arena_done(&v->arena);
	buf_done(&v->text);
}

static inline void
vectors_load(struct vectors *v, const char *name)
{
	const char *source = getenv("CONTRAST_SOURCE_ROOT");
	char path[4096];
	struct err err;

	snprintf(path, sizeof path, "%s/tests/model/vectors/%s.json", source ? source : ".", name);
	assert_ok(file_read(path, 4 * 1024 * 1024, &v->text, &err));
	assert_ok(json_parse(&v->arena, buf_view(&v->text), NULL, &v->root, &err));
}

/* Bytes of a hex string; a vector without it is a broken test. */
static inline struct bytes
vec_bytes(struct vectors *v, const struct value *val)
{
	struct bytes text = json_text(val);
	uint8_t *to = arena_raw(&v->arena, text.n / 2 + 1, 1);

	assert_true(json_is(val, VALUE_STRING));
	assert_true(hex_decode(text, to, text.n / 2));
	return bytes_of(to, text.n / 2);
}

static inline struct bytes
vec_hex(struct vectors *v, const struct value *object, const char *name)
{
	const struct value *val = json_get(object, name);

	if (!val)
		fail_msg("the vector has no \"%s\"", name);
	return vec_bytes(v, val);
}

/* A number, or a decimal string where JSON numbers would lose digits. */
static inline uint64_t
vec_u64(const struct value *object, const char *name)
{
	const struct value *val = json_get(object, name);
	uint64_t n = 0;

	if (json_is(val, VALUE_STRING))
		assert_true(text_u64(json_text(val), UINT64_MAX, &n));
	else
		assert_true(json_u64(val, UINT64_MAX, &n));
	return n;
}

/* for (const struct value *row; (row = json_item(&array, i)); i++) reads best in place. */
#define VEC_ROWS(row, array)                                                                       \
	for (size_t row##_i = 0, row##_more = 1; row##_more; row##_more = 0)                       \
		for (const struct value *row; (row = json_item((array), row##_i)); row##_i++)

#endif
