/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contrast/rego.h: compile Rego policies and evaluate them. Part of
 * libcontrast; C99 and C++.
 *
 * Threads: a policy is immutable and may be used by any number of threads; a
 * session belongs to one thread at a time. Nothing does I/O or reads a clock
 * except for a time budget. Nothing is global.
 *
 * Failing closed: every function returns a contrast_rego_status. Anything but
 * CONTRAST_REGO_OK means that there is no answer, and a caller who decides
 * something must then refuse it. That holds for exhausted budgets in particular.
 *
 * Text in and out is UTF-8 with a length and need not be NUL-terminated;
 * `const char *` parameters without a length are NUL-terminated.
 */
#ifndef CONTRAST_REGO_H
#define CONTRAST_REGO_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define CONTRAST_API __attribute__((visibility("default")))
#else
#define CONTRAST_API
#endif

typedef enum contrast_rego_status {
	CONTRAST_REGO_OK = 0,
	CONTRAST_REGO_PARSE =
	        1, /* policy, query, data or input is malformed or contradicts itself */
	CONTRAST_REGO_LIMIT = 2,     /* a budget or a size limit is exhausted */
	CONTRAST_REGO_UNDEFINED = 3, /* no rule is at the path, or a decision is undefined */
	CONTRAST_REGO_SHAPE = 4,     /* a decision is neither a boolean nor {allowed, ops} */
	CONTRAST_REGO_CONFLICT = 5,  /* rules disagree about a value */
	CONTRAST_REGO_BUILTIN = 6,   /* a builtin failed, in strict mode */
	CONTRAST_REGO_STATE = 7,     /* the operations of a decision do not apply to the data */
	CONTRAST_REGO_INTERNAL = 8
} contrast_rego_status;

/* Where and why. All texts are NUL-terminated, possibly cut. */
typedef struct contrast_rego_error {
	contrast_rego_status status;
	char id[24];       /* stable, such as "E-REGO-016" */
	char place[256];   /* file:line:col, or "" */
	char message[768]; /* of a policy with the line and a caret below it */
} contrast_rego_error;

typedef struct contrast_rego_policy contrast_rego_policy;
typedef struct contrast_rego_session contrast_rego_session;

typedef struct contrast_rego_module {
	const char *name; /* for messages */
	const char *text;
	size_t size;
} contrast_rego_module;

enum {
	CONTRAST_REGO_V0 = 1,     /* modules are of the old language unless they import rego.v1 */
	CONTRAST_REGO_TRACE = 2,  /* compile for contrast_rego_trace() */
	CONTRAST_REGO_STRICT = 4, /* errors of builtins are errors, not undefined */
	CONTRAST_REGO_PRINT = 8   /* collect what print() is given */
};

/*
 * Compile. `query` may be NULL: then only documents can be evaluated. Texts
 * are copied. *ret is untouched on failure; release it with _policy_free().
 */
CONTRAST_API contrast_rego_status contrast_rego_compile(const contrast_rego_module *modules,
                                                        size_t n, const char *query, unsigned flags,
                                                        contrast_rego_policy **ret,
                                                        contrast_rego_error *error);

/* Counted: a session holds its policy, so this may be called first. NULL is fine. */
CONTRAST_API void contrast_rego_policy_free(contrast_rego_policy *policy);

/* Bytes that the compiled policy holds. */
CONTRAST_API size_t contrast_rego_policy_size(const contrast_rego_policy *policy);

/* Budgets of one evaluation, its input included; 0 = default. */
typedef struct contrast_rego_limits {
	uint64_t steps;   /* 50 million */
	size_t bytes;     /* 256 MiB */
	uint32_t depth;   /* 256 nested calls */
	uint64_t time_ns; /* none */
} contrast_rego_limits;

/* `limits` may be NULL. flags: _STRICT, _PRINT, _TRACE. Data is {} at first. */
CONTRAST_API contrast_rego_status contrast_rego_session_new(const contrast_rego_policy *policy,
                                                            const contrast_rego_limits *limits,
                                                            unsigned flags,
                                                            contrast_rego_session **ret,
                                                            contrast_rego_error *error);
