/* SPDX-License-Identifier: Apache-2.0 */
#include "json/value.h"

#include "base/text.h"

const struct value *
json_get_bytes(const struct value *v, struct bytes name)
{
	if (!json_is(v, VALUE_OBJECT))
		return NULL;
	for (uint32_t i = 0; i < v->n; i++) {
		const struct member *m = &v->u.members[i];

		if (m->key.type == VALUE_STRING && bytes_equal(json_text(&m->key), name))
			return &m->val;
	}
	return NULL;
}

const struct value *
json_get(const struct value *v, const char *name)
{
	return json_get_bytes(v, bytes_str(name));
}

const struct value *
json_item(const struct value *v, size_t i)
{
	return json_is(v, VALUE_ARRAY) && i < v->n ? &v->u.items[i] : NULL;
}

bool
json_u64(const struct value *v, uint64_t max, uint64_t *ret)
{
	if (!json_is(v, VALUE_NUMBER))
		return false;
	if (!(v->flags & VALUE_INT))
		return text_u64(json_text(v), max, ret);
	if (v->u.i < 0 || (uint64_t)v->u.i > max)
		return false;
	*ret = (uint64_t)v->u.i;
	return true;
}

const char *
json_type_name(enum value_type t)
{
	static const char *const names[] = {"undefined", "null",  "boolean", "number",
	                                    "string",    "array", "object",  "set"};

	return names[t];
}

static status
check_field(const struct json_field *f, const struct value *got, struct err *err)
{
	status s;

	if (!got) {
		if (!f->required)
			return OK;
		s = err_set(err, ERR_PARSE, "E-JSON-021", "the member \"%s\" is missing", f->name);
		return err_at(err, s, ".%s", f->name);
	}
	if (got->type != f->type) {
		s = err_set(err, ERR_PARSE, "E-JSON-022", "must be a %s, is a %s",
		            json_type_name(f->type), json_type_name(got->type));
		return err_at(err, s, ".%s", f->name);
	}
	return OK;
}

static status
refuse_unknown(const struct value *v, const struct json_field *fields, size_t n, struct err *err)
{
	for (uint32_t i = 0; i < v->n; i++) {
		struct bytes name = json_text(&v->u.members[i].key);
		CLEANUP(buf_done) struct buf shown = {0};
		size_t k = 0;

		while (k < n && !bytes_is(name, fields[k].name))
			k++;
		if (k < n)
			continue;
		text_escape(name, 64, &shown);
		return err_at(err,
		              err_set(err, ERR_PARSE, "E-JSON-020", "unknown member \"%s\"",
		                      buf_cstr(&shown)),
		              ".%s", buf_cstr(&shown));
	}
	return OK;
}

status
json_fields(const struct value *v, const struct json_field *fields, size_t n, struct err *err)
{
	if (!json_is(v, VALUE_OBJECT))
		return err_set(err, ERR_PARSE, "E-JSON-022", "must be an object, is a %s",
		               v ? json_type_name((enum value_type)v->type) : "missing value");
	TRY(refuse_unknown(v, fields, n, err));
	for (size_t i = 0; i < n; i++) {
		const struct value *got = json_get(v, fields[i].name);

		TRY(check_field(&fields[i], got, err));
		*fields[i].ret = got;
	}
	return OK;
}
