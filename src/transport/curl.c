/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/curl.h"

#include "transport/url.h"

#include <curl/curl.h>

struct curl_transport {
	struct transport base; /* first */
	CURL *easy;
	struct curl_options options;
	/* The exchange under way. */
	const struct transport_request *req;
	struct transport_response *ret;
	uint64_t received;
	bool begun;
	bool failed; /* `err` and `fault` hold why we stopped it */
	status fault;
	struct err *err;
	char message[CURL_ERROR_SIZE];
};

static bool
stop(struct curl_transport *c, status s)
{
	if (is_ok(s))
		return false;
	c->failed = true;
	c->fault = s;
	return true;
}

/* ---- what comes in ---- */

/* A status line starts the headers anew: before it came a 1xx or a proxy's answer. */
static status
take_header_line(struct curl_transport *c, struct bytes line, struct err *err)
{
	size_t colon;

	if (bytes_starts(line, BYTES("HTTP/"))) {
		c->ret->n_headers = 0;
		return OK;
	}
	if (bytes_trim(line).n == 0)
		return OK;
	colon = bytes_find_byte(line, ':', 0);
	if (colon == SIZE_MAX || colon == 0)
		return err_set(err, ERR_UNREACHABLE, "E-TRANSPORT-009",
		               "the answer has a malformed header");
	return transport_header_add(c->ret, bytes_sub(line, 0, colon),
	                            bytes_trim(bytes_sub(line, colon + 1, line.n)), err);
}

static size_t
on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct curl_transport *c = ctx;

	/* Any other number than this tells libcurl to stop. */
	return stop(c, take_header_line(c, bytes_of(p, size * n), c->err)) ? size * n + 1
	                                                                   : size * n;
}

static bool
is_success(unsigned int code)
{
	return code >= 200 && code < 300;
}

static status
begin_body(struct curl_transport *c, struct err *err)
{
	long code = 0;

	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &code);
	c->ret->status = (unsigned int)code;
	c->begun = true;
	if (c->req->sink && is_success(c->ret->status))
		return c->req->sink->begin(c->req->sink->ctx, c->ret, err);
	c->ret->body.max = c->req->sink ? (size_t)TRANSPORT_ERROR_BODY
	                                : MIN(c->req->max_body, (uint64_t)SIZE_MAX);
	return OK;
}

static status
take_body(struct curl_transport *c, struct bytes piece, struct err *err)
{
	bool to_sink;

	if (!c->begun)
		TRY(begin_body(c, err));
	to_sink = c->req->sink && is_success(c->ret->status);
	c->received += piece.n;
	if (c->received > c->req->max_body)
		return err_set(err, ERR_LIMIT, "E-TRANSPORT-008",
		               "the answer is larger than %llu bytes",
		               (unsigned long long)c->req->max_body);
	if (to_sink)
		return c->req->sink->data(c->req->sink->ctx, piece, err);
	/* An error's body is for the message only: what is too long is cut. */
	if (c->req->sink)
		piece = bytes_sub(piece, 0,
		                  TRANSPORT_ERROR_BODY -
		                          MIN(c->ret->body.n, (size_t)TRANSPORT_ERROR_BODY));
	buf_bytes(&c->ret->body, piece);
	return buf_check(&c->ret->body, err);
}

static size_t
on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct curl_transport *c = ctx;

	return stop(c, take_body(c, bytes_of(p, size * n), c->err)) ? size * n + 1 : size * n;
}

/* ---- failures ---- */

static status
failure(struct curl_transport *c, CURLcode rc, struct err *err)
{
	const char *why = c->message[0] ? c->message : curl_easy_strerror(rc);

	switch ((int)rc) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return err_set(err, ERR_UNREACHABLE, "E-TRANSPORT-003", "%s", why);
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
		return err_set(err, ERR_UNREACHABLE, "E-TRANSPORT-013", "%s", why);
	case CURLE_COULDNT_CONNECT:
		return err_set(err, ERR_UNREACHABLE, "E-TRANSPORT-004", "%s", why);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
		return err_set(err, ERR_UNREACHABLE, "E-TRANSPORT-005", "%s", why);
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_OUT_OF_MEMORY:
		return err_set(err, ERR_INTERNAL, "E-TRANSPORT-014", "%s", why);
	case CURLE_OPERATION_TIMEDOUT:
		c->ret->transient = true;
		return err_set(err, ERR_UNREACHABLE, "E-TRANSPORT-006", "%s", why);
	default:
		c->ret->transient = true;
		return err_set(err, ERR_UNREACHABLE, "E-TRANSPORT-007", "%s", why);
	}
}

/* ---- what goes out ---- */

static status
out_of_memory(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "E-TRANSPORT-014", "libcurl has no memory");
}

