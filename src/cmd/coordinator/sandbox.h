/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.h: what each process of the Coordinator may still do once it has
 * what it needs (PROTOCOL section 1). A call outside its list ends the process.
 */
#ifndef CMD_COORDINATOR_SANDBOX_H
#define CMD_COORDINATOR_SANDBOX_H

#include "base/status.h"

enum sandbox_profile {
	SANDBOX_FRONT,    /* sockets that exist, accept, files below its root */
	SANDBOX_KEEPER,   /* read, write and wait on what is open; memory; clock; random */
	SANDBOX_VERIFIER, /* the same without random memory protections, signals or clones */
	/* The process with the report device, by what that is (attest/issuer.h). */
	SANDBOX_ISSUER_TSM,       /* files below its root, folders made and removed */
	SANDBOX_ISSUER_SEV_GUEST, /* the two requests of /dev/sev-guest */
	SANDBOX_ISSUER_TDX_GUEST, /* the one of /dev/tdx_guest; VM sockets to the quote service */
};

/* The sanitizers' run-times need calls of their own, which the filter then lets pass. */
#if defined(__SANITIZE_ADDRESS__)
enum { SANDBOX_SANITIZED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { SANDBOX_SANITIZED = 1 };
#else
enum { SANDBOX_SANITIZED = 0 };
#endif
#else
enum { SANDBOX_SANITIZED = 0 };
#endif

enum {
	/* When started as root each process has an id of its own: none can trace or signal another.
	 */
	SANDBOX_UID_FRONT = 64101,
	SANDBOX_UID_KEEPER = 64102,
	SANDBOX_UID_VERIFIER = 64103,
	SANDBOX_UID_ISSUER = 64104,
};

/*
 * Gives up root for the id (nothing to do without root). `root` is a
 * directory to be locked into: by chroot as root, else by Landlock where the
 * kernel has it, else not (ERR_OK, *ret_locked false). NULL = no files needed.
 * The process then dies with its parent.
 * ERR_IO E-SANDBOX-001.
 */
status sandbox_identity(unsigned int uid, const char *root, bool *ret_locked, struct err *err);

/*
 * For a process whose files belong to root: keeps the id, gives up every capability, and is locked
 * into `root` as above. ERR_IO E-SANDBOX-001.
 */
status sandbox_keep_id(const char *root, bool *ret_locked, struct err *err);

/* The filter; nothing is given back afterwards. ERR_IO E-SANDBOX-002. */
status sandbox_enter(enum sandbox_profile profile, struct err *err);

#endif
