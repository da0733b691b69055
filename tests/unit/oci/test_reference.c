/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/reference.h"
#include "unit.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void
rows(void **state)
{
	static const struct {
		const char *text;
		const char *full; /* what reference_emit says; NULL: refuse with id */
		const char *id;
	} table[] = {
	        {"nginx", "docker.io/library/nginx:latest", NULL},
	        {"nginx:1.25", "docker.io/library/nginx:1.25", NULL},
	        {"user/app", "docker.io/user/app:latest", NULL},
	        {"docker.io/nginx", "docker.io/library/nginx:latest", NULL},
	        {"index.docker.io/user/app:x", "docker.io/user/app:x", NULL},
	        {"localhost/app", "localhost/app:latest", NULL},
	        {"localhost:5000", "docker.io/library/localhost:5000", NULL},
	        {"127.0.0.1:5000/a/b:t", "127.0.0.1:5000/a/b:t", NULL},
	        {"[::1]:5000/a", "[::1]:5000/a:latest", NULL},
	        {"[::1]/a", "[::1]/a:latest", NULL},
	        {"ghcr.io/a/b/c@sha256:" HEX, "ghcr.io/a/b/c@sha256:" HEX, NULL},
	        {"ghcr.io/a/b:v1@sha256:" HEX, "ghcr.io/a/b:v1@sha256:" HEX, NULL},
	        {"Registry.example/a", "Registry.example/a:latest", NULL},
	        {"a.b/c__d.e-f---g/h_i:T.a_g-1", "a.b/c__d.e-f---g/h_i:T.a_g-1", NULL},
	        {"a.b/c:_x", "a.b/c:_x", NULL},
	        {"", NULL, "E-OCI-001"},
	        {":tag", NULL, "E-OCI-001"},
	        {"@sha256:" HEX, NULL, "E-OCI-001"},
	        {"nginx:", NULL, "E-OCI-001"},
	        {"nginx:-x", NULL, "E-OCI-001"},
	        {"nginx:.x", NULL, "E-OCI-001"},
	        {"nginx:a b", NULL, "E-OCI-001"},
	        {"Nginx", NULL, "E-OCI-001"},
	        {"a.b/C", NULL, "E-OCI-001"},
	        {"a.b//c", NULL, "E-OCI-001"},
	        {"a.b/c/", NULL, "E-OCI-001"},
	        {"/c", NULL, "E-OCI-001"},
	        {"a.b/c..d", NULL, "E-OCI-001"},
	        {"a.b/c___d", NULL, "E-OCI-001"},
	        {"a.b/c._d", NULL, "E-OCI-001"},
	        {"a.b/-c", NULL, "E-OCI-001"},
	        {"a.b/c-", NULL, "E-OCI-001"},
	        {"a.b/../c", NULL, "E-OCI-001"},
	        {"-a.b/c", NULL, "E-OCI-001"},
	        {"a-.b/c", NULL, "E-OCI-001"},
	        {"a..b/c", NULL, "E-OCI-001"},
	        {"a.b:0/c", NULL, "E-OCI-001"},
	        {"a.b:65536/c", NULL, "E-OCI-001"},
	        {"a.b:x/c", NULL, "E-OCI-001"},
	        {"[::1/c", NULL, "E-OCI-001"},
	        {"[]:1/c", NULL, "E-OCI-001"},
	        {"[::1]5000/c", NULL, "E-OCI-001"},
	        {"https://a.b/c", NULL, "E-OCI-001"},
	        {"a.b/c?x", NULL, "E-OCI-001"},
	        {"a.b/c\nd", NULL, "E-OCI-001"},
	        {"a.b/\xc3\xa9", NULL, "E-OCI-001"},
	        {HEX, NULL, "E-OCI-001"},
	        {"a@sha512:" HEX HEX, NULL, "E-OCI-003"},
	        {"a@sha256:0123", NULL, "E-OCI-004"},
	        {"a@sha256:" HEX "0", NULL, "E-OCI-004"},
	        {"a@", NULL, "E-OCI-004"},
	        {"a@sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", NULL,
	         "E-OCI-004"},
	        {"a@sha256:" HEX "@sha256:" HEX, NULL, "E-OCI-004"},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		CLEANUP(buf_done) struct buf out = {0};
		struct reference r, again;

		if (!table[i].full) {
			assert_fails(reference_parse(bytes_str(table[i].text), &r, &err),
			             table[i].id);
			continue;
		}
		assert_ok(reference_parse(bytes_str(table[i].text), &r, &err));
		reference_emit(&r, &out);
		assert_bytes(buf_view(&out), bytes_str(table[i].full));
		assert_ok(reference_parse(buf_view(&out), &again, &err));
		assert_memory_equal(&r, &again, sizeof r);
	}
}

static void
limits(void **state)
{
	char text[REFERENCE_MAX + 2] = "a.b/";
	struct reference r;
	struct err err;

	(void)state;
	/* 8 bytes of the repository are kept for "library/". */
	for (size_t i = 4; i < 4 + REFERENCE_REPOSITORY_MAX - 8; i++)
		text[i] = 'x';
	assert_ok(reference_parse(bytes_str(text), &r, &err));
	text[4 + REFERENCE_REPOSITORY_MAX - 8] = 'x';
	assert_fails(reference_parse(bytes_str(text), &r, &err), "E-OCI-002");
}

static void
tag_limits(void **state)
{
	char text[REFERENCE_TAG_MAX + 8] = "a:";
	struct reference r;
	struct err err;

	(void)state;
	for (size_t i = 2; i < 2 + REFERENCE_TAG_MAX; i++)
		text[i] = 't';
	assert_ok(reference_parse(bytes_str(text), &r, &err));
	text[2 + REFERENCE_TAG_MAX] = 't';
	assert_fails(reference_parse(bytes_str(text), &r, &err), "E-OCI-001");
}

static void
pinning_keeps_what_was_asked_for(void **state)
{
	CLEANUP(buf_done) struct buf out = {0};
	struct hash256 digest;
	struct reference r;
	struct err err;

	(void)state;
	assert_ok(digest_parse(BYTES("sha256:" HEX), &digest, &err));
	assert_ok(reference_parse(BYTES("nginx:1.25"), &r, &err));
	reference_pin(&r, &digest, &out);
	assert_bytes(buf_view(&out), BYTES("docker.io/library/nginx:1.25@sha256:" HEX));
	assert_string_equal(reference_api_host(&r), "registry-1.docker.io");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(rows),
	        cmocka_unit_test(limits),
	        cmocka_unit_test(tag_limits),
	        cmocka_unit_test(pinning_keeps_what_was_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
