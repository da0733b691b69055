/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile.h: from texts to an immutable policy: parse, resolve, check, plan,
 * verify. Everything but the result lives in one arena that goes at the end.
 */
#ifndef REGO_COMPILE_H
#define REGO_COMPILE_H

#include "rego/builtin.h"
#include "rego/lex.h"
#include "rego/tree.h"

enum {
	COMPILE_MAX_WORK = 20 * 1000 * 1000, /* readiness checks and the like */
	COMPILE_MEMORY = 512 * 1024 * 1024,  /* of the compiler's own arena */
};

struct policy;
struct instr;
struct policy_options;

/* A document that some `with` replaces: data below the path. */
struct target {
	struct term **path; /* constants behind data */
	uint32_t n;
	struct target *next;
};

struct compiler {
	struct arena arena; /* trees and everything else that goes */
	struct policy *policy;
	const struct rego_builtins *builtins;
	bool v1, trace;
	struct module *modules, **modules_tail;
	struct node *root;
	struct node **buckets; /* of all nodes by parent and key */
	uint32_t n_buckets;
	uint32_t n_nodes;
	struct group *groups, **groups_tail;
	uint32_t n_groups;
	struct group *checked, **checked_tail; /* groups, each after those that it depends on */
	bool parts; /* references to members of objects made by rules name group_part()s */
	struct annotation *annotations, **annotations_tail; /* metadata.c */
	struct target *targets;                             /* of with data... */
	const struct with *uneven; /* that replaces a function by one of other arguments */
	const struct source *uneven_source;
	uint64_t work;
	uint32_t visit_depth;
	struct body *query;
	bool filter;
	struct source query_source;
	struct term **query_vars; /* VAR terms, one per name */
	uint32_t n_query_vars;
	struct scope *query_scope;
	struct variable *query_slots; /* all variables of the query, by number from 1 */
	uint32_t n_query_slots;
	uint32_t n_exprs;
	/* What the planner makes, moved to the policy at the end. */
	struct instr *code;
	uint32_t *lines;
	uint32_t n_code, cap_code;
	struct value *consts;
	uint32_t n_consts, cap_consts;
	uint32_t *const_index; /* scalars among them: hash table of 1 + number */
	uint32_t n_const_index, cap_const_index;
	struct bytes *strings; /* interned ones: hash table */
	uint32_t n_strings, cap_strings;
	const struct rego_builtin **used;
	uint32_t n_used, cap_used;
	struct callee *mocked; /* what some `with` replaces, and what replaces it */
	uint32_t n_mocked, cap_mocked;
	const struct source *line_source; /* where set_line() stands */
	uint32_t line_off, line;
	struct err *err;
};

/* Charge the compiler's budget. E-REGO-004. */
status compile_work(struct compiler *c, uint64_t n);
status compile_memory(struct compiler *c); /* ERR_LIMIT if the arena failed */

/* Number of a function that a `with` replaces or puts in. */
status mock_index(struct compiler *c, struct callee f, uint32_t *ret);

/* METADATA comments, when a module asks for them; and what they say about a rule, alone or with
 * those of its document and packages. */
status metadata_read(struct compiler *c);
status metadata_of(struct compiler *c, const struct rule *r, bool chain, struct value *ret);

/* Names to numbers, in every rule and the query. E-REGO-010... */
status resolve_all(struct compiler *c);

/* Arguments of a function of the policy or a builtin. */
uint32_t callee_arity(struct callee f);

/* No rule may depend on itself. E-REGO-030. */
status check_recursion(struct compiler *c);

/* What can never hold or never have a value: types_infer.c. E-REGO-018, 022..024. */
status infer_types(struct compiler *c);

#endif
