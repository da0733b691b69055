/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaches: the parser, every matcher, iteration, replacement. Input: pattern,
 * a newline, text. The matchers must agree on whether there is a match.
 */
#include "re/internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 200 * 1000 };

static void
agree(const struct re *re, struct bytes text, struct arena *scratch)
{
	struct re_budget budget = {scratch, STEPS};
	struct re_span spans[4] = {{0, 0}};
	uint32_t n = MIN(re_groups(re), 4U);
	struct re_search pike = {re, text, 0, &budget, &spans[0].from, 2 * n, false};
	bool yes, found;
	struct err err;

	if (!is_ok(re_is_match(re, text, &budget, &yes, &err)))
		return;
	if (is_ok(re_pike(&pike, &err)) && pike.found != yes)
		abort();
	if (is_ok(re_find(re, text, 0, &budget, spans, n, &found, &err)) && found != yes)
		abort();
	if (found && (spans[0].from > spans[0].to || spans[0].to > text.n))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf out = {.max = 1 << 20};
	struct bytes all = bytes_of(data, MIN(size, (size_t)4096));
	size_t cut = bytes_find_byte(all, '\n', 0);
	struct bytes text = cut == SIZE_MAX ? bytes_of(data, 0) : bytes_sub(all, cut + 1, all.n);
	struct re_budget budget = {&a, STEPS};
	const struct re *re;
	struct re_iter it;
	struct re_span span;
	struct err err;
	bool found = true;

	if (!is_ok(re_compile(&a, bytes_sub(all, 0, cut), RE_FAST, &re, &err)))
		return 0;
	agree(re, text, &a);
	it = re_iter(re, text);
	while (found && is_ok(re_next(&it, &budget, &span, 1, &found, &err)))
		;
	(void)is_ok(re_replace_all(re, text, BYTES("<$0|$1>"), &budget, &out, &err));
	return 0;
}
