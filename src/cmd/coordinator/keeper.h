/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeper.h: the process that holds seed, keys and state (PROTOCOL section 1).
 * It has socketpairs and the report device, no network and no files. It reads
 * its own fixed messages, a verifier's result, and a manifest whose hash a
 * checked chain has authorised; everything else passes through it unread.
 */
#ifndef CMD_COORDINATOR_KEEPER_H
#define CMD_COORDINATOR_KEEPER_H

#include "authority/authority.h"
#include "base/clock.h"
#include "cmd/coordinator/pipe.h"
#include "evidence/batch.h"
#include "evidence/binding.h"

enum {
	KEEPER_MAX_FRONTS = 64,
	KEEPER_MAX_VERIFIERS = 64,
	KEEPER_MAX_JOBS = 512,                   /* requests that wait for a verifier */
	KEEPER_MAX_JOB_BYTES = 48 * 1024 * 1024, /* of their bodies, together */
	KEEPER_MAX_LEAVES = 4096,                /* sessions that wait for a report */
	KEEPER_STORE_MS = 20 * 1000,
	KEEPER_START_MS = 30 * 1000,
	KEEPER_TICK_SECONDS = 30,
	KEEPER_SKEW_ALARM_SECONDS = 3600,
};

/* Whom an answer goes to. A front that started anew has another epoch. */
struct keeper_caller {
	size_t front;
	uint32_t epoch;
	uint64_t id;
};

/* A request whose bytes a verifier reads. */
struct keeper_job {
	struct keeper_job *next;
	struct keeper_caller caller;
	enum message_kind kind; /* MESSAGE_SET or MESSAGE_CERT */
	struct hash256 head, nonce, server_key, exporter;
	struct buf body;
};

struct keeper_front {
	struct pipe pipe;
	uint32_t epoch;
	bool gone;
	struct buf deferred; /* frames that arrived while the store was in work */
};

struct keeper_verifier {
	struct pipe pipe;
	bool ready;
	bool gone;
	bool loaded; /* has the manifest of `head` */
	struct hash256 head;
	uint64_t lists; /* version of the revocation lists that it has */
	struct keeper_job *job;
};

/* A session that waits for evidence. */
struct keeper_leaf {
	struct keeper_caller caller;
	bool statement;
	uint8_t nonce[32];
	struct hash256 server_key;
	uint8_t exporter[32];
};

struct keeper_report {
	int fd;
	struct buf in;
	struct keeper_leaf *waiting; /* KEEPER_MAX_LEAVES */
	size_t n_waiting;
	struct keeper_leaf *asked; /* the batch that the device works on */
	size_t n_asked;
	struct batch batch;
	uint8_t record[STATE_RECORD_SIZE];
	uint64_t deadline; /* 0 = nothing asked */
	bool overdue;      /* those who asked have been told; the answer is still awaited */
};

struct keeper {
	struct pins pins;
	struct guest_clock clock;
	struct authority *authority;
	enum tee tee;
	struct keeper_front fronts[KEEPER_MAX_FRONTS];
	size_t n_fronts;
	struct keeper_verifier verifiers[KEEPER_MAX_VERIFIERS];
	size_t n_verifiers;
	struct keeper_job *jobs, **jobs_end;
	size_t n_jobs, job_bytes;
	struct keeper_report report;
	size_t store_front; /* the front that store operations go through now */
	uint64_t store_id;
	int64_t next_tick;
	bool skewed;
};

/* Takes the descriptors. `floor` is the newest time known at build (PROTOCOL section 10). */
void keeper_init(struct keeper *k, const struct pins *pins, const int *fronts, size_t n_fronts,
                 const int *verifiers, size_t n_verifiers, int report_fd, int64_t floor);
void keeper_done(struct keeper *k);

/* Waits for front 0 and verifier 0, asks who it is itself, makes the authority. */
status keeper_start(struct keeper *k, struct err *err);
/* Serves until a front or the report device ends for good. */
status keeper_run(struct keeper *k, struct err *err);

/* ---- one message (keeper_request.c); a failure means that this end is not to be heard further
 * ---- */
void keeper_front_message(struct keeper *k, size_t front, const struct message *m);
void keeper_verifier_message(struct keeper *k, size_t verifier, const struct message *m);

void keeper_answer(struct keeper *k, const struct keeper_caller *to, struct message *m);
void keeper_answer_err(struct keeper *k, const struct keeper_caller *to, const struct err *err);
/* What probes show, to one front. */
void keeper_tell_state(struct keeper *k, size_t front);
/* Hands waiting jobs to idle verifiers. */
void keeper_dispatch(struct keeper *k);

/* ---- evidence of the keeper itself (keeper_batch.c) ---- */
void keeper_want_evidence(struct keeper *k, const struct keeper_leaf *leaf);
/* Asks the device when it is idle and somebody waits. */
status keeper_report_next(struct keeper *k, struct err *err);
/* Reads what the device said. */
status keeper_report_read(struct keeper *k, struct err *err);
/* Tells those who waited too long. */
void keeper_report_overdue(struct keeper *k);

/* ---- store through the front (keeper_store.c) ---- */
struct store keeper_store(struct keeper *k);

#endif
