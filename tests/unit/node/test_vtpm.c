/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session on a guest behind a paravisor, on any machine: the software
 * processor in both shapes signs what the paravisor asks for, a made-up virtual
 * TPM quotes, and the judge of sessions decides by a manifest.
 */
#include "../evidence/mint_vtpm.h"
#include "base/text.h"
#include "channel/judge.h"
#include "evidence/azure/vtpm.h"
#include "node/processor.h"
#include "node/quoter.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOW = 1795500000 };

static char state_dir[64] = "/tmp/contrast-vtpm-XXXXXX";
static struct processor *processor;
static struct quoter *quoter;
static struct mint_vtpm vtpm, other;
static const struct hash384 paravisor = {{0x5a}};

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	assert_non_null(mkdtemp(state_dir));
	assert_ok(processor_open(state_dir, PROCESSOR_GENOA, NOW, &processor, &err));
	assert_ok(quoter_open(state_dir, NOW, &quoter, &err));
	mint_vtpm_init(&vtpm, 2048);
	mint_vtpm_init(&other, 2048);
	return 0;
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	processor_free(processor);
	quoter_free(quoter);
	mint_vtpm_done(&vtpm);
	mint_vtpm_done(&other);
	snprintf(command, sizeof command, "rm -rf '%s'", state_dir);
	return system(command);
}

/* ---- evidence ---- */

struct guest_parts {
	enum tee tee;
	struct buf hardware, message, signature;
	struct document document;
	struct mint_quote quote;
	struct hash256 extra;
	uint8_t registers[VTPM_PCRS_SIZE];
};

static void
paravisor_asks(struct guest_parts *g, const uint8_t report_data[64])
{
	struct guest_launch launch = {.measurement = paravisor, .policy = guest_policy_default};
	struct td_launch td = {.registers = {.mrtd = paravisor}};
	struct endorsements *e = &g->document.endorsements;
	struct guest *guest;
	struct err err;

	if (g->tee == TEE_TDX_VTPM) {
		assert_ok(quoter_quote(quoter, &td, 4, report_data, &g->hardware, &err));
		assert_ok(quoter_endorse(quoter, NOW, e, &err));
		return;
	}
	assert_ok(guest_launch(processor, &launch, &guest, &err));
	assert_ok(guest_report(guest, report_data, 0, &g->hardware, &err));
	guest_free(guest);
	e->certs[e->n_certs++] = processor_vcek(processor);
	e->certs[e->n_certs++] = processor_ask(processor);
	e->certs[e->n_certs++] = processor_ark(processor);
	assert_ok(processor_crl(processor, NOW, &e->crls[e->n_crls++], &err));
}

static struct hash512
session_of(enum tee tee, const char *what)
{
	struct hash256 nonce = sha256(bytes_str(what)), key = sha256(BYTES("key"));
	struct binding b = binding_attest(tee, nonce.b, &key, nonce.b, BYTES("state"));

	return binding_leaf(&b);
}

static void
seal(struct guest_parts *g, const struct mint_vtpm *signer)
{
	buf_reset(&g->message);
	buf_reset(&g->signature);
	mint_quote_message(&g->quote, &g->message);
	mint_quote_sign(signer, &g->quote, buf_view(&g->message), &g->signature);
	for (size_t i = 0; i < TPM_PCRS; i++)
		mem_copy(g->registers + 32 * i, g->quote.pcrs[i].b, 32);
	g->document.vtpm.message = buf_view(&g->message);
	g->document.vtpm.signature = buf_view(&g->signature);
	g->document.vtpm.pcrs = bytes_of(g->registers, sizeof g->registers);
}

static void
guest_open(struct guest_parts *g, enum tee tee, const char *policy)
{
	struct hash256 runtime = sha256(buf_view(&vtpm.runtime)), hash = sha256(bytes_str(policy));
	struct hash512 session = session_of(tee, "session");
	uint8_t report_data[64] = {0};

	*g = (struct guest_parts){.tee = tee, .document = {.tee = tee}};
	mem_copy(report_data, runtime.b, sizeof runtime.b);
	paravisor_asks(g, report_data);
	g->document.evidence = buf_view(&g->hardware);
	g->document.vtpm.runtime = buf_view(&vtpm.runtime);
	g->extra = binding_vtpm(session.b);
	g->quote = mint_quote_default(hash256_view(&g->extra), hash256_view(&hash));
	seal(g, &vtpm);
}

static void
guest_done(struct guest_parts *g)
{
	buf_done(&g->hardware);
	buf_done(&g->message);
	buf_done(&g->signature);
}

