/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contrast/verify.h: is evidence of AMD SEV-SNP or Intel TDX genuine, fresh, and
 * of a guest that a manifest allows? Part of libcontrast; C99 and C++.
 *
 * Nothing does I/O or reads a clock: evidence, endorsements and time come in,
 * a verdict goes out. A verifier may be used by any number of threads.
 *
 * Failing closed: only a verdict whose `accepted` is 1 is an acceptance. A
 * zeroed verdict, and the verdict of every call that fails, is none.
 */
#ifndef CONTRAST_VERIFY_H
#define CONTRAST_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef CONTRAST_API
#if defined(__GNUC__)
#define CONTRAST_API __attribute__((visibility("default")))
#else
#define CONTRAST_API
#endif
#endif

typedef enum contrast_verify_status {
	CONTRAST_VERIFY_OK = 0,     /* judged: the verdict says how */
	CONTRAST_VERIFY_INPUT = 1,  /* manifest, evidence or endorsements are malformed */
	CONTRAST_VERIFY_MISUSE = 2, /* a pointer that must be given is missing */
	CONTRAST_VERIFY_INTERNAL = 3
} contrast_verify_status;

/* Where and why; NUL-terminated, possibly cut. */
typedef struct contrast_verify_error {
	char id[24];
	char place[256];
	char message[768];
} contrast_verify_error;

/* What a manifest demands, and certificate chains that were found good. */
typedef struct contrast_verifier contrast_verifier;

enum {
	/* Accept a manifest that says "Insecure": roots of trust that no vendor stands behind.
	   Tests only. */
	CONTRAST_VERIFY_INSECURE = 1,
	/* Without any revocation list: do not refuse, but say so in the verdict. */
	CONTRAST_VERIFY_REVOCATION_OPTIONAL = 2
};

/* manifest: the bytes of manifest.json. On failure *ret is NULL. error may be NULL, as everywhere.
 */
CONTRAST_API contrast_verify_status contrast_verifier_new(const void *manifest, size_t size,
                                                          unsigned flags, contrast_verifier **ret,
                                                          contrast_verify_error *error);
CONTRAST_API void contrast_verifier_free(contrast_verifier *v); /* NULL is fine */

typedef struct contrast_blob {
	const void *data;
	size_t size;
} contrast_blob;

typedef struct contrast_evidence {
	contrast_blob evidence; /* report, quote, evidence document, or JSON that tools store */
	/* Certificates, lists, statements in any form; told apart by content. */
	const contrast_blob *endorsements;
	size_t n_endorsements;
	/* The 64 bytes that REPORTDATA must be: recomputed by the caller from its own session.
	   Behind a paravisor the virtual TPM's quote is bound by their digest (docs/evidence.md).
	 */
	const uint8_t *report_data;
	int64_t now; /* seconds since 1970 */
} contrast_evidence;

typedef struct contrast_verdict {
	int accepted;           /* 1: accepted; anything else is not */
	int revocation_checked; /* 1: a fresh list was checked */
	int reference_set;      /* that matched, or the closest; -1 */
	int is_tdx;
	int64_t valid_until; /* with these endorsements; 0 unless accepted */
	uint8_t policy[32];  /* hash of the initdata document that the guest runs; zero unless
	                        accepted */
	char step[16];       /* "accepted", or where it stopped */
	char reason[32];     /* stable code, "snp/report-data"; "" when accepted */
	char detail[320];
	char expected[144];
	char got[144];
	char tcb_status[48]; /* TDX: "UpToDate", ...; else "" */
} contrast_verdict;

/* *ret is always filled in. Not OK: nothing was judged, and *ret is no acceptance. */
CONTRAST_API contrast_verify_status contrast_verify(const contrast_verifier *v,
                                                    const contrast_evidence *e,
                                                    contrast_verdict *ret,
                                                    contrast_verify_error *error);

#ifdef __cplusplus
}
#endif

#endif
