/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random documents, random edits. What must hold: every line of the original
 * that no edit names is there again, whole and in order; the edited tree reads
 * back (yaml_apply checks that itself); the same edits again change nothing.
 */
#include "yaml/edit.h"

#include "unit.h"

enum { ROUNDS = 4000 };

struct gen {
	uint64_t state;
	struct buf text;
	unsigned int step, seq_off;
	const char *nl;
	unsigned int serial;
};

static uint32_t
pick(struct gen *g, uint32_t below)
{
	g->state = g->state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(g->state >> 33) % below;
}

static void
spaces(struct gen *g, unsigned int n)
{
	while (n-- > 0)
		buf_u8(&g->text, ' ');
}

static void
line_end(struct gen *g)
{
	if (pick(g, 4) == 0)
		buf_printf(&g->text, "  # note %u \xc3\xa9", g->serial++);
	buf_str(&g->text, g->nl);
	if (pick(g, 8) == 0)
		buf_str(&g->text, g->nl);
	if (pick(g, 8) == 0) {
		spaces(g, pick(g, 6));
		buf_printf(&g->text, "# line %u", g->serial++);
		buf_str(&g->text, g->nl);
	}
}

static void
scalar(struct gen *g, unsigned int col)
{
	static const char *const forms[] = {
	        "v%u",         "'it''s %u'",       "\"q\\t%u\"",       "%u",
	        "true # b %u", "[a%u, b, {c: d}]", "{x: y%u, z: [1]}", "\xf0\x9f\x98\x80 %u"};
	uint32_t form = pick(g, 10);

	buf_u8(&g->text, ' ');
	if (form < COUNT_OF(forms)) {
		char text[64];

		/* The table's formats take one unsigned each. */
		(void)snprintf(text, sizeof text, "%s", forms[form]);
		for (char *p = text; *p; p++) {
			if (p[0] == '%' && p[1] == 'u') {
				buf_printf(&g->text, "%u", g->serial++);
				p++;
			} else {
				buf_u8(&g->text, (uint8_t)*p);
			}
		}
		line_end(g);
		return;
	}
	buf_str(&g->text, form == 8 ? "|" : ">-");
	buf_str(&g->text, g->nl);
	for (uint32_t i = 0; i <= pick(g, 3); i++) {
		spaces(g, col + g->step);
		buf_printf(&g->text, "text %u # no comment", g->serial++);
		buf_str(&g->text, g->nl);
	}
}

static void mapping(struct gen *g, unsigned int col, unsigned int depth, bool first_indented);

static void
sequence(struct gen *g, unsigned int col, unsigned int depth)
{
	uint32_t n = 1 + pick(g, 3);

	for (uint32_t i = 0; i < n; i++) {
		spaces(g, col);
		buf_u8(&g->text, '-');
		if (depth == 0 || pick(g, 2)) {
			scalar(g, col);
		} else {
			buf_u8(&g->text, ' ');
			mapping(g, col + 2, depth - 1, true);
		}
	}
}

static void
mapping(struct gen *g, unsigned int col, unsigned int depth, bool first_indented)
{
	uint32_t n = 1 + pick(g, 4);

	for (uint32_t i = 0; i < n; i++) {
		if (i > 0 || !first_indented)
			spaces(g, col);
		buf_printf(&g->text, "k%u:", g->serial++);
		if (depth == 0 || pick(g, 2)) {
			scalar(g, col);
			continue;
		}
		line_end(g);
		if (pick(g, 2))
			mapping(g, col + g->step, depth - 1, false);
		else
			sequence(g, col + g->seq_off, depth - 1);
	}
}

static void
document(struct gen *g)
{
	g->step = 2 + 2 * pick(g, 2);
	g->seq_off = pick(g, 2) ? 0 : 2;
	g->nl = pick(g, 4) ? "\n" : "\r\n";
	if (pick(g, 8) == 0)
		buf_str(&g->text, "\xef\xbb\xbf");
	for (uint32_t i = 0; i <= pick(g, 3); i++) {
		if (i > 0 || pick(g, 3) == 0)
			buf_printf(&g->text, "---%s", g->nl);
		mapping(g, 0, 4, false);
	}
}

/* The line ranges that edits may change: those of replaced or removed nodes. */
struct touched {
	size_t from[64], to[64];
	size_t n;
};

static struct yaml_node *
any_collection(struct gen *g, struct yaml_node *n)
{
	for (;;) {
		struct yaml_node *kid = n->n ? n->kids[pick(g, n->n)].val : NULL;

		if (!kid || kid->kind == YAML_SCALAR || pick(g, 3) == 0)
			return n;
		n = kid;
	}
}

static void
note(struct touched *t, const struct yaml_node *n)
{
	t->from[t->n] = n->begin;
	t->to[t->n++] = n->raw_end;
}

static struct yaml_node *
fresh(struct gen *g, struct arena *a)
{
	struct yaml_node *m = yaml_new_map(a), *seq = yaml_new_seq(a);
	struct yaml_node *leaf = yaml_new_str(a, arena_printf(a, "new %u: #", g->serial++));

	if (pick(g, 3) == 0)
		return leaf;
	yaml_push(a, seq, leaf);
	if (pick(g, 2))
		return seq;
	yaml_put(a, m, "name", yaml_new_raw(a, "true"));
	yaml_put(a, m, "list", seq);
	return m;
}

