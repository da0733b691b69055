/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "json/members.h"
#include "json/scan.h"

/*
 * One pass, recursive descent with a depth limit. Elements of open containers
 * wait on a stack that is shared by all levels and are copied to the arena
 * when their container closes, so the result is contiguous and exact.
 */
enum { FIRST_STACK = 64 };

struct parser {
	struct arena *arena;
	const uint8_t *begin, *p, *end;
	struct value *stack;
	size_t top, cap;
	struct value first[FIRST_STACK]; /* most texts need no more */
	uint32_t depth_left;
	bool sorted;
	bool duplicates; /* are allowed */
	const struct json_names *names;
	struct err *err;
};

static status
fail(struct parser *ps, const uint8_t *at, enum err_class cls, const char *id, const char *what)
{
	unsigned int line = 1, col = 1;
	status s = err_set(ps->err, cls, id, "%s", what);

	for (const uint8_t *p = ps->begin; p < at; p++) {
		col++;
		if (*p == '\n') {
			line++;
			col = 1;
		}
	}
	return err_at(ps->err, s, "%u:%u", line, col);
}

#define SYNTAX(ps, id, what) fail((ps), (ps)->p, ERR_PARSE, (id), (what))

static inline const uint8_t *
behind_space(const uint8_t *p, const uint8_t *end)
{
	while (p < end && *p <= ' ' && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
		p++;
	return p;
}

static inline void
skip_space(struct parser *ps)
{
	ps->p = behind_space(ps->p, ps->end);
}

static status
out_of_memory(struct parser *ps)
{
	return fail(ps, ps->p, ERR_LIMIT, "E-JSON-011", "the text needs too much memory");
}

static status
grow_stack(struct parser *ps)
{
	size_t cap = ps->cap * 2;
	struct value *grown;

	if (ps->stack == ps->first) {
		grown = mem_try_alloc(cap * sizeof *grown);
		if (grown)
			mem_copy(grown, ps->first, sizeof ps->first);
	} else {
		grown = mem_grow(ps->stack, cap * sizeof *grown);
	}
	if (!grown)
		return out_of_memory(ps);
	ps->stack = grown;
	ps->cap = cap;
	return OK;
}

static inline status
push(struct parser *ps, struct value v)
{
	if (ps->top == ps->cap)
		TRY(grow_stack(ps));
	ps->stack[ps->top++] = v;
	return OK;
}

static status parse_other(struct parser *ps, struct value *ret);

static status
parse_word(struct parser *ps, const char *word, struct value v, struct value *ret)
{
	struct bytes w = bytes_str(word);

	if (!bytes_starts(bytes_of(ps->p, (size_t)(ps->end - ps->p)), w))
		return SYNTAX(ps, "E-JSON-001", "expected a value");
	ps->p += w.n;
	*ret = v;
	return OK;
}

static bool
is_digit(const struct parser *ps)
{
	return ps->p < ps->end && *ps->p >= '0' && *ps->p <= '9';
}

static bool
skip_digits(struct parser *ps)
{
	if (!is_digit(ps))
		return false;
	while (is_digit(ps))
		ps->p++;
	return true;
}

static status
parse_number(struct parser *ps, struct value *ret)
{
	const uint8_t *start = ps->p;
	bool whole = true;
	struct bytes text;
	int64_t i;

	if (*ps->p == '-')
		ps->p++;
	if (ps->p < ps->end && *ps->p == '0')
		ps->p++;
	else if (!skip_digits(ps))
		return SYNTAX(ps, "E-JSON-002", "expected a digit");
	if (ps->p < ps->end && *ps->p == '.') {
		whole = false;
		ps->p++;
		if (!skip_digits(ps))
			return SYNTAX(ps, "E-JSON-002", "expected a digit after the point");
	}
	if (ps->p < ps->end && (*ps->p == 'e' || *ps->p == 'E')) {
		whole = false;
		ps->p++;
		if (ps->p < ps->end && (*ps->p == '+' || *ps->p == '-'))
			ps->p++;
		if (!skip_digits(ps))
			return SYNTAX(ps, "E-JSON-002", "expected a digit in the exponent");
	}
	text = bytes_of(start, (size_t)(ps->p - start));
	/* "-0" stays text: it is a number of its own to whoever prints it. */
	if (whole && text_i64(text, &i) && !(i == 0 && text.n > 1))
		*ret = json_int(i);
	else
		*ret = (struct value){VALUE_NUMBER, 0, 0, (uint32_t)text.n, {.s = text.p}};
	return OK;
}

/* Four hex digits behind \u. */
static bool
parse_hex4(struct parser *ps, uint32_t *ret)
{
	uint8_t raw[2];

	if (ps->end - ps->p < 4 || !hex_decode(bytes_of(ps->p, 4), raw, 2))
		return false;
	ps->p += 4;
	*ret = (uint32_t)raw[0] << 8 | raw[1];
	return true;
}

static status
parse_unicode(struct parser *ps, struct buf *out)
{
	uint32_t cp, low;

	if (!parse_hex4(ps, &cp))
		return SYNTAX(ps, "E-JSON-004", "expected four hex digits after \\u");
	if (cp >= 0xd800 && cp < 0xdc00) {
		if (ps->end - ps->p < 2 || ps->p[0] != '\\' || ps->p[1] != 'u')
			return SYNTAX(ps, "E-JSON-005", "half of a surrogate pair");
		ps->p += 2;
		if (!parse_hex4(ps, &low) || low < 0xdc00 || low > 0xdfff)
			return SYNTAX(ps, "E-JSON-005", "half of a surrogate pair");
		cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
	} else if (cp >= 0xdc00 && cp <= 0xdfff) {
		return SYNTAX(ps, "E-JSON-005", "half of a surrogate pair");
	}
	utf8_put(out, cp);
	return OK;
}

static status
parse_escape(struct parser *ps, struct buf *out)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";

	if (ps->p == ps->end)
		return SYNTAX(ps, "E-JSON-003", "the string does not end");
	if (*ps->p == 'u') {
		ps->p++;
		return parse_unicode(ps, out);
	}
	for (size_t i = 0; i < sizeof from - 1; i++) {
		if (*ps->p == (uint8_t)from[i]) {
			buf_u8(out, (uint8_t)to[i]);
			ps->p++;
			return OK;
		}
	}
	return SYNTAX(ps, "E-JSON-004", "unknown escape");
}

