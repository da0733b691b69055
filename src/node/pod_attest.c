/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's side of attestation: initdata against HOSTDATA or MRCONFIGID, and the two sockets of
 * PROTOCOL section 4. */
#include "node/pod_state.h"

#include "attest/leaf.h"
#include "base/file.h"
#include "base/rd.h"
#include "evidence/document.h"
#include "evidence/tdx/quote.h"
#include "node/device.h"
#include "node/wire.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	REPORT_POLICY = 0x08,
	REPORT_DATA = 0x50,
	REPORT_MEASUREMENT = 0x90,
	REPORT_HOST_DATA = 0xc0,
	MAX_CLIENTS = 32,
};

/* One socket's service: which request it takes. */
struct service {
	struct pod *pod;
	enum attest_op op;
	struct event *accept;
	int listener;
	size_t clients;
};

struct client {
	struct service *service;
	struct bufferevent *bev;
};

static struct service services[2];

/* What evidence says of the launch, in either shape. */
struct launch_seen {
	struct bytes report_data, host_data;
	struct bytes registers[1 + TDX_RTMRS];
	size_t n;
};

static void
see_report(struct bytes report, struct launch_seen *ret)
{
	ret->report_data = bytes_sub(report, REPORT_DATA, REPORT_DATA + PROCESSOR_REPORT_DATA_SIZE);
	ret->host_data = bytes_sub(report, REPORT_HOST_DATA, REPORT_HOST_DATA + SHA256_SIZE);
	ret->registers[ret->n++] =
	        bytes_sub(report, REPORT_MEASUREMENT, REPORT_MEASUREMENT + SHA384_SIZE);
}

static status
see_quote(struct bytes quote, struct launch_seen *ret, struct err *err)
{
	struct verdict v = {0};
	struct tdx_quote q;

	if (!is_ok(tdx_quote_parse(quote, &q, &v)))
		return err_set(err, ERR_REJECTED, "E-NODE-040", "the quote is none: %s", v.reason);
	if (!bytes_all_zero(bytes_sub(q.mrconfigid, SHA256_SIZE, q.mrconfigid.n)))
		return err_set(err, ERR_REJECTED, "E-NODE-040",
		               "MRCONFIGID is more than a policy hash");
	ret->report_data = q.report_data;
	ret->host_data = bytes_sub(q.mrconfigid, 0, SHA256_SIZE);
	ret->registers[ret->n++] = q.mrtd;
	for (size_t i = 0; i < TDX_RTMRS; i++)
		ret->registers[ret->n++] = q.rtmr[i];
	return OK;
}

static status
tell_attested(const struct pod *p, const struct launch_seen *seen, struct err *err)
{
	CLEANUP(buf_done) struct buf told = {0};
	CLEANUP(buf_done) struct buf frame = {0};

	for (size_t i = 0; i < seen->n; i++)
		buf_bytes(&told, seen->registers[i]);
	buf_bytes(&told, seen->host_data);
	wire_emit(&frame, WIRE_ATTESTED, buf_view(&told));
	TRY(buf_check(&frame, err));
	return fd_write_all(p->o->wire_fd, buf_view(&frame), err);
}

status
pod_attest(struct pod *p, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf frame = {0};
	struct hash256 document = sha256(p->document);
	uint8_t nonce[PROCESSOR_REPORT_DATA_SIZE];
	struct launch_seen seen = {.n = 0};
	struct document d;

	if (p->o->device_fd < 0)
		return err_set(err, ERR_REJECTED, "E-NODE-040",
		               "a confidential pod without a device");
	random_bytes(nonce, sizeof nonce);
	TRY(device_report(p->o->device_fd, p->o->tee, nonce, &a, &frame, &d, err));
	if (p->o->tee == TEE_SNP)
		see_report(d.evidence, &seen);
	else
		TRY(see_quote(d.evidence, &seen, err));
	if (!ct_equal(seen.report_data, bytes_of(nonce, sizeof nonce)))
		return err_set(err, ERR_REJECTED, "E-NODE-040",
		               "the report is not an answer to us");
	if (!ct_equal(seen.host_data, hash256_view(&document)))
		return err_hint(err,
		                err_set(err, ERR_REJECTED, "E-NODE-040",
		                        "the initdata document is not the one that %s names",
		                        p->o->tee == TEE_SNP ? "HOSTDATA" : "MRCONFIGID"),
		                "the host delivered another document than the launch was bound to");
	return tell_attested(p, &seen, err);
}

static void
report_data_of(const struct attest_request *request, enum tee tee,
               uint8_t to[PROCESSOR_REPORT_DATA_SIZE])
{
	struct hash512 leaf;

	if (request->op == ATTEST_OP_REPORT) {
		mem_copy(to, request->report_data, PROCESSOR_REPORT_DATA_SIZE);
		return;
	}
	leaf = attest_leaf_hash(&request->leaf, tee);
	mem_copy(to, leaf.b, PROCESSOR_REPORT_DATA_SIZE);
}

