/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/request.h"

#include <stdio.h>

struct maker {
	struct arena *a;
	const struct policy_pod *pod;
	const struct policy_sample *s;
	const struct policy_container *c; /* NULL: the pause container */
	struct bytes id;
};

/* ---- the sample ---- */

void
policy_sample_fill(struct arena *a, const struct policy_pod *p, struct policy_sample *ret)
{
	static const struct {
		const char *kind, *tail;
	} tails[] = {
	        {"Deployment", "-6c8d9f7b5d-x2k4z"},
	        {"ReplicaSet", "-x2k4z"},
	        {"ReplicationController", "-x2k4z"},
	        {"StatefulSet", "-0"},
	        {"DaemonSet", "-x2k4z"},
	        {"Job", "-x2k4z"},
	        {"CronJob", "-29384756-x2k4z"},
	};
	const char *tail = "";
	struct bytes name = p->name;

	for (size_t i = 0; i < COUNT_OF(tails); i++)
		if (bytes_is(p->kind, tails[i].kind))
			tail = tails[i].tail;
	/* Generated names are cut to 58 characters before the random five. */
	if (tail[0] && tail[1] != '0' && name.n > 46)
		name = bytes_sub(name, 0, 46);
	ret->pod = arena_printf(a, "%.*s%s", BYTES_ARG(name), tail);
	ret->space = p->space.n > 0 ? p->space : BYTES("default");
	ret->uid = BYTES("31df313a-931f-4979-a405-cc3f3ccb6a56");
	ret->pod_ip = BYTES("10.244.0.7");
	ret->host_ip = BYTES("192.0.2.10");
	ret->node = BYTES("node-1.example");
	ret->sandbox_id = BYTES("257a671dd451a8bf7ea4950d722106db358ef5ded2997c60f7dc1101b31b727a");
}

static struct bytes
container_id(struct arena *a, size_t n)
{
	return arena_printf(a, "%064zx", n + 0x1000);
}

/* ---- JSON ---- */

static void
put_text(struct maker *m, struct value *o, const char *name, struct bytes text)
{
	json_put(m->a, o, name, json_string(text));
}

static void
put_cstr(struct maker *m, struct value *o, const char *name, const char *text)
{
	json_put(m->a, o, name, json_cstr(text));
}

static void
put_nulls(struct maker *m, struct value *o, const char *const *names)
{
	for (; *names; names++)
		json_put(m->a, o, *names, json_null());
}

static void
put_empty(struct maker *m, struct value *o, const char *const *names)
{
	for (; *names; names++)
		json_put(m->a, o, *names, json_array());
}

/* "a,b" as a list. */
static struct value
words(struct maker *m, const char *text)
{
	struct value v = json_array();
	struct bytes t = bytes_str(text);
	size_t at = 0;

	while (at < t.n) {
		size_t end = bytes_find_byte(t, ',', at);

		end = end == SIZE_MAX ? t.n : end;
		json_add(m->a, &v, json_string(bytes_sub(t, at, end)));
		at = end + 1;
	}
	return v;
}

/* ---- values of the node ---- */

static struct bytes
dynamic(const struct maker *m, enum policy_dynamic from)
{
	switch (from) {
	case POLICY_POD_NAME:
		return m->s->pod;
	case POLICY_POD_NAMESPACE:
		return m->s->space;
	case POLICY_POD_UID:
		return m->s->uid;
	case POLICY_POD_IP:
		return m->s->pod_ip;
	case POLICY_HOST_IP:
		return m->s->host_ip;
	case POLICY_NODE_NAME:
		return m->s->node;
	case POLICY_NUMBER:
		return BYTES("2");
	case POLICY_LITERAL:
		break;
	}
	return (struct bytes){NULL, 0};
}

static struct bytes
value_of(const struct maker *m, struct bytes name)
{
	for (size_t i = 0; i < m->c->n_env; i++)
		if (bytes_equal(m->c->env[i].name, name))
			return dynamic(m, m->c->env[i].from);
	return (struct bytes){NULL, 0};
}

