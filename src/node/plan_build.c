/* SPDX-License-Identifier: Apache-2.0 */
#include "node/plan_build.h"

#include "base/file.h"
#include "base/text.h"
#include "node/pod_spec.h"
#include "policy/initdata.h"
#include "policy/platform.h"
#include "json/value.h"

#include <string.h>

enum {
	FIRST_POD = (10 << 24) + (88 << 16) + 2,
	GATEWAY = (10 << 24) + (88 << 16) + 1,
	MAX_REPLICAS = 64,
	DOCUMENT_MAX = INITDATA_MAX_BYTES,
};

struct bytes
plan_namespace(struct bytes given)
{
	return given.n ? given : BYTES("default");
}

/* ---- names ---- */

/* Kubernetes' own alphabet for generated names: no vowels, no lookalikes. */
static struct bytes
generated(struct arena *a, struct bytes seed, uint32_t ordinal, size_t n)
{
	static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
	struct bytes text = arena_printf(a, "%.*s#%u", BYTES_ARG(seed), ordinal);
	struct hash256 h = sha256(text);
	uint8_t *to = arena_raw(a, n, 1);

	if (!to)
		return (struct bytes){NULL, 0};
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)alphabet[h.b[i] % (sizeof alphabet - 1)];
	return bytes_of(to, n);
}

/* As controllers name pods; the same at every start, so that logs are found again. */
static struct bytes
pod_name(struct plan_maker *m, const struct kube_workload *w, uint32_t ordinal)
{
	struct arena *a = &m->arena;
	struct bytes suffix = generated(a, w->name, ordinal + 1, 5);
	struct bytes template;

	switch (w->kind) {
	case KUBE_POD:
		return w->name;
	case KUBE_STATEFUL_SET:
		return arena_printf(a, "%.*s-%u", BYTES_ARG(w->name), ordinal);
	case KUBE_DEPLOYMENT:
		template = generated(a, w->name, 0, 10);
		return arena_printf(a, "%.*s-%.*s-%.*s", BYTES_ARG(w->name), BYTES_ARG(template),
		                    BYTES_ARG(suffix));
	case KUBE_REPLICA_SET:
	case KUBE_REPLICATION_CONTROLLER:
	case KUBE_DAEMON_SET:
	case KUBE_JOB:
	case KUBE_CRON_JOB:
	case KUBE_KINDS:
		break;
	}
	return arena_printf(a, "%.*s-%.*s", BYTES_ARG(w->name), BYTES_ARG(suffix));
}

static status
replicas_of(struct plan_maker *m, const struct kube_workload *w, uint64_t *ret)
{
	const char *field = w->kind == KUBE_JOB ? "parallelism" : "replicas";
	struct yaml_node *spec;
	bool given;

	*ret = 1;
	if (w->kind == KUBE_CRON_JOB)
		*ret = 0; /* a time will come, but not here */
	if (w->kind == KUBE_POD || w->kind == KUBE_DAEMON_SET || w->kind == KUBE_CRON_JOB)
		return OK;
	TRY(kube_child(w->file, w->root, "spec", YAML_MAP, &spec, m->err));
	TRY(kube_number(w->file, spec, field, MAX_REPLICAS, ret, &given, m->err));
	return OK;
}

/* ---- one pod ---- */

static void
put_text(struct plan_maker *m, struct value *v, const char *name, struct bytes text)
{
	if (text.n > 0)
		json_put_bytes(&m->arena, v, bytes_str(name), json_string(text));
}

static struct value
text_list(struct plan_maker *m, const struct bytes *items, size_t n)
{
	struct value list = json_array();

	for (size_t i = 0; i < n; i++)
		json_add(&m->arena, &list, json_string(items[i]));
	return list;
}

static void
put_security(struct plan_maker *m, const struct kube_pod *pod, const struct kube_container *c,
             struct value *v)
{
	const struct kube_security *s = &c->security;
	bool has_uid = s->has_uid || pod->has_uid, has_gid = s->has_gid || pod->has_gid;
	uint32_t uid = s->has_uid ? s->uid : pod->uid, gid = s->has_gid ? s->gid : pod->gid;
	struct value groups = json_array();

	if (has_uid && has_gid)
		put_text(m, v, "user", arena_printf(&m->arena, "%u:%u", uid, gid));
	else if (has_uid)
		put_text(m, v, "user", arena_printf(&m->arena, "%u", uid));
	for (size_t i = 0; i < pod->n_groups; i++)
		json_add(&m->arena, &groups, json_int(pod->groups[i]));
	if (pod->has_fs_group)
		json_add(&m->arena, &groups, json_int(pod->fs_group));
	json_put(&m->arena, v, "groups", groups);
	json_put(&m->arena, v, "privileged", json_bool(s->privileged));
	json_put(&m->arena, v, "readOnlyRoot", json_bool(s->read_only_root));
	json_put(&m->arena, v, "noNewPrivileges", json_bool(s->no_escalation));
	json_put(&m->arena, v, "addCaps", text_list(m, s->caps_add, s->n_caps_add));
	json_put(&m->arena, v, "dropCaps", text_list(m, s->caps_drop, s->n_caps_drop));
}

