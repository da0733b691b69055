/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml/tree.h"

#include "base/text.h"

#include <stdio.h>
#include <yaml.h>

/* Marks count code points: every MAP_STEP-th has its byte offset noted. */
enum { MAP_STEP = 64, NAME_MAX_N = 1024 };

struct anchor {
	struct bytes name;
	struct yaml_node *node; /* NULL while it is still open */
	struct anchor *next;
};

struct frame {
	struct yaml_node *node;
	struct yaml_node *key; /* mapping: waits for its value */
	struct anchor *anchor;
	size_t first; /* of its kids on the shared stack */
};

struct reader {
	struct arena *arena;
	struct bytes text; /* with BOM */
	size_t bom;        /* 3 or 0 */
	size_t *map;       /* byte offset of code point i * MAP_STEP, behind the BOM */
	size_t n_map;
	bool ascii;
	yaml_parser_t parser;
	bool duplicates;        /* of keys are let through */
	struct anchor *anchors; /* of the present document */
	struct frame frames[YAML_MAX_DEPTH + 1];
	size_t depth;
	struct yaml_kid *kids; /* stack of the kids of all open collections */
	size_t n_kids, cap_kids;
	size_t nodes;
	struct yaml_node **docs;
	size_t n_docs, cap_docs;
	struct err *err;
};

static void
reader_done(struct reader *r)
{
	mem_free(r->map);
	mem_free(r->kids);
	mem_free(r->docs);
	yaml_parser_delete(&r->parser);
}

static void
event_done(yaml_event_t *e)
{
	yaml_event_delete(e);
}

static status
map_build(struct reader *r)
{
	size_t at = r->bom, points = 0;

	r->ascii = true;
	for (size_t i = at; i < r->text.n; i++)
		r->ascii &= r->text.p[i] < 0x80;
	if (r->ascii)
		return OK;
	r->n_map = (r->text.n - at) / MAP_STEP + 2;
	r->map = mem_grow(NULL, r->n_map * sizeof *r->map);
	if (!r->map)
		return err_set(r->err, ERR_LIMIT, "E-YAML-010", "out of memory");
	for (size_t slot = 0; slot < r->n_map; slot++) {
		r->map[slot] = at;
		for (points = 0; points < MAP_STEP && at < r->text.n; points++)
			(void)utf8_next(r->text, &at);
	}
	return OK;
}

static size_t
byte_of(const struct reader *r, size_t index)
{
	size_t at;

	if (r->ascii)
		return MIN(r->bom + index, r->text.n);
	if (index / MAP_STEP >= r->n_map)
		return r->text.n;
	at = r->map[index / MAP_STEP];
	for (size_t i = index % MAP_STEP; i > 0 && at < r->text.n; i--)
		(void)utf8_next(r->text, &at);
	return at;
}

static status
fail_at(struct reader *r, yaml_mark_t mark, enum err_class cls, const char *id, const char *what)
{
	status s = err_set(r->err, cls, id, "%s", what);

	return err_at(r->err, s, "%zu:%zu", mark.line + 1, mark.column + 1);
}

static status
fail_syntax(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem ? p->problem : "malformed";
	status s;

	if (p->error == YAML_MEMORY_ERROR)
		return err_set(r->err, ERR_LIMIT, "E-YAML-012", "the text needs too much memory");
	s = err_set(r->err, ERR_PARSE, "E-YAML-001", "not valid YAML: %s%s%s", problem,
	            p->context ? " " : "", p->context ? p->context : "");
	s = err_at(r->err, s, "%zu:%zu", p->problem_mark.line + 1, p->problem_mark.column + 1);
	if (byte_of(r, p->problem_mark.index) < r->text.n &&
	    r->text.p[byte_of(r, p->problem_mark.index)] == '\t')
		return err_hint(r->err, s, "indent with spaces, not with tabs");
	return s;
}

