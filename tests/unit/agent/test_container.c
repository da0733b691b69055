/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container.h"
#include "unit.h"
#include "json/value.h"

static const struct bytes args[] = {{(const uint8_t *)"/app", 4}, {(const uint8_t *)"a b", 3}};

static struct container_spec
sample(void)
{
	return (struct container_spec){
	        .id = "app-0",
	        .rootfs = BYTES("/run/rootfs"),
	        .args = args,
	        .n_args = COUNT_OF(args),
	        .uid = 5,
	        .gid = 6,
	};
}

static void
config_of(const struct container_spec *c, struct arena *a, struct buf *text, struct value *v)
{
	struct err err;

	assert_ok(container_config(c, text, &err));
	assert_ok(json_parse(a, buf_view(text), NULL, v, &err));
}

/* What crun on a host with a hybrid cgroup tree and without CAP_SYS_RESOURCE trips over. */
static void
leaves_out_what_hosts_refuse(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct container_spec c = sample();
	const struct value *process, *linux_part;
	struct value v;

	(void)state;
	config_of(&c, &a, &text, &v);
	process = json_get(&v, "process");
	linux_part = json_get(&v, "linux");
	assert_null(json_get(process, "rlimits"));
	assert_null(json_get(linux_part, "resources"));
	assert_null(json_get(linux_part, "cgroupsPath"));
	assert_false(json_get(process, "terminal")->u.b);
	assert_int_equal(json_get(process, "args")->n, 2);
	assert_bytes(json_text(json_item(json_get(process, "args"), 1)), BYTES("a b"));
	assert_int_equal(json_get(json_get(process, "user"), "uid")->u.i, 5);
	for (uint32_t i = 0; i < json_get(linux_part, "namespaces")->n; i++) {
		struct bytes kind = json_text(
		        json_get(json_item(json_get(linux_part, "namespaces"), i), "type"));

		assert_false(bytes_is(kind, "network") || bytes_is(kind, "ipc") ||
		             bytes_is(kind, "uts") || bytes_is(kind, "user"));
	}
}

static bool
has_cap(const struct value *v, const char *name)
{
	const struct value *list =
	        json_get(json_get(json_get(v, "process"), "capabilities"), "bounding");

	for (uint32_t i = 0; i < list->n; i++) {
		if (bytes_is(json_text(json_item(list, i)), name))
			return true;
	}
	return false;
}

static void
capability_rows(void **state)
{
	static const struct bytes all[] = {{(const uint8_t *)"ALL", 3}};
	static const struct bytes admin[] = {{(const uint8_t *)"NET_ADMIN", 9}};
	static const struct bytes chown[] = {{(const uint8_t *)"CAP_CHOWN", 9}};
	static const struct {
		const struct bytes *add, *drop;
		bool privileged, has_chown, has_admin, has_sys;
	} rows[] = {
	        {NULL, NULL, false, true, false, false},   {admin, NULL, false, true, true, false},
	        {NULL, chown, false, false, false, false}, {admin, all, false, false, true, false},
	        {NULL, NULL, true, true, true, true},      {all, NULL, false, true, true, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf text = {0};
		struct container_spec c = sample();
		struct value v;

		c.add_caps = rows[i].add;
		c.n_add_caps = rows[i].add != NULL;
		c.drop_caps = rows[i].drop;
		c.n_drop_caps = rows[i].drop != NULL;
		c.privileged = rows[i].privileged;
		config_of(&c, &a, &text, &v);
		assert_int_equal(has_cap(&v, "CAP_CHOWN"), rows[i].has_chown);
		assert_int_equal(has_cap(&v, "CAP_NET_ADMIN"), rows[i].has_admin);
		assert_int_equal(has_cap(&v, "CAP_SYS_ADMIN"), rows[i].has_sys);
		assert_int_equal(json_get(json_get(&v, "linux"), "maskedPaths") == NULL,
		                 rows[i].privileged);
	}
}

static void
refused_rows(void **state)
{
	static const struct bytes nul[] = {{(const uint8_t *)"a\0b", 3}};
	static const struct bytes odd[] = {{(const uint8_t *)"NET_ADMINS", 10}};
	static const struct container_mount relative[] = {
	        {{(const uint8_t *)"/x", 2}, {(const uint8_t *)"etc", 3}, "bind", "ro"}};

	(void)state;
	for (int i = 0; i < 9; i++) {
		CLEANUP(buf_done) struct buf text = {0};
		struct container_spec c = sample();
		struct err err;

		switch (i) {
		case 0:
			c.id = "../x";
			break;
		case 1:
			c.id = "";
			break;
		case 2:
			c.n_args = 0;
			break;
		case 3:
			c.args = nul;
			c.n_args = 1;
			break;
		case 4:
			c.env = nul;
			c.n_env = 1;
			break;
		case 5:
			c.rootfs = BYTES("rootfs");
			break;
		case 6:
			c.cwd = BYTES("tmp");
			break;
		case 7:
			c.add_caps = odd;
			c.n_add_caps = 1;
			break;
		default:
			c.mounts = relative;
			c.n_mounts = 1;
		}
		assert_fails(container_config(&c, &text, &err), "E-AGENT-001");
	}
}

static void
limits(void **state)
{
	static struct bytes many[CONTAINER_MAX_ARGS + 1];
	static char id[CONTAINER_ID_MAX + 2];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(many); i++)
		many[i] = BYTES("x");
	for (size_t i = 0; i + 1 < sizeof id; i++)
		id[i] = 'i';
	for (int over = 0; over < 2; over++) {
		struct container_spec c = sample();
		CLEANUP(buf_done) struct buf a = {0};
		CLEANUP(buf_done) struct buf b = {0};
		struct err err;

		c.args = many;
		c.n_args = CONTAINER_MAX_ARGS + (size_t)over;
		assert_int_equal(is_ok(container_config(&c, &a, &err)), !over);
		c = sample();
		c.id = id + (over ? 0 : 1);
		assert_int_equal(is_ok(container_config(&c, &b, &err)), !over);
	}
}

static void
runtime_that_is_not_there(void **state)
{
	char work[] = "/tmp/contrast-container-XXXXXX";
	struct container_runner r = {"/nonexistent/crun", "/nonexistent/state", work};
	struct container_spec c = sample();
	char command[64];
	struct err err;
	int pid;

	(void)state;
	assert_non_null(mkdtemp(work));
	assert_fails(container_start(&r, &c, -1, -1, &pid, &err), "E-AGENT-011");
	snprintf(command, sizeof command, "rm -rf %s", work);
	assert_int_equal(system(command), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(leaves_out_what_hosts_refuse),
	        cmocka_unit_test(capability_rows),
	        cmocka_unit_test(refused_rows),
	        cmocka_unit_test(limits),
	        cmocka_unit_test(runtime_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
