/* SPDX-License-Identifier: Apache-2.0 */
/* The forms in which evidence of guests behind a paravisor is stored: read, shown, judged. */
#include "base/clock.h"
#include "base/text.h"
#include "evidence/intake.h"
#include "evidence/show.h"
#include "evidence/verify.h"
#include "mint_vtpm.h"
#include "vectors.h"

#include <string.h>

enum spelling { NUMBERS, HEX, STD, URL, STD_UNPADDED, URL_UNPADDED, SPELLINGS };

static void
spell(enum spelling s, struct bytes b, struct buf *out)
{
	static const enum base64_kind kinds[] = {[STD] = BASE64_STD,
	                                         [URL] = BASE64_URL,
	                                         [STD_UNPADDED] = BASE64_STD_UNPADDED,
	                                         [URL_UNPADDED] = BASE64_URL_UNPADDED};

	buf_str(out, s == NUMBERS ? "[" : "\"");
	if (s == HEX)
		hex_encode(b, out);
	else if (s != NUMBERS)
		base64_encode(kinds[s], b, out);
	for (size_t i = 0; s == NUMBERS && i < b.n; i++)
		buf_printf(out, "%s%u", i ? "," : "", b.p[i]);
	buf_str(out, s == NUMBERS ? "]" : "\"");
}

/* What a file is made of; bytes that mean nothing, since nobody judges them here. */
struct parts {
	struct bytes report, runtime, message, signature, td_quote;
	size_t registers;
	bool older; /* names of members */
};

static uint8_t some[5000];

static struct parts
sound(void)
{
	for (size_t i = 0; i < sizeof some; i++)
		some[i] = (uint8_t)(i * 7 + 1);
	return (struct parts){
	        .report = bytes_of(some, 1184),
	        .runtime = BYTES("{\"keys\":[],\"user\\u001b\":\"x\"}"),
	        .message = bytes_of(some + 100, 145),
	        .signature = bytes_of(some + 300, 256),
	        .registers = VTPM_PCRS,
	};
}

static void
file_of(const struct parts *p, enum spelling s, struct buf *out)
{
	CLEANUP(buf_done) struct buf hcl = {0};

	mint_hcl(p->report, p->runtime, &hcl);
	buf_printf(out, "{\"version\":1,\"%s\":{\"message\":", p->older ? "quote" : "tpm_quote");
	spell(s, p->message, out);
	buf_str(out, ",\"signature\":");
	spell(s, p->signature, out);
	buf_str(out, ",\"pcrs\":[");
	for (size_t i = 0; i < p->registers; i++) {
		buf_str(out, i ? "," : "");
		spell(s, bytes_of(some + i, SHA256_SIZE), out);
	}
	buf_printf(out, "]},\"%s\":", p->older ? "report" : "hcl_report");
	spell(s, buf_view(&hcl), out);
	if (p->td_quote.n > 0) {
		buf_str(out, ",\"td_quote\":");
		spell(s, p->td_quote, out);
	}
	buf_str(out, ",\"other\":{}}");
}

static void
every_spelling_means_the_same(void **state)
{
	(void)state;
	for (int tdx = 0; tdx < 2; tdx++) {
		for (enum spelling s = NUMBERS; s < SPELLINGS; s++) {
			CLEANUP(arena_done) struct arena a = {0};
			CLEANUP(buf_done) struct buf text = {0};
			struct parts p = sound();
			enum intake_kind kind;
			struct document d;
			struct err err;

			p.older = s == NUMBERS;
			if (tdx) {
				p.report = bytes_of(some, 1024);
				p.td_quote = bytes_of(some + 7, 700);
			}
			file_of(&p, s, &text);
			assert_true(intake_kind_of(buf_view(&text), &kind));
			assert_int_equal(kind, INTAKE_VTPM);
			assert_ok(intake_evidence(&a, buf_view(&text), &d, &err));
			assert_int_equal(d.tee, tdx ? TEE_TDX_VTPM : TEE_SNP_VTPM);
			assert_bytes(d.evidence, tdx ? p.td_quote : p.report);
			assert_bytes(d.vtpm.runtime, p.runtime);
			assert_bytes(d.vtpm.message, p.message);
			assert_bytes(d.vtpm.signature, p.signature);
			assert_int_equal(d.vtpm.pcrs.n, VTPM_PCRS_SIZE);
			assert_int_equal(d.vtpm.pcrs.p[5 * SHA256_SIZE], some[5]);
			assert_int_equal(d.vtpm.policy.n, 0);
		}
	}
}

