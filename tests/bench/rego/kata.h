/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kata.h: recorded requests of ../shared/data/kata-policy/requests, and a
 * policy that allows them: kata_rules.rego and a policy_data made from them.
 */
#ifndef BENCH_REGO_KATA_H
#define BENCH_REGO_KATA_H

#include "json/value.h"

struct kata_request {
	struct bytes name; /* "CreateContainerRequest" */
	struct bytes json;
};

struct kata_file {
	struct kata_request list[256];
	size_t n;
};

/* Lines of ["ep":"Name",{...}], of one file, borrowed from the arena. */
status kata_read(struct arena *a, const char *path, struct kata_file *ret, struct err *err);

/* One entry of policy_data.containers that allows this CreateContainerRequest. */
struct value kata_container(struct arena *a, struct bytes request);

/* The rules and `policy_data := {...}` with these containers, in this order. */
status kata_policy(struct arena *a, struct bytes rules, const struct value *containers, size_t n,
                   struct bytes *ret, struct err *err);

/* The request with annotations added until it has `size` bytes; and with another argument. */
struct bytes kata_padded(struct arena *a, struct bytes request, size_t size);
struct bytes kata_denied(struct arena *a, struct bytes request);

#endif
