/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/advisor_parts.h"
#include "evidence/snp/appraise.h"

#include <stdio.h>

/* The parts of a TCB in the order of the manifest's members. */
static const struct {
	const char *name, *member;
	size_t at;
} parts[] = {
        {"FMC", "FMCVersion", offsetof(struct snp_tcb, fmc)},
        {"bootloader", "BootloaderVersion", offsetof(struct snp_tcb, bootloader)},
        {"TEE", "TEEVersion", offsetof(struct snp_tcb, tee)},
        {"SNP", "SNPVersion", offsetof(struct snp_tcb, snp)},
        {"microcode", "MicrocodeVersion", offsetof(struct snp_tcb, microcode)},
};

static uint8_t
get_part(const struct snp_tcb *t, size_t i)
{
	return *((const uint8_t *)t + parts[i].at);
}

static void
set_part(struct snp_tcb *t, size_t i, uint8_t v)
{
	*((uint8_t *)t + parts[i].at) = v;
}

static bool
has_part(enum snp_product p, size_t i)
{
	return p == SNP_TURIN || parts[i].at != offsetof(struct snp_tcb, fmc);
}

/* Part by part the lower, or the higher. */
static struct snp_tcb
mix(struct snp_tcb a, const struct snp_tcb *b, bool higher)
{
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		uint8_t x = get_part(&a, i), y = get_part(b, i);

		set_part(&a, i, higher ? MAX(x, y) : MIN(x, y));
	}
	return a;
}

/* One platform. What counts is the lowest of what a floor is held against (appraise.h). */
struct seen {
	const struct advisor_item *item;
	struct advisor_trust trust;
	struct snp_report r;
	enum snp_product product;
	struct snp_tcb reported, committed, launch, current, counts;
	struct snp_firmware committed_fw, current_fw, fw;
	const struct snp_reference *floor; /* or NULL */
	size_t floor_index;
	size_t fleet;
};

/*
 * Machines whose figures can be compared: one product line, model and stepping,
 * since each of them counts its microcode on its own. Reports of version 2 name none.
 */
struct fleet {
	enum snp_product product;
	bool has_model;
	uint8_t family, model, stepping;
	size_t n, counted;
	struct snp_tcb lowest, highest;
	struct snp_firmware fw_lowest, fw_highest;
	uint64_t mitigations; /* that all have */
	uint32_t version;     /* lowest of the reports */
};

struct all {
	struct seen *seen;
	size_t n_seen;
	struct fleet *fleets;
	size_t n_fleets;
};

/* ---- reading ---- */

static const struct snp_reference *
floor_of(const struct reference_sets *refs, const struct seen *s, size_t *ret_index)
{
	const struct snp_reference *first = NULL;

	for (size_t i = 0; refs && i < refs->n_snp; i++) {
		if (refs->snp[i].product != s->product)
			continue;
		if (snp_measurement_matches(&refs->snp[i], &s->r) > 0) {
			*ret_index = i;
			return &refs->snp[i];
		}
		if (!first) {
			first = &refs->snp[i];
			*ret_index = i;
		}
	}
	return first;
}

static bool
read_platform(const struct advisor_request *rq, const struct advisor_item *item, struct seen *s)
{
	struct verdict quiet = {0};

	*s = (struct seen){.item = item};
	if (!is_ok(snp_report_parse(item->doc->evidence, &s->r, &quiet)) ||
	    !snp_product_of(&item->doc->endorsements, &s->r, &s->product) ||
	    !snp_tcb_decode(s->product, s->r.reported_tcb, &s->reported) ||
	    !snp_tcb_decode(s->product, s->r.committed_tcb, &s->committed) ||
	    !snp_tcb_decode(s->product, s->r.launch_tcb, &s->launch) ||
	    !snp_tcb_decode(s->product, s->r.current_tcb, &s->current))
		return false;
	s->counts = mix(mix(s->reported, &s->committed, false), &s->launch, false);
	s->committed_fw = (struct snp_firmware){s->r.committed_major, s->r.committed_minor,
	                                        s->r.committed_build};
	s->current_fw =
	        (struct snp_firmware){s->r.current_major, s->r.current_minor, s->r.current_build};
	s->fw = snp_firmware_cmp(s->committed_fw, s->current_fw) < 0 ? s->committed_fw
	                                                             : s->current_fw;
	s->floor = floor_of(rq->references, s, &s->floor_index);
	advisor_judge(rq, item->doc, &s->trust);
	return true;
}

