/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/reference.h"
#include "sample.h"
#include "vectors.h"

#include <string.h>

static void
faults_free(struct faults **f)
{
	faults_done(*f);
	mem_free(*f);
}

/* ---- every rule, one row each ---- */

struct row {
	const char *find, *replace;
	const char *path, *message; /* of one of the faults; NULL path: accepted */
};

#define WEB "Policies." SAMPLE_WEB
static const struct row rows[] = {
        {"\"Policies\"", "\"policies\"", "policies", "write \"Policies\""},
        {"\"ReferenceValues\": {", "\"Extra\": 1, \"ReferenceValues\": {", "Extra",
         "unknown field"},
        {"\"SANs\": [\"web\"", "\"sans\": [], \"SANs\": [\"web\"", WEB ".sans", "write \"SANs\""},
        {"\"Role\": \"coordinator\"", "\"Role\": \"contrast-node-installer\"",
         "Policies." SAMPLE_COORDINATOR ".Role", "must be \"coordinator\""},
        {"\"Role\": \"coordinator\"", "\"Role\": \"\"", "Policies", "no policy has the role"},
        {"\"" SAMPLE_WEB "\"", "\"" H64("F") "\"", "Policies." H64("F"), "lower-case"},
        {"\"" SAMPLE_WEB "\"", "\"ff\"", "Policies.ff", "64 lower-case"},
        {"\"" SAMPLE_WEB "\"", "\"" H64("0") "\"", "Policies." H64("0"), "guest without policy"},
        {"\"WorkloadSecretID\": \"apps/v1/Deployment/shop/web\"",
         "\"WorkloadSecretID\": \"a\\u0000b\"", WEB ".WorkloadSecretID", "control characters"},
        {"\"WorkloadSecretID\": \"apps/v1/Deployment/shop/web\"", "\"WorkloadSecretID\": 3",
         WEB ".WorkloadSecretID", "of type string, not number"},
        {"\"web\", \"*.web", "\"*\", \"*.web", WEB ".SANs[0]", "pose as every other"},
        {"\"web\", \"*.web", "\"web\", \"web\", \"*.web", WEB ".SANs[1]", "listed twice"},
        {"\"web\", \"*.web", "\"a b\", \"*.web", WEB ".SANs[0]", "letters, digits"},
        {"\"web\", \"*.web", "\"spiffe://other/web\", \"*.web", WEB ".SANs[4]", "at most one URI"},
        {"\"web\", \"*.web", "7, \"*.web", WEB ".SANs[0]", "of type string"},
        {"[\"coordinator\"]", "null", NULL, NULL},
        {"\"ReferenceValues\": {", "\"Nothing\": {", "ReferenceValues", "no reference set"},
        {"\"Genoa\"", "\"Rome\"", "ReferenceValues.snp[0].ProductName", "Milan, Genoa or Turin"},
        {"\"ProductName\": \"Genoa\",", "", "ReferenceValues.snp[0].ProductName", "is missing"},
        {"\"Genoa\"", "\"Turin\"", "ReferenceValues.snp[0].MinimumTCB.FMCVersion", "is missing"},
        {"\"TEEVersion\": 0", "\"TEEVersion\": 0, \"FMCVersion\": 1",
         "ReferenceValues.snp[0].MinimumTCB.FMCVersion", "Turin only"},
        {"\"TEEVersion\": 0, ", "", "ReferenceValues.snp[0].MinimumTCB.TEEVersion", "is missing"},
        {"\"TEEVersion\": 0", "\"TEEVersion\": null",
         "ReferenceValues.snp[0].MinimumTCB.TEEVersion", "is missing"},
        {"\"TEEVersion\": 0", "\"TEEVersion\": 256", "ReferenceValues.snp[0].MinimumTCB.TEEVersion",
         "0 to 255"},
        {"\"TEEVersion\": 0", "\"TEEVersion\": -1", "ReferenceValues.snp[0].MinimumTCB.TEEVersion",
         "0 to 255"},
        {"\"TEEVersion\": 0", "\"TEEVersion\": 1.5", "ReferenceValues.snp[0].MinimumTCB.TEEVersion",
         "0 to 255"},
        {"\"" H96("1") "\"", "\"11\"", "ReferenceValues.snp[0].TrustedMeasurement",
         "96 hex digits"},
        {"\"" H96("1") "\"", "\"" H96("g") "\"", "ReferenceValues.snp[0].TrustedMeasurement",
         "not hexadecimal"},
        {"\"" H96("1") "\"", "\"\"", "ReferenceValues.snp[0].TrustedMeasurement", "is missing"},
        {"\"0080b004\"", "\"80b004\"", "ReferenceValues.snp[0].APEIP", "8 hex digits"},
        {"\"Debug\": false", "\"Debug\": true", "ReferenceValues.snp[0].GuestPolicy.Debug",
         "never accepted"},
        {"\"MigrateMA\": false", "\"MigrateMA\": true",
         "ReferenceValues.snp[0].GuestPolicy.MigrateMA", "only with \"Insecure\""},
        {"\"SMT\": true", "\"SMT\": 1", "ReferenceValues.snp[0].GuestPolicy.SMT",
         "of type boolean"},
        {"\"SMTEnabled\": true", "\"SmtEnabled\": true",
         "ReferenceValues.snp[0].PlatformInfo.SmtEnabled", "write \"SMTEnabled\""},
        {"\"MinimumMitigationVector\": 1", "\"MinimumMitigationVector\": 18446744073709551615",
         NULL, NULL},
        {"\"MinimumMitigationVector\": 1", "\"MinimumMitigationVector\": 18446744073709551616",
         "ReferenceValues.snp[0].MinimumMitigationVector", "whole number"},
#define FIRMWARE "ReferenceValues.snp[0].MinimumCommittedFirmware"
        {"\"APEIP\"", "\"MinimumCommittedFirmware\": \"1.55.21\", \"APEIP\"", NULL, NULL},
        {"\"APEIP\"", "\"MinimumCommittedFirmware\": \"255.255.255\", \"APEIP\"", NULL, NULL},
        {"\"APEIP\"", "\"MinimumCommittedFirmware\": \"1.55.256\", \"APEIP\"", FIRMWARE,
         "major.minor.build"},
        {"\"APEIP\"", "\"MinimumCommittedFirmware\": \"1.55\", \"APEIP\"", FIRMWARE,
         "major.minor.build"},
        {"\"APEIP\"", "\"MinimumCommittedFirmware\": \"1.55.21.0\", \"APEIP\"", FIRMWARE,
         "major.minor.build"},
        {"\"APEIP\"", "\"MinimumCommittedFirmware\": \"1.055.21\", \"APEIP\"", FIRMWARE,
         "major.minor.build"},
        {"\"APEIP\"", "\"MinimumCommittedFirmware\": \"1.55.\", \"APEIP\"", FIRMWARE,
         "major.minor.build"},
        {"\"APEIP\"", "\"MinimumCommittedFirmware\": \"\", \"APEIP\"", FIRMWARE,
         "major.minor.build"},
        {"\"APEIP\"", "\"MinimumCommittedFirmware\": 1.55, \"APEIP\"", FIRMWARE,
         "such as \"1.55.21\""},
        {"\"APEIP\"", "\"MinimumReportVersion\": 5, \"APEIP\"", NULL, NULL},
        {"\"APEIP\"", "\"MinimumReportVersion\": 6, \"APEIP\"",
         "ReferenceValues.snp[0].MinimumReportVersion", "2 to 5"},
        {"\"APEIP\"", "\"MinimumReportVersion\": 1, \"APEIP\"",
         "ReferenceValues.snp[0].MinimumReportVersion", "2 to 5"},
        {"\"APEIP\"", "\"MinimumReportVersion\": 4, \"APEIP\"",
         "ReferenceValues.snp[0].MinimumReportVersion", "no mitigation vectors"},
        {"\"APEIP\"", "\"IDKeyDigest\": \"" H96("0") "\", \"APEIP\"",
         "ReferenceValues.snp[0].IDKeyDigest", "no key"},
        {"\"APEIP\"", "\"AuthorKeyDigest\": \"" H96("0") "\", \"APEIP\"",
         "ReferenceValues.snp[0].AuthorKeyDigest", "no key"},
        {"\"APEIP\"", "\"MinimumGuestSVN\": 1, \"APEIP\"", "ReferenceValues.snp[0].IDKeyDigest",
         "the host chooses"},
        {"\"APEIP\"", "\"ImageID\": \"00\", \"APEIP\"", "ReferenceValues.snp[0].ImageID",
         "32 hex digits"},
        {"\"APEIP\"", "\"FamilyID\": 3, \"APEIP\"", "ReferenceValues.snp[0].FamilyID",
         "of type string"},
        {"\"MrTd\"", "\"MrOwner\": \"11\", \"MrTd\"", "ReferenceValues.tdx[0].MrOwner",
         "96 hex digits"},
#define PCRS_OF(set) "ReferenceValues." set "[0].Pcrs"
        {"\"APEIP\"", "\"Pcrs\": {\"4\": \"" H64("1") "\", \"11\": \"" H64("2") "\"}, \"APEIP\"",
         NULL, NULL},
        {"\"MrTd\"", "\"Pcrs\": {\"0\": \"" H64("1") "\"}, \"MrTd\"", NULL, NULL},
        {"\"APEIP\"", "\"Pcrs\": null, \"APEIP\"", NULL, NULL},
        {"\"APEIP\"", "\"Pcrs\": {}, \"APEIP\"", PCRS_OF("snp"), "names no register"},
        {"\"MrTd\"", "\"Pcrs\": {}, \"MrTd\"", PCRS_OF("tdx"), "names no register"},
        {"\"APEIP\"", "\"Pcrs\": [], \"APEIP\"", PCRS_OF("snp"), "of type object, not array"},
        {"\"APEIP\"", "\"Pcrs\": {\"24\": \"" H64("1") "\"}, \"APEIP\"", PCRS_OF("snp") ".24",
         "0 to 23"},
        {"\"APEIP\"", "\"Pcrs\": {\"04\": \"" H64("1") "\"}, \"APEIP\"", PCRS_OF("snp") ".04",
         "0 to 23"},
        {"\"APEIP\"", "\"Pcrs\": {\"4\": \"11\"}, \"APEIP\"", PCRS_OF("snp") ".4", "64 hex digits"},
        {"\"APEIP\"", "\"Pcrs\": {\"4\": \"\"}, \"APEIP\"", PCRS_OF("snp") ".4", "is empty"},
        {"\"APEIP\"", "\"Pcrs\": {\"4\": null}, \"APEIP\"", PCRS_OF("snp") ".4", "not null"},
        {"\"APEIP\"", "\"Pcrs\": {\"8\": \"" H64("1") "\"}, \"APEIP\"", PCRS_OF("snp") ".8",
         "the pod's policy"},
        {"\"APEIP\"", "\"Pcrs\": {\"16\": \"" H64("1") "\"}, \"APEIP\"", PCRS_OF("snp") ".16",
         "can be set back"},
        {"\"MrTd\"", "\"Pcrs\": {\"23\": \"" H64("1") "\"}, \"MrTd\"", PCRS_OF("tdx") ".23",
         "can be set back"},
        {"\"APEIP\"", "\"CspID\": \"CN=cc.example\", \"APEIP\"",
         "ReferenceValues.snp[0].AllowedChipIDs", "name no chip"},
        {"\"APEIP\"", "\"CspID\": \"" H64("x") "x\", \"APEIP\"", "ReferenceValues.snp[0].CspID",
         "longer than any"},
        {"\"APEIP\"", "\"CspID\": 1, \"APEIP\"", "ReferenceValues.snp[0].CspID", "of type string"},
        {"[\"" H128("2") "\"]", "null", NULL, NULL},
        {"[\"" H128("2") "\"]", "[\"" H128("2") "\", \"" H128("2") "\"]",
         "ReferenceValues.snp[0].AllowedChipIDs[1]", "listed twice"},
        {"[\"" H128("2") "\"]", "[\"" H128("0") "\"]", "ReferenceValues.snp[0].AllowedChipIDs[0]",
         "all zero"},
        {"[\"" H128("2") "\"]", "[\"\"]", "ReferenceValues.snp[0].AllowedChipIDs[0]", "is empty"},
        {"\"MrTd\": \"" H96("3") "\", ", "", "ReferenceValues.tdx[0].MrTd", "is missing"},
        {"\"MrSeam\": \"" H96("4") "\"", "\"MrSeam\": \"\"", "ReferenceValues.tdx[0].MrSeam",
         "is missing"},
        {"\"" H96("5") "\", ", "", "ReferenceValues.tdx[0].Rtmrs", "exactly 4"},
        {"\"Xfam\": \"e718060000000000\", ", "", "ReferenceValues.tdx[0].Xfam", "is missing"},
        {"\"Xfam\"", "\"TdAttributes\": \"00\", \"Xfam\"", "ReferenceValues.tdx[0].TdAttributes",
         "older format"},
        {"\"Rtmrs\"", "\"Rtrms\"", "ReferenceValues.tdx[0].Rtrms", "rename it"},
        {"\"8899aabbccddeeff0011223344556677\"", "\"88\"", "ReferenceValues.tdx[0].AllowedPIIDs[0]",
         "32 hex digits"},
        {"\"APEIP\"", "\"TrustRoot\": \"" H64("9") "\", \"APEIP\"",
         "ReferenceValues.snp[0].TrustRoot", "needs \"Insecure\""},
        {"\"APEIP\"", "\"TrustRoot\": \"$M\", \"APEIP\"", "ReferenceValues.snp[0].TrustRoot",
         "vendor's own root"},
        {"\"Policies\"", "\"Insecure\": true, \"Policies\"", "ReferenceValues.snp[0].TrustRoot",
         "must not mix"},
        {"\"Policies\"", "\"Insecure\": true, \"Policies\"", "ReferenceValues.tdx[0].TrustRoot",
         "must not mix"},
        {"[\"$A\"]", "[]", NULL, NULL},
        {"[\"$A\"]", "null", NULL, NULL},
        {"[\"$A\"]", "[\"$A\", \"$A\"]", "WorkloadOwnerPubKeys[1]", "listed twice"},
        {"[\"$A\"]", "[\"$R\"]", "WorkloadOwnerPubKeys[0]", "no ECDSA public key"},
        {"[\"$A\"]", "[\"\"]", "WorkloadOwnerPubKeys[0]", "public key in hex"},
        {"[\"$A\"]", "[\"$A\"], \"WorkloadOwnerKeyDigests\": [\"" H64("1") "\"]",
         "WorkloadOwnerKeyDigests", "not both"},
        {"\"WorkloadOwnerPubKeys\": [\"$A\"]", "\"WorkloadOwnerKeyDigests\": [\"" H64("1") "\"]",
         NULL, NULL},
        {"\"WorkloadOwnerPubKeys\": [\"$A\"]",
         "\"WorkloadOwnerKeyDigests\": [\"" H64("1") "\", \"" H64("1") "\"]",
         "WorkloadOwnerKeyDigests[1]", "listed twice"},
        {"[\"$A\"]", "[\"$A\", \"$B\"], \"WorkloadOwnerThreshold\": 2", NULL, NULL},
        {"[\"$A\"]", "[\"$A\", \"$B\"], \"WorkloadOwnerThreshold\": 3", "WorkloadOwnerThreshold",
         "only 2 workload owners"},
        {"[\"$A\"]", "[\"$A\"], \"WorkloadOwnerThreshold\": 0", "WorkloadOwnerThreshold",
         "must not be 0"},
        {"[\"$A\"]", "[], \"WorkloadOwnerThreshold\": 0", NULL, NULL},
        {"[\"$A\"]", "[], \"WorkloadOwnerThreshold\": 1", "WorkloadOwnerThreshold", "only 0"},
        {"[\"$R\"]", "[\"$R\", \"$S\"], \"SeedshareThreshold\": 2", NULL, NULL},
        {"[\"$R\"]", "[\"$R\", \"$S\"], \"SeedshareThreshold\": 3", "SeedshareThreshold", "only 2"},
        {"[\"$R\"]", "[\"$R\"], \"SeedshareThreshold\": 0", "SeedshareThreshold", "must not be 0"},
        {"[\"$R\"]", "[], \"SeedshareThreshold\": 1", "SeedshareThreshold", "only 0"},
        {"[\"$R\"]", "[\"$R\", \"$R\"]", "SeedshareOwnerPubKeys[1]", "listed twice"},
        {"[\"$R\"]", "[\"$A\"]", "SeedshareOwnerPubKeys[0]", "no RSA public key"},
        {"[\"$R\"]", "[\"$R\"], \"SeedShareOwnerThreshold\": 1", "SeedShareOwnerThreshold",
         "SeedshareThreshold here"},
        {"[\"$R\"]", "[\"$R\"], \"PermittedNames\": [\"shop.example\"]", WEB ".SANs[0]",
         "outside PermittedNames"},
        {"[\"$R\"]", "[\"$R\"], \"PermittedNames\": [\"web\", \"coordinator\", \"Shop.Example\"]",
         NULL, NULL},
        {"[\"$R\"]", "[\"$R\"], \"PermittedNames\": [\"*.example\"]", "PermittedNames[0]",
         "two labels"},
        {"[\"$R\"]", "[\"$R\"], \"PermittedNames\": [\"*.shop.example\"]", "PermittedNames[0]",
         "without wildcard"},
        {"[\"$R\"]", "[\"$R\"], \"PermittedNames\": [\"10.0.0.1\"]", "PermittedNames[0]",
         "must be a DNS name"},
        {"[\"$R\"]", "[\"$R\"], \"MinimumAPIVersion\": \"v1\"", NULL, NULL},
        {"[\"$R\"]", "[\"$R\"], \"MinimumAPIVersion\": \"v2\"", "MinimumAPIVersion", "v1 only"},
};

