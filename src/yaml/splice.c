/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splices from the changes of a tree. A walk in the order of the text records
 * them; those at one offset keep the order of recording, so what belongs to
 * an inner collection comes before what its parents add at the same line end.
 */
#include "yaml/edit.h"
#include "yaml/emit.h"

#include <stdlib.h>

struct record {
	size_t offset, remove, order;
	struct bytes insert;
};

struct work {
	const struct yaml_stream *s;
	struct arena *arena;
	struct bytes text;
	struct yaml_layout layout;
	struct record *records;
	size_t n, cap;
	struct buf tmp;
	struct err *err;
};

static void
work_done(struct work *w)
{
	mem_free(w->records);
	buf_done(&w->tmp);
}

/* Takes what is in w->tmp as the insertion. */
static status
record(struct work *w, size_t offset, size_t remove)
{
	if (w->n == w->cap) {
		size_t cap = w->cap ? w->cap * 2 : 32;
		struct record *grown = mem_grow(w->records, cap * sizeof *grown);

		if (!grown)
			return err_set(w->err, ERR_LIMIT, "E-YAML-012", "too many edits");
		w->records = grown;
		w->cap = cap;
	}
	TRY(buf_check(&w->tmp, w->err));
	w->records[w->n] =
	        (struct record){offset, remove, w->n, arena_copy(w->arena, buf_view(&w->tmp))};
	w->n++;
	buf_reset(&w->tmp);
	return arena_check(w->arena, w->err);
}

/* ---- places in the text ---- */

static size_t
line_start(const struct work *w, size_t at)
{
	while (at > 0 && w->text.p[at - 1] != '\n' && w->text.p[at - 1] != '\r')
		at--;
	return at == 0 && bytes_starts(w->text, BYTES("\xef\xbb\xbf")) ? 3 : at;
}

static size_t
line_end(const struct work *w, size_t at)
{
	while (at < w->text.n && w->text.p[at] != '\n' && w->text.p[at] != '\r')
		at++;
	return at;
}

static uint32_t
column(const struct work *w, size_t at)
{
	return (uint32_t)(at - line_start(w, at));
}

static bool
blank_before(const struct work *w, size_t at)
{
	return bytes_trim(bytes_sub(w->text, line_start(w, at), at)).n == 0;
}

/* Where a line may be added behind a node: the end of its last line. */
static size_t
behind(const struct work *w, const struct yaml_node *n)
{
	size_t at = n->raw_end;

	if (n->raw_end == n->end)
		return line_end(w, at);
	/* A block scalar keeps its trailing empty lines. */
	if (at > 0 && w->text.p[at - 1] == '\n')
		at--;
	if (at > 0 && w->text.p[at - 1] == '\r')
		at--;
	return at;
}

/* The dash of item i; between items stand only white space and comments. */
static size_t
dash_of(const struct work *w, const struct yaml_node *seq, uint32_t i)
{
	size_t at = i == 0 ? seq->begin : seq->was[i - 1].val->raw_end;

	while (at < w->text.n && w->text.p[at] != '-') {
		if (w->text.p[at] == '#')
			at = line_end(w, at);
		else
			at++;
	}
	return at;
}

/* Start of the comment lines directly above a line, or of the line itself. */
static size_t
with_comments(const struct work *w, size_t line)
{
	while (line > 0) {
		size_t above = line - 1;
		struct bytes text;

		if (above > 0 && w->text.p[above] == '\n' && w->text.p[above - 1] == '\r')
			above--;
		above = line_start(w, above);
		text = bytes_trim(bytes_sub(w->text, above, line));
		if (text.n == 0 || text.p[0] != '#')
			return line;
		line = above;
	}
	return line;
}

static size_t
without_spaces_before(const struct work *w, size_t at)
{
	while (at > 0 && w->text.p[at - 1] == ' ')
		at--;
	return at;
}

/* ---- replacing one value ---- */

/* Column of the new block when it hangs below a key, or behind the dash of an item. */
struct site {
	bool in_flow;
	bool is_item;
	uint32_t col; /* of the key or the dash */
};

static bool
has_comment_behind(const struct work *w, const struct yaml_node *old)
{
	struct bytes rest = bytes_sub(w->text, old->end, line_end(w, old->end));

	return bytes_trim(rest).n > 0;
}

