/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collateral-seeds VERIFY FETCH BUNDLE: makes the corpora of fuzz_collateral_fetch.c and
 * fuzz_collateral_bundle.c anew, from that of fuzz_verify.c (which evidence-seeds makes): the same
 * made-up certificates, lists and statements as services and bundles carry them.
 */
#include "attest/collateral/collateral.h"
#include "base/file.h"
#include "base/rd.h"
#include "base/text.h"
#include "crypto/cert.h"
#include "transport/url.h"

#include <stdio.h>
#include <stdlib.h>

/* Parts of a seed of fuzz_verify.c: kind u8 || be16 n || n bytes. */
enum part { PART_SNP, PART_TDX, PART_CERT, PART_CRL, PART_TCB_INFO, PART_QE_IDENTITY, PARTS };
enum { PER_PART = 4, SEED_MAX = 1024 * 1024, MIRROR = 0x80, ABSENT = 0x40 };

struct seed {
	struct buf file;
	struct bytes part[PARTS][PER_PART];
	size_t n[PARTS];
};

static void
need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "collateral-seeds: %s\n", what);
	exit(1);
}

static void
seed_done(struct seed *s)
{
	buf_done(&s->file);
}

static void
seed_read(struct seed *s, const char *folder, const char *name)
{
	char path[4096];
	struct err err;
	struct rd r;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	need(is_ok(file_read(path, SEED_MAX, &s->file, &err)), path);
	r = rd_init(buf_view(&s->file));
	while (rd_left(&r) > 0) {
		uint8_t kind = rd_u8(&r);
		struct bytes b = rd_bytes(&r, rd_be16(&r));

		need(rd_ok(&r), path);
		if (kind < PARTS && s->n[kind] < PER_PART)
			s->part[kind][s->n[kind]++] = b;
	}
}

/* {kind, issuer chain header, body}: one answer of a service. */
static void
save(const char *folder, const char *name, unsigned int kind, struct bytes header,
     struct bytes body)
{
	CLEANUP(buf_done) struct buf out = {0};
	char path[4096];
	struct err err;

	buf_u8(&out, (uint8_t)kind);
	buf_be16(&out, (uint16_t)header.n);
	buf_bytes(&out, header);
	buf_bytes(&out, body);
	snprintf(path, sizeof path, "%s/%s", folder, name);
	need(is_ok(file_write(path, buf_view(&out), 0644, &err)), path);
}

static void
add_pem(struct bytes der, struct buf *out)
{
	CLEANUP(cert_drop) struct cert *c = NULL;
	struct err err;

	need(is_ok(cert_parse_der(der, &c, &err)), "certificate");
	cert_pem(c, out);
}

static void
amd(const struct seed *s, const char *folder)
{
	CLEANUP(buf_done) struct buf chain = {0};
	const struct bytes none = {NULL, 0};

	need(s->n[PART_SNP] == 1 && s->n[PART_CERT] == 3 && s->n[PART_CRL] == 1, "snp-v5");
	add_pem(s->part[PART_CERT][1], &chain);
	add_pem(s->part[PART_CERT][2], &chain);
	save(folder, "report", COLLATERAL_SNP_VCEK, none, s->part[PART_SNP][0]);
	save(folder, "vcek", COLLATERAL_SNP_VCEK, none, s->part[PART_CERT][0]);
	save(folder, "chain", COLLATERAL_SNP_CHAIN, none, buf_view(&chain));
	save(folder, "crl", COLLATERAL_SNP_CRL, none, s->part[PART_CRL][0]);
}

static void
intel(const struct seed *s, const char *folder)
{
	CLEANUP(buf_done) struct buf chain = {0}, header = {0}, hex = {0}, pem = {0};
	const struct bytes none = {NULL, 0};
	struct bytes info, identity, list;

	need(s->n[PART_TDX] == 1 && s->n[PART_CERT] == 1 && s->n[PART_CRL] == 2 &&
	             s->n[PART_TCB_INFO] == 1 && s->n[PART_QE_IDENTITY] == 1,
	     "tdx-v4");
	info = s->part[PART_TCB_INFO][0];
	identity = s->part[PART_QE_IDENTITY][0];
	list = s->part[PART_CRL][1];
	add_pem(s->part[PART_CERT][0], &chain);
	url_escape(buf_view(&chain), &header);
	hex_encode(list, &hex);
	buf_str(&pem, "-----BEGIN X509 CRL-----\n");
	base64_encode(BASE64_STD, list, &pem);
	buf_str(&pem, "\n-----END X509 CRL-----\n");
	save(folder, "quote", COLLATERAL_SNP_CHAIN, none, s->part[PART_TDX][0]);
	save(folder, "tcb-info", COLLATERAL_TDX_TCB_INFO, buf_view(&header), info);
	save(folder, "tcb-info-mirror", COLLATERAL_TDX_TCB_INFO | MIRROR | ABSENT,
	     buf_view(&header), info);
	save(folder, "qe-identity", COLLATERAL_TDX_QE_IDENTITY, buf_view(&header), identity);
	save(folder, "tcb-chain", COLLATERAL_TDX_TCB_CHAIN, buf_view(&header), identity);
	save(folder, "pck-crl", COLLATERAL_TDX_PCK_CRL, none, list);
	save(folder, "pck-crl-pem", COLLATERAL_TDX_PCK_CRL | MIRROR, none, buf_view(&pem));
	save(folder, "root-crl-hex", COLLATERAL_TDX_ROOT_CRL | MIRROR, none, buf_view(&hex));
	save(folder, "root-crl-copy", COLLATERAL_TDX_ROOT_CRL | MIRROR | ABSENT, none,
	     s->part[PART_CRL][0]);
}

static void
bundle(const struct seed *snp, const struct seed *tdx, const char *folder)
{
	struct collateral_item items[] = {
	        {COLLATERAL_SNP_CRL, "Genoa/vcek", snp->part[PART_CRL][0], 0, 0, 0, 0},
	        {COLLATERAL_SNP_VCEK, "Genoa/00/00", snp->part[PART_CERT][0], 0, 0, 0, 0},
	        {COLLATERAL_TDX_TCB_INFO, "000000000000", tdx->part[PART_TCB_INFO][0], 0, 0, 0, 0},
	};
	struct collateral_set set = {.items = items, .n = COUNT_OF(items)};
	CLEANUP(buf_done) struct buf out = {0};
	char path[4096];
	struct err err;

	for (size_t i = 0; i < set.n; i++)
		need(is_ok(collateral_inspect(&items[i], &err)), "item");
	collateral_bundle_write(&set, &out);
	snprintf(path, sizeof path, "%s/three", folder);
	need(is_ok(file_write(path, buf_view(&out), 0644, &err)), path);
}

int
main(int argc, char **argv)
{
	CLEANUP(seed_done) struct seed snp = {0};
	CLEANUP(seed_done) struct seed tdx = {0};

	need(argc == 4, "which folders?");
	seed_read(&snp, argv[1], "snp-v5");
	seed_read(&tdx, argv[1], "tdx-v4");
	amd(&snp, argv[2]);
	intel(&tdx, argv[2]);
	bundle(&snp, &tdx, argv[3]);
	return 0;
}
