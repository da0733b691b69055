/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert_walk() against X509_verify_cert() (cert_verify_chain()): each check by a
 * certificate that fails it alone, and all real chains at hand at the edges of
 * their dates and with changed bits. What the walk accepts OpenSSL accepts too.
 */
#include "crypto/cert.h"
#include "unit.h"

#include <ftw.h>
#include <string.h>

enum { DAY = 86400, REAL_MAX = 256, FILE_MAX = 1024 * 1024 };
static const int64_t NOW = 1795500000; /* 2026-11-24 */

/* ---- made ones ---- */

static struct key *g_root_key, *g_ca_key, *g_leaf_key, *g_weak_key;
static struct cert *g_root, *g_ca;

static struct cert_spec
spec_of(enum cert_profile profile, const char *cn, const struct key *key, const struct cert *issuer,
        const struct key *signer)
{
	return (struct cert_spec){
	        .profile = profile,
	        .subject_cn = cn,
	        .key = key,
	        .issuer = issuer,
	        .signer = signer,
	        .pss_sha384 = key_kind(signer ? signer : key) == KEY_RSA,
	        .not_before = NOW - DAY,
	        .not_after = NOW + DAY,
	};
}

static struct cert *
issue(const struct cert_spec *spec)
{
	struct cert *c = NULL;
	struct err err;

	assert_ok(cert_issue(spec, &c, &err));
	return c;
}

static int
setup(void **state)
{
	struct cert_spec s;

	(void)state;
	g_root_key = key_generate(KEY_P384, 0);
	g_ca_key = key_generate(KEY_P256, 0);
	g_leaf_key = key_generate(KEY_P256, 0);
	g_weak_key = key_generate(KEY_RSA, 2048);
	s = spec_of(CERT_CA, "root", g_root_key, NULL, NULL);
	g_root = issue(&s);
	s = spec_of(CERT_CA_LEAVES, "ca", g_ca_key, g_root, g_root_key);
	g_ca = issue(&s);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	key_free(g_root_key);
	key_free(g_ca_key);
	key_free(g_leaf_key);
	key_free(g_weak_key);
	cert_free(g_root);
	cert_free(g_ca);
	return 0;
}

enum {
	LAXER_THERE = 1, /* OpenSSL accepts it: the walk is meant to be stricter */
};

/* Refused, for a reason that has these words; and what OpenSSL says. */
static void
expect_refused(const struct cert *leaf, struct cert *const *between, size_t n,
               const struct cert *root, int64_t now, const char *words, int laxer)
{
	struct err err = {0};
	status s = cert_walk(leaf, between, n, root, now, &err);
	bool theirs = is_ok(cert_verify_chain(leaf, between, n, root, now, NULL));

	if (is_ok(s) || !strstr(err.msg, words))
		fail_msg("want a refusal with \"%s\", got \"%s\"", words,
		         is_ok(s) ? "OK" : err.msg);
	if (theirs != (laxer == LAXER_THERE))
		fail_msg("%s: X509_verify_cert() says %s", words, theirs ? "yes" : "no");
}

static void
test_sound(void **state)
{
	struct cert_spec s = spec_of(CERT_LEAF_TLS, "leaf", g_leaf_key, g_ca, g_ca_key);
	CLEANUP(cert_drop) struct cert *leaf = issue(&s);
	CLEANUP(cert_drop) struct cert *again = NULL;
	struct err err;

	(void)state;
	assert_ok(cert_walk(leaf, &g_ca, 1, g_root, NOW, &err));
	assert_ok(cert_walk(g_ca, NULL, 0, g_root, NOW, &err));
	assert_ok(cert_parse_der(cert_der(leaf), &again, &err));
	assert_ok(cert_walk(again, &g_ca, 1, g_root, NOW, &err));
}

