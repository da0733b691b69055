/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.patch (RFC 6902), with sets whose items are their own keys. A patch
 * that does not apply makes the call undefined, never an error. Every step
 * rebuilds the collections along its path and is charged for them.
 */
#include "base/text.h"
#include "rego/builtin_groups.h"
#include "rego/json_path.h"

enum { PATCH_MAX_DEPTH = 1000 };

enum edit { EDIT_ADD, EDIT_REMOVE };

bool
json_path_index(const struct value *segment, uint32_t n, uint32_t *ret)
{
	uint64_t index;
	int64_t number;

	if (segment->type == VALUE_NUMBER) {
		if (!value_int(segment, &number) || number < 0 || number > n)
			return false;
		*ret = (uint32_t)number;
		return true;
	}
	*ret = n;
	if (segment->type != VALUE_STRING)
		return false;
	if (bytes_is(string_bytes(segment), "-"))
		return true;
	if (!text_u64(string_bytes(segment), n, &index))
		return false;
	*ret = (uint32_t)index;
	return true;
}

/* The value at the path, NULL if there is none. */
static const struct value *
look_up(const struct value *v, const struct value *path)
{
	for (uint32_t i = 0; v && i < path->n; i++) {
		const struct value *key = &path->u.items[i];
		uint32_t index;

		if (v->type == VALUE_ARRAY)
			v = json_path_index(key, v->n, &index) && index < v->n ? &v->u.items[index]
			                                                       : NULL;
		else
			v = value_is_collection(v) ? value_get(v, key) : NULL;
	}
	return v;
}

/* An array with the item at `index` replaced by n (0 or 1) items, or with one more before it. */
static struct value
splice(struct arena *a, const struct value *v, uint32_t index, uint32_t removed,
       const struct value *item)
{
	uint32_t added = item ? 1 : 0, n = v->n - removed + added;
	struct value *items = arena_array(a, n, sizeof *items);

	if (!items)
		return value_empty(VALUE_ARRAY);
	mem_copy(items, v->u.items, index * sizeof *items);
	if (item)
		items[index] = *item;
	mem_copy(items + index + added, v->u.items + index + removed,
	         (v->n - index - removed) * sizeof *items);
	return (struct value){.type = VALUE_ARRAY, .n = n, .u.items = items};
}

/* The set or object without `key`; `val` (if any) in its place. */
static struct value
replace_member(struct arena *a, const struct value *v, const struct value *key,
               const struct value *val)
{
	struct value_list out = value_list_of(a);
	bool object = v->type == VALUE_OBJECT;

	for (uint32_t i = 0; i < v->n; i++) {
		struct value k, x;

		value_at(v, i, &k, &x);
		if (value_eq(&k, key))
			continue;
		if (object)
			value_push_member(&out, k, x);
		else
			value_push(&out, x);
	}
	if (val && object)
		value_push_member(&out, *key, *val);
	else if (val)
		value_push(&out, *val);
	return object ? value_object(&out, NULL) : value_set(&out);
}

/* What the last segment of a path does to its collection; *done false: it does not apply. */
static void
edit_last(struct arena *a, const struct value *v, const struct value *key, enum edit edit,
          const struct value *val, struct value *ret, bool *done)
{
	const struct value *put = edit == EDIT_ADD ? val : NULL;
	uint32_t index;

	*done = false;
	if (v->type == VALUE_ARRAY) {
		if (!json_path_index(key, v->n, &index) || (edit == EDIT_REMOVE && index >= v->n))
			return;
		*ret = splice(a, v, index, edit == EDIT_REMOVE, put);
	} else if (v->type == VALUE_OBJECT || v->type == VALUE_SET) {
		if (edit == EDIT_REMOVE && !value_get(v, key))
			return;
		if (put && v->type == VALUE_SET && !value_eq(key, put))
			return;
		*ret = replace_member(a, v, key, put);
	} else {
		return;
	}
	*done = true;
}

static status
edit_at(struct rego_call *c, const struct value *v, const struct value *path, uint32_t depth,
        enum edit edit, const struct value *val, struct value *ret, bool *done)
{
	const struct value *key = &path->u.items[depth], *child;
	struct value step = {.type = VALUE_ARRAY, .n = 1, .u.items = key}, edited;
	uint32_t index;

