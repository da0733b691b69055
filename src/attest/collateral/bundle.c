/* SPDX-License-Identifier: Apache-2.0 */
/*
 * {"version": 1, "items": [{"kind", "subject", "sha256", "data": base64,
 *   "notBefore", "notAfter"}]}
 * Data is kept as received, because signatures cover raw bytes. The dates are
 * for people and worked out again when a bundle is read.
 */
#include "attest/collateral/collateral.h"
#include "base/text.h"
#include "crypto/hash.h"

#include <stdio.h>

static status
parse_item(struct arena *a, const struct value *v, struct collateral_item *item, struct err *err)
{
	CLEANUP(buf_done) struct buf data = {0};
	const struct value *kind, *subject, *digest, *raw, *from, *to;
	const struct json_field fields[] = {
	        {"kind", VALUE_STRING, true, &kind},
	        {"subject", VALUE_STRING, true, &subject},
	        {"sha256", VALUE_STRING, true, &digest},
	        {"data", VALUE_STRING, true, &raw},
	        {"notBefore", VALUE_STRING, false, &from},
	        {"notAfter", VALUE_STRING, false, &to},
	};
	struct hash256 want, got;

	TRY(json_fields(v, fields, COUNT_OF(fields), err));
	*item = (struct collateral_item){0};
	if (!collateral_kind_parse(json_text(kind), &item->kind))
		return err_at(err, err_set(err, ERR_PARSE, "E-COLLATERAL-020", "unknown kind"),
		              ".kind");
	if (subject->n >= sizeof item->subject)
		return err_at(err, err_set(err, ERR_PARSE, "E-COLLATERAL-020", "too long"),
		              ".subject");
	snprintf(item->subject, sizeof item->subject, "%.*s", BYTES_ARG(json_text(subject)));
	if (!base64_decode(BASE64_STD, json_text(raw), &data))
		return err_at(err, err_set(err, ERR_PARSE, "E-COLLATERAL-020", "must be base64"),
		              ".data");
	got = sha256(buf_view(&data));
	if (!hex_decode(json_text(digest), want.b, sizeof want.b) || !hash256_equal(&want, &got))
		return err_at(err,
		              err_set(err, ERR_PARSE, "E-COLLATERAL-020",
		                      "is not the digest of the data"),
		              ".sha256");
	item->data = arena_copy(a, buf_view(&data));
	TRY(arena_check(a, err));
	return collateral_inspect(item, err);
}

status
collateral_bundle_parse(struct arena *a, struct bytes json, struct collateral_set *ret,
                        struct err *err)
{
	const struct json_limits limits = {.depth = 8, .bytes = COLLATERAL_BUNDLE_MAX};
	const struct value *version, *items;
	const struct json_field fields[] = {
	        {"version", VALUE_NUMBER, true, &version},
	        {"items", VALUE_ARRAY, true, &items},
	};
	struct collateral_set set = {0};
	struct value v;
	uint64_t n;

	TRY(json_parse(a, json, &limits, &v, err));
	TRY(json_fields(&v, fields, COUNT_OF(fields), err));
	if (!json_u64(version, 1, &n) || n != 1)
		return err_at(err, err_set(err, ERR_PARSE, "E-COLLATERAL-020", "must be 1"),
		              ".version");
	if (items->n > COLLATERAL_BUNDLE_ITEMS)
		return err_at(err,
		              err_set(err, ERR_LIMIT, "E-COLLATERAL-021", "more than %d items",
		                      COLLATERAL_BUNDLE_ITEMS),
		              ".items");
	set.items = arena_array(a, items->n, sizeof *set.items);
	TRY(arena_check(a, err));
	for (; set.n < items->n; set.n++)
		TRY(err_at(err, parse_item(a, json_item(items, set.n), &set.items[set.n], err),
		           ".items[%zu]", set.n));
	*ret = set;
	return OK;
}

void
collateral_bundle_write(const struct collateral_set *set, struct buf *out)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct value root = json_object(), items = json_array();

	arena_init(&a, 2 * (size_t)COLLATERAL_BUNDLE_MAX);
	for (size_t i = 0; i < set->n; i++) {
		const struct collateral_item *item = &set->items[i];
		struct hash256 digest = sha256(item->data);
		struct value v = json_object();

		json_put(&a, &v, "kind", json_cstr(collateral_kind_name(item->kind)));
		json_put(&a, &v, "subject", json_cstr(item->subject));
		json_put(&a, &v, "notBefore", json_time(&a, item->valid_from));
		json_put(&a, &v, "notAfter", json_time(&a, item->valid_until));
		json_put(&a, &v, "sha256", json_hex(&a, hash256_view(&digest)));
		json_put(&a, &v, "data", json_base64(&a, item->data));
		json_add(&a, &items, v);
	}
	json_put(&a, &root, "version", json_int(1));
	json_put(&a, &root, "items", items);
	json_write(&root, JSON_INDENT, out);
	buf_u8(out, '\n');
	out->failed |= a.failed;
}
