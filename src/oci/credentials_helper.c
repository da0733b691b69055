/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/credentials_helper.h"

#include "base/clock.h"
#include "base/file.h"
#include "oci/show.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* A name only: no folders, no options. */
static bool
name_ok(struct bytes name)
{
	if (name.n == 0 || name.n > 64 || name.p[0] == '.' || name.p[0] == '-')
		return false;
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      c == '-' || c == '_' || c == '.'))
			return false;
	}
	return true;
}

static status
failed(const char *program, struct err *err, const char *what)
{
	status s = err_set(err, ERR_IO, "E-OCI-021", "%s: %s", program, what);

	return err_hint(err, s, "check the credential helpers in Docker's config.json");
}

/* in[0], out[1] become the child's; its stderr stays ours, it may ask the user something. */
static int
spawn(const char *program, const int in[2], const int out[2], pid_t *pid)
{
	char get[] = "get";
	char copy[128];
	char *argv[] = {copy, get, NULL};
	posix_spawn_file_actions_t actions;
	int rc;

	snprintf(copy, sizeof copy, "%s", program);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[0], 0);
	posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	rc = posix_spawnp(pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/* Everything until the end or the deadline; false when it is too late or too much. */
static bool
read_answer(int fd, struct buf *answer)
{
	uint64_t deadline = clock_mono_ns() + (uint64_t)CREDENTIALS_HELPER_MS * 1000000;

	while (true) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		uint64_t now = clock_mono_ns();
		uint8_t piece[4096];
		ssize_t n;

		if (now >= deadline)
			return false;
		if (poll(&p, 1, (int)((deadline - now) / 1000000) + 1) < 0 && errno != EINTR)
			return false;
		if (p.revents == 0)
			continue;
		n = read(fd, piece, sizeof piece);
		if (n == 0)
			return buf_ok(answer);
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			buf_add(answer, piece, (size_t)n);
		mem_wipe(piece, sizeof piece);
	}
}

static int
wait_for(pid_t pid, bool kill_it)
{
	int code = -1;

	if (kill_it)
		kill(pid, SIGKILL);
	while (waitpid(pid, &code, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(code) ? WEXITSTATUS(code) : -1;
}

static status
talk(const char *program, struct bytes server, int in[2], int out[2], struct buf *answer,
     bool *found, struct err *err)
{
	pid_t pid;
	int rc = spawn(program, in, out, &pid);
	ssize_t sent;
	bool complete;

	if (rc != 0)
		return failed(program, err, strerror(rc));
	fd_close(&in[0]);
	fd_close(&out[1]);
	/* A helper that does not read is judged by its answer alone. */
	sent = send(in[1], server.p, server.n, MSG_NOSIGNAL);
	(void)sent;
	fd_close(&in[1]);
	complete = read_answer(out[0], answer);
	rc = wait_for(pid, !complete);
	if (!complete)
		return failed(program, err, "no answer in 10 seconds, or too long an answer");
	*found = rc == 0;
	if (rc != 0 && bytes_find(buf_view(answer), BYTES("credentials not found"), 0) == SIZE_MAX)
		return failed(program, err, show_text(bytes_trim(buf_view(answer))).text);
	return OK;
}

status
credentials_helper_get(struct bytes name, struct bytes server, struct buf *answer, bool *found,
                       struct err *err)
{
	char program[128];
	int in[2] = {-1, -1}, out[2] = {-1, -1};
	status s;

	*found = false;
	if (!name_ok(name))
		return failed("credential helper", err, "its name is not a program name");
	snprintf(program, sizeof program, "docker-credential-%.*s", BYTES_ARG(name));
	/* A socket, because writing to a pipe that nobody reads would kill us. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0 ||
	    pipe2(out, O_CLOEXEC) != 0)
		s = failed(program, err, strerror(errno));
	else
		s = talk(program, server, in, out, answer, found, err);
	for (int i = 0; i < 2; i++) {
		fd_close(&in[i]);
		fd_close(&out[i]);
	}
	return s;
}
