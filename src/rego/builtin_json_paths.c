/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.filter and json.remove. The paths are sorted, so those below one key
 * are neighbours and a prefix comes before what it is a prefix of: the document
 * is walked once, with a range of paths at each step.
 */
#include <stdio.h>

#include "rego/builtin_groups.h"
#include "rego/json_path.h"

enum { PATHS_MAX_DEPTH = 1000 };

struct range {
	const struct value *paths; /* sorted arrays */
	uint32_t lo, hi;
	uint32_t depth;
};

static void
unescape(struct bytes part, struct buf *out)
{
	for (size_t i = 0; i < part.n; i++) {
		if (part.p[i] == '~' && i + 1 < part.n &&
		    (part.p[i + 1] == '0' || part.p[i + 1] == '1'))
			buf_u8(out, part.p[++i] == '1' ? '/' : '~');
		else
			buf_u8(out, part.p[i]);
	}
}

static status
parse_text(struct rego_call *c, struct bytes text, struct value *ret)
{
	struct value_list list = value_list_of(c->arena);

	TRY(rego_charge(c, text.n / 8));
	*ret = value_empty(VALUE_ARRAY);
	if (text.n == 0)
		return OK;
	while (text.n > 0 && text.p[0] == '/')
		text = bytes_sub(text, 1, text.n);
	for (size_t from = 0; from <= text.n;) {
		CLEANUP(buf_done) struct buf part = result_buf(c);
		size_t end = bytes_find_byte(text, '/', from);

		unescape(bytes_sub(text, from, end), &part);
		value_push(&list, json_copy_string(c->arena, buf_view(&part)));
		from = end == SIZE_MAX ? text.n + 1 : end + 1;
	}
	*ret = value_array(&list);
	return arena_check(c->arena, c->err);
}

status
json_path_parse(struct rego_call *c, const struct value *path, struct value *ret)
{
	if (path->type == VALUE_STRING)
		return parse_text(c, string_bytes(path), ret);
	*ret = *path;
	if (path->type != VALUE_ARRAY)
		return builtin_operand_text(
		        c, 2,
		        "must be one of {set, array} containing string paths or array of path "
		        "segments but got %s",
		        value_type_name(path));
	return OK;
}

static status
parse_paths(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value_list list = value_list_of(c->arena);

	TRY(builtin_type(c, args, 0, VALUE_OBJECT));
	if (args[1].type != VALUE_ARRAY && args[1].type != VALUE_SET)
		return builtin_operand(c, 2, "one of {set, array}", &args[1]);
	TRY(rego_charge(c, args[1].n * 4U));
	for (uint32_t i = 0; i < args[1].n; i++) {
		struct value path;

		TRY(json_path_parse(c, &args[1].u.items[i], &path));
		if (path.n > 0)
			value_push(&list, path);
	}
	*ret = value_set(&list);
	return arena_check(c->arena, c->err);
}

/* First path in [lo, hi) whose segment is not below `key` (or, with `past`, beyond it). */
static uint32_t
bound(const struct range *r, const struct value *key, bool past)
{
	uint32_t lo = r->lo, hi = r->hi;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int order = value_cmp(&r->paths[mid].u.items[r->depth], key);

		if (order < 0 || (past && order == 0))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The paths below `key`; false if there are none. */
static bool
below(const struct range *r, const struct value *key, struct range *ret)
{
	*ret = *r;
	ret->lo = bound(r, key, false);
	ret->hi = bound(r, key, true);
	ret->depth++;
	return ret->lo < ret->hi;
}

/* One of the paths ends here; being the shortest it is the first. */
static bool
ends_here(const struct range *r)
{
	return r->paths[r->lo].n == r->depth;
}

typedef status edit_fn(struct rego_call *c, const struct value *v, const struct range *r,
                       struct value *ret);

/*
 * Rebuilds a collection from what `edit` makes of each member: undefined means
 * that it is dropped.
 */
static status
rebuild(struct rego_call *c, const struct value *v, const struct range *r, edit_fn *edit,
        bool keep_others, struct value *ret)
{
	struct value_list out = value_list_of(c->arena);

	if (r->depth > PATHS_MAX_DEPTH)
		return builtin_limit(c, "paths are longer than %d", PATHS_MAX_DEPTH);
	TRY(rego_charge(c, v->n * 2U));
	for (uint32_t i = 0; i < v->n; i++) {
		char digits[16];
		struct value key, val, edited = {0};
		struct range sub;

		value_at(v, i, &key, &val);
		snprintf(digits, sizeof digits, "%u", i);
		if (v->type == VALUE_ARRAY)
			key = json_cstr(digits);
		if (below(r, &key, &sub))
			TRY(edit(c, &val, &sub, &edited));
		else if (keep_others)
			edited = val;
		if (edited.type == VALUE_UNDEFINED)
			continue;
		if (v->type == VALUE_OBJECT)
			value_push_member(&out, key, edited);
		else
			value_push(&out, edited);
	}
	*ret = v->type == VALUE_OBJECT ? value_object(&out, NULL)
	       : v->type == VALUE_SET  ? value_set(&out)
	                               : value_array(&out);
	return arena_check(c->arena, c->err);
}

static status
keep_paths(struct rego_call *c, const struct value *v, const struct range *r, struct value *ret)
{
	*ret = *v;
	if (ends_here(r) || !value_is_collection(v))
		return OK;
	return rebuild(c, v, r, keep_paths, false, ret);
}

static status
drop_paths(struct rego_call *c, const struct value *v, const struct range *r, struct value *ret)
{
	*ret = (struct value){0};
	if (ends_here(r))
		return OK;
	*ret = *v;
	return value_is_collection(v) ? rebuild(c, v, r, drop_paths, true, ret) : OK;
}

static status
filter(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value paths;

	TRY(parse_paths(c, args, &paths));
	return rebuild(c, &args[0], &(struct range){paths.u.items, 0, paths.n, 0}, keep_paths,
	               false, ret);
}

static status
remove_paths(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value paths;

	TRY(parse_paths(c, args, &paths));
	return rebuild(c, &args[0], &(struct range){paths.u.items, 0, paths.n, 0}, drop_paths, true,
	               ret);
}

static const struct rego_builtin list[] = {
        {"json.filter", 2, 0, filter},
        {"json.remove", 2, 0, remove_paths},
};
const struct rego_builtin_group rego_group_json_paths = {list, COUNT_OF(list)};
