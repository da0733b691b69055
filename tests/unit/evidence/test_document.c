/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/document.h"
#include "evidence/verdict.h"
#include "unit.h"

static void
round_trip(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct document d = {
	        .tee = TEE_TDX,
	        .evidence = BYTES("quote"),
	        .endorsements = {.certs = {BYTES("c1"), BYTES("c2")},
	                         .n_certs = 2,
	                         .crls = {BYTES("l")},
	                         .n_crls = 1,
	                         .tcb_info = BYTES("{}"),
	                         .qe_identity = BYTES("[]")},
	};
	struct document back;
	struct value v;
	struct err err;

	(void)state;
	v = document_to_json(&a, &d);
	json_write(&v, JSON_COMPACT, &text);
	assert_bytes(buf_view(&text),
	             BYTES("{\"type\":\"tdx\",\"evidence\":\"cXVvdGU=\",\"endorsements\":{"
	                   "\"certificates\":[\"YzE=\",\"YzI=\"],\"crls\":[\"bA==\"],"
	                   "\"tcbInfo\":\"e30=\",\"qeIdentity\":\"W10=\"}}"));
	assert_ok(document_parse(&a, buf_view(&text), &back, &err));
	assert_int_equal(back.tee, TEE_TDX);
	assert_bytes(back.evidence, d.evidence);
	assert_int_equal(back.endorsements.n_certs, 2);
	assert_bytes(back.endorsements.certs[1], BYTES("c2"));
	assert_bytes(back.endorsements.crls[0], BYTES("l"));
	assert_bytes(back.endorsements.qe_identity, BYTES("[]"));
}

/* With a virtual TPM; the member is there exactly when the type says so. */
static void
virtual_tpm(void **state)
{
	static const struct {
		const char *find, *replace;
		const char *place; /* NULL: accepted */
	} rows[] = {
	        {"", "", NULL},
	        {"\"tdx-vtpm\"", "\"snp-vtpm\"", NULL},
	        {"\"tdx-vtpm\"", "\"tdx\"", ".vtpm"},
	        {"\"tdx-vtpm\"", "\"vtpm\"", ".type"},
	        {"\"vtpm\"", "\"tpm\"", NULL}, /* E-JSON-020 names the member itself */
	        {"\"runtimeData\"", "\"runtime\"", NULL},
	        {"\"runtimeData\":\"e30=\"", "\"runtimeData\":\"e30\"", ".vtpm.runtimeData"},
	        {"\"message\":\"", "\"message\":\"!", ".vtpm.message"},
	        {"\"signature\":\"", "\"signature\":\"!", ".vtpm.signature"},
	        {"\"pcrs\":\"AAAA", "\"pcrs\":\"", ".vtpm.pcrs"},
	        {"\"policy\":\"cHBw", "\"policy\":\"", ".vtpm.policy"},
	};
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	static const uint8_t pcrs[VTPM_PCRS_SIZE];
	struct document d = {
	        .tee = TEE_TDX_VTPM,
	        .evidence = BYTES("quote"),
	        .vtpm = {.runtime = BYTES("{}"),
	                 .message = BYTES("message"),
	                 .signature = BYTES("signature"),
	                 .pcrs = bytes_of(pcrs, sizeof pcrs),
	                 .policy = BYTES("pppppppppppppppppppppppppppppppp")},
	};
	struct document back;
	struct value v = document_to_json(&a, &d);
	struct err err = {0};

	(void)state;
	json_write(&v, JSON_COMPACT, &text);
	assert_ok(document_parse(&a, buf_view(&text), &back, &err));
	assert_int_equal(back.tee, TEE_TDX_VTPM);
	assert_bytes(back.vtpm.runtime, d.vtpm.runtime);
	assert_bytes(back.vtpm.message, d.vtpm.message);
	assert_bytes(back.vtpm.signature, d.vtpm.signature);
	assert_bytes(back.vtpm.pcrs, d.vtpm.pcrs);
	assert_bytes(back.vtpm.policy, d.vtpm.policy);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf edited = {0};
		struct bytes find = bytes_str(rows[i].find);
		size_t at = bytes_find(buf_view(&text), find, 0);
		bool sound = i < 2;
		status s;

		buf_bytes(&edited, bytes_sub(buf_view(&text), 0, at));
		buf_str(&edited, rows[i].replace);
		buf_bytes(&edited, bytes_sub(buf_view(&text), at + find.n, text.n));
		s = document_parse(&a, buf_view(&edited), &back, &err);
		assert_int_equal(is_ok(s), sound);
		if (rows[i].place)
			assert_string_equal(err.place, rows[i].place);
	}
}

