/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h: case files in text form, groups separated by empty lines:
 *
 *     # a comment
 *     @v0  @strict                 (options, each on a line of its own)
 *     | package test               (modules; |--- between two)
 *     | p := 1
 *     data.test.p = x              the query
 *     {"user": "bob"}              the input as JSON, or - for none
 *     x = 1                        what comes out
 *
 * The last line: `undefined`; `true` (one solution without variables);
 * `NAME = JSON` (one solution); a JSON array of solutions; or `error: TEXT`,
 * TEXT being part of "place: code: message [id]". `data: JSON` may stand in
 * front of the query.
 */
#ifndef TESTS_REGO_TEXT_H
#define TESTS_REGO_TEXT_H

#include "case.h"

struct text_totals {
	size_t passed, failed, skipped;
	bool list_failed, list_skipped;
	const char *only;
};

/* Run all cases of a file; false when the file itself is malformed (said on stdout). */
bool text_run(const char *path, const char *name, struct text_totals *t);

/* The same for a JSON file of OPA's cases: {"cases": [...]}. */
bool json_cases_run(const char *path, const char *name, struct text_totals *t);

/* Run a case and count it; says on stdout what the totals ask for. */
void text_count(const char *file, const struct rego_case *c, struct text_totals *t);

#endif
