/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The software secure processor behind the two sockets of attest/socket.h, for
 * end-to-end tests without a launcher: whatever measurement, HOSTDATA and guest
 * policy the command line names is in the evidence.
 *
 *   test-processor values STATE MEASUREMENT
 *       one reference set as JSON
 *   test-processor serve STATE MEASUREMENT HOSTDATA KIND REPORT-SOCKET EVIDENCE-SOCKET
 *       until killed; prints "ready" when both sockets listen. KIND: normal, debug, or bare (no
 *       revocation list, as firmware alone has none)
 *
 * The same in the shape of TDX, where MEASUREMENT is MRTD and the RTMRs are the bytes 01.. to 04..:
 *
 *   test-processor values-tdx STATE MEASUREMENT
 *       a file of reference values as JSON
 *   test-processor serve-tdx STATE MEASUREMENT HOSTDATA KIND REPORT-SOCKET EVIDENCE-SOCKET
 *       KIND: normal, debug, or what a hostile or neglected host may have:
 *       rtmr          another RTMR2
 *       old-platform  a PCK certificate of an older TCB than the TCB info calls up to date
 *       old-module    an older TDX module
 *       old-collateral  TCB info and identity of an earlier evaluation
 */
#include "attest/leaf.h"
#include "attest/socket.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "evidence/binding.h"
#include "evidence/document.h"
#include "node/processor.h"
#include "node/quoter_state.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAX_CLIENTS = 64 };

struct client {
	int fd;
	enum attest_op op;
	struct buf in;
};

struct serving {
	struct processor *processor;
	struct guest *guest;
	struct quoter *quoter; /* NULL: SNP */
	struct td_launch td;
	bool bare;
	int listeners[2]; /* by op - 1 */
	struct client clients[MAX_CLIENTS];
	size_t n;
};

static NORETURN void
die(const struct err *err)
{
	char text[1024];

	err_format(err, text, sizeof text);
	fprintf(stderr, "test-processor: %s\n", text);
	_exit(2);
}

static status
make_quote(struct serving *s, const uint8_t report_data[64], struct buf *out, struct err *err)
{
	CLEANUP(buf_done) struct buf quote = {0};
	CLEANUP(arena_done) struct arena arena = {0};
	struct document d = {.tee = TEE_TDX};
	struct value v;

	TRY(quoter_quote(s->quoter, &s->td, 4, report_data, &quote, err));
	d.evidence = buf_view(&quote);
	TRY(quoter_endorse(s->quoter, clock_realtime(), &d.endorsements, err));
	v = document_to_json(&arena, &d);
	json_write(&v, JSON_COMPACT, out);
	return arena_check(&arena, err);
}

static status
make_document(struct serving *s, const uint8_t report_data[64], struct buf *out, struct err *err)
{
	CLEANUP(buf_done) struct buf report = {0};
	CLEANUP(arena_done) struct arena arena = {0};
	struct document d = {.tee = TEE_SNP};
	struct bytes crl;
	struct value v;

	TRY(guest_report(s->guest, report_data, 0, &report, err));
	TRY(processor_crl(s->processor, clock_realtime(), &crl, err));
	d.evidence = buf_view(&report);
	d.endorsements.certs[0] = processor_vcek(s->processor);
	d.endorsements.certs[1] = processor_ask(s->processor);
	d.endorsements.certs[2] = processor_ark(s->processor);
	d.endorsements.n_certs = 3;
	d.endorsements.crls[0] = crl;
	d.endorsements.n_crls = s->bare ? 0 : 1;
	v = document_to_json(&arena, &d);
	json_write(&v, JSON_COMPACT, out);
	return arena_check(&arena, err);
}

static void
answer(struct serving *s, struct client *c, struct bytes body)
{
	CLEANUP(buf_done) struct buf document = {0};
	CLEANUP(buf_done) struct buf out = {0};
	enum tee tee = s->quoter ? TEE_TDX : TEE_SNP;
	struct attest_request r;
	struct hash512 leaf;
	struct err err;

	if (!is_ok(attest_request_parse(body, &r, &err))) {
		attest_answer_emit(ATTEST_MALFORMED, 0, bytes_str(err.msg), &out);
	} else if (r.op != c->op) {
		attest_answer_emit(ATTEST_REFUSED, 0, BYTES("not on this socket"), &out);
	} else {
		if (r.op == ATTEST_OP_MESH_CERT) {
			leaf = attest_leaf_hash(&r.leaf, tee);
			mem_copy(r.report_data, leaf.b, sizeof r.report_data);
		}
		if (!is_ok(s->quoter ? make_quote(s, r.report_data, &document, &err)
		                     : make_document(s, r.report_data, &document, &err)))
			die(&err);
		attest_answer_emit(ATTEST_DONE, (uint8_t)tee, buf_view(&document), &out);
	}
	if (!is_ok(fd_write_all(c->fd, buf_view(&out), &err)))
		fd_close(&c->fd);
}

