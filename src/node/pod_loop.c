/* SPDX-License-Identifier: Apache-2.0 */
/* Order, restarts and the end of a pod's containers (Kubernetes pod lifecycle). */
#include "node/pod_state.h"

#include "base/file.h"
#include "base/rd.h"
#include "node/wire.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	BACKOFF_MAX = 60,
	BACKLOG_HIGH = 4 * 1024 * 1024, /* unread output after which containers wait */
	BACKLOG_LOW = 1024 * 1024,
};

static void advance(struct pod *p);

static void
send_frame(struct pod *p, enum wire_type type, struct bytes body)
{
	CLEANUP(buf_done) struct buf frame = {0};

	wire_emit(&frame, type, body);
	if (buf_ok(&frame))
		bufferevent_write(p->wire, frame.p, frame.n);
}

static void
set_outputs(struct pod *p, bool on)
{
	for (size_t i = 0; i < p->spec.n_containers; i++) {
		for (int s = 0; s < 2; s++) {
			struct event *ev = p->ctrs[i].out_ev[s];

			if (ev && on)
				event_add(ev, NULL);
			else if (ev)
				event_del(ev);
		}
	}
}

void
pod_output(struct ctr *c, int stream, struct bytes data)
{
	CLEANUP(buf_done) struct buf body = {0};

	buf_u8(&body, (uint8_t)c->index);
	buf_u8(&body, (uint8_t)(stream + 1));
	buf_bytes(&body, data);
	send_frame(c->pod, WIRE_OUTPUT, buf_view(&body));
	if (evbuffer_get_length(bufferevent_get_output(c->pod->wire)) > BACKLOG_HIGH)
		set_outputs(c->pod, false);
}

static struct value
ctr_value(struct arena *a, const struct ctr *c)
{
	static const char *const states[] = {"waiting", "running", "exited"};
	struct value v = json_object();

	json_put(a, &v, "name", json_string(c->spec->name));
	json_put(a, &v, "state", json_cstr(states[c->state]));
	json_put(a, &v, "ready", json_bool(c->ready));
	json_put(a, &v, "exit", json_int(c->exit_code));
	json_put(a, &v, "restarts", json_int(c->restarts));
	json_put(a, &v, "reason", json_cstr(c->reason));
	return v;
}

static bool
is_ready(const struct pod *p)
{
	for (size_t i = 0; i < p->spec.n_containers; i++) {
		const struct ctr *c = &p->ctrs[i];

		if (c->spec->kind == POD_INIT ? !(c->finished && c->exit_code == 0) : !c->ready)
			return false;
	}
	return true;
}

/* Kubernetes' words: Pending until the first main container ran. */
static const char *
phase(const struct pod *p)
{
	bool failed = false, main_seen = false, finished = true;

	for (size_t i = 0; i < p->spec.n_containers; i++) {
		const struct ctr *c = &p->ctrs[i];

		if (c->spec->kind == POD_SIDECAR)
			continue;
		finished = finished && c->finished;
		failed = failed || (c->finished && c->exit_code != 0);
		if (c->spec->kind == POD_INIT && c->finished && c->exit_code != 0)
			return "Failed";
		main_seen = main_seen || (c->spec->kind == POD_MAIN && c->state != CTR_WAITING);
	}
	if (finished)
		return failed ? "Failed" : "Succeeded";
	return main_seen ? "Running" : "Pending";
}

void
pod_report_state(struct pod *p)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct value v = json_object();
	struct value list = json_array();

	json_put(&a, &v, "phase", json_cstr(phase(p)));
	json_put(&a, &v, "ready", json_bool(is_ready(p)));
	for (size_t i = 0; i < p->spec.n_containers; i++)
		json_add(&a, &list, ctr_value(&a, &p->ctrs[i]));
	json_put(&a, &v, "containers", list);
	json_write(&v, JSON_COMPACT, &text);
	if (buf_ok(&text) && !a.failed)
		send_frame(p, WIRE_STATE, buf_view(&text));
}

static void
on_readiness(struct prober *r, bool success)
{
	if (r->ctr->ready == success)
		return;
	r->ctr->ready = success;
	pod_report_state(r->pod);
}