/* The same edits from the same seed, against the text as it is or as it became. */
static void
edit(struct gen *g, struct yaml_stream *s, struct touched *t)
{
	struct arena *a = s->arena;
	struct err err = {0};

	for (uint32_t i = 0; i <= pick(g, 5); i++) {
		struct yaml_node *n = any_collection(g, s->docs[pick(g, (uint32_t)s->n)]);

		if (n->kind == YAML_MAP && n->n > 0 && pick(g, 3) == 0) {
			uint32_t k = pick(g, n->n);

			if (n->kids[k].origin < 0 || !n->kids[k].val->from_text ||
			    n->kids[k].val->touched)
				continue;
			note(t, n->kids[k].val);
			assert_ok(yaml_set(a, n, n->kids[k].key->text, fresh(g, a), &err));
		} else if (n->kind == YAML_MAP) {
			assert_ok(yaml_set(a, n, arena_printf(a, "new%u", g->serial++), fresh(g, a),
			                   &err));
		} else {
			assert_ok(yaml_insert(a, n, pick(g, 2) ? 0 : n->n, fresh(g, a), &err));
		}
	}
}

static bool
in_touched(const struct touched *t, size_t from, size_t to)
{
	for (size_t i = 0; i < t->n; i++)
		if (from <= t->to[i] && to >= t->from[i])
			return true;
	return false;
}

/* Flow collections grow within their line, so a line may also have grown: compare by its parts. */
static void
lines_survive(struct bytes before, struct bytes after, const struct touched *t)
{
	size_t at = 0, found = 0;

	while (at < before.n) {
		size_t end = bytes_find_byte(before, '\n', at);
		struct bytes line;
		size_t where;

		end = end == SIZE_MAX ? before.n : end;
		line = bytes_sub(before, at, end);
		if (line.n > 0 && !in_touched(t, at, end) &&
		    bytes_find_byte(line, '[', 0) == SIZE_MAX &&
		    bytes_find_byte(line, '{', 0) == SIZE_MAX) {
			where = bytes_find(after, line, found);
			if (where == SIZE_MAX)
				fail_msg("lost: %.*s\n--- before\n%.*s--- after\n%.*s",
				         BYTES_ARG(line), BYTES_ARG(before), BYTES_ARG(after));
			found = where + line.n;
		}
		at = end + 1;
	}
}

static void
untouched_bytes_survive(void **state)
{
	(void)state;
	for (uint64_t round = 0; round < ROUNDS; round++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf after = {0};
		CLEANUP(buf_done) struct buf again = {0};
		struct gen g = {.state = round * 7919 + 1};
		struct touched t = {.n = 0};
		struct yaml_stream s;
		struct yaml_splice *splices;
		size_t n;
		struct err err = {0};

		document(&g);
		if (!is_ok(yaml_parse(&a, buf_view(&g.text), &s, &err)))
			fail_msg("%s %s\n%.*s", err.place, err.msg, BYTES_ARG(buf_view(&g.text)));
		edit(&g, &s, &t);
		assert_ok(yaml_splices(&s, &splices, &n, &err));
		if (!is_ok(yaml_apply(&s, &after, &err)))
			fail_msg("round %llu: %s\n%.*s", (unsigned long long)round, err.msg,
			         BYTES_ARG(buf_view(&g.text)));
		lines_survive(buf_view(&g.text), buf_view(&after), &t);
		/* Parsed again without edits: nothing to do, byte for byte. */
		assert_ok(yaml_parse(&a, buf_view(&after), &s, &err));
		assert_ok(yaml_apply(&s, &again, &err));
		assert_bytes(buf_view(&again), buf_view(&after));
		buf_done(&g.text);
	}
}

/* Setting one random existing path to one value twice is doing it once. */
static void
twice_is_once(void **state)
{
	(void)state;
	for (uint64_t round = 0; round < ROUNDS; round++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf once = {0};
		CLEANUP(buf_done) struct buf twice = {0};
		struct gen g = {.state = round * 104729 + 5};
		struct yaml_stream s;
		struct err err = {0};

		document(&g);
		for (int pass = 0; pass < 2; pass++) {
			struct buf *out = pass ? &twice : &once;
			struct gen h = {.state = round};
			struct yaml_node *sub;

			assert_ok(yaml_parse(&a, pass ? buf_view(&once) : buf_view(&g.text), &s,
			                     &err));
			assert_ok(yaml_need_map(&a, s.docs[0], "meta", &sub, &err));
			assert_ok(yaml_set(&a, sub, BYTES("note"), fresh(&h, &a), &err));
			assert_ok(yaml_set(&a, s.docs[0], s.docs[0]->kids[0].key->text,
			                   fresh(&h, &a), &err));
			if (!is_ok(yaml_apply(&s, out, &err)))
				fail_msg("round %llu: %s\n%.*s", (unsigned long long)round, err.msg,
				         BYTES_ARG(s.text));
		}
		assert_bytes(buf_view(&twice), buf_view(&once));
		buf_done(&g.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(untouched_bytes_survive),
	        cmocka_unit_test(twice_is_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
