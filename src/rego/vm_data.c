/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/vm.h"

/*
 * Documents below `data`: what the caller gave (base), what rules make
 * (virtual, which hides the base at its place), and what `with` put there.
 */

struct value
vm_upsert(struct arena *a, struct value whole, const struct value *path, uint32_t from, uint32_t n,
          struct value val)
{
	struct value empty = value_empty(VALUE_OBJECT);
	const struct value *part;

	if (from == n)
		return val;
	if (whole.type != VALUE_OBJECT)
		whole = empty;
	part = value_get(&whole, &path[from]);
	return value_with_member(a, &whole, path[from],
	                         vm_upsert(a, part ? *part : empty, path, from + 1, n, val));
}

static const struct value *
lookup(const struct value *v, const struct value *path, uint32_t from, uint32_t n)
{
	for (; v && from < n; from++)
		v = value_get(v, &path[from]);
	return v;
}

/* Is the override at or above the document? */
static bool
covers(const struct policy *p, const struct override *o, uint32_t document)
{
	uint32_t depth = 0, d;

	for (d = document; d; d = p->documents[d].parent)
		depth++;
	if (o->path.n > depth)
		return false;
	for (d = document; d; d = p->documents[d].parent, depth--)
		if (depth <= o->path.n &&
		    !bytes_equal(p->documents[d].key, json_text(&o->path.u.items[depth - 1])))
			return false;
	return true;
}

static bool
is_covered(const struct rego_eval *ev, uint32_t document)
{
	for (const struct override *o = ev->frame->overrides; o; o = o->below)
		if (covers(ev->policy, o, document))
			return true;
	return false;
}

static status whole_document(struct rego_eval *ev, uint32_t document, const struct value *base,
                             struct value *ret);

/* In the whole the base wins over a rule of the same name; packages are merged. */
static status
child_value(struct rego_eval *ev, uint32_t d, const struct value *base, struct value *ret)
{
	uint32_t f = ev->policy->documents[d].function;

	if (f && base)
		*ret = *base;
	else if (f)
		return vm_rule(ev, f - 1, ret);
	else if (base && base->type != VALUE_OBJECT)
		*ret = *base;
	else
		return whole_document(ev, d, base, ret);
	return OK;
}

static status
whole_document(struct rego_eval *ev, uint32_t document, const struct value *base, struct value *ret)
{
	const struct policy *p = ev->policy;
	struct value_list l = value_list_of(ev->arena);

	TRY(vm_charge(ev, 1));
	if (base && base->type == VALUE_OBJECT)
		for (uint32_t i = 0; i < base->n; i++)
			value_push_member(&l, base->u.members[i].key, base->u.members[i].val);
	for (uint32_t d = p->documents[document].child; d; d = p->documents[d].next) {
		uint32_t f = p->documents[d].function;
		struct value key = json_string(p->documents[d].key), val = {0};

		key.flags |= VALUE_INTERNED;
		if ((f && p->functions[f - 1].kind == GROUP_FUNCTION) || is_covered(ev, d))
			continue;
		TRY(child_value(ev, d, base ? value_get(base, &key) : NULL, &val));
		if (val.type != VALUE_UNDEFINED)
			value_push_member(&l, key, val);
	}
	*ret = value_object(&l, NULL);
	return vm_charge(ev, 1);
}

/* What the caller gave at the place of a document. */
static const struct value *
base_of(struct rego_eval *ev, uint32_t document)
{
	const struct value *above;
	struct value key;

	if (document == 0)
		return &ev->data;
	above = base_of(ev, ev->policy->documents[document].parent);
	key = json_string(ev->policy->documents[document].key);
	return above ? value_get(above, &key) : NULL;
}

status
vm_document(struct rego_eval *ev, uint32_t document, struct value *ret)
{
	const struct policy *p = ev->policy;
	struct value *slots = ev->frame->slots;
	uint32_t slot = p->n_functions + document, f = p->documents[document].function;

	if (f && p->functions[f - 1].kind == GROUP_FUNCTION) {
		*ret = (struct value){0};
		return OK;
	}
	if (f)
		return vm_rule(ev, f - 1, ret);
	if (slots[slot].type == VALUE_UNDEFINED)
		TRY(whole_document(ev, document, base_of(ev, document), &slots[slot]));
	*ret = slots[slot];
	return OK;
}

