/* SPDX-License-Identifier: Apache-2.0 */
/* Port 9102: probes and metrics over plain HTTP. Nobody may rely on what it says. */
#include "cmd/coordinator/front.h"

static void
answer(struct server *s, server_conn c, unsigned int status_code, struct bytes body)
{
	server_answer(s, c,
	              &(struct server_answer){.status = status_code,
	                                      .content_type = "text/plain; version=0.0.4",
	                                      .body = body});
}

static void
answer_metrics(struct front *f, struct server *s, server_conn c)
{
	CLEANUP(buf_done) struct buf out = {0};

	buf_printf(&out,
	           "# HELP contrast_coordinator_manifest_generation active manifest, 0 = none\n"
	           "# TYPE contrast_coordinator_manifest_generation gauge\n"
	           "contrast_coordinator_manifest_generation %llu\n"
	           "# HELP contrast_coordinator_phase 0 empty, 1 recovering, 2 active\n"
	           "# TYPE contrast_coordinator_phase gauge\n"
	           "contrast_coordinator_phase %u\n",
	           (unsigned long long)f->generation, f->phase);
#define X(name, text, help)                                                                        \
	buf_printf(&out, "# HELP %s %s\n# TYPE %s counter\n%s %llu\n", text, help, text, text,     \
	           (unsigned long long)atomic_load(&f->metrics->name));
	METRICS(X)
#undef X
	answer(s, c, 200, buf_view(&out));
}

/* Started and live: the keeper has told its state. Ready: a manifest is active. */
void
health_handle(struct server *s, server_conn c, const struct server_request *r, void *ctx)
{
	const struct front_listener *l = ctx;
	struct front *f = l->front;
	struct bytes path = r->head->path;

	if (!bytes_is(r->head->method, "GET"))
		answer(s, c, 405, BYTES("GET only\n"));
	else if (bytes_is(path, "/metrics"))
		answer_metrics(f, s, c);
	else if (bytes_is(path, "/probe/startup") || bytes_is(path, "/probe/liveness"))
		answer(s, c, f->has_state ? 200 : 503,
		       f->has_state ? BYTES("ok\n") : BYTES("starting\n"));
	else if (bytes_is(path, "/probe/readiness"))
		answer(s, c, f->phase == STATE_ACTIVE ? 200 : 503,
		       f->phase == STATE_ACTIVE ? BYTES("ok\n") : BYTES("no active manifest\n"));
	else
		answer(s, c, 404, BYTES("not found\n"));
}
