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

enum {
	MAJOR = 1,
	GET_QUOTE = 0,
	GET_QUOTE_ANSWER = 1,
	GET_COLLATERAL = 2,
	GET_COLLATERAL_ANSWER = 3,
	SIZES = 8,
	PADDING_MAX = 4,
	FIRST_ERROR = 0x12001,
	MAX_PORT = 0x7fffffff,
};

/* ---- engine ---- */

/* Frame, header, and the two sizes with which both requests begin. */
static void
put_request(uint32_t type, uint32_t first, uint32_t second, struct buf *out)
{
	const uint32_t size = QGS_HEADER_SIZE + SIZES + first + second;

	buf_be32(out, size);
	buf_le16(out, MAJOR);
	buf_le16(out, 0);
	buf_le32(out, type);
	buf_le32(out, size);
	buf_le32(out, 0);
	buf_le32(out, first);
	buf_le32(out, second);
}

void
qgs_request_emit(const uint8_t report[QGS_REPORT_SIZE], struct buf *out)
{
	put_request(GET_QUOTE, QGS_REPORT_SIZE, 0, out);
	buf_add(out, report, QGS_REPORT_SIZE);
}

/* The service hands the CA's name on as a C string. */
void
qgs_collateral_request_emit(const uint8_t fmspc[QGS_FMSPC_SIZE], bool processor, struct buf *out)
{
	const char *ca = processor ? "processor" : "platform";
	size_t n = bytes_str(ca).n + 1;

	put_request(GET_COLLATERAL, QGS_FMSPC_SIZE, (uint32_t)n, out);
	buf_add(out, fmspc, QGS_FMSPC_SIZE);
	buf_add(out, ca, n);
}

const char *
qgs_error_text(uint32_t code)
{
	static const char *const texts[] = {
	        "it failed; its log says why",
	        "it is out of memory",
	        "a parameter is wrong",
	        "it speaks another version",
	        "it does not know this kind of message",
	        "a size is wrong",
	        "it has no such error",
	};

	if (code < FIRST_ERROR || code - FIRST_ERROR >= COUNT_OF(texts))
		return "unknown to this program";
	return texts[code - FIRST_ERROR];
}

static status
parse_header(struct rd *r, uint32_t want, size_t whole, struct err *err)
{
	uint16_t major = rd_le16(r);
	uint16_t minor = rd_le16(r);
	uint32_t type = rd_le32(r);
	uint32_t size = rd_le32(r);
	uint32_t code = rd_le32(r);

	if (!rd_ok(r) || major != MAJOR || type != want || size != whole)
		return err_set(err, ERR_PARSE, "E-QGS-001",
		               "no answer of the quote service (version %u.%u, type %u, size %u of "
		               "%zu)",
		               major, minor, type, size, whole);
	if (code != 0)
		return err_set(err, ERR_UNREACHABLE, "E-QGS-002",
		               "the quote service answers with error %#x (%s)", code,
		               qgs_error_text(code));
	return OK;
}

