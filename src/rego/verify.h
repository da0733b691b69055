/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.h: the two halves of policy_verify(): operands of each instruction,
 * and what the registers hold when it is reached.
 */
#ifndef REGO_VERIFY_H
#define REGO_VERIFY_H

#include "rego/policy.h"

/* What a register holds on every way: one plane of bits each. */
enum hold {
	HOLD_VALUE,   /* a value or undefined */
	HOLD_DEFINED, /* a value */
	HOLD_LIST,    /* a list under construction */
	HOLD_ITER,    /* what an iterator goes over */
	HOLD_CURSOR,  /* where it is: the register behind that one */
	HOLD_FRAME,
	HOLD_COUNT,
};

struct verifier {
	const struct policy *policy;
	const struct function *f;
	struct arena *arena;
	size_t words;     /* of a plane */
	uint32_t *leader; /* of each instruction: 1 + number of its set, 0 = no jump target */
	uint64_t *sets;   /* HOLD_COUNT planes for each leader */
	uint8_t *seen;    /* of each leader: SEEN_ bits */
	uint32_t *work;   /* leaders to look at again, as instructions */
	size_t n_work;
	uint64_t *now; /* planes before the instruction at hand */
	const char *fault;
};

status verify_bad(const struct verifier *v, uint32_t at, const char *what, struct err *err);
/* How many registers from c on a call reads. */
uint32_t verify_call_size(const struct policy *p, const struct instr *in);
/* No way around in a circle but through a NEXT, which takes from the budget. */
status verify_ends(struct verifier *v, struct err *err);
status verify_flow(struct verifier *v, struct err *err);

#endif
