/* SPDX-License-Identifier: Apache-2.0 */
#include "authority/answer.h"
#include "authority/engine.h"
#include "base/rd.h"

#include <stdio.h>

enum { NONCE_RANDOM = 8, NONCE_SIGNED = 8 + NONCE_RANDOM, NONCE_MAC = 16 };

static const struct hash256 zero;

void
engine_genesis_name(const struct hash256 *genesis, char to[80])
{
	char hex[65];

	snprintf(to, 80, "genesis-%s", hash256_hex(genesis, hex));
}

/* ---- start ---- */

static void
make_start_keys(struct authority *a)
{
	a->answer_key = key_generate(KEY_P256, 0);
	a->answer_key_id = key_id(a->answer_key);
	a->kem_key = key_generate(KEY_X25519, 0);
	key_x25519_raw_public(a->kem_key, a->kem_public);
	secret_random(&a->nonce_key, 32);
}

/* The store is empty: this is a deployment of its own, known before anything is signed. */
static status
start_empty(struct authority *a, int64_t now, struct err *err)
{
	seed_random(&a->seed);
	TRY(root_ca_make(&a->root, &a->seed, now, err));
	a->log_key = seed_log_key(&a->seed);
	chain_start(&a->chain, &a->o.pins, &a->root.key_id);
	a->before = a->chain;
	a->phase = STATE_EMPTY;
	return OK;
}

/* Document of the genesis that record 1 names, checked against the pins. */
static status
load_shares(struct authority *a, const struct hash256 *genesis, struct err *err)
{
	char name[80];

	engine_genesis_name(genesis, name);
	TRY(store_get_name(&a->o.store, name, SHARES_MAX_BYTES, &a->recovery.doc_bytes, err));
	TRY(shares_parse(buf_view(&a->recovery.doc_bytes), &a->recovery.doc, err));
	return shares_verify(&a->recovery.doc, &a->o.pins, genesis, err);
}

/* Records from the store until there is none; each checked. */
static status
walk_records(struct authority *a, struct err *err)
{
	for (;;) {
		CLEANUP(buf_done) struct buf raw = {0};
		struct record r;
		status s = store_record(&a->o.store, a->chain.generation + 1, &raw, err);

		if (s.cls == ERR_NOT_FOUND)
			return OK;
		TRY(s);
		TRY(record_parse(buf_view(&raw), &r, err));
		TRY(engine_extend(a, &r, err));
	}
}

static status
start_recovering(struct authority *a, const struct record *first, struct err *err)
{
	TRY(load_shares(a, &first->previous, err));
	chain_start(&a->chain, &a->o.pins, &a->recovery.doc.root_key_id);
	a->before = a->chain;
	TRY(walk_records(a, err));
	a->phase = STATE_RECOVERING;
	return OK;
}

static status
start(struct authority *a, int64_t now, struct err *err)
{
	CLEANUP(buf_done) struct buf raw = {0};
	struct record first;
	status s = store_record(&a->o.store, 1, &raw, err);

	make_start_keys(a);
	if (s.cls == ERR_NOT_FOUND)
		return start_empty(a, now, err);
	TRY(s);
	s = record_parse(buf_view(&raw), &first, err);
	if (is_ok(s))
		s = start_recovering(a, &first, err);
	/* Overwriting it would destroy somebody's history: only a human may decide that. */
	if (!is_ok(s)) {
		struct err why = err ? *err : (struct err){0};

		return err_set(err, ERR_REJECTED, "E-AUTHORITY-060",
		               "the store holds a history that is not this deployment's: %s [%s]",
		               why.msg, why.id);
	}
	return OK;
}

status
authority_new(const struct authority_options *o, int64_t now, struct authority **ret,
              struct err *err)
{
	struct authority *a = mem_new(struct authority);
	status s;

	a->o = *o;
	s = o->pins.n_keys > 0 ? start(a, now, err)
	                       : err_set(err, ERR_USAGE, "E-AUTHORITY-002",
	                                 "the pins of the deployment are missing");
	if (!is_ok(s)) {
		authority_free(a);
		return s;
	}
	*ret = a;
	return OK;
}

void
authority_free(struct authority *a)
{
	if (!a)
		return;
	engine_forget_shares(a);
	buf_done(&a->recovery.doc_bytes);
	for (size_t i = 0; i < ENGINE_BUNDLES; i++) {
		buf_done(&a->bundles[i].body);
		buf_done(&a->bundles[i].signature);
	}
	key_free(a->answer_key);
	key_free(a->kem_key);
	secret_done(&a->nonce_key);
	seed_done(&a->seed);
	root_ca_done(&a->root);
	key_free(a->log_key);
	buf_done(&a->heads);
	manifest_free(a->manifest);
	mesh_ca_done(&a->mesh);
	cert_drop(&a->previous.root_signed);
	marks_done(&a->marks);
	mem_free(a);
}

/* ---- state ---- */

bool
authority_is_active(const struct authority *a)
{
	return a->phase == STATE_ACTIVE;
}

