/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/fields.h"
#include "kube/parts.h"

static status
read_capabilities(const struct kube_file *f, const struct yaml_node *ctx, struct arena *a,
                  struct kube_security *s, struct err *err)
{
	struct yaml_node *caps;

	TRY(kube_child(f, ctx, "capabilities", YAML_MAP, &caps, err));
	TRY(kube_strings(f, caps, "add", a, &s->caps_add, &s->n_caps_add, NULL, err));
	return kube_strings(f, caps, "drop", a, &s->caps_drop, &s->n_caps_drop, NULL, err);
}

static status
read_security(const struct kube_file *f, const struct yaml_node *n, struct arena *a,
              struct kube_security *s, struct err *err)
{
	struct yaml_node *ctx;
	bool escalation = true;
	uint64_t v = 0;

	TRY(kube_child(f, n, "securityContext", YAML_MAP, &ctx, err));
	TRY(kube_check_fields(f, ctx, KUBE_FIELDS_SECURITY, err));
	TRY(kube_number(f, ctx, "runAsUser", UINT32_MAX, &v, &s->has_uid, err));
	s->uid = (uint32_t)v;
	v = 0;
	TRY(kube_number(f, ctx, "runAsGroup", UINT32_MAX, &v, &s->has_gid, err));
	s->gid = (uint32_t)v;
	TRY(kube_bool(f, ctx, "privileged", &s->privileged, NULL, err));
	TRY(kube_bool(f, ctx, "readOnlyRootFilesystem", &s->read_only_root, NULL, err));
	TRY(kube_bool(f, ctx, "allowPrivilegeEscalation", &escalation, NULL, err));
	s->no_escalation = !escalation;
	return read_capabilities(f, ctx, a, s, err);
}

/* ---- what kubelet may run inside: exec probes and hooks ---- */

static status
add_exec(const struct kube_file *f, const struct yaml_node *handler, struct arena *a,
         struct kube_container *c, struct err *err)
{
	struct yaml_node *exec;
	struct kube_exec *e = &c->execs[c->n_execs];
	bool given;

	TRY(kube_child(f, handler, "exec", YAML_MAP, &exec, err));
	if (!exec)
		return OK;
	TRY(kube_strings(f, exec, "command", a, &e->args, &e->n, &given, err));
	c->n_execs += given && e->n > 0;
	return OK;
}

static status
read_execs(const struct kube_file *f, struct arena *a, struct kube_container *c, struct err *err)
{
	static const char *const probes[] = {"livenessProbe", "readinessProbe", "startupProbe"};
	static const char *const hooks[] = {"postStart", "preStop"};
	struct yaml_node *n, *lifecycle;

	c->execs = arena_array(a, COUNT_OF(probes) + COUNT_OF(hooks), sizeof *c->execs);
	if (!c->execs)
		return arena_check(a, err);
	for (size_t i = 0; i < COUNT_OF(probes); i++) {
		TRY(kube_child(f, c->node, probes[i], YAML_MAP, &n, err));
		TRY(add_exec(f, n, a, c, err));
	}
	TRY(kube_child(f, c->node, "lifecycle", YAML_MAP, &lifecycle, err));
	for (size_t i = 0; i < COUNT_OF(hooks); i++) {
		TRY(kube_child(f, lifecycle, hooks[i], YAML_MAP, &n, err));
		TRY(add_exec(f, n, a, c, err));
	}
	return OK;
}

/* ---- mounts and devices ---- */

static const struct kube_volume *
find_volume(const struct kube_pod *p, struct bytes name)
{
	for (size_t i = 0; i < p->n_volumes; i++)
		if (bytes_equal(p->volumes[i].name, name))
			return &p->volumes[i];
	return NULL;
}

static status
no_volume(const struct kube_file *f, const struct yaml_node *n, struct bytes name, struct err *err)
{
	return kube_at(err,
	               err_set(err, ERR_NOT_FOUND, "E-KUBE-017", "the pod has no volume \"%.*s\"",
	                       (int)MIN(name.n, 63), (const char *)name.p),
	               f, n);
}

static bool
is_plain_path(struct bytes path)
{
	if (path.n < 2 || path.p[0] != '/' || bytes_find_byte(path, ':', 0) != SIZE_MAX)
		return false;
	return bytes_find(path, BYTES("/../"), 0) == SIZE_MAX && !bytes_ends(path, BYTES("/.."));
}

static status
read_mount(const struct kube_file *f, const struct kube_pod *p, const struct yaml_node *n,
           struct kube_mount *m, struct err *err)
{
	struct bytes name = {NULL, 0}, propagation = {NULL, 0};

