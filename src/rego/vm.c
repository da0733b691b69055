/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/vm.h"

#include "base/clock.h"

/* ---- budgets and failures ---- */

status
vm_limit(struct rego_eval *ev, const char *id, const char *what)
{
	ev->why = EVAL_LIMIT;
	return err_set(ev->err, ERR_LIMIT, id, "%s", what);
}

status
vm_charge_more(struct rego_eval *ev, uint64_t steps)
{
	struct rego_call *c = &ev->call;

	if (c->steps_left < steps) {
		c->steps_left = 0;
		return vm_limit(ev, "E-REGO-051",
		                "the evaluation needs more steps than its budget");
	}
	c->steps_left -= steps;
	if (ev->deadline && c->steps_left < c->steps_until_time) {
		if (clock_mono_ns() > ev->deadline)
			return vm_limit(ev, "E-REGO-054",
			                "the evaluation takes longer than its budget");
		c->steps_until_time = c->steps_left - MIN(c->steps_left, (uint64_t)EVAL_TIME_CHECK);
	}
	if (ev->arena->failed)
		return vm_limit(ev, "E-REGO-052",
		                "the evaluation needs more memory than its budget");
	return OK;
}

static status
at_line(struct rego_eval *ev, uint32_t line, status s)
{
	uint32_t file = line >> LINE_BITS;

	if (file >= ev->policy->n_files)
		return s;
	return err_at(ev->err, s, "%.*s:%u", BYTES_ARG(ev->policy->files[file]),
	              line & ((1u << LINE_BITS) - 1));
}

status
vm_conflict(struct rego_eval *ev, uint32_t line, const char *what)
{
	ev->why = EVAL_CONFLICT;
	return at_line(ev, line, err_set(ev->err, ERR_PARSE, "E-REGO-062", "%s", what));
}

/* What the verifier cannot see and the compiler never writes. */
status
vm_broken(struct rego_eval *ev)
{
	ev->why = EVAL_INTERNAL;
	return err_set(ev->err, ERR_INTERNAL, "E-REGO-056", "the code of the policy is broken");
}

/* A builtin failed: undefined (OK, *ret stays undefined), or an error when strict. */
static status
builtin_failed(struct rego_eval *ev, uint32_t line, status s)
{
	if (ev->arena->failed)
		return vm_charge(ev, 0);
	if (s.cls == ERR_PARSE) {
		if (!ev->strict)
			return OK;
		ev->why = ev->call.type_error ? EVAL_TYPE : EVAL_BUILTIN;
	} else if (ev->why == EVAL_NO_ERROR) {
		ev->why = s.cls == ERR_LIMIT ? EVAL_LIMIT : EVAL_INTERNAL;
	}
	return at_line(ev, line, s);
}

/* ---- registers ---- */

struct stack_chunk {
	struct stack_chunk *next;
	size_t n;
	_Alignas(16) struct value r[];
};

/* A chunk of at least n registers becomes the stack; NULL without memory. */
static struct stack_chunk *
take_chunk(struct rego_eval *ev, size_t n)
{
	struct stack_chunk **at = &ev->spare, *c;

	while (*at && (*at)->n < n)
		at = &(*at)->next;
	c = *at;
	if (c) {
		*at = c->next;
	} else {
		n = MAX(n, (size_t)STACK_CHUNK);
		c = arena_raw(ev->arena, sizeof *c + n * sizeof c->r[0], 16);
		if (!c)
			return NULL;
		c->n = n;
	}
	ev->stack = c->r;
	ev->stack_end = c->r + c->n;
	return c;
}

/* ---- pieces of the loop ---- */

/* A constant key of an object: by address first, see VALUE_INTERNED. */
static inline const struct value *
dot(const struct value *v, const struct value *key)
{
	if (v->type == VALUE_OBJECT && (key->flags & VALUE_INTERNED) && v->n <= CONST_SCAN_MAX) {
		const struct member *m = v->u.members;

		for (uint32_t i = 0; i < v->n; i++)
			if (m[i].key.u.s == key->u.s && m[i].key.n == key->n &&
			    m[i].key.type == VALUE_STRING)
				return &m[i].val;
		if (v->flags & VALUE_INTERNED)
			return NULL;
	}
	return value_get(v, key);
}

