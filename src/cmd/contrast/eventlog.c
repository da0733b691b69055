/* SPDX-License-Identifier: Apache-2.0 */
/* `contrast evidence log`: what a TD measured into its RTMRs, replayed and held against its quote.
 */
#include "evidence/tdx/eventlog.h"
#include "base/file.h"
#include "base/text.h"
#include "cmd/contrast/cli.h"
#include "evidence/intake.h"
#include "term/term.h"

#include <string.h>
#include <unistd.h>

enum { LOG_MEMORY = 64 * 1024 * 1024 };

struct log_inputs {
	struct arena arena;
	struct buf log, quote;
};

static void
log_inputs_done(struct log_inputs *in)
{
	arena_done(&in->arena);
	buf_done(&in->log);
	buf_done(&in->quote);
}

static status
read_quote(struct log_inputs *in, const char *path, struct tdx_quote *ret, struct err *err)
{
	struct document doc = {0};
	struct verdict v = {0};

	TRY(file_read(path, INTAKE_MAX, &in->quote, err));
	TRY(err_at(err, intake_evidence(&in->arena, buf_view(&in->quote), &doc, err), "%s", path));
	if (tee_hardware(doc.tee) != TEE_TDX)
		return err_set(err, ERR_PARSE, "E-TDX-022", "%s is no TDX quote", path);
	if (!is_ok(tdx_quote_parse(doc.evidence, ret, &v)))
		return err_set(err, ERR_PARSE, "E-EVIDENCE-050", "%s: %s: %s", path, v.reason,
		               v.detail);
	return OK;
}

/* "quote": for each register equal, or what the quote has. Returns how many differ. */
static size_t
compare(struct arena *a, const struct tdx_eventlog *log, const struct tdx_quote *q,
        struct value *shown)
{
	struct hash384 replayed[TDX_RTMRS];
	struct value list = json_array();
	size_t differ = 0;

	tdx_eventlog_replay(log, replayed);
	for (size_t i = 0; i < TDX_RTMRS; i++) {
		bool equal = bytes_equal(hash384_view(&replayed[i]), q->rtmr[i]);

		differ += !equal;
		json_add(a, &list, equal ? json_cstr("equal") : json_hex(a, q->rtmr[i]));
	}
	json_put(a, shown, "quote", list);
	return differ;
}

static void
print_events(const struct value *events, struct buf *out)
{
	CLEANUP(table_done) struct table t = {0};

	table_begin(&t, (const char *const[]){"register", "type", "digest", "bytes", "data", NULL});
	for (size_t i = 0; i < events->n; i++) {
		const struct value *e = json_item(events, i);
		const struct value *what = json_get(e, "variable");
		const struct value *matches = json_get(e, "dataMatches");
		uint64_t bytes = 0;

		what = what ? what : json_get(e, "text");
		(void)json_u64(json_get(e, "dataBytes"), TDX_EVENT_DATA_MAX, &bytes);
		table_cell(&t, json_get(e, "register") ? json_text(json_get(e, "register"))
		                                       : BYTES("-"));
		table_cell(&t, json_text(json_get(e, "type")));
		table_cell(&t, json_get(e, "digest")
		                       ? bytes_sub(json_text(json_get(e, "digest")), 0, 16)
		                       : BYTES("-"));
		table_cellf(&t, "%u", (unsigned int)bytes);
		table_cellf(&t, "%s%.*s", matches && matches->u.b ? "" : "(unmeasured) ",
		            BYTES_ARG(what ? bytes_sub(json_text(what), 0, 60) : BYTES("")));
	}
	table_print(&t, out);
}

static status
print_log(const struct value *shown, const char *format, struct err *err)
{
	CLEANUP(buf_done) struct buf out = {0};
	const struct value *rtmrs = json_get(shown, "rtmrs");
	const struct value *quote = json_get(shown, "quote");

	if (strcmp(format, "json") == 0) {
		json_write(shown, JSON_INDENT, &out);
		buf_str(&out, "\n");
		TRY(buf_check(&out, err));
		return fd_write_all(STDOUT_FILENO, buf_view(&out), err);
	}
	print_events(json_get(shown, "events"), &out);
	for (size_t i = 0; i < TDX_RTMRS; i++) {
		buf_printf(&out, "RTMR%zu  %.*s\n", i, BYTES_ARG(json_text(json_item(rtmrs, i))));
		if (quote && !bytes_equal(json_text(json_item(quote, i)), BYTES("equal")))
			buf_printf(&out, "quote  %.*s  DIFFERS\n",
			           BYTES_ARG(json_text(json_item(quote, i))));
	}
	TRY(buf_check(&out, err));
	return fd_write_all(STDOUT_FILENO, buf_view(&out), err);
}

status
verb_evidence_log(const struct options *o, struct err *err)
{
	CLEANUP(log_inputs_done) struct log_inputs in = {0};
	const char *quote_path = options_text(o, OPT_evidence_log_quote);
	struct tdx_eventlog log;
	struct tdx_quote quote;
	struct value shown;
	size_t differ = 0;

	arena_init(&in.arena, LOG_MEMORY);
	TRY(file_read(o->args[0], TDX_EVENTLOG_MAX, &in.log, err));
	TRY(err_at(err, tdx_eventlog_parse(&in.arena, buf_view(&in.log), &log, err), "%s",
	           o->args[0]));
	shown = tdx_eventlog_show(&in.arena, &log);
	if (quote_path) {
		TRY(read_quote(&in, quote_path, &quote, err));
		differ = compare(&in.arena, &log, &quote, &shown);
	}
	TRY(arena_check(&in.arena, err));
	TRY(print_log(&shown, options_text(o, OPT_evidence_log_format), err));
	if (differ == 0)
		return OK;
	return err_hint(
	        err,
	        err_set(err, ERR_REJECTED, "E-TDX-023",
	                "%s does not give the RTMRs of %s: %zu differ", o->args[0], quote_path,
	                differ),
	        "the log is of another boot, or was changed; nothing in it can be believed");
}
