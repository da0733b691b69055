/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/registry.h"

#include "oci/registry_http.h"
#include "oci/show.h"

#include <stdio.h>

static const char accept_manifests[] =
        "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
        "application/vnd.docker.distribution.manifest.list.v2+json, "
        "application/vnd.docker.distribution.manifest.v2+json";

struct registry *
registry_new(const struct registry_options *options)
{
	struct registry *r = mem_new(struct registry);

	r->options = *options;
	return r;
}

void
registry_free(struct registry *r)
{
	if (!r)
		return;
	registry_forget(r);
	mem_free(r);
}

void
oci_image_done(struct oci_image *image)
{
	arena_done(&image->arena);
	*image = (struct oci_image){0};
}

/* ---- things named by a digest ---- */

static status
check_digest(struct bytes text, const struct hash256 *want, struct err *err)
{
	char want_text[72], got_text[72];
	struct hash256 got = sha256(text);

	if (hash256_equal(&got, want))
		return OK;
	return err_set(err, ERR_REJECTED, "E-OCI-032", "the digest differs: expected %s, got %s",
	               digest_cstr(want, want_text), digest_cstr(&got, got_text));
}

static status
check_size(struct bytes text, uint64_t want, struct err *err)
{
	if (text.n == want)
		return OK;
	return err_set(err, ERR_REJECTED, "E-OCI-033", "the size differs: expected %llu, got %zu",
	               (unsigned long long)want, text.n);
}

/* A small text from cache or registry, verified, in the image's arena. */
static status
get_text(struct registry *r, struct oci_image *image, const char *kind,
         const struct hash256 *digest, struct bytes *ret, struct bytes *ret_type, struct err *err)
{
	CLEANUP(transport_response_done) struct transport_response resp = {0};
	CLEANUP(buf_done) struct buf cached = {.max = OCI_MANIFEST_MAX};
	char text[72], path[128];
	struct registry_request req = {.method = "GET", .path = path, .max_body = OCI_MANIFEST_MAX};

	*ret_type = (struct bytes){NULL, 0};
	if (r->options.cache &&
	    is_ok(oci_cache_get(r->options.cache, digest, OCI_MANIFEST_MAX, &cached, err))) {
		*ret = arena_copy(&image->arena, buf_view(&cached));
		return arena_check(&image->arena, err);
	}
	snprintf(path, sizeof path, "%s/%s", kind, digest_cstr(digest, text));
	if (bytes_is(bytes_str(kind), "manifests"))
		req.accept = accept_manifests;
	TRY(registry_send(r, &image->ref, &req, &resp, err));
	TRY(check_digest(buf_view(&resp.body), digest, err));
	*ret = arena_copy(&image->arena, buf_view(&resp.body));
	*ret_type = arena_copy(&image->arena, transport_header_get(&resp, "content-type"));
	TRY(arena_check(&image->arena, err));
	return r->options.cache ? oci_cache_put(r->options.cache, digest, *ret, err) : OK;
}

/* ---- what a tag means ---- */

static status
stated_digest(const struct transport_response *resp, struct hash256 *ret, bool *has,
              struct err *err)
{
	struct bytes text = transport_header_get(resp, "docker-content-digest");

	*has = text.n > 0;
	if (!*has)
		return OK;
	return err_ctx(err, digest_parse(text, ret, err), "the registry's Docker-Content-Digest");
}

/* With a cache: ask for the digest alone, the text may be here already. */
static status
ask_digest(struct registry *r, struct oci_image *image, const char *path, bool *has,
           struct err *err)
{
	CLEANUP(transport_response_done) struct transport_response resp = {0};
	struct registry_request req = {
	        .method = "HEAD",
	        .path = path,
	        .accept = accept_manifests,
	        .max_body = OCI_MANIFEST_MAX,
	};

	TRY(registry_send(r, &image->ref, &req, &resp, err));
	return stated_digest(&resp, &image->digest, has, err);
}