static status
make_headers(const struct transport_request *req, struct curl_slist **ret, struct err *err)
{
	CLEANUP(buf_done) struct buf line = {0};

	for (size_t i = 0; i < req->n_headers; i++) {
		struct curl_slist *more;

		buf_reset(&line);
		buf_bytes(&line, req->headers[i].name);
		/* libcurl's spelling for a header without a value is "Name;". */
		buf_str(&line, req->headers[i].value.n ? ": " : ";");
		buf_bytes(&line, req->headers[i].value);
		more = curl_slist_append(*ret, buf_cstr(&line));
		if (!more)
			return out_of_memory(err);
		*ret = more;
	}
	return OK;
}

static void
set_method(CURL *e, const struct transport_request *req)
{
	struct bytes m = bytes_str(req->method);

	if (bytes_is(m, "HEAD")) {
		curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
		return;
	}
	if (req->body.n > 0 || bytes_is(m, "POST") || bytes_is(m, "PUT") || bytes_is(m, "PATCH")) {
		curl_easy_setopt(e, CURLOPT_POST, 1L);
		curl_easy_setopt(e, CURLOPT_POSTFIELDS,
		                 req->body.p ? (const char *)req->body.p : "");
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.n);
	}
	curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, req->method);
}

static void
set_tls(const struct curl_transport *c)
{
	CURL *e = c->easy;

	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (c->options.ca_file) {
		curl_easy_setopt(e, CURLOPT_CAINFO, c->options.ca_file);
		curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	}
	if (c->options.client_cert) {
		curl_easy_setopt(e, CURLOPT_SSLCERT, c->options.client_cert);
		curl_easy_setopt(e, CURLOPT_SSLKEY, c->options.client_key);
	}
}

static void
set_limits(const struct curl_transport *c, const struct transport_request *req)
{
	CURL *e = c->easy;

	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)MIN(req->connect_ms, req->total_ms));
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)req->total_ms);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (long)(req->stall_ms + 999) / 1000);
}

/* Everything afresh for each exchange; curl_easy_reset keeps the connections. */
static void
set_all(struct curl_transport *c, const struct transport_request *req, const struct url *u,
        const char *url, struct curl_slist *headers)
{
	CURL *e = c->easy;

	curl_easy_reset(e);
	curl_easy_setopt(e, CURLOPT_URL, url);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "contrast/" CONTRAST_VERSION);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->message);
	/* A proxy cannot reach our loopback, and would see what is meant to stay here. */
	if (url_is_loopback(u->host))
		curl_easy_setopt(e, CURLOPT_PROXY, "");
	set_tls(c);
	set_limits(c, req);
	set_method(e, req);
}

static status
perform(struct curl_transport *c, struct err *err)
{
	CURLcode rc = curl_easy_perform(c->easy);
	long code = 0;

	if (c->failed)
		return c->fault;
	if (rc != CURLE_OK)
		return failure(c, rc, err);
	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &code);
	c->ret->status = (unsigned int)code;
	if (!c->begun && c->req->sink && is_success(c->ret->status))
		return c->req->sink->begin(c->req->sink->ctx, c->ret, err);
	return OK;
}

static status
curl_exchange(struct transport *t, const struct transport_request *req,
              struct transport_response *ret, struct err *err)
{
	struct curl_transport *c = (struct curl_transport *)t;
	CLEANUP(buf_done) struct buf url = {0};
	struct curl_slist *headers = NULL;
	struct url u;
	status s;

	TRY(url_parse(req->url, &u, err));
	buf_bytes(&url, req->url);
	TRY(buf_check(&url, err));
	s = make_headers(req, &headers, err);
	if (is_ok(s)) {
		c->req = req;
		c->ret = ret;
		c->err = err;
		c->received = 0;
		c->begun = c->failed = false;
		c->message[0] = '\0';
		set_all(c, req, &u, buf_cstr(&url), headers);
		s = perform(c, err);
	}
	curl_slist_free_all(headers);
	return s;
}

status
transport_curl_new(const struct curl_options *options, struct transport **ret, struct err *err)
{
	struct curl_transport *c;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return out_of_memory(err);
	c = mem_new(struct curl_transport);
	c->base.exchange = curl_exchange;
	c->base.now_ms = transport_clock_ms;
	c->base.sleep_ms = transport_clock_sleep;
	if (options)
		c->options = *options;
	c->easy = curl_easy_init();
	if (!c->easy) {
		transport_curl_free(&c->base);
		return out_of_memory(err);
	}
	*ret = &c->base;
	return OK;
}

void
transport_curl_free(struct transport *t)
{
	struct curl_transport *c = (struct curl_transport *)t;

	if (!c)
		return;
	if (c->easy)
		curl_easy_cleanup(c->easy);
	curl_global_cleanup();
	mem_free(c);
}
