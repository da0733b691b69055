/* SPDX-License-Identifier: Apache-2.0 */
/* The table for the command line: everything. */
#include "rego/builtin.h"

static const struct rego_builtin_group groups[] = {
	{NULL, 0},
};

const struct rego_builtins rego_builtins_full = {"full", groups, 0};