static uint8_t
tag_of(const yaml_char_t *tag)
{
	static const struct {
		const char *name;
		enum yaml_type type;
	} known[] = {
	        {"!", YAML_STR},
	        {"tag:yaml.org,2002:str", YAML_STR},
	        {"tag:yaml.org,2002:null", YAML_NULL},
	        {"tag:yaml.org,2002:bool", YAML_BOOL},
	        {"tag:yaml.org,2002:int", YAML_INT},
	        {"tag:yaml.org,2002:float", YAML_FLOAT},
	};

	if (!tag)
		return 0;
	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (bytes_is(bytes_str((const char *)tag), known[i].name))
			return (uint8_t)(1 + known[i].type);
	return bytes_is(bytes_str((const char *)tag), "tag:yaml.org,2002:binary") ? YAML_TAG_BINARY
	                                                                          : YAML_TAG_OTHER;
}

static status
node_new(struct reader *r, const yaml_event_t *e, enum yaml_kind kind, struct yaml_node **ret)
{
	struct yaml_node *n = arena_new(r->arena, struct yaml_node);

	if (!n)
		return err_set(r->err, ERR_LIMIT, "E-YAML-012", "the text needs too much memory");
	n->kind = (uint8_t)kind;
	n->from_text = true;
	n->height = 1;
	n->weight = 1;
	n->line = (uint32_t)e->start_mark.line + 1;
	n->col = (uint32_t)e->start_mark.column + 1;
	n->begin = byte_of(r, e->start_mark.index);
	n->end = n->raw_end = byte_of(r, e->end_mark.index);
	*ret = n;
	return OK;
}

/* ---- anchors ---- */

static status
anchor_open(struct reader *r, const yaml_char_t *name, struct anchor **ret)
{
	struct anchor *a = NULL;

	*ret = NULL;
	if (!name)
		return OK;
	a = arena_new(r->arena, struct anchor);
	if (!a)
		return err_set(r->err, ERR_LIMIT, "E-YAML-012", "the text needs too much memory");
	a->name = arena_copy(r->arena, bytes_str((const char *)name));
	a->next = r->anchors;
	r->anchors = *ret = a;
	return OK;
}

/* Editing anything below would show at every alias. Each node is marked once. */
static void
mark_shared(struct yaml_node *n)
{
	if (n->shared)
		return;
	n->shared = true;
	for (uint32_t i = 0; i < n->n; i++)
		mark_shared(n->kids[i].val);
}

static status
alias(struct reader *r, const yaml_event_t *e, struct yaml_node **ret)
{
	struct bytes name = bytes_str((const char *)e->data.alias.anchor);
	struct anchor *a = r->anchors;
	struct yaml_node *n;

	while (a && !bytes_equal(a->name, name))
		a = a->next;
	if (!a || !a->node)
		return fail_at(r, e->start_mark, ERR_PARSE, "E-YAML-005",
		               a ? "the alias stands inside what it names"
		                 : "the alias names no anchor above it");
	mark_shared(a->node);
	TRY(node_new(r, e, (enum yaml_kind)a->node->kind, &n));
	n->style = a->node->style;
	n->tag = a->node->tag;
	n->shared = n->props = true;
	n->merges = a->node->merges;
	n->height = a->node->height;
	n->weight = a->node->weight;
	n->text = a->node->text;
	n->kids = a->node->kids;
	n->n = a->node->n;
	*ret = n;
	return OK;
}

/* ---- collections ---- */

static status
push_kid(struct reader *r, struct yaml_node *key, struct yaml_node *val)
{
	struct frame *f = &r->frames[r->depth - 1];

	if (r->n_kids == r->cap_kids) {
		size_t cap = r->cap_kids ? r->cap_kids * 2 : 64;
		struct yaml_kid *grown = mem_grow(r->kids, cap * sizeof *grown);

		if (!grown)
			return err_set(r->err, ERR_LIMIT, "E-YAML-012",
			               "the text needs too much memory");
		r->kids = grown;
		r->cap_kids = cap;
	}
	r->kids[r->n_kids] = (struct yaml_kid){key, val, (int32_t)(r->n_kids - f->first)};
	r->n_kids++;
	return OK;
}

static status
add_doc(struct reader *r, struct yaml_node *n)
{
	if (r->n_docs == r->cap_docs) {
		size_t cap = r->cap_docs ? r->cap_docs * 2 : 8;
		struct yaml_node **grown = mem_grow(r->docs, cap * sizeof(struct yaml_node *));

		if (!grown)
			return err_set(r->err, ERR_LIMIT, "E-YAML-012",
			               "the text needs too much memory");
		r->docs = grown;
		r->cap_docs = cap;
	}
	r->docs[r->n_docs++] = n;
	return OK;
}

