/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: sevguest_report with an answer and a certificate table of the host's choice, through to
 * the endorsements that a document would carry. */
#include "attest/sevguest.h"
#include "evidence/intake.h"

#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bytes g_response, g_table;

static void
no_pause(unsigned int ms)
{
	(void)ms;
}

static int
answer(int fd, unsigned long request, void *arg)
{
	struct sevguest_call *call = arg;
	struct sevguest_ext_request *x = (void *)(uintptr_t)call->request; /* NOLINT */
	void *to = (void *)(uintptr_t)call->response;                      /* NOLINT */

	(void)fd;
	mem_copy(to, g_response.p, g_response.n);
	if (request == SEVGUEST_GET_EXT_REPORT && g_table.n > x->table_size) {
		x->table_size = (uint32_t)((g_table.n + 4095) / 4096 * 4096);
		call->exitinfo = (uint64_t)SEVGUEST_VMM_INVALID_LENGTH << 32;
		errno = ENOSPC;
		return -1;
	}
	if (request == SEVGUEST_GET_EXT_REPORT && g_table.n > 0)
		mem_copy((void *)(uintptr_t)x->table, g_table.p, g_table.n); /* NOLINT */
	return 0;
}

static const struct kernel fake = {NULL, answer, no_pause};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf report = {0};
	CLEANUP(buf_done) struct buf table = {0};
	const uint8_t report_data[64] = {0};
	struct endorsements found = {0};
	struct err err;
	const size_t head = 32 + SEVGUEST_REPORT_SIZE;

	g_response = bytes_sub(bytes_of(data, size), 0, head);
	g_table = bytes_sub(bytes_of(data, size), head, size);
	if (!is_ok(sevguest_report(&fake, 3, report_data, &report, &table, &err)))
		return 0;
	if (report.n != SEVGUEST_REPORT_SIZE || table.n > SEVGUEST_TABLE_MAX)
		abort();
	(void)!is_ok(intake_endorsements(&a, buf_view(&table), &found, &err));
	return 0;
}
