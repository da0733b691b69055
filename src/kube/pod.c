/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/pod.h"

#include "kube/fields.h"
#include "kube/parts.h"

static status
read_groups(const struct kube_file *f, const struct yaml_node *ctx, struct arena *a,
            struct kube_pod *p, struct err *err)
{
	struct yaml_node *list;

	TRY(kube_child(f, ctx, "supplementalGroups", YAML_SEQ, &list, err));
	if (!list)
		return OK;
	p->groups = arena_array(a, list->n, sizeof *p->groups);
	if (!p->groups && list->n > 0)
		return arena_check(a, err);
	for (uint32_t i = 0; i < list->n; i++) {
		/* kube_number() reads members, so dress the item as one. */
		struct yaml_kid kid = {list->kids[i].val, list->kids[i].val, 0};
		struct yaml_node name = {.kind = YAML_SCALAR, .text = BYTES("supplementalGroups")};
		struct yaml_node holder = {.kind = YAML_MAP, .kids = &kid, .n = 1};
		uint64_t v = 0;
		bool given;

		kid.key = &name;
		TRY(kube_number(f, &holder, "supplementalGroups", UINT32_MAX, &v, &given, err));
		p->groups[i] = (uint32_t)v;
	}
	p->n_groups = list->n;
	return OK;
}

static status
read_pod_security(const struct kube_file *f, const struct yaml_node *spec, struct arena *a,
                  struct kube_pod *p, struct err *err)
{
	struct yaml_node *ctx;
	uint64_t v = 0;

	TRY(kube_child(f, spec, "securityContext", YAML_MAP, &ctx, err));
	TRY(kube_check_fields(f, ctx, KUBE_FIELDS_POD_SECURITY, err));
	TRY(kube_number(f, ctx, "runAsUser", UINT32_MAX, &v, &p->has_uid, err));
	p->uid = (uint32_t)v;
	v = 0;
	TRY(kube_number(f, ctx, "runAsGroup", UINT32_MAX, &v, &p->has_gid, err));
	p->gid = (uint32_t)v;
	v = 0;
	TRY(kube_number(f, ctx, "fsGroup", UINT32_MAX, &v, &p->has_fs_group, err));
	p->fs_group = (uint32_t)v;
	return read_groups(f, ctx, a, p, err);
}

static status
read_flags(const struct kube_file *f, const struct yaml_node *spec, struct kube_pod *p,
           struct err *err)
{
	struct bytes restart = BYTES("Always");

	p->token_mounted = p->service_links = true;
	TRY(kube_bool(f, spec, "shareProcessNamespace", &p->share_pids, NULL, err));
	TRY(kube_bool(f, spec, "hostNetwork", &p->host_network, NULL, err));
	if (p->host_network)
		return kube_at(err,
		               err_hint(err,
		                        err_set(err, ERR_UNSUPPORTED, "E-KUBE-020",
		                                "hostNetwork cannot be part of a confidential pod"),
		                        "a confidential VM has a network of its own"),
		               f, yaml_get(spec, "hostNetwork"));
	TRY(kube_bool(f, spec, "automountServiceAccountToken", &p->token_mounted, NULL, err));
	TRY(kube_bool(f, spec, "enableServiceLinks", &p->service_links, NULL, err));
	TRY(kube_string(f, spec, "hostname", &p->hostname, err));
	TRY(kube_string(f, spec, "restartPolicy", &restart, err));
	p->restarts = bytes_is(restart, "Always");
	return OK;
}

static bool
name_taken(const struct kube_pod *p, struct bytes name)
{
	for (size_t i = 0; i < p->n_containers; i++)
		if (bytes_equal(p->containers[i].name, name))
			return true;
	return false;
}

static status
read_containers(const struct kube_set *s, const char *key, bool init, struct arena *a,
                struct kube_pod *p, struct err *err)
{
	const struct kube_file *f = p->workload->file;
	struct yaml_node *list;

	TRY(kube_child(f, p->workload->spec, key, YAML_SEQ, &list, err));
	for (uint32_t i = 0; list && i < list->n; i++) {
		struct kube_container c = {.node = list->kids[i].val};

		if (p->n_containers == KUBE_MAX_CONTAINERS)
			return kube_at(err,
			               err_set(err, ERR_LIMIT, "E-KUBE-002",
			                       "more than %d containers in a pod",
			                       KUBE_MAX_CONTAINERS),
			               f, c.node);
		TRY(kube_container_read(s, p, init, a, &c, err));
		if (name_taken(p, c.name))
			return kube_at(err,
			               err_set(err, ERR_PARSE, "E-KUBE-009",
			                       "two containers are named %.*s",
			                       (int)MIN(c.name.n, 63), (const char *)c.name.p),
			               f, c.node);
		p->containers[p->n_containers++] = c;
	}
	return OK;
}

status
kube_pod_read(const struct kube_set *s, const struct kube_workload *w, struct arena *a,
              struct kube_pod *ret, struct err *err)
{
	struct kube_pod p = {.workload = w};

	TRY(kube_check_fields(w->file, w->spec, KUBE_FIELDS_POD, err));
	p.containers = arena_array(a, KUBE_MAX_CONTAINERS, sizeof *p.containers);
	if (!p.containers)
		return arena_check(a, err);
	TRY(read_flags(w->file, w->spec, &p, err));
	TRY(read_pod_security(w->file, w->spec, a, &p, err));
	TRY(kube_volumes_read(s, w, a, &p, err));
	TRY(read_containers(s, "initContainers", true, a, &p, err));
	TRY(read_containers(s, "containers", false, a, &p, err));
	if (p.n_containers == 0 || p.containers[p.n_containers - 1].role != KUBE_MAIN)
		return kube_at(err,
		               err_set(err, ERR_PARSE, "E-KUBE-010", "the pod has no containers"),
		               w->file, w->spec);
	*ret = p;
	return OK;
}
