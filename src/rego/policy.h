/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.h: a compiled policy: constants, code and the tree of documents.
 * Immutable after policy_compile(), so threads share it freely; counted,
 * because a running evaluation holds it.
 */
#ifndef REGO_POLICY_H
#define REGO_POLICY_H

#include "rego/builtin.h"

enum {
	CONST_BIT = 1u << 31,  /* an operand is a constant, not a register */
	MAX_REGISTERS = 60000, /* of one function */
	NO_REGISTER = 0xffff,
	POLICY_MEMORY = 256 * 1024 * 1024,
	LINE_BITS = 22,      /* of a position: file above, line below */
	CONST_SCAN_MAX = 16, /* members of an object that are searched one by one */
};

enum opcode {
#define X(name, operands) OP_##name,
#include "rego/ops.def"
#undef X
	OP_COUNT,
};

struct instr {
	uint16_t op; /* enum opcode */
	uint16_t a;
	uint32_t b, c, d;
};
_Static_assert(sizeof(struct instr) == 16, "four to a cache line");

enum group_kind {
	GROUP_VALUE, /* one value */
	GROUP_FUNCTION,
	GROUP_SET,
	GROUP_OBJECT,
};

struct function {
	uint32_t entry, end; /* in code */
	uint32_t n_registers;
	uint16_t n_args;
	uint8_t kind; /* enum group_kind */
	bool constant;
	struct value value; /* constant */
	uint32_t node;
	uint32_t line;
};

struct document {
	struct bytes key;
	uint32_t parent, child, next; /* 0 = none; 0 itself is the root */
	uint32_t function;            /* 1 + index; 0 = none */
};

struct mock_target {
	uint32_t function; /* 1 + index, or 0: */
	const struct rego_builtin *builtin;
};

/* What the tracer says about an expression. */
struct expression {
	uint32_t file;
	uint32_t off, end;
	uint32_t line, col;
};

struct policy {
	uint32_t references; /* atomic */
	struct arena arena;
	struct value *consts;
	uint32_t n_consts;
	struct instr *code;
	uint32_t *lines; /* of each instruction: file << LINE_BITS | line */
	uint32_t n_code;
	struct function *functions;
	uint32_t n_functions; /* groups, then the query if there is one */
	struct document *documents;
	uint32_t n_documents;
	const struct rego_builtin **builtins;
	uint32_t n_builtins;
	struct mock_target *mocks;
	uint32_t n_mocks;
	struct bytes *files; /* names */
	struct bytes *texts; /* sources, kept for queries and messages */
	uint32_t n_files;
	bool v1, trace;
	const struct rego_builtins *table;
	uint32_t query;                 /* 1 + function of the query, or 0 */
	struct expression *expressions; /* trace only */
	uint32_t n_expressions;
	struct expression *query_parts; /* the query's, in order of their values */
	uint32_t n_query_parts;
	/* All strings of the policy: inputs are parsed with it, so that their keys are
	 * found by address. */
	struct json_names names;
	size_t memory; /* bytes held */
};

struct policy_options {
	bool v0;    /* modules without `import rego.v1` are of the old language */
	bool trace; /* code for the tracer */
	const struct rego_builtins *builtins;
	const char *query; /* compiled in; NULL = none */
	bool filter; /* of the query: whether its expressions hold is the answer, as in a rule's
	              * body. Otherwise their values are, and a single one may be false */
};

struct policy_module {
	const char *name;
	struct bytes text;
};

/*
 * Compile. The texts are copied. Errors: E-REGO-001..049, place file:line:col,
 * with the line and a caret.
 */
status policy_compile(const struct policy_module *modules, size_t n,
                      const struct policy_options *options, struct policy **ret, struct err *err);
struct policy *policy_hold(const struct policy *p);
void policy_drop(struct policy *p); /* accepts NULL */

/* The document at a path such as "data.a.b" or "a/b"; false if no rule or package is there. */
bool policy_find(const struct policy *p, struct bytes path, uint32_t *ret_document);

/* Code as text, one instruction a line. */
void policy_disassemble(const struct policy *p, struct buf *out);

/*
 * Check the code: operands in range, jumps inside their function, no register
 * read before it is written on every way there. E-REGO-040.
 */
status policy_verify(const struct policy *p, struct err *err);

extern const char *const opcode_names[];
extern const char *const opcode_operands[];

#endif
