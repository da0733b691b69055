/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/fields.h"
#include "kube/parts.h"

#include "base/text.h"

struct reader {
	const struct kube_set *set;
	const struct kube_workload *w;
	const struct kube_file *f;
	struct arena *a;
	struct kube_env *env;
	size_t n, cap;
	struct err *err;
};

static status
no_such(struct reader *r, const struct yaml_node *n, const char *what, struct bytes name)
{
	return kube_at(
	        r->err,
	        err_hint(
	                r->err,
	                err_set(r->err, ERR_NOT_FOUND, "E-KUBE-013",
	                        "there is no %s %.*s in the given files", what,
	                        (int)MIN(name.n, 100), (const char *)name.p),
	                "give generate the file that has it: its values become part of the policy"),
	        r->f, n);
}

/* Later definitions of a name win, at the place of the first (as kubelet does it). */
static status
add(struct reader *r, const struct kube_env *e)
{
	for (size_t i = 0; i < r->n; i++) {
		if (bytes_equal(r->env[i].name, e->name)) {
			r->env[i] = *e;
			return OK;
		}
	}
	if (r->n == KUBE_MAX_ITEMS)
		return kube_at(r->err,
		               err_set(r->err, ERR_LIMIT, "E-KUBE-002",
		                       "more than %d environment variables", KUBE_MAX_ITEMS),
		               r->f, e->node);
	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 16;
		struct kube_env *more = arena_array(r->a, cap, sizeof *more);

		if (!more)
			return arena_check(r->a, r->err);
		mem_copy(more, r->env, r->n * sizeof *more);
		r->env = more;
		r->cap = cap;
	}
	r->env[r->n++] = *e;
	return OK;
}

/* ---- values from ConfigMaps and Secrets ---- */

static status
decode(struct reader *r, const struct kube_data *d, const struct yaml_node *n, struct bytes *ret)
{
	if (n->kind != YAML_SCALAR || (yaml_type(n) != YAML_STR && n->text.n > 0))
		return kube_at(r->err,
		               err_hint(r->err,
		                        err_set(r->err, ERR_PARSE, "E-KUBE-003",
		                                "a value must be a string, not %s", yaml_what(n)),
		                        "put it in quotes"),
		               d->file, n);
	*ret = n->text;
	return OK;
}

/* A Secret's data is base64 of what must be text to be a variable. */
static status
decode_base64(struct reader *r, const struct kube_data *d, const struct yaml_node *n,
              struct bytes *ret)
{
	CLEANUP(buf_done) struct buf plain = {0};
	CLEANUP(buf_done) struct buf packed = {0};
	struct bytes text = {NULL, 0};

	TRY(decode(r, d, n, &text));
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '\n' && text.p[i] != '\r' && text.p[i] != ' ')
			buf_u8(&packed, text.p[i]);
	if (!base64_decode(BASE64_STD, buf_view(&packed), &plain))
		return kube_at(r->err,
		               err_hint(r->err,
		                        err_set(r->err, ERR_PARSE, "E-KUBE-014",
		                                "the Secret's value is not base64"),
		                        "encode it, or move it to stringData"),
		               d->file, n);
	if (!utf8_valid(buf_view(&plain)))
		return kube_at(r->err,
		               err_set(r->err, ERR_UNSUPPORTED, "E-KUBE-021",
		                       "the Secret's value is no text and cannot be a variable"),
		               d->file, n);
	*ret = arena_copy(r->a, buf_view(&plain));
	return arena_check(r->a, r->err);
}

/* *ret_node NULL: no such key. */
static status
data_value(struct reader *r, const struct kube_data *d, struct bytes key, struct bytes *ret,
           const struct yaml_node **ret_node)
{
	struct yaml_node *plain, *encoded = NULL;

	TRY(kube_child(d->file, d->root, d->secret ? "stringData" : "data", YAML_MAP, &plain,
	               r->err));
	if (d->secret)
		TRY(kube_child(d->file, d->root, "data", YAML_MAP, &encoded, r->err));
	*ret_node = yaml_get_bytes(plain, key);
	if (*ret_node)
		return decode(r, d, *ret_node, ret);
	*ret_node = yaml_get_bytes(encoded, key);
	return *ret_node ? decode_base64(r, d, *ret_node, ret) : OK;
}

static status
from_key(struct reader *r, const struct yaml_node *ref, bool secret, struct kube_env *e,
         bool *ret_given)
{
	struct bytes name = {NULL, 0}, key = {NULL, 0};
	const struct yaml_node *found = NULL;
	const struct kube_data *d;
	bool optional = false;

	TRY(kube_string(r->f, ref, "name", &name, r->err));
	TRY(kube_string(r->f, ref, "key", &key, r->err));
	TRY(kube_bool(r->f, ref, "optional", &optional, NULL, r->err));
	if (optional)
		return kube_at(r->err,
		               err_hint(r->err,
		                        err_set(r->err, ERR_UNSUPPORTED, "E-KUBE-022",
		                                "an optional reference lets the host decide"),
		                        "remove optional, and give generate the object"),
		               r->f, ref);
	d = kube_find_data(r->set, r->w, secret, name);
	if (!d)
		return no_such(r, ref, secret ? "Secret" : "ConfigMap", name);
	TRY(data_value(r, d, key, &e->value, &found));
	if (!found)
		return no_such(r, ref,
		               secret ? "key in the Secret:" : "key in the ConfigMap:", key);
	*ret_given = true;
	return OK;
}

