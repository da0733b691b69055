/* SPDX-License-Identifier: Apache-2.0 */
#include "authority/store.h"

#include <string.h>

enum { MEM_ENTRIES = 4096 };

enum entry_kind { ENTRY_BLOB, ENTRY_RECORD, ENTRY_NAME };

struct entry {
	enum entry_kind kind;
	struct hash256 hash;
	uint64_t generation;
	char name[STORE_MAX_NAME + 1];
	struct buf data;
};

struct store_mem {
	struct entry *entries[MEM_ENTRIES];
	size_t n;
};

static struct entry *
find(struct store_mem *m, enum entry_kind kind, const struct hash256 *hash, uint64_t generation,
     const char *name)
{
	for (size_t i = 0; i < m->n; i++) {
		struct entry *e = m->entries[i];

		if (e->kind != kind)
			continue;
		if ((kind == ENTRY_BLOB && hash256_equal(&e->hash, hash)) ||
		    (kind == ENTRY_RECORD && e->generation == generation) ||
		    (kind == ENTRY_NAME && strcmp(e->name, name) == 0))
			return e;
	}
	return NULL;
}

static struct entry *
add(struct store_mem *m, enum entry_kind kind, struct bytes data)
{
	struct entry *e;

	if (m->n == MEM_ENTRIES)
		return NULL;
	e = mem_new(struct entry);
	e->kind = kind;
	buf_bytes(&e->data, data);
	m->entries[m->n++] = e;
	return e;
}

static status
full(struct err *err)
{
	return err_set(err, ERR_LIMIT, "E-STORE-004", "the store in memory is full");
}

static status
give(const struct entry *e, struct buf *out, struct err *err)
{
	if (!e)
		return err_set(err, ERR_NOT_FOUND, "E-STORE-001", "the store has no such entry");
	buf_bytes(out, buf_view(&e->data));
	return buf_check(out, err);
}

static status
mem_put(void *self, struct bytes blob, struct err *err)
{
	struct hash256 hash = sha256(blob);
	struct entry *e = find(self, ENTRY_BLOB, &hash, 0, NULL);

	if (e)
		return OK;
	e = add(self, ENTRY_BLOB, blob);
	if (!e)
		return full(err);
	e->hash = hash;
	return OK;
}

static status
mem_get(void *self, const struct hash256 *hash, struct buf *out, struct err *err)
{
	return give(find(self, ENTRY_BLOB, hash, 0, NULL), out, err);
}

static status
mem_append(void *self, uint64_t generation, struct bytes record, struct err *err)
{
	struct entry *e = find(self, ENTRY_RECORD, NULL, generation, NULL);

	if (e && bytes_equal(buf_view(&e->data), record))
		return OK;
	if (e)
		return err_set(err, ERR_CONFLICT, "E-STORE-002",
		               "the store has another record of generation %llu",
		               (unsigned long long)generation);
	e = add(self, ENTRY_RECORD, record);
	if (!e)
		return full(err);
	e->generation = generation;
	return OK;
}

static status
mem_record(void *self, uint64_t generation, struct buf *out, struct err *err)
{
	return give(find(self, ENTRY_RECORD, NULL, generation, NULL), out, err);
}

static status
mem_put_name(void *self, const char *name, struct bytes data, struct err *err)
{
	struct entry *e = find(self, ENTRY_NAME, NULL, 0, name);

	if (e) {
		buf_reset(&e->data);
		buf_bytes(&e->data, data);
		return buf_check(&e->data, err);
	}
	e = add(self, ENTRY_NAME, data);
	if (!e)
		return full(err);
	mem_copy(e->name, name, strlen(name));
	return OK;
}

static status
mem_get_name(void *self, const char *name, size_t max UNUSED, struct buf *out, struct err *err)
{
	return give(find(self, ENTRY_NAME, NULL, 0, name), out, err);
}

static const struct store_ops mem_ops = {
        .put = mem_put,
        .get = mem_get,
        .append = mem_append,
        .record = mem_record,
        .put_name = mem_put_name,
        .get_name = mem_get_name,
};

void
store_mem_open(struct store *ret)
{
	*ret = (struct store){&mem_ops, mem_new(struct store_mem)};
}

void
store_mem_close(struct store *s)
{
	struct store_mem *m = s->self;

	for (size_t i = 0; m && i < m->n; i++) {
		buf_done(&m->entries[i]->data);
		mem_free(m->entries[i]);
	}
	mem_free(m);
	*s = (struct store){NULL, NULL};
}
