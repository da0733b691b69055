/* SPDX-License-Identifier: Apache-2.0 */
/* Names and revocation lists as bytes, against OpenSSL's reading of the same bytes. */
#include "crypto/cert.h"
#include "crypto/name.h"
#include "crypto/x509_light.h"
#include "unit.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

enum { MAX_NAMES = 32 };

struct made {
	X509_NAME *x[MAX_NAMES];
	struct bytes der[MAX_NAMES];
	size_t n;
};

/* "CN=a/O=b", all of one type. */
static void
make(struct made *m, const char *text, int type)
{
	X509_NAME *x = X509_NAME_new();
	const unsigned char *p;
	size_t n;

	assert_non_null(x);
	while (*text) {
		const char *eq = strchr(text, '='), *end = strchr(text, '/');
		char field[8] = "";
		size_t length = end ? (size_t)(end - eq - 1) : strlen(eq + 1);

		mem_copy(field, text, (size_t)(eq - text));
		assert_int_equal(X509_NAME_add_entry_by_txt(x, field, type,
		                                            (const unsigned char *)eq + 1,
		                                            (int)length, -1, 0),
		                 1);
		text = end ? end + 1 : "";
	}
	assert_int_equal(X509_NAME_get0_der(x, &p, &n), 1);
	m->x[m->n] = x;
	m->der[m->n++] = bytes_of(p, n);
}

static void
make_all(struct made *m)
{
	*m = (struct made){0};
	make(m, "CN=Intel SGX Root CA/O=Intel Corporation/L=Santa Clara/ST=CA/C=US",
	     V_ASN1_UTF8STRING);
	make(m, "CN=Intel SGX Root CA/O=Intel Corporation/L=Santa Clara/ST=CA/C=US",
	     V_ASN1_PRINTABLESTRING);
	make(m, "CN=intel  sgx root ca /O=intel corporation/L=Santa Clara/ST=CA/C=us",
	     V_ASN1_UTF8STRING);
	make(m, "CN=IntelSGXRootCA/O=Intel Corporation/L=Santa Clara/ST=CA/C=US",
	     V_ASN1_UTF8STRING);
	make(m, "CN=Intel SGX PCK Platform CA/O=Intel Corporation/L=Santa Clara/ST=CA/C=US",
	     V_ASN1_UTF8STRING);
	make(m, "O=Intel Corporation/CN=Intel SGX Root CA/L=Santa Clara/ST=CA/C=US",
	     V_ASN1_UTF8STRING);
	make(m, "O=Intel Corporation", V_ASN1_UTF8STRING);
	make(m, "CN=a/CN=b", V_ASN1_UTF8STRING);
	make(m, "CN=b/CN=a", V_ASN1_UTF8STRING);
	make(m, "CN=Intel SGX Root CA", V_ASN1_IA5STRING);
	make(m, "CN=Intel SGX Root CA", V_ASN1_T61STRING);
	make(m, "CN=\xc3\x9c-x", V_ASN1_UTF8STRING);
	make(m, "CN=\xdc-x", V_ASN1_T61STRING);
	make(m, "CN=\xc3\xbc-x", V_ASN1_UTF8STRING);
	make(m, "", V_ASN1_UTF8STRING);
}

static void
drop_all(struct made *m)
{
	for (size_t i = 0; i < m->n; i++)
		X509_NAME_free(m->x[i]);
}

static void
equal_as_openssl_says(void **state)
{
	struct made m;

	(void)state;
	make_all(&m);
	for (size_t i = 0; i < m.n; i++) {
		assert_true(name_good(m.der[i]));
		for (size_t k = 0; k < m.n; k++)
			assert_int_equal(names_equal(m.der[i], m.der[k]),
			                 X509_NAME_cmp(m.x[i], m.x[k]) == 0);
	}
	drop_all(&m);
}

static bool
openssl_reads(struct bytes der)
{
	const unsigned char *p = der.p;
	X509_NAME *x = d2i_X509_NAME(NULL, &p, (long)der.n);
	bool all = x && p == der.p + der.n;

	X509_NAME_free(x);
	ERR_clear_error();
	return all;
}

