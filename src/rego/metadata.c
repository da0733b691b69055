/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/compile.h"
#include "rego/vm.h"

/*
 * METADATA comments: YAML behind `# METADATA`, about the package, rule or
 * document that follows. Read only when a policy asks for them by
 * rego.metadata.rule() or .chain(), which become constants here.
 */

enum { METADATA_STEPS = 1000 * 1000 };

struct annotation {
	struct module *module;
	struct rule *rule;  /* NULL: about the package */
	struct bytes scope; /* "rule", "document", "package", "subpackages" */
	struct value value;
	struct annotation *next;
};

/* ---- reading ---- */

static struct bytes
line_at(struct bytes text, size_t at)
{
	return bytes_sub(text, at, MIN(bytes_find_byte(text, '\n', at), text.n));
}

/* The comment's text without its mark; false if the line is no comment. */
static bool
comment_text(struct bytes line, struct bytes *ret)
{
	line = bytes_trim(line);
	if (line.n == 0 || line.p[0] != '#')
		return false;
	*ret = bytes_sub(line, 1, line.n);
	return true;
}

static status
read_yaml(struct compiler *c, struct bytes text, struct value *ret)
{
	const struct rego_builtin *yaml = rego_builtin_find(c->builtins, BYTES("yaml.unmarshal"));
	struct rego_eval ev = {.arena = &c->arena, .err = c->err};
	struct value arg = json_string(text);

	ev.call = (struct rego_call){.eval = &ev,
	                             .arena = &c->arena,
	                             .name = "metadata",
	                             .steps_left = METADATA_STEPS,
	                             .err = c->err};
	return yaml ? yaml->fn(&ev.call, &arg, ret) : OK;
}

/* A string among authors, organizations... has a longer form: {name, email}, {ref}. */
static struct value
author(struct compiler *c, const struct value *v)
{
	struct value_list l = value_list_of(&c->arena);
	struct bytes text = json_text(v);
	size_t open = bytes_find_byte(text, '<', 0);

	if (v->type != VALUE_STRING)
		return *v;
	if (open != SIZE_MAX && text.p[text.n - 1] == '>') {
		value_push_named(&l, "email", json_string(bytes_sub(text, open + 1, text.n - 1)));
		text = bytes_trim(bytes_sub(text, 0, open));
	}
	if (text.n > 0)
		value_push_named(&l, "name", json_string(text));
	return value_object(&l, NULL);
}

static struct value
resource(struct compiler *c, const struct value *v)
{
	struct value_list l = value_list_of(&c->arena);

	if (v->type != VALUE_STRING)
		return *v;
	value_push_named(&l, "ref", *v);
	return value_object(&l, NULL);
}

static void
lengthen(struct compiler *c, struct value *whole, const char *name,
         struct value (*form)(struct compiler *c, const struct value *v))
{
	const struct value *list = value_member(whole, name);
	struct value_list l = value_list_of(&c->arena);

	if (!list || list->type != VALUE_ARRAY)
		return;
	for (uint32_t i = 0; i < list->n; i++)
		value_push(&l, form(c, &list->u.items[i]));
	*whole = value_with_member(&c->arena, whole, json_cstr(name), value_array(&l));
}

static status
add_annotation(struct compiler *c, struct module *m, uint32_t end, struct bytes yaml)
{
	struct annotation *a = arena_new(&c->arena, struct annotation);
	const struct value *scope, *entry;

	if (!a)
		return compile_memory(c);
	TRY(err_at(c->err, read_yaml(c, yaml, &a->value), "%s", m->source.name));
	if (a->value.type != VALUE_OBJECT)
		return OK;
	a->module = m;
	for (struct rule *r = m->rules; r && end > m->package_off && !a->rule; r = r->next)
		if (r->off >= end)
			a->rule = r;
	if (end > m->package_off && !a->rule)
		return OK; /* about nothing */
	scope = value_member(&a->value, "scope");
	entry = value_member(&a->value, "entrypoint");
	a->scope = scope && scope->type == VALUE_STRING ? json_text(scope)
	           : !a->rule                           ? BYTES("package")
	           : entry && value_holds(entry)        ? BYTES("document")
	                                                : BYTES("rule");
	a->value =
	        value_with_member(&c->arena, &a->value, json_cstr("scope"), json_string(a->scope));
	lengthen(c, &a->value, "authors", author);
	lengthen(c, &a->value, "related_resources", resource);
	*c->annotations_tail = a;
	c->annotations_tail = &a->next;
	return compile_memory(c);
}

