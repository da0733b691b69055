/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/registry.h"
#include "oci/unpack.h"
#include "transport/script.h"
#include "unit.h"

#include <string.h>
#include <unistd.h>

#define MT_M "application/vnd.oci.image.manifest.v1+json"
#define MT_I "application/vnd.oci.image.index.v1+json"

/* An image made once: configuration, manifest around it, index around that, one blob. */
struct sample {
	char config[512], manifest[1024], index[1024];
	char config_url[256], manifest_url[256], index_url[256], blob_url[256];
	struct hash256 manifest_digest, index_digest;
	char manifest_text[72], index_text[72];
	struct descriptor blob;
	char dir[64];
	struct oci_cache cache;
};

static const char blob_data[] = "0123456789abcdef";
static struct sample g;

static void
make_url(char to[256], const char *kind, struct bytes content, struct hash256 *digest)
{
	char text[72];

	*digest = sha256(content);
	snprintf(to, 256, "https://r.example/v2/team/app/%s/%s", kind, digest_cstr(digest, text));
}

static int
setup(void **state)
{
	struct hash256 config, blob;
	char text[72], blob_text[72];
	struct err err;

	(void)state;
	blob = sha256(bytes_str(blob_data));
	digest_cstr(&blob, blob_text);
	snprintf(g.config, sizeof g.config,
	         "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Env\":[\"A=1\"]},"
	         "\"rootfs\":{"
	         "\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}",
	         blob_text);
	make_url(g.config_url, "blobs", bytes_str(g.config), &config);
	snprintf(g.manifest, sizeof g.manifest,
	         "{\"schemaVersion\":2,\"mediaType\":\"" MT_M "\",\"config\":{\"mediaType\":"
	         "\"application/vnd.oci.image.config.v1+json\",\"digest\":\"%s\",\"size\":%zu},"
	         "\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":"
	         "\"%s\",\"size\":16}]}",
	         digest_cstr(&config, text), bytes_str(g.config).n, blob_text);
	make_url(g.manifest_url, "manifests", bytes_str(g.manifest), &g.manifest_digest);
	digest_cstr(&g.manifest_digest, g.manifest_text);
	snprintf(g.index, sizeof g.index,
	         "{\"schemaVersion\":2,\"mediaType\":\"" MT_I
	         "\",\"manifests\":[{\"mediaType\":\"" MT_M
	         "\",\"digest\":\"%s\",\"size\":%zu,\"platform\":{\"os\":\"linux\","
	         "\"architecture\":\"amd64\"}}]}",
	         g.manifest_text, bytes_str(g.manifest).n);
	make_url(g.index_url, "manifests", bytes_str(g.index), &g.index_digest);
	digest_cstr(&g.index_digest, g.index_text);
	snprintf(g.blob_url, sizeof g.blob_url, "https://r.example/v2/team/app/blobs/%s",
	         blob_text);
	g.blob = (struct descriptor){.digest = blob, .size = 16};
	snprintf(g.dir, sizeof g.dir, "/tmp/contrast-registry-XXXXXX");
	if (!mkdtemp(g.dir))
		return -1;
	assert_ok(oci_cache_init(&g.cache, g.dir, &err));
	return 0;
}

static int
teardown(void **state)
{
	struct err err;

	(void)state;
	return is_ok(tree_remove(g.dir, &err)) ? 0 : -1;
}

static struct bytes
body(const char *text)
{
	return bytes_str(text);
}

struct run {
	const struct script_step *steps;
	size_t n;
	const char *reference;
	const char *credentials; /* config.json */
	bool cached, offline;
};

static status
resolve(const struct run *run, struct oci_image *image, struct err *err)
{
	CLEANUP(credentials_done) struct credentials who = {0};
	struct registry_options options = {0};
	struct registry *r;
	struct script s;
	struct reference ref;
	status st;

	script_init(&s, run->steps, run->n);
	options.transport = &s.transport;
	options.offline = run->offline;
	if (run->cached)
		options.cache = &g.cache;
	if (run->credentials) {
		TRY(credentials_parse(&who, bytes_str(run->credentials), err));
		options.credentials = &who;
	}
	TRY(reference_parse(bytes_str(run->reference), &ref, err));
	r = registry_new(&options);
	st = registry_resolve(r, &ref, image, err);
	registry_free(r);
	assert_string_equal(s.fault, "");
	assert_int_equal(s.at, run->n);
	return st;
}