static status
replace_with_block(struct work *w, const struct yaml_node *old, const struct yaml_node *val,
                   const struct site *site)
{
	size_t from = old->begin;

	if (old->kind != YAML_SCALAR && old->style == YAML_BLOCK) {
		uint32_t col = column(w, from);

		/* A list may stand right below its key, a mapping may not. */
		if (val->kind == YAML_MAP && !site->is_item && col <= site->col) {
			yaml_emit_spaces(site->col + w->layout.step - col, &w->tmp);
			col = site->col + w->layout.step;
		}
		yaml_emit_block(val, col, &w->layout, &w->tmp);
		return record(w, from, old->end - from);
	}
	if (site->is_item) {
		if (from > 0 && w->text.p[from - 1] == '-')
			buf_u8(&w->tmp, ' ');
		yaml_emit_block(val, site->col + 2, &w->layout, &w->tmp);
		return record(w, from, old->end - from);
	}
	from = without_spaces_before(w, from);
	if (has_comment_behind(w, old)) {
		TRY(record(w, from, old->end - from));
		from = line_end(w, old->end);
		yaml_emit_value(val, site->col, &w->layout, &w->tmp);
		return record(w, from, 0);
	}
	yaml_emit_value(val, site->col, &w->layout, &w->tmp);
	return record(w, from, old->end - from);
}

static status
replace(struct work *w, const struct yaml_node *old, const struct yaml_node *val,
        const struct site *site)
{
	size_t at = old->begin;

	if (!site->in_flow && !yaml_is_inline(val))
		return replace_with_block(w, old, val, site);
	/* Directly behind "key:" or "-" a space is needed. */
	if (at > 0 &&
	    (w->text.p[at - 1] == ':' || w->text.p[at - 1] == '-' || w->text.p[at - 1] == ','))
		buf_u8(&w->tmp, ' ');
	/* On a line of its own a value must stand to the right of its key. */
	if (!site->in_flow && !site->is_item && blank_before(w, at) && column(w, at) <= site->col)
		yaml_emit_spaces(site->col + w->layout.step - column(w, at), &w->tmp);
	yaml_emit_like(val, old->kind == YAML_SCALAR && !old->props ? old->style : YAML_PLAIN,
	               site->in_flow, &w->tmp);
	return record(w, at, old->end - at);
}

/* ---- adding ---- */

static void
emit_flow_kid(struct work *w, const struct yaml_kid *k)
{
	if (k->key) {
		yaml_emit_inline(k->key, true, &w->tmp);
		buf_str(&w->tmp, ": ");
	}
	yaml_emit_inline(k->val, true, &w->tmp);
}

static status
add_flow(struct work *w, const struct yaml_node *n, const struct yaml_kid *k, int32_t prev)
{
	if (prev < 0) {
		const struct yaml_kid *first = &n->was[0];

		emit_flow_kid(w, k);
		buf_str(&w->tmp, ", ");
		return record(w, first->key ? first->key->begin : first->val->begin, 0);
	}
	buf_str(&w->tmp, ", ");
	emit_flow_kid(w, k);
	return record(w, n->was[prev].val->end, 0);
}

/* New lines above the first item, below the key that holds the list. */
static status
add_item_first(struct work *w, const struct yaml_node *n, const struct yaml_kid *k, uint32_t col)
{
	size_t dash = dash_of(w, n, 0);

	if (!blank_before(w, dash)) {
		yaml_emit_item(k->val, col, &w->layout, &w->tmp);
		buf_str(&w->tmp, w->layout.nl);
		yaml_emit_spaces(col, &w->tmp);
		return record(w, dash, 0);
	}
	yaml_emit_spaces(col, &w->tmp);
	yaml_emit_item(k->val, col, &w->layout, &w->tmp);
	buf_str(&w->tmp, w->layout.nl);
	return record(w, with_comments(w, line_start(w, dash)), 0);
}

