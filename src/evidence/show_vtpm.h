/* SPDX-License-Identifier: Apache-2.0 */
/* show_vtpm.h: what hangs on a paravisor's report, as a JSON value. For show.c. */
#ifndef EVIDENCE_SHOW_VTPM_H
#define EVIDENCE_SHOW_VTPM_H

#include "evidence/document.h"
#include "evidence/verdict.h"

/* Puts "vtpm" {quote, signature, pcrs, policy, runtimeData} there. A quote that is none: verdict.
 */
status show_vtpm(struct arena *a, const struct vtpm *t, struct value *o, struct verdict *v);

#endif
