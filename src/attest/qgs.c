/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/qgs.h"

#include "attest/socket.h"
#include "attest/stream.h"
#include "base/file.h"
#include "base/rd.h"
#include "base/text.h"

#include <linux/vm_sockets.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAJOR = 1, GET_QUOTE = 0, GET_QUOTE_ANSWER = 1, SIZES = 8, MAX_PORT = 0x7fffffff };

/* ---- engine ---- */

void
qgs_request_emit(const uint8_t report[QGS_REPORT_SIZE], struct buf *out)
{
	const uint32_t size = QGS_HEADER_SIZE + SIZES + QGS_REPORT_SIZE;

	buf_be32(out, size);
	buf_le16(out, MAJOR);
	buf_le16(out, 0);
	buf_le32(out, GET_QUOTE);
	buf_le32(out, size);
	buf_le32(out, 0);
	buf_le32(out, QGS_REPORT_SIZE);
	buf_le32(out, 0);
	buf_add(out, report, QGS_REPORT_SIZE);
}

static status
parse_header(struct rd *r, size_t whole, struct err *err)
{
	uint16_t major = rd_le16(r);
	uint16_t minor = rd_le16(r);
	uint32_t type = rd_le32(r);
	uint32_t size = rd_le32(r);
	uint32_t code = rd_le32(r);

	if (!rd_ok(r) || major != MAJOR || type != GET_QUOTE_ANSWER || size != whole)
		return err_set(err, ERR_PARSE, "E-QGS-001",
		               "no answer of the quote service (version %u.%u, type %u, size %u of "
		               "%zu)",
		               major, minor, type, size, whole);
	if (code != 0)
		return err_set(err, ERR_UNREACHABLE, "E-QGS-002",
		               "the quote service answers with error %#x", code);
	return OK;
}

status
qgs_answer_parse(struct bytes message, struct qgs_answer *ret, struct err *err)
{
	struct rd r = rd_init(message);
	uint32_t id, quote;

	*ret = (struct qgs_answer){.id = {NULL, 0}};
	TRY(parse_header(&r, message.n, err));
	id = rd_le32(&r);
	quote = rd_le32(&r);
	if (!rd_ok(&r) || id > QGS_ID_MAX || quote == 0 || quote > QGS_QUOTE_MAX ||
	    (size_t)id + quote != rd_left(&r))
		return err_set(err, ERR_PARSE, "E-QGS-001",
		               "the quote service's answer says %u and %u bytes and has %zu", id,
		               quote, rd_left(&r));
	ret->id = rd_bytes(&r, id);
	ret->quote = rd_bytes(&r, quote);
	return OK;
}

status
qgs_frame_size(const uint8_t head[QGS_FRAME_HEAD], size_t *ret, struct err *err)
{
	struct rd r = rd_init(bytes_of(head, QGS_FRAME_HEAD));
	uint32_t n = rd_be32(&r);

	*ret = 0;
	if (n < QGS_HEADER_SIZE || n > QGS_MESSAGE_MAX)
		return err_set(err, ERR_LIMIT, "E-QGS-003",
		               "a message of %u bytes from the quote service (limit %d)", n,
		               QGS_MESSAGE_MAX);
	*ret = n;
	return OK;
}

/* "port = N" or nothing of interest. */
static bool
conf_line(struct bytes line, uint32_t *ret)
{
	size_t equals = bytes_find_byte(line, '=', 0);
	uint64_t port;

	if (equals == SIZE_MAX || !bytes_is(bytes_trim(bytes_sub(line, 0, equals)), "port"))
		return true;
	if (!text_u64(bytes_trim(bytes_sub(line, equals + 1, line.n)), MAX_PORT, &port) ||
	    port == 0)
		return false;
	*ret = (uint32_t)port;
	return true;
}

status
qgs_conf_port(struct bytes text, uint32_t *ret, struct err *err)
{
	unsigned int number = 1;

	*ret = QGS_PORT;
	for (size_t at = 0; at < text.n; number++) {
		size_t end = MIN(bytes_find_byte(text, '\n', at), text.n);
		struct bytes line = bytes_sub(text, at, end);

		line = bytes_sub(line, 0, MIN(bytes_find_byte(line, '#', 0), line.n));
		if (!conf_line(line, ret))
			return err_set(err, ERR_PARSE, "E-QGS-004",
			               "line %u names no port of a VM socket", number);
		at = end + 1;
	}
	return OK;
}

/* ---- client ---- */

static status
port_of(const char *conf, uint32_t *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};

	*ret = QGS_PORT;
	if (!conf || !file_exists(conf))
		return OK;
	TRY(file_read(conf, QGS_CONF_MAX, &text, err));
	return err_at(err, qgs_conf_port(buf_view(&text), ret, err), "%s", conf);
}

static status
connect_vm(uint32_t port, int *ret, struct err *err)
{
	const struct sockaddr_vm name = {.svm_family = AF_VSOCK,
	                                 .svm_cid = QGS_CID,
	                                 .svm_port = port};
	CLEANUP(fd_close) int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&name, sizeof name) != 0)
		return err_set_errno(err, ERR_UNREACHABLE, "E-QGS-005",
		                     "cannot connect to the quote service at VM socket %d:%u",
		                     QGS_CID, port);
	*ret = fd;
	fd = -1;
	return OK;
}

status
qgs_connect(const struct qgs_place *place, int *ret, struct err *err)
{
	uint32_t port;

	if (place->unix_path)
		return err_ctx(err, attest_socket_connect(place->unix_path, ret, err),
		               "the quote service");
	TRY(port_of(place->conf, &port, err));
	return connect_vm(port, ret, err);
}

static status
receive(int fd, size_t n, uint64_t deadline, struct buf *in, struct err *err)
{
	buf_reset(in);
	while (in->n < n)
		if (!stream_receive(fd, n - in->n, deadline, in))
			return err_set_errno(err, ERR_UNREACHABLE, "E-QGS-006",
			                     "the quote service does not answer");
	return OK;
}

status
qgs_quote(int fd, const uint8_t report[QGS_REPORT_SIZE], unsigned int deadline_ms,
          struct buf *quote, struct err *err)
{
	uint64_t deadline = stream_deadline(deadline_ms);
	CLEANUP(buf_done) struct buf out = {0};
	CLEANUP(buf_done) struct buf in = {0};
	struct qgs_answer answer;
	size_t size;

	qgs_request_emit(report, &out);
	TRY(buf_check(&out, err));
	if (!stream_send(fd, buf_view(&out), deadline))
		return err_set_errno(err, ERR_UNREACHABLE, "E-QGS-006",
		                     "the quote service takes no request");
	TRY(receive(fd, QGS_FRAME_HEAD, deadline, &in, err));
	TRY(qgs_frame_size(in.p, &size, err));
	TRY(receive(fd, size, deadline, &in, err));
	TRY(qgs_answer_parse(buf_view(&in), &answer, err));
	buf_bytes(quote, answer.quote);
	return buf_check(quote, err);
}