static status
add_block(struct work *w, const struct yaml_node *n, const struct yaml_kid *k, int32_t prev,
          uint32_t col)
{
	if (!k->key && prev < 0)
		return add_item_first(w, n, k, col);
	buf_str(&w->tmp, w->layout.nl);
	yaml_emit_spaces(col, &w->tmp);
	if (k->key)
		yaml_emit_pair(k, col, &w->layout, &w->tmp);
	else
		yaml_emit_item(k->val, col, &w->layout, &w->tmp);
	return record(w, behind(w, n->was[k->key ? (int32_t)n->n_was - 1 : prev].val), 0);
}

/* ---- removing ---- */

static status
remove_item(struct work *w, const struct yaml_node *n, uint32_t i)
{
	size_t from, to;

	if (n->style == YAML_FLOW) {
		from = i == 0 ? n->was[0].val->begin : n->was[i - 1].val->end;
		to = i == 0 && n->n_was > 1 ? n->was[1].val->begin : n->was[i].val->end;
		return record(w, from, to - from);
	}
	from = dash_of(w, n, i);
	to = behind(w, n->was[i].val);
	if (!blank_before(w, from))
		return yaml_at(w->err,
		               err_set(w->err, ERR_UNSUPPORTED, "E-YAML-020",
		                       "cannot remove the first item of a list that starts "
		                       "on the line of another"),
		               n->was[i].val);
	from = line_start(w, from);
	if (to < w->text.n && w->text.p[to] == '\r')
		to++;
	if (to < w->text.n && w->text.p[to] == '\n')
		to++;
	return record(w, from, to - from);
}

/* ---- the walk ---- */

static status walk(struct work *w, const struct yaml_node *n, bool in_flow);

static uint32_t
kid_column(const struct work *w, const struct yaml_node *n)
{
	const struct yaml_kid *was = n->touched ? n->was : n->kids;
	uint32_t n_was = n->touched ? n->n_was : n->n;

	if (n_was == 0 || n->merges)
		return column(w, n->begin);
	return column(w, n->kind == YAML_MAP ? was[0].key->begin : dash_of(w, n, 0));
}

/* A collection none of whose kids stood in the text has no place to add to: write it whole. */
static bool
is_rewritten(const struct yaml_node *n)
{
	if (!n->touched)
		return false;
	for (uint32_t i = 0; i < n->n; i++)
		if (n->kids[i].origin >= 0)
			return false;
	return true;
}

static status
rewrite(struct work *w, const struct yaml_node *n, const struct site *site)
{
	struct yaml_node copy = *n;

	copy.style = YAML_BLOCK;
	return replace(w, n, &copy, site);
}

static status
walk_kept(struct work *w, const struct yaml_node *n, const struct yaml_kid *k, uint32_t col,
          bool flow)
{
	const struct yaml_node *old = n->touched ? n->was[k->origin].val : k->val;
	struct site site = {flow, !k->key, col};

	if (old != k->val)
		return replace(w, old, k->val, &site);
	return is_rewritten(old) ? rewrite(w, old, &site) : walk(w, old, flow);
}

static status
walk(struct work *w, const struct yaml_node *n, bool in_flow)
{
	bool flow = in_flow || n->style == YAML_FLOW;
	int32_t prev = -1;
	uint32_t col;

	if (n->kind == YAML_SCALAR || n->shared)
		return OK;
	col = flow ? 0 : kid_column(w, n);
	for (uint32_t i = 0; i < n->n; i++) {
		const struct yaml_kid *k = &n->kids[i];

		if (k->origin < 0 && !n->touched)
			continue; /* came through a merge key */
		if (k->origin < 0) {
			TRY(flow ? add_flow(w, n, k, prev) : add_block(w, n, k, prev, col));
			continue;
		}
		for (int32_t gone = prev + 1; n->touched && gone < k->origin; gone++)
			TRY(remove_item(w, n, (uint32_t)gone));
		prev = k->origin;
		TRY(walk_kept(w, n, k, col, flow));
	}
	for (uint32_t gone = (uint32_t)(prev + 1); n->touched && gone < n->n_was; gone++)
		TRY(remove_item(w, n, gone));
	return OK;
}

/* ---- the manner of the file ---- */

