/* SPDX-License-Identifier: Apache-2.0 */
#include "authority/shares.h"

#include "authority/answer.h"
#include "base/buf.h"
#include "base/rd.h"
#include "crypto/shamir.h"

enum { SHARES_VERSION = 1, SPKI_MAX = 256, SIGNATURE_MAX = 160 };

_Static_assert((int)SHARES_MAX >= (int)MANIFEST_MAX_SHARE_OWNERS, "room for all owners");

struct hash256
share_commitment(uint8_t index, struct bytes share)
{
	CLEANUP(buf_done) struct buf in = {0};

	buf_bytes(&in, BYTES("contrast/v1/share\0"));
	buf_u8(&in, index);
	buf_bytes(&in, share);
	return sha256(buf_view(&in));
}

void
shares_message(const struct shares_doc *doc, const struct hash256 *genesis, struct buf *out)
{
	buf_bytes(out, BYTES("contrast/v1/shares\0"));
	buf_bytes(out, hash256_view(genesis));
	buf_u8(out, doc->k);
	buf_u8(out, (uint8_t)doc->n);
	buf_bytes(out, hash256_view(&doc->salt_commitment));
	for (size_t i = 0; i < doc->n; i++) {
		buf_u8(out, (uint8_t)(i + 1));
		buf_bytes(out, hash256_view(&doc->entries[i].owner));
		buf_bytes(out, hash256_view(&doc->entries[i].commitment));
	}
}

static void
emit(const struct shares_doc *doc, struct buf *out)
{
	buf_u8(out, SHARES_VERSION);
	buf_be16(out, (uint16_t)doc->root_spki.n);
	buf_bytes(out, doc->root_spki);
	buf_u8(out, doc->k);
	buf_u8(out, (uint8_t)doc->n);
	buf_bytes(out, hash256_view(&doc->salt_commitment));
	for (size_t i = 0; i < doc->n; i++) {
		buf_bytes(out, hash256_view(&doc->entries[i].owner));
		buf_bytes(out, hash256_view(&doc->entries[i].commitment));
		buf_be16(out, (uint16_t)doc->entries[i].sealed.n);
		buf_bytes(out, doc->entries[i].sealed);
	}
	buf_be16(out, (uint16_t)doc->signature.n);
	buf_bytes(out, doc->signature);
}

/* Seals share i to its owner; the ciphertext goes to *sealed, which the entry borrows. */
static status
seal_share(const struct seed *seed, const struct key *owner, size_t i, const struct secret *share,
           struct share_entry *entry, struct buf *sealed, struct err *err)
{
	CLEANUP(buf_done) struct buf plain = {0};
	uint8_t index = (uint8_t)(i + 1);

	buf_u8(&plain, index);
	buf_bytes(&plain, secret_view(share));
	buf_bytes(&plain, secret_view(&seed->salt));
	TRY(buf_check(&plain, err));
	TRY(key_oaep_seal(owner, buf_view(&plain), sealed, err));
	entry->owner = key_id(owner);
	entry->commitment = share_commitment(index, secret_view(share));
	entry->sealed = buf_view(sealed);
	return OK;
}

struct parts {
	struct secret shares[SHARES_MAX];
	struct buf sealed[SHARES_MAX];
};

static void
parts_done(struct parts *p)
{
	for (size_t i = 0; i < SHARES_MAX; i++) {
		secret_done(&p->shares[i]);
		buf_done(&p->sealed[i]);
	}
}

status
shares_make(const struct seed *seed, const struct key *root_key, const struct hash256 *genesis,
            const struct manifest *m, struct buf *out, struct err *err)
{
	CLEANUP(parts_done) struct parts parts = {0};
	CLEANUP(buf_done) struct buf spki = {0};
	CLEANUP(buf_done) struct buf message = {0};
	CLEANUP(buf_done) struct buf signature = {0};
	struct shares_doc doc = {.k = manifest_share_threshold(m), .n = m->n_share_owners};

	key_spki(root_key, &spki);
	doc.root_spki = buf_view(&spki);
	doc.salt_commitment = share_commitment(0, secret_view(&seed->salt));
	if (doc.n > 0)
		TRY(shamir_split(secret_view(&seed->seed), doc.k, (uint8_t)doc.n, parts.shares,
		                 err));
	for (size_t i = 0; i < doc.n; i++)
		TRY(seal_share(seed, m->share_owners[i], i, &parts.shares[i], &doc.entries[i],
		               &parts.sealed[i], err));
	shares_message(&doc, genesis, &message);
	key_sign_ecdsa(root_key, SIG_SHA384, buf_view(&message), &signature);
	doc.signature = buf_view(&signature);
	emit(&doc, out);
	return buf_check(out, err);
}

static struct bytes
read_sized(struct rd *rd, size_t max)
{
	uint16_t n = rd_be16(rd);

	if (n > max)
		rd->failed = true;
	return rd_bytes(rd, n);
}

