/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container.h"
#include "json/value.h"

enum { CONFIG_ARENA = 8 * 1024 * 1024 };

/* Order of the bits of include/uapi/linux/capability.h. */
static const char *const all_caps[] = {
        "CHOWN",
        "DAC_OVERRIDE",
        "DAC_READ_SEARCH",
        "FOWNER",
        "FSETID",
        "KILL",
        "SETGID",
        "SETUID",
        "SETPCAP",
        "LINUX_IMMUTABLE",
        "NET_BIND_SERVICE",
        "NET_BROADCAST",
        "NET_ADMIN",
        "NET_RAW",
        "IPC_LOCK",
        "IPC_OWNER",
        "SYS_MODULE",
        "SYS_RAWIO",
        "SYS_CHROOT",
        "SYS_PTRACE",
        "SYS_PACCT",
        "SYS_ADMIN",
        "SYS_BOOT",
        "SYS_NICE",
        "SYS_RESOURCE",
        "SYS_TIME",
        "SYS_TTY_CONFIG",
        "MKNOD",
        "LEASE",
        "AUDIT_WRITE",
        "AUDIT_CONTROL",
        "SETFCAP",
        "MAC_OVERRIDE",
        "MAC_ADMIN",
        "SYSLOG",
        "WAKE_ALARM",
        "BLOCK_SUSPEND",
        "AUDIT_READ",
};

static const char *const default_caps[] = {
        "CHOWN",   "DAC_OVERRIDE", "FSETID",           "FOWNER",
        "MKNOD",   "NET_RAW",      "SETGID",           "SETUID",
        "SETFCAP", "SETPCAP",      "NET_BIND_SERVICE", "SYS_CHROOT",
        "KILL",    "AUDIT_WRITE",
};

static const char *const masked[] = {
        "/proc/acpi",          "/proc/asound",     "/proc/kcore",       "/proc/keys",
        "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
        "/proc/scsi",          "/sys/firmware",
};

static const char *const readonly[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                       "/proc/sysrq-trigger"};

static const struct container_mount standard_mounts[] = {
        {{(const uint8_t *)"proc", 4},
         {(const uint8_t *)"/proc", 5},
         "proc",
         "nosuid,noexec,nodev"},
        {{(const uint8_t *)"tmpfs", 5},
         {(const uint8_t *)"/dev", 4},
         "tmpfs",
         "nosuid,strictatime,mode=755,size=65536k"},
        {{(const uint8_t *)"devpts", 6},
         {(const uint8_t *)"/dev/pts", 8},
         "devpts",
         "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"},
        {{(const uint8_t *)"mqueue", 6},
         {(const uint8_t *)"/dev/mqueue", 11},
         "mqueue",
         "nosuid,noexec,nodev"},
};

struct config {
	struct arena *a;
	const struct container_spec *spec;
};

static struct value
strings(struct arena *a, const char *const *names, size_t n)
{
	struct value list = json_array();

	for (size_t i = 0; i < n; i++)
		json_add(a, &list, json_cstr(names[i]));
	return list;
}

static struct value
texts(struct arena *a, const struct bytes *items, size_t n)
{
	struct value list = json_array();

	for (size_t i = 0; i < n; i++)
		json_add(a, &list, json_string(items[i]));
	return list;
}

static struct value
split(struct arena *a, const char *options)
{
	struct value list = json_array();
	struct bytes left = bytes_str(options);

	while (left.n > 0) {
		size_t comma = bytes_find_byte(left, ',', 0);
		size_t end = MIN(comma, left.n);

		json_add(a, &list, json_string(bytes_sub(left, 0, end)));
		left = bytes_sub(left, end + 1, left.n);
	}
	return list;
}

static struct bytes
cap_name(struct bytes name)
{
	return bytes_starts(name, BYTES("CAP_")) ? bytes_sub(name, 4, name.n) : name;
}

static size_t
cap_index(struct bytes name)
{
	for (size_t i = 0; i < COUNT_OF(all_caps); i++) {
		if (bytes_is(cap_name(name), all_caps[i]))
			return i;
	}
	return SIZE_MAX;
}

