/* SPDX-License-Identifier: Apache-2.0 */
/* The quote service as a stranger: real quotes and collateral of the software quoter, and hostile
 * answers. */
#include "attest/issuer.h"
#include "attest/tdxguest.h"
#include "base/file.h"
#include "base/text.h"
#include "evidence/tdx/verify.h"
#include "node/quoter.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	NOW = 1795500000,
	REPORT_DATA_AT = 128,
	REQUEST_MAX = 4 + 16 + 8 + 1024,
	VM_PORT = 43999,
	PATIENT_MS = 120 * 1000
};

/* How the service answers for collateral. */
enum mood {
	GOOD,
	PADDED,   /* four zero bytes too many, as older services send */
	HEX,      /* lists in hexadecimal, as some providers have them */
	NULS,     /* texts and lists with the NULs of C */
	FAILS,    /* an error */
	GARBAGE,  /* parts that are nothing */
	BEHIND,   /* bytes that are not zero behind the parts */
	TOO_LONG, /* sizes that do not add up */
	DRIPS,    /* a byte now and then */
	HUGE_FRAME,
	CLOSES,
};

static char g_dir[64] = "/tmp/contrast-qgs-XXXXXX";
static char g_path[100];
static struct quoter *g_quoter;
static struct {
	int quotes, collaterals;
} * g_count; /* shared with the service */

static void
put_part(struct buf *sizes, struct buf *parts, struct bytes part, enum mood mood, bool list)
{
	size_t before = parts->n;

	if (mood == GARBAGE)
		part = BYTES("{\"what\":\"the host likes\"}");
	if (mood == HEX && list)
		hex_encode(part, parts);
	else
		buf_bytes(parts, part);
	if (mood == NULS)
		buf_u8(parts, 0);
	buf_le32(sizes, (uint32_t)(parts->n - before));
}

/* The message of type 3 without its length. */
static void
make_collateral(enum mood mood, struct buf *out)
{
	CLEANUP(buf_done) struct buf sizes = {0};
	CLEANUP(buf_done) struct buf parts = {0};
	CLEANUP(buf_done) struct buf quote = {0};
	CLEANUP(buf_done) struct buf signer = {0};
	struct td_launch launch = {.debug = false};
	struct cert *certs[2];
	struct endorsements e;
	struct tdx_quote q;
	struct verdict v;
	struct err err;
	uint8_t data[64] = {0};
	uint32_t code = mood == FAILS ? 0x12001 : 0;

	assert_ok(quoter_endorse(g_quoter, NOW, &e, &err));
	assert_ok(quoter_quote(g_quoter, &launch, 4, data, &quote, &err));
	assert_ok(tdx_quote_parse(buf_view(&quote), &q, &v));
	for (size_t i = 0; i < 2; i++) {
		assert_ok(cert_parse_der(e.certs[i], &certs[i], &err));
		cert_pem(certs[i], &signer);
		cert_free(certs[i]);
	}
	put_part(&sizes, &parts, q.pck_pem, mood, false);
	put_part(&sizes, &parts, e.crls[0], mood, true);
	put_part(&sizes, &parts, e.crls[1], mood, true);
	put_part(&sizes, &parts, buf_view(&signer), mood, false);
	put_part(&sizes, &parts, e.tcb_info, mood, false);
	put_part(&sizes, &parts, buf_view(&signer), mood, false);
	put_part(&sizes, &parts, e.qe_identity, mood, false);
	if (mood == PADDED)
		buf_zeros(&parts, 4);
	if (mood == BEHIND)
		buf_str(&parts, "more");
	if (mood == TOO_LONG)
		parts.n--;
	if (code)
		parts.n = 0;
	buf_le16(out, 1);
	buf_le16(out, 1);
	buf_le32(out, 3);
	buf_le32(out, (uint32_t)(16 + 4 + sizes.n + parts.n));
	buf_le32(out, code);
	buf_le16(out, 3);
	buf_le16(out, 1);
	if (code)
		buf_zeros(out, sizes.n);
	else
		buf_bytes(out, buf_view(&sizes));
	buf_bytes(out, buf_view(&parts));
}