/* $(ref) in the text becomes the value. */
static struct bytes
filled(struct maker *m, struct bytes text, struct bytes ref)
{
	CLEANUP(buf_done) struct buf out = {0};
	struct bytes mark = arena_printf(m->a, "$(%.*s)", BYTES_ARG(ref));
	size_t at = 0, next;

	if (ref.n == 0)
		return text;
	while ((next = bytes_find(text, mark, at)) != SIZE_MAX) {
		buf_bytes(&out, bytes_sub(text, at, next));
		buf_bytes(&out, value_of(m, ref));
		at = next + mark.n;
	}
	buf_bytes(&out, bytes_sub(text, at, text.n));
	return arena_copy(m->a, buf_view(&out));
}

/* ---- process ---- */

static struct value
env(struct maker *m)
{
	struct value v = json_array();
	struct bytes host = m->pod->hostname.n > 0 ? m->pod->hostname : bytes_sub(m->s->pod, 0, 63);
	bool hostname = true;

	for (size_t i = 0; i < m->c->n_env; i++) {
		const struct policy_env *e = &m->c->env[i];
		struct bytes value = e->from != POLICY_LITERAL ? dynamic(m, e->from)
		                                               : filled(m, e->value, e->ref);

		hostname &= !bytes_is(e->name, "HOSTNAME");
		json_add(m->a, &v,
		         json_string(arena_printf(m->a, "%.*s=%.*s", BYTES_ARG(e->name),
		                                  BYTES_ARG(value))));
	}
	if (hostname)
		json_add(m->a, &v,
		         json_string(arena_printf(m->a, "HOSTNAME=%.*s", BYTES_ARG(host))));
	json_add(m->a, &v, json_cstr("KUBERNETES_SERVICE_HOST=10.96.0.1"));
	return v;
}

static struct value
args(struct maker *m)
{
	struct value v = json_array();

	for (size_t i = 0; i < m->c->n_args; i++)
		json_add(m->a, &v, json_string(filled(m, m->c->args[i].text, m->c->args[i].ref)));
	return v;
}

static struct value
user(struct maker *m)
{
	struct value o = json_object(), groups = json_array();

	json_put(m->a, &o, "UID", json_int(m->c ? m->c->uid : 65535));
	json_put(m->a, &o, "GID", json_int(m->c ? m->c->gid : 65535));
	json_add(m->a, &groups, json_int(m->c ? m->c->gid : 65535));
	for (size_t i = 0; m->c && i < m->c->n_groups; i++)
		json_add(m->a, &groups, json_int(m->c->groups[i]));
	json_put(m->a, &o, "AdditionalGids", groups);
	put_cstr(m, &o, "Username", "");
	return o;
}

static bool
has_text(const struct policy_texts *t, struct bytes text)
{
	for (size_t i = 0; i < t->n; i++)
		if (bytes_equal(t->items[i], text))
			return true;
	return false;
}

/* containerd's default set, changed by the container. */
static struct value
capability_list(struct maker *m)
{
	static const char *const defaults[] = {
	        "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
	        "CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
	        "CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
	        "CAP_KILL",    "CAP_AUDIT_WRITE"};
	static const struct policy_texts none;
	const struct policy_texts *add = m->c ? &m->c->caps_add : &none;
	const struct policy_texts *drop = m->c ? &m->c->caps_drop : &none;
	struct value v = json_array();

	for (size_t i = 0; i < COUNT_OF(defaults) && !has_text(drop, BYTES("ALL")); i++)
		if (!has_text(drop, bytes_str(defaults[i])) &&
		    !has_text(add, bytes_str(defaults[i])))
			json_add(m->a, &v, json_cstr(defaults[i]));
	for (size_t i = 0; i < add->n; i++)
		json_add(m->a, &v, json_string(add->items[i]));
	return v;
}

static struct value
process(struct maker *m, struct value arguments, struct value variables)
{
	struct value o = json_object(), caps = json_object(), list = capability_list(m);

	json_put(m->a, &caps, "Ambient", json_array());
	json_put(m->a, &caps, "Bounding", list);
	json_put(m->a, &caps, "Effective", list);
	json_put(m->a, &caps, "Inheritable", json_array());
	json_put(m->a, &caps, "Permitted", list);
	json_put(m->a, &o, "Terminal", json_bool(m->c && m->c->terminal));
	json_put(m->a, &o, "ConsoleSize", json_null());
	json_put(m->a, &o, "User", user(m));
	json_put(m->a, &o, "Args", arguments);
	json_put(m->a, &o, "Env", variables);
	put_text(m, &o, "Cwd", m->c ? m->c->cwd : BYTES("/"));
	json_put(m->a, &o, "Capabilities", caps);
	json_put(m->a, &o, "Rlimits", json_array());
	json_put(m->a, &o, "NoNewPrivileges", json_bool(!m->c || m->c->no_new_privileges));
	put_cstr(m, &o, "ApparmorProfile", "");
	json_put(m->a, &o, "OOMScoreAdj", json_int(m->c ? 1000 : -998));
	put_cstr(m, &o, "SelinuxLabel", "");
	return o;
}

