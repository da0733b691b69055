/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "crypto/cert.h"
#include "unit.h"

enum { DAY = 86400 };
static const int64_t NOW = 1795500000; /* 2026-11-24 */

struct pki {
	struct key *root_key, *ca_key, *leaf_key;
	struct cert *root, *ca, *leaf;
};

static struct cert *
issue(enum cert_profile profile, const char *cn, struct key *key, struct cert *issuer,
      struct key *signer)
{
	struct cert_spec spec = {
	        .profile = profile,
	        .subject_cn = cn,
	        .key = key,
	        .issuer = issuer,
	        .signer = signer,
	        .pss_sha384 = key_kind(signer ? signer : key) == KEY_RSA,
	        .not_before = NOW - DAY,
	        .not_after = NOW + DAY,
	};
	struct cert *c = NULL;
	struct err err;

	assert_ok(cert_issue(&spec, &c, &err));
	return c;
}

static int
make_pki(void **state)
{
	static struct pki p;

	p.root_key = key_generate(KEY_P384, 0);
	p.ca_key = key_generate(KEY_P256, 0);
	p.leaf_key = key_generate(KEY_P256, 0);
	p.root = issue(CERT_CA, "root", p.root_key, NULL, NULL);
	p.ca = issue(CERT_CA_LEAVES, "ca", p.ca_key, p.root, p.root_key);
	p.leaf = issue(CERT_LEAF_TLS, "leaf", p.leaf_key, p.ca, p.ca_key);
	*state = &p;
	return 0;
}

static int
drop_pki(void **state)
{
	struct pki *p = *state;

	cert_free(p->root);
	cert_free(p->ca);
	cert_free(p->leaf);
	key_free(p->root_key);
	key_free(p->ca_key);
	key_free(p->leaf_key);
	return 0;
}

static void
chain_is_accepted(void **state)
{
	struct pki *p = *state;
	struct err err;

	assert_ok(cert_verify_chain(p->leaf, &p->ca, 1, p->root, NOW, &err));
	assert_ok(cert_verify_chain(p->ca, NULL, 0, p->root, NOW, &err));
	assert_bytes(cert_subject_cn(p->leaf), BYTES("leaf"));
	assert_bytes(cert_issuer_cn(p->leaf), BYTES("ca"));
	assert_true(cert_is_ca(p->ca));
	assert_false(cert_is_ca(p->leaf));
	assert_int_equal(cert_not_after(p->leaf), NOW + DAY);
	assert_int_equal(cert_serial(p->leaf).n, 16);
}

static void
chain_refusals(void **state)
{
	struct pki *p = *state;
	CLEANUP(key_drop) struct key *k = key_generate(KEY_P256, 0);
	CLEANUP(cert_drop) struct cert *fake = issue(CERT_CA, "root", k, NULL, NULL);
	CLEANUP(cert_drop)
	struct cert *under_leaf = issue(CERT_LEAF_TLS, "x", k, p->leaf, p->leaf_key);
	CLEANUP(cert_drop) struct cert *sub = issue(CERT_CA, "sub", k, p->ca, p->ca_key);
	CLEANUP(cert_drop) struct cert *deep = issue(CERT_LEAF_TLS, "deep", k, sub, k);
	struct cert *path[2] = {p->ca, p->leaf};
	struct cert *deep_path[2] = {p->ca, sub};
	struct err err = {0};

	assert_fails(cert_verify_chain(p->leaf, NULL, 0, p->root, NOW, &err), "E-CRYPTO-030");
	/* A root of the same name with another key. */
	assert_fails(cert_verify_chain(p->leaf, &p->ca, 1, fake, NOW, &err), "E-CRYPTO-030");
	assert_fails(cert_verify_chain(p->leaf, &p->ca, 1, p->root, NOW + 2 * DAY, &err),
	             "E-CRYPTO-031");
	assert_fails(cert_verify_chain(p->leaf, &p->ca, 1, p->root, NOW - 2 * DAY, &err),
	             "E-CRYPTO-031");
	/* A leaf that signs, and a path longer than the CA's length allows. */
	assert_fails(cert_verify_chain(under_leaf, path, 2, p->root, NOW, &err), "E-CRYPTO-030");
	assert_fails(cert_verify_chain(deep, deep_path, 2, p->root, NOW, &err), "E-CRYPTO-030");
	assert_fails(cert_signed_by(p->leaf, p->root, &err), "E-CRYPTO-035");
	assert_fails(cert_signed_by(p->ca, fake, &err), "E-CRYPTO-035");
	assert_ok(cert_signed_by(p->leaf, p->ca, &err));
}

