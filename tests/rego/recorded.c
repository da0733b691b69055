/* SPDX-License-Identifier: Apache-2.0 */
#include "recorded.h"

#include <stdlib.h>

/*
 * The messages of the agent's interface that a policy sees. A field is
 * name:kind, kind being s(tring) n(umber) b(oolean) o(bject of strings)
 * l(ist) or a message: [M] a list of them, M one that is null when absent.
 */
static const struct {
	const char *name, *fields;
} messages[] = {
        {"CreateContainerRequest",
         "container_id:s exec_id:s string_user:StringUser devices:[Device] storages:[Storage] "
         "OCI:Spec sandbox_pidns:b shared_mounts:[SharedMount] stdin_port:v stdout_port:v "
         "stderr_port:v"},
        {"ExecProcessRequest",
         "container_id:s exec_id:s string_user:StringUser process:Process stdin_port:v "
         "stdout_port:v stderr_port:v"},
        {"RemoveContainerRequest", "container_id:s timeout:n"},
        {"CopyFileRequest",
         "path:s file_type:s symlink_target:v file_size:n file_mode:n dir_mode:n uid:n gid:n "
         "offset:n symlink_src:v"},
        {"CreateSandboxRequest",
         "hostname:s dns:l storages:[Storage] sandbox_pidns:b sandbox_id:s guest_hook_path:s "
         "kernel_modules:[KernelModule]"},
        {"UpdateInterfaceRequest", "interface:Interface"},
        {"UpdateRoutesRequest", "routes:Routes"},
        {"AddARPNeighborsRequest", "neighbors:ARPNeighbors"},
        {"UpdateEphemeralMountsRequest", "storages:[Storage]"},
        {"StringUser", "uid:s gid:s additionalGids:l"},
        {"Device",
         "id:s type_:s vm_path:s container_path:s options:l secure_volume:SecureVolume type:u"},
        {"SecureVolume", "annotation_key:s manifest_uri:s source_driver:s"},
        {"Storage",
         "driver:s driver_options:l source:s fstype:s options:l mount_point:s fs_group:FSGroup "
         "shared:b"},
        {"FSGroup", "group_id:n group_change_policy:n"},
        {"SharedMount", "name:s src_ctr:s src_path:s dst_ctr:s dst_path:s"},
        {"Spec",
         "Version:s Process:Process Root:Root Hostname:s Mounts:[Mount] Hooks:v Annotations:o "
         "Linux:Linux Solaris:v Windows:v"},
        {"Process",
         "Terminal:b ConsoleSize:v User:User Args:l Env:l Cwd:s Capabilities:Capabilities "
         "Rlimits:l NoNewPrivileges:b ApparmorProfile:s OOMScoreAdj:n SelinuxLabel:s"},
        {"User", "UID:n GID:n AdditionalGids:l Username:s"},
        {"Capabilities", "Bounding:l Effective:l Inheritable:l Permitted:l Ambient:l"},
        {"Root", "Path:s Readonly:b"},
        {"Mount", "destination:s source:s type_:s options:l"},
        {"Linux", "UIDMappings:l GIDMappings:l Sysctl:o Resources:Resources CgroupsPath:s "
                  "Namespaces:[Namespace] Devices:[LinuxDevice] Seccomp:v RootfsPropagation:s "
                  "MaskedPaths:l ReadonlyPaths:l MountLabel:s IntelRdt:v"},
        {"Resources", "Devices:l Memory:v CPU:v Pids:v BlockIO:v HugepageLimits:l Network:v"},
        {"Namespace", "Type:s Path:s"},
        {"LinuxDevice", "Path:s Type:s Major:n Minor:n FileMode:n UID:n GID:n"},
        {"KernelModule", "name:s parameters:l"},
        {"Interface", "device:s name:s IPAddresses:[IPAddress] mtu:n hwAddr:s devicePath:s type_:s "
                      "raw_flags:n"},
        {"IPAddress", "family:n address:s mask:s"},
        {"Routes", "Routes:[Route]"},
        {"Route", "dest:s gateway:s device:s source:s scope:n family:n flags:n mtu:n"},
        {"ARPNeighbors", "ARPNeighbors:[ARPNeighbor]"},
        {"ARPNeighbor", "toIPAddress:IPAddress device:s lladdr:s state:n flags:n"},
};

enum { MAX_DEPTH = 16, MAX_RECORDED = 1 << 20 };

static struct value complete(struct arena *a, struct bytes message, const struct value *v,
                             int depth);

static struct value
complete_list(struct arena *a, struct bytes message, const struct value *v, int depth)
{
	struct value list = json_array();

	for (size_t i = 0; json_item(v, i); i++)
		json_add(a, &list, complete(a, message, json_item(v, i), depth));
	return list;
}

static struct value
default_of(uint8_t kind)
{
	switch (kind) {
	case 's':
		return json_cstr("");
	case 'n':
		return json_int(0);
	case 'b':
		return json_bool(false);
	case 'o':
		return json_object();
	case 'l':
		return json_array();
	default:
		return json_null();
	}
}