/* ---- mounts and storages ---- */

static void
add_mount(struct maker *m, struct value *list, struct bytes destination, const char *type,
          struct bytes source, const char *options)
{
	struct value o = json_object();

	put_text(m, &o, "destination", destination);
	put_text(m, &o, "source", source);
	put_cstr(m, &o, "type_", type);
	json_put(m->a, &o, "options", words(m, options));
	json_add(m->a, list, o);
}

static struct bytes
base_name(struct bytes path)
{
	size_t from = 0;

	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] == '/')
			from = i + 1;
	return bytes_sub(path, from, path.n);
}

/* Where the shim copies a file or folder to for one container. */
static struct bytes
shared_file(struct maker *m, struct bytes destination)
{
	return arena_printf(m->a,
	                    "/run/kata-containers/shared/containers/%.*s-4a4c20d48254d738-%.*s",
	                    BYTES_ARG(m->id), BYTES_ARG(base_name(destination)));
}

static struct bytes
volume_path(struct maker *m, const struct policy_mount *v)
{
	switch (v->source) {
	case POLICY_SOURCE_MEMORY:
		return arena_printf(m->a, "/run/kata-containers/sandbox/ephemeral/%.*s",
		                    BYTES_ARG(v->volume));
	case POLICY_SOURCE_SCRATCH:
		return arena_printf(m->a,
		                    "/run/kata-containers/shared/containers/%.*s/rootfs/local/%.*s",
		                    BYTES_ARG(m->s->sandbox_id), BYTES_ARG(v->volume));
	case POLICY_SOURCE_FILES:
		break;
	}
	return shared_file(m, v->path);
}

static bool
is_mounted(const struct maker *m, const char *path)
{
	for (size_t i = 0; m->c && i < m->c->n_mounts; i++)
		if (bytes_is(m->c->mounts[i].path, path))
			return true;
	return false;
}

static void
standard_mounts(struct maker *m, struct value *list)
{
	static const struct {
		const char *path, *type, *source, *options;
	} rows[] = {
	        {"/proc", "proc", "proc", "nosuid,noexec,nodev"},
	        {"/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"},
	        {"/dev/pts", "devpts", "devpts",
	         "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"},
	        {"/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"},
	        {"/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"},
	        {"/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,noexec,nodev,relatime,ro"},
	        {"/dev/shm", "bind", "/run/kata-containers/sandbox/shm", "rbind"},
	};
	static const char *const files[] = {"/etc/hosts", "/dev/termination-log", "/etc/hostname",
	                                    "/etc/resolv.conf"};
	static const char token[] = "/var/run/secrets/kubernetes.io/serviceaccount";

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (!is_mounted(m, rows[i].path))
			add_mount(m, list, bytes_str(rows[i].path), rows[i].type,
			          bytes_str(rows[i].source), rows[i].options);
	for (size_t i = 0; m->c && i < COUNT_OF(files); i++)
		if (!is_mounted(m, files[i]))
			add_mount(m, list, bytes_str(files[i]), "bind",
			          shared_file(m, bytes_str(files[i])), "rbind,rprivate,rw");
	if (m->c && m->pod->token && !is_mounted(m, token))
		add_mount(m, list, bytes_str(token), "bind", shared_file(m, bytes_str(token)),
		          "rbind,rprivate,ro");
}

static struct value
mounts(struct maker *m)
{
	struct value list = json_array();

	standard_mounts(m, &list);
	for (size_t i = 0; m->c && i < m->c->n_mounts; i++) {
		const struct policy_mount *v = &m->c->mounts[i];
		const char *options = v->read_only   ? "rbind,rprivate,ro"
		                      : v->from_host ? "rbind,rslave,rw"
		                                     : "rbind,rprivate,rw";

		add_mount(m, &list, v->path, "bind", volume_path(m, v), options);
	}
	return list;
}

