/* SPDX-License-Identifier: Apache-2.0 */
#include "node/quoter_state.h"

#include "base/file.h"
#include "evidence/tdx/reference.h"
#include "node/processor_state.h"
#include "json/value.h"

enum { ENCLAVE_SVN = 4, ENCLAVE_PRODUCT = 2, STATEMENTS_RENEW_DAYS = 10, SPKI_POINT = 27 };

static const char folder[] = "tdx";

/* INIT and 64 bit; not debug. */
static const uint8_t enclave_attributes[16] = {0x11};
static const uint8_t enclave_hash[32] = "Contrast local quoting enclave";
static const uint8_t enclave_signer[32] = "Contrast local enclave signer";

const struct qe_report quoter_enclave = {
        .attributes = {enclave_attributes, sizeof enclave_attributes},
        .mrenclave = {enclave_hash, sizeof enclave_hash},
        .mrsigner = {enclave_signer, sizeof enclave_signer},
        .isv_prod_id = ENCLAVE_PRODUCT,
        .isv_svn = ENCLAVE_SVN,
};

static const struct quoter_facts the_facts = {
        .tee_tcb_svn = {5, 1, 3},
        .mrseam = {"Contrast local TDX module 1.5"},
        .xfam = 0xe7,
        .td_attributes = TDX_ATTRIBUTES_REQUIRED,
        .pck = {.comp = {7, 7, 2, 2, 3, 1, 0, 3, 128, 255},
                .pcesvn = 13,
                .fmspc = {'L', 'O', 'C', 'A', 'L', 0},
                .sgx_type = SGX_SCALABLE_INTEGRITY,
                .has_piid = true,
                .has_configuration = true,
                .cached_keys = true,
                .smt_enabled = true},
};

const struct quoter_facts *
quoter_get_facts(const struct quoter *q)
{
	return &q->facts;
}

struct hash256
quoter_trust_root(const struct quoter *q)
{
	return key_id(q->root_key);
}

/* ---- state ---- */

static status
load_keys(struct quoter *q, const char *dir, struct err *err)
{
	CLEANUP(fd_close) int lock = -1;
	char path[STATE_PATH_SIZE];

	TRY(state_check(dir, err));
	TRY(state_lock(dir, &lock, err));
	TRY(state_path(dir, NULL, folder, path, err));
	TRY(dir_create(path, 0700, err));
	TRY(state_key(dir, folder, "root.key", KEY_P256, &q->root_key, err));
	TRY(state_key(dir, folder, "platform.key", KEY_P256, &q->platform_key, err));
	TRY(state_key(dir, folder, "signer.key", KEY_P256, &q->signer_key, err));
	TRY(state_key(dir, folder, "pck.key", KEY_P256, &q->pck_key, err));
	return state_random(dir, folder, "piid", q->facts.pck.piid, sizeof q->facts.pck.piid, err);
}

/* The quoting enclave is started: a fresh attestation key, vouched for by the PCK. */
static void
start_enclave(struct quoter *q)
{
	CLEANUP(buf_done) struct buf spki = {0};
	struct qe_report r = quoter_enclave;
	uint8_t report_data[64] = {0};
	struct hasher *h = hasher_new(HASH_SHA256);

	q->attestation = key_generate(KEY_P256, 0);
	key_spki(q->attestation, &spki);
	/* The SubjectPublicKeyInfo of a P-256 key ends with 04 and the point. */
	mem_copy(q->point, spki.p + SPKI_POINT, sizeof q->point);
	random_bytes(q->auth, sizeof q->auth);
	hasher_add(h, bytes_of(q->point, sizeof q->point));
	hasher_add(h, bytes_of(q->auth, sizeof q->auth));
	hasher_final(h, report_data);
	hasher_free(h);
	r.report_data = bytes_of(report_data, sizeof report_data);
	qe_report_emit(&r, q->facts.pck.comp, &q->qe_report);
	key_sign_ecdsa_raw(q->pck_key, SIG_SHA256, buf_view(&q->qe_report), 32, q->qe_signature,
	                   q->qe_signature + 32);
}

status
quoter_open(const char *dir, int64_t now, struct quoter **ret, struct err *err)
{
	CLEANUP(quoter_drop) struct quoter *q = mem_new(struct quoter);

	q->facts = the_facts;
	TRY(load_keys(q, dir, err));
	TRY(quoter_issue_certs(q, now, err));
	start_enclave(q);
	TRY(buf_check(&q->qe_report, err));
	*ret = q;
	q = NULL;
	return OK;
}

void
quoter_free(struct quoter *q)
{
	if (!q)
		return;
	key_free(q->root_key);
	key_free(q->platform_key);
	key_free(q->signer_key);
	key_free(q->pck_key);
	key_free(q->attestation);
	cert_free(q->root);
	cert_free(q->platform);
	cert_free(q->signer);
	cert_free(q->pck);
	buf_done(&q->pem);
	buf_done(&q->qe_report);
	buf_done(&q->root_crl);
	buf_done(&q->pck_crl);
	buf_done(&q->tcb_info);
	buf_done(&q->qe_identity);
	mem_free(q);
}