#define RESOLVE(reference_, login_)                                                                \
	CLEANUP(oci_image_done) struct oci_image image = {0};                                      \
	struct run run = {steps, COUNT_OF(steps), reference_, login_, false, false};               \
	struct err err;                                                                            \
	status st = resolve(&run, &image, &err);                                                   \
	(void)state

static void
by_tag_through_an_index(void **state)
{
	const struct script_step steps[] = {
	        {.method = "GET",
	         .url = "https://r.example/v2/team/app/manifests/v1",
	         .status = 200,
	         .headers = {{"Content-Type", MT_I}, {"Docker-Content-Digest", g.index_text}},
	         .body = body(g.index)},
	        {.method = "GET",
	         .url = g.manifest_url,
	         .status = 200,
	         .headers = {{"Content-Type", MT_M}},
	         .body = body(g.manifest)},
	        {.method = "GET", .url = g.config_url, .status = 200, .body = body(g.config)},
	};
	RESOLVE("r.example/team/app:v1", NULL);

	assert_ok(st);
	assert_true(hash256_equal(&image.digest, &g.index_digest));
	assert_true(hash256_equal(&image.manifest_digest, &g.manifest_digest));
	assert_bytes(image.config.env.items[0], BYTES("A=1"));
	assert_bytes(image.index_text, bytes_str(g.index));
	assert_int_equal(image.manifest.n_layers, 1);
}

static void
by_digest(void **state)
{
	char reference[256];
	const struct script_step steps[] = {
	        {.url = g.manifest_url, .status = 200, .body = body(g.manifest)},
	        {.url = g.config_url, .status = 200, .body = body(g.config)},
	};

	snprintf(reference, sizeof reference, "r.example/team/app:ignored@%s", g.manifest_text);
	RESOLVE(reference, NULL);
	assert_ok(st);
	assert_true(hash256_equal(&image.digest, &g.manifest_digest));
	assert_int_equal(image.index_text.n, 0);
}

static void
lies_are_found(void **state)
{
	char reference[256], longer[1026];
	struct err err;

	(void)state;
	snprintf(reference, sizeof reference, "r.example/team/app@%s", g.manifest_text);
	/* The same text with one space more is another thing. */
	snprintf(longer, sizeof longer, "%s ", g.manifest);
	{
		const struct script_step steps[] = {
		        {.url = g.manifest_url, .status = 200, .body = body(longer)},
		};
		CLEANUP(oci_image_done) struct oci_image image = {0};
		struct run run = {steps, 1, reference, NULL, false, false};

		assert_fails(resolve(&run, &image, &err), "E-OCI-032");
	}
	{
		const struct script_step steps[] = {
		        {.url = g.manifest_url, .status = 200, .body = body(g.manifest)},
		        {.url = g.config_url, .status = 200, .body = body("{}")},
		};
		CLEANUP(oci_image_done) struct oci_image image = {0};
		struct run run = {steps, 2, reference, NULL, false, false};

		assert_fails(resolve(&run, &image, &err), "E-OCI-032");
		assert_non_null(strstr(err.msg, "r.example/team/app@sha256:"));
	}
	{
		/* By tag, the registry's own header disagrees with what it sent. */
		const struct script_step steps[] = {
		        {.status = 200,
		         .headers = {{"Docker-Content-Digest", g.index_text}},
		         .body = body(g.manifest)},
		};
		CLEANUP(oci_image_done) struct oci_image image = {0};
		struct run run = {steps, 1, "r.example/team/app:v1", NULL, false, false};

		assert_fails(resolve(&run, &image, &err), "E-OCI-032");
	}
}

