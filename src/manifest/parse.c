/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "manifest/model.h"

#include <stdio.h>

/* JSON nesting of a manifest is 5; more is nobody's manifest. */
enum { DEPTH = 8, SPKI_MAX = 1024, PKCS1_MAX = 2048 };

/* ---- policies ---- */

static void
decode_role(struct decode *d, const char *path, const struct value *v,
            const struct decode_rule *rule UNUSED, void *target)
{
	struct manifest_policy *p = target;
	struct bytes text = json_text(v);

	if (v->type == VALUE_STRING && text.n == 0)
		return;
	if (bytes_is(text, "coordinator"))
		p->role = MANIFEST_ROLE_COORDINATOR;
	else
		faults_add(d->faults, FAULT_ERROR, path, "must be \"coordinator\" or \"\"");
}

/* A list of strings, as it is; rules come later. */
static struct bytes *
decode_texts(struct decode *d, const char *path, const struct value *v, size_t max, size_t *ret_n)
{
	size_t n = decode_array(d, path, v, max);
	struct bytes *texts = n ? arena_array(&d->m->arena, n, sizeof *texts) : NULL;

	*ret_n = 0;
	for (size_t i = 0; texts && i < n; i++) {
		const struct value *item = json_item(v, i);

		if (item->type != VALUE_STRING) {
			char at[DECODE_PATH];

			snprintf(at, sizeof at, "%s[%zu]", path, i);
			faults_add(d->faults, FAULT_ERROR, at, "must be of type string, not %s",
			           json_type_name(item->type));
			continue;
		}
		texts[(*ret_n)++] = json_text(item);
	}
	return texts;
}

static void
decode_sans(struct decode *d, const char *path, const struct value *v,
            const struct decode_rule *rule UNUSED, void *target)
{
	struct manifest_policy *p = target;

	p->sans = decode_texts(d, path, v, MANIFEST_MAX_SANS, &p->n_sans);
}

static const struct decode_rule policy_rules[] = {
        {"SANs", decode_sans, 0, SIZE_MAX},
        RULE(struct manifest_policy, "WorkloadSecretID", decode_text, workload_secret_id),
        {"Role", decode_role, 0, SIZE_MAX},
};

static bool
is_lower_hex(struct bytes text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] >= 'A' && text.p[i] <= 'F')
			return false;
	return true;
}

static void
decode_policies(struct decode *d, const char *path, const struct value *v,
                const struct decode_rule *rule UNUSED, void *target UNUSED)
{
	if (v->type != VALUE_OBJECT) {
		faults_add(d->faults, FAULT_ERROR, path, "must be of type object, not %s",
		           json_type_name(v->type));
		return;
	}
	if (v->n > MANIFEST_MAX_POLICIES) {
		faults_add(d->faults, FAULT_ERROR, path, "has %u policies, at most %d are allowed",
		           v->n, MANIFEST_MAX_POLICIES);
		return;
	}
	for (size_t i = 0; i < v->n; i++) {
		struct bytes name = json_text(&v->u.members[i].key);
		struct manifest_policy one = {0};
		struct manifest_policy *p;
		char at[DECODE_PATH];

		decode_member_path(at, path, name);
		/* Upper case would parse, and then match no evidence's lower-case form in other
		 * tools. */
		if (!hex_decode(name, one.hash.b, sizeof one.hash.b) || !is_lower_hex(name)) {
			faults_add(d->faults, FAULT_ERROR, at,
			           "a policy is named by 64 lower-case hex digits");
			continue;
		}
		/* HOSTDATA of a guest that was launched without any policy. */
		if (bytes_all_zero(hash256_view(&one.hash)))
			faults_add(d->faults, FAULT_ERROR, at,
			           "zeros are what a guest without policy reports");
		decode_object(d, at, &v->u.members[i].val, policy_rules, COUNT_OF(policy_rules),
		              &one);
		p = model_insert_policy(d->m, &one.hash);
		if (p)
			*p = one;
	}
}

