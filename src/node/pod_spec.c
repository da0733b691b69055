/* SPDX-License-Identifier: Apache-2.0 */
#include "node/pod_spec.h"

#include "base/text.h"

#include <stdio.h>

bool
pod_name_valid(struct bytes name, size_t max)
{
	if (name.n == 0 || name.n > max || name.p[0] == '.' || name.p[0] == '-')
		return false;
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '.')
			return false;
	}
	return true;
}

bool
pod_path_valid(struct bytes path)
{
	if (path.n == 0 || bytes_find_byte(path, 0, 0) != SIZE_MAX)
		return false;
	for (;;) {
		size_t slash = bytes_find_byte(path, '/', 0);
		struct bytes part = bytes_sub(path, 0, slash);

		if (part.n == 0 || part.n > 255 || bytes_is(part, ".") || bytes_is(part, ".."))
			return false;
		if (slash == SIZE_MAX)
			return true;
		path = bytes_sub(path, slash + 1, path.n);
	}
}

bool
ipv4_parse(struct bytes text, uint32_t *ret)
{
	uint32_t address = 0;

	for (int i = 0; i < 4; i++) {
		size_t dot = bytes_find_byte(text, '.', 0);
		uint64_t part;

		if ((dot == SIZE_MAX) != (i == 3) || !text_u64(bytes_sub(text, 0, dot), 255, &part))
			return false;
		address = address << 8 | (uint32_t)part;
		text = dot == SIZE_MAX ? text : bytes_sub(text, dot + 1, text.n);
	}
	*ret = address;
	return true;
}

char *
ipv4_cstr(uint32_t address, char to[16])
{
	snprintf(to, 16, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
	         address & 255);
	return to;
}

static status
bad(struct err *err, const char *what)
{
	return err_set(err, ERR_PARSE, "E-NODE-032", "%s", what);
}

static status
read_texts(struct arena *a, const struct value *v, struct pod_texts *ret, struct err *err)
{
	if (!v)
		return OK;
	if (v->n > POD_MAX_LIST)
		return bad(err, "the list is too long");
	ret->present = true;
	ret->items = arena_array(a, v->n, sizeof *ret->items);
	TRY(arena_check(a, err));
	for (size_t i = 0; i < v->n; i++) {
		const struct value *item = json_item(v, i);

		if (!json_is(item, VALUE_STRING))
			return err_at(err, bad(err, "is no text"), "[%zu]", i);
		ret->items[ret->n++] = json_text(item);
	}
	return OK;
}

static status
read_u32(const struct value *v, uint32_t max, uint32_t *ret, struct err *err)
{
	uint64_t n;

	if (!v)
		return OK;
	if (!json_u64(v, max, &n))
		return bad(err, "is no number in range");
	*ret = (uint32_t)n;
	return OK;
}

static bool
is_true(const struct value *v)
{
	return json_is(v, VALUE_BOOL) && v->u.b;
}

static status
read_probe(struct arena *a, const struct value *v, struct pod_probe *p, struct err *err)
{
	const struct value *exec, *tcp, *http, *path, *delay, *period, *timeout, *failures, *good;
	const struct json_field fields[] = {
	        {"exec", VALUE_ARRAY, false, &exec},
	        {"tcp", VALUE_NUMBER, false, &tcp},
	        {"http", VALUE_NUMBER, false, &http},
	        {"path", VALUE_STRING, false, &path},
	        {"delay", VALUE_NUMBER, true, &delay},
	        {"period", VALUE_NUMBER, true, &period},
	        {"timeout", VALUE_NUMBER, true, &timeout},
	        {"failures", VALUE_NUMBER, true, &failures},
	        {"successes", VALUE_NUMBER, true, &good},
	};
	uint32_t port = 0;

	if (!v)
		return OK;
	TRY(json_fields(v, fields, COUNT_OF(fields), err));
	TRY(read_u32(delay, 86400, &p->delay, err));
	TRY(read_u32(period, 86400, &p->period, err));
	TRY(read_u32(timeout, 86400, &p->timeout, err));
	TRY(read_u32(failures, 86400, &p->failures, err));
	TRY(read_u32(good, 86400, &p->successes, err));
	TRY(read_u32(tcp ? tcp : http, 65535, &port, err));
	TRY(read_texts(a, exec, &p->command, err));
	p->port = (uint16_t)port;
	p->path = json_text(path);
	p->kind = exec ? PROBE_EXEC : tcp ? PROBE_TCP : http ? PROBE_HTTP : PROBE_NONE;
	p->period = MAX(p->period, 1u);
	p->timeout = MAX(p->timeout, 1u);
	p->failures = MAX(p->failures, 1u);
	p->successes = MAX(p->successes, 1u);
	if (p->kind == PROBE_NONE || (p->kind != PROBE_EXEC && p->port == 0) ||
	    (p->kind == PROBE_EXEC && p->command.n == 0))
		return bad(err, "is no probe");
	for (size_t i = 0; i < p->path.n; i++) {
		if (p->path.p[i] <= ' ' || p->path.p[i] == 0x7f)
			return bad(err, "the probe's path has control characters or blanks");
	}
	return OK;
}

