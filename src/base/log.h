/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h: structured log lines of programs (libraries return errors). The
 * message is a constant, what varies goes into fields. Text on a terminal,
 * one JSON object a line otherwise. Values are escaped; secrets have no field type.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/bytes.h"
#include "base/status.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log_field {
	enum { LOG_END, LOG_TEXT, LOG_HEX, LOG_INT } kind;
	const char *key;
	struct bytes bytes;
	int64_t number;
};

#define F_CSTR(k, s) ((struct log_field){LOG_TEXT, (k), bytes_str(s), 0})
#define F_TEXT(k, b) ((struct log_field){LOG_TEXT, (k), (b), 0})
#define F_HEX(k, b) ((struct log_field){LOG_HEX, (k), (b), 0})
#define F_INT(k, v) ((struct log_field){LOG_INT, (k), {NULL, 0}, (int64_t)(v)})

/* Name in front of text lines and in "program"; level from text ("info"), false if unknown. */
void log_init(const char *program, enum log_level level);
bool log_level_parse(struct bytes text, enum log_level *ret);

void log_write(enum log_level level, const char *msg, const struct log_field *fields, size_t n);

#define log_at(level, msg, ...)                                                                    \
	log_write((level), (msg),                                                                  \
	          (const struct log_field[]){{LOG_END, NULL, {NULL, 0}, 0}, ##__VA_ARGS__},        \
	          sizeof((const struct log_field[]){{LOG_END, NULL, {NULL, 0}, 0},                 \
	                                            ##__VA_ARGS__}) /                              \
	                  sizeof(struct log_field))
#define log_error(msg, ...) log_at(LOG_ERROR, msg, ##__VA_ARGS__)
#define log_warn(msg, ...) log_at(LOG_WARN, msg, ##__VA_ARGS__)
#define log_info(msg, ...) log_at(LOG_INFO, msg, ##__VA_ARGS__)
#define log_debug(msg, ...) log_at(LOG_DEBUG, msg, ##__VA_ARGS__)

/* A failure, once: id, place and message as fields. */
void log_err(enum log_level level, const char *msg, const struct err *err);

#endif
