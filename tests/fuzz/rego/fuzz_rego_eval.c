/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: the machine with all core builtins. The buffer is policy, NUL, input (JSON), NUL, data
 * (JSON). Ends within its budgets, or is a hang. */
#include <stdlib.h>

#include "rego/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bytes
cut(struct bytes *rest)
{
	size_t nul = MIN(bytes_find_byte(*rest, 0, 0), rest->n);
	struct bytes part = bytes_sub(*rest, 0, nul);

	*rest = bytes_sub(*rest, nul + 1, rest->n);
	return part;
}

static void
evaluate(struct policy *p, struct bytes input, struct bytes data)
{
	struct session_options o = {
	        .limits = {.steps = 200 * 1000, .bytes = 8 * 1024 * 1024, .depth = 64},
	        .print = true,
	        .trace = true,
	};
	CLEANUP(buf_done) struct buf json = {.max = 16 * 1024 * 1024};
	struct session *s = NULL;
	struct session_answer answer;
	struct entry e = {0};
	struct err err = {0};

	if (!is_ok(session_new(p, &o, &s, &err)))
		return;
	if (data.n > 0)
		(void)is_ok(session_set_data(s, data, &err));
	/* Twice: the second time with memory and cache of the first. */
	for (int i = 0; i < 2; i++) {
		status r = session_eval(s, e, input, 0, &answer, &err);

		if (!is_ok(r) && (r.cls == ERR_INTERNAL || err.id[0] == '\0'))
			abort();
		if (is_ok(r))
			value_json(&answer.value, &json);
	}
	session_free(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_options o = {.trace = true, .builtins = &rego_builtins_core};
	struct bytes rest = bytes_of(data, MIN(size, (size_t)64 * 1024));
	struct policy_module m = {"fuzz.rego", cut(&rest)};
	struct bytes input = cut(&rest);
	struct policy *p = NULL;
	struct err err = {0};

	if (is_ok(policy_compile(&m, 1, &o, &p, &err)))
		evaluate(p, input, rest);
	policy_drop(p);
	return 0;
}
