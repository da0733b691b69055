/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pattern to tree, by recursive descent: alternation, concatenation,
 * repetition, atom. Depth is bounded by RE_MAX_DEPTH. Wording of errors is
 * that of Go's package, as policies see it.
 */
#include "re/parse.h"

#include "re/unicode.h"

status
re_bad(struct parser *p, size_t from, size_t to, const char *what)
{
	struct bytes part = bytes_sub(p->text, from, to);

	return err_at(p->err,
	              err_set(p->err, ERR_PARSE, "E-RE-001", "%s: `%.*s`", what, BYTES_ARG(part)),
	              "offset %zu", from);
}

status
re_too_large(struct err *err)
{
	return err_set(err, ERR_LIMIT, "E-RE-002", "expression too large");
}

static struct re_node *
node(struct parser *p, enum re_node_op op)
{
	struct re_node *n = arena_new(p->arena, struct re_node);

	if (n)
		n->op = (uint8_t)op;
	return n;
}

static void
append(struct re_node *list, struct re_node *item)
{
	if (!item)
		return;
	if (list->last)
		list->last->next = item;
	else
		list->sub = item;
	list->last = item;
}

static struct re_node *
assertion(struct parser *p, enum re_assert what)
{
	struct re_node *n = node(p, NODE_ASSERT);

	if (n)
		n->arg = what;
	return n;
}

/* The set as a node; the same one code point is a rune. */
struct re_node *
re_set_node(struct parser *p, struct re_set *s)
{
	struct re_node *n = node(p, NODE_CLASS);
	struct re_class *c = arena_new(p->arena, struct re_class);

	re_set_clean(s);
	if (!n || !c)
		return NULL;
	if (s->n == 1 && s->r[0].lo == s->r[0].hi) {
		n->op = NODE_RUNE;
		n->arg = s->r[0].lo;
		return n;
	}
	c->ranges = s->r;
	c->n = (uint32_t)s->n;
	for (uint32_t i = 0; i < s->n; i++)
		for (uint32_t k = s->r[i].lo; k <= s->r[i].hi && k < 0x80; k++)
			c->ascii[k / 32] |= 1U << (k % 32);
	n->set = c;
	return n;
}

static struct re_node *
literal(struct parser *p, uint32_t cp)
{
	struct re_set s = {.arena = p->arena};
	struct re_node *n;

	if ((p->flags & FLAG_FOLD) && unicode_fold(cp) != cp) {
		re_set_add(&s, cp, cp);
		for (uint32_t k = unicode_fold(cp); k != cp; k = unicode_fold(k))
			re_set_add(&s, k, k);
		return re_set_node(p, &s);
	}
	n = node(p, NODE_RUNE);
	if (n)
		n->arg = cp;
	return n;
}

/* ---- escapes outside classes ---- */

/* \Q...\E: appends the characters to the concatenation. */
static status
quoted(struct parser *p, struct re_node *cat)
{
	struct bytes end = BYTES("\\E");
	size_t stop = bytes_find(p->text, end, p->at + 2);
	size_t last = stop == SIZE_MAX ? p->text.n : stop;

	p->at += 2;
	while (p->at < last) {
		int32_t c = utf8_next(p->text, &p->at);

		append(cat, literal(p, (uint32_t)c));
	}
	if (stop != SIZE_MAX)
		p->at += 2;
	return OK;
}

static bool
escaped_assertion(struct parser *p, struct re_node **ret)
{
	static const struct {
		uint8_t letter;
		enum re_assert what;
	} rows[] = {
	        {'A', ASSERT_BEGIN_TEXT},
	        {'z', ASSERT_END_TEXT},
	        {'b', ASSERT_WORD},
	        {'B', ASSERT_NOT_WORD},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (p->text.p[p->at + 1] != rows[i].letter)
			continue;
		p->at += 2;
		*ret = assertion(p, rows[i].what);
		return true;
	}
	return false;
}

