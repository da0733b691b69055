/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: every builtin of the full table. The buffer is its name, NUL, an array of operands
 * (JSON). Ends within its budgets, or is a hang. */
#include <stdlib.h>

#include "rego/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1700000000 };

/* "package fuzz\n\np := name(input[0], ...)" */
static void
write_policy(const struct rego_builtin *b, struct buf *text)
{
	buf_printf(text, "package fuzz\n\np := %s(", b->name);
	for (uint32_t i = 0; i < b->arity; i++)
		buf_printf(text, "%sinput[%u]", i ? ", " : "", i);
	buf_str(text, ")\n");
}

static void
call(struct policy *p, struct bytes input)
{
	struct session_options o = {.limits = {.steps = 200 * 1000,
	                                       .bytes = 8 * 1024 * 1024,
	                                       .depth = 64},
	                            .strict = true};
	struct session *s = NULL;
	struct session_answer answer;
	struct entry e = {0};
	struct err err = {0};
	status r;

	if (!is_ok(session_new(p, &o, &s, &err)))
		return;
	r = session_find(s, BYTES("data.fuzz.p"), &e, &err);
	if (is_ok(r))
		r = session_eval(s, e, input, (int64_t)NOW * 1000 * 1000 * 1000, &answer, &err);
	if (!is_ok(r) && (r.cls == ERR_INTERNAL || err.id[0] == '\0'))
		abort();
	session_free(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_done) struct buf text = {0};
	struct policy_options o = {.builtins = &rego_builtins_full};
	struct bytes all = bytes_of(data, MIN(size, (size_t)64 * 1024));
	size_t nul = MIN(bytes_find_byte(all, 0, 0), all.n);
	const struct rego_builtin *b =
	        rego_builtin_find(&rego_builtins_full, bytes_sub(all, 0, nul));
	struct policy_module m = {"fuzz.rego", {0}};
	struct policy *p = NULL;
	struct err err = {0};

	if (!b)
		return 0;
	write_policy(b, &text);
	m.text = buf_view(&text);
	if (is_ok(policy_compile(&m, 1, &o, &p, &err)))
		call(p, bytes_sub(all, nul + 1, all.n));
	policy_drop(p);
	return 0;
}
