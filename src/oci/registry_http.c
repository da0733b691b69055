/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/registry_http.h"

#include "base/text.h"
#include "oci/auth.h"
#include "oci/show.h"
#include "transport/url.h"

#include <stdio.h>

/* The value of an Authorization header that worked, or is about to be tried. */
struct registry_token {
	struct registry_token *next;
	char host[REFERENCE_HOST_MAX + 1];
	char repository[REFERENCE_REPOSITORY_MAX + 1];
	struct secret header;
	uint64_t expires_ms; /* UINT64_MAX: never */
};

void
registry_forget(struct registry *r)
{
	while (r->tokens) {
		struct registry_token *t = r->tokens;

		r->tokens = t->next;
		secret_done(&t->header);
		mem_free(t);
	}
}

static struct registry_token *
find_token(const struct registry *r, const struct reference *ref)
{
	for (struct registry_token *t = r->tokens; t; t = t->next)
		if (bytes_is(bytes_str(t->host), ref->host) &&
		    bytes_is(bytes_str(t->repository), ref->repository))
			return t;
	return NULL;
}

static void
keep_token(struct registry *r, const struct reference *ref, struct bytes header,
           uint64_t expires_ms)
{
	struct registry_token *t = find_token(r, ref);

	if (!t) {
		t = mem_new(struct registry_token);
		snprintf(t->host, sizeof t->host, "%s", ref->host);
		snprintf(t->repository, sizeof t->repository, "%s", ref->repository);
		t->next = r->tokens;
		r->tokens = t;
	}
	secret_done(&t->header);
	secret_copy(&t->header, header);
	t->expires_ms = expires_ms;
}

/* ---- where ---- */

static struct bytes
host_name(const char *host_port)
{
	struct bytes h = bytes_str(host_port);

	if (h.n > 0 && h.p[0] == '[')
		return bytes_sub(h, 1, MIN(bytes_find_byte(h, ']', 0), h.n));
	return bytes_sub(h, 0, MIN(bytes_find_byte(h, ':', 0), h.n));
}

static bool
is_plain(const struct registry *r, const struct reference *ref)
{
	if (url_is_loopback(host_name(ref->host)))
		return true;
	for (size_t i = 0; i < r->options.n_plain_hosts; i++)
		if (bytes_is(bytes_str(ref->host), r->options.plain_hosts[i]))
			return true;
	return false;
}

static void
make_url(const struct registry *r, const struct reference *ref, const char *path, struct buf *out)
{
	buf_printf(out, "%s://%s/v2/%s/%s", is_plain(r, ref) ? "http" : "https",
	           reference_api_host(ref), ref->repository, path);
}

/* ---- what went wrong ---- */

/* The first error of the registry's JSON, escaped; its own words help most. */
static struct show
registry_words(const struct transport_response *resp)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf both = {0};
	struct json_limits limits = {.depth = 16, .bytes = TRANSPORT_ERROR_BODY};
	struct bytes code, text;
	struct value v;

	if (!is_ok(json_parse(&a, buf_view(&resp->body), &limits, &v, NULL)))
		return show_text((struct bytes){NULL, 0});
	code = json_text(json_get(json_item(json_get(&v, "errors"), 0), "code"));
	text = json_text(json_get(json_item(json_get(&v, "errors"), 0), "message"));
	buf_bytes(&both, code);
	if (text.n > 0) {
		buf_str(&both, code.n ? ": " : "");
		buf_bytes(&both, text);
	}
	return show_text(buf_view(&both));
}

static status
unauthorized(const struct reference *ref, const char *why, struct err *err)
{
	status s = err_set(err, ERR_REJECTED, "E-OCI-030", "unauthorized: %s", why);

	return err_hint(err, s,
	                "log in to %s (docker login, skopeo login), or check that the image exists",
	                ref->host);
}

static status
judge(const struct reference *ref, const struct transport_response *resp, struct err *err)
{
	struct show words = registry_words(resp);
	const char *text = words.text[0] ? words.text : "no reason given";

	if (resp->status >= 200 && resp->status < 300)
		return OK;
	if (resp->status == 401 || resp->status == 403)
		return unauthorized(ref, text, err);
	if (resp->status == 404)
		return err_set(err, ERR_NOT_FOUND, "E-OCI-031",
		               "the registry has no such image (%s)", text);
	return err_set(err, ERR_UNREACHABLE, "E-OCI-034", "the registry answered %u: %s",
	               resp->status, text);
}

