/* SPDX-License-Identifier: Apache-2.0 */
/* mint.h: small collateral of the tests' own. */
#ifndef TESTS_UNIT_ATTEST_MINT_H
#define TESTS_UNIT_ATTEST_MINT_H

#include "crypto/cert.h"
#include "unit.h"

#define NOW INT64_C(1795500000)
#define DAY INT64_C(86400)

/* A folder of each test's own: setup and teardown. */
static char dir[64];

static inline int
make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/contrast-test-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static inline int
drop_dir(void **state)
{
	char cmd[80];

	(void)state;
	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	return system(cmd);
}

/* A CA and its list with the window given. */
static inline void
mint_crl(int64_t from, int64_t to, struct buf *der)
{
	CLEANUP(key_drop) struct key *key = key_generate(KEY_P256, 0);
	CLEANUP(cert_drop) struct cert *ca = NULL;
	struct cert_spec spec = {.profile = CERT_CA,
	                         .subject_cn = "Test CA",
	                         .key = key,
	                         .signer = key,
	                         .not_before = NOW - 365 * DAY,
	                         .not_after = NOW + 365 * DAY};
	struct err err;

	assert_ok(cert_issue(&spec, &ca, &err));
	assert_ok(crl_issue(ca, key, false, NULL, 0, from, to, der, &err));
}

static inline void
mint_cert(struct buf *der, struct buf *pem)
{
	CLEANUP(key_drop) struct key *key = key_generate(KEY_P256, 0);
	CLEANUP(cert_drop) struct cert *c = NULL;
	struct cert_spec spec = {.profile = CERT_CA,
	                         .subject_cn = "SEV-VCEK",
	                         .key = key,
	                         .signer = key,
	                         .not_before = NOW - DAY,
	                         .not_after = NOW + DAY};
	struct err err;

	assert_ok(cert_issue(&spec, &c, &err));
	if (der)
		buf_bytes(der, cert_der(c));
	if (pem)
		cert_pem(c, pem);
}

#endif
