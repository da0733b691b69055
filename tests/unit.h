/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes: cmocka and the assertions of our own types. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"

/* Equal slices, both shown when they differ. */
#define assert_bytes(got, want)                                                                    \
	do {                                                                                       \
		struct bytes got_ = (got), want_ = (want);                                         \
		if (!bytes_equal(got_, want_))                                                     \
			fail_msg("got \"%.*s\", want \"%.*s\"", BYTES_ARG(got_),                   \
			         BYTES_ARG(want_));                                                \
	} while (0)

/* The call succeeds; its error is shown when it does not. Needs a `struct err err`. */
#define assert_ok(call)                                                                            \
	do {                                                                                       \
		if (!is_ok(call))                                                                  \
			fail_msg("%s: %s: %s [%s]", #call, err.place, err.msg, err.id);            \
	} while (0)

/* The call fails with this id. Needs a `struct err err`. */
#define assert_fails(call, want_id)                                                                \
	do {                                                                                       \
		if (is_ok(call))                                                                   \
			fail_msg("%s: accepted, want %s", #call, want_id);                         \
		assert_string_equal(err.id, want_id);                                              \
	} while (0)

/*
 * Path of a file below ../shared/data beside the source tree (or below
 * $CONTRAST_SHARED_DATA), or NULL when it is not there: then skip(), visibly.
 */
static inline const char *
shared_data(const char *name, char *to, size_t size)
{
	const char *root = getenv("CONTRAST_SHARED_DATA");
	const char *source = getenv("CONTRAST_SOURCE_ROOT");

	if (root)
		snprintf(to, size, "%s/%s", root, name);
	else
		snprintf(to, size, "%s/../shared/data/%s", source ? source : ".", name);
	return file_exists(to) ? to : NULL;
}

#endif
