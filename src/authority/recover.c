/* SPDX-License-Identifier: Apache-2.0 */
/* recover.c: shares of owners, and state of replicas (PROTOCOL section 9). */
#include "authority/answer.h"
#include "authority/engine.h"
#include "base/rd.h"
#include "crypto/shamir.h"
#include "json/value.h"

enum {
	RECOVER_PLAIN = 1 + SEED_SIZE + SALT_SIZE + SHA256_SIZE,
	PEER_PLAIN = SEED_SIZE + SALT_SIZE + SHA256_SIZE,
};

void
engine_forget_shares(struct authority *a)
{
	for (size_t i = 0; i < SHARES_MAX; i++) {
		secret_done(&a->recovery.share[i]);
		a->recovery.have[i] = false;
	}
	secret_done(&a->recovery.salt);
}

static size_t
shares_at_hand(const struct authority *a)
{
	size_t n = 0;

	for (size_t i = 0; i < SHARES_MAX; i++)
		n += a->recovery.have[i];
	return n;
}

/* Only a history that contains what the owner (or peer) last saw is activated. */
static status
check_last_head(const struct authority *a, const struct hash256 *head, const char *who,
                struct err *err)
{
	char hex[65];

	if (bytes_all_zero(hash256_view(head)) || engine_generation_of(a, head) > 0)
		return OK;
	return err_set(
	        err, ERR_REJECTED, "E-AUTHORITY-083",
	        "the store's history lacks transition %.16s... that %s has seen: it is older, "
	        "or forked",
	        hash256_hex(head, hex), who);
}

/* All at hand: the seed. A wrong one cannot come from shares that met their commitments. */
static status
combine(struct authority *a, int64_t now, struct err *err)
{
	CLEANUP(secret_done) struct secret seed = {0};
	struct bytes shares[SHARES_MAX];
	uint8_t indexes[SHARES_MAX];
	size_t n = 0;
	status s;

	for (size_t i = 0; i < SHARES_MAX && n < a->recovery.doc.k; i++) {
		if (!a->recovery.have[i])
			continue;
		indexes[n] = (uint8_t)(i + 1);
		shares[n++] = secret_view(&a->recovery.share[i]);
	}
	s = shamir_combine(indexes, shares, n, &seed, err);
	if (is_ok(s))
		s = engine_take_seed(a, secret_view(&seed), secret_view(&a->recovery.salt), now,
		                     err);
	/* An unreachable store is no reason to ask all owners again; a wrong seed is. */
	if (is_ok(s) || s.cls == ERR_REJECTED)
		engine_forget_shares(a);
	return s;
}

static status
write_answer(const struct authority *a, struct buf *answer, struct err *err)
{
	CLEANUP(arena_done) struct arena arena = {0};
	struct value v = json_object();

	json_put(&arena, &v, "phase", json_cstr(state_phase_name(a->phase)));
	json_put(&arena, &v, "have", json_int((int64_t)shares_at_hand(a)));
	json_put(&arena, &v, "need", json_int(a->recovery.doc.k));
	json_put(&arena, &v, "genesis", json_hex(&arena, hash256_view(&a->chain.genesis)));
	json_put(&arena, &v, "head", json_hex(&arena, hash256_view(&a->chain.head)));
	json_put(&arena, &v, "generation", json_int((int64_t)a->chain.generation));
	TRY(arena_check(&arena, err));
	json_write(&v, JSON_COMPACT, answer);
	return buf_check(answer, err);
}

static status
take_share(struct authority *a, struct bytes plain, int64_t now, struct err *err)
{
	struct bytes share = bytes_sub(plain, 1, 1 + SEED_SIZE);
	struct bytes salt = bytes_sub(plain, 1 + SEED_SIZE, 1 + SEED_SIZE + SALT_SIZE);
	struct hash256 head;
	uint8_t index = plain.n > 0 ? plain.p[0] : 0;

	if (plain.n != RECOVER_PLAIN)
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-080",
		               "the sealed message is no share");
	mem_copy(head.b, plain.p + plain.n - SHA256_SIZE, SHA256_SIZE);
	TRY(share_check(&a->recovery.doc, index, share, salt, err));
	TRY(check_last_head(a, &head, "its owner", err));
	secret_done(&a->recovery.share[index - 1]);
	secret_copy(&a->recovery.share[index - 1], share);
	a->recovery.have[index - 1] = true;
	a->recovery.since[index - 1] = now;
	secret_done(&a->recovery.salt);
	secret_copy(&a->recovery.salt, salt);
	return OK;
}

