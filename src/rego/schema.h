/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.h: JSON Schema (drafts 4, 6, 7) over values, without compiling.
 * References stay inside the document; names of formats are checked where we
 * know them.
 */
#ifndef REGO_SCHEMA_H
#define REGO_SCHEMA_H

#include "rego/builtin.h"

enum { SCHEMA_MAX_DEPTH = 200 };

/* The schema itself: OK with *why empty, or what is wrong with it appended there. */
status schema_check(struct rego_call *c, const struct value *schema, struct buf *why);

/* What a document does not satisfy: objects {error, type, field, desc} pushed to `errors`. */
status schema_validate(struct rego_call *c, const struct value *schema,
                       const struct value *document, struct value_list *errors);

/* ---- shared by the files of this part ---- */

struct schema_run {
	struct rego_call *c;
	const struct value *root;
	struct value_list *errors;
	uint32_t depth;
};

/* A place in the document, the innermost first. */
struct schema_place {
	const struct schema_place *outer; /* NULL: the root */
	struct bytes name;
};

status schema_node(struct schema_run *r, const struct schema_place *at, const struct value *schema,
                   const struct value *v);
status schema_fail(struct schema_run *r, const struct schema_place *at, const char *type,
                   const char *fmt, ...) PRINTF(4, 5);
/* Errors of a trial are counted, not kept. */
status schema_try(struct schema_run *r, const struct schema_place *at, const struct value *schema,
                  const struct value *v, bool *good);

status schema_object(struct schema_run *r, const struct schema_place *at,
                     const struct value *schema, const struct value *v);
status schema_array(struct schema_run *r, const struct schema_place *at, const struct value *schema,
                    const struct value *v);
status schema_scalar(struct schema_run *r, const struct schema_place *at,
                     const struct value *schema, const struct value *v);

#endif