static void
test_dates(void **state)
{
	struct cert_spec s = spec_of(CERT_LEAF_TLS, "leaf", g_leaf_key, g_ca, g_ca_key);
	struct cert_spec short_ca = spec_of(CERT_CA_LEAVES, "ca", g_ca_key, g_root, g_root_key);
	CLEANUP(cert_drop) struct cert *leaf = NULL;
	CLEANUP(cert_drop) struct cert *ca = NULL;

	(void)state;
	s.not_before = NOW - DAY / 2;
	s.not_after = NOW + DAY / 2;
	leaf = issue(&s);
	short_ca.not_before = NOW + 10;
	ca = issue(&short_ca);
	expect_refused(leaf, &g_ca, 1, g_root, s.not_before - 1, "not yet valid", 0);
	expect_refused(leaf, &g_ca, 1, g_root, s.not_after, "expired", 0);
	expect_refused(leaf, &ca, 1, g_root, NOW, "not yet valid", 0);
	expect_refused(g_ca, NULL, 0, g_root, NOW + DAY, "expired", 0);
}

static void
test_issuers(void **state)
{
	struct cert_spec s = spec_of(CERT_LEAF_TLS, "leaf", g_leaf_key, g_ca, g_ca_key);
	CLEANUP(cert_drop) struct cert *leaf = issue(&s);
	struct cert_spec below = spec_of(CERT_LEAF_TLS, "below", g_leaf_key, leaf, g_leaf_key);
	CLEANUP(cert_drop) struct cert *under_leaf = issue(&below);
	struct cert_spec sub = spec_of(CERT_CA, "sub", g_leaf_key, g_ca, g_ca_key);
	CLEANUP(cert_drop) struct cert *sub_ca = issue(&sub);
	struct cert_spec deep = spec_of(CERT_LEAF_TLS, "deep", g_leaf_key, sub_ca, g_leaf_key);
	CLEANUP(cert_drop) struct cert *too_deep = issue(&deep);
	struct cert_spec same_name = spec_of(CERT_CA, "root", g_leaf_key, NULL, NULL);
	CLEANUP(cert_drop) struct cert *other_root = issue(&same_name);
	struct cert_spec forged = spec_of(CERT_LEAF_TLS, "forged", g_leaf_key, g_ca, g_leaf_key);
	CLEANUP(cert_drop) struct cert *not_signed = issue(&forged);
	struct cert *by_leaf[] = {leaf, g_ca}, *by_sub[] = {sub_ca, g_ca}, *none[] = {g_root};

	(void)state;
	expect_refused(leaf, NULL, 0, g_root, NOW, "names another issuer", 0);
	expect_refused(leaf, none, 1, g_root, NOW, "names another issuer", 0);
	/* Of the same name, but the key identifiers tell. */
	expect_refused(leaf, &g_ca, 1, other_root, NOW, "names another issuer", 0);
	expect_refused(under_leaf, by_leaf, 2, g_root, NOW, "not a CA", 0);
	expect_refused(too_deep, by_sub, 2, g_root, NOW, "longer than the CA allows", 0);
	expect_refused(not_signed, &g_ca, 1, g_root, NOW, "did not sign", 0);
	expect_refused(leaf, NULL, 0, g_ca, NOW, "not self-signed", 0);
}

/* A CA whose standard extensions are these. */
static struct cert *
odd_ca(const struct cert_extra *extras, size_t n)
{
	struct cert_spec s = spec_of(CERT_LEAF_BARE, "odd", g_ca_key, g_root, g_root_key);

	s.extras = extras;
	s.n_extras = n;
	return issue(&s);
}

