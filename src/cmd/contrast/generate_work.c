/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/contrast/generate.h"

#include "base/text.h"
#include "policy/simulate.h"
#include "term/term.h"

/* The Coordinator of the workload's namespace, else the first one. */
static const struct kube_workload *
coordinator_of(const struct generate *g, const struct generate_work *k)
{
	const struct kube_workload *first = NULL;

	for (size_t i = 0; i < g->n_works; i++) {
		const struct kube_workload *w = g->works[i].w;

		if (!g->works[i].coordinator)
			continue;
		if (bytes_equal(w->space, k->w->space))
			return w;
		if (!first)
			first = w;
	}
	return first;
}

/* The Service that leads to ready Coordinators only, by the namespace if it is written down. */
static struct bytes
coordinator_host(struct generate *g, const struct generate_work *k)
{
	const struct kube_workload *c = coordinator_of(g, k);

	if (!c || c->space.n == 0)
		return BYTES("coordinator-ready");
	return arena_printf(&g->arena, "coordinator-ready.%.*s", BYTES_ARG(c->space));
}

static status
inject_initializer(struct generate *g, const struct generate_work *k, struct err *err)
{
	struct kube_initializer what = {
	        .coordinator = coordinator_host(g, k),
	        .args = g->pin_args,
	        .n_args = g->n_pin_args,
	};

	TRY(generate_initializer_image(g, k, &what.image, err));
	return kube_inject_initializer(&g->set, k->w, &what, err);
}

static status
set_runtime_class(struct generate *g, struct generate_work *k, struct err *err)
{
	struct bytes class = bytes_str(k->platform->runtime_class);

	TRY(kube_set_text(&g->set, k->w, k->w->spec, "runtimeClassName", class, err));
	k->w->runtime_class = class;
	return OK;
}

/* Which socket a container may ask for evidence; most get none (docs/protocol.md, binding). */
static enum policy_socket
socket_of(const struct generate_work *k, const struct kube_container *c,
          const struct kube_container *coordinator)
{
	if (c == coordinator)
		return POLICY_SOCKET_REPORT;
	if (k->coordinator)
		return POLICY_SOCKET_NONE;
	return c->role == KUBE_INIT && bytes_is(c->name, KUBE_INITIALIZER) ? POLICY_SOCKET_EVIDENCE
	                                                                   : POLICY_SOCKET_NONE;
}

static status
pin_images(struct generate *g, struct generate_work *k, const struct kube_container *coordinator,
           struct policy_image *to, struct err *err)
{
	for (size_t i = 0; i < k->pod.n_containers; i++) {
		struct kube_container *c = &k->pod.containers[i];
		struct generate_image *image;
		bool accounts;

		TRY(generate_resolve(g, c->image, k->w->file, c->image_node, false, &image, err));
		accounts = policy_needs_accounts(&k->pod, c, &image->image.config);
		if (accounts)
			TRY(generate_resolve(g, c->image, k->w->file, c->image_node, true, &image,
			                     err));
		TRY(kube_set_text(&g->set, k->w, c->node, "image", image->pinned, err));
		to[i] = (struct policy_image){
		        .pinned = image->pinned,
		        .config = &image->image.config,
		        .accounts = accounts ? &image->accounts : NULL,
		        .socket = socket_of(k, c, coordinator),
		};
	}
	return OK;
}

/* An annotation that unpacks to the same document stays: another zlib may pack differently. */
static bool
is_annotated(const struct generate_work *k, struct bytes document)
{
	CLEANUP(buf_done) struct buf old = {0};
	struct bytes text = generate_annotation(k->w, KUBE_INITDATA_ANNOTATION);
	struct err ignored;

	return text.n > 0 && is_ok(initdata_unpack(text, &old, &ignored)) &&
	       bytes_equal(buf_view(&old), document);
}

static status
annotate(struct generate *g, struct generate_work *k, const struct policy_pod *pod, struct err *err)
{
	CLEANUP(buf_done) struct buf policy = {0};
	CLEANUP(buf_done) struct buf document = {0};
	CLEANUP(buf_done) struct buf packed = {0};
	struct bytes value;

	TRY(policy_document_write(pod, &policy, err));
	initdata_write(buf_view(&policy), false, &document);
	TRY(buf_check(&document, err));
	k->hash = sha256(buf_view(&document));
	/* The same document was checked when it was written. */
	if (is_annotated(k, buf_view(&document)))
		return OK;
	/* A policy that denies its own pod must not leave this machine. */
	TRY(kube_at(err, policy_simulate(pod, buf_view(&policy), err), k->w->file, k->w->root));
	TRY(err_at(err, initdata_pack(buf_view(&document), &packed, err), "%s", k->w->file->path));
	value = arena_copy(&g->arena, buf_view(&packed));
	TRY(arena_check(&g->arena, err));
	return kube_set_annotation(&g->set, k->w, KUBE_INITDATA_ANNOTATION, value, err);
}

/* <group|core>/<version>/<Kind>/<namespace|default>/<name>, unless an annotation says otherwise. */
static status
secret_id(struct generate *g, struct generate_work *k, struct err *err)
{
	const struct kube_workload *w = k->w;
	struct bytes space = w->space.n > 0 ? w->space : BYTES("default");
	bool core = bytes_find_byte(w->api_version, '/', 0) == SIZE_MAX;

	k->secret_id = generate_annotation(w, KUBE_ANNOTATION("workload-secret-id"));
	if (k->secret_id.n == 0)
		k->secret_id = arena_printf(&g->arena, "%s%.*s/%s/%.*s/%.*s", core ? "core/" : "",
		                            BYTES_ARG(w->api_version), kube_kind_name(w->kind),
		                            BYTES_ARG(space), BYTES_ARG(w->name));
	return arena_check(&g->arena, err);
}

static status
work(struct generate *g, struct generate_work *k, struct err *err)
{
	const struct policy_build_options options = {
	        .hide_logs = options_flag(g->o, OPT_generate_hide_logs)};
	struct kube_container *coordinator = NULL;
	struct policy_image *images;
	struct policy_pod pod;

	TRY(secret_id(g, k, err));
	TRY(set_runtime_class(g, k, err));
	if (k->wants_initializer && !options_flag(g->o, OPT_generate_skip_initializer))
		TRY(inject_initializer(g, k, err));
	TRY(kube_pod_read(&g->set, k->w, &g->arena, &k->pod, err));
	if (k->coordinator) {
		TRY(generate_coordinator_container(k, &coordinator, err));
		TRY(kube_set_args(&g->set, k->w, coordinator->node, g->pin_args, g->n_pin_args,
		                  err));
		/* The arguments are part of the policy: read them again. */
		TRY(kube_pod_read(&g->set, k->w, &g->arena, &k->pod, err));
		TRY(generate_coordinator_container(k, &coordinator, err));
	}
	images = arena_array(&g->arena, k->pod.n_containers, sizeof *images);
	TRY(arena_check(&g->arena, err));
	TRY(pin_images(g, k, coordinator, images, err));
	TRY(policy_build(&k->pod, images, &options, &g->arena, &pod, err));
	return annotate(g, k, &pod, err);
}

status
generate_work_all(struct generate *g, struct err *err)
{
	struct progress p = {0};
	status s = OK;

	progress_begin(&p, g->n_works, "images and policies");
	for (size_t i = 0; i < g->n_works && is_ok(s); i++) {
		s = work(g, &g->works[i], err);
		progress_update(&p, i + 1);
	}
	progress_end(&p, is_ok(s));
	return s;
}
