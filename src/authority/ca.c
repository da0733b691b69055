/* SPDX-License-Identifier: Apache-2.0 */
#include "authority/ca.h"

#include "base/buf.h"
#include "base/rd.h"
#include "base/text.h"
#include "manifest/san.h"

enum { DAY = 24 * 3600, SERIAL_BYTES = 16, POLICY_DER = 2 + SHA256_SIZE, CN_MAX = 64 };

#define ROOT_CN "contrast root CA"
#define MESH_CN "contrast mesh CA"

status
root_ca_make(struct root_ca *ca, const struct seed *seed, int64_t now, struct err *err)
{
	struct cert_spec spec = {
	        .profile = CERT_CA,
	        .subject_cn = ROOT_CN,
	        .not_before = now - CA_BACKDATE_SECONDS,
	        .not_after = now + (int64_t)CA_ROOT_DAYS * DAY,
	};

	ca->key = seed_root_key(seed);
	ca->key_id = key_id(ca->key);
	spec.key = spec.signer = ca->key;
	TRY(cert_issue(&spec, &ca->cert, err));
	cert_pem(ca->cert, &ca->pem);
	return buf_check(&ca->pem, err);
}

void
root_ca_done(struct root_ca *ca)
{
	key_drop(&ca->key);
	cert_drop(&ca->cert);
	buf_done(&ca->pem);
}

status
mesh_ca_renew(struct mesh_ca *ca, const struct root_ca *root, const struct bytes *permitted,
              size_t n, int64_t now, struct err *err)
{
	CLEANUP(cert_drop) struct cert *self_signed = NULL;
	CLEANUP(cert_drop) struct cert *root_signed = NULL;
	struct cert_spec spec = {
	        .profile = CERT_CA_LEAVES,
	        .subject_cn = MESH_CN,
	        .key = ca->key,
	        .signer = ca->key,
	        .not_before = now - CA_BACKDATE_SECONDS,
	        .not_after = now + (int64_t)CA_MESH_DAYS * DAY,
	        .permitted_dns = permitted,
	        .n_permitted_dns = n,
	};

	TRY(cert_issue(&spec, &self_signed, err));
	spec.issuer = root->cert;
	spec.signer = root->key;
	TRY(cert_issue(&spec, &root_signed, err));
	cert_drop(&ca->self_signed);
	cert_drop(&ca->root_signed);
	ca->self_signed = self_signed;
	ca->root_signed = root_signed;
	ca->made = now;
	self_signed = root_signed = NULL; /* moved */
	buf_reset(&ca->self_pem);
	buf_reset(&ca->chain_pem);
	cert_pem(ca->self_signed, &ca->self_pem);
	cert_pem(ca->root_signed, &ca->chain_pem);
	TRY(buf_check(&ca->self_pem, err));
	return buf_check(&ca->chain_pem, err);
}

status
mesh_ca_make(struct mesh_ca *ca, const struct root_ca *root, const struct seed *seed,
             const struct hash256 *head, const struct bytes *permitted, size_t n, int64_t now,
             struct err *err)
{
	status s;

	*ca = (struct mesh_ca){.key = seed_mesh_key(seed, head)};
	ca->key_id = key_id(ca->key);
	s = mesh_ca_renew(ca, root, permitted, n, now, err);
	if (!is_ok(s))
		mesh_ca_done(ca);
	return s;
}

void
mesh_ca_done(struct mesh_ca *ca)
{
	key_drop(&ca->key);
	cert_drop(&ca->self_signed);
	cert_drop(&ca->root_signed);
	buf_done(&ca->self_pem);
	buf_done(&ca->chain_pem);
}

/* ---- leaves ---- */

/* SANs of a policy by kind; slices of the manifest, IPs copied. */
struct names {
	struct bytes dns[MANIFEST_MAX_SANS];
	struct bytes uris[MANIFEST_MAX_SANS];
	struct bytes ips[MANIFEST_MAX_SANS];
	uint8_t ip_bytes[MANIFEST_MAX_SANS][16];
	size_t n_dns, n_uris, n_ips;
};

static status
sort_names(const struct manifest_policy *p, struct names *to, struct err *err)
{
	for (size_t i = 0; i < p->n_sans && i < MANIFEST_MAX_SANS; i++) {
		struct san san = san_classify(p->sans[i]);

		switch (san.kind) {
		case SAN_DNS:
			to->dns[to->n_dns++] = p->sans[i];
			break;
		case SAN_URI:
			to->uris[to->n_uris++] = p->sans[i];
			break;
		case SAN_IP:
			mem_copy(to->ip_bytes[to->n_ips], san.ip, san.ip_n);
			to->ips[to->n_ips] = bytes_of(to->ip_bytes[to->n_ips], san.ip_n);
			to->n_ips++;
			break;
		case SAN_INVALID:
			/* Checked when the manifest was read; nothing unchecked is ever signed. */
			return err_set(err, ERR_INTERNAL, "E-AUTHORITY-041",
			               "a name of the policy cannot be put into a certificate");
		}
	}
	return OK;
}

/* First DNS name that fits into a common name; the field is for people, nobody validates it. */
static const char *
common_name(const struct names *names, char to[CN_MAX + 1])
{
	for (size_t i = 0; i < names->n_dns; i++) {
		if (names->dns[i].n > CN_MAX)
			continue;
		mem_copy(to, names->dns[i].p, names->dns[i].n);
		to[names->dns[i].n] = '\0';
		return to;
	}
	return "contrast workload";
}

status
ca_issue_leaf(const struct mesh_ca *ca, const struct manifest_policy *policy,
              const struct key *subject, int64_t now, struct cert **ret, struct err *err)
{
	struct hash256 subject_id = key_id(subject);
	char serial[2 * SERIAL_BYTES + 1], cn[CN_MAX + 1];
	uint8_t der[POLICY_DER] = {0x04, SHA256_SIZE}; /* OCTET STRING */
	const struct cert_extra extra = {CA_OID_POLICY_HASH, false, bytes_of(der, sizeof der)};
	struct names names = {0};
	struct cert_spec spec = {
	        .profile = CERT_LEAF_TLS,
	        .subject_serial = serial,
	        .key = subject,
	        .issuer = ca->root_signed,
	        .signer = ca->key,
	        .not_before = now - CA_BACKDATE_SECONDS,
	        .extras = &extra,
	        .n_extras = 1,
	};

	mem_copy(der + 2, policy->hash.b, SHA256_SIZE);
	hex_cstr(bytes_of(subject_id.b, SERIAL_BYTES), serial, sizeof serial);
	TRY(sort_names(policy, &names, err));
	spec.subject_cn = common_name(&names, cn);
	spec.dns = names.dns;
	spec.n_dns = names.n_dns;
	spec.uris = names.uris;
	spec.n_uris = names.n_uris;
	spec.ips = names.ips;
	spec.n_ips = names.n_ips;
	spec.not_after = MIN(now + CA_LEAF_SECONDS, cert_not_after(ca->root_signed));
	return cert_issue(&spec, ret, err);
}

status
ca_leaf_policy(const struct cert *leaf, struct hash256 *ret, struct err *err)
{
	struct bytes der;
	struct rd rd;

	TRY(cert_extension(leaf, CA_OID_POLICY_HASH, &der, err));
	rd = rd_init(der);
	if (rd_u8(&rd) != 0x04 || rd_u8(&rd) != SHA256_SIZE || rd_left(&rd) != SHA256_SIZE)
		return err_set(err, ERR_PARSE, "E-AUTHORITY-040",
		               "the policy hash of the certificate is malformed");
	rd_copy(&rd, ret->b, sizeof ret->b);
	return OK;
}
