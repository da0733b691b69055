/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifications of evidence per second, chain cached and cold, beside the rate
 * that the signatures alone would allow: raw OpenSSL verifications of digests,
 * measured in turns with ours so that a noisy machine treats both alike.
 */
#include "../../unit/evidence/mint.h"
#include "../measure.h"
#include "allocations.h"
#include "base/clock.h"
#include "base/file.h"
#include "crypto/ossl.h"
#include "evidence/intake.h"

#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROUNDS = 61,
	SIGNED_BYTE = 0x90, /* of a report's measurement; of a quote, of MRSIGNERSEAM */
};
static const uint64_t ROUND_NS = 20 * 1000 * 1000; /* short: both sides see the same noise */

/* The ratio is that of the rounds, each beside its own peer, so slow moments of the machine cancel.
 */
static void
print(const char *figure, const double *ours, const char *peer, const double *theirs,
      const char *why)
{
	double ratios[ROUNDS], a[ROUNDS], b[ROUNDS], seconds, peer_seconds, ratio;

	for (size_t i = 0; i < ROUNDS; i++) {
		ratios[i] = theirs[i] / ours[i];
		a[i] = ours[i];
		b[i] = theirs[i];
	}
	seconds = median(a, ROUNDS);
	peer_seconds = median(b, ROUNDS);
	ratio = median(ratios, ROUNDS);
	printf("{\"bench\":\"evidence\",\"figure\":\"%s\",\"value\":%.0f,\"unit\":\"/s\","
	       "\"peer\":\"%s\",\"peer_value\":%.0f,\"ratio\":%.3f,\"goal\":0.9,\"met\":%s",
	       figure, 1 / seconds, peer, 1 / peer_seconds, ratio, ratio >= 0.9 ? "true" : "false");
	if (ratio < 0.9)
		printf(",\"why\":\"%s\"", why);
	printf("}\n");
	fflush(stdout);
}

/* ---- raw verifications: the floor ---- */

struct raw {
	EVP_PKEY_CTX *ctx;
	struct buf spki; /* the key as a certificate brings it */
	uint8_t digest[SHA384_SIZE];
	size_t digest_n;
	uint8_t sig[1024];
	size_t sig_n;
};

static void
raw_pss(EVP_PKEY_CTX *ctx)
{
	need(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	             EVP_PKEY_CTX_set_signature_md(ctx, ossl_md(HASH_SHA384)) == 1 &&
	             EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, 48) == 1,
	     "PSS contexts");
}

static void
raw_init(struct raw *r, const struct key *k, size_t digest_n)
{
	EVP_PKEY_CTX *sign = EVP_PKEY_CTX_new_from_pkey(NULL, key_evp(k), NULL);

	key_spki(k, &r->spki);
	r->digest_n = digest_n;
	random_bytes(r->digest, digest_n);
	r->sig_n = sizeof r->sig;
	r->ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key_evp(k), NULL);
	need(EVP_PKEY_sign_init(sign) == 1 && EVP_PKEY_verify_init(r->ctx) == 1, "raw contexts");
	if (key_kind(k) == KEY_RSA) {
		raw_pss(sign);
		raw_pss(r->ctx);
	}
	need(EVP_PKEY_sign(sign, r->sig, &r->sig_n, r->digest, digest_n) == 1, "raw signature");
	EVP_PKEY_CTX_free(sign);
}

static void
raw_step(void *state)
{
	struct raw *r = state;

	need(EVP_PKEY_verify(r->ctx, r->sig, r->sig_n, r->digest, r->digest_n) == 1, "raw verify");
}

/*
 * The same by a key that is seen for the first time: what a certificate's signature takes whoever
 * verifies it with this library, without reading the certificate.
 */