static status
put_mounts(struct plan_maker *m, const struct kube_file *f, const struct kube_container *c,
           struct value *v)
{
	struct value list = json_array();

	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct kube_mount *k = &c->mounts[i];
		struct value mount = json_object();
		struct bytes sub = {NULL, 0};

		TRY(kube_string(f, k->node, "subPath", &sub, m->err));
		json_put(&m->arena, &mount, "volume", json_string(k->volume->name));
		json_put(&m->arena, &mount, "path", json_string(k->path));
		put_text(m, &mount, "subPath", sub);
		json_put(&m->arena, &mount, "readOnly", json_bool(k->read_only));
		json_add(&m->arena, &list, mount);
	}
	json_put(&m->arena, v, "mounts", list);
	if (c->n_devices > 0)
		return kube_at(m->err,
		               err_set(m->err, ERR_UNSUPPORTED, "E-NODE-090",
		                       "the local platform has no block devices"),
		               f, c->node);
	return OK;
}

static status
put_probes(struct plan_maker *m, const struct kube_file *f, const struct kube_container *c,
           struct value *v)
{
	static const struct {
		const char *yaml, *name;
	} probes[] = {{"startupProbe", "startup"},
	              {"readinessProbe", "readiness"},
	              {"livenessProbe", "liveness"}};

	for (size_t i = 0; i < COUNT_OF(probes); i++) {
		struct value probe = {0};

		TRY(plan_probe(m, f, c, probes[i].yaml, &probe));
		if (probe.type == VALUE_OBJECT)
			json_put(&m->arena, v, probes[i].name, probe);
	}
	return OK;
}

static status
container_value(struct plan_maker *m, const struct plan_made *pod, const struct kube_container *c,
                struct value *ret)
{
	static const char *const kinds[] = {
	        [KUBE_INIT] = "init", [KUBE_SIDECAR] = "sidecar", [KUBE_MAIN] = "main"};
	struct value env, command, args;

	*ret = json_object();
	json_put(&m->arena, ret, "name", json_string(c->name));
	json_put(&m->arena, ret, "kind", json_cstr(kinds[c->role]));
	json_put(&m->arena, ret, "image", json_string(c->image));
	TRY(plan_environment(m, pod, c, &env, &command, &args));
	if (c->has_command && c->n_command > 0)
		json_put(&m->arena, ret, "command", command);
	if (c->has_args && c->n_args > 0)
		json_put(&m->arena, ret, "args", args);
	json_put(&m->arena, ret, "env", env);
	put_text(m, ret, "workdir", c->working_dir);
	put_security(m, pod->pod, c, ret);
	TRY(put_mounts(m, pod->workload->file, c, ret));
	return put_probes(m, pod->workload->file, c, ret);
}

/* Start order: init and sidecar as written, then the main ones. */
static status
containers_value(struct plan_maker *m, const struct plan_made *pod, struct value *ret)
{
	*ret = json_array();
	for (int main_ones = 0; main_ones < 2; main_ones++) {
		for (size_t i = 0; i < pod->pod->n_containers; i++) {
			const struct kube_container *c = &pod->pod->containers[i];
			struct value v;

			if ((c->role == KUBE_MAIN) != (main_ones == 1))
				continue;
			TRY(container_value(m, pod, c, &v));
			json_add(&m->arena, ret, v);
		}
	}
	return OK;
}

static struct bytes
hosts_file(struct plan_maker *m, const struct plan_made *pod)
{
	char address[16];

	ipv4_cstr(pod->address, address);
	if (pod->subdomain.n > 0)
		return arena_printf(
		        &m->arena,
		        "127.0.0.1\tlocalhost\n%s\t%.*s.%.*s.%.*s.svc.cluster.local\t%.*s\n",
		        address, BYTES_ARG(pod->hostname), BYTES_ARG(pod->subdomain),
		        BYTES_ARG(pod->ns), BYTES_ARG(pod->hostname));
	return arena_printf(&m->arena, "127.0.0.1\tlocalhost\n%s\t%.*s\n", address,
	                    BYTES_ARG(pod->hostname));
}