static void
test_extensions(void **state)
{
	static const struct {
		const char *words; /* NULL: accepted */
		int laxer;
		size_t n;
		struct {
			const char *oid;
			bool critical;
			const char *der;
			size_t der_n;
		} x[3];
	} rows[] = {
#define X(oid, crit, der) {oid, crit, der, sizeof(der) - 1}
#define CA X("2.5.29.19", true, "\x30\x03\x01\x01\xff")
#define SIGNS X("2.5.29.15", true, "\x03\x02\x02\x04")
	        {NULL, 0, 2, {CA, SIGNS}},
	        {NULL, 0, 1, {CA}},
	        {NULL, 0, 3, {CA, SIGNS, X("1.2.3.4", false, "\x05\x00")}},
	        {"not a CA", 0, 1, {X("2.5.29.19", true, "\x30\x00")}},
	        {"not a CA", 0, 1, {SIGNS}},
	        {"no certificate signing", 0, 2, {CA, X("2.5.29.15", true, "\x03\x02\x07\x80")}},
	        {"unknown critical", 0, 3, {CA, SIGNS, X("1.2.3.4", true, "\x05\x00")}},
	        {"occurs twice", 0, 2, {CA, CA}},
	        {"occurs twice",
	         LAXER_THERE,
	         3,
	         {CA, X("1.2.3.4", false, "\x05\x00"), X("1.2.3.4", false, "\x05\x00")}},
	        {"malformed basic constraints", 0, 1, {X("2.5.29.19", true, "\x30\x03\x01\x01")}},
	        {"malformed basic constraints",
	         LAXER_THERE,
	         1,
	         {X("2.5.29.19", true, "\x30\x03\x01\x01\xff\x00")}},
	        {"malformed basic constraints",
	         0,
	         1,
	         {X("2.5.29.19", true, "\x30\x06\x01\x01\xff\x02\x01\xff")}},
	        {"malformed key usage", 0, 2, {CA, X("2.5.29.15", true, "\x04\x01\x04")}},
	        {"malformed subject key", 0, 2, {CA, X("2.5.29.14", false, "\x03\x01\x00")}},
	        {"malformed authority key", 0, 2, {CA, X("2.5.29.35", false, "\x04\x00")}},
	        /* Empty name constraints, not critical. */
	        {"narrows", LAXER_THERE, 2, {CA, X("2.5.29.30", false, "\x30\x00")}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct cert_extra extras[3];
		CLEANUP(cert_drop) struct cert *ca = NULL;
		CLEANUP(cert_drop) struct cert *leaf = NULL;
		struct cert_spec s;
		struct err err;

		for (size_t k = 0; k < rows[i].n; k++)
			extras[k] =
			        (struct cert_extra){rows[i].x[k].oid, rows[i].x[k].critical,
			                            bytes_of(rows[i].x[k].der, rows[i].x[k].der_n)};
		ca = odd_ca(extras, rows[i].n);
		s = spec_of(CERT_LEAF_BARE, "leaf", g_leaf_key, ca, g_ca_key);
		leaf = issue(&s);
		if (rows[i].words) {
			print_message("# row %zu\n", i);
			expect_refused(leaf, &ca, 1, g_root, NOW, rows[i].words, rows[i].laxer);
		} else {
			assert_ok(cert_walk(leaf, &ca, 1, g_root, NOW, &err));
			assert_ok(cert_verify_chain(leaf, &ca, 1, g_root, NOW, &err));
		}
	}
}

static void
test_weak_keys(void **state)
{
	struct cert_spec weak_leaf = spec_of(CERT_LEAF_TLS, "weak", g_weak_key, g_ca, g_ca_key);
	struct cert_spec weak_ca = spec_of(CERT_CA, "weak", g_weak_key, g_root, g_root_key);
	CLEANUP(cert_drop) struct cert *leaf = issue(&weak_leaf);
	CLEANUP(cert_drop) struct cert *ca = issue(&weak_ca);
	struct cert_spec s = spec_of(CERT_LEAF_TLS, "leaf", g_leaf_key, ca, g_weak_key);
	CLEANUP(cert_drop) struct cert *below = issue(&s);

	(void)state;
	expect_refused(leaf, &g_ca, 1, g_root, NOW, "too weak", 0);
	expect_refused(below, &ca, 1, g_root, NOW, "too weak", 0);
}

/* One byte of the DER changed, at the last place where `from` occurs. */
static void
patched(const struct cert *c, struct bytes from, size_t at, uint8_t to, struct buf *out)
{
	size_t found = SIZE_MAX;

	buf_reset(out);
	buf_bytes(out, cert_der(c));
	for (size_t i = bytes_find(buf_view(out), from, 0); i != SIZE_MAX;
	     i = bytes_find(buf_view(out), from, i + 1))
		found = i;
	assert_true(found != SIZE_MAX);
	out->p[found + at] = to;
}

/*
 * Unused bits in the signature's BIT STRING; its octet stands before the SEQUENCE. Malformed where
 * the bit that is called unused is set, which the signature decides; no certificate is accepted.
 */
static void
unused_bits(struct bytes oid)
{
	bool malformed = false, refused = false;

	for (size_t i = 0; i < 64 && !(malformed && refused); i++) {
		struct cert_spec s = spec_of(CERT_LEAF_TLS, "leaf", g_leaf_key, g_ca, g_ca_key);
		CLEANUP(cert_drop) struct cert *leaf = issue(&s);
		CLEANUP(cert_drop) struct cert *odd = NULL;
		CLEANUP(buf_done) struct buf der = {0};
		struct err err = {0};

		patched(leaf, oid, 10, 1, &der);
		if (is_ok(cert_parse_der(buf_view(&der), &odd, &err))) {
			expect_refused(odd, &g_ca, 1, g_root, NOW, "did not sign", 0);
			refused = true;
		} else {
			assert_string_equal(err.id, "E-CRYPTO-020");
			malformed = true;
		}
	}
	assert_true(malformed && refused);
}

static void
test_encodings(void **state)
{
	static const uint8_t with_sha256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
	struct cert_spec s = spec_of(CERT_LEAF_TLS, "leaf", g_leaf_key, g_ca, g_ca_key);
	CLEANUP(cert_drop) struct cert *leaf = issue(&s);
	CLEANUP(cert_drop) struct cert *odd = NULL;
	CLEANUP(buf_done) struct buf der = {0};
	struct bytes oid = bytes_of(with_sha256, sizeof with_sha256);
	struct err err = {0};

	(void)state;
	/* The outer algorithm is another than the signed one. */
	patched(leaf, oid, 7, 3, &der);
	assert_ok(cert_parse_der(buf_view(&der), &odd, &err));
	expect_refused(odd, &g_ca, 1, g_root, NOW, "two signature algorithms", 0);
	cert_drop(&odd);
	cert_drop(&odd);
	unused_bits(oid);
	/* Trailing bytes, and a length in a longer form than needed. */
	buf_reset(&der);
	buf_bytes(&der, cert_der(leaf));
	buf_u8(&der, 0);
	assert_fails(cert_parse_der(buf_view(&der), &odd, &err), "E-CRYPTO-020");
	buf_reset(&der);
	buf_add(&der, "\x30\x83\x00", 3);
	buf_bytes(&der, bytes_sub(cert_der(leaf), 2, cert_der(leaf).n));
	assert_fails(cert_parse_der(buf_view(&der), &odd, &err), "E-CRYPTO-020");
}

/* ---- real ones ---- */

static struct cert *g_real[REAL_MAX];
static size_t g_n_real;

static void
keep(struct cert *c)
{
	for (size_t i = 0; i < g_n_real; i++) {
		if (bytes_equal(cert_der(g_real[i]), cert_der(c))) {
			cert_free(c);
			return;
		}
	}
	if (g_n_real < REAL_MAX)
		g_real[g_n_real++] = c;
	else
		cert_free(c);
}

static int
gather(const char *path, const struct stat *st, int type, struct FTW *where)
{
	static const char end[] = "-----END CERTIFICATE-----";
	CLEANUP(buf_done) struct buf b = {0};
	struct cert *c;
	struct err err;
	size_t n, at;

	(void)where;
	if (type != FTW_F || st->st_size > FILE_MAX || !is_ok(file_read(path, FILE_MAX, &b, &err)))
		return 0;
	if (is_ok(cert_parse_der(buf_view(&b), &c, &err)))
		keep(c);
	for (at = bytes_find(buf_view(&b), BYTES("-----BEGIN CERTIFICATE-----"), 0); at != SIZE_MAX;
	     at = bytes_find(buf_view(&b), BYTES("-----BEGIN CERTIFICATE-----"), at + 1)) {
		size_t to = bytes_find(buf_view(&b), bytes_str(end), at);

		if (to != SIZE_MAX &&
		    is_ok(cert_parse_pem(bytes_sub(buf_view(&b), at, to + sizeof end - 1), 1, &c,
		                         &n, &err)))
			keep(c);
	}
	return 0;
}

static bool
names(const struct cert *c, const struct cert *issuer)
{
	return bytes_equal(cert_issuer_cn(c), cert_subject_cn(issuer));
}

/* 1: both yes; 0: both no; a yes of the walk alone fails the test. */
static unsigned int
agree(const struct cert *leaf, struct cert *ca, const struct cert *root, int64_t now, bool same)
{
	bool ours = is_ok(cert_walk(leaf, &ca, 1, root, now, NULL));
	bool theirs = is_ok(cert_verify_chain(leaf, &ca, 1, root, now, NULL));

	if ((ours && !theirs) || (same && ours != theirs))
		fail_msg("%.*s at %lld: walk %d, OpenSSL %d", BYTES_ARG(cert_subject_cn(leaf)),
		         (long long)now, ours, theirs);
	return ours;
}

static unsigned int
compare_dates(const struct cert *leaf, struct cert *ca, const struct cert *root)
{
	const struct cert *all[] = {leaf, ca, root};
	unsigned int yes = agree(leaf, ca, root, NOW, true);

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		for (int64_t d = -1; d <= 1; d++) {
			yes += agree(leaf, ca, root, cert_not_before(all[i]) + d, true);
			yes += agree(leaf, ca, root, cert_not_after(all[i]) + d, true);
		}
	}
	return yes;
}

