/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verifier.h: the process that reads what strangers send: evidence,
 * certificates, JSON (PROTOCOL section 1). One request at a time, no keys, no
 * files, no network. Whoever takes it over can forge a verdict, no more.
 */
#ifndef CMD_COORDINATOR_VERIFIER_H
#define CMD_COORDINATOR_VERIFIER_H

#include "channel/judge.h"
#include "cmd/coordinator/pipe.h"

enum {
	VERIFIER_MAX_REQUESTS = 1000, /* then it ends, and a fresh one takes its place */
	VERIFIER_ARENA = 64 * 1024 * 1024,
	VERIFIER_SECONDS = 10, /* of one request; SIGALRM ends it */
};

struct verifier {
	bool loaded; /* `judge` is the active manifest's */
	struct judge judge;
	struct marks known; /* lists that the keeper has from earlier evidence */
};
void verifier_done(struct verifier *v);

/*
 * The engine: one message of the keeper in, the answer's fields in *answer,
 * whose slices live in `arena` and in `m`. A failure becomes the answer
 * REFUSED; its status tells whether the input was malformed (ERR_PARSE, ERR_LIMIT).
 * LOAD and LISTS have no answer: *ret_answer is false then.
 */
status verifier_message(struct verifier *v, const struct message *m, struct arena *arena,
                        struct message *answer, bool *ret_answer, struct err *err);

/* The process: until the keeper is gone, something malformed came, or enough was read. */
status verifier_run(int fd, struct err *err);

#endif