/* Whatever is good is read by OpenSSL: certificates are handed to it later. */
static void
good_as_openssl_says(void **state)
{
	struct made m;
	size_t good = 0, bad = 0;

	(void)state;
	make_all(&m);
	for (size_t i = 0; i < m.n; i++) {
		uint8_t raw[256];

		assert_true(m.der[i].n <= sizeof raw);
		mem_copy(raw, m.der[i].p, m.der[i].n);
		for (size_t bit = 0; bit < m.der[i].n * 8; bit++) {
			struct bytes changed = bytes_of(raw, m.der[i].n);

			raw[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(name_good(changed), openssl_reads(changed));
			*(name_good(changed) ? &good : &bad) += 1;
			raw[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		for (size_t n = 0; n < m.der[i].n; n++)
			assert_false(name_good(bytes_of(raw, n)));
	}
	assert_true(good > 1000 && bad > 1000);
	drop_all(&m);
}

static void
common_names(void **state)
{
	static const struct {
		const char *text;
		int type;
		const char *want;
	} rows[] = {
	        {"CN=Intel SGX Root CA/O=x", V_ASN1_UTF8STRING, "Intel SGX Root CA"},
	        {"O=x/CN=SEV-VCEK", V_ASN1_PRINTABLESTRING, "SEV-VCEK"},
	        {"O=x", V_ASN1_UTF8STRING, ""},
	        {"CN=a/CN=a", V_ASN1_UTF8STRING, ""},
	        {"CN=\xfc", V_ASN1_T61STRING, "\xc3\xbc"},
	        {"CN=0123456789012345678901234567890", V_ASN1_UTF8STRING,
	         "0123456789012345678901234567890"},
	        {"CN=01234567890123456789012345678901", V_ASN1_UTF8STRING,
	         "01234567890123456789012345678901"},
	        {"CN=012345678901234567890123456789012", V_ASN1_UTF8STRING, ""},
	        {"CN=012345678901234567890123456789012", V_ASN1_T61STRING, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct made m = {0};
		uint8_t to[32];

		make(&m, rows[i].text, rows[i].type);
		assert_bytes(bytes_of(to, name_common(m.der[0], to, sizeof to)),
		             bytes_str(rows[i].want));
		drop_all(&m);
	}
}

/* ---- entries of revocation lists ---- */

static void
add_entry(X509_CRL *crl, const char *serial)
{
	X509_REVOKED *r = X509_REVOKED_new();
	ASN1_INTEGER *number = NULL;
	ASN1_TIME *date = ASN1_TIME_set(NULL, 1700000000);
	BIGNUM *bn = NULL;

	assert_true(r && date && BN_hex2bn(&bn, serial) > 0);
	number = BN_to_ASN1_INTEGER(bn, NULL);
	assert_true(X509_REVOKED_set_serialNumber(r, number) == 1 &&
	            X509_REVOKED_set_revocationDate(r, date) == 1 &&
	            X509_CRL_add0_revoked(crl, r) == 1);
	ASN1_INTEGER_free(number);
	ASN1_TIME_free(date);
	BN_free(bn);
}

/* A list of three; unsigned, which reading it does not ask about. */
static void
make_list(struct buf *out)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *from = ASN1_TIME_set(NULL, 1700000000), *to = ASN1_TIME_set(NULL, 1800000000);
	CLEANUP(key_drop) struct key *k = key_generate(KEY_P256, 0);
	struct made m = {0};
	unsigned char *der = NULL;
	int n;

	make(&m, "CN=Intel SGX PCK Platform CA", V_ASN1_UTF8STRING);
	assert_true(crl && X509_CRL_set_version(crl, 1) == 1 &&
	            X509_CRL_set_issuer_name(crl, m.x[0]) == 1 &&
	            X509_CRL_set1_lastUpdate(crl, from) == 1 &&
	            X509_CRL_set1_nextUpdate(crl, to) == 1);
	add_entry(crl, "7f");
	add_entry(crl, "80");
	add_entry(crl, "00ffeeddccbbaa99887766554433221100ffeedd");
	assert_true(X509_CRL_sign(crl, key_evp(k), EVP_sha256()) > 0);
	n = i2d_X509_CRL(crl, &der);
	assert_true(n > 0);
	buf_add(out, der, (size_t)n);
	OPENSSL_free(der);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	X509_CRL_free(crl);
	drop_all(&m);
}

/* Every bit flipped: what is read here OpenSSL reads, and finds the same serial numbers in. */
static void
entries_as_openssl_says(void **state)
{
	static const char *const serials[] = {"7f", "80", "7e", "00",
	                                      "00ffeeddccbbaa99887766554433221100ffeedd"};
	CLEANUP(buf_done) struct buf list = {0};
	ASN1_INTEGER *numbers[COUNT_OF(serials)];
	size_t readable = 0;

	(void)state;
	make_list(&list);
	for (size_t i = 0; i < COUNT_OF(serials); i++) {
		BIGNUM *bn = NULL;

		assert_true(BN_hex2bn(&bn, serials[i]) > 0);
		numbers[i] = BN_to_ASN1_INTEGER(bn, NULL);
		BN_free(bn);
	}
	for (size_t bit = 0; bit <= list.n * 8; bit++) {
		const unsigned char *p = list.p;
		struct crl_light *light;
		X509_CRL *crl;

		/* The last turn leaves it as it is. */
		if (bit < list.n * 8)
			list.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		light = crl_light_read(buf_view(&list));
		crl = d2i_X509_CRL(NULL, &p, (long)list.n);
		if (light) {
			readable++;
			assert_non_null(crl);
		}
		for (size_t i = 0; light && i < COUNT_OF(serials); i++) {
			X509_REVOKED *found = NULL;

			assert_int_equal(crl_light_has(light, numbers[i]),
			                 X509_CRL_get0_by_serial(crl, &found, numbers[i]) != 0);
			if (bit == list.n * 8)
				assert_int_equal(crl_light_has(light, numbers[i]), i < 2 || i == 4);
		}
		crl_light_free(light);
		X509_CRL_free(crl);
		if (bit < list.n * 8)
			list.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_true(readable > 500);
	for (size_t i = 0; i < COUNT_OF(serials); i++)
		ASN1_INTEGER_free(numbers[i]);
	ERR_clear_error();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(equal_as_openssl_says),
	        cmocka_unit_test(good_as_openssl_says),
	        cmocka_unit_test(common_names),
	        cmocka_unit_test(entries_as_openssl_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
