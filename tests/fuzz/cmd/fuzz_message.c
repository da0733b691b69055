/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: message_parse() in all directions; what parses is emitted as the same bytes again. */
#include "cmd/coordinator/message.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int directions = 0;

	for (int from = FRONT_TO_KEEPER; from <= VERIFIER_TO_KEEPER; from++) {
		CLEANUP(buf_done) struct buf again = {0};
		struct bytes item, list;
		struct message m;
		struct err err;

		if (!is_ok(message_parse((enum message_direction)from, bytes_of(data, size), &m,
		                         &err)))
			continue;
		directions++;
		message_emit(&m, &again);
		if (!bytes_equal(bytes_sub(buf_view(&again), 4, again.n), bytes_of(data, size)))
			abort();
		list = m.policies;
		while (message_list_next(&list, &item))
			;
	}
	if (directions > 1)
		abort();
	return 0;
}
