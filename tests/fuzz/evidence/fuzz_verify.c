/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaches, with every signature good: the chains of both kinds with their
 * revocation lists, TCB info and QE identity, the convergence of the TCB and
 * the appraisal; behind a paravisor also the virtual TPM's quote, whose hashes
 * are put right here, since a fuzzer finds none. Input: parts as {kind u8, length be16, bytes}. The
 * root is whatever the parts end at. A second look through caches must not change the verdict.
 */
#include "base/rd.h"
#include "crypto/cert.h"
#include "evidence/verify.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* How many inputs came to the end: tests/unit/evidence/test_open.c asks. */
extern unsigned int fuzz_verify_accepted;
unsigned int fuzz_verify_accepted;

enum part {
	PART_SNP,
	PART_TDX,
	PART_CERT,
	PART_CRL,
	PART_TCB_INFO,
	PART_QE_IDENTITY,
	PART_RUNTIME, /* makes it evidence behind a paravisor */
	PART_MESSAGE,
	PART_SIGNATURE,
	PART_PCRS,
};
enum { CHAIN = 4, NOW = 1795500000, REPORT_DATA_AT = 0x50 };

static void
take_part(struct document *d, enum part kind, struct bytes b)
{
	struct endorsements *e = &d->endorsements;

	switch (kind) {
	case PART_SNP:
	case PART_TDX:
		d->tee = kind == PART_SNP ? TEE_SNP : TEE_TDX;
		d->evidence = b;
		break;
	case PART_CERT:
		if (e->n_certs < EVIDENCE_MAX_CERTS)
			e->certs[e->n_certs++] = b;
		break;
	case PART_CRL:
		if (e->n_crls < EVIDENCE_MAX_CRLS)
			e->crls[e->n_crls++] = b;
		break;
	case PART_TCB_INFO:
		e->tcb_info = b;
		break;
	case PART_QE_IDENTITY:
		e->qe_identity = b;
		break;
	case PART_RUNTIME:
		d->vtpm.runtime = b;
		break;
	case PART_MESSAGE:
		d->vtpm.message = b;
		break;
	case PART_SIGNATURE:
		d->vtpm.signature = b;
		break;
	case PART_PCRS:
		d->vtpm.pcrs = b;
		break;
	}
}

static struct hash256
root_of(struct cert **certs, size_t n)
{
	struct hash256 id = n > 0 ? cert_key_id(certs[n - 1]) : (struct hash256){{0}};

	for (size_t i = 0; i < n; i++)
		cert_free(certs[i]);
	return id;
}

static struct hash256
snp_root(const struct endorsements *e)
{
	struct cert *last[1];
	struct err err;

	if (e->n_certs == 0 || !is_ok(cert_parse_der(e->certs[e->n_certs - 1], last, &err)))
		return root_of(NULL, 0);
	return root_of(last, 1);
}

/* Also lets the quoting enclave vouch for the key: a fuzzer finds no hash. */
static struct hash256
tdx_root(struct bytes quote)
{
	struct cert *certs[CHAIN] = {NULL};
	struct verdict v = {0};
	struct tdx_quote q;
	struct hasher *h;
	struct err err;
	size_t n = 0;

	if (!is_ok(tdx_quote_parse(quote, &q, &v)))
		return root_of(NULL, 0);
	h = hasher_new(HASH_SHA256);
	hasher_add(h, q.attestation_key);
	hasher_add(h, q.qe_auth_data);
	hasher_final(h, (uint8_t *)(uintptr_t)q.qe_report.p + 320);
	hasher_free(h);
	if (!is_ok(cert_parse_pem(q.pck_pem, CHAIN, certs, &n, &err)))
		return root_of(NULL, 0);
	return root_of(certs, n);
}

