/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/inject.h"

static status
placed(const struct kube_workload *w, status s, struct err *err)
{
	return err_at(err, s, "%s", w->file->path);
}

static struct yaml_node *
text(struct kube_set *s, const char *t)
{
	return yaml_new_str(&s->arena, bytes_str(t));
}

/* ---- the initializer ---- */

static struct yaml_node *
memory(struct kube_set *s)
{
	struct arena *a = &s->arena;
	struct yaml_node *m = yaml_new_map(a), *resources = yaml_new_map(a);

	yaml_put(a, m, "memory", text(s, "50Mi"));
	yaml_put(a, resources, "limits", m);
	m = yaml_new_map(a);
	yaml_put(a, m, "memory", text(s, "50Mi"));
	yaml_put(a, resources, "requests", m);
	return resources;
}

static struct yaml_node *
secrets_mount(struct kube_set *s)
{
	struct yaml_node *m = yaml_new_map(&s->arena);

	yaml_put(&s->arena, m, "name", text(s, KUBE_SECRETS_VOLUME));
	yaml_put(&s->arena, m, "mountPath", text(s, KUBE_SECRETS_PATH));
	return m;
}

static struct yaml_node *
initializer(struct kube_set *s, const struct kube_initializer *what)
{
	struct arena *a = &s->arena;
	struct yaml_node *c = yaml_new_map(a), *args = yaml_new_seq(a), *env = yaml_new_seq(a);
	struct yaml_node *host = yaml_new_map(a), *mounts = yaml_new_seq(a);

	for (size_t i = 0; i < what->n_args; i++)
		yaml_push(a, args, yaml_new_str(a, what->args[i]));
	yaml_put(a, host, "name", text(s, "COORDINATOR_HOST"));
	yaml_put(a, host, "value", yaml_new_str(a, what->coordinator));
	yaml_push(a, env, host);
	yaml_push(a, mounts, secrets_mount(s));
	yaml_put(a, c, "name", text(s, KUBE_INITIALIZER));
	yaml_put(a, c, "image", yaml_new_str(a, what->image));
	yaml_put(a, c, "args", args);
	yaml_put(a, c, "env", env);
	yaml_put(a, c, "resources", memory(s));
	yaml_put(a, c, "volumeMounts", mounts);
	return c;
}

static int32_t
find_named(const struct yaml_node *list, const char *name)
{
	for (uint32_t i = 0; list && i < list->n; i++) {
		const struct yaml_node *n = yaml_get(list->kids[i].val, "name");

		if (n && n->kind == YAML_SCALAR && bytes_is(n->text, name))
			return (int32_t)i;
	}
	return -1;
}

static status
put_initializer(struct kube_set *s, const struct kube_workload *w,
                const struct kube_initializer *what, struct err *err)
{
	struct yaml_node *list, *c = initializer(s, what);
	int32_t at;

	TRY(yaml_need_seq(&s->arena, w->spec, "initContainers", &list, err));
	at = find_named(list, KUBE_INITIALIZER);
	if (at == 0)
		return yaml_replace(&s->arena, list, 0, c, err);
	/* Before everything else: another init container may want the certificate. */
	if (at > 0)
		TRY(yaml_remove(&s->arena, list, (uint32_t)at, err));
	return yaml_insert(&s->arena, list, 0, c, err);
}

static status
put_volume(struct kube_set *s, const struct kube_workload *w, struct err *err)
{
	struct arena *a = &s->arena;
	struct yaml_node *list, *volume = yaml_new_map(a), *dir = yaml_new_map(a);
	const struct yaml_node *old, *medium;
	int32_t at;

	TRY(yaml_need_seq(a, w->spec, "volumes", &list, err));
	at = find_named(list, KUBE_SECRETS_VOLUME);
	yaml_put(a, dir, "medium", text(s, "Memory"));
	yaml_put(a, volume, "name", text(s, KUBE_SECRETS_VOLUME));
	yaml_put(a, volume, "emptyDir", dir);
	if (at < 0)
		return yaml_insert(a, list, list->n, volume, err);
	old = list->kids[at].val;
	medium = yaml_get(yaml_get(old, "emptyDir"), "medium");
	if (medium && medium->kind == YAML_SCALAR && bytes_is(medium->text, "Memory"))
		return OK;
	return err_hint(err,
	                yaml_at(err,
	                        err_set(err, ERR_CONFLICT, "E-KUBE-030",
	                                "the volume " KUBE_SECRETS_VOLUME
	                                " is no memory-backed emptyDir"),
	                        old),
	                "rename your volume: that name is for the pod's keys");
}

