/* SPDX-License-Identifier: Apache-2.0 */
/*
 * processor.h: the software secure processor of a local platform (docs/local-platform.md). It
 * stands in for AMD's: it has a root of its own, measures what a launcher boots, takes HOSTDATA at
 * launch, and signs attestation reports in SNP's format. INSECURE by construction: whoever runs it
 * can sign anything. That is why its root is not AMD's, and why a manifest that trusts it must say
 * so (PROTOCOL section 12). No check is skipped for it: it issues a CRL.
 *
 * State directory (0700), made on first use, one writer at a time:
 *   ark.key ask.key              RSA-4096, once per machine: `TrustRoot` is SHA-256 of the first
 *   chip-id                      64 random bytes
 *   genoa/ turin/                vcek.key, ark.der ask.der vcek.der, crl.der of that part
 */
#ifndef NODE_PROCESSOR_H
#define NODE_PROCESSOR_H

#include "crypto/cert.h"
#include "evidence/snp/tcb.h"

enum {
	PROCESSOR_REPORT_SIZE = 1184,
	PROCESSOR_REPORT_DATA_SIZE = 64,
};

/* What the processor pretends to be; decides report version, TCB layout and names. */
enum processor_part {
	PROCESSOR_GENOA, /* reports v3 */
	PROCESSOR_TURIN, /* reports v5 */
};

/* Facts of a part that reference values are made from. */
struct processor_facts {
	enum snp_product product;
	const char *folder;
	uint32_t report_version;
	uint8_t family, model, stepping;
	struct snp_tcb tcb; /* current, committed, reported and at launch */
	uint64_t platform_info;
	uint64_t mitigations; /* launch = current; v5 */
	uint8_t abi_major, abi_minor, fw_build;
};
const struct processor_facts *processor_facts(enum processor_part part);
/* "genoa", "turin"; false if unknown. */
bool processor_part_parse(struct bytes text, enum processor_part *ret);

/* CPUID function 1 EAX of the part's facts, as the launch layout wants it. */
uint32_t processor_cpu_signature(const struct processor_facts *f);

/* $CONTRAST_NODE_STATE, else /var/lib/contrast/node for root, else below the user's state folder.
 */
status processor_default_dir(struct buf *out, struct err *err);

struct processor;

/*
 * Opens the state in `dir`, making what is missing (two RSA-4096 keys: seconds,
 * once). `now` dates certificates and CRL. ERR_IO E-NODE-010.. when the
 * directory is not ours alone or its contents do not fit together.
 */
status processor_open(const char *dir, enum processor_part part, int64_t now,
                      struct processor **ret, struct err *err);
void processor_free(struct processor *p);
static inline void
processor_drop(struct processor **p)
{
	processor_free(*p);
	*p = NULL;
}

const struct processor_facts *processor_get_facts(const struct processor *p);
/* SHA-256 of the ARK's SubjectPublicKeyInfo: a manifest's TrustRoot. */
struct hash256 processor_trust_root(const struct processor *p);
/* 64 bytes, as in the reports of this part. */
struct bytes processor_chip_id(const struct processor *p);
/* Borrowed DER. */
struct bytes processor_ark(const struct processor *p);
struct bytes processor_ask(const struct processor *p);
struct bytes processor_vcek(const struct processor *p);
/* Fresh DER: made again when less than a third of its 30 days is left at `now`. */
status processor_crl(struct processor *p, int64_t now, struct bytes *ret, struct err *err);

/* What the launcher hands over, fixed for the life of the guest. */
struct guest_launch {
	struct hash384 measurement;
	uint8_t host_data[SHA256_SIZE]; /* SHA-256 of the initdata document */
	uint64_t policy;                /* GUEST_POLICY or GUEST_POLICY_DEBUG */
};

/* Guest policies: SMT allowed and the bit that is always one; with bit 19, debugging. */
static const uint64_t guest_policy_default = 0x30000;
static const uint64_t guest_policy_debug = 0xb0000;

/* One guest context per launched pod. It refers to the processor, which must outlive it. */
struct guest;
/* ERR_REJECTED E-NODE-015 for a policy that the firmware would refuse (reserved bits). */
status guest_launch(struct processor *p, const struct guest_launch *l, struct guest **ret,
                    struct err *err);
void guest_free(struct guest *g);

/*
 * Appends a signed report of 1184 bytes. `vmpl` 0..3 is the level that asks.
 * Nothing in it but report_data and vmpl comes from the guest: measurement,
 * HOSTDATA and policy are those of the launch.
 */
status guest_report(struct guest *g, const uint8_t report_data[PROCESSOR_REPORT_DATA_SIZE],
                    uint32_t vmpl, struct buf *out, struct err *err);

#endif