static status
make_document(struct pod *p, const struct attest_request *request, struct buf *out, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf frame = {0};
	uint8_t report_data[PROCESSOR_REPORT_DATA_SIZE];
	struct document d;
	struct value v;

	report_data_of(request, p->o->tee, report_data);
	TRY(device_report(p->o->device_fd, p->o->tee, report_data, &a, &frame, &d, err));
	v = document_to_json(&a, &d);
	TRY(arena_check(&a, err));
	json_write(&v, JSON_COMPACT, out);
	return buf_check(out, err);
}

static void
answer_request(struct client *c, struct bytes body, bool *ret_close)
{
	CLEANUP(buf_done) struct buf rest = {0};
	CLEANUP(buf_done) struct buf frame = {0};
	struct attest_request request;
	enum tee tee = c->service->pod->o->tee;
	enum attest_result result = ATTEST_DONE;
	struct err err = {0};

	*ret_close = false;
	if (!is_ok(attest_request_parse(body, &request, &err))) {
		result = ATTEST_MALFORMED;
		*ret_close = true;
	} else if (request.op != c->service->op) {
		result = ATTEST_REFUSED;
		snprintf(err.msg, sizeof err.msg, "this socket serves another request");
	} else if (!is_ok(make_document(c->service->pod, &request, &rest, &err))) {
		result = ATTEST_UNAVAILABLE;
	}
	if (result != ATTEST_DONE) {
		buf_reset(&rest);
		buf_str(&rest, err.msg);
	}
	attest_answer_emit(result, result == ATTEST_DONE ? (uint8_t)tee : 0, buf_view(&rest),
	                   &frame);
	if (buf_ok(&frame))
		bufferevent_write(c->bev, frame.p, frame.n);
	else
		*ret_close = true;
}

static void
client_end(struct client *c)
{
	c->service->clients--;
	if (c->service->clients == MAX_CLIENTS - 1)
		event_add(c->service->accept, NULL);
	bufferevent_free(c->bev);
	mem_free(c);
}

static void
on_client_written(struct bufferevent *bev, void *arg)
{
	(void)bev;
	client_end(arg);
}

static void
on_client_end(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	(void)what;
	client_end(arg);
}

static void
on_client(struct bufferevent *bev, void *arg)
{
	struct client *c = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	bool whole = true, end = false;

	while (whole && !end) {
		size_t n = evbuffer_get_length(in);
		struct bytes body = {NULL, 0};
		size_t used = 0;

		if (!is_ok(attest_frame_next(bytes_of(evbuffer_pullup(in, -1), n),
		                             ATTEST_REQUEST_MAX, &whole, &body, &used, NULL))) {
			answer_request(c, (struct bytes){NULL, 0}, &end);
			end = true;
		} else if (whole) {
			answer_request(c, body, &end);
			evbuffer_drain(in, used);
		}
	}
	if (end) {
		/* Answered and closed: once the answer is out. */
		bufferevent_disable(bev, EV_READ);
		bufferevent_setcb(bev, NULL, on_client_written, on_client_end, c);
	}
}

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval idle = {.tv_sec = 120};
	struct service *s = arg;
	struct client *c;
	int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)what;
	if (peer < 0)
		return;
	c = mem_new(struct client);
	c->service = s;
	c->bev = bufferevent_socket_new(s->pod->base, peer, BEV_OPT_CLOSE_ON_FREE);
	if (!c->bev) {
		close(peer);
		mem_free(c);
		return;
	}
	if (++s->clients == MAX_CLIENTS)
		event_del(s->accept);
	bufferevent_setcb(c->bev, on_client, NULL, on_client_end, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, ATTEST_REQUEST_MAX + 4);
	bufferevent_set_timeouts(c->bev, &idle, &idle);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

/* Bound through a descriptor of the folder: a socket's path may be 107 bytes long, ours longer. */
static status
listen_at(struct pod *p, struct service *s, int folder, const char *name, enum attest_op op,
          struct err *err)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	snprintf(at.sun_path, sizeof at.sun_path, "/proc/self/fd/%d/%s", folder, name);
	*s = (struct service){.pod = p, .op = op};
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->listener < 0 || bind(s->listener, (const struct sockaddr *)&at, sizeof at) != 0 ||
	    fchmodat(folder, name, 0666, 0) != 0 || listen(s->listener, MAX_CLIENTS) != 0)
		return err_set_errno(err, ERR_IO, "E-NODE-042", "cannot listen at the socket %s",
		                     name);
	s->accept = event_new(p->base, s->listener, EV_READ | EV_PERSIST, on_accept, s);
	if (!s->accept || event_add(s->accept, NULL) != 0)
		return err_set(err, ERR_INTERNAL, "E-NODE-042", "cannot watch a socket");
	return OK;
}

status
pod_serve_sockets(struct pod *p, struct err *err)
{
	CLEANUP(fd_close) int folder = -1;
	char path[1024];

	TRY(pod_path(p, "sockets", (struct bytes){NULL, 0}, path, err));
	folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return err_set_errno(err, ERR_IO, "E-NODE-042", "cannot open %s", path);
	TRY(listen_at(p, &services[0], folder, "evidence", ATTEST_OP_MESH_CERT, err));
	return listen_at(p, &services[1], folder, "report", ATTEST_OP_REPORT, err);
}