static bool
same_fleet(const struct fleet *f, const struct seen *s)
{
	return f->product == s->product &&
	       f->has_model == (s->r.version >= SNP_REPORT_VERSION_CPUID) &&
	       f->family == s->r.cpuid_family && f->model == s->r.cpuid_model &&
	       f->stepping == s->r.cpuid_stepping;
}

static void
join_fleet(struct all *all, struct seen *s)
{
	struct fleet *f;

	for (s->fleet = 0; s->fleet < all->n_fleets; s->fleet++)
		if (same_fleet(&all->fleets[s->fleet], s))
			break;
	f = &all->fleets[s->fleet];
	if (s->fleet == all->n_fleets) {
		all->n_fleets++;
		*f = (struct fleet){.product = s->product,
		                    .has_model = s->r.version >= SNP_REPORT_VERSION_CPUID,
		                    .family = s->r.cpuid_family,
		                    .model = s->r.cpuid_model,
		                    .stepping = s->r.cpuid_stepping};
	}
	f->n++;
	if (!s->trust.counted)
		return;
	if (f->counted++ == 0) {
		f->lowest = f->highest = s->counts;
		f->fw_lowest = f->fw_highest = s->fw;
		f->mitigations = s->r.launch_mitigation & s->r.current_mitigation;
		f->version = s->r.version;
		return;
	}
	f->lowest = mix(f->lowest, &s->counts, false);
	f->highest = mix(f->highest, &s->counts, true);
	if (snp_firmware_cmp(s->fw, f->fw_lowest) < 0)
		f->fw_lowest = s->fw;
	if (snp_firmware_cmp(s->fw, f->fw_highest) > 0)
		f->fw_highest = s->fw;
	f->mitigations &= s->r.launch_mitigation & s->r.current_mitigation;
	f->version = MIN(f->version, s->r.version);
}

/* ---- a platform ---- */

static void
put_part(struct arena *a, struct value *list, const struct seen *s, const struct fleet *f, size_t i)
{
	struct value o = json_object();
	uint8_t counts = get_part(&s->counts, i);

	json_put(a, &o, "name", json_cstr(parts[i].name));
	json_put(a, &o, "counts", json_int(counts));
	json_put(a, &o, "reported", json_int(get_part(&s->reported, i)));
	json_put(a, &o, "committed", json_int(get_part(&s->committed, i)));
	json_put(a, &o, "launch", json_int(get_part(&s->launch, i)));
	json_put(a, &o, "current", json_int(get_part(&s->current, i)));
	if (f->counted > 0)
		json_put(a, &o, "highest", json_int(get_part(&f->highest, i)));
	if (s->floor)
		json_put(a, &o, "floor", json_int(get_part(&s->floor->minimum_tcb, i)));
	json_put(a, &o, "old",
	         json_bool((f->counted > 0 && counts < get_part(&f->highest, i)) ||
	                   (s->floor && counts < get_part(&s->floor->minimum_tcb, i))));
	json_add(a, list, o);
}

static struct value
firmware_text(struct arena *a, struct snp_firmware f)
{
	char text[SNP_FIRMWARE_TEXT];

	return json_copy_string(a, bytes_str(snp_firmware_text(f, text)));
}