/* Indentation as its first nested collections show it. */
static void
learn(const struct work *w, const struct yaml_node *n, bool *step, bool *off, struct yaml_layout *l)
{
	if (n->kind == YAML_SCALAR || n->style != YAML_BLOCK || n->shared || n->merges ||
	    (*step && *off))
		return;
	for (uint32_t i = 0; i < n->n; i++) {
		const struct yaml_kid *k = &n->kids[i];
		uint32_t col, key;

		if (k->origin < 0 || k->val->kind == YAML_SCALAR)
			continue;
		if (k->key && k->val->style == YAML_BLOCK && !k->val->props && k->val->from_text &&
		    !k->val->merges) {
			key = column(w, k->key->begin);
			col = kid_column(w, k->val);
			if (k->val->kind == YAML_MAP && !*step && col > key) {
				l->step = MIN(col - key, 8);
				*step = true;
			}
			if (k->val->kind == YAML_SEQ && !*off && col >= key) {
				l->seq_off = MIN(col - key, 8);
				*off = true;
			}
		}
		learn(w, k->val, step, off, l);
	}
}

static void
learn_layout(struct work *w, const struct yaml_node *doc)
{
	bool step = false, off = false;
	size_t nl = bytes_find_byte(w->text, '\n', 0);

	w->layout = (struct yaml_layout){2, 2, "\n"};
	if (nl != SIZE_MAX && nl > 0 && w->text.p[nl - 1] == '\r')
		w->layout.nl = "\r\n";
	learn(w, doc, &step, &off, &w->layout);
}

static int
by_offset(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static status
not_as_intended(struct err *err, const char *what)
{
	return err_set(err, ERR_INTERNAL, "E-YAML-021", "cannot edit this file safely: %s", what);
}

static status
collect(struct work *w)
{
	for (size_t i = 0; i < w->s->n; i++) {
		learn_layout(w, w->s->docs[i]);
		if (is_rewritten(w->s->docs[i]))
			return not_as_intended(w->err, "an empty document");
		TRY(walk(w, w->s->docs[i], false));
	}
	if (w->n > 1)
		qsort(w->records, w->n, sizeof *w->records, by_offset);
	for (size_t i = 1; i < w->n; i++)
		if (w->records[i - 1].offset + w->records[i - 1].remove > w->records[i].offset)
			return not_as_intended(w->err, "two edits overlap");
	return OK;
}

status
yaml_splices(const struct yaml_stream *s, struct yaml_splice **ret, size_t *ret_n, struct err *err)
{
	CLEANUP(work_done) struct work w = {.s = s, .arena = s->arena, .text = s->text, .err = err};
	struct yaml_splice *all;

	TRY(arena_check(s->arena, err));
	TRY(collect(&w));
	all = arena_array(s->arena, w.n + 1, sizeof *all);
	if (!all)
		return arena_check(s->arena, err);
	for (size_t i = 0; i < w.n; i++)
		all[i] = (struct yaml_splice){w.records[i].offset, w.records[i].remove,
		                              w.records[i].insert};
	*ret = all;
	*ret_n = w.n;
	return OK;
}

/* The result must read as the tree that was asked for, whatever the splices did. */
static status
check_result(const struct yaml_stream *want, struct bytes text, struct err *err)
{
	CLEANUP(arena_done) struct arena arena = {0};
	struct yaml_stream got;

	arena_init(&arena, (size_t)4096 * 1024 * 1024);
	if (!is_ok(yaml_parse(&arena, text, &got, err)))
		return not_as_intended(err, "the result is no YAML");
	if (got.n != want->n)
		return not_as_intended(err, "the number of documents changed");
	for (size_t i = 0; i < got.n; i++)
		if (!yaml_equal(got.docs[i], want->docs[i]))
			return not_as_intended(err, "the result reads differently");
	return OK;
}

status
yaml_apply(const struct yaml_stream *s, struct buf *out, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};
	struct yaml_splice *all;
	size_t n, at = 0;

	TRY(yaml_splices(s, &all, &n, err));
	for (size_t i = 0; i < n; i++) {
		buf_bytes(&text, bytes_sub(s->text, at, all[i].offset));
		buf_bytes(&text, all[i].insert);
		at = all[i].offset + all[i].remove;
	}
	buf_bytes(&text, bytes_sub(s->text, at, s->text.n));
	TRY(buf_check(&text, err));
	if (n > 0)
		TRY(check_result(s, buf_view(&text), err));
	buf_bytes(out, buf_view(&text));
	return buf_check(out, err);
}
