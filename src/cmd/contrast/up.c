/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contrast up: the generated YAML on this machine. Everything is done on
 * copies below the run directory; the user's folder is only read.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cmd/contrast/cli.h"
#include "cmd/contrast/local.h"
#include "node/plan_build.h"
#include "node/reference.h"
#include "term/term.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, POLL_MS = 20, MAX_ARGS = 32, LOG_TAIL = 2048 };

struct up {
	const struct options *o;
	const char *dir;
	struct rundir run;
	struct local_status status;
	bool started; /* a node runs: a failure takes it down again */
};

static void
up_done(struct up *u)
{
	local_status_done(&u->status);
	if (u->started && !options_flag(u->o, OPT_up_keep))
		(void)rundir_down(&u->run, 1, NULL);
}

static void
nap(void)
{
	const struct timespec t = {.tv_nsec = POLL_MS * 1000 * 1000};

	nanosleep(&t, NULL);
}

/* ---- before anything runs ---- */

static status
write_plan(struct up *u, const struct local_yaml *y, struct err *err)
{
	CLEANUP(buf_done) struct buf plan = {.max = (size_t)256 * 1024 * 1024};
	char path[RUNDIR_PATH + 256], real[PATH_MAX] = "";
	struct plan_options options = {.name = bytes_str(u->run.name)};
	size_t n;

	options.debug = options_list(u->o, OPT_up_launch_debug, &n);
	options.n_debug = n;
	options.swap = options_list(u->o, OPT_up_deliver, &n);
	options.n_swap = n;
	options.source = bytes_str(realpath(u->dir, real) ? real : u->dir);
	TRY(plan_build(&y->set, &options, &plan, err));
	return file_write(rundir_file(&u->run, "plan.json", path), buf_view(&plan), 0600, err);
}

/* The manifest lies in the workspace, which is the folder itself unless said otherwise. */
static const char *
workspace_of(const struct up *u)
{
	const char *given = options_text(u->o, OPT_ALL_workspace_dir);
	char path[PATH_SIZE];

	if (given)
		return given;
	snprintf(path, sizeof path, "%s/manifest.json", u->dir);
	return file_exists(path) ? u->dir : ".";
}

static status
prepare(struct up *u, struct err *err)
{
	CLEANUP(local_yaml_done) struct local_yaml y = {.n_files = 0};
	char path[RUNDIR_PATH + 256];

	TRY(rundir_of(u->dir, &u->run, err));
	if (rundir_is_running(&u->run))
		return err_hint(err,
		                err_set(err, ERR_CONFLICT, "E-NODE-082", "%s is up already",
		                        u->dir),
		                "stop it first with: contrast down %s", u->dir);
	TRY(local_yaml_read(u->dir, &y, err));
	if (file_is_dir(u->run.path)) /* of a crash */
		TRY(rundir_down(&u->run, 0, err));
	TRY(dir_create(u->run.path, 0711, err));
	u->started = true;
	TRY(write_plan(u, &y, err));
	TRY(local_yaml_copy(&y, rundir_file(&u->run, "yaml", path), err));
	return local_workspace_copy(workspace_of(u), rundir_file(&u->run, "workspace", path), err);
}

/* ---- the node ---- */

