/* SPDX-License-Identifier: Apache-2.0 */
#include "authority/genesis.h"

#include "base/text.h"
#include "json/value.h"

void
pins_new(struct pins *p)
{
	*p = (struct pins){0};
	random_bytes(p->deployment_id, sizeof p->deployment_id);
}

bool
pins_has_key(const struct pins *p, const struct hash256 *key_id)
{
	for (size_t i = 0; i < p->n_keys; i++)
		if (hash256_equal(&p->keys[i], key_id))
			return true;
	return false;
}

status
pins_add_key(struct pins *p, const struct hash256 *key_id, struct err *err)
{
	size_t at = 0;

	if (pins_has_key(p, key_id))
		return OK;
	if (p->n_keys == PINS_MAX_KEYS)
		return err_set(err, ERR_LIMIT, "E-AUTHORITY-001", "at most %d genesis keys",
		               PINS_MAX_KEYS);
	while (at < p->n_keys && bytes_cmp(hash256_view(&p->keys[at]), hash256_view(key_id)) < 0)
		at++;
	mem_move(&p->keys[at + 1], &p->keys[at], (p->n_keys - at) * sizeof p->keys[0]);
	p->keys[at] = *key_id;
	p->n_keys++;
	return OK;
}

status
pins_from_args(struct pins *p, const char *deployment_id, const char *const *keys, size_t n,
               struct err *err)
{
	struct pins got = {0};

	if (!deployment_id || n == 0)
		return err_set(err, ERR_USAGE, "E-AUTHORITY-002",
		               "the pins of the deployment are missing: --deployment-id and "
		               "--genesis-key are needed");
	if (!hex_decode(bytes_str(deployment_id), got.deployment_id, sizeof got.deployment_id))
		return err_set(err, ERR_USAGE, "E-AUTHORITY-003",
		               "--deployment-id must be %d hex digits", 2 * DEPLOYMENT_ID_SIZE);
	for (size_t i = 0; i < n; i++) {
		struct hash256 id;

		if (!hex_decode(bytes_str(keys[i]), id.b, sizeof id.b))
			return err_set(err, ERR_USAGE, "E-AUTHORITY-004",
			               "--genesis-key must be %d hex digits (SHA-256 of the key)",
			               2 * SHA256_SIZE);
		TRY(pins_add_key(&got, &id, err));
	}
	*p = got;
	return OK;
}

/* PROTOCOL section 2. */
struct hash256
genesis_hash(const struct pins *p, const struct hash256 *root_key_id)
{
	CLEANUP(buf_done) struct buf keys = {0};
	CLEANUP(buf_done) struct buf in = {0};
	struct hash256 keys_digest;

	for (size_t i = 0; i < p->n_keys; i++)
		buf_bytes(&keys, hash256_view(&p->keys[i]));
	keys_digest = sha256(buf_view(&keys));
	buf_bytes(&in, BYTES("contrast/v1/genesis\0"));
	buf_add(&in, p->deployment_id, sizeof p->deployment_id);
	buf_bytes(&in, hash256_view(root_key_id));
	buf_bytes(&in, hash256_view(&keys_digest));
	return sha256(buf_view(&in));
}

/* ---- genesis.json ---- */

static status
parse_keys(const struct value *list, struct pins *ret, struct err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		struct hash256 id;
		status s = OK;

		if (!hex_decode(json_text(json_item(list, i)), id.b, sizeof id.b))
			s = err_set(err, ERR_PARSE, "E-AUTHORITY-005",
			            "must be %d hex digits (SHA-256 of the key)", 2 * SHA256_SIZE);
		else if (pins_has_key(ret, &id))
			s = err_set(err, ERR_PARSE, "E-AUTHORITY-005", "is listed twice");
		if (is_ok(s))
			s = pins_add_key(ret, &id, err);
		TRY(err_at(err, s, ".genesis_keys[%zu]", i));
	}
	if (list->n == 0)
		return err_at(err, err_set(err, ERR_PARSE, "E-AUTHORITY-005", "no key is named"),
		              ".genesis_keys");
	return OK;
}

status
genesis_parse(struct bytes json, struct pins *ret, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	const struct json_limits limits = {4, GENESIS_MAX_BYTES};
	const struct value *version, *id, *keys;
	const struct json_field fields[] = {
	        {"version", VALUE_NUMBER, true, &version},
	        {"deployment_id", VALUE_STRING, true, &id},
	        {"genesis_keys", VALUE_ARRAY, true, &keys},
	};
	struct pins got = {0};
	struct value root;
	uint64_t n = 0;

	TRY(json_parse(&a, json, &limits, &root, err));
	TRY(json_fields(&root, fields, COUNT_OF(fields), err));
	if (!json_u64(version, 1, &n) || n != 1)
		return err_at(err,
		              err_set(err, ERR_UNSUPPORTED, "E-AUTHORITY-006",
		                      "this release reads version 1 only"),
		              ".version");
	if (!hex_decode(json_text(id), got.deployment_id, sizeof got.deployment_id))
		return err_at(err,
		              err_set(err, ERR_PARSE, "E-AUTHORITY-005", "must be %d hex digits",
		                      2 * DEPLOYMENT_ID_SIZE),
		              ".deployment_id");
	TRY(parse_keys(keys, &got, err));
	*ret = got;
	return OK;
}

void
genesis_write(const struct pins *p, struct buf *out)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct value v = json_object();
	struct value keys = json_array();

	for (size_t i = 0; i < p->n_keys; i++)
		json_add(&a, &keys, json_hex(&a, hash256_view(&p->keys[i])));
	json_put(&a, &v, "version", json_int(1));
	json_put(&a, &v, "deployment_id",
	         json_hex(&a, bytes_of(p->deployment_id, sizeof p->deployment_id)));
	json_put(&a, &v, "genesis_keys", keys);
	json_write(&v, JSON_INDENT, out);
	buf_u8(out, '\n');
	if (a.failed)
		out->failed = true;
}