static status
escape(struct parser *p, struct re_node *cat)
{
	struct re_set s = {.arena = p->arena};
	struct re_node *n = NULL;
	uint32_t cp;
	bool taken;

	if (p->at + 1 < p->text.n && p->text.p[p->at + 1] == 'Q')
		return quoted(p, cat);
	if (p->at + 1 < p->text.n && escaped_assertion(p, &n)) {
		append(cat, n);
		return OK;
	}
	TRY(re_class_escape(p, &s, &taken));
	if (taken) {
		append(cat, re_set_node(p, &s));
		return OK;
	}
	TRY(re_escape_rune(p, &cp));
	append(cat, literal(p, cp));
	return OK;
}

/* ---- groups ---- */

static bool
name_ok(struct bytes name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!re_is_word(name.p[i]))
			return false;
	return name.n > 0;
}

static status
add_group(struct parser *p, struct bytes name, uint32_t *index)
{
	if (p->groups == p->name_cap) {
		uint32_t cap = p->name_cap ? p->name_cap * 2 : 8;
		struct bytes *names = arena_array(p->arena, cap, sizeof *names);

		if (!names)
			return re_too_large(p->err);
		mem_copy(names, p->names, p->groups * sizeof *names);
		p->names = names;
		p->name_cap = cap;
	}
	*index = p->groups;
	p->names[p->groups++] = name;
	return OK;
}

static status
named_group(struct parser *p, size_t open, size_t name_at, uint32_t *index)
{
	size_t end = bytes_find_byte(p->text, '>', name_at);
	struct bytes name;

	if (end == SIZE_MAX)
		return re_bad(p, open, p->text.n, "invalid named capture");
	name = bytes_sub(p->text, name_at, end);
	if (!name_ok(name))
		return re_bad(p, open, end + 1, "invalid named capture");
	p->at = end + 1;
	return add_group(p, name, index);
}

/* One flag letter; false if it is none. */
static bool
flag_letter(uint8_t c, bool minus, unsigned int *flags)
{
	static const char letters[] = "imsU";
	static const unsigned int bits[] = {FLAG_FOLD, FLAG_MULTI, FLAG_DOT_NL, FLAG_LAZY};

	for (size_t i = 0; i < COUNT_OF(bits); i++) {
		if (c != (uint8_t)letters[i])
			continue;
		*flags = minus ? *flags & ~bits[i] : *flags | bits[i];
		return true;
	}
	return false;
}

/* (?flags) and (?flags: ...; *group says which. */
static status
group_flags(struct parser *p, bool *group)
{
	size_t open = p->at, at = p->at + 2;
	unsigned int flags = p->flags;
	bool minus = false, any = false;

	for (; at < p->text.n; at++) {
		uint8_t c = p->text.p[at];

		if (c == '-' && !minus) {
			minus = true;
			any = false;
		} else if ((c == ':' || c == ')') && !(minus && !any)) {
			*group = c == ':';
			p->flags = flags;
			p->at = at + 1;
			return OK;
		} else if (flag_letter(c, minus, &flags)) {
			any = true;
		} else {
			break;
		}
	}
	if (at >= p->text.n)
		return re_bad(p, 0, p->text.n, "missing closing )");
	return re_bad(p, open, at + 1, "invalid or unsupported Perl syntax");
}

/* Behind the opening: the alternatives and the closing parenthesis. */
static status
group_body(struct parser *p, unsigned int outer, struct re_node **ret)
{
	if (++p->depth > RE_MAX_DEPTH)
		return re_bad(p, 0, p->text.n, "expression nests too deeply");
	TRY(re_parse_alt(p, ret));
	if (p->at >= p->text.n)
		return re_bad(p, 0, p->text.n, "missing closing )");
	p->at++;
	p->depth--;
	p->flags = outer;
	return OK;
}

static status
capture(struct parser *p, uint32_t index, struct re_node *cat)
{
	struct re_node *n = node(p, NODE_GROUP), *sub;

	TRY(group_body(p, p->flags, &sub));
	if (!n)
		return re_too_large(p->err);
	n->arg = index;
	n->sub = sub;
	append(cat, n);
	return OK;
}

