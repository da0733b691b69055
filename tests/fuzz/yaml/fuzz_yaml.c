/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaches: yaml_parse, edits at the first mappings, yaml_apply. An applied
 * edit must read back (yaml_apply checks) or be refused; it may never crash or
 * change a document that has no edit.
 */
#include "yaml/edit.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
edit_all(struct arena *a, struct yaml_node *n, unsigned int *budget)
{
	struct err err;

	if (n->shared || *budget == 0)
		return;
	(*budget)--;
	for (uint32_t i = 0; i < n->n; i++)
		edit_all(a, n->kids[i].val, budget);
	if (n->kind == YAML_MAP)
		(void)is_ok(yaml_set(a, n, BYTES("fuzz"), yaml_new_str(a, BYTES("v: #")), &err));
	else if (n->kind == YAML_SEQ)
		(void)is_ok(yaml_insert(a, n, 0, yaml_new_str(a, BYTES("v")), &err));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf same = {0};
	CLEANUP(buf_done) struct buf out = {0};
	struct bytes text = bytes_of(data, size);
	struct yaml_stream s;
	unsigned int budget = 200;
	struct err err;

	if (!is_ok(yaml_parse(&a, text, &s, &err)))
		return 0;
	if (!is_ok(yaml_apply(&s, &same, &err)) || !bytes_equal(buf_view(&same), text))
		abort();
	for (size_t i = 0; i < s.n; i++)
		edit_all(&a, s.docs[i], &budget);
	if (!is_ok(yaml_apply(&s, &out, &err)) && out.n > 0)
		abort();
	return 0;
}
