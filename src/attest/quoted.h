/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quoted.h: what a TD does with a quote that its host made: is it an answer to what was asked, and
 * what Intel says of the machine, as the host's quote service passes it on (qgs.h). Neither is
 * trusted: the first check only names a broken host early, and statements are signed by Intel or
 * worthless.
 */
#ifndef ATTEST_QUOTED_H
#define ATTEST_QUOTED_H

#include "attest/qgs.h"
#include "evidence/document.h"

enum {
	QUOTED_KEEP_SECONDS = 60 * 60, /* collateral changes daily at most */
	QUOTED_RETRY_SECONDS = 60,     /* a service without it is not asked for every quote */
	QUOTED_DEADLINE_MS = 2 * 1000,
};

/* ERR_PARSE E-ISSUER-002: no quote, or over other bytes than these 64. */
status quoted_check(struct bytes quote, const uint8_t *report_data, struct err *err);

/* Collateral of the machine, kept between quotes; zeroed at first. */
struct quoted_collateral {
	bool asked;
	uint8_t fmspc[QGS_FMSPC_SIZE];
	uint64_t again_ns; /* CLOCK_MONOTONIC: not before, for the same machine */
	struct buf message;
	struct arena arena;
	struct endorsements found;
};
void quoted_collateral_done(struct quoted_collateral *c);

/*
 * Fills *ret from the service at `place`, or from what it said before; leaves it empty when it has
 * none (verifiers then look elsewhere). Slices borrow from `c` until the next call.
 */
void quoted_collateral_get(struct quoted_collateral *c, const struct qgs_place *place,
                           struct bytes quote, struct endorsements *ret);

#endif
