/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container.h"

#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_SIZE = 1024, LOG_MAX = 64 * 1024, FIXED_ARGS = 16 };

/* What one crun call needs; argv is NULL-terminated. */
struct call {
	const char *argv[FIXED_ARGS + CONTAINER_MAX_ARGS];
	size_t n;
	int out_fd, err_fd;
};

static void
arg(struct call *c, const char *text)
{
	if (c->n + 1 < COUNT_OF(c->argv))
		c->argv[c->n++] = text;
}

static void
begin(struct call *c, const struct container_runner *r, const char *log)
{
	const char *const head[] = {r->crun,  "--cgroup-manager=disabled",
	                            "--root", r->state,
	                            "--log",  log};

	for (size_t i = 0; i < COUNT_OF(head); i++)
		arg(c, head[i]);
}

/* In the child: nothing of ours but the three descriptors reaches crun. */
static void
exec_call(struct call *c)
{
	static char path_env[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char *const env[] = {path_env, NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(c->out_fd >= 0 ? c->out_fd : null, STDOUT_FILENO) < 0 ||
	    dup2(c->err_fd >= 0 ? c->err_fd : null, STDERR_FILENO) < 0)
		_exit(126);
	execve(c->argv[0], (char *const *)(uintptr_t)c->argv, env);
	_exit(127);
}

static status
spawn(struct call *c, pid_t *ret, struct err *err)
{
	pid_t pid;

	c->argv[c->n] = NULL;
	pid = fork();
	if (pid < 0)
		return err_set_errno(err, ERR_IO, "E-AGENT-010", "cannot start a process");
	if (pid == 0)
		exec_call(c);
	*ret = pid;
	return OK;
}

/* Exit code, or 128 + signal. */
static int
wait_for(pid_t pid)
{
	int st;

	while (waitpid(pid, &st, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}

static status
crun_failed(const struct container_runner *r, const char *id, const char *log, int code,
            struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};
	CLEANUP(buf_done) struct buf safe = {0};

	if (code == 127)
		return err_hint(err, err_set(err, ERR_IO, "E-AGENT-011", "cannot run %s", r->crun),
		                "install crun");
	if (is_ok(file_read(log, LOG_MAX, &text, NULL)))
		text_escape(bytes_trim(buf_view(&text)), 512, &safe);
	return err_set(err, ERR_IO, "E-AGENT-010", "crun cannot start \"%s\" (exit %d): %s", id,
	               code, safe.n ? buf_cstr(&safe) : "it gives no reason");
}

static bool
path(char to[PATH_SIZE], const struct container_runner *r, const char *id, const char *name)
{
	int n = snprintf(to, PATH_SIZE, "%s/%s%s%s", r->work, id, name[0] ? "/" : "", name);

	return n > 0 && n < PATH_SIZE;
}

static status
read_pid(const char *file, pid_t *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};
	uint64_t pid;

	TRY(file_read(file, 64, &text, err));
	if (!text_u64(bytes_trim(buf_view(&text)), INT32_MAX, &pid) || pid == 0)
		return err_set(err, ERR_IO, "E-AGENT-010", "crun wrote no process number");
	*ret = (pid_t)pid;
	return OK;
}

static status
write_bundle(const struct container_runner *r, const struct container_spec *c, char dir[PATH_SIZE],
             struct err *err)
{
	CLEANUP(buf_done) struct buf config = {0};
	char file[PATH_SIZE];

	if (!path(dir, r, c->id, "") || !path(file, r, c->id, "config.json"))
		return err_set(err, ERR_USAGE, "E-AGENT-001", "the path %s is too long", r->work);
	TRY(container_config(c, &config, err));
	TRY(dir_create(dir, 0700, err));
	return file_write(file, buf_view(&config), 0600, err);
}

status
container_start(const struct container_runner *r, const struct container_spec *c, int out_fd,
                int err_fd, pid_t *ret, struct err *err)
{
	char dir[PATH_SIZE], log[PATH_SIZE], pid_file[PATH_SIZE];
	struct call call = {.out_fd = out_fd, .err_fd = err_fd};
	pid_t crun;
	int code;

	TRY(write_bundle(r, c, dir, err));
	if (!path(log, r, c->id, "log") || !path(pid_file, r, c->id, "pid"))
		return err_set(err, ERR_USAGE, "E-AGENT-001", "the path %s is too long", r->work);
	begin(&call, r, log);
	arg(&call, "run");
	arg(&call, "--detach");
	arg(&call, "--pid-file");
	arg(&call, pid_file);
	arg(&call, "--bundle");
	arg(&call, dir);
	arg(&call, c->id);
	TRY(spawn(&call, &crun, err));
	code = wait_for(crun);
	if (code != 0)
		return crun_failed(r, c->id, log, code, err);
	return read_pid(pid_file, ret, err);
}

static void
remove_bundle(const struct container_runner *r, const char *id)
{
	static const char *const names[] = {"config.json", "log", "pid"};
	char file[PATH_SIZE];

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (path(file, r, id, names[i]))
			unlink(file);
	}
	if (path(file, r, id, ""))
		rmdir(file);
}

void
container_delete(const struct container_runner *r, const char *id)
{
	struct call call = {.out_fd = -1, .err_fd = -1};
	pid_t crun;

	begin(&call, r, "/dev/null");
	arg(&call, "delete");
	arg(&call, "--force");
	arg(&call, id);
	if (is_ok(spawn(&call, &crun, NULL)))
		wait_for(crun);
	remove_bundle(r, id);
}

status
container_exec(const struct container_runner *r, const char *id, const struct bytes *args,
               size_t n_args, pid_t *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf texts = {0};
	struct call call = {.out_fd = -1, .err_fd = -1};
	size_t at = 0;

	if (n_args == 0 || n_args > CONTAINER_MAX_ARGS)
		return err_set(err, ERR_REJECTED, "E-AGENT-001", "a probe's command is empty");
	for (size_t i = 0; i < n_args; i++) {
		buf_bytes(&texts, args[i]);
		buf_u8(&texts, 0);
	}
	TRY(buf_check(&texts, err));
	begin(&call, r, "/dev/null");
	arg(&call, "exec");
	arg(&call, id);
	for (size_t i = 0; i < n_args; i++) {
		arg(&call, (const char *)texts.p + at);
		at += args[i].n + 1;
	}
	return spawn(&call, ret, err);
}