static void
every_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(faults_free) struct faults *f = mem_new(struct faults);
		CLEANUP(manifest_drop) struct manifest *m = NULL;
		CLEANUP(buf_done) struct buf text = {0};
		struct err err;
		bool found = false;
		status s;

		sample_edit(rows[i].find, rows[i].replace, &text);
		s = manifest_parse(buf_view(&text), &m, f, &err);
		if (!rows[i].path) {
			if (!is_ok(s))
				fail_msg("row %zu: %s: %s", i, err.place, err.msg);
			continue;
		}
		assert_false(is_ok(s));
		assert_string_equal(err.id, "E-MANIFEST-001");
		for (size_t j = 0; j < f->n; j++)
			found |= strcmp(f->list[j].path, rows[i].path) == 0 &&
			         strstr(f->list[j].message, rows[i].message) != NULL;
		if (!found)
			fail_msg("row %zu: no fault %s: %s; the first is %s: %s", i, rows[i].path,
			         rows[i].message, f->list[0].path, f->list[0].message);
	}
}

static void
duplicate_names_have_a_place(void **state)
{
	CLEANUP(buf_done) struct buf text = {0};
	CLEANUP(manifest_drop) struct manifest *m = NULL;
	struct err err;

	(void)state;
	sample_edit("\"WorkloadOwnerPubKeys\"", "\"Policies\": {}, \"WorkloadOwnerPubKeys\"",
	            &text);
	assert_false(is_ok(manifest_parse(buf_view(&text), &m, NULL, &err)));
	assert_int_equal(err.cls, ERR_PARSE);
	assert_true(strlen(err.place) > 0);
}

