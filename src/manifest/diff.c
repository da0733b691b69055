/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/diff.h"

#include "base/text.h"
#include "manifest/model.h"

enum { TEXT_SHOWN = 4096 };

static void
line(struct manifest_diff *d, enum diff_kind kind, struct bytes path, struct bytes before,
     struct bytes after)
{
	struct diff_line *grown = model_grow(&d->arena, d->lines, d->n, &d->cap, sizeof *grown);

	if (!grown)
		return;
	d->lines = grown;
	grown[d->n++] = (struct diff_line){kind, (const char *)path.p,
	                                   before.n ? (const char *)before.p : "",
	                                   after.n ? (const char *)after.p : ""};
}

static struct bytes
text_of(struct arena *a, const struct value *v)
{
	CLEANUP(buf_done) struct buf raw = {0};
	CLEANUP(buf_done) struct buf safe = {0};

	json_write(v, JSON_COMPACT, &raw);
	text_escape(buf_view(&raw), TEXT_SHOWN, &safe);
	return arena_copy(a, buf_view(&safe));
}

static bool
same(struct arena *a, const struct value *x, const struct value *y)
{
	return bytes_equal(text_of(a, x), text_of(a, y));
}

static bool
list_has(struct arena *a, const struct value *list, const struct value *item)
{
	for (size_t i = 0; i < list->n; i++)
		if (same(a, json_item(list, i), item))
			return true;
	return false;
}

/* Lists are sets: what was added and removed, whatever the order. */
static void
diff_lists(struct manifest_diff *d, struct bytes path, const struct value *x, const struct value *y)
{
	for (size_t i = 0; i < x->n; i++)
		if (!list_has(&d->arena, y, json_item(x, i)))
			line(d, DIFF_REMOVED, path, text_of(&d->arena, json_item(x, i)),
			     (struct bytes){NULL, 0});
	for (size_t i = 0; i < y->n; i++)
		if (!list_has(&d->arena, x, json_item(y, i)))
			line(d, DIFF_ADDED, path, (struct bytes){NULL, 0},
			     text_of(&d->arena, json_item(y, i)));
}

static void diff_values(struct manifest_diff *d, struct bytes path, const struct value *x,
                        const struct value *y);

static struct bytes
member_path(struct manifest_diff *d, struct bytes path, struct bytes name)
{
	return arena_printf(&d->arena, "%.*s.%.*s", BYTES_ARG(path), BYTES_ARG(name));
}

static void
diff_objects(struct manifest_diff *d, struct bytes path, const struct value *x,
             const struct value *y)
{
	for (size_t i = 0; i < x->n; i++) {
		struct bytes name = json_text(&x->u.members[i].key);

		diff_values(d, member_path(d, path, name), &x->u.members[i].val,
		            json_get_bytes(y, name));
	}
	for (size_t i = 0; i < y->n; i++) {
		struct bytes name = json_text(&y->u.members[i].key);

		if (!json_get_bytes(x, name))
			diff_values(d, member_path(d, path, name), NULL, &y->u.members[i].val);
	}
}

/* Depth is that of values we built ourselves: three. */
static void
diff_values(struct manifest_diff *d, struct bytes path, const struct value *x,
            const struct value *y)
{
	struct bytes none = {NULL, 0};

	if (!x)
		line(d, DIFF_ADDED, path, none, text_of(&d->arena, y));
	else if (!y)
		line(d, DIFF_REMOVED, path, text_of(&d->arena, x), none);
	else if (x->type == VALUE_OBJECT && y->type == VALUE_OBJECT)
		diff_objects(d, path, x, y);
	else if (x->type == VALUE_ARRAY && y->type == VALUE_ARRAY)
		diff_lists(d, path, x, y);
	else if (!same(&d->arena, x, y))
		line(d, DIFF_CHANGED, path, text_of(&d->arena, x), text_of(&d->arena, y));
}

/* ---- policies ---- */

static void
diff_policies(struct manifest_diff *d, const struct manifest *x, const struct manifest *y)
{
	size_t i = 0, j = 0;

	while (i < x->n_policies || j < y->n_policies) {
		const struct manifest_policy *p = i < x->n_policies ? &x->policies[i] : NULL;
		const struct manifest_policy *q = j < y->n_policies ? &y->policies[j] : NULL;
		int order = !p   ? 1
		            : !q ? -1
		                 : bytes_cmp(hash256_view(&p->hash), hash256_view(&q->hash));
		struct value vp, vq;
		char hex[65];

		hash256_hex(order <= 0 ? &p->hash : &q->hash, hex);
		if (order <= 0)
			vp = model_policy_value(&d->arena, p);
		if (order >= 0)
			vq = model_policy_value(&d->arena, q);
		diff_values(d, arena_printf(&d->arena, "Policies.%s", hex), order <= 0 ? &vp : NULL,
		            order >= 0 ? &vq : NULL);
		i += order <= 0;
		j += order >= 0;
	}
}

/* ---- reference sets ---- */

