/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/collateral/collateral.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cmd/contrast/cli.h"
#include "cmd/contrast/fleet.h"
#include "cmd/contrast/folder.h"
#include "cmd/contrast/sources.h"
#include "cmd/contrast/workspace.h"
#include "term/term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HOUR = 3600, DAY = 86400, SPAN_MAX = 100000 };

static status
read_bundle(const char *path, struct arena *a, struct collateral_set *set, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};
	struct bytes kept;

	TRY(file_read(path, COLLATERAL_BUNDLE_MAX, &text, err));
	kept = arena_copy(a, buf_view(&text));
	TRY(arena_check(a, err));
	return err_at(err, collateral_bundle_parse(a, kept, set, err), "%s", path);
}

/* ---- export ---- */

/* What the fleet named needs; without any, all of the cache that has not ended. */
static status
gather(const struct options *o, struct fleet *f, struct err *err)
{
	const char *dir = f->collateral->cache_dir;
	struct collateral_set all;
	size_t n_evidence, n_manifests;
	const char *const *evidence = options_list(o, OPT_collateral_export_evidence, &n_evidence);
	const char *const *manifests =
	        options_list(o, OPT_collateral_export_manifest, &n_manifests);

	for (size_t i = 0; i < n_manifests; i++)
		TRY(fleet_manifest(f, manifests[i], err));
	TRY(fleet_evidence(f, evidence, n_evidence, err));
	if (n_evidence + n_manifests > 0 || !dir)
		return OK;
	TRY(collateral_cache_list(dir, f->collateral->taken_arena, &all, err));
	for (size_t i = 0; i < all.n; i++)
		if (all.items[i].valid_until >= f->now)
			collateral_set_add(f->collateral->taken_arena, f->collateral->taken,
			                   &all.items[i]);
	return OK;
}

/* Machines have much in common: each line once. */
static void
print_missing(struct bytes lines)
{
	for (size_t at = 0; at < lines.n;) {
		size_t end = MIN(bytes_find_byte(lines, '\n', at), lines.n - 1) + 1;
		struct bytes line = bytes_sub(lines, at, end);

		if (bytes_find(bytes_sub(lines, 0, at), line, 0) == SIZE_MAX)
			fprintf(stderr, "missing: %.*s", BYTES_ARG(line));
		at = end;
	}
}

static status
write_bundle(const struct options *o, const struct collateral_set *set, struct err *err)
{
	CLEANUP(buf_done) struct buf out = {.max = (size_t)COLLATERAL_BUNDLE_MAX * 2};

	collateral_bundle_write(set, &out);
	TRY(buf_check(&out, err));
	if (out.n > COLLATERAL_BUNDLE_MAX || set->n > COLLATERAL_BUNDLE_ITEMS)
		return err_set(err, ERR_LIMIT, "E-COLLATERAL-021",
		               "%zu items, %zu bytes: more than one bundle may have", set->n,
		               out.n);
	if (options_flag(o, OPT_collateral_export_force))
		return file_write(o->args[0], buf_view(&out), 0644, err);
	return file_create(o->args[0], buf_view(&out), 0644, err);
}

/* When the first of them ends: then it is to be made anew. */
static void
print_written(const struct fleet *f, const char *path)
{
	const struct collateral_set *set = f->collateral->taken;
	int64_t first = INT64_MAX;
	char when[32];

	for (size_t i = 0; i < set->n; i++)
		first = MIN(first, set->items[i].valid_until);
	if (f->passed > 0)
		say_warning("%zu files that are no evidence were passed over", f->passed);
	printf("%zu items", set->n);
	if (f->machines > 0)
		printf(" for %zu pieces of evidence", f->machines);
	printf(" in %s; the first ends at %s\n", path, time_cstr(first, when));
}