static status
read_module(struct compiler *c, struct module *m)
{
	struct bytes text = m->source.text, words;
	size_t at = 0;

	while (at < text.n) {
		CLEANUP(buf_done) struct buf yaml = {0};
		struct bytes line = line_at(text, at);

		at += line.n + 1;
		if (!comment_text(line, &words) || !bytes_is(bytes_trim(words), "METADATA"))
			continue;
		while (at < text.n && comment_text(line_at(text, at), &words)) {
			buf_bytes(&yaml,
			          bytes_sub(words, words.n > 0 && words.p[0] == ' ', words.n));
			buf_u8(&yaml, '\n');
			at += line_at(text, at).n + 1;
		}
		TRY(buf_check(&yaml, c->err));
		TRY(add_annotation(c, m, (uint32_t)MIN(at, text.n),
		                   arena_copy(&c->arena, buf_view(&yaml))));
	}
	return compile_memory(c);
}

status
metadata_read(struct compiler *c)
{
	bool asked = false;

	c->annotations_tail = &c->annotations;
	for (struct module *m = c->modules; m; m = m->next)
		asked |= bytes_find(m->source.text, BYTES("rego.metadata."), 0) != SIZE_MAX;
	for (struct module *m = c->modules; asked && m; m = m->next)
		TRY(read_module(c, m));
	return OK;
}

/* ---- answering ---- */

static struct value
path_of(struct compiler *c, const struct module *m, uint32_t n_package, const struct rule *r)
{
	struct value_list l = value_list_of(&c->arena);

	for (uint32_t i = 0; i < n_package; i++)
		value_push(&l, m->package[i]->u.value);
	for (uint32_t i = 0; r && i < r->n_path && r->path[i]->kind == TERM_CONST; i++)
		value_push(&l, r->path[i]->u.value);
	return value_array(&l);
}

static bool
same_package(const struct module *a, const struct module *b, uint32_t n)
{
	if (a->n_package < n || b->n_package < n)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (!value_eq(&a->package[i]->u.value, &b->package[i]->u.value))
			return false;
	return true;
}

static void
push_link(struct compiler *c, struct value_list *chain, struct value path,
          const struct value *notes)
{
	struct value_list l = value_list_of(&c->arena);

	value_push_named(&l, "path", path);
	if (notes)
		value_push_named(&l, "annotations", *notes);
	value_push(chain, value_object(&l, NULL));
}

static bool
same_document(struct compiler *c, const struct annotation *a, const struct rule *r)
{
	struct value x, y;

	if (!a->rule)
		return false;
	x = path_of(c, a->module, a->module->n_package, a->rule);
	y = path_of(c, r->module, r->module->n_package, r);
	return value_eq(&x, &y);
}

static void
push_packages(struct compiler *c, const struct module *m, struct value_list *chain)
{
	const struct annotation *a;

	for (a = c->annotations; a; a = a->next)
		if (!a->rule && bytes_is(a->scope, "package") &&
		    a->module->n_package == m->n_package &&
		    same_package(a->module, m, m->n_package))
			push_link(c, chain, path_of(c, m, m->n_package, NULL), &a->value);
	for (uint32_t n = m->n_package; n > 0; n--)
		for (a = c->annotations; a; a = a->next)
			if (!a->rule && bytes_is(a->scope, "subpackages") &&
			    a->module->n_package == n && same_package(a->module, m, n))
				push_link(c, chain, path_of(c, m, n, NULL), &a->value);
}

status
metadata_of(struct compiler *c, const struct rule *r, bool chain, struct value *ret)
{
	struct value_list l = value_list_of(&c->arena);
	struct value path = path_of(c, r->module, r->module->n_package, r);
	const struct annotation *a, *own = NULL;

	for (a = c->annotations; a; a = a->next)
		if (a->rule == r && bytes_is(a->scope, "rule"))
			own = a;
	if (!chain) {
		*ret = own ? own->value : value_empty(VALUE_OBJECT);
		return OK;
	}
	push_link(c, &l, path, own ? &own->value : NULL);
	for (a = c->annotations; a; a = a->next)
		if (bytes_is(a->scope, "document") && same_document(c, a, r))
			push_link(c, &l, path, &a->value);
	push_packages(c, r->module, &l);
	*ret = value_array(&l);
	return compile_memory(c);
}
