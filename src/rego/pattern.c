/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/pattern.h"

enum {
	PATTERN_ARENA = 16 * 1024 * 1024,
	PATTERN_STEPS = 64 * 1024 * 1024, /* of one call; what was used is charged afterwards */
	STEPS_PER_CHARGE = 4,
	PATTERN_WARM = 4, /* uses after which an automaton pays */
};

/* The cache owns it; everything of the expression lives in its arena. */
struct pattern {
	struct arena arena;
	const struct re *re;
	unsigned int uses;
	bool fast;
};

static void
pattern_free(void *p)
{
	struct pattern *x = p;

	arena_done(&x->arena);
	mem_free(x);
}

/* Compiled and in the cache; *ret is the same expression for this call alone where that is full. */
static status
compile(struct rego_call *c, enum rego_cache_kind kind, struct bytes key, struct bytes text,
        bool fast, const struct re **ret)
{
	struct pattern *p;
	struct err err;
	status s;

	TRY(rego_charge(c, 100 + text.n * 8));
	p = mem_new(struct pattern);
	p->fast = fast;
	arena_init(&p->arena, PATTERN_ARENA);
	s = re_compile(&p->arena, text, fast ? RE_FAST : 0, &p->re, &err);
	if (!is_ok(s)) {
		pattern_free(p);
		if (s.cls == ERR_LIMIT)
			return builtin_limit(c, "%s", err.msg);
		return builtin_error(c, "error parsing regexp: %s", err.msg);
	}
	*ret = p->re;
	if (rego_cache_put(c, kind, key, p, sizeof *p + p->arena.used + (fast ? RE_FAST_GROWTH : 0),
	                   pattern_free))
		return OK;
	s = re_compile(c->arena, text, 0, ret, &err);
	return is_ok(s) ? OK : builtin_limit(c, "%s", err.msg);
}

status
pattern_get(struct rego_call *c, enum rego_cache_kind kind, struct bytes key, struct bytes text,
            const struct re **ret)
{
	struct pattern *p = rego_cache_get(c, kind, key);

	if (!p)
		return compile(c, kind, key, text, false, ret);
	*ret = p->re;
	if (p->fast || ++p->uses < PATTERN_WARM)
		return OK;
	/* The cache finds the later entry from now on; the earlier one is its oldest and goes
	 * first. */
	return compile(c, kind, key, text, true, ret);
}

struct re_budget
pattern_budget(struct rego_call *c)
{
	return (struct re_budget){c->arena, PATTERN_STEPS};
}

status
pattern_settle(struct rego_call *c, const struct re_budget *budget, status s, const struct err *err)
{
	TRY(rego_charge(c, (PATTERN_STEPS - budget->steps) / STEPS_PER_CHARGE));
	TRY(arena_check(c->arena, c->err));
	return is_ok(s) ? OK : builtin_limit(c, "%s", err->msg);
}

status
pattern_match(struct rego_call *c, const struct re *re, struct bytes text, bool *ret)
{
	struct re_budget budget = pattern_budget(c);
	WRITTEN_FIRST struct err err;
	status s = re_is_match(re, text, &budget, ret, &err);

	return pattern_settle(c, &budget, s, &err);
}