static void
raw_new_step(void *state)
{
	struct raw *r = state;
	CLEANUP(key_drop) struct key *k = NULL;
	EVP_PKEY_CTX *ctx;
	struct err err;

	need(is_ok(key_parse_spki(buf_view(&r->spki), &k, &err)), "raw key");
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key_evp(k), NULL);
	need(ctx && EVP_PKEY_verify_init(ctx) == 1, "raw contexts");
	if (key_kind(k) == KEY_RSA)
		raw_pss(ctx);
	need(EVP_PKEY_verify(ctx, r->sig, r->sig_n, r->digest, r->digest_n) == 1, "raw verify");
	EVP_PKEY_CTX_free(ctx);
}

static void
raw_done(struct raw *r)
{
	EVP_PKEY_CTX_free(r->ctx);
	buf_done(&r->spki);
}

/* ---- ours ---- */

static void
verify_step(void *state)
{
	struct evidence_result res;

	evidence_verify(state, &res);
	need(verdict_accepted(&res.verdict), res.verdict.detail);
}

/*
 * Where instructions are counted, BENCH_EVIDENCE_ONLY names one kind of step and
 * BENCH_EVIDENCE_TURNS how often it is done; nothing is timed or printed then.
 */
static bool
only_turns(const char *name, step_fn *step, void *state)
{
	const char *only = getenv("BENCH_EVIDENCE_ONLY"), *turns = getenv("BENCH_EVIDENCE_TURNS");

	if (only && strcmp(only, name) == 0)
		for (int i = 0; turns && i < atoi(turns); i++)
			step(state);
	return only != NULL;
}

/* What one verification with everything cached asks the system for; nothing of ours. */
static void
count_allocations(const char *tee, struct evidence_request *rq)
{
	enum { TURNS = 16 };
	struct allocations from = allocations_so_far(), to;
	double ours, openssl;

	for (int i = 0; i < TURNS; i++)
		verify_step(rq);
	to = allocations_so_far();
	ours = (double)(to.ours - from.ours) / TURNS;
	openssl = (double)(to.openssl - from.openssl) / TURNS;
	printf("{\"bench\":\"evidence\",\"figure\":\"%s cached: allocations of "
	       "ours\",\"value\":%.2f,"
	       "\"unit\":\"\",\"peer\":\"OpenSSL's\",\"peer_value\":%.2f,\"ratio\":0,\"goal\":0,"
	       "\"met\":%s}\n",
	       tee, ours, openssl, ours > 0 ? "false" : "true");
	fflush(stdout);
}

struct snp_bench {
	struct mint mint;
	struct mint_leaf leaf;
	struct snp_report report;
	struct snp_reference set;
	struct reference_sets refs;
	struct hash256 policy;
	struct policy_list policies;
	struct document doc;
	struct evidence_request rq;
	uint8_t wire[SNP_REPORT_SIZE];
	struct cert *vek;
	struct buf crl;
};

static void
snp_init(struct snp_bench *b)
{
	struct endorsements *e = &b->doc.endorsements;

	mint_init(&b->mint);
	b->leaf = mint_leaf_default(&b->mint, SNP_SIGNED_VCEK);
	b->report = mint_report(&b->mint, &b->leaf, 5);
	b->set = mint_reference(&b->mint, &b->report);
	mem_copy(b->policy.b, b->report.host_data, 32);
	b->policies = (struct policy_list){&b->policy, 1};
	b->refs = (struct reference_sets){.snp = &b->set, .n_snp = 1};
	mint_sign(&b->mint, &b->report, b->wire);
	b->vek = mint_vek(&b->mint, &b->leaf);
	mint_crl(&b->mint, false, MINT_NOW - MINT_DAY, MINT_NOW + MINT_DAY, &b->crl);
	e->certs[0] = cert_der(b->vek);
	e->certs[1] = cert_der(b->mint.ask);
	e->certs[2] = cert_der(b->mint.ark);
	e->n_certs = 3;
	e->crls[0] = buf_view(&b->crl);
	e->n_crls = 1;
	b->doc.tee = TEE_SNP;
	b->doc.evidence = bytes_of(b->wire, sizeof b->wire);
	b->rq = (struct evidence_request){
	        .document = &b->doc,
	        .report_data = b->report.report_data,
	        .references = &b->refs,
	        .policies = &b->policies,
	        .now = MINT_NOW,
	};
}

