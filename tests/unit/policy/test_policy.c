/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/expand.h"
#include "policy/platform.h"

#include "base/text.h"
#include "pod.h"

#include <string.h>

static const struct policy_env known[] = {
        {.name = {(const uint8_t *)"A", 1}, .value = {(const uint8_t *)"1", 1}},
        {.name = {(const uint8_t *)"IP", 2}, .from = POLICY_POD_IP},
        {.name = {(const uint8_t *)"UID", 3}, .from = POLICY_POD_UID},
        {.name = {(const uint8_t *)"URL", 3},
         .value = {(const uint8_t *)"x$(IP)", 6},
         .ref = {(const uint8_t *)"IP", 2}},
};

static void
references_are_expanded_as_kubelet_does(void **state)
{
	static const struct {
		const char *text;
		bool links;
		enum expand_result result;
		const char *want, *ref;
	} rows[] = {
	        {"plain", true, EXPAND_OK, "plain", ""},
	        {"$(A)-$(A)", true, EXPAND_OK, "1-1", ""},
	        {"$$(A)", true, EXPAND_OK, "$(A)", ""},
	        {"$$$(A)", true, EXPAND_OK, "$1", ""},
	        {"$(B)", true, EXPAND_OK, "$(B)", ""},
	        {"$(A", true, EXPAND_OK, "$(A", ""},
	        {"$A $", true, EXPAND_OK, "$A $", ""},
	        {"$()", true, EXPAND_OK, "$()", ""},
	        {"http://$(IP):$(A)", true, EXPAND_OK, "http://$(IP):1", "IP"},
	        {"$(IP)$(IP)", true, EXPAND_OK, "$(IP)$(IP)", "IP"},
	        {"$(IP)$(UID)", true, EXPAND_TWO, NULL, NULL},
	        {"$(URL)", true, EXPAND_TWO, NULL, NULL},
	        {"$(IP)$$(IP)", true, EXPAND_UNCLEAR, NULL, NULL},
	        {"$(WEB_SERVICE_HOST)", true, EXPAND_CLUSTER, NULL, NULL},
	        {"$(WEB_SERVICE_HOST)", false, EXPAND_OK, "$(WEB_SERVICE_HOST)", ""},
	        {"$(KUBERNETES_SERVICE_HOST)", false, EXPAND_CLUSTER, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		struct bytes out, ref;

		if (policy_expand(&a, bytes_str(rows[i].text), known, COUNT_OF(known),
		                  rows[i].links, &out, &ref) != rows[i].result)
			fail_msg("%s: another result", rows[i].text);
		if (rows[i].result != EXPAND_OK)
			continue;
		assert_bytes(out, bytes_str(rows[i].want));
		assert_bytes(ref, bytes_str(rows[i].ref));
	}
}

/* What is written reads back as the same, byte for byte. */
static void
policy_data_round_trip(void **state)
{
	CLEANUP(test_pod_done) struct test_pod t = {0};
	CLEANUP(buf_done) struct buf again = {0};
	struct policy_pod back;
	struct bytes data;
	struct err err = {0};

	(void)state;
	assert_ok(test_pod_build(&t, test_pod_full, &err));
	assert_ok(policy_document_data(buf_view(&t.document), &data, &err));
	assert_ok(policy_data_read(&t.arena, data, &back, &err));
	assert_ok(policy_data_write(&back, &again, &err));
	assert_bytes(buf_view(&again), data);
	assert_non_null(policy_container_find(&back, BYTES("web")));
	assert_null(policy_container_find(&back, BYTES("we")));
}

static void
data_that_is_not_ours_is_refused(void **state)
{
	CLEANUP(test_pod_done) struct test_pod t = {0};
	static const char *const swaps[][2] = {
	        {"\"version\": 1", "\"version\": 2"},
	        {"\"role\": \"main\"", "\"role\": \"boss\""},
	        {"\"uid\": 1000", "\"uid\": -1"},
	        {"\"terminal\"", "\"terminals\""},
	        {"\"cwd\": \"/srv\"", "\"cwd\": 5"},
	        {"\"ref\": \"IP\",", "\"ref\": \"IP\", \"x\": 1,"},
	        {"\"from\": \"pod-ip\"", "\"from\": \"moon\""},
	};
	struct bytes data;
	struct err err = {0};

	(void)state;
	assert_ok(test_pod_build(&t, test_pod_full, &err));
	assert_ok(policy_document_data(buf_view(&t.document), &data, &err));
	for (size_t i = 0; i < COUNT_OF(swaps); i++) {
		CLEANUP(buf_done) struct buf text = {0};
		size_t at = bytes_find(data, bytes_str(swaps[i][0]), 0);
		struct policy_pod back;

		if (at == SIZE_MAX)
			fail_msg("%s is not in the data", swaps[i][0]);
		buf_bytes(&text, bytes_sub(data, 0, at));
		buf_str(&text, swaps[i][1]);
		buf_bytes(&text, bytes_sub(data, at + strlen(swaps[i][0]), data.n));
		if (is_ok(policy_data_read(&t.arena, buf_view(&text), &back, &err)))
			fail_msg("%s was accepted", swaps[i][1]);
	}
}

static void
built_model(void **state)
{
	CLEANUP(test_pod_done) struct test_pod t = {0};
	const struct policy_container *c;
	struct err err = {0};

	(void)state;
	assert_ok(test_pod_build(&t, test_pod_full, &err));
	assert_bytes(t.policy.name_pattern,
	             BYTES("^web\\.front-[bcdfghjklmnpqrstvwxz2456789]{1,10}-"
	                   "[bcdfghjklmnpqrstvwxz2456789]{1,10}$"));
	c = policy_container_find(&t.policy, BYTES("first"));
	assert_int_equal(c->n_args, 1); /* a command of the pod drops the image's CMD */
	assert_int_equal(c->uid, 7);
	c = policy_container_find(&t.policy, BYTES("web"));
	assert_int_equal(c->n_args, 3);
	assert_bytes(c->args[0].text, BYTES("/entry"));
	assert_bytes(c->args[1].ref, BYTES("IP"));
	assert_bytes(c->args[2].text, BYTES("a$b"));
	/* TIER is defined after URL, so kubelet leaves its reference standing. */
	assert_bytes(c->env[3].value, BYTES("http://$(IP):80/$(TIER)"));
	assert_int_equal(c->n_groups, 2);
	assert_int_equal(c->groups[0], 2000);
	assert_true(c->no_new_privileges && c->read_only_root);
	assert_bytes(c->caps_add.items[0], BYTES("CAP_NET_ADMIN"));
	assert_bytes(c->caps_drop.items[1], BYTES("CAP_KILL"));
	assert_int_equal(c->mounts[1].source, POLICY_SOURCE_SCRATCH);
}

static void
initdata_round_trip(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf document = {0};
	CLEANUP(buf_done) struct buf packed = {0};
	CLEANUP(buf_done) struct buf back = {0};
	CLEANUP(buf_done) struct buf again = {0};
	struct initdata d;
	struct err err = {0};

	(void)state;
	initdata_write(policy_rules(), true, &document);
	assert_ok(initdata_parse(&a, buf_view(&document), &d, &err));
	assert_bytes(d.policy, policy_rules());
	assert_true(d.debug);
	assert_ok(initdata_pack(buf_view(&document), &packed, &err));
	assert_ok(initdata_unpack(buf_view(&packed), &back, &err));
	assert_bytes(buf_view(&back), buf_view(&document));
	assert_ok(initdata_pack(buf_view(&document), &again, &err));
	assert_bytes(buf_view(&again), buf_view(&packed));
	/* gzip: no time, no name. */
	assert_true(bytes_starts(buf_view(&packed), BYTES("H4sIAAAAAAAC/")));
}

static void
damaged_initdata(void **state)
{
	static const struct {
		const char *text, *id;
	} rows[] = {
	        {"version = '0.2.0'\nalgorithm = 'sha256'\n[data]\n'policy.rego' = ''\n",
	         "E-POLICY-003"},
	        {"version = '0.1.0'\nalgorithm = 'sha384'\n[data]\n'policy.rego' = ''\n",
	         "E-POLICY-003"},
	        {"version = '0.1.0'\nalgorithm = 'sha256'\n'policy.rego' = ''\n", "E-POLICY-003"},
	        {"version = 1\n", "E-TOML-007"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		struct initdata d;
		struct err err = {0};

		assert_fails(initdata_parse(&a, bytes_str(rows[i].text), &d, &err), rows[i].id);
	}
}

static void
damaged_annotations(void **state)
{
	CLEANUP(buf_done) struct buf packed = {0};
	CLEANUP(buf_done) struct buf raw = {0};
	CLEANUP(buf_done) struct buf bomb = {0};
	CLEANUP(buf_done) struct buf out = {0};
	struct err err = {0};

	(void)state;
	assert_ok(initdata_pack(BYTES("version = '0.1.0'\n"), &packed, &err));
	assert_true(base64_decode(BASE64_STD, buf_view(&packed), &raw));
	for (size_t cut = 0; cut < raw.n; cut++) {
		CLEANUP(buf_done) struct buf text = {0};

		base64_encode(BASE64_STD, bytes_sub(buf_view(&raw), 0, cut), &text);
		assert_fails(initdata_unpack(buf_view(&text), &out, &err), "E-POLICY-004");
		assert_int_equal(out.n, 0);
	}
	buf_u8(&raw, 0); /* one byte behind the member */
	buf_reset(&packed);
	base64_encode(BASE64_STD, buf_view(&raw), &packed);
	assert_fails(initdata_unpack(buf_view(&packed), &out, &err), "E-POLICY-004");
	assert_fails(initdata_unpack(BYTES("no base64!"), &out, &err), "E-POLICY-004");
	/* The largest document passes, one byte more does not; no memory is spent on a bomb. */
	buf_zeros(&bomb, INITDATA_MAX_BYTES);
	buf_reset(&packed);
	assert_ok(initdata_pack(buf_view(&bomb), &packed, &err));
	assert_ok(initdata_unpack(buf_view(&packed), &out, &err));
	buf_u8(&bomb, 0);
	assert_fails(initdata_pack(buf_view(&bomb), &packed, &err), "E-POLICY-005");
}

static const struct {
	const char *tail; /* of a container's lines */
	const char *id, *place;
} unbuildable[] = {
        {"args: ['$(A)$(B)']\n    env: [{name: A, valueFrom: {fieldRef: {fieldPath: "
         "status.podIP}}}, {name: "
         "B, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}]",
         "E-POLICY-010", "pod.yaml:8:12"},
        {"env: [{name: A, value: '$(DB_SERVICE_HOST)'}]", "E-POLICY-011", "pod.yaml:8:11"},
};

static void
pods_that_no_policy_covers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(unbuildable); i++) {
		CLEANUP(test_pod_done) struct test_pod t = {0};
		char yaml[1024];
		struct err err = {0};

		snprintf(yaml, sizeof yaml,
		         "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  "
		         "- name: c\n"
		         "    image: x\n    %s\n",
		         unbuildable[i].tail);
		assert_fails(test_pod_build(&t, yaml, &err), unbuildable[i].id);
		assert_string_equal(err.place, unbuildable[i].place);
	}
}