	m->node = n;
	if (n->kind != YAML_MAP)
		return kube_at(err,
		               err_set(err, ERR_PARSE, "E-KUBE-003", "a volumeMount is a mapping"),
		               f, n);
	TRY(kube_check_fields(f, n, KUBE_FIELDS_MOUNT, err));
	TRY(kube_string(f, n, "name", &name, err));
	TRY(kube_string(f, n, "mountPath", &m->path, err));
	TRY(kube_bool(f, n, "readOnly", &m->read_only, NULL, err));
	TRY(kube_string(f, n, "mountPropagation", &propagation, err));
	m->from_host = bytes_is(propagation, "HostToContainer");
	m->volume = find_volume(p, name);
	if (!m->volume)
		return no_volume(f, n, name, err);
	/* A trailing slash means nothing to the runtime. */
	while (m->path.n > 1 && m->path.p[m->path.n - 1] == '/')
		m->path.n--;
	if (!is_plain_path(m->path))
		return kube_at(
		        err,
		        err_set(err, ERR_PARSE, "E-KUBE-018",
		                "mountPath must be an absolute path without \"..\" and \":\""),
		        f, n);
	if (m->volume->kind == KUBE_VOLUME_CLAIM)
		return kube_at(err,
		               err_hint(err,
		                        err_set(err, ERR_UNSUPPORTED, "E-KUBE-025",
		                                "the volume %.*s is a file system of the host, "
		                                "which could read and change it",
		                                (int)name.n, (const char *)name.p),
		                        "use volumeMode: Block and the annotation " KUBE_ANNOTATION(
		                                "secure-pv")),
		               f, n);
	if (m->volume->kind == KUBE_VOLUME_BLOCK)
		return kube_at(err,
		               err_set(err, ERR_PARSE, "E-KUBE-019",
		                       "the volume %.*s is a block device: use volumeDevices",
		                       (int)name.n, (const char *)name.p),
		               f, n);
	return OK;
}

static status
read_mounts(const struct kube_file *f, const struct kube_pod *p, struct arena *a,
            struct kube_container *c, struct err *err)
{
	struct yaml_node *list;

	TRY(kube_child(f, c->node, "volumeMounts", YAML_SEQ, &list, err));
	c->mounts = arena_array(a, list ? list->n : 0, sizeof *c->mounts);
	for (uint32_t i = 0; list && i < list->n; i++) {
		struct kube_mount m = {.path = {NULL, 0}};

		if (!c->mounts)
			return arena_check(a, err);
		TRY(read_mount(f, p, list->kids[i].val, &m, err));
		for (size_t k = 0; k < c->n_mounts; k++)
			if (bytes_equal(c->mounts[k].path, m.path))
				return kube_at(err,
				               err_set(err, ERR_PARSE, "E-KUBE-009",
				                       "two mounts at %.*s",
				                       (int)MIN(m.path.n, 200),
				                       (const char *)m.path.p),
				               f, m.node);
		c->mounts[c->n_mounts++] = m;
	}
	return OK;
}

static status
read_devices(const struct kube_file *f, const struct kube_pod *p, struct arena *a,
             struct kube_container *c, struct err *err)
{
	struct yaml_node *list;

	TRY(kube_child(f, c->node, "volumeDevices", YAML_SEQ, &list, err));
	c->devices = arena_array(a, list ? list->n : 0, sizeof *c->devices);
	for (uint32_t i = 0; list && i < list->n; i++) {
		const struct yaml_node *n = list->kids[i].val;
		struct kube_device d = {.path = {NULL, 0}};
		struct bytes name = {NULL, 0};

		if (!c->devices)
			return arena_check(a, err);
		TRY(kube_string(f, n, "name", &name, err));
		TRY(kube_string(f, n, "devicePath", &d.path, err));
		d.volume = find_volume(p, name);
		if (!d.volume)
			return no_volume(f, n, name, err);
		if (d.volume->kind != KUBE_VOLUME_BLOCK && d.volume->kind != KUBE_VOLUME_CLAIM)
			return kube_at(err,
			               err_set(err, ERR_PARSE, "E-KUBE-019",
			                       "the volume %.*s is no block device", (int)name.n,
			                       (const char *)name.p),
			               f, n);
		c->devices[c->n_devices++] = d;
	}
	return OK;
}

static status
read_role(const struct kube_file *f, bool init, struct kube_container *c, struct err *err)
{
	struct bytes policy = {NULL, 0};

	TRY(kube_string(f, c->node, "restartPolicy", &policy, err));
	c->role = init ? KUBE_INIT : KUBE_MAIN;
	if (init && bytes_is(policy, "Always"))
		c->role = KUBE_SIDECAR;
	return OK;
}

status
kube_container_read(const struct kube_set *s, const struct kube_pod *p, bool init, struct arena *a,
                    struct kube_container *c, struct err *err)
{
	const struct kube_file *f = p->workload->file;
	const struct yaml_node *n = c->node;

	if (n->kind != YAML_MAP)
		return kube_at(err,
		               err_set(err, ERR_PARSE, "E-KUBE-003", "a container is a mapping"), f,
		               n);
	TRY(kube_check_fields(f, n, KUBE_FIELDS_CONTAINER, err));
	TRY(kube_string(f, n, "name", &c->name, err));
	if (!kube_is_label(c->name))
		return kube_at(err,
		               err_set(err, ERR_PARSE, "E-KUBE-011",
		                       "a container needs a valid name"),
		               f, n);
	c->image_node = yaml_get(n, "image");
	TRY(kube_string(f, n, "image", &c->image, err));
	if (c->image.n == 0)
		return kube_at(err,
		               err_set(err, ERR_PARSE, "E-KUBE-010",
		                       "the container %.*s has no image", (int)c->name.n,
		                       (const char *)c->name.p),
		               f, n);
	TRY(read_role(f, init, c, err));
	TRY(kube_strings(f, n, "command", a, &c->command, &c->n_command, &c->has_command, err));
	TRY(kube_strings(f, n, "args", a, &c->args, &c->n_args, &c->has_args, err));
	TRY(kube_string(f, n, "workingDir", &c->working_dir, err));
	TRY(kube_bool(f, n, "tty", &c->tty, NULL, err));
	TRY(kube_env_read(s, p->workload, n, a, &c->env, &c->n_env, err));
	TRY(read_security(f, n, a, &c->security, err));
	TRY(read_execs(f, a, c, err));
	TRY(read_mounts(f, p, a, c, err));
	return read_devices(f, p, a, c, err);
}