static void
warm_cache_asks_for_the_tag_alone(void **state)
{
	const struct script_step cold[] = {
	        {.method = "HEAD",
	         .status = 200,
	         .headers = {{"Docker-Content-Digest", g.index_text}}},
	        {.method = "GET", .url = g.index_url, .status = 200, .body = body(g.index)},
	        {.method = "GET", .url = g.manifest_url, .status = 200, .body = body(g.manifest)},
	        {.method = "GET", .url = g.config_url, .status = 200, .body = body(g.config)},
	};
	const struct script_step warm[] = {
	        {.method = "HEAD",
	         .status = 200,
	         .headers = {{"Docker-Content-Digest", g.index_text}}},
	};
	char reference[256];
	struct err err;
	struct run runs[] = {
	        {cold, 4, "r.example/team/app:v1", NULL, true, false},
	        {warm, 1, "r.example/team/app:v1", NULL, true, false},
	        {NULL, 0, reference, NULL, true, false},
	        {NULL, 0, reference, NULL, true, true},
	};

	(void)state;
	snprintf(reference, sizeof reference, "r.example/team/app@%s", g.index_text);
	for (size_t i = 0; i < COUNT_OF(runs); i++) {
		CLEANUP(oci_image_done) struct oci_image image = {0};

		assert_ok(resolve(&runs[i], &image, &err));
		assert_true(hash256_equal(&image.digest, &g.index_digest));
	}
}

static void
damaged_cache_costs_a_download(void **state)
{
	const struct script_step steps[] = {
	        {.url = g.config_url, .status = 200, .body = body(g.config)},
	};
	struct hash256 config = sha256(body(g.config));
	char reference[256], path[4096];
	struct err err;

	(void)state;
	snprintf(reference, sizeof reference, "r.example/team/app@%s", g.index_text);
	oci_cache_path(&g.cache, &config, path);
	assert_ok(file_write(path, BYTES("{\"evil\":true}"), 0600, &err));
	{
		CLEANUP(oci_image_done) struct oci_image image = {0};
		struct run run = {steps, 1, reference, NULL, true, false};

		assert_ok(resolve(&run, &image, &err));
	}
}

static void
offline_miss(void **state)
{
	const struct script_step steps[1] = {{0}};
	CLEANUP(oci_image_done) struct oci_image image = {0};
	struct run run = {steps, 0, "r.example/team/app:v1", NULL, true, true};
	struct err err;

	(void)state;
	assert_fails(resolve(&run, &image, &err), "E-OCI-036");
}

static void
answers_of_the_registry(void **state)
{
	static const struct {
		unsigned int status;
		const char *body, *id, *words;
	} rows[] = {
	        {404,
	         "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"no tag "
	         "\\u001b[31m\"}]}",
	         "E-OCI-031", "MANIFEST_UNKNOWN: no tag \\u{1b}"},
	        {403, "{\"errors\":[{\"code\":\"DENIED\"}]}", "E-OCI-030", "DENIED"},
	        {410, "<html>gone</html>", "E-OCI-034", "answered 410"},
	        {400, "", "E-OCI-034", "no reason given"},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct script_step steps[] = {
		        {.status = rows[i].status, .body = body(rows[i].body)},
		};
		CLEANUP(oci_image_done) struct oci_image image = {0};
		struct run run = {steps, 1, "r.example/team/app:v1", NULL, false, false};

		assert_fails(resolve(&run, &image, &err), rows[i].id);
		if (!strstr(err.msg, rows[i].words))
			fail_msg("%s", err.msg);
	}
}

static const char login[] = "{\"auths\":{\"r.example\":{\"auth\":\"eDp5\"}}}";

