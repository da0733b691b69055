/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/fields.h"
#include "kube/parts.h"

bool
kube_is_label(struct bytes name)
{
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];
		bool inner = i > 0 && i + 1 < name.n;

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c == '-' && inner)))
			return false;
	}
	return name.n > 0 && name.n <= 63;
}

static const struct {
	const char *field;
	enum kube_volume_kind kind;
	const char *object; /* member that names the object */
} sources[] = {
        {"configMap", KUBE_VOLUME_CONFIG_MAP, "name"},
        {"secret", KUBE_VOLUME_SECRET, "secretName"},
        {"emptyDir", KUBE_VOLUME_EMPTY_DIR, NULL},
        {"projected", KUBE_VOLUME_PROJECTED, NULL},
        {"downwardAPI", KUBE_VOLUME_DOWNWARD_API, NULL},
        {"ephemeral", KUBE_VOLUME_CLAIM, NULL},
        {"persistentVolumeClaim", KUBE_VOLUME_CLAIM, "claimName"},
};

static status
is_block(const struct kube_file *f, const struct yaml_node *claim_spec, bool *ret, struct err *err)
{
	struct bytes mode = {NULL, 0};

	TRY(kube_string(f, claim_spec, "volumeMode", &mode, err));
	*ret = bytes_is(mode, "Block");
	return OK;
}

static status
read_source(const struct kube_file *f, const struct yaml_node *n, size_t which,
            struct kube_volume *v, struct err *err)
{
	struct yaml_node *src, *template, *spec;
	struct bytes medium = {NULL, 0};
	bool block = false;

	/* "emptyDir:" with nothing behind it counts: the key is there. */
	TRY(kube_child(f, n, sources[which].field, YAML_MAP, &src, err));
	v->kind = sources[which].kind;
	if (sources[which].object)
		TRY(kube_string(f, src, sources[which].object, &v->object, err));
	if (v->kind == KUBE_VOLUME_EMPTY_DIR) {
		TRY(kube_string(f, src, "medium", &medium, err));
		if (bytes_is(medium, "Memory"))
			v->kind = KUBE_VOLUME_MEMORY;
	}
	if (bytes_is(bytes_str(sources[which].field), "ephemeral")) {
		TRY(kube_child(f, src, "volumeClaimTemplate", YAML_MAP, &template, err));
		TRY(kube_child(f, template, "spec", YAML_MAP, &spec, err));
		TRY(is_block(f, spec, &block, err));
		v->kind = block ? KUBE_VOLUME_BLOCK : KUBE_VOLUME_CLAIM;
	}
	return OK;
}

static status
read_volume(const struct kube_file *f, struct yaml_node *n, struct kube_volume *v, struct err *err)
{
	size_t found = COUNT_OF(sources);

	v->node = n;
	if (n->kind != YAML_MAP)
		return kube_at(err, err_set(err, ERR_PARSE, "E-KUBE-003", "a volume is a mapping"),
		               f, n);
	TRY(kube_check_fields(f, n, KUBE_FIELDS_VOLUME, err));
	TRY(kube_string(f, n, "name", &v->name, err));
	if (!kube_is_label(v->name))
		return kube_at(err,
		               err_set(err, ERR_PARSE, "E-KUBE-011", "a volume needs a valid name"),
		               f, n);
	for (size_t i = 0; i < COUNT_OF(sources); i++) {
		if (!yaml_get(n, sources[i].field))
			continue;
		if (found != COUNT_OF(sources))
			return kube_at(err,
			               err_set(err, ERR_PARSE, "E-KUBE-012",
			                       "the volume has two sources, %s and %s",
			                       sources[found].field, sources[i].field),
			               f, n);
		found = i;
		TRY(read_source(f, n, i, v, err));
	}
	if (found == COUNT_OF(sources))
		v->kind = KUBE_VOLUME_EMPTY_DIR; /* what Kubernetes makes of a volume without source
		                                  */
	return OK;
}

static status
push(const struct kube_file *f, struct kube_pod *p, const struct kube_volume *v, struct err *err)
{
	for (size_t i = 0; i < p->n_volumes; i++)
		if (bytes_equal(p->volumes[i].name, v->name))
			return kube_at(err,
			               err_set(err, ERR_PARSE, "E-KUBE-009",
			                       "two volumes are named %.*s", (int)v->name.n,
			                       (const char *)v->name.p),
			               f, v->node);
	p->volumes[p->n_volumes++] = *v;
	return OK;
}

/* A StatefulSet's claims are volumes of its pods. */
static status
read_templates(const struct kube_file *f, const struct yaml_node *list, struct kube_pod *p,
               struct err *err)
{
	for (uint32_t i = 0; list && i < list->n; i++) {
		const struct yaml_node *n = list->kids[i].val;
		struct kube_volume v = {.node = n};
		struct yaml_node *meta, *spec;
		bool block;

		TRY(kube_child(f, n, "metadata", YAML_MAP, &meta, err));
		TRY(kube_child(f, n, "spec", YAML_MAP, &spec, err));
		TRY(kube_string(f, meta, "name", &v.name, err));
		TRY(is_block(f, spec, &block, err));
		v.kind = block ? KUBE_VOLUME_BLOCK : KUBE_VOLUME_CLAIM;
		v.object = v.name;
		if (!kube_is_label(v.name))
			return kube_at(err,
			               err_set(err, ERR_PARSE, "E-KUBE-011",
			                       "a volumeClaimTemplate needs a valid name"),
			               f, n);
		TRY(push(f, p, &v, err));
	}
	return OK;
}

status
kube_volumes_read(const struct kube_set *s, const struct kube_workload *w, struct arena *a,
                  struct kube_pod *p, struct err *err)
{
	struct yaml_node *list, *templates = NULL, *top = NULL;
	size_t n = 0;

	(void)s;
	TRY(kube_child(w->file, w->spec, "volumes", YAML_SEQ, &list, err));
	if (w->kind == KUBE_STATEFUL_SET) {
		TRY(kube_child(w->file, w->root, "spec", YAML_MAP, &top, err));
		TRY(kube_child(w->file, top, "volumeClaimTemplates", YAML_SEQ, &templates, err));
	}
	n = (list ? list->n : 0) + (templates ? templates->n : 0);
	p->volumes = arena_array(a, n, sizeof *p->volumes);
	if (!p->volumes && n > 0)
		return arena_check(a, err);
	for (uint32_t i = 0; list && i < list->n; i++) {
		struct kube_volume v = {.name = {NULL, 0}};

		TRY(read_volume(w->file, list->kids[i].val, &v, err));
		TRY(push(w->file, p, &v, err));
	}
	return read_templates(w->file, templates, p, err);
}
