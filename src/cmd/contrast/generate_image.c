/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/contrast/generate.h"

#include "base/file.h"
#include "transport/curl.h"

#include <stdio.h>

status
generate_open_registry(struct generate *g, struct err *err)
{
	struct registry_options options = {
	        .credentials = &g->credentials,
	        .cache = &g->blobs,
	        .offline = options_flag(g->o, OPT_generate_offline),
	};
	const char *dir = options_text(g->o, OPT_generate_cache_dir);
	const char *replacements = options_text(g->o, OPT_generate_image_replacements);
	char path[4096];

	options.plain_hosts = options_list(g->o, OPT_generate_plain_http, &options.n_plain_hosts);
	if (dir)
		snprintf(path, sizeof path, "%s/oci", dir);
	else
		TRY(oci_cache_default_dir(path, sizeof path, err));
	TRY(oci_cache_init(&g->blobs, path, err));
	TRY(credentials_load(&g->credentials, err));
	TRY(transport_curl_new(NULL, &g->transport, err));
	options.transport = g->transport;
	g->registry = registry_new(&options);
	TRY(accounts_cache_load(&g->accounts, options_text(g->o, OPT_generate_cache), err));
	if (replacements)
		TRY(file_read(replacements, GENERATE_MAX_FILE, &g->replacements, err));
	return OK;
}

struct bytes
generate_replaced(const struct generate *g, struct bytes text)
{
	struct bytes all = buf_view(&g->replacements);
	size_t at = 0;

	while (at < all.n) {
		size_t end = bytes_find_byte(all, '\n', at);
		struct bytes line = bytes_trim(bytes_sub(all, at, end));
		size_t eq = bytes_find_byte(line, '=', 0);

		if (eq != SIZE_MAX && line.p[0] != '#' &&
		    bytes_equal(bytes_trim(bytes_sub(line, 0, eq)), text))
			return bytes_trim(bytes_sub(line, eq + 1, line.n));
		if (end == SIZE_MAX)
			break;
		at = end + 1;
	}
	return text;
}

static struct generate_image *
add_image(struct generate *g, struct bytes text)
{
	if (g->n_images == g->cap_images) {
		size_t cap = g->cap_images ? g->cap_images * 2 : 16;
		struct generate_image **grown =
		        mem_grow(g->images, cap * sizeof(struct generate_image *));

		if (!grown)
			return NULL;
		g->images = grown;
		g->cap_images = cap;
	}
	g->images[g->n_images] = mem_new(struct generate_image);
	g->images[g->n_images]->text = text;
	return g->images[g->n_images++];
}

/* The user's own spelling, and the digest behind it. */
static struct bytes
pin(struct arena *a, struct bytes text, const struct oci_image *image)
{
	char digest[72];

	if (image->ref.has_digest)
		return text;
	return arena_printf(a, "%.*s@%s", BYTES_ARG(text), digest_cstr(&image->digest, digest));
}

static status
resolve_new(struct generate *g, struct generate_image *image, struct err *err)
{
	struct bytes from = generate_replaced(g, image->text);
	struct reference ref;

	TRY(reference_parse(from, &ref, err));
	TRY(err_hint(err, registry_resolve(g->registry, &ref, &image->image, err),
	             ref.has_digest
	                     ? "the registry must be reachable once; later runs use the cache"
	                     : "a tag is resolved by the registry; with @sha256:... a cached image "
	                       "will do"));
	image->pinned = pin(&g->arena, from, &image->image);
	return arena_check(&g->arena, err);
}

status
generate_resolve(struct generate *g, struct bytes text, const struct kube_file *f,
                 const struct yaml_node *at, bool accounts, struct generate_image **ret,
                 struct err *err)
{
	struct generate_image *image = NULL;

	for (size_t i = 0; i < g->n_images; i++)
		if (bytes_equal(g->images[i]->text, text))
			image = g->images[i];
	if (!image) {
		image = add_image(g, text);
		if (!image)
			return err_set(err, ERR_LIMIT, "E-GENERATE-002", "out of memory");
		TRY(kube_at(err, resolve_new(g, image, err), f, at));
	}
	if (accounts && !image->has_accounts) {
		TRY(kube_at(err,
		            accounts_read(g->registry, &g->blobs, &g->accounts, &image->image,
		                          &g->arena, &image->accounts, err),
		            f, at));
		image->has_accounts = true;
	}
	*ret = image;
	return OK;
}

/* ---- the initializer's image ---- */

/* "host/a/coordinator:tag@digest" -> "host/a/initializer:tag"; *ret_tagged: there was a tag. */
static struct bytes
sibling(struct arena *a, struct bytes image, bool *ret_tagged)
{
	struct bytes name = bytes_sub(image, 0, bytes_find_byte(image, '@', 0));
	size_t slash = 0, colon;

	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '/')
			slash = i + 1;
	colon = bytes_find_byte(name, ':', slash);
	*ret_tagged = colon != SIZE_MAX;
	return arena_printf(a, "%.*sinitializer%.*s", (int)slash, (const char *)name.p,
	                    *ret_tagged ? (int)(name.n - colon) : 0,
	                    *ret_tagged ? (const char *)name.p + colon : "");
}

/* What an earlier run put in: keep it while it is the same image by name and tag. */
static struct bytes
present_image(const struct generate_work *k)
{
	const struct yaml_node *first = yaml_item(yaml_get(k->w->spec, "initContainers"), 0);
	const struct yaml_node *name = yaml_get(first, "name"), *image = yaml_get(first, "image");

	if (!name || !image || name->kind != YAML_SCALAR || image->kind != YAML_SCALAR ||
	    !bytes_is(name->text, KUBE_INITIALIZER))
		return (struct bytes){NULL, 0};
	return image->text;
}

static struct bytes
coordinator_image(const struct generate *g)
{
	for (size_t i = 0; i < g->n_works; i++) {
		const struct generate_work *k = &g->works[i];
		const struct yaml_node *list = yaml_get(k->w->spec, "containers");

		for (uint32_t c = 0; k->coordinator && list && c < list->n; c++) {
			const struct yaml_node *name = yaml_get(list->kids[c].val, "name");
			const struct yaml_node *image = yaml_get(list->kids[c].val, "image");

			if (image && image->kind == YAML_SCALAR &&
			    (list->n == 1 || (name && bytes_is(name->text, "coordinator"))))
				return image->text;
		}
	}
	return (struct bytes){NULL, 0};
}

status
generate_initializer_image(struct generate *g, const struct generate_work *k, struct bytes *ret,
                           struct err *err)
{
	const char *given = options_text(g->o, OPT_generate_initializer_image);
	struct bytes present = present_image(k), wanted;
	bool tagged;

	if (given) {
		wanted = bytes_str(given);
		tagged = true;
	} else {
		wanted = sibling(&g->arena, coordinator_image(g), &tagged);
	}
	TRY(arena_check(&g->arena, err));
	if (present.n > wanted.n && bytes_starts(present, wanted) &&
	    (present.p[wanted.n] == '@' || (!tagged && present.p[wanted.n] == ':'))) {
		*ret = present;
		return OK;
	}
	if (!tagged)
		return err_hint(
		        err,
		        err_set(err, ERR_USAGE, "E-GENERATE-017",
		                "the Coordinator's image has no tag, so the initializer's is "
		                "not known"),
		        "give --initializer-image");
	*ret = wanted;
	return OK;
}
