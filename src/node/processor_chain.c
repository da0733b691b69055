/* SPDX-License-Identifier: Apache-2.0 */
/* The chain ARK <- ASK <- VCEK in the shape of AMD's (VCEK certificate and KDS interface, 57230).
 */
#include "node/processor_state.h"

#include <stdio.h>

enum {
	DAY = 24 * 60 * 60,
	CA_DAYS = 25 * 365,
	VCEK_DAYS = 7 * 365,
	CRL_DAYS = 30,
	BACKDATE = 60 * 60, /* clocks of pods may lag behind the host's a little */
	VCEK_MAX_EXTENSIONS = 16,
	EXTENSION_MAX = 16,
};

static void
ca_name(const struct processor *p, const char *prefix, char *to, size_t size)
{
	snprintf(to, size, "%s-%s", prefix, snp_product_name(p->facts->product));
}

status
chain_issue_ark(const struct processor *p, int64_t now, struct cert **ret, struct err *err)
{
	char cn[32];
	const struct cert_spec spec = {
	        .profile = CERT_CA,
	        .subject_cn = cn,
	        .amd_names = true,
	        .key = p->ark_key,
	        .signer = p->ark_key,
	        .pss_sha384 = true,
	        .not_before = now - BACKDATE,
	        .not_after = now + (int64_t)CA_DAYS * DAY,
	};

	ca_name(p, "ARK", cn, sizeof cn);
	return err_ctx(err, cert_issue(&spec, ret, err), "the processor's root certificate");
}

status
chain_issue_ask(const struct processor *p, int64_t now, struct cert **ret, struct err *err)
{
	char cn[32];
	const struct cert_spec spec = {
	        .profile = CERT_CA_LEAVES,
	        .subject_cn = cn,
	        .amd_names = true,
	        .key = p->ask_key,
	        .issuer = p->ark,
	        .signer = p->ark_key,
	        .pss_sha384 = true,
	        .not_before = now - BACKDATE,
	        .not_after = now + (int64_t)CA_DAYS * DAY,
	};

	ca_name(p, "SEV", cn, sizeof cn);
	return err_ctx(err, cert_issue(&spec, ret, err),
	               "the processor's intermediate certificate");
}

/* Extensions being gathered; values lie in `store`. */
struct extension_list {
	struct cert_extra at[VCEK_MAX_EXTENSIONS];
	uint8_t store[VCEK_MAX_EXTENSIONS][EXTENSION_MAX];
	size_t n;
};

static void
put_der(struct extension_list *l, const char *oid, uint8_t tag, struct bytes body)
{
	uint8_t *to = l->store[l->n];

	to[0] = tag;
	to[1] = (uint8_t)body.n;
	mem_copy(to + 2, body.p, body.n);
	l->at[l->n++] = (struct cert_extra){.oid = oid, .value = bytes_of(to, body.n + 2)};
}

/* DER INTEGER of 0..255: a leading zero byte keeps 128.. positive. */
static void
put_integer(struct extension_list *l, const char *oid, uint8_t v)
{
	const uint8_t body[2] = {0, v};

	put_der(l, oid, 0x02, v < 0x80 ? bytes_of(body + 1, 1) : bytes_of(body, 2));
}

static void
vcek_extensions(const struct processor *p, struct extension_list *l)
{
	const struct snp_tcb *tcb = &p->facts->tcb;
	bool turin = p->facts->product == SNP_TURIN;

	put_integer(l, "1.3.6.1.4.1.3704.1.1", turin ? 1 : 0);
	put_der(l, "1.3.6.1.4.1.3704.1.2", 0x16, bytes_str(snp_product_name(p->facts->product)));
	put_integer(l, "1.3.6.1.4.1.3704.1.3.1", tcb->bootloader);
	put_integer(l, "1.3.6.1.4.1.3704.1.3.2", tcb->tee);
	put_integer(l, "1.3.6.1.4.1.3704.1.3.3", tcb->snp);
	if (!turin)
		put_integer(l, "1.3.6.1.4.1.3704.1.3.4", 0);
	put_integer(l, "1.3.6.1.4.1.3704.1.3.5", 0);
	put_integer(l, "1.3.6.1.4.1.3704.1.3.6", 0);
	put_integer(l, "1.3.6.1.4.1.3704.1.3.7", 0);
	put_integer(l, "1.3.6.1.4.1.3704.1.3.8", tcb->microcode);
	if (turin)
		put_integer(l, "1.3.6.1.4.1.3704.1.3.9", tcb->fmc);
	/* The hardware id stands raw in the extension, without an inner OCTET STRING. */
	l->at[l->n++] = (struct cert_extra){.oid = "1.3.6.1.4.1.3704.1.4",
	                                    .value = bytes_of(p->chip_id, turin ? 8 : 64)};
}

status
chain_issue_vcek(const struct processor *p, int64_t now, struct cert **ret, struct err *err)
{
	static const uint8_t zero;
	struct extension_list list = {.n = 0};
	struct cert_spec spec = {
	        .profile = CERT_LEAF_BARE,
	        .subject_cn = "SEV-VCEK",
	        .amd_names = true,
	        .key = p->vcek_key,
	        .issuer = p->ask,
	        .signer = p->ask_key,
	        .pss_sha384 = true,
	        .not_before = now - BACKDATE,
	        .not_after = now + (int64_t)VCEK_DAYS * DAY,
	        .serial = bytes_of(&zero, 1),
	};

	vcek_extensions(p, &list);
	spec.extras = list.at;
	spec.n_extras = list.n;
	return err_ctx(err, cert_issue(&spec, ret, err), "the processor's VCEK certificate");
}

status
chain_issue_crl(const struct processor *p, int64_t now, struct buf *der, struct err *err)
{
	return err_ctx(err,
	               crl_issue(p->ark, p->ark_key, true, NULL, 0, now - BACKDATE,
	                         now + (int64_t)CRL_DAYS * DAY, der, err),
	               "the processor's revocation list");
}

static bool
same_key(const struct cert *c, const struct key *k)
{
	CLEANUP(key_drop) struct key *of_cert = cert_key(c);

	return key_same_public(of_cert, k);
}

status
chain_check(const struct processor *p, int64_t now, struct err *err)
{
	struct cert *const between[] = {p->ask};

	if (!same_key(p->ark, p->ark_key) || !same_key(p->ask, p->ask_key) ||
	    !same_key(p->vcek, p->vcek_key))
		return err_at(err,
		              err_set(err, ERR_IO, "E-NODE-012",
		                      "the certificates are not of the keys beside them"),
		              "%s", p->dir);
	return err_at(err, cert_verify_chain(p->vcek, between, 1, p->ark, now, err), "%s", p->dir);
}