static void
read_client(struct serving *s, struct client *c)
{
	struct bytes body;
	size_t used;
	bool whole;
	struct err err;
	ssize_t n;

	buf_reserve(&c->in, 4096);
	n = read(c->fd, c->in.p + c->in.n, 4096);
	if (n <= 0) {
		fd_close(&c->fd);
		return;
	}
	c->in.n += (size_t)n;
	while (c->fd >= 0) {
		if (!is_ok(attest_frame_next(buf_view(&c->in), ATTEST_REQUEST_MAX, &whole, &body,
		                             &used, &err))) {
			fd_close(&c->fd);
			return;
		}
		if (!whole)
			return;
		answer(s, c, body);
		mem_move(c->in.p, c->in.p + used, c->in.n - used);
		c->in.n -= used;
	}
}

static int
listen_at(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
	unlink(path);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&name, sizeof name) != 0 ||
	    listen(fd, 64) != 0) {
		perror(path);
		_exit(2);
	}
	return fd;
}

static void
drop_closed(struct serving *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (s->clients[i].fd < 0)
			buf_done(&s->clients[i].in);
		else
			s->clients[kept++] = s->clients[i];
	}
	s->n = kept;
}

static NORETURN void
serve(struct serving *s)
{
	for (;;) {
		struct pollfd fds[MAX_CLIENTS + 2];
		size_t n = s->n;

		for (size_t i = 0; i < 2; i++)
			fds[i] = (struct pollfd){s->n < MAX_CLIENTS - 2 ? s->listeners[i] : -1,
			                         POLLIN, 0};
		for (size_t i = 0; i < n; i++)
			fds[2 + i] = (struct pollfd){s->clients[i].fd, POLLIN, 0};
		if (poll(fds, n + 2, -1) < 0)
			continue;
		for (size_t i = 0; i < n; i++)
			if (fds[2 + i].revents)
				read_client(s, &s->clients[i]);
		for (size_t i = 0; i < 2; i++)
			if (fds[i].revents)
				s->clients[s->n++] =
				        (struct client){.fd = accept(s->listeners[i], NULL, NULL),
				                        .op = (enum attest_op)(i + 1)};
		drop_closed(s);
	}
}

static void
print_values(const struct processor *p, const char *measurement)
{
	const struct processor_facts *f = processor_get_facts(p);
	struct hash256 root = processor_trust_root(p);
	char hex[65];

	printf("{\"Platform\":\"local-test\",\"ProductName\":\"%s\",\"TrustedMeasurement\":\"%s\","
	       "\"MinimumTCB\":{\"BootloaderVersion\":%u,\"TEEVersion\":%u,\"SNPVersion\":%u,"
	       "\"MicrocodeVersion\":%u},"
	       "\"GuestPolicy\":{\"ABIMinor\":0,\"ABIMajor\":0,\"SMT\":true,\"MigrateMA\":false,"
	       "\"Debug\":false,\"SingleSocket\":false,\"CXLAllowed\":false,\"MemAES256XTS\":false,"
	       "\"RAPLDis\":false,\"CipherTextHidingDRAM\":false,\"PageSwapDisable\":false},"
	       "\"PlatformInfo\":{\"SMTEnabled\":true,\"TSMEEnabled\":false,\"ECCEnabled\":true,"
	       "\"RAPLDisabled\":false,\"CiphertextHidingDRAMEnabled\":false,"
	       "\"AliasCheckComplete\":true,\"TIOEnabled\":false},\"TrustRoot\":\"%s\"}\n",
	       snp_product_name(f->product), measurement, f->tcb.bootloader, f->tcb.tee, f->tcb.snp,
	       f->tcb.microcode, hash256_hex(&root, hex));
}

