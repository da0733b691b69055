/* SPDX-License-Identifier: Apache-2.0 */
/* The table for the command line: everything. */
#include "rego/builtin_groups.h"

static const struct rego_builtin_group *const groups[] = {
        &rego_group_operators,
        &rego_group_aggregates,
        &rego_group_arrays,
        &rego_group_bits,
        &rego_group_encoding,
        &rego_group_glob,
        &rego_group_json,
        &rego_group_json_patch,
        &rego_group_json_paths,
        &rego_group_numbers,
        &rego_group_objects,
        &rego_group_regex,
        &rego_group_replace,
        &rego_group_sets,
        &rego_group_sprintf,
        &rego_group_strings,
        &rego_group_trim,
        &rego_group_types,
        &rego_group_walk,
        /* full only */
        &rego_group_absent,
        &rego_group_globs,
        &rego_group_graph,
        &rego_group_net,
        &rego_group_semver,
        &rego_group_time,
        &rego_group_units,
        &rego_group_uri,
        &rego_group_url,
        &rego_group_uuid,
        &rego_group_crypto,
        &rego_group_jwt,
        &rego_group_jwt_sign,
        &rego_group_graphql,
        &rego_group_x509,
        &rego_group_yaml,
        &rego_group_template,
        &rego_group_schema,
};

const struct rego_builtins rego_builtins_full = {"full", groups, COUNT_OF(groups)};
