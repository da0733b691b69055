/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front.h: the process that faces the network: sockets, TLS, HTTP, store I/O.
 * It holds no key but its own TLS key and decides nothing: what it says is
 * checked by whoever hears it (PROTOCOL section 1).
 */
#ifndef CMD_COORDINATOR_FRONT_H
#define CMD_COORDINATOR_FRONT_H

#include "authority/log.h"
#include "authority/store.h"
#include "channel/tls.h"
#include "cmd/coordinator/metrics.h"
#include "cmd/coordinator/pipe.h"
#include "evidence/binding.h"
#include "evidence/state.h"
#include "transport/server.h"

enum {
	FRONT_MAX_LISTEN = 4,
	FRONT_MAX_CONNS = 4096, /* of one port */
	FRONT_MIN_CONNS = 64,
	FRONT_MAX_PROBES = 64,
	FRONT_SPARE_FILES = 64,
	FRONT_MAX_PENDING = 4096,
	FRONT_HANDSHAKE_MS = 10 * 1000,
	FRONT_REQUEST_MS = 60 * 1000, /* from the last answer to the end of the next body */
	FRONT_ANSWER_MS = 60 * 1000,
	FRONT_BODY_MAX = 64 * 1024,            /* before acceptance */
	FRONT_MANIFEST_MAX = 16 * 1024 * 1024, /* after */
	FRONT_HISTORY_PAGE = 1024,             /* records in one answer */
};

/* Which endpoints a port serves. */
enum front_port {
	PORT_OWNERS = 1, /* 1313 */
	PORT_PODS = 2,   /* 7777 */
	PORT_HEALTH = 4, /* 9102, plain HTTP */
};

struct front_listener {
	int fd;
	enum front_port port;
	struct server *server;
	struct front *front;
};

/* What a connection has done so far; zeroed when it begins. */
struct front_conn {
	bool has_nonce; /* of POST /v1/mesh/challenge */
	bool judged;    /* its one evidence check is used up */
	uint8_t nonce[32];
};

/* A request that waits for the keeper. */
struct front_pending {
	uint64_t id; /* 0 = free */
	struct front_listener *listener;
	server_conn conn;
	enum message_kind kind;
};

/* Head manifest and records of one head, as members of the attest answer. */
struct front_history {
	bool known;
	struct hash256 head;
	uint64_t generation;
	struct buf members;
};

struct front {
	struct event_base *base;
	struct event *keeper_read, *keeper_write;
	struct pipe keeper;
	struct store store;
	struct tls_server *tls;
	struct front_listener listeners[FRONT_MAX_LISTEN];
	size_t n_listeners;
	struct front_pending pending[FRONT_MAX_PENDING];
	uint64_t next_id;
	struct front_history history;
	struct log_tree
	        log; /* entries since this front began; complete if it began with the keeper */
	struct metrics *metrics; /* shared by all fronts */
	bool has_state;
	uint8_t phase;
	uint64_t generation;
	struct hash256 genesis, head;
};

/* Handlers of struct server_config; ctx is the front_listener. */
void front_handle(struct server *s, server_conn c, const struct server_request *r, void *ctx);
void health_handle(struct server *s, server_conn c, const struct server_request *r, void *ctx);

/* The body of POST /v1/attest: nonce and code of *m. ERR_PARSE E-FRONT-006, -007 and E-JSON-*. */
status front_read_attest(struct bytes body, struct message *m, enum binding_purpose *purpose,
                         struct err *err);

/* What the keeper said: an answer to a request, or something to store. */
void front_keeper_message(struct front *f, const struct message *m);

/* Sends to the keeper; false = it is gone and the loop ends. */
bool front_send(struct front *f, const struct message *m);

/* {"error","message","path"?} with the status that the class has. */
void front_answer_err(struct server *s, server_conn c, const struct err *err);

/* Does what the keeper asks of the store, and answers it. */
void front_store(struct front *f, const struct message *m);

/* Members "manifest" and "records" for this head, from the store. */
status front_history_members(struct front *f, uint64_t generation, const struct hash256 *head,
                             struct bytes *ret, struct err *err);

/* Records of the generations above `since`, appended to out as JSON strings in base64. */
status front_records(struct front *f, uint64_t since, uint64_t until, struct buf *out,
                     struct err *err);

/* Loop and listeners: before the sandbox, because the loop needs calls that serving does not. */
status front_open(struct front *f, struct err *err);
/* The process: serves until the keeper is gone. */
void front_run(struct front *f);

#endif
