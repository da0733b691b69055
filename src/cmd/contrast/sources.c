/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/contrast/sources.h"

#include "base/file.h"
#include "cmd/contrast/folder.h"
#include "cmd/contrast/workspace.h"
#include "evidence/snp/roots.h"
#include "evidence/tdx/verify.h"
#include "transport/curl.h"
#include "transport/url.h"

#include <stdio.h>

/* The base URL of a mirror without slashes at its end; NULL when the option is not there. */
static status
take_mirror(const struct options *o, size_t id, struct arena *a, const char **ret, struct err *err)
{
	const char *name = o->program->options[id].name, *text = options_text(o, id);
	struct bytes url = bytes_str(text ? text : "");
	struct url u;
	status s;

	if (!text)
		return OK;
	while (url.n > 0 && url.p[url.n - 1] == '/')
		url.n--;
	if (!is_ok(url_parse(url, &u, err)) || bytes_find_byte(url, '?', 0) != SIZE_MAX ||
	    bytes_find_byte(url, '#', 0) != SIZE_MAX)
		return err_set(err, ERR_USAGE, "E-CLI-044", "--%s %s: not the URL of a service",
		               name, text);
	if (!u.https && !url_is_loopback(u.host)) {
		s = err_set(err, ERR_USAGE, "E-CLI-044", "--%s %s: plain HTTP beyond this machine",
		            name, text);
		return err_hint(err, s,
		                "use https; --mirror-ca takes a certificate authority of your own");
	}
	*ret = (const char *)arena_copy(a, url).p;
	return arena_check(a, err);
}

status
sources_open(const struct options *o, const struct source_options *ids, bool connect,
             struct sources *ret, struct err *err)
{
	const struct curl_options curl = {.ca_file = options_text(o, ids->mirror_ca)};
	struct collateral *c = &ret->collateral;
	char dir[WORKSPACE_PATH_SIZE];
	struct err ignored;

	*ret = (struct sources){0};
	arena_init(&ret->arena, (size_t)COLLATERAL_BUNDLE_MAX * 2);
	c->notes = &ret->notes;
	if (is_ok(workspace_cache_dir(options_text(o, ids->cache_dir), dir, &ignored)))
		c->cache_dir = (const char *)arena_copy(&ret->arena, bytes_str(dir)).p;
	TRY(take_mirror(o, ids->kds, &ret->arena, &c->kds_url, err));
	TRY(take_mirror(o, ids->pcs, &ret->arena, &c->pcs_url, err));
	return connect ? transport_curl_new(&curl, &c->transport, err) : OK;
}

void
sources_done(struct sources *s)
{
	transport_curl_free(s->collateral.transport);
	arena_done(&s->arena);
	buf_done(&s->notes);
	buf_done(&s->missing);
	*s = (struct sources){0};
}

status
sources_bundle(struct sources *s, const char *path, struct bytes text, struct err *err)
{
	struct collateral_set set;

	TRY(err_at(err, collateral_bundle_parse(&s->arena, text, &set, err), "%s", path));
	for (size_t i = 0; i < set.n; i++)
		collateral_set_add(&s->arena, &s->bundle, &set.items[i]);
	s->collateral.bundle = &s->bundle;
	return arena_check(&s->arena, err);
}

void
sources_tell(struct sources *s)
{
	struct bytes lines = buf_view(&s->notes);

	for (size_t at = 0; at < lines.n;) {
		size_t end = MIN(bytes_find_byte(lines, '\n', at), lines.n);

		say_warning("%.*s", BYTES_ARG(bytes_sub(lines, at, end)));
		at = end + 1;
	}
	buf_reset(&s->notes);
}

void
sources_remember(const struct sources *s, const struct hash256 *root, bool lists_checked)
{
	struct err ignored;

	if (snp_is_vendor_root(root) || hash256_equal(root, &tdx_intel_root))
		(void)!is_ok(collateral_remember(&s->collateral, lists_checked, &ignored));
}

/* ---- the Coordinator's evidence ---- */

static size_t
pieces(const struct endorsements *e)
{
	return e->n_certs + e->n_crls + (e->tcb_info.n > 0) + (e->qe_identity.n > 0);
}

/* A copy that outlives the session. */
static void
keep_document(struct sources *s, const struct document *d)
{
	struct document *to = &s->completed;

	*to = *d;
	to->evidence = arena_copy(&s->arena, d->evidence);
	for (size_t i = 0; i < d->endorsements.n_certs; i++)
		to->endorsements.certs[i] = arena_copy(&s->arena, d->endorsements.certs[i]);
	for (size_t i = 0; i < d->endorsements.n_crls; i++)
		to->endorsements.crls[i] = arena_copy(&s->arena, d->endorsements.crls[i]);
	to->endorsements.tcb_info = arena_copy(&s->arena, d->endorsements.tcb_info);
	to->endorsements.qe_identity = arena_copy(&s->arena, d->endorsements.qe_identity);
}

static status
complete(void *ctx, struct document *d, struct arena *a, struct err *err)
{
	struct sources *s = ctx;
	size_t before = pieces(&d->endorsements);
	struct err ignored;

	buf_reset(&s->missing);
	/* Evidence that does not decode needs nothing: the judge says what is wrong with it. */
	if (!is_ok(collateral_complete(&s->collateral, d->tee, d->evidence, s->now, a,
	                               &d->endorsements, &s->missing, &ignored)))
		buf_reset(&s->missing);
	s->has_completed = pieces(&d->endorsements) > before;
	if (s->has_completed)
		keep_document(s, d);
	return arena_check(&s->arena, err);
}

static status
read_bundles(struct sources *s, const struct options *o, size_t id, struct err *err)
{
	size_t n;
	const char *const *files = options_list(o, id, &n);

	for (size_t i = 0; i < n; i++) {
		CLEANUP(buf_done) struct buf text = {0};
		struct bytes kept;

		TRY(file_read(files[i], COLLATERAL_BUNDLE_MAX, &text, err));
		kept = arena_copy(&s->arena, buf_view(&text));
		TRY(arena_check(&s->arena, err));
		TRY(sources_bundle(s, files[i], kept, err));
	}
	return OK;
}

status
sources_attest(struct sources *s, const struct options *o, const struct session_options *ids,
               struct tls_client *tls, struct session_expect *expect, uint64_t wait,
               struct attested *ret, struct err *err)
{
	status opened;

	TRY(sources_open(o, &ids->source, options_flag(o, ids->fetch), s, err));
	TRY(read_bundles(s, o, ids->collateral, err));
	s->collateral.monotone = true;
	s->now = expect->now;
	expect->complete = complete;
	expect->complete_ctx = s;
	opened = folder_open(tls, options_text(o, ids->coordinator), expect, wait, ret, err);
	sources_tell(s);
	if (is_ok(opened))
		sources_remember(s, &ret->session.root_key, true);
	if (opened.cls != ERR_REJECTED || s->missing.n == 0)
		return opened;
	fprintf(stderr, "missing of what the evidence needs:\n%s", buf_cstr(&s->missing));
	return err_hint(err, opened,
	                "give a bundle with --collateral, or let --fetch ask the vendors");
}
