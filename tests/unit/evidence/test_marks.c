/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of accepted collateral: order, places, the wire. */
#include "evidence/marks.h"
#include "unit.h"

#include <string.h>

static void
statements_by_evaluation_lists_by_number_and_date(void **state)
{
	static const struct {
		enum mark_kind kind;
		uint64_t number[2]; /* kept, then shown */
		int64_t issued[2];
		bool refused, moves;
	} rows[] = {
	        {MARK_TCB_INFO, {18, 17}, {5, 9}, true, false},
	        {MARK_TCB_INFO, {18, 18}, {5, 1}, false, false},
	        {MARK_TCB_INFO, {18, 18}, {5, 9}, false, false},
	        {MARK_TCB_INFO, {18, 19}, {5, 1}, false, true},
	        {MARK_QE_IDENTITY, {18, 17}, {5, 9}, true, false},
	        {MARK_QE_IDENTITY, {18, 19}, {5, 9}, false, true},
	        {MARK_LIST, {18, 17}, {5, 9}, false, false},
	        {MARK_LIST, {18, 18}, {5, 9}, false, true},
	        {MARK_LIST, {18, 19}, {5, 1}, false, true},
	        {MARK_LIST, {0, 0}, {5, 4}, false, false},
	        {MARK_LIST, {0, 0}, {5, 6}, false, true},
	        {MARK_LIST, {18, 0}, {5, 6}, false, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(marks_done) struct marks kept = {0};
		bool list = rows[i].kind == MARK_LIST;
		struct mark m[2];
		struct err err;

		for (size_t k = 0; k < 2; k++)
			m[k] = (struct mark){.kind = rows[i].kind,
			                     .number = rows[i].number[k],
			                     .issued = rows[i].issued[k],
			                     .list = list ? BYTES("list") : (struct bytes){0}};
		marks_keep(&kept, &m[0], 1);
		assert_int_equal(kept.version, 1);
		if (rows[i].refused)
			assert_fails(marks_check(&kept, &m[1], 1, &err), "E-EVIDENCE-060");
		else
			assert_ok(marks_check(&kept, &m[1], 1, &err));
		assert_int_equal(marks_has(&kept, &m[1]), !rows[i].moves);
		marks_keep(&kept, &m[1], 1);
		assert_int_equal(kept.version, rows[i].moves ? 2 : 1);
		assert_int_equal(kept.n, 1);
		/* Another id has nothing to do with it. */
		m[1].id.b[5] = 1;
		m[1].number = 1;
		assert_ok(marks_check(&kept, &m[1], 1, &err));
	}
}

static void
places_are_bounded(void **state)
{
	CLEANUP(marks_done) struct marks kept = {0};
	struct mark m = {.kind = MARK_TCB_INFO, .number = 1};
	struct err err;

	(void)state;
	for (int i = 0; i <= MARKS_MAX; i++) {
		m.id.b[0] = (uint8_t)i;
		marks_keep(&kept, &m, 1);
	}
	assert_int_equal(kept.n, MARKS_MAX);
	/* Those that are there still move. */
	m.id.b[0] = MARKS_MAX - 1;
	m.number = 2;
	marks_keep(&kept, &m, 1);
	m.number = 1;
	assert_fails(marks_check(&kept, &m, 1, &err), "E-EVIDENCE-060");
}

static void
the_wire(void **state)
{
	static uint8_t big[EVIDENCE_CRL_MAX + 1];
	CLEANUP(buf_done) struct buf wire = {0};
	struct mark m[3] = {
	        {.kind = MARK_LIST, .id = {{1}}, .number = 7, .issued = 8, .list = BYTES("der")},
	        {.kind = MARK_TCB_INFO, .id = {{2}}, .number = UINT64_MAX},
	        {.kind = MARK_LIST, .id = {{3}}, .list = bytes_of(big, EVIDENCE_CRL_MAX)},
	};
	struct mark got[3];
	struct err err;
	size_t n;

	(void)state;
	marks_emit(m, 3, &wire);
	assert_ok(marks_parse(buf_view(&wire), got, 3, &n, &err));
	assert_int_equal(n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(got[i].kind, m[i].kind);
		assert_memory_equal(&got[i].id, &m[i].id, sizeof m[i].id);
		assert_int_equal(got[i].number, m[i].number);
		assert_int_equal(got[i].issued, m[i].issued);
		assert_bytes(got[i].list, m[i].list);
	}
	assert_ok(marks_parse((struct bytes){0}, got, 3, &n, &err));
	assert_int_equal(n, 0);
	assert_fails(marks_parse(buf_view(&wire), got, 2, &n, &err), "E-EVIDENCE-061");
	for (size_t cut = 1; cut < wire.n; cut += cut < 200 ? 1 : 997)
		if (cut != MARKS_HEAD + 3 && cut != 2 * MARKS_HEAD + 3)
			assert_fails(marks_parse(bytes_sub(buf_view(&wire), 0, cut), got, 3, &n,
			                         &err),
			             "E-EVIDENCE-061");
	/* A list too large, a list without bytes, a statement with some, kinds that are none. */
	const struct mark bad[] = {
	        {.kind = MARK_LIST, .list = bytes_of(big, sizeof big)},
	        {.kind = MARK_LIST},
	        {.kind = MARK_QE_IDENTITY, .list = BYTES("x")},
	        {.kind = (enum mark_kind)0},
	        {.kind = (enum mark_kind)4},
	        {.kind = MARK_TCB_INFO, .issued = -1},
	};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		buf_reset(&wire);
		marks_emit(&bad[i], 1, &wire);
		assert_fails(marks_parse(buf_view(&wire), got, 3, &n, &err), "E-EVIDENCE-061");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(statements_by_evaluation_lists_by_number_and_date),
	        cmocka_unit_test(places_are_bounded),
	        cmocka_unit_test(the_wire),
	};

	return cmocka_run_group_tests_name("evidence_marks", tests, NULL, NULL);
}
