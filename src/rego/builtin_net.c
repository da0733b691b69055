/* SPDX-License-Identifier: Apache-2.0 */
/* net.cidr_*. */
#include <stdlib.h>

#include "rego/builtin_groups.h"
#include "rego/ip.h"

enum { EXPAND_MAX_BITS = 24 };

static status
read_network(struct rego_call *c, struct bytes text, struct network *ret)
{
	TRY(rego_charge(c, 1 + text.n / 16));
	if (!network_parse(text, ret))
		return builtin_error(c, "invalid CIDR address: %.*s", BYTES_ARG(text));
	return OK;
}

/* As OPA looks at them, the outer one wholly first; it calls either of them operand 1. */
static status
contains(struct rego_call *c, const struct value *outer, const struct value *inside, bool *ret)
{
	struct bytes text, inner;
	struct network a, b;
	struct ip ip;

	TRY(builtin_string(c, outer, 0, &text));
	TRY(read_network(c, text, &a));
	TRY(builtin_string(c, inside, 0, &inner));
	if (ip_parse(inner, &ip)) {
		*ret = network_has(&a, ip);
		return OK;
	}
	if (!network_parse(inner, &b))
		return builtin_error(
		        c, "not a valid textual representation of an IP address or CIDR: %.*s",
		        BYTES_ARG(inner));
	*ret = a.v4 == b.v4 && a.first <= b.first && b.last <= a.last;
	return OK;
}

static status
cidr_contains(struct rego_call *c, const struct value *args, struct value *ret)
{
	bool yes = false;

	TRY(contains(c, &args[0], &args[1], &yes));
	return return_bool(yes, ret);
}

static status
cidr_intersects(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes x, y;
	struct network a, b;

	TRY(builtin_string(c, args, 0, &x));
	TRY(read_network(c, x, &a));
	TRY(builtin_string(c, args + 1, 0, &y));
	TRY(read_network(c, y, &b));
	return return_bool(a.v4 == b.v4 && a.first <= b.last && b.first <= a.last, ret);
}

static status
cidr_is_valid(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct network n;

	(void)c;
	return return_bool(args[0].type == VALUE_STRING &&
	                           network_parse(string_bytes(&args[0]), &n),
	                   ret);
}

static status
cidr_expand(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value_list out = value_list_of(c->arena);
	struct network net;
	struct bytes text;

	TRY(builtin_string(c, args, 0, &text));
	TRY(read_network(c, text, &net));
	if ((net.last - net.first) >> EXPAND_MAX_BITS)
		return builtin_limit(c, "the network has too many addresses");
	TRY(rego_charge(c, (uint64_t)(net.last - net.first) * 4));
	for (ip_number n = net.first;; n++) {
		CLEANUP(buf_done) struct buf shown = {0};

		ip_show((struct ip){n, net.v4}, &shown);
		value_push(&out, json_copy_string(c->arena, buf_view(&shown)));
		if (n == net.last || c->arena->failed)
			break;
	}
	*ret = value_set(&out);
	return arena_check(c->arena, c->err);
}

/* ---- contains_matches ---- */

/* The network of one item of an operand, and what names the item in the result. */
static status
match_item(struct rego_call *c, const struct value *v, uint32_t i, unsigned int operand,
           struct value *cidr, struct value *index)
{
	if (v->type == VALUE_STRING) {
		*cidr = *index = *v;
	} else {
		value_at(v, i, index, cidr);
		if (v->type == VALUE_SET)
			*index = *cidr;
		if (cidr->type == VALUE_ARRAY && cidr->n > 0)
			*cidr = cidr->u.items[0];
		else if (cidr->type != VALUE_STRING)
			return builtin_error(
			        c, "operand %u: element must be string or non-empty array",
			        operand);
	}
	return OK;
}

static uint32_t
match_count(const struct value *v)
{
	return v->type == VALUE_STRING ? 1 : value_is_collection(v) ? v->n : 0;
}

static status
contains_matches(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value_list out = value_list_of(c->arena);
	struct value outer, inner, index[2];

	for (uint32_t i = 0; i < match_count(&args[0]); i++) {
		TRY(match_item(c, &args[0], i, 1, &outer, &index[0]));
		for (uint32_t k = 0; k < match_count(&args[1]); k++) {
			struct value_list pair = value_list_of(c->arena);
			bool yes = false;

			TRY(match_item(c, &args[1], k, 2, &inner, &index[1]));
			TRY(contains(c, &outer, &inner, &yes));
			if (!yes)
				continue;
			value_push(&pair, index[0]);
			value_push(&pair, index[1]);
			value_push(&out, value_array(&pair));
		}
	}
	*ret = value_set(&out);
	return arena_check(c->arena, c->err);
}

/* ---- merge ---- */

/* A network, or a run of neighbouring ones (then `net` is no longer the whole). */
struct run {
	ip_number first, last;
	struct network net;
	bool merged;
	bool mapped; /* ::ffff:a.b.c.d/n: kept apart from plain IPv4, as OPA has it */
};

