/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/coordinator/sandbox.h"

#include "attest/sevguest.h"
#include "attest/tdxguest.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
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

/* An entry of configfs-tsm: made, asked, removed. */
static const int tsm[] = {
        SCMP_SYS(open),    SCMP_SYS(openat), SCMP_SYS(mkdir),
        SCMP_SYS(mkdirat), SCMP_SYS(rmdir),  SCMP_SYS(unlinkat),
};

/* A busy device is asked again. */
static const int pauses[] = {SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep)};

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

/* Of a device that is open, the requests that make evidence; no derived keys. */
static bool
allow_requests(scmp_filter_ctx ctx, const unsigned long *requests, size_t n)
{
	bool ok = true;

	for (size_t i = 0; i < n; i++)
		ok = ok && seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
		                            SCMP_A1(SCMP_CMP_EQ, requests[i], 0)) == 0;
	return ok;
}

/* No Internet, no Unix sockets: the host's quote service alone. */
static bool
allow_vm_sockets(scmp_filter_ctx ctx)
{
	static const int calls[] = {SCMP_SYS(connect)};

	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
	                        SCMP_A0(SCMP_CMP_EQ, AF_VSOCK, 0)) == 0 &&
	       allow(ctx, calls, COUNT_OF(calls));
}

static bool
allow_profile(scmp_filter_ctx ctx, enum sandbox_profile profile)
{
	static const unsigned long how_much[] = {FIONREAD};
	static const unsigned long sev[] = {SEVGUEST_GET_REPORT, SEVGUEST_GET_EXT_REPORT};
	static const unsigned long tdx[] = {TDXGUEST_GET_REPORT};

	switch (profile) {
	case SANDBOX_FRONT: /* libevent asks how much there is to read */
		return allow(ctx, front, COUNT_OF(front)) &&
		       allow_requests(ctx, how_much, COUNT_OF(how_much));
	case SANDBOX_ISSUER_TSM:
		return allow(ctx, pauses, COUNT_OF(pauses)) && allow(ctx, tsm, COUNT_OF(tsm));
	case SANDBOX_ISSUER_SEV_GUEST:
		return allow(ctx, pauses, COUNT_OF(pauses)) &&
		       allow_requests(ctx, sev, COUNT_OF(sev));
	case SANDBOX_ISSUER_TDX_GUEST:
		return allow(ctx, pauses, COUNT_OF(pauses)) &&
		       allow_requests(ctx, tdx, COUNT_OF(tdx)) && allow_vm_sockets(ctx);
	case SANDBOX_KEEPER:
	case SANDBOX_VERIFIER:
		break;
	}
	return true;
}

status
sandbox_enter(enum sandbox_profile profile, struct err *err)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	bool ok = ctx && allow(ctx, common, COUNT_OF(common)) && allow_memory(ctx);

	/* A tree instead of a list: every call of the process goes through it. */
	if (ctx)
		(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);

	ok = ok && allow_profile(ctx, profile);
	if (SANDBOX_SANITIZED)
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

/* A container may run us as root without the right to chroot: Landlock needs none. */
static bool
lock_into(const char *root)
{
	if (!root)
		return false;
	return (geteuid() == 0 && chroot(root) == 0 && chdir("/") == 0) || landlock(root);
}

status
sandbox_keep_id(const char *root, bool *ret_locked, struct err *err)
{
	const struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	*ret_locked = lock_into(root);
	if (syscall(SYS_capset, &head, none) != 0)
		return err_set_errno(err, ERR_IO, "E-SANDBOX-001", "cannot give up capabilities");
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	return OK;
}

status
sandbox_identity(unsigned int uid, const char *root, bool *ret_locked, struct err *err)
{
	bool is_root = geteuid() == 0;

	*ret_locked = lock_into(root);
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
