/* SPDX-License-Identifier: Apache-2.0 */
/* The cache: what is kept how long and renewed when, shared, damaged, or not there at all. */
#include "attest/collateral/collateral.h"
#include "transport/script.h"
#include "unit/attest/mint.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define GENOA_CRL_URL "https://kdsintf.amd.com/vcek/v1/Genoa/crl"

/* Kind by kind; a window of 30 days, in days from its beginning. Fetched 0: not from the cache. */
static void
what_is_renewed_when(void **state)
{
	static const struct {
		enum collateral_kind kind;
		int now, fetched;
		bool due;
	} rows[] = {
	        {COLLATERAL_SNP_VCEK, 29, 0, false},
	        {COLLATERAL_SNP_VCEK, 29, 1, false},
	        {COLLATERAL_SNP_CHAIN, 29, 1, false},
	        {COLLATERAL_TDX_TCB_CHAIN, 29, 1, false},
	        {COLLATERAL_SNP_CRL, 1, 1, false},
	        {COLLATERAL_SNP_CRL, 8, 1, false},
	        {COLLATERAL_SNP_CRL, 9, 1, true},
	        {COLLATERAL_SNP_CRL, 9, 0, false},
	        {COLLATERAL_SNP_CRL, 21, 0, true},
	        {COLLATERAL_SNP_CRL, 21, 21, true},
	        {COLLATERAL_TDX_TCB_INFO, 8, 1, false},
	        {COLLATERAL_TDX_TCB_INFO, 9, 1, true},
	        {COLLATERAL_TDX_TCB_INFO, 20, 19, false},
	        {COLLATERAL_TDX_TCB_INFO, 21, 20, true},
	        {COLLATERAL_TDX_QE_IDENTITY, 8, 1, false},
	        {COLLATERAL_TDX_QE_IDENTITY, 9, 1, true},
	        {COLLATERAL_TDX_QE_IDENTITY, 21, 20, true},
	        {COLLATERAL_TDX_ROOT_CRL, 8, 1, false},
	        {COLLATERAL_TDX_ROOT_CRL, 9, 1, true},
	        {COLLATERAL_TDX_ROOT_CRL, 21, 20, true},
	        {COLLATERAL_TDX_PCK_CRL, 8, 1, false},
	        {COLLATERAL_TDX_PCK_CRL, 9, 1, true},
	        {COLLATERAL_TDX_PCK_CRL, 21, 20, true},
	        /* Judged at a time before it was fetched. */
	        {COLLATERAL_TDX_PCK_CRL, 1, 25, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct collateral_item item = {
		        .kind = rows[i].kind,
		        .valid_from = NOW,
		        .valid_until = NOW + 30 * DAY,
		        .fetched = rows[i].fetched ? NOW + rows[i].fetched * DAY : 0,
		};

		if (collateral_is_due(&item, NOW + rows[i].now * DAY) != rows[i].due)
			fail_msg("row %zu", i);
	}
}

static void
item_file(const char *name, char path[256])
{
	snprintf(path, 256, "%s/%s", dir, name);
}

static void
put_crl(struct bytes der)
{
	struct collateral_item item = {.kind = COLLATERAL_SNP_CRL,
	                               .subject = "Genoa/vcek",
	                               .data = der};
	struct err err;

	assert_ok(collateral_inspect(&item, &err));
	assert_ok(collateral_cache_write(dir, &item, &err));
}

static void
set_fetched(int64_t when)
{
	const struct timespec times[2] = {{.tv_sec = when}, {.tv_sec = when}};
	char path[256];

	item_file("snp-crl/Genoa_vcek", path);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* A list that is good for a year is looked for again after a week. */
static void
a_list_of_a_year_is_looked_for_again(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf old = {0}, new = {0};
	struct script_step steps[2] = {{.url = GENOA_CRL_URL, .status = 404},
	                               {.url = GENOA_CRL_URL, .status = 200}};
	struct script script;
	struct collateral c = {.cache_dir = dir, .transport = &script.transport};
	struct collateral_item got;
	struct err err;

	(void)state;
	mint_crl(NOW - 20 * DAY, NOW + 345 * DAY, &old);
	mint_crl(NOW - 2 * DAY, NOW + 363 * DAY, &new);
	steps[1].body = buf_view(&new);
	put_crl(buf_view(&old));
	set_fetched(NOW - 6 * DAY);
	script_init(&script, steps, 0);
	assert_ok(collateral_get(&c, COLLATERAL_SNP_CRL, "Genoa/vcek", NOW, &a, &got, &err));
	assert_true(script_done(&script));
	assert_int_equal(got.fetched, NOW - 6 * DAY);

	/* Due: without an answer it serves on, with a newer one it gives way. */
	set_fetched(NOW - 8 * DAY);
	script_init(&script, steps, 2);
	assert_ok(collateral_get(&c, COLLATERAL_SNP_CRL, "Genoa/vcek", NOW, &a, &got, &err));
	assert_bytes(got.data, buf_view(&old));
	assert_ok(collateral_get(&c, COLLATERAL_SNP_CRL, "Genoa/vcek", NOW, &a, &got, &err));
	assert_bytes(got.data, buf_view(&new));
	assert_true(script_done(&script));

	/* The same again counts as looked for. */
	set_fetched(NOW - 8 * DAY);
	script_init(&script, &steps[1], 1);
	assert_ok(collateral_get(&c, COLLATERAL_SNP_CRL, "Genoa/vcek", NOW, &a, &got, &err));
	assert_ok(collateral_cache_read(dir, COLLATERAL_SNP_CRL, "Genoa/vcek", &a, &got, &err));
	assert_true(got.fetched > NOW - 8 * DAY);
}

static void
damage_is_one_line(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf crl = {0}, notes = {0};
	struct script_step step = {.url = GENOA_CRL_URL, .status = 200};
	struct script script;
	struct collateral c = {.cache_dir = dir, .notes = &notes};
	struct collateral_item got;
	char path[256];
	struct err err;

	(void)state;
	mint_crl(NOW - DAY, NOW + DAY, &crl);
	put_crl(buf_view(&crl));
	item_file("snp-crl/Genoa_vcek", path);
	for (size_t cut = 0; cut < crl.n; cut += crl.n / 3) {
		buf_reset(&notes);
		assert_ok(file_write(path, bytes_sub(buf_view(&crl), 0, cut), 0644, &err));
		c.transport = NULL;
		assert_fails(collateral_get(&c, COLLATERAL_SNP_CRL, "Genoa/vcek", NOW, &a, &got,
		                            &err),
		             "E-COLLATERAL-010");
		assert_non_null(strstr(buf_cstr(&notes), path));
		assert_ptr_equal(strchr(buf_cstr(&notes), '\n'), buf_cstr(&notes) + notes.n - 1);
		buf_reset(&notes);
		step.body = buf_view(&crl);
		script_init(&script, &step, 1);
		c.transport = &script.transport;
		assert_ok(
		        collateral_get(&c, COLLATERAL_SNP_CRL, "Genoa/vcek", NOW, &a, &got, &err));
		assert_non_null(strstr(buf_cstr(&notes), "fetched anew"));
		/* And is whole again. */
		buf_reset(&notes);
		assert_ok(
		        collateral_get(&c, COLLATERAL_SNP_CRL, "Genoa/vcek", NOW, &a, &got, &err));
		assert_int_equal(notes.n, 0);
	}
}

/* Works on, and says so once. */
static void
no_cache_at_all(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf crl = {0}, notes = {0};
	struct script_step steps[2] = {{.url = GENOA_CRL_URL, .status = 200},
	                               {.url = GENOA_CRL_URL, .status = 200}};
	struct script script;
	struct collateral c = {.cache_dir = "/dev/null/cache",
	                       .notes = &notes,
	                       .transport = &script.transport};
	struct collateral_item got;
	struct err err;

	(void)state;
	mint_crl(NOW - DAY, NOW + DAY, &crl);
	steps[0].body = steps[1].body = buf_view(&crl);
	script_init(&script, steps, 2);
	for (int i = 0; i < 2; i++) {
		assert_ok(
		        collateral_get(&c, COLLATERAL_SNP_CRL, "Genoa/vcek", NOW, &a, &got, &err));
		assert_bytes(got.data, buf_view(&crl));
	}
	assert_true(script_done(&script));
	assert_non_null(strstr(buf_cstr(&notes), "nothing is kept in the cache"));
	assert_ptr_equal(strchr(buf_cstr(&notes), '\n'), buf_cstr(&notes) + notes.n - 1);
}

/* Two processes, one comparing while the other replaces: the second waits. */
static void
writers_wait_for_each_other(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf old = {0}, new = {0};
	struct collateral_item got;
	char path[256];
	int done[2], held;
	struct pollfd p;
	struct err err;
	pid_t child;

	(void)state;
	mint_crl(NOW - 3 * DAY, NOW + DAY, &old);
	mint_crl(NOW - DAY, NOW + DAY, &new);
	put_crl(buf_view(&old));
	item_file(".lock", path);
	held = open(path, O_RDWR | O_CLOEXEC);
	assert_true(held >= 0);
	assert_int_equal(flock(held, LOCK_EX), 0);
	assert_int_equal(pipe(done), 0);
	child = fork();
	if (child == 0) {
		close(held); /* else it would hold the lock too */
		put_crl(buf_view(&new));
		_exit(write(done[1], "x", 1) == 1 ? 0 : 1);
	}
	p = (struct pollfd){.fd = done[0], .events = POLLIN};
	assert_int_equal(poll(&p, 1, 200), 0);
	assert_ok(collateral_cache_read(dir, COLLATERAL_SNP_CRL, "Genoa/vcek", &a, &got, &err));
	assert_bytes(got.data, buf_view(&old));
	close(held);
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(done[0]);
	close(done[1]);
	assert_ok(collateral_cache_read(dir, COLLATERAL_SNP_CRL, "Genoa/vcek", &a, &got, &err));
	assert_bytes(got.data, buf_view(&new));
}

/* Many at once, each with an older and a newer list: whole at any time, the newest at the end. */
static void
many_processes_share_it(void **state)
{
	enum { PROCESSES = 4, ROUNDS = 12 };
	CLEANUP(arena_done) struct arena a = {0};
	struct buf lists[3] = {{0}, {0}, {0}};
	struct collateral_item got;
	pid_t children[PROCESSES];
	struct err err;

	(void)state;
	for (int i = 0; i < 3; i++)
		mint_crl(NOW - (3 - i) * DAY, NOW + DAY, &lists[i]);
	put_crl(buf_view(&lists[0]));
	for (int k = 0; k < PROCESSES; k++) {
		children[k] = fork();
		if (children[k] > 0)
			continue;
		for (int i = 0; i < ROUNDS; i++) {
			put_crl(buf_view(&lists[(i + k) % 3]));
			assert_ok(collateral_cache_read(dir, COLLATERAL_SNP_CRL, "Genoa/vcek", &a,
			                                &got, &err));
		}
		_exit(0);
	}
	for (int k = 0; k < PROCESSES; k++) {
		int how;

		assert_int_equal(waitpid(children[k], &how, 0), children[k]);
		assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
	}
	assert_ok(collateral_cache_read(dir, COLLATERAL_SNP_CRL, "Genoa/vcek", &a, &got, &err));
	assert_bytes(got.data, buf_view(&lists[2]));
	for (int i = 0; i < 3; i++)
		buf_done(&lists[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_renewed_when),
	        cmocka_unit_test_setup_teardown(a_list_of_a_year_is_looked_for_again, make_dir,
	                                        drop_dir),
	        cmocka_unit_test_setup_teardown(damage_is_one_line, make_dir, drop_dir),
	        cmocka_unit_test(no_cache_at_all),
	        cmocka_unit_test_setup_teardown(writers_wait_for_each_other, make_dir, drop_dir),
	        cmocka_unit_test_setup_teardown(many_processes_share_it, make_dir, drop_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
