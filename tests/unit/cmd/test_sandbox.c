/* SPDX-License-Identifier: Apache-2.0 */
/* What each process of the Coordinator may do, tried: a call outside its list ends it. */
#include "cmd/coordinator/sandbox.h"

#include "attest/issuer.h"
#include "attest/sevguest.h"
#include "attest/tdxguest.h"
#include "base/file.h"
#include "channel/tls.h"
#include "evidence/snp/certtable.h"
#include "node/quoter.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	FRONT = 1 << SANDBOX_FRONT,
	KEEPER = 1 << SANDBOX_KEEPER,
	VERIFIER = 1 << SANDBOX_VERIFIER,
	TSM = 1 << SANDBOX_ISSUER_TSM,
	SEV = 1 << SANDBOX_ISSUER_SEV_GUEST,
	TDX = 1 << SANDBOX_ISSUER_TDX_GUEST,
	ALL = FRONT | KEEPER | VERIFIER | TSM | SEV | TDX,
	PROFILES = 6,
};

static char g_dir[64] = "/tmp/contrast-sandbox-XXXXXX";
static int g_null;

/* ---- calls; what they answer does not matter ---- */

static void
call_random(void)
{
	uint8_t b[8];

	random_bytes(b, sizeof b);
}

static void
call_memory(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(p, 4096);
}