static void
all_faults_at_once(void **state)
{
	CLEANUP(faults_free) struct faults *f = mem_new(struct faults);
	CLEANUP(buf_done) struct buf shown = {0};
	struct manifest *m = NULL;
	struct err err;

	(void)state;
	assert_fails(manifest_parse(BYTES("{\"A\": 1, \"policies\": {}, \"Policies\": {\"x\": {}}, "
	                                  "\"ReferenceValues\": {\"snp\": [{\"CPUs\": \"two\"}]}}"),
	                            &m, f, &err),
	             "E-MANIFEST-001");
	assert_null(m);
	/* A, policies, Policies.x, CPUs, no coordinator, product, measurement; four TCB parts. */
	assert_int_equal(f->n_errors, 7);
	assert_int_equal(f->n_missing, 4);
	faults_format(f, &shown);
	assert_true(bytes_find(buf_view(&shown), BYTES("\nReferenceValues.snp[0].CPUs: "), 0) !=
	            SIZE_MAX);
}

static void
fault_texts_are_safe_and_bounded(void **state)
{
	CLEANUP(faults_free) struct faults *f = mem_new(struct faults);
	CLEANUP(buf_done) struct buf text = {0};
	CLEANUP(buf_done) struct buf shown = {0};
	struct manifest *m = NULL;
	struct err err;

	(void)state;
	buf_str(&text, "{\"\\u001b[31m\": 0");
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, ", \"x%d\": 0", i);
	buf_str(&text, "}");
	assert_fails(manifest_parse(buf_view(&text), &m, f, &err), "E-MANIFEST-001");
	assert_int_equal(f->n, FAULTS_MAX);
	assert_true(f->n_errors > 1000);
	faults_format(f, &shown);
	assert_true(bytes_find_byte(buf_view(&shown), 0x1b, 0) == SIZE_MAX);
}