/* ---- values from the pod itself ---- */

static const struct {
	const char *path;
	enum kube_dynamic from;
} field_paths[] = {
        {"metadata.name", KUBE_POD_NAME},  {"metadata.uid", KUBE_POD_UID},
        {"status.podIP", KUBE_POD_IP},     {"status.hostIP", KUBE_HOST_IP},
        {"spec.nodeName", KUBE_NODE_NAME},
};

/* metadata.labels['key'] -> key */
static bool
bracketed(struct bytes path, const char *prefix, struct bytes *ret)
{
	size_t n = bytes_str(prefix).n;

	if (!bytes_starts(path, bytes_str(prefix)) || !bytes_ends(path, BYTES("']")))
		return false;
	*ret = bytes_sub(path, n, path.n - 2);
	return path.n >= n + 2;
}

static status
pod_metadata(struct reader *r, const struct yaml_node *ref, const char *which, struct bytes key,
             struct kube_env *e)
{
	struct yaml_node *meta, *map;
	const struct yaml_node *n;

	TRY(kube_child(r->f, r->w->pod, "metadata", YAML_MAP, &meta, r->err));
	TRY(kube_child(r->f, meta, which, YAML_MAP, &map, r->err));
	n = yaml_get_bytes(map, key);
	if (!n)
		return kube_at(
		        r->err,
		        err_hint(r->err,
		                 err_set(r->err, ERR_UNSUPPORTED, "E-KUBE-023",
		                         "the pod has no %.*s in %s, so the host would choose it",
		                         (int)MIN(key.n, 100), (const char *)key.p, which),
		                 "add it to the pod's %s", which),
		        r->f, ref);
	if (n->kind != YAML_SCALAR || yaml_type(n) != YAML_STR)
		return kube_at(r->err,
		               err_set(r->err, ERR_PARSE, "E-KUBE-003",
		                       "%s must be strings, not %s", which, yaml_what(n)),
		               r->f, n);
	e->value = n->text;
	return OK;
}

static status
from_field(struct reader *r, const struct yaml_node *ref, struct kube_env *e)
{
	struct bytes path = {NULL, 0}, key;

	TRY(kube_string(r->f, ref, "fieldPath", &path, r->err));
	for (size_t i = 0; i < COUNT_OF(field_paths); i++) {
		if (bytes_is(path, field_paths[i].path)) {
			e->from = field_paths[i].from;
			return OK;
		}
	}
	if (bytes_is(path, "metadata.namespace")) {
		e->value = r->w->space;
		if (r->w->space.n == 0)
			e->from = KUBE_POD_NAMESPACE;
		return OK;
	}
	if (bytes_is(path, "spec.serviceAccountName")) {
		e->value = BYTES("default");
		return kube_string(r->f, r->w->spec, "serviceAccountName", &e->value, r->err);
	}
	if (bracketed(path, "metadata.labels['", &key))
		return pod_metadata(r, ref, "labels", key, e);
	if (bracketed(path, "metadata.annotations['", &key))
		return pod_metadata(r, ref, "annotations", key, e);
	return kube_at(r->err,
	               err_set(r->err, ERR_UNSUPPORTED, "E-KUBE-024",
	                       "the field path \"%.*s\" is not supported", (int)MIN(path.n, 100),
	                       (const char *)path.p),
	               r->f, ref);
}

static status
value_from(struct reader *r, const struct yaml_node *n, struct kube_env *e)
{
	struct yaml_node *cm, *secret, *field, *resource;
	bool given = false;

	TRY(kube_child(r->f, n, "configMapKeyRef", YAML_MAP, &cm, r->err));
	TRY(kube_child(r->f, n, "secretKeyRef", YAML_MAP, &secret, r->err));
	TRY(kube_child(r->f, n, "fieldRef", YAML_MAP, &field, r->err));
	TRY(kube_child(r->f, n, "resourceFieldRef", YAML_MAP, &resource, r->err));
	if (n->n != 1 || (!cm && !secret && !field && !resource))
		return kube_at(
		        r->err,
		        err_set(r->err, ERR_PARSE, "E-KUBE-015",
		                "valueFrom needs exactly one of configMapKeyRef, secretKeyRef, "
		                "fieldRef, resourceFieldRef"),
		        r->f, n);
	if (cm || secret)
		return from_key(r, cm ? cm : secret, secret != NULL, e, &given);
	if (field)
		return from_field(r, field, e);
	e->from = KUBE_RESOURCE;
	return OK;
}

