/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/tdxguest.h"

#include "base/bytes.h"

#include <errno.h>

enum { FIRST_PAUSE_MS = 10, TYPE_TDX = 0x81, REPORT_DATA_AT = 128 };

static bool
is_answer(const struct tdxguest_call *call, const uint8_t *report_data)
{
	return call->report[0] == TYPE_TDX && call->report[1] == 0 &&
	       bytes_equal(bytes_of(call->report + REPORT_DATA_AT, TDXGUEST_REPORT_DATA_SIZE),
	                   bytes_of(report_data, TDXGUEST_REPORT_DATA_SIZE));
}

status
tdxguest_report(const struct kernel *k, int fd,
                const uint8_t report_data[TDXGUEST_REPORT_DATA_SIZE],
                uint8_t report[TDXGUEST_REPORT_SIZE], struct err *err)
{
	struct tdxguest_call call = {.report = {0}};
	unsigned int pause = FIRST_PAUSE_MS;
	int rc = -1;

	mem_copy(call.report_data, report_data, sizeof call.report_data);
	for (int i = 0; i < TDXGUEST_ATTEMPTS && rc != 0; i++, pause *= 2) {
		rc = k->control(fd, TDXGUEST_GET_REPORT, &call);
		if (rc != 0 && !kernel_is_busy(errno))
			break;
		if (rc != 0)
			k->pause_ms(pause);
	}
	if (rc != 0)
		return err_set_errno(err, ERR_UNREACHABLE, "E-TDXGUEST-001", "no TD report");
	if (!is_answer(&call, report_data))
		return err_set(err, ERR_PARSE, "E-TDXGUEST-002",
		               "the device's answer is no TD report over what was asked for");
	mem_copy(report, call.report, TDXGUEST_REPORT_SIZE);
	return OK;
}
