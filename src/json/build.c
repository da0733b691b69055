/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/text.h"
#include "json/value.h"

struct value
json_cstr(const char *text)
{
	return json_string(bytes_str(text));
}

struct value
json_array(void)
{
	return (struct value){.type = VALUE_ARRAY, .flags = VALUE_BUILT};
}

struct value
json_object(void)
{
	return (struct value){.type = VALUE_OBJECT, .flags = VALUE_BUILT};
}

struct value
json_copy_string(struct arena *a, struct bytes text)
{
	return json_string(arena_copy(a, text));
}

struct value
json_hex(struct arena *a, struct bytes b)
{
	CLEANUP(buf_done) struct buf text = {0};

	hex_encode(b, &text);
	return json_copy_string(a, buf_view(&text));
}

struct value
json_base64(struct arena *a, struct bytes b)
{
	CLEANUP(buf_done) struct buf text = {0};

	base64_encode(BASE64_STD, b, &text);
	return json_copy_string(a, buf_view(&text));
}

struct value
json_time(struct arena *a, int64_t t)
{
	char text[32];

	return json_copy_string(a, bytes_str(time_cstr(t, text)));
}

/*
 * Room for one more element of `size` bytes behind `n` present ones. A built
 * container holds a power of two of them (at least four), so its capacity
 * follows from n; any other is copied first.
 */
static void *
room(struct arena *a, const struct value *v, const void *old, size_t size)
{
	size_t cap = 4;
	void *p;

	while (cap < (size_t)v->n + 1)
		cap *= 2;
	if ((v->flags & VALUE_BUILT) && v->n > 0 && (v->n < 4 || (v->n & (v->n - 1)) != 0))
		return NULL; /* fits in place */
	p = arena_array(a, cap, size);
	if (p)
		mem_copy(p, old, v->n * size);
	return p;
}

void
json_add(struct arena *a, struct value *array, struct value item)
{
	struct value *grown = room(a, array, array->u.items, sizeof item);

	if (a->failed)
		return;
	if (grown)
		array->u.items = grown;
	array->flags |= VALUE_BUILT;
	((struct value *)(uintptr_t)array->u.items)[array->n++] = item;
}

void
json_put_bytes(struct arena *a, struct value *object, struct bytes name, struct value val)
{
	struct member m = {json_string(name), val};
	struct member *grown = room(a, object, object->u.members, sizeof m);

	if (a->failed)
		return;
	if (grown)
		object->u.members = grown;
	object->flags |= VALUE_BUILT;
	((struct member *)(uintptr_t)object->u.members)[object->n++] = m;
}

void
json_put(struct arena *a, struct value *object, const char *name, struct value val)
{
	json_put_bytes(a, object, bytes_str(name), val);
}
