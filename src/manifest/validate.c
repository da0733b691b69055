/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "manifest/model.h"
#include "manifest/san.h"

#include <stdio.h>

/* ---- policies ---- */

static bool
has_control(struct bytes text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < 0x20 || text.p[i] == 0x7f)
			return true;
	return false;
}

static bool
permitted(const struct manifest *m, struct bytes name)
{
	struct bytes bare = bytes_starts(name, BYTES("*.")) ? bytes_sub(name, 2, name.n) : name;

	for (size_t i = 0; i < m->n_permitted_names; i++)
		if (san_within(bare, m->permitted_names[i]))
			return true;
	return m->n_permitted_names == 0;
}

static void
check_san(const struct manifest *m, struct faults *f, const char *path,
          const struct manifest_policy *p, size_t i, size_t *uris)
{
	struct bytes text = p->sans[i];
	struct san san = san_classify(text);

	if (text.n > MANIFEST_MAX_SAN_LENGTH) {
		faults_add(f, FAULT_ERROR, path, "is longer than %d bytes",
		           MANIFEST_MAX_SAN_LENGTH);
		return;
	}
	for (size_t j = 0; j < i; j++) {
		if (!bytes_equal(p->sans[j], text))
			continue;
		faults_add(f, FAULT_ERROR, path, "is listed twice");
		return;
	}
	if (san.kind == SAN_INVALID)
		faults_add(f, FAULT_ERROR, path, "%s", san.why);
	/* SPIFFE validators refuse certificates with two URI names. */
	if (san.kind == SAN_URI && ++*uris > 1)
		faults_add(f, FAULT_ERROR, path, "at most one URI is allowed for a policy");
	if (san.kind == SAN_DNS && !permitted(m, text))
		faults_add(f, FAULT_ERROR, path,
		           "is outside PermittedNames: no validator would accept the certificate");
}

static void
check_policy(const struct manifest *m, struct faults *f, const struct manifest_policy *p)
{
	char hex[65], path[128];
	size_t uris = 0;

	hash256_hex(&p->hash, hex);
	for (size_t i = 0; i < p->n_sans; i++) {
		snprintf(path, sizeof path, "Policies.%s.SANs[%zu]", hex, i);
		check_san(m, f, path, p, i, &uris);
	}
	snprintf(path, sizeof path, "Policies.%s.WorkloadSecretID", hex);
	if (p->workload_secret_id.n > MANIFEST_MAX_SECRET_ID)
		faults_add(f, FAULT_ERROR, path, "is longer than %d bytes", MANIFEST_MAX_SECRET_ID);
	else if (has_control(p->workload_secret_id))
		faults_add(f, FAULT_ERROR, path, "must have no control characters");
}

static void
check_policies(const struct manifest *m, struct faults *f)
{
	bool coordinator = false;

	for (size_t i = 0; i < m->n_policies; i++) {
		coordinator |= m->policies[i].role == MANIFEST_ROLE_COORDINATOR;
		check_policy(m, f, &m->policies[i]);
	}
	if (!coordinator)
		faults_add(f, FAULT_ERROR, "Policies", "no policy has the role \"coordinator\"");
}

/* ---- owners ---- */

static void
check_threshold(struct faults *f, const char *path, bool has, uint8_t k, size_t n, const char *keys)
{
	if (!has)
		return;
	if (k > n)
		faults_add(f, FAULT_ERROR, path, "is %d, but there are only %zu %s", k, n, keys);
	else if (k == 0 && n > 0)
		faults_add(f, FAULT_ERROR, path,
		           "must not be 0 with %s: leave the list of keys empty instead", keys);
}

static void
check_owners(const struct manifest *m, struct faults *f)
{
	check_threshold(f, "WorkloadOwnerThreshold", m->has_owner_threshold, m->owner_threshold,
	                m->n_owners, "workload owners");
	check_threshold(f, "SeedshareThreshold", m->has_share_threshold, m->share_threshold,
	                m->n_share_owners, "seed share owners");
}

/* ---- names ---- */

static void
check_permitted(const struct manifest *m, struct faults *f)
{
	for (size_t i = 0; i < m->n_permitted_names; i++) {
		struct bytes name = m->permitted_names[i];
		struct san san = san_classify(name);
		char path[64];

		snprintf(path, sizeof path, "PermittedNames[%zu]", i);
		if (san.kind == SAN_INVALID)
			faults_add(f, FAULT_ERROR, path, "%s", san.why);
		else if (san.kind != SAN_DNS || name.p[0] == '*')
			faults_add(
			        f, FAULT_ERROR, path,
			        "must be a DNS name without wildcard; names below it are covered");
	}
}

size_t
manifest_validate(const struct manifest *m, struct faults *f)
{
	size_t before = f->n_errors;

	check_policies(m, f);
	model_validate_sets(m, f);
	check_owners(m, f);
	check_permitted(m, f);
	if (m->min_api_version.n > 0 && !bytes_is(m->min_api_version, "v1"))
		faults_add(f, FAULT_ERROR, "MinimumAPIVersion", "this release speaks v1 only");
	return f->n_errors - before;
}