static status
read_mount(const struct value *v, struct pod_mount *m, struct err *err)
{
	const struct value *volume, *path, *sub, *ro;
	const struct json_field fields[] = {
	        {"volume", VALUE_STRING, true, &volume},
	        {"path", VALUE_STRING, true, &path},
	        {"subPath", VALUE_STRING, false, &sub},
	        {"readOnly", VALUE_BOOL, false, &ro},
	};

	TRY(json_fields(v, fields, COUNT_OF(fields), err));
	m->volume = json_text(volume);
	m->path = json_text(path);
	m->sub_path = json_text(sub);
	m->read_only = is_true(ro);
	if (m->path.n < 2 || m->path.p[0] != '/' ||
	    !pod_path_valid(bytes_sub(m->path, 1, m->path.n)))
		return bad(err, "the mount's path is not absolute and plain");
	if (m->sub_path.n > 0 && !pod_path_valid(m->sub_path))
		return bad(err, "the mount's subPath leaves its volume");
	return OK;
}

static status
read_mounts(struct arena *a, const struct value *v, struct pod_container *c, struct err *err)
{
	if (!v)
		return OK;
	if (v->n > POD_MAX_LIST / 8)
		return bad(err, "too many mounts");
	c->mounts = arena_array(a, v->n, sizeof *c->mounts);
	TRY(arena_check(a, err));
	for (size_t i = 0; i < v->n; i++)
		TRY(err_at(err, read_mount(json_item(v, i), &c->mounts[c->n_mounts++], err),
		           ".mounts[%zu]", i));
	return OK;
}

static status
read_groups(struct arena *a, const struct value *v, struct pod_container *c, struct err *err)
{
	if (!v)
		return OK;
	if (v->n > 64)
		return bad(err, "too many groups");
	c->groups = arena_array(a, v->n, sizeof *c->groups);
	TRY(arena_check(a, err));
	for (size_t i = 0; i < v->n; i++)
		TRY(read_u32(json_item(v, i), 65535, &c->groups[c->n_groups++], err));
	return OK;
}

static status
read_kind(struct bytes text, enum pod_container_kind *ret, struct err *err)
{
	static const char *const names[] = {"init", "sidecar", "main"};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (bytes_is(text, names[i])) {
			*ret = (enum pod_container_kind)i;
			return OK;
		}
	}
	return bad(err, "is no kind of container");
}