status
authority_recover(struct authority *a, struct bytes sealed, int64_t now, struct buf *answer,
                  struct err *err)
{
	CLEANUP(secret_done) struct secret plain = {0};

	if (a->phase == STATE_EMPTY)
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-085",
		               "there is nothing to recover: the store is empty");
	/* Idempotent: whoever sends a share too late learns that it is done. */
	if (a->phase == STATE_ACTIVE)
		return write_answer(a, answer, err);
	if (a->recovery.doc.k == 0)
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-086",
		               "the deployment has no seed share owners: its secrets are gone");
	TRY(authority_tick(a, now, err));
	TRY(seal_open(a->kem_key, SEAL_RECOVER, &a->chain.genesis, sealed, &plain, err));
	TRY(take_share(a, secret_view(&plain), now, err));
	if (shares_at_hand(a) >= a->recovery.doc.k)
		TRY(combine(a, now, err));
	return write_answer(a, answer, err);
}

/* ---- replicas ---- */

status
authority_peer_state(struct authority *a, const struct peer_request *r, int64_t now UNUSED,
                     struct buf *answer, struct err *err)
{
	CLEANUP(arena_done) struct arena arena = {0};
	CLEANUP(buf_done) struct buf plain = {0};
	CLEANUP(buf_done) struct buf sealed = {0};
	struct value v = json_object();
	char hex[65];

	if (a->phase != STATE_ACTIVE)
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-071", "no manifest is active");
	if (!hash256_equal(&r->head, &a->chain.head)) {
		engine_conflict_head(a, hex);
		return err_set(err, ERR_CONFLICT, "E-AUTHORITY-061", "the present head is %s", hex);
	}
	if (!manifest_is_coordinator(a->manifest, &r->policy))
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-087",
		               "policy %.16s... is no coordinator of the active manifest",
		               hash256_hex(&r->policy, hex));
	buf_bytes(&plain, secret_view(&a->seed.seed));
	buf_bytes(&plain, secret_view(&a->seed.salt));
	buf_bytes(&plain, hash256_view(&a->chain.head));
	TRY(buf_check(&plain, err));
	TRY(seal_to(r->kem, SEAL_PEER_STATE, &a->chain.genesis, buf_view(&plain), &sealed, err));
	json_put(&arena, &v, "state", json_base64(&arena, buf_view(&sealed)));
	TRY(arena_check(&arena, err));
	json_write(&v, JSON_COMPACT, answer);
	return buf_check(answer, err);
}

/* Records that reached the store since this replica started. */
static status
catch_up(struct authority *a, struct err *err)
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

status
authority_adopt(struct authority *a, struct bytes sealed, int64_t now, struct err *err)
{
	CLEANUP(secret_done) struct secret plain = {0};
	struct bytes b;
	struct hash256 head;

	if (a->phase != STATE_RECOVERING)
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-088",
		               "only a recovering Coordinator takes a peer's state");
	TRY(seal_open(a->kem_key, SEAL_PEER_STATE, &a->chain.genesis, sealed, &plain, err));
	b = secret_view(&plain);
	if (b.n != PEER_PLAIN)
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-080",
		               "the sealed message is no peer's state");
	mem_copy(head.b, b.p + SEED_SIZE + SALT_SIZE, SHA256_SIZE);
	TRY(catch_up(a, err));
	/* An active peer has a head: zeros would ask for no check at all. */
	if (bytes_all_zero(hash256_view(&head)))
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-080",
		               "the peer's state names no head");
	TRY(check_last_head(a, &head, "the peer", err));
	return engine_take_seed(a, bytes_sub(b, 0, SEED_SIZE),
	                        bytes_sub(b, SEED_SIZE, SEED_SIZE + SALT_SIZE), now, err);
}
