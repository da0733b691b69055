/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaches: the verifier of byte code, and the machine with code that no compiler wrote. The buffer
 * is a policy, NUL, and edits of its code: four bytes each, see edit(). What the verifier lets pass
 * runs within its budgets; it may fail in any way that has a name.
 */
#include <stdlib.h>

#include "rego/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_EDITS = 64 };

/* Replace, add to or copy one operand of one instruction: where (2 bytes), what, how much. */
static void
edit(struct policy *p, const uint8_t *e)
{
	struct instr *in = &p->code[(e[0] | (uint32_t)e[1] << 8) % p->n_code];
	const struct instr *other = &p->code[e[3] % p->n_code];
	uint32_t by = (uint32_t)(int8_t)e[3];

	switch (e[2] % 12) {
	case 0:
		in->op = e[3];
		break;
	case 1:
		in->a = e[3];
		break;
	case 2:
		in->b = e[3];
		break;
	case 3:
		in->c = e[3];
		break;
	case 4:
		in->a = (uint16_t)(in->a + by);
		break;
	case 5:
		in->b += by;
		break;
	case 6:
		in->c += by;
		break;
	case 7:
		in->d += by;
		break;
	case 8:
		in->b = CONST_BIT | e[3];
		break;
	case 9:
		in->c = CONST_BIT | e[3];
		break;
	case 10:
		*in = *other;
		break;
	default:
		in->b = other->b;
		break;
	}
}

static void
run(struct policy *p, struct entry e)
{
	/* Few steps: broken code may wrap a value once a step, and values are walked by recursion.
	 */
	struct session_options o = {
	        .limits = {.steps = 2000, .bytes = 8 * 1024 * 1024, .depth = 64},
	        .print = true,
	        .trace = true,
	};
	CLEANUP(buf_done) struct buf json = {.max = 1024 * 1024};
	struct session *s = NULL;
	struct session_answer answer;
	struct err err = {0};
	status r;

	if (!is_ok(session_new(p, &o, &s, &err)))
		return;
	r = session_eval(s, e, BYTES("{\"a\": [1, \"b\", {\"c\": null}], \"d\": {\"e\": true}}"), 0,
	                 &answer, &err);
	if (!is_ok(r) && err.id[0] == '\0')
		abort();
	if (is_ok(r))
		value_json(&answer.value, &json);
	session_free(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_options o = {.trace = true,
	                           .builtins = &rego_builtins_core,
	                           .query = "data = x"};
	struct bytes all = bytes_of(data, MIN(size, (size_t)16 * 1024));
	size_t nul = MIN(bytes_find_byte(all, 0, 0), all.n);
	struct policy_module m = {"fuzz.rego", bytes_sub(all, 0, nul)};
	struct bytes edits = bytes_sub(all, nul + 1, all.n);
	struct policy *p = NULL;
	struct err err = {0};

	if (!is_ok(policy_compile(&m, 1, &o, &p, &err)))
		return 0;
	edits.n = MIN(edits.n, (size_t)MAX_EDITS * 4);
	for (size_t i = 0; p->n_code > 0 && i + 4 <= edits.n; i += 4)
		edit(p, edits.p + i);
	if (is_ok(policy_verify(p, &err))) {
		run(p, (struct entry){0});
		run(p, (struct entry){.query = true});
	} else if (err.id[0] == '\0') {
		abort();
	}
	policy_drop(p);
	return 0;
}
