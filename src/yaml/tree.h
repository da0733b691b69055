/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h: YAML 1.1 as Kubernetes reads it, from libyaml's events, as a tree
 * that knows the exact bytes every node came from. The tree borrows the text
 * and lives in an arena. Aliases and merge keys are resolved for reading.
 */
#ifndef YAML_TREE_H
#define YAML_TREE_H

#include "base/arena.h"
#include "base/buf.h"

enum {
	YAML_MAX_BYTES = 16 * 1024 * 1024,
	YAML_MAX_DEPTH = 64,      /* counted after aliases are followed */
	YAML_MAX_NODES = 1000000, /* the same: an alias counts as all it stands for */
};

enum yaml_kind { YAML_SCALAR, YAML_SEQ, YAML_MAP };

enum yaml_style {
	YAML_PLAIN,
	YAML_SINGLE,
	YAML_DOUBLE,
	YAML_LITERAL,
	YAML_FOLDED,
	YAML_BLOCK, /* collections */
	YAML_FLOW,
};

/* Explicit tags that are no yaml_type. */
enum { YAML_TAG_BINARY = 254, YAML_TAG_OTHER = 255 };

/* What a scalar means (YAML 1.1 schema with the words that Go's decoder knows). */
enum yaml_type { YAML_STR, YAML_NULL, YAML_BOOL, YAML_INT, YAML_FLOAT };

struct yaml_node;

/* An item of a sequence (key NULL) or a pair of a mapping. */
struct yaml_kid {
	struct yaml_node *key;
	struct yaml_node *val;
	int32_t origin; /* index in the text's collection; -1: added since */
};

struct yaml_node {
	uint8_t kind;   /* enum yaml_kind */
	uint8_t style;  /* enum yaml_style */
	uint8_t tag;    /* 1 + enum yaml_type of an explicit tag, 0 none, YAML_TAG_* */
	bool from_text; /* false: made by yaml_new_*, has no position */
	bool shared;    /* part of something that an alias names: not editable */
	bool props;     /* has an anchor or a tag */
	bool merges;    /* mapping with a merge key; its pairs are among kids */
	bool touched;   /* kids differ from `was` */
	uint16_t height;
	uint32_t line, col; /* from 1; of the node, at an alias of the alias */
	size_t begin, end;  /* bytes [begin, end); block nodes end with their last content */
	size_t raw_end;     /* block scalars: start of the line behind, else = end */
	struct bytes text;  /* scalar: decoded */
	struct yaml_kid *kids;
	struct yaml_kid *was; /* kids as parsed, once touched */
	uint32_t n, n_was;
	uint32_t cap;
	uint32_t weight;
};

struct yaml_stream {
	struct arena *arena;
	struct bytes text; /* borrowed */
	struct yaml_node **docs;
	size_t n;
};

/*
 * Parse all documents of a file. UTF-8, with or without BOM. Refused:
 * duplicate keys, keys that are no scalars, tabs as indentation, aliases to
 * something that contains them. Errors have line:col as place.
 * ERR_PARSE E-YAML-001..009, ERR_LIMIT E-YAML-010..012.
 */
status yaml_parse(struct arena *arena, struct bytes text, struct yaml_stream *ret, struct err *err);
/* The same for whoever has a rule for duplicate keys: they are all there, in order. */
status yaml_parse_duplicates(struct arena *arena, struct bytes text, struct yaml_stream *ret,
                             struct err *err);

/* Value of a key, or NULL when m is no mapping or has none. A null m is fine. */
struct yaml_node *yaml_get(const struct yaml_node *m, const char *key);
struct yaml_node *yaml_get_bytes(const struct yaml_node *m, struct bytes key);
/* Index of the key in kids, or -1. */
int32_t yaml_find(const struct yaml_node *m, struct bytes key);
/* Item of a sequence, or NULL. */
struct yaml_node *yaml_item(const struct yaml_node *s, size_t i);

enum yaml_type yaml_type(const struct yaml_node *n);
/* Absent, or a plain null: what Kubernetes treats as not given. */
bool yaml_is_null(const struct yaml_node *n);
/* "string", "null", "boolean", "number", "list", "mapping". */
const char *yaml_what(const struct yaml_node *n);
/* Would this text, unquoted, be read as something else than a string? */
enum yaml_type yaml_resolve(struct bytes text);

/* The same data (styles, comments, positions and order of pairs aside). */
bool yaml_equal(const struct yaml_node *a, const struct yaml_node *b);

/* err_at() with line:col of the node, unless s is OK. */
status yaml_at(struct err *err, status s, const struct yaml_node *n);

#endif
