/* SPDX-License-Identifier: Apache-2.0 */
/* The optional vectors folder and its MANIFEST.json. */
#ifndef TESTS_EVIDENCE_VECTORS_H
#define TESTS_EVIDENCE_VECTORS_H

#include "unit.h"
#include "json/value.h"

/* A file below vectors/; false (empty) when it is not there. */
static inline bool
vector_read(const char *name, struct buf *out)
{
	char rel[512], path[4096];
	struct err err;

	if (name[0] == '\0')
		return false;
	snprintf(rel, sizeof rel, "vectors/%s", name);
	if (!shared_data(rel, path, sizeof path))
		return false;
	assert_ok(file_read(path, 16 * 1024 * 1024, out, &err));
	return true;
}

/* The rows of MANIFEST.json; an empty array when the folder is absent. */
static inline struct value
vector_rows(struct arena *a, struct buf *text)
{
	struct value v = json_array();
	struct err err;

	if (vector_read("MANIFEST.json", text))
		assert_ok(json_parse(a, buf_view(text), NULL, &v, &err));
	return v;
}

/* NUL-terminated text of a member, "" if absent. */
static inline const char *
row_text(struct arena *a, const struct value *row, const char *name)
{
	struct bytes t = json_text(json_get(row, name));

	return t.n ? (const char *)arena_copy(a, t).p : "";
}

static inline bool
row_kind(const struct value *row, const char *kind)
{
	return bytes_is(json_text(json_get(row, "kind")), kind);
}

#endif
