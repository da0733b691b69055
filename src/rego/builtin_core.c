/* SPDX-License-Identifier: Apache-2.0 */
/* The table for agent and Coordinator. Linking it links only its groups. */
#include "rego/builtin_groups.h"

static const struct rego_builtin_group *const groups[] = {
        &rego_group_operators,  &rego_group_aggregates, &rego_group_arrays,  &rego_group_bits,
        &rego_group_encoding,   &rego_group_glob,       &rego_group_json,    &rego_group_json_patch,
        &rego_group_json_paths, &rego_group_numbers,    &rego_group_objects, &rego_group_regex,
        &rego_group_replace,    &rego_group_sets,       &rego_group_sprintf, &rego_group_strings,
        &rego_group_trim,       &rego_group_types,      &rego_group_walk,
};

const struct rego_builtins rego_builtins_core = {"core", groups, COUNT_OF(groups)};