static struct value
storage(struct maker *m, const char *driver, struct bytes source, const char *fstype,
        struct bytes mount_point)
{
	struct value o = json_object();

	put_cstr(m, &o, "driver", driver);
	json_put(m->a, &o, "driver_options", json_array());
	put_text(m, &o, "source", source);
	put_cstr(m, &o, "fstype", fstype);
	json_put(m->a, &o, "options", json_array());
	put_text(m, &o, "mount_point", mount_point);
	json_put(m->a, &o, "fs_group", json_null());
	json_put(m->a, &o, "shared", json_bool(false));
	return o;
}

static struct bytes
rootfs(struct maker *m)
{
	return arena_printf(m->a, "/run/kata-containers/%.*s/rootfs", BYTES_ARG(m->id));
}

static struct value
storages(struct maker *m)
{
	struct value list = json_array();

	json_add(m->a, &list,
	         storage(m, "image_guest_pull", m->c ? m->c->image : BYTES("pause"), "overlay",
	                 rootfs(m)));
	for (size_t i = 0; m->c && i < m->c->n_mounts; i++) {
		const struct policy_mount *v = &m->c->mounts[i];
		bool seen = false;

		for (size_t k = 0; k < i; k++)
			seen |= bytes_equal(m->c->mounts[k].volume, v->volume);
		if (seen || v->source == POLICY_SOURCE_FILES)
			continue;
		json_add(m->a, &list,
		         v->source == POLICY_SOURCE_MEMORY
		                 ? storage(m, "ephemeral", BYTES("tmpfs"), "tmpfs",
		                           volume_path(m, v))
		                 : storage(m, "local", BYTES("local"), "local", volume_path(m, v)));
	}
	return list;
}

/* ---- the rest of an OCI specification ---- */

static struct value
annotations(struct maker *m)
{
	struct value o = json_object();

	put_cstr(m, &o, "io.kubernetes.cri.container-type", m->c ? "container" : "sandbox");
	put_text(m, &o, "io.kubernetes.cri.sandbox-id", m->s->sandbox_id);
	put_text(m, &o, "io.kubernetes.cri.sandbox-name", m->s->pod);
	put_text(m, &o, "io.kubernetes.cri.sandbox-namespace", m->s->space);
	put_text(m, &o, "io.kubernetes.cri.sandbox-uid", m->s->uid);
	if (m->c) {
		put_text(m, &o, "io.kubernetes.cri.container-name", m->c->name);
		put_text(m, &o, "io.kubernetes.cri.image-name", m->c->image);
	}
	return o;
}

static struct value
linux_part(struct maker *m)
{
	static const char *const nulls[] = {"IntelRdt", "Seccomp", NULL};
	static const char *const none[] = {"UIDMappings", "GIDMappings", NULL};
	static const char *const resource_nulls[] = {"BlockIO", "Network", "Pids",
	                                             "Memory",  "CPU",     NULL};
	static const char *const spaces[] = {"ipc", "uts", "mount"};
	bool open = m->c && m->c->privileged;
	struct value o = json_object(), list = json_array(), resources = json_object();
	struct value devices = json_array();

	for (size_t i = 0; i < COUNT_OF(spaces); i++) {
		struct value n = json_object();

		put_cstr(m, &n, "Type", spaces[i]);
		put_cstr(m, &n, "Path", "");
		json_add(m->a, &list, n);
	}
	for (size_t i = 0; m->c && i < m->c->devices.n; i++) {
		struct value d = json_object();

		put_text(m, &d, "Path", m->c->devices.items[i]);
		json_add(m->a, &devices, d);
	}
	json_put(m->a, &resources, "Devices", json_array());
	put_nulls(m, &resources, resource_nulls);
	put_nulls(m, &o, nulls);
	put_empty(m, &o, none);
	json_put(m->a, &o, "Sysctl", json_object());
	json_put(m->a, &o, "Resources", resources);
	put_cstr(m, &o, "CgroupsPath", "kubepods-pod.slice");
	json_put(m->a, &o, "Namespaces", list);
	json_put(m->a, &o, "Devices", devices);
	put_cstr(m, &o, "RootfsPropagation", "");
	json_put(m->a, &o, "MaskedPaths",
	         words(m,
	               open ? ""
	                    : "/proc/asound,/proc/acpi,/proc/kcore,/proc/keys,/proc/latency_stats,"
	                      "/proc/timer_list,/proc/timer_stats,/proc/sched_debug,/proc/scsi,"
	                      "/sys/firmware"));
	json_put(m->a, &o, "ReadonlyPaths",
	         words(m,
	               open ? "" : "/proc/bus,/proc/fs,/proc/irq,/proc/sys,/proc/sysrq-trigger"));
	put_cstr(m, &o, "MountLabel", "");
	return o;
}

