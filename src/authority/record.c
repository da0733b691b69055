/* SPDX-License-Identifier: Apache-2.0 */
#include "authority/record.h"

#include "base/buf.h"
#include "base/rd.h"
#include "base/text.h"
#include "manifest/manifest.h"

enum { RECORD_VERSION = 1 };

_Static_assert((int)RECORD_MAX_OWNERS >= (int)MANIFEST_MAX_OWNERS, "a record holds all owners");

struct hash256
transition_hash(const struct hash256 *previous, const struct hash256 *manifest,
                const struct hash256 *owners, uint64_t generation)
{
	CLEANUP(buf_done) struct buf in = {0};

	buf_bytes(&in, BYTES("contrast/v1/transition\0"));
	buf_bytes(&in, hash256_view(previous));
	buf_bytes(&in, hash256_view(manifest));
	buf_bytes(&in, hash256_view(owners));
	buf_be64(&in, generation);
	return sha256(buf_view(&in));
}

struct hash256
record_transition(const struct record *r)
{
	struct hash256 owners = owners_digest(r->k, r->owners, r->n_owners);

	return transition_hash(&r->previous, &r->manifest, &owners, r->generation);
}

/* ---- signatures ---- */

void
transition_message(const struct hash256 *transition, char to[TRANSITION_HEX_SIZE + 1])
{
	hash256_hex(transition, to);
}

void
transition_sign(const struct key *owner, const struct hash256 *transition, struct buf *der)
{
	char text[TRANSITION_HEX_SIZE + 1];

	transition_message(transition, text);
	key_sign_ecdsa(owner, SIG_SHA256, bytes_of(text, TRANSITION_HEX_SIZE), der);
}

status
transition_verify(const struct key *owner, const struct hash256 *transition, struct bytes der,
                  struct err *err)
{
	char text[TRANSITION_HEX_SIZE + 1];
	struct hash256 id = key_id(owner);
	char hex[65];

	transition_message(transition, text);
	if (is_ok(key_verify_ecdsa(owner, SIG_SHA256, bytes_of(text, TRANSITION_HEX_SIZE), der,
	                           err)))
		return OK;
	return err_set(err, ERR_REJECTED, "E-AUTHORITY-015",
	               "the signature of key %.16s... is not over transition %s",
	               hash256_hex(&id, hex), text);
}

/* ---- wire form ---- */

static bool
ascending(const struct hash256 *a, const struct hash256 *b)
{
	return bytes_cmp(hash256_view(a), hash256_view(b)) < 0;
}

static void
read_signatures(struct rd *rd, struct record *r, bool *sorted)
{
	r->n_signatures = rd_u8(rd);
	if (r->n_signatures > RECORD_MAX_SIGNATURES)
		rd->failed = true;
	for (size_t i = 0; rd_ok(rd) && i < r->n_signatures; i++) {
		struct record_signature *s = &r->signatures[i];
		uint16_t n = rd_be16(rd);

		if (n > RECORD_MAX_SPKI)
			rd->failed = true;
		s->spki = rd_bytes(rd, n);
		n = rd_be16(rd);
		if (n > RECORD_MAX_SIGNATURE)
			rd->failed = true;
		s->der = rd_bytes(rd, n);
		s->key_id = sha256(s->spki);
		if (i > 0 && !ascending(&r->signatures[i - 1].key_id, &s->key_id))
			*sorted = false;
	}
}

status
record_parse(struct bytes in, struct record *ret, struct err *err)
{
	struct rd rd = rd_init(in);
	struct record r = {0};
	bool sorted = true;

	if (rd_u8(&rd) != RECORD_VERSION)
		return err_set(err, ERR_PARSE, "E-AUTHORITY-010",
		               "this is no record, or one of an unknown version");
	r.generation = rd_be64(&rd);
	rd_copy(&rd, r.previous.b, sizeof r.previous.b);
	rd_copy(&rd, r.manifest.b, sizeof r.manifest.b);
	r.k = rd_u8(&rd);
	r.n_owners = rd_u8(&rd);
	if (r.n_owners > RECORD_MAX_OWNERS)
		rd.failed = true;
	for (size_t i = 0; rd_ok(&rd) && i < r.n_owners; i++) {
		rd_copy(&rd, r.owners[i].b, sizeof r.owners[i].b);
		if (i > 0 && !ascending(&r.owners[i - 1], &r.owners[i]))
			sorted = false;
	}
	read_signatures(&rd, &r, &sorted);
	if (!rd_done(&rd))
		return err_set(err, ERR_PARSE, "E-AUTHORITY-011", "the record is cut or too long");
	if (!sorted)
		return err_set(err, ERR_PARSE, "E-AUTHORITY-012",
		               "owners or signatures are not in ascending order, or repeat");
	if (r.generation == 0 || r.k > r.n_owners || (r.k == 0 && r.n_owners > 0))
		return err_set(err, ERR_PARSE, "E-AUTHORITY-013",
		               "the record's generation or threshold is out of range");
	*ret = r;
	return OK;
}

void
record_emit(const struct record *r, struct buf *out)
{
	buf_u8(out, RECORD_VERSION);
	buf_be64(out, r->generation);
	buf_bytes(out, hash256_view(&r->previous));
	buf_bytes(out, hash256_view(&r->manifest));
	buf_u8(out, r->k);
	buf_u8(out, (uint8_t)r->n_owners);
	for (size_t i = 0; i < r->n_owners; i++)
		buf_bytes(out, hash256_view(&r->owners[i]));
	buf_u8(out, (uint8_t)r->n_signatures);
	for (size_t i = 0; i < r->n_signatures; i++) {
		buf_be16(out, (uint16_t)r->signatures[i].spki.n);
		buf_bytes(out, r->signatures[i].spki);
		buf_be16(out, (uint16_t)r->signatures[i].der.n);
		buf_bytes(out, r->signatures[i].der);
	}
}

