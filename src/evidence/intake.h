/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intake.h: files as people have them, told apart by content: evidence
 * document, bare report, report with certificate table, quote; certificates
 * and revocation lists in DER or PEM, AMD's and Intel's answers, the JSON that
 * clouds and tools make of them. No I/O.
 */
#ifndef EVIDENCE_INTAKE_H
#define EVIDENCE_INTAKE_H

#include "evidence/document.h"

enum { INTAKE_MAX = 1024 * 1024 };

enum intake_kind {
	INTAKE_DOCUMENT,     /* {"type", "evidence", "endorsements"} */
	INTAKE_SNP_REPORT,   /* 1184 bytes */
	INTAKE_SNP_EXTENDED, /* report, and the certificate table (or zeros) behind it */
	INTAKE_SNP_RESPONSE, /* the firmware's answer around a report: 32 bytes in front */
	INTAKE_TDX_QUOTE,
	INTAKE_CERT_TABLE,  /* of an extended report; auxblob */
	INTAKE_CERTIFICATE, /* DER */
	INTAKE_CRL,         /* DER */
	INTAKE_PEM,         /* certificates and lists */
	INTAKE_TCB_INFO,    /* {"tcbInfo", "signature"} */
	INTAKE_QE_IDENTITY, /* {"enclaveIdentity", "signature"} */
	INTAKE_PARTS, /* {"tcb_info", "tcb_info_signature", ...}: QGS's collateral as tools store it
	               */
	INTAKE_HOST_CERTS, /* {"vcekCert", "certificateChain"}: Azure's certificate service */
	INTAKE_HCL,        /* Azure's paravisor: header, report, runtime data (azure/hcl.h) */
	INTAKE_VTPM, /* {"tpm_quote", "hcl_report", ...}: the same with a quote (intake_vtpm.h) */
};

/* What it is, by its first bytes and members; false: nothing that is known here. */
bool intake_kind_of(struct bytes b, enum intake_kind *ret);
/* Certificate or list, of what may be DER. */
bool intake_kind_of_der(struct bytes b, enum intake_kind *ret);
/* For messages: "an SEV-SNP report". */
const char *intake_kind_name(enum intake_kind k);

/*
 * The evidence of a file, into *ret with what it carries of endorsements.
 * Slices borrow from `b` and the arena. A file in hexadecimal or base64 is
 * read as what it spells; in JSON of any shape one report or quote is looked
 * for (text, list of bytes, or a report's fields), and what is beside it of
 * endorsements (unwrap.h). ERR_PARSE E-EVIDENCE-050: no evidence (the hint says
 * what it is instead); E-EVIDENCE-051: an evidence that is wrapped; E-EVIDENCE-054: a
 * paravisor's evidence that is malformed.
 */
status intake_evidence(struct arena *a, struct bytes b, struct document *ret, struct err *err);

/*
 * Adds what the file has of certificates, lists and statements. A later TCB
 * info or identity replaces an earlier one; certificates and lists that are
 * there already are not added twice. ERR_PARSE E-EVIDENCE-052: nothing known
 * or malformed; ERR_LIMIT E-EVIDENCE-053: too many.
 */
status intake_endorsements(struct arena *a, struct bytes b, struct endorsements *e,
                           struct err *err);
/* The same from endorsements that are read already. */
status endorsements_add(struct endorsements *to, const struct endorsements *from, struct err *err);

#endif
