/* SPDX-License-Identifier: Apache-2.0 */
/* Both shapes of the software secure processor behind one line to the device. */
#include "evidence/snp/report.h"
#include "evidence/tdx/quote.h"
#include "node/device.h"
#include "node/signer.h"
#include "unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NOW = 1795500000 };

static char state_dir[64] = "/tmp/contrast-signer-XXXXXX";
static struct signer *signers[SIGNER_SHAPES];
static struct launch_layout layout;
static uint8_t policy[SHA256_SIZE];

static int
set_up(void **state)
{
	const struct signer_options o = {.state_dir = state_dir, .quote_version = 5};
	struct err err;

	(void)state;
	assert_non_null(mkdtemp(state_dir));
	assert_ok(signer_open(&o, TEE_SNP, NOW, &signers[0], &err));
	assert_ok(signer_open(&o, TEE_TDX, NOW, &signers[1], &err));
	layout = (struct launch_layout){.initrd = sha256(BYTES("runner")), .vcpus = 1};
	memset(policy, 0x70, sizeof policy);
	return 0;
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	signer_free(signers[0]);
	signer_free(signers[1]);
	snprintf(command, sizeof command, "rm -rf '%s'", state_dir);
	return system(command);
}

static struct signed_guest *
launch(enum tee tee, bool debug)
{
	struct signed_guest *g;
	struct err err;

	assert_ok(signer_launch(signers[tee - 1], &layout, policy, debug, &g, &err));
	return g;
}

/* The answer without its length. */
static void
ask(struct signed_guest *g, const uint8_t *request, size_t n, struct buf *out)
{
	struct buf frame = {0};

	signed_guest_serve(g, NOW, bytes_of(request, n), &frame);
	buf_add(out, frame.p + 4, frame.n - 4);
	buf_done(&frame);
}

static void
rows_name_a_shape(void **state)
{
	(void)state;
	assert_int_equal(signer_tee(platform_find(BYTES("local-ns"))), TEE_SNP);
	assert_int_equal(signer_tee(platform_find(BYTES("local-ns-tdx"))), TEE_TDX);
	for (size_t i = 0; i < SIGNER_SHAPES; i++)
		assert_int_equal(signer_shape(signers[i]), i + 1);
}

static void
evidence_says_what_was_launched(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		enum tee tee = i < 2 ? TEE_SNP : TEE_TDX;
		struct signed_guest *g = launch(tee, i % 2);
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf out = {0};
		uint8_t request[DEVICE_REQUEST_SIZE] = {0};
		struct launch_layout l = layout;
		struct td_registers want;
		struct hash384 digest;
		struct document d;
		struct err err;

		memset(request, 0x33, 64);
		ask(g, request, sizeof request, &out);
		assert_ok(device_document(tee, buf_view(&out), &a, &d, &err));
		assert_int_equal(d.tee, tee);
		if (tee == TEE_SNP) {
			struct snp_report r;
			struct verdict v;

			l.cpu_signature = processor_cpu_signature(processor_facts(PROCESSOR_GENOA));
			assert_ok(layout_measure(&l, &digest, &err));
			assert_ok(snp_report_parse(d.evidence, &r, &v));
			assert_memory_equal(r.measurement, digest.b, SHA384_SIZE);
			assert_memory_equal(r.host_data, policy, sizeof policy);
			assert_memory_equal(r.report_data, request, 64);
			assert_int_equal(r.policy,
			                 i % 2 ? guest_policy_debug : guest_policy_default);
			assert_int_equal(d.endorsements.n_crls, 1);
		} else {
			struct tdx_quote q;
			struct verdict v;

			assert_ok(layout_measure_td(&l, &want, &err));
			assert_ok(tdx_quote_parse(d.evidence, &q, &v));
			assert_int_equal(q.version, 5);
			assert_bytes(q.mrtd, hash384_view(&want.mrtd));
			for (size_t k = 0; k < TDX_RTMRS; k++)
				assert_bytes(q.rtmr[k], hash384_view(&want.rtmr[k]));
			assert_memory_equal(q.mrconfigid.p, policy, sizeof policy);
			assert_memory_equal(q.report_data.p, request, 64);
			assert_int_equal(q.td_attributes & 1, i % 2);
			assert_int_equal(d.endorsements.n_crls, 2);
			assert_true(d.endorsements.tcb_info.n > 0);
		}
		signed_guest_free(g);
	}
}

