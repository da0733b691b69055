/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certtable.h: the certificate table of the extended guest request and of
 * configfs' auxblob (AMD, GHCB specification, publication 56421). The host writes it.
 */
#ifndef EVIDENCE_SNP_CERTTABLE_H
#define EVIDENCE_SNP_CERTTABLE_H

#include "base/buf.h"

enum {
	SNP_TABLE_MAX = 64 * 1024,
	SNP_TABLE_MAX_ENTRIES = 16,
};

enum snp_table_kind {
	SNP_TABLE_VCEK,
	SNP_TABLE_VLEK,
	SNP_TABLE_ASK, /* or ASVK */
	SNP_TABLE_ARK,
	SNP_TABLE_CRL,
};
enum { SNP_TABLE_KINDS = 5 };

/* DER (or PEM, as the host likes) of each kind; empty where absent. Borrowed. */
struct snp_table {
	struct bytes entry[SNP_TABLE_KINDS];
};

/*
 * Unknown GUIDs are skipped. ERR_PARSE E-EVIDENCE-040: not closed, out of
 * range, into the header, or one GUID twice; ERR_LIMIT E-EVIDENCE-041.
 */
status snp_table_parse(struct bytes b, struct snp_table *ret, struct err *err);
void snp_table_emit(const struct snp_table *t, struct buf *out);

#endif
