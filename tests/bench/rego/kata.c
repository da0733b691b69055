/* SPDX-License-Identifier: Apache-2.0 */
#include "kata.h"

#include "base/file.h"
#include "rego/recorded.h"

enum { MAX_FILE = 1024 * 1024 };

static const char cpath[] = "/run/kata-containers/shared/containers";

status
kata_read(struct arena *a, const char *path, struct kata_file *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {.max = MAX_FILE};
	struct bytes all;
	size_t at = 0;

	TRY(file_read(path, MAX_FILE, &text, err));
	all = arena_copy(a, buf_view(&text));
	while (at < all.n && ret->n < COUNT_OF(ret->list)) {
		size_t end = MIN(bytes_find_byte(all, '\n', at), all.n);
		struct kata_request *q = &ret->list[ret->n];

		if (recorded_line(bytes_trim(bytes_sub(all, at, end)), &q->name, &q->json))
			ret->n++;
		at = end + 1;
	}
	return OK;
}

static struct value
member(const struct value *v, const char *name)
{
	const struct value *m = json_get(v, name);

	return m ? *m : json_null();
}

/* Every `what` of the text becomes `with`. */
static struct bytes
substitute(struct arena *a, struct bytes text, struct bytes what, const char *with)
{
	CLEANUP(buf_done) struct buf out = {0};
	size_t at = 0, hit;

	while (what.n > 0 && (hit = bytes_find(text, what, at)) != SIZE_MAX) {
		buf_bytes(&out, bytes_sub(text, at, hit));
		buf_str(&out, with);
		at = hit + what.n;
	}
	buf_bytes(&out, bytes_sub(text, at, text.n));
	return arena_copy(a, buf_view(&out));
}

/* A shared file: its name has 16 random digits behind the bundle's id. */
static struct value
mount_source(struct arena *a, struct bytes source, struct bytes bundle)
{
	struct bytes tail;

	if (!bytes_starts(source, bytes_str(cpath)))
		return json_string(source);
	tail = bytes_sub(source, sizeof cpath + bundle.n + 17, source.n);
	return json_string(
	        arena_printf(a, "^$(cpath)/$(bundle-id)-[0-9a-z]{16}%.*s$", BYTES_ARG(tail)));
}

static struct value
mounts(struct arena *a, const struct value *from, struct bytes bundle)
{
	struct value list = json_array();

	for (size_t i = 0; json_item(from, i); i++) {
		const struct value *m = json_item(from, i);
		struct value to = json_object();

		json_put(a, &to, "destination", member(m, "destination"));
		json_put(a, &to, "source",
		         mount_source(a, json_text(json_get(m, "source")), bundle));
		json_put(a, &to, "type_", member(m, "type_"));
		json_put(a, &to, "options", member(m, "options"));
		json_add(a, &list, to);
	}
	return list;
}

static struct value
storages(struct arena *a, const struct value *from, struct bytes bundle)
{
	struct value list = json_array();

	for (size_t i = 0; json_item(from, i); i++) {
		const struct value *s = json_item(from, i);
		struct value to = json_object();
		struct bytes point = json_text(json_get(s, "mount_point"));

		point = substitute(a, point, bytes_str(cpath), "$(cpath)");
		json_put(a, &to, "driver", member(s, "driver"));
		json_put(a, &to, "driver_options", member(s, "driver_options"));
		json_put(a, &to, "source", member(s, "source"));
		json_put(a, &to, "fstype", member(s, "fstype"));
		json_put(a, &to, "options", member(s, "options"));
		json_put(a, &to, "fs_group", member(s, "fs_group"));
		json_put(a, &to, "mount_point",
		         json_string(substitute(a, point, bundle, "$(bundle-id)")));
		json_add(a, &list, to);
	}
	return list;
}

static struct value
namespaces(struct arena *a, const struct value *from)
{
	struct value list = json_array();

	for (size_t i = 0; json_item(from, i); i++) {
		const struct value *n = json_item(from, i);
		struct bytes type = json_text(json_get(n, "Type"));
		struct value to = json_object();

		if (bytes_is(type, "network") || bytes_is(type, "cgroup"))
			continue;
		json_put(a, &to, "Type",
		         bytes_is(type, "mount") ? json_cstr("mnt") : json_string(type));
		json_put(a, &to, "Path", member(n, "Path"));
		json_add(a, &list, to);
	}
	return list;
}

static struct value
linux_part(struct arena *a, const struct value *from)
{
	struct value to = json_object();

	json_put(a, &to, "Namespaces", namespaces(a, json_get(from, "Namespaces")));
	json_put(a, &to, "MaskedPaths", member(from, "MaskedPaths"));
	json_put(a, &to, "ReadonlyPaths", member(from, "ReadonlyPaths"));
	json_put(a, &to, "Sysctl", member(from, "Sysctl"));
	return to;
}

static struct bytes
bundle_of(const struct value *oci)
{
	struct bytes path = json_text(json_get(json_get(oci, "Root"), "Path"));

	return bytes_sub(path, sizeof cpath, sizeof cpath + 64);
}