static struct value
oci(struct maker *m)
{
	static const char *const nulls[] = {"Hooks", "Solaris", "Windows", NULL};
	struct value o = json_object(), root = json_object();

	put_text(m, &root, "Path", rootfs(m));
	json_put(m->a, &root, "Readonly", json_bool(!m->c || m->c->read_only_root));
	put_cstr(m, &o, "Version", "1.1.0");
	json_put(m->a, &o, "Process",
	         m->c ? process(m, args(m), env(m))
	              : process(m, words(m, "/pause"), words(m, "PATH=/bin")));
	json_put(m->a, &o, "Root", root);
	put_cstr(m, &o, "Hostname", "");
	json_put(m->a, &o, "Mounts", mounts(m));
	json_put(m->a, &o, "Annotations", annotations(m));
	json_put(m->a, &o, "Linux", linux_part(m));
	put_nulls(m, &o, nulls);
	return o;
}

static void
create(struct maker *m, struct buf *out)
{
	static const char *const none[] = {"devices", "shared_mounts", NULL};
	static const char *const ports[] = {"stdin_port", "stdout_port", "stderr_port"};
	struct value o = json_object();

	put_text(m, &o, "container_id", m->id);
	put_text(m, &o, "exec_id", m->id);
	json_put(m->a, &o, "string_user", json_null());
	put_empty(m, &o, none);
	json_put(m->a, &o, "storages", storages(m));
	json_put(m->a, &o, "OCI", oci(m));
	json_put(m->a, &o, "sandbox_pidns", json_bool(m->c && m->pod->share_pids));
	for (size_t i = 0; i < COUNT_OF(ports); i++)
		json_put(m->a, &o, ports[i], json_int(0));
	json_write(&o, JSON_COMPACT, out);
}

/* ---- requests ---- */

void
policy_request_sandbox(const struct policy_sample *s, struct buf *out)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct maker m = {.a = &a, .s = s};
	static const char *const none[] = {"dns", "kernel_modules", NULL};
	struct value o = json_object(), list = json_array();

	put_text(&m, &o, "hostname", s->pod);
	put_empty(&m, &o, none);
	json_add(&a, &list,
	         storage(&m, "ephemeral", BYTES("shm"), "tmpfs",
	                 BYTES("/run/kata-containers/sandbox/shm")));
	json_put(&a, &o, "storages", list);
	json_put(&a, &o, "sandbox_pidns", json_bool(false));
	put_text(&m, &o, "sandbox_id", s->sandbox_id);
	put_cstr(&m, &o, "guest_hook_path", "");
	json_write(&o, JSON_COMPACT, out);
}

void
policy_request_pause(const struct policy_pod *p, const struct policy_sample *s, struct buf *out)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct maker m = {.a = &a, .pod = p, .s = s, .id = s->sandbox_id};

	create(&m, out);
}

void
policy_request_container(const struct policy_pod *p, const struct policy_sample *s, size_t n,
                         struct buf *out)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct maker m = {.a = &a, .pod = p, .s = s, .c = &p->containers[n]};

	m.id = container_id(&a, n);
	create(&m, out);
}

void
policy_request_exec(const struct policy_pod *p, const struct policy_sample *s, size_t n, size_t e,
                    struct buf *out)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct maker m = {.a = &a, .pod = p, .s = s, .c = &p->containers[n]};
	struct value o = json_object(), arguments = json_array(), run;

	for (size_t i = 0; i < m.c->execs[e].n; i++)
		json_add(&a, &arguments, json_string(m.c->execs[e].items[i]));
	run = process(&m, arguments, env(&m));
	put_text(&m, &o, "container_id", container_id(&a, n));
	put_cstr(&m, &o, "exec_id", "exec");
	json_put(&a, &o, "string_user", json_null());
	json_put(&a, &o, "process", run);
	json_write(&o, JSON_COMPACT, out);
}
