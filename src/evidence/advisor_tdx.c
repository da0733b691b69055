/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/advisor_parts.h"

#include <stdio.h>

enum { PART_NAME = 96 };

/* One platform, as Intel's statements that came with its quote judge it. */
struct seen {
	const struct advisor_item *item;
	struct advisor_trust trust;
	struct tdx_quote q;
	struct tdx_opened *opened; /* NULL: no chain, or no statements */
	struct tcb_result tcb;
	struct qe_report qe;
	size_t fleet;
};

/* Machines of one kind: Intel's FMSPC. */
struct fleet {
	uint8_t fmspc[6];
	size_t n, counted, up_to_date;
	uint32_t evaluation_lowest, evaluation_highest;
};

struct all {
	struct arena *a;
	struct seen *seen;
	size_t n_seen;
	struct fleet *fleets;
	size_t n_fleets;
};

static void
read_platform(const struct advisor_request *rq, const struct advisor_item *item, struct seen *s)
{
	const struct document *d = item->doc;
	struct verdict quiet = {0};
	const struct hash256 *root;

	*s = (struct seen){.item = item, .fleet = SIZE_MAX};
	advisor_judge(rq, d, &s->trust);
	root = s->trust.root ? s->trust.root : &tdx_intel_root;
	if (!is_ok(tdx_quote_parse(d->evidence, &s->q, &quiet)) ||
	    !is_ok(tdx_open(s->q.pck_pem, &d->endorsements, root, false, rq->now, NULL, &s->opened,
	                    &quiet))) {
		s->opened = NULL;
		s->trust.counted = false;
		return;
	}
	qe_report_parse(s->q.qe_report, &s->qe);
	tcb_evaluate(&s->opened->collateral.info, &s->opened->collateral.qe, &s->opened->chain.pck,
	             s->q.tee_tcb_svn, s->q.tee_tcb_svn2, s->qe.isv_svn, &s->tcb);
}

static void
join_fleet(struct all *all, struct seen *s)
{
	const uint8_t *fmspc = s->opened->chain.pck.fmspc;
	uint32_t evaluation = s->opened->collateral.info.evaluation;
	struct fleet *f;

	for (s->fleet = 0; s->fleet < all->n_fleets; s->fleet++)
		if (bytes_equal(bytes_of(all->fleets[s->fleet].fmspc, 6), bytes_of(fmspc, 6)))
			break;
	f = &all->fleets[s->fleet];
	if (s->fleet == all->n_fleets) {
		all->n_fleets++;
		*f = (struct fleet){0};
		mem_copy(f->fmspc, fmspc, 6);
	}
	f->n++;
	if (!s->trust.counted)
		return;
	if (f->counted++ == 0)
		f->evaluation_lowest = f->evaluation_highest = evaluation;
	f->evaluation_lowest = MIN(f->evaluation_lowest, evaluation);
	f->evaluation_highest = MAX(f->evaluation_highest, evaluation);
	f->up_to_date += s->tcb.status == TCB_UP_TO_DATE;
}

/* ---- a platform ---- */

struct part {
	char name[PART_NAME];
	unsigned int have, newest;
	/* The same of any platform of the fleet. */
	unsigned int (*of)(const struct seen *s, size_t i);
	size_t i;
};

static unsigned int
sgx_of(const struct seen *s, size_t i)
{
	return s->opened->chain.pck.comp[i];
}

static unsigned int
tdx_of(const struct seen *s, size_t i)
{
	return s->q.tee_tcb_svn.p[i];
}

static unsigned int
pce_of(const struct seen *s, size_t i UNUSED)
{
	return s->opened->chain.pck.pcesvn;
}

static unsigned int
qe_of(const struct seen *s, size_t i UNUSED)
{
	return s->qe.isv_svn;
}

/* "SGX component 1, Early Microcode Update (BIOS)" */
static void
name_part(char to[PART_NAME], const char *kind, size_t i, const struct tcb_component *c)
{
	int used = snprintf(to, PART_NAME, "%s component %zu", kind, i + 1);

	if (c->type.n > 0)
		used += snprintf(to + used, PART_NAME - (size_t)used, ", %.*s",
		                 (int)MIN(c->type.n, 40), (const char *)c->type.p);
	if (c->category.n > 0)
		snprintf(to + used, PART_NAME - (size_t)used, " (%.*s)",
		         (int)MIN(c->category.n, 16), (const char *)c->category.p);
}

enum { PARTS_MAX = 2 * TDX_SVNS + 3 };

