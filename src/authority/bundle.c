/* SPDX-License-Identifier: Apache-2.0 */
#include "authority/bundle.h"

#include "base/text.h"
#include "json/value.h"

void
bundle_message(struct bytes body, struct buf *out)
{
	buf_bytes(out, BYTES("contrast/v1/bundle\0"));
	buf_bytes(out, body);
}

void
bundle_sign(const struct key *mesh_key, struct bytes body, struct buf *signature)
{
	CLEANUP(buf_done) struct buf message = {0};

	bundle_message(body, &message);
	key_sign_ecdsa(mesh_key, SIG_SHA256, buf_view(&message), signature);
}

void
bundle_done(struct bundle *b)
{
	mem_free(b->policies);
	cert_drop(&b->mesh_ca);
	cert_drop(&b->previous_mesh_ca);
	*b = (struct bundle){0};
}

bool
bundle_has_policy(const struct bundle *b, const struct hash256 *policy)
{
	size_t low = 0, high = b->n_policies;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = bytes_cmp(hash256_view(&b->policies[mid]), hash256_view(policy));

		if (order == 0)
			return true;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* ---- decoding ---- */

struct raw_bundle {
	const struct value *version, *genesis, *head, *generation, *time, *mesh_ca, *previous,
	        *until, *policies, *records;
};

static status
malformed(struct err *err, const char *what)
{
	return err_set(err, ERR_PARSE, "E-BUNDLE-001", "the bundle is malformed: %s", what);
}

static status
decode(struct arena *arena, struct bytes body, struct raw_bundle *r, struct err *err)
{
	const struct json_limits limits = {4, BUNDLE_MAX_BYTES};
	const struct json_field fields[] = {
	        {"version", VALUE_NUMBER, true, &r->version},
	        {"genesis", VALUE_STRING, true, &r->genesis},
	        {"head", VALUE_STRING, true, &r->head},
	        {"generation", VALUE_NUMBER, true, &r->generation},
	        {"time", VALUE_NUMBER, true, &r->time},
	        {"mesh_ca", VALUE_STRING, true, &r->mesh_ca},
	        {"previous_mesh_ca", VALUE_STRING, false, &r->previous},
	        {"previous_until", VALUE_NUMBER, false, &r->until},
	        {"policies", VALUE_ARRAY, true, &r->policies},
	        {"records", VALUE_ARRAY, true, &r->records},
	};
	struct value root;
	uint64_t n = 0;

	TRY(json_parse(arena, body, &limits, &root, err));
	TRY(json_fields(&root, fields, COUNT_OF(fields), err));
	if (!json_u64(r->version, BUNDLE_VERSION, &n) || n != BUNDLE_VERSION)
		return malformed(err, "unknown version");
	if (r->policies->n > BUNDLE_MAX_POLICIES || r->records->n > BUNDLE_MAX_RECORDS)
		return malformed(err, "too many entries");
	if ((r->previous == NULL) != (r->until == NULL))
		return malformed(err, "previous CA and its end belong together");
	return OK;
}

static status
read_cert(const struct value *pem, struct cert **ret, struct err *err)
{
	size_t n = 0;

	TRY(cert_parse_pem(json_text(pem), 1, ret, &n, err));
	return n == 1 ? OK : malformed(err, "not one certificate");
}

static status
read_policies(const struct value *list, struct bundle *b, struct err *err)
{
	b->policies = mem_alloc(MAX(list->n, 1) * sizeof *b->policies);
	for (size_t i = 0; i < list->n; i++) {
		if (!hex_decode(json_text(json_item(list, i)), b->policies[i].b, SHA256_SIZE))
			return malformed(err, "a policy is no hash");
		if (i > 0 && bytes_cmp(hash256_view(&b->policies[i - 1]),
		                       hash256_view(&b->policies[i])) >= 0)
			return malformed(err, "policies are not in ascending order");
	}
	b->n_policies = list->n;
	return OK;
}

static status
read_times(const struct raw_bundle *r, struct bundle *b, struct err *err)
{
	uint64_t n = 0;

	if (!json_u64(r->time, INT64_MAX, &n))
		return malformed(err, "time");
	b->time = (int64_t)n;
	if (r->until && !json_u64(r->until, INT64_MAX, &n))
		return malformed(err, "previous_until");
	b->previous_until = r->until ? (int64_t)n : 0;
	return OK;
}

/* ---- checks ---- */

static status
check_ca(const struct cert *ca, const struct cert *root, int64_t now, const char *what,
         struct err *err)
{
	status s = cert_verify_chain(ca, NULL, 0, root, now, err);

	if (is_ok(s) && !cert_is_ca(ca))
		s = err_set(err, ERR_REJECTED, "E-BUNDLE-002", "it is no CA");
	return err_ctx(err, s, "%s", what);
}

static status
walk(struct chain *c, struct arena *arena, const struct raw_bundle *r, struct err *err)
{
	uint64_t generation = 0;
	struct hash256 want, genesis;

	if (!hex_decode(json_text(r->genesis), genesis.b, SHA256_SIZE) ||
	    !hex_decode(json_text(r->head), want.b, SHA256_SIZE) ||
	    !json_u64(r->generation, UINT64_MAX, &generation))
		return malformed(err, "genesis, head or generation");
	if (!hash256_equal(&genesis, &c->genesis))
		return err_set(err, ERR_REJECTED, "E-BUNDLE-003",
		               "the bundle is of another deployment");
	if (generation < c->generation)
		return err_set(err, ERR_REJECTED, "E-BUNDLE-004",
		               "the bundle is of generation %llu, %llu was seen already",
		               (unsigned long long)generation, (unsigned long long)c->generation);
	for (size_t i = 0; i < r->records->n; i++) {
		CLEANUP(buf_done) struct buf raw = {0};
		struct record rec;

		if (!base64_decode(BASE64_STD, json_text(json_item(r->records, i)), &raw))
			return malformed(err, "a record is not base64");
		TRY(record_parse(buf_view(&raw), &rec, err));
		/* A keeper that does not know our head sends all: skip what we have. */
		if (rec.generation <= c->generation)
			continue;
		TRY(chain_extend(c, &rec, err));
	}
	(void)arena;
	if (!hash256_equal(&c->head, &want) || c->generation != generation)
		return err_set(err, ERR_REJECTED, "E-BUNDLE-005",
		               "the records do not lead to the bundle's head");
	return OK;
}

static status
check_signature(const struct cert *ca, struct bytes body, struct bytes signature, struct err *err)
{
	CLEANUP(key_drop) struct key *key = cert_key(ca);
	CLEANUP(buf_done) struct buf message = {0};

	bundle_message(body, &message);
	if (key_kind(key) != KEY_P256 ||
	    !is_ok(key_verify_ecdsa(key, SIG_SHA256, buf_view(&message), signature, err)))
		return err_set(err, ERR_REJECTED, "E-BUNDLE-006",
		               "the bundle is not signed by its mesh CA");
	return OK;
}

status
bundle_accept(struct chain *c, const struct cert *root, struct bytes body, struct bytes signature,
              int64_t now, struct bundle *ret, struct err *err)
{
	CLEANUP(arena_done) struct arena arena = {0};
	CLEANUP(bundle_done) struct bundle b = {0};
	struct raw_bundle r = {0};
	struct chain next = *c;

	TRY(decode(&arena, body, &r, err));
	TRY(read_cert(r.mesh_ca, &b.mesh_ca, err));
	TRY(read_policies(r.policies, &b, err));
	TRY(read_times(&r, &b, err));
	TRY(check_ca(b.mesh_ca, root, now, "mesh CA", err));
	TRY(walk(&next, &arena, &r, err));
	TRY(check_signature(b.mesh_ca, body, signature, err));
	if (r.previous) {
		TRY(read_cert(r.previous, &b.previous_mesh_ca, err));
		TRY(check_ca(b.previous_mesh_ca, root, now, "previous mesh CA", err));
	}
	*c = next;
	*ret = b;
	b = (struct bundle){0}; /* moved */
	return OK;
}
