/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/name.h"

#include "base/text.h"
#include "crypto/der.h"

#include <openssl/err.h>
#include <openssl/x509.h>

static const uint8_t common_name_oid[] = {0x55, 0x04, 0x03}; /* 2.5.4.3 */

/* What a name of the usual kind says. */
struct simple {
	size_t common_names;
	struct bytes common_name;
};

/* X.690 section 8.19: each number in the fewest bytes, the last one ended. */
static bool
oid_good(struct bytes oid)
{
	bool begins = true;

	for (size_t i = 0; i < oid.n; i++) {
		if (begins && oid.p[i] == 0x80)
			return false;
		begins = !(oid.p[i] & 0x80);
	}
	return oid.n > 0 && begins;
}

/* Text whose UTF-8 is what stands there. */
static bool
text_good(uint8_t tag, struct bytes text)
{
	if (tag == DER_UTF8_STRING)
		return text.n > 0 && utf8_valid(text);
	if (tag != DER_PRINTABLE_STRING && tag != DER_IA5_STRING)
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] >= 0x80)
			return false;
	return text.n > 0;
}

static bool
read_set(struct bytes set, struct simple *ret)
{
	struct rd r = rd_init(set);

	do {
		struct rd one = rd_init(der_take(&r, DER_SEQUENCE));
		struct bytes oid = der_take(&one, DER_OID), text;
		uint8_t tag;

		text = der_next(&one, &tag);
		if (!rd_ok(&r) || !rd_done(&one) || !oid_good(oid) || !text_good(tag, text))
			return false;
		if (bytes_equal(oid, bytes_of(common_name_oid, sizeof common_name_oid))) {
			ret->common_names++;
			ret->common_name = text;
		}
	} while (!rd_done(&r));
	return true;
}

/* False for whatever is not of the usual kind: OpenSSL may still know it. */
static bool
read_simple(struct bytes name, struct simple *ret)
{
	struct rd r = rd_init(name), sets = rd_init(der_take(&r, DER_SEQUENCE));

	*ret = (struct simple){0};
	if (!rd_done(&r))
		return false;
	do {
		struct bytes set = der_take(&sets, DER_SET);

		if (!rd_ok(&sets) || !read_set(set, ret))
			return false;
	} while (!rd_done(&sets));
	return true;
}

/* All of it, or NULL. */
static X509_NAME *
read_any(struct bytes name)
{
	const unsigned char *p = name.p;
	X509_NAME *x =
	        name.n > 0 && name.n <= INT32_MAX ? d2i_X509_NAME(NULL, &p, (long)name.n) : NULL;

	if (x && p != name.p + name.n) {
		X509_NAME_free(x);
		x = NULL;
	}
	ERR_clear_error();
	return x;
}

bool
name_good(struct bytes name)
{
	struct simple s;
	X509_NAME *x;

	if (read_simple(name, &s))
		return true;
	x = read_any(name);
	X509_NAME_free(x);
	return x != NULL;
}

/* The next byte that counts for RFC 5280 section 7.1, whatever it does to white space; -1: none. */
static int
next_folded(struct bytes text, size_t *at)
{
	while (*at < text.n) {
		uint8_t c = text.p[(*at)++];

		if (c == ' ' || (c >= '\t' && c <= '\r'))
			continue;
		return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
	}
	return -1;
}

/* Both have one common name, and the two differ in more than case and white space. */
static bool
surely_differ(struct bytes a, struct bytes b)
{
	size_t i = 0, k = 0;
	struct simple x, y;
	int c, d;

	if (!read_simple(a, &x) || !read_simple(b, &y) || x.common_names != 1 ||
	    y.common_names != 1)
		return false;
	do {
		c = next_folded(x.common_name, &i);
		d = next_folded(y.common_name, &k);
	} while (c == d && c >= 0);
	return c != d;
}

bool
names_equal(struct bytes a, struct bytes b)
{
	X509_NAME *x, *y;
	bool same;

	if (bytes_equal(a, b))
		return true;
	if (surely_differ(a, b))
		return false;
	x = read_any(a);
	y = read_any(b);
	same = x && y && X509_NAME_cmp(x, y) == 0;
	X509_NAME_free(x);
	X509_NAME_free(y);
	return same;
}

static size_t
common_of_any(struct bytes name, uint8_t *to, size_t max)
{
	X509_NAME *x = read_any(name);
	int at = x ? X509_NAME_get_index_by_NID(x, NID_commonName, -1) : -1, n = 0;
	unsigned char *text = NULL;

	if (at >= 0 && X509_NAME_get_index_by_NID(x, NID_commonName, at) < 0)
		n = ASN1_STRING_to_UTF8(&text,
		                        X509_NAME_ENTRY_get_data(X509_NAME_get_entry(x, at)));
	if (n < 0 || (size_t)n > max)
		n = 0;
	mem_copy(to, text, (size_t)n);
	OPENSSL_free(text);
	X509_NAME_free(x);
	ERR_clear_error();
	return (size_t)n;
}

size_t
name_common(struct bytes name, uint8_t *to, size_t max)
{
	struct simple s;

	if (!read_simple(name, &s))
		return common_of_any(name, to, max);
	if (s.common_names != 1 || s.common_name.n > max)
		return 0;
	mem_copy(to, s.common_name.p, s.common_name.n);
	return s.common_name.n;
}

struct bytes
name_of_x509(const X509_NAME *name)
{
	const unsigned char *p = NULL;
	size_t n = 0;

	ossl_must(X509_NAME_get0_der(name, &p, &n) == 1, "a name");
	return bytes_of(p, n);
}
