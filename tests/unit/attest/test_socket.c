/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/socket.h"
#include "unit.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static void
requests_round_trip(void **state)
{
	struct err err;

	(void)state;
	for (int op = ATTEST_OP_REPORT; op <= ATTEST_OP_MESH_CERT; op++) {
		CLEANUP(buf_done) struct buf out = {0};
		struct attest_request a = {.op = (enum attest_op)op}, b;
		struct bytes body;
		bool whole;
		size_t used;

		for (size_t i = 0; i < sizeof a.report_data; i++)
			a.report_data[i] = op == ATTEST_OP_REPORT ? (uint8_t)(i + 1) : 0;
		if (op == ATTEST_OP_MESH_CERT)
			for (size_t i = 0; i < sizeof a.leaf; i++)
				((uint8_t *)&a.leaf)[i] = (uint8_t)(i + 7);
		attest_request_emit(&a, &out);
		assert_ok(attest_frame_next(buf_view(&out), ATTEST_REQUEST_MAX, &whole, &body,
		                            &used, &err));
		assert_true(whole);
		assert_int_equal(used, out.n);
		assert_ok(attest_request_parse(body, &b, &err));
		assert_int_equal(a.op, b.op);
		assert_memory_equal(a.report_data, b.report_data, sizeof a.report_data);
		assert_memory_equal(&a.leaf, &b.leaf, sizeof a.leaf);
		for (size_t cut = 0; cut < body.n; cut++)
			assert_fails(attest_request_parse(bytes_sub(body, 0, cut), &b, &err),
			             "E-ATTEST-001");
	}
}

static void
malformed_requests(void **state)
{
	static const uint8_t rows[][2] = {{0, 1}, {2, 1}, {1, 0}, {1, 3}, {1, 255}};
	uint8_t body[2 + 160] = {0};
	struct attest_request r;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		body[0] = rows[i][0];
		body[1] = rows[i][1];
		assert_fails(attest_request_parse(bytes_of(body, 2 + 64), &r, &err),
		             "E-ATTEST-001");
	}
	body[0] = 1;
	body[1] = 1;
	assert_ok(attest_request_parse(bytes_of(body, 2 + 64), &r, &err));
	assert_fails(attest_request_parse(bytes_of(body, 2 + 65), &r, &err), "E-ATTEST-001");
}

static void
answers(void **state)
{
	static const struct {
		const char *body;
		size_t n;
		bool ok;
	} rows[] = {
	        {"\1\0\1{}", 5, true}, {"\1\0\2{}", 5, true},  {"\1\2\0no", 5, true},
	        {"\1\3\0", 3, true},   {"\1\0\1", 3, false},   {"\1\0\0{}", 5, false},
	        {"\1\0\3{}", 5, true}, {"\1\0\4{}", 5, true},  {"\1\0\5{}", 5, false},
	        {"\1\4\0", 3, false},  {"\2\0\1{}", 5, false}, {"\1\1\1x", 4, false},
	        {"\1\0", 2, false},    {"", 0, false},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct attest_answer a;

		assert_int_equal(is_ok(attest_answer_parse(bytes_of(rows[i].body, rows[i].n), &a,
		                                           &err)),
		                 rows[i].ok);
	}
}

static void
frame_limits(void **state)
{
	uint8_t in[4 + 8] = {0, 0, 0, 8};
	struct bytes body;
	bool whole;
	size_t used;
	struct err err;

	(void)state;
	assert_ok(attest_frame_next(bytes_of(in, 12), 8, &whole, &body, &used, &err));
	assert_true(whole);
	assert_fails(attest_frame_next(bytes_of(in, 12), 7, &whole, &body, &used, &err),
	             "E-ATTEST-003");
	for (size_t cut = 0; cut < 12; cut++) {
		assert_ok(attest_frame_next(bytes_of(in, cut), 8, &whole, &body, &used, &err));
		assert_false(whole);
	}
	in[3] = 0;
	assert_fails(attest_frame_next(bytes_of(in, 4), 8, &whole, &body, &used, &err),
	             "E-ATTEST-003");
}

struct far_end {
	int fd;
	const char *answer;
	size_t n;
};

static void *
answer_thread(void *arg)
{
	struct far_end *f = arg;
	uint8_t request[4 + 2 + 64];
	ssize_t got = recv(f->fd, request, sizeof request, MSG_WAITALL);

	if (got == (ssize_t)sizeof request && f->n > 0)
		(void)!write(f->fd, f->answer, f->n);
	if (f->answer)
		close(f->fd);
	return NULL;
}

static void
call_outcomes(void **state)
{
	static const struct {
		const char *answer; /* NULL: never answers */
		size_t n;
		const char *id; /* NULL: fine */
	} rows[] = {
	        {"\0\0\0\5\1\0\1{}", 9, NULL},
	        {"\0\0\0\5\1\2\0no", 9, "E-ATTEST-012"},
	        {"\0\0\0\5\1\3\0no", 9, "E-ATTEST-011"},
	        {"\0\0\0\5\1\0\1{}x", 10, "E-ATTEST-002"},
	        {"\0\0\0\5\1\0", 6, "E-ATTEST-011"},
	        {"\xff\0\0\5\1\0\1{}", 9, "E-ATTEST-003"},
	        {NULL, 0, "E-ATTEST-011"},
	};
	struct attest_request request = {.op = ATTEST_OP_REPORT};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf document = {0};
		int pair[2];
		uint8_t tee = 0;
		pthread_t thread;
		struct far_end far;
		status s;

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		far = (struct far_end){pair[1], rows[i].answer, rows[i].n};
		assert_int_equal(pthread_create(&thread, NULL, answer_thread, &far), 0);
		s = attest_socket_call(pair[0], &request, 200, &tee, &document, &err);
		pthread_join(thread, NULL);
		if (rows[i].id) {
			assert_fails(s, rows[i].id);
		} else {
			assert_ok(s);
			assert_int_equal(tee, 1);
			assert_bytes(buf_view(&document), BYTES("{}"));
		}
		close(pair[0]);
		if (!rows[i].answer)
			close(pair[1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(requests_round_trip),
	        cmocka_unit_test(malformed_requests),
	        cmocka_unit_test(answers),
	        cmocka_unit_test(frame_limits),
	        cmocka_unit_test(call_outcomes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
