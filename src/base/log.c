/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/clock.h"
#include "base/text.h"

#include <unistd.h>

static struct {
	const char *program;
	enum log_level level;
	bool tty;
} g_log = {"contrast", LOG_INFO, false};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void
log_init(const char *program, enum log_level level)
{
	g_log.program = program;
	g_log.level = level;
	g_log.tty = isatty(STDERR_FILENO) == 1;
}

bool
log_level_parse(struct bytes text, enum log_level *ret)
{
	for (size_t i = 0; i < COUNT_OF(level_names); i++) {
		if (bytes_is(text, level_names[i])) {
			*ret = (enum log_level)i;
			return true;
		}
	}
	return false;
}

/* Bytes inside a JSON string; what is not printable UTF-8 goes out escaped twice. */
static void
put_json(struct buf *out, struct bytes b)
{
	CLEANUP(buf_done) struct buf plain = {0};

	text_escape(b, 4096, &plain);
	for (size_t i = 0; i < plain.n; i++) {
		if (plain.p[i] == '"' || plain.p[i] == '\\')
			buf_u8(out, '\\');
		buf_u8(out, plain.p[i]);
	}
}

static void
put_field(struct buf *out, const struct log_field *f)
{
	if (f->kind == LOG_END)
		return;
	buf_printf(out, g_log.tty ? " %s=" : ",\"%s\":", f->key);
	if (f->kind == LOG_INT) {
		buf_printf(out, "%lld", (long long)f->number);
		return;
	}
	buf_str(out, "\"");
	if (f->kind == LOG_HEX)
		hex_encode(f->bytes, out);
	else
		put_json(out, f->bytes);
	buf_str(out, "\"");
}

void
log_write(enum log_level level, const char *msg, const struct log_field *fields, size_t n)
{
	CLEANUP(buf_done) struct buf line = {.max = 64 * 1024};
	char when[32];

	if (level > g_log.level)
		return;
	if (g_log.tty)
		buf_printf(&line, "%s: %s: %s", g_log.program, level_names[level], msg);
	else
		buf_printf(&line,
		           "{\"time\":\"%s\",\"level\":\"%s\",\"program\":\"%s\",\"msg\":\"%s\"",
		           time_cstr(clock_realtime(), when), level_names[level], g_log.program,
		           msg);
	for (size_t i = 0; i < n; i++)
		put_field(&line, &fields[i]);
	buf_str(&line, g_log.tty ? "\n" : "}\n");
	/* One write a line, so that lines of several processes do not mix. */
	if (buf_ok(&line))
		(void)!write(STDERR_FILENO, line.p, line.n);
}

void
log_err(enum log_level level, const char *msg, const struct err *err)
{
	log_at(level, msg, F_CSTR("id", err->id), F_CSTR("place", err->place),
	       F_CSTR("error", err->msg));
}