/* ---- owners ---- */

/* Bytes of a hex string of any length up to max. */
static bool
decode_key_hex(struct decode *d, const char *path, const struct value *v, size_t max,
               struct buf *out)
{
	struct bytes text = json_text(v);

	if (v->type != VALUE_STRING || text.n == 0 || text.n > 2 * max ||
	    !hex_decode_buf(text, out)) {
		faults_add(d->faults, FAULT_ERROR, path, "must be a public key in hex");
		return false;
	}
	return true;
}

/*
 * The key's only encoding is the one we would write: a second encoding of one
 * key would have another id and could count as a second owner.
 */
static struct key *
decode_owner_key(struct decode *d, const char *path, const struct value *v)
{
	CLEANUP(buf_done) struct buf der = {0};
	CLEANUP(buf_done) struct buf again = {0};
	CLEANUP(key_drop) struct key *key = NULL;
	struct key *ret;
	struct err err;

	if (!decode_key_hex(d, path, v, SPKI_MAX, &der))
		return NULL;
	if (!is_ok(key_parse_spki(buf_view(&der), &key, &err)) ||
	    (key_kind(key) != KEY_P256 && key_kind(key) != KEY_P384)) {
		faults_add(d->faults, FAULT_ERROR, path,
		           "is no ECDSA public key on P-384 or P-256 (SubjectPublicKeyInfo)");
		return NULL;
	}
	key_spki(key, &again);
	if (!bytes_equal(buf_view(&der), buf_view(&again))) {
		faults_add(d->faults, FAULT_ERROR, path,
		           "is not the usual encoding (DER, named curve, uncompressed point)");
		return NULL;
	}
	ret = key;
	key = NULL; /* moved */
	return ret;
}

static void
add_owner(struct decode *d, const char *path, const struct hash256 *id, struct key *key)
{
	if (model_insert_owner(d->m, id, key))
		return;
	key_free(key);
	faults_add(d->faults, FAULT_ERROR, path, "is listed twice");
}

static void
decode_owner_keys(struct decode *d, const char *path, const struct value *v,
                  const struct decode_rule *rule UNUSED, void *target UNUSED)
{
	size_t n = decode_array(d, path, v, MANIFEST_MAX_OWNERS);

	if (n > 0 && d->m->n_owners > 0 && d->m->owner_digests_only) {
		faults_add(d->faults, FAULT_ERROR, path,
		           "give WorkloadOwnerPubKeys or WorkloadOwnerKeyDigests, not both");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		char at[DECODE_PATH];
		struct key *key;
		struct hash256 id;

		snprintf(at, sizeof at, "%s[%zu]", path, i);
		key = decode_owner_key(d, at, json_item(v, i));
		if (!key)
			continue;
		id = key_id(key);
		add_owner(d, at, &id, key);
	}
}

static void
decode_owner_digests(struct decode *d, const char *path, const struct value *v,
                     const struct decode_rule *rule UNUSED, void *target UNUSED)
{
	size_t n = decode_array(d, path, v, MANIFEST_MAX_OWNERS);

	if (n > 0 && d->m->n_owners > 0 && !d->m->owner_digests_only) {
		faults_add(d->faults, FAULT_ERROR, path,
		           "give WorkloadOwnerPubKeys or WorkloadOwnerKeyDigests, not both");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		char at[DECODE_PATH];
		struct hash256 id = {{0}};

		snprintf(at, sizeof at, "%s[%zu]", path, i);
		if (json_is(json_item(v, i), VALUE_STRING) && json_item(v, i)->n == 0)
			faults_add(d->faults, FAULT_ERROR, at, "is empty");
		if (!decode_hex(d, at, json_item(v, i), id.b, sizeof id.b))
			continue;
		d->m->owner_digests_only = true;
		add_owner(d, at, &id, NULL);
	}
}

