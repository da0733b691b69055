/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes and HMAC, as lower-case hex. */
#include "base/text.h"
#include "crypto/jws.h"
#include "rego/builtin_groups.h"

static status
hex_result(struct rego_call *c, const struct buf *raw, struct value *ret)
{
	CLEANUP(buf_done) struct buf hex = {0};

	hex_encode(buf_view(raw), &hex);
	return builtin_text(c, &hex, ret);
}

static status
hash(struct rego_call *c, const struct value *args, enum digest_kind kind, struct value *ret)
{
	CLEANUP(buf_done) struct buf raw = {0};
	struct bytes text;

	TRY(builtin_string(c, args, 0, &text));
	TRY(rego_charge(c, 10 + text.n / 16));
	digest_of(kind, text, &raw);
	return hex_result(c, &raw, ret);
}

static status
mac(struct rego_call *c, const struct value *args, enum digest_kind kind, struct value *ret)
{
	CLEANUP(buf_done) struct buf raw = {0};
	struct bytes text, key;

	TRY(builtin_string(c, args, 0, &text));
	TRY(builtin_string(c, args, 1, &key));
	TRY(rego_charge(c, 20 + (text.n + key.n) / 16));
	hmac_of(kind, key, text, &raw);
	return hex_result(c, &raw, ret);
}

#define HASH(function, how, kind)                                                                  \
	static status function(struct rego_call *c, const struct value *args, struct value *ret)   \
	{                                                                                          \
		return how(c, args, kind, ret);                                                    \
	}
HASH(md5, hash, DIGEST_MD5)
HASH(sha1, hash, DIGEST_SHA1)
HASH(sha256_hex, hash, DIGEST_SHA256)
HASH(hmac_md5, mac, DIGEST_MD5)
HASH(hmac_sha1, mac, DIGEST_SHA1)
HASH(hmac_sha256_hex, mac, DIGEST_SHA256)
HASH(hmac_sha512_hex, mac, DIGEST_SHA512)

static status
hmac_equal(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes a, b;

	TRY(builtin_string(c, args, 0, &a));
	TRY(builtin_string(c, args, 1, &b));
	TRY(rego_charge(c, a.n / 16));
	return return_bool(a.n == b.n && ct_equal(a, b), ret);
}

static const struct rego_builtin list[] = {
        {"crypto.md5", 1, 0, md5},
        {"crypto.sha1", 1, 0, sha1},
        {"crypto.sha256", 1, 0, sha256_hex},
        {"crypto.hmac.md5", 2, 0, hmac_md5},
        {"crypto.hmac.sha1", 2, 0, hmac_sha1},
        {"crypto.hmac.sha256", 2, 0, hmac_sha256_hex},
        {"crypto.hmac.sha512", 2, 0, hmac_sha512_hex},
        {"crypto.hmac.equal", 2, 0, hmac_equal},
};
const struct rego_builtin_group rego_group_crypto = {list, COUNT_OF(list)};
