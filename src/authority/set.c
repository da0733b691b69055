/* SPDX-License-Identifier: Apache-2.0 */
/* set.c: POST /v1/manifest. */
#include "authority/engine.h"
#include "json/value.h"

/* ---- the candidate ---- */

static status
fill_record(const struct chain *c, const struct set_request *r, struct record *ret, struct err *err)
{
	*ret = (struct record){
	        .generation = c->generation + 1,
	        .previous = c->head,
	        .manifest = sha256(r->manifest),
	        .k = r->k,
	        .n_owners = r->n_owners,
	};
	if (r->n_owners > RECORD_MAX_OWNERS)
		return err_set(err, ERR_LIMIT, "E-AUTHORITY-014", "at most %d owners",
		               RECORD_MAX_OWNERS);
	mem_copy(ret->owners, r->owners, r->n_owners * sizeof ret->owners[0]);
	for (size_t i = 0; i < r->n_signatures; i++)
		TRY(record_add_signature(ret, r->signatures[i].spki, r->signatures[i].der, err));
	return OK;
}

/*
 * Is it the set that led to the present head, sent once more because its
 * answer was lost? Judged as the first time: by the signatures of the record
 * before.
 */
static bool
is_repeat(const struct authority *a, const struct set_request *r)
{
	struct chain c = a->before;
	struct record again;
	struct err err;

	return a->chain.generation > 0 && is_ok(fill_record(&c, r, &again, &err)) &&
	       is_ok(chain_extend(&c, &again, &err)) && hash256_equal(&c.head, &a->chain.head);
}

static status
check_head(const struct authority *a, const struct set_request *r, struct err *err)
{
	char hex[65];

	if (hash256_equal(&r->head, authority_head(a)))
		return OK;
	engine_conflict_head(a, hex);
	return err_set(err, ERR_CONFLICT, "E-AUTHORITY-061", "the present head is %s", hex);
}

/* ---- rules beyond the manifest's own ---- */

static status
check_owners(const struct manifest *m, const struct set_request *r, struct err *err)
{
	struct hash256 said = manifest_owners_digest(m);
	struct hash256 claimed = owners_digest(r->k, r->owners, r->n_owners);

	if (!hash256_equal(&said, &claimed))
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-063",
		               "owners or threshold of the transition are not the manifest's");
	return OK;
}

static status
check_rules(const struct authority *a, const struct manifest *m, const struct set_request *r,
            struct err *err)
{
	struct hash256 shares = manifest_shares_digest(m);

	TRY(check_owners(m, r, err));
	/* A keeper on real hardware must not serve machines that anybody can imitate. */
	if (m->insecure && a->o.vendor_root)
		return err_set(
		        err, ERR_REJECTED, "E-AUTHORITY-064",
		        "the manifest is \"Insecure\", this Coordinator runs on real hardware");
	if (a->o.has_own_policy && !manifest_is_coordinator(m, &a->o.own_policy))
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-065",
		               "this Coordinator's own policy is no coordinator of the manifest: "
		               "nobody would accept it any more");
	if (a->chain.generation > 0 && !hash256_equal(&shares, &a->shares_digest))
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-066",
		               "seed share owners and threshold are fixed by the first manifest");
	return OK;
}

/* Every policy of the manifest has its document, here or in the store; none is left over. */
static status
check_documents(const struct authority *a, const struct manifest *m, const struct set_request *r,
                struct err *err)
{
	CLEANUP(arena_done) struct arena arena = {0};
	bool *here = arena_array(&arena, MAX(m->n_policies, 1), sizeof *here);
	char hex[65];

	TRY(arena_check(&arena, err));
	for (size_t i = 0; i < r->n_policies; i++) {
		struct hash256 hash = sha256(r->policies[i]);
		const struct manifest_policy *p = manifest_policy(m, &hash);

		if (!p)
			return err_set(err, ERR_PARSE, "E-AUTHORITY-067",
			               "policy document %s is not in the manifest",
			               hash256_hex(&hash, hex));
		here[p - m->policies] = true;
	}
	for (size_t i = 0; i < m->n_policies; i++) {
		CLEANUP(buf_done) struct buf doc = {0};

		if (!here[i] &&
		    !is_ok(store_get(&a->o.store, &m->policies[i].hash, STORE_MAX_BLOB, &doc, err)))
			return err_set(err, ERR_PARSE, "E-AUTHORITY-067",
			               "the document of policy %s is missing",
			               hash256_hex(&m->policies[i].hash, hex));
	}
	return OK;
}

