/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h: all rules of all modules by their path below `data`. Rules of one
 * path form a group, which becomes one function of the program. A rule whose
 * head has a variable or a key that is no string (p[x].r) turns the node
 * before it into one object, made by all rules at and below that node.
 */
#ifndef REGO_TREE_H
#define REGO_TREE_H

#include "rego/ast.h"
#include "rego/policy.h"

struct node;

struct group {
	uint8_t kind;  /* enum group_kind */
	bool constant; /* value below, no code */
	bool mocked;   /* a `with` somewhere replaces it */
	struct node *node;
	struct rule **rules; /* without the default */
	uint32_t n_rules, cap;
	struct rule *fallback; /* default */
	uint32_t n_args;
	uint32_t index; /* of its function, and its memory slot */
	uint32_t depth; /* of the node: parts of the path */
	struct value value;
	uint8_t visit;       /* recursion check: 0 new, 1 open, 2 done */
	struct group *parts; /* of an object: the rules that may make one key, see group_part() */
	struct bytes key;    /* of such a part */
	struct group *next_part;
	const struct type *type;       /* types_infer.c: of its value; NULL: not known yet */
	const struct type **arg_types; /* of a function */
	struct group *next_checked;    /* after all that it depends on: check.c */
	struct group *next;
};

struct node {
	struct bytes key;
	struct node *parent, *child, *last, *next;
	struct node *chain; /* in the compiler's hash table */
	struct group *group;
	uint32_t index;
	uint32_t depth;
	bool from_rule; /* named by a rule of its parent's package */
	bool object;    /* a head below it is dynamic */
};

struct compiler;

struct node *node_child(const struct compiler *c, const struct node *n, struct bytes key);
struct node *node_add(struct compiler *c, struct node *n, struct bytes key);
/* "data.a.b" for messages, in the compiler's arena. */
struct bytes node_path(struct compiler *c, const struct node *n);

/* Parts of the head reference in front of the first dynamic one. */
uint32_t rule_static_path(const struct rule *r);

/*
 * The rules of an object that may make a member of this name, as a group of
 * their own: p.a may use p.b though both are rules of p. Made on demand.
 */
status group_part(struct compiler *c, struct group *g, struct bytes key, struct group **ret);

/* Puts every rule in its group. E-REGO-020.. for rules that contradict each other. */
status tree_build(struct compiler *c);

#endif
