/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcb.h: Intel's signed statements about platforms: TCB info version 3 and the
 * TD quoting enclave's identity version 2 (Intel PCS API v4), and the rule that
 * turns them and a quote into a TCB status (docs/evidence.md).
 */
#ifndef EVIDENCE_TDX_TCB_H
#define EVIDENCE_TDX_TCB_H

#include "base/arena.h"
#include "evidence/tdx/pck.h"

enum {
	TCB_LEVELS_MAX = 64,
	TCB_MODULES_MAX = 16,
	TCB_ADVISORIES_MAX = 64, /* in one level, and in a result */
	TCB_BEHIND_TEXT = 160,
};

/* Worst last. */
enum tcb_status {
	TCB_NOT_SUPPORTED = 0, /* below every known level: never acceptable */
	TCB_UP_TO_DATE,
	TCB_SW_HARDENING_NEEDED,
	TCB_CONFIGURATION_NEEDED,
	TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED,
	TCB_RELAUNCH_ADVISED,
	TCB_RELAUNCH_ADVISED_CONFIGURATION_NEEDED,
	TCB_OUT_OF_DATE,
	TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
	TCB_REVOKED,
};

/* Intel's spelling, "UpToDate"; "NotSupported" for the first. */
const char *tcb_status_name(enum tcb_status s);
bool tcb_status_parse(struct bytes name, enum tcb_status *ret);

struct tcb_level {
	uint8_t sgx[TDX_SVNS]; /* platform levels */
	uint8_t tdx[TDX_SVNS];
	uint16_t pcesvn;
	uint16_t isvsvn; /* module and enclave levels */
	enum tcb_status status;
	int64_t date;
	struct bytes *advisories;
	size_t n_advisories;
};

struct tdx_module {
	uint8_t version; /* of "TDX_01": 1 */
	uint8_t mrsigner[48];
	uint64_t attributes, attributes_mask;
	struct tcb_level *levels;
	size_t n_levels;
};

/* What a component is, in Intel's words: "BIOS", "Early Microcode Update"; or empty. */
struct tcb_component {
	struct bytes category, type;
};

struct tcb_info {
	struct tcb_component sgx_parts[TDX_SVNS],
	        tdx_parts[TDX_SVNS]; /* as the newest level says */
	int64_t issued, next_update;
	uint32_t evaluation;
	uint8_t fmspc[6];
	uint8_t pceid[2];
	struct tdx_module base; /* tdxModule: version 0, no levels */
	struct tdx_module *modules;
	size_t n_modules;
	struct tcb_level *levels;
	size_t n_levels;
};

struct qe_identity {
	int64_t issued, next_update;
	uint32_t evaluation;
	uint32_t misc_select, misc_select_mask;
	uint8_t attributes[16], attributes_mask[16];
	uint8_t mrsigner[32];
	uint16_t isv_prod_id;
	struct tcb_level *levels;
	size_t n_levels;
};

/*
 * The envelope {"<key>": {...}, "signature": hex}: the value's exact bytes,
 * which the signature covers, and the 64 bytes of the signature.
 * ERR_PARSE E-TDX-010.
 */
status tcb_envelope(struct arena *a, struct bytes text, const char *key, struct bytes *ret_signed,
                    uint8_t signature[64], struct err *err);

/* From the signed bytes; results in the arena. ERR_PARSE E-TDX-011 (TCB info), -012 (identity). */
status tcb_info_parse(struct arena *a, struct bytes json, struct tcb_info *ret, struct err *err);
status qe_identity_parse(struct arena *a, struct bytes json, struct qe_identity *ret,
                         struct err *err);

/* What a quote's platform is worth. */
struct tcb_result {
	enum tcb_status status, platform, module, qe;
	int64_t date;                                /* oldest of the matched levels */
	struct bytes advisories[TCB_ADVISORIES_MAX]; /* borrowed from the TCB info */
	size_t n_advisories;
	/*
	 * Which parts are older than Intel's newest level, and what it has: "SGX component 7: 11 of
	 * 12, PCE: 13 of 14, TDX module: 4 of 6"; ends in "..." where there are more. Empty: none.
	 */
	char behind[TCB_BEHIND_TEXT];
};

/* svn2 empty: TD 1.0. A module that is not in the list gives NOT_SUPPORTED. */
void tcb_evaluate(const struct tcb_info *info, const struct qe_identity *qe, const struct pck *pck,
                  struct bytes svn, struct bytes svn2, uint16_t qe_isv_svn, struct tcb_result *ret);

/* The module identity that a quote's TEE_TCB_SVN names; NULL when there is none. */
const struct tdx_module *tcb_module_of(const struct tcb_info *info, struct bytes svn);

#endif