/* All parts that Intel's newest level or the platform gives a number above 0. */
static size_t
list_parts(const struct seen *s, struct part to[PARTS_MAX])
{
	const struct tcb_info *info = &s->opened->collateral.info;
	const struct qe_identity *qe = &s->opened->collateral.qe;
	const struct tdx_module *m = tcb_module_of(info, s->q.tee_tcb_svn);
	size_t n = 0, start = s->q.tee_tcb_svn.p[1] > 0 ? 2 : 0;

	for (size_t i = 0; i < TDX_SVNS; i++) {
		struct part p = {.newest = info->levels[0].sgx[i], .of = sgx_of, .i = i};

		name_part(p.name, "SGX", i, &info->sgx_parts[i]);
		if (p.newest > 0 || sgx_of(s, i) > 0)
			to[n++] = p;
	}
	for (size_t i = start; i < TDX_SVNS; i++) {
		struct part p = {.newest = info->levels[0].tdx[i], .of = tdx_of, .i = i};

		name_part(p.name, "TDX", i, &info->tdx_parts[i]);
		if (p.newest > 0 || tdx_of(s, i) > 0)
			to[n++] = p;
	}
	to[n++] = (struct part){"PCE", 0, info->levels[0].pcesvn, pce_of, 0};
	if (m && m->n_levels > 0) {
		to[n] = (struct part){.newest = m->levels[0].isvsvn, .of = tdx_of, .i = 0};
		snprintf(to[n++].name, PART_NAME, "TDX module %u", (unsigned int)m->version);
	}
	if (qe->n_levels > 0)
		to[n++] = (struct part){"quoting enclave", 0, qe->levels[0].isvsvn, qe_of, 0};
	for (size_t i = 0; i < n; i++)
		to[i].have = to[i].of(s, to[i].i);
	return n;
}

/* Modules of several versions are counted apart. */
static bool
comparable(const struct part *p, const struct seen *a, const struct seen *b)
{
	return p->of != tdx_of || p->i > 1 || a->q.tee_tcb_svn.p[1] == b->q.tee_tcb_svn.p[1];
}

static unsigned int
highest_of(const struct all *all, const struct seen *s, const struct part *p)
{
	unsigned int best = 0;

	for (size_t k = 0; k < all->n_seen; k++) {
		const struct seen *o = &all->seen[k];

		if (o->opened && o->fleet == s->fleet && o->trust.counted && comparable(p, s, o))
			best = MAX(best, p->of(o, p->i));
	}
	return best;
}

static void
put_parts(const struct all *all, const struct seen *s, struct value *o)
{
	struct part parts[PARTS_MAX];
	size_t n = list_parts(s, parts);
	struct value list = json_array();

	for (size_t i = 0; i < n; i++) {
		struct value part = json_object();

		json_put(all->a, &part, "name", json_copy_string(all->a, bytes_str(parts[i].name)));
		json_put(all->a, &part, "counts", json_int(parts[i].have));
		json_put(all->a, &part, "newest", json_int(parts[i].newest));
		if (s->trust.counted)
			json_put(all->a, &part, "highest", json_int(highest_of(all, s, &parts[i])));
		json_put(all->a, &part, "old", json_bool(parts[i].have < parts[i].newest));
		json_add(all->a, &list, part);
	}
	json_put(all->a, o, "parts", list);
}

static struct value
advice_value(const struct all *all, const struct seen *s)
{
	CLEANUP(buf_done) struct buf machine = {0}, host = {0}, again = {0};
	struct part parts[PARTS_MAX];
	size_t n = list_parts(s, parts);
	struct value list = json_array();

	for (size_t i = 0; i < n; i++) {
		bool sgx = parts[i].of == sgx_of;

		advisor_behind(sgx ? &machine : &host, parts[i].name, parts[i].have,
		               parts[i].newest);
	}
	if (s->tcb.status == TCB_RELAUNCH_ADVISED ||
	    s->tcb.status == TCB_RELAUNCH_ADVISED_CONFIGURATION_NEEDED)
		buf_str(&again, "the TD was launched under an older module");
	advisor_advise(all->a, &list, &machine,
	               "update the machine's BIOS and microcode, and fetch its PCK certificate "
	               "anew");
	advisor_advise(all->a, &list, &host, "update TDX module and quoting enclave of the host");
	advisor_advise(all->a, &list, &again, "launch it anew");
	if (s->tcb.platform == TCB_CONFIGURATION_NEEDED ||
	    s->tcb.platform == TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED)
		json_add(all->a, &list,
		         json_cstr("the BIOS settings are not those that Intel asks for: see the "
		                   "advisories"));
	return list;
}

static void
put_levels(struct arena *a, const struct seen *s, struct value *o)
{
	const struct tcb_info *info = &s->opened->collateral.info;
	struct value list = json_array(), newest = json_object();

	json_put(a, o, "status", json_cstr(tcb_status_name(s->tcb.status)));
	json_put(a, o, "platformStatus", json_cstr(tcb_status_name(s->tcb.platform)));
	json_put(a, o, "moduleStatus", json_cstr(tcb_status_name(s->tcb.module)));
	json_put(a, o, "enclaveStatus", json_cstr(tcb_status_name(s->tcb.qe)));
	if (s->tcb.date != 0)
		json_put(a, o, "levelDate", json_time(a, s->tcb.date));
	for (size_t i = 0; i < s->tcb.n_advisories; i++)
		json_add(a, &list, json_copy_string(a, s->tcb.advisories[i]));
	json_put(a, o, "advisories", list);
	json_put(a, &newest, "date", json_time(a, info->levels[0].date));
	json_put(a, &newest, "status", json_cstr(tcb_status_name(info->levels[0].status)));
	json_put(a, o, "newestLevel", newest);
	json_put(a, o, "evaluation", json_int(info->evaluation));
	json_put(a, o, "issued", json_time(a, info->issued));
	json_put(a, o, "nextUpdate", json_time(a, info->next_update));
}

