/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/manifest.h"

#include "manifest/model.h"

/* A parsed manifest of 16 MiB of JSON needs some more than its text. */
enum { ARENA_CAP = 192 * 1024 * 1024 };

struct manifest *
manifest_new(void)
{
	struct manifest *m = mem_new(struct manifest);

	arena_init(&m->arena, ARENA_CAP);
	m->refs = 1;
	return m;
}

struct manifest *
manifest_ref(struct manifest *m)
{
	m->refs++;
	return m;
}

void
manifest_free(struct manifest *m)
{
	if (!m || --m->refs > 0)
		return;
	for (size_t i = 0; i < m->n_owners; i++)
		key_free(m->owners[i].key);
	for (size_t i = 0; i < m->n_share_owners; i++)
		key_free(m->share_owners[i]);
	arena_done(&m->arena);
	mem_free(m);
}

void *
model_grow(struct arena *a, void *items, size_t n, size_t *cap, size_t size)
{
	size_t want = *cap ? *cap * 2 : 8;
	void *grown;

	if (n < *cap)
		return items;
	grown = arena_array(a, want, size);
	if (!grown)
		return NULL;
	mem_copy(grown, items, n * size);
	*cap = want;
	return grown;
}

/* ---- policies ---- */

/* Index of the first policy whose hash is not below. */
static size_t
lower_bound(const struct manifest *m, const struct hash256 *hash)
{
	size_t low = 0, high = m->n_policies;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (bytes_cmp(hash256_view(&m->policies[mid].hash), hash256_view(hash)) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct manifest_policy *
manifest_policy(const struct manifest *m, const struct hash256 *hash)
{
	size_t at = lower_bound(m, hash);

	if (at == m->n_policies ||
	    !bytes_equal(hash256_view(&m->policies[at].hash), hash256_view(hash)))
		return NULL;
	return &m->policies[at];
}

bool
manifest_is_coordinator(const struct manifest *m, const struct hash256 *hash)
{
	const struct manifest_policy *p = manifest_policy(m, hash);

	return p && p->role == MANIFEST_ROLE_COORDINATOR;
}

struct manifest_policy *
model_insert_policy(struct manifest *m, const struct hash256 *hash)
{
	size_t at = lower_bound(m, hash);
	struct manifest_policy *grown;

	if (m->n_policies == MANIFEST_MAX_POLICIES)
		return NULL;
	grown = model_grow(&m->arena, m->policies, m->n_policies, &m->cap_policies, sizeof *grown);
	if (!grown)
		return NULL;
	m->policies = grown;
	mem_move(&grown[at + 1], &grown[at], (m->n_policies - at) * sizeof *grown);
	m->n_policies++;
	grown[at] = (struct manifest_policy){.hash = *hash};
	return &grown[at];
}

static bool
same_policy(const struct manifest_policy *a, const struct manifest_policy *b)
{
	if (a->role != b->role || a->n_sans != b->n_sans ||
	    !bytes_equal(a->workload_secret_id, b->workload_secret_id))
		return false;
	for (size_t i = 0; i < a->n_sans; i++)
		if (!bytes_equal(a->sans[i], b->sans[i]))
			return false;
	return true;
}

status
manifest_add_policy(struct manifest *m, const struct manifest_policy *p, struct err *err)
{
	const struct manifest_policy *old = manifest_policy(m, &p->hash);
	struct manifest_policy *new;
	char hex[65];

	if (old && same_policy(old, p))
		return OK;
	if (old)
		return err_set(
		        err, ERR_CONFLICT, "E-MANIFEST-010",
		        "two workloads have the policy %s, but differ in names, secret or role",
		        hash256_hex(&p->hash, hex));
	new = model_insert_policy(m, &p->hash);
	if (!new)
		return err_set(err, ERR_LIMIT, "E-MANIFEST-012", "more than %d policies",
		               MANIFEST_MAX_POLICIES);
	new->role = p->role;
	new->workload_secret_id = arena_copy(&m->arena, p->workload_secret_id);
	new->sans = arena_array(&m->arena, MAX(p->n_sans, 1), sizeof *new->sans);
	for (size_t i = 0; new->sans &&i < p->n_sans; i++)
		new->sans[new->n_sans++] = arena_copy(&m->arena, p->sans[i]);
	return arena_check(&m->arena, err);
}

void
manifest_clear_policies(struct manifest *m)
{
	m->n_policies = 0;
}

/* ---- owners ---- */

bool
model_insert_owner(struct manifest *m, const struct hash256 *id, struct key *key)
{
	size_t at = 0;
	int order = -1;

	while (at < m->n_owners) {
		order = bytes_cmp(hash256_view(&m->owners[at].id), hash256_view(id));
		if (order >= 0)
			break;
		at++;
	}
	if (m->n_owners == MANIFEST_MAX_OWNERS || (at < m->n_owners && order == 0))
		return false;
	mem_move(&m->owners[at + 1], &m->owners[at], (m->n_owners - at) * sizeof m->owners[0]);
	m->owners[at] = (struct manifest_owner){*id, key};
	m->n_owners++;
	return true;
}

/* An independent public key, so that no manifest ever holds an owner's private one. */
static status
public_copy(const struct key *k, struct key **ret, struct err *err)
{
	CLEANUP(buf_done) struct buf spki = {0};

	key_spki(k, &spki);
	return key_parse_spki(buf_view(&spki), ret, err);
}

status
manifest_add_owner(struct manifest *m, const struct key *k, struct err *err)
{
	struct hash256 id = key_id(k);
	struct key *copy;

	if (key_kind(k) != KEY_P256 && key_kind(k) != KEY_P384)
		return err_set(err, ERR_UNSUPPORTED, "E-MANIFEST-011",
		               "a workload owner key must be ECDSA on P-384 or P-256");
	for (size_t i = 0; i < m->n_owners; i++)
		if (hash256_equal(&m->owners[i].id, &id))
			return OK;
	if (m->n_owners == MANIFEST_MAX_OWNERS)
		return err_set(err, ERR_LIMIT, "E-MANIFEST-012", "more than %d workload owners",
		               MANIFEST_MAX_OWNERS);
	/* A manifest that has digests stays one of digests: the two lists do not mix. */
	m->owner_digests_only = m->owner_digests_only && m->n_owners > 0;
	copy = NULL;
	if (!m->owner_digests_only)
		TRY(public_copy(k, &copy, err));
	if (!model_insert_owner(m, &id, copy))
		key_free(copy);
	return OK;
}

status
manifest_add_share_owner(struct manifest *m, const struct key *k, struct err *err)
{
	struct key *copy;

	if (key_kind(k) != KEY_RSA || key_bits(k) < MODEL_RSA_MIN_BITS)
		return err_set(err, ERR_UNSUPPORTED, "E-MANIFEST-011",
		               "a seed share owner key must be RSA with %d bits or more",
		               MODEL_RSA_MIN_BITS);
	for (size_t i = 0; i < m->n_share_owners; i++)
		if (key_same_public(m->share_owners[i], k))
			return OK;
	if (m->n_share_owners == MANIFEST_MAX_SHARE_OWNERS)
		return err_set(err, ERR_LIMIT, "E-MANIFEST-012", "more than %d seed share owners",
		               MANIFEST_MAX_SHARE_OWNERS);
	TRY(public_copy(k, &copy, err));
	m->share_owners[m->n_share_owners++] = copy;
	return OK;
}

void
manifest_clear_owners(struct manifest *m)
{
	for (size_t i = 0; i < m->n_owners; i++)
		key_free(m->owners[i].key);
	m->n_owners = 0;
	m->has_owner_threshold = false;
	m->owner_threshold = 0;
	m->owner_digests_only = false;
}

uint8_t
manifest_owner_threshold(const struct manifest *m)
{
	if (m->has_owner_threshold)
		return m->owner_threshold;
	return m->n_owners > 0 ? 1 : 0;
}

uint8_t
manifest_share_threshold(const struct manifest *m)
{
	if (m->has_share_threshold)
		return m->share_threshold;
	return m->n_share_owners > 0 ? 1 : 0;
}

/* ---- digests ---- */

struct hash256
owners_digest(uint8_t k, const struct hash256 *ids, size_t n)
{
	CLEANUP(buf_done) struct buf in = {0};

	buf_bytes(&in, BYTES("contrast/v1/owners\0"));
	buf_u8(&in, k);
	for (size_t i = 0; i < n; i++)
		buf_bytes(&in, hash256_view(&ids[i]));
	return sha256(buf_view(&in));
}

struct hash256
manifest_owners_digest(const struct manifest *m)
{
	struct hash256 ids[MANIFEST_MAX_OWNERS];

	for (size_t i = 0; i < m->n_owners; i++)
		ids[i] = m->owners[i].id;
	return owners_digest(manifest_owner_threshold(m), ids, m->n_owners);
}

struct hash256
manifest_shares_digest(const struct manifest *m)
{
	CLEANUP(buf_done) struct buf in = {0};

	buf_u8(&in, manifest_share_threshold(m));
	for (size_t i = 0; i < m->n_share_owners; i++) {
		struct hash256 id = key_id(m->share_owners[i]);

		buf_bytes(&in, hash256_view(&id));
	}
	return sha256(buf_view(&in));
}
