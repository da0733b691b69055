/* SPDX-License-Identifier: Apache-2.0 */
/* pattern.h: compiled expressions for the builtins, through the evaluator's cache. */
#ifndef REGO_PATTERN_H
#define REGO_PATTERN_H

#include "re/re.h"
#include "rego/builtin.h"

/*
 * The expression for `key`, compiled from `text` when the cache has none.
 * Valid until the builtin returns. A malformed one is an error of the builtin in Go's words.
 */
status pattern_get(struct rego_call *c, enum rego_cache_kind kind, struct bytes key,
                   struct bytes text, const struct re **ret);

/* Does it match anywhere? Steps are charged to the evaluation. */
status pattern_match(struct rego_call *c, const struct re *re, struct bytes text, bool *ret);

/* A budget of steps for one call of the matcher, and the settling of what it used. */
struct re_budget pattern_budget(struct rego_call *c);
status pattern_settle(struct rego_call *c, const struct re_budget *budget, status s,
                      const struct err *err);

#endif
