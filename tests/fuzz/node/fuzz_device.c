/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: device_answer_parse, device_document: what a hostile host answers for the secure
 * processor, in either shape. */
#include "node/device.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_done) struct arena arena = {0};
	struct device_answer a;
	struct document d;
	struct err err;

	if (is_ok(device_document(TEE_TDX, bytes_of(data, size), &arena, &d, &err)) &&
	    (d.tee != TEE_TDX || d.evidence.n == 0))
		abort();
	if (!is_ok(device_answer_parse(bytes_of(data, size), &a, &err)))
		return 0;
	if (a.report.n != PROCESSOR_REPORT_SIZE || a.report.p < data ||
	    a.report.p + a.report.n > data + size)
		abort();
	for (int i = 0; i < SNP_TABLE_KINDS; i++) {
		struct bytes e = a.certificates.entry[i];

		if (e.n > 0 && (e.p < data || e.p + e.n > data + size))
			abort();
	}
	return 0;
}
