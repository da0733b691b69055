/* SPDX-License-Identifier: Apache-2.0 */
/* Revocation of a made-up Intel: which of several lists decides. */
#include "evidence/tdx/verify.h"
#include "vectors.h"

#include <string.h>

enum { DAY = 86400, LEAF = 1, ISSUER = 2, FORGED = 2 };
#define NOW INT64_C(1795500000) /* 2026-11-24 */
#define OID_SGX "1.2.840.113741.1.13.1"

struct intel {
	struct key *keys[3]; /* root, issuer, leaf */
	struct cert *certs[3];
	struct hash256 root;
	struct buf pem;
};

static struct cert *
issue(const char *cn, enum cert_profile profile, const struct key *key, const struct cert *issuer,
      const struct key *signer, struct bytes sgx)
{
	const struct cert_extra extra = {OID_SGX, false, sgx};
	struct cert *c = NULL;
	struct err err;

	assert_ok(cert_issue(&(struct cert_spec){.profile = profile,
	                                         .subject_cn = cn,
	                                         .key = key,
	                                         .issuer = issuer,
	                                         .signer = signer,
	                                         .not_before = NOW - 90 * DAY,
	                                         .not_after = NOW + 90 * DAY,
	                                         .extras = &extra,
	                                         .n_extras = sgx.n > 0},
	                     &c, &err));
	return c;
}

/* The PCK's extension is a real one. */
static void
intel_init(struct intel *in)
{
	CLEANUP(buf_done) struct buf quote = {0};
	struct cert *real[4] = {NULL};
	struct verdict v = {0};
	struct tdx_quote q;
	struct bytes sgx;
	struct err err;
	size_t n = 0;

	*in = (struct intel){0};
	if (!vector_read("tdx/automata-dcap/quotev4.bin", &quote))
		skip();
	assert_true(is_ok(tdx_quote_parse(buf_view(&quote), &q, &v)));
	assert_ok(cert_parse_pem(q.pck_pem, COUNT_OF(real), real, &n, &err));
	assert_ok(cert_extension(real[0], OID_SGX, &sgx, &err));
	for (size_t i = 0; i < 3; i++)
		in->keys[i] = key_generate(KEY_P256, 0);
	in->certs[0] = issue("Intel SGX Root CA", CERT_CA, in->keys[0], NULL, NULL,
	                     (struct bytes){NULL, 0});
	in->certs[1] = issue("Intel SGX PCK Platform CA", CERT_CA_LEAVES, in->keys[1], in->certs[0],
	                     in->keys[0], (struct bytes){NULL, 0});
	in->certs[2] = issue("Intel SGX PCK Certificate", CERT_LEAF_TLS, in->keys[2], in->certs[1],
	                     in->keys[1], sgx);
	for (size_t i = 0; i < 3; i++)
		cert_pem(in->certs[2 - i], &in->pem);
	in->root = cert_key_id(in->certs[0]);
	for (size_t i = 0; i < n; i++)
		cert_free(real[i]);
}

static void
intel_done(struct intel *in)
{
	for (size_t i = 0; i < 3; i++) {
		cert_free(in->certs[i]);
		key_free(in->keys[i]);
	}
	buf_done(&in->pem);
}

struct list {
	size_t by;      /* 0: root, 1: PCK's CA, FORGED: in its name; others end the row */
	size_t revokes; /* LEAF, ISSUER or 0 */
	int from, to;   /* days from now */
};

#define END                                                                                        \
	{                                                                                          \
		9, 0, 0, 0                                                                         \
	}