static void
unknown_critical_extension_is_refused(void **state)
{
	struct pki *p = *state;

	for (int critical = 0; critical < 2; critical++) {
		CLEANUP(cert_drop) struct cert *c = NULL;
		struct cert_extra extra = {"1.2.3.4.5", critical, BYTES("\x05\x00")};
		struct cert_spec spec = {
		        .profile = CERT_LEAF_TLS,
		        .subject_cn = "x",
		        .key = p->leaf_key,
		        .issuer = p->ca,
		        .signer = p->ca_key,
		        .not_before = NOW - DAY,
		        .not_after = NOW + DAY,
		        .extras = &extra,
		        .n_extras = 1,
		};
		struct bytes value;
		struct err err = {0};

		assert_ok(cert_issue(&spec, &c, &err));
		assert_ok(cert_extension(c, "1.2.3.4.5", &value, &err));
		assert_bytes(value, BYTES("\x05\x00"));
		assert_fails(cert_extension(c, "1.2.3.4.6", &value, &err), "E-CRYPTO-023");
		if (critical)
			assert_fails(cert_verify_chain(c, &p->ca, 1, p->root, NOW, &err),
			             "E-CRYPTO-030");
		else
			assert_ok(cert_verify_chain(c, &p->ca, 1, p->root, NOW, &err));
	}
}

static void
duplicate_extension_is_found(void **state)
{
	struct pki *p = *state;
	CLEANUP(cert_drop) struct cert *c = NULL;
	struct cert_extra extras[2] = {{"1.2.3.4.5", false, BYTES("\x05\x00")},
	                               {"1.2.3.4.5", false, BYTES("\x05\x00")}};
	struct cert_spec spec = {
	        .profile = CERT_LEAF_BARE,
	        .subject_cn = "x",
	        .key = p->leaf_key,
	        .issuer = p->ca,
	        .signer = p->ca_key,
	        .not_before = NOW - DAY,
	        .not_after = NOW + DAY,
	        .extras = extras,
	        .n_extras = 2,
	};
	struct bytes value;
	struct err err = {0};

	assert_ok(cert_issue(&spec, &c, &err));
	assert_fails(cert_extension(c, "1.2.3.4.5", &value, &err), "E-CRYPTO-024");
}

static void
names_are_constrained(void **state)
{
	struct pki *p = *state;
	struct bytes permitted = BYTES("shop.example");
	struct cert_spec ca_spec = {
	        .profile = CERT_CA_LEAVES,
	        .subject_cn = "narrow",
	        .key = p->ca_key,
	        .issuer = p->root,
	        .signer = p->root_key,
	        .not_before = NOW - DAY,
	        .not_after = NOW + DAY,
	        .permitted_dns = &permitted,
	        .n_permitted_dns = 1,
	};
	CLEANUP(cert_drop) struct cert *narrow = NULL;
	static const struct {
		const char *dns;
		bool ok;
	} rows[] = {{"web.shop.example", true}, {"web.other.example", false}};
	struct err err = {0};

	assert_ok(cert_issue(&ca_spec, &narrow, &err));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes dns = bytes_str(rows[i].dns);
		struct bytes uri = BYTES("spiffe://shop/web");
		uint8_t ip[4] = {10, 0, 0, 1};
		struct bytes ip_name = bytes_of(ip, 4);
		struct cert_spec spec = {
		        .profile = CERT_LEAF_TLS,
		        .subject_cn = "x",
		        .subject_serial = "abc",
		        .key = p->leaf_key,
		        .issuer = narrow,
		        .signer = p->ca_key,
		        .not_before = NOW - DAY,
		        .not_after = NOW + DAY,
		        .dns = &dns,
		        .n_dns = 1,
		        .uris = &uri,
		        .n_uris = 1,
		        .ips = &ip_name,
		        .n_ips = 1,
		};
		CLEANUP(cert_drop) struct cert *c = NULL;

		assert_ok(cert_issue(&spec, &c, &err));
		if (rows[i].ok)
			assert_ok(cert_verify_chain(c, &narrow, 1, p->root, NOW, &err));
		else
			assert_fails(cert_verify_chain(c, &narrow, 1, p->root, NOW, &err),
			             "E-CRYPTO-030");
	}
}