static bool
is_env_name(struct bytes name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] == '=' || name.p[i] >= 0x7f)
			return false;
	return name.n > 0;
}

static status
read_entry(struct reader *r, struct yaml_node *n)
{
	struct kube_env e = {.node = n};
	struct yaml_node *from;

	if (n->kind != YAML_MAP)
		return kube_at(r->err,
		               err_set(r->err, ERR_PARSE, "E-KUBE-003",
		                       "an env entry is a mapping"),
		               r->f, n);
	TRY(kube_check_fields(r->f, n, KUBE_FIELDS_ENV, r->err));
	TRY(kube_string(r->f, n, "name", &e.name, r->err));
	if (!is_env_name(e.name))
		return kube_at(r->err,
		               err_set(r->err, ERR_PARSE, "E-KUBE-016",
		                       "an env entry needs a valid name"),
		               r->f, n);
	TRY(kube_string(r->f, n, "value", &e.value, r->err));
	TRY(kube_child(r->f, n, "valueFrom", YAML_MAP, &from, r->err));
	if (from && e.value.n > 0)
		return kube_at(r->err,
		               err_set(r->err, ERR_PARSE, "E-KUBE-015",
		                       "an env entry has both value and valueFrom"),
		               r->f, n);
	e.expands = !from;
	if (from)
		TRY(value_from(r, from, &e));
	return add(r, &e);
}

/* ---- envFrom ---- */

static status
add_all(struct reader *r, const struct kube_data *d, const struct yaml_node *map, bool encoded,
        struct bytes prefix, const struct yaml_node *at)
{
	for (uint32_t i = 0; map && i < map->n; i++) {
		struct kube_env e = {.node = at};

		e.name = arena_printf(r->a, "%.*s%.*s", BYTES_ARG(prefix),
		                      BYTES_ARG(map->kids[i].key->text));
		if (!is_env_name(e.name))
			continue; /* Kubernetes leaves those out, too */
		TRY(encoded ? decode_base64(r, d, map->kids[i].val, &e.value)
		            : decode(r, d, map->kids[i].val, &e.value));
		TRY(add(r, &e));
	}
	return arena_check(r->a, r->err);
}

static status
read_env_from(struct reader *r, const struct yaml_node *n)
{
	struct yaml_node *cm, *secret, *ref, *plain, *encoded = NULL;
	struct bytes prefix = {NULL, 0}, name = {NULL, 0};
	const struct kube_data *d;
	bool optional = false;

	TRY(kube_child(r->f, n, "configMapRef", YAML_MAP, &cm, r->err));
	TRY(kube_child(r->f, n, "secretRef", YAML_MAP, &secret, r->err));
	TRY(kube_string(r->f, n, "prefix", &prefix, r->err));
	ref = cm ? cm : secret;
	if (!ref || (cm && secret))
		return kube_at(r->err,
		               err_set(r->err, ERR_PARSE, "E-KUBE-015",
		                       "envFrom needs exactly one of configMapRef and secretRef"),
		               r->f, n);
	TRY(kube_string(r->f, ref, "name", &name, r->err));
	TRY(kube_bool(r->f, ref, "optional", &optional, NULL, r->err));
	if (optional)
		return kube_at(r->err,
		               err_hint(r->err,
		                        err_set(r->err, ERR_UNSUPPORTED, "E-KUBE-022",
		                                "an optional reference lets the host decide"),
		                        "remove optional, and give generate the object"),
		               r->f, ref);
	d = kube_find_data(r->set, r->w, secret != NULL, name);
	if (!d)
		return no_such(r, ref, secret ? "Secret" : "ConfigMap", name);
	TRY(kube_child(d->file, d->root, secret ? "stringData" : "data", YAML_MAP, &plain, r->err));
	if (secret)
		TRY(kube_child(d->file, d->root, "data", YAML_MAP, &encoded, r->err));
	TRY(add_all(r, d, encoded, true, prefix, n));
	return add_all(r, d, plain, false, prefix, n);
}

status
kube_env_read(const struct kube_set *s, const struct kube_workload *w,
              const struct yaml_node *container, struct arena *a, struct kube_env **ret,
              size_t *ret_n, struct err *err)
{
	struct reader r = {.set = s, .w = w, .f = w->file, .a = a, .err = err};
	struct yaml_node *list;

	TRY(kube_child(w->file, container, "envFrom", YAML_SEQ, &list, err));
	for (uint32_t i = 0; list && i < list->n; i++)
		TRY(read_env_from(&r, list->kids[i].val));
	TRY(kube_child(w->file, container, "env", YAML_SEQ, &list, err));
	for (uint32_t i = 0; list && i < list->n; i++)
		TRY(read_entry(&r, list->kids[i].val));
	*ret = r.env;
	*ret_n = r.n;
	return OK;
}