static status
get_by_tag(struct registry *r, struct oci_image *image, const char *path, struct bytes *ret,
           struct bytes *ret_type, struct err *err)
{
	CLEANUP(transport_response_done) struct transport_response resp = {0};
	struct registry_request req = {
	        .method = "GET",
	        .path = path,
	        .accept = accept_manifests,
	        .max_body = OCI_MANIFEST_MAX,
	};
	struct hash256 said;
	bool has;

	TRY(registry_send(r, &image->ref, &req, &resp, err));
	image->digest = sha256(buf_view(&resp.body));
	TRY(stated_digest(&resp, &said, &has, err));
	if (has)
		TRY(check_digest(buf_view(&resp.body), &said, err));
	*ret = arena_copy(&image->arena, buf_view(&resp.body));
	*ret_type = arena_copy(&image->arena, transport_header_get(&resp, "content-type"));
	TRY(arena_check(&image->arena, err));
	return r->options.cache ? oci_cache_put(r->options.cache, &image->digest, *ret, err) : OK;
}

static status
get_top(struct registry *r, struct oci_image *image, struct bytes *ret, struct bytes *ret_type,
        struct err *err)
{
	char path[REFERENCE_TAG_MAX + 16];
	bool has = image->ref.has_digest;

	if (has) {
		image->digest = image->ref.digest;
		return get_text(r, image, "manifests", &image->digest, ret, ret_type, err);
	}
	snprintf(path, sizeof path, "manifests/%s", image->ref.tag);
	if (r->options.cache)
		TRY(ask_digest(r, image, path, &has, err));
	if (has)
		return get_text(r, image, "manifests", &image->digest, ret, ret_type, err);
	return get_by_tag(r, image, path, ret, ret_type, err);
}

/* ---- resolve ---- */

static status
resolve_manifest(struct registry *r, struct oci_image *image, struct err *err)
{
	struct bytes type, text;
	struct descriptor child;
	enum oci_manifest_kind kind;

	TRY(get_top(r, image, &text, &type, err));
	TRY(oci_manifest_parse(&image->arena, text, type, &kind, &image->manifest, &child, err));
	image->manifest_digest = image->digest;
	image->manifest_text = text;
	if (kind == MANIFEST_IMAGE)
		return OK;
	image->index_text = text;
	image->manifest_digest = child.digest;
	TRY(get_text(r, image, "manifests", &child.digest, &image->manifest_text, &type, err));
	TRY(check_size(image->manifest_text, child.size, err));
	TRY(oci_manifest_parse(&image->arena, image->manifest_text, type, &kind, &image->manifest,
	                       &child, err));
	if (kind != MANIFEST_IMAGE)
		return err_set(err, ERR_PARSE, "E-OCI-010",
		               "the image manifest is malformed: an index inside an index");
	return OK;
}

static status
resolve_config(struct registry *r, struct oci_image *image, struct err *err)
{
	const struct descriptor *d = &image->manifest.config;
	struct bytes type;

	TRY(get_text(r, image, "blobs", &d->digest, &image->config_text, &type, err));
	TRY(check_size(image->config_text, d->size, err));
	TRY(image_config_parse(&image->arena, image->config_text, &image->config, err));
	if (image->config.n_diff_ids == image->manifest.n_layers)
		return OK;
	return err_set(err, ERR_PARSE, "E-OCI-017",
	               "the manifest has %zu layers, the configuration %zu",
	               image->manifest.n_layers, image->config.n_diff_ids);
}

/* The reference in front of what went wrong. */
static status
with_name(const struct reference *ref, status s, struct err *err)
{
	CLEANUP(buf_done) struct buf name = {0};

	if (is_ok(s))
		return s;
	reference_emit(ref, &name);
	return err_ctx(err, s, "image %s", buf_cstr(&name));
}

status
registry_resolve(struct registry *r, const struct reference *ref, struct oci_image *ret,
                 struct err *err)
{
	status s;

	*ret = (struct oci_image){.ref = *ref};
	s = resolve_manifest(r, ret, err);
	if (is_ok(s))
		s = resolve_config(r, ret, err);
	if (!is_ok(s))
		oci_image_done(ret);
	return with_name(ref, s, err);
}
