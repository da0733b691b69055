/* SPDX-License-Identifier: Apache-2.0 */
/* activate.c: from a checked chain to the active manifest and its CA. */
#include "authority/engine.h"

status
engine_extend(struct authority *a, const struct record *r, struct err *err)
{
	struct chain before = a->chain;

	TRY(chain_extend(&a->chain, r, err));
	buf_bytes(&a->heads, hash256_view(&a->chain.head));
	if (!buf_ok(&a->heads)) {
		a->chain = before;
		return buf_check(&a->heads, err);
	}
	a->before = before;
	return OK;
}

uint64_t
engine_generation_of(const struct authority *a, const struct hash256 *head)
{
	for (size_t i = 0; i < a->heads.n / SHA256_SIZE; i++)
		if (bytes_equal(bytes_of(a->heads.p + i * SHA256_SIZE, SHA256_SIZE),
		                hash256_view(head)))
			return i + 1;
	return 0;
}

status
engine_load_manifest(struct authority *a, const struct hash256 *hash, struct manifest **ret,
                     struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};

	/* The hash comes from a chain that was checked: now it may be parsed. */
	TRY(store_get(&a->o.store, hash, MANIFEST_MAX_BYTES, &text, err));
	return manifest_parse(buf_view(&text), ret, NULL, err);
}

static void
forget_bundles(struct authority *a)
{
	for (size_t i = 0; i < ENGINE_BUNDLES; i++)
		a->bundles[i].there = false;
}

/* The present mesh CA becomes the previous one, for those who still hold its leaves. */
static void
retire_mesh(struct authority *a, bool keep, int64_t now)
{
	cert_drop(&a->previous.root_signed);
	a->previous.there = false;
	if (keep && a->mesh.key) {
		a->previous = (struct previous_ca){
		        .there = true,
		        .key_id = a->mesh.key_id,
		        .root_signed = cert_ref(a->mesh.root_signed),
		        .until = now + AUTHORITY_PREVIOUS_CA_SECONDS,
		};
	}
	mesh_ca_done(&a->mesh);
}

/*
 * What holds for every manifest however it arrived (set, store, recovery): an
 * owner may have signed what no keeper ever accepted.
 */
static status
check_always(const struct authority *a, const struct manifest *m, struct err *err)
{
	struct hash256 shares = manifest_shares_digest(m);

	/* A keeper on real hardware must not serve machines that anybody can imitate. */
	if (m->insecure && a->o.vendor_root)
		return err_set(
		        err, ERR_REJECTED, "E-AUTHORITY-064",
		        "the manifest is \"Insecure\", this Coordinator runs on real hardware");
	if (a->chain.generation > 1 && !hash256_equal(&shares, &a->shares_digest))
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-066",
		               "seed share owners and threshold are fixed by the first manifest");
	return OK;
}

status
engine_activate(struct authority *a, struct manifest *m, bool keep_previous, int64_t now,
                struct err *err)
{
	struct mesh_ca mesh;

	TRY(check_always(a, m, err));
	TRY(mesh_ca_make(&mesh, &a->root, &a->seed, &a->chain.head, m->permitted_names,
	                 m->n_permitted_names, now, err));
	retire_mesh(a, keep_previous, now);
	a->mesh = mesh;
	manifest_free(a->manifest);
	a->manifest = manifest_ref(m);
	a->phase = STATE_ACTIVE;
	a->floor = MAX(a->floor, now);
	forget_bundles(a);
	return OK;
}

/* What the first manifest fixed for ever. */
static status
load_shares_digest(struct authority *a, struct manifest *m, struct err *err)
{
	CLEANUP(manifest_drop) struct manifest *first = NULL;
	CLEANUP(buf_done) struct buf raw = {0};
	struct record r;

	if (a->chain.generation == 1) {
		a->shares_digest = manifest_shares_digest(m);
		return OK;
	}
	TRY(store_record(&a->o.store, 1, &raw, err));
	TRY(record_parse(buf_view(&raw), &r, err));
	TRY(engine_load_manifest(a, &r.manifest, &first, err));
	a->shares_digest = manifest_shares_digest(first);
	return OK;
}

status
engine_take_seed(struct authority *a, struct bytes seed, struct bytes salt, int64_t now,
                 struct err *err)
{
	struct seed s = {0};
	CLEANUP(root_ca_done) struct root_ca root = {0};
	CLEANUP(manifest_drop) struct manifest *m = NULL;
	status st = seed_from(&s, seed, salt, err);

	if (is_ok(st))
		st = root_ca_make(&root, &s, now, err);
	/* A seed is accepted only if it derives the root key that the genesis names. */
	if (is_ok(st) && !hash256_equal(&root.key_id, &a->chain.root_key_id))
		st = err_set(err, ERR_REJECTED, "E-AUTHORITY-084",
		             "the seed does not make the root key of this deployment");
	if (is_ok(st))
		st = engine_load_manifest(a, &a->chain.manifest, &m, err);
	if (is_ok(st))
		st = load_shares_digest(a, m, err);
	if (!is_ok(st)) {
		seed_done(&s);
		return st;
	}
	seed_done(&a->seed);
	root_ca_done(&a->root);
	key_free(a->log_key);
	a->seed = s;
	a->root = root;
	root = (struct root_ca){0}; /* moved */
	a->log_key = seed_log_key(&a->seed);
	engine_load_marks(a);
	return engine_activate(a, m, false, now, err);
}

static status
sync_one(struct authority *a, struct bytes raw, int64_t now, struct err *err)
{
	CLEANUP(manifest_drop) struct manifest *m = NULL;
	struct chain chain = a->chain, before = a->before;
	struct hash256 digest;
	struct record r;
	status s;

	TRY(record_parse(raw, &r, err));
	TRY(engine_extend(a, &r, err));
	s = engine_load_manifest(a, &r.manifest, &m, err);
	if (is_ok(s)) {
		digest = manifest_shares_digest(m);
		s = engine_activate(a, m, true, now, err);
	}
	if (!is_ok(s)) {
		a->chain = chain;
		a->before = before;
		a->heads.n -= SHA256_SIZE;
		return s;
	}
	if (a->chain.generation == 1)
		a->shares_digest = digest;
	return OK;
}

status
authority_sync(struct authority *a, int64_t now, struct err *err)
{
	if (a->phase == STATE_RECOVERING)
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-062",
		               "the Coordinator is recovering");
	for (;;) {
		CLEANUP(buf_done) struct buf raw = {0};
		status s = store_record(&a->o.store, a->chain.generation + 1, &raw, err);

		if (s.cls == ERR_NOT_FOUND)
			return OK;
		TRY(s);
		TRY(sync_one(a, buf_view(&raw), now, err));
	}
}
