/* SPDX-License-Identifier: Apache-2.0 */
/* Issuers against a kernel and a quote service of our own: devices, messages, probing. */
#include "attest/issuer.h"
#include "attest/leaf.h"
#include "attest/sevguest.h"
#include "attest/tdxguest.h"
#include "crypto/cert.h"
#include "evidence/intake.h"
#include "evidence/snp/certtable.h"
#include "evidence/tdx/quote.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a kernel ---- */

static struct {
	/* Turns in which the device is busy, and how it says so. */
	int busy_turns;
	int busy_errno;
	uint64_t busy_exitinfo;
	int error; /* then: this errno */
	uint64_t exitinfo;
	size_t host_table;  /* bytes that the host's table has */
	size_t kernel_room; /* more is EINVAL, as in Linux */
	uint32_t status, size;
	int flip;           /* byte of the report's data that is wrong; -1: none */
	const char *device; /* path that exists */
	/* What happened. */
	int calls, pauses;
	unsigned int paused_ms;
	size_t asked_room;
} g;

static uint8_t g_table[SEVGUEST_TABLE_MAX + 4096];

static void
reset(void)
{
	memset(&g, 0, sizeof g);
	g.size = SEVGUEST_REPORT_SIZE;
	g.kernel_room = SEVGUEST_TABLE_FIRST;
	g.flip = -1;
}

static int
fake_open(const char *path)
{
	if (g.device && strcmp(g.device, path) == 0)
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	errno = ENOENT;
	return -1;
}

static void
fake_pause(unsigned int ms)
{
	g.pauses++;
	g.paused_ms += ms;
}

static int
refuse(int error)
{
	errno = error;
	return -1;
}

static void
sev_answer(const struct sevguest_ext_request *x, uint8_t *to)
{
	struct buf out = {0};

	assert_int_equal(x->report.vmpl, 0);
	buf_le32(&out, g.status);
	buf_le32(&out, g.size);
	buf_zeros(&out, 24 + 0x50);
	buf_add(&out, x->report.report_data, 64);
	buf_zeros(&out, SEVGUEST_REPORT_SIZE - 0x90);
	if (g.flip >= 0)
		out.p[32 + 0x50 + g.flip] ^= 1;
	memcpy(to, out.p, out.n);
	buf_done(&out);
}

static int
fake_sev(struct sevguest_call *call, bool extended)
{
	struct sevguest_ext_request *x = (void *)(uintptr_t)call->request;

	assert_int_equal(call->version, 1);
	g.asked_room = extended ? x->table_size : 0;
	if (extended && (x->table_size > g.kernel_room || x->table_size % 4096 != 0))
		return refuse(EINVAL);
	if (extended && g.host_table > x->table_size) {
		x->table_size = (uint32_t)((g.host_table + 4095) / 4096 * 4096);
		call->exitinfo = (uint64_t)SEVGUEST_VMM_INVALID_LENGTH << 32;
		return refuse(ENOSPC);
	}
	if (extended)
		memcpy((void *)(uintptr_t)x->table, g_table, g.host_table);
	sev_answer(x, (void *)(uintptr_t)call->response);
	return 0;
}

static int
fake_tdx(struct tdxguest_call *call)
{
	memset(call->report, 0, sizeof call->report);
	call->report[0] = 0x81;
	memcpy(call->report + 128, call->report_data, 64);
	if (g.flip >= 0)
		call->report[128 + g.flip] ^= 1;
	return 0;
}

static int
fake_control(int fd, unsigned long request, void *arg)
{
	struct sevguest_call *call = arg;

	(void)fd;
	g.calls++;
	if (g.calls <= g.busy_turns) {
		if (request != TDXGUEST_GET_REPORT)
			call->exitinfo = g.busy_exitinfo;
		return refuse(g.busy_errno);
	}
	if (g.error) {
		if (request != TDXGUEST_GET_REPORT)
			call->exitinfo = g.exitinfo;
		return refuse(g.error);
	}
	if (request == TDXGUEST_GET_REPORT)
		return fake_tdx(arg);
	assert_true(request == SEVGUEST_GET_REPORT || request == SEVGUEST_GET_EXT_REPORT);
	return fake_sev(call, request == SEVGUEST_GET_EXT_REPORT);
}

