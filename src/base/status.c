/* SPDX-License-Identifier: Apache-2.0 */
#include "base/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void
set_id(struct err *err, const char *id)
{
	snprintf(err->id, sizeof err->id, "%s", id);
	err->place[0] = '\0';
	err->hint[0] = '\0';
}

status
err_set(struct err *err, enum err_class cls, const char *id, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		err->cls = cls;
		set_id(err, id);
		va_start(ap, fmt);
		vsnprintf(err->msg, sizeof err->msg, fmt, ap);
		va_end(ap);
	}
	return (status){cls};
}

status
err_set_errno(struct err *err, enum err_class cls, const char *id, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	int n;

	if (err) {
		err->cls = cls;
		set_id(err, id);
		va_start(ap, fmt);
		n = vsnprintf(err->msg, sizeof err->msg, fmt, ap);
		va_end(ap);
		if (n >= 0 && (size_t)n < sizeof err->msg)
			snprintf(err->msg + n, sizeof err->msg - (size_t)n, ": %s",
			         strerror(saved));
	}
	return (status){cls};
}

/* Puts `head` in front of the text in buf[size], cutting at the end. */
static void
prepend(char *buf, size_t size, const char *head)
{
	size_t h = strlen(head);
	size_t t = strlen(buf);

	if (h > size - 1)
		h = size - 1;
	if (t > size - 1 - h)
		t = size - 1 - h;
	memmove(buf + h, buf, t);
	memcpy(buf, head, h);
	buf[h + t] = '\0';
}

status
err_ctx(struct err *err, status s, const char *fmt, ...)
{
	char head[ERR_MSG_SIZE];
	va_list ap;

	if (s.cls == ERR_OK || !err)
		return s;
	va_start(ap, fmt);
	vsnprintf(head, sizeof head - 2, fmt, ap);
	va_end(ap);
	strcat(head, ": ");
	prepend(err->msg, sizeof err->msg, head);
	return s;
}

status
err_at(struct err *err, status s, const char *fmt, ...)
{
	char head[ERR_PLACE_SIZE];
	va_list ap;

	if (s.cls == ERR_OK || !err)
		return s;
	va_start(ap, fmt);
	vsnprintf(head, sizeof head - 1, fmt, ap);
	va_end(ap);
	/* "file" in front of "3:7" wants a colon; ".member" and "[0]" do not. */
	if (err->place[0] != '\0' && err->place[0] != '.' && err->place[0] != '[')
		strcat(head, ":");
	prepend(err->place, sizeof err->place, head);
	return s;
}

status
err_hint(struct err *err, status s, const char *fmt, ...)
{
	va_list ap;

	if (s.cls == ERR_OK || !err)
		return s;
	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof err->hint, fmt, ap);
	va_end(ap);
	return s;
}

void
err_format(const struct err *err, char *to, size_t n)
{
	snprintf(to, n, "%s%s%s [%s]", err->place, err->place[0] ? ": " : "", err->msg, err->id);
}

int
err_exit_code(enum err_class cls)
{
	switch (cls) {
	case ERR_OK:
		return 0;
	case ERR_REJECTED:
	case ERR_DIFFERS:
		return 1;
	case ERR_UNREACHABLE:
		return 3;
	case ERR_CONFLICT:
		return 4;
	case ERR_USAGE:
	case ERR_PARSE:
	case ERR_LIMIT:
	case ERR_NOT_FOUND:
	case ERR_IO:
	case ERR_UNSUPPORTED:
	case ERR_INTERNAL:
		return 2;
	}
	return 2;
}