/* A finished node goes to the collection that waits for it, or is a document. */
static status
deliver(struct reader *r, struct yaml_node *n, yaml_mark_t mark)
{
	struct frame *f;

	if (r->depth == 0)
		return add_doc(r, n);
	f = &r->frames[r->depth - 1];
	if (f->node->kind == YAML_MAP && !f->key) {
		if (n->kind != YAML_SCALAR)
			return yaml_at(r->err,
			               err_set(r->err, ERR_PARSE, "E-YAML-004",
			                       "a key must be a text, not a list or mapping"),
			               n);
		f->key = n;
		return OK;
	}
	f->node->weight += n->weight;
	if (f->node->weight > YAML_MAX_NODES)
		return fail_at(r, mark, ERR_LIMIT, "E-YAML-012", "too many nodes");
	if (n->height >= YAML_MAX_DEPTH)
		return fail_at(r, mark, ERR_LIMIT, "E-YAML-011", "nested too deeply");
	f->node->height = MAX(f->node->height, (uint16_t)(n->height + 1));
	TRY(push_kid(r, f->node->kind == YAML_MAP ? f->key : NULL, n));
	f->key = NULL;
	return OK;
}

static status
open_collection(struct reader *r, const yaml_event_t *e, enum yaml_kind kind, bool flow,
                const yaml_char_t *anchor, const yaml_char_t *tag)
{
	struct frame *f;

	if (r->depth >= YAML_MAX_DEPTH)
		return fail_at(r, e->start_mark, ERR_LIMIT, "E-YAML-011", "nested too deeply");
	f = &r->frames[r->depth];
	*f = (struct frame){.first = r->n_kids};
	TRY(node_new(r, e, kind, &f->node));
	f->node->style = flow ? YAML_FLOW : YAML_BLOCK;
	f->node->props = anchor || tag;
	f->node->tag = tag_of(tag);
	TRY(anchor_open(r, anchor, &f->anchor));
	r->depth++;
	return OK;
}

static int
by_key(const void *a, const void *b)
{
	const struct yaml_node *const *x = a, *const *y = b;
	int order = bytes_cmp((*x)->text, (*y)->text);

	return order ? order : ((*x)->begin > (*y)->begin) - ((*x)->begin < (*y)->begin);
}

static status
refuse_duplicates(struct reader *r, const struct yaml_node *m)
{
	struct arena_mark mark = arena_mark(r->arena);
	struct yaml_node **keys = arena_array(r->arena, m->n, sizeof(struct yaml_node *));
	status s = OK;

	if (!keys)
		return err_set(r->err, ERR_LIMIT, "E-YAML-012", "the text needs too much memory");
	for (uint32_t i = 0; i < m->n; i++)
		keys[i] = m->kids[i].key;
	qsort(keys, m->n, sizeof(struct yaml_node *), by_key);
	for (uint32_t i = 1; i < m->n && is_ok(s); i++) {
		if (!bytes_equal(keys[i - 1]->text, keys[i]->text))
			continue;
		s = err_set(r->err, ERR_PARSE, "E-YAML-003",
		            "the key \"%.*s\" occurs twice, first in line %u",
		            (int)MIN(keys[i]->text.n, 100), (const char *)keys[i]->text.p,
		            keys[i - 1]->line);
		s = yaml_at(r->err, s, keys[i]);
	}
	arena_release(r->arena, mark);
	return s;
}

/* Pairs of `from` that m lacks; they belong to the anchor, so they are shared already. */
static status
merge_from(struct reader *r, struct yaml_node *m, const struct yaml_node *from,
           struct yaml_kid *kids, uint32_t *n)
{
	if (from->kind != YAML_MAP)
		return yaml_at(r->err,
		               err_set(r->err, ERR_PARSE, "E-YAML-006",
		                       "a merge key must name a mapping"),
		               from);
	m->kids = kids;
	for (uint32_t i = 0; i < from->n; i++) {
		m->n = *n;
		if (yaml_find(m, from->kids[i].key->text) >= 0)
			continue;
		kids[*n] = (struct yaml_kid){from->kids[i].key, from->kids[i].val, -1};
		mark_shared(kids[*n].val);
		(*n)++;
	}
	m->n = *n;
	return OK;
}