static const struct kernel fake = {fake_open, fake_control, fake_pause};

/* ---- sev-guest ---- */

static void
sev_guest_rows(void **state)
{
	static const struct {
		const char *name;
		int busy_turns, busy_errno;
		uint64_t busy_exitinfo;
		int error;
		size_t host_table, kernel_room;
		uint32_t status, size;
		int flip;
		const char *id;
		int calls;
		size_t table; /* room that the answer came with */
	} rows[] = {
	        {"as it should be", 0, 0, 0, 0, 3000, 16384, 0, 1184, -1, NULL, 1, 16384},
	        {"no table", 0, 0, 0, 0, 0, 16384, 0, 1184, -1, NULL, 1, 16384},
	        {"a long table", 0, 0, 0, 0, 20000, 65536, 0, 1184, -1, NULL, 2, 20480},
	        {"at the limit", 0, 0, 0, 0, 65536, 65536, 0, 1184, -1, NULL, 2, 65536},
	        {"above the limit", 0, 0, 0, 0, 65537, 1 << 20, 0, 1184, -1, NULL, 2, 0},
	        {"the kernel takes no more", 0, 0, 0, 0, 20000, 16384, 0, 1184, -1, NULL, 3, 0},
	        {"the hypervisor is busy", 3, EIO, UINT64_C(2) << 32, 0, 3000, 16384, 0, 1184, -1,
	         NULL, 4, 16384},
	        {"the kernel is busy", 1, EAGAIN, 0, 0, 3000, 16384, 0, 1184, -1, NULL, 2, 16384},
	        {"busy, then a long table", 1, EAGAIN, 0, 0, 20000, 65536, 0, 1184, -1, NULL, 3,
	         20480},
	        {"busy but once", 7, EBUSY, 0, 0, 0, 16384, 0, 1184, -1, NULL, 8, 16384},
	        {"busy for ever", 8, EBUSY, 0, 0, 0, 16384, 0, 1184, -1, "E-SEVGUEST-004", 8, 0},
	        {"refused", 0, 0, 0, EIO, 0, 16384, 0, 1184, -1, "E-SEVGUEST-002", 1, 0},
	        {"invalid parameters", 0, 0, 0, 0, 0, 16384, 0x16, 1184, -1, "E-SEVGUEST-002", 1,
	         0},
	        {"a short report", 0, 0, 0, 0, 0, 16384, 0, 1183, -1, "E-SEVGUEST-003", 1, 0},
	        {"a long report", 0, 0, 0, 0, 0, 16384, 0, 1185, -1, "E-SEVGUEST-003", 1, 0},
	        {"other data", 0, 0, 0, 0, 0, 16384, 0, 1184, 63, "E-SEVGUEST-003", 1, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf report = {0};
		CLEANUP(buf_done) struct buf table = {0};
		uint8_t data[64];
		struct err err = {0};
		status s;

		reset();
		memset(data, 0x5a, sizeof data);
		memset(g_table, 0x77, sizeof g_table);
		g.busy_turns = rows[i].busy_turns;
		g.busy_errno = rows[i].busy_errno;
		g.busy_exitinfo = rows[i].busy_exitinfo;
		g.error = rows[i].error;
		g.host_table = rows[i].host_table;
		g.kernel_room = rows[i].kernel_room;
		g.status = rows[i].status;
		g.size = rows[i].size;
		g.flip = rows[i].flip;
		s = sevguest_report(&fake, 3, data, &report, &table, &err);
		if (g.calls != rows[i].calls || is_ok(s) != !rows[i].id)
			fail_msg("%s: %d calls, %s", rows[i].name, g.calls, err.msg);
		if (rows[i].id) {
			assert_string_equal(err.id, rows[i].id);
			assert_int_equal(report.n, 0);
			continue;
		}
		assert_int_equal(report.n, SEVGUEST_REPORT_SIZE);
		assert_bytes(bytes_of(report.p + 0x50, 64), bytes_of(data, 64));
		assert_int_equal(table.n, rows[i].table);
		if (table.n > 0 && rows[i].host_table > 0)
			assert_int_equal(table.p[rows[i].host_table - 1], 0x77);
		assert_int_equal(g.pauses, rows[i].busy_turns);
	}
}

/* ---- the quote service ---- */

static void
qgs_request_is_as_it_must_be(void **state)
{
	CLEANUP(buf_done) struct buf out = {0};
	uint8_t report[1024];
	static const uint8_t head[] = {0,    0, 0x04, 0x18,              /* length */
	                               1,    0, 0,    0,    0, 0, 0, 0,  /* version, type */
	                               0x18, 4, 0,    0,    0, 0, 0, 0,  /* size, error */
	                               0,    4, 0,    0,    0, 0, 0, 0}; /* report, no ids */

	(void)state;
	memset(report, 0xab, sizeof report);
	qgs_request_emit(report, &out);
	assert_int_equal(out.n, sizeof head + sizeof report);
	assert_bytes(bytes_of(out.p, sizeof head), bytes_of(head, sizeof head));
	assert_int_equal(out.p[out.n - 1], 0xab);
}

/* A message without its length, each number as given. */
static void
put_answer(struct buf *out, uint16_t major, uint32_t type, uint32_t size, uint32_t code,
           uint32_t id, uint32_t quote, struct bytes rest)
{
	buf_le16(out, major);
	buf_le16(out, 1);
	buf_le32(out, type);
	buf_le32(out, size ? size : (uint32_t)(24 + rest.n));
	buf_le32(out, code);
	buf_le32(out, id);
	buf_le32(out, quote);
	buf_bytes(out, rest);
}

static void
qgs_answer_rows(void **state)
{
	static const struct {
		uint16_t major;
		uint32_t type, size, code, id, quote;
		size_t rest;
		const char *err;
	} rows[] = {
	        {1, 1, 0, 0, 0, 100, 100, NULL},
	        {1, 1, 0, 0, 16, 100, 116, NULL},
	        {1, 1, 0, 0, QGS_ID_MAX, 10, QGS_ID_MAX + 10, NULL},
	        {1, 1, 0, 0, QGS_ID_MAX + 1, 10, QGS_ID_MAX + 11, "E-QGS-001"},
	        {1, 1, 0, 0, 0, QGS_QUOTE_MAX, QGS_QUOTE_MAX, NULL},
	        {1, 1, 0, 0, 0, QGS_QUOTE_MAX + 1, QGS_QUOTE_MAX + 1, "E-QGS-001"},
	        {1, 1, 0, 0, 0, 0, 0, "E-QGS-001"},
	        {1, 1, 0, 0, 0, 100, 99, "E-QGS-001"},
	        {1, 1, 0, 0, 0, 100, 101, "E-QGS-001"},
	        {1, 1, 0, 0, 0xffffffff, 101, 100, "E-QGS-001"},
	        {1, 1, 123, 0, 0, 100, 100, "E-QGS-001"},
	        {1, 1, 125, 0, 0, 100, 100, "E-QGS-001"},
	        {1, 0, 0, 0, 0, 100, 100, "E-QGS-001"},
	        {1, 3, 0, 0, 0, 100, 100, "E-QGS-001"},
	        {2, 1, 0, 0, 0, 100, 100, "E-QGS-001"},
	        {1, 1, 0, 0x12001, 0, 100, 100, "E-QGS-002"},
	};
	static uint8_t rest[QGS_MESSAGE_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf m = {0};
		struct qgs_answer a;
		struct err err = {0};

		put_answer(&m, rows[i].major, rows[i].type, rows[i].size, rows[i].code, rows[i].id,
		           rows[i].quote, bytes_of(rest, rows[i].rest));
		if (rows[i].err) {
			assert_fails(qgs_answer_parse(buf_view(&m), &a, &err), rows[i].err);
			assert_int_equal(a.quote.n, 0);
			continue;
		}
		assert_ok(qgs_answer_parse(buf_view(&m), &a, &err));
		assert_int_equal(a.id.n, rows[i].id);
		assert_int_equal(a.quote.n, rows[i].quote);
		assert_ptr_equal(a.quote.p, m.p + 24 + rows[i].id);
		for (size_t cut = 0; cut < m.n; cut += cut < 32 ? 1 : 97)
			assert_false(
			        is_ok(qgs_answer_parse(bytes_sub(buf_view(&m), 0, cut), &a, &err)));
	}
}

static void
qgs_frame_rows(void **state)
{
	static const struct {
		uint8_t head[4];
		size_t n;
	} rows[] = {
	        {{0, 0, 0, 15}, 0},   {{0, 0, 0, 16}, 16},           {{0, 0, 0x80, 0}, 32768},
	        {{0, 0, 0x80, 1}, 0}, {{0xff, 0xff, 0xff, 0xff}, 0}, {{0, 0, 0, 0}, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct err err = {0};
		size_t n;

		if (rows[i].n == 0) {
			assert_fails(qgs_frame_size(rows[i].head, QGS_MESSAGE_MAX, &n, &err),
			             "E-QGS-003");
			continue;
		}
		assert_ok(qgs_frame_size(rows[i].head, QGS_MESSAGE_MAX, &n, &err));
		assert_int_equal(n, rows[i].n);
	}
}

static void
qgs_conf_rows(void **state)
{
	static const struct {
		const char *text;
		uint32_t port; /* 0: refused */
	} rows[] = {
	        {"", 4050},
	        {"port=4051", 4051},
	        {"# port=1\n\n  port =\t 77 # here\n", 77},
	        {"report=1\nport=5\r\n", 5},
	        {"port=1\nport=2\n", 2},
	        {"port=2147483647\n", 2147483647},
	        {"port=2147483648\n", 0},
	        {"port=0\n", 0},
	        {"port=-1\n", 0},
	        {"port=4 5\n", 0},
	        {"port=\n", 0},
	        {"port\n", 4050},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct err err = {0};
		uint32_t port;

		if (rows[i].port == 0) {
			assert_fails(qgs_conf_port(bytes_str(rows[i].text), &port, &err),
			             "E-QGS-004");
			continue;
		}
		assert_ok(qgs_conf_port(bytes_str(rows[i].text), &port, &err));
		assert_int_equal(port, rows[i].port);
	}
}

/* ---- a quote service on a socket ---- */

static char g_dir[64];
static char g_path[100];

enum service { QUOTES, OTHER_DATA, NO_QUOTE, REFUSES, HALF, SILENT };

/* A quote over what the TD report says, by nobody: form is all that guests can check. */
static void
make_quote(const uint8_t *report_data, struct buf *out)
{
	struct tdx_quote q = {.version = 4,
	                      .body = TDX_BODY_10,
	                      .report_data = bytes_of(report_data, 64),
	                      .qe_auth_data = BYTES("auth"),
	                      .pck_pem = BYTES("pem")};

	tdx_quote_emit(&q, out);
}

static void
serve_one(int fd, enum service kind)
{
	struct buf quote = {0}, m = {0}, frame = {0};
	uint8_t in[1052];
	size_t n = 0;

	while (n < sizeof in) {
		ssize_t got = read(fd, in + n, sizeof in - n);

		if (got <= 0)
			_exit(1);
		n += (size_t)got;
	}
	in[28 + 128] ^= kind == OTHER_DATA;
	make_quote(in + 28 + 128, &quote);
	if (kind == NO_QUOTE)
		quote.p[0] = 3;
	put_answer(&m, 1, 1, 0, kind == REFUSES ? 0x12002 : 0, 0, (uint32_t)quote.n,
	           buf_view(&quote));
	buf_be32(&frame, (uint32_t)m.n);
	buf_bytes(&frame, buf_view(&m));
	if (kind == HALF)
		frame.n /= 2;
	/* In parts: a stream keeps no frames together. */
	for (size_t at = 0; kind != SILENT && at < frame.n; at += 500)
		if (write(fd, frame.p + at, MIN((size_t)500, frame.n - at)) < 0)
			_exit(1);
	if (kind == SILENT)
		(void)!read(fd, in, 1);
	buf_done(&quote);
	buf_done(&m);
	buf_done(&frame);
	_exit(0);
}

static int
listen_here(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof name.sun_path, "%s", g_path);
	(void)unlink(g_path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&name, sizeof name), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static pid_t
start_service(enum service kind)
{
	int fd = listen_here();
	pid_t pid = fork();

	if (pid == 0)
		serve_one(accept(fd, NULL, NULL), kind);
	close(fd);
	return pid;
}

static struct issuer_places
places(const char *tsm, const char *socket)
{
	return (struct issuer_places){
	        .tsm = {.root = tsm},
	        .sev_guest = SEVGUEST_PATH,
	        .tdx_guest = TDXGUEST_PATH,
	        .qgs = {.unix_path = g_path},
	        .socket = socket,
	        .kernel = &fake,
	};
}

static void
tdx_guest_rows(void **state)
{
	static const struct {
		enum service service;
		int flip, busy, error;
		const char *id;
	} rows[] = {
	        {QUOTES, -1, 0, 0, NULL},
	        {QUOTES, -1, 7, 0, NULL},
	        {OTHER_DATA, -1, 0, 0, "E-ISSUER-002"},
	        {NO_QUOTE, -1, 0, 0, "E-ISSUER-002"},
	        {REFUSES, -1, 0, 0, "E-QGS-002"},
	        {HALF, -1, 0, 0, "E-QGS-006"},
	        {SILENT, 0, 0, 0, "E-TDXGUEST-002"},
	        {SILENT, -1, 8, 0, "E-TDXGUEST-001"},
	        {SILENT, -1, 0, EIO, "E-TDXGUEST-001"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct issuer_places p = places("/nonexistent", NULL);
		CLEANUP(issuer_close) struct issuer issuer = {.fd = -1};
		CLEANUP(buf_done) struct buf document = {0};
		CLEANUP(arena_done) struct arena a = {0};
		uint8_t data[64], tee = 0;
		struct err err = {0};
		bool asks = rows[i].service != SILENT;
		pid_t pid = asks ? start_service(rows[i].service) : -1;
		int how = 0;

		reset();
		memset(data, 0x3c, sizeof data);
		g.device = TDXGUEST_PATH;
		g.flip = rows[i].flip;
		g.busy_turns = rows[i].busy;
		g.busy_errno = EBUSY;
		g.error = rows[i].error;
		assert_ok(issuer_open(ISSUER_AUTO, &p, &issuer, &err));
		assert_int_equal(issuer.kind, ISSUER_TDX_GUEST);
		if (rows[i].id) {
			assert_fails(issuer_report(&issuer, data, &tee, &document, &err),
			             rows[i].id);
		} else {
			struct document d;
			struct tdx_quote q;
			struct verdict v;

			assert_ok(issuer_report(&issuer, data, &tee, &document, &err));
			assert_int_equal(tee, TEE_TDX);
			assert_ok(document_parse(&a, buf_view(&document), &d, &err));
			assert_int_equal(d.tee, TEE_TDX);
			assert_ok(tdx_quote_parse(d.evidence, &q, &v));
			assert_bytes(q.report_data, bytes_of(data, 64));
		}
		if (asks)
			assert_int_equal(waitpid(pid, &how, 0), pid);
	}
}

static void
quote_service_that_is_late_or_absent(void **state)
{
	CLEANUP(buf_done) struct buf quote = {0};
	struct qgs_place here = {.unix_path = g_path}, gone = {.unix_path = "/nonexistent/qgs"};
	uint8_t report[1024] = {0};
	struct err err = {0};
	pid_t pid = start_service(SILENT);
	int fd = -1, how;

	(void)state;
	assert_ok(qgs_connect(&here, &fd, &err));
	assert_fails(qgs_quote(fd, report, 50, &quote, &err), "E-QGS-006");
	close(fd);
	assert_int_equal(waitpid(pid, &how, 0), pid);
	assert_fails(qgs_connect(&gone, &fd, &err), "E-ATTEST-010");
}

/* ---- probing ---- */

static int
make_entry(const char *path, mode_t mode)
{
	char file[400];
	struct err err;

	if (mkdir(path, mode) != 0)
		return -1;
	snprintf(file, sizeof file, "%s/provider", path);
	assert_ok(file_write(file, BYTES("tdx_guest\n"), 0600, &err));
	return 0;
}

static int
remove_entry(const char *path)
{
	char file[400];

	snprintf(file, sizeof file, "%s/provider", path);
	(void)unlink(file);
	return rmdir(path);
}

static void
probing_goes_in_order(void **state)
{
	static const struct {
		bool tsm;
		const char *device;
		bool socket;
		int kind; /* -1: none */
	} rows[] = {
	        {true, SEVGUEST_PATH, true, ISSUER_TSM},
	        {false, SEVGUEST_PATH, true, ISSUER_SEV_GUEST},
	        {false, TDXGUEST_PATH, true, ISSUER_TDX_GUEST},
	        {false, NULL, true, ISSUER_SOCKET},
	        {false, NULL, false, -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct issuer_places p =
		        places(rows[i].tsm ? g_dir : "/nonexistent/tsm",
		               rows[i].socket ? g_path : "/nonexistent/evidence.sock");
		CLEANUP(issuer_close) struct issuer issuer = {.fd = -1};
		struct err err = {0};
		int fd = listen_here();

		reset();
		p.tsm.make = make_entry;
		p.tsm.remove = remove_entry;
		g.device = rows[i].device;
		if (rows[i].kind >= 0) {
			assert_ok(issuer_open(ISSUER_AUTO, &p, &issuer, &err));
			assert_int_equal(issuer.kind, rows[i].kind);
		} else {
			/* Everything that was tried is named. */
			static const char *const tried[] = {"configfs-tsm: ",
			                                    "/nonexistent/tsm",
			                                    "sev-guest: /dev/sev-guest",
			                                    "tdx_guest: /dev/tdx_guest",
			                                    "socket: ",
			                                    "/nonexistent/evidence.sock"};

			assert_fails(issuer_open(ISSUER_AUTO, &p, &issuer, &err), "E-ISSUER-001");
			for (size_t k = 0; k < COUNT_OF(tried); k++)
				if (!strstr(err.msg, tried[k]))
					fail_msg("\"%s\" is not in: %s", tried[k], err.msg);
		}
		close(fd);
	}
}

/* A place that is named is not second-guessed. */
static void
named_places(void **state)
{
	struct issuer_places p = places("/nonexistent", NULL);
	CLEANUP(issuer_close) struct issuer issuer = {.fd = -1};
	struct err err = {0};
	int fd = listen_here();

	(void)state;
	reset();
	g.device = SEVGUEST_PATH;
	p.tsm.make = make_entry;
	p.tsm.remove = remove_entry;
	assert_ok(issuer_open(g_dir, &p, &issuer, &err));
	assert_int_equal(issuer.kind, ISSUER_TSM);
	assert_int_equal(issuer.tee, TEE_TDX);
	assert_ok(issuer_open(g_path, &p, &issuer, &err));
	assert_int_equal(issuer.kind, ISSUER_SOCKET);
	close(fd);
	issuer_close(&issuer);
	assert_fails(issuer_open("/nonexistent/x", &p, &issuer, &err), "E-ATTEST-010");
}

/* ---- documents and the stream to the keeper ---- */

static void
make_table(void)
{
	struct snp_table t = {.entry = {[SNP_TABLE_VCEK] = {NULL, 0}}};
	struct buf out = {0};
	CLEANUP(key_drop) struct key *key = key_generate(KEY_P384, 0);
	struct cert *c;
	struct cert_spec spec = {.profile = CERT_CA,
	                         .subject_cn = "SEV-VCEK",
	                         .key = key,
	                         .not_before = 1000,
	                         .not_after = 2000000000};
	struct err err;

	assert_ok(cert_issue(&spec, &c, &err));
	t.entry[SNP_TABLE_VCEK] = cert_der(c);
	snp_table_emit(&t, &out);
	memset(g_table, 0, sizeof g_table);
	memcpy(g_table, out.p, out.n);
	g.host_table = out.n;
	buf_done(&out);
	cert_free(c);
}

static void
sev_guest_documents(void **state)
{
	(void)state;
	for (int with_table = 0; with_table < 3; with_table++) {
		struct issuer_places p = places("/nonexistent", NULL);
		CLEANUP(issuer_close) struct issuer issuer = {.fd = -1};
		CLEANUP(buf_done) struct buf text = {0};
		CLEANUP(arena_done) struct arena a = {0};
		struct attest_leaf leaf = {.nonce = {1, 2, 3}, .payload = {9}};
		struct hash512 want = attest_leaf_hash(&leaf, TEE_SNP);
		struct document d;
		struct err err = {0};

		reset();
		g.device = SEVGUEST_PATH;
		if (with_table == 1)
			make_table();
		if (with_table == 2) { /* the host writes what it likes */
			memset(g_table, 0xff, 4096);
			g.host_table = 4096;
		}
		assert_ok(issuer_open(ISSUER_AUTO, &p, &issuer, &err));
		assert_ok(issuer_mesh_cert(&issuer, &leaf, &text, &err));
		assert_ok(document_parse(&a, buf_view(&text), &d, &err));
		assert_int_equal(d.tee, TEE_SNP);
		assert_int_equal(d.evidence.n, SEVGUEST_REPORT_SIZE);
		assert_bytes(bytes_sub(d.evidence, 0x50, 0x90), bytes_of(want.b, 64));
		assert_int_equal(d.endorsements.n_certs, with_table == 1);
	}
}

/* What the keeper asks of a device's process, over a real stream. */
static void
reports_are_served(void **state)
{
	static const struct {
		enum attest_op op;
		int error;
		bool torn;
		const char *id;
	} rows[] = {
	        {ATTEST_OP_REPORT, 0, false, NULL},
	        {ATTEST_OP_REPORT, EIO, false, "E-ATTEST-011"},
	        {ATTEST_OP_MESH_CERT, 0, false, "E-ATTEST-012"},
	        {ATTEST_OP_REPORT, 0, true, NULL},
	};
	struct issuer_places p = places("/nonexistent", NULL);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct attest_request request = {.op = rows[i].op, .report_data = {7}};
		CLEANUP(buf_done) struct buf text = {0};
		int ends[2], how;
		struct err err = {0};
		uint8_t tee;
		pid_t pid;

		reset();
		g.device = SEVGUEST_PATH;
		g.error = rows[i].error;
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
		pid = fork();
		if (pid == 0) {
			struct issuer issuer;
			bool served;

			close(ends[0]);
			served = is_ok(issuer_open(ISSUER_AUTO, &p, &issuer, &err)) &&
			         is_ok(issuer_serve(&issuer, ends[1], &err));
			_exit(served ? 0 : 9);
		}
		close(ends[1]);
		for (int turn = 0; turn < 2; turn++) {
			buf_reset(&text);
			if (rows[i].id)
				assert_fails(attest_socket_call(ends[0], &request, 5000, &tee,
				                                &text, &err),
				             rows[i].id);
			else
				assert_ok(attest_socket_call(ends[0], &request, 5000, &tee, &text,
				                             &err));
			if (!rows[i].id)
				assert_int_equal(tee, TEE_SNP);
		}
		if (rows[i].torn)
			assert_int_equal(write(ends[0], "\0\0", 2), 2);
		close(ends[0]);
		assert_int_equal(waitpid(pid, &how, 0), pid);
		assert_int_equal(WEXITSTATUS(how), rows[i].torn ? 9 : 0);
	}
}

static int
set_up(void **state)
{
	(void)state;
	snprintf(g_dir, sizeof g_dir, "/tmp/contrast-issuer-XXXXXX");
	if (!mkdtemp(g_dir))
		return 1;
	snprintf(g_path, sizeof g_path, "%s/socket", g_dir);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)unlink(g_path);
	return rmdir(g_dir); /* fails if an entry was left behind */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(sev_guest_rows),
	        cmocka_unit_test(qgs_request_is_as_it_must_be),
	        cmocka_unit_test(qgs_answer_rows),
	        cmocka_unit_test(qgs_frame_rows),
	        cmocka_unit_test(qgs_conf_rows),
	        cmocka_unit_test(tdx_guest_rows),
	        cmocka_unit_test(quote_service_that_is_late_or_absent),
	        cmocka_unit_test(probing_goes_in_order),
	        cmocka_unit_test(named_places),
	        cmocka_unit_test(sev_guest_documents),
	        cmocka_unit_test(reports_are_served),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
