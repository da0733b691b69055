/* SPDX-License-Identifier: Apache-2.0 */
/* The library's face: translates types, decides nothing. */
#include "contrast/rego.h"

#include <stdio.h>

#include "rego/session.h"
#include "rego/time_zone.h"

struct contrast_rego_policy {
	struct policy *policy;
};

struct contrast_rego_session {
	struct session *session;
	const struct policy *policy;
	struct session_answer answer;
	struct buf json;
	int (*zone)(void *context, const char *name, const void **tzif, size_t *size);
	void *zone_context;
};

static contrast_rego_status
status_of(const struct err *err)
{
	struct bytes id = bytes_str(err->id);

	if (bytes_is(id, "E-REGO-062"))
		return CONTRAST_REGO_CONFLICT;
	if (bytes_is(id, "E-REGO-060") || bytes_is(id, "E-REGO-061"))
		return CONTRAST_REGO_BUILTIN;
	if (bytes_is(id, "E-REGO-070") || bytes_is(id, "E-REGO-072"))
		return CONTRAST_REGO_UNDEFINED;
	if (bytes_is(id, "E-REGO-073"))
		return CONTRAST_REGO_SHAPE;
	if (bytes_is(id, "E-REGO-071"))
		return CONTRAST_REGO_STATE;
	if (err->cls == ERR_LIMIT)
		return CONTRAST_REGO_LIMIT;
	return err->cls == ERR_PARSE ? CONTRAST_REGO_PARSE : CONTRAST_REGO_INTERNAL;
}

static contrast_rego_status
report(status s, const struct err *err, contrast_rego_error *to)
{
	contrast_rego_status code = is_ok(s) ? CONTRAST_REGO_OK : status_of(err);

	if (!to)
		return code;
	*to = (contrast_rego_error){.status = code};
	if (is_ok(s))
		return code;
	snprintf(to->id, sizeof to->id, "%s", err->id);
	snprintf(to->place, sizeof to->place, "%s", err->place);
	snprintf(to->message, sizeof to->message, "%s", err->msg);
	return code;
}

static status
out_of_memory(struct err *err)
{
	return err_set(err, ERR_LIMIT, "E-REGO-004", "out of memory");
}

static status
compile(const contrast_rego_module *modules, size_t n, const char *query, unsigned flags,
        contrast_rego_policy **ret, struct err *err)
{
	struct policy_options o = {
	        .v0 = flags & CONTRAST_REGO_V0,
	        .trace = flags & CONTRAST_REGO_TRACE,
	        .builtins = &rego_builtins_full,
	        .query = query,
	};
	CLEANUP(arena_done) struct arena a = {0};
	struct policy_module *list = arena_array(&a, n + 1, sizeof *list);
	contrast_rego_policy *p = mem_try_alloc(sizeof *p);
	status s;

	for (size_t i = 0; list && i < n; i++)
		list[i] = (struct policy_module){modules[i].name ? modules[i].name : "policy.rego",
		                                 bytes_of(modules[i].text, modules[i].size)};
	s = list && p ? policy_compile(list, n, &o, &p->policy, err) : out_of_memory(err);
	if (is_ok(s))
		*ret = p;
	else
		mem_free(p);
	return s;
}

contrast_rego_status
contrast_rego_compile(const contrast_rego_module *modules, size_t n, const char *query,
                      unsigned flags, contrast_rego_policy **ret, contrast_rego_error *error)
{
	struct err err = {0};

	return report(compile(modules, n, query, flags, ret, &err), &err, error);
}

void
contrast_rego_policy_free(contrast_rego_policy *policy)
{
	if (!policy)
		return;
	policy_drop(policy->policy);
	mem_free(policy);
}

size_t
contrast_rego_policy_size(const contrast_rego_policy *policy)
{
	return policy->policy->memory;
}

contrast_rego_status
contrast_rego_session_new(const contrast_rego_policy *policy, const contrast_rego_limits *limits,
                          unsigned flags, contrast_rego_session **ret, contrast_rego_error *error)
{
	struct session_options o = {
	        .strict = flags & CONTRAST_REGO_STRICT,
	        .print = flags & CONTRAST_REGO_PRINT,
	        .trace = flags & CONTRAST_REGO_TRACE,
	};
	contrast_rego_session *s = mem_try_alloc(sizeof *s);
	struct err err = {0};
	status result;

	if (limits)
		o.limits = (struct eval_limits){limits->steps, limits->bytes, limits->depth,
		                                limits->time_ns};
	if (!s)
		return report(out_of_memory(&err), &err, error);
	*s = (contrast_rego_session){.policy = policy->policy};
	result = session_new(policy->policy, &o, &s->session, &err);
	if (is_ok(result))
		*ret = s;
	else
		mem_free(s);
	return report(result, &err, error);
}

void
contrast_rego_session_free(contrast_rego_session *session)
{
	if (!session)
		return;
	session_free(session->session);
	buf_done(&session->json);
	mem_free(session);
}

void
contrast_rego_session_random(contrast_rego_session *session,
                             void (*random)(void *context, void *to, size_t n), void *context)
{
	session_random(session->session, random, context);
}

static bool
load_zone(void *ctx, struct bytes name, struct buf *tzif)
{
	contrast_rego_session *s = ctx;
	char text[ZONE_NAME_MAX + 1];
	const void *data = NULL;
	size_t size = 0;

	/* The engine checked the name: letters, no NUL. */
	if (name.n > ZONE_NAME_MAX)
		return false;
	mem_copy(text, name.p, name.n);
	text[name.n] = '\0';
	if (!s->zone(s->zone_context, text, &data, &size) || size > ZONE_MAX_FILE)
		return false;
	buf_add(tzif, data, size);
	return buf_ok(tzif);
}