static void
token_flow(void **state)
{
	const struct script_step steps[] = {
	        {.url = "https://r.example/v2/team/app/manifests/v1",
	         .status = 401,
	         .want_header = {"Authorization", NULL},
	         .headers = {{"WWW-Authenticate",
	                      "Bearer realm=\"https://auth.example/t?a=b\",service=\"r\","
	                      "scope=\"repository:team/app:pull\""}}},
	        {.method = "GET",
	         .url = "https://auth.example/t?a=b&service=r&scope=repository%3Ateam%2Fapp%3Apull",
	         .want_header = {"Authorization", "Basic eDp5"},
	         .status = 200,
	         .body = body("{\"token\":\"tok\",\"expires_in\":300}")},
	        {.url = "https://r.example/v2/team/app/manifests/v1",
	         .want_header = {"Authorization", "Bearer tok"},
	         .status = 200,
	         .body = body(g.manifest)},
	        /* The token serves the next request as well, and stays away from the blob's other
	           host. */
	        {.url = g.config_url,
	         .want_header = {"Authorization", "Bearer tok"},
	         .status = 307,
	         .headers = {{"Location", "https://cdn.example/c"}}},
	        {.url = "https://cdn.example/c",
	         .want_header = {"Authorization", NULL},
	         .status = 200,
	         .body = body(g.config)},
	};
	RESOLVE("r.example/team/app:v1", login);

	assert_ok(st);
}

static void
push_is_never_asked_for(void **state)
{
	const struct script_step steps[] = {
	        {.status = 401,
	         .headers = {{"WWW-Authenticate", "Bearer realm=\"https://auth.example/t\","
	                                          "scope=\"repository:other/app:pull,push\""}}},
	        {.url = "https://auth.example/t?scope=repository%3Ateam%2Fapp%3Apull",
	         .status = 200,
	         .want_header = {"Authorization", NULL},
	         .body = body("{\"token\":\"tok\"}")},
	        {.status = 401},
	};
	RESOLVE("r.example/team/app:v1", NULL);

	assert_fails(st, "E-OCI-030");
}

static void
refresh_token_flow(void **state)
{
	const struct script_step steps[] = {
	        {.status = 401,
	         .headers = {{"WWW-Authenticate",
	                      "Bearer realm=\"https://auth.example/t\",service=\"r\""}}},
	        {.method = "POST",
	         .url = "https://auth.example/t",
	         .status = 200,
	         .want_body = "grant_type=refresh_token&client_id=contrast&service=r&scope="
	                      "repository%3Ateam%2Fapp%3Apull&refresh_token=i%2Fd",
	         .body = body("{\"access_token\":\"tok\"}")},
	        {.want_header = {"Authorization", "Bearer tok"},
	         .status = 200,
	         .body = body(g.manifest)},
	        {.status = 200, .body = body(g.config)},
	};
	RESOLVE("r.example/team/app:v1", "{\"auths\":{\"r.example\":{\"identitytoken\":\"i/d\"}}}");

	assert_ok(st);
}

static void
basic_flow(void **state)
{
	const struct script_step steps[] = {
	        {.status = 401, .headers = {{"WWW-Authenticate", "Basic realm=\"r\""}}},
	        {.want_header = {"Authorization", "Basic eDp5"},
	         .status = 200,
	         .body = body(g.manifest)},
	        {.want_header = {"Authorization", "Basic eDp5"},
	         .status = 200,
	         .body = body(g.config)},
	};
	RESOLVE("r.example/team/app:v1", login);

	assert_ok(st);
}

static void
logins_that_fail(void **state)
{
	static const struct {
		const char *challenge, *credentials, *id;
	} rows[] = {
	        {"Basic realm=\"r\"", NULL, "E-OCI-030"},
	        {"Negotiate", login, "E-OCI-030"},
	        {"Bearer realm=\"http://auth.example/t\"", login, "E-OCI-037"},
	        {"Bearer realm=\"auth.example/t\"", login, "E-TRANSPORT-001"},
	        {"Bearer realm=\"https://u:p@auth.example/t\"", login, "E-TRANSPORT-001"},
	        {"Bearer", login, "E-TRANSPORT-001"},
	        {"Bearer realm=\"x", login, "E-OCI-022"},
	        {"Basic realm=\"r\"", "{\"auths\":{\"r.example\":{\"auth\":\"?\"}}}", "E-OCI-020"},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct script_step steps[] = {
		        {.status = 401, .headers = {{"WWW-Authenticate", rows[i].challenge}}},
		};
		CLEANUP(oci_image_done) struct oci_image image = {0};
		struct run run = {steps, 1,    "r.example/team/app:v1", rows[i].credentials,
		                  false, false};

		assert_fails(resolve(&run, &image, &err), rows[i].id);
	}
}