static void
bench_snp(void)
{
	static struct snp_bench b;
	struct snp_cache *cache = snp_cache_new();
	struct raw p384 = {0}, rsa = {0};
	static double hot[ROUNDS], cold[ROUNDS], ec[ROUNDS], all[ROUNDS], fresh[ROUNDS];
	bool counting;

	snp_init(&b);
	raw_init(&p384, b.mint.vek_key, SHA384_SIZE);
	raw_init(&rsa, b.mint.ark_key, SHA384_SIZE);
	b.rq.cache = cache;
	verify_step(&b.rq);
	counting = only_turns("snp_hot", verify_step, &b.rq);
	if (!counting)
		count_allocations("SNP", &b.rq);
	b.rq.cache = NULL;
	counting |= only_turns("snp_cold", verify_step, &b.rq);
	counting |= only_turns("snp_raw_ecdsa", raw_step, &p384);
	counting |= only_turns("snp_raw_rsa", raw_step, &rsa);
	for (size_t i = 0; i < ROUNDS && !counting; i++) {
		b.rq.cache = cache;
		hot[i] = one_round(verify_step, &b.rq, ROUND_NS);
		ec[i] = one_round(raw_step, &p384, ROUND_NS);
		b.rq.cache = NULL;
		cold[i] = one_round(verify_step, &b.rq, ROUND_NS);
		/* Leaf, ASK, the root's own, and the revocation list. */
		all[i] = ec[i] + 4 * one_round(raw_step, &rsa, ROUND_NS);
		/* The leaf's key, the ASK's, the ARK's; the ARK is asked three times. */
		fresh[i] = one_round(raw_new_step, &p384, ROUND_NS) +
		           2 * one_round(raw_new_step, &rsa, ROUND_NS) + (all[i] - ec[i]) / 2;
	}
	if (!counting) {
		print("SNP reports verified, chain cached", hot, "raw P-384 verify", ec, "noise");
		print("SNP reports verified, chain cold", cold, "raw P-384 + 4 RSA-4096-PSS verify",
		      all, "reading three certificates and a list; keys seen for the first time");
		print("SNP reports verified, chain cold, keys new", cold,
		      "the same verifications, three keys decoded", fresh,
		      "reading three certificates and a list");
	}
	snp_cache_free(cache);
	raw_done(&p384);
	raw_done(&rsa);
	cert_free(b.vek);
	buf_done(&b.crl);
	mint_done(&b.mint);
}

/* ---- real evidence, for the peers that beside.py runs on the same files ---- */

static bool
read_data(struct arena *a, const char *name, struct bytes *ret)
{
	CLEANUP(buf_done) struct buf b = {0};
	const char *root = getenv("CONTRAST_SHARED_DATA");
	char path[4096];
	struct err err;

	snprintf(path, sizeof path, "%s/vectors/%s", root ? root : "../shared/data", name);
	if (!is_ok(file_read(path, INTAKE_MAX, &b, &err)))
		return false;
	*ret = arena_copy(a, buf_view(&b));
	return true;
}

static void
leave_file(const char *tee, const char *what, struct bytes text)
{
	const char *folder = getenv("BENCH_EVIDENCE_CASES");
	char path[4096];
	struct err err;

	if (!folder)
		return;
	snprintf(path, sizeof path, "%s/%s.%s", folder, tee, what);
	need(is_ok(file_write(path, text, 0644, &err)), path);
}

static double
least(const double *v)
{
	double best = v[0];

	for (size_t i = 1; i < ROUNDS; i++)
		best = MIN(best, v[i]);
	return best;
}

