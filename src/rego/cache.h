/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache.h: derived objects (compiled regular expressions and the like) of one
 * evaluator, kept over its evaluations. Least recently used ones go first. Not
 * for several threads.
 */
#ifndef REGO_CACHE_H
#define REGO_CACHE_H

#include "rego/builtin.h"

enum {
	CACHE_BUCKETS = 256,
	CACHE_DEFAULT_BYTES = 16 * 1024 * 1024,
};

struct rego_cache;

struct rego_cache *cache_new(size_t max_bytes); /* 0 = the default; NULL without memory */
void cache_free(struct rego_cache *c);          /* accepts NULL */
/* A new call begins: what it finds or adds stays until the next one. */
void cache_call(struct rego_cache *c);
void *cache_find(struct rego_cache *c, unsigned int kind, struct bytes key);
bool cache_add(struct rego_cache *c, unsigned int kind, struct bytes key, void *object, size_t size,
               void (*free_object)(void *));

#endif