static bool
is_merge(const struct yaml_node *key)
{
	return key->style == YAML_PLAIN && key->tag == 0 && bytes_is(key->text, "<<");
}

/* Pairs that the source of a merge key may bring. */
static size_t
merge_room(const struct yaml_node *src)
{
	size_t room = 0;

	if (src->kind != YAML_SEQ)
		return src->n;
	for (uint32_t i = 0; i < src->n; i++)
		room += src->kids[i].val->n;
	return room;
}

/* Own pairs win, then the sources in their order (YAML 1.1 merge key). */
static status
resolve_merge(struct reader *r, struct yaml_node *m)
{
	const struct yaml_kid *own = m->kids;
	struct yaml_kid *kids;
	size_t room = m->n;
	uint32_t n = 0, n_own = m->n;

	for (uint32_t i = 0; i < n_own; i++) {
		if (!is_merge(own[i].key))
			continue;
		m->merges = true;
		room += merge_room(own[i].val);
	}
	if (!m->merges)
		return OK;
	kids = arena_array(r->arena, room, sizeof *kids);
	if (!kids)
		return err_set(r->err, ERR_LIMIT, "E-YAML-012", "the text needs too much memory");
	for (uint32_t i = 0; i < n_own; i++)
		if (!is_merge(own[i].key))
			kids[n++] = own[i];
	for (uint32_t i = 0; i < n_own; i++) {
		const struct yaml_node *src = own[i].val;

		if (!is_merge(own[i].key))
			continue;
		if (src->kind != YAML_SEQ)
			TRY(merge_from(r, m, src, kids, &n));
		for (uint32_t k = 0; src->kind == YAML_SEQ && k < src->n; k++)
			TRY(merge_from(r, m, src->kids[k].val, kids, &n));
	}
	return OK;
}

/*
 * A block collection's end mark lies at the next token, behind comments; it
 * really ends where its last child does.
 */
static void
set_end(struct yaml_node *n)
{
	const struct yaml_node *last;

	if (n->style != YAML_BLOCK)
		return;
	last = n->n ? n->kids[n->n - 1].val : NULL;
	n->end = last ? last->end : n->begin;
	n->raw_end = last ? last->raw_end : n->begin;
}

static status
close_collection(struct reader *r, const yaml_event_t *e)
{
	struct frame *f = &r->frames[r->depth - 1];
	struct yaml_node *n = f->node;

	n->n = (uint32_t)(r->n_kids - f->first);
	n->kids = arena_array(r->arena, n->n, sizeof *n->kids);
	if (!n->kids && n->n > 0)
		return err_set(r->err, ERR_LIMIT, "E-YAML-012", "the text needs too much memory");
	if (n->n > 0)
		mem_copy(n->kids, r->kids + f->first, n->n * sizeof *n->kids);
	r->n_kids = f->first;
	if (n->style == YAML_FLOW)
		n->end = n->raw_end = byte_of(r, e->end_mark.index);
	set_end(n);
	if (n->kind == YAML_MAP && n->n > 0) {
		if (!r->duplicates)
			TRY(refuse_duplicates(r, n));
		TRY(resolve_merge(r, n));
	}
	if (f->anchor)
		f->anchor->node = n;
	r->depth--;
	return deliver(r, n, e->start_mark);
}

/* ---- scalars ---- */

static enum yaml_style
style_of(yaml_scalar_style_t s)
{
	switch (s) {
	case YAML_SINGLE_QUOTED_SCALAR_STYLE:
		return YAML_SINGLE;
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
		return YAML_DOUBLE;
	case YAML_LITERAL_SCALAR_STYLE:
		return YAML_LITERAL;
	case YAML_FOLDED_SCALAR_STYLE:
		return YAML_FOLDED;
	case YAML_ANY_SCALAR_STYLE:
	case YAML_PLAIN_SCALAR_STYLE:
		return YAML_PLAIN;
	}
	return YAML_PLAIN;
}