static void
a_draft_may_lack_what_only_users_know(void **state)
{
	CLEANUP(faults_free) struct faults *f = mem_new(struct faults);
	CLEANUP(manifest_drop) struct manifest *m = NULL;
	CLEANUP(buf_done) struct buf text = {0};
	struct err err;

	(void)state;
	sample_edit("\"TEEVersion\": 0, ", "", &text);
	assert_ok(manifest_parse_draft(buf_view(&text), &m, f, &err));
	assert_int_equal(f->n_missing, 1);
	assert_string_equal(f->list[0].path, "ReferenceValues.snp[0].MinimumTCB.TEEVersion");
	manifest_free(m);
	m = NULL;
	assert_fails(manifest_parse(buf_view(&text), &m, NULL, &err), "E-MANIFEST-001");
}

/* ---- model ---- */

static void
the_sample_reads_as_written(void **state)
{
	CLEANUP(manifest_drop) struct manifest *m = sample_manifest();
	const struct manifest_policy *p;
	struct hash256 id, none = {{0}};

	(void)state;
	assert_int_equal(m->n_policies, 2);
	assert_true(hex_decode(bytes_str(SAMPLE_WEB), id.b, 32));
	p = manifest_policy(m, &id);
	assert_non_null(p);
	assert_int_equal(p->n_sans, 5);
	assert_false(manifest_is_coordinator(m, &id));
	assert_true(hex_decode(bytes_str(SAMPLE_COORDINATOR), id.b, 32));
	assert_true(manifest_is_coordinator(m, &id));
	assert_null(manifest_policy(m, &none));
	assert_int_equal(m->snp[0].min_tcb.snp.v, 23);
	assert_int_equal(m->snp[0].apeip, 0x0080b004);
	assert_int_equal(m->snp[0].product, MANIFEST_GENOA);
	assert_true(m->snp[0].guest_policy.smt && m->snp[0].platform_info.alias_check_complete);
	assert_int_equal(m->tdx[0].min_tcb_evaluation, 18);
	assert_int_equal(m->tdx[0].xfam[0], 0xe7);
	assert_int_equal(manifest_owner_threshold(m), 1);
	assert_int_equal(manifest_share_threshold(m), 1);
	id = key_id(sample()->alice);
	assert_bytes(hash256_view(&m->owners[0].id), hash256_view(&id));
}

