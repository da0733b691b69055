/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/manifest.h"
#include "oci/reference.h"
#include "oci/show.h"

static status
malformed(struct err *err, const char *member, const char *what)
{
	return err_set(err, ERR_PARSE, "E-OCI-015", "the image configuration is malformed: %s %s",
	               member, what);
}

/*
 * Container runtimes read these members without regard to case, the last one
 * winning. We would see another image than they start, so only one spelling goes.
 */
static status
check_spelling(const struct value *object, const char *const *names, size_t n, struct err *err)
{
	for (size_t i = 0; object && i < object->n; i++) {
		struct bytes key = json_text(&object->u.members[i].key);

		for (size_t k = 0; k < n; k++) {
			struct bytes want = bytes_str(names[k]);
			bool same = key.n == want.n, exact = bytes_equal(key, want);

			for (size_t j = 0; same && j < key.n; j++)
				same = (key.p[j] | 0x20) == (want.p[j] | 0x20);
			if (same && !exact)
				return malformed(err, names[k], "is spelled in another case");
		}
	}
	return OK;
}

/* Member that is absent, null or of the type; *ret NULL for the first two. */
static status
member(const struct value *v, const char *name, enum value_type type, const struct value **ret,
       struct err *err)
{
	const struct value *m = json_get(v, name);

	*ret = NULL;
	if (!m || m->type == VALUE_NULL)
		return OK;
	if (m->type != type)
		return malformed(err, name, "has the wrong type");
	*ret = m;
	return OK;
}

/* Argument vectors and environments end at a NUL, so one inside would hide the rest. */
static status
text_of(const struct value *v, const char *name, struct bytes *ret, struct err *err)
{
	if (!json_is(v, VALUE_STRING))
		return malformed(err, name, "is not a string");
	*ret = json_text(v);
	if (bytes_find_byte(*ret, 0, 0) != SIZE_MAX)
		return malformed(err, name, "holds a NUL character");
	return OK;
}

static status
string_member(const struct value *v, const char *name, struct bytes *ret, struct err *err)
{
	const struct value *m;

	*ret = (struct bytes){NULL, 0};
	TRY(member(v, name, VALUE_STRING, &m, err));
	return m ? text_of(m, name, ret, err) : OK;
}

static status
new_list(struct arena *a, const struct value *v, struct string_list *ret, struct err *err)
{
	*ret = (struct string_list){0};
	if (!v)
		return OK;
	if (v->n > OCI_STRINGS_MAX)
		return err_set(err, ERR_LIMIT, "E-OCI-014",
		               "a list in the image configuration has more than %d items",
		               OCI_STRINGS_MAX);
	ret->present = true;
	ret->items = arena_array(a, v->n ? v->n : 1, sizeof *ret->items);
	return arena_check(a, err);
}

static status
list_member(struct arena *a, const struct value *v, const char *name, struct string_list *ret,
            struct err *err)
{
	const struct value *m;

	TRY(member(v, name, VALUE_ARRAY, &m, err));
	TRY(new_list(a, m, ret, err));
	for (size_t i = 0; m && i < m->n; i++) {
		TRY(text_of(json_item(m, i), name, &ret->items[i], err));
		ret->n = i + 1;
	}
	return OK;
}

/* A Go set: an object whose keys are all that counts. */
static status
keys_member(struct arena *a, const struct value *v, const char *name, struct string_list *ret,
            struct err *err)
{
	const struct value *m;

	TRY(member(v, name, VALUE_OBJECT, &m, err));
	TRY(new_list(a, m, ret, err));
	for (size_t i = 0; m && i < m->n; i++) {
		TRY(text_of(&m->u.members[i].key, name, &ret->items[i], err));
		ret->n = i + 1;
	}
	return OK;
}

