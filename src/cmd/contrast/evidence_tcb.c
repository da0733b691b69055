/* SPDX-License-Identifier: Apache-2.0 */
/* `contrast evidence tcb`: what minima a fleet can be held to. */
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cmd/contrast/cli.h"
#include "cmd/contrast/evidence_read.h"
#include "evidence/advisor.h"
#include "term/term.h"

#include <string.h>
#include <unistd.h>

enum { CELL_MAX = 256 };

/* ---- as text ---- */

/* Made of files: what terminals could take for commands is spelled out. */
static void
put_text(struct buf *out, const struct value *v)
{
	CLEANUP(buf_done) struct buf plain = {0};

	if (json_is(v, VALUE_STRING))
		text_escape(json_text(v), CELL_MAX, &plain);
	else
		json_write(v, JSON_COMPACT, &plain);
	buf_bytes(out, buf_view(&plain));
}

static void
cell(struct table *t, const struct value *v)
{
	CLEANUP(buf_done) struct buf text = {0};

	if (v)
		put_text(&text, v);
	table_cell(t, v ? buf_view(&text) : BYTES("-"));
}

static bool
is_true(const struct value *v)
{
	return json_is(v, VALUE_BOOL) && v->u.b;
}

/* "72 (old)" */
static void
cell_part(struct table *t, const struct value *v, bool old)
{
	CLEANUP(buf_done) struct buf text = {0};

	put_text(&text, v);
	if (old)
		buf_str(&text, " (old)");
	table_cell(t, buf_view(&text));
}

static bool
of_fleet(const struct value *platform, const struct value *fleet)
{
	uint64_t a, b;

	return bytes_equal(json_text(json_get(platform, "type")),
	                   json_text(json_get(fleet, "type"))) &&
	       json_u64(json_get(platform, "fleet"), UINT32_MAX, &a) &&
	       json_u64(json_get(fleet, "fleet"), UINT32_MAX, &b) && a == b;
}

static void
print_parts(const struct value *platform, struct buf *out)
{
	const struct value *parts = json_get(platform, "parts"),
	                   *fw = json_get(platform, "firmware");
	bool snp = bytes_is(json_text(json_get(platform, "type")), "snp");
	CLEANUP(table_done) struct table t = {0};

	if (snp)
		table_begin(&t,
		            (const char *const[]){"  part", "counts", "reported", "committed",
		                                  "launch", "current", "highest", "floor", NULL});
	else
		table_begin(&t, (const char *const[]){"  part", "counts", "Intel's newest",
		                                      "highest", NULL});
	for (uint32_t i = 0; parts && i < parts->n; i++) {
		const struct value *p = json_item(parts, i);
		static const char *const of_snp[] = {"reported", "committed", "launch",
		                                     "current",  "highest",   "floor"};
		static const char *const of_tdx[] = {"newest", "highest"};
		const char *const *names = snp ? of_snp : of_tdx;

		table_cellf(&t, "  %.*s", BYTES_ARG(json_text(json_get(p, "name"))));
		cell_part(&t, json_get(p, "counts"), is_true(json_get(p, "old")));
		for (size_t k = 0; k < (snp ? COUNT_OF(of_snp) : COUNT_OF(of_tdx)); k++)
			cell(&t, json_get(p, names[k]));
	}
	if (fw) {
		table_cellf(&t, "  SNP firmware");
		cell_part(&t, json_get(fw, "counts"), is_true(json_get(fw, "old")));
		table_cellf(&t, "-");
		cell(&t, json_get(fw, "committed"));
		table_cellf(&t, "-");
		cell(&t, json_get(fw, "current"));
		cell(&t, json_get(fw, "highest"));
		cell(&t, json_get(fw, "floor"));
	}
	table_print(&t, out);
}

static void
print_list(const struct value *list, const char *before, struct buf *out)
{
	for (uint32_t i = 0; list && i < list->n; i++) {
		buf_str(out, before);
		put_text(out, json_item(list, i));
		buf_str(out, "\n");
	}
}

