/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/advisor_parts.h"

/* ---- authentic? ---- */

/*
 * Everything up to the binding was in order; what comes behind is what the
 * platform is worth, and that is the advisor's own question.
 */
static bool
is_authentic(const struct verdict *v)
{
	return verdict_accepted(v) || v->step >= STEP_PLATFORM;
}

/* The root of the set that came closest, when the vendor's own is not where the chain leads. */
static const struct hash256 *
root_of_set(const struct reference_sets *refs, enum tee tee, int32_t set)
{
	if (set < 0)
		return NULL;
	if (tee == TEE_SNP)
		return refs->snp[set].has_trust_root ? &refs->snp[set].trust_root : NULL;
	return refs->tdx[set].has_trust_root ? &refs->tdx[set].trust_root : NULL;
}

void
advisor_judge(const struct advisor_request *rq, const struct document *d, struct advisor_trust *ret)
{
	struct evidence_request ask = {
	        .scope = EVIDENCE_AUTHENTIC,
	        .flags = EVIDENCE_THOROUGH,
	        .document = d,
	        .revocation = REVOCATION_OPTIONAL,
	        .now = rq->now,
	};
	struct evidence_result result;

	*ret = (struct advisor_trust){0};
	evidence_verify(&ask, &result);
	ret->verdict = result.verdict;
	ret->authentic = is_authentic(&result.verdict);
	if (!ret->authentic && rq->references) {
		ask.references = rq->references;
		evidence_verify(&ask, &result);
		ret->authentic = is_authentic(&result.verdict);
		/* What came further says more: a chain to a set's root is none to the vendor's. */
		if (result.verdict.step > ret->verdict.step)
			ret->verdict = result.verdict;
		if (ret->authentic)
			ret->root = root_of_set(rq->references, tee_hardware(d->tee),
			                        result.verdict.set);
	}
	/* A chain or list that is not at hand proves nothing, a wrong signature does. */
	ret->counted = ret->authentic ||
	               (rq->count_unverified &&
	                (ret->verdict.step == STEP_CHAIN || ret->verdict.step == STEP_REVOCATION));
}

/* ---- common members ---- */

struct value
advisor_platform(struct arena *a, const struct advisor_item *item, const char *type,
                 const struct advisor_trust *t)
{
	struct value o = json_object();

	json_put(a, &o, "file", json_copy_string(a, bytes_str(item->name)));
	json_put(a, &o, "type", json_cstr(type));
	json_put(a, &o, "authentic", json_bool(t->authentic));
	json_put(a, &o, "counted", json_bool(t->counted));
	if (!t->authentic) {
		json_put(a, &o, "reason", json_copy_string(a, bytes_str(t->verdict.reason)));
		json_put(a, &o, "detail", json_copy_string(a, bytes_str(t->verdict.detail)));
	}
	return o;
}

void
advisor_behind(struct buf *out, const char *what, unsigned int have, unsigned int newest)
{
	if (have < newest)
		buf_printf(out, "%s%s %u of %u", out->n > 0 ? ", " : "", what, have, newest);
}

void
advisor_advise(struct arena *a, struct value *list, const struct buf *causes, const char *action)
{
	if (causes->n > 0)
		json_add(a, list,
		         json_string(
		                 arena_printf(a, "%.*s: %s", BYTES_ARG(buf_view(causes)), action)));
}

void
advisor_source(struct arena *a, struct value *list, const char *figure, struct bytes source)
{
	struct value o = json_object();

	json_put(a, &o, "figure", json_cstr(figure));
	json_put(a, &o, "source", json_string(source));
	json_add(a, list, o);
}

/* ---- the whole ---- */

/*
 * AMD's bulletins give minima in tables for people, model by model; there is no
 * form of them that a program could read, and copied figures would age unseen.
 */
static struct value
vendors(struct arena *a)
{
	static const char amd[] =
	        "no figures of AMD's are built in: its minima are in the tables of its security "
	        "bulletins, among them AMD-SB-3015 (memory aliasing), AMD-SB-3019 and AMD-SB-7033 "
	        "(microcode signatures), at https://www.amd.com/en/resources/product-security.html";
	static const char intel[] =
	        "levels, dates and advisories are those of the TCB info and QE identity that came "
	        "with each quote; Intel names its advisories at "
	        "https://www.intel.com/content/www/us/en/security-center/default.html";
	struct value o = json_object();

	json_put(a, &o, "amd", json_cstr(amd));
	json_put(a, &o, "intel", json_cstr(intel));
	return o;
}

status
advisor_run(struct arena *a, const struct advisor_request *rq, struct value *ret, struct err *err)
{
	struct value o = json_object(), platforms = json_array(), fleets = json_array();

	if (rq->n > ADVISOR_MAX)
		return err_set(err, ERR_LIMIT, "E-EVIDENCE-055", "%zu files, %d at most", rq->n,
		               ADVISOR_MAX);
	advisor_snp(a, rq, &platforms, &fleets);
	advisor_tdx(a, rq, &platforms, &fleets);
	json_put(a, &o, "time", json_time(a, rq->now));
	json_put(a, &o, "platforms", platforms);
	json_put(a, &o, "fleets", fleets);
	json_put(a, &o, "vendors", vendors(a));
	TRY(arena_check(a, err));
	*ret = o;
	return OK;
}
