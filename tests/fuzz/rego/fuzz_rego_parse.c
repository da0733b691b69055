/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: policy_compile and all behind it (both dialects, with a query), policy_disassemble.
 * What compiles has passed the verifier: anything else is a fault. */
#include <stdlib.h>

#include "rego/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
compile(struct bytes text, bool v0)
{
	CLEANUP(buf_done) struct buf code = {.max = 1024 * 1024};
	struct policy_options o = {.v0 = v0,
	                           .trace = !v0,
	                           .builtins = &rego_builtins_core,
	                           .query = v0 ? NULL : "data = x"};
	struct policy_module m = {"fuzz.rego", text};
	struct policy *p = NULL;
	struct err err = {0};
	status s = policy_compile(&m, 1, &o, &p, &err);

	if (!is_ok(s)) {
		/* Every refusal has a name, and none of them is our own fault. */
		if (s.cls == ERR_INTERNAL || err.id[0] == '\0')
			abort();
		return;
	}
	policy_disassemble(p, &code);
	policy_drop(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 64 * 1024)
		return 0;
	compile(bytes_of(data, size), false);
	compile(bytes_of(data, size), true);
	return 0;
}