bool
vm_in(const struct value *item, const struct value *collection)
{
	if (collection->type == VALUE_SET)
		return value_has(collection, item);
	if (collection->type == VALUE_ARRAY)
		for (uint32_t i = 0; i < collection->n; i++)
			if (value_eq(&collection->u.items[i], item))
				return true;
	if (collection->type == VALUE_OBJECT)
		for (uint32_t i = 0; i < collection->n; i++)
			if (value_eq(&collection->u.members[i].val, item))
				return true;
	return false;
}

static struct value
list_register(struct value_list *l)
{
	return (struct value){.type = VALUE_UNDEFINED, .u.s = (const uint8_t *)l};
}

static struct value_list *
list_of(const struct value *reg)
{
	return (struct value_list *)(uintptr_t)reg->u.s;
}

enum { WEIGHT_A_STEP = 4 }; /* values inside a new collection for one step */

/*
 * Whoever looks at a collection later walks all of it, shared parts as often as they are shared:
 * paid for when it is made. Without this 40 lines of `x1 := [x0, x0]` outlast every budget.
 */
static status
charge_weight(struct rego_eval *ev, const struct value *v)
{
	uint64_t limit = MIN(ev->call.steps_left, UINT64_MAX / WEIGHT_A_STEP) * WEIGHT_A_STEP;
	uint64_t left = limit;

	if (!value_weigh(v, &left))
		return vm_charge(ev, UINT64_MAX);
	return vm_charge(ev, 1 + (limit - left) / WEIGHT_A_STEP);
}

/* A comparison ends with the smaller side, and looks no deeper than that is. */
static status
charge_comparison(struct rego_eval *ev, const struct value *a, const struct value *b)
{
	if (!value_is_collection(a) || a->type != b->type)
		return OK;
	return charge_weight(ev, a->n <= b->n ? a : b);
}

/* Every item of an array is compared, those of a set a few times. */
static status
charge_search(struct rego_eval *ev, const struct value *item, const struct value *in)
{
	if (in->type == VALUE_ARRAY || in->type == VALUE_OBJECT)
		TRY(vm_charge(ev, in->n / WEIGHT_A_STEP));
	return value_is_collection(item) ? charge_weight(ev, item) : OK;
}

static status
finish_list(struct rego_eval *ev, enum opcode op, struct value *reg, uint32_t line)
{
	struct value_list *l = list_of(reg);
	bool conflict = false;

	if (op == OP_TO_TREE) {
		TRY(vm_tree(ev, l, line, reg));
		return charge_weight(ev, reg);
	}
	*reg = op == OP_TO_ARRAY ? value_array(l)
	       : op == OP_TO_SET ? value_set(l)
	                         : value_object(l, &conflict);
	if (conflict)
		return vm_conflict(ev, line, "object keys must be unique");
	return charge_weight(ev, reg);
}

static status
make_collection(struct rego_eval *ev, enum opcode op, const struct value *from, uint32_t n,
                struct value *ret)
{
	struct value_list l = value_list_of(ev->arena);

	l.n = l.cap = op == OP_OBJECT ? (size_t)n * 2 : n;
	l.p = arena_raw(ev->arena, l.n * sizeof *l.p, _Alignof(struct value));
	if (!l.p)
		return vm_charge(ev, 0);
	mem_copy(l.p, from, l.n * sizeof *l.p);
	*ret = op == OP_ARRAY ? value_array(&l)
	       : op == OP_SET ? value_set(&l)
	                      : value_object(&l, NULL);
	return charge_weight(ev, ret);
}

static status
call_builtin(struct rego_eval *ev, const struct rego_builtin *b, const struct value *args,
             uint32_t line, struct value *ret)
{
	status s;

	*ret = (struct value){0};
	ev->call.name = b->name;
	if (ev->cache)
		cache_call(ev->cache);
	TRY(vm_charge(ev, 1));
	s = b->fn(&ev->call, args, ret);
	if (is_ok(s))
		return ev->arena->failed ? vm_charge(ev, 0) : OK;
	*ret = (struct value){0};
	return builtin_failed(ev, line, s);
}

