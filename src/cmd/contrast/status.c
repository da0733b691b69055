/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/text.h"
#include "cmd/contrast/cli.h"
#include "cmd/contrast/local.h"
#include "term/term.h"

#include <stdio.h>
#include <unistd.h>

/* An init container that is done has nothing to be ready for. */
static struct bytes
ready_text(const struct value *c)
{
	uint64_t code = 1;

	(void)json_u64(json_get(c, "exit"), INT32_MAX, &code);
	if (c && bytes_is(local_text(c, "state"), "exited") && code == 0)
		return BYTES("done");
	return c && local_true(c, "ready") ? BYTES("yes") : BYTES("no");
}

static void
add_row(struct table *t, const struct value *pod, const struct value *c, bool first)
{
	uint64_t restarts = 0;
	struct bytes hash = local_text(pod, "policyHash");

	(void)json_u64(json_get(c, "restarts"), UINT32_MAX, &restarts);
	table_cell(t, first ? local_text(pod, "name") : BYTES(""));
	table_cell(t, first ? local_text(pod, "phase") : BYTES(""));
	table_cell(t, c ? local_text(c, "name") : BYTES("-"));
	table_cell(t, c ? local_text(c, "state") : BYTES("-"));
	table_cell(t, ready_text(c));
	table_cellf(t, "%llu", (unsigned long long)restarts);
	table_cell(t, first ? local_text(pod, "address") : BYTES(""));
	table_cell(t, !first ? BYTES("") : hash.n ? bytes_sub(hash, 0, 12) : BYTES("plain"));
}

static void
pods_table(const struct value *pods, struct buf *out)
{
	static const char *const titles[] = {"POD",      "PHASE",   "CONTAINER", "STATE", "READY",
	                                     "RESTARTS", "ADDRESS", "POLICY",    NULL};
	CLEANUP(table_done) struct table t = {.n = 0};

	table_begin(&t, titles);
	for (size_t i = 0; pods && i < pods->n; i++) {
		const struct value *pod = json_item(pods, i);
		const struct value *list = json_get(pod, "containers");

		if (!list || list->n == 0)
			add_row(&t, pod, NULL, true);
		for (size_t k = 0; list && k < list->n; k++)
			add_row(&t, pod, json_item(list, k), k == 0);
	}
	table_print(&t, out);
}

static void
put_reason(struct buf *out, struct bytes pod, struct bytes container, struct bytes reason)
{
	if (reason.n == 0)
		return;
	buf_printf(out, "%.*s%s%.*s: ", BYTES_ARG(pod), container.n ? "/" : "",
	           BYTES_ARG(container));
	text_escape(reason, 512, out);
	buf_u8(out, '\n');
}

static void
reasons(const struct value *pods, struct buf *out)
{
	for (size_t i = 0; pods && i < pods->n; i++) {
		const struct value *pod = json_item(pods, i);
		const struct value *list = json_get(pod, "containers");
		struct bytes name = local_text(pod, "name");

		put_reason(out, name, (struct bytes){NULL, 0}, local_text(pod, "reason"));
		for (size_t k = 0; list && k < list->n; k++)
			put_reason(out, name, local_text(json_item(list, k), "name"),
			           local_text(json_item(list, k), "reason"));
	}
}

void
status_show(const struct local_status *s, struct buf *out)
{
	const struct value *pods = json_get(&s->v, "pods");
	const struct value *forwards = json_get(&s->v, "forwards");

	pods_table(pods, out);
	for (size_t i = 0; forwards && i < forwards->n; i++) {
		const struct value *f = json_item(forwards, i);
		uint64_t port = 0;

		(void)json_u64(json_get(f, "port"), 65535, &port);
		buf_printf(out, "%.*s:%llu is %.*s\n", BYTES_ARG(local_text(f, "service")),
		           (unsigned long long)port, BYTES_ARG(local_text(f, "address")));
	}
	reasons(pods, out);
}

status
verb_status(const struct options *o, struct err *err)
{
	CLEANUP(local_status_done) struct local_status s = {.text.n = 0};
	CLEANUP(buf_done) struct buf out = {0};
	struct rundir run;
	bool running;

	TRY(rundir_find(o->n_args ? o->args[0] : NULL, &run, err));
	running = rundir_is_running(&run);
	TRY(local_status_read(&run, &s, err));
	if (bytes_is(bytes_str(options_text(o, OPT_status_format)), "json")) {
		TRY(fd_write_all(STDOUT_FILENO, buf_view(&s.text), err));
	} else {
		buf_printf(&out, "%s (%.*s): %s, INSECURE local platform\n", run.name,
		           BYTES_ARG(local_text(&s.v, "source")),
		           running ? "up" : "crashed: contrast down clears it");
		status_show(&s, &out);
		TRY(fd_write_all(STDOUT_FILENO, buf_view(&out), err));
	}
	if (!running)
		return err_hint(err,
		                err_set(err, ERR_UNREACHABLE, "E-NODE-085",
		                        "contrast-node of %s is not running", run.name),
		                "clear what it left with: contrast down");
	return OK;
}