/* ---- the manifest ---- */

static void
put_pcrs(struct buf *out)
{
	struct mint_quote q = mint_quote_default(BYTES(""), (struct bytes){NULL, 0});

	buf_str(out, "\"Pcrs\":{\"4\":\"");
	hex_encode(hash256_view(&q.pcrs[4]), out);
	buf_str(out, "\",\"11\":\"");
	hex_encode(hash256_view(&q.pcrs[11]), out);
	buf_str(out, "\"}");
}

static void
snp_values(struct buf *out)
{
	const struct processor_facts *f = processor_get_facts(processor);
	struct hash256 root = processor_trust_root(processor);

	buf_str(out, "{\"snp\":[{\"ProductName\":\"Genoa\",\"TrustedMeasurement\":\"");
	hex_encode(hash384_view(&paravisor), out);
	buf_printf(out,
	           "\",\"MinimumTCB\":{\"BootloaderVersion\":%u,\"TEEVersion\":%u,\"SNPVersion\":"
	           "%u,\"MicrocodeVersion\":%u},\"TrustRoot\":\"",
	           f->tcb.bootloader, f->tcb.tee, f->tcb.snp, f->tcb.microcode);
	hex_encode(hash256_view(&root), out);
	buf_str(out, "\",");
	put_pcrs(out);
	buf_str(out, "}]}");
}

static void
tdx_values(struct buf *out)
{
	CLEANUP(buf_done) struct buf plain = {0};
	const struct td_launch td = {.registers = {.mrtd = paravisor}};
	struct err err;
	size_t at;

	assert_ok(quoter_reference_json(quoter, BYTES("test"), &td, &plain, &err));
	at = bytes_find(buf_view(&plain), BYTES("\"MrTd\""), 0);
	buf_bytes(out, bytes_sub(buf_view(&plain), 0, at));
	put_pcrs(out);
	buf_str(out, ",");
	buf_bytes(out, bytes_sub(buf_view(&plain), at, plain.n));
}

/* The judge outlives the manifest, as in the Coordinator. */
static void
judge_of(enum tee tee, const char *policy, struct judge *ret)
{
	CLEANUP(buf_done) struct buf json = {0};
	CLEANUP(key_drop) struct key *owner = key_generate(KEY_P384, 0);
	CLEANUP(faults_done) struct faults faults = {0};
	CLEANUP(manifest_drop) struct manifest *m = manifest_new();
	struct manifest_policy p = {.hash = sha256(bytes_str(policy)),
	                            .role = MANIFEST_ROLE_COORDINATOR};
	struct err err;

	m->insecure = true;
	if (tee == TEE_TDX_VTPM)
		tdx_values(&json);
	else
		snp_values(&json);
	assert_ok(manifest_add_reference_values(m, buf_view(&json), &faults, &err));
	assert_ok(manifest_add_policy(m, &p, &err));
	assert_ok(manifest_add_owner(m, owner, &err));
	assert_int_equal(manifest_validate(m, &faults), 0);
	assert_ok(judge_init(ret, m, &err));
}

/* ---- sessions ---- */

enum change {
	NOTHING,
	POLICY_NAMED,
	OTHER_POLICY_NAMED,
	OTHER_SESSION,
	BOUND_FOR_A_BARE_REPORT,
	OTHER_POLICY,
	OTHER_KERNEL,
	OTHER_GUESTS_RUNTIME,
	OTHER_TPM,
	NO_QUOTE,
	BARE,
	CHANGES,
};

static const char *const reasons[CHANGES] = {
        [OTHER_POLICY_NAMED] = "tpm/policy",
        [OTHER_SESSION] = "tpm/nonce",
        [BOUND_FOR_A_BARE_REPORT] = "tpm/nonce",
        [OTHER_POLICY] = "tpm/policy",
        [OTHER_KERNEL] = "tpm/pcr",
        [OTHER_GUESTS_RUNTIME] = "tpm/runtime",
        [OTHER_TPM] = "tpm/signature",
        [NO_QUOTE] = "tpm/missing",
        [BARE] = "report-data",
};

static struct hash256 named;

