/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hpke.h"

#include "crypto/aead.h"

/* RFC 9180 sections 4.1 and 5.1: suite ids of the KEM and of the whole. */
#define SUITE_KEM BYTES("KEM\x00\x20")
#define SUITE_HPKE BYTES("HPKE\x00\x20\x00\x01\x00\x02")

enum { MODE_BASE = 0, KEY_SIZE = 32, HASH_SIZE = 32 };

/* RFC 9180 section 4: LabeledExtract. */
static void
labeled_extract(struct bytes suite, struct bytes salt, struct bytes label, struct bytes ikm,
                struct secret *ret)
{
	CLEANUP(buf_done) struct buf in = {0};

	buf_str(&in, "HPKE-v1");
	buf_bytes(&in, suite);
	buf_bytes(&in, label);
	buf_bytes(&in, ikm);
	hkdf_extract(salt, buf_view(&in), ret);
}

/* RFC 9180 section 4: LabeledExpand. */
static void
labeled_expand(struct bytes suite, struct bytes prk, struct bytes label, struct bytes info,
               uint16_t n, struct secret *ret)
{
	CLEANUP(buf_done) struct buf in = {0};

	buf_be16(&in, n);
	buf_str(&in, "HPKE-v1");
	buf_bytes(&in, suite);
	buf_bytes(&in, label);
	buf_bytes(&in, info);
	hkdf_expand(prk, buf_view(&in), n, ret);
}

/* Section 4.1: shared secret from the exchange and both public keys. */
static status
shared_secret(const struct key *mine, const struct key *theirs, struct bytes enc,
              struct bytes recipient, struct secret *ret, struct err *err)
{
	CLEANUP(secret_done) struct secret dh = {0};
	CLEANUP(secret_done) struct secret prk = {0};
	CLEANUP(buf_done) struct buf context = {0};

	TRY(key_x25519_derive(mine, theirs, &dh, err));
	buf_bytes(&context, enc);
	buf_bytes(&context, recipient);
	labeled_extract(SUITE_KEM, BYTES(""), BYTES("eae_prk"), secret_view(&dh), &prk);
	labeled_expand(SUITE_KEM, secret_view(&prk), BYTES("shared_secret"), buf_view(&context),
	               KEY_SIZE, ret);
	return OK;
}

/* Section 5.1, KeySchedule in base mode: no PSK. */
static void
key_schedule(const struct secret *shared, struct bytes info, struct secret *ret_key,
             struct secret *ret_nonce)
{
	CLEANUP(secret_done) struct secret psk_id_hash = {0};
	CLEANUP(secret_done) struct secret info_hash = {0};
	CLEANUP(secret_done) struct secret secret = {0};
	CLEANUP(buf_done) struct buf context = {0};

	labeled_extract(SUITE_HPKE, BYTES(""), BYTES("psk_id_hash"), BYTES(""), &psk_id_hash);
	labeled_extract(SUITE_HPKE, BYTES(""), BYTES("info_hash"), info, &info_hash);
	buf_u8(&context, MODE_BASE);
	buf_bytes(&context, secret_view(&psk_id_hash));
	buf_bytes(&context, secret_view(&info_hash));
	labeled_extract(SUITE_HPKE, secret_view(shared), BYTES("secret"), BYTES(""), &secret);
	labeled_expand(SUITE_HPKE, secret_view(&secret), BYTES("key"), buf_view(&context),
	               AEAD_KEY_SIZE, ret_key);
	labeled_expand(SUITE_HPKE, secret_view(&secret), BYTES("base_nonce"), buf_view(&context),
	               AEAD_NONCE_SIZE, ret_nonce);
}

status
hpke_seal_with(const struct key *ephemeral, struct bytes recipient_public, struct bytes info,
               struct bytes aad, struct bytes plain, struct buf *out, struct err *err)
{
	CLEANUP(key_drop) struct key *recipient = NULL;
	CLEANUP(secret_done) struct secret shared = {0};
	CLEANUP(secret_done) struct secret key = {0};
	CLEANUP(secret_done) struct secret nonce = {0};
	uint8_t enc[HPKE_ENC_SIZE];
	status s;

	key_x25519_raw_public(ephemeral, enc);
	s = key_x25519_public(recipient_public, &recipient, err);
	if (is_ok(s))
		s = shared_secret(ephemeral, recipient, bytes_of(enc, sizeof enc), recipient_public,
		                  &shared, err);
	if (!is_ok(s))
		return err_set(err, ERR_REJECTED, "E-HPKE-001",
		               "the recipient's X25519 key is not usable");
	key_schedule(&shared, info, &key, &nonce);
	buf_add(out, enc, sizeof enc);
	aead_seal(secret_view(&key), secret_view(&nonce), aad, plain, out);
	return buf_check(out, err);
}

status
hpke_seal(struct bytes recipient_public, struct bytes info, struct bytes aad, struct bytes plain,
          struct buf *out, struct err *err)
{
	CLEANUP(key_drop) struct key *ephemeral = key_generate(KEY_X25519, 0);

	return hpke_seal_with(ephemeral, recipient_public, info, aad, plain, out, err);
}

status
hpke_open(const struct key *recipient, struct bytes info, struct bytes aad, struct bytes sealed,
          struct secret *ret, struct err *err)
{
	CLEANUP(key_drop) struct key *peer = NULL;
	CLEANUP(secret_done) struct secret shared = {0};
	CLEANUP(secret_done) struct secret key = {0};
	CLEANUP(secret_done) struct secret nonce = {0};
	struct bytes enc = bytes_sub(sealed, 0, HPKE_ENC_SIZE);
	uint8_t mine[HPKE_ENC_SIZE];
	status s;

	key_x25519_raw_public(recipient, mine);
	s = key_x25519_public(enc, &peer, err);
	if (is_ok(s))
		s = shared_secret(recipient, peer, enc, bytes_of(mine, sizeof mine), &shared, err);
	if (is_ok(s)) {
		key_schedule(&shared, info, &key, &nonce);
		s = aead_open(secret_view(&key), secret_view(&nonce), aad,
		              bytes_sub(sealed, HPKE_ENC_SIZE, sealed.n), ret, err);
	}
	/* One answer for all failures: what failed is of use to an attacker only. */
	if (!is_ok(s))
		return err_set(err, ERR_REJECTED, "E-HPKE-002",
		               "the sealed message does not open with this key for this purpose");
	return OK;
}
