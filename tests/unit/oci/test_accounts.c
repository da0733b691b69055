/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/accounts.h"
#include "unit/oci/layers.h"

#include <sys/mman.h>
#include <unistd.h>

static const struct accounts sample = {
        .passwd = {(const uint8_t *)"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:,,:/app:/x\n"
                                    "broken\nnum:x:y:z::\nlast:x:7:8::/:",
                   sizeof "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:,,:/app:/x\n"
                          "broken\nnum:x:y:z::\nlast:x:7:8::/:" -
                           1},
        .group = {(const uint8_t
                           *)"root:x:0:\nwheel:x:10:root,app\nstaff:x:50:last, app\napp:x:1001:\n",
                  sizeof "root:x:0:\nwheel:x:10:root,app\nstaff:x:50:last, app\napp:x:1001:\n" - 1},
};

static void
user_rows(void **state)
{
	static const struct {
		const char *user;
		bool needs;
		const char *id; /* NULL: fine */
		uint32_t uid, gid;
		bool group_given;
		const char *name;
	} rows[] = {
	        {"", false, NULL, 0, 0, false, "root"},
	        {"0", false, NULL, 0, 0, false, "root"},
	        {"1000", false, NULL, 1000, 1001, false, "app"},
	        {"4242", false, NULL, 4242, 0, false, ""},
	        {"4242:17", false, NULL, 4242, 17, true, ""},
	        {"app", true, NULL, 1000, 1001, false, "app"},
	        {"app:wheel", true, NULL, 1000, 10, true, "app"},
	        {"app:5", true, NULL, 1000, 5, true, "app"},
	        {"1000:wheel", true, NULL, 1000, 10, true, "app"},
	        {"last", true, NULL, 7, 8, false, "last"},
	        {"nobody", true, "E-OCI-060", 0, 0, false, ""},
	        {"app:nobody", true, "E-OCI-060", 0, 0, false, ""},
	        {"broken", true, "E-OCI-060", 0, 0, false, ""},
	        {"num", true, "E-OCI-060", 0, 0, false, ""},
	        {":wheel", true, "E-OCI-061", 0, 0, false, ""},
	        {"app:", true, "E-OCI-061", 0, 0, false, ""},
	        {"app\nroot", true, "E-OCI-061", 0, 0, false, ""},
	        {"2147483648", true, "E-OCI-060", 0, 0, false, ""},
	        {"-1", true, "E-OCI-060", 0, 0, false, ""},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct user_ids ids;
		status s = user_resolve(bytes_str(rows[i].user), &sample, &ids, &err);

		assert_int_equal(user_needs_accounts(bytes_str(rows[i].user)), rows[i].needs);
		if (rows[i].id) {
			assert_fails(s, rows[i].id);
			continue;
		}
		assert_ok(s);
		assert_int_equal(ids.uid, rows[i].uid);
		assert_int_equal(ids.gid, rows[i].gid);
		assert_int_equal(ids.group_given, rows[i].group_given);
		assert_bytes(ids.name, bytes_str(rows[i].name));
	}
}

static void
groups_in_file_order(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	uint32_t *groups;
	size_t n;
	struct err err;

	(void)state;
	assert_ok(user_groups(BYTES("app"), &sample, &a, &groups, &n, &err));
	assert_int_equal(n, 2);
	assert_int_equal(groups[0], 10);
	assert_int_equal(groups[1], 50);
	assert_ok(user_groups(BYTES("ap"), &sample, &a, &groups, &n, &err));
	assert_int_equal(n, 0);
	assert_ok(user_groups(BYTES(""), &sample, &a, &groups, &n, &err));
	assert_int_equal(n, 0);
}

static status
scan(const struct entry *entries, struct arena *a, struct layer_accounts *ret, struct err *err)
{
	CLEANUP(made_layer_done) struct made_layer l;
	CLEANUP(fd_close) int fd = memfd_create("layer", MFD_CLOEXEC);

	make_layer(entries, LAYER_GZIP, &l);
	assert_true(is_ok(fd_write_all(fd, buf_view(&l.packed), err)));
	lseek(fd, 0, SEEK_SET);
	return accounts_scan(fd, &l.descriptor, &l.diff_id, a, ret, err);
}