static struct value
firmware_value(struct arena *a, const struct seen *s, const struct fleet *f)
{
	struct value o = json_object();
	bool below = s->floor && snp_firmware_cmp(s->fw, s->floor->minimum_firmware) < 0;

	json_put(a, &o, "counts", firmware_text(a, s->fw));
	json_put(a, &o, "committed", firmware_text(a, s->committed_fw));
	json_put(a, &o, "current", firmware_text(a, s->current_fw));
	if (f->counted > 0)
		json_put(a, &o, "highest", firmware_text(a, f->fw_highest));
	if (s->floor)
		json_put(a, &o, "floor", firmware_text(a, s->floor->minimum_firmware));
	json_put(a, &o, "old",
	         json_bool(below ||
	                   (f->counted > 0 && snp_firmware_cmp(s->fw, f->fw_highest) < 0)));
	return o;
}

static void
note_firmware(struct buf *out, const char *what, struct snp_firmware have, struct snp_firmware best)
{
	char h[SNP_FIRMWARE_TEXT], b[SNP_FIRMWARE_TEXT];

	if (snp_firmware_cmp(have, best) < 0)
		buf_printf(out, "%s%s firmware %s of %s", out->n > 0 ? ", " : "", what,
		           snp_firmware_text(have, h), snp_firmware_text(best, b));
}

/*
 * Which of the three holds a part back says what to do: reported is what the
 * firmware says it is, committed what the host can go back to, launch what was
 * there when the guest began.
 */
static struct value
advice_value(struct arena *a, const struct seen *s, const struct fleet *f)
{
	CLEANUP(buf_done) struct buf update = {0}, commit = {0}, again = {0}, floor = {0};
	struct value list = json_array();

	for (size_t i = 0; f->counted > 0 && i < COUNT_OF(parts); i++) {
		uint8_t best = get_part(&f->highest, i);

		if (get_part(&s->current, i) < best || get_part(&s->reported, i) < best)
			advisor_behind(&update, parts[i].name, get_part(&s->reported, i), best);
		else if (get_part(&s->committed, i) < best)
			advisor_behind(&commit, parts[i].name, get_part(&s->committed, i), best);
		else
			advisor_behind(&again, parts[i].name, get_part(&s->launch, i), best);
	}
	if (f->counted > 0 && snp_firmware_cmp(s->current_fw, f->fw_highest) < 0)
		note_firmware(&update, "current", s->current_fw, f->fw_highest);
	else if (f->counted > 0)
		note_firmware(&commit, "committed", s->committed_fw, f->fw_highest);
	for (size_t i = 0; s->floor && i < COUNT_OF(parts); i++)
		advisor_behind(&floor, parts[i].name, get_part(&s->counts, i),
		               get_part(&s->floor->minimum_tcb, i));
	if (s->floor)
		note_firmware(&floor, "SNP", s->fw, s->floor->minimum_firmware);
	advisor_advise(a, &list, &update, "update the machine's firmware");
	advisor_advise(a, &list, &commit,
	               "the host can still go back: let it commit the firmware (SNP_COMMIT)");
	advisor_advise(a, &list, &again,
	               "the guest was launched before the update: launch it anew");
	if (floor.n > 0) {
		buf_printf(&floor, " (policy, snp[%zu])", s->floor_index);
		advisor_advise(a, &list, &floor, "below the policy's floor: it is refused");
	}
	return list;
}

static void
put_platform(struct arena *a, const struct seen *s, const struct fleet *f, struct value *to)
{
	struct value o = advisor_platform(a, s->item, "snp", &s->trust);
	struct value list = json_array();

	json_put(a, &o, "product", json_cstr(snp_product_name(s->product)));
	json_put(a, &o, "fleet", json_int((int64_t)s->fleet));
	json_put(a, &o, "chipId", json_hex(a, bytes_of(s->r.chip_id, SNP_CHIP_ID_SIZE)));
	json_put(a, &o, "reportVersion", json_int(s->r.version));
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		if (has_part(s->product, i))
			put_part(a, &list, s, f, i);
	json_put(a, &o, "parts", list);
	json_put(a, &o, "firmware", firmware_value(a, s, f));
	if (s->floor)
		json_put(a, &o, "floorSet",
		         json_string(arena_printf(a, "snp[%zu]", s->floor_index)));
	json_put(a, &o, "advice", advice_value(a, s, f));
	json_add(a, to, o);
}

