/* SPDX-License-Identifier: Apache-2.0 */
/* The seeds of fuzz_verify.c come to the end of the pipeline, or it would fuzz its beginning only.
 */
#include "unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern unsigned int fuzz_verify_accepted;

static void
test_seeds_are_accepted(void **state)
{
	static const char *const names[] = {"snp-v2", "snp-v5", "snp-vlek", "snp-vtpm",
	                                    "tdx-v4", "tdx-v5", "tdx-vtpm"};
	const char *root = getenv("CONTRAST_SOURCE_ROOT");

	(void)state;
	assert_non_null(root);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		CLEANUP(buf_done) struct buf b = {0};
		unsigned int before = fuzz_verify_accepted;
		char path[4096];
		struct err err;

		snprintf(path, sizeof path, "%s/tests/fuzz/corpus/evidence_verify/%s", root,
		         names[i]);
		assert_ok(file_read(path, 1024 * 1024, &b, &err));
		(void)LLVMFuzzerTestOneInput(b.p, b.n);
		if (fuzz_verify_accepted != before + 1)
			fail_msg("%s is not accepted", names[i]);
		/* Four bytes from the end is the signature of what stands last: nobody looks. */
		b.p[b.n - 4] ^= 1;
		(void)LLVMFuzzerTestOneInput(b.p, b.n);
		if (fuzz_verify_accepted != before + 2)
			fail_msg("%s: a signature was looked at", names[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_seeds_are_accepted)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
