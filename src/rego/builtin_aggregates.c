/* SPDX-License-Identifier: Apache-2.0 */
/* count, sum, product, min, max, sort, and the older all and any. */
#include "base/text.h"
#include "rego/builtin_groups.h"

static status
count(struct rego_call *c, const struct value *args, struct value *ret)
{
	const struct value *v = &args[0];
	int64_t n = 0;

	if (v->type == VALUE_STRING) {
		struct bytes text = string_bytes(v);

		TRY(rego_charge(c, text.n / 16));
		for (size_t at = 0; at < text.n; n++)
			(void)utf8_next(text, &at);
	} else if (value_is_collection(v)) {
		n = v->n;
	} else {
		return builtin_operand(c, 1, "one of {array, object, set, string}", v);
	}
	*ret = json_int(n);
	return OK;
}

/* Exact numbers of any size, once 64 bits do not hold the result. */
static status
fold_exact(struct rego_call *c, const struct value *list, bool product, struct value *ret)
{
	CLEANUP(num_done) struct num acc, next, x;
	status s = OK;

	num_init(&acc);
	num_init(&next);
	num_init(&x);
	mpz_set_si(acc.coef, product ? 1 : 0);
	for (uint32_t i = 0; is_ok(s) && i < list->n; i++) {
		s = rego_charge(c, mpz_size(acc.coef) + 4);
		if (!is_ok(s))
			break;
		if (!num_from(&x, &list->u.items[i])) {
			s = builtin_limit(c, "a number is too large");
			break;
		}
		if (product)
			num_mul(&next, &acc, &x);
		else
			num_add(&next, &acc, &x);
		mpz_swap(acc.coef, next.coef);
		acc.exp = next.exp;
		if (mpz_sizeinbase(acc.coef, 10) > NUM_MAX_DIGITS)
			s = builtin_limit(c, "the result is too large");
	}
	if (is_ok(s))
		*ret = num_value(c->arena, &acc);
	return is_ok(s) ? arena_check(c->arena, c->err) : s;
}

static bool
fold_small(const struct value *list, bool product, int64_t *ret)
{
	int64_t acc = product ? 1 : 0;

	for (uint32_t i = 0; i < list->n; i++) {
		const struct value *v = &list->u.items[i];

		if (!(v->flags & VALUE_INT))
			return false;
		if (product ? !mul_ok(acc, v->u.i, &acc) : !add_ok(acc, v->u.i, &acc))
			return false;
	}
	*ret = acc;
	return true;
}

static status
fold(struct rego_call *c, const struct value *args, bool product, struct value *ret)
{
	int64_t small;

	TRY(operand_list(c, args, 0));
	TRY(rego_charge(c, args[0].n));
	for (uint32_t i = 0; i < args[0].n; i++)
		if (args[0].u.items[i].type != VALUE_NUMBER)
			return operand_element(c, 1, &args[0], "number", &args[0].u.items[i]);
	if (!fold_small(&args[0], product, &small))
		return fold_exact(c, &args[0], product, ret);
	*ret = json_int(small);
	return OK;
}

static status
sum(struct rego_call *c, const struct value *args, struct value *ret)
{
	return fold(c, args, false, ret);
}

static status
product(struct rego_call *c, const struct value *args, struct value *ret)
{
	return fold(c, args, true, ret);
}

/* The extreme item; undefined for none. Sets are sorted already. */
static status
extreme(struct rego_call *c, const struct value *args, int sign, struct value *ret)
{
	const struct value *best = NULL;

	TRY(operand_list(c, args, 0));
	TRY(rego_charge(c, args[0].n));
	for (uint32_t i = 0; i < args[0].n; i++)
		if (!best || value_cmp(&args[0].u.items[i], best) * sign > 0)
			best = &args[0].u.items[i];
	if (best)
		*ret = *best;
	return OK;
}

static status
max(struct rego_call *c, const struct value *args, struct value *ret)
{
	return extreme(c, args, 1, ret);
}

static status
min(struct rego_call *c, const struct value *args, struct value *ret)
{
	return extreme(c, args, -1, ret);
}

/* Merges the sorted runs from[lo, mid) and from[mid, hi). Stable. */
static void
merge(const struct value *from, struct value *to, size_t lo, size_t mid, size_t hi)
{
	size_t i = lo, k = mid;

	for (size_t at = lo; at < hi; at++)
		if (i < mid && (k >= hi || value_cmp(&from[i], &from[k]) <= 0))
			to[at] = from[i++];
		else
			to[at] = from[k++];
}

static status
sort_array(struct rego_call *c, const struct value *v, struct value *ret)
{
	struct value *from = arena_array(c->arena, v->n, sizeof *from);
	struct value *to = arena_array(c->arena, v->n, sizeof *to);

	TRY(arena_check(c->arena, c->err));
	mem_copy(from, v->u.items, v->n * sizeof *from);
	for (size_t width = 1; width < v->n; width *= 2) {
		struct value *swap = from;

		TRY(rego_charge(c, v->n));
		for (size_t lo = 0; lo < v->n; lo += 2 * width)
			merge(from, to, lo, MIN(lo + width, v->n), MIN(lo + 2 * width, v->n));
		from = to;
		to = swap;
	}
	*ret = (struct value){.type = VALUE_ARRAY, .n = v->n, .u.items = from};
	return OK;
}

static status
sort(struct rego_call *c, const struct value *args, struct value *ret)
{
	TRY(operand_list(c, args, 0));
	if (args[0].type == VALUE_ARRAY)
		return sort_array(c, &args[0], ret);
	*ret = args[0];
	ret->type = VALUE_ARRAY;
	return OK;
}

static bool
is_true(const struct value *v)
{
	return v->type == VALUE_BOOL && v->u.b;
}

static status
all(struct rego_call *c, const struct value *args, struct value *ret)
{
	TRY(operand_list(c, args, 0));
	TRY(rego_charge(c, args[0].n));
	for (uint32_t i = 0; i < args[0].n; i++)
		if (!is_true(&args[0].u.items[i]))
			return return_bool(false, ret);
	return return_bool(true, ret);
}

static status
any(struct rego_call *c, const struct value *args, struct value *ret)
{
	TRY(operand_list(c, args, 0));
	TRY(rego_charge(c, args[0].n));
	for (uint32_t i = 0; i < args[0].n; i++)
		if (is_true(&args[0].u.items[i]))
			return return_bool(true, ret);
	return return_bool(false, ret);
}

static const struct rego_builtin list[] = {
        {"count", 1, 0, count}, {"sum", 1, 0, sum}, {"product", 1, 0, product},
        {"max", 1, 0, max},     {"min", 1, 0, min}, {"sort", 1, 0, sort},
        {"all", 1, 0, all},     {"any", 1, 0, any},
};
const struct rego_builtin_group rego_group_aggregates = {list, COUNT_OF(list)};
