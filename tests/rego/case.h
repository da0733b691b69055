/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case.h: one conformance case, whatever the form of its file: modules, data,
 * input, query; and what must come out.
 */
#ifndef TESTS_REGO_CASE_H
#define TESTS_REGO_CASE_H

#include "rego/vm.h"

enum { CASE_MODULES = 16 };

struct rego_case {
	struct bytes note;
	struct bytes query;
	struct bytes modules[CASE_MODULES];
	size_t n_modules;
	struct bytes input_term;   /* Rego text, or empty */
	const struct value *input; /* JSON as parsed, or NULL */
	const struct value *data;
	const struct value *want_result; /* array of objects, or NULL */
	struct bytes want_error, want_code;
	bool strict, sort, v0;
};

enum case_outcome { CASE_PASSED, CASE_FAILED, CASE_SKIPPED };

/*
 * Run it. On failure `why` says what was wrong, cut at its size. Skipped: it
 * needs a builtin that is left out on purpose (network, host, clouds).
 */
enum case_outcome case_run(const struct rego_case *c, char *why, size_t size);

#endif
