/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/value.h"

#include "base/text.h"

static int
cmp_int(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* A decimal number as its significant digits: 0.d1d2d3... * 10^exp. */
struct digits {
	bool negative;
	const uint8_t *p; /* with the point still inside */
	const uint8_t *end;
	int64_t exp;
};

/* Exponents past 10^17 are cut there: such numbers differ in nothing we compute. */
static int64_t
read_exponent(const uint8_t *p, const uint8_t *end)
{
	bool negative = p < end && *p == '-';
	int64_t e = 0;

	if (p < end && (*p == '-' || *p == '+'))
		p++;
	for (; p < end; p++)
		if (e < (int64_t)100000000000000000)
			e = e * 10 + (*p - '0');
	return negative ? -e : e;
}

static struct digits
digits_of(struct bytes text)
{
	struct digits d = {.p = text.p, .end = text.p + text.n};
	const uint8_t *p;
	bool seen = false, point = false;

	if (d.p < d.end && *d.p == '-') {
		d.negative = true;
		d.p++;
	}
	for (p = d.p; p < d.end && *p != 'e' && *p != 'E'; p++) {
		if (*p == '.') {
			point = true;
			continue;
		}
		if (!seen && *p != '0') {
			seen = true;
			d.p = p;
		}
		if (seen && !point)
			d.exp++;
		else if (!seen && point)
			d.exp--;
	}
	if (p < d.end)
		d.exp += read_exponent(p + 1, d.end);
	d.end = p;
	if (!seen)
		d = (struct digits){.p = p, .end = p}; /* zero has no sign and no exponent */
	return d;
}

static int
next_digit(struct digits *d)
{
	if (d->p < d->end && *d->p == '.')
		d->p++;
	return d->p < d->end ? *d->p++ : '0';
}

static int
cmp_magnitude(struct digits a, struct digits b)
{
	bool zero_a = a.p == a.end, zero_b = b.p == b.end;

	if (zero_a || zero_b)
		return (int)zero_b - (int)zero_a;
	if (a.exp != b.exp)
		return a.exp < b.exp ? -1 : 1;
	while (a.p < a.end || b.p < b.end) {
		int x = next_digit(&a), y = next_digit(&b);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

static struct digits
number_digits(const struct value *v, uint8_t room[24])
{
	uint64_t u;
	size_t i = 24;

	if (!(v->flags & VALUE_INT))
		return digits_of(bytes_of(v->u.s, v->n));
	u = v->u.i < 0 ? -(uint64_t)v->u.i : (uint64_t)v->u.i;
	do {
		room[--i] = (uint8_t)('0' + u % 10);
		u /= 10;
	} while (u > 0);
	if (v->u.i < 0)
		room[--i] = '-';
	return digits_of(bytes_of(room + i, 24 - i));
}

static int
cmp_number(const struct value *a, const struct value *b)
{
	uint8_t ra[24], rb[24];
	struct digits x, y;

	if ((a->flags & VALUE_INT) && (b->flags & VALUE_INT))
		return cmp_int(a->u.i, b->u.i);
	x = number_digits(a, ra);
	y = number_digits(b, rb);
	if (x.negative != y.negative)
		return x.negative ? -1 : 1;
	return x.negative ? cmp_magnitude(y, x) : cmp_magnitude(x, y);
}

static int
cmp_string(const struct value *a, const struct value *b)
{
	if (a->u.s == b->u.s && a->n == b->n)
		return 0;
	return bytes_cmp(bytes_of(a->u.s, a->n), bytes_of(b->u.s, b->n));
}

static int
cmp_items(const struct value *a, size_t n, const struct value *b, size_t m)
{
	size_t both = MIN(n, m);
	int c;

	if (a == b && n == m)
		return 0;
	for (size_t i = 0; i < both; i++)
		if ((c = value_cmp(&a[i], &b[i])) != 0)
			return c;
	return (n > m) - (n < m);
}

/* As OPA: all keys first decide, at the first difference, then the values. */
static int
cmp_object(const struct value *a, const struct value *b)
{
	uint32_t n = MIN(a->n, b->n);
	int c;

	if (a->u.members == b->u.members && a->n == b->n)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		if ((c = value_cmp(&a->u.members[i].key, &b->u.members[i].key)) != 0)
			return c;
		if ((c = value_cmp(&a->u.members[i].val, &b->u.members[i].val)) != 0)
			return c;
	}
	return (a->n > b->n) - (a->n < b->n);
}

int
value_cmp(const struct value *a, const struct value *b)
{
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	switch ((enum value_type)a->type) {
	case VALUE_UNDEFINED:
	case VALUE_NULL:
		return 0;
	case VALUE_BOOL:
		return (int)a->u.b - (int)b->u.b;
	case VALUE_NUMBER:
		return cmp_number(a, b);
	case VALUE_STRING:
		return cmp_string(a, b);
	case VALUE_ARRAY:
	case VALUE_SET:
		return cmp_items(a->u.items, a->n, b->u.items, b->n);
	case VALUE_OBJECT:
		return cmp_object(a, b);
	}
	return 0;
}

bool
value_eq(const struct value *a, const struct value *b)
{
	size_t n;

	if (a->type != b->type)
		return false;
	if (a->type == VALUE_NUMBER)
		return (a->flags & b->flags & VALUE_INT) ? a->u.i == b->u.i : cmp_number(a, b) == 0;
	/* Sizes and first bytes differ often and cost nothing to compare. */
	if (a->n != b->n)
		return false;
	if (a->type == VALUE_STRING)
		return a->n == 0 || a->u.s == b->u.s ||
		       (a->u.s[0] == b->u.s[0] &&
		        bytes_equal(bytes_of(a->u.s, a->n), bytes_of(b->u.s, b->n)));
	if (!value_is_collection(a))
		return value_cmp(a, b) == 0;
	if (a->u.items == b->u.items)
		return true;
	n = a->type == VALUE_OBJECT ? (size_t)a->n * 2 : a->n;
	for (size_t i = 0; i < n; i++)
		if (!value_eq(&a->u.items[i], &b->u.items[i]))
			return false;
	return true;
}

/* Index of the key in `n` sorted keys that stand `step` values apart; n if absent. */
static uint32_t
search(const struct value *keys, uint32_t n, uint32_t step, const struct value *key)
{
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int c = value_cmp(&keys[(size_t)mid * step], key);

		if (c == 0)
			return mid;
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return n;
}

static const struct value *
array_item(const struct value *v, const struct value *key)
{
	int64_t i;

	if (key->type != VALUE_NUMBER || !value_int(key, &i) || i < 0 || i >= (int64_t)v->n)
		return NULL;
	return &v->u.items[i];
}

const struct value *
value_get(const struct value *v, const struct value *key)
{
	uint32_t i;

	switch ((enum value_type)v->type) {
	case VALUE_ARRAY:
		return array_item(v, key);
	case VALUE_OBJECT:
		i = search(v->u.items, v->n, 2, key); /* members are pairs of values */
		return i < v->n ? &v->u.members[i].val : NULL;
	case VALUE_SET:
		i = search(v->u.items, v->n, 1, key);
		return i < v->n ? &v->u.items[i] : NULL;
	case VALUE_UNDEFINED:
	case VALUE_NULL:
	case VALUE_BOOL:
	case VALUE_NUMBER:
	case VALUE_STRING:
		break;
	}
	return NULL;
}

const struct value *
value_member(const struct value *object, const char *name)
{
	struct value key = json_cstr(name);

	return object->type == VALUE_OBJECT ? value_get(object, &key) : NULL;
}

bool
value_has(const struct value *set, const struct value *item)
{
	return set->type == VALUE_SET && value_get(set, item);
}

bool
value_at(const struct value *v, uint32_t i, struct value *key, struct value *val)
{
	if (!value_is_collection(v) || i >= v->n)
		return false;
	if (v->type == VALUE_OBJECT) {
		*key = v->u.members[i].key;
		*val = v->u.members[i].val;
		return true;
	}
	*val = v->u.items[i];
	*key = v->type == VALUE_ARRAY ? json_int(i) : *val;
	return true;
}

const char *
value_type_name(const struct value *v)
{
	switch ((enum value_type)v->type) {
	case VALUE_UNDEFINED:
		return "undefined";
	case VALUE_NULL:
		return "null";
	case VALUE_BOOL:
		return "boolean";
	case VALUE_NUMBER:
		return "number";
	case VALUE_STRING:
		return "string";
	case VALUE_ARRAY:
		return "array";
	case VALUE_OBJECT:
		return "object";
	case VALUE_SET:
		return "set";
	}
	return "undefined";
}

bool
value_weigh(const struct value *v, uint64_t *left)
{
	bool object = v->type == VALUE_OBJECT;
	uint64_t n = object ? 2 * (uint64_t)v->n : v->n;
	/* Members are pairs of values, the key first. */
	const struct value *items = object ? (const struct value *)v->u.members : v->u.items;

	if (!value_is_collection(v))
		return true;
	if (*left < n)
		return false;
	*left -= n;
	for (uint64_t i = 0; i < n; i++)
		if (value_is_collection(&items[i]) && !value_weigh(&items[i], left))
			return false;
	return true;
}