struct value
kata_container(struct arena *a, struct bytes request)
{
	struct value v = json_null(), to = json_object(), oci = json_object();
	const struct value *from;
	struct bytes bundle;
	struct err err;

	if (!is_ok(json_parse(a, request, NULL, &v, &err)))
		return v;
	from = json_get(&v, "OCI");
	bundle = bundle_of(from);
	json_put(a, &oci, "Version", member(from, "Version"));
	json_put(a, &oci, "Root", member(from, "Root"));
	json_put(a, &oci, "Process", member(from, "Process"));
	json_put(a, &oci, "Annotations", member(from, "Annotations"));
	json_put(a, &oci, "Mounts", mounts(a, json_get(from, "Mounts"), bundle));
	json_put(a, &oci, "Linux", linux_part(a, json_get(from, "Linux")));
	json_put(a, &to, "OCI", oci);
	json_put(a, &to, "storages", storages(a, json_get(&v, "storages"), bundle));
	json_put(a, &to, "devices", json_array());
	json_put(a, &to, "sandbox_pidns", member(&v, "sandbox_pidns"));
	json_put(a, &to, "exec_commands", json_array());
	return to;
}

static const char common[] =
        "{\"common\":{\"cpath\":\"/run/kata-containers/shared/containers\","
        "\"sfprefix\":\"^$(cpath)/$(bundle-id)-[a-z0-9]{16}-\","
        "\"root_path\":\"/run/kata-containers/shared/containers/([0-9a-f]{64})\","
        "\"ipv4_a\":\"(25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})([.](25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})){3}"
        "\","
        "\"ip_p\":\"[0-9]{1,5}\",\"svc_name\":\"[A-Z](?:[A-Z0-9_]{0,61}[A-Z0-9])?\","
        "\"dns_label\":\"[a-zA-Z0-9_\\\\.\\\\-]+\",\"free_annotations\":[],"
        "\"default_caps\":[],\"privileged_caps\":[]},"
        "\"request_defaults\":{\"CreateContainerRequest\":{\"allow_env_regex\":["
        "\"^HOSTNAME=$(dns_label)$\",\"^META_NAME=.*$\",\"^$(svc_name)_PORT_$(ip_p)_TCP=tcp://"
        "$(ipv4_a):$(ip_p)$\","
        "\"^$(svc_name)_PORT_$(ip_p)_TCP_PROTO=tcp$\",\"^$(svc_name)_PORT_$(ip_p)_TCP_PORT=$(ip_p)$"
        "\","
        "\"^$(svc_name)_PORT_$(ip_p)_TCP_ADDR=$(ipv4_a)$\",\"^$(svc_name)_SERVICE_HOST=$(ipv4_a)$"
        "\","
        "\"^$(svc_name)_SERVICE_PORT=$(ip_p)$\",\"^$(svc_name)_PORT=tcp://$(ipv4_a):$(ip_p)$\"]},"
        "\"CopyFileRequest\":[\"^$(cpath)/[a-z0-9]{64}-[a-z0-9]{16}-\"],"
        "\"ExecProcessRequest\":{\"allowed_commands\":[]},\"ReadStreamRequest\":true,"
        "\"WriteStreamRequest\":false,"
        "\"allow_raw_flags\":128,\"forbidden_names\":[\"lo\"],"
        "\"forbidden_source_regex\":[\"^127[.].*$\",\"^::1$\"]},\"sandbox\":{\"storages\":[]},"
        "\"containers\":";

status
kata_policy(struct arena *a, struct bytes rules, const struct value *containers, size_t n,
            struct bytes *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf out = {0};
	struct value list = json_array();

	for (size_t i = 0; i < n; i++)
		json_add(a, &list, containers[i]);
	buf_bytes(&out, rules);
	buf_str(&out, "\npolicy_data := ");
	buf_str(&out, common);
	json_write(&list, JSON_INDENT, &out);
	buf_str(&out, "}\n");
	TRY(buf_check(&out, err));
	*ret = arena_copy(a, buf_view(&out));
	return arena_check(a, err);
}

struct bytes
kata_padded(struct arena *a, struct bytes request, size_t size)
{
	CLEANUP(buf_done) struct buf out = {0};
	struct bytes mark = BYTES("\"Annotations\":{");
	size_t at = bytes_find(request, mark, 0);

	buf_bytes(&out, bytes_sub(request, 0, at + mark.n));
	for (int i = 0; out.n + request.n - at - mark.n < size; i++)
		buf_printf(&out, "\"io.kubernetes.cri.pad-%04d\":\"%0*d\",", i, 60 + i % 200, i);
	buf_bytes(&out, bytes_sub(request, at + mark.n, request.n));
	return arena_copy(a, buf_view(&out));
}

/* One more argument, found out in the last container that fits otherwise. */
struct bytes
kata_denied(struct arena *a, struct bytes request)
{
	return substitute(a, request, BYTES("\"Args\":["), "\"Args\":[\"/evil\",");
}
