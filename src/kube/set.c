/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/kube.h"

#include <string.h>

/* The path from the object to the mapping that holds the pod's metadata and spec. */
static const struct {
	const char *name;
	const char *group; /* of apiVersion, without the version */
	const char *path[4];
} kinds[KUBE_KINDS] = {
        [KUBE_POD] = {"Pod", "", {NULL}},
        [KUBE_DEPLOYMENT] = {"Deployment", "apps", {"spec", "template", NULL}},
        [KUBE_REPLICA_SET] = {"ReplicaSet", "apps", {"spec", "template", NULL}},
        [KUBE_REPLICATION_CONTROLLER] = {"ReplicationController", "", {"spec", "template", NULL}},
        [KUBE_STATEFUL_SET] = {"StatefulSet", "apps", {"spec", "template", NULL}},
        [KUBE_DAEMON_SET] = {"DaemonSet", "apps", {"spec", "template", NULL}},
        [KUBE_JOB] = {"Job", "batch", {"spec", "template", NULL}},
        [KUBE_CRON_JOB] = {"CronJob", "batch", {"spec", "jobTemplate", "spec", "template"}},
};

const char *
kube_kind_name(enum kube_kind k)
{
	return k < KUBE_KINDS ? kinds[k].name : "object";
}

void
kube_init(struct kube_set *s)
{
	*s = (struct kube_set){0};
	arena_init(&s->arena, (size_t)2048 * 1024 * 1024);
}

void
kube_done(struct kube_set *s)
{
	arena_done(&s->arena);
	*s = (struct kube_set){0};
}

status
kube_at(struct err *err, status st, const struct kube_file *f, const struct yaml_node *n)
{
	st = yaml_at(err, st, n);
	return err_at(err, st, "%s", f->path);
}

/* ---- strict reading ---- */

static status
wrong_type(const struct kube_file *f, const struct yaml_node *n, const char *key, const char *want,
           struct err *err)
{
	status s = err_set(err, ERR_PARSE, "E-KUBE-003", "%s must be %s, not %s", key, want,
	                   yaml_what(n));

	if (n->kind == YAML_SCALAR && strcmp(want, "a string") == 0)
		s = err_hint(err, s, "put it in quotes: \"%.*s\"", (int)MIN(n->text.n, 60),
		             (const char *)n->text.p);
	return kube_at(err, s, f, n);
}

status
kube_string(const struct kube_file *f, const struct yaml_node *m, const char *key,
            struct bytes *ret, struct err *err)
{
	const struct yaml_node *n = yaml_get(m, key);

	if (yaml_is_null(n))
		return OK;
	if (n->kind != YAML_SCALAR || yaml_type(n) != YAML_STR)
		return wrong_type(f, n, key, "a string", err);
	*ret = n->text;
	return OK;
}

status
kube_bool(const struct kube_file *f, const struct yaml_node *m, const char *key, bool *ret,
          bool *ret_given, struct err *err)
{
	const struct yaml_node *n = yaml_get(m, key);
	uint8_t c;

	if (ret_given)
		*ret_given = !yaml_is_null(n);
	if (yaml_is_null(n))
		return OK;
	if (n->kind != YAML_SCALAR || yaml_type(n) != YAML_BOOL)
		return wrong_type(f, n, key, "true or false", err);
	c = n->text.p[0] | 0x20;
	/* true, yes, y, on; "on" and "off" share their first letter. */
	*ret = c == 't' || c == 'y' || (c == 'o' && n->text.n == 2);
	return OK;
}

status
kube_number(const struct kube_file *f, const struct yaml_node *m, const char *key, uint64_t max,
            uint64_t *ret, bool *ret_given, struct err *err)
{
	const struct yaml_node *n = yaml_get(m, key);
	uint64_t v = 0;

	if (ret_given)
		*ret_given = !yaml_is_null(n);
	if (yaml_is_null(n))
		return OK;
	if (n->kind != YAML_SCALAR || yaml_type(n) != YAML_INT)
		return wrong_type(f, n, key, "a number", err);
	for (size_t i = 0; i < n->text.n; i++) {
		uint8_t c = n->text.p[i];

		if (c < '0' || c > '9' || !mul_ok(v, (uint64_t)10, &v) ||
		    !add_ok(v, (uint64_t)(c - '0'), &v) || v > max)
			return kube_at(err,
			               err_set(err, ERR_PARSE, "E-KUBE-004",
			                       "%s must be a number from 0 to %llu", key,
			                       (unsigned long long)max),
			               f, n);
	}
	*ret = v;
	return OK;
}

status
kube_child(const struct kube_file *f, const struct yaml_node *m, const char *key,
           enum yaml_kind kind, struct yaml_node **ret, struct err *err)
{
	struct yaml_node *n = yaml_get(m, key);

