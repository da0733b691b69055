/* SPDX-License-Identifier: Apache-2.0 */
/* emit.h: text of new nodes, in the manner of the file around them. For splice.c. */
#ifndef YAML_EMIT_H
#define YAML_EMIT_H

#include "yaml/tree.h"

struct yaml_layout {
	uint32_t step;    /* columns by which a mapping in a mapping is indented */
	uint32_t seq_off; /* the same for a list in a mapping: 0 or more */
	const char *nl;   /* "\n" or "\r\n" */
};

/* Written behind "key: " or "- " in one line: scalars, empty and flow collections. */
bool yaml_is_inline(const struct yaml_node *n);
void yaml_emit_inline(const struct yaml_node *n, bool in_flow, struct buf *out);
/* A string in the quotes that the text had there before, where they can hold it. */
void yaml_emit_like(const struct yaml_node *n, enum yaml_style before, bool in_flow,
                    struct buf *out);

/* A block collection whose first line starts at the present place, which is column `col`. */
void yaml_emit_block(const struct yaml_node *n, uint32_t col, const struct yaml_layout *l,
                     struct buf *out);

/* Behind "key:" at column key_col: " text", or line break and an indented block. */
void yaml_emit_value(const struct yaml_node *n, uint32_t key_col, const struct yaml_layout *l,
                     struct buf *out);
void yaml_emit_pair(const struct yaml_kid *k, uint32_t col, const struct yaml_layout *l,
                    struct buf *out);
/* "- " and the item; the dash is at column col. */
void yaml_emit_item(const struct yaml_node *n, uint32_t col, const struct yaml_layout *l,
                    struct buf *out);
void yaml_emit_spaces(uint32_t n, struct buf *out);

#endif
