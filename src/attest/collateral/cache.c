/* SPDX-License-Identifier: Apache-2.0 */
/* One file an item: <dir>/<kind>/<subject with / as _>. Losing the folder loses nothing but time.
 */
#include "attest/collateral/collateral.h"
#include "base/file.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { PATH_SIZE = 4096, MARK_MAX = 64 };

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
	struct stat st;

	TRY(item_path(dir, kind, subject, path, err));
	TRY(file_read(path, COLLATERAL_ITEM_MAX, &data, err));
	name_item(&item, kind, subject);
	item.data = arena_copy(a, buf_view(&data));
	item.fetched = stat(path, &st) == 0 ? MAX((int64_t)st.st_mtim.tv_sec, 1) : 0;
	TRY(arena_check(a, err));
	TRY(err_at(err, collateral_inspect(&item, err), "%s", path));
	*ret = item;
	return OK;
}

/*
 * Between reading what is there and replacing it nobody else may replace it. A
 * folder without locks (some network file systems) is used without.
 */
static status
lock(const char *dir, int *ret, struct err *err)
{
	char path[PATH_SIZE];

	if (snprintf(path, sizeof path, "%s/.lock", dir) >= (int)sizeof path)
		return err_set(err, ERR_USAGE, "E-COLLATERAL-003", "the path %s is too long", dir);
	TRY(dir_create(dir, 0755, err));
	*ret = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (*ret < 0)
		return err_at(err,
		              err_set_errno(err, ERR_IO, "E-COLLATERAL-006",
		                            "the cache cannot be written"),
		              "%s", dir);
	while (flock(*ret, LOCK_EX) != 0 && errno == EINTR)
		continue;
	return OK;
}

static status
write_item(const char *dir, const struct collateral_item *item, struct bytes data, struct err *err)
{
	char path[PATH_SIZE], folder[PATH_SIZE];

	TRY(item_path(dir, item->kind, item->subject, path, err));
	if (snprintf(folder, sizeof folder, "%s/%s", dir, collateral_kind_name(item->kind)) >=
	    (int)sizeof folder)
		return err_set(err, ERR_USAGE, "E-COLLATERAL-003", "the path %s is too long", dir);
	TRY(dir_create(folder, 0755, err));
	return file_write(path, data, 0644, err);
}

status
collateral_cache_write(const char *dir, const struct collateral_item *item, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(fd_close) int held = -1;
	struct collateral_item old;
	struct err ignored;

	TRY(lock(dir, &held, err));
	/* A server that brings yesterday's list again must not undo today's. */
	if (is_ok(collateral_cache_read(dir, item->kind, item->subject, &a, &old, &ignored)) &&
	    collateral_is_dated(item->kind) && collateral_is_older(item, &old))
		return OK;
	return write_item(dir, item, item->data, err);
}

/* ---- marks: <dir>/seen/<kind>/<subject>, "<number> <time>" ---- */

static status
seen_dir(const char *dir, char path[PATH_SIZE], struct err *err)
{
	if (snprintf(path, PATH_SIZE, "%s/seen", dir) < PATH_SIZE)
		return OK;
	return err_set(err, ERR_USAGE, "E-COLLATERAL-003", "the path %s is too long", dir);
}

bool
collateral_seen_read(const char *dir, enum collateral_kind kind, const char *subject,
                     struct collateral_item *ret)
{
	CLEANUP(buf_done) struct buf text = {0};
	char folder[PATH_SIZE], path[PATH_SIZE];
	struct bytes line;
	struct err ignored;
	uint64_t when;
	size_t space;

	if (!is_ok(seen_dir(dir, folder, &ignored)) ||
	    !is_ok(item_path(folder, kind, subject, path, &ignored)) ||
	    !is_ok(file_read(path, MARK_MAX, &text, &ignored)))
		return false;
	line = bytes_trim(buf_view(&text));
	space = MIN(bytes_find_byte(line, ' ', 0), line.n);
	name_item(ret, kind, subject);
	if (!text_u64(bytes_sub(line, 0, space), UINT64_MAX, &ret->number) ||
	    !text_u64(bytes_sub(line, space + 1, line.n), INT64_MAX, &when))
		return false;
	ret->valid_from = (int64_t)when;
	return true;
}

status
collateral_seen_write(const char *dir, const struct collateral_item *item, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};
	CLEANUP(fd_close) int held = -1;
	struct collateral_item mark;
	char folder[PATH_SIZE];

	TRY(lock(dir, &held, err));
	if (collateral_seen_read(dir, item->kind, item->subject, &mark) &&
	    !collateral_is_older(&mark, item))
		return OK;
	TRY(seen_dir(dir, folder, err));
	buf_printf(&text, "%llu %lld\n", (unsigned long long)item->number,
	           (long long)item->valid_from);
	return write_item(folder, item, buf_view(&text), err);
}

void
collateral_set_add(struct arena *a, struct collateral_set *set, const struct collateral_item *item)
{
	for (size_t i = 0; i < set->n; i++) {
		struct collateral_item *have = &set->items[i];

		if (have->kind != item->kind || strcmp(have->subject, item->subject) != 0)
			continue;
		if (collateral_is_older(have, item))
			*have = *item;
		return;
	}
	if (set->n == set->cap) {
		size_t more = set->cap ? set->cap * 2 : 16;
		struct collateral_item *grown = arena_array(a, more, sizeof *grown);

		if (!grown)
			return;
		mem_copy(grown, set->items, set->n * sizeof *grown);
		set->items = grown;
		set->cap = more;
	}
	set->items[set->n++] = *item;
}

static void
list_kind(const char *dir, enum collateral_kind kind, struct arena *a, struct collateral_set *set)
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
			collateral_set_add(a, set, &item);
	}
	if (d)
		closedir(d);
}

status
collateral_cache_list(const char *dir, struct arena *a, struct collateral_set *ret, struct err *err)
{
	struct collateral_set set = {0};

	for (size_t k = 0; k < COLLATERAL_KINDS; k++)
		list_kind(dir, (enum collateral_kind)k, a, &set);
	TRY(arena_check(a, err));
	*ret = set;
	return OK;
}
