/* SPDX-License-Identifier: Apache-2.0 */
/* signature.h: what builtins take and give (signatures.def). */
#ifndef REGO_SIGNATURE_H
#define REGO_SIGNATURE_H

#include "rego/builtin.h"
#include "rego/types.h"

enum { SIGNATURE_MAX_ARGS = 10 };

struct signature {
	const struct rego_builtin *builtin;
	const struct type *args[SIGNATURE_MAX_ARGS];
	uint32_t n_args;
	const struct type *result;
	bool deprecated; /* Rego v1 has it no longer */
	struct signature *next;
};

/* NULL when nothing is known about the builtin, or without memory. */
struct signature *signature_of(struct types *t, const struct rego_builtin *b);

#endif
