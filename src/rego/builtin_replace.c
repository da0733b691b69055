/* SPDX-License-Identifier: Apache-2.0 */
/* replace and strings.replace_n. */
#include "base/text.h"
#include "rego/builtin_groups.h"

/* An empty text is found before every character and at the end. */
static status
replace_empty(struct rego_call *c, struct bytes text, struct bytes with, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(c);

	buf_bytes(&out, with);
	for (size_t at = 0; at < text.n && buf_ok(&out);) {
		size_t from = at;

		(void)utf8_next(text, &at);
		buf_bytes(&out, bytes_sub(text, from, at));
		buf_bytes(&out, with);
	}
	return builtin_text(c, &out, ret);
}

/* `first` is the first place of `old`. Counted beforehand, so that nothing has to grow. */
static status
replace_found(struct rego_call *c, struct bytes text, size_t first, struct bytes old,
              struct bytes with, struct value *ret)
{
	size_t n = 0, total, from = 0;
	uint8_t *p;

	for (size_t at = first; at != SIZE_MAX; at = bytes_find(text, old, at + old.n)) {
		TRY(rego_charge(c, 1 + with.n / 16));
		n++;
	}
	if (!mul_ok(n, with.n, &total) || !add_ok(total, text.n - n * old.n, &total))
		return builtin_limit(c, "the result is too large");
	p = result_text(c, total, ret);
	TRY(arena_check(c->arena, c->err));
	for (size_t at = first; n > 0; n--, at = n > 0 ? bytes_find(text, old, from) : at) {
		mem_copy(p, text.p + from, at - from);
		mem_copy(p + (at - from), with.p, with.n);
		p += at - from + with.n;
		from = at + old.n;
	}
	mem_copy(p, text.p + from, text.n - from);
	return OK;
}

static status
replace(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes text, old, with;
	size_t first;

	TRY(builtin_string(c, args, 0, &text));
	TRY(builtin_string(c, args, 1, &old));
	TRY(builtin_string(c, args, 2, &with));
	TRY(rego_charge(c, text.n / 8));
	if (old.n == 0)
		return replace_empty(c, text, with, ret);
	first = bytes_find(text, old, 0);
	if (first != SIZE_MAX)
		return replace_found(c, text, first, old, with, ret);
	*ret = args[0];
	return OK;
}

/* ---- strings.replace_n ---- */

/* Members of the patterns by their first byte: [first[b], first[b + 1]). */
struct patterns {
	const struct member *m;
	uint32_t first[257];
	const struct member *empty; /* the pattern "", if there is one */
};

static status
read_patterns(struct rego_call *c, const struct value *v, struct patterns *p)
{
	uint32_t i = 0;

	if (v->type != VALUE_OBJECT)
		return builtin_operand(c, 1, "object", v);
	for (uint32_t k = 0; k < v->n; k++) {
		if (v->u.members[k].key.type != VALUE_STRING)
			return builtin_operand_text(c, 1, "non-string key found in pattern object");
		if (v->u.members[k].val.type != VALUE_STRING)
			return builtin_operand_text(c, 1,
			                            "non-string value found in pattern object");
	}
	*p = (struct patterns){.m = v->u.members};
	if (v->n > 0 && v->u.members[0].key.n == 0)
		p->empty = &v->u.members[i++];
	for (unsigned int b = 0; b < 256; b++) {
		p->first[b] = i;
		while (i < v->n && v->u.members[i].key.u.s[0] == b)
			i++;
	}
	p->first[256] = i;
	return OK;
}

/*
 * The pattern that applies at text[at]: the first in order of the keys, which
 * is the shortest of those that fit.
 */
static status
find_pattern(struct rego_call *c, const struct patterns *p, struct bytes rest,
             const struct member **ret)
{
	uint8_t b = rest.p[0];

	*ret = NULL;
	TRY(rego_charge(c, 1 + (p->first[b + 1] - p->first[b]) / 2));
	for (uint32_t i = p->first[b]; i < p->first[b + 1]; i++) {
		if (!bytes_starts(rest, string_bytes(&p->m[i].key)))
			continue;
		*ret = &p->m[i];
		break;
	}
	return OK;
}

static status
replace_all(struct rego_call *c, const struct patterns *p, struct bytes text, struct buf *out)
{
	bool was_empty = false;
	size_t at = 0;

	while (at <= text.n && buf_ok(out)) {
		const struct member *m = NULL;

		/* The empty pattern goes before all others, but not twice in a row at one place. */
		if (p->empty && !was_empty)
			m = p->empty;
		else if (at < text.n)
			TRY(find_pattern(c, p, bytes_sub(text, at, text.n), &m));
		was_empty = m && m->key.n == 0;
		if (m) {
			TRY(rego_charge(c, 1 + m->val.n / 16));
			buf_bytes(out, string_bytes(&m->val));
			at += m->key.n;
			continue;
		}
		if (at >= text.n)
			break;
		size_t from = at;

		(void)utf8_next(text, &at);
		buf_bytes(out, bytes_sub(text, from, at));
	}
	return OK;
}

static status
replace_n(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(c);
	struct patterns p;
	struct bytes text;

	TRY(read_patterns(c, &args[0], &p));
	TRY(builtin_string(c, args, 1, &text));
	TRY(replace_all(c, &p, text, &out));
	return builtin_text(c, &out, ret);
}

static const struct rego_builtin list[] = {
        {"replace", 3, 0, replace},
        {"strings.replace_n", 2, 0, replace_n},
};
const struct rego_builtin_group rego_group_replace = {list, COUNT_OF(list)};
