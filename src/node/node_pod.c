/* SPDX-License-Identifier: Apache-2.0 */
/* One pod as the node sees it: a machine, its stream, its device, its logs. */
#include "node/node_state.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/rd.h"
#include "node/device.h"
#include "node/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { READ_CHUNK = 64 * 1024 };

static void
told_state(struct node_pod *p, struct bytes json)
{
	arena_reset(&p->arena);
	p->has_state = false;
	p->running = p->ready = false;
	buf_reset(&p->state_text);
	buf_bytes(&p->state_text, json);
	if (buf_ok(&p->state_text) &&
	    is_ok(json_parse(&p->arena, buf_view(&p->state_text), NULL, &p->state, NULL))) {
		const struct value *ready = json_get(&p->state, "ready");

		p->has_state = true;
		p->running = bytes_is(json_text(json_get(&p->state, "phase")), "Running");
		p->ready = json_is(ready, VALUE_BOOL) && ready->u.b;
	}
	net_pod_ready(&p->node->net, p->index, p->running, p->ready);
	node_changed(p->node);
}

/* A container that writes without end fills a file, not the disk: at the limit it starts over. */
static void
told_output(struct node_pod *p, struct bytes body)
{
	struct rd r = rd_init(body);
	uint8_t container = rd_u8(&r);
	struct bytes data;
	struct log_file *log;

	rd_skip(&r, 1);
	data = rd_bytes(&r, rd_left(&r));
	if (!rd_ok(&r) || container >= p->plan->n_containers)
		return;
	log = &p->logs[container];
	if (log->size + data.n > NODE_LOG_MAX) {
		if (ftruncate(log->fd, 0) != 0)
			return;
		log->size = 0;
	}
	if (is_ok(fd_write_all(log->fd, data, NULL)))
		log->size += data.n;
}

static void
told_refusal(struct node_pod *p, struct bytes body)
{
	size_t nul = bytes_find_byte(body, 0, 0);
	struct bytes id = bytes_sub(body, 0, nul);
	struct bytes why = bytes_sub(body, nul == SIZE_MAX ? body.n : nul + 1, body.n);

	snprintf(p->reason, sizeof p->reason, "%.*s [%.*s]", BYTES_ARG(why), BYTES_ARG(id));
	log_error("a pod powers off", F_TEXT("pod", p->plan->name), F_CSTR("reason", p->reason));
}

static void
told_attested(struct node_pod *p, struct bytes body)
{
	size_t n = body.n / SHA384_SIZE; /* what is left over is HOSTDATA */

	if (body.n != n * SHA384_SIZE + SHA256_SIZE || (n != 1 && n != COUNT_OF(p->registers)))
		return;
	for (size_t i = 0; i < n; i++)
		mem_copy(p->registers[i], body.p + i * SHA384_SIZE, SHA384_SIZE);
	p->n_registers = n;
	p->attested = true;
	node_changed(p->node);
}

static void
told(struct node_pod *p, const struct wire_frame *f)
{
	switch (f->type) {
	case WIRE_STATE:
		told_state(p, f->body);
		break;
	case WIRE_OUTPUT:
		told_output(p, f->body);
		break;
	case WIRE_REFUSED:
		told_refusal(p, f->body);
		break;
	case WIRE_ATTESTED:
		told_attested(p, f->body);
		break;
	default:
		break; /* a later runner may say more */
	}
}

/* Every whole frame at the front of `in`; false when the stream makes no sense. */
static bool
take_frames(struct node_pod *p)
{
	size_t at = 0;

	for (;;) {
		struct wire_frame f;
		size_t used;
		bool whole;

		if (!is_ok(wire_next(bytes_sub(buf_view(&p->in), at, p->in.n), &whole, &f, &used,
		                     NULL)))
			return false;
		if (!whole)
			break;
		told(p, &f);
		at += used;
	}
	mem_move(p->in.p, p->in.p + at, p->in.n - at);
	p->in.n -= at;
	return true;
}

static void
on_stream(evutil_socket_t fd, short what, void *arg)
{
	struct node_pod *p = arg;
	ssize_t n;

	(void)what;
	if (!buf_reserve(&p->in, READ_CHUNK)) {
		node_pod_end(p);
		return;
	}
	n = read(fd, p->in.p + p->in.n, READ_CHUNK);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0)
		p->in.n += (size_t)n;
	if (n <= 0 || !take_frames(p))
		node_pod_end(p);
}

/* The guest's line to the secure processor. Who speaks on it is that guest, whatever it says. */
static void
on_device(evutil_socket_t fd, short what, void *arg)
{
	struct node_pod *p = arg;
	CLEANUP(buf_done) struct buf answer = {0};
	struct rd r;
	uint32_t size;
	ssize_t n;

	(void)what;
	if (!buf_reserve(&p->device_in, 4 + DEVICE_REQUEST_SIZE))
		return;
	n = read(fd, p->device_in.p + p->device_in.n, 4 + DEVICE_REQUEST_SIZE - p->device_in.n);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		event_del(p->device);
		return;
	}
	p->device_in.n += (size_t)n;
	r = rd_init(buf_view(&p->device_in));
	size = rd_be32(&r);
	if (rd_ok(&r) && size != DEVICE_REQUEST_SIZE) {
		event_del(p->device);
		return;
	}
	if (rd_left(&r) < DEVICE_REQUEST_SIZE)
		return;
	signed_guest_serve(p->ops->guest(p->machine), clock_realtime(),
	                   rd_bytes(&r, DEVICE_REQUEST_SIZE), &answer);
	buf_reset(&p->device_in);
	if (!buf_ok(&answer) || !is_ok(fd_write_all(fd, buf_view(&answer), NULL)))
		event_del(p->device);
}