static void
compare_bits(const struct cert *leaf, struct cert *ca, const struct cert *root)
{
	CLEANUP(buf_done) struct buf der = {0};
	int64_t now = cert_not_before(leaf) + 1;

	buf_bytes(&der, cert_der(leaf));
	for (size_t bit = 0; bit < der.n * 8; bit += 89) {
		CLEANUP(cert_drop) struct cert *odd = NULL;

		der.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (is_ok(cert_parse_der(buf_view(&der), &odd, NULL)))
			assert_int_equal(agree(odd, ca, root, now, false), 0);
		der.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
}

static void
test_real_chains(void **state)
{
	unsigned int yes = 0, chains = 0;
	char path[600];

	(void)state;
	if (!shared_data("vectors", path, sizeof path))
		skip();
	assert_int_equal(nftw(path, gather, 16, FTW_PHYS), 0);
	for (size_t r = 0; r < g_n_real; r++) {
		for (size_t i = 0; names(g_real[r], g_real[r]) && i < g_n_real; i++) {
			for (size_t l = 0; i != r && names(g_real[i], g_real[r]) && l < g_n_real;
			     l++) {
				/* OpenSSL would leave a root in the middle out. */
				if (l == i || !names(g_real[l], g_real[i]) ||
				    names(g_real[i], g_real[i]))
					continue;
				chains++;
				yes += compare_dates(g_real[l], g_real[i], g_real[r]);
				if (chains % 16 == 1)
					compare_bits(g_real[l], g_real[i], g_real[r]);
			}
		}
	}
	print_message("# %zu certificates, %u paths, %u times accepted\n", g_n_real, chains, yes);
	assert_true(chains > 10 && yes > chains);
	while (g_n_real > 0)
		cert_free(g_real[--g_n_real]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_sound),       cmocka_unit_test(test_dates),
	        cmocka_unit_test(test_issuers),     cmocka_unit_test(test_extensions),
	        cmocka_unit_test(test_weak_keys),   cmocka_unit_test(test_encodings),
	        cmocka_unit_test(test_real_chains),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
