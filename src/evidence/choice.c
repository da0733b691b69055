/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/choice.h"

/* Further down the pipeline is closer; on one step, fewer differences are. */
static bool
closer(const struct outcome *a, const struct outcome *b)
{
	if (a->verdict.step != b->verdict.step)
		return a->verdict.step > b->verdict.step;
	return a->differences < b->differences;
}

static void
take(const struct outcome *o, bool accepted, struct evidence_result *ret)
{
	ret->verdict = o->verdict;
	ret->tcb_status = o->tcb_status;
	mem_copy(ret->tcb_behind, o->tcb_behind, sizeof ret->tcb_behind);
	if (!accepted)
		return;
	ret->root_key = o->root_key;
	ret->valid_to = o->valid_to;
	ret->policy_index = o->policy_index;
}

status
choose_set(const struct choice *c, struct evidence_result *ret)
{
	struct outcome best = {.verdict = {.set = -1}};

	for (size_t i = 0; i < c->n; i++) {
		struct outcome o = {.verdict = {.set = -1}, .policy_index = -1};
		status s = c->judge(c->run, i, NULL, &o);

		o.verdict.set = (int32_t)i;
		if (is_ok(s)) {
			take(&o, true, ret);
			return OK;
		}
		if (best.verdict.set < 0 || closer(&o, &best))
			best = o;
	}
	if (best.verdict.set < 0)
		return verdict_reject(&ret->verdict, STEP_MANIFEST, c->none, "%s", c->none_detail);
	if (c->findings) {
		struct outcome again = {.verdict = {.set = -1}};

		c->findings->n = 0;
		(void)c->judge(c->run, (size_t)best.verdict.set, c->findings, &again);
	}
	take(&best, false, ret);
	return (status){ERR_REJECTED};
}

status
choose_none(const struct choice *c, struct evidence_result *ret)
{
	struct outcome o = {.verdict = {.set = -1}, .policy_index = -1};
	status s = c->judge(c->run, NO_SET, NULL, &o);

	take(&o, is_ok(s), ret);
	return s;
}
