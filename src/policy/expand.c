/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/expand.h"

struct expander {
	const struct policy_env *env;
	size_t n;
	bool service_links;
	struct buf out;
	struct bytes ref;
	size_t n_refs; /* how often it was left standing */
};

static const struct policy_env *
find(const struct expander *x, struct bytes name)
{
	for (size_t i = x->n; i > 0; i--)
		if (bytes_equal(x->env[i - 1].name, name))
			return &x->env[i - 1];
	return NULL;
}

static bool
is_service_variable(struct bytes name)
{
	return bytes_ends(name, BYTES("_SERVICE_HOST")) ||
	       bytes_find(name, BYTES("_SERVICE_PORT"), 0) != SIZE_MAX ||
	       bytes_ends(name, BYTES("_PORT"));
}

static enum expand_result
reference(struct expander *x, struct bytes name)
{
	const struct policy_env *e = find(x, name);

	if (!e && (x->service_links || bytes_starts(name, BYTES("KUBERNETES_"))) &&
	    is_service_variable(name))
		return EXPAND_CLUSTER;
	if (e && e->from == POLICY_LITERAL && e->ref.n == 0) {
		buf_bytes(&x->out, e->value);
		return EXPAND_OK;
	}
	buf_printf(&x->out, "$(%.*s)", BYTES_ARG(name));
	if (!e)
		return EXPAND_OK;
	if (e->ref.n > 0 || (x->ref.n > 0 && !bytes_equal(x->ref, name)))
		return EXPAND_TWO;
	x->ref = name;
	x->n_refs++;
	return EXPAND_OK;
}

static enum expand_result
walk(struct expander *x, struct bytes text)
{
	size_t at = 0;

	while (at < text.n) {
		size_t end;
		uint8_t next = at + 1 < text.n ? text.p[at + 1] : 0;
		enum expand_result r;

		if (text.p[at] != '$' || at + 1 == text.n) {
			buf_u8(&x->out, text.p[at++]);
			continue;
		}
		if (next == '$') {
			buf_u8(&x->out, '$');
			at += 2;
			continue;
		}
		end = next == '(' ? bytes_find_byte(text, ')', at) : SIZE_MAX;
		if (end == SIZE_MAX) {
			buf_u8(&x->out, text.p[at++]);
			continue;
		}
		r = reference(x, bytes_sub(text, at + 2, end));
		if (r != EXPAND_OK)
			return r;
		at = end + 1;
	}
	return EXPAND_OK;
}

/* What the rules will replace must be exactly what was left standing. */
static bool
refs_are_clear(const struct expander *x, struct arena *a)
{
	struct bytes mark = arena_printf(a, "$(%.*s)", BYTES_ARG(x->ref));
	size_t found = 0, at = 0;

	if (x->ref.n == 0)
		return true;
	while ((at = bytes_find(buf_view(&x->out), mark, at)) != SIZE_MAX) {
		found++;
		at += mark.n;
	}
	return found == x->n_refs;
}

enum expand_result
policy_expand(struct arena *a, struct bytes text, const struct policy_env *env, size_t n,
              bool service_links, struct bytes *ret, struct bytes *ret_ref)
{
	struct expander x = {.env = env, .n = n, .service_links = service_links};
	enum expand_result r = EXPAND_OK;

	*ret_ref = (struct bytes){NULL, 0};
	*ret = text;
	if (bytes_find_byte(text, '$', 0) == SIZE_MAX)
		return EXPAND_OK;
	r = walk(&x, text);
	if (r == EXPAND_OK && !refs_are_clear(&x, a))
		r = EXPAND_UNCLEAR;
	*ret = arena_copy(a, buf_view(&x.out));
	*ret_ref = x.ref;
	buf_done(&x.out);
	return r;
}
