/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.h: JSON Schema (drafts 4, 6, 7) over values, without compiling.
 * References stay inside the document; names of formats are checked where we
 * know them.
 */
#ifndef REGO_SCHEMA_H
#define REGO_SCHEMA_H

#include "rego/builtin.h"

enum {
	SCHEMA_MAX_DEPTH = 200,
	SCHEMA_HYBRID = 99, /* no draft is named: the words of all of them */
};

/* The schema itself: OK with *why empty, or what is wrong with it appended there. */
status schema_check(struct rego_call *c, const struct value *schema, struct buf *why);

/* What a document does not satisfy: objects {error, type, field, desc} pushed to `errors`. */
status schema_validate(struct rego_call *c, const struct value *schema,
                       const struct value *document, struct value_list *errors);

/* ---- shared by the files of this part ---- */

/* The draft that $schema names: 4, 6, 7 or SCHEMA_HYBRID. */
int schema_draft(const struct value *root);

/* What "#/a/b" names; NULL with the reason appended to `why` if nothing. */
status schema_reference(struct rego_call *c, const struct value *root, struct bytes text,
                        const struct value **ret, struct buf *why);

/* The value with its numbers as doubles and its sets as arrays: what const, enum and
 * uniqueItems compare and show. */
struct value schema_plain(struct arena *a, const struct value *v);

/* A NUMBER that is written in digits alone. */
bool schema_is_digits(const struct value *v);

/* Does the text have the format? Unknown formats hold. */
status schema_format(struct rego_call *c, struct bytes format, struct bytes t, bool *ret);

struct schema_run {
	struct rego_call *c;
	const struct value *root;
	struct value_list *errors;
	int64_t score; /* of two trials that failed the one that got further is shown */
	uint32_t depth;
	int draft;
};

/* The errors and the score of a schema that was tried. */
struct schema_trial {
	struct value_list errors;
	int64_t score;
	bool good;
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
status schema_try(struct schema_run *r, const struct schema_place *at, const struct value *schema,
                  const struct value *v, struct schema_trial *ret);
void schema_merge(struct schema_run *r, const struct schema_trial *t);
/* Both: what is wrong by this schema is wrong. */
status schema_apply(struct schema_run *r, const struct schema_place *at, const struct value *schema,
                    const struct value *v);
/* The better of two failed trials in *best (`any` false: there is none yet). */
void schema_better(struct schema_trial *best, bool *any, const struct schema_trial *t);
/* const, enum, format. */
status schema_common(struct schema_run *r, const struct schema_place *at,
                     const struct value *schema, const struct value *v);

status schema_dependencies(struct schema_run *r, const struct schema_place *at,
                           const struct value *schema, const struct value *v);
status schema_object(struct schema_run *r, const struct schema_place *at,
                     const struct value *schema, const struct value *v);
status schema_array(struct schema_run *r, const struct schema_place *at, const struct value *schema,
                    const struct value *v);
status schema_scalar(struct schema_run *r, const struct schema_place *at,
                     const struct value *schema, const struct value *v);

#endif
