/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/auth.h"
#include "oci/credentials.h"
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

static void
challenge_rows(void **state)
{
	static const struct {
		const char *header;
		size_t n;  /* SIZE_MAX: refuse */
		size_t at; /* the one looked at */
		enum auth_scheme scheme;
		const char *realm, *service, *scope;
	} rows[] = {
	        {"Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:x:pull\"", 1, 0,
	         AUTH_BEARER, "https://a/t", "s", "repository:x:pull"},
	        {"Basic realm=\"r\"", 1, 0, AUTH_BASIC, "r", "", ""},
	        {"bAsIc", 1, 0, AUTH_BASIC, "", "", ""},
	        {"Bearer realm=plain , scope=\"a\\\"b\\\\\"", 1, 0, AUTH_BEARER, "plain", "",
	         "a\"b\\"},
	        {"Negotiate, Basic realm=\"r\"", 2, 1, AUTH_BASIC, "r", "", ""},
	        {"Negotiate YII+/abc==, Basic realm=\"r\"", 2, 1, AUTH_BASIC, "r", "", ""},
	        {"Basic realm=\"x\", Bearer REALM=\"y\"", 2, 1, AUTH_BEARER, "y", "", ""},
	        {"Digest realm=\"x\", nonce=\"n\", qop=\"auth,auth-int\"", 1, 0, AUTH_OTHER, "x",
	         "", ""},
	        {" , Basic realm=\"r\" , ", 1, 0, AUTH_BASIC, "r", "", ""},
	        {"", 0, 0, AUTH_OTHER, "", "", ""},
	        {"Bearer realm=\"a\", realm=\"b\"", SIZE_MAX, 0, 0, "", "", ""},
	        {"Bearer realm=\"a", SIZE_MAX, 0, 0, "", "", ""},
	        {"Bearer realm=\"a\\", SIZE_MAX, 0, 0, "", "", ""},
	        {"Bearer realm=", 1, 0, AUTH_BEARER, "", "", ""},
	        {"Bearer realm=\"a\", scope=", SIZE_MAX, 0, 0, "", "", ""},
	        {"realm=\"a\"", SIZE_MAX, 0, 0, "", "", ""},
	        {"Bearer realm=\"a\" service=\"b\"", SIZE_MAX, 0, 0, "", "", ""},
	        {"Bearer (x)", SIZE_MAX, 0, 0, "", "", ""},
	        {"Bearer realm=\"a\r\nb\"", SIZE_MAX, 0, 0, "", "", ""},
	        {"a, b, c, d, e, f, g, h", 8, 7, AUTH_OTHER, "", "", ""},
	        {"a, b, c, d, e, f, g, h, i", SIZE_MAX, 0, 0, "", "", ""},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		struct challenge c[AUTH_CHALLENGES_MAX];
		size_t n;
		status s = auth_challenges_parse(&a, bytes_str(rows[i].header), c, &n, &err);

		if (rows[i].n == SIZE_MAX) {
			if (is_ok(s))
				fail_msg("accepted: %s", rows[i].header);
			assert_string_equal(err.id, "E-OCI-022");
			continue;
		}
		if (!is_ok(s))
			fail_msg("%s: %s", rows[i].header, err.msg);
		assert_int_equal(n, rows[i].n);
		if (n == 0)
			continue;
		assert_int_equal(c[rows[i].at].scheme, rows[i].scheme);
		assert_bytes(c[rows[i].at].realm, bytes_str(rows[i].realm));
		assert_bytes(c[rows[i].at].service, bytes_str(rows[i].service));
		assert_bytes(c[rows[i].at].scope, bytes_str(rows[i].scope));
	}
}