static const struct {
	const char *name, *want;
	struct list lists[4];
} rows[] = {
        {"both fresh", "", {{0, 0, -1, 9}, {1, 0, -1, 9}, END}},
        {"one missing", "tdx/crl-missing", {{0, 0, -1, 9}, END}},
        {"one ended", "tdx/crl-expired", {{0, 0, -1, 9}, {1, 0, -9, -1}, END}},
        {"one in the future", "tdx/crl-expired", {{0, 0, -1, 9}, {1, 0, 1, 9}, END}},
        {"an ended and a fresh one", "", {{0, 0, -1, 9}, {1, 0, -9, -1}, {1, 0, -1, 9}, END}},
        {"of two in their window the newer counts",
         "",
         {{0, 0, -1, 9}, {1, 0, -5, 5}, {1, 0, -1, 9}, END}},
        {"forged", "tdx/crl", {{0, 0, -1, 9}, {FORGED, 0, -1, 9}, END}},
        {"forged beside an ended one",
         "tdx/crl-expired",
         {{0, 0, -1, 9}, {FORGED, 0, -1, 9}, {1, 0, -9, -1}, END}},
        {"forged beside a fresh one",
         "",
         {{0, 0, -1, 9}, {FORGED, LEAF, -1, 9}, {1, 0, -1, 9}, END}},
        {"revoked", "tdx/pck-revoked", {{0, 0, -1, 9}, {1, LEAF, -1, 9}, END}},
        {"CA revoked", "tdx/pck-revoked", {{0, ISSUER, -1, 9}, {1, 0, -1, 9}, END}},
        {"an older list in front hides nothing",
         "tdx/pck-revoked",
         {{0, 0, -1, 9}, {1, 0, -5, 5}, {1, LEAF, -1, 9}, END}},
        {"nor one behind",
         "tdx/pck-revoked",
         {{0, 0, -1, 9}, {1, LEAF, -1, 9}, {1, 0, -5, 5}, END}},
        {"what an ended list revokes stays revoked",
         "tdx/pck-revoked",
         {{0, 0, -1, 9}, {1, LEAF, -9, -1}, {1, 0, -1, 9}, END}},
        {"another's list revokes nothing", "", {{0, LEAF, -1, 9}, {1, 0, -1, 9}, END}},
};

static void
all_lists_count(void **state)
{
	CLEANUP(intel_done) struct intel in;

	(void)state;
	intel_init(&in);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(tdx_chain_done) struct tdx_chain chain = {0};
		struct buf ders[4] = {{0}};
		struct endorsements e = {0};
		struct verdict v = {0};
		struct err err;
		status s;

		for (const struct list *l = rows[i].lists; l->by <= FORGED; l++) {
			struct bytes serial = cert_serial(in.certs[l->revokes == LEAF ? 2 : 1]);
			struct buf *der = &ders[e.n_crls];

			assert_ok(crl_issue(in.certs[MIN(l->by, 1)], in.keys[l->by], false, &serial,
			                    l->revokes > 0, NOW + l->from * DAY, NOW + l->to * DAY,
			                    der, &err));
			e.crls[e.n_crls++] = buf_view(der);
		}
		s = tdx_chain_open(buf_view(&in.pem), &e, &in.root, true, NOW, &chain, &v);
		if (strcmp(v.reason, rows[i].want) != 0)
			fail_msg("%s: got '%s' (%s), want '%s'", rows[i].name, v.reason, v.detail,
			         rows[i].want);
		assert_int_equal(is_ok(s), rows[i].want[0] == '\0');
		if (is_ok(s))
			assert_int_equal(chain.valid_until, NOW + 9 * DAY);
		for (size_t k = 0; k < COUNT_OF(ders); k++)
			buf_done(&ders[k]);
	}
}

/* Nobody knows whose list it was: without another it cannot pass for none at all. */
static void
unreadable_list(void **state)
{
	CLEANUP(intel_done) struct intel in;
	CLEANUP(buf_done) struct buf root = {0}, pck = {0};
	struct endorsements e = {.n_crls = 2};
	struct verdict v;
	struct err err;

	(void)state;
	intel_init(&in);
	assert_ok(crl_issue(in.certs[0], in.keys[0], false, NULL, 0, NOW - DAY, NOW + DAY, &root,
	                    &err));
	assert_ok(crl_issue(in.certs[1], in.keys[1], false, NULL, 0, NOW - DAY, NOW + DAY, &pck,
	                    &err));
	e.crls[0] = buf_view(&root);
	for (size_t n = 0; n <= pck.n; n++) {
		CLEANUP(tdx_chain_done) struct tdx_chain chain = {0};

		e.crls[1] = bytes_sub(buf_view(&pck), 0, n);
		v = (struct verdict){0};
		/* Not required: a list that is there and cannot be read is a refusal all the same.
		 */
		(void)!is_ok(
		        tdx_chain_open(buf_view(&in.pem), &e, &in.root, false, NOW, &chain, &v));
		assert_string_equal(v.reason, n < pck.n ? "tdx/crl-parse" : "");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(all_lists_count),
	        cmocka_unit_test(unreadable_list),
	};

	return cmocka_run_group_tests_name("evidence_tdx_lists", tests, NULL, NULL);
}