static status
group(struct parser *p, struct re_node *cat)
{
	size_t open = p->at;
	struct bytes rest = bytes_sub(p->text, open, p->text.n);
	unsigned int outer = p->flags;
	struct re_node *sub;
	uint32_t index;
	bool is_group;

	if (rest.n < 2 || rest.p[1] != '?') {
		p->at++;
		TRY(add_group(p, (struct bytes){NULL, 0}, &index));
		return capture(p, index, cat);
	}
	if (bytes_starts(rest, BYTES("(?P<")) || bytes_starts(rest, BYTES("(?<"))) {
		TRY(named_group(p, open, open + (rest.p[2] == 'P' ? 4 : 3), &index));
		return capture(p, index, cat);
	}
	TRY(group_flags(p, &is_group));
	if (!is_group)
		return OK;
	TRY(group_body(p, outer, &sub));
	append(cat, sub);
	return OK;
}

/* ---- repetition ---- */

/* {n}, {n,}, {n,m}; false (nothing consumed): a literal brace. */
static bool
brace_number(struct parser *p, size_t *at, uint32_t *ret)
{
	size_t start = *at;
	uint32_t v = 0;

	while (*at < p->text.n && p->text.p[*at] >= '0' && p->text.p[*at] <= '9') {
		if (v <= RE_MAX_REPEAT)
			v = v * 10 + (uint32_t)(p->text.p[*at] - '0');
		(*at)++;
	}
	if (*at == start || (*at - start > 1 && p->text.p[start] == '0'))
		return false;
	*ret = v;
	return true;
}

static bool
braces(struct parser *p, uint32_t *min, uint32_t *max)
{
	size_t at = p->at + 1;

	if (!brace_number(p, &at, min))
		return false;
	*max = *min;
	if (at < p->text.n && p->text.p[at] == ',') {
		at++;
		*max = REPEAT_INF;
		if (at < p->text.n && p->text.p[at] != '}' && !brace_number(p, &at, max))
			return false;
	}
	if (at >= p->text.n || p->text.p[at] != '}')
		return false;
	p->at = at + 1;
	return true;
}

static bool
repeat_op(struct parser *p, uint32_t *min, uint32_t *max)
{
	uint8_t c = p->text.p[p->at];

	if (c == '{')
		return braces(p, min, max);
	if (c != '*' && c != '+' && c != '?')
		return false;
	*min = c == '+';
	*max = c == '?' ? 1 : REPEAT_INF;
	p->at++;
	return true;
}

/* Do nested counts stay below RE_MAX_REPEAT when multiplied? */
static bool
count_ok(const struct re_node *n, uint32_t left)
{
	if (n->op == NODE_REPEAT && !(n->min <= 1 && (n->max == REPEAT_INF || n->max <= 1))) {
		uint32_t m = n->max == REPEAT_INF ? n->min : n->max;

		if (m > left)
			return false;
		if (m > 0)
			left /= m;
	}
	for (const struct re_node *s = n->sub; s; s = s->next)
		if (!count_ok(s, left))
			return false;
	return true;
}

/* The last node of the concatenation becomes the operand of the repetition. */
static status
wrap_last(struct parser *p, struct re_node *cat, size_t from, uint32_t min, uint32_t max, bool lazy)
{
	struct re_node *n = cat->last, *copy = arena_new(p->arena, struct re_node);

	if (!copy)
		return re_too_large(p->err);
	*copy = *n;
	copy->next = NULL;
	*n = (struct re_node){.op = NODE_REPEAT,
	                      .lazy = lazy,
	                      .min = min,
	                      .max = max,
	                      .chain = copy->chain + 1,
	                      .sub = copy};
	/* a*(?i)* and so on: the only way to nest without a parenthesis. */
	if (n->chain > RE_MAX_DEPTH)
		return re_bad(p, 0, p->text.n, "expression nests too deeply");
	if ((min >= 2 || (max >= 2 && max != REPEAT_INF)) && !count_ok(n, RE_MAX_REPEAT))
		return re_bad(p, from, p->at, "invalid repeat count");
	return OK;
}

