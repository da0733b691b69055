/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/script.h"

#include <stdio.h>

static status
mismatch(struct script *s, struct err *err, const char *what, struct bytes got, const char *want)
{
	if (s->fault[0] == '\0')
		snprintf(s->fault, sizeof s->fault, "step %zu: %s: got \"%.*s\", want \"%s\"",
		         s->at + 1, what, BYTES_ARG(got), want ? want : "(none)");
	return err_set(err, ERR_INTERNAL, "E-TRANSPORT-015", "%s", s->fault);
}

static status
check_header(struct script *s, const struct transport_request *req, const char *name,
             const char *want, struct err *err)
{
	for (size_t i = 0; i < req->n_headers; i++) {
		if (!bytes_is(req->headers[i].name, name))
			continue;
		if (!want || !bytes_is(req->headers[i].value, want))
			return mismatch(s, err, name, req->headers[i].value, want);
		return OK;
	}
	return want ? mismatch(s, err, name, BYTES("(none)"), want) : OK;
}

static status
check_request(struct script *s, const struct script_step *step, const struct transport_request *req,
              struct err *err)
{
	if (step->method && !bytes_is(bytes_str(req->method), step->method))
		return mismatch(s, err, "method", bytes_str(req->method), step->method);
	if (step->url && !bytes_is(req->url, step->url))
		return mismatch(s, err, "url", req->url, step->url);
	if (step->want_body && !bytes_is(req->body, step->want_body))
		return mismatch(s, err, "body", req->body, step->want_body);
	if (step->want_header[0])
		return check_header(s, req, step->want_header[0], step->want_header[1], err);
	return OK;
}

static status
broken(struct transport_response *ret, struct err *err)
{
	ret->transient = true;
	return err_set(err, ERR_UNREACHABLE, "E-TRANSPORT-007", "the connection broke");
}

static status
deliver(const struct script_step *step, const struct transport_request *req,
        struct transport_response *ret, struct err *err)
{
	bool cut = step->break_after > 0 && step->break_after < step->body.n;
	struct bytes body = cut ? bytes_sub(step->body, 0, step->break_after) : step->body;

	if (body.n > req->max_body)
		return err_set(err, ERR_LIMIT, "E-TRANSPORT-008", "the answer is too large");
	if (req->sink && step->status >= 200 && step->status < 300) {
		TRY(req->sink->begin(req->sink->ctx, ret, err));
		/* Two pieces, so that a consumer that expects one is caught. */
		TRY(req->sink->data(req->sink->ctx, bytes_sub(body, 0, body.n / 2), err));
		TRY(req->sink->data(req->sink->ctx, bytes_sub(body, body.n / 2, body.n), err));
	} else if (!bytes_is(bytes_str(req->method), "HEAD")) {
		buf_bytes(&ret->body, body);
	}
	return cut ? broken(ret, err) : buf_check(&ret->body, err);
}

static status
script_exchange(struct transport *t, const struct transport_request *req,
                struct transport_response *ret, struct err *err)
{
	struct script *s = (struct script *)t;
	const struct script_step *step = &s->steps[s->at];

	if (s->at == s->n)
		return mismatch(s, err, "a request too many", req->url, NULL);
	TRY(check_request(s, step, req, err));
	s->at++;
	if (step->status == 0)
		return broken(ret, err);
	ret->status = step->status;
	for (size_t i = 0; i < COUNT_OF(step->headers) && step->headers[i][0]; i++)
		TRY(transport_header_add(ret, bytes_str(step->headers[i][0]),
		                         bytes_str(step->headers[i][1]), err));
	return deliver(step, req, ret, err);
}

static uint64_t
script_now(struct transport *t)
{
	return ((struct script *)t)->clock_ms;
}

static void
script_sleep(struct transport *t, uint64_t ms)
{
	struct script *s = (struct script *)t;

	s->clock_ms += ms;
	s->slept_ms += ms;
}

void
script_init(struct script *s, const struct script_step *steps, size_t n)
{
	*s = (struct script){
	        .transport = {script_exchange, script_now, script_sleep, 0},
	        .steps = steps,
	        .n = n,
	};
}

bool
script_done(const struct script *s)
{
	return s->at == s->n && s->fault[0] == '\0';
}

/* ---- recorder ---- */

static status
recorder_begin(void *ctx, const struct transport_response *head, struct err *err)
{
	struct recorder *r = ctx;

	return r->sink->begin(r->sink->ctx, head, err);
}

static status
recorder_data(void *ctx, struct bytes piece, struct err *err)
{
	struct recorder *r = ctx;

	r->bytes_in += piece.n;
	return r->sink->data(r->sink->ctx, piece, err);
}

static status
recorder_exchange(struct transport *t, const struct transport_request *req,
                  struct transport_response *ret, struct err *err)
{
	struct recorder *r = (struct recorder *)t;
	struct transport_sink sink = {r, recorder_begin, recorder_data};
	struct transport_request one = *req;
	uint64_t before = r->bytes_in;
	status s;

	r->sink = req->sink;
	if (req->sink)
		one.sink = &sink;
	r->requests++;
	r->bytes_out += req->body.n;
	s = r->inner->exchange(r->inner, &one, ret, err);
	r->bytes_in += ret->body.n;
	buf_printf(&r->lines, "%s %.*s -> %u %llu\n", req->method, BYTES_ARG(req->url),
	           is_ok(s) ? ret->status : 0, (unsigned long long)(r->bytes_in - before));
	return s;
}

static uint64_t
recorder_now(struct transport *t)
{
	struct recorder *r = (struct recorder *)t;

	return r->inner->now_ms(r->inner);
}

static void
recorder_sleep(struct transport *t, uint64_t ms)
{
	struct recorder *r = (struct recorder *)t;

	r->inner->sleep_ms(r->inner, ms);
}

void
recorder_init(struct recorder *r, struct transport *inner)
{
	*r = (struct recorder){
	        .transport = {recorder_exchange, recorder_now, recorder_sleep, inner->attempts},
	        .inner = inner,
	};
}

void
recorder_done(struct recorder *r)
{
	buf_done(&r->lines);
}