/* From the first escape on; `plain` is what stands before it. */
static status
parse_escaped(struct parser *ps, struct bytes plain, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = {0};

	buf_bytes(&out, plain);
	for (;;) {
		const uint8_t *from = ps->p;

		while (ps->p < ps->end && *ps->p >= 0x20 && *ps->p != '"' && *ps->p != '\\')
			ps->p++;
		buf_add(&out, from, (size_t)(ps->p - from));
		if (ps->p == ps->end || *ps->p < 0x20)
			return SYNTAX(ps, "E-JSON-003", "the string does not end on its line");
		if (*ps->p++ == '"')
			break;
		TRY(parse_escape(ps, &out));
	}
	*ret = json_copy_string(ps->arena, buf_view(&out));
	return buf_ok(&out) && !ps->arena->failed ? OK : out_of_memory(ps);
}

static status
parse_string(struct parser *ps, struct value *ret)
{
	const uint8_t *open = ps->p;
	bool ascii = true;
	const uint8_t *at = plain_end(open + 1, ps->end, &ascii);
	struct bytes text = bytes_of(open + 1, (size_t)(at - open - 1));

	ps->p = at;
	if (at == ps->end || *at < 0x20)
		return SYNTAX(ps, "E-JSON-003", "the string does not end on its line");
	if (*at == '"') {
		ps->p++;
		*ret = json_string(text);
	} else {
		TRY(parse_escaped(ps, text, ret));
		ascii = false;
	}
	if (!ascii && !utf8_valid(json_text(ret)))
		return fail(ps, open, ERR_PARSE, "E-JSON-006", "the string is not UTF-8");
	return OK;
}

/* What most strings are: ASCII without escapes. False, and nothing done, for any other. */
static inline bool
parse_plain(struct parser *ps, struct value *ret)
{
	const uint8_t *from = ps->p + 1;
	bool ascii = true;
	const uint8_t *at = plain_end(from, ps->end, &ascii);

	if (at == ps->end || *at != '"' || !ascii)
		return false;
	ps->p = at + 1;
	*ret = json_string(bytes_of(from, (size_t)(at - from)));
	return true;
}

static inline status
parse_value(struct parser *ps, struct value *ret)
{
	skip_space(ps);
	if (ps->p < ps->end && *ps->p == '"' && parse_plain(ps, ret))
		return OK;
	return parse_other(ps, ret);
}

static status
refuse(struct parser *ps, enum members_found found)
{
	return found == MEMBERS_DIFFER ? OK
	       : found == MEMBERS_TWICE
	               ? SYNTAX(ps, "E-JSON-007", "a member name occurs twice in this object")
	               : out_of_memory(ps);
}

/* What is on the stack above `base` moves to the arena, members of an object in order. */
static status
take(struct parser *ps, size_t base, bool object, struct value *ret)
{
	size_t n = ps->top - base, size = n * sizeof *ps->stack;
	struct value *from = ps->stack + base, *to = NULL;
	enum members_found found = MEMBERS_DIFFER;

	if (n > 0 && !(to = arena_raw(ps->arena, size, _Alignof(struct value))))
		return out_of_memory(ps);
	ps->top = base;
	if (object && ps->sorted) {
		found = members_sort((struct member *)from, n / 2, (struct member *)to);
	} else {
		mem_copy(to, from, size);
		if (object && !ps->duplicates)
			found = members_distinct((struct member *)to, n / 2);
	}
	*ret = object ? (struct value){.type = VALUE_OBJECT,
	                               .flags = ps->sorted && ps->names ? VALUE_INTERNED : 0,
	                               .n = (uint32_t)(n / 2),
	                               .u.items = to}
	              : (struct value){.type = VALUE_ARRAY, .n = (uint32_t)n, .u.items = to};
	return refuse(ps, found);
}

