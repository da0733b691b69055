/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signer.h: the software secure processor as node and launchers see it: in the shape of SNP
 * (processor.h) or of TDX (quoter.h), as the platform's row says. A launch is measured in that
 * shape, bound to its initdata document, and answers on the guest's line to the device (device.h).
 */
#ifndef NODE_SIGNER_H
#define NODE_SIGNER_H

#include "evidence/binding.h"
#include "node/layout.h"
#include "node/processor.h"
#include "policy/platform.h"

enum { SIGNER_SHAPES = 2, SIGNER_QUOTE_VERSION = 4 };

struct signer_options {
	const char *state_dir;    /* of processor.h; both shapes keep their keys there */
	enum processor_part part; /* SNP */
	uint16_t quote_version;   /* TDX: 4 or 5 */
};

/* The kind of evidence that a row's guests give. */
enum tee signer_tee(const struct platform *row);

struct signer;

/* Errors of processor_open(), quoter_open(); ERR_UNSUPPORTED E-NODE-018. */
status signer_open(const struct signer_options *o, enum tee tee, int64_t now, struct signer **ret,
                   struct err *err);
void signer_free(struct signer *s);
static inline void
signer_drop(struct signer **s)
{
	signer_free(*s);
	*s = NULL;
}

enum tee signer_shape(const struct signer *s);

/* One launched guest; the signer must outlive it. */
struct signed_guest;

/*
 * `layout` as the launcher gives it, without the CPU signature. `host_data` becomes HOSTDATA, or
 * MRCONFIGID with zeros behind. `debug`: the host may look into the guest, and evidence says so.
 */
status signer_launch(struct signer *s, const struct launch_layout *layout,
                     const uint8_t host_data[SHA256_SIZE], bool debug, struct signed_guest **ret,
                     struct err *err);
void signed_guest_free(struct signed_guest *g);

/* Answers one request of the guest, as device_serve(). */
void signed_guest_serve(struct signed_guest *g, int64_t now, struct bytes request, struct buf *out);

#endif