static struct bytes
resolv_file(struct plan_maker *m, const struct plan_made *pod)
{
	char gateway[16];

	return arena_printf(&m->arena,
	                    "search %.*s.svc.cluster.local svc.cluster.local cluster.local\n"
	                    "nameserver %s\noptions ndots:5\n",
	                    BYTES_ARG(pod->ns), ipv4_cstr(GATEWAY, gateway));
}

static status
spec_value(struct plan_maker *m, const struct plan_made *pod, struct value *ret)
{
	const struct kube_workload *w = pod->workload;
	struct bytes restart = BYTES("Always");
	struct value volumes, containers;
	uint64_t grace = 30;
	char address[16], gateway[16];
	bool given;

	TRY(kube_string(w->file, w->spec, "restartPolicy", &restart, m->err));
	TRY(kube_number(w->file, w->spec, "terminationGracePeriodSeconds", 86400, &grace, &given,
	                m->err));
	TRY(plan_volumes(m, pod, &volumes));
	TRY(containers_value(m, pod, &containers));
	*ret = json_object();
	json_put(&m->arena, ret, "name", json_string(pod->name));
	json_put(&m->arena, ret, "namespace", json_string(pod->ns));
	json_put(&m->arena, ret, "hostname", json_string(pod->hostname));
	json_put(&m->arena, ret, "confidential", json_bool(w->confidential));
	json_put(&m->arena, ret, "restart", json_string(restart));
	json_put(&m->arena, ret, "grace", json_int((int64_t)grace));
	json_put(&m->arena, ret, "address",
	         json_copy_string(&m->arena, bytes_str(ipv4_cstr(pod->address, address))));
	json_put(&m->arena, ret, "prefix", json_int(NET_PREFIX));
	json_put(&m->arena, ret, "gateway",
	         json_copy_string(&m->arena, bytes_str(ipv4_cstr(GATEWAY, gateway))));
	json_put(&m->arena, ret, "hosts", json_string(hosts_file(m, pod)));
	json_put(&m->arena, ret, "resolv", json_string(resolv_file(m, pod)));
	json_put(&m->arena, ret, "volumes", volumes);
	json_put(&m->arena, ret, "containers", containers);
	return OK;
}

/* ---- what the launch is bound to ---- */

static const char *
argument_for(const char *const *list, size_t n, struct bytes workload)
{
	for (size_t i = 0; i < n; i++) {
		const char *equals = strchr(list[i], '=');

		if (equals && bytes_equal(bytes_of(list[i], (size_t)(equals - list[i])), workload))
			return equals + 1;
	}
	return NULL;
}

static bool
is_listed(const char *const *list, size_t n, struct bytes workload)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes_is(workload, list[i]))
			return true;
	}
	return false;
}

static status
read_document(struct plan_maker *m, const struct kube_workload *w, struct buf *out)
{
	const struct yaml_node *n = kube_annotation(w, KUBE_INITDATA_ANNOTATION);

	if (!n)
		return kube_at(m->err,
		               err_hint(m->err,
		                        err_set(m->err, ERR_PARSE, "E-NODE-091",
		                                "the pod has no initdata annotation"),
		                        "run contrast generate first"),
		               w->file, w->pod);
	return kube_at(m->err, initdata_unpack(n->text, out, m->err), w->file, n);
}

/* Rows that a launcher of ours serves; launcher_open() says whether this machine has it. */
static status
row_of(struct plan_maker *m, const struct kube_workload *w, const struct platform **ret)
{
	*ret = platform_of_class(w->runtime_class);
	if (*ret && (*ret)->carrier == PLATFORM_LAUNCHER)
		return OK;
	return kube_at(m->err,
	               err_hint(m->err,
	                        err_set(m->err, ERR_UNSUPPORTED, "E-NODE-051",
	                                "runtime class \"%.*s\" is none of the local platform's",
	                                BYTES_ARG(w->runtime_class)),
	                        "contrast generate --reference-values local-ns"),
	               w->file, w->spec);
}

static status
put_launch(struct plan_maker *m, const struct kube_workload *w, struct value *v)
{
	CLEANUP(buf_done) struct buf document = {.max = DOCUMENT_MAX};
	CLEANUP(buf_done) struct buf other = {.max = DOCUMENT_MAX};
	const char *swap = argument_for(m->o->swap, m->o->n_swap, w->name);
	const struct platform *row;
	struct hash256 hash;

	if (!w->confidential) {
		json_put(&m->arena, v, "platform", json_cstr(""));
		json_put(&m->arena, v, "initdata", json_cstr(""));
		json_put(&m->arena, v, "policyHash", json_cstr(""));
		return OK;
	}
	TRY(row_of(m, w, &row));
	TRY(read_document(m, w, &document));
	hash = sha256(buf_view(&document));
	if (swap)
		TRY(file_read(swap, DOCUMENT_MAX, &other, m->err));
	json_put(&m->arena, v, "platform", json_cstr(row->name));
	json_put(&m->arena, v, "initdata",
	         json_base64(&m->arena, swap ? buf_view(&other) : buf_view(&document)));
	json_put(&m->arena, v, "policyHash", json_hex(&m->arena, hash256_view(&hash)));
	return OK;
}

