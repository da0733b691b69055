/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "rego/types.h"

/* Text that is cut at the end of the buffer; what does not fit is not walked either. */
struct shown {
	char *to;
	size_t size, at;
};

static void put(struct shown *s, const struct type *t);

static void text(struct shown *s, const char *fmt, ...) PRINTF(2, 3);

static void
text(struct shown *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (s->at + 1 >= s->size)
		return;
	va_start(ap, fmt);
	n = vsnprintf(s->to + s->at, s->size - s->at, fmt, ap);
	va_end(ap);
	s->at += n > 0 ? (size_t)n : 0;
}

static void
put_key(struct shown *s, const struct value *key)
{
	CLEANUP(buf_done) struct buf out = {0};

	if (key->type == VALUE_STRING)
		buf_bytes(&out, json_text(key));
	else
		value_term(key, &out);
	text(s, "%.*s: ", BYTES_ARG(buf_view(&out)));
}

static void
put_items(struct shown *s, const struct type *t, const char *name)
{
	text(s, "%s", name);
	if (t->n > 0)
		text(s, "<");
	for (uint32_t i = 0; i < t->n && s->at + 1 < s->size; i++) {
		if (i > 0)
			text(s, ", ");
		if (t->keys)
			put_key(s, &t->keys[i]);
		put(s, t->items[i]);
	}
	if (t->n > 0)
		text(s, ">");
	if (!t->val)
		return;
	text(s, "[");
	if (t->key) {
		put(s, t->key);
		text(s, ": ");
	}
	put(s, t->val);
	text(s, "]");
}

static void
put(struct shown *s, const struct type *t)
{
	static const char *const names[] = {
	        [TYPE_NULL] = "null",     [TYPE_BOOLEAN] = "boolean", [TYPE_NUMBER] = "number",
	        [TYPE_STRING] = "string", [TYPE_ANY] = "any",         [TYPE_ARRAY] = "array",
	        [TYPE_OBJECT] = "object", [TYPE_SET] = "set",         [TYPE_UNION] = "any",
	};

	if (s->at + 1 >= s->size)
		return;
	if (t)
		put_items(s, t, names[t->kind]);
	else
		text(s, "???");
}

void
type_show(const struct type *t, char *to, size_t size)
{
	struct shown s = {to, size, 0};

	to[0] = '\0';
	put(&s, t);
	if (s.at >= size)
		snprintf(to + size - 4, 4, "...");
}