static void
revocation(void **state)
{
	struct pki *p = *state;
	CLEANUP(buf_done) struct buf none = {0};
	CLEANUP(buf_done) struct buf some = {0};
	CLEANUP(crl_drop) struct crl *clean = NULL;
	CLEANUP(crl_drop) struct crl *list = NULL;
	struct bytes serial = cert_serial(p->ca);
	struct err err = {0};

	assert_ok(
	        crl_issue(p->root, p->root_key, false, NULL, 0, NOW - DAY, NOW + DAY, &none, &err));
	assert_ok(crl_issue(p->root, p->root_key, false, &serial, 1, NOW - DAY, NOW + DAY, &some,
	                    &err));
	assert_ok(crl_parse_der(buf_view(&none), &clean, &err));
	assert_ok(crl_parse_der(buf_view(&some), &list, &err));
	assert_ok(crl_verify(clean, p->root, NOW, &err));
	assert_false(crl_has(clean, p->ca));
	assert_true(crl_has(list, p->ca));
	assert_false(crl_has(list, p->leaf));
	assert_fails(crl_verify(list, p->ca, NOW, &err), "E-CRYPTO-032");
	assert_fails(crl_verify(list, p->root, NOW + 2 * DAY, &err), "E-CRYPTO-033");
	assert_fails(crl_verify(list, p->root, NOW - 2 * DAY, &err), "E-CRYPTO-033");
	some.p[some.n - 1] ^= 1;
	crl_drop(&list);
	assert_ok(crl_parse_der(buf_view(&some), &list, &err));
	assert_fails(crl_verify(list, p->root, NOW, &err), "E-CRYPTO-032");
	assert_fails(crl_parse_der(bytes_sub(buf_view(&some), 0, some.n - 1), &list, &err),
	             "E-CRYPTO-034");
}

static void
amd_shape(void **state)
{
	CLEANUP(key_drop) struct key *k = key_generate(KEY_RSA, 4096);
	CLEANUP(key_drop) struct key *vcek_key = key_generate(KEY_P384, 0);
	CLEANUP(cert_drop) struct cert *ark = NULL;
	CLEANUP(cert_drop) struct cert *vcek = NULL;
	CLEANUP(crl_drop) struct crl *list = NULL;
	CLEANUP(buf_done) struct buf der = {0};
	struct cert_spec spec = {
	        .profile = CERT_CA,
	        .subject_cn = "ARK-Local",
	        .amd_names = true,
	        .key = k,
	        .pss_sha384 = true,
	        .not_before = NOW - DAY,
	        .not_after = NOW + DAY,
	};
	struct err err = {0};

	(void)state;
	assert_ok(cert_issue(&spec, &ark, &err));
	spec.profile = CERT_LEAF_BARE;
	spec.subject_cn = "SEV-VCEK";
	spec.key = vcek_key;
	spec.issuer = ark;
	spec.signer = k;
	spec.serial = BYTES("\0");
	assert_ok(cert_issue(&spec, &vcek, &err));
	assert_true(cert_sig_is_pss_sha384(vcek));
	assert_false(cert_sig_is_ecdsa_sha256(vcek));
	assert_bytes(cert_serial(vcek), BYTES("\0"));
	assert_ok(cert_verify_chain(vcek, NULL, 0, ark, NOW, &err));
	assert_ok(crl_issue(ark, k, true, NULL, 0, NOW, NOW + DAY, &der, &err));
	assert_ok(crl_parse_der(buf_view(&der), &list, &err));
	assert_true(crl_sig_is_pss_sha384(list));
	assert_ok(crl_verify(list, ark, NOW, &err));
}

