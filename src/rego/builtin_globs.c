/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex.globs_match: is there a text that two globs both match? A glob is a
 * row of characters, dots and [sets], each of which may carry + or *. Walks the
 * product of both rows once: time and memory are their lengths multiplied.
 */
#include "base/text.h"
#include "rego/builtin_groups.h"

enum {
	GLOBS_MAX_TOKENS = 4096,
	GLOBS_MAX_RANGES = 64 * 1024,
	ANY_RUNE = 0x10ffff,
};

struct span {
	uint32_t lo, hi;
};

struct token {
	struct span *spans;
	uint32_t n;
	bool repeats;  /* + or * */
	bool optional; /* * */
};

struct glob {
	struct rego_call *c;
	struct bytes text;
	size_t at;
	struct token *tokens;
	uint32_t n;
};

/* Characters read so far, as the messages count. */
static size_t
position(const struct glob *g)
{
	size_t n = 0;

	for (size_t at = 0; at < g->at && at < g->text.n; n++)
		(void)utf8_next(g->text, &at);
	return n;
}

static status
malformed(struct glob *g, const char *what)
{
	return builtin_error(g->c, "input:%.*s, pos:%zu, %s: the input provided is invalid",
	                     BYTES_ARG(g->text), position(g), what);
}

/* The next character, a backslash taken off; false at the end. */
static status
next_rune(struct glob *g, uint32_t *ret, bool *escaped, bool *more)
{
	*more = g->at < g->text.n;
	*escaped = *more && g->text.p[g->at] == '\\';
	if (*escaped && g->at + 1 >= g->text.n)
		return malformed(g, "input ends with a \\ (escape) character");
	g->at += *escaped;
	if (*more)
		*ret = (uint32_t)utf8_next(g->text, &g->at);
	return OK;
}

static status
add_span(struct glob *g, struct token *t, uint32_t lo, uint32_t hi)
{
	if ((t->n & (t->n + 1)) == 0) { /* full at 0, 1, 3, 7, ... */
		struct span *more = arena_array(g->c->arena, t->n * 2 + 1, sizeof *more);

		if (!more || t->n > GLOBS_MAX_RANGES)
			return builtin_limit(g->c, "the set is too large");
		mem_copy(more, t->spans, t->n * sizeof *more);
		t->spans = more;
	}
	t->spans[t->n++] = (struct span){lo, hi};
	return OK;
}

static status
range(struct glob *g, struct token *t, bool has_last)
{
	struct span *last = t->n > 0 ? &t->spans[t->n - 1] : NULL;
	bool escaped, more;
	uint32_t hi = 0;

	if (!has_last || !last)
		return malformed(g, "range character '-' must be preceded by a Unicode character");
	TRY(next_rune(g, &hi, &escaped, &more));
	if (!more || g->at >= g->text.n)
		return malformed(g, "range character '-' must be followed by a Unicode character");
	if (!escaped && (hi == ']' || hi == '-'))
		return malformed(g, "range character '-' cannot be followed by a special symbol");
	if (hi < last->lo)
		return malformed(g, "range is out of order");
	last->hi = hi;
	return OK;
}

/* Behind the opening bracket. */
static status
set(struct glob *g, struct token *t)
{
	bool has_last = false;

	for (;;) {
		bool escaped, more;
		uint32_t cp = 0;

		TRY(next_rune(g, &cp, &escaped, &more));
		if (!more)
			return malformed(g, "found [ without matching ]");
		if (!escaped && cp == ']')
			return OK;
		if (!escaped && cp == '-') {
			TRY(range(g, t, has_last));
			has_last = false;
			continue;
		}
		TRY(add_span(g, t, cp, cp));
		has_last = true;
	}
}

static status
one_token(struct glob *g, uint32_t cp, bool escaped)
{
	struct token *t = &g->tokens[g->n];

	if (g->n == GLOBS_MAX_TOKENS)
		return builtin_limit(g->c, "a glob has more than %d parts", GLOBS_MAX_TOKENS);
	g->n++;
	if (!escaped && cp == ']')
		return malformed(g, "set-close ']' with no preceding '['");
	if (!escaped && (cp == '+' || cp == '*'))
		return malformed(g, cp == '+' ? "flag '+' must be preceded by a non-flag"
		                              : "flag '*' must be preceded by a non-flag");
	if (!escaped && cp == '[')
		TRY(set(g, t));
	else if (!escaped && cp == '.')
		TRY(add_span(g, t, 0, ANY_RUNE));
	else
		TRY(add_span(g, t, cp, cp));
	if (g->at < g->text.n && (g->text.p[g->at] == '+' || g->text.p[g->at] == '*')) {
		t->repeats = true;
		t->optional = g->text.p[g->at++] == '*';
	}
	return OK;
}

