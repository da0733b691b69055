/* SPDX-License-Identifier: Apache-2.0 */
#include "allocations.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

static struct allocations seen;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

void *
__wrap_malloc(size_t n)
{
	seen.ours++;
	return __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	seen.ours++;
	return __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
	seen.ours++;
	return __real_realloc(p, n);
}

static void *
openssl_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	seen.openssl++;
	return __real_malloc(n);
}

static void *
openssl_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	seen.openssl++;
	return __real_realloc(p, n);
}

static void
openssl_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

void
allocations_begin(void)
{
	if (CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) == 1)
		return;
	fputs("bench: OpenSSL has allocated before it was counted\n", stderr);
	exit(1);
}

struct allocations
allocations_so_far(void)
{
	return seen;
}