static int
run_order(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	if (x->mapped != y->mapped)
		return x->mapped ? -1 : 1;
	if (x->last != y->last)
		return x->last < y->last ? -1 : 1;
	return x->first != y->first ? (x->first < y->first ? -1 : 1) : 0;
}

static bool
is_mapped(struct bytes t)
{
	return bytes_find_byte(t, ':', 0) != SIZE_MAX && bytes_find_byte(t, '/', 0) != SIZE_MAX;
}

/* A bare IPv4 address stands for the network of its class. */
static status
merge_operand(struct rego_call *c, const struct value *v, struct network *ret)
{
	struct ip ip;
	unsigned int first;

	if (v->type != VALUE_STRING)
		return builtin_error(c, "element must be string");
	if (!ip_parse(string_bytes(v), &ip))
		return read_network(c, string_bytes(v), ret);
	if (!ip.v4)
		return builtin_error(c, "IPv6 invalid: needs prefix length");
	first = (unsigned int)(ip.n >> 24 & 255);
	*ret = network_of(ip, first < 128 ? 8 : first < 192 ? 16 : 24);
	ret->shown = ip;
	return OK;
}

/*
 * Sorted by their ends; from the highest down, a run that touches or overlaps
 * the one below becomes part of it. Returns how many remain.
 */
static size_t
merge_runs(struct run *runs, size_t n)
{
	size_t kept = 0;

	for (size_t i = n - 1; i > 0; i--) {
		struct run *below = &runs[i - 1];

		if (runs[i].mapped != below->mapped ||
		    (runs[i].first > 0 && runs[i].first - 1 > below->last))
			continue;
		below->first = MIN(below->first, runs[i].first);
		below->last = runs[i].last;
		below->merged = true;
		runs[i].first = 1;
		runs[i].last = 0; /* empty */
	}
	for (size_t i = 0; i < n; i++)
		if (runs[i].first <= runs[i].last)
			runs[kept++] = runs[i];
	return kept;
}

/* The fewest networks that make up first..last. */
static void
cover(struct rego_call *c, const struct run *r, struct value_list *out)
{
	bool v4 = r->first >> 32 == 0xffff && r->last >> 32 == 0xffff;
	ip_number at = r->first;

	for (;;) {
		CLEANUP(buf_done) struct buf shown = {0};
		unsigned int host = 0, limit = v4 ? 32 : 128;
		ip_number mask = 0;
		struct network net;

		while (host < limit && !(at >> host & 1)) {
			ip_number wider = mask << 1 | 1;

			if (r->last - at < wider)
				break;
			mask = wider;
			host++;
		}
		net = network_of((struct ip){at, v4}, limit - host);
		network_show(&net, &shown);
		value_push(out, json_copy_string(c->arena, buf_view(&shown)));
		if (r->last - at <= mask)
			return;
		at += mask + 1;
	}
}

static status
cidr_merge(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value_list out = value_list_of(c->arena);
	struct run *runs;
	size_t n = args[0].n;

	if (args[0].type != VALUE_ARRAY && args[0].type != VALUE_SET)
		return builtin_error(c, "operand must be an array");
	TRY(rego_charge(c, n * 8));
	runs = arena_array(c->arena, n, sizeof *runs);
	TRY(arena_check(c->arena, c->err));
	for (size_t i = 0; i < n; i++) {
		TRY(merge_operand(c, &args[0].u.items[i], &runs[i].net));
		runs[i].mapped = runs[i].net.v4 && is_mapped(string_bytes(&args[0].u.items[i]));
		runs[i].first = runs[i].net.first;
		runs[i].last = runs[i].net.last;
	}
	if (n > 0) {
		qsort(runs, n, sizeof *runs, run_order);
		n = merge_runs(runs, n);
	}
	for (size_t i = 0; i < n; i++) {
		CLEANUP(buf_done) struct buf shown = {0};

		if (runs[i].merged) {
			cover(c, &runs[i], &out);
			continue;
		}
		network_show(&runs[i].net, &shown);
		value_push(&out, json_copy_string(c->arena, buf_view(&shown)));
	}
	*ret = value_set(&out);
	return arena_check(c->arena, c->err);
}

static const struct rego_builtin list[] = {
        {"net.cidr_contains", 2, 0, cidr_contains},
        {"net.cidr_overlap", 2, 0, cidr_contains},
        {"net.cidr_contains_matches", 2, 0, contains_matches},
        {"net.cidr_expand", 1, 0, cidr_expand},
        {"net.cidr_intersects", 2, 0, cidr_intersects},
        {"net.cidr_is_valid", 1, 0, cidr_is_valid},
        {"net.cidr_merge", 1, 0, cidr_merge},
};
const struct rego_builtin_group rego_group_net = {list, COUNT_OF(list)};