/* REPORTDATA becomes the hash of the runtime data, the quote's digest that of the registers. */
static void
put_vtpm_right(struct document *d)
{
	struct hash256 runtime = sha256(d->vtpm.runtime);
	struct hash256 pcrs = sha256(d->vtpm.pcrs);
	struct bytes at = bytes_sub(d->evidence, REPORT_DATA_AT, REPORT_DATA_AT + 64);
	struct bytes end = d->vtpm.message;
	struct verdict v = {0};
	struct tdx_quote q;

	if (d->tee == TEE_TDX && is_ok(tdx_quote_parse(d->evidence, &q, &v)))
		at = q.report_data;
	d->tee = d->tee == TEE_TDX ? TEE_TDX_VTPM : TEE_SNP_VTPM;
	if (at.n == 64) {
		mem_zero((uint8_t *)(uintptr_t)at.p, 64);
		mem_copy((uint8_t *)(uintptr_t)at.p, runtime.b, sizeof runtime.b);
	}
	if (end.n >= sizeof pcrs.b)
		mem_copy((uint8_t *)(uintptr_t)(end.p + end.n - sizeof pcrs.b), pcrs.b,
		         sizeof pcrs.b);
}

static bool
same(const struct evidence_result *a, const struct evidence_result *b)
{
	return a->verdict.step == b->verdict.step && a->verdict.set == b->verdict.set &&
	       strcmp(a->verdict.reason, b->verdict.reason) == 0;
}

static void
judge(struct evidence_request *rq)
{
	struct snp_cache *cache = snp_cache_new();
	struct tdx_cache *tdx_cache = tdx_cache_new();
	static struct findings findings;
	static struct evidence_result cold, warm;

	evidence_verify(rq, &cold);
	fuzz_verify_accepted += verdict_accepted(&cold.verdict);
	rq->cache = cache;
	rq->tdx_cache = tdx_cache;
	rq->findings = &findings;
	for (int i = 0; i < 2; i++) {
		evidence_verify(rq, &warm);
		if (!same(&cold, &warm))
			abort();
	}
	snp_cache_free(cache);
	tdx_cache_free(tdx_cache);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_done) struct buf own = {0};
	static const uint8_t report_data[EVIDENCE_REPORT_DATA_SIZE];
	static const uint8_t mrtd[1][48];
	struct snp_reference snp[2] = {
	        {.has_trust_root = true,
	         .product = SNP_GENOA,
	         .guest_policy = {.smt = true},
	         .platform_info = {.smt = true, .ecc = true, .alias_check_complete = true}},
	};
	struct tdx_reference tdx = {.has_trust_root = true, .mrtd = mrtd, .n_mrtd = 1};
	struct reference_sets sets = {.snp = snp, .n_snp = 2, .tdx = &tdx, .n_tdx = 1};
	static const struct hash256 policy = {{1}};
	static const struct pcr_set registers = {.named = 1u << 4};
	const struct policy_list policies = {&policy, 1};
	struct document d = {0};
	struct evidence_request rq = {.flags = EVIDENCE_THOROUGH,
	                              .document = &d,
	                              .report_data = report_data,
	                              .references = &sets,
	                              .revocation = REVOCATION_OPTIONAL,
	                              .now = NOW};
	struct rd r;

	buf_add(&own, data, size);
	r = rd_init(buf_view(&own));
	while (rd_left(&r) > 3) {
		uint8_t kind = rd_u8(&r);
		struct bytes part = rd_bytes(&r, rd_be16(&r));

		if (rd_ok(&r) && kind <= PART_PCRS)
			take_part(&d, (enum part)kind, part);
	}
	if (d.evidence.n == 0)
		return 0;
	if (d.vtpm.runtime.n > 0) {
		put_vtpm_right(&d);
		snp[0].pcrs = tdx.pcrs = &registers;
		rq.policies = &policies;
	}
	if (tee_hardware(d.tee) == TEE_SNP)
		snp[0].trust_root = snp_root(&d.endorsements);
	else
		tdx.trust_root = tdx_root(d.evidence);
	snp[1] = snp[0];
	mem_copy(snp[1].csp_id, "CN=cc.example", sizeof "CN=cc.example");
	judge(&rq);
	return 0;
}
