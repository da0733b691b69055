/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/coordinator/supervisor.h"

#include "attest/issuer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "cmd/coordinator/front.h"
#include "cmd/coordinator/keeper.h"
#include "cmd/coordinator/sandbox.h"
#include "cmd/coordinator/verifier.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	RESTART_PAUSE_MS = 100, /* after a child's quick end, doubled with each further one */
	RESTART_DOUBLINGS = 6,
	QUICK_SECONDS = 1,
	END_MS = 3000,
};

enum worker_kind { WORKER_FRONT, WORKER_VERIFIER, WORKER_KEEPER };

struct worker {
	enum worker_kind kind;
	size_t index;
	pid_t pid;
	int64_t started;
	unsigned int quick; /* ends in a row soon after the start */
	int ends[2];        /* [0] the keeper's, [1] the worker's */
};

struct supervisor {
	const struct supervisor_config *config;
	struct worker workers[2 * SUPERVISOR_MAX_WORKERS];
	size_t n_workers;
	pid_t keeper, issuer; /* issuer: -1 when a socket gives evidence */
	int report;
	int listen[SUPERVISOR_MAX_WORKERS][SUPERVISOR_MAX_PORTS];
	struct metrics *metrics;
	int signals;
	sigset_t blocked;
};

/* ---- what the children do ---- */

/* A child keeps its own descriptors; the others' would be a way around the table of messages. */
static void
close_others(const struct supervisor *s, const struct worker *own)
{
	for (size_t i = 0; i < s->n_workers; i++) {
		const struct worker *w = &s->workers[i];

		if (own && w->ends[0] >= 0)
			close(w->ends[0]);
		if (w != own)
			close(w->ends[1]);
	}
	for (size_t i = 0; i < s->config->workers; i++)
		for (size_t port = 0; port < SUPERVISOR_MAX_PORTS; port++)
			if (s->listen[i][port] >= 0 &&
			    !(own && own->kind == WORKER_FRONT && own->index == i))
				close(s->listen[i][port]);
	if (own && s->report >= 0)
		close(s->report);
	close(s->signals);
}

static void
begin_child(const struct supervisor *s, const struct worker *own)
{
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_IGN);
	signal(SIGALRM, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &s->blocked, NULL);
	secret_harden_process();
	close_others(s, own);
}

static status
open_store(const char *path, struct store *ret, struct err *err)
{
	if (path)
		return store_dir_open(path, ret, err);
	store_mem_open(ret);
	return OK;
}

static status
front_main(const struct supervisor *s, const struct worker *w, struct err *err)
{
	static const enum front_port ports[] = {PORT_OWNERS, PORT_PODS, PORT_HEALTH};
	struct front *f = mem_new(struct front);
	bool locked;

	f->metrics = s->metrics;
	for (size_t i = 0; i < SUPERVISOR_MAX_PORTS; i++)
		if (s->listen[w->index][i] >= 0)
			f->listeners[f->n_listeners++] =
			        (struct front_listener){.fd = s->listen[w->index][i],
			                                .port = ports[i]};
	pipe_init(&f->keeper, w->ends[1], KEEPER_TO_FRONT);
	TRY(tls_server_new(&f->tls, err));
	TRY(front_open(f, err));
	TRY(sandbox_identity(SANDBOX_UID_FRONT, s->config->store, &locked, err));
	if (s->config->store && !locked)
		log_warn("the front is not locked into its store: no chroot, no Landlock here");
	/* After a chroot the store is the root; under Landlock it keeps its path. */
	TRY(open_store(s->config->store && access(s->config->store, F_OK) != 0 ? "/"
	                                                                       : s->config->store,
	               &f->store, err));
	TRY(sandbox_enter(SANDBOX_FRONT, err));
	front_run(f);
	return err_set(err, ERR_UNREACHABLE, "E-FRONT-003", "the keeper is gone");
}

static status
verifier_main(const struct worker *w, struct err *err)
{
	bool locked;

	TRY(sandbox_identity(SANDBOX_UID_VERIFIER, NULL, &locked, err));
	TRY(sandbox_enter(SANDBOX_VERIFIER, err));
	return verifier_run(w->ends[1], err);
}

