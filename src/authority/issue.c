/* SPDX-License-Identifier: Apache-2.0 */
/* issue.c: POST /v1/mesh/cert and GET /v1/bundle. */
#include "authority/answer.h"
#include "authority/bundle.h"
#include "authority/engine.h"
#include "json/value.h"

static status
check_active(const struct authority *a, const struct hash256 *head, struct err *err)
{
	char hex[65];

	if (a->phase != STATE_ACTIVE)
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-071",
		               "no manifest is active: set one, or recover");
	if (hash256_equal(head, &a->chain.head))
		return OK;
	engine_conflict_head(a, hex);
	return err_set(err, ERR_CONFLICT, "E-AUTHORITY-061", "the present head is %s", hex);
}

static status
put_secret(const struct authority *a, const struct cert_request *r,
           const struct manifest_policy *policy, struct arena *arena, struct value *v,
           struct err *err)
{
	CLEANUP(secret_done) struct secret secret = {0};
	CLEANUP(buf_done) struct buf sealed = {0};

	if (policy->workload_secret_id.n == 0)
		return OK;
	seed_workload_secret(&a->seed, policy->workload_secret_id, ENGINE_SECRET_VERSION, &secret);
	TRY(seal_to(r->kem, SEAL_WORKLOAD_SECRET, &a->chain.genesis, secret_view(&secret), &sealed,
	            err));
	json_put(arena, v, "secret", json_base64(arena, buf_view(&sealed)));
	return OK;
}

status
authority_mesh_cert(struct authority *a, const struct cert_request *r, int64_t now,
                    struct buf *answer, struct hash256 *log_entry, struct err *err)
{
	CLEANUP(arena_done) struct arena arena = {0};
	CLEANUP(cert_drop) struct cert *leaf = NULL;
	CLEANUP(buf_done) struct buf chain = {0};
	struct value v = json_object();
	const struct manifest_policy *policy;
	struct hash256 print;

	TRY(check_active(a, &r->head, err));
	policy = manifest_policy(a->manifest, &r->policy);
	if (!policy) {
		char hex[65];

		return err_set(err, ERR_REJECTED, "E-AUTHORITY-070",
		               "policy %s is not in the active manifest",
		               hash256_hex(&r->policy, hex));
	}
	if (key_kind(r->key) != KEY_P256)
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-072",
		               "the key of a pod must be P-256");
	TRY(put_secret(a, r, policy, &arena, &v, err));
	TRY(ca_issue_leaf(&a->mesh, policy, r->key, now, &leaf, err));
	cert_pem(leaf, &chain);
	buf_bytes(&chain, buf_view(&a->mesh.chain_pem));
	json_put(&arena, &v, "chain", json_copy_string(&arena, buf_view(&chain)));
	json_put(&arena, &v, "root_ca", json_string(buf_view(&a->root.pem)));
	json_put(&arena, &v, "mesh_ca", json_string(buf_view(&a->mesh.self_pem)));
	json_put(&arena, &v, "head", json_hex(&arena, hash256_view(&a->chain.head)));
	json_put(&arena, &v, "generation", json_int((int64_t)a->chain.generation));
	json_put(&arena, &v, "policy", json_hex(&arena, hash256_view(&r->policy)));
	json_put(&arena, &v, "not_after", json_int(cert_not_after(leaf)));
	TRY(arena_check(&arena, err));
	json_write(&v, JSON_COMPACT, answer);
	TRY(buf_check(answer, err));
	print = cert_fingerprint(leaf);
	*log_entry = log_entry_hash(now, &a->chain.head, &r->policy, &print);
	log_append(&a->log, log_entry);
	return OK;
}

void
authority_checkpoint(const struct authority *a, int64_t now, struct checkpoint *ret,
                     struct buf *signature)
{
	*ret = (struct checkpoint){
	        .genesis = *authority_genesis(a),
	        .log_id = a->answer_key_id,
	        .root = log_root(&a->log),
	        .size = a->log.size,
	        .time = now,
	};
	if (a->log_key)
		checkpoint_sign(a->log_key, ret, signature);
}

