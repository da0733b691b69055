/* SPDX-License-Identifier: Apache-2.0 */
/* snp_bench.h: one verification of a report of a made-up AMD, sound until a row changes something.
 */
#ifndef TESTS_SNP_BENCH_H
#define TESTS_SNP_BENCH_H

#include "mint.h"
#include "unit.h"

extern struct mint mint; /* RSA-4096: made once, by bench_setup() */

/* Everything of one verification, sound until a row changes something. */
struct bench {
	struct mint_leaf leaf;
	struct snp_report report;
	struct snp_reference set;
	struct hash256 policy;
	struct policy_list policies;
	struct reference_sets refs;
	struct document doc;
	struct evidence_request rq;
	uint8_t wire[SNP_REPORT_SIZE];
	uint8_t expected[64];
	struct cert *vek;
	struct buf crl;
	int64_t crl_from, crl_to;
	bool crl_revoked, no_crl, no_vek, no_ask, no_ark;
};

void bench_init(struct bench *b, enum snp_product p, enum snp_signing_key kind, uint32_t version);
/* Signs, issues and puts the document together. */
void bench_seal(struct bench *b);
void bench_done(struct bench *b);
/* Verifies; fails the test unless step and reason are these. */
void expect(const struct bench *b, const char *name, enum verdict_step step, const char *reason);

struct row {
	const char *name;
	void (*change)(struct bench *b);
	enum verdict_step step;
	const char *reason;
};

#define CHANGE(name, statement)                                                                    \
	static void change_##name(struct bench *b)                                                 \
	{                                                                                          \
		statement;                                                                         \
	}

/* Each row's change of a sound one is found at its step, for its reason. */
void each(const struct row *rows, size_t n, enum snp_product p, enum snp_signing_key kind,
          uint32_t version);

int bench_setup(void **state);
int bench_teardown(void **state);

#endif
