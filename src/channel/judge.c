/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/judge.h"

#include "crypto/cert.h"
#include "evidence/snp/roots.h"
#include "manifest/reference.h"

/* Lists that a converted set borrows from the manifest, copied: the judge outlives it. */
static const void *
keep(struct arena *a, const void *p, size_t n)
{
	void *copy = n > 0 ? arena_alloc(a, n) : NULL; /* aligned, as arena_copy() is not */

	if (copy)
		mem_copy(copy, p, n);
	return copy;
}

#define KEEP_ONE(p) keep(&j->arena, (p), (p) ? sizeof *(p) : 0)

static void
convert_snp(struct judge *j, const struct manifest *m)
{
	struct snp_reference *sets = arena_array(&j->arena, m->n_snp, sizeof *sets);

	for (size_t i = 0; sets && i < m->n_snp; i++) {
		struct snp_reference *r = &sets[j->references.n_snp];

		/* Without them a set would name nothing: it is no set yet. */
		if (!m->snp[i].has_measurement || m->snp[i].product == MANIFEST_PRODUCT_NONE)
			continue;
		manifest_snp_reference(m, i, r);
		r->chip_ids = keep(&j->arena, r->chip_ids, r->n_chip_ids * sizeof *r->chip_ids);
		r->id_key_digest = KEEP_ONE(r->id_key_digest);
		r->author_key_digest = KEEP_ONE(r->author_key_digest);
		r->family_id = keep(&j->arena, r->family_id, r->family_id ? 16 : 0);
		r->image_id = keep(&j->arena, r->image_id, r->image_id ? 16 : 0);
		r->pcrs = KEEP_ONE(r->pcrs);
		j->references.n_snp++;
	}
	j->references.snp = sets;
}

static status
convert_tdx(struct judge *j, const struct manifest *m, struct err *err)
{
	struct tdx_reference *sets = arena_array(&j->arena, m->n_tdx, sizeof *sets);

	for (size_t i = 0; sets && i < m->n_tdx; i++) {
		struct tdx_reference *r = &sets[j->references.n_tdx];
		const struct manifest_tdx *t = &m->tdx[i];

		if (!t->has_mr_td || !t->has_mr_seam || !t->has_xfam || t->n_rtmrs != TDX_RTMRS)
			continue;
		TRY(manifest_tdx_reference(m, i, &j->arena, r, err));
		r->mrtd = keep(&j->arena, r->mrtd, r->n_mrtd * sizeof *r->mrtd);
		r->pcrs = KEEP_ONE(r->pcrs);
		r->piids = keep(&j->arena, r->piids, r->n_piids * sizeof *r->piids);
		j->references.n_tdx++;
	}
	j->references.tdx = sets;
	return OK;
}

static void
add_policies(struct judge *j, const struct manifest *m)
{
	struct hash256 *all = arena_array(&j->arena, m->n_policies, sizeof *all);
	struct hash256 *coordinators = arena_array(&j->arena, m->n_policies, sizeof *all);

	for (size_t i = 0; all && coordinators && i < m->n_policies; i++) {
		all[j->policies.n++] = m->policies[i].hash;
		if (m->policies[i].role == MANIFEST_ROLE_COORDINATOR)
			coordinators[j->coordinators.n++] = m->policies[i].hash;
	}
	j->policies.items = all;
	j->coordinators.items = coordinators;
}

status
judge_init(struct judge *j, const struct manifest *m, struct err *err)
{
	*j = (struct judge){0};
	arena_init(&j->arena, MANIFEST_MAX_BYTES);
	convert_snp(j, m);
	TRY(convert_tdx(j, m, err));
	add_policies(j, m);
	j->cache = snp_cache_new();
	j->tdx_cache = tdx_cache_new();
	TRY(arena_check(&j->arena, err));
	if (j->references.n_snp + j->references.n_tdx == 0)
		return err_set(
		        err, ERR_UNSUPPORTED, "E-JUDGE-001",
		        "the manifest has no reference values of a kind that is verified here");
	return OK;
}

void
judge_done(struct judge *j)
{
	snp_cache_free(j->cache);
	tdx_cache_free(j->tdx_cache);
	arena_done(&j->arena);
	*j = (struct judge){0};
}

/* Whatever was signed and accepted was signed before now. */
static int64_t
floor_of(const struct judgement *j)
{
	int64_t newest = 0;

	for (size_t i = 0; i < j->n_marks; i++)
		newest = MAX(newest, j->marks[i].issued);
	return newest;
}

status
judge_evidence(const struct judge *j, const struct document *d, enum judge_role role,
               const struct hash512 *report_data, int64_t now, struct judgement *ret,
               struct verdict *v, struct err *err)
{
	struct evidence_request request = {
	        .document = d,
	        .report_data = report_data->b,
	        .references = &j->references,
	        .policies = role == JUDGE_COORDINATOR ? &j->coordinators : &j->policies,
	        .revocation = REVOCATION_REQUIRED,
	        .now = now,
	        .cache = j->cache,
	        .tdx_cache = j->tdx_cache,
	};
	struct evidence_result result;

