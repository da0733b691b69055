/* SPDX-License-Identifier: Apache-2.0 */
/* leaf.h: REPORTDATA over the fields of a leaf, as the owner of an evidence socket makes it. */
#ifndef ATTEST_LEAF_H
#define ATTEST_LEAF_H

#include "attest/socket.h"
#include "evidence/binding.h"

/*
 * Purpose "mesh-cert" and role client are put here: no container can make a Coordinator's evidence.
 */
struct hash512 attest_leaf_hash(const struct attest_leaf *leaf, enum tee tee);

#endif