	if (depth > PATCH_MAX_DEPTH)
		return builtin_limit(c, "paths are longer than %d", PATCH_MAX_DEPTH);
	TRY(rego_charge(c, value_is_collection(v) ? v->n * 2U : 1));
	if (depth + 1 == path->n) {
		edit_last(c->arena, v, key, edit, val, ret, done);
		return arena_check(c->arena, c->err);
	}
	*done = false;
	child = look_up(v, &step);
	if (!child)
		return OK;
	TRY(edit_at(c, child, path, depth + 1, edit, val, &edited, done));
	if (!*done)
		return OK;
	if (v->type == VALUE_ARRAY && json_path_index(key, v->n, &index))
		*ret = splice(c->arena, v, index, 1, &edited);
	else
		*ret = replace_member(c->arena, v, key, &edited);
	return arena_check(c->arena, c->err);
}

/* An undefined document is one that was removed. */
static status
apply(struct rego_call *c, struct value *doc, const struct value *path, enum edit edit,
      const struct value *val, bool *done)
{
	struct value out;

	if (path->n == 0) {
		*done = edit == EDIT_ADD || doc->type != VALUE_UNDEFINED;
		*doc = edit == EDIT_ADD ? *val : (struct value){0};
		return OK;
	}
	TRY(edit_at(c, doc, path, 0, edit, val, &out, done));
	if (*done)
		*doc = out;
	return OK;
}

struct patch {
	struct bytes op;
	struct value path;
	struct value from;
	struct value value;
};

/* A path operand that is malformed makes the patch inapplicable, not the call an error. */
static bool
read_path(struct rego_call *c, const struct value *v, struct value *ret)
{
	if (!v || (v->type != VALUE_STRING && v->type != VALUE_ARRAY))
		return false;
	return is_ok(json_path_parse(c, v, ret));
}

static bool
read_patch(struct rego_call *c, const struct value *v, struct patch *p)
{
	const struct value *op = value_member(v, "op"), *value = value_member(v, "value");
	bool needs_value, needs_from;

	if (!op || op->type != VALUE_STRING || !read_path(c, value_member(v, "path"), &p->path))
		return false;
	p->op = string_bytes(op);
	needs_value =
	        bytes_is(p->op, "add") || bytes_is(p->op, "replace") || bytes_is(p->op, "test");
	needs_from = bytes_is(p->op, "move") || bytes_is(p->op, "copy");
	if (!needs_value && !needs_from && !bytes_is(p->op, "remove"))
		return false;
	if (needs_value && !value)
		return false;
	if (value)
		p->value = *value;
	return !needs_from || read_path(c, value_member(v, "from"), &p->from);
}

/* For move and copy: what stands at `from`. */
static bool
fetch(const struct value *doc, struct patch *p)
{
	const struct value *v = doc->type == VALUE_UNDEFINED ? NULL : look_up(doc, &p->from);

	if (v)
		p->value = *v;
	return v != NULL;
}

static status
one_patch(struct rego_call *c, struct value *doc, struct patch *p, bool *done)
{
	const struct value *found;

	*done = false;
	if (bytes_is(p->op, "test")) {
		found = doc->type == VALUE_UNDEFINED ? NULL : look_up(doc, &p->path);
		*done = found && value_eq(found, &p->value);
		return OK;
	}
	if (p->op.p[0] == 'm' || p->op.p[0] == 'c') { /* move, copy */
		if (!fetch(doc, p))
			return OK;
		*done = true;
		if (p->op.p[0] == 'm')
			TRY(apply(c, doc, &p->from, EDIT_REMOVE, NULL, done));
		return *done ? apply(c, doc, &p->path, EDIT_ADD, &p->value, done) : OK;
	}
	if (!bytes_is(p->op, "add")) { /* remove, replace */
		TRY(apply(c, doc, &p->path, EDIT_REMOVE, NULL, done));
		if (!*done || bytes_is(p->op, "remove"))
			return OK;
	}
	return apply(c, doc, &p->path, EDIT_ADD, &p->value, done);
}

static status
patch(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value doc = args[0];

	TRY(builtin_type(c, args, 1, VALUE_ARRAY));
	for (uint32_t i = 0; i < args[1].n; i++) {
		struct patch p = {0};
		bool done;

		TRY(rego_charge(c, 4));
		if (args[1].u.items[i].type != VALUE_OBJECT ||
		    !read_patch(c, &args[1].u.items[i], &p))
			return arena_check(c->arena, c->err);
		TRY(one_patch(c, &doc, &p, &done));
		if (!done)
			return OK;
	}
	*ret = doc;
	return OK;
}

static const struct rego_builtin list[] = {
        {"json.patch", 2, 0, patch},
};
const struct rego_builtin_group rego_group_json_patch = {list, COUNT_OF(list)};
