/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Countdown of mem_fail_after(); 0 = off, 1 = the next one fails. */
static uint64_t g_fail_countdown;

void
mem_fail_after(uint64_t n)
{
	g_fail_countdown = n;
}

static bool
must_fail(void)
{
	if (g_fail_countdown == 0)
		return false;
	if (g_fail_countdown == 1)
		return true;
	g_fail_countdown--;
	return false;
}

void *
mem_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

void
mem_free(void *p)
{
	free(p);
}

void *
mem_try_alloc(size_t size)
{
	return must_fail() ? NULL : malloc(size ? size : 1);
}

void *
mem_grow(void *p, size_t size)
{
	return must_fail() ? NULL : realloc(p, size ? size : 1);
}

void
mem_wipe(void *p, size_t n)
{
	if (n > 0)
		explicit_bzero(p, n);
}
