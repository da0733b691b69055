/* SPDX-License-Identifier: Apache-2.0 */
#include "authority/store.h"

#include "authority/record.h"

status
store_put(const struct store *s, struct bytes blob, struct hash256 *ret, struct err *err)
{
	if (blob.n > STORE_MAX_BLOB)
		return err_set(err, ERR_LIMIT, "E-STORE-004", "a blob has at most %d bytes",
		               STORE_MAX_BLOB);
	*ret = sha256(blob);
	return s->ops->put(s->self, blob, err);
}

status
store_get(const struct store *s, const struct hash256 *hash, size_t max, struct buf *out,
          struct err *err)
{
	size_t before = out->n;
	struct hash256 got;
	char hex[65];

	TRY(s->ops->get(s->self, hash, out, err));
	if (out->n - before > max)
		return err_set(err, ERR_LIMIT, "E-STORE-004", "a blob has more than %zu bytes",
		               max);
	got = sha256(bytes_sub(buf_view(out), before, out->n));
	if (!hash256_equal(&got, hash))
		return err_set(err, ERR_REJECTED, "E-STORE-003",
		               "the store returned other contents for %s", hash256_hex(hash, hex));
	return OK;
}

status
store_append(const struct store *s, uint64_t generation, struct bytes record, struct err *err)
{
	if (generation == 0 || record.n > RECORD_MAX_BYTES)
		return err_set(err, ERR_LIMIT, "E-STORE-004", "a record has at most %d bytes",
		               RECORD_MAX_BYTES);
	return s->ops->append(s->self, generation, record, err);
}

status
store_record(const struct store *s, uint64_t generation, struct buf *out, struct err *err)
{
	size_t before = out->n;

	TRY(s->ops->record(s->self, generation, out, err));
	if (out->n - before > RECORD_MAX_BYTES)
		return err_set(err, ERR_LIMIT, "E-STORE-004", "a record has at most %d bytes",
		               RECORD_MAX_BYTES);
	return OK;
}

static bool
name_ok(const char *name)
{
	struct bytes b = bytes_str(name);

	for (size_t i = 0; i < b.n; i++)
		if (!((b.p[i] >= 'a' && b.p[i] <= 'z') || (b.p[i] >= '0' && b.p[i] <= '9') ||
		      b.p[i] == '-'))
			return false;
	return b.n > 0 && b.n <= STORE_MAX_NAME;
}

static status
bad_name(struct err *err)
{
	return err_set(err, ERR_USAGE, "E-STORE-005",
	               "a name in the store has a-z, 0-9 and - only");
}

status
store_put_name(const struct store *s, const char *name, struct bytes data, struct err *err)
{
	if (!name_ok(name))
		return bad_name(err);
	return s->ops->put_name(s->self, name, data, err);
}

status
store_get_name(const struct store *s, const char *name, size_t max, struct buf *out,
               struct err *err)
{
	size_t before = out->n;

	if (!name_ok(name))
		return bad_name(err);
	TRY(s->ops->get_name(s->self, name, max, out, err));
	if (out->n - before > max)
		return err_set(err, ERR_LIMIT, "E-STORE-004", "%s has more than %zu bytes", name,
		               max);
	return OK;
}
