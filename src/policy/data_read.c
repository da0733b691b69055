/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/data.h"

#include "policy/names.h"

static status
bad(struct err *err, const char *what)
{
	return err_set(err, ERR_PARSE, "E-POLICY-001", "policy_data: %s", what);
}

static status
word(const struct value *v, const char *const *names, unsigned int *ret, struct err *err)
{
	for (unsigned int i = 0; names[i]; i++) {
		if (bytes_is(json_text(v), names[i])) {
			*ret = i;
			return OK;
		}
	}
	return bad(err, "an unknown word");
}

static status
number(const struct value *v, uint32_t *ret, struct err *err)
{
	uint64_t u;

	if (!json_u64(v, UINT32_MAX, &u))
		return bad(err, "a number out of range");
	*ret = (uint32_t)u;
	return OK;
}

static bool
is_true(const struct value *v)
{
	return json_is(v, VALUE_BOOL) && v->u.b;
}

static status
texts(struct arena *a, const struct value *v, struct policy_texts *ret, struct err *err)
{
	ret->items = arena_array(a, v->n, sizeof *ret->items);
	TRY(arena_check(a, err));
	for (size_t i = 0; i < v->n; i++) {
		if (!json_is(json_item(v, i), VALUE_STRING))
			return bad(err, "a list of texts has something else in it");
		ret->items[i] = json_text(json_item(v, i));
	}
	ret->n = v->n;
	return OK;
}

static status
read_args(struct arena *a, const struct value *v, struct policy_container *c, struct err *err)
{
	c->args = arena_array(a, v->n, sizeof *c->args);
	TRY(arena_check(a, err));
	for (size_t i = 0; i < v->n; i++) {
		const struct value *item = json_item(v, i), *ref, *text;
		const struct json_field fields[] = {
		        {"ref", VALUE_STRING, true, &ref},
		        {"text", VALUE_STRING, true, &text},
		};

		if (json_is(item, VALUE_STRING)) {
			c->args[i].text = json_text(item);
			continue;
		}
		TRY(err_at(err, json_fields(item, fields, COUNT_OF(fields), err), "[%zu]", i));
		c->args[i] = (struct policy_arg){json_text(text), json_text(ref)};
	}
	c->n_args = v->n;
	return OK;
}

static status
read_env(struct arena *a, const struct value *v, struct policy_container *c, struct err *err)
{
	c->env = arena_array(a, v->n, sizeof *c->env);
	TRY(arena_check(a, err));
	for (size_t i = 0; i < v->n; i++) {
		const struct value *name, *value, *from, *ref;
		const struct json_field fields[] = {
		        {"name", VALUE_STRING, true, &name},
		        {"value", VALUE_STRING, false, &value},
		        {"from", VALUE_STRING, false, &from},
		        {"ref", VALUE_STRING, false, &ref},
		};
		unsigned int dynamic = POLICY_LITERAL;

		TRY(err_at(err, json_fields(json_item(v, i), fields, COUNT_OF(fields), err),
		           "[%zu]", i));
		if (!value == !from || (from && ref))
			return bad(err, "a variable needs a value or a source");
		if (from)
			TRY(word(from, policy_dynamic_names, &dynamic, err));
		c->env[i] = (struct policy_env){json_text(name), json_text(value),
		                                (enum policy_dynamic)dynamic, json_text(ref)};
	}
	c->n_env = v->n;
	return OK;
}

static status
read_mounts(struct arena *a, const struct value *v, struct policy_container *c, struct err *err)
{
	c->mounts = arena_array(a, v->n, sizeof *c->mounts);
	TRY(arena_check(a, err));
	for (size_t i = 0; i < v->n; i++) {
		const struct value *path, *source, *volume, *ro, *host;
		const struct json_field fields[] = {
		        {"path", VALUE_STRING, true, &path},
		        {"source", VALUE_STRING, true, &source},
		        {"volume", VALUE_STRING, true, &volume},
		        {"read_only", VALUE_BOOL, true, &ro},
		        {"from_host", VALUE_BOOL, true, &host},
		};
		unsigned int kind;

		TRY(err_at(err, json_fields(json_item(v, i), fields, COUNT_OF(fields), err),
		           "[%zu]", i));
		TRY(word(source, policy_source_names, &kind, err));
		c->mounts[i] = (struct policy_mount){json_text(path), (enum policy_source)kind,
		                                     json_text(volume), is_true(ro), is_true(host)};
	}
	c->n_mounts = v->n;
	return OK;
}

static status
read_lists(struct arena *a, const struct value *groups, const struct value *execs,
           struct policy_container *c, struct err *err)
{
	c->groups = arena_array(a, groups->n, sizeof *c->groups);
	c->execs = arena_array(a, execs->n, sizeof *c->execs);
	TRY(arena_check(a, err));
	for (size_t i = 0; i < groups->n; i++)
		TRY(number(json_item(groups, i), &c->groups[i], err));
	c->n_groups = groups->n;
	for (size_t i = 0; i < execs->n; i++) {
		if (!json_is(json_item(execs, i), VALUE_ARRAY))
			return bad(err, "a command is a list");
		TRY(texts(a, json_item(execs, i), &c->execs[i], err));
	}
	c->n_execs = execs->n;
	return OK;
}