static status
read_glob(struct rego_call *c, const struct value *args, unsigned int i, struct glob *g)
{
	*g = (struct glob){.c = c};
	TRY(builtin_string(c, args, i, &g->text));
	TRY(rego_charge(c, g->text.n));
	g->tokens = arena_array(c->arena, MIN(g->text.n + 1, (size_t)GLOBS_MAX_TOKENS + 1),
	                        sizeof *g->tokens);
	TRY(arena_check(c->arena, c->err));
	for (;;) {
		bool escaped, more;
		uint32_t cp = 0;

		TRY(next_rune(g, &cp, &escaped, &more));
		if (!more)
			return OK;
		TRY(one_token(g, cp, escaped));
	}
}

static bool
share_rune(const struct token *x, const struct token *y)
{
	for (uint32_t i = 0; i < x->n; i++)
		for (uint32_t k = 0; k < y->n; k++)
			if (x->spans[i].lo <= y->spans[k].hi && y->spans[k].lo <= x->spans[i].hi)
				return true;
	return false;
}

/*
 * can[i][k]: some text leads both globs to the places i and k. A place with a
 * repeating token can be left as soon as that was used once, or at once with *;
 * used[][] tells which of both were.
 */
struct product {
	const struct glob *x, *y;
	uint8_t *seen; /* bit 1 x used + bit 2 y used, as one of four states */
	uint32_t *stack;
	size_t n;
};

static void
visit(struct product *p, uint32_t i, uint32_t k, unsigned int used)
{
	size_t at = (size_t)i * (p->y->n + 1) + k;

	if (p->seen[at] & (1U << used))
		return;
	p->seen[at] |= (uint8_t)(1U << used);
	p->stack[p->n++] = (uint32_t)(at * 4 + used);
}

static status
expand(struct product *p, uint32_t i, uint32_t k, unsigned int used)
{
	const struct token *x = i < p->x->n ? &p->x->tokens[i] : NULL;
	const struct token *y = k < p->y->n ? &p->y->tokens[k] : NULL;

	if (x && (x->optional || (used & 1)))
		visit(p, i + 1, k, used & 2);
	if (y && (y->optional || (used & 2)))
		visit(p, i, k + 1, used & 1);
	if (!x || !y)
		return OK;
	TRY(rego_charge(p->x->c, 1 + (uint64_t)x->n * y->n / 8));
	if (!share_rune(x, y))
		return OK;
	/* Both take the character; one that does not repeat moves on. */
	visit(p, x->repeats ? i : i + 1, y->repeats ? k : k + 1,
	      (x->repeats ? 1U : 0U) | (y->repeats ? 2U : 0U));
	return OK;
}

static status
intersects(struct rego_call *c, const struct glob *x, const struct glob *y, bool *ret)
{
	size_t places = (size_t)(x->n + 1) * (y->n + 1);
	struct product p = {.x = x, .y = y};

	TRY(rego_charge(c, places));
	p.seen = arena_array(c->arena, places, 1);
	p.stack = arena_array(c->arena, places * 4, sizeof *p.stack);
	TRY(arena_check(c->arena, c->err));
	visit(&p, 0, 0, 0);
	*ret = false;
	while (p.n > 0 && !*ret) {
		uint32_t at = p.stack[--p.n];
		uint32_t i = at / 4 / (y->n + 1), k = at / 4 % (y->n + 1);

		*ret = i == x->n && k == y->n;
		TRY(expand(&p, i, k, at % 4));
	}
	return OK;
}

static status
globs_match(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct glob x, y;
	bool yes;

	TRY(builtin_type(c, args, 0, VALUE_STRING));
	TRY(builtin_type(c, args, 1, VALUE_STRING));
	TRY(read_glob(c, args, 0, &x));
	TRY(read_glob(c, args, 1, &y));
	TRY(intersects(c, &x, &y, &yes));
	return return_bool(yes, ret);
}

static const struct rego_builtin list[] = {
        {"regex.globs_match", 2, 0, globs_match},
};
const struct rego_builtin_group rego_group_globs = {list, COUNT_OF(list)};