static void
decode_share_owner(struct decode *d, const char *path, const struct value *v)
{
	CLEANUP(buf_done) struct buf der = {0};
	CLEANUP(key_drop) struct key *key = NULL;
	struct manifest *m = d->m;
	struct err err;

	if (!decode_key_hex(d, path, v, PKCS1_MAX, &der))
		return;
	if (!is_ok(key_parse_rsa_pkcs1(buf_view(&der), &key, &err)) ||
	    key_bits(key) < MODEL_RSA_MIN_BITS) {
		faults_add(d->faults, FAULT_ERROR, path,
		           "is no RSA public key (PKCS#1) of %d bits or more", MODEL_RSA_MIN_BITS);
		return;
	}
	for (size_t i = 0; i < m->n_share_owners; i++) {
		if (!key_same_public(m->share_owners[i], key))
			continue;
		faults_add(d->faults, FAULT_ERROR, path, "is listed twice");
		return;
	}
	m->share_owners[m->n_share_owners++] = key;
	key = NULL; /* moved */
}

static void
decode_share_owners(struct decode *d, const char *path, const struct value *v,
                    const struct decode_rule *rule UNUSED, void *target UNUSED)
{
	size_t n = decode_array(d, path, v, MANIFEST_MAX_SHARE_OWNERS);

	for (size_t i = 0; i < n; i++) {
		char at[DECODE_PATH];

		snprintf(at, sizeof at, "%s[%zu]", path, i);
		decode_share_owner(d, at, json_item(v, i));
	}
}

/* ---- the rest ---- */

static void
decode_reference_values(struct decode *d, const char *path, const struct value *v,
                        const struct decode_rule *rule UNUSED, void *target UNUSED)
{
	model_decode_sets(d, path, v);
}

static void
decode_permitted(struct decode *d, const char *path, const struct value *v,
                 const struct decode_rule *rule UNUSED, void *target)
{
	struct manifest *m = target;

	m->permitted_names =
	        decode_texts(d, path, v, MANIFEST_MAX_PERMITTED, &m->n_permitted_names);
}

#define TOP(name, fn, field) RULE(struct manifest, name, fn, field)
#define TOP_HAS(name, fn, field, has) RULE_HAS(struct manifest, name, fn, field, has)
static const struct decode_rule top_rules[] = {
        TOP("Insecure", decode_bool, insecure),
        {"Policies", decode_policies, 0, SIZE_MAX},
        {"ReferenceValues", decode_reference_values, 0, SIZE_MAX},
        {"WorkloadOwnerPubKeys", decode_owner_keys, 0, SIZE_MAX},
        {"WorkloadOwnerKeyDigests", decode_owner_digests, 0, SIZE_MAX},
        TOP_HAS("WorkloadOwnerThreshold", decode_u8, owner_threshold, has_owner_threshold),
        {"SeedshareOwnerPubKeys", decode_share_owners, 0, SIZE_MAX},
        TOP_HAS("SeedshareThreshold", decode_u8, share_threshold, has_share_threshold),
        {"PermittedNames", decode_permitted, 0, SIZE_MAX},
        TOP("MinimumAPIVersion", decode_text, min_api_version),
};

static status
report(const struct faults *f, bool draft, struct err *err)
{
	size_t bad = f->n_errors + (draft ? 0 : f->n_missing);
	const struct fault *first = NULL;
	status s;

	if (bad == 0)
		return OK;
	for (size_t i = 0; i < f->n && !first; i++)
		if (!draft || f->list[i].kind == FAULT_ERROR)
			first = &f->list[i];
	s = err_set(err, ERR_PARSE, "E-MANIFEST-001", "%s%s",
	            first ? first->message : "the manifest has faults",
	            bad > 1 ? " (and more)" : "");
	return first ? err_at(err, s, "%s", first->path) : s;
}

