/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/socket.h"

#include "attest/stream.h"
#include "base/file.h"
#include "base/rd.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FRAME_HEAD = 4, ANSWER_HEAD = 3 };

static void
emit_leaf(const struct attest_leaf *leaf, struct buf *out)
{
	buf_add(out, leaf->nonce, sizeof leaf->nonce);
	buf_add(out, leaf->attester_key, sizeof leaf->attester_key);
	buf_add(out, leaf->peer_key, sizeof leaf->peer_key);
	buf_add(out, leaf->exporter, sizeof leaf->exporter);
	buf_add(out, leaf->payload, sizeof leaf->payload);
}

void
attest_request_emit(const struct attest_request *r, struct buf *out)
{
	bool report = r->op == ATTEST_OP_REPORT;
	size_t body = report ? sizeof r->report_data : sizeof r->leaf;

	buf_be32(out, (uint32_t)(2 + body));
	buf_u8(out, ATTEST_SOCKET_VERSION);
	buf_u8(out, (uint8_t)r->op);
	if (report)
		buf_add(out, r->report_data, sizeof r->report_data);
	else
		emit_leaf(&r->leaf, out);
}

void
attest_answer_emit(enum attest_result result, uint8_t tee, struct bytes rest, struct buf *out)
{
	buf_be32(out, (uint32_t)(ANSWER_HEAD + rest.n));
	buf_u8(out, ATTEST_SOCKET_VERSION);
	buf_u8(out, (uint8_t)result);
	buf_u8(out, tee);
	buf_bytes(out, rest);
}

static void
read_leaf(struct rd *r, struct attest_leaf *leaf)
{
	rd_copy(r, leaf->nonce, sizeof leaf->nonce);
	rd_copy(r, leaf->attester_key, sizeof leaf->attester_key);
	rd_copy(r, leaf->peer_key, sizeof leaf->peer_key);
	rd_copy(r, leaf->exporter, sizeof leaf->exporter);
	rd_copy(r, leaf->payload, sizeof leaf->payload);
}

status
attest_request_parse(struct bytes body, struct attest_request *ret, struct err *err)
{
	struct rd r = rd_init(body);
	uint8_t version = rd_u8(&r);
	uint8_t op = rd_u8(&r);

	*ret = (struct attest_request){0};
	if (op == ATTEST_OP_REPORT)
		rd_copy(&r, ret->report_data, sizeof ret->report_data);
	else if (op == ATTEST_OP_MESH_CERT)
		read_leaf(&r, &ret->leaf);
	if (!rd_done(&r) || version != ATTEST_SOCKET_VERSION ||
	    (op != ATTEST_OP_REPORT && op != ATTEST_OP_MESH_CERT)) {
		*ret = (struct attest_request){0};
		return err_set(err, ERR_PARSE, "E-ATTEST-001",
		               "malformed evidence request (version %u, op %u, %zu bytes)", version,
		               op, body.n);
	}
	ret->op = (enum attest_op)op;
	return OK;
}

status
attest_answer_parse(struct bytes body, struct attest_answer *ret, struct err *err)
{
	struct rd r = rd_init(body);
	uint8_t version = rd_u8(&r);
	uint8_t result = rd_u8(&r);
	uint8_t tee = rd_u8(&r);
	bool done = result == ATTEST_DONE;

	*ret = (struct attest_answer){.result = ATTEST_MALFORMED};
	if (!rd_ok(&r) || version != ATTEST_SOCKET_VERSION || result > ATTEST_UNAVAILABLE ||
	    (done ? tee < 1 || tee > ATTEST_TEE_MAX : tee != 0) || (done && rd_left(&r) == 0))
		return err_set(
		        err, ERR_PARSE, "E-ATTEST-002",
		        "malformed evidence answer (version %u, result %u, tee %u, %zu bytes)",
		        version, result, tee, body.n);
	ret->result = (enum attest_result)result;
	ret->tee = tee;
	ret->rest = rd_bytes(&r, rd_left(&r));
	return OK;
}

status
attest_frame_next(struct bytes in, size_t max, bool *ret_whole, struct bytes *ret, size_t *used,
                  struct err *err)
{
	struct rd r = rd_init(in);
	uint32_t n;

	*ret_whole = false;
	if (in.n < FRAME_HEAD)
		return OK;
	n = rd_be32(&r);
	if (n == 0 || n > max)
		return err_set(err, ERR_LIMIT, "E-ATTEST-003",
		               "a frame of %u bytes on an evidence socket (limit %zu)", n, max);
	if (rd_left(&r) < n)
		return OK;
	*ret = rd_bytes(&r, n);
	*used = FRAME_HEAD + n;
	*ret_whole = true;
	return OK;
}

status
attest_socket_connect(const char *path, int *ret, struct err *err)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	CLEANUP(fd_close) int fd = -1;

	if (snprintf(name.sun_path, sizeof name.sun_path, "%s", path) >= (int)sizeof name.sun_path)
		return err_set(err, ERR_USAGE, "E-ATTEST-013", "the socket path %s is too long",
		               path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&name, sizeof name) != 0)
		return err_at(err,
		              err_set_errno(err, ERR_UNREACHABLE, "E-ATTEST-010",
		                            "cannot connect to the evidence socket"),
		              "%s", path);
	*ret = fd;
	fd = -1;
	return OK;
}

/* Reads until one whole frame is in `in`; a byte beyond it is an error: one answer a request. */
static status
receive_answer(int fd, uint64_t deadline, struct buf *in, struct bytes *ret, struct err *err)
{
	for (;;) {
		bool whole;
		size_t used = 0;

		TRY(attest_frame_next(buf_view(in), ATTEST_ANSWER_MAX, &whole, ret, &used, err));
		if (whole && used == in->n)
			return OK;
		if (whole)
			return err_set(err, ERR_PARSE, "E-ATTEST-002",
			               "%zu bytes too many on the evidence socket", in->n - used);
		if (!stream_receive(fd, 16 * 1024, deadline, in))
			return err_set_errno(err, ERR_UNREACHABLE, "E-ATTEST-011",
			                     "the evidence socket does not answer");
	}
}

status
attest_socket_call(int fd, const struct attest_request *request, unsigned int deadline_ms,
                   uint8_t *ret_tee, struct buf *document, struct err *err)
{
	uint64_t deadline = stream_deadline(deadline_ms);
	CLEANUP(buf_done) struct buf out = {0};
	CLEANUP(buf_done) struct buf in = {.max = ATTEST_ANSWER_MAX + 64 * 1024};
	struct attest_answer answer;
	struct bytes body;

	attest_request_emit(request, &out);
	TRY(buf_check(&out, err));
	if (!stream_send(fd, buf_view(&out), deadline))
		return err_set_errno(err, ERR_UNREACHABLE, "E-ATTEST-011",
		                     "the evidence socket takes no request");
	TRY(receive_answer(fd, deadline, &in, &body, err));
	TRY(attest_answer_parse(body, &answer, err));
	if (answer.result != ATTEST_DONE) {
		CLEANUP(buf_done) struct buf why = {0};
		bool later = answer.result == ATTEST_UNAVAILABLE;

		text_escape(answer.rest, 200, &why);
		return err_set(err, later ? ERR_UNREACHABLE : ERR_REJECTED,
		               later ? "E-ATTEST-011" : "E-ATTEST-012",
		               "the evidence socket refuses: %s", buf_cstr(&why));
	}
	*ret_tee = answer.tee;
	buf_bytes(document, answer.rest);
	return buf_check(document, err);
}