static status
call_target(struct rego_eval *ev, uint32_t target, const struct value *args, uint32_t line,
            struct value *ret)
{
	const struct mock_target *t = &ev->policy->mocks[target];

	if (t->function)
		return vm_run(ev, t->function - 1, args, ret);
	return call_builtin(ev, t->builtin, args, line, ret);
}

/* ---- with ---- */

static status
push_frame(struct rego_eval *ev, struct value *reg)
{
	struct frame *f = arena_new(ev->arena, struct frame);

	if (!f)
		return vm_charge(ev, 0);
	*f = *ev->frame;
	f->parent = ev->frame;
	f->slots = arena_array(ev->arena, ev->policy->n_functions + ev->policy->n_documents,
	                       sizeof *f->slots);
	ev->frame = f;
	*reg = (struct value){.type = VALUE_UNDEFINED, .u.s = (const uint8_t *)f};
	return vm_charge(ev, 1);
}

static struct frame *
frame_of(const struct value *reg)
{
	return (struct frame *)(uintptr_t)reg->u.s;
}

static status
with_data(struct rego_eval *ev, const struct value *path, const struct value *val)
{
	struct override *o = arena_new(ev->arena, struct override);

	if (!o)
		return vm_charge(ev, 0);
	*o = (struct override){*path, *val, ev->frame->overrides};
	ev->frame->overrides = o;
	return OK;
}

static status
with_mock(struct rego_eval *ev, uint32_t target, bool is_function, uint32_t other,
          const struct value *val)
{
	struct mock *m = arena_new(ev->arena, struct mock);

	if (!m)
		return vm_charge(ev, 0);
	*m = (struct mock){target, is_function, other, val ? *val : (struct value){0},
	                   ev->frame->mocks};
	ev->frame->mocks = m;
	return OK;
}

/* What replaces a function runs as if nothing were replaced: it may call the original. */
static status
call_replacement(struct rego_eval *ev, uint32_t target, const struct value *args, uint32_t line,
                 struct value *ret)
{
	struct value reg;

	TRY(push_frame(ev, &reg));
	ev->frame->mocks = NULL;
	TRY(call_target(ev, target, args, line, ret));
	ev->frame = frame_of(&reg)->parent;
	return OK;
}

static status
call_mocked(struct rego_eval *ev, uint32_t target, const struct value *args, uint32_t line,
            struct value *ret)
{
	for (const struct mock *m = ev->frame->mocks; m; m = m->below) {
		if (m->target != target)
			continue;
		if (m->is_function)
			return call_replacement(ev, m->other, args, line, ret);
		*ret = m->value;
		return OK;
	}
	return call_target(ev, target, args, line, ret);
}

/* ---- the loop ---- */

#define V(x) (((x)&CONST_BIT) ? &k[(x) & ~CONST_BIT] : &r[x])
#define FAIL_AS(field)                                                                             \
	do {                                                                                       \
		if (ev->trace)                                                                     \
			ev->trace[mark].field++;                                                   \
		in = code + in->d;                                                                 \
		goto next;                                                                         \
	} while (0)
#define TRY_RUN(call)                                                                              \
	do {                                                                                       \
		s = (call);                                                                        \
		if (s.cls != ERR_OK)                                                               \
			goto out;                                                                  \
	} while (0)
/* Scalars are compared for nothing; what can be large is paid for before. */
#define PAY(charge)                                                                                \
	if (V(in->b)->type >= VALUE_ARRAY || V(in->c)->type >= VALUE_ARRAY)                        \
	TRY_RUN(charge(ev, V(in->b), V(in->c)))
#define COMPARE(cond)                                                                              \
	if (!(cond))                                                                               \
		FAIL_AS(failed);                                                                   \
	break

