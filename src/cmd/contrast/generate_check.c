/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/contrast/generate.h"

#include "base/file.h"
#include "json/value.h"

#include <stdio.h>

/* Our annotations; those that need what is not there yet stop the run. */
static const struct {
	const char *name;
	const char *not_yet; /* NULL: understood */
} annotations[] = {
        {KUBE_ANNOTATION("pod-role"), NULL},
        {KUBE_ANNOTATION("skip-initializer"), NULL},
        {KUBE_ANNOTATION("workload-secret-id"), NULL},
        {KUBE_ANNOTATION("image-store-size"), NULL},
        {KUBE_ANNOTATION("servicemesh-ingress"), "the service mesh"},
        {KUBE_ANNOTATION("servicemesh-egress"), "the service mesh"},
        {KUBE_ANNOTATION("servicemesh-admin-interface-port"), "the service mesh"},
        {KUBE_ANNOTATION("secure-pv"), "encrypted volumes"},
};

static status
check_annotation(const struct kube_workload *w, const struct yaml_kid *k, struct err *err)
{
	int n = (int)MIN(k->key->text.n, 80);
	const char *text = (const char *)k->key->text.p;

	if (k->val->kind != YAML_SCALAR || yaml_type(k->val) != YAML_STR)
		return kube_at(err,
		               err_hint(err,
		                        err_set(err, ERR_PARSE, "E-KUBE-003",
		                                "an annotation must be a string, not %s",
		                                yaml_what(k->val)),
		                        "put it in quotes"),
		               w->file, k->val);
	if (!bytes_starts(k->key->text, BYTES(KUBE_ANNOTATION(""))))
		return OK;
	for (size_t i = 0; i < COUNT_OF(annotations); i++) {
		if (!bytes_is(k->key->text, annotations[i].name))
			continue;
		if (!annotations[i].not_yet)
			return OK;
		return kube_at(err,
		               err_hint(err,
		                        err_set(err, ERR_UNSUPPORTED, "E-GENERATE-010",
		                                "%s is not there yet", annotations[i].not_yet),
		                        "remove the annotation; README says what works"),
		               w->file, k->key);
	}
	return kube_at(err,
	               err_hint(err,
	                        err_set(err, ERR_PARSE, "E-GENERATE-011",
	                                "there is no annotation %.*s", n, text),
	                        "correct the spelling; docs/generate.md has the list"),
	               w->file, k->key);
}

static status
check_annotations(const struct kube_workload *w, struct err *err)
{
	struct yaml_node *meta, *map;

	TRY(kube_child(w->file, w->pod, "metadata", YAML_MAP, &meta, err));
	TRY(kube_child(w->file, meta, "annotations", YAML_MAP, &map, err));
	for (uint32_t i = 0; map && i < map->n; i++)
		TRY(check_annotation(w, &map->kids[i], err));
	return OK;
}

struct bytes
generate_annotation(const struct kube_workload *w, const char *name)
{
	const struct yaml_node *n = kube_annotation(w, name);

	return n && n->kind == YAML_SCALAR ? n->text : (struct bytes){NULL, 0};
}

static status
bad_annotation(const struct kube_workload *w, const char *name, const char *want, struct err *err)
{
	return kube_at(err, err_set(err, ERR_PARSE, "E-GENERATE-012", "%s must be %s", name, want),
	               w->file, kube_annotation(w, name));
}

static status
read_role(struct generate_work *k, struct err *err)
{
	static const char role[] = KUBE_ANNOTATION("pod-role");
	static const char skip[] = KUBE_ANNOTATION("skip-initializer");
	struct bytes r = generate_annotation(k->w, role), s = generate_annotation(k->w, skip);

	if (r.n > 0 && !bytes_is(r, "coordinator"))
		return bad_annotation(k->w, role, "\"coordinator\"", err);
	if (s.n > 0 && !bytes_is(s, "true") && !bytes_is(s, "false"))
		return bad_annotation(k->w, skip, "\"true\" or \"false\"", err);
	k->coordinator = r.n > 0;
	k->wants_initializer = !k->coordinator && !bytes_is(s, "true");
	return OK;
}

struct bytes
generate_reference_word(struct generate *g, size_t n)
{
	struct bytes all = bytes_str(options_text(g->o, OPT_generate_reference_values));
	size_t at = 0;

	for (;;) {
		size_t end = MIN(bytes_find_byte(all, ',', at), all.n);

		if (end > at && n-- == 0)
			return arena_copy(&g->arena, bytes_sub(all, at, end));
		if (end == all.n)
			return (struct bytes){NULL, 0};
		at = end + 1;
	}
}

/* The row that a set without a name is for: the first whose values come from outside. */
static const struct platform *
plain_platform(enum platform_tee tee)
{
	size_t n;
	const struct platform *rows = platforms(&n);

	for (size_t i = 0; i < n; i++)
		if (rows[i].tee == tee && !rows[i].built_in)
			return &rows[i];
	return NULL;
}