static void
make_quote(const uint8_t *report_data, struct buf *out)
{
	struct td_launch launch = {.debug = false};
	CLEANUP(buf_done) struct buf quote = {0};
	struct err err;

	assert_ok(quoter_quote(g_quoter, &launch, 4, report_data, &quote, &err));
	buf_le16(out, 1);
	buf_le16(out, 0);
	buf_le32(out, 1);
	buf_le32(out, (uint32_t)(24 + quote.n));
	buf_le32(out, 0);
	buf_le32(out, 0);
	buf_le32(out, (uint32_t)quote.n);
	buf_bytes(out, buf_view(&quote));
}

static void
drip(int fd, const struct buf *frame)
{
	for (size_t i = 0; i < frame->n; i++) {
		if (write(fd, frame->p + i, 1) != 1)
			return;
		usleep(20 * 1000);
	}
}

/* One request a connection, as Intel's service does. */
static void
serve(int fd, enum mood mood)
{
	CLEANUP(buf_done) struct buf m = {0};
	CLEANUP(buf_done) struct buf frame = {0};
	uint8_t in[REQUEST_MAX];
	size_t n = 0, want = 4;

	while (n < want) {
		ssize_t got = read(fd, in + n, want - n);

		if (got <= 0)
			return;
		n += (size_t)got;
		if (n == 4)
			want = 4 + ((size_t)in[2] << 8 | in[3]);
		assert_true(want <= sizeof in);
	}
	if (in[8] == 0) {
		g_count->quotes++;
		make_quote(in + 28 + REPORT_DATA_AT, &m);
	} else {
		static const uint8_t tail[] = {6,   0,   0,   0,   9,   0,   0,   0,
		                               'L', 'O', 'C', 'A', 'L', 0,   'p', 'l',
		                               'a', 't', 'f', 'o', 'r', 'm', 0};

		g_count->collaterals++;
		assert_int_equal(in[8], 2);
		assert_int_equal(n, 20 + sizeof tail);
		assert_memory_equal(in + 20, tail, sizeof tail);
		if (mood == CLOSES)
			return;
		make_collateral(mood, &m);
		if (mood == HUGE_FRAME)
			buf_be32(&frame, QGS_COLLATERAL_MAX + 1);
	}
	buf_be32(&frame, (uint32_t)m.n);
	buf_bytes(&frame, buf_view(&m));
	if (mood == DRIPS && in[8] == 2)
		drip(fd, &frame);
	else
		(void)!write(fd, frame.p, frame.n);
}

static pid_t
start_service(int listener, enum mood mood)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* of a test that failed */
		signal(SIGPIPE, SIG_IGN);
		for (;;) {
			int fd = accept(listener, NULL, NULL);

			serve(fd, mood);
			close(fd);
		}
	}
	close(listener);
	return pid;
}

