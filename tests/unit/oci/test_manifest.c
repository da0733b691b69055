/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/manifest.h"
#include "oci/reference.h"
#include "unit.h"

#define D(c) "sha256:" c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c
#define OCI_M "application/vnd.oci.image.manifest.v1+json"
#define OCI_I "application/vnd.oci.image.index.v1+json"
#define DOCKER_M "application/vnd.docker.distribution.manifest.v2+json"
#define CONFIG                                                                                     \
	"\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"size\":2,"       \
	"\"digest\":\"" D("01") "\"}"
#define LAYER(type) "{\"mediaType\":\"" type "\",\"size\":7,\"digest\":\"" D("02") "\"}"
#define GZIP "application/vnd.oci.image.layer.v1.tar+gzip"
#define ENTRY(type, arch, more)                                                                    \
	"{\"mediaType\":\"" type "\",\"size\":9,\"digest\":\"" D(arch) "\"" more "}"
#define AMD64 ",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}"

static void
image_rows(void **state)
{
	static const struct {
		const char *text, *type;
		const char *id; /* NULL: fine */
	} rows[] = {
	        {"{\"schemaVersion\":2," CONFIG ",\"layers\":[" LAYER(GZIP) "]}", "", NULL},
	        {"{\"schemaVersion\":2," CONFIG ",\"layers\":[]}", "", NULL},
	        {"{\"schemaVersion\":2,\"mediaType\":\"" OCI_M "\"," CONFIG ",\"layers\":[]}",
	         OCI_M "; charset=utf-8", NULL},
	        {"{\"schemaVersion\":2," CONFIG ",\"layers\":[]}", "application/json", NULL},
	        {"{\"schemaVersion\":2,\"mediaType\":\"" OCI_M "\"," CONFIG ",\"layers\":[]}",
	         DOCKER_M, "E-OCI-011"},
	        {"{\"schemaVersion\":2," CONFIG ",\"layers\":[]}", OCI_I, "E-OCI-011"},
	        {"{\"schemaVersion\":2,\"mediaType\":\"" OCI_I "\"," CONFIG ",\"layers\":[]}", "",
	         "E-OCI-010"},
	        {"{\"schemaVersion\":2," CONFIG ",\"layers\":[],\"manifests\":[]}", "",
	         "E-OCI-010"},
	        {"{\"schemaVersion\":2}", "", "E-OCI-010"},
	        {"{\"schemaVersion\":1,\"fsLayers\":[]}", "", "E-OCI-012"},
	        {"{" CONFIG ",\"layers\":[]}", "", "E-OCI-010"},
	        {"{\"schemaVersion\":2," CONFIG "}", "", "E-OCI-010"},
	        {"{\"schemaVersion\":2,\"layers\":[]}", "", "E-OCI-010"},
	        {"{\"schemaVersion\":2,\"mediaType\":\"x/y\"," CONFIG ",\"layers\":[]}", "",
	         "E-OCI-012"},
	        {"{\"schemaVersion\":2," CONFIG ",\"layers\":[" LAYER(
	                 "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip") "]}",
	         "", "E-OCI-012"},
	        {"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/"
	         "vnd.cncf.helm.config.v1+json\",\"size\":2,\"digest\":\"" D(
	                 "01") "\"},\"layers\":[]}",
	         "", "E-OCI-012"},
	        {"{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"mediaType\":\"" GZIP
	         "\",\"size\":-1,\"digest\":\"" D("02") "\"}]}",
	         "", "E-OCI-010"},
	        {"{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"mediaType\":\"" GZIP
	         "\",\"size\":1,\"digest\":\"sha256:00\"}]}",
	         "", "E-OCI-004"},
	        {"{\"schemaVersion\":2," CONFIG ",\"layers\":[{\"mediaType\":\"" GZIP
	         "\",\"size\":68719476737,\"digest\":\"" D("02") "\"}]}",
	         "", "E-OCI-010"},
	        {"{\"schemaVersion\":2," CONFIG ",\"layers\":[],\"layers\":[]}", "", "E-JSON-007"},
	        {"[]", "", "E-OCI-010"},
	        {"", "", "E-JSON-001"},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		enum oci_manifest_kind kind;
		struct descriptor child;
		struct oci_manifest m;
		status s = oci_manifest_parse(&a, bytes_str(rows[i].text), bytes_str(rows[i].type),
		                              &kind, &m, &child, &err);

		if (!rows[i].id) {
			assert_ok(s);
			assert_int_equal(kind, MANIFEST_IMAGE);
			assert_int_equal(m.config.size, 2);
			continue;
		}
		if (is_ok(s))
			fail_msg("accepted: %s", rows[i].text);
		if (rows[i].id[2] == 'O')
			assert_string_equal(err.id, rows[i].id);
	}
}

