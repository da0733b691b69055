/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/touched.h"

#include "base/secret.h"

enum { FIRST_CAP = 1024 };

void
touched_init(struct touched *t, struct arena *arena)
{
	*t = (struct touched){.arena = arena};
	random_bytes(&t->salt, sizeof t->salt);
}

void
touched_done(struct touched *t)
{
	mem_free(t->slots);
	t->slots = NULL;
	t->n = t->cap = 0;
}

/* FNV-1a from a secret start: names chosen to collide cost a scan, no more. */
static uint64_t
hash_of(const struct touched *t, struct bytes path)
{
	uint64_t h = t->salt ^ UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < path.n; i++)
		h = (h ^ path.p[i]) * UINT64_C(0x100000001b3);
	return h ^ (h >> 32);
}

static struct bytes *
slot_of(const struct touched *t, struct bytes path)
{
	size_t i = hash_of(t, path) & (t->cap - 1);

	while (t->slots[i].p && !bytes_equal(t->slots[i], path))
		i = (i + 1) & (t->cap - 1);
	return &t->slots[i];
}

static bool
grow(struct touched *t)
{
	struct touched bigger = *t;

	bigger.cap = t->cap ? t->cap * 2 : FIRST_CAP;
	bigger.slots = mem_try_alloc(bigger.cap * sizeof *bigger.slots);
	if (!bigger.slots)
		return false;
	mem_zero(bigger.slots, bigger.cap * sizeof *bigger.slots);
	for (size_t i = 0; i < t->cap; i++)
		if (t->slots[i].p)
			*slot_of(&bigger, t->slots[i]) = t->slots[i];
	mem_free(t->slots);
	*t = bigger;
	return true;
}

bool
touched_has(const struct touched *t, struct bytes path)
{
	return t->cap > 0 && slot_of(t, path)->p;
}

static status
add_one(struct touched *t, struct bytes path, struct err *err)
{
	struct bytes copy;

	if (t->n * 2 >= t->cap && !grow(t))
		return err_set(err, ERR_LIMIT, "E-OCI-053", "the layer has too many entries");
	copy = arena_copy(t->arena, path);
	TRY(arena_check(t->arena, err));
	*slot_of(t, copy) = copy;
	t->n++;
	return OK;
}

status
touched_add(struct touched *t, struct bytes path, struct err *err)
{
	while (path.n > 0 && !touched_has(t, path)) {
		TRY(add_one(t, path, err));
		while (path.n > 0 && path.p[path.n - 1] != '/')
			path.n--;
		if (path.n > 0)
			path.n--;
	}
	return OK;
}