static status
run(struct rego_eval *ev, const struct function *f, struct value *r, struct value *ret)
{
	const struct value *const k = ev->policy->consts;
	const struct instr *const code = ev->policy->code;
	const uint32_t *const lines = ev->policy->lines;
	const struct instr *in = code + f->entry;
	const struct value *found;
	uint32_t mark = 0;
	status s = OK;

	for (;; in++) {
	next:
		switch ((enum opcode)in->op) {
		case OP_NOP:
			break;
		case OP_MOVE:
			r[in->a] = *V(in->b);
			break;
		case OP_UNDEF:
			r[in->a] = (struct value){0};
			break;
		case OP_JUMP:
			in = code + in->d;
			goto next;
		case OP_DEFINED:
			if (r[in->b].type == VALUE_UNDEFINED) {
				in = code + in->d;
				goto next;
			}
			break;
		case OP_HOLDS:
			COMPARE(value_holds(V(in->b)));
		case OP_DOT:
			found = dot(V(in->b), V(in->c));
			if (!found)
				FAIL_AS(undefined);
			r[in->a] = *found;
			break;
		case OP_ITER:
			found = V(in->b);
			if (!value_is_collection(found))
				FAIL_AS(undefined);
			r[in->a] = *found;
			r[in->a + 1] = json_int(0);
			break;
		case OP_NEXT: {
			const struct value *coll = &r[in->b];
			uint32_t i = (uint32_t)r[in->b + 1].u.i;

			TRY_RUN(vm_charge(ev, 1));
			if (i >= coll->n) {
				in = code + in->d;
				goto next;
			}
			r[in->b + 1].u.i = (int64_t)i + 1;
			if (coll->type == VALUE_OBJECT) {
				const struct member *m = &coll->u.members[i];

				r[in->c] = m->key;
				r[in->a] = m->val;
			} else {
				const struct value *item = &coll->u.items[i];

				r[in->c] = coll->type == VALUE_ARRAY ? json_int(i) : *item;
				r[in->a] = *item;
			}
			break;
		}
		case OP_EQ:
			PAY(charge_comparison);
			COMPARE(value_eq(V(in->b), V(in->c)));
		case OP_NE:
			PAY(charge_comparison);
			COMPARE(!value_eq(V(in->b), V(in->c)));
		case OP_LT:
			PAY(charge_comparison);
			COMPARE(value_cmp(V(in->b), V(in->c)) < 0);
		case OP_LE:
			PAY(charge_comparison);
			COMPARE(value_cmp(V(in->b), V(in->c)) <= 0);
		case OP_GT:
			PAY(charge_comparison);
			COMPARE(value_cmp(V(in->b), V(in->c)) > 0);
		case OP_GE:
			PAY(charge_comparison);
			COMPARE(value_cmp(V(in->b), V(in->c)) >= 0);
		case OP_IN:
			PAY(charge_search);
			COMPARE(vm_in(V(in->b), V(in->c)));
		case OP_EQV:
			PAY(charge_comparison);
			r[in->a] = json_bool(value_eq(V(in->b), V(in->c)));
			break;
		case OP_NEV:
			PAY(charge_comparison);
			r[in->a] = json_bool(!value_eq(V(in->b), V(in->c)));
			break;
		case OP_LTV:
			PAY(charge_comparison);
			r[in->a] = json_bool(value_cmp(V(in->b), V(in->c)) < 0);
			break;
		case OP_LEV:
			PAY(charge_comparison);
			r[in->a] = json_bool(value_cmp(V(in->b), V(in->c)) <= 0);
			break;
		case OP_GTV:
			PAY(charge_comparison);
			r[in->a] = json_bool(value_cmp(V(in->b), V(in->c)) > 0);
			break;
		case OP_GEV:
			PAY(charge_comparison);
			r[in->a] = json_bool(value_cmp(V(in->b), V(in->c)) >= 0);
			break;
		case OP_INV:
			PAY(charge_search);
			r[in->a] = json_bool(vm_in(V(in->b), V(in->c)));
			break;
		case OP_ADD:
		case OP_SUB:
		case OP_MUL:
		case OP_DIV:
		case OP_REM:
		case OP_AND:
		case OP_OR: {
			struct value result = {0};

			s = vm_arithmetic(&ev->call, (enum opcode)in->op, V(in->b), V(in->c),
			                  &result);
			if (!is_ok(s))
				TRY_RUN(builtin_failed(ev, lines[in - code], s));
			if (result.type == VALUE_UNDEFINED)
				FAIL_AS(undefined);
			r[in->a] = result;
			break;
		}
		case OP_BUILTIN:
			TRY_RUN(call_builtin(ev, ev->policy->builtins[in->b], &r[in->c],
			                     lines[in - code], &r[in->a]));
			if (r[in->a].type == VALUE_UNDEFINED)
				FAIL_AS(undefined);
			break;
		case OP_CALL:
			TRY_RUN(vm_run(ev, in->b, &r[in->c], &r[in->a]));
			if (r[in->a].type == VALUE_UNDEFINED)
				FAIL_AS(undefined);
			break;
		case OP_MOCKED:
			TRY_RUN(call_mocked(ev, in->b, &r[in->c], lines[in - code], &r[in->a]));
			if (r[in->a].type == VALUE_UNDEFINED)
				FAIL_AS(undefined);
			break;
		case OP_RULE:
			found = &ev->frame->slots[in->b];
			if (found->type == VALUE_UNDEFINED) {
				TRY_RUN(vm_rule(ev, in->b, &r[in->a]));
				if (r[in->a].type == VALUE_UNDEFINED)
					FAIL_AS(undefined);
				break;
			}
			r[in->a] = *found;
			r[in->a].spare = 0;
			break;
		case OP_NODE:
			TRY_RUN(vm_document(ev, in->b, &r[in->a]));
			break;
		case OP_DATA:
			TRY_RUN(vm_data(ev, &k[in->b], &r[in->a]));
			if (r[in->a].type == VALUE_UNDEFINED)
				FAIL_AS(undefined);
			break;
		case OP_WALK:
			TRY_RUN(vm_walk(ev, &r[in->b], in->c, &r[in->a]));
			if (r[in->a].type == VALUE_UNDEFINED)
				FAIL_AS(undefined);
			break;
		case OP_KEYS:
			TRY_RUN(vm_keys(ev, &r[in->b], in->c, &r[in->a]));
			if (r[in->a].type == VALUE_UNDEFINED)
				FAIL_AS(undefined);
			break;
		case OP_BASE:
			r[in->a] = ev->data;
			break;
		case OP_INPUT:
			if (ev->frame->input.type == VALUE_UNDEFINED)
				FAIL_AS(undefined);
			r[in->a] = ev->frame->input;
			break;
		case OP_ARRAY:
		case OP_SET:
		case OP_OBJECT:
			TRY_RUN(make_collection(ev, (enum opcode)in->op, &r[in->b], in->c,
			                        &r[in->a]));
			break;
		case OP_LIST: {
			struct value_list *l =
			        arena_raw(ev->arena, sizeof *l, _Alignof(struct value_list));

			if (!l)
				TRY_RUN(vm_charge(ev, 0));
			*l = value_list_of(ev->arena);
			r[in->a] = list_register(l);
			break;
		}
		case OP_PUSH:
			value_push(list_of(&r[in->a]), *V(in->b));
			break;
		case OP_PUSH2:
			value_push_member(list_of(&r[in->a]), *V(in->b), *V(in->c));
			break;
		case OP_TO_ARRAY:
		case OP_TO_SET:
		case OP_TO_OBJECT:
		case OP_TO_TREE:
			TRY_RUN(finish_list(ev, (enum opcode)in->op, &r[in->a], lines[in - code]));
			break;
		case OP_IS_ARRAY:
			found = V(in->b);
			COMPARE(found->type == VALUE_ARRAY && found->n == in->c);
		case OP_IS_OBJECT:
			found = V(in->b);
			COMPARE(found->type == VALUE_OBJECT && found->n == in->c);
		case OP_ITEM:
			found = V(in->b);
			if (found->type != VALUE_ARRAY || in->c >= found->n) {
				s = vm_broken(ev);
				goto out;
			}
			r[in->a] = found->u.items[in->c];
			break;
		case OP_WITH:
			TRY_RUN(push_frame(ev, &r[in->a]));
			break;
		case OP_WITH_INPUT:
			ev->frame->input = vm_upsert(ev->arena, ev->frame->input, k[in->b].u.items,
			                             0, k[in->b].n, *V(in->c));
			break;
		case OP_WITH_DATA:
			TRY_RUN(with_data(ev, &k[in->b], V(in->c)));
			break;
		case OP_WITH_CALL:
			TRY_RUN(with_mock(ev, in->b, false, 0, V(in->c)));
			break;
		case OP_WITH_FN:
			TRY_RUN(with_mock(ev, in->b, true, in->c, NULL));
			break;
		case OP_LEAVE:
			ev->frame = frame_of(&r[in->a])->parent;
			break;
		case OP_ENTER:
			ev->frame = frame_of(&r[in->a]);
			break;
		case OP_RESULT:
			found = V(in->b);
			if (r[in->a].type == VALUE_UNDEFINED)
				r[in->a] = *found;
			else if (!value_eq(&r[in->a], found))
				TRY_RUN(vm_conflict(
				        ev, lines[in - code],
				        in->c ? "functions must not produce multiple outputs "
				                "for same inputs"
				              : "complete rules must not produce multiple "
				                "outputs"));
			break;
		case OP_RETURN:
			*ret = r[in->b];
			goto out;
		case OP_TEMPLATE:
			TRY_RUN(vm_template(ev, &r[in->b], in->c, &r[in->a]));
			break;
		case OP_SKIP_PRINT:
			if (!ev->printing) {
				in = code + in->d;
				goto next;
			}
			break;
		case OP_PRINT:
			TRY_RUN(vm_print(ev, &r[in->b], in->c));
			break;
		case OP_MARK:
			mark = in->b;
			if (ev->trace)
				ev->trace[mark].entered++;
			break;
		case OP_MARK_TRUE:
			if (ev->trace)
				ev->trace[in->b].held++;
			break;
		case OP_INDEX:
			found = value_get(&k[in->b].u.items[0], &r[in->c]);
			r[in->a] = found ? *found : k[in->b].u.items[1];
			r[in->a + 1] = json_int(0);
			break;
		case OP_TRY_RULE: {
			const struct value *list = &r[in->b];
			int64_t i = r[in->b + 1].u.i;

			while (i < (int64_t)list->n && list->u.items[i].u.i < (int64_t)in->c)
				i++;
			r[in->b + 1].u.i = i;
			if (i == (int64_t)list->n || list->u.items[i].u.i != (int64_t)in->c) {
				in = code + in->d;
				goto next;
			}
			break;
		}
		case OP_COUNT:
			break;
		}
	}
out:
	return s;
}

