/* SPDX-License-Identifier: Apache-2.0 */
/* uuid.* and rand.intn: what is drawn once stays so for the evaluation. */
#include <stdio.h>
#include <strings.h>

#include "base/text.h"
#include "rego/builtin_groups.h"

enum { UUID_SIZE = 16, UUID_TEXT = 36 };

/* 100 ns intervals from 1582-10-15 to 1970-01-01. */
#define UUID_EPOCH 122192928000000000LL

static status
memo_key(struct rego_call *c, const char *kind, const struct value *args, size_t n,
         struct value *ret)
{
	struct value_list key = value_list_of(c->arena);

	value_push(&key, json_cstr(kind));
	for (size_t i = 0; i < n; i++)
		value_push(&key, args[i]);
	*ret = value_array(&key);
	return arena_check(c->arena, c->err);
}

static void
show(const uint8_t u[UUID_SIZE], struct buf *out)
{
	for (size_t i = 0; i < UUID_SIZE; i++)
		buf_printf(out, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", u[i]);
}

static status
rfc4122(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf text = {0};
	uint8_t u[UUID_SIZE];
	const struct value *known;
	struct value key;

	TRY(memo_key(c, c->name, args, 1, &key));
	known = rego_memo_get(c, &key);
	if (known) {
		*ret = *known;
		return OK;
	}
	TRY(rego_random(c, u, sizeof u));
	u[6] = (uint8_t)((u[6] & 0x0f) | 0x40);
	u[8] = (uint8_t)((u[8] & 0x3f) | 0x80);
	show(u, &text);
	TRY(builtin_text(c, &text, ret));
	rego_memo_put(c, key, *ret);
	return arena_check(c->arena, c->err);
}

/* A number below n, each as likely as any other. */
static status
draw(struct rego_call *c, uint64_t n, uint64_t *ret)
{
	uint64_t limit = UINT64_MAX - UINT64_MAX % n;

	do {
		TRY(rego_random(c, ret, sizeof *ret));
		TRY(rego_charge(c, 1));
	} while (*ret >= limit);
	*ret %= n;
	return OK;
}

static status
intn(struct rego_call *c, const struct value *args, struct value *ret)
{
	const struct value *known;
	struct value key, operands[2] = {args[0], args[1]};
	struct bytes name;
	uint64_t drawn;
	int64_t n;

	TRY(builtin_string(c, args, 0, &name));
	TRY(builtin_int(c, args, 1, &n));
	*ret = json_int(0);
	if (n == 0)
		return OK;
	if (n < 0)
		n = n == INT64_MIN ? INT64_MAX : -n;
	operands[1] = json_int(n);
	TRY(memo_key(c, c->name, operands, 2, &key));
	known = rego_memo_get(c, &key);
	if (known) {
		*ret = *known;
		return OK;
	}
	TRY(draw(c, (uint64_t)n, &drawn));
	*ret = json_int((int64_t)drawn);
	rego_memo_put(c, key, *ret);
	return arena_check(c->arena, c->err);
}

/* ---- uuid.parse ---- */

/* Plain, with urn:uuid: in front, in braces, or 32 digits without dashes. */
static bool
read_uuid(struct bytes t, uint8_t u[UUID_SIZE])
{
	CLEANUP(buf_done) struct buf digits = {0};

	if (t.n == UUID_TEXT + 9 && strncasecmp((const char *)t.p, "urn:uuid:", 9) == 0)
		t = bytes_sub(t, 9, t.n);
	else if (t.n == UUID_TEXT + 2)
		t = bytes_sub(t, 1, t.n - 1);
	if (t.n == 2 * UUID_SIZE)
		return hex_decode(t, u, UUID_SIZE);
	if (t.n != UUID_TEXT)
		return false;
	for (size_t i = 0; i < t.n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash != (t.p[i] == '-'))
			return false;
		if (!dash)
			buf_u8(&digits, t.p[i]);
	}
	return hex_decode(buf_view(&digits), u, UUID_SIZE);
}

static const char *
variant(uint8_t b)
{
	if ((b & 0xc0) == 0x80)
		return "RFC4122";
	if ((b & 0xe0) == 0xc0)
		return "Microsoft";
	return (b & 0xe0) == 0xe0 ? "Future" : "Reserved";
}

static uint64_t
big_endian(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

/* Versions 1 and 2: when and where they were made. */
static void
time_members(struct rego_call *c, const uint8_t u[UUID_SIZE], struct value_list *out)
{
	static const char *const cast[] = {"global:unicast", "global:multicast", "local:unicast",
	                                   "local:multicast"};
	uint64_t low = big_endian(u, 4), middle = big_endian(u + 4, 2),
	         high = big_endian(u + 6, 2) & 0xfff;
	int64_t ticks = (int64_t)(low | middle << 32 | high << 48) - UUID_EPOCH;
	char node[18];

	snprintf(node, sizeof node, "%02x-%02x-%02x-%02x-%02x-%02x", u[10], u[11], u[12], u[13],
	         u[14], u[15]);
	value_push_named(out, "time", json_int((int64_t)((uint64_t)ticks * 100)));
	value_push_named(out, "nodeid", json_copy_string(c->arena, bytes_str(node)));
	value_push_named(out, "macvariables", json_cstr(cast[u[10] & 3]));
	value_push_named(out, "clocksequence", json_int((int64_t)(big_endian(u + 8, 2) & 0x3fff)));
}

static void
domain_members(struct rego_call *c, const uint8_t u[UUID_SIZE], struct value_list *out)
{
	static const char *const domains[] = {"Person", "Group", "Org"};

	value_push_named(out, "id", json_int((int64_t)big_endian(u, 4)));
	if (u[9] < COUNT_OF(domains))
		value_push_named(out, "domain", json_cstr(domains[u[9]]));
	else
		value_push_named(out, "domain",
		                 json_string(arena_printf(c->arena, "Domain%u", u[9])));
}

static status
parse(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value_list out = value_list_of(c->arena);
	uint8_t u[UUID_SIZE];
	struct bytes text;
	unsigned int version;

	TRY(builtin_string(c, args, 0, &text));
	if (!read_uuid(text, u))
		return OK; /* undefined, not an error */
	version = u[6] >> 4;
	value_push_named(&out, "version", json_int(version));
	value_push_named(&out, "variant", json_cstr(variant(u[8])));
	if (version == 1 || version == 2)
		time_members(c, u, &out);
	if (version == 2)
		domain_members(c, u, &out);
	*ret = value_object(&out, NULL);
	return arena_check(c->arena, c->err);
}

static const struct rego_builtin list[] = {
        {"uuid.rfc4122", 1, BUILTIN_NONDET, rfc4122},
        {"uuid.parse", 1, 0, parse},
        {"rand.intn", 2, BUILTIN_NONDET, intn},
};
const struct rego_builtin_group rego_group_uuid = {list, COUNT_OF(list)};
