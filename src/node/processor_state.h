/* SPDX-License-Identifier: Apache-2.0 */
/* processor_state.h: private to the processor: what processor_open() holds. */
#ifndef NODE_PROCESSOR_STATE_H
#define NODE_PROCESSOR_STATE_H

#include "node/processor.h"

enum { PROCESSOR_CHIP_ID_SIZE = 64 };

struct processor {
	const struct processor_facts *facts;
	char *dir;
	struct key *ark_key, *ask_key, *vcek_key;
	struct cert *ark, *ask, *vcek;
	uint8_t chip_id[PROCESSOR_CHIP_ID_SIZE];
	struct buf crl;
};

/* Certificates of one part, under keys that exist already (processor_chain.c). */
status chain_issue_ark(const struct processor *p, int64_t now, struct cert **ret, struct err *err);
status chain_issue_ask(const struct processor *p, int64_t now, struct cert **ret, struct err *err);
status chain_issue_vcek(const struct processor *p, int64_t now, struct cert **ret, struct err *err);
/* The ARK's list, naming nobody. */
status chain_issue_crl(const struct processor *p, int64_t now, struct buf *der, struct err *err);
/* Does what lies in the state directory belong together? ERR_IO E-NODE-012. */
status chain_check(const struct processor *p, int64_t now, struct err *err);

#endif