static status
read_container(struct arena *a, const struct value *v, struct pod_container *c, struct err *err)
{
	const struct value *name, *kind, *image, *command, *args, *env, *workdir, *user, *groups,
	        *priv, *ro, *nnp, *add, *drop, *mounts, *startup, *readiness, *liveness;
	const struct json_field fields[] = {
	        {"name", VALUE_STRING, true, &name},
	        {"kind", VALUE_STRING, true, &kind},
	        {"image", VALUE_STRING, true, &image},
	        {"command", VALUE_ARRAY, false, &command},
	        {"args", VALUE_ARRAY, false, &args},
	        {"env", VALUE_ARRAY, false, &env},
	        {"workdir", VALUE_STRING, false, &workdir},
	        {"user", VALUE_STRING, false, &user},
	        {"groups", VALUE_ARRAY, false, &groups},
	        {"privileged", VALUE_BOOL, false, &priv},
	        {"readOnlyRoot", VALUE_BOOL, false, &ro},
	        {"noNewPrivileges", VALUE_BOOL, false, &nnp},
	        {"addCaps", VALUE_ARRAY, false, &add},
	        {"dropCaps", VALUE_ARRAY, false, &drop},
	        {"mounts", VALUE_ARRAY, false, &mounts},
	        {"startup", VALUE_OBJECT, false, &startup},
	        {"readiness", VALUE_OBJECT, false, &readiness},
	        {"liveness", VALUE_OBJECT, false, &liveness},
	};

	TRY(json_fields(v, fields, COUNT_OF(fields), err));
	c->name = json_text(name);
	c->image = json_text(image);
	c->workdir = json_text(workdir);
	c->user = json_text(user);
	c->privileged = is_true(priv);
	c->readonly_root = is_true(ro);
	c->no_new_privileges = is_true(nnp);
	if (!pod_name_valid(c->name, POD_CONTAINER_NAME_MAX))
		return bad(err, "the container's name is malformed");
	TRY(read_kind(json_text(kind), &c->kind, err));
	TRY(err_at(err, read_texts(a, command, &c->command, err), ".command"));
	TRY(err_at(err, read_texts(a, args, &c->args, err), ".args"));
	TRY(err_at(err, read_texts(a, env, &c->env, err), ".env"));
	TRY(err_at(err, read_texts(a, add, &c->add_caps, err), ".addCaps"));
	TRY(err_at(err, read_texts(a, drop, &c->drop_caps, err), ".dropCaps"));
	TRY(err_at(err, read_groups(a, groups, c, err), ".groups"));
	TRY(read_mounts(a, mounts, c, err));
	TRY(err_at(err, read_probe(a, startup, &c->startup, err), ".startup"));
	TRY(err_at(err, read_probe(a, readiness, &c->readiness, err), ".readiness"));
	return err_at(err, read_probe(a, liveness, &c->liveness, err), ".liveness");
}

static status
read_data(struct arena *a, struct bytes text, struct bytes *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf data = {0};

	if (!base64_decode(BASE64_STD, text, &data))
		return bad(err, "the data is no base64");
	*ret = arena_copy(a, buf_view(&data));
	return arena_check(a, err);
}

static status
read_file(struct arena *a, const struct value *v, struct pod_file *f, struct err *err)
{
	const struct value *path, *mode, *data;
	const struct json_field fields[] = {
	        {"path", VALUE_STRING, true, &path},
	        {"mode", VALUE_NUMBER, true, &mode},
	        {"data", VALUE_STRING, true, &data},
	};

	TRY(json_fields(v, fields, COUNT_OF(fields), err));
	f->path = json_text(path);
	if (!pod_path_valid(f->path))
		return bad(err, "the file's path leaves its volume");
	TRY(read_u32(mode, 0777, &f->mode, err));
	return read_data(a, json_text(data), &f->data, err);
}

static status
read_volume(struct arena *a, const struct value *v, struct pod_volume *volume, struct err *err)
{
	const struct value *name, *files;
	const struct json_field fields[] = {
	        {"name", VALUE_STRING, true, &name},
	        {"files", VALUE_ARRAY, false, &files},
	};

	TRY(json_fields(v, fields, COUNT_OF(fields), err));
	volume->name = json_text(name);
	volume->has_files = files != NULL;
	if (!pod_name_valid(volume->name, POD_CONTAINER_NAME_MAX))
		return bad(err, "the volume's name is malformed");
	if (!files)
		return OK;
	if (files->n > POD_MAX_FILES)
		return bad(err, "too many files");
	volume->files = arena_array(a, files->n, sizeof *volume->files);
	TRY(arena_check(a, err));
	for (size_t i = 0; i < files->n; i++)
		TRY(err_at(err,
		           read_file(a, json_item(files, i), &volume->files[volume->n_files++],
		                     err),
		           ".files[%zu]", i));
	return OK;
}

static status
read_lists(struct arena *a, const struct value *volumes, const struct value *containers,
           struct pod_spec *s, struct err *err)
{
	if (volumes->n > POD_MAX_VOLUMES || containers->n > POD_MAX_CONTAINERS ||
	    containers->n == 0)
		return bad(err, "the number of containers or volumes is out of range");
	s->volumes = arena_array(a, volumes->n, sizeof *s->volumes);
	s->containers = arena_array(a, containers->n, sizeof *s->containers);
	TRY(arena_check(a, err));
	for (size_t i = 0; i < volumes->n; i++)
		TRY(err_at(err,
		           read_volume(a, json_item(volumes, i), &s->volumes[s->n_volumes++], err),
		           ".volumes[%zu]", i));
	for (size_t i = 0; i < containers->n; i++)
		TRY(err_at(err,
		           read_container(a, json_item(containers, i),
		                          &s->containers[s->n_containers++], err),
		           ".containers[%zu]", i));
	return OK;
}

