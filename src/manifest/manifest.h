/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.h: the model of manifest.json (docs/manifest.md, PROTOCOL sections
 * 2, 8, 9, 12; docs/manifest.md has every field). A manifest is built by
 * manifest_parse() from untrusted bytes, or by manifest_new() and the editing
 * functions; once shared (manifest_ref) it is immutable.
 */
#ifndef MANIFEST_MANIFEST_H
#define MANIFEST_MANIFEST_H

#include "base/arena.h"
#include "crypto/key.h"
#include "evidence/azure/pcrs.h"
#include "evidence/snp/tcb.h"
#include "manifest/fault.h"

enum {
	MANIFEST_MAX_BYTES = 16 * 1024 * 1024, /* PROTOCOL section 11 */
	MANIFEST_MAX_POLICIES = 4096,
	MANIFEST_MAX_SANS = 64, /* of one policy */
	MANIFEST_MAX_SAN_LENGTH = 1024,
	MANIFEST_MAX_SECRET_ID = 1024,
	MANIFEST_MAX_SETS = 64, /* reference sets of one kind */
	MANIFEST_MAX_OWNERS = 32,
	MANIFEST_MAX_SHARE_OWNERS = 32,
	MANIFEST_MAX_IDS = 4096, /* chip ids, PIIDs, alternative RTMR0s */
	MANIFEST_MAX_PERMITTED = 64,
};

enum manifest_role { MANIFEST_ROLE_NONE, MANIFEST_ROLE_COORDINATOR };

struct manifest_policy {
	struct hash256 hash; /* of the initdata document: HOSTDATA */
	struct bytes *sans;  /* in the order of the file */
	size_t n_sans;
	struct bytes workload_secret_id; /* empty: this workload gets no secret */
	enum manifest_role role;
};

enum manifest_product { MANIFEST_PRODUCT_NONE, MANIFEST_MILAN, MANIFEST_GENOA, MANIFEST_TURIN };

/* A number that may be absent: "expected missing" until the user fills it in. */
struct manifest_u8 {
	bool set;
	uint8_t v;
};

/* One of ReferenceValues.snp; field names follow the file (research: docs/manifest.md). */
struct manifest_snp {
	struct bytes platform;
	enum manifest_product product;
	bool has_measurement;
	struct hash384 measurement; /* with has_apeip: the value for one vCPU */
	bool has_apeip;
	uint32_t apeip;
	struct {
		struct manifest_u8 bootloader, tee, snp, microcode, fmc; /* fmc: Turin only */
	} min_tcb;
	bool has_min_firmware;
	struct snp_firmware min_firmware; /* of the committed and current firmware */
	bool has_min_report_version;
	uint8_t min_report_version;
	bool has_guest_policy; /* absent: SMT allowed, ABI 0.0, all else off */
	struct {
		uint8_t abi_minor, abi_major;
		bool smt, migrate_ma, debug, single_socket, cxl_allowed, mem_aes_256_xts, rapl_dis,
		        ciphertext_hiding_dram, page_swap_disable;
	} guest_policy;
	bool has_platform_info; /* absent: nothing is required */
	struct {
		bool smt_enabled, tsme_enabled, ecc_enabled, rapl_disabled,
		        ciphertext_hiding_dram_enabled, alias_check_complete, tio_enabled;
	} platform_info;
	bool has_mitigation_vector;
	uint64_t mitigation_vector;
	uint8_t (*chip_ids)[64];
	size_t n_chip_ids;
	/* Signer and version of the image (ID block); absent: not compared. */
	bool has_id_key, has_author_key, has_family_id, has_image_id, has_min_guest_svn;
	struct hash384 id_key, author_key;
	uint8_t family_id[16], image_id[16];
	uint32_t min_guest_svn;
	struct pcr_set *pcrs; /* NULL: not for guests behind a paravisor */
	struct bytes csp_id;  /* empty: VCEK; else VLEK of this provider */
	bool has_cpus;
	uint32_t cpus; /* informative */
	bool has_trust_root;
	struct hash256 trust_root; /* key id of a root that is no vendor's */
};

/* One of ReferenceValues.tdx. */
struct manifest_tdx {
	struct bytes platform;
	bool has_mr_td, has_mr_seam, has_xfam;
	struct hash384 mr_td, mr_seam;
	size_t n_rtmrs; /* 4 when complete */
	struct hash384 rtmrs[4];
	struct hash384 *rtmr0_alternatives;
	size_t n_rtmr0_alternatives;
	bool has_mr_owner, has_mr_owner_config; /* absent: must be zero */
	struct hash384 mr_owner, mr_owner_config;
	uint8_t xfam[8]; /* little-endian as in the quote */
	uint8_t (*piids)[16];
	size_t n_piids;
	struct pcr_set *pcrs; /* as in an SNP set */
	bool memory_integrity, smt_disabled, static_platform;
	bool has_min_tcb_evaluation;
	uint32_t min_tcb_evaluation;
	bool has_trust_root;
	struct hash256 trust_root;
};