status
record_add_signature(struct record *r, struct bytes spki, struct bytes der, struct err *err)
{
	struct record_signature new = {sha256(spki), spki, der};
	size_t at = 0;

	if (spki.n > RECORD_MAX_SPKI || der.n > RECORD_MAX_SIGNATURE ||
	    r->n_signatures == RECORD_MAX_SIGNATURES)
		return err_set(err, ERR_LIMIT, "E-AUTHORITY-014",
		               "a signature or its key is too long, or there are too many");
	while (at < r->n_signatures && ascending(&r->signatures[at].key_id, &new.key_id))
		at++;
	if (at < r->n_signatures && hash256_equal(&r->signatures[at].key_id, &new.key_id))
		return err_set(err, ERR_CONFLICT, "E-AUTHORITY-016",
		               "one key signed twice; each owner counts once");
	mem_move(&r->signatures[at + 1], &r->signatures[at],
	         (r->n_signatures - at) * sizeof r->signatures[0]);
	r->signatures[at] = new;
	r->n_signatures++;
	return OK;
}

/* ---- chains ---- */

void
chain_start(struct chain *c, const struct pins *pins, const struct hash256 *root_key_id)
{
	*c = (struct chain){.pins = *pins, .root_key_id = *root_key_id};
	c->genesis = genesis_hash(pins, root_key_id);
	c->head = c->genesis;
}

/* May this key sign what follows the head? */
static bool
may_sign(const struct chain *c, const struct hash256 *id)
{
	if (c->generation == 0)
		return pins_has_key(&c->pins, id);
	for (size_t i = 0; i < c->n_owners; i++)
		if (hash256_equal(&c->owners[i], id))
			return true;
	return false;
}

static status
check_signature(const struct chain *c, const struct record_signature *s,
                const struct hash256 *transition, struct err *err)
{
	CLEANUP(key_drop) struct key *key = NULL;
	struct hash256 id = sha256(s->spki);
	struct hash256 canonical;
	char hex[65];

	if (!may_sign(c, &id))
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-023", "key %.16s... is no %s",
		               hash256_hex(&id, hex),
		               c->generation == 0 ? "genesis key of this deployment"
		                                  : "owner of the present manifest");
	TRY(key_parse_spki(s->spki, &key, err));
	/* Another encoding of an owner's key must not be a second owner. */
	canonical = key_id(key);
	if (!hash256_equal(&canonical, &id) ||
	    (key_kind(key) != KEY_P256 && key_kind(key) != KEY_P384))
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-023",
		               "key %.16s... is not ECDSA in its usual encoding",
		               hash256_hex(&id, hex));
	return transition_verify(key, transition, s->der, err);
}

static status
check_signatures(const struct chain *c, const struct record *r, struct err *err)
{
	struct hash256 transition = record_transition(r);
	/* Transition 1 is signed by a genesis key, each later one by k owners. */
	size_t need = c->generation == 0 ? 1 : c->k;

	if (need == 0)
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-022",
		               "the present manifest has no owners: updates are disabled for good");
	for (size_t i = 0; i < r->n_signatures; i++) {
		/* Distinct by construction of record_parse and record_add_signature; checked again.
		 */
		for (size_t j = 0; j < i; j++)
			if (bytes_equal(r->signatures[i].spki, r->signatures[j].spki))
				return err_set(err, ERR_REJECTED, "E-AUTHORITY-016",
				               "one key signed twice; each owner counts once");
		TRY(check_signature(c, &r->signatures[i], &transition, err));
	}
	if (r->n_signatures < need)
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-024",
		               "%zu of %zu signatures that are needed", r->n_signatures, need);
	return OK;
}

status
chain_extend(struct chain *c, const struct record *r, struct err *err)
{
	char want[65], got[65];

	if (!hash256_equal(&r->previous, &c->head))
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-020",
		               "the record follows %.16s..., not %s %.16s...",
		               hash256_hex(&r->previous, got),
		               c->generation == 0 ? "the genesis" : "the head",
		               hash256_hex(&c->head, want));
	if (c->generation == UINT64_MAX || r->generation != c->generation + 1)
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-021",
		               "the record has generation %llu after %llu",
		               (unsigned long long)r->generation,
		               (unsigned long long)c->generation);
	TRY(check_signatures(c, r, err));
	c->head = record_transition(r);
	c->generation = r->generation;
	c->manifest = r->manifest;
	c->k = r->k;
	c->n_owners = r->n_owners;
	mem_copy(c->owners, r->owners, r->n_owners * sizeof r->owners[0]);
	return OK;
}

status
chain_verify(struct chain *c, const struct bytes *records, size_t n,
             const struct hash256 *want_head, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct record r;
		status s = record_parse(records[i], &r, err);

		if (is_ok(s))
			s = chain_extend(c, &r, err);
		TRY(err_ctx(err, s, "record %zu", i + 1));
	}
	if (want_head && !hash256_equal(&c->head, want_head)) {
		char want[65], got[65];

		return err_set(err, ERR_REJECTED, "E-AUTHORITY-025",
		               "the records lead to %.16s..., the evidence shows %.16s...",
		               hash256_hex(&c->head, got), hash256_hex(want_head, want));
	}
	return OK;
}
