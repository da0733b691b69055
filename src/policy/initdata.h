/* SPDX-License-Identifier: Apache-2.0 */
/*
 * initdata.h: the document that a pod is bound to. Its SHA-256 is the policy
 * hash: HOSTDATA, or the first 32 bytes of MRCONFIGID. It travels as an
 * annotation, base64(gzip(TOML)); the gzip is reproducible and not hashed.
 */
#ifndef POLICY_INITDATA_H
#define POLICY_INITDATA_H

#include "crypto/hash.h"
#include "policy/data.h"

enum {
	INITDATA_MAX_BYTES = 8 * 1024 * 1024, /* the document */
	INITDATA_MAX_PACKED = 1024 * 1024,    /* gzip */
	INITDATA_MAX_ANNOTATION = 256 * 1024, /* Kubernetes: all annotations of an object */
};

struct initdata {
	struct bytes document; /* exact bytes */
	struct hash256 hash;   /* the policy hash */
	struct bytes policy;   /* policy.rego */
	bool debug;            /* contrast.insecure-debug */
};

/* rules + "policy_data := {...}\n" */
status policy_document_write(const struct policy_pod *p, struct buf *out, struct err *err);
/* The policy_data of a document: what stands behind the last "\npolicy_data := ". ERR_PARSE
 * E-POLICY-002. */
status policy_document_data(struct bytes document, struct bytes *ret, struct err *err);
/* The embedded rules alone. */
struct bytes policy_rules(void);

/* The TOML document around a policy. */
void initdata_write(struct bytes policy, bool debug, struct buf *out);
/* ERR_PARSE E-POLICY-003 (version, algorithm, no policy) and E-TOML-*. Borrows from `document` and
 * the arena. */
status initdata_parse(struct arena *a, struct bytes document, struct initdata *ret,
                      struct err *err);

/* base64(gzip(document)), the same bytes on every machine with one zlib. */
status initdata_pack(struct bytes document, struct buf *out, struct err *err);
/* Back, appended; ERR_PARSE E-POLICY-004, ERR_LIMIT E-POLICY-005 (a bomb). */
status initdata_unpack(struct bytes annotation, struct buf *out, struct err *err);
/* The same without base64. */
status initdata_inflate(struct bytes packed, struct buf *out, struct err *err);

#endif