/*
 * From bytes to verdict, nothing kept: the time of the best round, and what peers need to do the
 * same. Evidence of which one signed bit is another must be refused; peers get that, too.
 */
static void
leave_case(const char *tee, const struct evidence_request *rq, const double *seconds)
{
	struct bytes evidence = rq->document->evidence;
	CLEANUP(arena_done) struct arena a = {0};
	struct bytes text = arena_copy(&a, evidence);
	struct document changed = *rq->document;
	struct evidence_request again = *rq;
	struct evidence_result res;

	((uint8_t *)(uintptr_t)text.p)[SIGNED_BYTE] ^= 1;
	changed.evidence = text;
	again.document = &changed;
	evidence_verify(&again, &res);
	need(!verdict_accepted(&res.verdict), "changed evidence is accepted");
	leave_file(tee, "evidence", evidence);
	leave_file(tee, "changed", text);
	leave_file(tee, "time", arena_printf(&a, "%lld", (long long)rq->now));
	printf("{\"bench\":\"evidence\",\"figure\":\"%s_verify\",\"value\":%.3f,\"unit\":\"us\","
	       "\"peer\":null,\"peer_value\":null,\"ratio\":null,\"goal\":null,\"met\":null}\n",
	       tee, 1e6 * least(seconds));
	fflush(stdout);
}

static void
bench_real_snp(void)
{
	static double cold[ROUNDS];
	CLEANUP(arena_done) struct arena a = {0};
	struct snp_reference set = {.product = SNP_MILAN,
	                            .sev_features = 1,
	                            .guest_policy = {.smt = true},
	                            .platform_info = {.smt = true, .tsme = true}};
	struct reference_sets refs = {.snp = &set, .n_snp = 1};
	struct hash256 policy;
	struct policy_list policies = {&policy, 1};
	struct document doc;
	struct evidence_request rq = {.document = &doc,
	                              .references = &refs,
	                              .policies = &policies,
	                              .revocation = REVOCATION_OPTIONAL};
	struct bytes report, vek, chain;
	struct snp_report r;
	struct verdict v = {0};
	struct err err;

	if (!read_data(&a, "snp/automata-snp-sdk/report.bin", &report) ||
	    !read_data(&a, "snp/automata-snp-sdk/output.vek.der", &vek) ||
	    !read_data(&a, "snp/go-sev-guest/ask_ark_milan.pem", &chain)) {
		fprintf(stderr, "bench: no SNP vectors here: skipped\n");
		return;
	}
	need(is_ok(intake_evidence(&a, report, &doc, &err)) &&
	             is_ok(intake_endorsements(&a, vek, &doc.endorsements, &err)) &&
	             is_ok(intake_endorsements(&a, chain, &doc.endorsements, &err)) &&
	             is_ok(snp_report_parse(doc.evidence, &r, &v)) &&
	             snp_tcb_decode(SNP_MILAN, r.launch_tcb, &set.minimum_tcb) &&
	             time_parse(BYTES("2026-11-20T00:00:00Z"), &rq.now),
	     "SNP vectors");
	mem_copy(set.measurement.b, r.measurement, sizeof r.measurement);
	mem_copy(policy.b, r.host_data, sizeof policy.b);
	rq.report_data = r.report_data;
	for (size_t i = 0; i < ROUNDS; i++)
		cold[i] = one_round(verify_step, &rq, ROUND_NS);
	leave_file("snp", "vek", vek);
	leave_file("snp", "chain", chain);
	leave_case("snp", &rq, cold);
}

/* ---- TDX: real quote and collateral, since nobody can mint Intel's ---- */