/* ---- TDX ---- */

static void
registers(const char *mrtd, struct td_registers *ret)
{
	if (!hex_decode(bytes_str(mrtd), ret->mrtd.b, SHA384_SIZE))
		_exit(2);
	for (size_t i = 0; i < TDX_RTMRS; i++)
		for (size_t k = 0; k < SHA384_SIZE; k++)
			ret->rtmr[i].b[k] = (uint8_t)(i + 1);
}

/* Certificates of an older machine, beside statements that are already made. */
static void
age_platform(struct quoter *q, struct err *err)
{
	q->facts.pck.comp[0]--;
	cert_free(q->root);
	cert_free(q->platform);
	cert_free(q->pck);
	cert_free(q->signer);
	buf_reset(&q->pem);
	if (!is_ok(quoter_issue_certs(q, clock_realtime(), err)))
		die(err);
}

/* What this host does to its evidence. */
static void
apply_kind(struct serving *s, const char *kind, struct err *err)
{
	struct quoter *q = s->quoter;
	bool old = strcmp(kind, "old-collateral") == 0;
	struct endorsements e;

	if (!is_ok(old ? quoter_issue_statements(q, clock_realtime(), QUOTER_EVALUATION - 1, err)
	               : quoter_endorse(q, clock_realtime(), &e, err)))
		die(err);
	s->td.debug = strcmp(kind, "debug") == 0;
	if (strcmp(kind, "rtmr") == 0)
		s->td.registers.rtmr[2].b[0] ^= 1;
	else if (strcmp(kind, "old-platform") == 0)
		age_platform(q, err);
	else if (strcmp(kind, "old-module") == 0)
		q->facts.tee_tcb_svn[0]--;
	else if (!old && !s->td.debug && strcmp(kind, "normal") != 0)
		_exit(2);
}

static void
print_values_tdx(const struct quoter *q, const char *mrtd)
{
	CLEANUP(buf_done) struct buf json = {0};
	struct td_launch launch = {.debug = false};
	struct err err;

	registers(mrtd, &launch.registers);
	if (!is_ok(quoter_reference_json(q, BYTES("local-test"), &launch, &json, &err)))
		die(&err);
	printf("%s", buf_cstr(&json));
}

static NORETURN void
listen_and_serve(struct serving *s, char **argv)
{
	s->listeners[0] = listen_at(argv[6]);
	s->listeners[1] = listen_at(argv[7]);
	printf("ready\n");
	fflush(stdout);
	serve(s);
}

static int
run_tdx(struct serving *s, int argc, char **argv)
{
	struct err err;

	if (!is_ok(quoter_open(argv[2], clock_realtime(), &s->quoter, &err)))
		die(&err);
	if (strcmp(argv[1], "values-tdx") == 0) {
		print_values_tdx(s->quoter, argv[3]);
		quoter_free(s->quoter);
		mem_free(s);
		return 0;
	}
	if (argc != 8 || !hex_decode(bytes_str(argv[4]), s->td.policy, SHA256_SIZE))
		return 2;
	registers(argv[3], &s->td.registers);
	apply_kind(s, argv[5], &err);
	listen_and_serve(s, argv);
}

int
main(int argc, char **argv)
{
	struct serving *s = mem_new(struct serving);
	struct guest_launch launch = {0};
	struct err err;

	if (argc < 4)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	if (bytes_ends(bytes_str(argv[1]), BYTES("-tdx")))
		return run_tdx(s, argc, argv);
	if (!is_ok(processor_open(argv[2], PROCESSOR_GENOA, clock_realtime(), &s->processor, &err)))
		die(&err);
	if (strcmp(argv[1], "values") == 0) {
		print_values(s->processor, argv[3]);
		processor_free(s->processor);
		mem_free(s);
		return 0;
	}
	if (argc != 8 || !hex_decode(bytes_str(argv[3]), launch.measurement.b, SHA384_SIZE) ||
	    !hex_decode(bytes_str(argv[4]), launch.host_data, SHA256_SIZE))
		return 2;
	s->bare = strcmp(argv[5], "bare") == 0;
	launch.policy = strcmp(argv[5], "debug") == 0 ? guest_policy_debug : guest_policy_default;
	if (!is_ok(guest_launch(s->processor, &launch, &s->guest, &err)))
		die(&err);
	listen_and_serve(s, argv);
}