static void
layer_kinds(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	enum oci_manifest_kind kind;
	struct descriptor child;
	struct oci_manifest m;
	struct err err;

	(void)state;
	assert_ok(oci_manifest_parse(
	        &a,
	        BYTES("{\"schemaVersion\":2," CONFIG ",\"layers\":[" LAYER(
	                "application/"
	                "vnd.oci.image.layer.v1."
	                "tar") "," LAYER(GZIP) "," LAYER("application/"
	                                                 "vnd.oci.image.layer.v1.tar+"
	                                                 "zstd") "," LAYER("applicati"
	                                                                   "on/"
	                                                                   "vnd."
	                                                                   "docker."
	                                                                   "image."
	                                                                   "rootfs."
	                                                                   "diff.tar."
	                                                                   "gzip") "]"
	                                                                           "}"),
	        (struct bytes){NULL, 0}, &kind, &m, &child, &err));
	assert_int_equal(m.n_layers, 4);
	assert_int_equal(m.layers[0].kind, LAYER_TAR);
	assert_int_equal(m.layers[1].kind, LAYER_GZIP);
	assert_int_equal(m.layers[2].kind, LAYER_ZSTD);
	assert_int_equal(m.layers[3].kind, LAYER_GZIP);
	assert_int_equal(m.layers[3].size, 7);
	assert_int_equal(m.layers[3].digest.b[31], 2);
}

static void
index_rows(void **state)
{
	static const struct {
		const char *entries;
		int chosen; /* last byte of the digest; -1: E-OCI-013 */
	} rows[] = {
	        {ENTRY(OCI_M, "0a", AMD64), 0x0a},
	        {ENTRY(OCI_M, "0b",
	               ",\"platform\":{\"os\":\"linux\",\"architecture\":"
	               "\"arm64\"}") "," ENTRY(OCI_M, "0a", AMD64),
	         0x0a},
	        {ENTRY(OCI_M, "0c",
	               ",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\","
	               "\"variant\":\"v3\"}") "," ENTRY(OCI_M, "0a", AMD64),
	         0x0a},
	        {ENTRY(OCI_M, "0c",
	               ",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\","
	               "\"variant\":\"v3\"}"),
	         0x0c},
	        {ENTRY(OCI_M, "0a", AMD64) "," ENTRY(OCI_M, "0d", AMD64), 0x0a},
	        {ENTRY(OCI_M, "0e", AMD64 ",\"annotations\":{\"vnd.docker.reference.type\":\"x\"}"),
	         -1},
	        {ENTRY(OCI_M, "0e",
	               ",\"platform\":{\"os\":\"unknown\",\"architecture\":"
	               "\"unknown\"}"),
	         -1},
	        {ENTRY(OCI_M, "0f",
	               ",\"platform\":{\"os\":\"windows\",\"architecture\":"
	               "\"amd64\"}"),
	         -1},
	        {ENTRY(OCI_M, "0f", ""), 0x0f},
	        {ENTRY(OCI_M, "0f", "") "," ENTRY(OCI_M, "0f", ""), -1},
	        {ENTRY(OCI_I, "0f", AMD64), -1},
	        {"", -1},
	        {"1,null,[]", -1},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf text = {0};
		enum oci_manifest_kind kind;
		struct descriptor child;
		struct oci_manifest m;
		status s;

		buf_printf(&text, "{\"schemaVersion\":2,\"manifests\":[%s]}", rows[i].entries);
		s = oci_manifest_parse(&a, buf_view(&text), BYTES(OCI_I), &kind, &m, &child, &err);
		if (rows[i].chosen < 0) {
			assert_fails(s, "E-OCI-013");
			continue;
		}
		assert_ok(s);
		assert_int_equal(kind, MANIFEST_INDEX);
		assert_int_equal(child.digest.b[31], rows[i].chosen);
	}
}

