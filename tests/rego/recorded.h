/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorded.h: requests to Kata's agent as they are written down: lines of a
 * recording (["ep":"Name",{...}], or JSON objects, one a line), and lists of
 * test cases, whose requests leave out what has its default.
 */
#ifndef TESTS_REGO_RECORDED_H
#define TESTS_REGO_RECORDED_H

#include "json/value.h"

struct recorded {
	struct bytes name;           /* "CreateContainerRequest" */
	struct bytes json;           /* the request */
	struct bytes data;           /* the state before it, or empty: as the last one left it */
	const struct value *allowed; /* a test case's answer, or NULL */
};

struct recording {
	struct recorded *list;
	size_t n, cap;
};

void recording_done(struct recording *r);

/* A line as the agent's log has it: the two parts, borrowed. False if it is something else. */
bool recorded_line(struct bytes line, struct bytes *name, struct bytes *json);

/*
 * A whole file: a list of test cases if it is a JSON array ({"kind" or "type", "request",
 * "allowed"}), else lines, each of the agent's form or {"ep" or "kind", "input" or "request",
 * "data"}. Borrows from `text` and the arena.
 */
status recording_read(struct arena *a, struct bytes text, struct recording *ret, struct err *err);

/*
 * A request with every member that its message has: what is missing gets its
 * default (protobuf's, as the agent's deserialiser does it), what is unknown is left out. A
 * message that is not known stays as it is.
 */
struct value recorded_complete(struct arena *a, struct bytes message, const struct value *v);

#endif
