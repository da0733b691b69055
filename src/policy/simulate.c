/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/simulate.h"

#include "policy/request.h"
#include "rego/session.h"

struct run {
	struct policy *policy;
	struct session *session;
	struct err *err;
};

static void
run_done(struct run *r)
{
	session_free(r->session);
	policy_drop(r->policy);
}

static status
open_session(struct run *r, struct bytes document)
{
	static const struct policy_options options = {.builtins = &rego_builtins_core};
	static const struct session_options session = {.strict = false};
	const struct policy_module module = {"policy.rego", document};

	TRY(policy_compile(&module, 1, &options, &r->policy, r->err));
	TRY(session_new(r->policy, &session, &r->session, r->err));
	return session_set_data(r->session, BYTES("{\"pstate\":{}}"), r->err);
}

static status
ask(struct run *r, const char *kind, struct bytes container, const struct buf *request)
{
	CLEANUP(buf_done) struct buf path = {0};
	struct session_answer answer;
	struct entry entry;
	bool allowed = false;

	TRY(buf_check(request, r->err));
	buf_printf(&path, "data.agent_policy.%s", kind);
	TRY(session_find(r->session, buf_view(&path), &entry, r->err));
	TRY(err_ctx(r->err,
	            session_decide(r->session, entry, buf_view(request), 0, &allowed, &answer,
	                           r->err),
	            "%s of %.*s", kind, BYTES_ARG(container)));
	if (allowed)
		return OK;
	return err_set(r->err, ERR_REJECTED, "E-POLICY-020",
	               "the policy would deny %s of its own container %.*s", kind,
	               BYTES_ARG(container));
}

static status
ask_container(struct run *r, const struct policy_pod *p, const struct policy_sample *s, size_t n)
{
	CLEANUP(buf_done) struct buf request = {0};

	policy_request_container(p, s, n, &request);
	TRY(ask(r, "CreateContainerRequest", p->containers[n].name, &request));
	for (size_t e = 0; e < p->containers[n].n_execs; e++) {
		buf_reset(&request);
		policy_request_exec(p, s, n, e, &request);
		TRY(ask(r, "ExecProcessRequest", p->containers[n].name, &request));
	}
	return OK;
}

status
policy_simulate(const struct policy_pod *p, struct bytes document, struct err *err)
{
	CLEANUP(run_done) struct run r = {.err = err};
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf request = {0};
	struct policy_sample s;

	policy_sample_fill(&a, p, &s);
	TRY(arena_check(&a, err));
	TRY(err_ctx(err, open_session(&r, document), "the policy of %.*s", BYTES_ARG(p->name)));
	policy_request_sandbox(&s, &request);
	TRY(ask(&r, "CreateSandboxRequest", BYTES("the sandbox"), &request));
	buf_reset(&request);
	policy_request_pause(p, &s, &request);
	TRY(ask(&r, "CreateContainerRequest", BYTES("the sandbox"), &request));
	for (size_t i = 0; i < p->n_containers; i++)
		TRY(ask_container(&r, p, &s, i));
	return OK;
}