/* Every bit of a certificate, flipped, is noticed: it does not parse or does not verify. */
static void
no_bit_is_free(void **state)
{
	struct pki *p = *state;
	CLEANUP(buf_done) struct buf der = {0};

	buf_bytes(&der, cert_der(p->leaf));
	for (size_t bit = 0; bit < der.n * 8; bit++) {
		CLEANUP(cert_drop) struct cert *c = NULL;
		struct err err;

		der.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (is_ok(cert_parse_der(buf_view(&der), &c, &err)) &&
		    is_ok(cert_verify_chain(c, &p->ca, 1, p->root, NOW, &err)))
			fail_msg("bit %zu of byte %zu is free", bit % 8, bit / 8);
		der.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
}

static void
pem_lists(void **state)
{
	struct pki *p = *state;
	CLEANUP(buf_done) struct buf text = {0};
	struct cert *got[3] = {NULL};
	size_t n = 0;
	struct err err = {0};

	buf_str(&text, "some text before\n");
	cert_pem(p->leaf, &text);
	cert_pem(p->ca, &text);
	assert_ok(cert_parse_pem(buf_view(&text), 3, got, &n, &err));
	assert_int_equal(n, 2);
	assert_bytes(cert_der(got[0]), cert_der(p->leaf));
	assert_bytes(cert_der(got[1]), cert_der(p->ca));
	cert_drop(&got[0]);
	cert_drop(&got[1]);
	assert_fails(cert_parse_pem(buf_view(&text), 1, got, &n, &err), "E-CRYPTO-021");
	assert_fails(cert_parse_pem(BYTES("nothing"), 3, got, &n, &err), "E-CRYPTO-020");
	key_public_pem(p->leaf_key, &text);
	assert_fails(cert_parse_pem(buf_view(&text), 3, got, &n, &err), "E-CRYPTO-022");
}

static void
requests(void **state)
{
	struct pki *p = *state;
	CLEANUP(buf_done) struct buf der = {0};
	CLEANUP(buf_done) struct buf other = {0};
	CLEANUP(key_drop) struct key *k = NULL;
	CLEANUP(key_drop) struct key *big = key_generate(KEY_P384, 0);
	size_t accepted = 0;
	struct err err = {0};

	csr_make(p->leaf_key, &der);
	assert_ok(csr_parse(buf_view(&der), &k, &err));
	assert_true(key_same_public(k, p->leaf_key));
	csr_make(big, &other);
	key_drop(&k);
	assert_fails(csr_parse(buf_view(&other), &k, &err), "E-CRYPTO-042");
	assert_fails(csr_parse(bytes_sub(buf_view(&der), 0, der.n - 1), &k, &err), "E-CRYPTO-040");
	for (size_t bit = 0; bit < der.n * 8; bit += 3) {
		der.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (is_ok(csr_parse(buf_view(&der), &k, &err))) {
			accepted++;
			key_drop(&k);
		}
		der.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	assert_int_equal(accepted, 0);
}

/* AMD's Milan chain: ASK and ARK of one PEM file, real extensions. */
static void
amd_milan_chain(void **state)
{
	CLEANUP(buf_done) struct buf chain = {0};
	CLEANUP(buf_done) struct buf leaf = {0};
	char path[4096], leaf_path[4096];
	struct cert *cas[2] = {NULL}, *vcek[1] = {NULL};
	struct bytes hwid;
	size_t n;
	struct err err;

	(void)state;
	if (!shared_data("vectors/snp/go-sev-guest/ask_ark_milan.pem", path, sizeof path) ||
	    !shared_data("vectors/snp/fraunhofer-cmc/vcek_valid.pem", leaf_path, sizeof leaf_path))
		skip();
	assert_ok(file_read(path, 65536, &chain, &err));
	assert_ok(file_read(leaf_path, 65536, &leaf, &err));
	assert_ok(cert_parse_pem(buf_view(&chain), 2, cas, &n, &err));
	assert_int_equal(n, 2);
	assert_ok(cert_parse_pem(buf_view(&leaf), 1, vcek, &n, &err));
	assert_bytes(cert_subject_cn(cas[0]), BYTES("SEV-Milan"));
	assert_bytes(cert_subject_cn(cas[1]), BYTES("ARK-Milan"));
	assert_ok(cert_verify_chain(vcek[0], cas, 1, cas[1], NOW, &err));
	assert_true(cert_sig_is_pss_sha384(vcek[0]));
	assert_ok(cert_extension(vcek[0], "1.3.6.1.4.1.3704.1.4", &hwid, &err));
	assert_int_equal(hwid.n, 64);
	cert_drop(&cas[0]);
	cert_drop(&cas[1]);
	cert_drop(&vcek[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(chain_is_accepted),
	        cmocka_unit_test(chain_refusals),
	        cmocka_unit_test(unknown_critical_extension_is_refused),
	        cmocka_unit_test(duplicate_extension_is_found),
	        cmocka_unit_test(names_are_constrained),
	        cmocka_unit_test(revocation),
	        cmocka_unit_test(amd_shape),
	        cmocka_unit_test(no_bit_is_free),
	        cmocka_unit_test(pem_lists),
	        cmocka_unit_test(requests),
	        cmocka_unit_test(amd_milan_chain),
	};

	return cmocka_run_group_tests(tests, make_pki, drop_pki);
}