static void
malformed_requests(void **state)
{
	static const struct {
		size_t size, flip; /* byte set to 1; SIZE_MAX: none */
		bool ok;
	} rows[] = {
	        {96, SIZE_MAX, true}, {95, SIZE_MAX, false}, {97, SIZE_MAX, false},
	        {0, SIZE_MAX, false}, {96, 63, true},        {96, 64, false},
	        {96, 68, false},      {96, 95, false},
	};
	struct signed_guest *g = launch(TEE_TDX, false);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf out = {0};
		uint8_t request[97] = {0};
		struct document d;
		struct err err;

		if (rows[i].flip != SIZE_MAX)
			request[rows[i].flip] = 1;
		ask(g, request, rows[i].size, &out);
		if (rows[i].ok)
			assert_ok(device_document(TEE_TDX, buf_view(&out), &a, &d, &err));
		else
			assert_fails(device_document(TEE_TDX, buf_view(&out), &a, &d, &err),
			             "E-NODE-036");
	}
	signed_guest_free(g);
}

/* What a hostile host may answer a TD. */
static void
hostile_answers(void **state)
{
	struct signed_guest *td = launch(TEE_TDX, false), *snp = launch(TEE_SNP, false);
	static const uint8_t request[DEVICE_REQUEST_SIZE] = {0};
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf good = {0};
	CLEANUP(buf_done) struct buf other = {0};
	struct document d;
	struct err err;

	(void)state;
	ask(td, request, sizeof request, &good);
	for (size_t cut = 0; cut < good.n; cut += 97)
		assert_false(is_ok(device_document(TEE_TDX, bytes_sub(buf_view(&good), 0, cut), &a,
		                                   &d, &err)));
	ask(snp, request, sizeof request, &other);
	assert_fails(device_document(TEE_TDX, buf_view(&other), &a, &d, &err), "E-NODE-035");
	assert_fails(device_document(TEE_SNP, buf_view(&good), &a, &d, &err), "E-NODE-035");
	buf_u8(&good, ' ');
	assert_fails(device_document(TEE_TDX, buf_view(&good), &a, &d, &err), "E-NODE-035");
	good.n--;
	good.p[9] = 1; /* reserved */
	assert_fails(device_document(TEE_TDX, buf_view(&good), &a, &d, &err), "E-NODE-035");
	good.p[9] = 0;
	/* Evidence of the other kind in the same form. */
	good.p[32 + 9] = 's';
	good.p[32 + 10] = 'n';
	good.p[32 + 11] = 'p';
	assert_fails(device_document(TEE_TDX, buf_view(&good), &a, &d, &err), "E-NODE-035");
	signed_guest_free(td);
	signed_guest_free(snp);
}

static void *
host(void *arg)
{
	struct signed_guest *g = launch(TEE_TDX, false);
	const int *fd = arg;
	uint8_t request[4 + DEVICE_REQUEST_SIZE];
	struct buf out = {0};

	if (read(*fd, request, sizeof request) == (ssize_t)sizeof request)
		signed_guest_serve(g, NOW, bytes_of(request + 4, DEVICE_REQUEST_SIZE), &out);
	if (write(*fd, out.p, out.n) != (ssize_t)out.n)
		abort();
	buf_done(&out);
	signed_guest_free(g);
	close(*fd);
	return NULL;
}

static void
over_a_stream(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf frame = {0};
	uint8_t report_data[64];
	struct tdx_quote q;
	struct document d;
	struct verdict v;
	pthread_t thread;
	struct err err;
	int fds[2];

	(void)state;
	memset(report_data, 0x44, sizeof report_data);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(pthread_create(&thread, NULL, host, &fds[1]), 0);
	assert_ok(device_report(fds[0], TEE_TDX, report_data, &a, &frame, &d, &err));
	assert_ok(tdx_quote_parse(d.evidence, &q, &v));
	assert_bytes(q.report_data, bytes_of(report_data, 64));
	pthread_join(thread, NULL);
	assert_fails(device_report(fds[0], TEE_TDX, report_data, &a, &frame, &d, &err),
	             "E-FILE-004");
	close(fds[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(rows_name_a_shape),
	        cmocka_unit_test(evidence_says_what_was_launched),
	        cmocka_unit_test(malformed_requests),
	        cmocka_unit_test(hostile_answers),
	        cmocka_unit_test(over_a_stream),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