status
shares_parse(struct bytes in, struct shares_doc *ret, struct err *err)
{
	struct rd rd = rd_init(in);
	struct shares_doc doc = {0};

	if (rd_u8(&rd) != SHARES_VERSION || in.n > SHARES_MAX_BYTES)
		return err_set(err, ERR_PARSE, "E-AUTHORITY-090", "this is no document of shares");
	doc.root_spki = read_sized(&rd, SPKI_MAX);
	doc.k = rd_u8(&rd);
	doc.n = rd_u8(&rd);
	if (doc.n > SHARES_MAX || doc.k > doc.n || (doc.k == 0 && doc.n > 0))
		rd.failed = true;
	rd_copy(&rd, doc.salt_commitment.b, SHA256_SIZE);
	for (size_t i = 0; rd_ok(&rd) && i < doc.n; i++) {
		rd_copy(&rd, doc.entries[i].owner.b, SHA256_SIZE);
		rd_copy(&rd, doc.entries[i].commitment.b, SHA256_SIZE);
		doc.entries[i].sealed = read_sized(&rd, SHARES_MAX_SEALED);
	}
	doc.signature = read_sized(&rd, SIGNATURE_MAX);
	if (!rd_done(&rd))
		return err_set(err, ERR_PARSE, "E-AUTHORITY-090",
		               "the document of shares is malformed");
	doc.root_key_id = sha256(doc.root_spki);
	*ret = doc;
	return OK;
}

status
shares_verify(const struct shares_doc *doc, const struct pins *pins, const struct hash256 *genesis,
              struct err *err)
{
	CLEANUP(key_drop) struct key *root = NULL;
	CLEANUP(buf_done) struct buf message = {0};
	struct hash256 own = genesis_hash(pins, &doc->root_key_id);
	struct hash256 canonical;

	if (!hash256_equal(&own, genesis))
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-091",
		               "the root key does not make this genesis under the pins");
	TRY(key_parse_spki(doc->root_spki, &root, err));
	canonical = key_id(root);
	shares_message(doc, genesis, &message);
	if (key_kind(root) != KEY_P384 || !hash256_equal(&canonical, &doc->root_key_id) ||
	    !is_ok(key_verify_ecdsa(root, SIG_SHA384, buf_view(&message), doc->signature, err)))
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-092",
		               "the commitments are not signed by the root key");
	return OK;
}

/* ---- the owner's side ---- */

void
share_done(struct share *s)
{
	secret_done(&s->share);
	secret_done(&s->salt);
}

status
share_check(const struct shares_doc *doc, uint8_t index, struct bytes share, struct bytes salt,
            struct err *err)
{
	struct hash256 got = share_commitment(index, share);
	struct hash256 got_salt = share_commitment(0, salt);

	if (index == 0 || index > doc->n ||
	    !hash256_equal(&got, &doc->entries[index - 1].commitment))
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-081",
		               "share %d is not the one that was made at the first set", index);
	if (!hash256_equal(&got_salt, &doc->salt_commitment))
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-082",
		               "the salt with share %d is not the one of the first set", index);
	return OK;
}

static status
open_entry(const struct shares_doc *doc, size_t i, const struct key *owner, struct share *ret,
           struct err *err)
{
	CLEANUP(secret_done) struct secret plain = {0};
	struct bytes b;

	TRY(key_oaep_open(owner, doc->entries[i].sealed, &plain, err));
	b = secret_view(&plain);
	if (b.n != SHARE_PLAIN_SIZE || b.p[0] != i + 1)
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-094",
		               "the share does not hold what it should");
	TRY(share_check(doc, b.p[0], bytes_sub(b, 1, 1 + SEED_SIZE),
	                bytes_sub(b, 1 + SEED_SIZE, SHARE_PLAIN_SIZE), err));
	ret->index = b.p[0];
	secret_copy(&ret->share, bytes_sub(b, 1, 1 + SEED_SIZE));
	secret_copy(&ret->salt, bytes_sub(b, 1 + SEED_SIZE, SHARE_PLAIN_SIZE));
	return OK;
}

status
share_open(const struct shares_doc *doc, const struct key *owner, struct share *ret,
           struct err *err)
{
	struct hash256 id = key_id(owner);

	for (size_t i = 0; i < doc->n; i++)
		if (hash256_equal(&doc->entries[i].owner, &id))
			return open_entry(doc, i, owner, ret, err);
	return err_set(err, ERR_NOT_FOUND, "E-AUTHORITY-093",
	               "this key owns no share of the deployment");
}

status
recover_seal(const uint8_t kem[32], const struct hash256 *genesis, const struct share *s,
             const struct hash256 *last_head, struct buf *out, struct err *err)
{
	CLEANUP(buf_done) struct buf plain = {0};

	buf_u8(&plain, s->index);
	buf_bytes(&plain, secret_view(&s->share));
	buf_bytes(&plain, secret_view(&s->salt));
	buf_bytes(&plain, hash256_view(last_head));
	TRY(buf_check(&plain, err));
	return seal_to(kem, SEAL_RECOVER, genesis, buf_view(&plain), out, err);
}