CONTRAST_API void contrast_rego_session_free(contrast_rego_session *session);

/* Where uuid.rfc4122() and rand.intn() get their bytes; without it they fail. */
CONTRAST_API void contrast_rego_session_random(contrast_rego_session *session,
                                               void (*random)(void *context, void *to, size_t n),
                                               void *context);

/*
 * Where the builtins of time get their zones. Without it they know UTC alone and
 * a zone by name is an error of the builtin: the library opens no file. `zone` gets a
 * name such as "Europe/Berlin" (of letters, digits and _ + - between slashes, so it
 * cannot leave a folder), points *tzif to TZif data (RFC 9636, at most 256 KiB; the files of
 * /usr/share/zoneinfo have that form) and returns 1, or returns 0 if there is no such
 * zone. The data is copied before the next call. NULL: UTC alone again.
 */
CONTRAST_API void contrast_rego_session_zones(contrast_rego_session *session,
                                              int (*zone)(void *context, const char *name,
                                                          const void **tzif, size_t *size),
                                              void *context);

/* Replace `data`: a JSON object. */
CONTRAST_API contrast_rego_status contrast_rego_session_data(contrast_rego_session *session,
                                                             const char *json, size_t size,
                                                             contrast_rego_error *error);

/* A question, prepared once: a path such as "data.agent_policy.CreateContainerRequest". */
typedef struct contrast_rego_entry {
	uint32_t document;
	uint32_t query;
} contrast_rego_entry;

CONTRAST_API contrast_rego_status contrast_rego_prepare(const contrast_rego_session *session,
                                                        const char *path, contrast_rego_entry *ret,
                                                        contrast_rego_error *error);
/* The query that was compiled in. CONTRAST_REGO_UNDEFINED if there was none. */
CONTRAST_API contrast_rego_status contrast_rego_prepare_query(const contrast_rego_session *session,
                                                              contrast_rego_entry *ret,
                                                              contrast_rego_error *error);

/*
 * Evaluate with a JSON input (size 0: none) at `now_ns` since 1970. *json is the
 * value, NULL when it is undefined; of a query an array with one object
 * {"bindings": {}, "expressions": []} a solution. Borrowed until the next
 * call with this session.
 */
CONTRAST_API contrast_rego_status contrast_rego_evaluate(
        contrast_rego_session *session, contrast_rego_entry entry, const char *input, size_t size,
        int64_t now_ns, const char **json, size_t *json_size, contrast_rego_error *error);

/*
 * As an agent decides a request: the value must be a boolean, or
 * {"allowed": boolean, "ops": [...]} whose JSON Patch operations are applied to
 * the data, all or none, when it allows. *allowed is 1 only if the status is OK,
 * the answer is yes and the operations are applied; otherwise 0.
 */
CONTRAST_API contrast_rego_status contrast_rego_decide(contrast_rego_session *session,
                                                       contrast_rego_entry entry, const char *input,
                                                       size_t size, int64_t now_ns, int *allowed,
                                                       contrast_rego_error *error);

/* Lines that print() made in the last evaluation. NULL behind the last. Borrowed as above. */
CONTRAST_API const char *contrast_rego_print(const contrast_rego_session *session, size_t i,
                                             size_t *size);

/* What the last evaluation did with one expression of the policy. */
typedef struct contrast_rego_trace_entry {
	const char *file;
	uint32_t line, column;
	const char *text; /* of the expression, not NUL-terminated */
	size_t size;
	uint32_t evaluated; /* times it began */
	uint32_t held;      /* times it held, once a solution */
	uint32_t was_false; /* times it was false */
	uint32_t undefined; /* times it had no value */
} contrast_rego_trace_entry;

/* Expression i; 0 behind the last, and when nothing is traced. */
CONTRAST_API int contrast_rego_trace(const contrast_rego_session *session, size_t i,
                                     contrast_rego_trace_entry *ret);

/* Steps and bytes of the last evaluation. */
CONTRAST_API void contrast_rego_used(const contrast_rego_session *session, uint64_t *steps,
                                     size_t *bytes);

#ifdef __cplusplus
}
#endif
#endif