static void
writing_is_byte_stable(void **state)
{
	CLEANUP(manifest_drop) struct manifest *m = sample_manifest();
	CLEANUP(manifest_drop) struct manifest *again = NULL;
	CLEANUP(buf_done) struct buf once = {0};
	CLEANUP(buf_done) struct buf twice = {0};
	struct err err;

	(void)state;
	manifest_write(m, &once);
	assert_true(bytes_ends(buf_view(&once), BYTES("}\n")));
	assert_ok(manifest_parse(buf_view(&once), &again, NULL, &err));
	manifest_write(again, &twice);
	assert_bytes(buf_view(&twice), buf_view(&once));
}

static void
built_equals_parsed(void **state)
{
	CLEANUP(manifest_drop) struct manifest *m = manifest_new();
	CLEANUP(manifest_drop) struct manifest *back = NULL;
	CLEANUP(faults_free) struct faults *f = mem_new(struct faults);
	CLEANUP(buf_done) struct buf text = {0};
	struct bytes sans[] = {BYTES("coordinator")};
	struct manifest_policy p = {.sans = sans, .n_sans = 1, .role = MANIFEST_ROLE_COORDINATOR};
	struct manifest_policy other = {.sans = sans, .n_sans = 1};
	struct err err;

	(void)state;
	m->insecure = true;
	p.hash.b[0] = other.hash.b[0] = 9;
	assert_ok(manifest_add_policy(m, &p, &err));
	assert_ok(manifest_add_policy(m, &p, &err));
	assert_fails(manifest_add_policy(m, &other, &err), "E-MANIFEST-010");
	other.hash.b[0] = 3;
	assert_ok(manifest_add_policy(m, &other, &err));
	assert_int_equal(m->policies[0].hash.b[0], 3);
	assert_ok(manifest_add_owner(m, sample()->alice, &err));
	assert_ok(manifest_add_owner(m, sample()->alice, &err));
	assert_fails(manifest_add_owner(m, sample()->rsa, &err), "E-MANIFEST-011");
	assert_ok(manifest_add_share_owner(m, sample()->rsa, &err));
	assert_ok(manifest_add_share_owner(m, sample()->rsa, &err));
	assert_fails(manifest_add_share_owner(m, sample()->bob, &err), "E-MANIFEST-011");
	assert_int_equal(m->n_owners, 1);
	assert_int_equal(m->n_share_owners, 1);
	/* Private keys never end up in a manifest. */
	assert_false(key_is_private(m->owners[0].key));
	for (int i = 0; i < 2; i++)
		assert_ok(manifest_add_reference_values(
		        m,
		        BYTES("{\"snp\": [{\"ProductName\": \"Turin\", \"TrustedMeasurement\": "
		              "\"" H96("a") "\", \"TrustRoot\": \"" H64(
		                      "b") "\", \"MinimumTCB\": "
		                           "{\"BootloaderVersion\": 1, \"TEEVersion\": 2, "
		                           "\"SNPVersion\": 3, \"MicrocodeVersion\": 4, "
		                           "\"FMCVersion\": 5}}]}"),
		        f, &err));
	assert_int_equal(m->n_snp, 1);
	assert_fails(manifest_add_reference_values(m, BYTES("{\"snp\": [{\"X\": 1}]}"), f, &err),
	             "E-MANIFEST-001");
	assert_int_equal(m->n_snp, 1);
	faults_done(f);
	assert_int_equal(manifest_validate(m, f), 0);
	manifest_write(m, &text);
	assert_ok(manifest_parse(buf_view(&text), &back, NULL, &err));
	assert_true(back->insecure);
	assert_int_equal(back->snp[0].min_tcb.fmc.v, 5);
}