static void
platform_rows(void **state)
{
	static const struct {
		const char *class, *name;
	} rows[] = {
	        {"contrast-cc", NULL},
	        {"contrast-cc-local-ns", "local-ns"},
	        {"contrast-cc-local-ns-tdx", "local-ns-tdx"},
	        {"contrast-cc-local-ns-5d1f", "local-ns"},
	        {"contrast-cc-metal-snp-5d1f", "metal-snp"},
	        {"contrast-cc-metal-qemu-tdx", "metal-tdx"},
	        {"contrast-cc-metal-qemu-snp-0a-1b", "metal-snp"},
	        {"contrast-cc-aks", "aks"},
	        {"contrast-cc-aks-tdx-0a1b", "aks-tdx"},
	        {"contrast-cc-eks", "eks"},
	        {"contrast-cc-moon", NULL},
	        {"other-local-ns", NULL},
	};

	CLEANUP(buf_done) struct buf names = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct platform *p = platform_of_class(bytes_str(rows[i].class));

		assert_int_equal(p != NULL, rows[i].name != NULL);
		if (p)
			assert_string_equal(p->name, rows[i].name);
	}
	assert_non_null(platform_find(BYTES("Metal-QEMU-SNP")));
	assert_null(platform_find(BYTES("")));
	assert_string_equal(platform_find(BYTES("AKS-vTPM-TDX"))->name, "aks-tdx");
	assert_int_equal(platform_find(BYTES("eks"))->carrier, PLATFORM_NONE);
	/* What is only verified is offered to nobody who wants to run something. */
	platform_names(&names);
	assert_true(bytes_find(buf_view(&names), BYTES("metal-tdx"), 0) != SIZE_MAX);
	assert_int_equal(bytes_find(buf_view(&names), BYTES("ks"), 0), SIZE_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(references_are_expanded_as_kubelet_does),
	        cmocka_unit_test(policy_data_round_trip),
	        cmocka_unit_test(data_that_is_not_ours_is_refused),
	        cmocka_unit_test(built_model),
	        cmocka_unit_test(initdata_round_trip),
	        cmocka_unit_test(damaged_initdata),
	        cmocka_unit_test(damaged_annotations),
	        cmocka_unit_test(pods_that_no_policy_covers),
	        cmocka_unit_test(platform_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
