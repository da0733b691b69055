/* SPDX-License-Identifier: Apache-2.0 */
/* node_state.h: private to the node: what it runs. */
#ifndef NODE_NODE_STATE_H
#define NODE_NODE_STATE_H

#include "node/node.h"
#include "node/plan.h"

#include <event2/event.h>

enum { NODE_LOG_MAX = 16 * 1024 * 1024 /* a container's log: then it starts over */ };

struct node;

struct log_file {
	int fd;
	uint64_t size;
};

struct node_pod {
	struct node *node;
	const struct plan_pod *plan;
	int index;
	struct machine *machine;
	const struct launcher_ops *ops;
	struct event *stream, *device;
	struct buf in, device_in;
	struct log_file *logs; /* one a container */
	struct arena arena;    /* of `state` */
	struct buf state_text;
	struct value state; /* last WIRE_STATE */
	bool has_state, running, ready;
	bool attested;
	uint8_t registers[1 + LAYOUT_RTMRS][SHA384_SIZE]; /* as WIRE_ATTESTED */
	size_t n_registers;
	char reason[512];
	int exit_code;
	pid_t pid;
	uint64_t pid_start;
};

enum node_phase { NODE_PULLING, NODE_STARTING, NODE_RUNNING, NODE_STOPPING, NODE_FAILED };

struct node {
	const struct node_options *o;
	enum node_phase phase;
	struct err error;
	size_t pulled, to_pull;
	int lock;
	struct plan plan;
	struct net net;
	struct signer *signers[SIGNER_SHAPES]; /* by tee - 1; only what the plan needs */
	struct launcher *launcher;
	struct event_base *base;
	struct event *flush, *deadline, *term, *intr, *net_gone;
	struct node_pod *pods;
	bool dirty;
};

/* node_status.c: status.json, atomically. */
status node_status_write(struct node *n, struct err *err);
/* Soon, and once for many changes. */
void node_changed(struct node *n);

/* node_pod.c */
status node_pod_start(struct node *n, struct node_pod *p, struct err *err);
/* After its machine has ended or will not start. */
void node_pod_end(struct node_pod *p);
void node_pod_done(struct node_pod *p);

#endif