static void
print_platform(const struct value *p, struct buf *out)
{
	put_text(out, json_get(p, "file"));
	if (!is_true(json_get(p, "authentic"))) {
		buf_str(out, is_true(json_get(p, "counted"))
		                     ? ": not verified, counted all the same ("
		                     : ": does not count (");
		put_text(out, json_get(p, "reason"));
		buf_str(out, ": ");
		put_text(out, json_get(p, "detail"));
		buf_str(out, ")");
	}
	if (json_get(p, "status")) {
		buf_str(out, ": ");
		put_text(out, json_get(p, "status"));
		buf_str(out, ", level of ");
		put_text(out, json_get(p, "levelDate"));
	}
	buf_str(out, "\n");
	if (json_get(p, "parts"))
		print_parts(p, out);
	print_list(json_get(p, "advisories"), "  advisory: ", out);
	print_list(json_get(p, "advice"), "  advice: ", out);
}

static void
print_snippet(const struct value *f, const char *member, const char *title, struct buf *out)
{
	const struct value *v = json_get(f, member);

	if (!v)
		return;
	buf_printf(out, "%s\n", title);
	json_write(v, JSON_INDENT, out);
	buf_str(out, "\n");
}

static void
print_sources(const struct value *f, struct buf *out)
{
	const struct value *list = json_get(f, "sources"), *seen = json_get(f, "public");

	for (uint32_t i = 0; list && i < list->n; i++) {
		buf_printf(out, "source of %-12.*s ",
		           BYTES_ARG(json_text(json_get(json_item(list, i), "figure"))));
		put_text(out, json_get(json_item(list, i), "source"));
		buf_str(out, "\n");
	}
	if (!seen)
		return;
	buf_str(out, is_true(json_get(seen, "newer")) ? "newer has been seen: "
	                                              : "nothing newer has been seen: ");
	json_write(json_get(seen, "MinimumTCB"), JSON_COMPACT, out);
	buf_str(out, " (");
	put_text(out, json_get(seen, "source"));
	buf_str(out, ")\n");
}

static void
print_fleet(const struct value *v, const struct value *f, struct buf *out)
{
	static const char *const names[] = {"product", "model", "fmspc"};
	const struct value *platforms = json_get(v, "platforms");
	uint64_t n = 0, counted = 0;

	(void)json_u64(json_get(f, "platforms"), UINT32_MAX, &n);
	(void)json_u64(json_get(f, "counted"), UINT32_MAX, &counted);
	buf_printf(out, "%s== %s", out->n > 0 ? "\n" : "",
	           bytes_is(json_text(json_get(f, "type")), "snp") ? "SEV-SNP" : "TDX");
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (!json_get(f, names[i]))
			continue;
		buf_str(out, i == 2 ? " FMSPC " : " ");
		put_text(out, json_get(f, names[i]));
	}
	buf_printf(out, ": %llu of %llu count\n", (unsigned long long)counted,
	           (unsigned long long)n);
	for (uint32_t i = 0; platforms && i < platforms->n; i++)
		if (of_fleet(json_item(platforms, i), f))
			print_platform(json_item(platforms, i), out);
	print_snippet(
	        f, "now",
	        bytes_is(json_text(json_get(f, "type")), "snp")
	                ? "a minimum that all of them satisfy, for the reference set:"
	                : "the evaluation that all of the statements reach, for the reference "
	                  "set:",
	        out);
	print_snippet(f, "afterUpdate", "and when the laggards are updated:", out);
	print_list(json_get(f, "laggards"), "old: ", out);
	if (json_get(f, "note")) {
		buf_str(out, "note: ");
		put_text(out, json_get(f, "note"));
		buf_str(out, "\n");
		print_snippet(f, "AllowedChipIDs", "its machines (AllowedChipIDs):", out);
	}
	print_sources(f, out);
}

