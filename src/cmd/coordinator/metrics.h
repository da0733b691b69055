/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.h: counters in memory that all fronts share; they inform, nothing depends on them. */
#ifndef CMD_COORDINATOR_METRICS_H
#define CMD_COORDINATOR_METRICS_H

#include "base/base.h"

#include <stdatomic.h>

#define METRICS(X)                                                                                 \
	X(connections, "contrast_coordinator_requests_total", "requests on the attested ports")    \
	X(evidence, "contrast_coordinator_evidence_total", "answers with own evidence")            \
	X(certificates, "contrast_coordinator_certificates_total", "certificates issued")          \
	X(refused, "contrast_meshapi_attestation_failures_total",                                  \
	  "pods whose evidence was refused")                                                       \
	X(manifests, "contrast_coordinator_manifests_total", "manifests set")                      \
	X(busy, "contrast_coordinator_busy_total", "requests refused because of load")

struct metrics {
#define X(name, text, help) atomic_uint_least64_t name;
	METRICS(X)
#undef X
};

static inline void
metrics_count(atomic_uint_least64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

#endif
