/* SPDX-License-Identifier: Apache-2.0 */
/* measure.h: seconds of processor time a step takes, in rounds, and their median. */
#ifndef TESTS_BENCH_MEASURE_H
#define TESTS_BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef void step_fn(void *state);

static inline void
need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

/* Processor time of this thread: others on the machine do not count. */
static inline uint64_t
cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Seconds a call, over at least `ns`. */
static inline double
one_round(step_fn *fn, void *state, uint64_t ns)
{
	uint64_t start = cpu_ns(), now;
	size_t n = 0;

	do {
		fn(state);
		n++;
		now = cpu_ns();
	} while (now - start < ns);
	return (double)(now - start) / 1e9 / (double)n;
}

static inline int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Sorts them. */
static inline double
median(double *v, size_t n)
{
	qsort(v, n, sizeof *v, by_value);
	return v[n / 2];
}

#endif