static void
scan_rows(void **state)
{
	static const struct {
		struct entry entries[4];
		enum layer_file passwd, group;
		const char *id;
	} rows[] = {
	        {{{"etc/passwd", 'f', "p", 0}, {"etc/group", 'f', "g", 0}},
	         LAYER_FILE_SET,
	         LAYER_FILE_SET,
	         NULL},
	        {{{"./etc/passwd", 'f', "p", 0}}, LAYER_FILE_SET, LAYER_FILE_SAME, NULL},
	        {{{"bin/etc/passwd", 'f', "p", 0}}, LAYER_FILE_SAME, LAYER_FILE_SAME, NULL},
	        {{{"etc/.wh.passwd", 'f', "", 0}}, LAYER_FILE_REMOVED, LAYER_FILE_SAME, NULL},
	        {{{"etc/.wh.group", 'f', "", 0}}, LAYER_FILE_SAME, LAYER_FILE_REMOVED, NULL},
	        {{{".wh.etc", 'f', "", 0}}, LAYER_FILE_REMOVED, LAYER_FILE_REMOVED, NULL},
	        {{{"etc/.wh..wh..opq", 'f', "", 0}, {"etc/passwd", 'f', "p", 0}},
	         LAYER_FILE_SET,
	         LAYER_FILE_REMOVED,
	         NULL},
	        {{{"etc/passwd", 'f', "p", 0}, {".wh..wh..opq", 'f', "", 0}},
	         LAYER_FILE_SET,
	         LAYER_FILE_REMOVED,
	         NULL},
	        {{{"etc/passwd", 'l', "../x", 0}}, 0, 0, "E-OCI-062"},
	        {{{"x", 'f', "p", 0}, {"etc/passwd", 'h', "x", 0}}, 0, 0, "E-OCI-062"},
	        {{{"etc", 'l', "x", 0}}, 0, 0, "E-OCI-062"},
	        {{{"../etc/passwd", 'f', "p", 0}}, 0, 0, "E-OCI-051"},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		struct layer_accounts got;
		status s = scan(rows[i].entries, &a, &got, &err);

		if (rows[i].id) {
			assert_fails(s, rows[i].id);
			continue;
		}
		assert_ok(s);
		assert_int_equal(got.passwd, rows[i].passwd);
		assert_int_equal(got.group, rows[i].group);
		assert_bytes(got.passwd_text, bytes_str(got.passwd == LAYER_FILE_SET ? "p" : ""));
	}
}

static void
cache_file_round_trip(void **state)
{
	char path[64] = "/tmp/contrast-layers-XXXXXX";
	static const char text[] =
	        "[\n  {\n    \"diff_id\": \"sha256:"
	        "0101010101010101010101010101010101010101010101010101010101010101\",\n"
	        "    \"passwd\": \"root:x:0:0\\n\",\n    \"group\": null\n  },\n  {\n    "
	        "\"diff_id\": "
	        "\"sha256:0202020202020202020202020202020202020202020202020202020202020202\"\n  "
	        "}\n]\n";
	CLEANUP(buf_done) struct buf out = {0};
	struct accounts_cache c;
	struct err err;
	int fd = mkstemp(path);

	(void)state;
	close(fd);
	assert_ok(file_write(path, bytes_str(text), 0600, &err));
	assert_ok(accounts_cache_load(&c, path, &err));
	assert_int_equal(c.n, 2);
	assert_int_equal(c.items[0].passwd, LAYER_FILE_SET);
	assert_int_equal(c.items[0].group, LAYER_FILE_REMOVED);
	assert_int_equal(c.items[1].passwd, LAYER_FILE_SAME);
	c.changed = true;
	assert_ok(accounts_cache_save(&c, path, &err));
	accounts_cache_done(&c);
	assert_ok(file_read(path, 4096, &out, &err));
	assert_bytes(buf_view(&out), bytes_str(text));
	/* What cannot be read is made again. */
	assert_ok(file_write(path, BYTES("{\"not\": \"ours\""), 0600, &err));
	assert_ok(accounts_cache_load(&c, path, &err));
	assert_int_equal(c.n, 0);
	accounts_cache_done(&c);
	unlink(path);
	assert_ok(accounts_cache_load(&c, path, &err));
	assert_int_equal(c.n, 0);
	accounts_cache_done(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(user_rows),
	        cmocka_unit_test(groups_in_file_order),
	        cmocka_unit_test(scan_rows),
	        cmocka_unit_test(cache_file_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