/* Names are unique, mounts name volumes, and main containers come last. */
static status
check_whole(const struct pod_spec *s, struct err *err)
{
	bool main_seen = false;

	for (size_t i = 0; i < s->n_containers; i++) {
		const struct pod_container *c = &s->containers[i];

		if (main_seen && c->kind != POD_MAIN)
			return bad(err, "init containers come before the others");
		main_seen = c->kind == POD_MAIN;
		for (size_t j = 0; j < i; j++) {
			if (bytes_equal(s->containers[j].name, c->name))
				return bad(err, "two containers have one name");
		}
		for (size_t m = 0; m < c->n_mounts; m++) {
			size_t v = 0;

			while (v < s->n_volumes &&
			       !bytes_equal(s->volumes[v].name, c->mounts[m].volume))
				v++;
			if (v == s->n_volumes)
				return bad(err, "a mount names a volume that the pod lacks");
		}
	}
	return main_seen ? OK : bad(err, "the pod has no container of its own");
}

static status
read_network(const struct value *address, const struct value *gateway, const struct value *prefix,
             struct pod_spec *s, struct err *err)
{
	uint32_t bits = 0;

	if (!ipv4_parse(json_text(address), &s->address) ||
	    !ipv4_parse(json_text(gateway), &s->gateway))
		return bad(err, "the address is malformed");
	TRY(read_u32(prefix, 32, &bits, err));
	s->prefix = bits;
	return OK;
}

static status
read_restart(struct bytes text, enum pod_restart *ret, struct err *err)
{
	static const char *const names[] = {"Always", "OnFailure", "Never"};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (bytes_is(text, names[i])) {
			*ret = (enum pod_restart)i;
			return OK;
		}
	}
	return bad(err, "is no restart policy");
}

status
pod_spec_parse(struct arena *a, struct bytes json, struct pod_spec *ret, struct err *err)
{
	const struct value *name, *ns, *hostname, *confidential, *restart, *grace, *address,
	        *prefix, *gateway, *hosts, *resolv, *volumes, *containers;
	const struct json_field fields[] = {
	        {"name", VALUE_STRING, true, &name},
	        {"namespace", VALUE_STRING, true, &ns},
	        {"hostname", VALUE_STRING, true, &hostname},
	        {"confidential", VALUE_BOOL, true, &confidential},
	        {"restart", VALUE_STRING, true, &restart},
	        {"grace", VALUE_NUMBER, true, &grace},
	        {"address", VALUE_STRING, true, &address},
	        {"prefix", VALUE_NUMBER, true, &prefix},
	        {"gateway", VALUE_STRING, true, &gateway},
	        {"hosts", VALUE_STRING, true, &hosts},
	        {"resolv", VALUE_STRING, true, &resolv},
	        {"volumes", VALUE_ARRAY, true, &volumes},
	        {"containers", VALUE_ARRAY, true, &containers},
	};
	struct value v;

	*ret = (struct pod_spec){0};
	TRY(json_parse(a, json, NULL, &v, err));
	TRY(json_fields(&v, fields, COUNT_OF(fields), err));
	ret->name = json_text(name);
	ret->ns = json_text(ns);
	ret->hostname = json_text(hostname);
	ret->hosts = json_text(hosts);
	ret->resolv = json_text(resolv);
	ret->confidential = is_true(confidential);
	if (!pod_name_valid(ret->name, POD_NAME_MAX) || !pod_name_valid(ret->hostname, 64) ||
	    !pod_name_valid(ret->ns, POD_CONTAINER_NAME_MAX))
		return bad(err, "the pod's name is malformed");
	TRY(err_at(err, read_restart(json_text(restart), &ret->restart, err), ".restart"));
	TRY(err_at(err, read_u32(grace, 86400, &ret->grace, err), ".grace"));
	TRY(read_network(address, gateway, prefix, ret, err));
	TRY(read_lists(a, volumes, containers, ret, err));
	return check_whole(ret, err);
}
