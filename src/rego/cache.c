/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/cache.h"

struct cached {
	struct cached *chain;         /* of its bucket */
	struct cached *newer, *older; /* by use */
	unsigned int kind;
	uint64_t call; /* that used it last */
	size_t size, n;
	void *object;
	void (*free_object)(void *);
	uint8_t key[];
};

struct rego_cache {
	struct cached *buckets[CACHE_BUCKETS];
	struct cached *newest, *oldest;
	size_t held, max;
	uint64_t call;
};

static struct cached **
bucket(struct rego_cache *c, unsigned int kind, struct bytes key)
{
	return &c->buckets[(json_name_hash(key) ^ kind) % CACHE_BUCKETS];
}

struct rego_cache *
cache_new(size_t max_bytes)
{
	struct rego_cache *c = mem_try_alloc(sizeof *c);

	if (c)
		*c = (struct rego_cache){.max = max_bytes ? max_bytes : CACHE_DEFAULT_BYTES};
	return c;
}

static void
unlink_use(struct rego_cache *c, struct cached *e)
{
	*(e->newer ? &e->newer->older : &c->newest) = e->older;
	*(e->older ? &e->older->newer : &c->oldest) = e->newer;
}

static void
link_newest(struct rego_cache *c, struct cached *e)
{
	e->newer = NULL;
	e->older = c->newest;
	*(c->newest ? &c->newest->newer : &c->oldest) = e;
	c->newest = e;
}

static void
drop(struct rego_cache *c, struct cached *e)
{
	struct cached **at = bucket(c, e->kind, bytes_of(e->key, e->n));

	while (*at != e)
		at = &(*at)->chain;
	*at = e->chain;
	unlink_use(c, e);
	c->held -= e->size;
	e->free_object(e->object);
	mem_free(e);
}

void
cache_free(struct rego_cache *c)
{
	while (c && c->oldest)
		drop(c, c->oldest);
	mem_free(c);
}

void
cache_call(struct rego_cache *c)
{
	c->call++;
}

void *
cache_find(struct rego_cache *c, unsigned int kind, struct bytes key)
{
	struct cached *e = *bucket(c, kind, key);

	while (e && (e->kind != kind || !bytes_equal(bytes_of(e->key, e->n), key)))
		e = e->chain;
	if (!e)
		return NULL;
	e->call = c->call;
	if (e != c->newest) {
		unlink_use(c, e);
		link_newest(c, e);
	}
	return e->object;
}

/* What this call uses stays whatever its size. */
bool
cache_add(struct rego_cache *c, unsigned int kind, struct bytes key, void *object, size_t size,
          void (*free_object)(void *))
{
	struct cached *e, **at;
	size_t need;

	if (!add_ok(sizeof *e, key.n, &need) || !(e = mem_try_alloc(need))) {
		free_object(object);
		return false;
	}
	*e = (struct cached){.kind = kind,
	                     .size = size + need,
	                     .n = key.n,
	                     .object = object,
	                     .free_object = free_object};
	mem_copy(e->key, key.p, key.n);
	e->call = c->call;
	while (c->oldest && c->oldest->call != c->call && c->held + e->size > c->max)
		drop(c, c->oldest);
	at = bucket(c, kind, key);
	e->chain = *at;
	*at = e;
	link_newest(c, e);
	c->held += e->size;
	return true;
}
