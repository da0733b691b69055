/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h: one thread's use of a policy: its data, its memory (reused from
 * one evaluation to the next) and its cache of compiled expressions. Any
 * number of sessions share a policy.
 */
#ifndef REGO_SESSION_H
#define REGO_SESSION_H

#include "rego/vm.h"

enum {
	SESSION_ARENA = 192 * 1024,         /* taken at once and kept */
	SESSION_KEEP_MAX = 8 * 1024 * 1024, /* what an evaluation needed, kept for the next */
	SESSION_STATE_MAX = 64 * 1024 * 1024,
};

struct session_options {
	struct eval_limits limits;
	bool strict;
	bool print;
	bool trace; /* the policy must be compiled for it */
	void (*random)(void *ctx, void *to, size_t n);
	void *random_ctx;
	/* As of eval_options. */
	bool (*zone)(void *ctx, struct bytes name, struct buf *tzif);
	void *zone_ctx;
};

/* What a question asks for: a document, or the policy's own query. */
struct entry {
	uint32_t document;
	bool query;
};

/* Borrowed until the session's next evaluation or its end. */
struct session_answer {
	struct value value; /* undefined: no value. Of a query: its solutions, see eval_query() */
	const struct value *prints; /* strings */
	size_t n_prints;
	const struct trace_entry *trace; /* by number of the expression, or NULL */
	enum eval_error why;             /* when the evaluation failed */
	uint64_t steps;                  /* used */
	size_t bytes;                    /* held at the end */
};

struct session;

/* Holds the policy. ERR_LIMIT without memory. */
status session_new(const struct policy *p, const struct session_options *o, struct session **ret,
                   struct err *err);
void session_free(struct session *s); /* accepts NULL */

void session_random(struct session *s, void (*random)(void *ctx, void *to, size_t n), void *ctx);
void session_zones(struct session *s, bool (*zone)(void *ctx, struct bytes name, struct buf *tzif),
                   void *ctx);

/* Replace the data document. JSON object; copied. */
status session_set_data(struct session *s, struct bytes json, struct err *err);
const struct value *session_data(const struct session *s);

/*
 * Where "data.a.b" is. ERR_NOT_FOUND E-REGO-070 when no rule or package is
 * there: an evaluation would be undefined whatever the input.
 */
status session_find(const struct session *s, struct bytes path, struct entry *ret, struct err *err);

/*
 * Parse the input (JSON; empty: none) and evaluate. A failure is never an
 * answer: whoever decides by it must deny.
 */
status session_eval(struct session *s, struct entry e, struct bytes input, int64_t now_ns,
                    struct session_answer *ret, struct err *err);
/* The two halves, for who times them: the input lives until the next session_input(). */
status session_input(struct session *s, struct bytes input, struct err *err);
status session_run(struct session *s, struct entry e, int64_t now_ns, struct session_answer *ret,
                   struct err *err);

/*
 * Apply JSON Patch operations (RFC 6902) to the data, all or none.
 * ERR_REJECTED E-REGO-071 when they do not apply.
 */
status session_patch(struct session *s, const struct value *ops, struct err *err);

/*
 * An agent's request: the document must be a boolean, or {allowed, ops} whose
 * operations are applied when it allows. *ret_allowed is true only then.
 * Everything else is an error: E-REGO-072 undefined, E-REGO-073 another shape.
 */
status session_decide(struct session *s, struct entry e, struct bytes input, int64_t now_ns,
                      bool *ret_allowed, struct session_answer *ret, struct err *err);

#endif
