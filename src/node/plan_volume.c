/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes: memory, or files from ConfigMaps, Secrets and the pod itself. */
#include "node/plan_build.h"

#include "base/text.h"
#include "json/value.h"

enum { DEFAULT_MODE = 0644, MODE_MAX = 0777 };

/* Files of one volume as they are gathered. */
struct files {
	struct plan_maker *m;
	const struct plan_made *pod;
	const struct kube_file *f;
	struct value list;
	uint32_t mode;
};

static void
add_file(struct files *v, struct bytes path, uint32_t mode, struct bytes data)
{
	struct arena *a = &v->m->arena;
	struct value file = json_object();

	json_put(a, &file, "path", json_string(path));
	json_put(a, &file, "mode", json_int(mode));
	json_put(a, &file, "data", json_base64(a, data));
	json_add(a, &v->list, file);
}

/* YAML 1.1 octal ("0400") or decimal, as Kubernetes takes modes. */
static status
read_mode(struct files *v, const struct yaml_node *m, const char *key, uint32_t *ret)
{
	const struct yaml_node *n = yaml_get(m, key);
	uint64_t mode = 0;
	bool octal, good;

	if (yaml_is_null(n))
		return OK;
	octal = n->text.n > 1 && n->text.p[0] == '0';
	good = n->kind == YAML_SCALAR;
	for (size_t i = 0; good && octal && i < n->text.n; i++) {
		uint8_t c = n->text.p[i];

		good = (c >= '0' && c <= '7') || (i == 1 && c == 'o');
		mode = mode * 8 + (c == 'o' ? 0u : (uint64_t)(c - '0'));
		good = good && mode <= MODE_MAX;
	}
	if (!octal && good)
		good = text_u64(n->text, MODE_MAX, &mode);
	if (!good)
		return kube_at(v->m->err,
		               err_set(v->m->err, ERR_PARSE, "E-NODE-092", "is no file mode"), v->f,
		               n);
	*ret = (uint32_t)mode;
	return OK;
}

/* Bytes behind a key of a ConfigMap or Secret; false when it has none. */
static bool
data_of(struct files *v, const struct kube_data *d, struct bytes key, struct bytes *ret)
{
	static const struct {
		const char *member;
		bool secret, encoded;
	} places[] = {
	        {"stringData", true, false},
	        {"data", true, true},
	        {"data", false, false},
	        {"binaryData", false, true},
	};

	for (size_t i = 0; i < COUNT_OF(places); i++) {
		const struct yaml_node *n =
		        yaml_get_bytes(yaml_get(d->root, places[i].member), key);
		CLEANUP(buf_done) struct buf plain = {0};

		if (places[i].secret != d->secret || !n || n->kind != YAML_SCALAR)
			continue;
		*ret = n->text;
		if (places[i].encoded) {
			if (!base64_decode(BASE64_STD, bytes_trim(n->text), &plain))
				return false;
			*ret = arena_copy(&v->m->arena, buf_view(&plain));
		}
		return true;
	}
	return false;
}

static void
add_member(struct files *v, const struct kube_data *d, const char *member)
{
	const struct yaml_node *m = yaml_get(d->root, member);

	for (uint32_t i = 0; m && i < m->n; i++) {
		struct bytes data;

		if (data_of(v, d, m->kids[i].key->text, &data))
			add_file(v, m->kids[i].key->text, v->mode, data);
	}
}

static void
add_all(struct files *v, const struct kube_data *d)
{
	add_member(v, d, "data");
	add_member(v, d, d->secret ? "stringData" : "binaryData");
}

static status
add_items(struct files *v, const struct kube_data *d, const struct yaml_node *items)
{
	for (uint32_t i = 0; i < items->n; i++) {
		const struct yaml_node *item = yaml_item(items, i);
		struct bytes key = {NULL, 0}, path = {NULL, 0}, data;
		uint32_t mode = v->mode;

		TRY(kube_string(v->f, item, "key", &key, v->m->err));
		TRY(kube_string(v->f, item, "path", &path, v->m->err));
		TRY(read_mode(v, item, "mode", &mode));
		if (!data_of(v, d, key, &data))
			return kube_at(v->m->err,
			               err_set(v->m->err, ERR_NOT_FOUND, "E-NODE-093",
			                       "%.*s has no key \"%.*s\"", BYTES_ARG(d->name),
			                       BYTES_ARG(key)),
			               v->f, item);
		add_file(v, path, mode, data);
	}
	return OK;
}

/* configMap: {name} or secret: {secretName} of a volume, or a projected source of either. */
static status
add_object(struct files *v, const struct yaml_node *source, bool secret, const char *name_key)
{
	struct bytes name = {NULL, 0};
	const struct kube_data *d;
	struct yaml_node *items;
	bool optional = false;

	TRY(kube_string(v->f, source, name_key, &name, v->m->err));
	TRY(kube_bool(v->f, source, "optional", &optional, NULL, v->m->err));
	TRY(kube_child(v->f, source, "items", YAML_SEQ, &items, v->m->err));
	d = kube_find_data(v->m->set, v->pod->workload, secret, name);
	if (!d && optional)
		return OK;
	if (!d)
		return kube_at(v->m->err,
		               err_set(v->m->err, ERR_NOT_FOUND, "E-NODE-093",
		                       "there is no %s \"%.*s\" in the files",
		                       secret ? "Secret" : "ConfigMap", BYTES_ARG(name)),
		               v->f, source);
	if (items)
		return add_items(v, d, items);
	add_all(v, d);
	return OK;
}