static void
put_platform(const struct all *all, const struct seen *s, struct value *to)
{
	struct value o = advisor_platform(all->a, s->item, "tdx", &s->trust);

	if (s->opened) {
		const struct pck *pck = &s->opened->chain.pck;

		json_put(all->a, &o, "fleet", json_int((int64_t)s->fleet));
		json_put(all->a, &o, "fmspc", json_hex(all->a, bytes_of(pck->fmspc, 6)));
		if (pck->has_piid)
			json_put(all->a, &o, "piid", json_hex(all->a, bytes_of(pck->piid, 16)));
		put_levels(all->a, s, &o);
		put_parts(all, s, &o);
		json_put(all->a, &o, "advice", advice_value(all, s));
	}
	json_add(all->a, to, o);
}

/* ---- a fleet ---- */

static struct value
snippet(struct arena *a, uint32_t evaluation)
{
	struct value o = json_object();

	json_put(a, &o, "MinTCBEvaluationDataNumber", json_int(evaluation));
	return o;
}

/*
 * A set for TDX has no floor of single parts: it accepts UpToDate by Intel's
 * levels, and the evaluation number says how new the levels must be.
 */
static void
put_fleet(const struct all *all, size_t index, const struct reference_sets *refs, struct value *to)
{
	const struct fleet *f = &all->fleets[index];
	struct value o = json_object(), laggards = json_array(), sources = json_array();
	struct arena *a = all->a;
	const struct tcb_info *newest = NULL;

	json_put(a, &o, "type", json_cstr("tdx"));
	json_put(a, &o, "fleet", json_int((int64_t)index));
	json_put(a, &o, "fmspc", json_hex(a, bytes_of(f->fmspc, 6)));
	json_put(a, &o, "platforms", json_int((int64_t)f->n));
	json_put(a, &o, "counted", json_int((int64_t)f->counted));
	json_put(a, &o, "upToDate", json_int((int64_t)f->up_to_date));
	for (size_t i = 0; i < all->n_seen; i++) {
		const struct seen *s = &all->seen[i];

		if (s->fleet != index || !s->trust.counted)
			continue;
		if (!newest || s->opened->collateral.info.evaluation > newest->evaluation)
			newest = &s->opened->collateral.info;
		if (s->tcb.status != TCB_UP_TO_DATE)
			json_add(a, &laggards, json_copy_string(a, bytes_str(s->item->name)));
	}
	json_put(a, &o, "laggards", laggards);
	if (newest) {
		struct value issued = json_time(a, newest->issued),
		             date = json_time(a, newest->levels[0].date);

		json_put(a, &o, "now", snippet(a, f->evaluation_lowest));
		if (f->evaluation_highest > f->evaluation_lowest)
			json_put(a, &o, "afterUpdate", snippet(a, f->evaluation_highest));
		advisor_source(a, &sources, "now",
		               arena_printf(a,
		                            "the lowest evaluation of the TCB infos given; a "
		                            "set accepts UpToDate alone, which %zu of %zu are",
		                            f->up_to_date, f->counted));
		advisor_source(a, &sources, "newest",
		               arena_printf(a,
		                            "Intel's TCB info of evaluation %u, issued %.*s; its "
		                            "newest level is of %.*s",
		                            newest->evaluation, BYTES_ARG(json_text(&issued)),
		                            BYTES_ARG(json_text(&date))));
	}
	for (size_t i = 0; refs && i < refs->n_tdx; i++)
		advisor_source(a, &sources, "floor",
		               arena_printf(a, "the policy's tdx[%zu]: evaluation %u", i,
		                            refs->tdx[i].min_evaluation));
	json_put(a, &o, "sources", sources);
	json_add(a, to, o);
}

void
advisor_tdx(struct arena *a, const struct advisor_request *rq, struct value *platforms,
            struct value *fleets)
{
	struct all all = {
	        .a = a,
	        .seen = arena_array(a, rq->n + 1, sizeof *all.seen),
	        .fleets = arena_array(a, rq->n + 1, sizeof *all.fleets),
	};

	for (size_t i = 0; !a->failed && i < rq->n; i++) {
		struct seen *s = &all.seen[all.n_seen];

		if (tee_hardware(rq->items[i].doc->tee) != TEE_TDX)
			continue;
		read_platform(rq, &rq->items[i], s);
		if (s->opened)
			join_fleet(&all, s);
		all.n_seen++;
	}
	for (size_t i = 0; i < all.n_seen; i++)
		put_platform(&all, &all.seen[i], platforms);
	for (size_t i = 0; i < all.n_fleets; i++)
		put_fleet(&all, i, rq->references, fleets);
	for (size_t i = 0; i < all.n_seen; i++)
		tdx_opened_free(all.seen[i].opened);
}