static void
owner_digests_match_the_model(void **state)
{
	CLEANUP(vectors_done) struct vectors v = {0};

	(void)state;
	vectors_load(&v, "owners");
	VEC_ROWS(row, &v.root)
	{
		const struct value *list = json_get(row, "ids");
		struct hash256 ids[8], got;
		size_t n = 0;

		/* Ascending, as the function wants them. */
		for (size_t i = 0; i < list->n; i++) {
			struct bytes id = vec_bytes(&v, json_item(list, i));
			size_t at = n++;

			while (at > 0 && bytes_cmp(id, hash256_view(&ids[at - 1])) < 0) {
				ids[at] = ids[at - 1];
				at--;
			}
			mem_copy(ids[at].b, id.p, 32);
		}
		got = owners_digest((uint8_t)vec_u64(row, "k"), ids, n);
		assert_bytes(hash256_view(&got), vec_hex(&v, row, "owners"));
	}
}

/* Read, written the same again, and handed to the verifier. */
static void
optional_values(void)
{
	CLEANUP(manifest_drop) struct manifest *m = NULL;
	CLEANUP(manifest_drop) struct manifest *again = NULL;
	CLEANUP(arena_done) struct arena arena = {0};
	CLEANUP(buf_done) struct buf text = {0}, once = {0}, twice = {0};
	struct snp_reference snp;
	struct tdx_reference tdx;
	struct err err;

	sample_edit("\"APEIP\"",
	            "\"MinimumCommittedFirmware\": \"1.55.21\", \"MinimumReportVersion\": 5, "
	            "\"IDKeyDigest\": \"" H96("a") "\", \"AuthorKeyDigest\": \"" H96(
	                    "b") "\", "
	                         "\"FamilyID\": \"000102030405060708090a0b0c0d0e0f\", "
	                         "\"ImageID\": \"100102030405060708090a0b0c0d0e0f\", "
	                         "\"MinimumGuestSVN\": 7, "
	                         "\"APEIP\"",
	            &text);
	assert_ok(manifest_parse(buf_view(&text), &m, NULL, &err));
	manifest_write(m, &once);
	assert_ok(manifest_parse(buf_view(&once), &again, NULL, &err));
	manifest_write(again, &twice);
	assert_bytes(buf_view(&once), buf_view(&twice));
	manifest_snp_reference(again, 0, &snp);
	assert_true(snp.minimum_firmware.major == 1 && snp.minimum_firmware.minor == 55 &&
	            snp.minimum_firmware.build == 21);
	assert_int_equal(snp.minimum_version, 5);
	assert_int_equal(snp.id_key_digest->b[0], 0xaa);
	assert_int_equal(snp.author_key_digest->b[47], 0xbb);
	assert_int_equal(snp.family_id[15], 0x0f);
	assert_int_equal(snp.image_id[0], 0x10);
	assert_int_equal(snp.minimum_guest_svn, 7);
	manifest_free(again);
	again = NULL;
	buf_reset(&text);
	buf_reset(&once);
	sample_edit("\"MrTd\"",
	            "\"MrOwner\": \"" H96("c") "\", \"MrOwnerConfig\": \"" H96("d") "\", \"MrTd\"",
	            &text);
	manifest_free(m);
	m = NULL;
	assert_ok(manifest_parse(buf_view(&text), &m, NULL, &err));
	manifest_write(m, &once);
	assert_ok(manifest_parse(buf_view(&once), &again, NULL, &err));
	assert_ok(manifest_tdx_reference(again, 0, &arena, &tdx, &err));
	assert_int_equal(tdx.mrowner[0], 0xcc);
	assert_int_equal(tdx.mrownerconfig[47], 0xdd);
}