static status
keeper_main(const struct supervisor *s, struct err *err)
{
	struct keeper *k = mem_new(struct keeper);
	int fronts[SUPERVISOR_MAX_WORKERS], verifiers[SUPERVISOR_MAX_WORKERS];
	size_t n_fronts = 0, n_verifiers = 0;
	bool locked;

	for (size_t i = 0; i < s->n_workers; i++) {
		const struct worker *w = &s->workers[i];

		if (w->kind == WORKER_FRONT)
			fronts[n_fronts++] = w->ends[0];
		else
			verifiers[n_verifiers++] = w->ends[0];
	}
	keeper_init(k, &s->config->pins, fronts, n_fronts, verifiers, n_verifiers, s->report,
	            CLOCK_RELEASE_FLOOR);
	TRY(sandbox_identity(SANDBOX_UID_KEEPER, NULL, &locked, err));
	TRY(sandbox_enter(SANDBOX_KEEPER, err));
	TRY(keeper_start(k, err));
	log_info("the keeper is ready");
	return keeper_run(k, err);
}

/* A child's whole life. Nothing is released: the process ends. */
static void
child_main(const struct supervisor *s, const struct worker *w)
{
	static const char *const names[] = {"front", "verifier", "keeper"};
	enum worker_kind kind = w ? w->kind : WORKER_KEEPER;
	struct err err = {0};
	status result;

	prctl(PR_SET_NAME, names[kind], 0, 0, 0);
	begin_child(s, w);
	if (kind == WORKER_FRONT)
		result = front_main(s, w, &err);
	else if (kind == WORKER_VERIFIER)
		result = verifier_main(w, &err);
	else
		result = keeper_main(s, &err);
	if (!is_ok(result))
		log_err(LOG_ERROR, names[kind], &err);
	_exit(is_ok(result) ? 0 : err_exit_code(result.cls));
}

/* ---- start ---- */

static status
start_worker(struct supervisor *s, struct worker *w, struct err *err)
{
	w->started = clock_boottime();
	w->pid = fork();
	if (w->pid < 0)
		return err_set_errno(err, ERR_IO, "E-SUPERVISOR-001", "cannot start a process");
	if (w->pid == 0)
		child_main(s, w);
	return OK;
}

static status
add_worker(struct supervisor *s, enum worker_kind kind, size_t index, struct err *err)
{
	struct worker *w = &s->workers[s->n_workers++];

	*w = (struct worker){.kind = kind, .index = index, .pid = -1, .ends = {-1, -1}};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, w->ends) != 0)
		return err_set_errno(err, ERR_IO, "E-SUPERVISOR-001", "cannot make a socketpair");
	return OK;
}

static status
open_ports(struct supervisor *s, struct err *err)
{
	const char *const addresses[] = {s->config->owners, s->config->pods, s->config->health};

	for (size_t i = 0; i < s->config->workers; i++)
		for (size_t port = 0; port < SUPERVISOR_MAX_PORTS; port++) {
			bool shared = s->config->workers > 1;

			s->listen[i][port] = -1;
			/* Metrics are shared by all fronts, so one of them can tell them. */
			if (!addresses[port] || (port == 2 && i > 0))
				continue;
			TRY(server_listen(addresses[port], shared && port < 2, &s->listen[i][port],
			                  err));
		}
	return OK;
}

/* The store's directories belong to the front's id, which nobody else has. */
static status
give_store(const char *path, struct err *err)
{
	static const char *const below[] = {"", "/blobs", "/records", "/names"};
	struct store store;

	TRY(dir_create(path, 0700, err));
	TRY(store_dir_open(path, &store, err));
	store_dir_close(&store);
	if (geteuid() != 0)
		return OK;
	for (size_t i = 0; i < COUNT_OF(below); i++) {
		char name[4096];

		snprintf(name, sizeof name, "%s%s", path, below[i]);
		if (chown(name, SANDBOX_UID_FRONT, SANDBOX_UID_FRONT) != 0 && errno != ENOENT)
			return err_set_errno(err, ERR_IO, "E-SUPERVISOR-002",
			                     "cannot give %s to the front", name);
	}
	return OK;
}