/* The deepest document on the path; *i: how many keys lead there. */
static uint32_t
descend(const struct policy *p, const struct value *path, uint32_t *i)
{
	uint32_t d = 0;

	for (*i = 0; *i < path->n && !p->documents[d].function; (*i)++) {
		uint32_t child = p->documents[d].child;

		while (child &&
		       !bytes_equal(p->documents[child].key, json_text(&path->u.items[*i])))
			child = p->documents[child].next;
		if (!child)
			break;
		d = child;
	}
	return d;
}

/* Along constant keys: the rule, document or base value there. */
static status
plain_data(struct rego_eval *ev, const struct value *path, struct value *ret)
{
	const struct policy *p = ev->policy;
	const struct value *found;
	uint32_t i, d = descend(p, path, &i);

	if (i == path->n)
		return vm_document(ev, d, ret);
	if (!p->documents[d].function) {
		found = lookup(&ev->data, path->u.items, 0, path->n);
	} else {
		TRY(vm_document(ev, d, ret));
		found = lookup(ret, path->u.items, i, path->n);
	}
	*ret = found ? *found : (struct value){0};
	return OK;
}

static bool
is_prefix(const struct value *a, const struct value *b)
{
	if (a->n > b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (!value_eq(&a->u.items[i], &b->u.items[i]))
			return false;
	return true;
}

/* Overrides below the path, oldest first, put into what is there. */
static struct value
apply_below(struct rego_eval *ev, const struct override *o, const struct override *until,
            const struct value *path, struct value whole)
{
	if (o == until)
		return whole;
	whole = apply_below(ev, o->below, until, path, whole);
	if (!is_prefix(path, &o->path))
		return whole;
	return vm_upsert(ev->arena, whole, o->path.u.items, path->n, o->path.n, o->value);
}

status
vm_data(struct rego_eval *ev, const struct value *path, struct value *ret)
{
	const struct override *o = ev->frame->overrides;
	const struct value *found;
	struct value v;

	while (o && !is_prefix(&o->path, path))
		o = o->below;
	if (o) {
		found = lookup(&o->value, path->u.items, o->path.n, path->n);
		v = found ? *found : (struct value){0};
	} else {
		TRY(plain_data(ev, path, &v));
	}
	*ret = apply_below(ev, ev->frame->overrides, o, path, v);
	return vm_charge(ev, 1);
}

/* Keys that can name documents: the strings in front. */
static struct value
string_path(const struct value *keys, uint32_t n)
{
	struct value path = {.type = VALUE_ARRAY, .u.items = keys};

	while (path.n < n && keys[path.n].type == VALUE_STRING)
		path.n++;
	return path;
}

status
vm_walk(struct rego_eval *ev, const struct value *keys, uint32_t n, struct value *ret)
{
	struct value path = string_path(keys, n);
	const struct value *found;

	TRY(vm_data(ev, &path, ret));
	found = ret->type == VALUE_UNDEFINED ? NULL : lookup(ret, keys, path.n, n);
	*ret = found ? *found : (struct value){0};
	return OK;
}

static struct value
keys_of(struct rego_eval *ev, const struct value *v)
{
	struct value_list l = value_list_of(ev->arena);
	struct value key, val;

	for (uint32_t i = 0; value_at(v, i, &key, &val); i++)
		value_push(&l, key);
	return value_array(&l);
}

/* Of a document with rules below: their names and what the caller gave there. */
static struct value
document_keys(struct rego_eval *ev, uint32_t d)
{
	const struct policy *p = ev->policy;
	const struct value *base = base_of(ev, d);
	struct value_list l = value_list_of(ev->arena);
	struct value v;

	for (uint32_t i = 0; base && base->type == VALUE_OBJECT && i < base->n; i++)
		value_push(&l, base->u.members[i].key);
	for (uint32_t c = p->documents[d].child; c; c = p->documents[c].next)
		value_push(&l, json_string(p->documents[c].key));
	v = value_set(&l);
	v.type = VALUE_ARRAY;
	return v;
}

status
vm_keys(struct rego_eval *ev, const struct value *keys, uint32_t n, struct value *ret)
{
	struct value path = string_path(keys, n);
	uint32_t i, d = descend(ev->policy, &path, &i);

	if (i == n && !ev->policy->documents[d].function && !ev->frame->overrides) {
		*ret = document_keys(ev, d);
		return vm_charge(ev, 1 + ret->n);
	}
	TRY(vm_walk(ev, keys, n, ret));
	if (!value_is_collection(ret))
		*ret = (struct value){0};
	else
		*ret = keys_of(ev, ret);
	return vm_charge(ev, 1 + ret->n);
}