/* Each part at its limit, and one byte above it. */
static void
limits_of_a_virtual_tpm(void **state)
{
	static const struct {
		size_t at, max;
		const char *place, *id;
	} rows[] = {
	        {offsetof(struct vtpm, runtime), VTPM_RUNTIME_MAX, ".vtpm.runtimeData",
	         "E-EVIDENCE-031"},
	        {offsetof(struct vtpm, message), VTPM_MESSAGE_MAX, ".vtpm.message",
	         "E-EVIDENCE-031"},
	        {offsetof(struct vtpm, signature), VTPM_SIGNATURE_MAX, ".vtpm.signature",
	         "E-EVIDENCE-031"},
	        {offsetof(struct vtpm, pcrs), VTPM_PCRS_SIZE, ".vtpm.pcrs", "E-EVIDENCE-031"},
	        {offsetof(struct vtpm, policy), SHA256_SIZE, ".vtpm.policy", "E-EVIDENCE-031"},
	};
	static const uint8_t zeros[VTPM_RUNTIME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (size_t over = 0; over < 2; over++) {
			CLEANUP(arena_done) struct arena a = {0};
			CLEANUP(buf_done) struct buf text = {0};
			struct document d = {.tee = TEE_SNP_VTPM,
			                     .evidence = BYTES("r"),
			                     .vtpm = {.runtime = BYTES("{}"),
			                              .message = BYTES("m"),
			                              .signature = BYTES("s"),
			                              .pcrs = bytes_of(zeros, VTPM_PCRS_SIZE)}};
			struct document back;
			struct bytes *part =
			        (struct bytes *)(void *)((uint8_t *)&d.vtpm + rows[i].at);
			struct value v;
			struct err err = {0};

			*part = bytes_of(zeros, rows[i].max + over);
			v = document_to_json(&a, &d);
			json_write(&v, JSON_COMPACT, &text);
			if (!over) {
				assert_ok(document_parse(&a, buf_view(&text), &back, &err));
				continue;
			}
			assert_fails(document_parse(&a, buf_view(&text), &back, &err), rows[i].id);
			assert_string_equal(err.place, rows[i].place);
		}
	}
}

static void
refusals(void **state)
{
	static const struct {
		const char *text;
		const char *id;
		const char *place;
	} rows[] = {
	        {"{\"type\":\"snp\",\"evidence\":\"YQ==\"}", NULL, NULL},
	        {"{\"type\":\"sgx\",\"evidence\":\"YQ==\"}", "E-EVIDENCE-030", ".type"},
	        {"{\"type\":\"snp\",\"evidence\":\"YR==\"}", "E-EVIDENCE-030", ".evidence"},
	        {"{\"type\":\"snp\",\"evidence\":\"\"}", "E-EVIDENCE-030", ".evidence"},
	        {"{\"type\":\"snp\"}", "E-JSON-021", ".evidence"},
	        {"{\"type\":\"snp\",\"evidence\":\"YQ==\",\"x\":1}", "E-JSON-020", NULL},
	        {"{\"type\":\"snp\",\"evidence\":\"YQ==\",\"endorsements\":{\"crls\":[\"YQ==\",1]}"
	         "}",
	         "E-EVIDENCE-030", ".endorsements.crls[1]"},
	        {"{\"type\":\"snp\",\"evidence\":\"YQ==\",\"endorsements\":{\"crls\":"
	         "[\"YQ==\",\"YQ==\",\"YQ==\",\"YQ==\",\"YQ==\"]}}",
	         "E-EVIDENCE-031", ".endorsements.crls"},
	        {"{\"type\":\"snp\",\"evidence\":\"YQ==\",\"endorsements\":[]}", "E-JSON-022",
	         ".endorsements"},
	        {"[]", "E-JSON-022", NULL},
	        {"{\"type\":\"snp\",\"type\":\"snp\",\"evidence\":\"YQ==\"}", NULL, "dup"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		struct document d;
		struct err err = {0};
		status s = document_parse(&a, bytes_str(rows[i].text), &d, &err);

		if (!rows[i].id && !rows[i].place) {
			assert_true(is_ok(s));
			continue;
		}
		assert_false(is_ok(s));
		if (rows[i].id)
			assert_string_equal(err.id, rows[i].id);
		if (rows[i].id && rows[i].place)
			assert_string_equal(err.place, rows[i].place);
	}
}

/* The size limits hold at the limit and break one byte above it. */
static void
limits(void **state)
{
	(void)state;
	for (int over = 0; over < 2; over++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf raw = {0};
		CLEANUP(buf_done) struct buf text = {0};
		struct document d = {.tee = TEE_SNP}, back;
		struct value v;
		struct err err = {0};

		buf_zeros(&raw, EVIDENCE_MAX + (size_t)over);
		d.evidence = buf_view(&raw);
		v = document_to_json(&a, &d);
		json_write(&v, JSON_COMPACT, &text);
		if (over)
			assert_fails(document_parse(&a, buf_view(&text), &back, &err),
			             "E-EVIDENCE-031");
		else
			assert_ok(document_parse(&a, buf_view(&text), &back, &err));
	}
}

static void
verdicts(void **state)
{
	struct verdict v = {0};
	struct err err = {0};

	(void)state;
	assert_false(verdict_accepted(&v));
	assert_fails(verdict_status(&v, &err), "E-EVIDENCE-100");
	assert_string_equal(verdict_step_name(v.step), "not-evaluated");
	assert_int_equal(verdict_reject(&v, STEP_BINDING, "snp/report-data", "no").cls,
	                 ERR_REJECTED);
	/* The first reason stays. */
	assert_int_equal(verdict_reject(&v, STEP_CHAIN, "snp/chain", "later").cls, ERR_REJECTED);
	assert_string_equal(v.reason, "snp/report-data");
	assert_int_equal(v.step, STEP_BINDING);
	verdict_values_hex(&v, BYTES("\x01"), BYTES("\x02"));
	assert_fails(verdict_status(&v, &err), "E-EVIDENCE-100");
	assert_string_equal(err.msg, "evidence refused at step binding: snp/report-data: no "
	                             "(expected 01, got 02)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(round_trip),
	        cmocka_unit_test(virtual_tpm),
	        cmocka_unit_test(limits_of_a_virtual_tpm),
	        cmocka_unit_test(refusals),
	        cmocka_unit_test(limits),
	        cmocka_unit_test(verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
