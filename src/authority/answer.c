/* SPDX-License-Identifier: Apache-2.0 */
#include "authority/answer.h"

#include "base/buf.h"
#include "crypto/hpke.h"

void
answer_message(const char *path, const struct hash256 *genesis, const struct hash256 *head,
               struct bytes request, struct bytes answer, struct buf *out)
{
	struct hash256 asked = sha256(request), answered = sha256(answer);

	buf_bytes(out, BYTES("contrast/v1/answer\0"));
	buf_str(out, path);
	buf_u8(out, 0);
	buf_bytes(out, hash256_view(genesis));
	buf_bytes(out, hash256_view(head));
	buf_bytes(out, hash256_view(&asked));
	buf_bytes(out, hash256_view(&answered));
}

void
answer_sign(const struct key *answer_key, const char *path, const struct hash256 *genesis,
            const struct hash256 *head, struct bytes request, struct bytes answer,
            struct buf *signature)
{
	CLEANUP(buf_done) struct buf message = {0};

	answer_message(path, genesis, head, request, answer, &message);
	key_sign_ecdsa(answer_key, SIG_SHA256, buf_view(&message), signature);
}

status
answer_verify(const struct key *answer_key, const struct hash256 *answer_key_id, const char *path,
              const struct hash256 *genesis, const struct hash256 *head, struct bytes request,
              struct bytes answer, struct bytes signature, struct err *err)
{
	CLEANUP(buf_done) struct buf message = {0};
	struct hash256 id = key_id(answer_key);

	if (key_kind(answer_key) != KEY_P256 || !hash256_equal(&id, answer_key_id))
		return err_set(
		        err, ERR_REJECTED, "E-AUTHORITY-055",
		        "the answer is signed by another key than the accepted evidence names");
	answer_message(path, genesis, head, request, answer, &message);
	if (!is_ok(key_verify_ecdsa(answer_key, SIG_SHA256, buf_view(&message), signature, err)))
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-056",
		               "the signature of the answer to %s does not fit this request", path);
	return OK;
}

static void
seal_info(const char *what, const struct hash256 *genesis, struct buf *info)
{
	buf_str(info, "contrast/v1/seal/");
	buf_str(info, what);
	buf_u8(info, 0);
	buf_bytes(info, hash256_view(genesis));
}

status
seal_to(const uint8_t kem_public[32], const char *what, const struct hash256 *genesis,
        struct bytes plain, struct buf *out, struct err *err)
{
	CLEANUP(buf_done) struct buf info = {0};

	seal_info(what, genesis, &info);
	return hpke_seal(bytes_of(kem_public, 32), buf_view(&info), BYTES(""), plain, out, err);
}

status
seal_open(const struct key *kem_private, const char *what, const struct hash256 *genesis,
          struct bytes sealed, struct secret *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf info = {0};

	seal_info(what, genesis, &info);
	return hpke_open(kem_private, buf_view(&info), BYTES(""), sealed, ret, err);
}
