/* SPDX-License-Identifier: Apache-2.0 */
/* yaml.*: YAML by way of JSON. */
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "rego/builtin_groups.h"
#include "rego/codec.h"
#include "rego/format.h"
#include "rego/yaml_core.h"
#include "yaml/tree.h"

/* ---- reading ---- */

static struct value
float_value(struct arena *a, double d)
{
	CLEANUP(buf_done) struct buf text = {0};

	yaml_core_json_float(d, &text);
	return value_number(a, buf_view(&text));
}

static struct value
int_value(struct arena *a, const struct yaml_core *s)
{
	CLEANUP(buf_done) struct buf text = {0};

	buf_printf(&text, "%s%lu", s->negative && s->magnitude ? "-" : "", s->magnitude);
	return value_number(a, buf_view(&text));
}

/* Bytes that are no UTF-8 become replacement characters, as all text that went through JSON. */
static status
binary(struct rego_call *c, struct bytes text, struct value *ret)
{
	CLEANUP(buf_done) struct buf raw = result_buf(c);
	CLEANUP(buf_done) struct buf clean = result_buf(c);
	size_t bad;

	if (!codec_base64(text, false, false, &raw, &bad))
		return builtin_error(c, "yaml: !!binary value contains invalid base64 data");
	for (size_t at = 0; at < raw.n && buf_ok(&clean);) {
		int32_t cp = utf8_next(buf_view(&raw), &at);

		utf8_put(&clean, cp < 0 ? 0xfffd : (uint32_t)cp);
	}
	return builtin_text(c, &clean, ret);
}

/* A tag that says what the text is must be right about it. */
static status
check_tag(struct rego_call *c, const struct yaml_node *n, struct yaml_core *s)
{
	static const struct {
		const char *name;
		enum yaml_core_type type;
	} wanted[] = {
	        [YAML_NULL] = {"!!null", CORE_NULL},
	        [YAML_BOOL] = {"!!bool", CORE_BOOL},
	        [YAML_INT] = {"!!int", CORE_INT},
	        [YAML_FLOAT] = {"!!float", CORE_FLOAT},
	};
	unsigned int tag = n->tag - 1U;

	if (s->type == wanted[tag].type)
		return OK;
	if (tag != YAML_FLOAT || s->type != CORE_INT)
		return builtin_error(c, "yaml: cannot decode `%.*s` as a %s", BYTES_ARG(n->text),
		                     wanted[tag].name);
	s->type = CORE_FLOAT;
	s->real = s->negative ? -(double)s->magnitude : (double)s->magnitude;
	return OK;
}

static bool
is_tagged_type(const struct yaml_node *n)
{
	return n->tag > 1 + YAML_STR && n->tag <= 1 + YAML_FLOAT;
}

static status
resolve(struct rego_call *c, const struct yaml_node *n, struct yaml_core *ret)
{
	*ret = (struct yaml_core){.type = CORE_STR};
	if (is_tagged_type(n)) {
		*ret = yaml_core_resolve(n->text);
		return check_tag(c, n, ret);
	}
	if (n->tag == 0 && n->style == YAML_PLAIN)
		*ret = yaml_core_resolve(n->text);
	return OK;
}

static status
scalar(struct rego_call *c, const struct yaml_node *n, struct value *ret)
{
	struct yaml_core s;

	if (n->tag == YAML_TAG_BINARY)
		return binary(c, n->text, ret);
	TRY(resolve(c, n, &s));
	switch (s.type) {
	case CORE_NULL:
		*ret = json_null();
		return OK;
	case CORE_BOOL:
		*ret = json_bool(s.boolean);
		return OK;
	case CORE_INT:
		*ret = int_value(c->arena, &s);
		return OK;
	case CORE_FLOAT:
		if (!isfinite(s.real))
			return builtin_error(c, "json: unsupported value: %s",
			                     isnan(s.real) ? "NaN"
			                     : s.real < 0  ? "-Inf"
			                                   : "+Inf");
		*ret = float_value(c->arena, s.real);
		return OK;
	case CORE_STR:
	case CORE_TIME:
	case CORE_MERGE:
	default:
		*ret = json_copy_string(c->arena, n->text);
		return OK;
	}
}

/* The shortest decimal that reads back as the float32 nearest to d. */
static void
float32_text(double d, struct buf *out)
{
	float f = (float)d;

	for (int digits = 1; digits <= 9; digits++) {
		CLEANUP(buf_done) struct buf text = {0};

		buf_printf(&text, "%.*e", digits - 1, (double)f);
		if (strtof(buf_cstr(&text), NULL) != f && digits < 9)
			continue;
		if (signbit(f))
			buf_u8(out, '-');
		format_float(fabs(strtod(buf_cstr(&text), NULL)), 'g', -1, out);
		return;
	}
}

