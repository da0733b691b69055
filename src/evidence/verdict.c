/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/verdict.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

const char *
verdict_step_name(enum verdict_step step)
{
	static const char *const names[] = {
	        [STEP_NOT_EVALUATED] = "not-evaluated",
	        [STEP_DECODE] = "decode",
	        [STEP_EARLY] = "early",
	        [STEP_CHAIN] = "chain",
	        [STEP_REVOCATION] = "revocation",
	        [STEP_SIGNATURE] = "signature",
	        [STEP_BINDING] = "binding",
	        [STEP_PLATFORM] = "platform",
	        [STEP_IDENTITY] = "identity",
	        [STEP_MANIFEST] = "manifest",
	        [STEP_ACCEPTED] = "accepted",
	};

	return names[step];
}

status
verdict_reject(struct verdict *v, enum verdict_step step, const char *reason, const char *fmt, ...)
{
	va_list ap;

	if (v->reason[0] != '\0')
		return (status){ERR_REJECTED};
	v->step = step;
	snprintf(v->reason, sizeof v->reason, "%s", reason);
	va_start(ap, fmt);
	vsnprintf(v->detail, sizeof v->detail, fmt, ap);
	va_end(ap);
	return (status){ERR_REJECTED};
}

void
verdict_values(struct verdict *v, const char *expected, const char *got)
{
	snprintf(v->expected, sizeof v->expected, "%s", expected);
	snprintf(v->got, sizeof v->got, "%s", got);
}

void
verdict_values_hex(struct verdict *v, struct bytes expected, struct bytes got)
{
	hex_cstr(bytes_sub(expected, 0, 64), v->expected, sizeof v->expected);
	hex_cstr(bytes_sub(got, 0, 64), v->got, sizeof v->got);
}

status
verdict_status(const struct verdict *v, struct err *err)
{
	if (verdict_accepted(v))
		return OK;
	if (v->expected[0] != '\0')
		return err_set(err, ERR_REJECTED, "E-EVIDENCE-100",
		               "evidence refused at step %s: %s: %s (expected %s, got %s)",
		               verdict_step_name(v->step), v->reason, v->detail, v->expected,
		               v->got);
	return err_set(err, ERR_REJECTED, "E-EVIDENCE-100", "evidence refused at step %s: %s: %s",
	               verdict_step_name(v->step), v->reason[0] ? v->reason : "not evaluated",
	               v->detail);
}
