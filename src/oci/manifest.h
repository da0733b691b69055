/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.h: image manifests, indexes and configurations (OCI image-spec
 * 1.1 and Docker's schema 2, which are the same to us). Parsers of untrusted
 * bytes; the caller has checked the digest of `text` and keeps it alive as
 * long as the result. Members we do not use are ignored, as the
 * specification demands.
 */
#ifndef OCI_MANIFEST_H
#define OCI_MANIFEST_H

#include "crypto/hash.h"
#include "json/value.h"

enum {
	OCI_MANIFEST_MAX = 4 * 1024 * 1024, /* bytes of a manifest, index or configuration */
	OCI_LAYERS_MAX = 1024,
	OCI_INDEX_MAX = 1024,    /* manifests of an index */
	OCI_STRINGS_MAX = 65536, /* items of any list in a configuration */
};
#define OCI_LAYER_BYTES_MAX ((uint64_t)64 << 30)

enum layer_kind { LAYER_TAR, LAYER_GZIP, LAYER_ZSTD };

/* A thing named by digest and size. */
struct descriptor {
	struct bytes media_type;
	struct hash256 digest;
	uint64_t size;
	enum layer_kind kind; /* of layers */
};

struct oci_manifest {
	struct descriptor config;
	struct descriptor *layers; /* lowest first */
	size_t n_layers;
};

/*
 * What a container needs to know of an image. Slices borrow from the text.
 * `env` is NAME=VALUE as written; `present` tells an empty list from none.
 */
struct string_list {
	struct bytes *items;
	size_t n;
	bool present;
};

struct label {
	struct bytes key, value;
};

struct image_config {
	struct bytes architecture, os;
	struct string_list env, entrypoint, cmd, volumes, exposed_ports;
	struct bytes user, workdir, stop_signal;
	struct label *labels;
	size_t n_labels;
	struct hash256 *diff_ids; /* digests of the uncompressed layers, lowest first */
	size_t n_diff_ids;
};

/* What a text is, by mediaType or else by shape. */
enum oci_manifest_kind { MANIFEST_IMAGE, MANIFEST_INDEX };

/*
 * Parse either. For an index, *ret_child is the descriptor of the linux/amd64
 * entry (without variant or with "v1" before others; attestation entries are
 * skipped) and ret is untouched. `content_type` is the registry's claim and
 * must agree when the text names a mediaType; may be empty.
 * ERR_PARSE E-OCI-010.., ERR_LIMIT E-OCI-014, ERR_NOT_FOUND E-OCI-013 (no such
 * platform), ERR_UNSUPPORTED E-OCI-012 (schema 1, artifacts, foreign layers).
 */
status oci_manifest_parse(struct arena *a, struct bytes text, struct bytes content_type,
                          enum oci_manifest_kind *ret_kind, struct oci_manifest *ret,
                          struct descriptor *ret_child, struct err *err);

/* ERR_PARSE E-OCI-015, E-OCI-016 (not linux/amd64), ERR_LIMIT E-OCI-014. */
status image_config_parse(struct arena *a, struct bytes text, struct image_config *ret,
                          struct err *err);

#endif