/* metadata.labels and metadata.annotations: one NAME="value" a line. */
static struct bytes
pairs_text(struct files *v, const struct yaml_node *m)
{
	CLEANUP(buf_done) struct buf out = {0};

	for (uint32_t i = 0; m && i < m->n; i++) {
		buf_bytes(&out, m->kids[i].key->text);
		buf_u8(&out, '=');
		json_write_string(m->kids[i].val->text, &out);
		buf_u8(&out, '\n');
	}
	return arena_copy(&v->m->arena, buf_view(&out));
}

static status
downward_value(struct files *v, const struct yaml_node *item, struct bytes *ret)
{
	const struct yaml_node *meta = yaml_get(v->pod->workload->pod, "metadata");
	struct bytes field = {NULL, 0};
	struct yaml_node *ref;

	TRY(kube_child(v->f, item, "fieldRef", YAML_MAP, &ref, v->m->err));
	TRY(kube_string(v->f, ref, "fieldPath", &field, v->m->err));
	if (bytes_is(field, "metadata.name"))
		*ret = v->pod->name;
	else if (bytes_is(field, "metadata.namespace"))
		*ret = v->pod->ns;
	else if (bytes_is(field, "metadata.labels"))
		*ret = pairs_text(v, yaml_get(meta, "labels"));
	else if (bytes_is(field, "metadata.annotations"))
		*ret = pairs_text(v, yaml_get(meta, "annotations"));
	else
		return kube_at(v->m->err,
		               err_set(v->m->err, ERR_UNSUPPORTED, "E-NODE-090",
		                       "the local platform has no such field for files"),
		               v->f, item);
	return OK;
}

static status
add_downward(struct files *v, const struct yaml_node *source)
{
	struct yaml_node *items;

	TRY(kube_child(v->f, source, "items", YAML_SEQ, &items, v->m->err));
	for (uint32_t i = 0; items && i < items->n; i++) {
		const struct yaml_node *item = yaml_item(items, i);
		struct bytes path = {NULL, 0}, data;
		uint32_t mode = v->mode;

		TRY(kube_string(v->f, item, "path", &path, v->m->err));
		TRY(read_mode(v, item, "mode", &mode));
		TRY(downward_value(v, item, &data));
		add_file(v, path, mode, data);
	}
	return OK;
}

/* Service account tokens are left out: there is no API server to show them to. */
static status
add_projected(struct files *v, const struct yaml_node *source)
{
	struct yaml_node *sources;

	TRY(kube_child(v->f, source, "sources", YAML_SEQ, &sources, v->m->err));
	for (uint32_t i = 0; sources && i < sources->n; i++) {
		const struct yaml_node *s = yaml_item(sources, i);

		if (yaml_get(s, "configMap"))
			TRY(add_object(v, yaml_get(s, "configMap"), false, "name"));
		else if (yaml_get(s, "secret"))
			TRY(add_object(v, yaml_get(s, "secret"), true, "name"));
		else if (yaml_get(s, "downwardAPI"))
			TRY(add_downward(v, yaml_get(s, "downwardAPI")));
	}
	return OK;
}

static status
gather(struct files *v, const struct kube_volume *k)
{
	const struct yaml_node *source;

	switch (k->kind) {
	case KUBE_VOLUME_CONFIG_MAP:
		source = yaml_get(k->node, "configMap");
		TRY(read_mode(v, source, "defaultMode", &v->mode));
		return add_object(v, source, false, "name");
	case KUBE_VOLUME_SECRET:
		source = yaml_get(k->node, "secret");
		TRY(read_mode(v, source, "defaultMode", &v->mode));
		return add_object(v, source, true, "secretName");
	case KUBE_VOLUME_PROJECTED:
		source = yaml_get(k->node, "projected");
		TRY(read_mode(v, source, "defaultMode", &v->mode));
		return add_projected(v, source);
	case KUBE_VOLUME_DOWNWARD_API:
		source = yaml_get(k->node, "downwardAPI");
		TRY(read_mode(v, source, "defaultMode", &v->mode));
		return add_downward(v, source);
	case KUBE_VOLUME_EMPTY_DIR:
	case KUBE_VOLUME_MEMORY:
	case KUBE_VOLUME_BLOCK:
	case KUBE_VOLUME_CLAIM:
		break;
	}
	return OK;
}

static bool
has_files(enum kube_volume_kind kind)
{
	return kind == KUBE_VOLUME_CONFIG_MAP || kind == KUBE_VOLUME_SECRET ||
	       kind == KUBE_VOLUME_PROJECTED || kind == KUBE_VOLUME_DOWNWARD_API;
}

status
plan_volumes(struct plan_maker *m, const struct plan_made *pod, struct value *ret)
{
	*ret = json_array();
	for (size_t i = 0; i < pod->pod->n_volumes; i++) {
		const struct kube_volume *k = &pod->pod->volumes[i];
		struct files v = {m, pod, pod->workload->file, json_array(), DEFAULT_MODE};
		struct value volume = json_object();

		json_put(&m->arena, &volume, "name", json_string(k->name));
		if (has_files(k->kind)) {
			TRY(gather(&v, k));
			json_put(&m->arena, &volume, "files", v.list);
		}
		json_add(&m->arena, ret, volume);
	}
	return arena_check(&m->arena, m->err);
}
