/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ns launcher: a pod is a set of namespaces of this kernel, with a user
 * namespace of its own so that root in a pod is nobody outside. What is
 * measured is what is executed: the runner's bytes are read once into a sealed
 * memory file, which is hashed and then run.
 */
#include "node/launcher.h"

#include "base/file.h"
#include "node/netlink.h"
#include "node/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	RUNNER_MAX = 256 * 1024 * 1024,
	WIRE_FD = 3,
	DEVICE_FD = 4,
	UIDS = 65536, /* mapped to themselves; the rest of the host's users does not exist in a pod
	               */
};

static const uint64_t sandbox_flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
                                      CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP;
static const struct bytes ns_cmdline = {(const uint8_t *)"contrast.sandbox=ns", 19};

struct ns_launcher {
	struct launcher base;
	int runner; /* sealed memory file */
	struct hash256 runner_hash, empty_hash, cmdline_hash;
	char *crun, *images;
};

struct ns_machine {
	pid_t pid;
	int wire, device;
	struct signed_guest *guest;
	bool ended;
	int code;
};

static struct ns_launcher *
ns_of(struct launcher *l)
{
	return (struct ns_launcher *)(void *)l;
}

static struct ns_machine *
ns_machine_of(const struct machine *m)
{
	return (struct ns_machine *)(uintptr_t)m;
}

static char *
copy_text(const char *text)
{
	size_t n = text ? strlen(text) : 0;
	char *copy = mem_alloc(n + 1);

	mem_copy(copy, text, n);
	return copy;
}

/* ---- what is booted ---- */

