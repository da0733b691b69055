/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/diff.h"
#include "sample.h"

#include <string.h>

static void
rows(void **state)
{
	static const struct {
		const char *find, *replace, *want; /* the whole text, NULL: no difference */
	} list[] = {
	        {"\"Role\"", "\"Role\"", NULL},
	        {"\"web\", \"*.web.shop.example\"", "\"*.web.shop.example\", \"web\"", NULL},
	        {"[\"coordinator\"]", "[\"c2\"]",
	         "- Policies." SAMPLE_COORDINATOR ".SANs: \"coordinator\"\n"
	         "+ Policies." SAMPLE_COORDINATOR ".SANs: \"c2\"\n"},
	        {"\"SNPVersion\": 23", "\"SNPVersion\": 24",
	         "~ ReferenceValues.snp[0].MinimumTCB.SNPVersion: 23 -> 24\n"},
	        {"\"APEIP\"", "\"MinimumCommittedFirmware\": \"1.55.21\", \"APEIP\"",
	         "+ ReferenceValues.snp[0].MinimumCommittedFirmware: \"1.55.21\"\n"},
	        {"\"AllowedChipIDs\": [\"" H128("2") "\"]", "\"CPUs\": 2",
	         "- ReferenceValues.snp[0].AllowedChipIDs: [\"" H128(
	                 "2") "\"]\n"
	                      "+ ReferenceValues.snp[0].CPUs: 2\n"},
	        {"[\"$A\"]", "[]", "- WorkloadOwners: \"#A\"\n~ WorkloadOwnerThreshold: 1 -> 0\n"},
	        {"[\"$A\"]", "[\"$A\"], \"WorkloadOwnerThreshold\": 1", NULL},
	        {"[\"$R\"]",
	         "[\"$R\"], \"PermittedNames\": [\"web\", \"coordinator\", \"shop.example\"]",
	         "+ PermittedNames: \"web\"\n+ PermittedNames: \"coordinator\"\n"
	         "+ PermittedNames: \"shop.example\"\n"},
	        {"\"apps/v1/Deployment/shop/web\"", "\"other\"",
	         "~ Policies." SAMPLE_WEB
	         ".WorkloadSecretID: \"apps/v1/Deployment/shop/web\" -> \"other\"\n"},
	        {"\"" SAMPLE_WEB "\"", "\"" H64("e") "\"",
	         "+ Policies." H64(
	                 "e") ": {\"SANs\":[\"web\",\"*.web.shop.example\",\"192.0.2.17\","
	                      "\"2001:db8::1\",\"spiffe://shop.example/web\"],"
	                      "\"WorkloadSecretID\":\"apps/v1/Deployment/shop/web\"}\n"
	                      "- Policies." SAMPLE_WEB ": "
	                      "{\"SANs\":[\"web\",\"*.web.shop.example\","
	                      "\"192.0.2.17\",\"2001:db8::1\","
	                      "\"spiffe://shop.example/web\"],\"WorkloadSecretID\":\"apps/v1/"
	                      "Deployment/shop/web\"}\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(list); i++) {
		CLEANUP(manifest_drop) struct manifest *before = sample_manifest();
		CLEANUP(manifest_drop) struct manifest *after = NULL;
		CLEANUP(manifest_diff_done) struct manifest_diff d = {0};
		CLEANUP(buf_done) struct buf text = {0};
		CLEANUP(buf_done) struct buf got = {0};
		CLEANUP(buf_done) struct buf want = {0};
		const char *mark = list[i].want ? strstr(list[i].want, "#A") : NULL;
		struct hash256 alice = key_id(sample()->alice);
		struct err err;
		char hex[65];

		sample_edit(list[i].find, list[i].replace, &text);
		assert_ok(manifest_parse(buf_view(&text), &after, NULL, &err));
		manifest_diff(before, after, &d);
		manifest_diff_format(&d, &got);
		if (mark) {
			buf_add(&want, list[i].want, (size_t)(mark - list[i].want));
			buf_str(&want, hash256_hex(&alice, hex));
			buf_str(&want, mark + 2);
		} else {
			buf_str(&want, list[i].want ? list[i].want : "");
		}
		assert_bytes(buf_view(&got), buf_view(&want));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(rows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
