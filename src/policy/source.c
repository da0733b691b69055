/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/source.h"

#include "base/text.h"
#include "policy/initdata.h"
#include "toml/toml.h"
#include "yaml/tree.h"

enum { BASE64_MIN = 16 }; /* shorter ones are no policy, but may be a word of one */

static bool
is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
is_base64_char(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '/' || c == '=';
}

/* Nothing but characters of base64, wrapped or not. */
static bool
looks_like_base64(struct bytes text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		if (is_space(text.p[i]) && text.p[i] != ' ')
			continue;
		if (!is_base64_char(text.p[i]))
			return false;
		n++;
	}
	return n >= BASE64_MIN;
}

static bool
is_gzip(struct bytes b)
{
	return b.n > 2 && b.p[0] == 0x1f && b.p[1] == 0x8b;
}

/* The first thing that is no comment: a key or a header. Rego begins with `package`. */
static bool
looks_like_toml(struct bytes text)
{
	size_t at = 0;

	while (at < text.n) {
		size_t end = MIN(bytes_find_byte(text, '\n', at), text.n);
		struct bytes line = bytes_trim(bytes_sub(text, at, end));
		size_t i = 0;

		at = end + 1;
		if (line.n == 0 || line.p[0] == '#')
			continue;
		while (i < line.n && line.p[i] != '=' && !is_space(line.p[i]))
			i++;
		while (i < line.n && is_space(line.p[i]))
			i++;
		return line.p[0] == '[' || (i < line.n && line.p[i] == '=');
	}
	return false;
}

static status
unwrap_document(struct arena *a, struct bytes document, struct bytes *ret, struct err *err)
{
	const struct toml_entry *policy;
	struct toml t;

	TRY(err_ctx(err, toml_parse(a, document, &t, err), "initdata"));
	policy = toml_get(&t, "data", "policy.rego");
	if (!policy)
		return err_set(err, ERR_PARSE, "E-POLICY-031",
		               "initdata: there is no policy.rego in [data]");
	*ret = policy->value;
	return OK;
}

static status
unwrap_gzip(struct arena *a, struct bytes packed, struct bytes *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf document = {.max = INITDATA_MAX_BYTES + 1024 * 1024};
	struct bytes copy;

	TRY(initdata_inflate(packed, &document, err));
	copy = arena_copy(a, buf_view(&document));
	TRY(arena_check(a, err));
	return unwrap_document(a, copy, ret, err);
}

/* White space is what a terminal or `base64` put there. */
static bool
decode(struct bytes text, struct buf *out)
{
	CLEANUP(buf_done) struct buf plain = {.max = text.n + 1};

	for (size_t i = 0; i < text.n; i++)
		if (!is_space(text.p[i]))
			buf_u8(&plain, text.p[i]);
	return buf_ok(&plain) && base64_decode(BASE64_STD, buf_view(&plain), out);
}

static status
unwrap_base64(struct arena *a, struct bytes text, struct bytes *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf raw = {0};
	struct bytes copy;

	if (!decode(text, &raw))
		return err_set(err, ERR_PARSE, "E-POLICY-030",
		               "the policy is neither Rego nor base64 of a policy");
	if (is_gzip(buf_view(&raw)))
		return unwrap_gzip(a, buf_view(&raw), ret, err);
	copy = arena_copy(a, buf_view(&raw));
	TRY(arena_check(a, err));
	if (looks_like_toml(copy))
		return unwrap_document(a, copy, ret, err);
	*ret = copy;
	return OK;
}

status
policy_unwrap(struct arena *a, struct bytes text, struct bytes *ret, struct err *err)
{
	if (is_gzip(text))
		return unwrap_gzip(a, text, ret, err);
	if (looks_like_base64(text))
		return unwrap_base64(a, text, ret, err);
	if (looks_like_toml(text))
		return unwrap_document(a, text, ret, err);
	*ret = text;
	return OK;
}

status
policy_of_workload(struct arena *a, const struct kube_workload *w, bool *ret_found,
                   struct bytes *ret, struct err *err)
{
	static const char *const names[] = {KUBE_INITDATA_ANNOTATION, POLICY_KATA_ANNOTATION};

	*ret_found = false;
	for (size_t i = 0; i < COUNT_OF(names) && !*ret_found; i++) {
		const struct yaml_node *node = kube_annotation(w, names[i]);

		if (!node)
			continue;
		TRY(kube_at(err, unwrap_base64(a, node->text, ret, err), w->file, node));
		*ret_found = true;
	}
	return OK;
}
