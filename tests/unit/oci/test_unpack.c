/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/tree.h"
#include "oci/unpack.h"
#include "unit/oci/layers.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct box {
	char dir[64];
	int root;
};

static int
box_new(void **state)
{
	struct box *b = mem_new(struct box);

	snprintf(b->dir, sizeof b->dir, "/tmp/contrast-unpack-XXXXXX");
	if (!mkdtemp(b->dir))
		return -1;
	b->root = open(b->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = b;
	return b->root < 0 ? -1 : 0;
}

static int
box_free(void **state)
{
	struct box *b = *state;
	struct err err;
	status s = tree_remove(b->dir, &err);

	close(b->root);
	mem_free(b);
	return is_ok(s) ? 0 : -1;
}

static int
memory_file(struct bytes data)
{
	int fd = memfd_create("layer", MFD_CLOEXEC);
	struct err err;

	assert_true(fd >= 0);
	assert_ok(fd_write_all(fd, data, &err));
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static status
unpack_made(const struct box *b, const struct made_layer *l, const struct unpack_options *options,
            struct unpack_totals *totals, struct err *err)
{
	CLEANUP(fd_close) int fd = memory_file(buf_view(&l->packed));

	return unpack_layer(b->root, fd, &l->descriptor, &l->diff_id, options, totals, err);
}

static status
unpack_entries(const struct box *b, const struct entry *entries, enum layer_kind kind,
               struct err *err)
{
	CLEANUP(made_layer_done) struct made_layer l;
	struct unpack_options options = {0};
	struct unpack_totals totals = {0};

	make_layer(entries, kind, &l);
	return unpack_made(b, &l, &options, &totals, err);
}

static void
assert_file(const struct box *b, const char *path, const char *want)
{
	CLEANUP(fd_close) int fd = openat(b->root, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char got[256] = "";

	if (!want) {
		struct stat st;

		if (fstatat(b->root, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
			fail_msg("%s exists", path);
		return;
	}
	if (fd < 0 || read(fd, got, sizeof got - 1) < 0)
		fail_msg("%s cannot be read", path);
	assert_string_equal(got, want);
}

static void
every_compression(void **state)
{
	static const struct entry entries[] = {
	        {"./", 'd', NULL, 0},
	        {"./bin/", 'd', NULL, 0555},
	        {"bin/sh", 'f', "#!", 04755},
	        {"bin/bash", 'l', "sh", 0},
	        {"bin/dash", 'h', "bin/sh", 0},
	        {"run/p", 'p', NULL, 0600},
	        {"/abs", 'f', "a", 0},
	        {"caf\xc3\xa9", 'f', "utf8", 0},
	        {NULL, 0, NULL, 0},
	};
	static const enum layer_kind kinds[] = {LAYER_TAR, LAYER_GZIP, LAYER_ZSTD};
	struct box *b = *state;
	struct err err;
	struct stat st;

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		char target[8] = "";

		assert_ok(unpack_entries(b, entries, kinds[i], &err));
		assert_file(b, "bin/sh", "#!");
		assert_file(b, "bin/dash", "#!");
		assert_file(b, "abs", "a");
		assert_file(b, "caf\xc3\xa9", "utf8");
		assert_int_equal(readlinkat(b->root, "bin/bash", target, sizeof target - 1), 2);
		assert_string_equal(target, "sh");
		assert_int_equal(fstatat(b->root, "bin/sh", &st, 0), 0);
		assert_int_equal(st.st_mode & 07777, 04755);
		assert_int_equal(st.st_nlink, 2);
		assert_int_equal(st.st_mtime, 1000000000);
		assert_int_equal(fstatat(b->root, "bin", &st, 0), 0);
		assert_int_equal(st.st_mode & 07777, 0555);
		assert_int_equal(st.st_mtime, 1000000000);
	}
}

static void
hostile_entries(void **state)
{
	static const struct {
		struct entry entries[4];
		const char *id;
	} rows[] = {
	        {{{"../x", 'f', "", 0}}, "E-OCI-051"},
	        {{{"a/../../x", 'f', "", 0}}, "E-OCI-051"},
	        {{{"a/..", 'd', NULL, 0}}, "E-OCI-051"},
	        {{{"dev/null", 'c', NULL, 0}}, "E-OCI-051"},
	        {{{"dev/sda", 'b', NULL, 0}}, "E-OCI-051"},
	        {{{"x", 'h', "../../etc/passwd", 0}}, "E-OCI-051"},
	        {{{"x", 'h', "/etc/passwd", 0}}, "E-OCI-051"},
	        {{{"d", 'd', NULL, 0}, {"x", 'h', "d", 0}}, "E-OCI-051"},
	        {{{"x", 'f', "", 0}, {"x", 'h', "x", 0}}, "E-OCI-051"},
	        {{{"x", 'f', "", 0}, {"x/y", 'f', "", 0}}, "E-OCI-051"},
	        {{{"l", 'l', "missing", 0}, {"l/y", 'f', "", 0}}, "E-OCI-051"},
	        {{{"l", 'l', "l", 0}, {"l/y", 'f', "", 0}}, "E-OCI-051"},
	        {{{".wh.", 'f', "", 0}}, "E-OCI-051"},
	        {{{"a/.wh...", 'f', "", 0}}, "E-OCI-051"},
	};
	struct box *b = *state;
	struct err err;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		status s = unpack_entries(b, rows[i].entries, LAYER_GZIP, &err);

		if (is_ok(s))
			fail_msg("row %zu was accepted", i);
		assert_string_equal(err.id, rows[i].id);
	}
}

/* Links that point out of the root lead to its inside instead. */
static void
links_stay_inside(void **state)
{
	static const struct entry entries[] = {
	        {"etc", 'd', NULL, 0},
	        {"up", 'l', "../../../../..", 0},
	        {"abs", 'l', "/etc", 0},
	        {"up/etc/a", 'f', "1", 0},
	        {"abs/b", 'f', "2", 0},
	        {"deep/x", 'l', "../up", 0},
	        {"deep/x/etc/c", 'f', "3", 0},
	        {"h", 'h', "abs/b", 0},
	        {NULL, 0, NULL, 0},
	};
	struct box *b = *state;
	struct err err;

	assert_ok(unpack_entries(b, entries, LAYER_TAR, &err));
	assert_file(b, "etc/a", "1");
	assert_file(b, "etc/b", "2");
	assert_file(b, "etc/c", "3");
	assert_file(b, "h", "2");
	assert_false(file_exists("/etc/a"));
}

/* /proc of the host is no part of any image, whatever links say. */
static void
no_magic_links(void **state)
{
	static const struct entry entries[] = {
	        {"x", 'l', "/proc/self/root", 0},
	        {"x/tmp/contrast-escaped", 'f', "1", 0},
	        {NULL, 0, NULL, 0},
	};
	struct box *b = *state;
	struct err err;

	assert_fails(unpack_entries(b, entries, LAYER_TAR, &err), "E-OCI-051");
	assert_false(file_exists("/tmp/contrast-escaped"));
}

static void
replacements(void **state)
{
	static const struct entry lower[] = {
	        {"a", 'f', "1", 0},  {"b/c", 'f', "2", 0}, {"l", 'l', "b", 0}, {"m/n", 'f', "3", 0},
	        {"h1", 'f', "4", 0}, {"h2", 'h', "h1", 0}, {NULL, 0, NULL, 0},
	};
	static const struct entry upper[] = {
	        {"a", 'd', NULL, 0},    {"b", 'f', "file", 0}, {"l", 'd', NULL, 0},
	        {"m", 'd', NULL, 0700}, {"h1", 'f', "new", 0}, {NULL, 0, NULL, 0},
	};
	struct box *b = *state;
	struct err err;
	struct stat st;

	assert_ok(unpack_entries(b, lower, LAYER_TAR, &err));
	assert_ok(unpack_entries(b, upper, LAYER_TAR, &err));
	assert_int_equal(fstatat(b->root, "a", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_file(b, "b", "file");
	assert_int_equal(fstatat(b->root, "l", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_file(b, "m/n", "3");
	assert_int_equal(fstatat(b->root, "m", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	/* The other name of the old file keeps its contents. */
	assert_file(b, "h1", "new");
	assert_file(b, "h2", "4");
}

static void
whiteouts(void **state)
{
	static const struct entry lower[] = {
	        {"a/1", 'f', "1", 0}, {"a/2", 'f', "2", 0}, {"b/1/x", 'f', "1", 0},
	        {"b/2", 'f', "2", 0}, {"c/1", 'f', "1", 0}, {"c/d/1", 'f', "1", 0},
	        {"e/1", 'f', "1", 0}, {NULL, 0, NULL, 0},
	};
	/* Whiteouts behind and in front of what their own layer brings. */
	static const struct entry upper[] = {
	        {"a/.wh.1", 'f', "", 0},      {"a/.wh.absent", 'f', "", 0},
	        {".wh.b", 'f', "", 0},        {"c/new", 'f', "n", 0},
	        {"c/d/new", 'f', "n", 0},     {"c/.wh..wh..opq", 'f', "", 0},
	        {"e/1", 'f', "kept", 0},      {"e/.wh.1", 'f', "", 0},
	        {".wh..wh.plnk", 'f', "", 0}, {NULL, 0, NULL, 0},
	};
	struct box *b = *state;
	struct err err;

	assert_ok(unpack_entries(b, lower, LAYER_TAR, &err));
	assert_ok(unpack_entries(b, upper, LAYER_TAR, &err));
	assert_file(b, "a/1", NULL);
	assert_file(b, "a/2", "2");
	assert_file(b, "a/.wh.1", NULL);
	assert_file(b, "b", NULL);
	assert_file(b, "c/1", NULL);
	assert_file(b, "c/d/1", NULL);
	assert_file(b, "c/d/new", "n");
	assert_file(b, "c/new", "n");
	assert_file(b, "e/1", "kept");
	assert_file(b, ".wh..wh.plnk", NULL);
}

static const struct entry small[] = {{"a", 'f', "hello", 0}, {NULL, 0, NULL, 0}};

static void
digests_are_checked(void **state)
{
	struct box *b = *state;
	struct unpack_options options = {0};
	struct err err;

	for (int what = 0; what < 5; what++) {
		CLEANUP(made_layer_done) struct made_layer l;
		struct unpack_totals totals = {0};
		static const char *const ids[] = {"E-OCI-032", "E-OCI-050", "E-OCI-033",
		                                  "E-OCI-033", "E-OCI-032"};

		make_layer(small, LAYER_GZIP, &l);
		if (what == 0)
			l.descriptor.digest.b[5] ^= 1;
		if (what == 1)
			l.diff_id.b[5] ^= 1;
		if (what == 2)
			l.descriptor.size--;
		if (what == 3)
			l.descriptor.size++;
		if (what == 4) {
			/* Behind the gzip stream, where no decompressor looks. */
			buf_u8(&l.packed, 0);
			l.descriptor.size++;
		}
		assert_fails(unpack_made(b, &l, &options, &totals, &err), ids[what]);
	}
}

static void
broken_archives(void **state)
{
	static const char *const texts[] = {"", "x",
	                                    "not a tar at all, but long enough to look at"};
	struct box *b = *state;
	struct unpack_options options = {0};
	struct err err;

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct unpack_totals totals = {0};
		struct bytes t = bytes_str(texts[i]);
		struct descriptor d = {.size = t.n, .digest = sha256(t), .kind = LAYER_GZIP};
		struct hash256 diff_id = sha256(BYTES(""));
		CLEANUP(fd_close) int fd = memory_file(t);
		status s = unpack_layer(b->root, fd, &d, &diff_id, &options, &totals, &err);

		/* An empty file is an empty archive, and its diff_id fits. */
		if (i == 0)
			assert_ok(s);
		else
			assert_false(is_ok(s));
	}
}

static void
truncation_anywhere_is_an_error(void **state)
{
	struct box *b = *state;
	CLEANUP(made_layer_done) struct made_layer l;
	struct unpack_options options = {0};
	struct err err;

	make_layer(small, LAYER_GZIP, &l);
	for (size_t n = 0; n < l.packed.n; n++) {
		struct unpack_totals totals = {0};
		CLEANUP(fd_close) int fd = memory_file(bytes_sub(buf_view(&l.packed), 0, n));

		if (is_ok(unpack_layer(b->root, fd, &l.descriptor, &l.diff_id, &options, &totals,
		                       &err)))
			fail_msg("cut at %zu was accepted", n);
	}
}

static void
limits(void **state)
{
	static const struct {
		struct unpack_limits limits;
		bool ok;
	} rows[] = {
	        {{.bytes = 5}, true},
	        {{.bytes = 4}, false},
	        {{.entries = 1}, true},
	};
	static const struct entry two[] = {
	        {"a", 'f', "1", 0},
	        {"b", 'l', "a", 0},
	        {NULL, 0, NULL, 0},
	};
	struct box *b = *state;
	struct err err;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(made_layer_done) struct made_layer l;
		struct unpack_options options = {.limits = rows[i].limits};
		struct unpack_totals totals = {0};

		make_layer(small, LAYER_ZSTD, &l);
		if (rows[i].ok)
			assert_ok(unpack_made(b, &l, &options, &totals, &err));
		else
			assert_fails(unpack_made(b, &l, &options, &totals, &err), "E-OCI-053");
	}
	for (uint64_t n = 1; n <= 2; n++) {
		CLEANUP(made_layer_done) struct made_layer l;
		struct unpack_options options = {.limits = {.entries = n}};
		struct unpack_totals totals = {0};
		status s;

		make_layer(two, LAYER_TAR, &l);
		s = unpack_made(b, &l, &options, &totals, &err);
		assert_int_equal(is_ok(s), n == 2);
	}
}

static void
depth_limit(void **state)
{
	struct box *b = *state;
	struct err err;

	for (unsigned int depth = UNPACK_DEPTH_MAX; depth <= UNPACK_DEPTH_MAX + 1; depth++) {
		CLEANUP(buf_done) struct buf path = {0};
		struct entry entries[2] = {{NULL, 'f', "", 0}, {NULL, 0, NULL, 0}};
		status s;

		for (unsigned int i = 1; i < depth; i++)
			buf_str(&path, "d/");
		buf_str(&path, "f");
		entries[0].path = buf_cstr(&path);
		s = unpack_entries(b, entries, LAYER_TAR, &err);
		if (depth == UNPACK_DEPTH_MAX)
			assert_ok(s);
		else
			assert_fails(s, "E-OCI-053");
	}
}

/* Through links a tree grows deeper than any path; removal must not run out of stack or files. */
static void
removal_of_deep_trees(void **state)
{
	struct box *b = *state;
	struct err err;

	for (int i = 0; i < 20; i++) {
		CLEANUP(buf_done) struct buf folder = {0};
		char link[16];
		struct entry entries[3] = {{0}};

		if (i > 0)
			buf_printf(&folder, "link%d/", i - 1);
		for (int k = 0; k < 110; k++)
			buf_str(&folder, k ? "/d" : "d");
		snprintf(link, sizeof link, "link%d", i);
		entries[0] = (struct entry){buf_cstr(&folder), 'd', NULL, 0};
		entries[1] = (struct entry){link, 'l', buf_cstr(&folder), 0};
		assert_ok(unpack_entries(b, entries, LAYER_TAR, &err));
	}
	assert_ok(tree_remove_at(b->root, "d", &err));
	assert_file(b, "d", NULL);
}

/* ---- whole images ---- */

struct paths {
	char files[2][80];
	struct hash256 digests[2];
};

static void
path_of(void *ctx, const struct hash256 *digest, char to[4096])
{
	struct paths *p = ctx;

	for (size_t i = 0; i < 2; i++)
		if (hash256_equal(digest, &p->digests[i]))
			snprintf(to, 4096, "%s", p->files[i]);
}

static unsigned int
count_names(const char *dir)
{
	DIR *d = opendir(dir);
	unsigned int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void
image_appears_whole_or_not_at_all(void **state)
{
	static const struct entry lower[] = {{"a", 'f', "1", 0},
	                                     {"b", 'f', "2", 0},
	                                     {NULL, 0, NULL, 0}};
	static const struct entry upper[] = {{".wh.a", 'f', "", 0},
	                                     {"c", 'f', "3", 0},
	                                     {NULL, 0, NULL, 0}};
	struct box *b = *state;
	CLEANUP(made_layer_done) struct made_layer one;
	CLEANUP(made_layer_done) struct made_layer two;
	struct descriptor layers[2];
	struct hash256 ids[2];
	struct oci_manifest m = {.layers = layers, .n_layers = 2};
	struct image_config c = {.diff_ids = ids, .n_diff_ids = 2};
	struct unpack_options options = {0};
	struct unpack_totals totals;
	struct paths paths;
	struct blob_source source = {&paths, path_of};
	char dir[96];
	struct err err;

	make_layer(lower, LAYER_GZIP, &one);
	make_layer(upper, LAYER_ZSTD, &two);
	layers[0] = one.descriptor;
	layers[1] = two.descriptor;
	ids[0] = one.diff_id;
	ids[1] = two.diff_id;
	for (int i = 0; i < 2; i++) {
		snprintf(paths.files[i], sizeof paths.files[i], "%s/layer%d", b->dir, i);
		paths.digests[i] = layers[i].digest;
	}
	assert_ok(file_write(paths.files[0], buf_view(&one.packed), 0600, &err));
	assert_ok(file_write(paths.files[1], buf_view(&two.packed), 0600, &err));
	snprintf(dir, sizeof dir, "%s/rootfs", b->dir);

	ids[1].b[0] ^= 1;
	assert_fails(unpack_image(&m, &c, &source, dir, &options, &totals, &err), "E-OCI-050");
	assert_false(file_exists(dir));
	assert_int_equal(count_names(b->dir), 2);
	ids[1].b[0] ^= 1;
	assert_ok(unpack_image(&m, &c, &source, dir, &options, &totals, &err));
	assert_file(b, "rootfs/a", NULL);
	assert_file(b, "rootfs/b", "2");
	assert_file(b, "rootfs/c", "3");
	assert_int_equal(totals.entries, 4);
	assert_int_equal(totals.bytes, 3);
	assert_fails(unpack_image(&m, &c, &source, dir, &options, &totals, &err), "E-OCI-055");
	assert_int_equal(count_names(b->dir), 3);
}

int
main(void)
{
#define IN_BOX(f) cmocka_unit_test_setup_teardown(f, box_new, box_free)
	const struct CMUnitTest tests[] = {
	        IN_BOX(every_compression),
	        IN_BOX(hostile_entries),
	        IN_BOX(links_stay_inside),
	        IN_BOX(no_magic_links),
	        IN_BOX(replacements),
	        IN_BOX(whiteouts),
	        IN_BOX(digests_are_checked),
	        IN_BOX(broken_archives),
	        IN_BOX(truncation_anywhere_is_an_error),
	        IN_BOX(limits),
	        IN_BOX(depth_limit),
	        IN_BOX(removal_of_deep_trees),
	        IN_BOX(image_appears_whole_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
