/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: tdx_quote_parse, qe_report_parse, pck_parse_extension. */
#include "evidence/tdx/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct verdict v = {0};
	struct tdx_quote q;
	struct pck pck;
	struct err err;

	if (is_ok(tdx_quote_parse(bytes_of(data, size), &q, &v))) {
		struct qe_report report;

		qe_report_parse(q.qe_report, &report);
	}
	(void)!is_ok(pck_parse_extension(bytes_of(data, size), &pck, &err));
	return 0;
}
