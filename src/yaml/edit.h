/* SPDX-License-Identifier: Apache-2.0 */
/*
 * edit.h: change a parsed file and leave every other byte alone. The tree is
 * changed first; yaml_apply() derives splices {offset, remove, insert} from
 * what changed, applies them to the text, parses the result again and accepts
 * it only when it is the changed tree. Comments, quoting, line ends, BOM and
 * layout outside the splices stay, because nothing is ever written anew.
 */
#ifndef YAML_EDIT_H
#define YAML_EDIT_H

#include "yaml/tree.h"

/* New nodes. Texts are borrowed, everything else is in the arena; NULL past its cap. */
struct yaml_node *yaml_new_str(struct arena *a, struct bytes text);
/* A scalar that stands unquoted: true, 50, null. */
struct yaml_node *yaml_new_raw(struct arena *a, const char *text);
struct yaml_node *yaml_new_map(struct arena *a);
struct yaml_node *yaml_new_seq(struct arena *a);
/* Fill a node made by yaml_new_*: no checks, no place in a text. A NULL value latches nothing
 * and is dropped; the arena's failure shows in yaml_apply(). */
void yaml_put(struct arena *a, struct yaml_node *m, const char *key, struct yaml_node *val);
void yaml_push(struct arena *a, struct yaml_node *seq, struct yaml_node *val);

/*
 * Changes to a tree. Each is nothing at all when the value is there already
 * (yaml_equal), so doing it twice is doing it once. ERR_UNSUPPORTED E-YAML-020
 * when the place is shared by an anchor or merge key, ERR_PARSE E-YAML-022
 * when the node is of another kind; the place is line:col.
 */
status yaml_set(struct arena *a, struct yaml_node *m, struct bytes key, struct yaml_node *val,
                struct err *err);
/* Insert before item i; i == n appends. */
status yaml_insert(struct arena *a, struct yaml_node *seq, uint32_t i, struct yaml_node *val,
                   struct err *err);
status yaml_replace(struct arena *a, struct yaml_node *seq, uint32_t i, struct yaml_node *val,
                    struct err *err);
status yaml_remove(struct arena *a, struct yaml_node *seq, uint32_t i, struct err *err);

/*
 * The mapping (or list) under a key, made when absent or null. Errors as
 * above, and E-YAML-022 when it is something else.
 */
status yaml_need_map(struct arena *a, struct yaml_node *m, const char *key, struct yaml_node **ret,
                     struct err *err);
status yaml_need_seq(struct arena *a, struct yaml_node *m, const char *key, struct yaml_node **ret,
                     struct err *err);

/*
 * The text with all changes, appended to `out` (equal to s->text when there
 * are none). ERR_INTERNAL E-YAML-021 when the result, parsed again, is not the
 * changed tree; `out` is unchanged then.
 */
status yaml_apply(const struct yaml_stream *s, struct buf *out, struct err *err);

struct yaml_splice {
	size_t offset, remove;
	struct bytes insert;
};
/* The splices alone, ascending and without overlap, in s->arena: for tests and `--diff`. */
status yaml_splices(const struct yaml_stream *s, struct yaml_splice **ret, size_t *ret_n,
                    struct err *err);

#endif