static void
apply(enum change c, struct guest_parts *g)
{
	struct hash512 session = session_of(g->tee, "session");

	named = sha256(c == POLICY_NAMED ? BYTES("document") : BYTES("another"));
	if (c == POLICY_NAMED || c == OTHER_POLICY_NAMED)
		g->document.vtpm.policy = hash256_view(&named);
	if (c == BOUND_FOR_A_BARE_REPORT) {
		session = session_of(tee_hardware(g->tee), "session");
		g->extra = binding_vtpm(session.b);
	}
	if (c == OTHER_KERNEL)
		g->quote.pcrs[11].b[5] ^= 4;
	if (c == OTHER_GUESTS_RUNTIME)
		g->document.vtpm.runtime = buf_view(&other.runtime);
	seal(g, c == OTHER_TPM ? &other : &vtpm);
	if (c == NO_QUOTE)
		g->document.vtpm.message = (struct bytes){NULL, 0};
	if (c == BARE)
		g->document.tee = tee_hardware(g->tee);
}

static void
sessions(void **state)
{
	static const enum tee tees[] = {TEE_SNP_VTPM, TEE_TDX_VTPM};

	(void)state;
	for (size_t i = 0; i < 2 * (size_t)CHANGES; i++) {
		enum tee tee = tees[i / CHANGES];
		enum change c = (enum change)(i % CHANGES);
		struct hash512 session =
		        session_of(tee, c == OTHER_SESSION ? "another" : "session");
		CLEANUP(guest_done) struct guest_parts g;
		CLEANUP(judge_done) struct judge j;
		struct judgement judgement;
		struct verdict v = {0};
		struct err err = {0};
		struct hash256 policy = sha256(BYTES("document"));

		guest_open(&g, tee, c == OTHER_POLICY ? "another" : "document");
		judge_of(tee, "document", &j);
		apply(c, &g);
		if (is_ok(judge_evidence(&j, &g.document, JUDGE_COORDINATOR, &session, NOW,
		                         &judgement, &v, &err)) != !reasons[c])
			fail_msg("%s, change %d: %s: %s", tee_name(tee), (int)c, v.reason,
			         v.detail);
		if (reasons[c]) {
			if (!strstr(v.reason, reasons[c]))
				fail_msg("%s, change %d: got %s (%s), want %s", tee_name(tee),
				         (int)c, v.reason, v.detail, reasons[c]);
			continue;
		}
		assert_true(hash256_equal(&judgement.policy, &policy));
	}
}

/* What a pod or Coordinator learns about itself: the policy that its evidence names, or nothing. */
static void
own_policy(void **state)
{
	static const enum tee tees[] = {TEE_SNP_VTPM, TEE_TDX_VTPM};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(tees); i++) {
		CLEANUP(guest_done) struct guest_parts g;
		struct hash256 got;
		struct err err = {0};

		guest_open(&g, tees[i], "document");
		assert_fails(judge_claimed_policy(&g.document, &got, &err), "E-EVIDENCE-100");
		apply(POLICY_NAMED, &g);
		assert_ok(judge_claimed_policy(&g.document, &got, &err));
		assert_true(hash256_equal(&got, &named));
		assert_int_equal(judge_vendor_root(&g.document, NOW), 0);
	}
}

/* Bits of a TD's evidence (SNP's: test_vtpm.c of evidence). Free is what test_tdx.c lists. */
static void
bits_of_a_tds_evidence(void **state)
{
	size_t step = getenv("CONTRAST_WALK") ? 1 : 61;
	CLEANUP(guest_done) struct guest_parts g;
	CLEANUP(judge_done) struct judge j;
	struct hash512 session = session_of(TEE_TDX_VTPM, "session");
	const size_t signed_bytes = 48 + 584 + 4 + 582; /* header, body, both signatures */
	struct bytes parts[5];

	(void)state;
	guest_open(&g, TEE_TDX_VTPM, "document");
	judge_of(TEE_TDX_VTPM, "document", &j);
	parts[0] = bytes_sub(g.document.evidence, 0, signed_bytes);
	parts[1] = g.document.vtpm.runtime;
	parts[2] = g.document.vtpm.message;
	parts[3] = g.document.vtpm.signature;
	parts[4] = g.document.vtpm.pcrs;
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		uint8_t *p = (uint8_t *)(uintptr_t)parts[i].p;

		for (size_t bit = i; bit < parts[i].n * 8; bit += step) {
			struct judgement judgement;
			struct verdict v = {0};
			struct err err;

			p[bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (is_ok(judge_evidence(&j, &g.document, JUDGE_ANY_POLICY, &session, NOW,
			                         &judgement, &v, &err)))
				fail_msg("part %zu, bit %zu", i, bit);
			p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(sessions),
	        cmocka_unit_test(own_policy),
	        cmocka_unit_test(bits_of_a_tds_evidence),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
