/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: qgs_frame_size, qgs_answer_parse, qgs_collateral_parse, qgs_conf_port: what a hostile
 * host answers. */
#include "attest/qgs.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes parts[QGS_PARTS];
	struct qgs_answer a;
	uint32_t port;
	struct err err;
	size_t n;

	if (is_ok(qgs_conf_port(bytes_of(data, size), &port, &err)) && port == 0)
		abort();
	if (size < QGS_FRAME_HEAD || !is_ok(qgs_frame_size(data, QGS_MESSAGE_MAX, &n, &err)))
		return 0;
	if (n > QGS_MESSAGE_MAX)
		abort();
	data += QGS_FRAME_HEAD;
	size -= QGS_FRAME_HEAD;
	if (is_ok(qgs_collateral_parse(bytes_of(data, size), parts, &err)))
		for (size_t i = 0; i < QGS_PARTS; i++)
			if (parts[i].n > 0 &&
			    (parts[i].p < data || parts[i].p + parts[i].n > data + size))
				abort();
	if (!is_ok(qgs_answer_parse(bytes_of(data, size), &a, &err)))
		return 0;
	if (a.quote.n == 0 || a.quote.n > QGS_QUOTE_MAX || a.quote.p < data ||
	    a.quote.p + a.quote.n != data + size ||
	    a.id.n + a.quote.n + QGS_HEADER_SIZE + 8 != size)
		abort();
	return 0;
}
