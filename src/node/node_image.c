/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's image store. What is pulled here is checked on arrival, so that a
 * broken registry is noticed early; the pod checks all of it again, since it
 * does not trust the host.
 */
#include "node/node.h"
#include "node/plan.h"

#include "base/file.h"
#include "oci/registry.h"
#include "transport/curl.h"

#include <stdio.h>

enum { ARENA_MAX = 16 * 1024 * 1024 };

struct puller {
	struct transport *transport;
	struct credentials credentials;
	struct oci_cache store;
	struct registry *registry;
};

static void
puller_done(struct puller *p)
{
	registry_free(p->registry);
	credentials_done(&p->credentials);
	transport_curl_free(p->transport);
}

static status
puller_open(struct puller *p, const struct rundir *run, struct err *err)
{
	char dir[RUNDIR_PATH + 256];
	struct registry_options options = {.credentials = &p->credentials, .cache = &p->store};

	TRY(oci_cache_init(&p->store, rundir_file(run, "images", dir), err));
	TRY(credentials_load(&p->credentials, err));
	TRY(transport_curl_new(NULL, &p->transport, err));
	options.transport = p->transport;
	p->registry = registry_new(&options);
	return OK;
}

/* The store keeps what a tag or index named: the pod starts from the same digest. */
static status
keep_texts(const struct puller *p, const struct oci_image *image, struct err *err)
{
	if (image->index_text.n > 0)
		TRY(oci_cache_put(&p->store, &image->digest, image->index_text, err));
	TRY(oci_cache_put(&p->store, &image->manifest_digest, image->manifest_text, err));
	return oci_cache_put(&p->store, &image->manifest.config.digest, image->config_text, err);
}

static void
drop_image(struct oci_image *image)
{
	oci_image_done(image);
}

static status
pull(struct puller *p, struct bytes text, struct err *err)
{
	CLEANUP(drop_image) struct oci_image image = {.digest = {{0}}};
	struct reference ref;

	TRY(reference_parse(text, &ref, err));
	if (!ref.has_digest)
		return err_hint(err,
		                err_set(err, ERR_REJECTED, "E-NODE-043",
		                        "image %.*s is not named by digest", BYTES_ARG(text)),
		                "run contrast generate: it pins images");
	TRY(registry_resolve(p->registry, &ref, &image, err));
	TRY(keep_texts(p, &image, err));
	for (size_t i = 0; i < image.manifest.n_layers; i++)
		TRY(registry_fetch_blob(p->registry, &ref, &image.manifest.layers[i], NULL, err));
	return OK;
}

/* Distinct references, in the order of the plan. */
static size_t
distinct(const struct plan *plan, struct bytes *to)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_pods; i++) {
		for (size_t k = 0; k < plan->pods[i].n_images; k++) {
			size_t at = 0;

			while (at < n && !bytes_equal(to[at], plan->pods[i].images[k]))
				at++;
			to[at] = plan->pods[i].images[k];
			n = MAX(n, at + 1);
		}
	}
	return n;
}

status
node_pull_images(const struct rundir *run, const struct plan *plan, node_progress progress,
                 void *ctx, struct err *err)
{
	CLEANUP(puller_done) struct puller p = {.transport = NULL};
	CLEANUP(arena_done) struct arena a = {0};
	struct bytes *images;
	size_t total = 0;

	for (size_t i = 0; i < plan->n_pods; i++)
		total += plan->pods[i].n_images;
	images = arena_array(&a, total, sizeof *images);
	TRY(arena_check(&a, err));
	total = distinct(plan, images);
	TRY(puller_open(&p, run, err));
	for (size_t i = 0; i < total; i++) {
		progress(ctx, i, total, images[i]);
		TRY(pull(&p, images[i], err));
	}
	progress(ctx, total, total, (struct bytes){NULL, 0});
	return OK;
}
