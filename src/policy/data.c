/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/data.h"

#include "policy/names.h"

const char *const policy_role_names[] = {
        [POLICY_INIT] = "init", [POLICY_SIDECAR] = "sidecar", [POLICY_MAIN] = "main", NULL};

const char *const policy_socket_names[] = {[POLICY_SOCKET_NONE] = "none",
                                           [POLICY_SOCKET_EVIDENCE] = "evidence",
                                           [POLICY_SOCKET_REPORT] = "report",
                                           NULL};

const char *const policy_dynamic_names[] = {
        [POLICY_LITERAL] = "literal",
        [POLICY_POD_NAME] = "pod-name",
        [POLICY_POD_NAMESPACE] = "pod-namespace",
        [POLICY_POD_UID] = "pod-uid",
        [POLICY_POD_IP] = "pod-ip",
        [POLICY_HOST_IP] = "host-ip",
        [POLICY_NODE_NAME] = "node-name",
        [POLICY_NUMBER] = "number",
        NULL,
};

const char *const policy_source_names[] = {[POLICY_SOURCE_MEMORY] = "memory",
                                           [POLICY_SOURCE_SCRATCH] = "scratch",
                                           [POLICY_SOURCE_FILES] = "files",
                                           NULL};

const struct policy_container *
policy_container_find(const struct policy_pod *p, struct bytes name)
{
	for (size_t i = 0; i < p->n_containers; i++)
		if (bytes_equal(p->containers[i].name, name))
			return &p->containers[i];
	return NULL;
}

/* ---- writing ---- */

static struct value
texts(struct arena *a, const struct policy_texts *t)
{
	struct value v = json_array();

	for (size_t i = 0; i < t->n; i++)
		json_add(a, &v, json_string(t->items[i]));
	return v;
}

static struct value
args(struct arena *a, const struct policy_container *c)
{
	struct value v = json_array();

	for (size_t i = 0; i < c->n_args; i++) {
		struct value o = json_object();

		if (c->args[i].ref.n == 0) {
			json_add(a, &v, json_string(c->args[i].text));
			continue;
		}
		json_put(a, &o, "ref", json_string(c->args[i].ref));
		json_put(a, &o, "text", json_string(c->args[i].text));
		json_add(a, &v, o);
	}
	return v;
}

static struct value
env(struct arena *a, const struct policy_container *c)
{
	struct value v = json_array();

	for (size_t i = 0; i < c->n_env; i++) {
		const struct policy_env *e = &c->env[i];
		struct value o = json_object();

		json_put(a, &o, "name", json_string(e->name));
		if (e->from != POLICY_LITERAL)
			json_put(a, &o, "from", json_cstr(policy_dynamic_names[e->from]));
		else
			json_put(a, &o, "value", json_string(e->value));
		if (e->ref.n > 0)
			json_put(a, &o, "ref", json_string(e->ref));
		json_add(a, &v, o);
	}
	return v;
}

static struct value
mounts(struct arena *a, const struct policy_container *c)
{
	struct value v = json_array();

	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct policy_mount *m = &c->mounts[i];
		struct value o = json_object();

		json_put(a, &o, "path", json_string(m->path));
		json_put(a, &o, "source", json_cstr(policy_source_names[m->source]));
		json_put(a, &o, "volume", json_string(m->volume));
		json_put(a, &o, "read_only", json_bool(m->read_only));
		json_put(a, &o, "from_host", json_bool(m->from_host));
		json_add(a, &v, o);
	}
	return v;
}

static struct value
groups(struct arena *a, const struct policy_container *c)
{
	struct value v = json_array();

	for (size_t i = 0; i < c->n_groups; i++)
		json_add(a, &v, json_int(c->groups[i]));
	return v;
}

static struct value
container(struct arena *a, const struct policy_container *c)
{
	struct value o = json_object(), execs = json_array();

	for (size_t i = 0; i < c->n_execs; i++)
		json_add(a, &execs, texts(a, &c->execs[i]));
	json_put(a, &o, "name", json_string(c->name));
	json_put(a, &o, "role", json_cstr(policy_role_names[c->role]));
	json_put(a, &o, "image", json_string(c->image));
	json_put(a, &o, "args", args(a, c));
	json_put(a, &o, "env", env(a, c));
	json_put(a, &o, "cwd", json_string(c->cwd));
	json_put(a, &o, "uid", json_int(c->uid));
	json_put(a, &o, "gid", json_int(c->gid));
	json_put(a, &o, "groups", groups(a, c));
	json_put(a, &o, "privileged", json_bool(c->privileged));
	json_put(a, &o, "read_only_root", json_bool(c->read_only_root));
	json_put(a, &o, "no_new_privileges", json_bool(c->no_new_privileges));
	json_put(a, &o, "terminal", json_bool(c->terminal));
	json_put(a, &o, "caps_add", texts(a, &c->caps_add));
	json_put(a, &o, "caps_drop", texts(a, &c->caps_drop));
	json_put(a, &o, "mounts", mounts(a, c));
	json_put(a, &o, "devices", texts(a, &c->devices));
	json_put(a, &o, "execs", execs);
	json_put(a, &o, "socket", json_cstr(policy_socket_names[c->socket]));
	return o;
}

status
policy_data_write(const struct policy_pod *p, struct buf *out, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct value root = json_object(), pod = json_object(), list = json_array();

	json_put(&a, &pod, "kind", json_string(p->kind));
	json_put(&a, &pod, "name", json_string(p->name));
	json_put(&a, &pod, "name_pattern", json_string(p->name_pattern));
	json_put(&a, &pod, "namespace", json_string(p->space));
	json_put(&a, &pod, "hostname", json_string(p->hostname));
	json_put(&a, &pod, "share_pids", json_bool(p->share_pids));
	json_put(&a, &pod, "service_links", json_bool(p->service_links));
	json_put(&a, &pod, "token", json_bool(p->token));
	json_put(&a, &pod, "logs", json_bool(p->logs));
	for (size_t i = 0; i < p->n_containers; i++)
		json_add(&a, &list, container(&a, &p->containers[i]));
	json_put(&a, &root, "version", json_int(POLICY_DATA_VERSION));
	json_put(&a, &root, "pod", pod);
	json_put(&a, &root, "containers", list);
	TRY(arena_check(&a, err));
	json_write(&root, JSON_INDENT, out);
	return buf_check(out, err);
}
