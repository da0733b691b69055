/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/accounts.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* ---- layers-cache.json: [{"diff_id", "passwd", "group"}], null = removed, absent or "" =
 * untouched ---- */

void
accounts_cache_done(struct accounts_cache *c)
{
	mem_free(c->items);
	arena_done(&c->arena);
	*c = (struct accounts_cache){0};
}

static struct layer_accounts *
find(const struct accounts_cache *c, const struct hash256 *diff_id)
{
	for (size_t i = 0; i < c->n; i++)
		if (hash256_equal(&c->items[i].diff_id, diff_id))
			return &c->items[i];
	return NULL;
}

static status
add(struct accounts_cache *c, const struct layer_accounts *item, struct err *err)
{
	struct layer_accounts *copy;

	if (c->n == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 64;
		struct layer_accounts *more = mem_grow(c->items, cap * sizeof *more);

		if (!more)
			return err_set(err, ERR_LIMIT, "E-OCI-063", "the layer cache is too large");
		c->items = more;
		c->cap = cap;
	}
	copy = &c->items[c->n];
	*copy = *item;
	copy->passwd_text = arena_copy(&c->arena, item->passwd_text);
	copy->group_text = arena_copy(&c->arena, item->group_text);
	TRY(arena_check(&c->arena, err));
	c->n++;
	return OK;
}

static bool
read_file(const struct value *item, const char *name, enum layer_file *ret, struct bytes *ret_text)
{
	const struct value *v = json_get(item, name);

	*ret_text = json_text(v);
	if (!v)
		*ret = LAYER_FILE_SAME;
	else if (v->type == VALUE_NULL)
		*ret = LAYER_FILE_REMOVED;
	else if (v->type == VALUE_STRING)
		*ret = v->n ? LAYER_FILE_SET : LAYER_FILE_SAME;
	else
		return false;
	return true;
}

/* False when it is not our form: the cache is made again then. */
static bool
read_item(const struct value *v, struct layer_accounts *ret)
{
	*ret = (struct layer_accounts){0};
	return is_ok(digest_parse(json_text(json_get(v, "diff_id")), &ret->diff_id, NULL)) &&
	       read_file(v, "passwd", &ret->passwd, &ret->passwd_text) &&
	       read_file(v, "group", &ret->group, &ret->group_text);
}

status
accounts_cache_load(struct accounts_cache *c, const char *path, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};
	CLEANUP(arena_done) struct arena a = {0};
	struct value root;
	status s;

	*c = (struct accounts_cache){0};
	arena_init(&a, (size_t)ACCOUNTS_CACHE_MAX * 4);
	s = file_read(path, ACCOUNTS_CACHE_MAX, &text, err);
	if (s.cls == ERR_NOT_FOUND || s.cls == ERR_LIMIT)
		return OK;
	TRY(s);
	if (!is_ok(json_parse(&a, buf_view(&text), NULL, &root, err)) ||
	    !json_is(&root, VALUE_ARRAY))
		return OK;
	for (size_t i = 0; i < root.n; i++) {
		struct layer_accounts item;

		if (read_item(json_item(&root, i), &item) && !find(c, &item.diff_id))
			TRY(add(c, &item, err));
	}
	return OK;
}

static void
write_file(struct arena *a, struct value *object, const char *name, enum layer_file what,
           struct bytes text)
{
	if (what == LAYER_FILE_SET && text.n > 0)
		json_put(a, object, name, json_string(text));
	else if (what == LAYER_FILE_REMOVED || what == LAYER_FILE_SET)
		json_put(a, object, name, json_null());
}

status
accounts_cache_save(struct accounts_cache *c, const char *path, struct err *err)
{
	CLEANUP(buf_done) struct buf out = {0};
	CLEANUP(arena_done) struct arena a = {0};
	struct value root = json_array();

	if (!c->changed)
		return OK;
	arena_init(&a, (size_t)ACCOUNTS_CACHE_MAX * 4);
	for (size_t i = 0; i < c->n; i++) {
		struct value item = json_object();
		char text[72];

		json_put(&a, &item, "diff_id",
		         json_copy_string(&a, bytes_str(digest_cstr(&c->items[i].diff_id, text))));
		write_file(&a, &item, "passwd", c->items[i].passwd, c->items[i].passwd_text);
		write_file(&a, &item, "group", c->items[i].group, c->items[i].group_text);
		json_add(&a, &root, item);
	}
	TRY(arena_check(&a, err));
	json_write(&root, JSON_INDENT, &out);
	buf_u8(&out, '\n');
	TRY(buf_check(&out, err));
	TRY(file_write(path, buf_view(&out), 0644, err));
	c->changed = false;
	return OK;
}

/* ---- an image's files ---- */

static status
scan_layer(struct registry *r, struct oci_cache *blobs, struct accounts_cache *cache,
           const struct oci_image *image, size_t i, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(fd_close) int fd = -1;
	const struct descriptor *d = &image->manifest.layers[i];
	struct layer_accounts item;
	char path[4096];

	TRY(registry_fetch_blob(r, &image->ref, d, NULL, err));
	oci_cache_path(blobs, &d->digest, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_at(err, err_set_errno(err, ERR_IO, "E-OCI-054", "cannot open"), "%s",
		              path);
	TRY(accounts_scan(fd, d, &image->config.diff_ids[i], &a, &item, err));
	cache->changed = true;
	return add(cache, &item, err);
}

/* From the top down, until both files are known. */
status
accounts_read(struct registry *r, struct oci_cache *blobs, struct accounts_cache *cache,
              const struct oci_image *image, struct arena *a, struct accounts *ret, struct err *err)
{
	enum layer_file passwd = LAYER_FILE_SAME, group = LAYER_FILE_SAME;

	*ret = (struct accounts){0};
	for (size_t i = image->manifest.n_layers; i-- > 0;) {
		const struct hash256 *id = &image->config.diff_ids[i];
		const struct layer_accounts *item;

		if (passwd != LAYER_FILE_SAME && group != LAYER_FILE_SAME)
			break;
		if (!find(cache, id))
			TRY(scan_layer(r, blobs, cache, image, i, err));
		item = find(cache, id);
		if (passwd == LAYER_FILE_SAME && item->passwd != LAYER_FILE_SAME) {
			passwd = item->passwd;
			ret->passwd = arena_copy(a, item->passwd_text);
		}
		if (group == LAYER_FILE_SAME && item->group != LAYER_FILE_SAME) {
			group = item->group;
			ret->group = arena_copy(a, item->group_text);
		}
	}
	return arena_check(a, err);
}