void
contrast_rego_session_zones(contrast_rego_session *session,
                            int (*zone)(void *context, const char *name, const void **tzif,
                                        size_t *size),
                            void *context)
{
	session->zone = zone;
	session->zone_context = context;
	session_zones(session->session, zone ? load_zone : NULL, session);
}

contrast_rego_status
contrast_rego_session_data(contrast_rego_session *session, const char *json, size_t size,
                           contrast_rego_error *error)
{
	struct err err = {0};

	session->answer = (struct session_answer){0};
	return report(session_set_data(session->session, bytes_of(json, size), &err), &err, error);
}

contrast_rego_status
contrast_rego_prepare(const contrast_rego_session *session, const char *path,
                      contrast_rego_entry *ret, contrast_rego_error *error)
{
	struct err err = {0};
	struct entry e;
	status s = session_find(session->session, bytes_str(path), &e, &err);

	if (is_ok(s))
		*ret = (contrast_rego_entry){e.document, 0};
	return report(s, &err, error);
}

contrast_rego_status
contrast_rego_prepare_query(const contrast_rego_session *session, contrast_rego_entry *ret,
                            contrast_rego_error *error)
{
	struct err err = {0};
	status s = OK;

	if (session->policy->query)
		*ret = (contrast_rego_entry){0, 1};
	else
		s = err_set(&err, ERR_NOT_FOUND, "E-REGO-070",
		            "the policy was compiled without a query");
	return report(s, &err, error);
}

static bool
is_entry(const contrast_rego_session *s, contrast_rego_entry e)
{
	return e.query ? s->policy->query != 0 : e.document < s->policy->n_documents;
}

/* Solutions of a query as OPA shows them. */
static void
put_solutions(const struct value *v, struct buf *out)
{
	buf_u8(out, '[');
	for (uint32_t i = 0; i + 1 < v->n; i += 2) {
		buf_str(out, i > 0 ? ",{\"bindings\":" : "{\"bindings\":");
		value_json(&v->u.items[i], out);
		buf_str(out, ",\"expressions\":");
		value_json(&v->u.items[i + 1], out);
		buf_u8(out, '}');
	}
	buf_u8(out, ']');
}

static status
evaluate(contrast_rego_session *s, contrast_rego_entry e, struct bytes input, int64_t now_ns,
         const char **json, size_t *size, struct err *err)
{
	*json = NULL;
	*size = 0;
	s->answer = (struct session_answer){0};
	if (!is_entry(s, e))
		return err_set(err, ERR_NOT_FOUND, "E-REGO-070", "no such entry");
	TRY(session_eval(s->session, (struct entry){e.document, e.query}, input, now_ns, &s->answer,
	                 err));
	if (s->answer.value.type == VALUE_UNDEFINED)
		return OK;
	buf_reset(&s->json);
	if (e.query)
		put_solutions(&s->answer.value, &s->json);
	else
		value_json(&s->answer.value, &s->json);
	TRY(buf_check(&s->json, err));
	*size = s->json.n;
	*json = buf_cstr(&s->json);
	return buf_check(&s->json, err);
}

contrast_rego_status
contrast_rego_evaluate(contrast_rego_session *session, contrast_rego_entry entry, const char *input,
                       size_t size, int64_t now_ns, const char **json, size_t *json_size,
                       contrast_rego_error *error)
{
	struct err err = {0};
	status s = evaluate(session, entry, bytes_of(input, size), now_ns, json, json_size, &err);

	return report(s, &err, error);
}

static status
decide(contrast_rego_session *s, contrast_rego_entry e, struct bytes input, int64_t now_ns,
       bool *allowed, struct err *err)
{
	s->answer = (struct session_answer){0};
	if (e.query || !is_entry(s, e))
		return err_set(err, ERR_NOT_FOUND, "E-REGO-070", "no such entry");
	return session_decide(s->session, (struct entry){e.document, false}, input, now_ns, allowed,
	                      &s->answer, err);
}

contrast_rego_status
contrast_rego_decide(contrast_rego_session *session, contrast_rego_entry entry, const char *input,
                     size_t size, int64_t now_ns, int *allowed, contrast_rego_error *error)
{
	struct err err = {0};
	bool yes = false;
	status s = decide(session, entry, bytes_of(input, size), now_ns, &yes, &err);

	*allowed = is_ok(s) && yes;
	return report(s, &err, error);
}

const char *
contrast_rego_print(const contrast_rego_session *session, size_t i, size_t *size)
{
	if (i >= session->answer.n_prints)
		return NULL;
	*size = session->answer.prints[i].n;
	return (const char *)session->answer.prints[i].u.s;
}

int
contrast_rego_trace(const contrast_rego_session *session, size_t i, contrast_rego_trace_entry *ret)
{
	const struct policy *p = session->policy;
	const struct trace_entry *t = session->answer.trace;
	const struct expression *e;

	if (!t || i >= p->n_expressions)
		return 0;
	e = &p->expressions[i];
	*ret = (contrast_rego_trace_entry){
	        .file = (const char *)p->files[e->file].p,
	        .line = e->line,
	        .column = e->col,
	        .text = (const char *)p->texts[e->file].p + e->off,
	        .size = e->end - e->off,
	        .evaluated = t[i].entered,
	        .held = t[i].held,
	        .was_false = t[i].failed,
	        .undefined = t[i].undefined,
	};
	return 1;
}

void
contrast_rego_used(const contrast_rego_session *session, uint64_t *steps, size_t *bytes)
{
	*steps = session->answer.steps;
	*bytes = session->answer.bytes;
}