/* ---- bundle ---- */

static status
add_records(const struct authority *a, const struct hash256 *since, struct arena *arena,
            struct value *list, struct err *err)
{
	for (uint64_t g = engine_generation_of(a, since) + 1; g <= a->chain.generation; g++) {
		CLEANUP(buf_done) struct buf raw = {0};
		struct hash256 transition;
		struct record r;

		TRY(store_record(&a->o.store, g, &raw, err));
		TRY(record_parse(buf_view(&raw), &r, err));
		transition = record_transition(&r);
		/* The store is not trusted to return what was put there. */
		if (engine_generation_of(a, &transition) != g)
			return err_set(err, ERR_REJECTED, "E-AUTHORITY-073",
			               "the store returned another record of generation %llu",
			               (unsigned long long)g);
		json_add(arena, list, json_base64(arena, buf_view(&raw)));
	}
	return OK;
}

static struct value
pem_value(struct arena *arena, const struct cert *c)
{
	CLEANUP(buf_done) struct buf pem = {0};

	cert_pem(c, &pem);
	return json_copy_string(arena, buf_view(&pem));
}

static status
make_body(const struct authority *a, const struct hash256 *since, int64_t now, struct buf *body,
          struct err *err)
{
	CLEANUP(arena_done) struct arena arena = {0};
	struct value v = json_object(), policies = json_array(), records = json_array();

	for (size_t i = 0; i < a->manifest->n_policies; i++)
		json_add(&arena, &policies,
		         json_hex(&arena, hash256_view(&a->manifest->policies[i].hash)));
	TRY(add_records(a, since, &arena, &records, err));
	json_put(&arena, &v, "version", json_int(BUNDLE_VERSION));
	json_put(&arena, &v, "genesis", json_hex(&arena, hash256_view(&a->chain.genesis)));
	json_put(&arena, &v, "head", json_hex(&arena, hash256_view(&a->chain.head)));
	json_put(&arena, &v, "generation", json_int((int64_t)a->chain.generation));
	json_put(&arena, &v, "time", json_int(now));
	json_put(&arena, &v, "mesh_ca", json_string(buf_view(&a->mesh.chain_pem)));
	if (a->previous.there && now < a->previous.until) {
		json_put(&arena, &v, "previous_mesh_ca",
		         pem_value(&arena, a->previous.root_signed));
		json_put(&arena, &v, "previous_until", json_int(a->previous.until));
	}
	json_put(&arena, &v, "policies", policies);
	json_put(&arena, &v, "records", records);
	TRY(arena_check(&arena, err));
	json_write(&v, JSON_COMPACT, body);
	return buf_check(body, err);
}

static struct bundle_cache *
cached(struct authority *a, const struct hash256 *since, int64_t now)
{
	for (size_t i = 0; i < ENGINE_BUNDLES; i++)
		if (a->bundles[i].there && a->bundles[i].made == now &&
		    hash256_equal(&a->bundles[i].since, since))
			return &a->bundles[i];
	return NULL;
}

status
authority_bundle(struct authority *a, const struct hash256 *since, int64_t now, struct buf *body,
                 struct buf *signature, struct err *err)
{
	struct bundle_cache *c;
	/* Unknown heads are one and the same question, so that nobody can ask for endless
	 * signatures. */
	struct hash256 known = engine_generation_of(a, since) ? *since : (struct hash256){{0}};

	TRY(check_active(a, &a->chain.head, err));
	c = cached(a, &known, now);
	if (!c) {
		c = &a->bundles[a->next_bundle++ % ENGINE_BUNDLES];
		c->there = false;
		buf_reset(&c->body);
		buf_reset(&c->signature);
		TRY(make_body(a, &known, now, &c->body, err));
		bundle_sign(a->mesh.key, buf_view(&c->body), &c->signature);
		c->since = known;
		c->made = now;
		c->there = true;
	}
	buf_bytes(body, buf_view(&c->body));
	buf_bytes(signature, buf_view(&c->signature));
	TRY(buf_check(body, err));
	return buf_check(signature, err);
}