/* Sets for guests of clouds: registers of both kinds of set, the longest name of a provider. */
static void
cloud_sets(void **state)
{
	CLEANUP(manifest_drop) struct manifest *m = NULL;
	CLEANUP(manifest_drop) struct manifest *again = NULL;
	CLEANUP(arena_done) struct arena arena = {0};
	CLEANUP(buf_done) struct buf text = {0}, more = {0}, once = {0}, twice = {0};
	struct snp_reference snp;
	struct tdx_reference tdx;
	struct err err;
	size_t at;

	(void)state;
	sample_edit("[\"" H128("2") "\"]",
	            "null, \"CspID\": \"" H64("x") "\", \"Pcrs\": {\"11\": \"" H64(
	                    "b") "\", \"4\": \"" H64("a") "\"}",
	            &text);
	at = bytes_find(buf_view(&text), BYTES("\"MrTd\""), 0);
	buf_bytes(&more, bytes_sub(buf_view(&text), 0, at));
	buf_str(&more, "\"Pcrs\": {\"0\": \"" H64("c") "\"}, ");
	buf_bytes(&more, bytes_sub(buf_view(&text), at, text.n));
	assert_ok(manifest_parse(buf_view(&more), &m, NULL, &err));
	manifest_write(m, &once);
	assert_ok(manifest_parse(buf_view(&once), &again, NULL, &err));
	manifest_write(again, &twice);
	assert_bytes(buf_view(&once), buf_view(&twice));
	manifest_snp_reference(again, 0, &snp);
	assert_string_equal(snp.csp_id, H64("x"));
	assert_int_equal(snp.pcrs->named, 1u << 4 | 1u << 11);
	assert_int_equal(snp.pcrs->value[4].b[0], 0xaa);
	assert_int_equal(snp.pcrs->value[11].b[31], 0xbb);
	assert_ok(manifest_tdx_reference(again, 0, &arena, &tdx, &err));
	assert_int_equal(tdx.pcrs->named, 1);
	assert_int_equal(tdx.pcrs->value[0].b[0], 0xcc);
}

static void
reference_sets_for_the_verifier(void **state)
{
	CLEANUP(manifest_drop) struct manifest *m = sample_manifest();
	CLEANUP(manifest_drop) struct manifest *bare = NULL;
	CLEANUP(arena_done) struct arena arena = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct snp_reference snp;
	struct tdx_reference tdx;
	struct err err;

	(void)state;
	manifest_snp_reference(m, 0, &snp);
	assert_int_equal(snp.product, SNP_GENOA);
	assert_true(snp.has_ap_eip && snp.ap_eip == 0x0080b004);
	assert_int_equal(snp.minimum_tcb.bootloader, 9);
	assert_int_equal(snp.minimum_tcb.snp, 23);
	assert_int_equal(snp.minimum_tcb.microcode, 72);
	assert_int_equal(snp.minimum_mitigation, 1);
	assert_true(snp.guest_policy.smt && !snp.guest_policy.single_socket);
	assert_true(snp.platform_info.smt && !snp.platform_info.tsme && snp.platform_info.ecc &&
	            snp.platform_info.alias_check_complete && !snp.platform_info.tio);
	assert_int_equal(snp.n_chip_ids, 1);
	assert_int_equal(snp.chip_ids[0].b[63], 0x22);
	assert_int_equal(snp.measurement.b[47], 0x11);
	assert_false(snp.has_trust_root);

	assert_ok(manifest_tdx_reference(m, 0, &arena, &tdx, &err));
	assert_int_equal(tdx.mrtd[0][0], 0x33);
	assert_int_equal(tdx.mrseam[0], 0x44);
	assert_int_equal(tdx.n_rtmr0, 2);
	assert_int_equal(tdx.rtmr0[0][0], 0x55);
	assert_int_equal(tdx.rtmr0[1][47], 0x88);
	assert_int_equal(tdx.rtmr[1][0], 0x66);
	assert_int_equal(tdx.rtmr[2][0], 0x77);
	assert_true(tdx.has_rtmr[3] && tdx.rtmr[3][0] == 0);
	assert_true(tdx.xfam == 0x618e7);
	assert_int_equal(tdx.piids[0][0], 0x88);
	assert_true(tdx.memory_integrity && tdx.static_platform && !tdx.smt_disabled);
	assert_int_equal(tdx.min_evaluation, 18);

	assert_true(snp.minimum_firmware.major == 0 && snp.minimum_version == 0 &&
	            snp.minimum_guest_svn == 0);
	assert_true(!snp.id_key_digest && !snp.author_key_digest && !snp.family_id &&
	            !snp.image_id);
	assert_true(bytes_all_zero(bytes_of(tdx.mrowner, 48)));
	optional_values();

	/* Absent parts demand nothing and allow what is harmless. */
	sample_edit("\"PlatformInfo\"", "\"AllowedChipIDs\": [], \"XX\"", &text);
	{
		struct bytes all = buf_view(&text);
		size_t from = bytes_find(all, BYTES("\"XX\""), 0);
		size_t to = bytes_find(all, BYTES("\"MinimumMitigationVector\""), from);
		size_t chips = bytes_find(all, BYTES(",\n      \"AllowedChipIDs\": [\"2"), from);
		CLEANUP(buf_done) struct buf cut = {0};

		buf_bytes(&cut, bytes_sub(all, 0, from));
		buf_bytes(&cut, bytes_sub(all, to, chips));
		buf_bytes(&cut, bytes_sub(all, bytes_find(all, BYTES("\n    }],"), chips), all.n));
		assert_ok(manifest_parse(buf_view(&cut), &bare, NULL, &err));
	}
	manifest_snp_reference(bare, 0, &snp);
	assert_true(snp.platform_info.smt && snp.platform_info.tsme && snp.platform_info.tio);
	assert_false(snp.platform_info.ecc || snp.platform_info.alias_check_complete);
	assert_null(snp.chip_ids);
}

