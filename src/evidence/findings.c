/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/findings.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

void
appraisal_miss(struct appraisal *a, enum verdict_step step, const char *reason,
               const char *expected, const char *got, const char *fmt, ...)
{
	char detail[VERDICT_DETAIL_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof detail, fmt, ap);
	va_end(ap);
	if (a->n++ == 0 && !is_ok(verdict_reject(a->first, step, reason, "%s", detail)))
		verdict_values(a->first, expected, got);
	if (a->all && a->all->n < FINDINGS_MAX) {
		struct finding *f = &a->all->list[a->all->n++];

		f->step = step;
		snprintf(f->reason, sizeof f->reason, "%s", reason);
		snprintf(f->detail, sizeof f->detail, "%s", detail);
		snprintf(f->expected, sizeof f->expected, "%s", expected);
		snprintf(f->got, sizeof f->got, "%s", got);
	}
}

void
appraisal_miss_hex(struct appraisal *a, enum verdict_step step, const char *reason,
                   struct bytes expected, struct bytes got, const char *detail)
{
	char e[VERDICT_VALUE_SIZE], g[VERDICT_VALUE_SIZE];

	appraisal_miss(a, step, reason, hex_cstr(bytes_sub(expected, 0, 64), e, sizeof e),
	               hex_cstr(bytes_sub(got, 0, 64), g, sizeof g), "%s", detail);
}
