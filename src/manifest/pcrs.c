/* SPDX-License-Identifier: Apache-2.0 */
/* pcrs.c: the member Pcrs of a reference set: {"4": hex, ...}. */
#include "base/text.h"
#include "manifest/model.h"

/* One register; its number has one spelling, so that no two members are the same one. */
static void
decode_register(struct decode *d, const char *path, struct bytes name, const struct value *v,
                struct pcr_set *set)
{
	uint64_t i;

	if (!text_u64(name, PCRS - 1, &i)) {
		faults_add(d->faults, FAULT_ERROR, path, "is not the number of a register, 0 to %d",
		           PCRS - 1);
		return;
	}
	/* Malformed counts as named: one fault, and no set that demands less than was meant. */
	set->named |= UINT32_C(1) << i;
	if (!decode_hex(d, path, v, set->value[i].b, SHA256_SIZE) && json_is(v, VALUE_STRING) &&
	    v->n == 0)
		faults_add(d->faults, FAULT_ERROR, path, "is empty");
}

void
model_decode_pcrs(struct decode *d, const char *path, const struct value *v,
                  const struct decode_rule *rule, void *target)
{
	struct pcr_set **to = (struct pcr_set **)(void *)((uint8_t *)target + rule->at);
	struct pcr_set *set = arena_new(&d->m->arena, struct pcr_set);

	if (v->type != VALUE_OBJECT) {
		faults_add(d->faults, FAULT_ERROR, path, "must be of type %s, not %s",
		           json_type_name(VALUE_OBJECT), json_type_name(v->type));
		return;
	}
	for (uint32_t i = 0; set && i < v->n; i++) {
		const struct member *member = &v->u.members[i];
		char at[DECODE_PATH];

		decode_member_path(at, path, json_text(&member->key));
		decode_register(d, at, json_text(&member->key), &member->val, set);
	}
	*to = set;
}

struct value
model_pcrs_value(struct arena *a, const struct pcr_set *set)
{
	struct value v = json_object();

	for (size_t i = 0; i < PCRS; i++)
		if (set->named >> i & 1)
			json_put_bytes(a, &v, arena_printf(a, "%zu", i),
			               json_hex(a, hash256_view(&set->value[i])));
	return v;
}
