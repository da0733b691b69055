/* SPDX-License-Identifier: Apache-2.0 */
/* allocations.h: who asks for memory, counted: our code by --wrap of the linker, OpenSSL by its
 * hooks. */
#ifndef TESTS_BENCH_EVIDENCE_ALLOCATIONS_H
#define TESTS_BENCH_EVIDENCE_ALLOCATIONS_H

#include <stddef.h>

struct allocations {
	size_t ours, openssl;
};

/* Before OpenSSL's first allocation. */
void allocations_begin(void);
/* Since the beginning. */
struct allocations allocations_so_far(void);

#endif