/* ---- quotes ---- */

status
quoter_quote(const struct quoter *q, const struct td_launch *l, uint16_t version,
             const uint8_t report_data[QUOTER_REPORT_DATA_SIZE], struct buf *out, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};
	uint8_t config[48] = {0}, signature[64];
	struct tdx_quote quote = {
	        .version = version,
	        .body = version == 5 ? TDX_BODY_15 : TDX_BODY_10,
	        .tee_tcb_svn = bytes_of(q->facts.tee_tcb_svn, TDX_SVNS),
	        .tee_tcb_svn2 = bytes_of(q->facts.tee_tcb_svn, TDX_SVNS),
	        .mrseam = hash384_view(&q->facts.mrseam),
	        .td_attributes = q->facts.td_attributes | (l->debug ? 1 : 0),
	        .xfam = q->facts.xfam,
	        .mrtd = hash384_view(&l->registers.mrtd),
	        .mrconfigid = bytes_of(config, sizeof config),
	        .report_data = bytes_of(report_data, QUOTER_REPORT_DATA_SIZE),
	        .attestation_key = bytes_of(q->point, sizeof q->point),
	        .qe_report = buf_view(&q->qe_report),
	        .qe_signature = bytes_of(q->qe_signature, sizeof q->qe_signature),
	        .qe_auth_data = bytes_of(q->auth, sizeof q->auth),
	        .pck_pem = buf_view(&q->pem),
	        .signature = bytes_of(signature, sizeof signature),
	};

	if (version != 4 && version != 5)
		return err_set(err, ERR_UNSUPPORTED, "E-NODE-018",
		               "quotes have version 4 or 5, not %u", version);
	mem_copy(config, l->policy, sizeof l->policy);
	for (size_t i = 0; i < TDX_RTMRS; i++)
		quote.rtmr[i] = hash384_view(&l->registers.rtmr[i]);
	tdx_quote_emit_signed(&quote, &text);
	TRY(buf_check(&text, err));
	key_sign_ecdsa_raw(q->attestation, SIG_SHA256, buf_view(&text), 32, signature,
	                   signature + 32);
	tdx_quote_emit(&quote, out);
	return buf_check(out, err);
}

status
quoter_endorse(struct quoter *q, int64_t now, struct endorsements *ret, struct err *err)
{
	if (q->fresh_until - now < (int64_t)STATEMENTS_RENEW_DAYS * QUOTER_DAY)
		TRY(quoter_issue_statements(q, now, QUOTER_EVALUATION, err));
	*ret = (struct endorsements){
	        .certs = {cert_der(q->signer), cert_der(q->root)},
	        .n_certs = 2,
	        .crls = {buf_view(&q->root_crl), buf_view(&q->pck_crl)},
	        .n_crls = 2,
	        .tcb_info = buf_view(&q->tcb_info),
	        .qe_identity = buf_view(&q->qe_identity),
	};
	return OK;
}

/* ---- reference values ---- */

static struct value
rtmr_list(struct arena *a, const struct td_launch *l)
{
	struct value v = json_array();

	for (size_t i = 0; i < TDX_RTMRS; i++)
		json_add(a, &v, json_hex(a, hash384_view(&l->registers.rtmr[i])));
	return v;
}

status
quoter_reference_json(const struct quoter *q, struct bytes platform, const struct td_launch *l,
                      struct buf *out, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf xfam = {0};
	struct hash256 root = quoter_trust_root(q);
	struct value file = json_object(), sets = json_array(), v = json_object();

	buf_le64(&xfam, q->facts.xfam);
	json_put(&a, &v, "Platform", json_string(platform));
	json_put(&a, &v, "MrTd", json_hex(&a, hash384_view(&l->registers.mrtd)));
	json_put(&a, &v, "MrSeam", json_hex(&a, hash384_view(&q->facts.mrseam)));
	json_put(&a, &v, "Rtmrs", rtmr_list(&a, l));
	json_put(&a, &v, "Xfam", json_hex(&a, buf_view(&xfam)));
	json_put(&a, &v, "MemoryIntegrity", json_bool(true));
	json_put(&a, &v, "StaticPlatform", json_bool(true));
	json_put(&a, &v, "MinTCBEvaluationDataNumber", json_int(QUOTER_EVALUATION));
	json_put(&a, &v, "TrustRoot", json_hex(&a, hash256_view(&root)));
	json_add(&a, &sets, v);
	json_put(&a, &file, "tdx", sets);
	TRY(arena_check(&a, err));
	json_write(&file, JSON_INDENT, out);
	buf_u8(out, '\n');
	return buf_check(out, err);
}
