/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of calls to builtins and what they give, without an engine: the
 * services of the evaluation are played here. Operands and results are JSON;
 * {"$set": [...]} is a set, {"$map": [[k, v], ...]} an object with any keys.
 */
#ifndef TESTS_BUILTIN_ROWS_H
#define TESTS_BUILTIN_ROWS_H

#include "rego/builtin.h"

struct builtin_row {
	const char *call; /* name of the builtin */
	const char *args; /* array of operands */
	const char *want; /* JSON; "!text" a failure that has this text; "?" undefined */
};

enum { ROW_STEPS = 1000 * 1000, ROW_ARENA = 64 * 1024 * 1024 };

void builtin_rows_run(const struct rego_builtins *table, const struct builtin_row *rows, size_t n);

/* The text form of JSON with $set and $map. */
struct value builtin_rows_value(struct arena *a, const char *text);

/* The time that the calls see, nanoseconds since 1970. */
extern int64_t builtin_rows_now;

#endif
