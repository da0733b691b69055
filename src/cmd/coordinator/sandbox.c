/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/coordinator/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Everybody: memory, open descriptors, clocks, the end. */
static const int common[] = {
        SCMP_SYS(read),           SCMP_SYS(write),
        SCMP_SYS(recvfrom),       SCMP_SYS(sendto),
        SCMP_SYS(close),          SCMP_SYS(poll),
        SCMP_SYS(ppoll),          SCMP_SYS(munmap),
        SCMP_SYS(mremap),         SCMP_SYS(brk),
        SCMP_SYS(madvise),        SCMP_SYS(futex),
        SCMP_SYS(clock_gettime),  SCMP_SYS(gettimeofday),
        SCMP_SYS(getrandom),      SCMP_SYS(exit),
        SCMP_SYS(exit_group),     SCMP_SYS(rt_sigreturn),
        SCMP_SYS(rt_sigprocmask), SCMP_SYS(restart_syscall),
        SCMP_SYS(getpid),         SCMP_SYS(gettid),
        SCMP_SYS(mlock),          SCMP_SYS(mlock2),
        SCMP_SYS(munlock),        SCMP_SYS(sched_yield),
        SCMP_SYS(alarm),
};

/* The front's: the network it was given, and the store. */
static const int front[] = {
        SCMP_SYS(accept4),      SCMP_SYS(epoll_ctl),  SCMP_SYS(epoll_wait),
        SCMP_SYS(epoll_pwait),  SCMP_SYS(setsockopt), SCMP_SYS(getsockopt),
        SCMP_SYS(shutdown),     SCMP_SYS(fcntl),      SCMP_SYS(timerfd_settime),
        SCMP_SYS(rt_sigaction), SCMP_SYS(open),       SCMP_SYS(openat),
        SCMP_SYS(fsync),        SCMP_SYS(fdatasync),  SCMP_SYS(rename),
        SCMP_SYS(renameat),     SCMP_SYS(renameat2),  SCMP_SYS(link),
        SCMP_SYS(linkat),       SCMP_SYS(unlink),     SCMP_SYS(unlinkat),
        SCMP_SYS(fchmod),       SCMP_SYS(stat),       SCMP_SYS(lstat),
        SCMP_SYS(fstat),        SCMP_SYS(newfstatat), SCMP_SYS(statx),
        SCMP_SYS(lseek),        SCMP_SYS(getdents64), SCMP_SYS(mkdir),
        SCMP_SYS(mkdirat),      SCMP_SYS(readv),      SCMP_SYS(writev),
};

/* What the sanitizers' run-times call on their own, above all in their reports. */
static const int sanitizers[] = {
        SCMP_SYS(sigaltstack),
        SCMP_SYS(readlink),
        SCMP_SYS(readlinkat),
        SCMP_SYS(sched_getaffinity),
        SCMP_SYS(prlimit64),
        SCMP_SYS(getrlimit),
        SCMP_SYS(arch_prctl),
        SCMP_SYS(prctl),
        SCMP_SYS(open),
        SCMP_SYS(openat),
        SCMP_SYS(fstat),
        SCMP_SYS(newfstatat),
        SCMP_SYS(stat),
        SCMP_SYS(lseek),
        SCMP_SYS(rt_sigaction),
        SCMP_SYS(clone),
        SCMP_SYS(clone3),
        SCMP_SYS(set_robust_list),
        SCMP_SYS(rseq),
        SCMP_SYS(wait4),
        SCMP_SYS(ptrace),
        SCMP_SYS(getdents64),
        SCMP_SYS(tgkill),
        SCMP_SYS(kill),
        SCMP_SYS(pipe2),
        SCMP_SYS(ioctl),
        SCMP_SYS(getuid),
        SCMP_SYS(geteuid),
        SCMP_SYS(process_vm_readv),
        SCMP_SYS(dup2),
        SCMP_SYS(getppid),
        SCMP_SYS(mprotect),
        SCMP_SYS(mmap),
        SCMP_SYS(uname),
        SCMP_SYS(fcntl),
        SCMP_SYS(access),
        SCMP_SYS(nanosleep),
        SCMP_SYS(clock_nanosleep),
        SCMP_SYS(getpgrp),
};

#if defined(__SANITIZE_ADDRESS__)
enum { SANITIZED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif
#else
enum { SANITIZED = 0 };
#endif

static bool
allow(scmp_filter_ctx ctx, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);

		/* A call that this machine does not have needs no rule. */
		if (rc != 0 && rc != -EDOM && rc != -EEXIST)
			return false;
	}
	return true;
}

/* New memory is data: private, of no file, never executable. */
static bool
allow_memory(scmp_filter_ctx ctx)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
	                        SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
	                        SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS | MAP_PRIVATE,
	                                MAP_ANONYMOUS | MAP_PRIVATE)) == 0 &&
	       seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
	                        SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
}

status
sandbox_enter(enum sandbox_profile profile, struct err *err)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	bool ok = ctx && allow(ctx, common, COUNT_OF(common)) && allow_memory(ctx);

	/* A tree instead of a list: every call of the process goes through it. */
	if (ctx)
		(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);

	/* libevent asks how much there is to read. */
	if (profile == SANDBOX_FRONT)
		ok = ok && allow(ctx, front, COUNT_OF(front)) &&
		     seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
		                      SCMP_A1(SCMP_CMP_EQ, FIONREAD, 0)) == 0;
	if (SANITIZED)
		ok = ok && allow(ctx, sanitizers, COUNT_OF(sanitizers));
	ok = ok && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && seccomp_load(ctx) == 0;
	if (ctx)
		seccomp_release(ctx);
	return ok ? OK
	          : err_set_errno(err, ERR_IO, "E-SANDBOX-002", "cannot load a seccomp filter");
}

/* Files below `root` only; false where the kernel has no Landlock. */
static bool
landlock(const char *root)
{
	struct landlock_ruleset_attr all = {.handled_access_fs = (1ULL << 13) - 1};
	struct landlock_path_beneath_attr below = {.allowed_access = all.handled_access_fs};
	long ruleset = syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
	int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool ok = false;

	if (ruleset >= 0 && dir >= 0) {
		below.parent_fd = dir;
		ok = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &below,
		             0) == 0 &&
		     prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		     syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
	}
	if (dir >= 0)
		close(dir);
	if (ruleset >= 0)
		close((int)ruleset);
	return ok;
}

status
sandbox_identity(unsigned int uid, const char *root, bool *ret_locked, struct err *err)
{
	bool is_root = geteuid() == 0;

	*ret_locked = false;
	/* A container may run us as root without the right to chroot: Landlock needs none. */
	if (root && is_root && chroot(root) == 0 && chdir("/") == 0)
		*ret_locked = true;
	if (root && !*ret_locked)
		*ret_locked = landlock(root);
	if (is_root &&
	    (setgroups(0, NULL) != 0 || setresgid(uid, uid, uid) != 0 ||
	     setresuid(uid, uid, uid) != 0) &&
	    errno != EPERM)
		return err_set_errno(err, ERR_IO, "E-SANDBOX-001", "cannot give up root");
	/* A change of ids undoes both. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	return OK;
}
