/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/binding.h"

#include <stdlib.h>

/* One row a purpose: PROTOCOL section 4's table. */
static const struct {
	const char *name;
	enum binding_role role;
	const char *exporter_label;
} purposes[BINDING_PURPOSES] = {
        [BINDING_ATTEST] = {"attest", BINDING_SERVER, "EXPORTER-contrast-attest-server"},
        [BINDING_STATEMENT] = {"statement", BINDING_SERVER, "EXPORTER-contrast-statement-server"},
        [BINDING_MESH_CERT] = {"mesh-cert", BINDING_CLIENT, "EXPORTER-contrast-mesh-cert-client"},
        [BINDING_PEER] = {"peer", BINDING_CLIENT, "EXPORTER-contrast-peer-client"},
};

static const char *const tees[] = {
        [TEE_SNP] = "snp",
        [TEE_TDX] = "tdx",
        [TEE_SNP_VTPM] = "snp-vtpm",
        [TEE_TDX_VTPM] = "tdx-vtpm",
};

const char *
tee_name(enum tee tee)
{
	return (size_t)tee < COUNT_OF(tees) ? tees[tee] : NULL;
}

bool
tee_parse(struct bytes name, enum tee *ret)
{
	for (size_t i = TEE_SNP; i < COUNT_OF(tees); i++) {
		if (bytes_is(name, tees[i])) {
			*ret = (enum tee)i;
			return true;
		}
	}
	return false;
}

enum tee
tee_hardware(enum tee tee)
{
	return tee == TEE_SNP_VTPM ? TEE_SNP : tee == TEE_TDX_VTPM ? TEE_TDX : tee;
}

bool
tee_has_vtpm(enum tee tee)
{
	return tee == TEE_SNP_VTPM || tee == TEE_TDX_VTPM;
}

const char *
binding_purpose_name(enum binding_purpose purpose)
{
	return purposes[purpose].name;
}

bool
binding_purpose_parse(struct bytes text, enum binding_purpose *ret)
{
	for (unsigned int i = 0; i < BINDING_PURPOSES; i++) {
		if (bytes_is(text, purposes[i].name)) {
			*ret = (enum binding_purpose)i;
			return true;
		}
	}
	return false;
}

enum binding_role
binding_role_of(enum binding_purpose purpose)
{
	return purposes[purpose].role;
}

const char *
binding_exporter_label(enum binding_purpose purpose)
{
	return purposes[purpose].exporter_label;
}

static struct binding
start(enum binding_purpose purpose, enum tee tee, const uint8_t *nonce)
{
	struct binding b = {.purpose = purpose, .tee = tee};

	mem_copy(b.nonce, nonce, NONCE_SIZE);
	return b;
}

/* SHA-256(kem || rest). */
static struct hash256
kem_payload(const uint8_t kem[32], struct bytes rest)
{
	CLEANUP(buf_done) struct buf text = {0};

	buf_add(&text, kem, 32);
	buf_bytes(&text, rest);
	if (!buf_ok(&text))
		abort(); /* a payload has passed a size limit before it comes here */
	return sha256(buf_view(&text));
}

struct binding
binding_attest(enum tee tee, const uint8_t nonce[NONCE_SIZE], const struct hash256 *server_key,
               const uint8_t exporter[EXPORTER_SIZE], struct bytes state_record)
{
	struct binding b = start(BINDING_ATTEST, tee, nonce);

	b.attester_key = *server_key;
	mem_copy(b.exporter, exporter, EXPORTER_SIZE);
	b.payload = sha256(state_record);
	return b;
}

struct binding
binding_statement(enum tee tee, const uint8_t nonce[NONCE_SIZE], struct bytes state_record)
{
	struct binding b = start(BINDING_STATEMENT, tee, nonce);

	b.payload = sha256(state_record);
	return b;
}

struct binding
binding_mesh_cert(enum tee tee, const uint8_t nonce[NONCE_SIZE], const struct hash256 *csr_key,
                  const struct hash256 *server_key, const uint8_t exporter[EXPORTER_SIZE],
                  const uint8_t kem[32], struct bytes csr_der)
{
	struct binding b = start(BINDING_MESH_CERT, tee, nonce);

	b.attester_key = *csr_key;
	b.peer_key = *server_key;
	mem_copy(b.exporter, exporter, EXPORTER_SIZE);
	b.payload = kem_payload(kem, csr_der);
	return b;
}

struct binding
binding_peer(enum tee tee, const uint8_t nonce[NONCE_SIZE], const struct hash256 *answer_key,
             const struct hash256 *server_key, const uint8_t exporter[EXPORTER_SIZE],
             const uint8_t kem[32])
{
	struct binding b = start(BINDING_PEER, tee, nonce);

	b.attester_key = *answer_key;
	b.peer_key = *server_key;
	mem_copy(b.exporter, exporter, EXPORTER_SIZE);
	b.payload = kem_payload(kem, (struct bytes){NULL, 0});
	return b;
}

struct hash512
binding_leaf(const struct binding *b)
{
	CLEANUP(buf_done) struct buf text = {0};

	buf_u8(&text, 0); /* a leaf; inner nodes of the tree start with 1 */
	buf_str(&text, "contrast/v1/");
	buf_str(&text, purposes[b->purpose].name);
	buf_u8(&text, 0);
	buf_u8(&text, (uint8_t)purposes[b->purpose].role);
	buf_u8(&text, (uint8_t)b->tee);
	buf_add(&text, b->nonce, sizeof b->nonce);
	buf_bytes(&text, hash256_view(&b->attester_key));
	buf_bytes(&text, hash256_view(&b->peer_key));
	buf_add(&text, b->exporter, sizeof b->exporter);
	buf_bytes(&text, hash256_view(&b->payload));
	if (!buf_ok(&text))
		abort(); /* some two hundred bytes */
	return sha512(buf_view(&text));
}

struct hash256
binding_vtpm(const uint8_t report_data[64])
{
	CLEANUP(buf_done) struct buf text = {0};

	buf_str(&text, "contrast/v1/vtpm");
	buf_u8(&text, 0);
	buf_add(&text, report_data, 64);
	if (!buf_ok(&text))
		abort(); /* 81 bytes */
	return sha256(buf_view(&text));
}
