/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

static NORETURN void
die(const char *what)
{
	perror(what);
	abort();
}

/*
 * Wiped single pages that stay mapped and locked for the next short-lived
 * secret: four system calls a derived key would cost more than the derivation.
 * A fork's child does not inherit locks, so it starts with an empty pool.
 */
enum { POOL_PAGES = 16 };
static _Atomic(void *) pool[POOL_PAGES];
static pthread_once_t pool_once = PTHREAD_ONCE_INIT;

static void
pool_forget(void)
{
	for (size_t i = 0; i < POOL_PAGES; i++)
		atomic_store(&pool[i], NULL);
}

static void
pool_start(void)
{
	if (pthread_atfork(NULL, NULL, pool_forget) != 0)
		die("secret: atfork");
}

static void *
pool_take(void)
{
	for (size_t i = 0; i < POOL_PAGES; i++) {
		void *p = atomic_exchange(&pool[i], NULL);

		if (p)
			return p;
	}
	return NULL;
}

static bool
pool_give(void *p)
{
	pthread_once(&pool_once, pool_start);
	for (size_t i = 0; i < POOL_PAGES; i++) {
		void *empty = NULL;

		if (atomic_compare_exchange_strong(&pool[i], &empty, p))
			return true;
	}
	return false;
}

void
secret_init(struct secret *s, size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t mapped = (MAX(n, (size_t)1) + page - 1) / page * page;
	void *p = mapped == page ? pool_take() : NULL;

	if (p) {
		*s = (struct secret){p, n, mapped};
		return;
	}
	p = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		die("secret: mmap");
	/* Locking fails under a tight RLIMIT_MEMLOCK; then only swap is less safe. */
	(void)mlock(p, mapped);
	if (madvise(p, mapped, MADV_DONTDUMP) != 0)
		die("secret: madvise");
	*s = (struct secret){p, n, mapped};
}

void
secret_done(struct secret *s)
{
	if (s->p) {
		/* n bytes at most were written; the rest of the page never was. */
		mem_wipe(s->p, s->n);
		if (s->mapped != (size_t)sysconf(_SC_PAGESIZE) || !pool_give(s->p))
			munmap(s->p, s->mapped);
	}
	*s = (struct secret){0};
}

void
secret_copy(struct secret *s, struct bytes from)
{
	secret_init(s, from.n);
	mem_copy(s->p, from.p, from.n);
}

void
secret_random(struct secret *s, size_t n)
{
	secret_init(s, n);
	random_bytes(s->p, n);
}

void
random_bytes(void *to, size_t n)
{
	uint8_t *p = to;

	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			die("getrandom");
		p += got;
		n -= (size_t)got;
	}
}

void
secret_harden_process(void)
{
	struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