static inline void
intern(const struct json_names *names, struct value *name)
{
	const struct json_name *own = json_names_find(names, bytes_of(name->u.s, name->n));

	if (!own)
		return;
	name->u.s = own->p;
	name->flags = VALUE_INTERNED;
	name->spare = own->rank <= UINT16_MAX ? (uint16_t)own->rank : 0;
}

static inline status
parse_member(struct parser *ps)
{
	struct value v;

	skip_space(ps);
	if (ps->p == ps->end || *ps->p != '"')
		return SYNTAX(ps, "E-JSON-008", "expected a member name");
	if (!parse_plain(ps, &v))
		TRY(parse_string(ps, &v));
	if (ps->names)
		intern(ps->names, &v);
	TRY(push(ps, v));
	skip_space(ps);
	if (ps->p == ps->end || *ps->p != ':')
		return SYNTAX(ps, "E-JSON-008", "expected a colon");
	ps->p++;
	TRY(parse_value(ps, &v));
	return push(ps, v);
}

static inline status
parse_element(struct parser *ps)
{
	struct value v;

	TRY(parse_value(ps, &v));
	return push(ps, v);
}

static status
parse_container(struct parser *ps, bool object, struct value *ret)
{
	uint8_t close = object ? '}' : ']';
	size_t base = ps->top;

	if (ps->depth_left == 0)
		return SYNTAX(ps, "E-JSON-012", "nested too deeply");
	ps->depth_left--;
	ps->p++;
	skip_space(ps);
	while (ps->p == ps->end || *ps->p != close) {
		TRY(object ? parse_member(ps) : parse_element(ps));
		skip_space(ps);
		if (ps->p < ps->end && *ps->p == close)
			break;
		if (ps->p == ps->end || *ps->p != ',')
			return SYNTAX(ps, "E-JSON-009",
			              object ? "expected , or }" : "expected , or ]");
		ps->p++;
		skip_space(ps);
		if (ps->p < ps->end && *ps->p == close)
			return SYNTAX(ps, "E-JSON-009", "a comma before the end");
	}
	TRY(take(ps, base, object, ret));
	ps->p++;
	ps->depth_left++;
	return OK;
}

static status
parse_other(struct parser *ps, struct value *ret)
{
	if (ps->p == ps->end)
		return SYNTAX(ps, "E-JSON-001", "expected a value, found the end");
	switch (*ps->p) {
	case '{':
		return parse_container(ps, true, ret);
	case '[':
		return parse_container(ps, false, ret);
	case '"':
		return parse_string(ps, ret);
	case 't':
		return parse_word(ps, "true", json_bool(true), ret);
	case 'f':
		return parse_word(ps, "false", json_bool(false), ret);
	case 'n':
		return parse_word(ps, "null", json_null(), ret);
	case '-':
		return parse_number(ps, ret);
	default:
		if (is_digit(ps))
			return parse_number(ps, ret);
		return SYNTAX(ps, "E-JSON-001", "expected a value");
	}
}

_Static_assert(sizeof(struct member) == 2 * sizeof(struct value),
               "members are pairs of values on the parser's stack");

static status
parse(struct arena *arena, struct bytes text, const struct json_limits *limits, bool sorted,
      bool duplicates, const struct json_names *names, struct value *ret, struct err *err)
{
	struct json_limits l = limits ? *limits : (struct json_limits){0};
	struct parser ps;
	struct value v = {0};
	status s;

	/* Not `first`: it is written before it is read. */
	ps.arena = arena;
	ps.begin = ps.p = text.p;
	ps.end = text.p ? text.p + text.n : text.p;
	ps.stack = ps.first;
	ps.top = 0;
	ps.cap = FIRST_STACK;
	ps.depth_left = l.depth ? l.depth : JSON_MAX_DEPTH;
	ps.sorted = sorted;
	ps.duplicates = duplicates;
	ps.names = names;
	ps.err = err;
	if (text.n > (l.bytes ? l.bytes : (size_t)64 * 1024 * 1024))
		return err_set(err, ERR_LIMIT, "E-JSON-010", "the text is larger than %zu bytes",
		               l.bytes ? l.bytes : (size_t)64 * 1024 * 1024);
	s = parse_value(&ps, &v);
	if (is_ok(s)) {
		skip_space(&ps);
		if (ps.p != ps.end)
			s = SYNTAX(&ps, "E-JSON-013", "text after the end of the value");
	}
	if (ps.stack != ps.first)
		mem_free(ps.stack);
	if (is_ok(s))
		*ret = v;
	return s;
}

status
json_parse(struct arena *arena, struct bytes text, const struct json_limits *limits,
           struct value *ret, struct err *err)
{
	return parse(arena, text, limits, false, false, NULL, ret, err);
}

status
json_parse_duplicates(struct arena *arena, struct bytes text, struct value *ret, struct err *err)
{
	return parse(arena, text, NULL, false, true, NULL, ret, err);
}

status
json_parse_sorted(struct arena *arena, struct bytes text, const struct json_limits *limits,
                  const struct json_names *names, struct value *ret, struct err *err)
{
	return parse(arena, text, limits, true, false, names, ret, err);
}