	*ret = NULL;
	if (yaml_is_null(n))
		return OK;
	if (n->kind != kind)
		return wrong_type(f, n, key, kind == YAML_MAP ? "a mapping" : "a list", err);
	if (n->n > KUBE_MAX_ITEMS)
		return kube_at(err,
		               err_set(err, ERR_LIMIT, "E-KUBE-002", "%s has more than %d items",
		                       key, KUBE_MAX_ITEMS),
		               f, n);
	*ret = n;
	return OK;
}

status
kube_strings(const struct kube_file *f, const struct yaml_node *m, const char *key, struct arena *a,
             struct bytes **ret, size_t *ret_n, bool *ret_given, struct err *err)
{
	struct yaml_node *n;

	TRY(kube_child(f, m, key, YAML_SEQ, &n, err));
	if (ret_given)
		*ret_given = n != NULL;
	if (!n)
		return OK;
	*ret = arena_array(a, n->n, sizeof **ret);
	if (!*ret && n->n > 0)
		return arena_check(a, err);
	for (uint32_t i = 0; i < n->n; i++) {
		const struct yaml_node *item = n->kids[i].val;

		if (item->kind != YAML_SCALAR || yaml_type(item) != YAML_STR)
			return wrong_type(f, item, key, "a string", err);
		(*ret)[i] = item->text;
	}
	*ret_n = n->n;
	return OK;
}

/* ---- objects ---- */

/* Room for one more in an arena array that doubles. */
static void *
grow(struct arena *a, void *items, size_t n, size_t size)
{
	void *more;

	if (n > 0 && (n & (n - 1)) != 0)
		return items;
	more = arena_array(a, n ? n * 2 : 1, size);
	if (more)
		mem_copy(more, items, n * size);
	return more;
}

static status
read_names(const struct kube_file *f, const struct yaml_node *root, struct bytes *name,
           struct bytes *space, struct err *err)
{
	struct yaml_node *meta;

	TRY(kube_child(f, root, "metadata", YAML_MAP, &meta, err));
	TRY(kube_string(f, meta, "name", name, err));
	return kube_string(f, meta, "namespace", space, err);
}

static bool
is_confidential(struct bytes runtime_class)
{
	return bytes_starts(runtime_class, BYTES(KUBE_RUNTIME_CLASS)) ||
	       bytes_is(runtime_class, KUBE_RUNTIME_CLASS_OLD);
}

static status
find_pod(const struct kube_file *f, struct yaml_node *root, enum kube_kind kind,
         struct yaml_node **ret, struct err *err)
{
	struct yaml_node *n = root;

	for (size_t i = 0; i < COUNT_OF(kinds[kind].path) && kinds[kind].path[i]; i++) {
		const struct yaml_node *up = n;

		TRY(kube_child(f, up, kinds[kind].path[i], YAML_MAP, &n, err));
		if (!n)
			return kube_at(err,
			               err_set(err, ERR_PARSE, "E-KUBE-005", "the %s has no %s",
			                       kinds[kind].name, kinds[kind].path[i]),
			               f, up);
	}
	*ret = n;
	return OK;
}

static status
add_workload(struct kube_set *s, const struct kube_file *f, struct yaml_node *root,
             enum kube_kind kind, struct err *err)
{
	struct kube_workload w = {.file = f, .kind = kind, .root = root};

	TRY(find_pod(f, root, kind, &w.pod, err));
	TRY(kube_child(f, w.pod, "spec", YAML_MAP, &w.spec, err));
	if (!w.spec)
		return kube_at(err,
		               err_set(err, ERR_PARSE, "E-KUBE-005", "the %s has no pod spec",
		                       kinds[kind].name),
		               f, w.pod);
	TRY(kube_string(f, root, "apiVersion", &w.api_version, err));
	TRY(read_names(f, root, &w.name, &w.space, err));
	TRY(kube_string(f, w.spec, "runtimeClassName", &w.runtime_class, err));
	w.confidential = is_confidential(w.runtime_class);
	if (w.confidential && w.name.n == 0)
		return kube_at(err,
		               err_hint(err,
		                        err_set(err, ERR_PARSE, "E-KUBE-006",
		                                "the %s has no metadata.name", kinds[kind].name),
		                        "a confidential workload is named in the manifest"),
		               f, root);
	if (s->n_workloads == KUBE_MAX_WORKLOADS)
		return err_set(err, ERR_LIMIT, "E-KUBE-002", "more than %d workloads",
		               KUBE_MAX_WORKLOADS);
	s->workloads = grow(&s->arena, s->workloads, s->n_workloads, sizeof w);
	if (!s->workloads)
		return arena_check(&s->arena, err);
	s->workloads[s->n_workloads++] = w;
	return OK;
}

