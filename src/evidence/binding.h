/* SPDX-License-Identifier: Apache-2.0 */
/*
 * binding.h: what evidence is bound to (PROTOCOL section 4). A leaf names
 * purpose, role, nonce, both TLS keys, this session's exporter and a payload;
 * REPORTDATA is the leaf, or the root of a tree of leaves (batch.h). The
 * verifier recomputes everything; nobody parses REPORTDATA.
 */
#ifndef EVIDENCE_BINDING_H
#define EVIDENCE_BINDING_H

#include "crypto/hash.h"

/*
 * Kinds of evidence. With a virtual TPM: report or quote are those of a paravisor, REPORTDATA
 * names the TPM's key, and the TPM's quote is what is bound to a session.
 */
enum tee { TEE_SNP = 1, TEE_TDX = 2, TEE_SNP_VTPM = 3, TEE_TDX_VTPM = 4 };

/* "snp", "tdx", "snp-vtpm", "tdx-vtpm"; NULL for any other number. */
const char *tee_name(enum tee tee);
bool tee_parse(struct bytes name, enum tee *ret);
/* Whose signature all of it rests on: TEE_SNP or TEE_TDX. */
enum tee tee_hardware(enum tee tee);
bool tee_has_vtpm(enum tee tee);

/* The closed set of purposes. */
enum binding_purpose {
	BINDING_ATTEST,    /* Coordinator to CLI or pod; payload: state record */
	BINDING_STATEMENT, /* proves the state, never the channel: browsers, receipts */
	BINDING_MESH_CERT, /* pod to Coordinator; payload: kem[32] || CSR DER */
	BINDING_PEER,      /* replica to its peer; payload: kem[32] */
};
enum { BINDING_PURPOSES = 4 };

/* Who attests. Fixed by the purpose. */
enum binding_role { BINDING_SERVER = 1, BINDING_CLIENT = 2 };

enum { NONCE_SIZE = 32, EXPORTER_SIZE = 32 };

/* Everything that the leaf hashes. Use the constructors: they leave zero what is zero by purpose.
 */
struct binding {
	enum binding_purpose purpose;
	enum tee tee;
	uint8_t nonce[NONCE_SIZE];
	struct hash256 attester_key; /* of DER SubjectPublicKeyInfo, as key_id() */
	struct hash256 peer_key;
	uint8_t exporter[EXPORTER_SIZE];
	struct hash256 payload;
};

/* "attest", "statement", "mesh-cert", "peer". */
const char *binding_purpose_name(enum binding_purpose purpose);
/* false if the text is none of them. */
bool binding_purpose_parse(struct bytes text, enum binding_purpose *ret);
enum binding_role binding_role_of(enum binding_purpose purpose);
/* Label of the TLS exporter, whose context is the nonce: "EXPORTER-contrast-attest-server". */
const char *binding_exporter_label(enum binding_purpose purpose);

struct binding binding_attest(enum tee tee, const uint8_t nonce[NONCE_SIZE],
                              const struct hash256 *server_key,
                              const uint8_t exporter[EXPORTER_SIZE], struct bytes state_record);
struct binding binding_statement(enum tee tee, const uint8_t nonce[NONCE_SIZE],
                                 struct bytes state_record);
struct binding binding_mesh_cert(enum tee tee, const uint8_t nonce[NONCE_SIZE],
                                 const struct hash256 *csr_key, const struct hash256 *server_key,
                                 const uint8_t exporter[EXPORTER_SIZE], const uint8_t kem[32],
                                 struct bytes csr_der);
struct binding binding_peer(enum tee tee, const uint8_t nonce[NONCE_SIZE],
                            const struct hash256 *answer_key, const struct hash256 *server_key,
                            const uint8_t exporter[EXPORTER_SIZE], const uint8_t kem[32]);

/* SHA-512(00 || "contrast/v1/" purpose 00 || role || tee || nonce || keys || exporter || payload).
 */
struct hash512 binding_leaf(const struct binding *b);

/*
 * Extra data of a virtual TPM's quote that is bound to these 64 bytes, which
 * elsewhere are REPORTDATA: SHA-256("contrast/v1/vtpm" 00 || report data). A
 * TPM takes no more extra data than its largest hash and two bytes have (34,
 * 50 or 66: TPM2B_DATA), and the leaf is 64 long.
 */
struct hash256 binding_vtpm(const uint8_t report_data[64]);

#endif