/* No figures: malformed, or nothing says of which product it is. */
static void
put_unread(struct arena *a, const struct advisor_request *rq, const struct advisor_item *item,
           struct value *to)
{
	struct advisor_trust t;

	advisor_judge(rq, item->doc, &t);
	t.counted = false;
	json_add(a, to, advisor_platform(a, item, "snp", &t));
}

/* ---- a fleet ---- */

/*
 * A reference set tells products apart, not models. With two models of one
 * product, the lower microcode count of one would let old machines of the other
 * in; what keeps them apart is the list of machines.
 */
static void
put_machines(struct arena *a, const struct all *all, size_t index, struct value *o)
{
	struct value chips = json_array();
	size_t same = 0;

	for (size_t i = 0; i < all->n_fleets; i++)
		same += all->fleets[i].product == all->fleets[index].product &&
		        all->fleets[i].has_model;
	if (same < 2 || !all->fleets[index].has_model)
		return;
	for (size_t i = 0; i < all->n_seen; i++) {
		const struct seen *s = &all->seen[i];

		if (s->fleet == index && s->trust.counted)
			json_add(a, &chips, json_hex(a, bytes_of(s->r.chip_id, SNP_CHIP_ID_SIZE)));
	}
	json_put(a, o, "note",
	         json_cstr("several models of one product: each counts microcode on its own, and a "
	                   "reference set knows products alone. Give each model a set of its own "
	                   "that names its machines"));
	json_put(a, o, "AllowedChipIDs", chips);
}

/* As it goes into a reference set. */
static struct value
snippet(struct arena *a, enum snp_product p, const struct snp_tcb *t, struct snp_firmware fw)
{
	struct value o = json_object(), tcb = json_object();

	for (size_t i = 0; i < COUNT_OF(parts); i++)
		if (has_part(p, i))
			json_put(a, &tcb, parts[i].member, json_int(get_part(t, i)));
	json_put(a, &o, "ProductName", json_cstr(snp_product_name(p)));
	json_put(a, &o, "MinimumTCB", tcb);
	json_put(a, &o, "MinimumCommittedFirmware", firmware_text(a, fw));
	return o;
}

enum { ANY_STEPPING = 0xff };

/*
 * The newest that evidence in public showed until this was written, model by
 * model; the date is that of the certificate or report. Not AMD's word.
 */
static const struct {
	enum snp_product product;
	uint8_t model_from, model_to, stepping; /* or ANY_STEPPING */
	struct snp_tcb tcb;
	const char *when;
} public_tcbs[] = {
        {SNP_MILAN, 0x00, 0x0f, 1, {0, 4, 0, 24, 219}, "2025-01-15"},
        {SNP_GENOA, 0x10, 0x1f, 1, {0, 10, 0, 27, 88}, "2025-11-11"},
        {SNP_GENOA, 0xa0, 0xaf, ANY_STEPPING, {0, 10, 0, 23, 25}, "2026-11-24"},
        {SNP_TURIN, 0x00, 0x11, 1, {1, 1, 1, 4, 81}, "2026-11-24"},
};

static void
put_public(struct arena *a, const struct fleet *f, struct value *o)
{
	for (size_t i = 0; f->has_model && i < COUNT_OF(public_tcbs); i++) {
		struct value seen, tcb;
		unsigned int x, y;

		if (public_tcbs[i].product != f->product || f->model < public_tcbs[i].model_from ||
		    f->model > public_tcbs[i].model_to ||
		    (public_tcbs[i].stepping != ANY_STEPPING &&
		     public_tcbs[i].stepping != f->stepping))
			continue;
		seen = json_object();
		tcb = snippet(a, f->product, &public_tcbs[i].tcb, (struct snp_firmware){0, 0, 0});
		json_put(a, &seen, "MinimumTCB", *json_get(&tcb, "MinimumTCB"));
		json_put(a, &seen, "newer",
		         json_bool(snp_tcb_below(&f->lowest, &public_tcbs[i].tcb, &x, &y) != NULL));
		json_put(a, &seen, "source",
		         json_string(arena_printf(a,
		                                  "newest TCB of this model that public evidence "
		                                  "showed, %s; not a recommendation of AMD's",
		                                  public_tcbs[i].when)));
		json_put(a, o, "public", seen);
	}
}

