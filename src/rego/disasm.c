/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/policy.h"

enum { SHOWN_CONST = 60 };

static void
put_const(const struct policy *p, uint32_t i, struct buf *out)
{
	CLEANUP(buf_done) struct buf text = {.max = 64 * 1024};
	struct bytes shown;

	value_term(&p->consts[i], &text);
	shown = bytes_sub(buf_view(&text), 0, SHOWN_CONST);
	buf_bytes(out, shown);
	if (text.n > shown.n || !buf_ok(&text))
		buf_str(out, "...");
}

static void
put_function(const struct policy *p, uint32_t i, struct buf *out)
{
	uint32_t chain[64], n = 0;

	if (i + 1 == p->query) {
		buf_str(out, "query");
		return;
	}
	for (uint32_t d = p->functions[i].node; d && n < COUNT_OF(chain);
	     d = p->documents[d].parent)
		chain[n++] = d;
	buf_str(out, "data");
	while (n > 0) {
		buf_u8(out, '.');
		buf_bytes(out, p->documents[chain[--n]].key);
	}
}

static void
put_operand(const struct policy *p, const struct function *f, char kind, uint32_t x,
            struct buf *out)
{
	switch (kind) {
	case '-':
		return;
	case 'j':
		buf_printf(out, " -> %u", x - f->entry);
		return;
	case 'k':
		buf_u8(out, ' ');
		put_const(p, x, out);
		return;
	case 'f':
		buf_u8(out, ' ');
		put_function(p, x, out);
		return;
	case 'g':
		buf_printf(out, " %s", p->builtins[x]->name);
		return;
	case 'n':
	case '#':
	case 'x':
	case 't':
		buf_printf(out, " #%u", x);
		return;
	default:
		if ((x & CONST_BIT) && kind == 'o') {
			buf_u8(out, ' ');
			put_const(p, x & ~CONST_BIT, out);
		} else {
			buf_printf(out, " r%u", x);
		}
	}
}

static void
put_instr(const struct policy *p, const struct function *f, uint32_t at, struct buf *out)
{
	const struct instr *in = &p->code[at];
	const char *kinds = opcode_operands[in->op];

	buf_printf(out, "%5u  %-11s", at - f->entry, opcode_names[in->op]);
	put_operand(p, f, kinds[0], in->a, out);
	put_operand(p, f, kinds[1], in->b, out);
	put_operand(p, f, kinds[2], in->c, out);
	put_operand(p, f, kinds[3], in->d, out);
	buf_printf(out, "  ; %u\n", p->lines[at] & ((1u << LINE_BITS) - 1));
}

void
policy_disassemble(const struct policy *p, struct buf *out)
{
	for (uint32_t i = 0; i < p->n_functions; i++) {
		const struct function *f = &p->functions[i];

		put_function(p, i, out);
		if (f->constant) {
			CLEANUP(buf_done) struct buf text = {.max = 64 * 1024};

			value_term(&f->value, &text);
			buf_str(out, " = ");
			buf_bytes(out, bytes_sub(buf_view(&text), 0, SHOWN_CONST));
			buf_str(out, text.n > SHOWN_CONST || !buf_ok(&text) ? "...\n" : "\n");
			continue;
		}
		buf_printf(out, ": %u arguments, %u registers\n", f->n_args, f->n_registers);
		for (uint32_t at = f->entry; at < f->end; at++)
			put_instr(p, f, at, out);
	}
}
