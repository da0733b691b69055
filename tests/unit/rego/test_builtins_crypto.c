/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes, tokens and certificates, against what openssl(1) made of them. */
#include "builtin_rows.h"
#include "crypto_vectors.h"
#include "unit.h"

#define RUN(rows)                                                                                  \
	(void)state;                                                                               \
	builtin_rows_run(&rego_builtins_full, rows, COUNT_OF(rows))

static void
hashes(void **state)
{
	static const struct builtin_row rows[] = {
	        /* echo -n abc | openssl dgst, and openssl dgst -hmac key */
	        {"crypto.md5", "[\"abc\"]", "\"900150983cd24fb0d6963f7d28e17f72\""},
	        {"crypto.md5", "[\"\"]", "\"d41d8cd98f00b204e9800998ecf8427e\""},
	        {"crypto.md5", "[1]", "!operand 1 must be string"},
	        {"crypto.sha1", "[\"abc\"]", "\"a9993e364706816aba3e25717850c26c9cd0d89d\""},
	        {"crypto.sha1", "[null]", "!operand 1"},
	        {"crypto.sha256", "[\"abc\"]",
	         "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""},
	        {"crypto.sha256", "[[]]", "!operand 1"},
	        {"crypto.hmac.md5", "[\"abc\",\"key\"]", "\"d2fe98063f876b03193afb49b4979591\""},
	        {"crypto.hmac.md5", "[\"abc\",1]", "!operand 2"},
	        {"crypto.hmac.sha1", "[\"abc\",\"key\"]",
	         "\"4fd0b215276ef12f2b3e4c8ecac2811498b656fc\""},
	        {"crypto.hmac.sha1", "[1,\"key\"]", "!operand 1"},
	        {"crypto.hmac.sha256", "[\"abc\",\"key\"]",
	         "\"9c196e32dc0175f86f4b1cb89289d6619de6bee699e4c378e68309ed97a1a6ab\""},
	        {"crypto.hmac.sha256", "[\"\",\"\"]",
	         "\"b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad\""},
	        {"crypto.hmac.sha256", "[\"\",[]]", "!operand 2"},
	        {"crypto.hmac.sha512", "[\"abc\",\"key\"]",
	         "\"3926a207c8c42b0c41792cbd3e1a1aaaf5f7a25704f62dfc939c4987dd7ce060009c5bb1c244735"
	         "5b3216f10b537e9afa7b64a4e5391b0d631172d07939e087a\""},
	        {"crypto.hmac.sha512", "[{},\"\"]", "!operand 1"},
	        {"crypto.hmac.equal", "[\"ab\",\"ab\"]", "true"},
	        {"crypto.hmac.equal", "[\"ab\",\"abc\"]", "false"},
	        {"crypto.hmac.equal", "[\"ab\",1]", "!operand 2"},
	};
	RUN(rows);
}

#define PAYLOAD "{\"exp\":2000000000,\"iss\":\"us\",\"sub\":\"x\"}"
#define GOOD(alg) "[true,{\"alg\":\"" alg "\",\"typ\":\"JWT\"}," PAYLOAD "]"
#define BAD "[false,{},{}]"

static void
tokens(void **state)
{
	static const struct builtin_row rows[] = {
	        {"io.jwt.verify_hs256", "[\"" HS256 "\",\"secret\"]", "true"},
	        {"io.jwt.verify_hs256", "[\"" HS256 "\",\"Secret\"]", "false"},
	        {"io.jwt.verify_hs256", "[\"a.b\",\"secret\"]",
	         "!encoded JWT must have 3 sections, found 2"},
	        {"io.jwt.verify_hs256", "[1,\"secret\"]", "!operand 1 must be string"},
	        {"io.jwt.verify_hs384", "[\"" HS256 "\",\"secret\"]", "false"},
	        {"io.jwt.verify_hs512", "[\"" HS256 "\",\"secret\"]", "false"},
	        {"io.jwt.verify_rs256", "[\"" RS256 "\",\"" RSA_PUBLIC "\"]", "true"},
	        {"io.jwt.verify_rs256", "[\"" PS256 "\",\"" RSA_PUBLIC "\"]", "false"},
	        {"io.jwt.verify_rs256", "[\"" RS256 "\",\"" EC_PUBLIC "\"]", "false"},
	        {"io.jwt.verify_rs384", "[\"" RS256 "\",\"" RSA_PUBLIC "\"]", "false"},
	        {"io.jwt.verify_rs512", "[\"" RS256 "\",\"" RSA_PUBLIC "\"]", "false"},
	        {"io.jwt.verify_rs256", "[\"" RS256 "\",\"" RSA_PRIVATE "\"]",
	         "!failed to extract a Key from the PEM certificate"},
	        {"io.jwt.verify_rs256", "[\"" RS256 "\",\"" RSA_PUBLIC "x\"]",
	         "!extra data after a PEM certificate block"},
	        {"io.jwt.verify_rs256", "[\"" RS256 "\",\"nope\"]",
	         "!failed to parse a JWK key (set)"},
	        {"io.jwt.verify_ps256", "[\"" PS256 "\",\"" RSA_PUBLIC "\"]", "true"},
	        {"io.jwt.verify_ps384", "[\"" PS256 "\",\"" RSA_PUBLIC "\"]", "false"},
	        {"io.jwt.verify_ps512", "[\"" PS256 "\",1]", "!operand 2"},
	        {"io.jwt.verify_es256", "[\"" ES256 "\",\"" EC_PUBLIC "\"]", "true"},
	        {"io.jwt.verify_es256", "[\"" ES256 "\",\"" ROOT "\"]", "true"},
	        {"io.jwt.verify_es384", "[\"" ES384 "\",\"" EC384_PUBLIC "\"]", "true"},
	        {"io.jwt.verify_es512", "[\"" ES384 "\",\"" EC384_PUBLIC "\"]", "false"},
	        {"io.jwt.verify_es256", "[[],\"\"]", "!operand 1"},
	        {"io.jwt.verify_eddsa", "[\"" EDDSA "\",\"" ED_PUBLIC "\"]", "true"},
	        {"io.jwt.verify_eddsa", "[\"" ES256 "\",\"" ED_PUBLIC "\"]", "false"},
	        {"io.jwt.decode", "[\"eyJhbGciOiJub25lIn0.eyJhIjoxLCJhIjoyfQ.\"]",
	         "[{\"alg\":\"none\"},{\"a\":2},\"\"]"},
	        {"io.jwt.decode", "[\"abc\"]", "!encoded JWT had no period separators"},
	        {"io.jwt.decode", "[\"?.e30.\"]", "!JWT header had invalid encoding"},
	        {"io.jwt.decode", "[\"e30.W10.\"]", "!decoded JSON type was not an Object"},
	        {"io.jwt.decode_verify", "[\"" HS256 "\",{\"secret\":\"secret\"}]", GOOD("HS256")},
	        {"io.jwt.decode_verify",
	         "[\"" RS256 "\",{\"cert\":\"" RSA_PUBLIC "\",\"alg\":\"RS256\",\"iss\":\"us\"}]",
	         GOOD("RS256")},
	        {"io.jwt.decode_verify", "[\"" ES256 "\",{\"cert\":\"" ROOT "\"}]", GOOD("ES256")},
	        {"io.jwt.decode_verify", "[\"" EDDSA "\",{\"cert\":\"" ED_PUBLIC "\"}]",
	         GOOD("EdDSA")},
	        {"io.jwt.decode_verify",
	         "[\"" RS256 "\",{\"cert\":\"" RSA_PUBLIC "\",\"alg\":\"PS256\"}]", BAD},
	        {"io.jwt.decode_verify",
	         "[\"" RS256 "\",{\"cert\":\"" RSA_PUBLIC "\",\"iss\":\"them\"}]", BAD},
	        {"io.jwt.decode_verify",
	         "[\"" RS256 "\",{\"cert\":\"" RSA_PUBLIC "\",\"aud\":\"x\"}]", BAD},
	        {"io.jwt.decode_verify",
	         "[\"" RS256 "\",{\"cert\":\"" RSA_PUBLIC "\",\"time\":2000000000000000000}]", BAD},
	        {"io.jwt.decode_verify",
	         "[\"" RS256 "\",{\"secret\":\""
	         "secret"
	         "\"}]",
	         BAD},
	        {"io.jwt.decode_verify", "[\"" RS256 "\",{}]", "!no key constraint"},
	        {"io.jwt.decode_verify", "[\"" RS256 "\",{\"x\":1}]",
	         "!unknown token validation constraint: x"},
	        {"io.jwt.decode_verify",
	         "[\"" RS256 "\",{\"secret\":\"a\",\"cert\":\"" RSA_PUBLIC "\"}]",
	         "!duplicate key constraints"},
	        {"io.jwt.decode_verify", "[\"" RS256 "\",[]]", "!operand 2 must be object"},
	        {"io.jwt.encode_sign",
	         "[{\"alg\":\"HS256\",\"typ\":\"JWT\"},{},{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}]",
	         "\"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.t-"
	         "IDcSemACt8x4iTMCda8Yhe3iZaWbvV5XKSTbuAn0M\""},
	        {"io.jwt.encode_sign", "[{\"alg\":\"XX\"},{},{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}]",
	         "!unknown JWS algorithm: XX"},
	        {"io.jwt.encode_sign",
	         "[{\"alg\":\"RS256\"},{},{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}]",
	         "!the key cannot sign"},
	        {"io.jwt.encode_sign", "[1,{},{}]", "!failed to parse a JWK key"},
	        {"io.jwt.encode_sign_raw",
	         "[\"\",\"{}\",\"{\\\"kty\\\":\\\"oct\\\",\\\"k\\\":\\\"c2VjcmV0\\\"}\"]",
	         "!missing or invalid 'alg' header: cannot parse JSON: cannot parse empty string"},
	        {"io.jwt.encode_sign_raw",
	         "[\"{\\\"alg\\\":\\\"HS256\\\"}\",\"x\",\"{\\\"kty\\\":\\\"oct\\\",\\\"k\\\":"
	         "\\\"c2VjcmV0\\\"}\"]",
	         "!type is JWT but payload is not JSON"},
	        {"io.jwt.encode_sign_raw", "[\"\",\"\",1]", "!operand 3"},
	};
	RUN(rows);
}

/* A private key from PEM, as a JSON Web Key, signs what the public one verifies. */
static void
sign_and_verify(void **state)
{
	static const struct {
		const char *pem, *public, *alg, *verify;
	} rows[] = {
	        {RSA_PRIVATE, RSA_PUBLIC, "RS256", "io.jwt.verify_rs256"},
	        {RSA_PRIVATE, RSA_PUBLIC, "PS512", "io.jwt.verify_ps512"},
	        {EC_PRIVATE, EC_PUBLIC, "ES256", "io.jwt.verify_es256"},
	        {EC384_PRIVATE, EC384_PUBLIC, "ES384", "io.jwt.verify_es384"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf text = {0};
		struct err err = {0};
		struct rego_call c = {.arena = &a, .name = "test", .err = &err};
		struct value pem, head, args[3], jwk = {0}, token = {0}, good = {0};

		buf_printf(&text, "\"%s\"", rows[i].pem);
		pem = builtin_rows_value(&a, buf_cstr(&text));
		assert_ok(rego_builtin_find(&rego_builtins_full,
		                            BYTES("crypto.x509.parse_rsa_private_key"))
		                  ->fn(&c, &pem, &jwk));
		buf_reset(&text);
		buf_printf(&text, "{\"alg\":\"%s\"}", rows[i].alg);
		head = builtin_rows_value(&a, buf_cstr(&text));
		args[0] = head;
		args[1] = value_empty(VALUE_OBJECT);
		args[2] = jwk;
		assert_ok(rego_builtin_find(&rego_builtins_full, BYTES("io.jwt.encode_sign"))
		                  ->fn(&c, args, &token));
		buf_reset(&text);
		buf_printf(&text, "\"%s\"", rows[i].public);
		args[0] = token;
		args[1] = builtin_rows_value(&a, buf_cstr(&text));
		assert_ok(rego_builtin_find(&rego_builtins_full, bytes_str(rows[i].verify))
		                  ->fn(&c, args, &good));
		assert_true(good.type == VALUE_BOOL && good.u.b);
	}
}

static void
certificates(void **state)
{
	static const struct builtin_row rows[] = {
	        {"crypto.x509.parse_certificates", "[\"foobar\"]", "!illegal base64"},
	        {"crypto.x509.parse_certificates", "[\"YmFk\"]", "!x509: malformed certificate"},
	        {"crypto.x509.parse_certificates", "[1]", "!operand 1"},
	        {"crypto.x509.parse_and_verify_certificates", "[\"" LEAF ROOT "\"]", "[false,[]]"},
	        {"crypto.x509.parse_and_verify_certificates", "[\"" ROOT "\"]", "[false,[]]"},
	        {"crypto.x509.parse_and_verify_certificates", "[1]", "!operand 1"},
	        {"crypto.x509.parse_and_verify_certificates_with_options",
	         "[\"" ROOT LEAF "\",{\"DNSName\":\"other.test\"}]", "[false,[]]"},
	        {"crypto.x509.parse_and_verify_certificates_with_options",
	         "[\"" ROOT LEAF "\",{\"CurrentTime\":0}]", "[false,[]]"},
	        {"crypto.x509.parse_and_verify_certificates_with_options",
	         "[\"" ROOT LEAF "\",{\"x\":1}]", "!invalid key option"},
	        {"crypto.x509.parse_and_verify_certificates_with_options",
	         "[\"" ROOT LEAF "\",{\"DNSName\":1}]", "!'DNSName' should be a string"},
	        {"crypto.x509.parse_certificate_request", "[\"" ROOT "\"]",
	         "!invalid PEM-encoded certificate signing request"},
	        {"crypto.x509.parse_certificate_request", "[[]]", "!operand 1"},
	        {"crypto.x509.parse_rsa_private_key", "[\"\"]", "!input PEM data was empty"},
	        {"crypto.x509.parse_rsa_private_key", "[\"invalid\"]", "!illegal base64"},
	        {"crypto.x509.parse_keypair", "[\"" ROOT "\",\"" RSA_PRIVATE "\"]",
	         "!tls: private key does not match public key"},
	        {"crypto.x509.parse_keypair", "[\"" RSA_PUBLIC "\",\"" RSA_PRIVATE "\"]",
	         "!failed to find any PEM data in certificate input"},
	        {"crypto.parse_private_keys", "[\"\"]", "null"},
	        {"crypto.parse_private_keys", "[\"x\"]", "[]"},
	        {"crypto.parse_private_keys", "[1]", "!operand 1"},
	};
	RUN(rows);
}

/* Member by member of the leaf, its request, and the verified path. */
static void
contents(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct err err = {0};
	struct rego_call c = {.arena = &a,
	                      .name = "test",
	                      .now_ns = 1800000000000000000,
	                      .err = &err};
	struct value arg = builtin_rows_value(&a, "\"" ROOT LEAF "\""), ret = {0};
	struct value csr = builtin_rows_value(&a, "\"" CSR "\"");
	const struct value *leaf, *root;
	const struct value *certs;

	(void)state;
	builtin_rows_now = 1800000000000000000;
	builtin_rows_run(&rego_builtins_full, NULL, 0);
	assert_ok(rego_builtin_find(&rego_builtins_full,
	                            BYTES("crypto.x509.parse_and_verify_certificates"))
	                  ->fn(&c, &arg, &ret));
	assert_true(ret.u.items[0].u.b);
	certs = &ret.u.items[1];
	assert_int_equal(certs->n, 2);
	leaf = &certs->u.items[0];
	root = &certs->u.items[1];
	assert_bytes(json_text(value_member(value_member(leaf, "Subject"), "CommonName")),
	             BYTES("leaf.test"));
	assert_bytes(json_text(value_member(value_member(leaf, "Issuer"), "CommonName")),
	             BYTES("root"));
	assert_bytes(json_text(&value_member(leaf, "DNSNames")->u.items[0]), BYTES("leaf.test"));
	assert_bytes(json_text(&value_member(leaf, "URIStrings")->u.items[0]),
	             BYTES("spiffe://test/leaf"));
	assert_bytes(json_text(&value_member(leaf, "IPAddresses")->u.items[0]), BYTES("10.0.0.1"));
	assert_int_equal(value_member(leaf, "SerialNumber")->u.i, 77);
	assert_int_equal(value_member(leaf, "SignatureAlgorithm")->u.i, 10);
	assert_true(value_member(root, "IsCA")->u.b);
	assert_int_equal(value_member(root, "KeyUsage")->u.i, 32);
	ret = (struct value){0};
	assert_ok(rego_builtin_find(&rego_builtins_full,
	                            BYTES("crypto.x509.parse_certificate_request"))
	                  ->fn(&c, &csr, &ret));
	assert_bytes(json_text(value_member(value_member(&ret, "Subject"), "CommonName")),
	             BYTES("leaf.test"));
	assert_bytes(json_text(&value_member(&ret, "DNSNames")->u.items[0]), BYTES("leaf.test"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(hashes),          cmocka_unit_test(tokens),
	        cmocka_unit_test(sign_and_verify), cmocka_unit_test(certificates),
	        cmocka_unit_test(contents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
