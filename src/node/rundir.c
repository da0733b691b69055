/* SPDX-License-Identifier: Apache-2.0 */
#include "node/rundir.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "oci/unpack.h"
#include "json/value.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { STAT_MAX = 4096, STATUS_MAX = 16 * 1024 * 1024, NAME_PART = 38, POLL_MS = 20 };

static const char *
base_dir(void)
{
	const char *given = getenv("CONTRAST_RUN_DIR");

	return given && given[0] == '/' ? given : "/run/contrast";
}

char *
rundir_file(const struct rundir *r, const char *name, char to[RUNDIR_PATH + 256])
{
	snprintf(to, RUNDIR_PATH + 256, "%s/%s", r->path, name);
	return to;
}

static status
set_path(struct rundir *r, struct err *err)
{
	int n = snprintf(r->path, sizeof r->path, "%s/%s", base_dir(), r->name);

	if (n < 0 || n >= (int)sizeof r->path)
		return err_set(err, ERR_USAGE, "E-NODE-084",
		               "the run directory's path is too long");
	return OK;
}

/* Lower-case letters, digits and '-' of the folder's own name. */
static void
readable_part(const char *path, char to[NAME_PART + 1])
{
	const char *slash = strrchr(path, '/');
	size_t n = 0;

	for (const char *c = slash ? slash + 1 : path; *c && n < NAME_PART; c++) {
		bool lower = *c >= 'a' && *c <= 'z';
		bool upper = *c >= 'A' && *c <= 'Z';

		if (upper)
			to[n++] = (char)(*c + ('a' - 'A'));
		else if (lower || (*c >= '0' && *c <= '9'))
			to[n++] = *c;
		else if (n > 0 && to[n - 1] != '-')
			to[n++] = '-';
	}
	to[n] = '\0';
}

status
rundir_of(const char *dir, struct rundir *ret, struct err *err)
{
	char part[NAME_PART + 1], hex[65];
	struct hash256 h;
	char real[PATH_MAX];

	if (!realpath(dir, real))
		return err_at(err,
		              err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
		                            "E-NODE-084", "cannot find the deployment's folder"),
		              "%s", dir);
	h = sha256(bytes_str(real));
	readable_part(real, part);
	hash256_hex(&h, hex);
	snprintf(ret->name, sizeof ret->name, "%s%s%.8s", part, part[0] ? "-" : "", hex);
	return set_path(ret, err);
}

static status
find_only(struct rundir *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf names = {0};
	DIR *d = opendir(base_dir());
	const struct dirent *e;
	size_t n = 0;

	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.' || strlen(e->d_name) > RUNDIR_NAME_MAX)
			continue;
		n++;
		buf_printf(&names, "%s%s", names.n ? ", " : "", e->d_name);
		snprintf(ret->name, sizeof ret->name, "%.*s", RUNDIR_NAME_MAX, e->d_name);
	}
	if (d)
		closedir(d);
	if (n == 0)
		return err_hint(err,
		                err_set(err, ERR_NOT_FOUND, "E-NODE-080",
		                        "nothing is up on this machine"),
		                "start a deployment with: contrast up DIR");
	if (n > 1)
		return err_hint(err,
		                err_set(err, ERR_USAGE, "E-NODE-081", "%zu deployments are up: %s",
		                        n, buf_cstr(&names)),
		                "name the folder of the one you mean");
	return set_path(ret, err);
}

status
rundir_find(const char *dir, struct rundir *ret, struct err *err)
{
	if (!dir)
		return find_only(ret, err);
	/* A name as `status` prints it, when no folder is called that. */
	if (!strchr(dir, '/') && !file_exists(dir) && strlen(dir) <= RUNDIR_NAME_MAX) {
		snprintf(ret->name, sizeof ret->name, "%s", dir);
		TRY(set_path(ret, err));
	} else {
		TRY(rundir_of(dir, ret, err));
	}
	if (!file_is_dir(ret->path))
		return err_hint(err, err_set(err, ERR_NOT_FOUND, "E-NODE-080", "%s is not up", dir),
		                "start it with: contrast up %s", dir);
	return OK;
}

