/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor.h: starts the Coordinator's processes and starts anew what may be
 * (PROTOCOL section 1). It reads nothing of anybody: it holds the ends of the
 * socketpairs so that a successor can take them over, and waits.
 */
#ifndef CMD_COORDINATOR_SUPERVISOR_H
#define CMD_COORDINATOR_SUPERVISOR_H

#include "authority/genesis.h"
#include "base/status.h"

/* Where the report socket is when nobody says otherwise and the kernel has no device. */
#define SUPERVISOR_REPORT_SOCKET "/run/contrast/report.sock"

enum { SUPERVISOR_MAX_WORKERS = 64, SUPERVISOR_MAX_PORTS = 3 };

struct supervisor_config {
	struct pins pins;
	const char *store; /* directory; NULL = in memory, gone with the front that holds it */
	const char
	        *report; /* where reports come from: "auto", a folder, a socket (attest/issuer.h) */
	const char *owners, *pods, *health; /* addresses; health may be NULL */
	unsigned int workers;               /* fronts and verifiers, 1..64 */
};

/* Until SIGTERM or SIGINT (OK), or until the keeper ends (an error). */
status supervisor_run(const struct supervisor_config *config, struct err *err);

#endif
