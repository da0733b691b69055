/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/lex.h"

/* What a failure to compile is called where policies are usually checked. */
static const struct {
	const char *id, *class;
} classes[] = {
        {"E-REGO-001", "rego_parse_error"},     {"E-REGO-010", "rego_compile_error"},
        {"E-REGO-011", "rego_type_error"},      {"E-REGO-012", "rego_type_error"},
        {"E-REGO-013", "rego_type_error"},      {"E-REGO-014", "rego_compile_error"},
        {"E-REGO-015", "rego_compile_error"},   {"E-REGO-016", "rego_unsafe_var_error"},
        {"E-REGO-017", "rego_compile_error"},   {"E-REGO-018", "rego_type_error"},
        {"E-REGO-019", "rego_compile_error"},   {"E-REGO-020", "rego_type_error"},
        {"E-REGO-021", "rego_type_error"},      {"E-REGO-022", "rego_type_error"},
        {"E-REGO-023", "rego_type_error"},      {"E-REGO-024", "rego_type_error"},
        {"E-REGO-030", "rego_recursion_error"},
};

const char *
rego_error_class(const char *id)
{
	for (size_t i = 0; i < COUNT_OF(classes); i++)
		if (bytes_equal(bytes_str(classes[i].id), bytes_str(id)))
			return classes[i].class;
	return NULL;
}