static void
plain_http_is_for_loopback(void **state)
{
	char manifest_url[256], config_url[256];
	struct err err;

	(void)state;
	snprintf(manifest_url, sizeof manifest_url,
	         "http://127.0.0.1:5000/v2/team/app/manifests/v1");
	snprintf(config_url, sizeof config_url, "http://127.0.0.1:5000%.200s", g.config_url + 17);
	{
		const struct script_step steps[] = {
		        {.url = manifest_url, .status = 200, .body = body(g.manifest)},
		        {.url = config_url, .status = 200, .body = body(g.config)},
		};
		CLEANUP(oci_image_done) struct oci_image image = {0};
		struct run run = {steps, 2, "127.0.0.1:5000/team/app:v1", NULL, false, false};

		assert_ok(resolve(&run, &image, &err));
	}
}

/* ---- blobs ---- */

static status
fetch(const struct script_step *steps, size_t n, const struct descriptor *blob, struct err *err)
{
	struct registry_options options = {.cache = &g.cache};
	struct reference ref;
	struct registry *r;
	struct script s;
	status st;

	script_init(&s, steps, n);
	options.transport = &s.transport;
	TRY(reference_parse(BYTES("r.example/team/app:v1"), &ref, err));
	r = registry_new(&options);
	st = registry_fetch_blob(r, &ref, blob, NULL, err);
	registry_free(r);
	assert_string_equal(s.fault, "");
	assert_int_equal(s.at, n);
	return st;
}

static void
assert_blob(bool there)
{
	CLEANUP(buf_done) struct buf out = {0};
	char path[4096];
	struct err err;

	assert_int_equal(is_ok(oci_cache_get(&g.cache, &g.blob.digest, 100, &out, &err)), there);
	if (there)
		assert_bytes(buf_view(&out), bytes_str(blob_data));
	oci_cache_path(&g.cache, &g.blob.digest, path);
	assert_ok(file_remove(path, &err));
}

static void
blob_resumes_where_it_broke(void **state)
{
	const struct script_step steps[] = {
	        {.url = g.blob_url,
	         .want_header = {"Range", NULL},
	         .status = 200,
	         .body = body(blob_data),
	         .break_after = 5},
	        {.want_header = {"Range", "bytes=5-"},
	         .status = 206,
	         .headers = {{"Content-Range", "bytes 5-15/16"}},
	         .body = body(blob_data + 5),
	         .break_after = 2},
	        {.want_header = {"Range", "bytes=7-"},
	         .status = 206,
	         .headers = {{"Content-Range", "bytes 7-15/16"}},
	         .body = body(blob_data + 7)},
	};
	struct err err;

	(void)state;
	assert_ok(fetch(steps, COUNT_OF(steps), &g.blob, &err));
	/* Now it is here: nobody is asked. */
	assert_ok(fetch(NULL, 0, &g.blob, &err));
	assert_blob(true);
}

static void
damaged_blob_is_fetched_again(void **state)
{
	static const char *const damage[] = {"0123456789abcdeF", "0123456789", ""};
	const struct script_step steps[] = {{.status = 200, .body = body(blob_data)}};
	char path[4096];
	struct err err;

	(void)state;
	oci_cache_path(&g.cache, &g.blob.digest, path);
	for (size_t i = 0; i < COUNT_OF(damage); i++) {
		assert_ok(file_write(path, bytes_str(damage[i]), 0600, &err));
		assert_ok(fetch(steps, COUNT_OF(steps), &g.blob, &err));
		assert_blob(true);
	}
}

