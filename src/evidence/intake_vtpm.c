/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/intake_vtpm.h"

#include "base/text.h"
#include "evidence/azure/hcl.h"
#include "evidence/intake.h"

#include <stdio.h>

enum { DEPTH = 16, HCL_MAX = HCL_HEADER + HCL_REPORT + HCL_RUNTIME_HEADER + VTPM_RUNTIME_MAX };

static status
malformed(struct err *err, const char *what)
{
	return err_set(err, ERR_PARSE, "E-EVIDENCE-054", "%s", what);
}

/* ---- the paravisor's report ---- */

static status
open_hcl(struct bytes b, struct hcl *ret, struct err *err)
{
	if (hcl_parse(b, ret) && ret->runtime.n <= VTPM_RUNTIME_MAX)
		return OK;
	return malformed(err, "a paravisor's report with a field that is not as it must be");
}

status
intake_paravisor(struct bytes b, struct document *ret, struct err *err)
{
	struct hcl hcl;
	status s;

	TRY(open_hcl(b, &hcl, err));
	if (hcl.is_tdx) {
		s = err_set(err, ERR_PARSE, "E-EVIDENCE-051",
		            "a paravisor's report with a TD report, which only its own machine can "
		            "check");
		return err_hint(err, s, "pass the JSON that has the TD's quote too (td_quote)");
	}
	ret->tee = TEE_SNP_VTPM;
	ret->evidence = hcl.report;
	ret->vtpm.runtime = hcl.runtime;
	return OK;
}

/* ---- bytes in the spellings that tools use ---- */

static bool
from_numbers(const struct value *v, size_t max, struct buf *out)
{
	const struct value *item;
	uint64_t n;

	for (size_t i = 0; i < max && (item = json_item(v, i)); i++) {
		if (!json_u64(item, UINT8_MAX, &n))
			return false;
		buf_u8(out, (uint8_t)n);
	}
	return v->n <= max;
}

/* Hexadecimal goes first: what is both is of no length that base64 gives these members. */
static bool
from_text(struct bytes text, struct buf *out)
{
	static const enum base64_kind kinds[] = {BASE64_STD, BASE64_URL, BASE64_STD_UNPADDED,
	                                         BASE64_URL_UNPADDED};

	if (hex_decode_buf(text, out))
		return true;
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (base64_decode(kinds[i], text, out))
			return true;
	return false;
}

static status
take(struct arena *a, const struct value *v, size_t max, struct bytes *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf raw = {.max = INTAKE_MAX};
	bool good = json_is(v, VALUE_ARRAY)    ? from_numbers(v, max, &raw)
	            : json_is(v, VALUE_STRING) ? from_text(json_text(v), &raw)
	                                       : false;

	if (!good || raw.n == 0 || raw.n > max)
		return err_set(err, ERR_PARSE, "E-EVIDENCE-054",
		               "neither a list of numbers nor hexadecimal nor base64 of 1 to %zu "
		               "bytes",
		               max);
	*ret = arena_copy(a, buf_view(&raw));
	return arena_check(a, err);
}

static status
take_member(struct arena *a, const struct value *o, const char *name, size_t max, struct bytes *ret,
            struct err *err)
{
	return err_at(err, take(a, json_get(o, name), max, ret, err), ".%s", name);
}

/* ---- the members ---- */

/* The member has had two names; a file with both means who knows which. */
static status
member_of(const struct value *v, const char *name, const char *older, const struct value **ret,
          const char **ret_name, struct err *err)
{
	const struct value *x = json_get(v, name), *y = json_get(v, older);

	*ret = x ? x : y;
	*ret_name = x ? name : older;
	if (x && y)
		return err_set(err, ERR_PARSE, "E-EVIDENCE-054", "both %s and %s", name, older);
	if (!*ret)
		return err_set(err, ERR_PARSE, "E-EVIDENCE-054", "neither %s nor %s", name, older);
	return OK;
}

