/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: tcb_envelope, tcb_info_parse, qe_identity_parse, tcb_evaluate. */
#include "evidence/tdx/tcb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
envelope(struct arena *a, struct bytes text, const char *key)
{
	struct bytes part;
	uint8_t sig[64];
	struct err err;

	if (is_ok(tcb_envelope(a, text, key, &part, sig, &err)) &&
	    (part.p < text.p || part.p + part.n > text.p + text.n || part.p[0] != '{' ||
	     part.p[part.n - 1] != '}'))
		__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t svn[TDX_SVNS] = {5, 1, 2};
	CLEANUP(arena_done) struct arena a = {0};
	struct bytes text = bytes_of(data, size);
	struct tcb_info info;
	struct qe_identity qe = {0};
	struct pck pck = {0};
	struct tcb_result result;
	struct err err;

	envelope(&a, text, "tcbInfo");
	envelope(&a, text, "enclaveIdentity");
	(void)!is_ok(qe_identity_parse(&a, text, &qe, &err));
	if (is_ok(tcb_info_parse(&a, text, &info, &err)))
		tcb_evaluate(&info, &qe, &pck, bytes_of(svn, sizeof svn), bytes_of(svn, sizeof svn),
		             4, &result);
	return 0;
}