static status
parse(struct bytes text, bool draft, struct manifest **ret, struct faults *faults, struct err *err)
{
	CLEANUP(manifest_drop) struct manifest *m = manifest_new();
	struct json_limits limits = {DEPTH, MANIFEST_MAX_BYTES};
	struct decode d = {m, faults};
	struct value root;

	if (text.n > MANIFEST_MAX_BYTES)
		return err_set(err, ERR_LIMIT, "E-MANIFEST-012", "a manifest has at most %d bytes",
		               MANIFEST_MAX_BYTES);
	m->hash = sha256(text);
	m->exact = arena_copy(&m->arena, text);
	TRY(arena_check(&m->arena, err));
	TRY(json_parse(&m->arena, m->exact, &limits, &root, err));
	decode_object(&d, "", &root, top_rules, COUNT_OF(top_rules), m);
	TRY(arena_check(&m->arena, err));
	(void)manifest_validate(m, faults);
	TRY(report(faults, draft, err));
	*ret = m;
	m = NULL; /* moved */
	return OK;
}

static status
parse_with(struct bytes text, bool draft, struct manifest **ret, struct faults *faults,
           struct err *err)
{
	struct faults *own;
	status s;

	if (faults)
		return parse(text, draft, ret, faults, err);
	own = mem_new(struct faults);
	s = parse(text, draft, ret, own, err);
	faults_done(own);
	mem_free(own);
	return s;
}

status
manifest_parse(struct bytes text, struct manifest **ret, struct faults *faults, struct err *err)
{
	return parse_with(text, false, ret, faults, err);
}

status
manifest_parse_draft(struct bytes text, struct manifest **ret, struct faults *faults,
                     struct err *err)
{
	return parse_with(text, true, ret, faults, err);
}

/* ---- reference values from a file of their own ---- */

static bool
same_value(struct arena *a, struct value x, struct value y)
{
	CLEANUP(buf_done) struct buf bx = {0};
	CLEANUP(buf_done) struct buf by = {0};
	struct arena_mark mark = arena_mark(a);

	json_write(&x, JSON_COMPACT, &bx);
	json_write(&y, JSON_COMPACT, &by);
	arena_release(a, mark);
	return bytes_equal(buf_view(&bx), buf_view(&by));
}

/* Drop sets from `from` on that an earlier one equals. */
static void
drop_repeats(struct manifest *m, size_t from_snp, size_t from_tdx)
{
	CLEANUP(arena_done) struct arena a = {0};
	size_t n = from_snp;

	for (size_t i = from_snp; i < m->n_snp; i++) {
		bool seen = false;

		for (size_t j = 0; j < n && !seen; j++)
			seen = same_value(&a, model_snp_value(&a, &m->snp[i]),
			                  model_snp_value(&a, &m->snp[j]));
		if (!seen)
			m->snp[n++] = m->snp[i];
	}
	m->n_snp = n;
	n = from_tdx;
	for (size_t i = from_tdx; i < m->n_tdx; i++) {
		bool seen = false;

		for (size_t j = 0; j < n && !seen; j++)
			seen = same_value(&a, model_tdx_value(&a, &m->tdx[i]),
			                  model_tdx_value(&a, &m->tdx[j]));
		if (!seen)
			m->tdx[n++] = m->tdx[i];
	}
	m->n_tdx = n;
}

status
manifest_add_reference_values(struct manifest *m, struct bytes json, struct faults *faults,
                              struct err *err)
{
	struct json_limits limits = {DEPTH, MANIFEST_MAX_BYTES};
	struct bytes text = arena_copy(&m->arena, json);
	size_t snp = m->n_snp, tdx = m->n_tdx, before = faults->n_errors;
	struct decode d = {m, faults};
	struct value root;

	TRY(arena_check(&m->arena, err));
	TRY(json_parse(&m->arena, text, &limits, &root, err));
	model_decode_sets(&d, "ReferenceValues", &root);
	TRY(arena_check(&m->arena, err));
	if (faults->n_errors > before) {
		m->n_snp = snp;
		m->n_tdx = tdx;
		return report(faults, true, err);
	}
	drop_repeats(m, snp, tdx);
	return OK;
}