/* ---- storing: everything first, the record last ---- */

static status
put_genesis_document(struct authority *a, const struct manifest *m, struct err *err)
{
	CLEANUP(buf_done) struct buf doc = {0};
	char name[80];

	TRY(shares_make(&a->seed, a->root.key, &a->chain.genesis, m, &doc, err));
	engine_genesis_name(&a->chain.genesis, name);
	return store_put_name(&a->o.store, name, buf_view(&doc), err);
}

static status
store_all(struct authority *a, const struct record *record, const struct manifest *m,
          const struct set_request *r, struct err *err)
{
	CLEANUP(buf_done) struct buf raw = {0};
	struct hash256 hash;

	TRY(store_put(&a->o.store, r->manifest, &hash, err));
	for (size_t i = 0; i < r->n_policies; i++)
		TRY(store_put(&a->o.store, r->policies[i], &hash, err));
	if (record->generation == 1)
		TRY(put_genesis_document(a, m, err));
	record_emit(record, &raw);
	TRY(buf_check(&raw, err));
	return store_append(&a->o.store, record->generation, buf_view(&raw), err);
}

/* ---- the answer ---- */

static status
write_answer(struct authority *a, struct buf *answer, struct err *err)
{
	CLEANUP(arena_done) struct arena arena = {0};
	CLEANUP(buf_done) struct buf shares = {0};
	struct value v = json_object();
	char name[80];

	json_put(&arena, &v, "generation", json_int((int64_t)a->chain.generation));
	json_put(&arena, &v, "genesis", json_hex(&arena, hash256_view(&a->chain.genesis)));
	json_put(&arena, &v, "head", json_hex(&arena, hash256_view(&a->chain.head)));
	json_put(&arena, &v, "root_ca", json_string(buf_view(&a->root.pem)));
	json_put(&arena, &v, "mesh_ca", json_string(buf_view(&a->mesh.self_pem)));
	if (a->chain.generation == 1) {
		engine_genesis_name(&a->chain.genesis, name);
		TRY(store_get_name(&a->o.store, name, SHARES_MAX_BYTES, &shares, err));
		json_put(&arena, &v, "shares", json_base64(&arena, buf_view(&shares)));
	}
	TRY(arena_check(&arena, err));
	json_write(&v, JSON_COMPACT, answer);
	return buf_check(answer, err);
}

/* Extends the engine; on failure everything is as before. */
static status
swap(struct authority *a, const struct record *record, struct manifest *m, int64_t now,
     struct err *err)
{
	struct chain chain = a->chain, before = a->before;
	status s;

	TRY(engine_extend(a, record, err));
	s = engine_activate(a, m, true, now, err);
	if (!is_ok(s)) {
		a->chain = chain;
		a->before = before;
		a->heads.n -= SHA256_SIZE;
		return s;
	}
	if (record->generation == 1)
		a->shares_digest = manifest_shares_digest(m);
	return OK;
}

static status
set_next(struct authority *a, const struct set_request *r, int64_t now, struct err *err)
{
	CLEANUP(manifest_drop) struct manifest *m = NULL;
	struct chain next = a->chain;
	struct record record;
	status s;

	TRY(check_head(a, r, err));
	TRY(fill_record(&next, r, &record, err));
	TRY(chain_extend(&next, &record, err));
	/* Signed by those who may: only now is the manifest more than bytes. */
	TRY(manifest_parse(r->manifest, &m, NULL, err));
	TRY(check_rules(a, m, r, err));
	TRY(check_documents(a, m, r, err));
	s = store_all(a, &record, m, r, err);
	if (s.cls == ERR_CONFLICT) {
		char hex[65];
		struct err ignored;

		/* Another keeper was first, or an answer of the store was lost: take up what is
		 * there. */
		if (is_ok(authority_sync(a, now, &ignored)) && is_repeat(a, r))
			return OK;
		engine_conflict_head(a, hex);
		return err_set(err, ERR_CONFLICT, "E-AUTHORITY-061", "the present head is %s", hex);
	}
	TRY(s);
	return swap(a, &record, m, now, err);
}

status
authority_set(struct authority *a, const struct set_request *r, int64_t now, struct buf *answer,
              struct err *err)
{
	if (a->phase == STATE_RECOVERING)
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-062",
		               "the Coordinator is recovering: recover it first");
	if (!is_repeat(a, r))
		TRY(set_next(a, r, now, err));
	return write_answer(a, answer, err);
}