const struct hash256 *
authority_genesis(const struct authority *a)
{
	return a->phase == STATE_RECOVERING ? &zero : &a->chain.genesis;
}

const struct hash256 *
authority_head(const struct authority *a)
{
	return a->phase == STATE_ACTIVE ? &a->chain.head : &zero;
}

uint64_t
authority_generation(const struct authority *a)
{
	return a->phase == STATE_ACTIVE ? a->chain.generation : 0;
}

const struct manifest *
authority_manifest(const struct authority *a)
{
	return a->phase == STATE_ACTIVE ? a->manifest : NULL;
}

const struct root_ca *
authority_root(const struct authority *a)
{
	return a->phase == STATE_RECOVERING ? NULL : &a->root;
}

const struct mesh_ca *
authority_mesh(const struct authority *a)
{
	return a->phase == STATE_ACTIVE ? &a->mesh : NULL;
}

const struct key *
authority_answer_key(const struct authority *a)
{
	return a->answer_key;
}

int64_t
authority_time_floor(const struct authority *a)
{
	return a->floor;
}

static bool
previous_counts(const struct authority *a, int64_t now)
{
	return a->previous.there && now < a->previous.until;
}

/* PROTOCOL section 3: what is zero in which phase. */
void
authority_state(const struct authority *a, int64_t now, struct state_record *ret)
{
	struct state_record s = {
	        .phase = a->phase,
	        .generation = authority_generation(a),
	        .genesis = *authority_genesis(a),
	        .head = *authority_head(a),
	        .answer_key = a->answer_key_id,
	        .log_size = a->log.size,
	        .log_root = log_root(&a->log),
	        .time = (uint64_t)now,
	};

	mem_copy(s.kem, a->kem_public, sizeof s.kem);
	if (a->phase != STATE_RECOVERING)
		s.root_key = a->root.key_id;
	if (a->phase == STATE_ACTIVE) {
		s.mesh_key = a->mesh.key_id;
		if (previous_counts(a, now))
			s.previous_mesh_key = a->previous.key_id;
	}
	*ret = s;
}

status
authority_tick(struct authority *a, int64_t now, struct err *err)
{
	for (size_t i = 0; i < SHARES_MAX; i++) {
		if (!a->recovery.have[i] || now - a->recovery.since[i] < ENGINE_SHARE_SECONDS)
			continue;
		secret_done(&a->recovery.share[i]);
		a->recovery.have[i] = false;
	}
	if (a->phase != STATE_ACTIVE)
		return OK;
	if (a->previous.there && !previous_counts(a, now)) {
		cert_drop(&a->previous.root_signed);
		a->previous.there = false;
	}
	if (now - a->mesh.made < ENGINE_RENEW_SECONDS)
		return OK;
	return mesh_ca_renew(&a->mesh, &a->root, a->manifest->permitted_names,
	                     a->manifest->n_permitted_names, now, err);
}

void
engine_conflict_head(const struct authority *a, char to[65])
{
	hash256_hex(authority_head(a), to);
}

/* ---- nonces (PROTOCOL section 4) ---- */

void
authority_nonce(const struct authority *a, int64_t now, uint8_t to[AUTHORITY_NONCE_SIZE])
{
	CLEANUP(buf_done) struct buf b = {0};
	uint8_t random[NONCE_RANDOM];
	struct hash256 mac;

	random_bytes(random, sizeof random);
	buf_be64(&b, (uint64_t)now);
	buf_add(&b, random, sizeof random);
	mac = hmac_sha256(secret_view(&a->nonce_key), buf_view(&b));
	buf_add(&b, mac.b, NONCE_MAC);
	mem_copy(to, b.p, AUTHORITY_NONCE_SIZE);
}

status
authority_nonce_check(const struct authority *a, int64_t now, struct bytes nonce, struct err *err)
{
	struct rd rd = rd_init(nonce);
	uint64_t made = rd_be64(&rd);
	struct hash256 mac;

	if (nonce.n != AUTHORITY_NONCE_SIZE)
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-050",
		               "the nonce has %zu bytes, not %d", nonce.n, AUTHORITY_NONCE_SIZE);
	mac = hmac_sha256(secret_view(&a->nonce_key), bytes_sub(nonce, 0, NONCE_SIGNED));
	if (!ct_equal(bytes_of(mac.b, NONCE_MAC), bytes_sub(nonce, NONCE_SIGNED, nonce.n)))
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-050",
		               "the nonce was not made by this Coordinator");
	/* The clock never goes back, so a nonce from the future is none of ours either. */
	if (now < 0 || made > (uint64_t)now || (uint64_t)now - made > AUTHORITY_NONCE_SECONDS)
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-051",
		               "the nonce is older than %d seconds", AUTHORITY_NONCE_SECONDS);
	return OK;
}

void
authority_sign_answer(const struct authority *a, const char *path, const struct hash256 *head,
                      struct bytes request, struct bytes answer, struct buf *signature)
{
	answer_sign(a->answer_key, path, authority_genesis(a), head, request, answer, signature);
}
