/* SPDX-License-Identifier: Apache-2.0 */
/* json_path.h: the paths that json.filter, json.remove and json.patch take. */
#ifndef REGO_JSON_PATH_H
#define REGO_JSON_PATH_H

#include "rego/builtin.h"

/* "a/b~1c" or ["a", "b/c"] as an array of segments; the empty text is the empty path. */
status json_path_parse(struct rego_call *c, const struct value *path, struct value *ret);

/*
 * Index of an array of `n` items named by a segment: a number, or decimal text
 * without leading zeros, or "-" for n. false if it is none, or beyond n.
 */
bool json_path_index(const struct value *segment, uint32_t n, uint32_t *ret);

#endif
