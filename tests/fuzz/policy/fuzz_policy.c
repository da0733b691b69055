/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaches: initdata_unpack, initdata_parse, policy_unwrap,
 * policy_document_data, policy_data_read, policy_data_write. Data that reads must be written as
 * something that reads as the same.
 */
#include "policy/initdata.h"
#include "policy/source.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_data(struct bytes json)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf once = {0};
	CLEANUP(buf_done) struct buf twice = {0};
	struct policy_pod p;
	struct err err;

	if (!is_ok(policy_data_read(&a, json, &p, &err)) ||
	    !is_ok(policy_data_write(&p, &once, &err)))
		return;
	if (!is_ok(policy_data_read(&a, buf_view(&once), &p, &err)) ||
	    !is_ok(policy_data_write(&p, &twice, &err)) ||
	    !bytes_equal(buf_view(&once), buf_view(&twice)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf document = {0};
	struct bytes in = bytes_of(data, size), json, rego;
	struct initdata d;
	struct err err;

	try_data(in);
	if (is_ok(policy_unwrap(&a, in, &rego, &err)) && rego.n > INITDATA_MAX_BYTES + size)
		abort();
	if (!is_ok(initdata_unpack(in, &document, &err)))
		buf_bytes(&document, in);
	if (!is_ok(initdata_parse(&a, buf_view(&document), &d, &err)))
		return 0;
	if (is_ok(policy_document_data(d.policy, &json, &err)))
		try_data(json);
	return 0;
}