static status
print_report(const struct value *v, struct err *err)
{
	const struct value *fleets = json_get(v, "fleets"), *platforms = json_get(v, "platforms");
	CLEANUP(buf_done) struct buf out = {0};

	for (uint32_t i = 0; fleets && i < fleets->n; i++)
		print_fleet(v, json_item(fleets, i), &out);
	for (uint32_t i = 0; platforms && i < platforms->n; i++)
		if (!json_get(json_item(platforms, i), "fleet"))
			print_platform(json_item(platforms, i), &out);
	buf_str(&out, "\n");
	put_text(&out, json_get(json_get(v, "vendors"), "amd"));
	buf_str(&out, "\n");
	put_text(&out, json_get(json_get(v, "vendors"), "intel"));
	buf_str(&out, "\n");
	TRY(buf_check(&out, err));
	return fd_write_all(STDOUT_FILENO, buf_view(&out), err);
}

/* ---- the verb ---- */

static status
read_files(struct evidence_inputs *in, const struct options *o, struct evidence_file *files,
           struct err *err)
{
	static const struct source_options ids = SOURCE_OPTIONS(evidence_tcb);
	size_t n;
	const char *const *endorsements = options_list(o, OPT_evidence_tcb_endorsements, &n);

	for (size_t i = 0; i < o->n_args; i++)
		TRY(evidence_read_file(in, o->args[i], &files[i], err));
	TRY(evidence_read_endorsements(in, endorsements, n, err));
	TRY(evidence_read_policy(in, options_text(o, OPT_evidence_tcb_policy),
	                         options_flag(o, OPT_evidence_tcb_insecure), err));
	return evidence_read_collateral(in, o, &ids, OPT_evidence_tcb_collateral,
	                                OPT_evidence_tcb_fetch,
	                                !options_given(o, OPT_evidence_tcb_time), err);
}

/* Nobody counts: then there is no minimum, and a script must notice. */
static status
conclude(const struct value *v, struct err *err)
{
	const struct value *platforms = json_get(v, "platforms");

	for (uint32_t i = 0; platforms && i < platforms->n; i++)
		if (is_true(json_get(json_item(platforms, i), "counted")))
			return OK;
	return err_hint(
	        err,
	        err_set(err, ERR_REJECTED, "E-EVIDENCE-102",
	                "none of the files could be verified: there is no minimum"),
	        "give certificates with --endorsements or --collateral, let --fetch ask the "
	        "vendor, or count them unverified with --unverified");
}

status
verb_evidence_tcb(const struct options *o, struct err *err)
{
	CLEANUP(evidence_inputs_done) struct evidence_inputs in;
	CLEANUP(buf_done) struct buf missing = {0};
	struct evidence_file *files;
	struct advisor_item *items;
	struct value v;
	int64_t now = options_given(o, OPT_evidence_tcb_time)
	                      ? options_time(o, OPT_evidence_tcb_time)
	                      : clock_realtime();

	evidence_inputs_init(&in);
	files = arena_array(&in.arena, o->n_args, sizeof *files);
	items = arena_array(&in.arena, o->n_args, sizeof *items);
	TRY(arena_check(&in.arena, err));
	TRY(read_files(&in, o, files, err));
	for (size_t i = 0; i < o->n_args; i++) {
		TRY(evidence_complete(&in, &files[i], now, &missing, err));
		items[i] = (struct advisor_item){files[i].path, &files[i].doc};
	}
	TRY(advisor_run(&in.arena,
	                &(struct advisor_request){
	                        .items = items,
	                        .n = o->n_args,
	                        .references = in.manifest ? &in.references : NULL,
	                        .count_unverified = options_flag(o, OPT_evidence_tcb_unverified),
	                        .now = now},
	                &v, err));
	if (strcmp(options_text(o, OPT_evidence_tcb_format), "json") == 0)
		TRY(evidence_print_json(&in, &v, err));
	else
		TRY(print_report(&v, err));
	return conclude(&v, err);
}
