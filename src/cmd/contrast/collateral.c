/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/collateral/collateral.h"
#include "base/clock.h"
#include "base/file.h"
#include "cmd/contrast/cli.h"
#include "cmd/contrast/folder.h"
#include "cmd/contrast/workspace.h"
#include "evidence/intake.h"
#include "term/term.h"
#include "transport/curl.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DAY = 86400 };

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

/* Fetches into the cache what one report or quote needs. */
static status
gather(struct collateral *c, const char *path, int64_t now, struct buf *missing, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf evidence = {0};
	struct endorsements e = {0}; /* not the document's: the bundle is to have them */
	struct document d;
	struct progress p;
	status s;

	TRY(file_read(path, INTAKE_MAX, &evidence, err));
	TRY(err_at(err, intake_evidence(&a, buf_view(&evidence), &d, err), "%s", path));
	progress_begin(&p, 0, "collateral for %s", path);
	s = collateral_complete(c, d.tee, d.evidence, now, &a, &e, missing, err);
	progress_end(&p, is_ok(s));
	return err_at(err, s, "%s", path);
}

static status
gather_all(const struct options *o, struct collateral *c, struct err *err)
{
	CLEANUP(buf_done) struct buf missing = {0};
	size_t n;
	const char *const *files = options_list(o, OPT_collateral_export_evidence, &n);

	for (size_t i = 0; i < n; i++)
		TRY(gather(c, files[i], clock_realtime(), &missing, err));
	if (missing.n == 0)
		return OK;
	fprintf(stderr, "%s", buf_cstr(&missing));
	return err_set(err, ERR_UNREACHABLE, "E-COLLATERAL-030",
	               "some of what the evidence needs could not be had; nothing was written");
}

status
verb_collateral_export(const struct options *o, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {.cap = (size_t)COLLATERAL_BUNDLE_MAX * 2};
	CLEANUP(buf_done) struct buf out = {.max = (size_t)COLLATERAL_BUNDLE_MAX * 2};
	CLEANUP(transport_curl_drop) struct transport *t = NULL;
	struct collateral c = {0};
	struct collateral_set all;
	char dir[WORKSPACE_PATH_SIZE];

	TRY(workspace_cache_dir(options_text(o, OPT_collateral_export_cache_dir), dir, err));
	c.cache_dir = dir;
	c.monotone = true;
	if (!options_flag(o, OPT_collateral_export_offline)) {
		TRY(transport_curl_new(NULL, &t, err));
		c.transport = t;
	}
	TRY(gather_all(o, &c, err));
	TRY(collateral_cache_list(dir, &a, &all, err));
	if (all.n == 0)
		return err_hint(err,
		                err_set(err, ERR_NOT_FOUND, "E-COLLATERAL-031",
		                        "the cache %s is empty", dir),
		                "name the fleet's reports or quotes with --evidence");
	collateral_bundle_write(&all, &out);
	TRY(buf_check(&out, err));
	if (options_flag(o, OPT_collateral_export_force))
		TRY(file_write(o->args[0], buf_view(&out), 0644, err));
	else
		TRY(file_create(o->args[0], buf_view(&out), 0644, err));
	printf("%zu items in %s\n", all.n, o->args[0]);
	return OK;
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
	int64_t now, warn;
	size_t ending;
};

static void
report_done(struct report *r)
{
	table_done(&r->table);
	arena_done(&r->a);
}

static void
report_add(struct report *r, const struct collateral_item *item)
{
	const char *state = item->valid_until < r->now             ? "ended"
	                    : item->valid_from > r->now            ? "not yet"
	                    : item->valid_until < r->now + r->warn ? "ending"
	                                                           : "good";
	struct value v = json_object();
	char from[32], to[32];

	r->ending += strcmp(state, "good") != 0;
	table_cell(&r->table, bytes_str(collateral_kind_name(item->kind)));
	/* A chip id in the middle of a subject is longer than a line. */
	table_cellf(&r->table, "%.40s%s", item->subject, strlen(item->subject) > 40 ? "..." : "");
	table_cell(&r->table, bytes_str(time_cstr(item->valid_from, from)));
	table_cell(&r->table, bytes_str(time_cstr(item->valid_until, to)));
	table_cell(&r->table, bytes_str(state));
	json_put(&r->a, &v, "kind", json_cstr(collateral_kind_name(item->kind)));
	json_put(&r->a, &v, "subject", json_copy_string(&r->a, bytes_str(item->subject)));
	json_put(&r->a, &v, "notBefore", json_time(&r->a, item->valid_from));
	json_put(&r->a, &v, "notAfter", json_time(&r->a, item->valid_until));
	json_put(&r->a, &v, "state", json_cstr(state));
	json_add(&r->a, &r->json, v);
}

static status
report_sources(const struct options *o, struct report *r, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {.cap = (size_t)COLLATERAL_BUNDLE_MAX * 2};
	char dir[WORKSPACE_PATH_SIZE];
	struct collateral_set set;

	if (o->n_args == 0) {
		TRY(workspace_cache_dir(options_text(o, OPT_collateral_show_cache_dir), dir, err));
		TRY(collateral_cache_list(dir, &a, &set, err));
		for (size_t k = 0; k < set.n; k++)
			report_add(r, &set.items[k]);
	}
	for (size_t i = 0; i < o->n_args; i++) {
		TRY(read_bundle(o->args[i], &a, &set, err));
		for (size_t k = 0; k < set.n; k++)
			report_add(r, &set.items[k]);
	}
	return arena_check(&r->a, err);
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
	        .warn = (int64_t)MIN(options_number(o, OPT_collateral_show_warn_days), 36500U) *
	                DAY,
	};
	CLEANUP(buf_done) struct buf out = {0};

	table_begin(&r.table,
	            (const char *const[]){"kind", "subject", "from", "until", "state", NULL});
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
