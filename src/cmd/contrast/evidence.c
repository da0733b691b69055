/* SPDX-License-Identifier: Apache-2.0 */
/* `contrast evidence show` and `verify`: saved evidence, decoded and judged. */
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cmd/contrast/cli.h"
#include "cmd/contrast/evidence_read.h"
#include "evidence/azure/tpm.h"
#include "evidence/show.h"
#include "term/term.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- show ---- */

status
verb_evidence_show(const struct options *o, struct err *err)
{
	CLEANUP(evidence_inputs_done) struct evidence_inputs in;
	CLEANUP(buf_done) struct buf out = {0};
	struct evidence_file f;
	struct verdict v = {0};
	struct value shown;
	size_t n;
	const char *const *files = options_list(o, OPT_evidence_show_endorsements, &n);

	evidence_inputs_init(&in);
	TRY(evidence_read_file(&in, o->args[0], &f, err));
	TRY(evidence_read_endorsements(&in, files, n, err));
	pool_select(&in.pool, &f.doc, clock_realtime(), &f.doc.endorsements);
	if (!is_ok(evidence_show(&in.arena, &f.doc, &shown, &v)))
		return err_set(err, ERR_PARSE, "E-EVIDENCE-050", "%s: %s: %s", o->args[0], v.reason,
		               v.detail);
	if (strcmp(options_text(o, OPT_evidence_show_format), "json") == 0)
		return evidence_print_json(&in, &shown, err);
	TRY(arena_check(&in.arena, err));
	evidence_show_text(&shown, &out);
	TRY(buf_check(&out, err));
	return fd_write_all(STDOUT_FILENO, buf_view(&out), err);
}

/* ---- verify ---- */

static void
put_lines(struct arena *a, struct value *to, const char *name, struct bytes lines)
{
	struct value list = json_array();
	size_t at = 0;

	while (at < lines.n) {
		size_t end = MIN(bytes_find_byte(lines, '\n', at), lines.n);

		json_add(a, &list, json_copy_string(a, bytes_sub(lines, at, end)));
		at = end + 1;
	}
	if (list.n > 0)
		json_put(a, to, name, list);
}

static void
put_cstr(struct arena *a, struct value *to, const char *name, const char *text)
{
	if (text[0] != '\0')
		json_put(a, to, name, json_copy_string(a, bytes_str(text)));
}

static struct value
findings_json(struct arena *a, const struct findings *f)
{
	struct value list = json_array();

	for (size_t i = 0; i < f->n; i++) {
		struct value o = json_object();

		put_cstr(a, &o, "step", verdict_step_name(f->list[i].step));
		put_cstr(a, &o, "reason", f->list[i].reason);
		put_cstr(a, &o, "detail", f->list[i].detail);
		put_cstr(a, &o, "expected", f->list[i].expected);
		put_cstr(a, &o, "got", f->list[i].got);
		json_add(a, &list, o);
	}
	return list;
}

struct report {
	const struct evidence_result *result;
	const struct findings *findings;
	struct bytes missing;
	int64_t now;
	bool has_sets;
	enum tee tee;
};

/* Register 8 of a virtual TPM has no inverse: without a manifest the policy may not be known. */
static bool
has_policy(const struct report *r)
{
	return !tee_has_vtpm(r->tee) || !bytes_all_zero(hash256_view(&r->result->policy));
}

static struct value
report_json(struct arena *a, const struct report *r)
{
	const struct verdict *v = &r->result->verdict;
	bool accepted = verdict_accepted(v);
	struct value o = json_object();

	json_put(a, &o, "verdict", json_cstr(accepted ? "accepted" : "rejected"));
	json_put(a, &o, "type", json_cstr(tee_name(r->tee)));
	json_put(a, &o, "time", json_time(a, r->now));
	json_put(a, &o, "revocation",
	         json_cstr(v->revocation == REVOCATION_CHECKED ? "checked" : "not checked"));
	if (!accepted)
		put_cstr(a, &o, "step", verdict_step_name(v->step));
	put_cstr(a, &o, "reason", v->reason);
	put_cstr(a, &o, "detail", v->detail);
	put_cstr(a, &o, "expected", v->expected);
	put_cstr(a, &o, "got", v->got);
	if (r->has_sets && v->set >= 0)
		json_put(a, &o, "referenceSet", json_int(v->set));
	if (tee_hardware(r->tee) == TEE_TDX && r->result->tcb_status != TCB_NOT_SUPPORTED)
		json_put(a, &o, "tcbStatus", json_cstr(tcb_status_name(r->result->tcb_status)));
	put_cstr(a, &o, "tcbOld", r->result->tcb_behind);
	if (accepted) {
		json_put(a, &o, "rootKeySha256", json_hex(a, hash256_view(&r->result->root_key)));
		if (has_policy(r))
			json_put(a, &o, "policy", json_hex(a, hash256_view(&r->result->policy)));
		json_put(a, &o, "validUntil", json_time(a, r->result->valid_to));
	}
	if (r->findings->n > 0)
		json_put(a, &o, "differences", findings_json(a, r->findings));
	put_lines(a, &o, "missing", r->missing);
	return o;
}