/* ---- malformed ---- */

struct edit {
	const char *name, *find, *replace, *place; /* of the fault; NULL: read all the same */
};

static const struct edit edits[] = {
        {"sound", "\"other\"", "\"more\"", NULL},
        {"no quote", "\"tpm_quote\"", "\"quotation\"", ""},
        {"two quotes", "\"other\"", "\"quote\"", ""},
        {"two reports", "\"other\"", "\"report\"", ""},
        {"no message", "\"message\"", "\"Message\"", ".tpm_quote.message"},
        {"no signature", "\"signature\"", "\"sig\"", ".tpm_quote.signature"},
        {"message is a number", "\"message\":\"", "\"message\":1,\"m\":\"", ".tpm_quote.message"},
        {"message is empty", "\"message\":\"", "\"message\":\"\",\"m\":\"", ".tpm_quote.message"},
        {"message is no base64", "\"message\":\"", "\"message\":\"!", ".tpm_quote.message"},
        {"message has a number too large", "\"message\":\"", "\"message\":[1,256],\"m\":\"",
         ".tpm_quote.message"},
        {"message has a text in its list", "\"message\":\"", "\"message\":[1,\"2\"],\"m\":\"",
         ".tpm_quote.message"},
        {"registers are a text", "\"pcrs\":[", "\"pcrs\":\"\",\"p\":[", ".tpm_quote.pcrs"},
        {"a register is short", "\"pcrs\":[\"", "\"pcrs\":[\"00\",\"", ".tpm_quote.pcrs"},
        {"a td_quote of an SNP guest", "\"other\"", "\"td_quote\"", ".hcl_report"},
        {"a vcek that is none", "\"other\":{}", "\"vcek\":\"AAAA\"", ".vcek"},
        {"a vcek that is a list", "\"other\":{}", "\"vcek\":[1]", ".vcek"},
        {"no vcek", "\"other\":{}", "\"vcek\":null", NULL},
        {"a report that is none", "\"hcl_report\":\"", "\"hcl_report\":\"AAAA\",\"h\":\"",
         ".hcl_report"},
        {"not closed", ",\"other\":{}}", "", "1:"},
};

static void
malformed_files_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(edits); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf text = {0}, edited = {0};
		struct parts p = sound();
		struct document d;
		struct err err = {0};
		size_t at;
		status s;

		file_of(&p, STD, &text);
		at = bytes_find(buf_view(&text), bytes_str(edits[i].find), 0);
		assert_true(at != SIZE_MAX);
		buf_bytes(&edited, bytes_sub(buf_view(&text), 0, at));
		buf_str(&edited, edits[i].replace);
		buf_bytes(&edited, bytes_sub(buf_view(&text), at + strlen(edits[i].find), text.n));
		s = intake_evidence(&a, buf_view(&edited), &d, &err);
		if (is_ok(s) != !edits[i].place)
			fail_msg("%s: %s %s", edits[i].name, err.place, err.msg);
		if (!edits[i].place)
			continue;
		if (strncmp(err.place, edits[i].place, strlen(edits[i].place)) != 0)
			fail_msg("%s: at %s (%s)", edits[i].name, err.place, err.msg);
		assert_true(err.id[0] != '\0' && err.msg[0] != '\0');
	}
}

