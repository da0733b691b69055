/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status.h: the one error idiom. A fallible function returns `status`, which
 * the compiler does not let a caller ignore or mistake for a truth value, and
 * takes `struct err *` last. Libraries fill the err; a program prints it once.
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include "base/base.h"

/* What kind of failure it is. A class decides the exit code, an id the text. */
enum err_class {
	ERR_OK = 0,
	ERR_USAGE,       /* the command line is wrong */
	ERR_PARSE,       /* input is malformed */
	ERR_LIMIT,       /* input or work beyond a stated limit */
	ERR_NOT_FOUND,   /* a named thing is absent */
	ERR_IO,          /* the operating system refused */
	ERR_REJECTED,    /* a security decision said no */
	ERR_DIFFERS,     /* a comparison found a difference */
	ERR_UNREACHABLE, /* a peer does not answer, or collateral is missing */
	ERR_CONFLICT,    /* somebody else was first */
	ERR_UNSUPPORTED, /* valid, but not something we do */
	ERR_INTERNAL,    /* our own fault, or a library's */
};

typedef struct MUST_USE_TYPE status_ {
	enum err_class cls;
} status;

#define OK ((status){ERR_OK})

enum {
	ERR_ID_SIZE = 24,
	ERR_PLACE_SIZE = 256,
	ERR_MSG_SIZE = 768,
	ERR_HINT_SIZE = 256,
};

/*
 * A failure. Fixed size, no allocation. `place` is file:line:col or a JSON
 * path, `hint` says what to do; both may be empty. `id` is stable (E-JSON-003)
 * and explained in docs/errors.md.
 */
struct err {
	enum err_class cls;
	char id[ERR_ID_SIZE];
	char place[ERR_PLACE_SIZE];
	char msg[ERR_MSG_SIZE];
	char hint[ERR_HINT_SIZE];
};

/* Record a failure and return it. Overwrites what err held. err may be NULL. */
status err_set(struct err *err, enum err_class cls, const char *id, const char *fmt, ...)
        PRINTF(4, 5);

/* The same with ": " and the text of errno at the end. */
status err_set_errno(struct err *err, enum err_class cls, const char *id, const char *fmt, ...)
        PRINTF(4, 5);

/*
 * Put context in front of the message ("context: message") when `s` is a
 * failure, and return s. Use it once, where the name of the thing is known.
 */
status err_ctx(struct err *err, status s, const char *fmt, ...) PRINTF(3, 4);

/* Put a place in front of the place recorded so far, unless s is OK. "a" + ".b" = "a.b",
 * "file" + "3:7" = "file:3:7": the caller of the outer place adds no separator. */
status err_at(struct err *err, status s, const char *fmt, ...) PRINTF(3, 4);

/* Say what to do about it, unless s is OK. Replaces an earlier hint. */
status err_hint(struct err *err, status s, const char *fmt, ...) PRINTF(3, 4);

/* One line for people: "place: message [id]". `to` is NUL-terminated, cut at n. */
void err_format(const struct err *err, char *to, size_t n);

/* Exit code of a program: 0 ok, 1 rejected/differs, 2 usage or input, 3 unreachable, 4 conflict. */
int err_exit_code(enum err_class cls);

static inline bool
is_ok(status s)
{
	return s.cls == ERR_OK;
}

/* The one control-flow macro: hand a failure to the caller. */
#define TRY(call)                                                                                  \
	do {                                                                                       \
		status try_status_ = (call);                                                       \
		if (try_status_.cls != ERR_OK)                                                     \
			return try_status_;                                                        \
	} while (0)

#endif