/* ---- authentication ---- */

static void
add_query(struct buf *url, const char *name, struct bytes value)
{
	bool first = bytes_find_byte(buf_view(url), '?', 0) == SIZE_MAX;

	buf_printf(url, "%c%s=", first ? '?' : '&', name);
	url_escape(value, url);
}

/* What the challenge asks for if that is pulling; never more than pulling. */
static struct bytes
pull_scope(const struct challenge *c, const struct reference *ref, struct arena *a)
{
	if (bytes_starts(c->scope, BYTES("repository:")) && bytes_ends(c->scope, BYTES(":pull")) &&
	    bytes_find_byte(c->scope, ' ', 0) == SIZE_MAX)
		return c->scope;
	return arena_printf(a, "repository:%s:pull", ref->repository);
}

static void
basic_header(struct bytes pair, struct buf *out)
{
	buf_str(out, "Basic ");
	base64_encode(BASE64_STD, pair, out);
}

/* POST form of OAuth2 for refresh tokens, GET with Basic or nothing else. */
static status
ask_token_server(struct registry *r, const struct reference *ref, const struct challenge *c,
                 const struct credential *who, struct transport_response *resp, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf url = {0};
	CLEANUP(buf_done) struct buf form = {0};
	CLEANUP(buf_done) struct buf basic = {0};
	struct bytes scope = pull_scope(c, ref, &a);
	struct transport_header header = {BYTES("Authorization"), {NULL, 0}};
	struct transport_request req = {.plain_http = is_plain(r, ref),
	                                .max_body = (uint64_t)AUTH_TOKEN_MAX * 4};

	buf_bytes(&url, c->realm);
	if (who->kind == CREDENTIAL_IDENTITY) {
		buf_str(&form, "grant_type=refresh_token&client_id=contrast&service=");
		url_escape(c->service, &form);
		buf_str(&form, "&scope=");
		url_escape(scope, &form);
		buf_str(&form, "&refresh_token=");
		url_escape(secret_view(&who->text), &form);
		header = (struct transport_header){BYTES("Content-Type"),
		                                   BYTES("application/x-www-form-urlencoded")};
		req.method = "POST";
		req.body = buf_view(&form);
		req.n_headers = 1;
	} else {
		if (c->service.n > 0)
			add_query(&url, "service", c->service);
		add_query(&url, "scope", scope);
		req.method = "GET";
		if (who->kind == CREDENTIAL_BASIC) {
			basic_header(secret_view(&who->text), &basic);
			header.value = buf_view(&basic);
			req.n_headers = 1;
		}
	}
	TRY(buf_check(&url, err));
	TRY(buf_check(&form, err));
	TRY(arena_check(&a, err));
	req.url = buf_view(&url);
	req.headers = &header;
	return err_ctx(err, transport_send(r->options.transport, &req, resp, err),
	               "the token server");
}

static status
bearer(struct registry *r, const struct reference *ref, const struct challenge *c,
       const struct credential *who, struct err *err)
{
	CLEANUP(transport_response_done) struct transport_response resp = {0};
	CLEANUP(secret_done) struct secret token = {0};
	CLEANUP(buf_done) struct buf header = {0};
	uint64_t seconds = 0, now = r->options.transport->now_ms(r->options.transport);
	struct url realm;

	if (who->kind == CREDENTIAL_BEARER) {
		buf_str(&header, "Bearer ");
		buf_bytes(&header, secret_view(&who->text));
		keep_token(r, ref, buf_view(&header), UINT64_MAX);
		return OK;
	}
	TRY(err_ctx(err, url_parse(c->realm, &realm, err), "the registry's token server"));
	if (!realm.https && !is_plain(r, ref))
		return err_set(err, ERR_REJECTED, "E-OCI-037",
		               "refusing the registry's token server without TLS");
	TRY(ask_token_server(r, ref, c, who, &resp, err));
	TRY(judge(ref, &resp, err));
	TRY(auth_token_parse(buf_view(&resp.body), &token, &seconds, err));
	buf_str(&header, "Bearer ");
	buf_bytes(&header, secret_view(&token));
	TRY(buf_check(&header, err));
	/* A token that ends while it is under way would look like a refusal. */
	keep_token(r, ref, buf_view(&header), now + MAX(seconds, (uint64_t)10) * 1000 - 5000);
	return OK;
}

