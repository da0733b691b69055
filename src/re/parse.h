/* SPDX-License-Identifier: Apache-2.0 */
/* parse.h: what parse.c (structure) and escape.c (classes and escapes) share. */
#ifndef RE_PARSE_H
#define RE_PARSE_H

#include "re/internal.h"

enum {
	FLAG_FOLD = 1,   /* i */
	FLAG_MULTI = 2,  /* m */
	FLAG_DOT_NL = 4, /* s */
	FLAG_LAZY = 8,   /* U */
};

struct parser {
	struct arena *arena;
	struct bytes text;
	size_t at;
	unsigned int flags;
	uint32_t depth;
	uint32_t groups;
	uint32_t name_cap;
	struct bytes *names;
	size_t repeat_start; /* the last repetition operator, to refuse a** */
	size_t repeat_end;
	struct err *err;
};

/* "what: `text[from, to)`" at offset `from`. */
status re_bad(struct parser *p, size_t from, size_t to, const char *what);
status re_too_large(struct err *err);

status re_parse_alt(struct parser *p, struct re_node **ret);
void re_node_append(struct re_node *list, struct re_node *item);
struct re_node *re_set_node(struct parser *p, struct re_set *s);

/* [...]: appends the class to the concatenation. */
status re_class_parse(struct parser *p, struct re_node *cat);
/* \d, \pL and their like at p->at: added to the set; *taken false if it is none of them. */
status re_class_escape(struct parser *p, struct re_set *s, bool *taken);
/* A backslash escape for one code point. */
status re_escape_rune(struct parser *p, uint32_t *ret);

#endif