/* One field of a message; a member of another type than the field's is left as it is. */
static struct value
field(struct arena *a, struct bytes kind, const struct value *v, int depth)
{
	if (kind.p[0] == '[')
		return v && v->type != VALUE_ARRAY
		               ? *v
		               : complete_list(a, bytes_sub(kind, 1, kind.n - 1), v, depth);
	if (kind.n == 1)
		return v ? *v : default_of(kind.p[0]);
	return v ? complete(a, kind, v, depth) : json_null();
}

static struct value
complete(struct arena *a, struct bytes message, const struct value *v, int depth)
{
	struct value ret = json_object();
	struct bytes fields;
	size_t m = 0, at = 0;

	while (m < COUNT_OF(messages) && !bytes_is(message, messages[m].name))
		m++;
	if (m == COUNT_OF(messages) || v->type != VALUE_OBJECT || depth > MAX_DEPTH)
		return *v;
	fields = bytes_str(messages[m].fields);
	while (at < fields.n) {
		size_t end = MIN(bytes_find_byte(fields, ' ', at), fields.n);
		size_t colon = bytes_find_byte(fields, ':', at);
		struct bytes name = bytes_sub(fields, at, colon);
		struct bytes kind = bytes_sub(fields, colon + 1, end);
		const struct value *member = json_get_bytes(v, name);

		at = end + 1;
		if (member || !bytes_is(kind, "u"))
			json_put_bytes(a, &ret, name, field(a, kind, member, depth + 1));
	}
	return ret;
}

struct value
recorded_complete(struct arena *a, struct bytes message, const struct value *v)
{
	return complete(a, message, v, 0);
}

void
recording_done(struct recording *r)
{
	free(r->list);
	*r = (struct recording){0};
}

static status
add(struct recording *r, struct recorded one, struct err *err)
{
	if (r->n == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 64;
		void *list = cap <= MAX_RECORDED ? realloc(r->list, cap * sizeof *r->list) : NULL;

		if (!list)
			return err_set(err, ERR_LIMIT, "E-TEST-001", "more than %d requests",
			               MAX_RECORDED);
		r->list = list;
		r->cap = cap;
	}
	r->list[r->n++] = one;
	return OK;
}

bool
recorded_line(struct bytes line, struct bytes *name, struct bytes *json)
{
	size_t brace = bytes_find_byte(line, '{', 0);

	if (!bytes_starts(line, BYTES("[\"ep\":\"")) || brace == SIZE_MAX)
		return false;
	while (line.n > 0 && line.p[line.n - 1] != '}')
		line.n--;
	*name = bytes_sub(line, 7, bytes_find_byte(line, '"', 7));
	*json = bytes_sub(line, brace, line.n);
	return true;
}

static const struct value *
either(const struct value *v, const char *one, const char *other)
{
	const struct value *m = json_get(v, one);

	return m ? m : json_get(v, other);
}

static struct bytes
text_of(struct arena *a, const struct value *v)
{
	CLEANUP(buf_done) struct buf text = {0};

	json_write(v, JSON_COMPACT, &text);
	return arena_copy(a, buf_view(&text));
}

static status
add_object(struct arena *a, const struct value *v, bool lean, struct recording *r, struct err *err)
{
	const struct value *name = either(v, "kind", lean ? "type" : "ep");
	const struct value *request = either(v, "request", "input"), *data = json_get(v, "data");
	struct recorded one = {.name = json_text(name), .allowed = json_get(v, "allowed")};
	struct value full;

	if (!request || one.name.n == 0)
		return err_set(err, ERR_PARSE, "E-TEST-002",
		               "a request needs a \"kind\" and a \"request\"");
	full = lean ? recorded_complete(a, one.name, request) : *request;
	one.json = text_of(a, &full);
	if (data)
		one.data = text_of(a, data);
	return add(r, one, err);
}

static status
read_line(struct arena *a, struct bytes line, struct recording *r, struct err *err)
{
	struct recorded one = {0};
	struct value v;

	if (recorded_line(line, &one.name, &one.json))
		return add(r, one, err);
	TRY(json_parse(a, line, NULL, &v, err));
	return add_object(a, &v, false, r, err);
}

status
recording_read(struct arena *a, struct bytes text, struct recording *ret, struct err *err)
{
	struct bytes trimmed = bytes_trim(text);
	struct value list;
	size_t at = 0;

	if (bytes_starts(trimmed, BYTES("[")) && !bytes_starts(trimmed, BYTES("[\"ep\""))) {
		TRY(json_parse(a, trimmed, NULL, &list, err));
		for (size_t i = 0; json_item(&list, i); i++)
			TRY(err_at(err, add_object(a, json_item(&list, i), true, ret, err), "[%zu]",
			           i));
		return OK;
	}
	for (size_t n = 1; at < text.n; n++) {
		size_t end = MIN(bytes_find_byte(text, '\n', at), text.n);
		struct bytes line = bytes_trim(bytes_sub(text, at, end));

		at = end + 1;
		if (line.n > 0)
			TRY(err_at(err, read_line(a, line, ret, err), "line %zu", n));
	}
	return OK;
}