static void
layer_count_limit(void **state)
{
	(void)state;
	for (size_t n = OCI_LAYERS_MAX; n <= OCI_LAYERS_MAX + 1; n++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf text = {0};
		enum oci_manifest_kind kind;
		struct descriptor child;
		struct oci_manifest m;
		struct err err;
		status s;

		buf_str(&text, "{\"schemaVersion\":2," CONFIG ",\"layers\":[");
		for (size_t i = 0; i < n; i++)
			buf_str(&text, i ? "," LAYER(GZIP) : LAYER(GZIP));
		buf_str(&text, "]}");
		s = oci_manifest_parse(&a, buf_view(&text), (struct bytes){NULL, 0}, &kind, &m,
		                       &child, &err);
		if (n == OCI_LAYERS_MAX)
			assert_ok(s);
		else
			assert_fails(s, "E-OCI-014");
	}
}

#define HEAD                                                                                       \
	"{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_"     \
	"ids\":[]}"

static void
config_full(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct image_config c;
	struct err err;

	(void)state;
	assert_ok(image_config_parse(
	        &a,
	        BYTES("{\"architecture\":\"amd64\",\"os\":\"linux\",\"created\":\"x\",\"config\":{"
	              "\"Env\":[\"PATH=/bin\",\"A=\\u0041\"],\"Entrypoint\":[\"/x\"],\"Cmd\":[],"
	              "\"User\":\"app:app\",\"WorkingDir\":\"/w\",\"Volumes\":{\"/v\":{}},"
	              "\"ExposedPorts\":{\"80/"
	              "tcp\":{}},\"Labels\":{\"k\":\"v\"},\"StopSignal\":\"SIGINT\","
	              "\"Tty\":true},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" D(
	                      "03") "\"]}}"),
	        &c, &err));
	assert_int_equal(c.env.n, 2);
	assert_bytes(c.env.items[1], BYTES("A=A"));
	assert_bytes(c.entrypoint.items[0], BYTES("/x"));
	assert_true(c.cmd.present && c.cmd.n == 0);
	assert_bytes(c.user, BYTES("app:app"));
	assert_bytes(c.workdir, BYTES("/w"));
	assert_bytes(c.volumes.items[0], BYTES("/v"));
	assert_bytes(c.exposed_ports.items[0], BYTES("80/tcp"));
	assert_bytes(c.labels[0].key, BYTES("k"));
	assert_bytes(c.labels[0].value, BYTES("v"));
	assert_bytes(c.stop_signal, BYTES("SIGINT"));
	assert_int_equal(c.n_diff_ids, 1);
	assert_int_equal(c.diff_ids[0].b[0], 3);
}

static void
config_rows(void **state)
{
	static const struct {
		const char *text, *id;
	} rows[] = {
	        {HEAD "}", NULL},
	        {HEAD ",\"config\":null}", NULL},
	        {HEAD ",\"config\":{\"Env\":null,\"Cmd\":null,\"Volumes\":null,\"User\":null}}",
	         NULL},
	        {HEAD ",\"config\":{\"env\":[]}}", "E-OCI-015"},
	        {HEAD ",\"config\":{\"Env\":[],\"ENV\":[]}}", "E-OCI-015"},
	        {HEAD ",\"Config\":{}}", "E-OCI-015"},
	        {HEAD ",\"config\":{\"Env\":\"x\"}}", "E-OCI-015"},
	        {HEAD ",\"config\":{\"Env\":[1]}}", "E-OCI-015"},
	        {HEAD ",\"config\":{\"Cmd\":[\"a\\u0000b\"]}}", "E-OCI-015"},
	        {HEAD ",\"config\":{\"User\":\"a\\u0000\"}}", "E-OCI-015"},
	        {HEAD ",\"config\":{\"Labels\":{\"a\":1}}}", "E-OCI-015"},
	        {HEAD ",\"config\":[]}", "E-OCI-015"},
	        {"{\"architecture\":\"arm64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\","
	         "\"diff_ids\":[]}}",
	         "E-OCI-016"},
	        {"{\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}",
	         "E-OCI-016"},
	        {"{\"architecture\":\"amd64\",\"os\":\"linux\"}", "E-OCI-015"},
	        {"{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"x\",\"diff_"
	         "ids\":[]}}",
	         "E-OCI-015"},
	        {"{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\","
	         "\"diff_ids\":"
	         "[\"sha256:0\"]}}",
	         "E-OCI-004"},
	        {"null", "E-OCI-015"},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		struct image_config c;
		status s = image_config_parse(&a, bytes_str(rows[i].text), &c, &err);

		if (!rows[i].id)
			assert_ok(s);
		else
			assert_fails(s, rows[i].id);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(image_rows),  cmocka_unit_test(layer_kinds),
	        cmocka_unit_test(index_rows),  cmocka_unit_test(layer_count_limit),
	        cmocka_unit_test(config_full), cmocka_unit_test(config_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
