/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/lists.h"

#include <string.h>

void
lists_read(const struct endorsements *e, struct crl_lists *ret)
{
	*ret = (struct crl_lists){0};
	for (size_t i = 0; i < e->n_crls; i++) {
		struct err err;

		if (is_ok(crl_parse_der(e->crls[i], &ret->list[ret->n], &err))) {
			ret->n++;
		} else if (!ret->unread) {
			ret->unread = true;
			ret->why = err;
		}
	}
}

void
lists_done(struct crl_lists *l)
{
	for (size_t i = 0; i < l->n; i++)
		crl_free(l->list[i]);
	*l = (struct crl_lists){0};
}

static bool
newer(const struct crl *a, const struct crl *b)
{
	if (crl_this_update(a) != crl_this_update(b))
		return crl_this_update(a) > crl_this_update(b);
	return crl_number(a) > crl_number(b);
}

/* One list of the issuer: is it his, and in its window? */
static enum lists_finding
judge(const struct crl *c, const struct cert *issuer, bool pss, int64_t now, struct err *err)
{
	if (pss && !crl_sig_is_pss_sha384(c)) {
		(void)!is_ok(err_set(err, ERR_REJECTED, "E-CRYPTO-032",
		                     "the revocation list is not signed with PSS and SHA-384"));
		return LISTS_BAD;
	}
	if (is_ok(crl_verify(c, issuer, now, err)))
		return LISTS_FRESH;
	return strcmp(err->id, "E-CRYPTO-033") == 0 ? LISTS_STALE : LISTS_BAD;
}

void
lists_ask(const struct crl_lists *l, const struct cert *subject, const struct cert *issuer,
          bool pss, int64_t now, struct lists_answer *ret)
{
	const struct crl *freshest = NULL;
	bool revoked = false;

	*ret = (struct lists_answer){.finding = l->unread ? LISTS_UNREAD : LISTS_NONE};
	ret->why = l->why;
	for (size_t i = 0; i < l->n; i++) {
		struct err err;
		enum lists_finding f;

		if (!crl_names_issuer(l->list[i], issuer))
			continue;
		f = judge(l->list[i], issuer, pss, now, &err);
		revoked |= f != LISTS_BAD && crl_has(l->list[i], subject);
		if (f == LISTS_FRESH) {
			if (!freshest || newer(l->list[i], freshest))
				freshest = l->list[i];
		} else if (ret->finding == LISTS_NONE || ret->finding == LISTS_UNREAD ||
		           f == LISTS_STALE) {
			ret->finding = f;
			ret->why = err;
		}
	}
	if (freshest) {
		ret->finding = LISTS_FRESH;
		ret->this_update = crl_this_update(freshest);
		ret->next_update = crl_next_update(freshest);
	}
	if (revoked)
		ret->finding = LISTS_REVOKED;
}