static status
basic(struct registry *r, const struct reference *ref, const struct credential *who,
      struct err *err)
{
	CLEANUP(buf_done) struct buf header = {0};

	if (who->kind != CREDENTIAL_BASIC)
		return unauthorized(ref, "the registry wants a user name and a password", err);
	basic_header(secret_view(&who->text), &header);
	TRY(buf_check(&header, err));
	keep_token(r, ref, buf_view(&header), UINT64_MAX);
	return OK;
}

static status
authenticate(struct registry *r, const struct reference *ref, const struct transport_response *resp,
             struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(credential_done) struct credential who = {0};
	struct challenge list[AUTH_CHALLENGES_MAX];
	const struct challenge *best = NULL;
	static const struct credentials nobody = {0};

	for (size_t i = 0; i < resp->n_headers; i++) {
		struct transport_response one = {.headers = &resp->headers[i], .n_headers = 1};
		struct bytes value = transport_header_get(&one, "www-authenticate");
		size_t n;

		TRY(auth_challenges_parse(&a, value, list, &n, err));
		for (size_t k = 0; k < n; k++) {
			if (list[k].scheme != AUTH_OTHER &&
			    (!best || list[k].scheme > best->scheme)) {
				struct challenge *copy = arena_new(&a, struct challenge);

				TRY(arena_check(&a, err));
				*copy = list[k];
				best = copy;
			}
		}
	}
	if (!best)
		return unauthorized(ref, "the registry offers no way to log in that we know", err);
	TRY(credentials_find(r->options.credentials ? r->options.credentials : &nobody, ref->host,
	                     ref->repository, &who, err));
	return best->scheme == AUTH_BEARER ? bearer(r, ref, best, &who, err)
	                                   : basic(r, ref, &who, err);
}

/* ---- requests ---- */

static status
send_once(struct registry *r, const struct reference *ref, const struct registry_request *req,
          struct transport_response *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf url = {0};
	char range[64];
	const struct registry_token *token = find_token(r, ref);
	uint64_t now = r->options.transport->now_ms(r->options.transport);
	struct transport_header headers[3];
	struct transport_request one = {
	        .method = req->method,
	        .headers = headers,
	        .max_body = req->max_body,
	        .total_ms = req->total_ms,
	        .sink = req->sink,
	        .plain_http = is_plain(r, ref),
	};

	make_url(r, ref, req->path, &url);
	TRY(buf_check(&url, err));
	one.url = buf_view(&url);
	if (req->accept)
		headers[one.n_headers++] =
		        (struct transport_header){BYTES("Accept"), bytes_str(req->accept)};
	if (token && token->expires_ms > now)
		headers[one.n_headers++] = (struct transport_header){BYTES("Authorization"),
		                                                     secret_view(&token->header)};
	if (req->range_from > 0) {
		snprintf(range, sizeof range, "bytes=%llu-", (unsigned long long)req->range_from);
		headers[one.n_headers++] =
		        (struct transport_header){BYTES("Range"), bytes_str(range)};
	}
	return transport_send(r->options.transport, &one, ret, err);
}

status
registry_send(struct registry *r, const struct reference *ref, const struct registry_request *req,
              struct transport_response *ret, struct err *err)
{
	if (r->options.offline) {
		status s = err_set(err, ERR_UNREACHABLE, "E-OCI-036",
		                   "not in the cache, and the registry may not be asked");

		return err_hint(err, s, "run once without offline mode");
	}
	TRY(send_once(r, ref, req, ret, err));
	if (ret->status == 401) {
		TRY(authenticate(r, ref, ret, err));
		TRY(send_once(r, ref, req, ret, err));
	}
	return judge(ref, ret, err);
}