static status
change_caps(uint64_t *set, const struct bytes *names, size_t n, bool add, struct err *err)
{
	static const uint64_t every = (UINT64_C(1) << COUNT_OF(all_caps)) - 1;

	for (size_t i = 0; i < n; i++) {
		size_t at = cap_index(names[i]);
		uint64_t bits = bytes_is(names[i], "ALL") ? every : 0;

		if (at == SIZE_MAX && !bits)
			return err_set(err, ERR_REJECTED, "E-AGENT-001", "no capability \"%.*s\"",
			               BYTES_ARG(names[i]));
		if (!bits)
			bits = UINT64_C(1) << at;
		*set = add ? *set | bits : *set & ~bits;
	}
	return OK;
}

/* Kubernetes: defaults, then drops, then adds (an explicit add survives "drop: ALL"). */
static status
capabilities(const struct config *c, struct value *ret, struct err *err)
{
	static const char *const sets[] = {"bounding", "effective", "permitted"};
	const struct bytes all = BYTES("ALL");
	uint64_t bits = 0;
	struct value list = json_array();

	for (size_t i = 0; i < COUNT_OF(default_caps); i++)
		bits |= UINT64_C(1) << cap_index(bytes_str(default_caps[i]));
	if (c->spec->privileged)
		TRY(change_caps(&bits, &all, 1, true, err));
	TRY(change_caps(&bits, c->spec->drop_caps, c->spec->n_drop_caps, false, err));
	TRY(change_caps(&bits, c->spec->add_caps, c->spec->n_add_caps, true, err));
	for (size_t i = 0; i < COUNT_OF(all_caps); i++) {
		struct bytes name;

		if (!(bits >> i & 1))
			continue;
		name = arena_printf(c->a, "CAP_%s", all_caps[i]);
		json_add(c->a, &list, json_string(name));
	}
	*ret = json_object();
	for (size_t i = 0; i < COUNT_OF(sets); i++)
		json_put(c->a, ret, sets[i], list);
	return OK;
}

static struct value
user(const struct config *c)
{
	struct value v = json_object();
	struct value groups = json_array();

	json_put(c->a, &v, "uid", json_int(c->spec->uid));
	json_put(c->a, &v, "gid", json_int(c->spec->gid));
	for (size_t i = 0; i < c->spec->n_groups; i++)
		json_add(c->a, &groups, json_int(c->spec->groups[i]));
	json_put(c->a, &v, "additionalGids", groups);
	return v;
}

static status
process(const struct config *c, struct value *ret, struct err *err)
{
	struct value caps;

	TRY(capabilities(c, &caps, err));
	*ret = json_object();
	json_put(c->a, ret, "terminal", json_bool(false));
	json_put(c->a, ret, "user", user(c));
	json_put(c->a, ret, "args", texts(c->a, c->spec->args, c->spec->n_args));
	json_put(c->a, ret, "env", texts(c->a, c->spec->env, c->spec->n_env));
	json_put(c->a, ret, "cwd", json_string(c->spec->cwd.n ? c->spec->cwd : BYTES("/")));
	json_put(c->a, ret, "capabilities", caps);
	json_put(c->a, ret, "noNewPrivileges", json_bool(c->spec->no_new_privileges));
	return OK;
}

static void
add_mount(const struct config *c, struct value *list, const struct container_mount *m)
{
	struct value v = json_object();

	json_put(c->a, &v, "destination", json_string(m->destination));
	json_put(c->a, &v, "type", json_cstr(m->type));
	json_put(c->a, &v, "source", json_string(m->source));
	json_put(c->a, &v, "options", split(c->a, m->options));
	json_add(c->a, list, v);
}