static void
on_liveness(struct prober *r, bool success)
{
	if (success)
		return;
	snprintf(r->ctr->reason, sizeof r->ctr->reason, "the liveness probe failed");
	prober_stop(r);
	kill(r->ctr->pid, SIGTERM);
}

/* Startup is done: the other probes begin. */
static void
now_started(struct ctr *c)
{
	if (c->spec->readiness.kind != PROBE_NONE)
		prober_start(&c->readiness, c, &c->spec->readiness, true, on_readiness);
	else
		c->ready = true;
	if (c->spec->liveness.kind != PROBE_NONE)
		prober_start(&c->liveness, c, &c->spec->liveness, false, on_liveness);
}

static void
on_startup(struct prober *r, bool success)
{
	struct ctr *c = r->ctr;

	prober_stop(r);
	if (!success) {
		snprintf(c->reason, sizeof c->reason, "the startup probe failed");
		kill(c->pid, SIGTERM);
		return;
	}
	c->started = true;
	now_started(c);
	advance(c->pod);
}

static void
schedule_restart(struct ctr *c)
{
	uint32_t doubled = c->restarts < 6 ? 1u << c->restarts : BACKOFF_MAX;
	const struct timeval wait = {.tv_sec = (time_t)MIN(doubled, (uint32_t)BACKOFF_MAX)};

	c->restarts++;
	evtimer_add(c->restart, &wait);
}

static bool
runs_again(const struct ctr *c)
{
	enum pod_restart policy = c->pod->spec.restart;

	if (c->pod->stopping)
		return false;
	if (c->spec->kind == POD_SIDECAR)
		return !c->pod->settled;
	if (c->spec->kind == POD_INIT)
		return c->exit_code != 0 && policy != RESTART_NEVER;
	return policy == RESTART_ALWAYS || (policy == RESTART_ON_FAILURE && c->exit_code != 0);
}

static void
ended(struct ctr *c, int exit_code)
{
	prober_stop(&c->startup);
	prober_stop(&c->readiness);
	prober_stop(&c->liveness);
	c->state = CTR_EXITED;
	c->exit_code = exit_code;
	c->pid = 0;
	c->ready = c->started = false;
	ctr_clean(c);
	if (runs_again(c))
		schedule_restart(c);
	else
		c->finished = true;
	advance(c->pod);
}

static void
start(struct ctr *c)
{
	struct err err = {0};

	c->reason[0] = '\0';
	if (!is_ok(ctr_start(c, &err))) {
		err_format(&err, c->reason, sizeof c->reason);
		ended(c, 128);
		return;
	}
	c->state = CTR_RUNNING;
	if (c->spec->startup.kind != PROBE_NONE)
		prober_start(&c->startup, c, &c->spec->startup, true, on_startup);
	else
		c->started = true;
	if (c->started)
		now_started(c);
}

static void
on_restart(evutil_socket_t fd, short what, void *arg)
{
	struct ctr *c = arg;

	(void)fd;
	(void)what;
	if (c->pod->stopping)
		return;
	start(c);
	advance(c->pod);
}

/* May what comes behind this init or sidecar container start? */
static bool
passed(const struct ctr *c)
{
	if (c->spec->kind == POD_INIT)
		return c->finished && c->exit_code == 0;
	return c->started;
}

/* Starts what may start now, in order. */
static void
start_next(struct pod *p)
{
	for (size_t i = 0; i < p->spec.n_containers; i++) {
		struct ctr *c = &p->ctrs[i];

		if (c->state == CTR_WAITING)
			start(c);
		if (c->spec->kind != POD_MAIN && !passed(c))
			return;
	}
}

static bool
mains_done(const struct pod *p)
{
	bool init_failed = false, done = true;

	for (size_t i = 0; i < p->spec.n_containers; i++) {
		const struct ctr *c = &p->ctrs[i];

		if (c->spec->kind == POD_INIT && c->finished && c->exit_code != 0)
			init_failed = true;
		if (c->spec->kind == POD_MAIN && !c->finished)
			done = false;
	}
	return done || init_failed;
}

static bool
anything_runs(const struct pod *p)
{
	for (size_t i = 0; i < p->spec.n_containers; i++) {
		if (p->ctrs[i].state == CTR_RUNNING)
			return true;
	}
	return false;
}