/* Names are text: numbers and booleans as Go writes them, floats with the digits of a float32. */
static status
name_of(struct rego_call *c, const struct yaml_node *n, struct value *ret)
{
	CLEANUP(buf_done) struct buf text = {0};
	struct yaml_core s;

	if (n->tag == YAML_TAG_BINARY)
		return binary(c, n->text, ret);
	TRY(resolve(c, n, &s));
	if (s.type == CORE_NULL)
		return builtin_error(c, "yaml: unsupported map key: null");
	if (s.type == CORE_BOOL)
		buf_str(&text, s.boolean ? "true" : "false");
	else if (s.type == CORE_INT)
		buf_printf(&text, "%s%lu", s.negative && s.magnitude ? "-" : "", s.magnitude);
	else if (s.type == CORE_FLOAT && !isfinite(s.real))
		buf_str(&text, isnan(s.real) ? ".nan" : s.real < 0 ? "-.inf" : ".inf");
	else if (s.type == CORE_FLOAT)
		float32_text(s.real, &text);
	else
		buf_bytes(&text, n->text);
	return builtin_text(c, &text, ret);
}

/* Depth is bounded by YAML_MAX_DEPTH, the number of nodes by YAML_MAX_NODES. */
static status
from_node(struct rego_call *c, const struct yaml_node *n, struct value *ret)
{
	struct value_list list = value_list_of(c->arena);

	TRY(rego_charge(c, 2));
	if (n->kind == YAML_SCALAR) {
		TRY(scalar(c, n, ret));
		return arena_check(c->arena, c->err);
	}
	for (uint32_t i = 0; i < n->n; i++) {
		struct value v, name;

		TRY(from_node(c, n->kids[i].val, &v));
		if (n->kind == YAML_SEQ) {
			value_push(&list, v);
			continue;
		}
		TRY(name_of(c, n->kids[i].key, &name));
		value_push_member(&list, name, v);
	}
	/* The last of several pairs of one name counts. */
	*ret = n->kind == YAML_SEQ ? value_array(&list) : value_object(&list, NULL);
	return arena_check(c->arena, c->err);
}

/* As Go's decoder says it; it counts the lines of its parser's errors (not its scanner's) from 0.
 */
static status
malformed(struct rego_call *c, const struct err *err)
{
	struct bytes place = bytes_str(err->place), msg = bytes_str(err->msg);
	struct bytes ours = BYTES("not valid YAML: ");
	uint64_t line = 0;

	if (bytes_starts(msg, ours))
		msg = bytes_sub(msg, ours.n, msg.n);
	(void)text_u64(bytes_sub(place, 0, bytes_find_byte(place, ':', 0)), UINT32_MAX, &line);
	if (line > 0 && bytes_starts(msg, BYTES("did not find expected")))
		line--;
	if (line == 0)
		return builtin_error(c, "yaml: %.*s", BYTES_ARG(msg));
	return builtin_error(c, "yaml: line %lu: %.*s", line, BYTES_ARG(msg));
}

static status
parse(struct rego_call *c, struct bytes text, struct value *ret)
{
	CLEANUP(arena_done) struct arena work = {0};
	struct yaml_stream s;
	struct err err;

	TRY(rego_charge(c, text.n));
	if (!is_ok(yaml_parse_duplicates(&work, text, &s, &err)))
		return malformed(c, &err);
	*ret = json_null();
	return s.n > 0 && s.docs[0] ? from_node(c, s.docs[0], ret) : OK;
}

static status
unmarshal(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes text;

	TRY(builtin_string(c, args, 0, &text));
	return parse(c, text, ret);
}

static status
is_valid(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value ignored;
	status s;

	if (args[0].type != VALUE_STRING)
		return return_bool(false, ret);
	s = parse(c, string_bytes(&args[0]), &ignored);
	return s.cls == ERR_LIMIT ? s : return_bool(is_ok(s), ret);
}

static status
marshal(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(c);
	const char *why;

	TRY(builtin_charge_weight(c, &args[0]));
	if (!yaml_core_write(&args[0], &out, &why))
		return builtin_error(c, "yaml: %s", why);
	TRY(rego_charge(c, out.n / 8));
	return builtin_text(c, &out, ret);
}

static const struct rego_builtin list[] = {
        {"yaml.marshal", 1, 0, marshal},
        {"yaml.unmarshal", 1, 0, unmarshal},
        {"yaml.is_valid", 1, 0, is_valid},
};
const struct rego_builtin_group rego_group_yaml = {list, COUNT_OF(list)};