/*
 * Nothing but the device, and what it needs to ask it. Entries of configfs-tsm belong to root: that
 * process keeps the id, without any capability, and sees their folder alone.
 */
static status
confine_issuer(struct issuer *issuer, struct err *err)
{
	static const enum sandbox_profile profiles[] = {
	        [ISSUER_TSM] = SANDBOX_ISSUER_TSM,
	        [ISSUER_SEV_GUEST] = SANDBOX_ISSUER_SEV_GUEST,
	        [ISSUER_TDX_GUEST] = SANDBOX_ISSUER_TDX_GUEST,
	};
	bool locked;

	if (issuer->kind == ISSUER_TSM) {
		TRY(sandbox_keep_id(issuer->tsm.root, &locked, err));
		if (!locked)
			log_warn("the issuer is not locked into the folder of configfs-tsm");
		/* After a chroot the folder is the root; under Landlock it keeps its path. */
		if (access(issuer->tsm.root, F_OK) != 0)
			issuer->tsm.root = "";
	} else {
		TRY(sandbox_identity(SANDBOX_UID_ISSUER, NULL, &locked, err));
	}
	return sandbox_enter(profiles[issuer->kind], err);
}

/* Alone with the device: it ends with the keeper, whose end of the stream closes. */
static void
issuer_main(const struct supervisor *s, struct issuer *issuer, const int ends[2])
{
	struct err err = {0};
	status result;

	prctl(PR_SET_NAME, "issuer", 0, 0, 0);
	close(ends[0]);
	begin_child(s, NULL);
	result = confine_issuer(issuer, &err);
	if (is_ok(result))
		result = issuer_serve(issuer, ends[1], &err);
	if (!is_ok(result))
		log_err(LOG_ERROR, "issuer", &err);
	_exit(is_ok(result) ? 0 : err_exit_code(result.cls));
}