static void
token_rows(void **state)
{
	static const struct {
		const char *json, *token; /* NULL: refuse */
		uint64_t expires;
	} rows[] = {
	        {"{\"token\":\"t\"}", "t", 60},
	        {"{\"access_token\":\"a\",\"expires_in\":300}", "a", 300},
	        {"{\"token\":\"t\",\"access_token\":\"a\"}", "t", 60},
	        {"{\"token\":\"\",\"access_token\":\"a\"}", "a", 60},
	        {"{\"token\":\"t\",\"expires_in\":null}", "t", 60},
	        {"{\"token\":\"t\",\"expires_in\":-1}", NULL, 0},
	        {"{\"token\":1}", NULL, 0},
	        {"{}", NULL, 0},
	        {"", NULL, 0},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(secret_done) struct secret token = {0};
		uint64_t expires = 0;
		status s = auth_token_parse(bytes_str(rows[i].json), &token, &expires, &err);

		assert_int_equal(is_ok(s), rows[i].token != NULL);
		if (!rows[i].token)
			continue;
		assert_bytes(secret_view(&token), bytes_str(rows[i].token));
		assert_int_equal(expires, rows[i].expires);
	}
}

static void
credential_rows(void **state)
{
	/* eDp5 is x:y, YTpiOmM= is a:b:c */
	static const struct {
		const char *json, *host, *repository;
		enum credential_kind kind;
		const char *text; /* NULL: refuse */
	} rows[] = {
	        {"", "h", "r", CREDENTIAL_NONE, ""},
	        {"{}", "h", "r", CREDENTIAL_NONE, ""},
	        {"{\"auths\":{\"h\":{\"auth\":\"eDp5\"}}}", "h", "r", CREDENTIAL_BASIC, "x:y"},
	        {"{\"auths\":{\"h\":{\"auth\":\"YTpiOmM=\"}}}", "h", "r", CREDENTIAL_BASIC,
	         "a:b:c"},
	        {"{\"auths\":{\"https://h/v2/\":{\"auth\":\"eDp5\"}}}", "h", "r", CREDENTIAL_BASIC,
	         "x:y"},
	        {"{\"auths\":{\"h\":{\"username\":\"u\",\"password\":\"p\"}}}", "h", "r",
	         CREDENTIAL_BASIC, "u:p"},
	        {"{\"auths\":{\"h\":{\"auth\":\"eDp5\",\"identitytoken\":\"i\"}}}", "h", "r",
	         CREDENTIAL_IDENTITY, "i"},
	        {"{\"auths\":{\"h\":{\"registrytoken\":\"b\"}}}", "h", "r", CREDENTIAL_BEARER, "b"},
	        {"{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"eDp5\"}}}", "docker.io",
	         "library/x", CREDENTIAL_BASIC, "x:y"},
	        {"{\"auths\":{\"h:5000\":{\"auth\":\"eDp5\"}}}", "h", "r", CREDENTIAL_NONE, ""},
	        {"{\"auths\":{\"h\":{\"auth\":\"eDp5\"}}}", "h:5000", "r", CREDENTIAL_NONE, ""},
	        {"{\"auths\":{\"h\":{\"auth\":\"eDp5\"}}}", "h.evil", "r", CREDENTIAL_NONE, ""},
	        {"{\"auths\":{\"h\":{\"auth\":\"eDp5\"},\"h/team\":{\"auth\":\"YTpiOmM=\"}}}", "h",
	         "team/app", CREDENTIAL_BASIC, "a:b:c"},
	        {"{\"auths\":{\"h\":{\"auth\":\"eDp5\"},\"h/team\":{\"auth\":\"YTpiOmM=\"}}}", "h",
	         "teamster/app", CREDENTIAL_BASIC, "x:y"},
	        {"{\"auths\":{\"h\":{}}}", "h", "r", CREDENTIAL_NONE, ""},
	        {"{\"auths\":{\"h\":{\"auth\":\"!\"}}}", "h", "r", CREDENTIAL_NONE, NULL},
	        {"{\"auths\":{\"h\":{\"auth\":\"eHk=\"}}}", "h", "r", CREDENTIAL_NONE, NULL},
	        {"{\"auths\":{\"h\":1}}", "h", "r", CREDENTIAL_NONE, NULL},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(credentials_done) struct credentials c;
		CLEANUP(credential_done) struct credential got = {0};
		status s;

		assert_ok(credentials_parse(&c, bytes_str(rows[i].json), &err));
		s = credentials_find(&c, rows[i].host, rows[i].repository, &got, &err);
		if (!rows[i].text) {
			assert_fails(s, "E-OCI-020");
			continue;
		}
		assert_ok(s);
		assert_int_equal(got.kind, rows[i].kind);
		assert_bytes(secret_view(&got.text), bytes_str(rows[i].text));
	}
}

