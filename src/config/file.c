/* SPDX-License-Identifier: Apache-2.0 */
#include "config/file.h"

#include "base/file.h"
#include "yaml/tree.h"

#include <string.h>

static status
bad_value(const struct yaml_node *n, const char *name, const char *want, struct err *err)
{
	return yaml_at(err,
	               err_set(err, ERR_PARSE, "E-CONFIG-003", "%s needs %s, not %s", name, want,
	                       yaml_what(n)),
	               n);
}

static status
take_scalar(struct options *o, size_t id, const struct yaml_node *n, struct err *err)
{
	const struct option_def *d = &o->program->options[id];
	CLEANUP(buf_done) struct buf text = {0};

	if (n->kind != YAML_SCALAR || yaml_is_null(n))
		return bad_value(n, d->name, "one value", err);
	if (d->kind == OPTION_FLAG && yaml_type(n) != YAML_BOOL)
		return bad_value(n, d->name, "true or false", err);
	if (bytes_find_byte(n->text, '\0', 0) != SIZE_MAX)
		return bad_value(n, d->name, "a text without NUL", err);
	buf_bytes(&text, n->text);
	options_from_file(o, id, buf_cstr(&text));
	return OK;
}

static status
take_option(struct options *o, size_t id, const struct yaml_node *n, struct err *err)
{
	const struct option_def *d = &o->program->options[id];

	if (n->kind != YAML_SEQ)
		return take_scalar(o, id, n, err);
	if (d->kind != OPTION_LIST)
		return bad_value(n, d->name, "one value", err);
	for (uint32_t i = 0; i < n->n; i++)
		TRY(take_scalar(o, id, n->kids[i].val, err));
	return OK;
}

/* An option of this name; *ret_id is the one that the present command has, if any. */
static bool
find_option(const struct options *o, int verb, struct bytes name, size_t *ret_id)
{
	bool known = false;

	*ret_id = SIZE_MAX;
	for (size_t i = 0; i < o->program->n_options; i++) {
		const struct option_def *d = &o->program->options[i];

		if (!bytes_is(name, d->name) || strcmp(d->name, "config") == 0)
			continue;
		if (verb != OPTION_EVERY_VERB && d->verb != OPTION_EVERY_VERB && d->verb != verb)
			continue;
		known = true;
		if (d->verb == OPTION_EVERY_VERB || (size_t)d->verb == o->verb)
			*ret_id = i;
	}
	return known;
}

static status
unknown_key(const struct yaml_node *key, const char *where, struct err *err)
{
	return yaml_at(err,
	               err_set(err, ERR_PARSE, "E-CONFIG-002", "%s has no option \"%.*s\"", where,
	                       (int)MIN(key->text.n, 60), (const char *)key->text.p),
	               key);
}

static status
take_section(struct options *o, size_t verb, const struct yaml_node *m, struct err *err)
{
	const char *name = o->program->verbs[verb].name;

	if (m->kind != YAML_MAP)
		return bad_value(m, name, "a mapping of its options", err);
	for (uint32_t i = 0; i < m->n; i++) {
		size_t id;

		if (!find_option(o, (int)verb, m->kids[i].key->text, &id))
			return unknown_key(m->kids[i].key, name, err);
		if (verb == o->verb && id != SIZE_MAX)
			TRY(take_option(o, id, m->kids[i].val, err));
	}
	return OK;
}

static bool
find_verb(const struct options *o, struct bytes name, size_t *ret)
{
	for (size_t i = 0; i < o->program->n_verbs; i++) {
		*ret = i;
		if (name.n > 0 && bytes_is(name, o->program->verbs[i].name))
			return true;
	}
	return false;
}

static status
take_top(struct options *o, const struct yaml_node *top, struct err *err)
{
	size_t id, verb;

	if (top->kind != YAML_MAP)
		return yaml_at(err,
		               err_set(err, ERR_PARSE, "E-CONFIG-001",
		                       "the configuration must be a mapping, not %s",
		                       yaml_what(top)),
		               top);
	for (uint32_t i = 0; i < top->n; i++) {
		const struct yaml_kid *k = &top->kids[i];

		/* A command of the same name as an option is told apart by its mapping. */
		if (find_verb(o, k->key->text, &verb) && k->val->kind == YAML_MAP) {
			TRY(take_section(o, verb, k->val, err));
			continue;
		}
		if (!find_option(o, OPTION_EVERY_VERB, k->key->text, &id))
			return unknown_key(k->key, o->program->name, err);
		if (id != SIZE_MAX)
			TRY(take_option(o, id, k->val, err));
	}
	return OK;
}

status
config_text(struct options *o, struct bytes text, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct yaml_stream s;

	TRY(yaml_parse(&a, text, &s, err));
	if (s.n > 1)
		return yaml_at(err,
		               err_set(err, ERR_PARSE, "E-CONFIG-001",
		                       "the configuration must be one document"),
		               s.docs[1]);
	return s.n == 0 || yaml_is_null(s.docs[0]) ? OK : take_top(o, s.docs[0], err);
}

status
config_file(struct options *o, const char *path, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};

	TRY(file_read(path, CONFIG_MAX_BYTES, &text, err));
	return err_at(err, config_text(o, buf_view(&text), err), "%s", path);
}