static void
stop_service(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int
listen_unix(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof name.sun_path, "%s", g_path);
	(void)unlink(g_path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&name, sizeof name), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

/* A machine under load must not look like a slow service. */
static struct qgs_place
patient(void)
{
	return (struct qgs_place){.unix_path = g_path,
	                          .quote_ms = PATIENT_MS,
	                          .collateral_ms = PATIENT_MS};
}

/* ---- a TD ---- */

static int
open_device(const char *path)
{
	if (strcmp(path, TDXGUEST_PATH) == 0)
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	errno = ENOENT;
	return -1;
}

static int
control(int fd, unsigned long request, void *arg)
{
	struct tdxguest_call *call = arg;

	(void)fd;
	assert_true(request == TDXGUEST_GET_REPORT);
	memset(call->report, 0, sizeof call->report);
	call->report[0] = 0x81;
	memcpy(call->report + REPORT_DATA_AT, call->report_data, 64);
	return 0;
}

static const struct kernel td = {open_device, control, NULL};

static void
open_issuer(struct qgs_place place, struct issuer *ret)
{
	const struct issuer_places places = {.tsm = {.root = "/nonexistent"},
	                                     .sev_guest = "/nonexistent",
	                                     .tdx_guest = TDXGUEST_PATH,
	                                     .qgs = place,
	                                     .kernel = &td};
	struct err err;

	assert_ok(issuer_open(ISSUER_AUTO, &places, ret, &err));
	assert_int_equal(ret->kind, ISSUER_TDX_GUEST);
}

static void
report(struct issuer *i, struct arena *a, struct buf *text, struct document *ret)
{
	uint8_t data[64], tee;
	struct err err;

	memset(data, 0x66, sizeof data);
	buf_reset(text);
	assert_ok(issuer_report(i, data, &tee, text, &err));
	assert_ok(document_parse(a, buf_view(text), ret, &err));
	assert_int_equal(ret->tee, TEE_TDX);
}

/* Good for a verifier that looks nowhere else. */
static bool
is_complete(const struct document *d)
{
	CLEANUP(tdx_chain_done) struct tdx_chain chain = {0};
	CLEANUP(tdx_collateral_done) struct tdx_collateral c = {.valid_until = 0};
	struct hash256 root = quoter_trust_root(g_quoter);
	struct verdict v = {0};
	struct tdx_quote q;

	assert_true(is_ok(tdx_quote_parse(d->evidence, &q, &v)));
	return is_ok(tdx_chain_open(q.pck_pem, &d->endorsements, &root, true, NOW, &chain, &v)) &&
	       is_ok(tdx_collateral_open(&d->endorsements, &chain, true, NOW, &c, &v));
}

static void
collateral_comes_along(void **state)
{
	static const struct {
		enum mood mood;
		bool complete;
	} rows[] = {
	        {GOOD, true},    {PADDED, true},      {HEX, true},     {NULS, true},
	        {FAILS, false},  {GARBAGE, false},    {BEHIND, false}, {TOO_LONG, false},
	        {CLOSES, false}, {HUGE_FRAME, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		pid_t pid = start_service(listen_unix(), rows[i].mood);
		CLEANUP(issuer_close) struct issuer issuer = {.fd = -1};
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf text = {0};
		struct document d;

		memset(g_count, 0, sizeof *g_count);
		open_issuer(patient(), &issuer);
		for (int turn = 0; turn < 3; turn++) {
			report(&issuer, &a, &text, &d);
			if (is_complete(&d) != rows[i].complete)
				fail_msg("mood %d: %zu certificates, %zu lists", rows[i].mood,
				         d.endorsements.n_certs, d.endorsements.n_crls);
		}
		/* Asked once, whatever the answer was: quotes must not wait for it. */
		assert_int_equal(g_count->quotes, 3);
		assert_int_equal(g_count->collaterals, 1);
		stop_service(pid);
	}
}

/* A service that never ends its answer holds nobody for longer than the deadline. */
static void
a_slow_service_is_left(void **state)
{
	pid_t pid = start_service(listen_unix(), DRIPS);
	CLEANUP(issuer_close) struct issuer issuer = {.fd = -1};
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct document d;

	(void)state;
	open_issuer((struct qgs_place){.unix_path = g_path, .quote_ms = PATIENT_MS}, &issuer);
	report(&issuer, &a, &text, &d);
	assert_int_equal(d.endorsements.n_certs, 0);
	stop_service(pid);
}

static void
errors_are_named(void **state)
{
	static const struct {
		uint32_t code;
		const char *word;
	} rows[] = {{0x12001, "log"},       {0x12002, "memory"},  {0x12003, "parameter"},
	            {0x12004, "version"},   {0x12005, "kind"},    {0x12006, "size"},
	            {0x12007, "error"},     {0x12008, "unknown"}, {1, "unknown"},
	            {0xffffffff, "unknown"}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf m = {0};
		struct bytes parts[QGS_PARTS];
		struct qgs_answer answer;
		struct err err = {0};

		/* As the service sends errors: sizes of nothing, and nothing. */
		for (uint32_t type = 1; type <= 3; type += 2) {
			buf_reset(&m);
			buf_le16(&m, 1);
			buf_le16(&m, 0);
			buf_le32(&m, type);
			buf_le32(&m, type == 1 ? 24 : 48);
			buf_le32(&m, rows[i].code);
			buf_zeros(&m, type == 1 ? 8 : 32);
			if (type == 1)
				assert_fails(qgs_answer_parse(buf_view(&m), &answer, &err),
				             "E-QGS-002");
			else
				assert_fails(qgs_collateral_parse(buf_view(&m), parts, &err),
				             "E-QGS-002");
			assert_non_null(strstr(err.msg, rows[i].word));
		}
	}
}

/* Every cut, every size one more or less, sizes that overflow together. */
static void
collateral_sizes_are_checked(void **state)
{
	CLEANUP(buf_done) struct buf m = {0};
	struct bytes parts[QGS_PARTS];
	struct err err;

	(void)state;
	make_collateral(GOOD, &m);
	assert_ok(qgs_collateral_parse(buf_view(&m), parts, &err));
	for (size_t cut = 0; cut < m.n; cut += cut < 64 ? 1 : 101)
		assert_false(
		        is_ok(qgs_collateral_parse(bytes_sub(buf_view(&m), 0, cut), parts, &err)));
	for (size_t i = 0; i < QGS_PARTS; i++) {
		m.p[20 + 4 * i]++;
		assert_fails(qgs_collateral_parse(buf_view(&m), parts, &err), "E-QGS-001");
		m.p[20 + 4 * i]--;
		m.p[20 + 4 * i + 3] = 0xff;
		assert_fails(qgs_collateral_parse(buf_view(&m), parts, &err), "E-QGS-001");
	}
	assert_fails(qgs_collateral_parse(buf_view(&m), parts, &err), "E-QGS-001");
}

static void
over_a_vm_socket(void **state)
{
	const struct sockaddr_vm name = {.svm_family = AF_VSOCK,
	                                 .svm_cid = VMADDR_CID_ANY,
	                                 .svm_port = VM_PORT};
	const struct qgs_place place = {.cid = VMADDR_CID_LOCAL, .port = VM_PORT};
	int listener = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0), fd = -1;
	CLEANUP(issuer_close) struct issuer issuer = {.fd = -1};
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct document d;
	struct err err = {0};
	pid_t pid;

	(void)state;
	if (listener < 0 || bind(listener, (const struct sockaddr *)&name, sizeof name) != 0 ||
	    listen(listener, 4) != 0 || !is_ok(qgs_connect(&place, &fd, &err))) {
		if (listener >= 0)
			close(listener);
		print_message("# no VM sockets over loopback here (vsock_loopback): %s\n", err.msg);
		skip();
	}
	close(accept(listener, NULL, NULL));
	close(fd);
	pid = start_service(listener, GOOD);
	open_issuer(place, &issuer);
	report(&issuer, &a, &text, &d);
	assert_true(is_complete(&d));
	stop_service(pid);
}

static void
place_is_read_from_a_file(void **state)
{
	static const struct {
		const char *text;
		uint32_t port; /* 0: refused */
	} rows[] = {{"port=4051\n", 4051}, {"# nothing\n", QGS_PORT}, {"port=x\n", 0}};
	char path[128];

	(void)state;
	snprintf(path, sizeof path, "%s/conf", g_dir);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct qgs_place place = {.port = 7};
		struct err err = {0};

		assert_ok(file_write(path, bytes_str(rows[i].text), 0600, &err));
		if (rows[i].port == 0) {
			assert_fails(qgs_place_read(path, &place, &err), "E-QGS-004");
			continue;
		}
		assert_ok(qgs_place_read(path, &place, &err));
		assert_int_equal(place.port, rows[i].port);
	}
	assert_int_equal(unlink(path), 0);
	{
		struct qgs_place place = {.port = 7};
		struct err err;

		assert_ok(qgs_place_read(path, &place, &err));
		assert_int_equal(place.port, 7);
	}
}

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	assert_non_null(mkdtemp(g_dir));
	snprintf(g_path, sizeof g_path, "%s/qgs", g_dir);
	g_count = mmap(NULL, sizeof *g_count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	               -1, 0);
	assert_true(g_count != MAP_FAILED);
	assert_ok(quoter_open(g_dir, NOW, &g_quoter, &err));
	return 0;
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	quoter_free(g_quoter);
	munmap(g_count, sizeof *g_count);
	snprintf(command, sizeof command, "rm -rf '%s'", g_dir);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(collateral_comes_along),
	        cmocka_unit_test(a_slow_service_is_left),
	        cmocka_unit_test(errors_are_named),
	        cmocka_unit_test(collateral_sizes_are_checked),
	        cmocka_unit_test(over_a_vm_socket),
	        cmocka_unit_test(place_is_read_from_a_file),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