static void
broken_file_is_an_error(void **state)
{
	static const char *const texts[] = {"[]", "{", "{\"auths\":{},\"auths\":{}}"};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		CLEANUP(credentials_done) struct credentials c;

		if (is_ok(credentials_parse(&c, bytes_str(texts[i]), &err)))
			fail_msg("accepted: %s", texts[i]);
	}
}

/* ---- helpers: real programs in a folder of their own ---- */

static char g_dir[64];

static void
put_helper(const char *name, const char *script)
{
	char path[128];
	struct err err;

	snprintf(path, sizeof path, "%s/docker-credential-%s", g_dir, name);
	assert_ok(file_write(path, bytes_str(script), 0755, &err));
}

static int
make_dir(void **state)
{
	(void)state;
	snprintf(g_dir, sizeof g_dir, "/tmp/contrast-helpers-XXXXXX");
	if (!mkdtemp(g_dir))
		return -1;
	return setenv("PATH", g_dir, 1);
}

static int
remove_dir(void **state)
{
	static const char *const names[] = {"good", "token", "none", "broken", "noise"};
	char path[128];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(path, sizeof path, "%s/docker-credential-%s", g_dir, names[i]);
		unlink(path);
	}
	return rmdir(g_dir);
}

static void
helper_rows(void **state)
{
	static const struct {
		const char *json;
		enum credential_kind kind;
		const char *text; /* NULL: refuse */
	} rows[] = {
	        {"{\"credsStore\":\"good\"}", CREDENTIAL_BASIC, "h:s"},
	        {"{\"credHelpers\":{\"h\":\"token\"},\"auths\":{\"h\":{\"auth\":\"eDp5\"}}}",
	         CREDENTIAL_IDENTITY, "refresh"},
	        {"{\"credsStore\":\"good\",\"auths\":{\"h\":{\"auth\":\"eDp5\"}}}",
	         CREDENTIAL_BASIC, "x:y"},
	        {"{\"credsStore\":\"good\",\"auths\":{\"h\":{}}}", CREDENTIAL_BASIC, "h:s"},
	        {"{\"credsStore\":\"none\"}", CREDENTIAL_NONE, ""},
	        {"{\"credsStore\":\"broken\"}", CREDENTIAL_NONE, NULL},
	        {"{\"credsStore\":\"noise\"}", CREDENTIAL_NONE, NULL},
	        {"{\"credsStore\":\"absent\"}", CREDENTIAL_NONE, NULL},
	        {"{\"credsStore\":\"../good\"}", CREDENTIAL_NONE, NULL},
	};
	struct err err;

	(void)state;
	put_helper("good",
	           "#!/bin/sh\nread s\necho \"{\\\"ServerURL\\\":\\\"$s\\\",\\\"Username\\\":"
	           "\\\"$s\\\",\\\"Secret\\\":\\\"s\\\"}\"\n");
	put_helper("token",
	           "#!/bin/sh\necho '{\"Username\":\"<token>\",\"Secret\":\"refresh\"}'\n");
	put_helper("none", "#!/bin/sh\necho 'credentials not found in native keychain'\nexit 1\n");
	put_helper("broken", "#!/bin/sh\necho 'the keychain is locked'\nexit 1\n");
	put_helper("noise", "#!/bin/sh\necho hello\n");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(credentials_done) struct credentials c;
		CLEANUP(credential_done) struct credential got = {0};
		status s;

		assert_ok(credentials_parse(&c, bytes_str(rows[i].json), &err));
		s = credentials_find(&c, "h", "r", &got, &err);
		if (!rows[i].text) {
			assert_false(is_ok(s));
			continue;
		}
		assert_ok(s);
		assert_int_equal(got.kind, rows[i].kind);
		assert_bytes(secret_view(&got.text), bytes_str(rows[i].text));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(challenge_rows),
	        cmocka_unit_test(token_rows),
	        cmocka_unit_test(credential_rows),
	        cmocka_unit_test(broken_file_is_an_error),
	        cmocka_unit_test_setup_teardown(helper_rows, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
