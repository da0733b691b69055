/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml/edit.h"

static struct yaml_node *
node_new(struct arena *a, enum yaml_kind kind, enum yaml_style style, struct bytes text)
{
	struct yaml_node *n = arena_new(a, struct yaml_node);

	if (!n)
		return NULL;
	n->kind = (uint8_t)kind;
	n->style = (uint8_t)style;
	n->text = text;
	return n;
}

struct yaml_node *
yaml_new_str(struct arena *a, struct bytes text)
{
	/* Quoted as far as its type goes; the writer drops quotes that nobody needs. */
	return node_new(a, YAML_SCALAR, YAML_DOUBLE, text);
}

struct yaml_node *
yaml_new_raw(struct arena *a, const char *text)
{
	return node_new(a, YAML_SCALAR, YAML_PLAIN, bytes_str(text));
}

struct yaml_node *
yaml_new_map(struct arena *a)
{
	return node_new(a, YAML_MAP, YAML_BLOCK, (struct bytes){NULL, 0});
}

struct yaml_node *
yaml_new_seq(struct arena *a)
{
	return node_new(a, YAML_SEQ, YAML_BLOCK, (struct bytes){NULL, 0});
}

/* Room for one more kid; the array as parsed stays where it is. */
static bool
grow(struct arena *a, struct yaml_node *n)
{
	uint32_t cap;
	struct yaml_kid *kids;

	if (n->n < n->cap)
		return true;
	cap = n->n + n->n / 2 + 4;
	kids = arena_array(a, cap, sizeof *kids);
	if (!kids)
		return false;
	mem_copy(kids, n->kids, n->n * sizeof *kids);
	n->kids = kids;
	n->cap = cap;
	return true;
}

void
yaml_push(struct arena *a, struct yaml_node *seq, struct yaml_node *val)
{
	if (seq && val && grow(a, seq))
		seq->kids[seq->n++] = (struct yaml_kid){NULL, val, -1};
}

void
yaml_put(struct arena *a, struct yaml_node *m, const char *key, struct yaml_node *val)
{
	struct yaml_node *k = yaml_new_str(a, bytes_str(key));

	if (m && k && val && grow(a, m))
		m->kids[m->n++] = (struct yaml_kid){k, val, -1};
}

static status
no_memory(struct err *err)
{
	return err_set(err, ERR_LIMIT, "E-YAML-012", "the edited text needs too much memory");
}

/* Before the first change: keep the kids as parsed, and refuse what would change elsewhere. */
static status
touch(struct arena *a, struct yaml_node *n, enum yaml_kind kind, struct err *err)
{
	if (n->kind != kind)
		return yaml_at(err,
		               err_set(err, ERR_PARSE, "E-YAML-022", "expected a %s, found %s",
		                       kind == YAML_MAP ? "mapping" : "list", yaml_what(n)),
		               n);
	if (n->shared || n->merges)
		return err_hint(err,
		                yaml_at(err,
		                        err_set(err, ERR_UNSUPPORTED, "E-YAML-020",
		                                "cannot edit what an anchor or merge key shares"),
		                        n),
		                "write the value out in full here");
	if (n->from_text && !n->touched) {
		n->was = n->kids;
		n->n_was = n->n;
		n->cap = 0; /* so that grow() copies */
		if (!grow(a, n))
			return no_memory(err);
		n->touched = true;
	}
	return OK;
}

status
yaml_set(struct arena *a, struct yaml_node *m, struct bytes key, struct yaml_node *val,
         struct err *err)
{
	int32_t at = yaml_find(m, key);
	struct yaml_node *k;

	if (!val)
		return no_memory(err);
	if (at >= 0 && yaml_equal(m->kids[at].val, val))
		return OK;
	TRY(touch(a, m, YAML_MAP, err));
	if (at >= 0) {
		m->kids[at].val = val;
		return OK;
	}
	k = yaml_new_str(a, key);
	if (!k || !grow(a, m))
		return no_memory(err);
	m->kids[m->n++] = (struct yaml_kid){k, val, -1};
	return OK;
}

status
yaml_insert(struct arena *a, struct yaml_node *seq, uint32_t i, struct yaml_node *val,
            struct err *err)
{
	if (!val)
		return no_memory(err);
	TRY(touch(a, seq, YAML_SEQ, err));
	if (!grow(a, seq))
		return no_memory(err);
	i = MIN(i, seq->n);
	mem_move(seq->kids + i + 1, seq->kids + i, (seq->n - i) * sizeof *seq->kids);
	seq->kids[i] = (struct yaml_kid){NULL, val, -1};
	seq->n++;
	return OK;
}

status
yaml_replace(struct arena *a, struct yaml_node *seq, uint32_t i, struct yaml_node *val,
             struct err *err)
{
	if (!val)
		return no_memory(err);
	if (yaml_equal(yaml_item(seq, i), val))
		return OK;
	TRY(touch(a, seq, YAML_SEQ, err));
	if (i < seq->n)
		seq->kids[i].val = val;
	return OK;
}

status
yaml_remove(struct arena *a, struct yaml_node *seq, uint32_t i, struct err *err)
{
	TRY(touch(a, seq, YAML_SEQ, err));
	if (i >= seq->n)
		return OK;
	mem_move(seq->kids + i, seq->kids + i + 1, (seq->n - i - 1) * sizeof *seq->kids);
	seq->n--;
	return OK;
}

static status
need(struct arena *a, struct yaml_node *m, const char *key, enum yaml_kind kind,
     struct yaml_node **ret, struct err *err)
{
	struct yaml_node *n = yaml_get(m, key);

	if (yaml_is_null(n)) {
		n = kind == YAML_MAP ? yaml_new_map(a) : yaml_new_seq(a);
		TRY(yaml_set(a, m, bytes_str(key), n, err));
	}
	if (n->kind != kind)
		return yaml_at(err,
		               err_set(err, ERR_PARSE, "E-YAML-022", "%s: expected a %s, found %s",
		                       key, kind == YAML_MAP ? "mapping" : "list", yaml_what(n)),
		               n);
	*ret = n;
	return OK;
}

status
yaml_need_map(struct arena *a, struct yaml_node *m, const char *key, struct yaml_node **ret,
              struct err *err)
{
	return need(a, m, key, YAML_MAP, ret, err);
}

status
yaml_need_seq(struct arena *a, struct yaml_node *m, const char *key, struct yaml_node **ret,
              struct err *err)
{
	return need(a, m, key, YAML_SEQ, ret, err);
}
