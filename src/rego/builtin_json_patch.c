/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.patch (RFC 6902), with sets whose items are their own keys. A patch
 * that does not apply is a builtin's error. Every step rebuilds the collections
 * along its path and is charged for them.
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

/* A value for a message. */
static const char *
shown(struct rego_call *c, const struct value *v)
{
	CLEANUP(buf_done) struct buf b = {.max = ERR_MSG_SIZE};

	if (c->quiet)
		return "";
	value_term(v, &b);
	return (const char *)arena_printf(c->arena, "%.*s", BYTES_ARG(buf_view(&b))).p;
}

/* Place in an array of n items; "-" is n. Whether there is such a place is the caller's question.
 */
static status
array_index(struct rego_call *c, const struct value *key, uint32_t n, int64_t *ret)
{
	struct bytes t;

	*ret = n;
	if (key->type == VALUE_NUMBER)
		return value_plain_int(key, ret)
		               ? OK
		               : builtin_error(c, "invalid number type for indexing");
	if (key->type != VALUE_STRING)
		return builtin_error(c, "invalid type for indexing");
	t = string_bytes(key);
	if (bytes_is(t, "-"))
		return OK;
	if (!num_plain_int(t, ret))
		return builtin_error(c, "invalid string for indexing");
	if (t.n > 1 && t.p[0] == '0')
		return builtin_error(c, "leading zeros are not allowed in JSON paths");
	return OK;
}

static status
child_of(struct rego_call *c, const struct value *v, const struct value *key,
         const struct value **ret)
{
	int64_t index;

	*ret = NULL;
	if (v->type == VALUE_ARRAY) {
		TRY(array_index(c, key, v->n, &index));
		if (index >= 0 && index < v->n)
			*ret = &v->u.items[index];
	} else if (v->type == VALUE_OBJECT || v->type == VALUE_SET) {
		*ret = value_get(v, key);
	} else {
		return builtin_error(c, "expected composite type for path %s, found value: %s",
		                     shown(c, key), shown(c, v));
	}
	if (!*ret)
		return builtin_error(c, "path %s does not exist in %s term %s", shown(c, key),
		                     value_type_name(v), shown(c, v));
	return OK;
}

