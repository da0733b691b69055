/* SPDX-License-Identifier: Apache-2.0 */
/* Built instead of test_oracle.c where there is no C++ compiler or no RE2: says so. */
#include "unit.h"

static void
oracle(void **state)
{
	(void)state;
	print_message("# RE2 (libre2-dev) or a C++ compiler is missing: nothing compared\n");
	skip();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(oracle)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
