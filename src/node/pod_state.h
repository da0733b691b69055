/* SPDX-License-Identifier: Apache-2.0 */
/* pod_state.h: private to the pod runner: one running pod. */
#ifndef NODE_POD_STATE_H
#define NODE_POD_STATE_H

#include "agent/container.h"
#include "crypto/hash.h"
#include "node/pod.h"
#include "node/pod_spec.h"
#include "policy/data.h"

#include <event2/event.h>

struct bufferevent;

enum ctr_state { CTR_WAITING, CTR_RUNNING, CTR_EXITED };

/* One probe of one container at work. */
struct prober {
	struct pod *pod;
	struct ctr *ctr;
	const struct pod_probe *probe;
	struct event *timer;  /* next round, or the deadline of the present one */
	struct event *socket; /* while connecting or waiting for the status line */
	int fd;
	pid_t exec; /* crun exec under way */
	bool busy;
	uint32_t good, bad;  /* in a row */
	bool hurry;          /* startup, readiness: ask often until the first success */
	uint64_t counted_ns; /* when a failure last counted */
	void (*done)(struct prober *p, bool success); /* threshold reached, either way */
};

struct ctr {
	struct pod *pod;
	const struct pod_container *spec;
	size_t index;
	enum ctr_state state;
	pid_t pid;
	int exit_code;
	uint32_t restarts;
	bool started; /* startup probe passed, or none */
	bool ready;
	bool finished; /* will not run again */
	char reason[256];
	char id[80]; /* for crun: a fresh one a start */
	int out[2];  /* read ends of its standard output and error, -1 = closed */
	struct event *out_ev[2];
	struct event *restart;
	struct prober startup, readiness, liveness;
};

struct pod {
	const struct pod_options *o;
	struct arena arena;
	struct buf start; /* the start message: document and specification borrow from it */
	struct bytes document;
	struct policy_pod policy; /* of a confidential pod */
	struct pod_spec spec;
	struct event_base *base;
	struct bufferevent *wire;
	struct container_runner runner;
	struct ctr *ctrs;
	bool stopping;
	bool settled; /* every container is finished */
	struct event *kill_timer;
	struct event *chld;
	char crun_state[256], crun_work[256];
};

/* ---- pod_attest.c ---- */
/* PROTOCOL section 12: report fetched here, HOSTDATA against the document. ERR_REJECTED E-NODE-040.
 */
status pod_attest(struct pod *p, struct err *err);
/* Sockets under <work>/sockets; the loop serves them. */
status pod_serve_sockets(struct pod *p, struct err *err);

/* ---- pod_policy.c ---- */
/* The pod model of the document that was just attested. ERR_REJECTED E-NODE-045. */
status pod_policy_read(struct pod *p, struct err *err);
/* Is this the image that the policy names for this container? ERR_REJECTED E-NODE-046. */
status pod_policy_image(const struct ctr *c, const struct hash256 *digest, struct err *err);
/* Where the socket that the policy grants this container is mounted, and from which of ours; false:
 * none. */
bool pod_policy_socket(const struct ctr *c, const char **ret_destination, const char **ret_socket);

/* ---- pod_setup.c ---- */
status pod_mounts(struct pod *p, struct err *err);
status pod_network(const struct pod *p, struct err *err);
status pod_volumes(const struct pod *p, struct err *err);
/* <work>/<a>/<b>; b may be empty. ERR_LIMIT when too long. */
status pod_path(const struct pod *p, const char *a, struct bytes b, char to[1024], struct err *err);

/* ---- pod_container.c ---- */
/* Unpacks the image, starts the container; output goes to the node. */
status ctr_start(struct ctr *c, struct err *err);
/* After its process has ended: output to its end, rootfs removed. */
void ctr_clean(struct ctr *c);

/* ---- pod_probe.c ---- */
void prober_start(struct prober *r, struct ctr *c, const struct pod_probe *probe, bool hurry,
                  void (*done)(struct prober *r, bool success));
void prober_stop(struct prober *r);
/* True if the process was this prober's. */
bool prober_reaped(struct prober *r, pid_t pid, int wait_status);

/* ---- pod_loop.c ---- */
void pod_report_state(struct pod *p);
void pod_output(struct ctr *c, int stream, struct bytes data);

#endif