static status
put_mount(struct kube_set *s, struct yaml_node *container, struct err *err)
{
	struct yaml_node *list;
	const struct yaml_node *name = yaml_get(container, "name");

	if (name && name->kind == YAML_SCALAR &&
	    (bytes_is(name->text, KUBE_INITIALIZER) || bytes_is(name->text, KUBE_MESH)))
		return OK;
	if (find_named(yaml_get(container, "volumeMounts"), KUBE_SECRETS_VOLUME) >= 0)
		return OK;
	TRY(yaml_need_seq(&s->arena, container, "volumeMounts", &list, err));
	return yaml_insert(&s->arena, list, list->n, secrets_mount(s), err);
}

static status
inject(struct kube_set *s, const struct kube_workload *w, const struct kube_initializer *what,
       struct err *err)
{
	static const char *const lists[] = {"initContainers", "containers"};

	TRY(put_initializer(s, w, what, err));
	TRY(put_volume(s, w, err));
	for (size_t k = 0; k < COUNT_OF(lists); k++) {
		const struct yaml_node *list = yaml_get(w->spec, lists[k]);

		for (uint32_t i = 0; list && list->kind == YAML_SEQ && i < list->n; i++) {
			struct yaml_node *c = list->kids[i].val;
			const struct yaml_node *always = yaml_get(c, "restartPolicy");
			bool sidecar = always && always->kind == YAML_SCALAR &&
			               bytes_is(always->text, "Always");

			/* Containers that run beside the others, not those that run before them. */
			if (k == 1 || sidecar)
				TRY(put_mount(s, c, err));
		}
	}
	return arena_check(&s->arena, err);
}

status
kube_inject_initializer(struct kube_set *s, const struct kube_workload *w,
                        const struct kube_initializer *what, struct err *err)
{
	return placed(w, inject(s, w, what, err), err);
}

/* ---- arguments ---- */

/* Do both begin with the same "--name="? */
static bool
same_flag(struct bytes a, struct bytes b)
{
	size_t eq = bytes_find_byte(a, '=', 0);

	return eq != SIZE_MAX && bytes_starts(b, bytes_sub(a, 0, eq + 1));
}

static bool
is_ours(const struct yaml_node *item, const struct bytes *args, size_t n)
{
	for (size_t k = 0; item->kind == YAML_SCALAR && k < n; k++)
		if (same_flag(args[k], item->text))
			return true;
	return false;
}

static status
merge_args(struct kube_set *s, struct yaml_node *list, const struct bytes *args, size_t n,
           struct err *err)
{
	size_t next = 0;

	for (uint32_t i = 0; i < list->n; i++) {
		const struct yaml_node *item = list->kids[i].val;

		if (!is_ours(item, args, n))
			continue;
		if (next < n) {
			TRY(yaml_replace(&s->arena, list, i, yaml_new_str(&s->arena, args[next++]),
			                 err));
		} else {
			TRY(yaml_remove(&s->arena, list, i, err));
			i--;
		}
	}
	for (; next < n; next++)
		TRY(yaml_insert(&s->arena, list, list->n, yaml_new_str(&s->arena, args[next]),
		                err));
	return arena_check(&s->arena, err);
}

status
kube_set_args(struct kube_set *s, const struct kube_workload *w, struct yaml_node *container,
              const struct bytes *args, size_t n, struct err *err)
{
	struct yaml_node *list;

	TRY(placed(w, yaml_need_seq(&s->arena, container, "args", &list, err), err));
	return placed(w, merge_args(s, list, args, n, err), err);
}

/* ---- single values ---- */

static status
set_annotation(struct kube_set *s, const struct kube_workload *w, const char *name,
               struct bytes value, struct err *err)
{
	struct yaml_node *meta, *annotations;

	TRY(yaml_need_map(&s->arena, w->pod, "metadata", &meta, err));
	TRY(yaml_need_map(&s->arena, meta, "annotations", &annotations, err));
	return yaml_set(&s->arena, annotations, bytes_str(name), yaml_new_str(&s->arena, value),
	                err);
}

status
kube_set_annotation(struct kube_set *s, const struct kube_workload *w, const char *name,
                    struct bytes value, struct err *err)
{
	return placed(w, set_annotation(s, w, name, value, err), err);
}

status
kube_set_text(struct kube_set *s, const struct kube_workload *w, struct yaml_node *m,
              const char *name, struct bytes value, struct err *err)
{
	return placed(w,
	              yaml_set(&s->arena, m, bytes_str(name), yaml_new_str(&s->arena, value), err),
	              err);
}