static void
bench_tdx(void)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(key_drop) struct key *k = key_generate(KEY_P256, 0);
	struct tdx_cache *cache;
	struct raw p256 = {0};
	static double hot[ROUNDS], cold[ROUNDS], two[ROUNDS], ten[ROUNDS];
	static double news[ROUNDS], fresh[ROUNDS], fresh_hot[ROUNDS];
	uint8_t mrtd[1][48];
	struct tdx_reference set = {.mrtd = (const uint8_t(*)[48])mrtd, .n_mrtd = 1};
	struct reference_sets refs = {.tdx = &set, .n_tdx = 1};
	struct document doc;
	struct bytes quote, collateral;
	struct verdict v = {0};
	struct tdx_quote q;
	struct evidence_request rq = {.document = &doc, .references = &refs};
	bool counting;
	struct err err;

	if (!read_data(&a, "tdx/dcap-qvl/tdx_quote", &quote) ||
	    !read_data(&a, "tdx/dcap-qvl/tdx_quote_collateral.json", &collateral)) {
		fprintf(stderr, "bench: no TDX vectors here: skipped\n");
		return;
	}
	need(is_ok(intake_evidence(&a, quote, &doc, &err)) &&
	             is_ok(intake_endorsements(&a, collateral, &doc.endorsements, &err)) &&
	             is_ok(tdx_quote_parse(doc.evidence, &q, &v)) &&
	             time_parse(BYTES("2025-07-01T00:00:00Z"), &rq.now),
	     "TDX vectors");
	mem_copy(mrtd[0], q.mrtd.p, sizeof mrtd[0]);
	set.xfam = q.xfam;
	set.xfam_mask = TDX_XFAM_DEFAULT_MASK;
	rq.report_data = q.report_data.p;
	raw_init(&p256, k, SHA256_SIZE);
	cache = tdx_cache_new();
	rq.tdx_cache = cache;
	verify_step(&rq);
	counting = only_turns("tdx_hot", verify_step, &rq);
	if (!counting)
		count_allocations("TDX", &rq);
	rq.tdx_cache = NULL;
	counting |= only_turns("tdx_cold", verify_step, &rq);
	counting |= only_turns("tdx_raw", raw_step, &p256);
	for (size_t i = 0; i < ROUNDS && !counting; i++) {
		rq.tdx_cache = cache;
		hot[i] = one_round(verify_step, &rq, ROUND_NS);
		two[i] = 2 * one_round(raw_step, &p256, ROUND_NS);
		rq.tdx_cache = NULL;
		cold[i] = one_round(verify_step, &rq, ROUND_NS);
		/* PCK, its CA, root, two lists, TCB signer, two statements, QE report, quote. */
		ten[i] = 5 * two[i];
		/* Five keys: root, PCK CA, PCK, TCB signer, attestation key. */
		news[i] = one_round(raw_new_step, &p256, ROUND_NS);
		fresh[i] = 5 * news[i] + ten[i] / 2;
		fresh_hot[i] = news[i] + two[i] / 2;
	}
	if (!counting) {
		print("TDX quotes verified, chain and collateral cached", hot, "2 raw P-256 verify",
		      two, "every quote brings its own key, which must be imported");
		print("TDX quotes verified, chain and collateral cached, key new", hot,
		      "the same verifications, one key decoded", fresh_hot, "noise");
		print("TDX quotes verified, cold", cold, "10 raw P-256 verify", ten,
		      "reading five certificates, two lists, two statements; importing five keys");
		print("TDX quotes verified, cold, keys new", cold,
		      "the same verifications, five keys decoded", fresh,
		      "reading five certificates, two lists, two statements");
	}
	leave_file("tdx", "collateral", collateral);
	if (!counting)
		leave_case("tdx", &rq, cold);
	tdx_cache_free(cache);
	raw_done(&p256);
}

int
main(void)
{
	const char *only = getenv("BENCH_EVIDENCE_ONLY");

	allocations_begin();
	if (!only || strncmp(only, "snp", 3) == 0)
		bench_snp();
	if (!only)
		bench_real_snp();
	if (!only || strncmp(only, "tdx", 3) == 0)
		bench_tdx();
	return 0;
}