status
vm_run(struct rego_eval *ev, uint32_t function, const struct value *args, struct value *ret)
{
	const struct function *f = &ev->policy->functions[function];
	struct value *saved = ev->stack, *saved_end = ev->stack_end, *r;
	struct stack_chunk *chunk = NULL;
	struct frame *frame = ev->frame;
	struct value result = {0};
	status s;

	if (f->constant) {
		*ret = f->value;
		return OK;
	}
	if (ev->depth_left == 0)
		return vm_limit(ev, "E-REGO-053", "calls are nested deeper than the budget");
	TRY(vm_charge(ev, 1));
	if ((size_t)(ev->stack_end - ev->stack) < f->n_registers &&
	    !(chunk = take_chunk(ev, f->n_registers)))
		return vm_charge(ev, 0);
	r = ev->stack;
	ev->stack += f->n_registers;
	for (uint32_t i = 0; i < f->n_args; i++)
		r[i] = args[i];
	ev->depth_left--;
	s = run(ev, f, r, &result);
	ev->frame = frame;
	ev->depth_left++;
	ev->stack = saved;
	ev->stack_end = saved_end;
	if (chunk) {
		chunk->next = ev->spare;
		ev->spare = chunk;
	}
	*ret = result;
	return s;
}

status
vm_rule(struct rego_eval *ev, uint32_t function, struct value *ret)
{
	struct value *slot = &ev->frame->slots[function];
	const struct frame *frame = ev->frame;

	if (slot->spare == 0) {
		slot->spare = SLOT_OPEN;
		TRY(vm_run(ev, function, NULL, ret));
		frame->slots[function] = *ret;
		frame->slots[function].spare = SLOT_DONE;
		return OK;
	}
	if (slot->spare == SLOT_OPEN) {
		ev->why = EVAL_INTERNAL;
		return err_set(ev->err, ERR_LIMIT, "E-REGO-055", "a rule depends on itself");
	}
	*ret = *slot;
	ret->spare = 0;
	return OK;
}