static struct value
images_value(struct plan_maker *m, const struct kube_pod *pod)
{
	struct value list = json_array();

	for (size_t i = 0; i < pod->n_containers; i++)
		json_add(&m->arena, &list, json_string(pod->containers[i].image));
	return list;
}

static status
add_pod_value(struct plan_maker *m, const struct plan_made *pod)
{
	struct value v = json_object(), spec;

	TRY(put_launch(m, pod->workload, &v));
	TRY(spec_value(m, pod, &spec));
	json_put(&m->arena, &v, "debug",
	         json_bool(is_listed(m->o->debug, m->o->n_debug, pod->workload->name)));
	json_put(&m->arena, &v, "images", images_value(m, pod->pod));
	json_put(&m->arena, &v, "spec", spec);
	json_add(&m->arena, &m->pods, v);
	return arena_check(&m->arena, m->err);
}

/* ---- all of them ---- */

static status
make_pod(struct plan_maker *m, const struct kube_workload *w, const struct kube_pod *pod,
         uint32_t ordinal)
{
	struct plan_made *made;
	struct yaml_node *meta, *labels, *spec;

	if (m->n_made == NET_MAX_PODS)
		return err_set(m->err, ERR_LIMIT, "E-NODE-063", "more than %d pods", NET_MAX_PODS);
	made = &m->made[m->n_made];
	TRY(kube_child(w->file, w->pod, "metadata", YAML_MAP, &meta, m->err));
	TRY(kube_child(w->file, meta, "labels", YAML_MAP, &labels, m->err));
	*made = (struct plan_made){
	        .workload = w,
	        .pod = pod,
	        .name = pod_name(m, w, ordinal),
	        .ns = plan_namespace(w->space),
	        .labels = labels,
	        .address = FIRST_POD + (uint32_t)m->n_made,
	        .ordinal = ordinal,
	};
	made->hostname = pod->hostname.n ? pod->hostname : made->name;
	TRY(kube_string(w->file, w->spec, "subdomain", &made->subdomain, m->err));
	if (w->kind == KUBE_STATEFUL_SET) {
		TRY(kube_child(w->file, w->root, "spec", YAML_MAP, &spec, m->err));
		TRY(kube_string(w->file, spec, "serviceName", &made->subdomain, m->err));
	}
	m->n_made++;
	return arena_check(&m->arena, m->err);
}

static status
make_pods(struct plan_maker *m)
{
	for (size_t i = 0; i < m->set->n_workloads; i++) {
		const struct kube_workload *w = &m->set->workloads[i];
		struct kube_pod *pod = arena_new(&m->arena, struct kube_pod);
		uint64_t replicas;

		TRY(arena_check(&m->arena, m->err));
		TRY(kube_pod_read(m->set, w, &m->arena, pod, m->err));
		TRY(replicas_of(m, w, &replicas));
		for (uint32_t k = 0; k < replicas; k++)
			TRY(make_pod(m, w, pod, k));
	}
	for (size_t i = 0; i < m->n_made; i++)
		TRY(add_pod_value(m, &m->made[i]));
	return OK;
}

static void
maker_done(struct plan_maker **m)
{
	arena_done(&(*m)->arena);
	mem_free(*m);
}

status
plan_build(const struct kube_set *set, const struct plan_options *o, struct buf *json,
           struct err *err)
{
	CLEANUP(maker_done) struct plan_maker *m = mem_new(struct plan_maker);
	struct value v = json_object();
	char gateway[16];

	m->set = set;
	m->o = o;
	m->err = err;
	m->names = m->ports = m->pods = json_array();
	arena_init(&m->arena, (size_t)512 * 1024 * 1024);
	TRY(make_pods(m));
	TRY(plan_services(m));
	json_put(&m->arena, &v, "name", json_string(o->name));
	json_put(&m->arena, &v, "source", json_string(o->source));
	json_put(&m->arena, &v, "gateway", json_cstr(ipv4_cstr(GATEWAY, gateway)));
	json_put(&m->arena, &v, "names", m->names);
	json_put(&m->arena, &v, "ports", m->ports);
	json_put(&m->arena, &v, "pods", m->pods);
	TRY(arena_check(&m->arena, err));
	json_write(&v, JSON_INDENT, json);
	return buf_check(json, err);
}