/* The same public key in two encodings would be two owners. */
static void
unusual_key_encodings_are_refused(void **state)
{
	static const char p256_prefix[] = "3039301306072a8648ce3d020106082a8648ce3d030107032200";
	CLEANUP(buf_done) struct buf spki = {0};
	CLEANUP(buf_done) struct buf hex = {0};
	CLEANUP(buf_done) struct buf owners = {0};
	CLEANUP(buf_done) struct buf text = {0};
	CLEANUP(manifest_drop) struct manifest *m = NULL;
	uint8_t point[33];
	struct err err;

	(void)state;
	key_spki(sample()->bob, &spki);
	/* The last 64 bytes are x and y; compressed: 02 or 03 by the parity of y. */
	point[0] = (uint8_t)(2 | (spki.p[spki.n - 1] & 1));
	mem_copy(point + 1, spki.p + spki.n - 64, 32);
	hex_encode(bytes_of(point, sizeof point), &hex);
	buf_printf(&owners, "[\"$B\", \"%s%s\"]", p256_prefix, buf_cstr(&hex));
	sample_edit("[\"$A\"]", buf_cstr(&owners), &text);
	assert_fails(manifest_parse(buf_view(&text), &m, NULL, &err), "E-MANIFEST-001");
	assert_string_equal(err.place, "WorkloadOwnerPubKeys[1]");
}

static void
limits(void **state)
{
	static const struct {
		size_t n;
		bool ok;
	} sans[] = {{MANIFEST_MAX_SANS, true}, {MANIFEST_MAX_SANS + 1, false}},
	  policies[] = {{MANIFEST_MAX_POLICIES, true}, {MANIFEST_MAX_POLICIES + 1, false}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sans); i++) {
		CLEANUP(buf_done) struct buf list = {0};
		CLEANUP(buf_done) struct buf text = {0};
		CLEANUP(manifest_drop) struct manifest *m = NULL;
		struct err err;

		for (size_t j = 0; j < sans[i].n; j++)
			buf_printf(&list, "%s\"n%zu\"", j ? ", " : "[", j);
		buf_str(&list, "]");
		sample_edit("[\"coordinator\"]", buf_cstr(&list), &text);
		assert_int_equal(is_ok(manifest_parse(buf_view(&text), &m, NULL, &err)),
		                 sans[i].ok);
	}
	for (size_t i = 0; i < COUNT_OF(policies); i++) {
		CLEANUP(buf_done) struct buf list = {0};
		CLEANUP(buf_done) struct buf text = {0};
		CLEANUP(manifest_drop) struct manifest *m = NULL;
		struct err err;

		buf_str(&list, "\"Policies\": {");
		/* Two are in the sample. */
		for (size_t j = 2; j < policies[i].n; j++)
			buf_printf(&list, "\"%064zx\": {},", j);
		sample_edit("\"Policies\": {", buf_cstr(&list), &text);
		assert_int_equal(is_ok(manifest_parse(buf_view(&text), &m, NULL, &err)),
		                 policies[i].ok);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_rule),
	        cmocka_unit_test(duplicate_names_have_a_place),
	        cmocka_unit_test(all_faults_at_once),
	        cmocka_unit_test(fault_texts_are_safe_and_bounded),
	        cmocka_unit_test(a_draft_may_lack_what_only_users_know),
	        cmocka_unit_test(the_sample_reads_as_written),
	        cmocka_unit_test(writing_is_byte_stable),
	        cmocka_unit_test(built_equals_parsed),
	        cmocka_unit_test(owner_digests_match_the_model),
	        cmocka_unit_test(cloud_sets),
	        cmocka_unit_test(reference_sets_for_the_verifier),
	        cmocka_unit_test(unusual_key_encodings_are_refused),
	        cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
