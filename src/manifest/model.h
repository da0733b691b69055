/* SPDX-License-Identifier: Apache-2.0 */
/* model.h: what the files of manifest/ share and nobody else needs. */
#ifndef MANIFEST_MODEL_H
#define MANIFEST_MODEL_H

#include "manifest/decode.h"
#include "manifest/manifest.h"
#include "json/value.h"

enum { MODEL_RSA_MIN_BITS = 2048 };

/* Room for one more item: the same or a larger array, NULL past the arena's cap. */
void *model_grow(struct arena *a, void *items, size_t n, size_t *cap, size_t size);
/* A fresh policy in its place; the hash must not be there. NULL beyond the limit. */
struct manifest_policy *model_insert_policy(struct manifest *m, const struct hash256 *hash);
/* Takes the key over when true; false when the id is there already or the list is full. */
bool model_insert_owner(struct manifest *m, const struct hash256 *id, struct key *key);

/* Members of one reference set. */
void model_decode_snp(struct decode *d, const char *path, const struct value *v,
                      struct manifest_snp *set);
void model_decode_tdx(struct decode *d, const char *path, const struct value *v,
                      struct manifest_tdx *set);
/* The whole member ReferenceValues. */
void model_decode_sets(struct decode *d, const char *path, const struct value *v);

/* The member Pcrs of both kinds of set, into the pointer at rule->at. */
decode_fn model_decode_pcrs;
struct value model_pcrs_value(struct arena *a, const struct pcr_set *set);

/* Rules of the reference sets. */
void model_validate_sets(const struct manifest *m, struct faults *f);

/* The JSON form of parts, for writer and diff. */
struct value model_snp_value(struct arena *a, const struct manifest_snp *set);
struct value model_tdx_value(struct arena *a, const struct manifest_tdx *set);
struct value model_policy_value(struct arena *a, const struct manifest_policy *p);

#endif
