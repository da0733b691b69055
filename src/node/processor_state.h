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

/*
 * The state directory, shared by all shapes of the processor. Files are made
 * on first use; the caller holds the lock. ERR_IO E-NODE-011 (not ours alone), E-NODE-012 (no
 * state of ours), ERR_USAGE E-NODE-010. `folder` is below `dir`, or NULL.
 */
enum { STATE_PATH_SIZE = 4096 };
status state_check(const char *dir, struct err *err);
status state_lock(const char *dir, int *fd, struct err *err);
status state_path(const char *dir, const char *folder, const char *name, char to[STATE_PATH_SIZE],
                  struct err *err);
status state_key(const char *dir, const char *folder, const char *name, enum key_kind kind,
                 struct key **ret, struct err *err);
status state_random(const char *dir, const char *folder, const char *name, uint8_t *to, size_t size,
                    struct err *err);

/* Certificates of one part, under keys that exist already (processor_chain.c). */
status chain_issue_ark(const struct processor *p, int64_t now, struct cert **ret, struct err *err);
status chain_issue_ask(const struct processor *p, int64_t now, struct cert **ret, struct err *err);
status chain_issue_vcek(const struct processor *p, int64_t now, struct cert **ret, struct err *err);
/* The ARK's list, naming nobody. */
status chain_issue_crl(const struct processor *p, int64_t now, struct buf *der, struct err *err);
/* Does what lies in the state directory belong together? ERR_IO E-NODE-012. */
status chain_check(const struct processor *p, int64_t now, struct err *err);

#endif
