/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/history.h"

#include "base/text.h"
#include "manifest/diff.h"

void
history_report_done(struct history_report *r)
{
	buf_done(&r->taints);
	buf_done(&r->readers);
}

static void
compare_coordinators(const struct manifest *present, const struct manifest *earlier,
                     uint64_t generation, struct history_report *r)
{
	char hex[65];

	for (size_t i = 0; i < earlier->n_policies; i++) {
		const struct manifest_policy *p = &earlier->policies[i];

		if (p->role != MANIFEST_ROLE_COORDINATOR ||
		    manifest_is_coordinator(present, &p->hash))
			continue;
		buf_printf(&r->taints, "generation %llu: coordinator policy %s\n",
		           (unsigned long long)generation, hash256_hex(&p->hash, hex));
		r->n_taints++;
	}
}

/* Reference values, their trust roots and Insecure: whatever is gone or changed since. */
static void
compare_references(const struct manifest *present, const struct manifest *earlier,
                   uint64_t generation, struct history_report *r)
{
	struct manifest_diff d = {0};

	manifest_diff(earlier, present, &d);
	for (size_t i = 0; i < d.n; i++) {
		const struct diff_line *l = &d.lines[i];
		struct bytes path = bytes_str(l->path);

		if (l->kind == DIFF_ADDED ||
		    (!bytes_starts(path, BYTES("ReferenceValues")) && !bytes_is(path, "Insecure")))
			continue;
		buf_printf(&r->taints, "generation %llu: %s was ", (unsigned long long)generation,
		           l->path);
		text_escape(bytes_str(l->before), 200, &r->taints);
		buf_u8(&r->taints, '\n');
		r->n_taints++;
	}
	manifest_diff_done(&d);
}

static bool
secret_in_use(const struct manifest *present, struct bytes id)
{
	for (size_t i = 0; i < present->n_policies; i++)
		if (bytes_equal(present->policies[i].workload_secret_id, id))
			return true;
	return false;
}

static void
list_readers(const struct manifest *present, const struct manifest *earlier, uint64_t generation,
             struct history_report *r)
{
	char hex[65];

	for (size_t i = 0; i < earlier->n_policies; i++) {
		const struct manifest_policy *p = &earlier->policies[i];
		const struct manifest_policy *now = manifest_policy(present, &p->hash);

		if (p->workload_secret_id.n == 0 ||
		    !secret_in_use(present, p->workload_secret_id) ||
		    (now && bytes_equal(now->workload_secret_id, p->workload_secret_id)))
			continue;
		buf_printf(&r->readers, "generation %llu: policy %s could read the secret of ",
		           (unsigned long long)generation, hash256_hex(&p->hash, hex));
		text_escape(p->workload_secret_id, 200, &r->readers);
		buf_u8(&r->readers, '\n');
		r->n_readers++;
	}
}

void
history_compare(const struct manifest *present, const struct manifest *earlier, uint64_t generation,
                struct history_report *r)
{
	compare_coordinators(present, earlier, generation, r);
	compare_references(present, earlier, generation, r);
	list_readers(present, earlier, generation, r);
}
