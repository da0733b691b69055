/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intake_vtpm.h: evidence of guests behind Azure's paravisor, as tools store
 * it. For intake.c.
 */
#ifndef EVIDENCE_INTAKE_VTPM_H
#define EVIDENCE_INTAKE_VTPM_H

#include "evidence/document.h"

/*
 * A paravisor's report alone (azure/hcl.h), which names no session. ERR_PARSE E-EVIDENCE-054: a
 * field is not as it must be; E-EVIDENCE-051: a TD report, which its own machine alone can check.
 */
status intake_paravisor(struct bytes b, struct document *ret, struct err *err);

/*
 * {"tpm_quote" or "quote": {"message", "signature", "pcrs": [24]}, "hcl_report" or "report",
 * "td_quote" (TDX), "vcek" (SNP: PEM or DER), ...}. Bytes are a list of numbers, hexadecimal
 * or base64 of any kind; other members are their maker's affair. ERR_PARSE E-EVIDENCE-054.
 */
status intake_vtpm(struct arena *a, struct bytes json, struct document *ret, struct err *err);

#endif