static status
scalar(struct reader *r, const yaml_event_t *e)
{
	struct bytes text = bytes_of(e->data.scalar.value, e->data.scalar.length);
	struct bytes source;
	struct anchor *a;
	struct yaml_node *n;

	TRY(node_new(r, e, YAML_SCALAR, &n));
	n->style = (uint8_t)style_of(e->data.scalar.style);
	n->props = e->data.scalar.anchor || e->data.scalar.tag;
	n->tag = tag_of(e->data.scalar.tag);
	/* A block scalar's end mark is the start of a later line. */
	if (n->style == YAML_LITERAL || n->style == YAML_FOLDED)
		n->end = n->begin + bytes_trim(bytes_sub(r->text, n->begin, n->end)).n;
	source = bytes_sub(r->text, n->begin, n->end);
	n->text = bytes_equal(source, text) ? source : arena_copy(r->arena, text);
	if (!n->text.p && text.n > 0)
		return err_set(r->err, ERR_LIMIT, "E-YAML-012", "the text needs too much memory");
	TRY(anchor_open(r, e->data.scalar.anchor, &a));
	if (a)
		a->node = n;
	return deliver(r, n, e->start_mark);
}

static status
take_event(struct reader *r, const yaml_event_t *e, bool *ret_end)
{
	struct yaml_node *n;

	switch (e->type) {
	case YAML_STREAM_END_EVENT:
		*ret_end = true;
		return OK;
	case YAML_DOCUMENT_START_EVENT:
		r->anchors = NULL;
		return OK;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return OK;
	case YAML_ALIAS_EVENT:
		TRY(alias(r, e, &n));
		return deliver(r, n, e->start_mark);
	case YAML_SCALAR_EVENT:
		return scalar(r, e);
	case YAML_SEQUENCE_START_EVENT:
		return open_collection(r, e, YAML_SEQ,
		                       e->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE,
		                       e->data.sequence_start.anchor, e->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return open_collection(r, e, YAML_MAP,
		                       e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE,
		                       e->data.mapping_start.anchor, e->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return close_collection(r, e);
	}
	return OK;
}

static status
read_events(struct reader *r)
{
	bool end = false;

	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->parser, r->text.p + r->bom, r->text.n - r->bom);
	while (!end) {
		CLEANUP(event_done) yaml_event_t e = {0};

		if (!yaml_parser_parse(&r->parser, &e))
			return fail_syntax(r);
		if (++r->nodes > YAML_MAX_NODES)
			return fail_at(r, e.start_mark, ERR_LIMIT, "E-YAML-012", "too many nodes");
		TRY(take_event(r, &e, &end));
	}
	return OK;
}

static status
parse(struct arena *arena, struct bytes text, bool duplicates, struct yaml_stream *ret,
      struct err *err)
{
	CLEANUP(reader_done)
	struct reader r = {.arena = arena, .text = text, .err = err, .duplicates = duplicates};
	struct yaml_node **docs;

	if (!yaml_parser_initialize(&r.parser))
		return err_set(err, ERR_LIMIT, "E-YAML-012", "out of memory");
	if (text.n > YAML_MAX_BYTES)
		return err_set(err, ERR_LIMIT, "E-YAML-010", "larger than 16 MiB");
	if (!utf8_valid(text))
		return err_set(err, ERR_PARSE, "E-YAML-002", "the file is not UTF-8");
	r.bom = bytes_starts(text, BYTES("\xef\xbb\xbf")) ? 3 : 0;
	TRY(map_build(&r));
	TRY(read_events(&r));
	docs = arena_array(arena, r.n_docs, sizeof(struct yaml_node *));
	if (!docs && r.n_docs > 0)
		return err_set(err, ERR_LIMIT, "E-YAML-012", "the text needs too much memory");
	mem_copy(docs, r.docs, r.n_docs * sizeof(struct yaml_node *));
	*ret = (struct yaml_stream){arena, text, docs, r.n_docs};
	return OK;
}

status
yaml_parse(struct arena *arena, struct bytes text, struct yaml_stream *ret, struct err *err)
{
	return parse(arena, text, false, ret, err);
}

status
yaml_parse_duplicates(struct arena *arena, struct bytes text, struct yaml_stream *ret,
                      struct err *err)
{
	return parse(arena, text, true, ret, err);
}
