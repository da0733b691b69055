/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaches: layer_open, layer_next, unpack_layer with every kind of entry, and
 * accounts_scan. The tar goes to a directory of its own; beside it stands a
 * file that must never change. Digests cannot match, so nothing is accepted.
 */
#include "base/file.h"
#include "oci/accounts.h"
#include "oci/tree.h"
#include "oci/unpack.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char g_dir[64];
static char g_canary[96];

static void
clean_up(void)
{
	struct err err;

	(void)is_ok(tree_remove(g_dir, &err));
}

static void
set_up(void)
{
	struct err err;

	if (g_dir[0])
		return;
	snprintf(g_dir, sizeof g_dir, "/tmp/contrast-fuzz-XXXXXX");
	if (!mkdtemp(g_dir))
		abort();
	snprintf(g_canary, sizeof g_canary, "%s/canary", g_dir);
	if (!is_ok(file_write(g_canary, BYTES("alive"), 0600, &err)))
		abort();
	atexit(clean_up);
}

static int
memory_file(struct bytes data)
{
	int fd = memfd_create("layer", MFD_CLOEXEC);
	struct err err;

	if (fd < 0 || !is_ok(fd_write_all(fd, data, &err)))
		abort();
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void
unpack(struct bytes text, const struct descriptor *d)
{
	struct unpack_options options = {.limits = {.bytes = 1 << 20, .entries = 200}};
	struct unpack_totals totals = {0};
	struct hash256 never = {{1}};
	char dir[80];
	CLEANUP(fd_close) int fd = memory_file(text);
	CLEANUP(fd_close) int root = -1;
	struct err err;

	snprintf(dir, sizeof dir, "%s/root", g_dir);
	if (mkdir(dir, 0755) != 0)
		abort();
	root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (is_ok(unpack_layer(root, fd, d, &never, &options, &totals, &err)))
		abort();
	if (!is_ok(tree_remove(dir, &err)))
		abort();
}

static void
check_canary(void)
{
	CLEANUP(buf_done) struct buf text = {0};
	struct err err;

	if (!is_ok(file_read(g_canary, 64, &text, &err)) || !bytes_is(buf_view(&text), "alive"))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct descriptor d = {.size = size, .kind = LAYER_TAR};
	struct layer_accounts accounts;
	struct hash256 never = {{1}};
	struct err err;

	set_up();
	/* The first bytes of gzip and zstd choose the decompressor, as media types would. */
	if (size > 1 && data[0] == 0x1f)
		d.kind = LAYER_GZIP;
	else if (size > 1 && data[0] == 0x28)
		d.kind = LAYER_ZSTD;
	d.digest = sha256(bytes_of(data, size));
	unpack(bytes_of(data, size), &d);
	check_canary();
	{
		CLEANUP(fd_close) int fd = memory_file(bytes_of(data, size));

		if (is_ok(accounts_scan(fd, &d, &never, &a, &accounts, &err)))
			abort();
	}
	return 0;
}