static status
make_bundle(const struct options *o, struct sources *s, struct err *err)
{
	CLEANUP(buf_done) struct buf missing = {0};
	struct collateral_set set = {0};
	bool past = options_given(o, OPT_collateral_export_time);
	struct fleet f = {.collateral = &s->collateral,
	                  .now = past ? options_time(o, OPT_collateral_export_time)
	                              : clock_realtime(),
	                  .missing = &missing};
	status gathered;

	s->collateral.monotone = !past;
	s->collateral.taken = &set;
	s->collateral.taken_arena = &s->arena;
	gathered = gather(o, &f, err);
	sources_tell(s);
	TRY(gathered);
	TRY(arena_check(&s->arena, err));
	TRY(buf_check(&missing, err));
	print_missing(buf_view(&missing));
	if (missing.n > 0 && (!options_flag(o, OPT_collateral_export_partial) || set.n == 0))
		return err_set(err, ERR_UNREACHABLE, "E-COLLATERAL-030",
		               "some of what the evidence needs could not be had; nothing was "
		               "written");
	if (set.n == 0)
		return err_hint(err,
		                err_set(err, ERR_NOT_FOUND, "E-COLLATERAL-031",
		                        "there is nothing to export"),
		                "name the fleet's reports or quotes with --evidence");
	TRY(write_bundle(o, &set, err));
	print_written(&f, o->args[0]);
	if (missing.n > 0)
		return err_set(err, ERR_UNREACHABLE, "E-COLLATERAL-030",
		               "some of what the evidence needs could not be had; %s is without it",
		               o->args[0]);
	return OK;
}

status
verb_collateral_export(const struct options *o, struct err *err)
{
	static const struct source_options ids = SOURCE_OPTIONS(collateral_export);
	CLEANUP(sources_done) struct sources s = {0};

	/* Before minutes of fetching, not after. */
	if (!options_flag(o, OPT_collateral_export_force) && file_exists(o->args[0]))
		return err_hint(err,
		                err_set(err, ERR_CONFLICT, "E-COLLATERAL-033", "%s exists",
		                        o->args[0]),
		                "--force replaces it");
	TRY(sources_open(o, &ids, !options_flag(o, OPT_collateral_export_offline), &s, err));
	return make_bundle(o, &s, err);
}

/* ---- import ---- */

static bool
is_superseded(const char *dir, const struct collateral_item *item, struct arena *a)
{
	struct collateral_item have;
	struct err ignored;

	if (!collateral_is_dated(item->kind))
		return false;
	return (collateral_seen_read(dir, item->kind, item->subject, &have) &&
	        collateral_is_older(item, &have)) ||
	       (is_ok(collateral_cache_read(dir, item->kind, item->subject, a, &have, &ignored)) &&
	        collateral_is_older(item, &have));
}

status
verb_collateral_import(const struct options *o, struct err *err)
{
	char dir[WORKSPACE_PATH_SIZE];
	size_t n = 0, older = 0;

	TRY(workspace_cache_dir(options_text(o, OPT_collateral_import_cache_dir), dir, err));
	for (size_t i = 0; i < o->n_args; i++) {
		CLEANUP(arena_done) struct arena a = {.cap = (size_t)COLLATERAL_BUNDLE_MAX * 2};
		struct collateral_set set;

		TRY(read_bundle(o->args[i], &a, &set, err));
		for (size_t k = 0; k < set.n; k++) {
			bool skip = is_superseded(dir, &set.items[k], &a);

			if (!skip)
				TRY(collateral_cache_write(dir, &set.items[k], err));
			n += !skip;
			older += skip;
		}
	}
	printf("%zu items taken into %s\n", n, dir);
	if (older > 0)
		say_warning("%zu items are older than what is there or was seen before, and were "
		            "left out",
		            older);
	return OK;
}

/* ---- show ---- */

struct report {
	struct arena a;
	struct table table;
	struct value json;
	struct collateral_set set;
	int64_t now, warn;
	size_t ending;
};

static void
report_done(struct report *r)
{
	table_done(&r->table);
	arena_done(&r->a);
}

static const char *
state_of(const struct report *r, const struct collateral_item *item)
{
	return item->valid_until < r->now             ? "ended"
	       : item->valid_from > r->now            ? "not yet"
	       : item->valid_until < r->now + r->warn ? "ending"
	                                              : "good";
}

/* "3 days", "5 hours": until it ends, or since. */
static void
put_left(const struct report *r, const struct collateral_item *item, char to[32])
{
	int64_t left = item->valid_until - r->now, n = left < 0 ? -left : left;
	bool days = n >= 2 * DAY;

	n /= days ? DAY : HOUR;
	snprintf(to, 32, "%s%lld %s", left < 0 ? "-" : "", (long long)n, days ? "days" : "hours");
}