static status
look_up(struct rego_call *c, const struct value *v, const struct value *path,
        const struct value **ret)
{
	if (v->type == VALUE_UNDEFINED)
		return builtin_error(c, "the document has been removed");
	for (uint32_t i = 0; i < path->n; i++)
		TRY(child_of(c, v, &path->u.items[i], &v));
	*ret = v;
	return OK;
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

static status
edit_array(struct rego_call *c, const struct value *v, const struct value *key, enum edit edit,
           const struct value *val, struct value *ret)
{
	uint32_t last = v->n;
	int64_t index;

	TRY(array_index(c, key, v->n, &index));
	if (index < 0 || index > last || (edit == EDIT_REMOVE && index == last))
		return builtin_error(c, "index for array %s out of bounds",
		                     edit == EDIT_REMOVE ? "delete" : "insertion");
	*ret = splice(c->arena, v, (uint32_t)index, edit == EDIT_REMOVE,
	              edit == EDIT_ADD ? val : NULL);
	return OK;
}

/* What the last segment of a path does to its collection. */
static status
edit_last(struct rego_call *c, const struct value *v, const struct value *key, enum edit edit,
          const struct value *val, struct value *ret)
{
	const struct value *put = edit == EDIT_ADD ? val : NULL;

	if (v->type == VALUE_ARRAY)
		return edit_array(c, v, key, edit, val, ret);
	if (v->type != VALUE_OBJECT && v->type != VALUE_SET)
		return builtin_error(c, "expected composite type, found value: %s", shown(c, v));
	if (edit == EDIT_REMOVE && !value_get(v, key))
		return builtin_error(c, "cannot delete child key %s that does not exist",
		                     shown(c, key));
	if (put && v->type == VALUE_SET && !value_eq(key, put))
		return builtin_error(c, "set key %s does not equal value to be inserted %s",
		                     shown(c, key), shown(c, put));
	*ret = replace_member(c->arena, v, key, put);
	return OK;
}

static status
edit_at(struct rego_call *c, const struct value *v, const struct value *path, uint32_t depth,
        enum edit edit, const struct value *val, struct value *ret)
{
	const struct value *key = &path->u.items[depth], *child;
	struct value edited;
	int64_t index;

	if (depth > PATCH_MAX_DEPTH)
		return builtin_limit(c, "paths are longer than %d", PATCH_MAX_DEPTH);
	TRY(rego_charge(c, value_is_collection(v) ? v->n * 2U : 1));
	if (depth + 1 == path->n) {
		TRY(edit_last(c, v, key, edit, val, ret));
		return arena_check(c->arena, c->err);
	}
	TRY(child_of(c, v, key, &child));
	TRY(edit_at(c, child, path, depth + 1, edit, val, &edited));
	if (v->type == VALUE_ARRAY) {
		TRY(array_index(c, key, v->n, &index));
		*ret = splice(c->arena, v, (uint32_t)index, 1, &edited);
	} else {
		*ret = replace_member(c->arena, v, key, &edited);
	}
	return arena_check(c->arena, c->err);
}

/* An undefined document is one that was removed. */
static status
apply(struct rego_call *c, struct value *doc, const struct value *path, enum edit edit,
      const struct value *val)
{
	struct value out;

	if (doc->type == VALUE_UNDEFINED && (path->n > 0 || edit == EDIT_REMOVE))
		return builtin_error(c, "the document has been removed");
	if (path->n == 0) {
		*doc = edit == EDIT_ADD ? *val : (struct value){0};
		return OK;
	}
	TRY(edit_at(c, doc, path, 0, edit, val, &out));
	*doc = out;
	return OK;
}

struct patch {
	struct bytes op;
	struct value path;
	struct value from;
	struct value value;
};

static status
attribute(struct rego_call *c, const struct value *v, const char *name, struct value *ret)
{
	const struct value *found = value_member(v, name);

	if (!found)
		return builtin_error(c, "missing required attribute '%s'", name);
	*ret = *found;
	return OK;
}

static status
read_patch(struct rego_call *c, const struct value *v, struct patch *p)
{
	struct value path, op;

	if (v->type != VALUE_OBJECT)
		return builtin_error(c, "must be an array of JSON-Patch objects, but at least one "
		                        "element is not an object");
	TRY(attribute(c, v, "path", &path));
	TRY(attribute(c, v, "op", &op));
	if (op.type != VALUE_STRING)
		return builtin_error(c, "attribute 'op' must be a string but found: %s",
		                     value_type_name(&op));
	p->op = string_bytes(&op);
	return json_path_parse(c, &path, &p->path);
}

/* For move and copy: what stands at `from`. What is copied into itself again and again grows
 * without taking memory, so it is paid for. */
static status
fetch(struct rego_call *c, const struct value *doc, const struct value *v, struct patch *p)
{
	const struct value *found;
	struct value from;

	TRY(attribute(c, v, "from", &from));
	TRY(json_path_parse(c, &from, &p->from));
	TRY(look_up(c, doc, &p->from, &found));
	p->value = *found;
	return builtin_charge_weight(c, found);
}

static status
test(struct rego_call *c, const struct value *doc, const struct value *v, struct patch *p)
{
	const struct value *found;

	TRY(look_up(c, doc, &p->path, &found));
	TRY(attribute(c, v, "value", &p->value));
	TRY(builtin_charge_weight(c, found));
	if (!value_eq(found, &p->value))
		return builtin_error(c,
		                     "value from EditTree != patch value.\n\nExpected: %s\n\n"
		                     "Found: %s",
		                     shown(c, &p->value), shown(c, found));
	return OK;
}

static status
one_patch(struct rego_call *c, struct value *doc, const struct value *v, struct patch *p)
{
	bool move = bytes_is(p->op, "move"), replace = bytes_is(p->op, "replace");

	if (bytes_is(p->op, "test"))
		return test(c, doc, v, p);
	if (move || bytes_is(p->op, "copy")) {
		TRY(fetch(c, doc, v, p));
		if (move)
			TRY(apply(c, doc, &p->from, EDIT_REMOVE, NULL));
		return apply(c, doc, &p->path, EDIT_ADD, &p->value);
	}
	if (!replace && !bytes_is(p->op, "add") && !bytes_is(p->op, "remove"))
		return builtin_error(c, "unrecognized op: '%.*s'", BYTES_ARG(p->op));
	if (!bytes_is(p->op, "add"))
		TRY(apply(c, doc, &p->path, EDIT_REMOVE, NULL));
	if (bytes_is(p->op, "remove"))
		return OK;
	TRY(attribute(c, v, "value", &p->value));
	return apply(c, doc, &p->path, EDIT_ADD, &p->value);
}

static status
patch(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value doc = args[0];

	TRY(builtin_type(c, args, 1, VALUE_ARRAY));
	for (uint32_t i = 0; i < args[1].n; i++) {
		struct patch p = {0};

		TRY(rego_charge(c, 4));
		TRY(read_patch(c, &args[1].u.items[i], &p));
		TRY(one_patch(c, &doc, &args[1].u.items[i], &p));
	}
	if (doc.type == VALUE_UNDEFINED)
		return builtin_error(c, "the document has been removed");
	*ret = doc;
	return OK;
}

static const struct rego_builtin list[] = {
        {"json.patch", 2, 0, patch},
};
const struct rego_builtin_group rego_group_json_patch = {list, COUNT_OF(list)};
