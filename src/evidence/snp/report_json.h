/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_json.h: a report whose fields some tool has written as JSON (the Rust
 * library of SEV's virtualisation project, and our own `evidence show`). The
 * fields are all that is signed, so the bytes can be put together again: if one
 * was lost or misread, the signature says so.
 */
#ifndef EVIDENCE_SNP_REPORT_JSON_H
#define EVIDENCE_SNP_REPORT_JSON_H

#include "evidence/snp/report.h"
#include "json/value.h"

/* False: not such an object. */
bool snp_report_from_json(const struct value *v, uint8_t to[SNP_REPORT_SIZE]);

#endif
