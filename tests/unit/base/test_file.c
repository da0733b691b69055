/* SPDX-License-Identifier: Apache-2.0 */
/* Files and failures. */
#include "base/clock.h"
#include "unit.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/contrast-test-XXXXXX";

static int
make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int
drop_dir(void **state)
{
	char cmd[64];

	(void)state;
	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	return system(cmd);
}

static void
path_of(const char *name, char to[128])
{
	snprintf(to, 128, "%s/%s", dir, name);
}

static void
write_replaces_whole_files(void **state)
{
	CLEANUP(buf_done) struct buf got = {0};
	char path[128];
	struct stat st;
	struct err err;

	(void)state;
	path_of("a", path);
	assert_ok(file_write(path, BYTES("one"), 0644, &err));
	assert_ok(file_write(path, BYTES("two!"), 0600, &err));
	assert_ok(file_read(path, 4, &got, &err));
	assert_bytes(buf_view(&got), BYTES("two!"));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_fails(file_read(path, 3, &got, &err), "E-FILE-002");
	assert_fails(file_create(path, BYTES("x"), 0600, &err), "E-FILE-010");
	assert_int_equal(err.cls, ERR_CONFLICT);
	assert_string_equal(err.place, path);
}

static void
failures_leave_nothing_behind(void **state)
{
	char path[128];
	struct err err;

	(void)state;
	path_of("no/such/dir/f", path);
	assert_fails(file_write(path, BYTES("x"), 0600, &err), "E-FILE-007");
	assert_int_equal(err.cls, ERR_NOT_FOUND);
	path_of("d", path);
	assert_ok(dir_create(path, 0755, &err));
	assert_fails(file_write(path, BYTES("x"), 0600, &err), "E-FILE-009");
	path_of("a/b", path);
	assert_fails(dir_create(path, 0755, &err), "E-FILE-012");
	path_of("x/y/z", path);
	assert_ok(dir_create(path, 0755, &err));
	assert_ok(dir_create(path, 0755, &err));
	assert_true(file_is_dir(path));
	/* No temporary file is left anywhere. */
	path_of("", path);
	{
		char cmd[200];

		snprintf(cmd, sizeof cmd, "! find %s -name '*tmp-*' | grep -q .", path);
		assert_int_equal(system(cmd), 0);
	}
}

static status
fail_deep(struct err *err)
{
	return err_at(err, err_set(err, ERR_PARSE, "E-TEST-001", "is %s", "wrong"), ".b[%d]", 2);
}

static void
errors_gain_context_on_the_way_up(void **state)
{
	struct err err = {0};
	char line[200];
	status s;

	(void)state;
	s = err_at(&err, fail_deep(&err), "%s", ".a");
	s = err_ctx(&err, s, "while testing");
	s = err_at(&err, s, "%s", "f.json");
	s = err_hint(&err, s, "do %s", "that");
	assert_int_equal(s.cls, ERR_PARSE);
	err_format(&err, line, sizeof line);
	assert_string_equal(line, "f.json.a.b[2]: while testing: is wrong [E-TEST-001]");
	assert_string_equal(err.hint, "do that");
	s = err_set(&err, ERR_IO, "E-TEST-002", "new");
	assert_string_equal(err.hint, "");
	(void)err_at(&err, err_at(&err, s, "3:7"), "x.yaml");
	assert_string_equal(err.place, "x.yaml:3:7");
	(void)err_ctx(&err, OK, "not used");
	assert_string_equal(err.msg, "new");
	for (int i = 0; i < 1000; i++)
		s = err_ctx(&err, s, "long context");
	assert_true(strlen(err.msg) < sizeof err.msg);
}

static void
guest_clock_has_a_floor(void **state)
{
	struct guest_clock c;
	int64_t real = clock_realtime();

	(void)state;
	guest_clock_start(&c, real + 1000);
	assert_in_range(guest_clock_now(&c), real + 1000, real + 1005);
	assert_in_range(1000 + guest_clock_skew(&c), 0, 5);
	guest_clock_floor(&c, real);
	assert_in_range(guest_clock_now(&c), real + 1000, real + 1005);
	guest_clock_floor(&c, real + 5000);
	assert_in_range(guest_clock_now(&c), real + 5000, real + 5005);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(write_replaces_whole_files),
	        cmocka_unit_test(failures_leave_nothing_behind),
	        cmocka_unit_test(errors_gain_context_on_the_way_up),
	        cmocka_unit_test(guest_clock_has_a_floor),
	};

	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