/* A POSIX lock: children do not inherit it, so it ends with the node alone. */
status
rundir_lock(const struct rundir *r, int *ret_fd, struct err *err)
{
	char path[RUNDIR_PATH + 256];
	int fd = open(rundir_file(r, "lock", path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_at(err, err_set_errno(err, ERR_IO, "E-NODE-084", "cannot create"), "%s",
		              path);
	if (fcntl(fd, F_SETLK, &(struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET}) != 0) {
		close(fd);
		return err_hint(err,
		                err_set(err, ERR_CONFLICT, "E-NODE-082",
		                        "this deployment is up already"),
		                "stop it first with: contrast down");
	}
	*ret_fd = fd;
	return OK;
}

bool
rundir_is_running(const struct rundir *r)
{
	char path[RUNDIR_PATH + 256];
	CLEANUP(fd_close) int fd = open(rundir_file(r, "lock", path), O_RDWR | O_CLOEXEC);
	struct flock holder = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fd >= 0 && fcntl(fd, F_GETLK, &holder) == 0 && holder.l_type != F_UNLCK;
}

uint64_t
process_start_time(pid_t pid)
{
	CLEANUP(buf_done) struct buf text = {0};
	char path[64];
	struct bytes t;
	uint64_t v = 0;
	size_t at, paren = SIZE_MAX;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	if (pid <= 0 || !is_ok(file_read(path, STAT_MAX, &text, NULL)))
		return 0;
	t = buf_view(&text);
	/* The name in parentheses may contain anything: fields count from the last ')'. */
	for (at = 0; at < t.n; at++) {
		if (t.p[at] == ')')
			paren = at;
	}
	if (paren == SIZE_MAX)
		return 0;
	t = bytes_sub(t, paren + 2, t.n);
	/* One that has ended and waits to be reaped by others is gone for us. */
	if (t.n == 0 || t.p[0] == 'Z' || t.p[0] == 'X')
		return 0;
	for (int field = 3; field < 22; field++) {
		size_t blank = bytes_find_byte(t, ' ', 0);

		if (blank == SIZE_MAX)
			return 0;
		t = bytes_sub(t, blank + 1, t.n);
	}
	return text_u64(bytes_sub(t, 0, bytes_find_byte(t, ' ', 0)), UINT64_MAX, &v) ? v : 0;
}

status
rundir_need_root(struct err *err)
{
	if (geteuid() == 0)
		return OK;
	return err_hint(err,
	                err_set(err, ERR_UNSUPPORTED, "E-NODE-050",
	                        "pods on this machine are started and stopped by root"),
	                "run it with sudo");
}

/* ---- down ---- */

struct process {
	pid_t pid;
	uint64_t start;
};

static bool
lives(struct process p)
{
	return p.pid > 0 && p.start != 0 && process_start_time(p.pid) == p.start;
}

/* By a descriptor that is checked after it was opened: a number may be reused in between. */
static void
signal_process(struct process p, int sig)
{
	CLEANUP(fd_close) int fd = (int)syscall(SYS_pidfd_open, p.pid, 0);

	if (fd >= 0 && lives(p))
		syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0);
}

static bool
gone_within(const struct process *list, size_t n, unsigned int seconds)
{
	const struct timespec nap = {.tv_nsec = POLL_MS * 1000 * 1000};
	uint64_t end = clock_mono_ns() + (uint64_t)seconds * 1000000000u;

	for (;;) {
		size_t left = 0;

		for (size_t i = 0; i < n; i++)
			left += lives(list[i]);
		if (left == 0)
			return true;
		if (clock_mono_ns() > end)
			return false;
		nanosleep(&nap, NULL);
	}
}

static struct process
process_in(const struct value *v)
{
	struct process p = {0};
	uint64_t pid = 0;

	if (json_u64(json_get(v, "pid"), INT32_MAX, &pid) &&
	    json_u64(json_get(v, "pidStart"), INT64_MAX, &p.start))
		p.pid = (pid_t)pid;
	return p;
}

/* The node first, then its machines and its network's process. */
static size_t
processes_of(const struct rundir *r, struct arena *a, struct process **ret)
{
	CLEANUP(buf_done) struct buf text = {.max = STATUS_MAX};
	char path[RUNDIR_PATH + 256];
	const struct value *pods;
	struct value v;
	size_t n = 0;

	if (!is_ok(file_read(rundir_file(r, "status.json", path), STATUS_MAX, &text, NULL)) ||
	    !is_ok(json_parse(a, buf_view(&text), NULL, &v, NULL)))
		return 0;
	pods = json_get(&v, "pods");
	*ret = arena_array(a, (pods ? pods->n : 0) + 2, sizeof **ret);
	if (!*ret)
		return 0;
	(*ret)[n++] = process_in(&v);
	(*ret)[n++] = process_in(json_get(&v, "network"));
	for (size_t i = 0; pods && i < pods->n; i++)
		(*ret)[n++] = process_in(json_item(pods, i));
	return n;
}

static void
wait_unlocked(const struct rundir *r, unsigned int seconds)
{
	const struct timespec nap = {.tv_nsec = POLL_MS * 1000 * 1000};
	uint64_t end = clock_mono_ns() + (uint64_t)seconds * 1000000000u;

	while (rundir_is_running(r) && clock_mono_ns() < end)
		nanosleep(&nap, NULL);
}

status
rundir_down(const struct rundir *r, unsigned int grace, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct process *list = NULL;
	size_t n = processes_of(r, &a, &list);

	if (n > 0) {
		signal_process(list[0], SIGTERM);
		if (!gone_within(list, 1, grace))
			signal_process(list[0], SIGKILL);
		/* Machines die with their node; one that does not is told so. */
		if (!gone_within(list, n, 2)) {
			for (size_t i = 0; i < n; i++)
				signal_process(list[i], SIGKILL);
		}
		if (!gone_within(list, n, 5))
			return err_set(err, ERR_IO, "E-NODE-083", "a process of %s will not end",
			               r->name);
	}
	wait_unlocked(r, 5);
	if (rundir_is_running(r))
		return err_set(err, ERR_IO, "E-NODE-083", "%s is still starting, or hangs",
		               r->name);
	return tree_remove(r->path, err);
}
