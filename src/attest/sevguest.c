/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/sevguest.h"

#include "base/rd.h"

#include <errno.h>

enum { FIRST_PAUSE_MS = 20, PAGE = 4096, RESERVED = 24, REPORT_DATA_AT = 0x50 };

status
sevguest_response_parse(struct bytes response, struct bytes *ret_report, struct err *err)
{
	struct rd r = rd_init(response);
	uint32_t code = rd_le32(&r);
	uint32_t size = rd_le32(&r);

	*ret_report = (struct bytes){NULL, 0};
	if (rd_ok(&r) && code != 0)
		return err_set(err, ERR_UNREACHABLE, "E-SEVGUEST-002",
		               "the firmware refuses a report: status %#x%s", code,
		               code == 0x16 ? " (invalid parameters)" : "");
	rd_skip(&r, RESERVED);
	*ret_report = rd_bytes(&r, SEVGUEST_REPORT_SIZE);
	if (!rd_ok(&r) || size != SEVGUEST_REPORT_SIZE) {
		*ret_report = (struct bytes){NULL, 0};
		return err_set(err, ERR_PARSE, "E-SEVGUEST-003",
		               "the firmware's answer has a report of %u bytes, not %u", size,
		               (unsigned int)SEVGUEST_REPORT_SIZE);
	}
	return OK;
}

/* One exchange with the device, and what came of it. */
struct exchange {
	struct sevguest_ext_request request;
	uint8_t response[SEVGUEST_RESPONSE_SIZE];
	uint64_t exitinfo;
	size_t room; /* for the table; 0: none is asked for */
};

/* The address of `p` as the kernel wants it. */
static uint64_t
address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static bool
ask(const struct kernel *k, int fd, struct exchange *x, struct buf *table)
{
	struct sevguest_call call = {.version = 1,
	                             .request = address(&x->request),
	                             .response = address(x->response)};

	buf_reset(table);
	if (x->room > 0)
		buf_zeros(table, x->room);
	if (!buf_ok(table)) {
		errno = ENOMEM;
		return false;
	}
	x->request.table = address(table->p);
	x->request.table_size = (uint32_t)x->room;
	mem_zero(x->response, sizeof x->response);
	if (k->control(fd, x->room > 0 ? SEVGUEST_GET_EXT_REPORT : SEVGUEST_GET_REPORT, &call) == 0)
		return true;
	x->exitinfo = call.exitinfo;
	return false;
}

/*
 * Room for the next attempt: what the host says that it needs, once; a table
 * that still does not fit is done without, since verifiers can look elsewhere.
 */
static bool
change_room(struct exchange *x)
{
	size_t need = x->request.table_size;
	bool length = x->exitinfo >> 32 == SEVGUEST_VMM_INVALID_LENGTH;

	if (x->room == 0 || (!length && x->room == SEVGUEST_TABLE_FIRST))
		return false;
	if (length && x->room == SEVGUEST_TABLE_FIRST && need > x->room &&
	    need <= SEVGUEST_TABLE_MAX && need % PAGE == 0)
		x->room = need;
	else
		x->room = 0;
	return true;
}

static status
refused(const struct exchange *x, bool busy, struct err *err)
{
	return err_set_errno(err, ERR_UNREACHABLE, busy ? "E-SEVGUEST-004" : "E-SEVGUEST-002",
	                     "%s (firmware %#x, hypervisor %#x)",
	                     busy ? "the firmware is busy" : "no report", (uint32_t)x->exitinfo,
	                     (uint32_t)(x->exitinfo >> 32));
}

static status
exchange(const struct kernel *k, int fd, struct exchange *x, struct buf *table, struct err *err)
{
	unsigned int pause = FIRST_PAUSE_MS;

	for (int i = 0; i < SEVGUEST_ATTEMPTS;) {
		x->exitinfo = 0;
		if (ask(k, fd, x, table))
			return OK;
		if (x->exitinfo >> 32 == SEVGUEST_VMM_BUSY || kernel_is_busy(errno)) {
			k->pause_ms(pause);
			pause *= 2;
			i++;
		} else if (!change_room(x)) {
			return refused(x, false, err);
		}
	}
	return refused(x, true, err);
}

status
sevguest_report(const struct kernel *k, int fd,
                const uint8_t report_data[SEVGUEST_REPORT_DATA_SIZE], struct buf *report,
                struct buf *table, struct err *err)
{
	struct exchange x = {.room = SEVGUEST_TABLE_FIRST};
	struct bytes got;

	mem_copy(x.request.report.report_data, report_data, SEVGUEST_REPORT_DATA_SIZE);
	TRY(exchange(k, fd, &x, table, err));
	TRY(sevguest_response_parse(bytes_of(x.response, sizeof x.response), &got, err));
	if (!bytes_equal(bytes_sub(got, REPORT_DATA_AT, REPORT_DATA_AT + SEVGUEST_REPORT_DATA_SIZE),
	                 bytes_of(report_data, SEVGUEST_REPORT_DATA_SIZE)))
		return err_set(err, ERR_PARSE, "E-SEVGUEST-003",
		               "the firmware's report is over other data than was asked for");
	buf_bytes(report, got);
	return buf_check(report, err);
}