static status
add_data(struct kube_set *s, const struct kube_file *f, struct yaml_node *root, bool secret,
         struct err *err)
{
	struct kube_data d = {.file = f, .secret = secret, .root = root};

	TRY(read_names(f, root, &d.name, &d.space, err));
	for (size_t i = 0; i < s->n_data; i++) {
		const struct kube_data *o = &s->data[i];

		if (o->secret == secret && bytes_equal(o->name, d.name) &&
		    bytes_equal(o->space, d.space) && d.name.n > 0)
			return kube_at(err,
			               err_set(err, ERR_CONFLICT, "E-KUBE-007",
			                       "the %s %.*s is also in %s:%u",
			                       secret ? "Secret" : "ConfigMap",
			                       (int)MIN(d.name.n, 100), (const char *)d.name.p,
			                       o->file->path, o->root->line),
			               f, root);
	}
	s->data = grow(&s->arena, s->data, s->n_data, sizeof d);
	if (!s->data)
		return arena_check(&s->arena, err);
	s->data[s->n_data++] = d;
	return OK;
}

static status
add_service(struct kube_set *s, const struct kube_file *f, struct yaml_node *root, struct err *err)
{
	struct kube_service v = {.file = f, .root = root};

	TRY(read_names(f, root, &v.name, &v.space, err));
	s->services = grow(&s->arena, s->services, s->n_services, sizeof v);
	if (!s->services)
		return arena_check(&s->arena, err);
	s->services[s->n_services++] = v;
	return OK;
}

/* "apps/v1" -> "apps", "v1" -> "". */
static struct bytes
api_group(struct bytes version)
{
	size_t slash = bytes_find_byte(version, '/', 0);

	return slash == SIZE_MAX ? (struct bytes){NULL, 0} : bytes_sub(version, 0, slash);
}

static status
add_object(struct kube_set *s, const struct kube_file *f, struct yaml_node *root, struct err *err)
{
	struct bytes kind = {NULL, 0}, version = {NULL, 0};
	struct yaml_node *items;

	if (root->kind != YAML_MAP || !yaml_get(root, "kind") || !yaml_get(root, "apiVersion"))
		return OK;
	TRY(kube_string(f, root, "kind", &kind, err));
	TRY(kube_string(f, root, "apiVersion", &version, err));
	if (api_group(version).n == 0 && bytes_ends(kind, BYTES("List"))) {
		TRY(kube_child(f, root, "items", YAML_SEQ, &items, err));
		for (uint32_t i = 0; items && i < items->n; i++)
			TRY(add_object(s, f, items->kids[i].val, err));
		return OK;
	}
	for (enum kube_kind k = 0; k < KUBE_KINDS; k++)
		if (bytes_is(kind, kinds[k].name) && bytes_is(api_group(version), kinds[k].group))
			return add_workload(s, f, root, k, err);
	if (api_group(version).n > 0)
		return OK;
	if (bytes_is(kind, "ConfigMap") || bytes_is(kind, "Secret"))
		return add_data(s, f, root, bytes_is(kind, "Secret"), err);
	return bytes_is(kind, "Service") ? add_service(s, f, root, err) : OK;
}

status
kube_add(struct kube_set *s, const char *path, struct bytes text, struct err *err)
{
	struct kube_file *f = arena_new(&s->arena, struct kube_file);

	if (s->n_files == KUBE_MAX_FILES)
		return err_set(err, ERR_LIMIT, "E-KUBE-002", "more than %d files", KUBE_MAX_FILES);
	s->files = grow(&s->arena, s->files, s->n_files, sizeof(struct kube_file *));
	if (!f || !s->files)
		return arena_check(&s->arena, err);
	f->path = path;
	f->text = text;
	TRY(err_at(err, yaml_parse(&s->arena, text, &f->yaml, err), "%s", path));
	s->files[s->n_files++] = f;
	for (size_t i = 0; i < f->yaml.n; i++)
		TRY(add_object(s, f, f->yaml.docs[i], err));
	return OK;
}

/* ---- questions ---- */

const struct yaml_node *
kube_annotation(const struct kube_workload *w, const char *name)
{
	return yaml_get(yaml_get(yaml_get(w->pod, "metadata"), "annotations"), name);
}

/* An absent namespace is whatever kubectl is told: it may be this one. */
static bool
same_space(struct bytes a, struct bytes b, bool strictly)
{
	return bytes_equal(a, b) || (!strictly && (a.n == 0 || b.n == 0));
}

const struct kube_data *
kube_find_data(const struct kube_set *s, const struct kube_workload *w, bool secret,
               struct bytes name)
{
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < s->n_data; i++) {
			const struct kube_data *d = &s->data[i];

			if (d->secret == secret && bytes_equal(d->name, name) &&
			    same_space(d->space, w->space, pass == 0))
				return d;
		}
	}
	return NULL;
}
