/* SPDX-License-Identifier: Apache-2.0 */
/* One file an item: <dir>/<kind>/<subject with / as _>. Losing the folder loses nothing but time.
 */
#include "attest/collateral/collateral.h"
#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

enum { PATH_SIZE = 4096 };

/* Subjects are made by us, but they carry hex from evidence: only harmless characters pass. */
static bool
plain_subject(const char *s)
{
	size_t n = 0;

	for (; s[n]; n++) {
		char c = s[n];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      c == '/'))
			return false;
	}
	return n > 0 && n < COLLATERAL_SUBJECT_MAX;
}

static status
item_path(const char *dir, enum collateral_kind kind, const char *subject, char path[PATH_SIZE],
          struct err *err)
{
	int n;

	if (!plain_subject(subject))
		return err_set(
		        err, ERR_PARSE, "E-COLLATERAL-002",
		        "the subject of collateral has characters that are not letters or digits");
	n = snprintf(path, PATH_SIZE, "%s/%s/", dir, collateral_kind_name(kind));
	if (n < 0 || (size_t)n + strlen(subject) >= PATH_SIZE)
		return err_set(err, ERR_USAGE, "E-COLLATERAL-003", "the path %s is too long", dir);
	for (const char *s = subject; *s; s++)
		path[n++] = *s == '/' ? '_' : *s;
	path[n] = '\0';
	return OK;
}

static void
name_item(struct collateral_item *item, enum collateral_kind kind, const char *subject)
{
	*item = (struct collateral_item){.kind = kind};
	snprintf(item->subject, sizeof item->subject, "%s", subject);
}

status
collateral_cache_read(const char *dir, enum collateral_kind kind, const char *subject,
                      struct arena *a, struct collateral_item *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf data = {0};
	struct collateral_item item;
	char path[PATH_SIZE];

	TRY(item_path(dir, kind, subject, path, err));
	TRY(file_read(path, COLLATERAL_ITEM_MAX, &data, err));
	name_item(&item, kind, subject);
	item.data = arena_copy(a, buf_view(&data));
	TRY(arena_check(a, err));
	TRY(err_at(err, collateral_inspect(&item, err), "%s", path));
	*ret = item;
	return OK;
}

status
collateral_cache_write(const char *dir, const struct collateral_item *item, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct collateral_item old;
	char path[PATH_SIZE], folder[PATH_SIZE];
	struct err ignored;

	/* A server that brings yesterday's list again must not undo today's. */
	if (is_ok(collateral_cache_read(dir, item->kind, item->subject, &a, &old, &ignored)) &&
	    collateral_is_dated(item->kind) && old.valid_from > item->valid_from)
		return OK;
	TRY(item_path(dir, item->kind, item->subject, path, err));
	if (snprintf(folder, sizeof folder, "%s/%s", dir, collateral_kind_name(item->kind)) >=
	    (int)sizeof folder)
		return err_set(err, ERR_USAGE, "E-COLLATERAL-003", "the path %s is too long", dir);
	TRY(dir_create(folder, 0755, err));
	return file_write(path, item->data, 0644, err);
}

/* Appends to a list that doubles in the arena. */
static void
append(struct arena *a, struct collateral_set *set, size_t *cap, const struct collateral_item *item)
{
	if (set->n == *cap) {
		size_t more = *cap ? *cap * 2 : 16;
		struct collateral_item *grown = arena_array(a, more, sizeof *grown);

		if (!grown)
			return;
		mem_copy(grown, set->items, set->n * sizeof *grown);
		set->items = grown;
		*cap = more;
	}
	set->items[set->n++] = *item;
}

static void
list_kind(const char *dir, enum collateral_kind kind, struct arena *a, struct collateral_set *set,
          size_t *cap)
{
	char folder[PATH_SIZE];
	struct dirent *e;
	DIR *d;

	snprintf(folder, sizeof folder, "%s/%s", dir, collateral_kind_name(kind));
	d = opendir(folder);
	while (d && set->n < COLLATERAL_BUNDLE_ITEMS && (e = readdir(d))) {
		char subject[COLLATERAL_SUBJECT_MAX];
		struct collateral_item item;
		struct err ignored;

		if (e->d_name[0] == '.' || strlen(e->d_name) >= sizeof subject)
			continue;
		for (size_t i = 0; i <= strlen(e->d_name); i++)
			subject[i] = e->d_name[i] == '_' ? '/' : e->d_name[i];
		if (is_ok(collateral_cache_read(dir, kind, subject, a, &item, &ignored)))
			append(a, set, cap, &item);
	}
	if (d)
		closedir(d);
}

status
collateral_cache_list(const char *dir, struct arena *a, struct collateral_set *ret, struct err *err)
{
	struct collateral_set set = {0};
	size_t cap = 0;

	for (size_t k = 0; k < COLLATERAL_KINDS; k++)
		list_kind(dir, (enum collateral_kind)k, a, &set, &cap);
	TRY(arena_check(a, err));
	*ret = set;
	return OK;
}