	*ret = (struct judgement){0};
	evidence_verify(&request, &result);
	*v = result.verdict;
	if (!verdict_accepted(v))
		return verdict_status(v, err);
	ret->policy = result.policy;
	ret->root_key = result.root_key;
	ret->n_marks = marks_of(d, &result.root_key, now, ret->marks);
	ret->floor = floor_of(ret);
	return OK;
}

static status
claimed_by_quote(const struct document *d, struct hash256 *ret, struct err *err)
{
	struct verdict v = {0};
	struct tdx_quote q;

	if (!is_ok(tdx_quote_parse(d->evidence, &q, &v)))
		return verdict_status(&v, err);
	mem_copy(ret->b, q.mrconfigid.p, sizeof ret->b);
	return OK;
}

/* A register is a hash of the policy's: the document has to name it. */
static status
claimed_by_vtpm(const struct document *d, struct hash256 *ret, struct err *err)
{
	if (d->vtpm.policy.n != sizeof ret->b)
		return err_set(err, ERR_REJECTED, "E-EVIDENCE-100",
		               "evidence of type %s does not say which policy it is of",
		               tee_name(d->tee));
	mem_copy(ret->b, d->vtpm.policy.p, sizeof ret->b);
	return OK;
}

status
judge_claimed_policy(const struct document *d, struct hash256 *ret, struct err *err)
{
	struct verdict v = {0};
	struct snp_report report;

	if (tee_has_vtpm(d->tee))
		return claimed_by_vtpm(d, ret, err);
	if (d->tee == TEE_TDX)
		return claimed_by_quote(d, ret, err);
	if (!is_ok(snp_report_parse(d->evidence, &report, &v)))
		return verdict_status(&v, err);
	mem_copy(ret->b, report.host_data, sizeof ret->b);
	return OK;
}

/* Does the quote's chain end, validly, at a root that is not Intel's? */
static bool
quote_of_other_root(const struct document *d, int64_t now)
{
	struct cert *certs[4] = {NULL};
	struct verdict v = {0};
	struct tdx_quote q;
	bool other = false;
	size_t n = 0;

	if (!is_ok(tdx_quote_parse(d->evidence, &q, &v)) ||
	    !is_ok(cert_parse_pem(q.pck_pem, COUNT_OF(certs), certs, &n, NULL)))
		return false;
	for (size_t i = 0; i < n; i++) {
		CLEANUP(tdx_chain_done) struct tdx_chain chain = {0};
		struct hash256 id = cert_key_id(certs[i]);

		other |= is_ok(cert_signed_by(certs[i], certs[i], NULL)) &&
		         !hash256_equal(&id, &tdx_intel_root) &&
		         is_ok(tdx_chain_open(q.pck_pem, &d->endorsements, &id, false, now, &chain,
		                              &v));
	}
	for (size_t i = 0; i < n; i++)
		cert_free(certs[i]);
	return other;
}

/* Signed under this root, whatever else is wrong with it? */
static bool
signed_under(const struct document *d, const struct hash256 *root, int64_t now)
{
	static const uint8_t zeros[EVIDENCE_REPORT_DATA_SIZE];
	struct snp_reference sets[SNP_PRODUCTS] = {0};
	struct reference_sets references = {.snp = sets, .n_snp = SNP_PRODUCTS};
	struct evidence_request request = {
	        .flags = EVIDENCE_THOROUGH,
	        .document = d,
	        .report_data = zeros,
	        .references = &references,
	        .revocation = REVOCATION_OPTIONAL,
	        .now = now,
	};
	struct evidence_result result;

	for (int i = 0; i < SNP_PRODUCTS; i++) {
		sets[i].product = (enum snp_product)i;
		sets[i].has_trust_root = true;
		sets[i].trust_root = *root;
	}
	evidence_verify(&request, &result);
	return result.verdict.step > STEP_SIGNATURE;
}

uint64_t
judge_vendor_root(const struct document *d, int64_t now)
{
	if (tee_hardware(d->tee) == TEE_TDX)
		return quote_of_other_root(d, now) ? 0 : 1;
	for (size_t i = 0; i < d->endorsements.n_certs; i++) {
		CLEANUP(cert_drop) struct cert *c = NULL;
		struct hash256 id;

		if (!is_ok(cert_parse_der(d->endorsements.certs[i], &c, NULL)) ||
		    !is_ok(cert_signed_by(c, c, NULL)))
			continue;
		id = cert_key_id(c);
		if (!snp_is_vendor_root(&id) && signed_under(d, &id, now))
			return 0;
	}
	return 1;
}