status
qgs_answer_parse(struct bytes message, struct qgs_answer *ret, struct err *err)
{
	struct rd r = rd_init(message);
	uint32_t id, quote;

	*ret = (struct qgs_answer){.id = {NULL, 0}};
	TRY(parse_header(&r, GET_QUOTE_ANSWER, message.n, err));
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

/* Text arrives with the NUL that C wants, DER with whatever its provider added. */
static struct bytes
without_nuls(struct bytes part)
{
	size_t n = 0;

	if (part.n > 4 && part.p[0] == 0x30 && part.p[1] == 0x82)
		n = 4 + ((size_t)part.p[2] << 8 | part.p[3]);
	while (part.n > n && part.p[part.n - 1] == 0)
		part.n--;
	return part;
}

status
qgs_collateral_parse(struct bytes message, struct bytes ret[QGS_PARTS], struct err *err)
{
	struct rd r = rd_init(message);
	uint32_t sizes[QGS_PARTS];
	uint64_t sum = 0;

	TRY(parse_header(&r, GET_COLLATERAL_ANSWER, message.n, err));
	rd_skip(&r, 4); /* version of the provider's structure */
	for (size_t i = 0; i < QGS_PARTS; i++) {
		sizes[i] = rd_le32(&r);
		sum += sizes[i];
	}
	if (!rd_ok(&r) || sum > rd_left(&r) || rd_left(&r) - sum > PADDING_MAX)
		return err_set(err, ERR_PARSE, "E-QGS-001",
		               "the quote service's collateral says %llu bytes and has %zu",
		               (unsigned long long)sum, rd_left(&r));
	for (size_t i = 0; i < QGS_PARTS; i++)
		ret[i] = without_nuls(rd_bytes(&r, sizes[i]));
	if (!bytes_all_zero(rd_bytes(&r, rd_left(&r))))
		return err_set(err, ERR_PARSE, "E-QGS-001",
		               "bytes behind the quote service's collateral");
	return OK;
}

status
qgs_frame_size(const uint8_t head[QGS_FRAME_HEAD], size_t most, size_t *ret, struct err *err)
{
	struct rd r = rd_init(bytes_of(head, QGS_FRAME_HEAD));
	uint32_t n = rd_be32(&r);

	*ret = 0;
	if (n < QGS_HEADER_SIZE || n > most)
		return err_set(err, ERR_LIMIT, "E-QGS-003",
		               "a message of %u bytes from the quote service (limit %zu)", n, most);
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

status
qgs_place_read(const char *conf, struct qgs_place *place, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};

	if (!file_exists(conf))
		return OK;
	TRY(file_read(conf, QGS_CONF_MAX, &text, err));
	return err_at(err, qgs_conf_port(buf_view(&text), &place->port, err), "%s", conf);
}

static status
connect_vm(uint32_t cid, uint32_t port, int *ret, struct err *err)
{
	const struct sockaddr_vm name = {.svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port};
	CLEANUP(fd_close) int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&name, sizeof name) != 0)
		return err_set_errno(err, ERR_UNREACHABLE, "E-QGS-005",
		                     "cannot connect to the quote service at VM socket %u:%u", cid,
		                     port);
	*ret = fd;
	fd = -1;
	return OK;
}

status
qgs_connect(const struct qgs_place *place, int *ret, struct err *err)
{
	if (place->unix_path)
		return err_ctx(err, attest_socket_connect(place->unix_path, ret, err),
		               "the quote service");
	return connect_vm(place->cid ? place->cid : QGS_CID, place->port ? place->port : QGS_PORT,
	                  ret, err);
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

/* One request and its answer, without its length. */
static status
exchange(int fd, const struct buf *request, size_t most, unsigned int deadline_ms, struct buf *in,
         struct err *err)
{
	uint64_t deadline = stream_deadline(deadline_ms);
	size_t size;

	TRY(buf_check(request, err));
	if (!stream_send(fd, buf_view(request), deadline))
		return err_set_errno(err, ERR_UNREACHABLE, "E-QGS-006",
		                     "the quote service takes no request");
	TRY(receive(fd, QGS_FRAME_HEAD, deadline, in, err));
	TRY(qgs_frame_size(in->p, most, &size, err));
	return receive(fd, size, deadline, in, err);
}

status
qgs_quote(int fd, const uint8_t report[QGS_REPORT_SIZE], unsigned int deadline_ms,
          struct buf *quote, struct err *err)
{
	CLEANUP(buf_done) struct buf out = {0};
	CLEANUP(buf_done) struct buf in = {0};
	struct qgs_answer answer;

	qgs_request_emit(report, &out);
	TRY(exchange(fd, &out, QGS_MESSAGE_MAX, deadline_ms, &in, err));
	TRY(qgs_answer_parse(buf_view(&in), &answer, err));
	buf_bytes(quote, answer.quote);
	return buf_check(quote, err);
}

status
qgs_collateral(int fd, const uint8_t fmspc[QGS_FMSPC_SIZE], bool processor,
               unsigned int deadline_ms, struct buf *message, struct bytes ret[QGS_PARTS],
               struct err *err)
{
	CLEANUP(buf_done) struct buf out = {0};

	qgs_collateral_request_emit(fmspc, processor, &out);
	TRY(exchange(fd, &out, QGS_COLLATERAL_MAX, deadline_ms, message, err));
	return qgs_collateral_parse(buf_view(message), ret, err);
}