static status
repeat(struct parser *p, struct re_node *cat, bool *taken)
{
	size_t from = p->at;
	uint32_t min, max;
	bool lazy = (p->flags & FLAG_LAZY) != 0;

	*taken = repeat_op(p, &min, &max);
	if (!*taken)
		return OK;
	if (min > RE_MAX_REPEAT || (max != REPEAT_INF && (max > RE_MAX_REPEAT || min > max)))
		return re_bad(p, from, p->at, "invalid repeat count");
	if (!cat->last)
		return re_bad(p, from, p->at, "missing argument to repetition operator");
	if (p->at < p->text.n && p->text.p[p->at] == '?') {
		lazy = !lazy;
		p->at++;
	}
	if (p->repeat_end == from && p->repeat_start < from)
		return re_bad(p, p->repeat_start, p->at, "invalid nested repetition operator");
	p->repeat_start = from;
	p->repeat_end = p->at;
	return wrap_last(p, cat, from, min, max, lazy);
}

/* ---- atoms, concatenation, alternation ---- */

static status
atom(struct parser *p, struct re_node *cat)
{
	uint8_t c = p->text.p[p->at];

	switch (c) {
	case '(':
		return group(p, cat);
	case '[':
		return re_class_parse(p, cat);
	case '\\':
		return escape(p, cat);
	case '.':
		p->at++;
		append(cat, node(p, p->flags & FLAG_DOT_NL ? NODE_ANY : NODE_ANY_NOT_NL));
		return OK;
	case '^':
		p->at++;
		append(cat,
		       assertion(p, p->flags & FLAG_MULTI ? ASSERT_BEGIN_LINE : ASSERT_BEGIN_TEXT));
		return OK;
	case '$':
		p->at++;
		append(cat,
		       assertion(p, p->flags & FLAG_MULTI ? ASSERT_END_LINE : ASSERT_END_TEXT));
		return OK;
	default:
		append(cat, literal(p, (uint32_t)utf8_next(p->text, &p->at)));
		return OK;
	}
}

static status
parse_cat(struct parser *p, struct re_node **ret)
{
	struct re_node *cat = node(p, NODE_CAT);

	if (!cat)
		return re_too_large(p->err);
	while (p->at < p->text.n && p->text.p[p->at] != '|' && p->text.p[p->at] != ')') {
		bool taken;

		TRY(repeat(p, cat, &taken));
		if (!taken)
			TRY(atom(p, cat));
		if (p->arena->failed)
			return re_too_large(p->err);
	}
	*ret = cat;
	return OK;
}

status
re_parse_alt(struct parser *p, struct re_node **ret)
{
	struct re_node *alt, *cat;

	TRY(parse_cat(p, &cat));
	if (p->at >= p->text.n || p->text.p[p->at] != '|') {
		*ret = cat;
		return OK;
	}
	alt = node(p, NODE_ALT);
	if (!alt)
		return re_too_large(p->err);
	append(alt, cat);
	while (p->at < p->text.n && p->text.p[p->at] == '|') {
		p->at++;
		TRY(parse_cat(p, &cat));
		append(alt, cat);
	}
	*ret = alt;
	return OK;
}

void
re_node_append(struct re_node *list, struct re_node *item)
{
	append(list, item);
}

status
re_parse(struct arena *a, struct bytes pattern, struct re_tree *ret, struct err *err)
{
	struct parser p = {.arena = a, .text = pattern, .err = err, .repeat_end = SIZE_MAX};
	struct re_node *root = node(&p, NODE_GROUP);
	uint32_t whole;

	if (pattern.n > RE_MAX_PATTERN)
		return re_too_large(err);
	if (!utf8_valid(pattern))
		return re_bad(&p, 0, pattern.n, "invalid UTF-8");
	TRY(add_group(&p, (struct bytes){NULL, 0}, &whole));
	if (!root)
		return re_too_large(err);
	TRY(re_parse_alt(&p, &root->sub));
	if (p.at < pattern.n)
		return re_bad(&p, 0, pattern.n, "unexpected )");
	*ret = (struct re_tree){root, p.groups, p.names};
	return OK;
}
