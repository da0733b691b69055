/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: attest_frame_next, attest_request_parse, attest_answer_parse; what parses re-emits the
 * same bytes. */
#include "attest/socket.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_done) struct buf again = {0};
	struct attest_request request;
	struct attest_answer answer;
	struct bytes body;
	size_t used;
	bool whole;
	struct err err;

	if (!is_ok(attest_frame_next(bytes_of(data, size), ATTEST_ANSWER_MAX, &whole, &body, &used,
	                             &err)) ||
	    !whole)
		return 0;
	if (is_ok(attest_request_parse(body, &request, &err))) {
		attest_request_emit(&request, &again);
		if (!bytes_equal(buf_view(&again), bytes_of(data, used)))
			abort();
	}
	buf_reset(&again);
	if (is_ok(attest_answer_parse(body, &answer, &err))) {
		attest_answer_emit(answer.result, answer.tee, answer.rest, &again);
		if (!bytes_equal(buf_view(&again), bytes_of(data, used)))
			abort();
	}
	return 0;
}
