/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/graphql_parse.h"

#include "rego/builtin_groups.h"
#include "rego/format.h"

status
graphql_parser_start(struct graphql_parser *p, struct rego_call *c, struct bytes text)
{
	if (text.n > GRAPHQL_MAX_TEXT)
		return builtin_limit(c, "the document is larger than %d bytes", GRAPHQL_MAX_TEXT);
	*p = (struct graphql_parser){.arena = c->arena};
	p->lex = (struct graphql_lexer){.c = c, .text = text, .line = 1, .column = 1};
	TRY(rego_charge(c, text.n));
	return graphql_next(&p->lex);
}

status
graphql_advance(struct graphql_parser *p)
{
	return graphql_next(&p->lex);
}

bool
graphql_is(const struct graphql_parser *p, char punctuation)
{
	return p->lex.token == TOKEN_PUNCTUATION && p->lex.value.p[0] == (uint8_t)punctuation;
}

bool
graphql_is_word(const struct graphql_parser *p, const char *word)
{
	return p->lex.token == TOKEN_NAME && bytes_is(p->lex.value, word);
}

static const char *
kind_name(const struct graphql_parser *p)
{
	static const char *const names[] = {"<EOF>",  "Name",        "Int", "Float",
	                                    "String", "BlockString", "..."};

	return p->lex.token == TOKEN_PUNCTUATION ? "" : names[p->lex.token];
}

/* The current token as messages show it: its kind, and its text in quotes if it has one. */
static const char *
show_token(struct graphql_parser *p, struct buf *out)
{
	buf_str(out, kind_name(p));
	if (p->lex.token == TOKEN_PUNCTUATION) {
		buf_bytes(out, p->lex.value);
	} else if (p->lex.value.n > 0) {
		buf_u8(out, ' ');
		format_quote(p->lex.value, false, '"', out);
	}
	return buf_cstr(out);
}

status
graphql_unexpected(struct graphql_parser *p)
{
	CLEANUP(buf_done) struct buf shown = {0};

	return graphql_error_at(&p->lex, "Unexpected %s", show_token(p, &shown));
}

status
graphql_skip(struct graphql_parser *p, char punctuation, bool *skipped)
{
	*skipped = graphql_is(p, punctuation);
	return *skipped ? graphql_advance(p) : OK;
}

status
graphql_expect(struct graphql_parser *p, char punctuation)
{
	CLEANUP(buf_done) struct buf shown = {0};

	if (graphql_is(p, punctuation))
		return graphql_advance(p);
	return graphql_error_at(&p->lex, "Expected %c, found %s", punctuation,
	                        show_token(p, &shown));
}

status
graphql_expect_word(struct graphql_parser *p, const char *word)
{
	CLEANUP(buf_done) struct buf shown = {0};

	if (graphql_is_word(p, word))
		return graphql_advance(p);
	return graphql_error_at(&p->lex, "Expected \"%s\", found %s", word, show_token(p, &shown));
}

status
graphql_name(struct graphql_parser *p, struct value *ret)
{
	CLEANUP(buf_done) struct buf shown = {0};

	if (p->lex.token != TOKEN_NAME)
		return graphql_error_at(&p->lex, "Expected Name, found %s", show_token(p, &shown));
	*ret = json_string(p->lex.value);
	return graphql_advance(p);
}

status
graphql_items(struct graphql_parser *p, char open, char close, bool required, graphql_item *item,
              struct value *ret)
{
	CLEANUP(buf_done) struct buf shown = {0};
	struct value_list list = value_list_of(p->arena);
	bool opened;

	*ret = value_empty(VALUE_ARRAY);
	TRY(graphql_skip(p, open, &opened));
	if (!opened)
		return OK;
	if (++p->depth > GRAPHQL_MAX_DEPTH)
		return builtin_limit(p->lex.c, "the document nests deeper than %d",
		                     GRAPHQL_MAX_DEPTH);
	while (!graphql_is(p, close)) {
		struct value v;

		TRY(item(p, &v));
		TRY(rego_charge(p->lex.c, 2));
		value_push(&list, v);
	}
	if (list.n == 0 && required)
		return graphql_error_at(&p->lex, "expected at least one definition, found %s",
		                        show_token(p, &shown));
	p->depth--;
	*ret = value_array(&list);
	return graphql_advance(p);
}

struct value
graphql_position(struct graphql_parser *p)
{
	struct value_list list = value_list_of(p->arena);

	value_push(&list, json_int(p->lex.token_line));
	value_push(&list, json_int(p->lex.token_column));
	return value_array(&list);
}

status
graphql_node(struct graphql_parser *p, struct value_list *members, struct value *ret)
{
	*ret = value_object(members, NULL);
	return arena_check(p->arena, p->lex.c->err);
}

/* ---- values ---- */

static status
list_item(struct graphql_parser *p, bool constant, struct value *ret)
{
	struct value_list m = value_list_of(p->arena);
	struct value v;

	value_push_named(&m, "Position", graphql_position(p));
	TRY(graphql_value(p, constant, &v));
	value_push_named(&m, "Name", json_cstr(""));
	value_push_named(&m, "Value", v);
	return graphql_node(p, &m, ret);
}

static status
object_field(struct graphql_parser *p, bool constant, struct value *ret)
{
	struct value_list m = value_list_of(p->arena);
	struct value name, v;

	value_push_named(&m, "Position", graphql_position(p));
	TRY(graphql_name(p, &name));
	TRY(graphql_expect(p, ':'));
	TRY(graphql_value(p, constant, &v));
	value_push_named(&m, "Name", name);
	value_push_named(&m, "Value", v);
	return graphql_node(p, &m, ret);
}