/* A workload owner: the key, or only its digest (older manifests). */
struct manifest_owner {
	struct hash256 id; /* SHA-256 of the SubjectPublicKeyInfo */
	struct key *key;   /* NULL when the manifest has digests only */
};

struct manifest {
	struct arena arena; /* everything below that is a pointer, except keys */
	unsigned int refs;

	struct bytes exact;  /* the bytes that were parsed; empty for one being built */
	struct hash256 hash; /* of those bytes: what a transition names */

	bool insecure;
	struct manifest_policy *policies; /* by ascending hash */
	size_t n_policies, cap_policies;
	struct manifest_snp *snp;
	size_t n_snp, cap_snp;
	struct manifest_tdx *tdx;
	size_t n_tdx, cap_tdx;
	struct manifest_owner owners[MANIFEST_MAX_OWNERS]; /* by ascending id */
	size_t n_owners;
	bool owner_digests_only; /* WorkloadOwnerKeyDigests instead of WorkloadOwnerPubKeys */
	bool has_owner_threshold;
	uint8_t owner_threshold; /* as written; use manifest_owner_threshold() */
	struct key *share_owners[MANIFEST_MAX_SHARE_OWNERS]; /* RSA, in the order of the file */
	size_t n_share_owners;
	bool has_share_threshold;
	uint8_t share_threshold; /* as written; use manifest_share_threshold() */
	struct bytes *permitted_names;
	size_t n_permitted_names;
	struct bytes min_api_version; /* empty: none */
};

/*
 * Decode and validate. Unknown, duplicate and wrongly cased members are
 * faults, and all faults are found in one pass: they are appended to `faults`
 * (may be NULL) and the first one is in `err`.
 * ERR_PARSE E-MANIFEST-001 (with the number of faults), ERR_LIMIT, E-JSON-*.
 */
status manifest_parse(struct bytes text, struct manifest **ret, struct faults *faults,
                      struct err *err);
/*
 * The same for `generate`: faults of the kind FAULT_MISSING (values that only
 * the user knows: minimum TCB, MrSeam) do not fail, and are in `faults`.
 */
status manifest_parse_draft(struct bytes text, struct manifest **ret, struct faults *faults,
                            struct err *err);

struct manifest *manifest_ref(struct manifest *m);
void manifest_free(struct manifest *m); /* drops one reference; NULL is fine */
static inline void
manifest_drop(struct manifest **m)
{
	manifest_free(*m);
	*m = NULL;
}

/* ---- editing (a manifest with one reference) ---- */

struct manifest *manifest_new(void);
/* Copies. ERR_CONFLICT E-MANIFEST-010 when the hash is there with other contents. */
status manifest_add_policy(struct manifest *m, const struct manifest_policy *p, struct err *err);
void manifest_clear_policies(struct manifest *m);
/* A key that is there already is fine. ERR_LIMIT; ERR_UNSUPPORTED E-MANIFEST-011 for other kinds of
 * key. */
status manifest_add_owner(struct manifest *m, const struct key *k, struct err *err);
status manifest_add_share_owner(struct manifest *m, const struct key *k, struct err *err);
void manifest_clear_owners(struct manifest *m);
/*
 * Append the sets of a reference values file: {"snp": [...], "tdx": [...]},
 * the same member as in a manifest. Sets that are there already are skipped.
 */
status manifest_add_reference_values(struct manifest *m, struct bytes json, struct faults *faults,
                                     struct err *err);

/* Every rule; appends what is wrong. The number of faults that are not FAULT_MISSING. */
size_t manifest_validate(const struct manifest *m, struct faults *faults);

/* Byte-stable: fixed member order, policies by hash, two spaces, a final newline. */
void manifest_write(const struct manifest *m, struct buf *out);

/* ---- questions ---- */

/* The policy of this HOSTDATA, or NULL. Borrowed. */
const struct manifest_policy *manifest_policy(const struct manifest *m, const struct hash256 *hash);
/* Is this HOSTDATA a policy with role coordinator here? */
bool manifest_is_coordinator(const struct manifest *m, const struct hash256 *hash);
/* k: signatures that a successor needs (absent: 1, or 0 without owners); 0 = none is valid. */
uint8_t manifest_owner_threshold(const struct manifest *m);
/* k of n_share_owners shares recover the seed; 0 without owners. */
uint8_t manifest_share_threshold(const struct manifest *m);
/* PROTOCOL section 2 `owners`. */
struct hash256 manifest_owners_digest(const struct manifest *m);
/* The same from its parts; `ids` ascending. */
struct hash256 owners_digest(uint8_t k, const struct hash256 *ids, size_t n);
/*
 * Digest over threshold and share owners' keys (with their order, which fixes
 * the indexes): what the first transition fixes for ever.
 */
struct hash256 manifest_shares_digest(const struct manifest *m);

#endif
