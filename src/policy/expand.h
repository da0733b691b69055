/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expand.h: $(NAME) in commands, arguments and variables, as kubelet expands
 * it: $(NAME) of a known variable becomes its value, $$ becomes $, anything
 * else stays. Here a variable may have a value that only the node knows; then
 * the reference stays and is named.
 */
#ifndef POLICY_EXPAND_H
#define POLICY_EXPAND_H

#include "policy/data.h"

enum expand_result {
	EXPAND_OK,
	EXPAND_TWO,     /* two values that only the node knows */
	EXPAND_UNCLEAR, /* text that looks like such a reference, but is none */
	EXPAND_CLUSTER, /* the address of a Service, which only the cluster knows */
};

/* `env`: what is defined so far. *ret_ref: the variable whose $(ref) is left, or empty. */
enum expand_result policy_expand(struct arena *a, struct bytes text, const struct policy_env *env,
                                 size_t n, bool service_links, struct bytes *ret,
                                 struct bytes *ret_ref);

#endif
