/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml_core.h: scalars of YAML by the schema of OPA 1.22 (go-yaml 3): YAML 1.2's
 * words for null and booleans, 1.1's octals beside 0o, underscores in numbers,
 * timestamps; and the block style that its encoder writes.
 */
#ifndef REGO_YAML_CORE_H
#define REGO_YAML_CORE_H

#include "rego/value.h"

enum yaml_core_type { CORE_STR, CORE_NULL, CORE_BOOL, CORE_INT, CORE_FLOAT, CORE_TIME, CORE_MERGE };

struct yaml_core {
	enum yaml_core_type type;
	bool boolean;
	bool negative;
	uint64_t magnitude; /* INT */
	double real;        /* FLOAT; may be infinite or no number */
};

/* What a plain scalar is. */
struct yaml_core yaml_core_resolve(struct bytes text);

/* JSON text of a finite double as Go's encoder writes it. */
void yaml_core_json_float(double d, struct buf *out);

/*
 * A document in block style, keys in the encoder's own order. False with *why set when there is
 * a string that its parser would not read back (control characters).
 */
bool yaml_core_write(const struct value *v, struct buf *out, const char **why);

#endif