static void
put_sources(struct arena *a, const struct fleet *f, bool laggards, int64_t now, struct value *o)
{
	struct value list = json_array(), when = json_time(a, now);

	advisor_source(a, &list, "now",
	               arena_printf(a,
	                            "the fleet: lowest of the reported, committed and launch TCB "
	                            "of %zu of %zu reports, judged at %.*s",
	                            f->counted, f->n, BYTES_ARG(json_text(&when))));
	if (laggards)
		advisor_source(a, &list, "afterUpdate",
		               arena_printf(a, "the fleet: the newest of each part that one of "
		                               "these reports shows"));
	json_put(a, o, "sources", list);
}

static void
put_fleet(struct arena *a, const struct all *all, size_t index, int64_t now, struct value *to)
{
	const struct fleet *f = &all->fleets[index];
	struct value o = json_object(), laggards = json_array();
	unsigned int x, y;
	bool behind;

	json_put(a, &o, "type", json_cstr("snp"));
	json_put(a, &o, "fleet", json_int((int64_t)index));
	json_put(a, &o, "product", json_cstr(snp_product_name(f->product)));
	if (f->has_model)
		json_put(a, &o, "model",
		         json_string(arena_printf(a, "family 0x%x model 0x%x stepping %u",
		                                  (unsigned int)f->family, (unsigned int)f->model,
		                                  (unsigned int)f->stepping)));
	json_put(a, &o, "platforms", json_int((int64_t)f->n));
	json_put(a, &o, "counted", json_int((int64_t)f->counted));
	if (f->counted == 0) {
		json_add(a, to, o);
		return;
	}
	json_put(a, &o, "now", snippet(a, f->product, &f->lowest, f->fw_lowest));
	for (size_t i = 0; i < all->n_seen; i++) {
		const struct seen *s = &all->seen[i];

		if (s->fleet == index && s->trust.counted &&
		    (snp_tcb_below(&s->counts, &f->highest, &x, &y) ||
		     snp_firmware_cmp(s->fw, f->fw_highest) < 0))
			json_add(a, &laggards, json_copy_string(a, bytes_str(s->item->name)));
	}
	behind = laggards.n > 0;
	json_put(a, &o, "laggards", laggards);
	if (behind)
		json_put(a, &o, "afterUpdate", snippet(a, f->product, &f->highest, f->fw_highest));
	if (f->version >= SNP_REPORT_VERSION_MITIGATION && f->mitigations != 0)
		json_put(a, &o, "mitigations",
		         json_string(arena_printf(a, "%llu", (unsigned long long)f->mitigations)));
	put_machines(a, all, index, &o);
	put_sources(a, f, behind, now, &o);
	put_public(a, f, &o);
	json_add(a, to, o);
}

void
advisor_snp(struct arena *a, const struct advisor_request *rq, struct value *platforms,
            struct value *fleets)
{
	struct all all = {
	        .seen = arena_array(a, rq->n + 1, sizeof *all.seen),
	        .fleets = arena_array(a, rq->n + 1, sizeof *all.fleets),
	};

	if (a->failed)
		return;
	for (size_t i = 0; i < rq->n; i++) {
		if (tee_hardware(rq->items[i].doc->tee) != TEE_SNP)
			continue;
		if (read_platform(rq, &rq->items[i], &all.seen[all.n_seen]))
			join_fleet(&all, &all.seen[all.n_seen++]);
		else
			put_unread(a, rq, &rq->items[i], platforms);
	}
	for (size_t i = 0; i < all.n_seen; i++)
		put_platform(a, &all.seen[i], &all.fleets[all.seen[i].fleet], platforms);
	for (size_t i = 0; i < all.n_fleets; i++)
		put_fleet(a, &all, i, rq->now, fleets);
}
