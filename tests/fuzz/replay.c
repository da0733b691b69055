/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target over its corpus as an ordinary test: every file of the
 * folder given, each also cut at up to 64 places and with up to 64 single
 * bits flipped. Prints TAP. With libFuzzer this file is left out.
 */
#include "base/buf.h"
#include "base/file.h"

#include <dirent.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CUTS = 64, FLIPS = 64, MAX_FILE = 16 * 1024 * 1024 };

/* The target gets an exact heap copy, so that a sanitizer sees the first byte beyond. */
static void
run_once(const uint8_t *p, size_t n)
{
	uint8_t *copy = mem_alloc(n);

	mem_copy(copy, p, n);
	(void)LLVMFuzzerTestOneInput(copy, n);
	mem_free(copy);
}

static void
run_mutations(uint8_t *p, size_t n)
{
	size_t step = n / CUTS + 1;

	for (size_t cut = 0; cut < n; cut += step)
		run_once(p, cut);
	step = n * 8 / FLIPS + 1;
	for (size_t bit = 0; bit < n * 8; bit += step) {
		uint8_t mask = (uint8_t)(1U << (bit % 8));

		p[bit / 8] ^= mask;
		run_once(p, n);
		p[bit / 8] ^= mask;
	}
}

static bool
replay(const char *path)
{
	CLEANUP(buf_done) struct buf data = {0};
	struct err err;

	if (!is_ok(file_read(path, MAX_FILE, &data, &err))) {
		printf("# %s: %s\n", err.place, err.msg);
		return false;
	}
	run_once(data.p, data.n);
	run_mutations(data.p, data.n);
	return true;
}

int
main(int argc, char **argv)
{
	unsigned int n = 0;
	bool all = true;

	for (int i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);
		struct dirent *e;

		while (dir && (e = readdir(dir))) {
			char path[4096];
			bool ok;

			if (e->d_name[0] == '.')
				continue;
			snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
			ok = replay(path);
			all &= ok;
			printf("%sok %u - %s\n", ok ? "" : "not ", ++n, e->d_name);
		}
		if (dir)
			closedir(dir);
	}
	if (n == 0) {
		printf("not ok 1 - the corpus is empty\n");
		n = 1;
	}
	printf("1..%u\n", n);
	return all ? 0 : 1;
}
