/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict.h: the answer of a security decision. Never a bool: a zeroed verdict
 * is "not evaluated", which is no acceptance, and evidence_verify() alone, at
 * its very end, can make one accepted.
 */
#ifndef EVIDENCE_VERDICT_H
#define EVIDENCE_VERDICT_H

#include "base/bytes.h"
#include "base/status.h"

/* The steps of the pipeline in their order (docs/evidence.md); the one that a rejection names. */
enum verdict_step {
	STEP_NOT_EVALUATED = 0,
	STEP_DECODE,     /* the bytes are no evidence of this kind */
	STEP_EARLY,      /* a cheap mismatch before any signature was checked: it can only reject */
	STEP_CHAIN,      /* certificates up to the root that the reference set names */
	STEP_REVOCATION, /* revocation lists */
	STEP_SIGNATURE,  /* the report, quote or collateral is not signed by the key it names */
	STEP_BINDING,    /* freshness: REPORTDATA is not what this session asked for */
	STEP_PLATFORM,   /* firmware versions, debug, VMPL, platform settings, machine */
	STEP_IDENTITY,   /* measurement, host data, signers of the image */
	STEP_MANIFEST,   /* nothing in the manifest allows it */
	STEP_ACCEPTED,
};

enum revocation_state {
	REVOCATION_NOT_CHECKED = 0, /* no list was at hand, and the caller did not insist */
	REVOCATION_CHECKED,
};

enum {
	VERDICT_REASON_SIZE = 32,
	VERDICT_DETAIL_SIZE = 320,
	VERDICT_VALUE_SIZE = 144, /* 64 bytes in hex, and some */
};

struct verdict {
	enum verdict_step step;
	enum revocation_state revocation;
	/* Stable code, "snp/report-data"; empty when accepted. */
	char reason[VERDICT_REASON_SIZE];
	/* One line for people: what is wrong. */
	char detail[VERDICT_DETAIL_SIZE];
	/* Values compared, as text; empty where the step compares none. */
	char expected[VERDICT_VALUE_SIZE];
	char got[VERDICT_VALUE_SIZE];
	/* Accepted: the reference set that matched whole. Else the closest one, or -1. */
	int32_t set;
};

static inline bool
verdict_accepted(const struct verdict *v)
{
	return v->step == STEP_ACCEPTED;
}

/* "decode", "early", "chain", ... "accepted"; "not-evaluated". Stable. */
const char *verdict_step_name(enum verdict_step step);

/*
 * Makes it a rejection and returns ERR_REJECTED. The first reason stays: a
 * verdict that is one already is left alone.
 */
status verdict_reject(struct verdict *v, enum verdict_step step, const char *reason,
                      const char *fmt, ...) PRINTF(4, 5);
/* The values behind it; each cut at its size. Overwrites. */
void verdict_values(struct verdict *v, const char *expected, const char *got);
void verdict_values_hex(struct verdict *v, struct bytes expected, struct bytes got);

/* A rejection as an error of the usual kind: ERR_REJECTED, E-EVIDENCE-100, "step: reason: detail".
 */
status verdict_status(const struct verdict *v, struct err *err);

#endif
