/* SPDX-License-Identifier: Apache-2.0 */
/* The table for agent and Coordinator. Linking it links only its groups. */
#include "rego/builtin.h"

static const struct rego_builtin_group groups[] = {
	{NULL, 0},
};

const struct rego_builtins rego_builtins_core = {"core", groups, 0};
