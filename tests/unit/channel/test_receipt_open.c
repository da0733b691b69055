/* SPDX-License-Identifier: Apache-2.0 */
/* The seeds of fuzz_receipt.c come to the end, or it would fuzz the beginning only. */
#include "unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern unsigned int fuzz_receipt_accepted;

static void
accepted(const char *name)
{
	CLEANUP(buf_done) struct buf b = {0};
	unsigned int before = fuzz_receipt_accepted;
	const char *root = getenv("CONTRAST_SOURCE_ROOT");
	char path[4096];
	struct err err;

	assert_non_null(root);
	snprintf(path, sizeof path, "%s/tests/fuzz/corpus/channel_receipt/%s", root, name);
	assert_ok(file_read(path, 4 * 1024 * 1024, &b, &err));
	(void)LLVMFuzzerTestOneInput(b.p, b.n);
	/* Of a software processor: accepted where that is allowed, and only there. */
	assert_int_equal(fuzz_receipt_accepted, before + 1);
}

static void
test_seeds_are_accepted(void **state)
{
	(void)state;
	accepted("software.json");
	accepted("completed.json");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_seeds_are_accepted)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