static status
print_text(const struct report *r, struct err *err)
{
	const struct verdict *v = &r->result->verdict;
	bool accepted = verdict_accepted(v);
	CLEANUP(buf_done) struct buf out = {0};
	char when[32], hex[65];

	if (accepted) {
		buf_printf(&out, "root key    %s\n", hash256_hex(&r->result->root_key, hex));
		if (has_policy(r))
			buf_printf(&out, "policy      %s\n", hash256_hex(&r->result->policy, hex));
		buf_printf(&out, "valid until %s with these endorsements\n",
		           time_cstr(r->result->valid_to, when));
	}
	if (tee_hardware(r->tee) == TEE_TDX && r->result->tcb_status != TCB_NOT_SUPPORTED)
		buf_printf(&out, "TCB status  %s\n", tcb_status_name(r->result->tcb_status));
	if (r->result->tcb_behind[0] != '\0')
		buf_printf(&out, "TCB old in  %s\n", r->result->tcb_behind);
	buf_printf(&out, "revocation: %s\n",
	           v->revocation == REVOCATION_CHECKED ? "checked" : "not checked");
	for (size_t i = 0; i < r->findings->n; i++) {
		const struct finding *f = &r->findings->list[i];

		buf_printf(&out, "differs     %s: %s (expected %s, got %s)\n", f->reason, f->detail,
		           f->expected[0] ? f->expected : "something else", f->got);
	}
	for (size_t at = 0; at < r->missing.n;) {
		size_t end = MIN(bytes_find_byte(r->missing, '\n', at), r->missing.n);

		buf_printf(&out, "missing     %.*s\n", BYTES_ARG(bytes_sub(r->missing, at, end)));
		at = end + 1;
	}
	if (accepted && r->has_sets)
		buf_printf(&out, "%saccepted%s by reference set %d\n",
		           term_on(STDOUT_FILENO, TERM_GOOD), term_off(STDOUT_FILENO), v->set);
	else if (accepted)
		buf_printf(&out,
		           "%saccepted%s: authentic; no manifest was given to compare it with\n",
		           term_on(STDOUT_FILENO, TERM_GOOD), term_off(STDOUT_FILENO));
	TRY(buf_check(&out, err));
	return fd_write_all(STDOUT_FILENO, buf_view(&out), err);
}

/* A verdict as an exit code: what only lacks collateral is not a forgery. */
static status
conclude(const struct report *r, struct err *err)
{
	static const char *const lacking[] = {"snp/vek-missing", "snp/crl-missing",
	                                      "tdx/collateral-missing", "tdx/crl-missing"};
	const struct verdict *v = &r->result->verdict;
	/* A list alone makes no chain invalid; certificates that could not be had do. */
	bool lacks =
	        v->step == STEP_CHAIN && bytes_find(r->missing, BYTES("snp-chain"), 0) != SIZE_MAX;

	if (verdict_accepted(v))
		return OK;
	for (size_t i = 0; i < COUNT_OF(lacking); i++)
		lacks |= strcmp(v->reason, lacking[i]) == 0;
	if (!lacks)
		return verdict_status(v, err);
	return err_hint(
	        err,
	        err_set(err, ERR_UNREACHABLE, "E-EVIDENCE-101", "%s: %s", v->reason, v->detail),
	        "give it with --endorsements or --collateral, or let --fetch ask the vendor");
}

static status
expected_report_data(const struct options *o, uint8_t to[EVIDENCE_REPORT_DATA_SIZE],
                     const uint8_t **ret, struct err *err)
{
	const char *text = options_text(o, OPT_evidence_verify_report_data);

	*ret = NULL;
	if (!text)
		return OK;
	if (!hex_decode(bytes_str(text), to, EVIDENCE_REPORT_DATA_SIZE))
		return err_set(err, ERR_USAGE, "E-CLI-042",
		               "--report-data needs %d hexadecimal digits",
		               2 * EVIDENCE_REPORT_DATA_SIZE);
	*ret = to;
	return OK;
}

