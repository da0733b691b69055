/* SPDX-License-Identifier: Apache-2.0 */
/*
 * platform.h: where confidential pods can run, one row each. Code reads the
 * row and never tests a platform by its name.
 */
#ifndef POLICY_PLATFORM_H
#define POLICY_PLATFORM_H

#include "base/buf.h"

enum platform_tee { PLATFORM_SNP, PLATFORM_TDX };

/* How initdata reaches the guest. */
enum platform_carrier {
	PLATFORM_ANNOTATION, /* Kata's cc_init_data annotation, a block device in the guest */
	PLATFORM_LAUNCHER,   /* the same annotation, handed over by our launcher */
	PLATFORM_NONE,       /* none yet: evidence is verified, and nothing of ours runs there */
};

struct platform {
	const char *name;          /* of --reference-values; case does not count */
	const char *reference;     /* "Platform" of its reference sets */
	const char *runtime_class; /* what runtimeClassName becomes */
	enum platform_tee tee;
	enum platform_carrier carrier;
	bool built_in;        /* reference values are computed from the files at hand */
	bool insecure;        /* its root of trust is no vendor's */
	const char *launcher; /* of ours that starts its machines ("ns", "vm"), or NULL */
	const char *says;     /* for --help and errors */
};

/* All rows; *ret_n of them. */
const struct platform *platforms(size_t *ret_n);

/* By name or by Contrast's name for it ("Metal-QEMU-SNP"); NULL when there is none. */
const struct platform *platform_find(struct bytes name);

/*
 * By runtimeClassName: a row's own class, with or without a suffix behind a
 * dash ("contrast-cc-metal-snp-5d1f"). NULL for the bare placeholder and others.
 */
const struct platform *platform_of_class(struct bytes runtime_class);

/* "local-ns, metal-snp, ...", appended: those that pods can be made for. */
void platform_names(struct buf *out);

#endif