/* In the child of a child: no terminal, no descriptor of ours, its log in the run directory. */
static void NORETURN
exec_node(const char *program, const struct rundir *run, const char *level)
{
	char path[RUNDIR_PATH + 256];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int log = open(rundir_file(run, "node.log", path),
	               O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (null < 0 || log < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		_exit(126);
	setsid();
	execl(program, program, "serve", run->path, "--log-level", level, (char *)NULL);
	_exit(127);
}

static status
start_node(struct up *u, struct err *err)
{
	CLEANUP(buf_done) struct buf program = {0};
	pid_t child;
	int st;

	TRY(reference_runner(&program, err));
	child = fork();
	if (child < 0)
		return err_set_errno(err, ERR_IO, "E-NODE-053", "cannot start a process");
	if (child == 0) {
		pid_t node = fork();

		if (node == 0)
			exec_node(buf_cstr(&program), &u->run,
			          options_text(u->o, OPT_ALL_log_level));
		_exit(node < 0);
	}
	while (waitpid(child, &st, 0) < 0 && errno == EINTR)
		continue;
	return OK;
}

/* Why the node ended before it could say so: the end of its log. */
static status
node_died(const struct up *u, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};
	CLEANUP(buf_done) struct buf safe = {0};
	char path[RUNDIR_PATH + 256];
	struct bytes tail;

	(void)file_read(rundir_file(&u->run, "node.log", path), LOCAL_FILE_MAX, &text, NULL);
	tail = bytes_trim(buf_view(&text));
	if (tail.n > LOG_TAIL)
		tail = bytes_sub(tail, tail.n - LOG_TAIL, tail.n);
	text_escape(tail, LOG_TAIL, &safe);
	return err_set(err, ERR_IO, "E-NODE-085", "contrast-node ended: %s", buf_cstr(&safe));
}

/* What made the node fail, as it would have said it itself. */
static status
node_failed(const struct value *e, struct err *err)
{
	uint64_t cls = ERR_INTERNAL;

	(void)json_u64(json_get(e, "class"), ERR_INTERNAL, &cls);
	*err = (struct err){.cls = cls == ERR_OK ? ERR_INTERNAL : (enum err_class)cls};
	snprintf(err->id, sizeof err->id, "%.*s", BYTES_ARG(local_text(e, "id")));
	snprintf(err->place, sizeof err->place, "%.*s", BYTES_ARG(local_text(e, "place")));
	snprintf(err->msg, sizeof err->msg, "%.*s", BYTES_ARG(local_text(e, "message")));
	snprintf(err->hint, sizeof err->hint, "%.*s", BYTES_ARG(local_text(e, "hint")));
	return (status){err->cls};
}

static uint64_t
number_of(const struct value *v, const char *name)
{
	uint64_t n = 0;

	(void)json_u64(json_get(v, name), INT64_MAX, &n);
	return n;
}

/* Until the pods are launched, or the node says why not. */
static status
wait_launched(struct up *u, struct progress *p, struct err *err)
{
	uint64_t end = clock_mono_ns() + 10u * 1000000000u;
	bool seen = false;

	for (;;) {
		struct bytes phase = {NULL, 0};

		if (is_ok(local_status_read(&u->run, &u->status, NULL))) {
			phase = local_text(&u->status.v, "phase");
			seen = true;
		}
		if (bytes_is(phase, "running"))
			return OK;
		if (bytes_is(phase, "failed"))
			return node_failed(json_get(&u->status.v, "error"), err);
		if ((seen || clock_mono_ns() > end) && !rundir_is_running(&u->run))
			return node_died(u, err);
		p->total = number_of(&u->status.v, "images");
		progress_update(p, number_of(&u->status.v, "imagesPulled"));
		nap();
	}
}

/* ---- set and verify ---- */

/* The owners' port of the Coordinator on this machine, or empty. */
static struct bytes
coordinator_address(const struct up *u)
{
	const struct value *forwards = json_get(&u->status.v, "forwards");

	for (size_t i = 0; forwards && i < forwards->n; i++) {
		const struct value *f = json_item(forwards, i);

		if (number_of(f, "port") == 1313)
			return local_text(f, "address");
	}
	return (struct bytes){NULL, 0};
}

/* The very verb, parsed from a command line as a person would type it. */
static status
run_verb(const struct options *o, const char *const *args, size_t n, struct err *err)
{
	CLEANUP(options_done) struct options sub = {0};
	CLEANUP(buf_done) struct buf text = {0};
	char *argv[MAX_ARGS];
	int argc = 0;
	bool done = false;

	argv[argc++] = (char *)(uintptr_t)o->program->name;
	for (size_t i = 0; i < n; i++)
		argv[argc++] = (char *)(uintptr_t)args[i];
	argv[argc] = NULL;
	TRY(options_parse(o->program, argc, argv, &sub, &done, &text, err));
	return o->program->verbs[sub.verb].run(&sub, err);
}

static status
set_and_verify(struct up *u, struct err *err)
{
	char yaml[RUNDIR_PATH + 256], workspace[RUNDIR_PATH + 256], address[64];
	struct bytes at = coordinator_address(u);

	if (at.n == 0) {
		log_warn("no Coordinator among the pods: nothing was set or verified");
		return OK;
	}
	snprintf(address, sizeof address, "%.*s", BYTES_ARG(at));
	rundir_file(&u->run, "yaml", yaml);
	rundir_file(&u->run, "workspace", workspace);
	{
		const char *const set[] = {"set",           yaml,    "--workspace-dir", workspace,
		                           "--coordinator", address, "--insecure"};
		const char *const verify[] = {"verify",        "--workspace-dir", workspace,
		                              "--coordinator", address,           "--insecure"};

		TRY(run_verb(u->o, set, COUNT_OF(set), err));
		return run_verb(u->o, verify, COUNT_OF(verify), err);
	}
}

/* ---- until everything is ready ---- */

static status
pod_failed(const struct value *pod, struct err *err)
{
	CLEANUP(buf_done) struct buf why = {0};
	const struct value *list = json_get(pod, "containers");

	text_escape(local_text(pod, "reason"), 400, &why);
	for (size_t i = 0; list && i < list->n && why.n == 0; i++)
		text_escape(local_text(json_item(list, i), "reason"), 400, &why);
	return err_set(err, ERR_REJECTED, "E-NODE-087", "the pod %.*s failed: %s",
	               BYTES_ARG(local_text(pod, "name")), why.n ? buf_cstr(&why) : "see its logs");
}

static void
not_ready(const struct up *u, struct buf *out)
{
	const struct value *pods = json_get(&u->status.v, "pods");

	for (size_t i = 0; pods && i < pods->n; i++) {
		const struct value *pod = json_item(pods, i);

		if (!local_true(pod, "ready") && !bytes_is(local_text(pod, "phase"), "Succeeded"))
			buf_printf(out, "%s%.*s", out->n ? ", " : "",
			           BYTES_ARG(local_text(pod, "name")));
	}
}

static uint64_t
count_ready(const struct up *u)
{
	const struct value *pods = json_get(&u->status.v, "pods");
	uint64_t n = 0;

	for (size_t i = 0; pods && i < pods->n; i++) {
		const struct value *pod = json_item(pods, i);

		n += local_true(pod, "ready") || bytes_is(local_text(pod, "phase"), "Succeeded");
	}
	return n;
}

static status
wait_ready(struct up *u, struct progress *p, struct err *err)
{
	uint64_t end = clock_mono_ns() + options_number(u->o, OPT_up_timeout) * 1000000000u;
	CLEANUP(buf_done) struct buf names = {0};
	const struct value *failed = NULL;

	for (;;) {
		const struct value *pods;

		if (!rundir_is_running(&u->run))
			return node_died(u, err);
		TRY(local_status_read(&u->run, &u->status, err));
		pods = json_get(&u->status.v, "pods");
		p->total = pods ? pods->n : 0;
		progress_update(p, count_ready(u));
		if (local_all_ready(&u->status, &failed))
			return OK;
		if (failed)
			return pod_failed(failed, err);
		if (clock_mono_ns() > end)
			break;
		nap();
	}
	not_ready(u, &names);
	return err_hint(
	        err,
	        err_set(err, ERR_UNREACHABLE, "E-NODE-088", "not ready in time: %s",
	                buf_cstr(&names)),
	        "start it with --keep, then look with contrast status and contrast logs POD");
}

static status
with_progress(struct up *u, status (*step)(struct up *, struct progress *, struct err *),
              const char *label, struct err *err)
{
	struct progress p = {.shown = false};
	status s;

	progress_begin(&p, 0, "%s", label);
	s = step(u, &p, err);
	progress_end(&p, is_ok(s));
	return s;
}

static void
banner(void)
{
	fprintf(stderr,
	        "%sINSECURE%s: pods on this machine share its kernel, and their evidence is signed "
	        "by "
	        "its own software. For development and tests.\n",
	        term_on(STDERR_FILENO, TERM_WARN), term_off(STDERR_FILENO));
}

status
verb_up(const struct options *o, struct err *err)
{
	CLEANUP(up_done) struct up u = {.o = o, .dir = o->n_args ? o->args[0] : "."};
	CLEANUP(buf_done) struct buf out = {0};

	TRY(rundir_need_root(err));
	banner();
	TRY(prepare(&u, err));
	TRY(start_node(&u, err));
	TRY(with_progress(&u, wait_launched, "fetching images, launching pods", err));
	if (!options_flag(o, OPT_up_no_set)) {
		TRY(set_and_verify(&u, err));
		TRY(with_progress(&u, wait_ready, "waiting for the pods", err));
	}
	u.started = false;
	TRY(local_status_read(&u.run, &u.status, err));
	status_show(&u.status, &out);
	buf_printf(&out,
	           "%s is up; contrast status, contrast logs POD, contrast down\n"
	           "what was verified, and the certificates: %s/workspace\n",
	           u.run.name, u.run.path);
	return fd_write_all(STDOUT_FILENO, buf_view(&out), err);
}