/* A stream that answers reports for the keeper, which may open nothing: a socket, or a process. */
static status
open_reports(struct supervisor *s, struct err *err)
{
	const struct issuer_places places = issuer_usual(SUPERVISOR_REPORT_SOCKET);
	CLEANUP(issuer_close) struct issuer issuer = {.fd = -1};
	int ends[2];

	TRY(issuer_open(s->config->report, &places, &issuer, err));
	log_info("found who gives evidence", F_CSTR("issuer", issuer_kind_name(issuer.kind)));
	if (issuer.kind == ISSUER_SOCKET) {
		s->report = issuer.fd;
		issuer.fd = -1;
		return OK;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return err_set_errno(err, ERR_IO, "E-SUPERVISOR-001", "cannot make a socketpair");
	s->issuer = fork();
	if (s->issuer == 0)
		issuer_main(s, &issuer, ends);
	close(ends[1]);
	s->report = ends[0];
	if (s->issuer < 0)
		return err_set_errno(err, ERR_IO, "E-SUPERVISOR-001", "cannot start a process");
	return OK;
}

static status
start_all(struct supervisor *s, struct err *err)
{
	sigemptyset(&s->blocked);
	sigaddset(&s->blocked, SIGTERM);
	sigaddset(&s->blocked, SIGINT);
	sigaddset(&s->blocked, SIGCHLD);
	sigprocmask(SIG_BLOCK, &s->blocked, NULL);
	s->signals = signalfd(-1, &s->blocked, SFD_CLOEXEC);
	s->metrics = mmap(NULL, sizeof *s->metrics, PROT_READ | PROT_WRITE,
	                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s->signals < 0 || s->metrics == MAP_FAILED)
		return err_set_errno(err, ERR_IO, "E-SUPERVISOR-001", "cannot start");
	TRY(open_ports(s, err));
	TRY(open_reports(s, err));
	if (s->config->store)
		TRY(give_store(s->config->store, err));
	for (size_t i = 0; i < s->config->workers; i++) {
		TRY(add_worker(s, WORKER_FRONT, i, err));
		TRY(add_worker(s, WORKER_VERIFIER, i, err));
	}
	for (size_t i = 0; i < s->n_workers; i++)
		TRY(start_worker(s, &s->workers[i], err));
	s->keeper = fork();
	if (s->keeper < 0)
		return err_set_errno(err, ERR_IO, "E-SUPERVISOR-001", "cannot start the keeper");
	if (s->keeper == 0)
		child_main(s, NULL);
	/* Only the keeper speaks on its ends from here on, and only it has the device. */
	for (size_t i = 0; i < s->n_workers; i++)
		fd_close(&s->workers[i].ends[0]);
	fd_close(&s->report);
	return OK;
}

/* ---- waiting ---- */

static void
restart(struct supervisor *s, struct worker *w, int how)
{
	bool quick = how != 0 && clock_boottime() - w->started <= QUICK_SECONDS;
	struct err err;

	if (how != 0)
		log_warn("a process ended and is started anew",
		         F_CSTR("process", w->kind == WORKER_FRONT ? "front" : "verifier"),
		         F_INT("signal", WIFSIGNALED(how) ? WTERMSIG(how) : 0),
		         F_INT("code", WIFEXITED(how) ? WEXITSTATUS(how) : -1));
	if (quick)
		usleep((RESTART_PAUSE_MS * 1000U) << w->quick);
	w->quick = quick ? MIN(w->quick + 1, RESTART_DOUBLINGS) : 0;
	if (!is_ok(start_worker(s, w, &err)))
		log_err(LOG_ERROR, "cannot start it anew", &err);
}

/* Gathers ended children; false when the keeper is among them. */
static bool
reap(struct supervisor *s)
{
	int how;
	pid_t pid;

	while ((pid = waitpid(-1, &how, WNOHANG)) > 0) {
		if (pid == s->keeper) {
			s->keeper = -1;
			return false;
		}
		/* The keeper sees its end of the stream close, and ends. */
		if (pid == s->issuer)
			log_error("the process with the report device ended",
			          F_INT("signal", WIFSIGNALED(how) ? WTERMSIG(how) : 0),
			          F_INT("code", WIFEXITED(how) ? WEXITSTATUS(how) : -1));
		for (size_t i = 0; i < s->n_workers; i++)
			if (s->workers[i].pid == pid)
				restart(s, &s->workers[i], how);
	}
	return true;
}

static void
end_all(struct supervisor *s)
{
	uint64_t deadline = clock_mono_ns() + (uint64_t)END_MS * 1000000;

	for (size_t i = 0; i < s->n_workers; i++)
		if (s->workers[i].pid > 0)
			kill(s->workers[i].pid, SIGTERM);
	if (s->keeper > 0)
		kill(s->keeper, SIGTERM);
	while (waitpid(-1, NULL, WNOHANG) >= 0 && clock_mono_ns() < deadline)
		usleep(5000);
	for (size_t i = 0; i < s->n_workers; i++)
		fd_close(&s->workers[i].ends[1]);
}

status
supervisor_run(const struct supervisor_config *config, struct err *err)
{
	struct supervisor *s = mem_new(struct supervisor);
	status result;

	s->config = config;
	s->report = -1;
	s->issuer = -1;
	s->signals = -1;
	tls_prepare();
	/* The C library reads its time zone once, also for UTC: now, while it may. */
	tzset();
	result = start_all(s, err);
	while (is_ok(result)) {
		struct signalfd_siginfo info;

		if (read(s->signals, &info, sizeof info) != (ssize_t)sizeof info)
			continue;
		if (info.ssi_signo != SIGCHLD)
			break;
		if (!reap(s))
			result = err_set(err, ERR_INTERNAL, "E-SUPERVISOR-003",
			                 "the keeper ended: the reason is in the lines above");
	}
	end_all(s);
	fd_close(&s->signals);
	mem_free(s);
	return result;
}