static status
parse_labels(struct arena *a, const struct value *v, struct image_config *ret, struct err *err)
{
	const struct value *m;

	TRY(member(v, "Labels", VALUE_OBJECT, &m, err));
	if (!m)
		return OK;
	if (m->n > OCI_STRINGS_MAX)
		return err_set(err, ERR_LIMIT, "E-OCI-014", "the image has too many labels");
	ret->labels = arena_array(a, m->n ? m->n : 1, sizeof *ret->labels);
	TRY(arena_check(a, err));
	for (size_t i = 0; i < m->n; i++) {
		TRY(text_of(&m->u.members[i].key, "Labels", &ret->labels[i].key, err));
		TRY(text_of(&m->u.members[i].val, "Labels", &ret->labels[i].value, err));
	}
	ret->n_labels = m->n;
	return OK;
}

static status
parse_run(struct arena *a, const struct value *v, struct image_config *ret, struct err *err)
{
	static const char *const names[] = {"Env",        "Entrypoint",   "Cmd",
	                                    "Volumes",    "ExposedPorts", "User",
	                                    "WorkingDir", "StopSignal",   "Labels"};

	TRY(check_spelling(v, names, COUNT_OF(names), err));
	TRY(list_member(a, v, "Env", &ret->env, err));
	TRY(list_member(a, v, "Entrypoint", &ret->entrypoint, err));
	TRY(list_member(a, v, "Cmd", &ret->cmd, err));
	TRY(keys_member(a, v, "Volumes", &ret->volumes, err));
	TRY(keys_member(a, v, "ExposedPorts", &ret->exposed_ports, err));
	TRY(string_member(v, "User", &ret->user, err));
	TRY(string_member(v, "WorkingDir", &ret->workdir, err));
	TRY(string_member(v, "StopSignal", &ret->stop_signal, err));
	return parse_labels(a, v, ret, err);
}

static status
parse_rootfs(struct arena *a, const struct value *v, struct image_config *ret, struct err *err)
{
	const struct value *ids = json_get(v, "diff_ids");

	if (!bytes_is(json_text(json_get(v, "type")), "layers") || !json_is(ids, VALUE_ARRAY))
		return malformed(err, "rootfs", "is not a list of layers");
	if (ids->n > OCI_LAYERS_MAX)
		return err_set(err, ERR_LIMIT, "E-OCI-014", "the image has more than %d layers",
		               OCI_LAYERS_MAX);
	ret->diff_ids = arena_array(a, ids->n ? ids->n : 1, sizeof *ret->diff_ids);
	TRY(arena_check(a, err));
	for (size_t i = 0; i < ids->n; i++)
		TRY(err_at(err, digest_parse(json_text(json_item(ids, i)), &ret->diff_ids[i], err),
		           ".rootfs.diff_ids[%zu]", i));
	ret->n_diff_ids = ids->n;
	return OK;
}

status
image_config_parse(struct arena *a, struct bytes text, struct image_config *ret, struct err *err)
{
	static const char *const names[] = {"architecture", "os", "config", "rootfs"};
	struct json_limits limits = {.depth = 32, .bytes = OCI_MANIFEST_MAX};
	const struct value *run;
	struct value v;

	*ret = (struct image_config){0};
	TRY(err_ctx(err, json_parse(a, text, &limits, &v, err), "the image configuration"));
	if (!json_is(&v, VALUE_OBJECT))
		return malformed(err, "it", "is not a JSON object");
	TRY(check_spelling(&v, names, COUNT_OF(names), err));
	TRY(string_member(&v, "architecture", &ret->architecture, err));
	TRY(string_member(&v, "os", &ret->os, err));
	if (!bytes_is(ret->os, "linux") || !bytes_is(ret->architecture, "amd64"))
		return err_set(err, ERR_UNSUPPORTED, "E-OCI-016",
		               "the image is for %s/%s, not for linux/amd64",
		               show_text(ret->os).text, show_text(ret->architecture).text);
	TRY(parse_rootfs(a, json_get(&v, "rootfs"), ret, err));
	TRY(member(&v, "config", VALUE_OBJECT, &run, err));
	return run ? parse_run(a, run, ret, err) : OK;
}
