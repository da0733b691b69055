/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: tdx_eventlog_parse, tdx_eventlog_replay, tdx_eventlog_show. */
#include "evidence/tdx/eventlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_done) struct arena a;
	CLEANUP(buf_done) struct buf out = {0};
	struct tdx_eventlog log;
	struct value shown;
	struct err err;

	arena_init(&a, (size_t)4 * 1024 * 1024);
	if (!is_ok(tdx_eventlog_parse(&a, bytes_of(data, size), &log, &err)))
		return 0;
	shown = tdx_eventlog_show(&a, &log);
	if (is_ok(arena_check(&a, &err)))
		json_write(&shown, JSON_INDENT, &out);
	return 0;
}
