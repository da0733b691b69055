/* SPDX-License-Identifier: Apache-2.0 */
/* What one layer does to /etc/passwd and /etc/group. */
#include "oci/accounts.h"
#include "oci/layer.h"

struct scan {
	struct layer *layer;
	struct arena *arena;
	struct layer_accounts *ret;
};

static status
read_text(struct scan *s, struct archive_entry *e, const char *path, struct bytes *ret,
          struct err *err)
{
	CLEANUP(buf_done) struct buf text = {.max = ACCOUNTS_FILE_MAX};
	const void *p;
	la_int64_t at;
	size_t n;
	int rc;

	if (archive_entry_hardlink(e) || archive_entry_filetype(e) != AE_IFREG)
		return err_set(err, ERR_UNSUPPORTED, "E-OCI-062",
		               "the image's /%s is a link, so its users cannot be looked up", path);
	while ((rc = archive_read_data_block(s->layer->tar, &p, &n, &at)) == ARCHIVE_OK) {
		if (at < 0 || (uint64_t)at > ACCOUNTS_FILE_MAX || (uint64_t)at < text.n)
			return err_set(err, ERR_LIMIT, "E-OCI-063", "the image's /%s is too large",
			               path);
		buf_zeros(&text, (size_t)at - text.n);
		buf_add(&text, p, n);
		if (!buf_ok(&text))
			return err_set(err, ERR_LIMIT, "E-OCI-063", "the image's /%s is too large",
			               path);
	}
	if (rc != ARCHIVE_EOF)
		return layer_fault(s->layer, err);
	*ret = arena_copy(s->arena, buf_view(&text));
	return arena_check(s->arena, err);
}

/* A whiteout hides the files of lower layers, not what this layer brings. */
static void
removed(enum layer_file *what)
{
	if (*what == LAYER_FILE_SAME)
		*what = LAYER_FILE_REMOVED;
}

static status
look(struct scan *s, struct archive_entry *e, struct err *err)
{
	char text[LAYER_PATH_MAX + 1];
	struct bytes path;

	TRY(layer_path(archive_entry_pathname(e), text, err));
	path = bytes_str(text);
	if (bytes_is(path, "etc/passwd")) {
		s->ret->passwd = LAYER_FILE_SET;
		return read_text(s, e, text, &s->ret->passwd_text, err);
	}
	if (bytes_is(path, "etc/group")) {
		s->ret->group = LAYER_FILE_SET;
		return read_text(s, e, text, &s->ret->group_text, err);
	}
	if (bytes_is(path, "etc") && archive_entry_filetype(e) != AE_IFDIR)
		return err_set(err, ERR_UNSUPPORTED, "E-OCI-062",
		               "the image's /etc is a link, so its users cannot be looked up");
	if (bytes_is(path, ".wh.etc") || bytes_is(path, "etc/.wh..wh..opq") ||
	    bytes_is(path, ".wh..wh..opq")) {
		removed(&s->ret->passwd);
		removed(&s->ret->group);
	} else if (bytes_is(path, "etc/.wh.passwd")) {
		removed(&s->ret->passwd);
	} else if (bytes_is(path, "etc/.wh.group")) {
		removed(&s->ret->group);
	}
	return OK;
}

static status
scan_all(struct scan *s, struct err *err)
{
	struct archive_entry *e;

	while (true) {
		TRY(layer_next(s->layer, &e, err));
		if (!e)
			return layer_finish(s->layer, err);
		TRY(look(s, e, err));
	}
}

status
accounts_scan(int fd, const struct descriptor *layer, const struct hash256 *diff_id,
              struct arena *a, struct layer_accounts *ret, struct err *err)
{
	struct layer *l = mem_new(struct layer);
	struct scan scan = {l, a, ret};
	status s;

	*ret = (struct layer_accounts){.diff_id = *diff_id};
	s = layer_open(l, fd, layer, diff_id, OCI_LAYER_BYTES_MAX, err);
	if (is_ok(s)) {
		s = scan_all(&scan, err);
		layer_done(l);
	}
	mem_free(l);
	return s;
}