static void
signal_all(struct pod *p, int sig)
{
	for (size_t i = 0; i < p->spec.n_containers; i++) {
		if (p->ctrs[i].pid > 0)
			kill(p->ctrs[i].pid, sig);
	}
}

static void
advance(struct pod *p)
{
	if (!p->stopping && !p->settled)
		start_next(p);
	pod_report_state(p);
	if (!p->settled && mains_done(p)) {
		/* What is left are sidecars: they have nobody to serve. */
		p->settled = true;
		signal_all(p, SIGTERM);
	}
	if (p->stopping && !anything_runs(p))
		event_base_loopexit(p->base, NULL);
}

static struct ctr *
ctr_of(struct pod *p, pid_t pid)
{
	for (size_t i = 0; i < p->spec.n_containers; i++) {
		if (p->ctrs[i].pid == pid)
			return &p->ctrs[i];
	}
	return NULL;
}

static void
on_child(evutil_socket_t fd, short what, void *arg)
{
	struct pod *p = arg;
	pid_t pid;
	int st;

	(void)fd;
	(void)what;
	/* PID 1 reaps whatever a container leaves behind, too. */
	while ((pid = waitpid(-1, &st, WNOHANG)) > 0) {
		struct ctr *c = ctr_of(p, pid);

		if (c) {
			ended(c, WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st));
			continue;
		}
		for (size_t i = 0; i < p->spec.n_containers; i++) {
			if (prober_reaped(&p->ctrs[i].startup, pid, st) ||
			    prober_reaped(&p->ctrs[i].readiness, pid, st) ||
			    prober_reaped(&p->ctrs[i].liveness, pid, st))
				break;
		}
	}
}

static void
on_kill(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	signal_all(arg, SIGKILL);
}

static void
stop(struct pod *p, uint32_t grace)
{
	const struct timeval wait = {.tv_sec = (time_t)MIN(grace, p->spec.grace)};

	p->stopping = true;
	signal_all(p, SIGTERM);
	evtimer_add(p->kill_timer, &wait);
	advance(p);
}

static void
on_wire(struct bufferevent *bev, void *arg)
{
	struct pod *p = arg;
	struct evbuffer *in = bufferevent_get_input(bev);

	for (;;) {
		size_t n = evbuffer_get_length(in);
		struct wire_frame f;
		size_t used;
		bool whole;
		struct rd body;

		if (!is_ok(wire_next(bytes_of(evbuffer_pullup(in, -1), n), &whole, &f, &used,
		                     NULL)))
			exit(1);
		if (!whole)
			return;
		body = rd_init(f.body);
		if (f.type == WIRE_STOP)
			stop(p, rd_be32(&body));
		evbuffer_drain(in, used);
	}
}

static void
on_wire_drained(struct bufferevent *bev, void *arg)
{
	(void)bev;
	set_outputs(arg, true);
}

/* Without a node there is nobody to answer to: PID 1 goes, and everything with it. */
static void
on_wire_end(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	(void)what;
	(void)arg;
	_exit(1);
}

static status
read_start(struct pod *p, struct err *err)
{
	struct wire_frame f;
	size_t used;
	bool whole = false;
	struct bytes spec;

	p->start.max = WIRE_MAX + 8;
	while (!whole) {
		ssize_t got;

		if (!buf_reserve(&p->start, 64 * 1024))
			return buf_check(&p->start, err);
		got = read(p->o->wire_fd, p->start.p + p->start.n, 64 * 1024);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_set(err, ERR_IO, "E-NODE-031", "the node went away");
		p->start.n += (size_t)got;
		TRY(wire_next(buf_view(&p->start), &whole, &f, &used, err));
	}
	if (f.type != WIRE_START || used != p->start.n)
		return err_set(err, ERR_PARSE, "E-NODE-031", "the first message starts no pod");
	TRY(wire_start_parse(f.body, &p->document, &spec, err));
	return pod_spec_parse(&p->arena, spec, &p->spec, err);
}

