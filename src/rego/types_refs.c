/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/infer.h"

enum { EXTENT_MAX_DEPTH = 20 };

/* What lies at and below a node: rules, and whatever the caller's data has there. */
static const struct type *
extent(struct inference *in, const struct node *n, int depth)
{
	struct type_member *members;
	uint32_t k = 0, count = 0;

	if (n->group)
		return n->group->type && n->group->kind != GROUP_FUNCTION ? n->group->type
		                                                          : in->any;
	for (const struct node *child = n->child; child; child = child->next)
		count++;
	members = arena_array(in->types.arena, count + 1, sizeof *members);
	if (!members || depth == EXTENT_MAX_DEPTH || !types_charge(&in->types, count))
		return in->any;
	for (const struct node *child = n->child; child; child = child->next)
		if (!child->group || child->group->kind != GROUP_FUNCTION)
			members[k++] = (struct type_member){json_string(child->key),
			                                    extent(in, child, depth + 1)};
	return type_object(&in->types, members, k, type_scalar(&in->types, TYPE_STRING), in->any);
}

static status
undefined_ref(struct inference *in, const struct term *t, const struct term *key,
              const struct type *of)
{
	char have[TYPES_TEXT], part[TYPES_TEXT];
	const struct type *keys = type_keys(&in->types, of);
	uint32_t off = term_start(t->items[0]);

	type_show(of, have, sizeof have);
	if (!keys)
		return source_error(in->source, off, in->c->err, ERR_PARSE, "E-REGO-024",
		                    "undefined ref: %s has no parts", have);
	if (key->kind == TERM_CONST) {
		CLEANUP(buf_done) struct buf name = {0};

		value_term(&key->u.value, &name);
		return source_error(in->source, off, in->c->err, ERR_PARSE, "E-REGO-024",
		                    "undefined ref: %s has no %.*s", have,
		                    BYTES_ARG(bytes_sub(buf_view(&name), 0, MIN(name.n, 60u))));
	}
	type_show(known_type(in, key), part, sizeof part);
	return source_error(in->source, off, in->c->err, ERR_PARSE, "E-REGO-024",
	                    "undefined ref: %s has nothing for a %s", have, part);
}

/* Whatever is there: brackets that are not known get any. */
static const struct type *
unknown_parts(struct inference *in, const struct term *t, uint32_t i)
{
	for (; i < t->n; i++)
		(void)term_fits(in, t->items[i], in->any, false);
	return in->any;
}

/* Brackets i.. of a value. */
static status
parts_of(struct inference *in, struct term *t, uint32_t i, const struct type *of)
{
	for (; i < t->n && of->kind != TYPE_ANY; i++) {
		const struct term *key = t->items[i];
		const struct type *keys = type_keys(&in->types, of), *part;

		if (!keys)
			return undefined_ref(in, t, key, of);
		if (key->kind == TERM_CONST)
			part = type_select(&in->types, of, &key->u.value);
		else
			part = term_fits(in, key, keys, false) ? type_values(&in->types, of) : NULL;
		if (!part)
			return undefined_ref(in, t, key, of);
		of = part;
	}
	if (i < t->n)
		of = unknown_parts(in, t, i);
	/* What an empty set may become later is not known, and OPA takes the whole for that. */
	t->type = of->hollow ? in->any : of;
	return OK;
}

bool
is_function(const struct compiler *c, const struct term *t)
{
	const struct node *n = c->root;

	if (t->kind != TERM_REF || t->items[0]->kind != TERM_DATA)
		return false;
	for (uint32_t i = 1; n && i < t->n; i++)
		n = t->items[i]->kind == TERM_CONST && t->items[i]->u.value.type == VALUE_STRING
		            ? node_child(c, n, json_text(&t->items[i]->u.value))
		            : NULL;
	return n && n->group && n->group->kind == GROUP_FUNCTION;
}

static bool
is_prefix(const struct term *path, const struct term *t)
{
	for (uint32_t i = 1; i < path->n; i++)
		if (i >= t->n || t->items[i]->kind != TERM_CONST ||
		    !value_eq(&path->items[i]->u.value, &t->items[i]->u.value))
			return false;
	return true;
}

/*
 * Where a `with` replaces rules: what stands at its target is what it puts there; whatever else
 * is a rule may depend on that.
 */
static status
replaced_ref(struct inference *in, struct term *t)
{
	const struct expr *e = in->replacing;

	for (uint32_t i = e->n_with; i > 0; i--) {
		const struct term *target = e->with[i - 1].target;
		const struct type *of;

		if (e->with[i - 1].is_function || target->kind != TERM_REF || !is_prefix(target, t))
			continue;
		of = known_type(in, e->with[i - 1].value);
		return parts_of(in, t, target->n, of ? of : in->any);
	}
	t->type = unknown_parts(in, t, 1);
	return OK;
}

static status
data_ref(struct inference *in, struct term *t)
{
	const struct node *n = in->c->root, *child;
	const struct type *name = type_scalar(&in->types, TYPE_STRING);
	uint32_t i = 1;

	if (in->replacing)
		return replaced_ref(in, t);
	for (; i < t->n && !n->group; i++) {
		const struct term *key = t->items[i];

		if (key->kind != TERM_CONST || key->u.value.type != VALUE_STRING)
			break;
		child = node_child(in->c, n, json_text(&key->u.value));
		if (!child) {
			t->type = unknown_parts(in, t, i);
			return OK;
		}
		n = child;
	}
	if (n->group && n->group->kind == GROUP_FUNCTION) {
		if (i == t->n)
			return source_error(in->source, t->off, in->c->err, ERR_PARSE, "E-REGO-024",
			                    "function %.*s is not called",
			                    BYTES_ARG(node_path(in->c, n)));
		t->type = unknown_parts(in, t, i);
		return OK;
	}
	if (!n->group && i < t->n) {
		/* Packages have names; what stands below a computed one is anybody's guess. */
		if (t->items[i]->kind == TERM_VAR && !term_fits(in, t->items[i], name, false))
			return undefined_ref(in, t, t->items[i],
			                     extent(in, n, EXTENT_MAX_DEPTH - 1));
		t->type = unknown_parts(in, t, i);
		return OK;
	}
	return parts_of(in, t, i, extent(in, n, 0));
}

status
infer_ref(struct inference *in, struct term *t)
{
	const struct type *of;

	if (t->kind == TERM_DATA || t->items[0]->kind == TERM_DATA) {
		struct term *items[1] = {t};
		struct term whole = {.kind = TERM_REF, .off = t->off, .n = 1, .items = items};

		if (t->kind != TERM_DATA)
			return data_ref(in, t);
		t->type = NULL;
		TRY(data_ref(in, &whole));
		t->type = whole.type;
		return OK;
	}
	of = known_type(in, t->items[0]);
	if (!of)
		give_up(in, t->items[0]);
	return parts_of(in, t, 1, of ? of : in->any);
}
