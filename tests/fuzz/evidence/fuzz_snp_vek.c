/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: cert_parse_der, snp_vek_parse and AMD's extensions, pck_parse and Intel's; cert_walk. */
#include "evidence/snp/vek.h"
#include "evidence/tdx/pck.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cert_drop) struct cert *c = NULL;
	struct verdict v = {0};
	struct snp_vek vek;
	struct pck pck;
	struct err err;

	if (!is_ok(cert_parse_der(bytes_of(data, size), &c, &err)))
		return 0;
	if (is_ok(snp_vek_parse(c, &vek, &v)))
		snp_vek_done(&vek);
	(void)!is_ok(pck_parse(c, &pck, &err));
	/* What our templates read OpenSSL reads, too: this one asks it. */
	(void)!is_ok(cert_signed_by(c, c, &err));
	(void)!is_ok(cert_walk(c, NULL, 0, c, cert_not_before(c), &err));
	return 0;
}