static void
blob_restarts_without_ranges(void **state)
{
	const struct script_step steps[] = {
	        {.status = 200, .body = body(blob_data), .break_after = 5},
	        {.want_header = {"Range", "bytes=5-"}, .status = 200, .body = body(blob_data)},
	};
	struct err err;

	(void)state;
	assert_ok(fetch(steps, COUNT_OF(steps), &g.blob, &err));
	assert_blob(true);
}

static void
blob_survives_a_run_that_ended(void **state)
{
	const struct script_step first[] = {
	        {.status = 200, .body = body(blob_data), .break_after = 5},
	        {.status = 404},
	};
	const struct script_step second[] = {
	        {.want_header = {"Range", "bytes=5-"},
	         .status = 206,
	         .headers = {{"Content-Range", "bytes 5-15/16"}},
	         .body = body(blob_data + 5)},
	};
	struct err err;

	(void)state;
	assert_fails(fetch(first, COUNT_OF(first), &g.blob, &err), "E-OCI-031");
	assert_ok(fetch(second, COUNT_OF(second), &g.blob, &err));
	assert_blob(true);
}

static void
blob_rows(void **state)
{
	static const struct {
		unsigned int status;
		const char *range, *body, *id;
	} rows[] = {
	        {200, NULL, "0123456789abcdeF", "E-OCI-032"},
	        {200, NULL, "0123456789abcdef0", "E-OCI-033"},
	        {206, "bytes 3-15/16", "0123456789abcdef", "E-OCI-035"},
	        {206, NULL, "0123456789abcdef", "E-OCI-035"},
	        {206, "bytes x-", "0123456789abcdef", "E-OCI-035"},
	        {404, NULL, "", "E-OCI-031"},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct script_step steps[] = {
		        {.status = rows[i].status,
		         .headers = {{rows[i].range ? "Content-Range" : NULL, rows[i].range}},
		         .body = body(rows[i].body)},
		};

		assert_fails(fetch(steps, 1, &g.blob, &err), rows[i].id);
		assert_blob(false);
	}
}

static void
truncated_for_good(void **state)
{
	const struct script_step steps[] = {
	        {.status = 200, .body = body("01234")},
	        {.want_header = {"Range", "bytes=5-"}, .status = 416},
	        {.want_header = {"Range", NULL}, .status = 200, .body = body("01234")},
	        {.want_header = {"Range", "bytes=5-"}, .status = 416},
	        {.want_header = {"Range", NULL}, .status = 200, .body = body("01234")},
	        {.want_header = {"Range", "bytes=5-"}, .status = 416},
	        {.want_header = {"Range", NULL}, .status = 200, .body = body("01234")},
	        {.want_header = {"Range", "bytes=5-"}, .status = 416},
	        {.want_header = {"Range", NULL}, .status = 200, .body = body("01234")},
	};
	struct err err;

	(void)state;
	assert_fails(fetch(steps, COUNT_OF(steps), &g.blob, &err), "E-OCI-033");
	assert_non_null(strstr(err.msg, "ends after 5 of 16 bytes"));
	assert_blob(false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(by_tag_through_an_index),
	        cmocka_unit_test(by_digest),
	        cmocka_unit_test(lies_are_found),
	        cmocka_unit_test(warm_cache_asks_for_the_tag_alone),
	        cmocka_unit_test(damaged_cache_costs_a_download),
	        cmocka_unit_test(offline_miss),
	        cmocka_unit_test(answers_of_the_registry),
	        cmocka_unit_test(token_flow),
	        cmocka_unit_test(push_is_never_asked_for),
	        cmocka_unit_test(refresh_token_flow),
	        cmocka_unit_test(basic_flow),
	        cmocka_unit_test(logins_that_fail),
	        cmocka_unit_test(plain_http_is_for_loopback),
	        cmocka_unit_test(blob_resumes_where_it_broke),
	        cmocka_unit_test(damaged_blob_is_fetched_again),
	        cmocka_unit_test(blob_restarts_without_ranges),
	        cmocka_unit_test(blob_survives_a_run_that_ended),
	        cmocka_unit_test(blob_rows),
	        cmocka_unit_test(truncated_for_good),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