static struct value
mounts(const struct config *c)
{
	struct value list = json_array();
	struct container_mount sys = {BYTES("sysfs"), BYTES("/sys"), "sysfs", NULL};

	for (size_t i = 0; i < COUNT_OF(standard_mounts); i++)
		add_mount(c, &list, &standard_mounts[i]);
	sys.options = c->spec->privileged ? "nosuid,noexec,nodev" : "nosuid,noexec,nodev,ro";
	add_mount(c, &list, &sys);
	for (size_t i = 0; i < c->spec->n_mounts; i++)
		add_mount(c, &list, &c->spec->mounts[i]);
	return list;
}

static struct value
namespaces(const struct config *c)
{
	static const char *const kinds[] = {"pid", "mount", "cgroup"};
	struct value list = json_array();

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct value v = json_object();

		json_put(c->a, &v, "type", json_cstr(kinds[i]));
		json_add(c->a, &list, v);
	}
	return list;
}

static struct value
linux_part(const struct config *c)
{
	struct value v = json_object();

	json_put(c->a, &v, "namespaces", namespaces(c));
	if (!c->spec->privileged) {
		json_put(c->a, &v, "maskedPaths", strings(c->a, masked, COUNT_OF(masked)));
		json_put(c->a, &v, "readonlyPaths", strings(c->a, readonly, COUNT_OF(readonly)));
	}
	return v;
}

static bool
has_nul(const struct bytes *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes_find_byte(items[i], 0, 0) != SIZE_MAX)
			return true;
	}
	return false;
}

static bool
is_absolute(struct bytes path)
{
	return path.n > 0 && path.p[0] == '/' && bytes_find_byte(path, 0, 0) == SIZE_MAX;
}

static bool
id_is_good(struct bytes id)
{
	static const struct bytes allowed = {
	        (const uint8_t
	                 *)"abcdefghijklmnopqrstuvwxyz0123456789-_.ABCDEFGHIJKLMNOPQRSTUVWXYZ",
	        65};

	for (size_t i = 0; i < id.n; i++) {
		if (bytes_find_byte(allowed, id.p[i], 0) == SIZE_MAX)
			return false;
	}
	return id.n > 0 && id.n <= CONTAINER_ID_MAX && id.p[0] != '.';
}

static status
check(const struct container_spec *c, struct err *err)
{
	const char *fault = NULL;

	if (!id_is_good(bytes_str(c->id)))
		fault = "its id";
	else if (c->n_args == 0 || c->n_args > CONTAINER_MAX_ARGS || has_nul(c->args, c->n_args))
		fault = "the command";
	else if (c->n_env > CONTAINER_MAX_ARGS || has_nul(c->env, c->n_env))
		fault = "the environment";
	else if (!is_absolute(c->rootfs) || (c->cwd.n && !is_absolute(c->cwd)))
		fault = "the root or working directory";
	else if (c->n_mounts > CONTAINER_MAX_MOUNTS || c->n_groups > CONTAINER_MAX_GROUPS)
		fault = "the number of mounts or groups";
	for (size_t i = 0; !fault && i < c->n_mounts; i++) {
		if (!is_absolute(c->mounts[i].destination))
			fault = "the destination of a mount";
	}
	if (fault)
		return err_set(err, ERR_REJECTED, "E-AGENT-001",
		               "container \"%s\" cannot be started as asked: look at %s", c->id,
		               fault);
	return OK;
}

status
container_config(const struct container_spec *c, struct buf *out, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct config config = {&a, c};
	struct value v = json_object();
	struct value proc, root = json_object();

	arena_init(&a, CONFIG_ARENA);
	TRY(check(c, err));
	TRY(process(&config, &proc, err));
	json_put(&a, &root, "path", json_string(c->rootfs));
	json_put(&a, &root, "readonly", json_bool(c->readonly_root));
	json_put(&a, &v, "ociVersion", json_cstr("1.0.2"));
	json_put(&a, &v, "process", proc);
	json_put(&a, &v, "root", root);
	json_put(&a, &v, "mounts", mounts(&config));
	json_put(&a, &v, "linux", linux_part(&config));
	TRY(arena_check(&a, err));
	json_write(&v, JSON_INDENT, out);
	return buf_check(out, err);
}
