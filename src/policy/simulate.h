/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulate.h: does a policy let its own pod run? Evaluates the document on
 * the requests of request.h, in the order in which a node sends them.
 */
#ifndef POLICY_SIMULATE_H
#define POLICY_SIMULATE_H

#include "policy/data.h"

/*
 * ERR_REJECTED E-POLICY-020 names the first request that would be denied;
 * E-REGO-* when the document cannot be evaluated at all.
 */
status policy_simulate(const struct policy_pod *p, struct bytes document, struct err *err);

#endif