static status
read_container(struct arena *a, const struct value *v, struct policy_container *c, struct err *err)
{
	const struct value *name, *role, *image, *args, *env, *cwd, *uid, *gid, *groups, *priv, *ro,
	        *nnp, *tty, *add, *drop, *mounts, *devices, *execs, *sock;
	const struct json_field fields[] = {
	        {"name", VALUE_STRING, true, &name},
	        {"role", VALUE_STRING, true, &role},
	        {"image", VALUE_STRING, true, &image},
	        {"args", VALUE_ARRAY, true, &args},
	        {"env", VALUE_ARRAY, true, &env},
	        {"cwd", VALUE_STRING, true, &cwd},
	        {"uid", VALUE_NUMBER, true, &uid},
	        {"gid", VALUE_NUMBER, true, &gid},
	        {"groups", VALUE_ARRAY, true, &groups},
	        {"privileged", VALUE_BOOL, true, &priv},
	        {"read_only_root", VALUE_BOOL, true, &ro},
	        {"no_new_privileges", VALUE_BOOL, true, &nnp},
	        {"terminal", VALUE_BOOL, true, &tty},
	        {"caps_add", VALUE_ARRAY, true, &add},
	        {"caps_drop", VALUE_ARRAY, true, &drop},
	        {"mounts", VALUE_ARRAY, true, &mounts},
	        {"devices", VALUE_ARRAY, true, &devices},
	        {"execs", VALUE_ARRAY, true, &execs},
	        {"socket", VALUE_STRING, true, &sock},
	};
	unsigned int w;

	TRY(json_fields(v, fields, COUNT_OF(fields), err));
	c->name = json_text(name);
	c->image = json_text(image);
	c->cwd = json_text(cwd);
	c->privileged = is_true(priv);
	c->read_only_root = is_true(ro);
	c->no_new_privileges = is_true(nnp);
	c->terminal = is_true(tty);
	TRY(err_at(err, word(role, policy_role_names, &w, err), ".role"));
	c->role = (enum policy_role)w;
	TRY(err_at(err, word(sock, policy_socket_names, &w, err), ".socket"));
	c->socket = (enum policy_socket)w;
	TRY(err_at(err, number(uid, &c->uid, err), ".uid"));
	TRY(err_at(err, number(gid, &c->gid, err), ".gid"));
	TRY(err_at(err, read_args(a, args, c, err), ".args"));
	TRY(err_at(err, read_env(a, env, c, err), ".env"));
	TRY(err_at(err, read_mounts(a, mounts, c, err), ".mounts"));
	TRY(err_at(err, texts(a, add, &c->caps_add, err), ".caps_add"));
	TRY(err_at(err, texts(a, drop, &c->caps_drop, err), ".caps_drop"));
	TRY(err_at(err, texts(a, devices, &c->devices, err), ".devices"));
	return read_lists(a, groups, execs, c, err);
}

static status
read_pod(const struct value *v, struct policy_pod *p, struct err *err)
{
	const struct value *kind, *name, *pattern, *space, *host, *pids, *links, *token, *logs;
	const struct json_field fields[] = {
	        {"kind", VALUE_STRING, true, &kind},
	        {"name", VALUE_STRING, true, &name},
	        {"name_pattern", VALUE_STRING, true, &pattern},
	        {"namespace", VALUE_STRING, true, &space},
	        {"hostname", VALUE_STRING, true, &host},
	        {"share_pids", VALUE_BOOL, true, &pids},
	        {"service_links", VALUE_BOOL, true, &links},
	        {"token", VALUE_BOOL, true, &token},
	        {"logs", VALUE_BOOL, true, &logs},
	};

	TRY(json_fields(v, fields, COUNT_OF(fields), err));
	p->kind = json_text(kind);
	p->name = json_text(name);
	p->name_pattern = json_text(pattern);
	p->space = json_text(space);
	p->hostname = json_text(host);
	p->share_pids = is_true(pids);
	p->service_links = is_true(links);
	p->token = is_true(token);
	p->logs = is_true(logs);
	return OK;
}

status
policy_data_read(struct arena *a, struct bytes json, struct policy_pod *ret, struct err *err)
{
	const struct value *version, *pod, *containers;
	const struct json_field fields[] = {
	        {"version", VALUE_NUMBER, true, &version},
	        {"pod", VALUE_OBJECT, true, &pod},
	        {"containers", VALUE_ARRAY, true, &containers},
	};
	struct policy_pod p = {.n_containers = 0};
	struct value root;
	uint64_t u;

	if (json.n > POLICY_MAX_BYTES)
		return bad(err, "too large");
	TRY(json_parse(a, json, NULL, &root, err));
	TRY(json_fields(&root, fields, COUNT_OF(fields), err));
	if (!json_u64(version, POLICY_DATA_VERSION, &u) || u != POLICY_DATA_VERSION)
		return bad(err, "another version");
	TRY(err_at(err, read_pod(pod, &p, err), ".pod"));
	p.containers = arena_array(a, containers->n, sizeof *p.containers);
	TRY(arena_check(a, err));
	for (size_t i = 0; i < containers->n; i++)
		TRY(err_at(err, read_container(a, json_item(containers, i), &p.containers[i], err),
		           ".containers[%zu]", i));
	p.n_containers = containers->n;
	*ret = p;
	return OK;
}