/* The platform that a file's first set was measured for. */
static const struct platform *
platform_of_file(struct generate *g, struct bytes path)
{
	static const struct {
		const char *name;
		enum platform_tee tee;
	} kinds[] = {{"snp", PLATFORM_SNP}, {"tdx", PLATFORM_TDX}};
	CLEANUP(buf_done) struct buf json = {0};
	struct value v;
	struct err ignored;

	/* What is wrong with the file is said when its values are taken. */
	if (!is_ok(file_read((const char *)path.p, MANIFEST_MAX_BYTES, &json, &ignored)) ||
	    !is_ok(json_parse(&g->arena, buf_view(&json), NULL, &v, &ignored)))
		return NULL;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		const struct value *set = json_item(json_get(&v, kinds[i].name), 0);
		const struct platform *p = platform_find(json_text(json_get(set, "Platform")));

		if (set)
			return p ? p : plain_platform(kinds[i].tee);
	}
	return NULL;
}

/* The first platform that --reference-values names, else that of its first file. */
static const struct platform *
default_platform(struct generate *g)
{
	const struct platform *p = NULL;
	struct bytes word;

	for (size_t i = 0; !p && (word = generate_reference_word(g, i)).n > 0; i++)
		p = platform_find(word);
	for (size_t i = 0; !p && (word = generate_reference_word(g, i)).n > 0; i++)
		p = platform_of_file(g, word);
	return p;
}

static status
choose_platform(struct generate *g, struct generate_work *k, struct err *err)
{
	CLEANUP(buf_done) struct buf names = {0};
	const struct yaml_node *at = yaml_get(k->w->spec, "runtimeClassName");
	bool placeholder = bytes_is(k->w->runtime_class, KUBE_RUNTIME_CLASS) ||
	                   bytes_is(k->w->runtime_class, KUBE_RUNTIME_CLASS_OLD);

	k->platform = placeholder ? default_platform(g) : platform_of_class(k->w->runtime_class);
	if (k->platform)
		return OK;
	platform_names(&names);
	if (placeholder)
		return kube_at(err,
		               err_hint(err,
		                        err_set(err, ERR_USAGE, "E-GENERATE-013",
		                                "runtimeClassName does not say which platform"),
		                        "give --reference-values one of: %s", buf_cstr(&names)),
		               k->w->file, at);
	return kube_at(err,
	               err_hint(err,
	                        err_set(err, ERR_PARSE, "E-GENERATE-014",
	                                "no platform has the runtime class %.*s",
	                                (int)MIN(k->w->runtime_class.n, 63),
	                                (const char *)k->w->runtime_class.p),
	                        "use %s, or %s- and one of: %s", KUBE_RUNTIME_CLASS,
	                        KUBE_RUNTIME_CLASS, buf_cstr(&names)),
	               k->w->file, at);
}

static status
read_work(struct generate *g, struct kube_workload *w, struct generate_work *k, struct err *err)
{
	k->w = w;
	TRY(check_annotations(w, err));
	TRY(read_role(k, err));
	TRY(choose_platform(g, k, err));
	if (k->platform->carrier == PLATFORM_NONE)
		return kube_at(
		        err,
		        err_hint(err,
		                 err_set(err, ERR_USAGE, "E-GENERATE-018",
		                         "pods do not run on %s yet", k->platform->name),
		                 "its evidence is verified: contrast evidence verify --policy"),
		        w->file, yaml_get(w->spec, "runtimeClassName"));
	if (k->platform->insecure && !options_flag(g->o, OPT_generate_insecure))
		return err_hint(err,
		                err_set(err, ERR_USAGE, "E-GENERATE-015",
		                        "%s protects nothing from whoever runs the machine",
		                        k->platform->name),
		                "give --insecure if that is what you want");
	return OK;
}

status
generate_find_works(struct generate *g, struct err *err)
{
	bool coordinator = false;

	g->works = arena_array(&g->arena, g->set.n_workloads, sizeof *g->works);
	TRY(arena_check(&g->arena, err));
	for (size_t i = 0; i < g->set.n_workloads; i++) {
		if (!g->set.workloads[i].confidential)
			continue;
		TRY(read_work(g, &g->set.workloads[i], &g->works[g->n_works], err));
		coordinator |= g->works[g->n_works++].coordinator;
	}
	if (g->n_works == 0)
		return err_hint(err,
		                err_set(err, ERR_NOT_FOUND, "E-GENERATE-004",
		                        "no workload is confidential"),
		                "set runtimeClassName: %s in its pod spec", KUBE_RUNTIME_CLASS);
	if (!coordinator)
		return err_hint(err,
		                err_set(err, ERR_NOT_FOUND, "E-GENERATE-005",
		                        "there is no Coordinator among the workloads"),
		                "add its YAML, with the pod annotation %s: coordinator",
		                KUBE_ANNOTATION("pod-role"));
	return OK;
}

status
generate_coordinator_container(const struct generate_work *k, struct kube_container **ret,
                               struct err *err)
{
	struct kube_container *only = NULL;
	size_t n = 0;

	for (size_t i = 0; i < k->pod.n_containers; i++) {
		struct kube_container *c = &k->pod.containers[i];

		if (c->role != KUBE_MAIN)
			continue;
		only = c;
		n++;
		if (bytes_is(c->name, "coordinator")) {
			n = 1;
			break;
		}
	}
	if (n != 1)
		return kube_at(err,
		               err_hint(err,
		                        err_set(err, ERR_PARSE, "E-GENERATE-016",
		                                "which container is the Coordinator?"),
		                        "name it \"coordinator\""),
		               k->w->file, k->w->spec);
	*ret = only;
	return OK;
}
