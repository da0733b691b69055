/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reference.h: image references by the grammar of the distribution
 * specification, with Docker's defaults: no host means docker.io, one name
 * component there means library/NAME, neither tag nor digest means latest.
 */
#ifndef OCI_REFERENCE_H
#define OCI_REFERENCE_H

#include "crypto/hash.h"

enum {
	REFERENCE_MAX = 1024,
	REFERENCE_HOST_MAX = 259, /* name and port */
	REFERENCE_REPOSITORY_MAX = 255,
	REFERENCE_TAG_MAX = 128,
};

/* Parsed copy; NUL-terminated for messages. */
struct reference {
	char host[REFERENCE_HOST_MAX + 1]; /* "docker.io", "127.0.0.1:5000", "[::1]:5000" */
	char repository[REFERENCE_REPOSITORY_MAX + 1]; /* "library/nginx" */
	char tag[REFERENCE_TAG_MAX + 1];               /* "" when none was given */
	bool has_digest;
	struct hash256 digest; /* the digest wins over the tag when both are given */
};

/*
 * ERR_PARSE E-OCI-001 (grammar), ERR_LIMIT E-OCI-002, ERR_UNSUPPORTED
 * E-OCI-003 (a digest that is not sha256). The hint says what a reference looks like.
 */
status reference_parse(struct bytes text, struct reference *ret, struct err *err);

/* "sha256:" and 64 lower-case digits, nothing else; E-OCI-003 or E-OCI-004. */
status digest_parse(struct bytes text, struct hash256 *ret, struct err *err);
void digest_emit(const struct hash256 *digest, struct buf *out);
/* The same as C text; returns to. */
char *digest_cstr(const struct hash256 *digest, char to[72]);

/* host/repository[:tag][@digest], with the defaults filled in ("latest" only without a digest). */
void reference_emit(const struct reference *r, struct buf *out);

/* host/repository@digest as it is written into a pod: what was asked for, pinned. Keeps the tag. */
void reference_pin(const struct reference *r, const struct hash256 *digest, struct buf *out);

/* Where the registry's API is: docker.io lives at registry-1.docker.io. */
const char *reference_api_host(const struct reference *r);

#endif