static status
make_loop(struct pod *p, struct err *err)
{
	p->base = event_base_new();
	p->wire = p->base ? bufferevent_socket_new(p->base, p->o->wire_fd, 0) : NULL;
	p->chld = p->base ? evsignal_new(p->base, SIGCHLD, on_child, p) : NULL;
	p->kill_timer = p->base ? evtimer_new(p->base, on_kill, p) : NULL;
	if (!p->wire || !p->chld || !p->kill_timer)
		return err_set(err, ERR_INTERNAL, "E-NODE-042", "cannot make the event loop");
	evutil_make_socket_nonblocking(p->o->wire_fd);
	bufferevent_setcb(p->wire, on_wire, on_wire_drained, on_wire_end, p);
	bufferevent_setwatermark(p->wire, EV_WRITE, BACKLOG_LOW, 0);
	bufferevent_setwatermark(p->wire, EV_READ, 0, WIRE_MAX + 8);
	bufferevent_enable(p->wire, EV_READ | EV_WRITE);
	event_add(p->chld, NULL);
	return OK;
}

static status
make_containers(struct pod *p, struct err *err)
{
	p->ctrs = arena_array(&p->arena, p->spec.n_containers, sizeof *p->ctrs);
	TRY(arena_check(&p->arena, err));
	for (size_t i = 0; i < p->spec.n_containers; i++) {
		struct ctr *c = &p->ctrs[i];

		*c = (struct ctr){.pod = p,
		                  .spec = &p->spec.containers[i],
		                  .index = i,
		                  .out = {-1, -1}};
		c->restart = evtimer_new(p->base, on_restart, c);
		if (!c->restart)
			return err_set(err, ERR_INTERNAL, "E-NODE-042", "cannot make a timer");
	}
	return OK;
}

static status
set_up(struct pod *p, struct err *err)
{
	TRY(read_start(p, err));
	/* First of all: is the document the one that the launch was measured with? */
	if (p->spec.confidential) {
		TRY(pod_attest(p, err));
		TRY(pod_policy_read(p, err));
	}
	TRY(pod_mounts(p, err));
	TRY(pod_network(p, err));
	TRY(pod_volumes(p, err));
	TRY(make_loop(p, err));
	TRY(make_containers(p, err));
	if (p->spec.confidential)
		TRY(pod_serve_sockets(p, err));
	snprintf(p->crun_state, sizeof p->crun_state, "%s/crun", p->o->work);
	snprintf(p->crun_work, sizeof p->crun_work, "%s/bundles", p->o->work);
	p->runner = (struct container_runner){p->o->crun, p->crun_state, p->crun_work};
	return OK;
}

/* "Power off": the node hears why, then PID 1 ends. */
static void
refuse(const struct pod_options *o, const struct err *err)
{
	CLEANUP(buf_done) struct buf frame = {0};
	CLEANUP(buf_done) struct buf body = {0};

	buf_str(&body, err->id);
	buf_u8(&body, 0);
	if (err->place[0])
		buf_printf(&body, "%s: ", err->place);
	buf_str(&body, err->msg);
	wire_emit(&frame, WIRE_REFUSED, buf_view(&body));
	if (buf_ok(&frame))
		(void)fd_write_all(o->wire_fd, buf_view(&frame), NULL);
}

/* The last state and output are for the node to read. */
static void
drain(struct pod *p)
{
	struct evbuffer *out = bufferevent_get_output(p->wire);

	bufferevent_disable(p->wire, EV_READ | EV_WRITE);
	fcntl(p->o->wire_fd, F_SETFL, 0);
	evbuffer_unfreeze(out, 1);
	while (evbuffer_get_length(out) > 0 && evbuffer_write(out, p->o->wire_fd) > 0)
		continue;
}

int
pod_run(const struct pod_options *o)
{
	static struct pod pod;
	struct err err = {0};

	prctl(PR_SET_NAME, "contrast-pod");
	signal(SIGPIPE, SIG_IGN);
	pod.o = o;
	arena_init(&pod.arena, (size_t)WIRE_MAX * 4);
	if (!is_ok(set_up(&pod, &err))) {
		refuse(o, &err);
		return 1;
	}
	advance(&pod);
	event_base_dispatch(pod.base);
	drain(&pod);
	return 0;
}
