/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: front_read_attest(), the one body that a front reads itself. */
#include "cmd/coordinator/front.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message m = {.kind = MESSAGE_ATTEST};
	enum binding_purpose purpose;
	struct err err;

	if (is_ok(front_read_attest(bytes_of(data, size), &m, &purpose, &err)) &&
	    purpose != BINDING_ATTEST && purpose != BINDING_STATEMENT)
		abort();
	return 0;
}
