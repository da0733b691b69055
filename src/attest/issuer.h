/* SPDX-License-Identifier: Apache-2.0 */
/*
 * issuer.h: where a guest gets evidence from, chosen by probing. In this order:
 *
 *   configfs-tsm        the kernel's interface for SEV-SNP and TDX (tsm.h)
 *   /dev/sev-guest      SEV-SNP with older kernels (sevguest.h)
 *   /dev/tdx_guest      TDX with older kernels, quotes from the host (tdxguest.h, qgs.h)
 *   a socket            of whoever owns the device: agent, launcher, software secure
 *                       processor (socket.h)
 *
 * The kernel comes first: a container that is trusted with the device needs nobody between.
 * Blocking.
 */
#ifndef ATTEST_ISSUER_H
#define ATTEST_ISSUER_H

#include "attest/kernel.h"
#include "attest/quoted.h"
#include "attest/socket.h"
#include "attest/tsm.h"

/* In place of a path: probe. */
#define ISSUER_AUTO "auto"

enum issuer_kind { ISSUER_TSM, ISSUER_SEV_GUEST, ISSUER_TDX_GUEST, ISSUER_SOCKET };

/* Where each would be. */
struct issuer_places {
	struct tsm tsm;
	const char *sev_guest, *tdx_guest;
	struct qgs_place qgs;
	const char
	        *qgs_conf; /* names a port instead, read when /dev/tdx_guest is opened; or NULL */
	const char *socket;
	const struct kernel *kernel;
};

/* The usual places, with this socket. */
struct issuer_places issuer_usual(const char *socket);

struct issuer {
	enum issuer_kind kind;
	enum tee tee; /* not known of a socket before it answers */
	int fd;       /* device or socket; -1 for configfs-tsm */
	struct tsm tsm;
	struct qgs_place qgs;
	struct quoted_collateral collateral; /* of the quote service */
	const struct kernel *kernel;
};

/* "configfs-tsm" and so on. */
const char *issuer_kind_name(enum issuer_kind k);

/*
 * `where` is ISSUER_AUTO, a folder (configfs-tsm is there), or the path of a
 * socket. ERR_UNREACHABLE E-ISSUER-001 says all that was tried and why each
 * does not work; for a folder or path the errors of tsm.h and socket.h.
 * What is in files is read here: afterwards entries of configfs-tsm are all that is opened.
 */
status issuer_open(const char *where, const struct issuer_places *places, struct issuer *ret,
                   struct err *err);
void issuer_close(struct issuer *i);

/*
 * Evidence over these 64 bytes as a document, appended, with the endorsements that came along.
 * ERR_PARSE E-ISSUER-002: the host's quote is none, or over other bytes.
 */
status issuer_report(struct issuer *i, const uint8_t report_data[ATTEST_REPORT_DATA_SIZE],
                     uint8_t *ret_tee, struct buf *document, struct err *err);

/* The same over a leaf with purpose "mesh-cert"; a socket's owner hashes it itself. */
status issuer_mesh_cert(struct issuer *i, const struct attest_leaf *leaf, struct buf *document,
                        struct err *err);

/* Answers requests of op report on a stream until its end (OK): the report socket of a device. */
status issuer_serve(struct issuer *i, int fd, struct err *err);

#endif