static void
limits(void **state)
{
	static const struct {
		const char *name;
		size_t message, signature, runtime, registers, td_quote;
		bool good;
	} rows[] = {
	        {"at each limit", VTPM_MESSAGE_MAX, VTPM_SIGNATURE_MAX, VTPM_RUNTIME_MAX, VTPM_PCRS,
	         0, true},
	        {"message", VTPM_MESSAGE_MAX + 1, 1, 1, VTPM_PCRS, 0, false},
	        {"signature", 1, VTPM_SIGNATURE_MAX + 1, 1, VTPM_PCRS, 0, false},
	        {"runtime data", 1, 1, VTPM_RUNTIME_MAX + 1, VTPM_PCRS, 0, false},
	        {"registers", 1, 1, 1, VTPM_PCRS + 1, 0, false},
	        {"too few registers", 1, 1, 1, VTPM_PCRS - 1, 0, false},
	        {"TD's quote at its limit", 1, 1, 1, VTPM_PCRS, EVIDENCE_MAX, true},
	        {"TD's quote", 1, 1, 1, VTPM_PCRS, EVIDENCE_MAX + 1, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf text = {0}, zeros = {0};
		struct parts p = sound();
		struct document d;
		struct err err = {0};

		buf_zeros(&zeros, EVIDENCE_MAX + 1);
		p.message = bytes_of(some, rows[i].message);
		p.signature = bytes_of(some, rows[i].signature);
		p.runtime = bytes_of(some, rows[i].runtime);
		p.registers = rows[i].registers;
		p.td_quote = bytes_sub(buf_view(&zeros), 0, rows[i].td_quote);
		if (p.td_quote.n > 0)
			p.report = bytes_of(some, 1024);
		file_of(&p, STD, &text);
		if (is_ok(intake_evidence(&a, buf_view(&text), &d, &err)) != rows[i].good)
			fail_msg("%s: %s %s", rows[i].name, err.place, err.msg);
		if (!rows[i].good)
			assert_string_equal(err.id, "E-EVIDENCE-054");
	}
}

/* ---- the paravisor's report ---- */

/* Each field of the frame, and what is no frame's. */
static void
every_field_of_the_frame(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf hcl = {0};
	struct parts p = sound();
	const size_t described = 32 + 1184, end = described + 20 + p.runtime.n;
	struct document d;
	struct err err = {0};

	(void)state;
	mint_hcl(p.report, p.runtime, &hcl);
	assert_ok(intake_evidence(&a, buf_view(&hcl), &d, &err));
	assert_int_equal(d.tee, TEE_SNP_VTPM);
	assert_bytes(d.vtpm.runtime, p.runtime);
	assert_int_equal(d.vtpm.message.n, 0);
	for (size_t bit = 4 * 8; bit < hcl.n * 8; bit++) {
		size_t at = bit / 8;
		bool frame = at < 32 || (at >= described && at < described + 20);

		if (at >= end)
			break; /* padding: nobody reads it */
		hcl.p[at] ^= (uint8_t)(1u << bit % 8);
		if (frame && is_ok(intake_evidence(&a, buf_view(&hcl), &d, &err)))
			fail_msg("bit %zu of byte %zu: accepted", bit % 8, at);
		hcl.p[at] ^= (uint8_t)(1u << bit % 8);
	}
	for (uint8_t version = 0; version < 5; version++) {
		hcl.p[4] = version;
		assert_int_equal(is_ok(intake_evidence(&a, buf_view(&hcl), &d, &err)),
		                 version == 1 || version == 2);
	}
	hcl.p[4] = 2;
	for (size_t n = 4; n < end; n++)
		assert_fails(intake_evidence(&a, bytes_sub(buf_view(&hcl), 0, n), &d, &err),
		             "E-EVIDENCE-054");
	assert_ok(intake_evidence(&a, bytes_sub(buf_view(&hcl), 0, end), &d, &err));
	hcl.p[described + 8] = 4;
	assert_fails(intake_evidence(&a, buf_view(&hcl), &d, &err), "E-EVIDENCE-051");
	assert_non_null(strstr(err.hint, "td_quote"));
}

/* ---- shown ---- */

static bool
has_line(const struct buf *lines, const char *name, const char *value)
{
	size_t at = bytes_find(buf_view(lines), bytes_str(name), 0);
	size_t end = bytes_find_byte(buf_view(lines), '\n', at);

	return at != SIZE_MAX &&
	       bytes_find(bytes_sub(buf_view(lines), at, end), bytes_str(value), 0) != SIZE_MAX;
}

/* Runtime data are a stranger's: neither names nor values reach a terminal as they are. */
static void
strange_names_are_escaped(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf hcl = {0}, lines = {0};
	struct parts p = sound();
	struct verdict v = {0};
	struct document d;
	struct value shown;
	struct err err;

	(void)state;
	/* A report that decodes: version 2, the bits that must be one, algorithm, signature. */
	mem_zero(some, 1184);
	some[0] = 2;
	some[10] = 3;
	some[0x34] = some[0x2a0] = some[0x2e8] = 1;
	mint_hcl(p.report, p.runtime, &hcl);
	assert_ok(intake_evidence(&a, buf_view(&hcl), &d, &err));
	if (!is_ok(evidence_show(&a, &d, &shown, &v)))
		fail_msg("%s: %s", v.reason, v.detail);
	evidence_show_text(&shown, &lines);
	assert_true(buf_ok(&lines));
	assert_int_equal(bytes_find_byte(buf_view(&lines), 0x1b, 0), SIZE_MAX);
	assert_true(has_line(&lines, "vtpm.runtimeData.user\\u{1b}", "x"));
	/* Runtime data that are no JSON are shown as bytes. */
	d.vtpm.runtime = BYTES("no JSON");
	buf_reset(&lines);
	assert_true(is_ok(evidence_show(&a, &d, &shown, &v)));
	evidence_show_text(&shown, &lines);
	assert_true(has_line(&lines, "vtpm.runtimeData.bytes", "6e6f204a534f4e"));
	/* A message that is no quote is a refusal. */
	d.vtpm.message = BYTES("no quote");
	assert_false(is_ok(evidence_show(&a, &d, &shown, &v)));
	assert_int_equal(v.step, STEP_DECODE);
}

/* ---- recorded on Azure's machines ---- */

static void
add_file(struct arena *a, const char *name, struct endorsements *e)
{
	CLEANUP(buf_done) struct buf b = {0};
	struct err err;

	assert_true(vector_read(name, &b));
	assert_ok(intake_endorsements(a, arena_copy(a, buf_view(&b)), e, &err));
}

#define TRUSTEE "snp/trustee-az-snp-vtpm/"
#define DCAP "tdx/automata-dcap/"
static const struct recorded {
	const char *file;
	const char *endorsements[3];
	const char *time;
	const char *nonce; /* hexadecimal */
	const char *vm;    /* its id */
} recorded[] = {
        {TRUSTEE "evidence-v0.json",
         {"snp/go-sev-guest/ask_ark_milan.pem"},
         "2026-11-24T00:00:00Z",
         "6368616c6c656e6765",
         "26F8BC30-774E-4290-8E7A-535F3B672AEE"},
        {TRUSTEE "evidence-v1.json",
         {"snp/go-sev-guest/ask_ark_milan.pem"},
         "2026-11-24T00:00:00Z",
         "6368616c6c656e6765",
         "26F8BC30-774E-4290-8E7A-535F3B672AEE"},
        {TRUSTEE "evidence-v2.json",
         {"snp/go-sev-guest/ask_ark_milan.pem"},
         "2026-11-24T00:00:00Z",
         "982f5c6e45df0ed3f10b6f60b02f0c8390e281300f3805e2279c16168cd6ae9aa398f647caa2338748cd0fd9"
         "f5f819ef",
         "7DF7B373-B947-4AAA-96E5-C358F2A03D20"},
        {TRUSTEE "evidence-genoa.json",
         {"snp/go-sev-guest/ask_ark_genoa.pem"},
         "2026-11-24T00:00:00Z",
         "0218488bae25d2509232bf676f1a66a30d7372add909109b36016ef136f2938ca05475f8b46094de6b64270e"
         "a35d950f",
         "390CBCF5-6C67-4D9B-98EF-C3F1699CC8FC"},
        {"tdx/trustee/evidence-v0.json",
         {DCAP "solana_tcb_info_v3_with_tdx_module.json", DCAP "solana_qe_identity.json",
          DCAP "solana_signing.der"},
         "2025-07-20T00:00:00Z",
         "6368616c6c656e6765",
         "6332533D-5649-4D02-8AA7-8F64B7C3EE21"},
        {"tdx/trustee/evidence-v1.json",
         {DCAP "solana_tcb_info_v3_with_tdx_module.json", DCAP "solana_qe_identity.json",
          DCAP "solana_signing.der"},
         "2025-07-20T00:00:00Z",
         "6368616c6c656e6765",
         "6332533D-5649-4D02-8AA7-8F64B7C3EE21"},
};

static void
expect(const struct evidence_request *rq, const char *file, enum verdict_step step,
       const char *reason)
{
	struct evidence_result res;

	evidence_verify(rq, &res);
	if (res.verdict.step != step || strcmp(res.verdict.reason, reason) != 0)
		fail_msg("%s: got %s %s (%s), want %s", file, verdict_step_name(res.verdict.step),
		         res.verdict.reason, res.verdict.detail, reason);
}

/* Bits of what is judged; the report's own walk is elsewhere. Nothing of it is unsigned. */
static void
walk(struct evidence_request *rq, const struct vtpm *t, const char *file)
{
	const struct bytes parts[] = {t->runtime, t->message, t->signature, t->pcrs};
	size_t step = getenv("CONTRAST_WALK") ? 1 : 97;

	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		uint8_t *p = (uint8_t *)(uintptr_t)parts[i].p;

		for (size_t bit = i; bit < parts[i].n * 8; bit += step) {
			struct evidence_result res;

			p[bit / 8] ^= (uint8_t)(1u << bit % 8);
			evidence_verify(rq, &res);
			if (verdict_accepted(&res.verdict))
				fail_msg("%s: part %zu, bit %zu", file, i, bit);
			p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	}
}

static void
recorded_evidence(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(recorded); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf text = {0}, nonce = {0}, lines = {0};
		struct snp_cache *cache = snp_cache_new();
		struct tdx_cache *tdx_cache = tdx_cache_new();
		const struct recorded *row = &recorded[i];
		struct document d;
		struct evidence_request rq = {.scope = EVIDENCE_AUTHENTIC,
		                              .document = &d,
		                              .revocation = REVOCATION_OPTIONAL,
		                              .cache = cache,
		                              .tdx_cache = tdx_cache};
		struct verdict v = {0};
		struct value shown;
		struct err err;

		if (vector_read(row->file, &text)) {
			n++;
			assert_ok(intake_evidence(&a, buf_view(&text), &d, &err));
			for (size_t k = 0; k < 3 && row->endorsements[k]; k++)
				add_file(&a, row->endorsements[k], &d.endorsements);
			assert_true(time_parse(bytes_str(row->time), &rq.now));
			assert_true(hex_decode_buf(bytes_str(row->nonce), &nonce));
			expect(&rq, row->file, STEP_ACCEPTED, "");
			rq.nonce = buf_view(&nonce);
			expect(&rq, row->file, STEP_ACCEPTED, "");
			walk(&rq, &d.vtpm, row->file);
			nonce.p[0] ^= 1;
			rq.flags = EVIDENCE_THOROUGH;
			expect(&rq, row->file, STEP_BINDING, "tpm/nonce");
			assert_true(is_ok(evidence_show(&a, &d, &shown, &v)));
			evidence_show_text(&shown, &lines);
			assert_true(has_line(&lines, "vtpm.quote.extraData", row->nonce));
			assert_true(has_line(&lines, "vtpm.runtimeData.vm-configuration.vmUniqueId",
			                     row->vm));
		}
		snp_cache_free(cache);
		tdx_cache_free(tdx_cache);
	}
	if (n == 0)
		skip();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_spelling_means_the_same),
	        cmocka_unit_test(malformed_files_are_refused),
	        cmocka_unit_test(limits),
	        cmocka_unit_test(every_field_of_the_frame),
	        cmocka_unit_test(strange_names_are_escaped),
	        cmocka_unit_test(recorded_evidence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