static void
report_add(struct report *r, const struct collateral_item *item)
{
	const char *state = state_of(r, item);
	struct value v = json_object();
	char until[32], left[32];

	r->ending += strcmp(state, "good") != 0;
	put_left(r, item, left);
	table_cell(&r->table, bytes_str(collateral_kind_name(item->kind)));
	/* A chip id in the middle of a subject is longer than a line. */
	table_cellf(&r->table, "%.40s%s", item->subject, strlen(item->subject) > 40 ? "..." : "");
	table_cell(&r->table, bytes_str(time_cstr(item->valid_until, until)));
	table_cell(&r->table, bytes_str(left));
	table_cell(&r->table, bytes_str(state));
	json_put(&r->a, &v, "kind", json_cstr(collateral_kind_name(item->kind)));
	json_put(&r->a, &v, "subject", json_copy_string(&r->a, bytes_str(item->subject)));
	json_put(&r->a, &v, "notBefore", json_time(&r->a, item->valid_from));
	json_put(&r->a, &v, "notAfter", json_time(&r->a, item->valid_until));
	json_put(&r->a, &v, "secondsLeft", json_int(item->valid_until - r->now));
	if (item->number > 0)
		json_put(&r->a, &v, "number",
		         json_int((int64_t)MIN(item->number, (uint64_t)INT64_MAX)));
	json_put(&r->a, &v, "state", json_cstr(state));
	json_add(&r->a, &r->json, v);
}

static int
by_end(const void *a, const void *b)
{
	const struct collateral_item *x = a, *y = b;

	if (x->valid_until != y->valid_until)
		return x->valid_until < y->valid_until ? -1 : 1;
	return x->kind != y->kind ? (x->kind < y->kind ? -1 : 1) : strcmp(x->subject, y->subject);
}

static status
report_sources(const struct options *o, struct report *r, struct err *err)
{
	char dir[WORKSPACE_PATH_SIZE];
	struct collateral_set set;

	arena_init(&r->a, (size_t)COLLATERAL_BUNDLE_MAX * 4);
	if (o->n_args == 0) {
		TRY(workspace_cache_dir(options_text(o, OPT_collateral_show_cache_dir), dir, err));
		TRY(collateral_cache_list(dir, &r->a, &r->set, err));
	}
	for (size_t i = 0; i < o->n_args; i++) {
		TRY(read_bundle(o->args[i], &r->a, &set, err));
		for (size_t k = 0; k < set.n; k++)
			collateral_set_add(&r->a, &r->set, &set.items[k]);
	}
	TRY(arena_check(&r->a, err));
	if (r->set.n > 0)
		qsort(r->set.items, r->set.n, sizeof *r->set.items, by_end);
	for (size_t k = 0; k < r->set.n; k++)
		report_add(r, &r->set.items[k]);
	return arena_check(&r->a, err);
}

/* "12h", "30d", "4w" in seconds. */
static status
take_span(const char *text, int64_t *ret, struct err *err)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {{'h', HOUR}, {'d', DAY}, {'w', 7 * DAY}};
	struct bytes b = bytes_str(text);
	uint64_t n;

	for (size_t i = 0; b.n > 1 && i < COUNT_OF(units); i++) {
		if (b.p[b.n - 1] != units[i].unit ||
		    !text_u64(bytes_sub(b, 0, b.n - 1), SPAN_MAX, &n))
			continue;
		*ret = (int64_t)n * units[i].seconds;
		return OK;
	}
	return err_set(err, ERR_USAGE, "E-CLI-045", "--within %s: not a number with h, d or w",
	               text);
}

status
verb_collateral_show(const struct options *o, struct err *err)
{
	CLEANUP(report_done)
	struct report r = {
	        .json = json_array(),
	        .now = options_given(o, OPT_collateral_show_time)
	                       ? options_time(o, OPT_collateral_show_time)
	                       : clock_realtime(),
	};
	CLEANUP(buf_done) struct buf out = {0};

	TRY(take_span(options_text(o, OPT_collateral_show_within), &r.warn, err));
	table_begin(&r.table,
	            (const char *const[]){"kind", "subject", "until", "left", "state", NULL});
	TRY(report_sources(o, &r, err));
	if (strcmp(options_text(o, OPT_collateral_show_format), "json") == 0) {
		json_write(&r.json, JSON_INDENT, &out);
		buf_u8(&out, '\n');
	} else {
		table_print(&r.table, &out);
	}
	TRY(buf_check(&out, err));
	TRY(fd_write_all(STDOUT_FILENO, buf_view(&out), err));
	if (r.ending > 0)
		return err_set(err, ERR_DIFFERS, "E-COLLATERAL-032",
		               "%zu items have ended or end soon", r.ending);
	return OK;
}