static void
call_code(void)
{
	(void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void
call_open(void)
{
	(void)open("/etc/hostname", O_RDONLY | O_CLOEXEC);
}

static void
call_mkdir(void)
{
	(void)mkdir("/nonexistent/x", 0700);
}

static void
call_rename(void)
{
	(void)rename("/nonexistent/x", "/nonexistent/y");
}

static void
call_chmod(void)
{
	(void)chmod("/nonexistent/x", 0777);
}

static void
call_exec(void)
{
	execl("/bin/true", "true", (char *)NULL);
}

static void
call_internet(void)
{
	(void)socket(AF_INET, SOCK_STREAM, 0);
}

static void
call_unix(void)
{
	(void)socket(AF_UNIX, SOCK_STREAM, 0);
}

static void
call_vm_socket(void)
{
	(void)socket(AF_VSOCK, SOCK_STREAM, 0);
}

static void
call_bind(void)
{
	(void)bind(g_null, NULL, 0);
}

static void
call_connect(void)
{
	(void)connect(g_null, NULL, 0);
}

static void
call_sev_report(void)
{
	(void)ioctl(g_null, SEVGUEST_GET_REPORT, NULL);
}

static void
call_sev_extended(void)
{
	(void)ioctl(g_null, SEVGUEST_GET_EXT_REPORT, NULL);
}

static void
call_sev_key(void)
{
	(void)ioctl(g_null, 0xc0205301UL, NULL);
}

static void
call_tdx_report(void)
{
	(void)ioctl(g_null, TDXGUEST_GET_REPORT, NULL);
}

static void
call_pause(void)
{
	kernel_own.pause_ms(1);
}

static void
call_chroot(void)
{
	(void)!chroot("/");
}

static void
call_setuid(void)
{
	(void)!setresuid(0, 0, 0);
}

/* ---- one call in one profile ---- */

/* The signal that ended the child, or 0. */
static int
try(enum sandbox_profile profile, void (*call)(void))
{
	pid_t pid = fork();
	int how;

	if (pid == 0) {
		const struct rlimit none = {0, 0};

		setrlimit(RLIMIT_CORE, &none);
		if (!is_ok(sandbox_enter(profile, NULL)))
			_exit(9);
		call();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &how, 0), pid);
	if (WIFEXITED(how))
		assert_int_equal(WEXITSTATUS(how), 0);
	return WIFSIGNALED(how) ? WTERMSIG(how) : 0;
}

static void
calls_outside_the_list_end_the_process(void **state)
{
	static const struct {
		const char *name;
		void (*call)(void);
		int allowed;
		bool sanitizers; /* theirs, too */
	} rows[] = {
	        {"random", call_random, ALL, false},
	        {"memory", call_memory, ALL, false},
	        {"executable memory", call_code, 0, true},
	        {"open", call_open, FRONT | TSM, true},
	        {"mkdir", call_mkdir, FRONT | TSM, false},
	        {"rename", call_rename, FRONT, false},
	        {"chmod", call_chmod, 0, false},
	        {"exec", call_exec, 0, false},
	        {"Internet socket", call_internet, 0, false},
	        {"Unix socket", call_unix, 0, false},
	        {"VM socket", call_vm_socket, TDX, false},
	        {"bind", call_bind, 0, false},
	        {"connect", call_connect, TDX, false},
	        {"SEV report", call_sev_report, SEV, true},
	        {"SEV extended report", call_sev_extended, SEV, true},
	        {"SEV derived key", call_sev_key, 0, true},
	        {"TD report", call_tdx_report, TDX, true},
	        {"pause", call_pause, TSM | SEV | TDX, true},
	        {"chroot", call_chroot, 0, false},
	        {"setuid", call_setuid, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (int p = 0; p < PROFILES; p++) {
			bool may = rows[i].allowed & 1 << p ||
			           (SANDBOX_SANITIZED && rows[i].sanitizers);
			int signal = try((enum sandbox_profile)p, rows[i].call);

			if (signal != (may ? 0 : SIGSYS))
				fail_msg("%s in profile %d: signal %d", rows[i].name, p, signal);
		}
	}
}

/* ---- issuers at work inside ---- */

/* What the fake kernels below answer from; made before, for the sandbox opens nothing. */
static struct buf g_quote, g_table;

static const char *g_device;

static int
fake_open(const char *path)
{
	if (strcmp(path, g_device) == 0)
		return dup(g_null);
	errno = ENOENT;
	return -1;
}

static int
fake_control(int fd, unsigned long request, void *arg)
{
	struct sevguest_call *call = arg;
	struct tdxguest_call *td = arg;
	struct sevguest_ext_request *x;
	uint8_t *to;

	/* The filter sees the true request. */
	(void)ioctl(fd, request, NULL);
	if (request == TDXGUEST_GET_REPORT) {
		mem_zero(td->report, sizeof td->report);
		td->report[0] = 0x81;
		mem_copy(td->report + 128, td->report_data, 64);
		return 0;
	}
	x = (void *)(uintptr_t)call->request;
	to = (void *)(uintptr_t)call->response;
	mem_zero(to, 32 + SEVGUEST_REPORT_SIZE);
	to[4] = SEVGUEST_REPORT_SIZE & 0xff;
	to[5] = SEVGUEST_REPORT_SIZE >> 8;
	mem_copy(to + 32 + 0x50, x->report.report_data, 64);
	mem_copy((void *)(uintptr_t)x->table, g_table.p, g_table.n);
	return 0;
}

static void
fake_pause(unsigned int ms)
{
	(void)ms;
}

static const struct kernel fake = {fake_open, fake_control, fake_pause};

/* The attributes of configfs-tsm, as files. */
static int
make_entry(const char *path, mode_t mode)
{
	static const struct {
		const char *name, *text;
	} files[] = {{"provider", "tdx_guest\n"}, {"generation", "1\n"}, {"inblob", ""}};
	char file[400];
	int fd;

	if (mkdir(path, mode) != 0)
		return -1;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		snprintf(file, sizeof file, "%s/%s", path, files[i].name);
		fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		(void)!write(fd, files[i].text, strlen(files[i].text));
		close(fd);
	}
	snprintf(file, sizeof file, "%s/outblob", path);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	(void)!write(fd, g_quote.p, g_quote.n);
	close(fd);
	return 0;
}

static int
remove_entry(const char *path)
{
	static const char *const files[] = {"provider", "generation", "inblob", "outblob"};
	char file[400];

	for (size_t i = 0; i < COUNT_OF(files); i++) {
		snprintf(file, sizeof file, "%s/%s", path, files[i]);
		(void)unlinkat(AT_FDCWD, file, 0);
	}
	return rmdir(path);
}

/* A process that serves reports from inside its sandbox; its end of the stream is returned. */
static pid_t
start_issuer(enum issuer_kind kind, int *ret)
{
	static const enum sandbox_profile profiles[] = {SANDBOX_ISSUER_TSM,
	                                                SANDBOX_ISSUER_SEV_GUEST,
	                                                SANDBOX_ISSUER_TDX_GUEST};
	struct issuer_places places = {
	        .tsm = {.root = kind == ISSUER_TSM ? g_dir : "/nonexistent",
	                .make = make_entry,
	                .remove = remove_entry},
	        .sev_guest = SEVGUEST_PATH,
	        .tdx_guest = TDXGUEST_PATH,
	        .kernel = &fake,
	};
	int ends[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	pid = fork();
	if (pid == 0) {
		struct issuer issuer;
		struct err err = {0};
		bool locked;

		close(ends[0]);
		g_device = kind == ISSUER_TDX_GUEST ? TDXGUEST_PATH : SEVGUEST_PATH;
		if (!is_ok(issuer_open(ISSUER_AUTO, &places, &issuer, &err)) || issuer.kind != kind)
			_exit(3);
		if (!is_ok(kind == ISSUER_TSM
		                   ? sandbox_keep_id(g_dir, &locked, &err)
		                   : sandbox_identity(SANDBOX_UID_ISSUER, NULL, &locked, &err)))
			_exit(4);
		if (kind == ISSUER_TSM && access(g_dir, F_OK) != 0)
			issuer.tsm.root = "";
		if (!is_ok(sandbox_enter(profiles[kind], &err)))
			_exit(5);
		_exit(is_ok(issuer_serve(&issuer, ends[1], &err)) ? 0 : 6);
	}
	close(ends[1]);
	*ret = ends[0];
	return pid;
}

static void
issuers_work_inside(void **state)
{
	/* A TD's quote service is not there: an error that comes back, not an end. */
	static const struct {
		enum issuer_kind kind;
		const char *id;
	} rows[] = {{ISSUER_TSM, NULL},
	            {ISSUER_SEV_GUEST, NULL},
	            {ISSUER_TDX_GUEST, "E-ATTEST-011"}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct attest_request request = {.op = ATTEST_OP_REPORT};
		CLEANUP(arena_done) struct arena a = {0};
		struct document d;
		struct err err = {0};
		int fd, how;
		pid_t pid = start_issuer(rows[i].kind, &fd);

		memset(request.report_data, 0x42, sizeof request.report_data);
		for (int turn = 0; turn < 2; turn++) {
			CLEANUP(buf_done) struct buf text = {0};
			uint8_t tee;

			if (rows[i].id) {
				assert_fails(attest_socket_call(fd, &request, 10000, &tee, &text,
				                                &err),
				             rows[i].id);
				assert_non_null(strstr(err.msg, "quote service"));
				continue;
			}
			assert_ok(attest_socket_call(fd, &request, 10000, &tee, &text, &err));
			assert_ok(document_parse(&a, buf_view(&text), &d, &err));
			assert_int_equal(d.endorsements.n_certs, rows[i].kind == ISSUER_SEV_GUEST);
		}
		close(fd);
		assert_int_equal(waitpid(pid, &how, 0), pid);
		assert_true(WIFEXITED(how));
		assert_int_equal(WEXITSTATUS(how), 0);
	}
}

/* A quote of the host's is taken apart inside, too: certificates, extension. */
static void
collateral_is_asked_inside(void **state)
{
	pid_t pid = fork();
	int how;

	(void)state;
	if (pid == 0) {
		struct quoted_collateral c = {.asked = false};
		struct qgs_place nowhere = {.cid = VMADDR_CID_LOCAL, .port = 1};
		struct endorsements e = {.n_certs = 0};

		if (!is_ok(sandbox_enter(SANDBOX_ISSUER_TDX_GUEST, NULL)))
			_exit(9);
		quoted_collateral_get(&c, &nowhere, buf_view(&g_quote), &e);
		_exit(c.asked && e.n_certs == 0 ? 0 : 8);
	}
	assert_int_equal(waitpid(pid, &how, 0), pid);
	assert_true(WIFEXITED(how));
	assert_int_equal(WEXITSTATUS(how), 0);
}

/* The id stays, its power and every other folder go. */
static void
root_without_power(void **state)
{
	pid_t pid;
	int how;

	(void)state;
	if (geteuid() != 0) {
		print_message("# needs root\n");
		skip();
	}
	pid = fork();
	if (pid == 0) {
		bool locked = false;

		if (!is_ok(sandbox_keep_id(g_dir, &locked, NULL)) || !locked)
			_exit(1);
		if (geteuid() != 0 || chroot("/") == 0 || setgid(1) == 0)
			_exit(2);
		_exit(open("/etc/passwd", O_RDONLY) < 0 && mkdir("/x", 0700) == 0 &&
		                      rmdir("/x") == 0
		              ? 0
		              : 3);
	}
	assert_int_equal(waitpid(pid, &how, 0), pid);
	assert_true(WIFEXITED(how));
	assert_int_equal(WEXITSTATUS(how), 0);
}

static int
set_up(void **state)
{
	struct td_launch launch = {.debug = false};
	struct snp_table table = {.entry = {[SNP_TABLE_VCEK] = {NULL, 0}}};
	uint8_t data[64];
	char dir[80];
	struct quoter *q;
	struct endorsements e;
	struct err err;

	(void)state;
	assert_non_null(mkdtemp(g_dir));
	snprintf(dir, sizeof dir, "%s.state", g_dir);
	g_null = open("/dev/null", O_RDWR | O_CLOEXEC);
	tls_prepare();
	memset(data, 0x42, sizeof data);
	assert_ok(quoter_open(dir, 1795500000, &q, &err));
	assert_ok(quoter_quote(q, &launch, 4, data, &g_quote, &err));
	assert_ok(quoter_endorse(q, 1795500000, &e, &err));
	table.entry[SNP_TABLE_VCEK] = e.certs[0];
	snp_table_emit(&table, &g_table);
	quoter_free(q);
	return 0;
}

static int
tear_down(void **state)
{
	char command[160];

	(void)state;
	buf_done(&g_quote);
	buf_done(&g_table);
	close(g_null);
	snprintf(command, sizeof command, "rm -rf '%s.state'", g_dir);
	return system(command) | rmdir(g_dir); /* fails if an entry was left behind */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(calls_outside_the_list_end_the_process),
	        cmocka_unit_test(issuers_work_inside),
	        cmocka_unit_test(collateral_is_asked_inside),
	        cmocka_unit_test(root_without_power),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
