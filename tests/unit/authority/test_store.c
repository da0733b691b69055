/* SPDX-License-Identifier: Apache-2.0 */
/* Both stores by the same rows; and the directory store when it is killed at any write. */
#include "authority/store.h"
#include "base/text.h"
#include "unit.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void
temp_dir(char *to, size_t size)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(to, size, "%s/contrast-store-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(to));
}

static void
remove_tree(const char *path)
{
	char cmd[512];

	snprintf(cmd, sizeof cmd, "rm -rf '%s'", path);
	assert_int_equal(system(cmd), 0);
}

static void
rows_of(const struct store *s)
{
	CLEANUP(buf_done) struct buf out = {0};
	struct hash256 hash, none = {{1}};
	struct err err;

	assert_ok(store_put(s, BYTES("blob"), &hash, &err));
	assert_ok(store_put(s, BYTES("blob"), &hash, &err));
	assert_ok(store_get(s, &hash, 4, &out, &err));
	assert_bytes(buf_view(&out), BYTES("blob"));
	buf_reset(&out);
	assert_fails(store_get(s, &hash, 3, &out, &err), "E-STORE-004");
	assert_fails(store_get(s, &none, 100, &out, &err), "E-STORE-001");
	assert_int_equal(err.cls, ERR_NOT_FOUND);

	assert_fails(store_record(s, 1, &out, &err), "E-STORE-001");
	assert_ok(store_append(s, 1, BYTES("one"), &err));
	assert_ok(store_append(s, 1, BYTES("one"), &err));
	assert_fails(store_append(s, 1, BYTES("other"), &err), "E-STORE-002");
	assert_int_equal(err.cls, ERR_CONFLICT);
	assert_fails(store_append(s, 0, BYTES("zero"), &err), "E-STORE-004");
	buf_reset(&out);
	assert_ok(store_record(s, 1, &out, &err));
	assert_bytes(buf_view(&out), BYTES("one"));

	assert_fails(store_get_name(s, "genesis-1", 10, &out, &err), "E-STORE-001");
	assert_ok(store_put_name(s, "genesis-1", BYTES("a"), &err));
	assert_ok(store_put_name(s, "genesis-1", BYTES("bc"), &err));
	buf_reset(&out);
	assert_ok(store_get_name(s, "genesis-1", 10, &out, &err));
	assert_bytes(buf_view(&out), BYTES("bc"));
	assert_fails(store_put_name(s, "../x", BYTES(""), &err), "E-STORE-005");
	assert_fails(store_put_name(s, "", BYTES(""), &err), "E-STORE-005");
	assert_fails(store_get_name(s, "A", 1, &out, &err), "E-STORE-005");
}

static void
in_memory(void **state)
{
	struct store s;

	(void)state;
	store_mem_open(&s);
	rows_of(&s);
	store_mem_close(&s);
}

static void
in_a_directory(void **state)
{
	char dir[256], path[512];
	CLEANUP(buf_done) struct buf out = {0};
	struct hash256 hash;
	struct store s;
	struct err err;
	char hex[65];

	(void)state;
	temp_dir(dir, sizeof dir);
	assert_ok(store_dir_open(dir, &s, &err));
	rows_of(&s);
	/* A blob that was changed on disk is noticed, and putting it again heals it. */
	assert_ok(store_put(&s, BYTES("heal me"), &hash, &err));
	snprintf(path, sizeof path, "%s/blobs/%s", dir, hash256_hex(&hash, hex));
	assert_ok(file_write(path, BYTES("evil"), 0644, &err));
	assert_fails(store_get(&s, &hash, 100, &out, &err), "E-STORE-003");
	assert_ok(store_put(&s, BYTES("heal me"), &hash, &err));
	buf_reset(&out);
	assert_ok(store_get(&s, &hash, 100, &out, &err));
	/* Leftovers of broken writes go when it is opened again; the rest stays. */
	snprintf(path, sizeof path, "%s/records/00000000000000000002.tmp-0123456789abcdef", dir);
	assert_ok(file_write(path, BYTES("half"), 0644, &err));
	store_dir_close(&s);
	assert_ok(store_dir_open(dir, &s, &err));
	assert_false(file_exists(path));
	buf_reset(&out);
	assert_ok(store_record(&s, 1, &out, &err));
	store_dir_close(&s);
	remove_tree(dir);
}

/* The child writes as a set does, and is killed at a random moment. */
static void
write_forever(const char *dir)
{
	struct store s;
	struct err err;

	if (!is_ok(store_dir_open(dir, &s, &err)))
		_exit(1);
	for (uint64_t g = 1;; g++) {
		CLEANUP(buf_done) struct buf blob = {0};
		struct hash256 hash;

		buf_printf(&blob, "blob of generation %llu ", (unsigned long long)g);
		buf_zeros(&blob, 5000);
		if (!is_ok(store_put(&s, buf_view(&blob), &hash, &err)) ||
		    !is_ok(store_put_name(&s, "latest", hash256_view(&hash), &err)) ||
		    !is_ok(store_append(&s, g, hash256_view(&hash), &err)))
			_exit(1);
	}
}

/* What is there must be whole: every record's blob exists and has its hash, without gaps. */
static uint64_t
check_whole(const char *dir)
{
	struct store s;
	struct err err;
	uint64_t g = 1;

	assert_ok(store_dir_open(dir, &s, &err));
	for (;; g++) {
		CLEANUP(buf_done) struct buf raw = {0};
		CLEANUP(buf_done) struct buf blob = {0};
		struct hash256 hash;
		status st = store_record(&s, g, &raw, &err);

		if (st.cls == ERR_NOT_FOUND)
			break;
		assert_ok(st);
		assert_int_equal(raw.n, 32);
		mem_copy(hash.b, raw.p, 32);
		assert_ok(store_get(&s, &hash, 10000, &blob, &err));
	}
	store_dir_close(&s);
	return g;
}

/* The writer is at work: a slow machine gets as long as it needs. */
static void
wait_for_first(const char *dir)
{
	char path[512];

	snprintf(path, sizeof path, "%s/records/%020d", dir, 1);
	for (int i = 0; i < 20000 && !file_exists(path); i++)
		usleep(1000);
	assert_true(file_exists(path));
}

static void
killed_at_any_moment(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 20; round++) {
		char dir[256];
		pid_t child;
		int rc;

		temp_dir(dir, sizeof dir);
		child = fork();
		assert_true(child >= 0);
		if (child == 0)
			write_forever(dir);
		wait_for_first(dir);
		usleep(round * 1700);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &rc, 0), child);
		assert_true(WIFSIGNALED(rc));
		assert_true(check_whole(dir) > 1);
		remove_tree(dir);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(in_memory),
	        cmocka_unit_test(in_a_directory),
	        cmocka_unit_test(killed_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
