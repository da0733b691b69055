/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry.h: a client of the OCI distribution API (pull side) over a
 * transport. The registry is hostile: whatever is named by a digest is used
 * only after its digest and size were checked, and a tag means only "what the
 * registry says today", which is why `generate` pins it.
 */
#ifndef OCI_REGISTRY_H
#define OCI_REGISTRY_H

#include "oci/cache.h"
#include "oci/credentials.h"
#include "oci/manifest.h"
#include "oci/reference.h"
#include "transport/transport.h"

struct registry; /* tokens and what was learned about hosts; one per run */

struct registry_options {
	struct transport *transport;           /* borrowed */
	const struct credentials *credentials; /* borrowed; NULL = anonymous */
	struct oci_cache *cache;               /* borrowed; NULL = keep nothing */
	const char *const *plain_hosts;        /* "host:port" that may be reached without TLS */
	size_t n_plain_hosts;                  /* loopback needs no entry */
	bool offline; /* the cache alone; a miss is ERR_UNREACHABLE E-OCI-036 */
};

struct registry *registry_new(const struct registry_options *options);
void registry_free(struct registry *r);

/* All of an image but its layers' bytes. Slices point into `arena`. */
struct oci_image {
	struct reference ref;
	struct hash256 digest;          /* of what the reference names: the index, if it is one */
	struct hash256 manifest_digest; /* of the linux/amd64 manifest */
	struct bytes index_text;        /* empty when the reference names a manifest */
	struct bytes manifest_text;
	struct bytes config_text;
	struct oci_manifest manifest;
	struct image_config config;
	struct arena arena; /* private */
};
void oci_image_done(struct oci_image *image);

/*
 * Resolve: manifest (through an index), configuration, all verified. With a
 * digest in the reference and a warm cache no request is made; with a tag one
 * HEAD. Errors have the reference as context:
 *   ERR_UNREACHABLE E-TRANSPORT-...   no answer
 *   ERR_REJECTED    E-OCI-030         unauthorized (what the registry said)
 *   ERR_NOT_FOUND   E-OCI-031         no such repository, tag or digest
 *   ERR_REJECTED    E-OCI-032, 033    digest or size differs: expected and got
 *   ERR_UNREACHABLE E-OCI-034         any other status
 *   ERR_PARSE       E-OCI-035         the registry's answer makes no sense
 */
status registry_resolve(struct registry *r, const struct reference *ref, struct oci_image *ret,
                        struct err *err);

/*
 * Make sure that a blob is in the cache, complete and verified: resumes a
 * partial download (also of an earlier run), at most `attempts` broken
 * connections without progress. Needs a cache. `progress` may be NULL.
 */
struct blob_progress {
	void *ctx;
	void (*bytes)(void *ctx, uint64_t have, uint64_t total);
};
status registry_fetch_blob(struct registry *r, const struct reference *ref,
                           const struct descriptor *blob, const struct blob_progress *progress,
                           struct err *err);

#endif