static status
const_item(struct graphql_parser *p, struct value *ret)
{
	return list_item(p, true, ret);
}

static status
free_item(struct graphql_parser *p, struct value *ret)
{
	return list_item(p, false, ret);
}

static status
const_field(struct graphql_parser *p, struct value *ret)
{
	return object_field(p, true, ret);
}

status
graphql_argument(struct graphql_parser *p, struct value *ret)
{
	return object_field(p, false, ret);
}

static status
value_node(struct graphql_parser *p, struct value position, enum graphql_value_kind kind,
           struct value raw, struct value children, struct value *ret)
{
	struct value_list m = value_list_of(p->arena);

	value_push_named(&m, "Position", position);
	value_push_named(&m, "Kind", json_int(kind));
	value_push_named(&m, "Raw", raw);
	value_push_named(&m, "Children", children);
	value_push_named(&m, "ExpectedTypeHasDefault", json_bool(false));
	return graphql_node(p, &m, ret);
}

/* A value that is one token. */
static status
scalar(struct graphql_parser *p, struct value position, enum graphql_value_kind kind,
       struct value *ret)
{
	struct value raw = json_string(p->lex.value);

	if (p->lex.value.n == 0)
		raw = json_cstr("");
	TRY(graphql_advance(p));
	return value_node(p, position, kind, raw, value_empty(VALUE_ARRAY), ret);
}

static enum graphql_value_kind
word_kind(struct bytes word)
{
	if (bytes_is(word, "true") || bytes_is(word, "false"))
		return GRAPHQL_BOOLEAN;
	return bytes_is(word, "null") ? GRAPHQL_NULL : GRAPHQL_ENUM;
}

status
graphql_value(struct graphql_parser *p, bool constant, struct value *ret)
{
	struct value position = graphql_position(p), list;

	switch (p->lex.token) {
	case TOKEN_INT:
		return scalar(p, position, GRAPHQL_INT, ret);
	case TOKEN_FLOAT:
		return scalar(p, position, GRAPHQL_FLOAT, ret);
	case TOKEN_STRING:
		return scalar(p, position, GRAPHQL_STRING, ret);
	case TOKEN_BLOCK:
		return scalar(p, position, GRAPHQL_BLOCK, ret);
	case TOKEN_NAME:
		return scalar(p, position, word_kind(p->lex.value), ret);
	case TOKEN_EOF:
	case TOKEN_SPREAD:
		return graphql_unexpected(p);
	case TOKEN_PUNCTUATION:
	default:
		break;
	}
	if (graphql_is(p, '[')) {
		TRY(graphql_items(p, '[', ']', false, constant ? const_item : free_item, &list));
		return value_node(p, position, GRAPHQL_LIST, json_cstr(""), list, ret);
	}
	if (graphql_is(p, '{')) {
		TRY(graphql_items(p, '{', '}', false, constant ? const_field : graphql_argument,
		                  &list));
		return value_node(p, position, GRAPHQL_OBJECT, json_cstr(""), list, ret);
	}
	if (!graphql_is(p, '$') || constant)
		return graphql_unexpected(p);
	TRY(graphql_advance(p));
	TRY(graphql_name(p, &list));
	return value_node(p, position, GRAPHQL_VARIABLE, list, value_empty(VALUE_ARRAY), ret);
}

/* ---- directives and types ---- */

status
graphql_directives(struct graphql_parser *p, bool constant, struct value *ret)
{
	struct value_list list = value_list_of(p->arena);

	while (graphql_is(p, '@')) {
		struct value_list m = value_list_of(p->arena);
		struct value name, args, node;

		TRY(graphql_advance(p));
		value_push_named(&m, "Position", graphql_position(p));
		TRY(graphql_name(p, &name));
		TRY(graphql_items(p, '(', ')', false, constant ? const_field : graphql_argument,
		                  &args));
		value_push_named(&m, "Name", name);
		value_push_named(&m, "Arguments", args);
		value_push_named(&m, "Location", json_cstr(""));
		TRY(graphql_node(p, &m, &node));
		value_push(&list, node);
	}
	*ret = value_array(&list);
	return arena_check(p->arena, p->lex.c->err);
}

status
graphql_type_reference(struct graphql_parser *p, struct value *ret)
{
	struct value_list m = value_list_of(p->arena);
	struct value inner;
	bool list, required;

	if (++p->depth > GRAPHQL_MAX_DEPTH)
		return builtin_limit(p->lex.c, "the document nests deeper than %d",
		                     GRAPHQL_MAX_DEPTH);
	value_push_named(&m, "Position", graphql_position(p));
	TRY(graphql_skip(p, '[', &list));
	if (list) {
		TRY(graphql_type_reference(p, &inner));
		TRY(graphql_expect(p, ']'));
		value_push_named(&m, "Elem", inner);
		value_push_named(&m, "NamedType", json_cstr(""));
	} else {
		TRY(graphql_name(p, &inner));
		value_push_named(&m, "NamedType", inner);
	}
	TRY(graphql_skip(p, '!', &required));
	value_push_named(&m, "NonNull", json_bool(required));
	p->depth--;
	return graphql_node(p, &m, ret);
}

status
graphql_operation_type(struct graphql_parser *p, struct value *ret)
{
	if (!graphql_is_word(p, "query") && !graphql_is_word(p, "mutation") &&
	    !graphql_is_word(p, "subscription"))
		return graphql_unexpected(p);
	return graphql_name(p, ret);
}