static status
expected_nonce(struct evidence_inputs *in, enum tee tee, const struct options *o, struct bytes *ret,
               struct err *err)
{
	CLEANUP(buf_done) struct buf raw = {0};
	const char *text = options_text(o, OPT_evidence_verify_nonce);

	if (!text)
		return OK;
	if (!tee_has_vtpm(tee))
		return err_set(err, ERR_USAGE, "E-CLI-043",
		               "--nonce: evidence of type %s has no virtual TPM", tee_name(tee));
	if (!hex_decode_buf(bytes_str(text), &raw) || raw.n == 0 || raw.n > TPM_EXTRA_MAX)
		return err_set(err, ERR_USAGE, "E-CLI-042",
		               "--nonce needs the hexadecimal digits of 1 to %d bytes",
		               TPM_EXTRA_MAX);
	*ret = arena_copy(&in->arena, buf_view(&raw));
	return arena_check(&in->arena, err);
}

static status
judge(struct evidence_inputs *in, const struct evidence_file *f, const struct options *o,
      struct bytes missing, int64_t now, struct findings *findings, struct err *err)
{
	uint8_t report_data[EVIDENCE_REPORT_DATA_SIZE];
	struct evidence_request rq = {
	        .scope = EVIDENCE_AUTHENTIC,
	        .flags = EVIDENCE_THOROUGH,
	        .document = &f->doc,
	        .references = in->manifest ? &in->references : NULL,
	        .policies = in->manifest ? &in->policies : NULL,
	        .revocation = options_flag(o, OPT_evidence_verify_require_revocation)
	                              ? REVOCATION_REQUIRED
	                              : REVOCATION_OPTIONAL,
	        .now = now,
	        .findings = findings,
	};
	struct evidence_result result;
	struct report r = {&result, findings, missing, now, in->manifest != NULL, f->doc.tee};
	struct value v;

	TRY(expected_report_data(o, report_data, &rq.report_data, err));
	TRY(expected_nonce(in, f->doc.tee, o, &rq.nonce, err));
	evidence_verify(&rq, &result);
	if (verdict_accepted(&result.verdict))
		sources_remember(&in->sources, &result.root_key,
		                 result.verdict.revocation == REVOCATION_CHECKED);
	if (result.verdict.step == STEP_DECODE)
		return err_set(err, ERR_PARSE, "E-EVIDENCE-050", "%s: %s: %s", f->path,
		               result.verdict.reason, result.verdict.detail);
	if (strcmp(options_text(o, OPT_evidence_verify_format), "json") == 0) {
		v = report_json(&in->arena, &r);
		TRY(evidence_print_json(in, &v, err));
	} else {
		TRY(print_text(&r, err));
	}
	return conclude(&r, err);
}

static status
read_all(struct evidence_inputs *in, const struct options *o, struct evidence_file *f,
         struct err *err)
{
	static const struct source_options ids = SOURCE_OPTIONS(evidence_verify);
	size_t n;
	const char *const *files = options_list(o, OPT_evidence_verify_endorsements, &n);

	TRY(evidence_read_file(in, o->args[0], f, err));
	TRY(evidence_read_endorsements(in, files, n, err));
	TRY(evidence_read_policy(in, options_text(o, OPT_evidence_verify_policy),
	                         options_flag(o, OPT_evidence_verify_insecure), err));
	return evidence_read_collateral(in, o, &ids, OPT_evidence_verify_collateral,
	                                OPT_evidence_verify_fetch,
	                                !options_given(o, OPT_evidence_verify_time), err);
}

status
verb_evidence_verify(const struct options *o, struct err *err)
{
	CLEANUP(evidence_inputs_done) struct evidence_inputs in;
	CLEANUP(buf_done) struct buf missing = {0};
	struct findings *findings;
	struct evidence_file f;
	int64_t now = options_given(o, OPT_evidence_verify_time)
	                      ? options_time(o, OPT_evidence_verify_time)
	                      : clock_realtime();
	status s;

	evidence_inputs_init(&in);
	TRY(read_all(&in, o, &f, err));
	TRY(evidence_complete(&in, &f, now, &missing, err));
	findings = mem_new(struct findings);
	s = judge(&in, &f, o, buf_view(&missing), now, findings, err);
	mem_free(findings);
	return s;
}