static status
take_pcrs(struct arena *a, const struct value *list, struct bytes *ret, struct err *err)
{
	uint8_t *all = arena_alloc(a, VTPM_PCRS_SIZE);
	struct bytes one;

	TRY(arena_check(a, err));
	if (!json_is(list, VALUE_ARRAY) || list->n != VTPM_PCRS)
		return err_set(err, ERR_PARSE, "E-EVIDENCE-054", "not a list of %d registers",
		               VTPM_PCRS);
	for (size_t i = 0; i < VTPM_PCRS; i++) {
		TRY(err_at(err, take(a, json_item(list, i), SHA256_SIZE, &one, err), "[%zu]", i));
		if (one.n != SHA256_SIZE)
			return err_at(err, malformed(err, "not 32 bytes"), "[%zu]", i);
		mem_copy(all + i * SHA256_SIZE, one.p, SHA256_SIZE);
	}
	*ret = bytes_of(all, VTPM_PCRS_SIZE);
	return OK;
}

static status
take_quote(struct arena *a, const struct value *q, struct vtpm *ret, struct err *err)
{
	TRY(take_member(a, q, "message", VTPM_MESSAGE_MAX, &ret->message, err));
	TRY(take_member(a, q, "signature", VTPM_SIGNATURE_MAX, &ret->signature, err));
	return err_at(err, take_pcrs(a, json_get(q, "pcrs"), &ret->pcrs, err), ".pcrs");
}

static status
take_report(struct arena *a, const struct value *v, const struct value *report,
            struct document *ret, struct err *err)
{
	struct bytes blob;
	struct hcl hcl;

	TRY(take(a, report, HCL_MAX, &blob, err));
	TRY(open_hcl(blob, &hcl, err));
	ret->vtpm.runtime = hcl.runtime;
	ret->tee = hcl.is_tdx ? TEE_TDX_VTPM : TEE_SNP_VTPM;
	ret->evidence = hcl.report;
	if (hcl.is_tdx != (json_get(v, "td_quote") != NULL))
		return malformed(err, hcl.is_tdx ? "of a TD, and there is no td_quote"
		                                 : "of SEV-SNP, and there is a td_quote");
	return OK;
}

/* PEM, or DER in base64. */
static status
take_vcek(struct arena *a, const struct value *vcek, struct endorsements *e, struct err *err)
{
	struct bytes text = json_text(vcek), der;

	if (!json_is(vcek, VALUE_STRING))
		return malformed(err, "not a text");
	if (bytes_find(text, BYTES("-----BEGIN "), 0) != SIZE_MAX)
		return intake_endorsements(a, text, e, err);
	TRY(take(a, vcek, EVIDENCE_CERT_MAX, &der, err));
	return intake_endorsements(a, der, e, err);
}

status
intake_vtpm(struct arena *a, struct bytes json, struct document *ret, struct err *err)
{
	struct json_limits limits = {.depth = DEPTH, .bytes = INTAKE_MAX};
	const struct value *quote, *report, *vcek;
	const char *name;
	struct value v;

	TRY(json_parse(a, json, &limits, &v, err));
	TRY(member_of(&v, "hcl_report", "report", &report, &name, err));
	TRY(err_at(err, take_report(a, &v, report, ret, err), ".%s", name));
	TRY(member_of(&v, "tpm_quote", "quote", &quote, &name, err));
	TRY(err_at(err, take_quote(a, quote, &ret->vtpm, err), ".%s", name));
	if (ret->tee == TEE_TDX_VTPM)
		TRY(take_member(a, &v, "td_quote", EVIDENCE_MAX, &ret->evidence, err));
	vcek = json_get(&v, "vcek");
	if (!vcek || vcek->type == VALUE_NULL)
		return OK;
	return err_at(err, take_vcek(a, vcek, &ret->endorsements, err), ".vcek");
}
