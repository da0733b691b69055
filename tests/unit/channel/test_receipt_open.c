/* SPDX-License-Identifier: Apache-2.0 */
/* The seed of fuzz_receipt.c comes to the end, or it would fuzz the beginning only. */
#include "unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern unsigned int fuzz_receipt_accepted;

static void
test_seed_is_accepted(void **state)
{
	CLEANUP(buf_done) struct buf b = {0};
	const char *root = getenv("CONTRAST_SOURCE_ROOT");
	char path[4096];
	struct err err;

	(void)state;
	assert_non_null(root);
	snprintf(path, sizeof path, "%s/tests/fuzz/corpus/channel_receipt/software.json", root);
	assert_ok(file_read(path, 4 * 1024 * 1024, &b, &err));
	(void)LLVMFuzzerTestOneInput(b.p, b.n);
	/* Of a software processor: accepted where that is allowed, and only there. */
	assert_int_equal(fuzz_receipt_accepted, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_seed_is_accepted)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