static status
open_logs(struct node_pod *p, struct err *err)
{
	char path[RUNDIR_PATH + 256], name[600];

	p->logs = mem_try_alloc(p->plan->n_containers * sizeof *p->logs);
	if (!p->logs)
		return err_set(err, ERR_LIMIT, "E-BASE-002", "out of memory");
	for (size_t i = 0; i < p->plan->n_containers; i++)
		p->logs[i] = (struct log_file){.fd = -1};
	snprintf(name, sizeof name, "logs/%.*s", BYTES_ARG(p->plan->name));
	TRY(dir_create(rundir_file(&p->node->o->run, name, path), 0755, err));
	for (size_t i = 0; i < p->plan->n_containers; i++) {
		snprintf(name, sizeof name, "logs/%.*s/%.*s.log", BYTES_ARG(p->plan->name),
		         BYTES_ARG(p->plan->containers[i]));
		rundir_file(&p->node->o->run, name, path);
		p->logs[i].fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
		if (p->logs[i].fd < 0)
			return err_at(err,
			              err_set_errno(err, ERR_IO, "E-NODE-084", "cannot create"),
			              "%s", path);
	}
	return OK;
}

static status
launch(struct node *n, struct node_pod *p, struct err *err)
{
	const struct platform *row = platform_find(p->plan->platform);
	char work[RUNDIR_PATH + 256], name[32], link[16];
	struct machine_start s = {
	        .document = p->plan->document,
	        .spec = p->plan->spec,
	        .debug = p->plan->debug,
	        .vcpus = 1,
	        .work = work,
	        .bridge_netlink = n->net.netlink,
	        .bridge = net_bridge,
	        .link = link,
	        .stderr_fd = STDERR_FILENO,
	};

	snprintf(name, sizeof name, "m/%d", p->index);
	snprintf(link, sizeof link, "pod%d", p->index);
	rundir_file(&n->o->run, name, work);
	TRY(dir_create(work, 0711, err));
	mem_copy(s.host_data, p->plan->host_data, sizeof s.host_data);
	s.signer = row ? n->signers[signer_tee(row) - 1] : NULL;
	p->ops = n->launcher->ops;
	return p->ops->start(n->launcher, &s, &p->machine, err);
}

static status
watch(struct node *n, struct node_pod *p, struct err *err)
{
	int stream = p->ops->stream(p->machine);
	int device = p->ops->device(p->machine);

	evutil_make_socket_nonblocking(stream);
	p->stream = event_new(n->base, stream, EV_READ | EV_PERSIST, on_stream, p);
	if (!p->stream || event_add(p->stream, NULL) != 0)
		return err_set(err, ERR_INTERNAL, "E-NODE-042", "cannot watch a pod");
	if (device < 0)
		return OK;
	/* A guest that asks and does not listen loses its line; the others must not wait for it. */
	evutil_make_socket_nonblocking(device);
	p->device = event_new(n->base, device, EV_READ | EV_PERSIST, on_device, p);
	if (!p->device || event_add(p->device, NULL) != 0)
		return err_set(err, ERR_INTERNAL, "E-NODE-042", "cannot watch a pod");
	return OK;
}

status
node_pod_start(struct node *n, struct node_pod *p, struct err *err)
{
	p->in.max = WIRE_MAX + 2 * READ_CHUNK;
	TRY(open_logs(p, err));
	TRY(launch(n, p, err));
	p->pid = p->ops->pid(p->machine);
	p->pid_start = process_start_time(p->pid);
	return watch(n, p, err);
}

static void
unwatch(struct node_pod *p)
{
	if (p->stream)
		event_free(p->stream);
	if (p->device)
		event_free(p->device);
	p->stream = p->device = NULL;
}

/* What is known when the stream ends: a done pod has said so, a refusal gave its reason. */
static void
explain_end(struct node_pod *p)
{
	const struct value *phase = p->has_state ? json_get(&p->state, "phase") : NULL;
	struct bytes text = json_text(phase);

	if (p->reason[0] || p->node->phase == NODE_STOPPING || bytes_is(text, "Succeeded") ||
	    bytes_is(text, "Failed"))
		return;
	snprintf(p->reason, sizeof p->reason, "the machine ended without a word");
}

void
node_pod_end(struct node_pod *p)
{
	unwatch(p);
	explain_end(p);
	if (p->machine) {
		p->ops->kill(p->machine);
		p->ops->remove(p->machine);
	}
	p->machine = NULL;
	p->pid = 0;
	p->pid_start = 0;
	p->running = p->ready = false;
	net_pod_ready(&p->node->net, p->index, false, false);
	node_changed(p->node);
	if (p->node->phase == NODE_STOPPING)
		event_active(p->node->deadline, EV_READ, 1);
}

void
node_pod_done(struct node_pod *p)
{
	unwatch(p);
	if (p->machine)
		p->ops->remove(p->machine);
	for (size_t i = 0; p->logs && i < p->plan->n_containers; i++)
		fd_close(&p->logs[i].fd);
	mem_free(p->logs);
	buf_done(&p->in);
	buf_done(&p->device_in);
	buf_done(&p->state_text);
	arena_done(&p->arena);
}