/* Sets with the same measurement (or MrTd) and platform are one set that may have changed. */
static bool
same_identity(struct arena *a, const struct value *x, const struct value *y)
{
	static const char *const names[] = {"Platform", "ProductName", "TrustedMeasurement",
	                                    "MrTd"};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const struct value *p = json_get(x, names[i]), *q = json_get(y, names[i]);

		if ((p == NULL) != (q == NULL) || (p && !same(a, p, q)))
			return false;
	}
	return true;
}

static void
diff_sets(struct manifest_diff *d, const char *kind, struct value *x, size_t n, struct value *y,
          size_t m)
{
	bool *taken = arena_array(&d->arena, MAX(m, 1), sizeof *taken);

	for (size_t i = 0; taken && i < n; i++) {
		struct bytes path = arena_printf(&d->arena, "ReferenceValues.%s[%zu]", kind, i);
		size_t j = 0;

		while (j < m && (taken[j] || !same_identity(&d->arena, &x[i], &y[j])))
			j++;
		if (j < m)
			taken[j] = true;
		diff_values(d, path, &x[i], j < m ? &y[j] : NULL);
	}
	for (size_t j = 0; taken && j < m; j++)
		if (!taken[j])
			diff_values(d, arena_printf(&d->arena, "ReferenceValues.%s[%zu]", kind, j),
			            NULL, &y[j]);
}

static void
diff_references(struct manifest_diff *d, const struct manifest *x, const struct manifest *y)
{
	struct value sets[4][MANIFEST_MAX_SETS];

	for (size_t i = 0; i < x->n_snp; i++)
		sets[0][i] = model_snp_value(&d->arena, &x->snp[i]);
	for (size_t i = 0; i < y->n_snp; i++)
		sets[1][i] = model_snp_value(&d->arena, &y->snp[i]);
	for (size_t i = 0; i < x->n_tdx; i++)
		sets[2][i] = model_tdx_value(&d->arena, &x->tdx[i]);
	for (size_t i = 0; i < y->n_tdx; i++)
		sets[3][i] = model_tdx_value(&d->arena, &y->tdx[i]);
	diff_sets(d, "snp", sets[0], x->n_snp, sets[1], y->n_snp);
	diff_sets(d, "tdx", sets[2], x->n_tdx, sets[3], y->n_tdx);
}

/* ---- the rest: one object each, members by their meaning ---- */

static struct value
rest_value(struct arena *a, const struct manifest *m)
{
	struct value v = json_object();
	struct value owners = json_array(), shares = json_array(), names = json_array();

	for (size_t i = 0; i < m->n_owners; i++)
		json_add(a, &owners, json_hex(a, hash256_view(&m->owners[i].id)));
	/* Their order fixes the indexes of shares: index and key together are the item. */
	for (size_t i = 0; i < m->n_share_owners; i++) {
		struct hash256 id = key_id(m->share_owners[i]);
		char hex[65];

		json_add(a, &shares,
		         json_string(arena_printf(a, "%zu:%s", i + 1, hash256_hex(&id, hex))));
	}
	for (size_t i = 0; i < m->n_permitted_names; i++)
		json_add(a, &names, json_string(m->permitted_names[i]));
	json_put(a, &v, "Insecure", json_bool(m->insecure));
	json_put(a, &v, "WorkloadOwners", owners);
	json_put(a, &v, "WorkloadOwnerThreshold", json_int(manifest_owner_threshold(m)));
	json_put(a, &v, "SeedshareOwners", shares);
	json_put(a, &v, "SeedshareThreshold", json_int(manifest_share_threshold(m)));
	json_put(a, &v, "PermittedNames", names);
	json_put(a, &v, "MinimumAPIVersion", json_string(m->min_api_version));
	return v;
}

void
manifest_diff(const struct manifest *before, const struct manifest *after,
              struct manifest_diff *ret)
{
	struct value x, y;

	diff_policies(ret, before, after);
	diff_references(ret, before, after);
	x = rest_value(&ret->arena, before);
	y = rest_value(&ret->arena, after);
	for (size_t i = 0; i < x.n; i++) {
		struct bytes name = json_text(&x.u.members[i].key);

		diff_values(ret, arena_copy(&ret->arena, name), &x.u.members[i].val,
		            json_get_bytes(&y, name));
	}
}

void
manifest_diff_done(struct manifest_diff *d)
{
	arena_done(&d->arena);
	*d = (struct manifest_diff){0};
}

void
manifest_diff_format(const struct manifest_diff *d, struct buf *out)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct diff_line *l = &d->lines[i];

		switch (l->kind) {
		case DIFF_ADDED:
			buf_printf(out, "+ %s: %s\n", l->path, l->after);
			break;
		case DIFF_REMOVED:
			buf_printf(out, "- %s: %s\n", l->path, l->before);
			break;
		case DIFF_CHANGED:
			buf_printf(out, "~ %s: %s -> %s\n", l->path, l->before, l->after);
			break;
		}
	}
}