static status
load_runner(struct ns_launcher *l, const char *path, struct err *err)
{
	CLEANUP(fd_close) int from = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(buf_done) struct buf all = {.max = RUNNER_MAX};
	struct stat st;

	if (from < 0 || fstat(from, &st) != 0)
		return err_at(err,
		              err_set_errno(err, ERR_IO, "E-NODE-052",
		                            "cannot open the pod runner"),
		              "%s", path);
	TRY(file_read(path, RUNNER_MAX, &all, err));
	l->runner = memfd_create("contrast-pod", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (l->runner < 0)
		return err_set_errno(err, ERR_IO, "E-NODE-052", "cannot make a memory file");
	TRY(fd_write_all(l->runner, buf_view(&all), err));
	/* From here on nobody, not even we, can change what was hashed. */
	if (fchmod(l->runner, 0700) != 0 ||
	    fcntl(l->runner, F_ADD_SEALS,
	          F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
		return err_set_errno(err, ERR_IO, "E-NODE-052", "cannot seal the pod runner");
	l->runner_hash = sha256(buf_view(&all));
	return OK;
}

static status
ns_measure(struct launcher *base, uint32_t vcpus, struct launch_layout *ret, struct err *err)
{
	const struct ns_launcher *l = ns_of(base);

	(void)err;
	*ret = (struct launch_layout){
	        .kernel = l->empty_hash,
	        .initrd = l->runner_hash,
	        .cmdline = l->cmdline_hash,
	        .vcpus = vcpus,
	        .sev_features = 1,
	};
	return OK;
}

/* ---- the child's side ---- */

struct child {
	int go; /* parent's word that maps are written and the link is there */
	int wire, device, stderr_fd;
	int runner;
	char wire_arg[32], device_arg[32];
	const char *argv[20];
};

static int
keep(int fd, int as)
{
	return fd < 0 || dup2(fd, as) == as ? 0 : -1;
}

/* After clone: PID 1 of the new namespaces, still without the users' map. Only calls that are safe
 * here. */
static void NORETURN
run_child(const struct child *c)
{
	static char path_env[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char *const env[] = {path_env, NULL};
	int high = 64;
	int wire, device, runner, err_fd;
	sigset_t none;
	char word = 0;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (read(c->go, &word, 1) != 1 || word != 'g')
		_exit(125);
	if (setgid(0) != 0 || setuid(0) != 0)
		_exit(124);
	/* The node's death is the pod's: nothing is left that would need cleaning. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || setsid() < 0)
		_exit(124);
	wire = fcntl(c->wire, F_DUPFD_CLOEXEC, high);
	device = c->device < 0 ? -1 : fcntl(c->device, F_DUPFD_CLOEXEC, high);
	runner = fcntl(c->runner, F_DUPFD_CLOEXEC, high);
	err_fd = fcntl(c->stderr_fd, F_DUPFD_CLOEXEC, high);
	if (wire < 0 || runner < 0 || err_fd < 0 || keep(open("/dev/null", O_RDWR), 0) != 0 ||
	    keep(err_fd, 1) != 0 || keep(err_fd, 2) != 0 || keep(wire, WIRE_FD) != 0 ||
	    keep(device, DEVICE_FD) != 0)
		_exit(123);
	/* Nothing else of the node's passes, whatever its flags are. */
	syscall(SYS_close_range, device < 0 ? DEVICE_FD : DEVICE_FD + 1, high - 1, 0);
	fexecve(runner, (char *const *)(uintptr_t)c->argv, env);
	_exit(122);
}

/* fork() with namespaces: the child is the first process of its PID namespace at once. */
static pid_t
clone_into(uint64_t flags)
{
	struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};

	return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

/* ---- the parent's side ---- */

static status
write_proc(pid_t pid, const char *name, const char *text, struct err *err)
{
	char path[64];
	CLEANUP(fd_close) int fd = -1;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return err_set_errno(err, ERR_IO, "E-NODE-053", "cannot write %s", path);
	return OK;
}

static status
map_users(pid_t pid, struct err *err)
{
	char map[32];

	snprintf(map, sizeof map, "0 0 %d", UIDS);
	TRY(write_proc(pid, "uid_map", map, err));
	return write_proc(pid, "gid_map", map, err);
}

static status
connect_network(pid_t pid, const struct machine_start *s, struct err *err)
{
	char path[64];
	CLEANUP(fd_close) int ns = -1;

	snprintf(path, sizeof path, "/proc/%d/ns/net", pid);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return err_set_errno(err, ERR_IO, "E-NODE-053", "cannot open %s", path);
	return netlink_veth(s->bridge_netlink, s->link, s->bridge, "eth0", ns, err);
}

static status
open_guest(struct ns_launcher *l, const struct machine_start *s, struct ns_machine *m,
           struct err *err)
{
	struct launch_layout layout;

	TRY(ns_measure(&l->base, s->vcpus, &layout, err));
	return signer_launch(s->signer, &layout, s->host_data, s->debug, &m->guest, err);
}

static status
send_start(const struct machine_start *s, int wire, struct err *err)
{
	CLEANUP(buf_done) struct buf frame = {.max = WIRE_MAX + 4};

	wire_start_emit(&frame, s->document, s->spec);
	TRY(buf_check(&frame, err));
	return fd_write_all(wire, buf_view(&frame), err);
}

static status
socket_pair(int mine_theirs[2], struct err *err)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, mine_theirs) != 0)
		return err_set_errno(err, ERR_IO, "E-NODE-053", "cannot make a socket pair");
	return OK;
}

static void
ns_arguments(const struct ns_launcher *l, const struct machine_start *s, struct child *c)
{
	const char *const argv[] = {"contrast-pod",
	                            "pod",
	                            "--images",
	                            l->images,
	                            "--work",
	                            s->work,
	                            "--crun",
	                            l->crun,
	                            "--wire-fd",
	                            c->wire_arg,
	                            "--device-fd",
	                            c->device_arg,
	                            "--device",
	                            s->signer ? tee_name(signer_shape(s->signer)) : "snp",
	                            NULL};

	snprintf(c->wire_arg, sizeof c->wire_arg, "%d", WIRE_FD);
	snprintf(c->device_arg, sizeof c->device_arg, "%d", s->signer ? DEVICE_FD : 0);
	for (size_t i = 0; i < COUNT_OF(argv); i++)
		c->argv[i] = argv[i];
}

static status
boot(const struct machine_start *s, struct ns_machine *m, const struct child *c, int go,
     struct err *err)
{
	m->pid = clone_into(sandbox_flags);
	if (m->pid < 0)
		return err_set_errno(err, ERR_IO, "E-NODE-053", "cannot make the pod's namespaces");
	if (m->pid == 0)
		run_child(c);
	TRY(map_users(m->pid, err));
	TRY(connect_network(m->pid, s, err));
	if (write(go, "g", 1) != 1)
		return err_set_errno(err, ERR_IO, "E-NODE-053", "cannot start the pod");
	return OK;
}

static void ns_remove(struct machine *base);

static void
machine_drop(struct ns_machine **m)
{
	if (*m)
		ns_remove((struct machine *)(void *)*m);
}

static status
ns_start(struct launcher *base, const struct machine_start *s, struct machine **ret,
         struct err *err)
{
	struct ns_launcher *l = ns_of(base);
	CLEANUP(machine_drop) struct ns_machine *m = mem_new(struct ns_machine);
	int wire[2] = {-1, -1}, device[2] = {-1, -1}, go[2] = {-1, -1};
	CLEANUP(fd_close) int their_wire = -1;
	CLEANUP(fd_close) int their_device = -1;
	CLEANUP(fd_close) int go_read = -1;
	CLEANUP(fd_close) int go_write = -1;
	struct child c = {.runner = l->runner, .stderr_fd = s->stderr_fd};

	m->wire = m->device = -1;
	TRY(socket_pair(wire, err));
	m->wire = wire[0];
	their_wire = c.wire = wire[1];
	c.device = -1;
	if (s->signer) {
		TRY(open_guest(l, s, m, err));
		TRY(socket_pair(device, err));
		m->device = device[0];
		their_device = c.device = device[1];
	}
	if (pipe2(go, O_CLOEXEC) != 0)
		return err_set_errno(err, ERR_IO, "E-NODE-053", "cannot make a pipe");
	go_read = c.go = go[0];
	go_write = go[1];
	ns_arguments(l, s, &c);
	TRY(boot(s, m, &c, go_write, err));
	fd_close(&their_wire);
	fd_close(&their_device);
	TRY(send_start(s, m->wire, err));
	*ret = (struct machine *)(void *)m;
	m = NULL;
	return OK;
}

static int
ns_stream(const struct machine *m)
{
	return ns_machine_of(m)->wire;
}

static int
ns_device(const struct machine *m)
{
	return ns_machine_of(m)->device;
}

static struct signed_guest *
ns_guest(const struct machine *m)
{
	return ns_machine_of(m)->guest;
}

static pid_t
ns_pid(const struct machine *m)
{
	return ns_machine_of(m)->pid;
}

static status
ns_stop(struct machine *m, uint32_t grace, struct err *err)
{
	CLEANUP(buf_done) struct buf frame = {0};
	CLEANUP(buf_done) struct buf body = {0};

	buf_be32(&body, grace);
	wire_emit(&frame, WIRE_STOP, buf_view(&body));
	TRY(buf_check(&frame, err));
	return fd_write_all(ns_machine_of(m)->wire, buf_view(&frame), err);
}

static void
ns_kill(struct machine *base)
{
	const struct ns_machine *m = ns_machine_of(base);

	if (m->pid > 0 && !m->ended)
		kill(m->pid, SIGKILL);
}

static void
note_end(struct ns_machine *m, int st)
{
	m->ended = true;
	m->code = WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}

static bool
ns_ended(struct machine *base, int *ret_code)
{
	struct ns_machine *m = ns_machine_of(base);
	int st;

	if (!m->ended && waitpid(m->pid, &st, WNOHANG) == m->pid)
		note_end(m, st);
	*ret_code = m->code;
	return m->ended;
}

static void
ns_remove(struct machine *base)
{
	struct ns_machine *m = ns_machine_of(base);
	int st;

	ns_kill(base);
	if (m->pid > 0 && !m->ended) {
		while (waitpid(m->pid, &st, 0) < 0 && errno == EINTR)
			continue;
	}
	fd_close(&m->wire);
	fd_close(&m->device);
	signed_guest_free(m->guest);
	mem_free(m);
}

/* Does this kernel let us make such a sandbox? Tried, not guessed: policies differ by host. */
static status
ns_probe(struct launcher *base, struct err *err)
{
	const struct ns_launcher *l = ns_of(base);
	pid_t pid;
	int st;

	if (geteuid() != 0)
		return err_hint(err,
		                err_set(err, ERR_UNSUPPORTED, "E-NODE-050",
		                        "pods in namespaces need root"),
		                "run it with sudo");
	if (access(l->crun, X_OK) != 0)
		return err_hint(err,
		                err_set(err, ERR_UNSUPPORTED, "E-NODE-050", "there is no %s",
		                        l->crun),
		                "install crun");
	pid = clone_into(sandbox_flags);
	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return err_set_errno(err, ERR_UNSUPPORTED, "E-NODE-050",
		                     "the kernel gives no user, network and mount namespaces");
	waitpid(pid, &st, 0);
	return OK;
}

static void
ns_free(struct launcher *base)
{
	struct ns_launcher *l = ns_of(base);

	fd_close(&l->runner);
	mem_free(l->crun);
	mem_free(l->images);
	mem_free(l);
}

static const struct launcher_ops ns_ops = {
        .name = "ns",
        .probe = ns_probe,
        .measure = ns_measure,
        .start = ns_start,
        .stream = ns_stream,
        .device = ns_device,
        .guest = ns_guest,
        .stop = ns_stop,
        .kill = ns_kill,
        .ended = ns_ended,
        .pid = ns_pid,
        .remove = ns_remove,
        .free = ns_free,
};

status
launcher_ns_new(const struct launcher_files *files, struct launcher **ret, struct err *err)
{
	CLEANUP(launcher_drop) struct launcher *base = NULL;
	struct ns_launcher *l = mem_new(struct ns_launcher);
	CLEANUP(buf_done) struct buf cmdline = {0};

	l->base.ops = &ns_ops;
	base = &l->base;
	l->runner = -1;
	l->crun = copy_text(files->crun ? files->crun : "/usr/bin/crun");
	l->images = copy_text(files->images);
	TRY(load_runner(l, files->runner ? files->runner : "/proc/self/exe", err));
	l->empty_hash = sha256((struct bytes){NULL, 0});
	TRY(layout_cmdline(ns_cmdline, &cmdline, err));
	l->cmdline_hash = sha256(buf_view(&cmdline));
	*ret = base;
	base = NULL;
	return OK;
}
