/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/unpack.h"

#include "base/file.h"
#include "base/secret.h"
#include "oci/layer.h"
#include "oci/show.h"
#include "oci/touched.h"
#include "oci/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { ARENA_MAX = 512 * 1024 * 1024, XATTR_MAX = 64 * 1024 };

/* A directory whose times and mode are set last: writing into it would change them. */
struct late_dir {
	struct late_dir *next;
	struct bytes path;
	mode_t mode;
	struct timespec mtime;
};

struct unpacking {
	int root;
	const struct unpack_options *options;
	struct unpack_limits limits;
	struct unpack_totals *totals;
	struct layer *layer;
	struct touched touched;
	struct arena arena;
	struct late_dir *dirs; /* last one first: children before parents, mostly */
};

static status
io(struct err *err, const char *path, const char *what)
{
	status s = err_set_errno(err, ERR_IO, "E-OCI-054", "%s", what);

	return err_at(err, s, "%s", show_text(bytes_str(path)).text);
}

static status
refuse(struct err *err, const char *path, const char *what)
{
	return err_set(err, ERR_REJECTED, "E-OCI-051", "the layer has \"%s\": %s",
	               show_text(bytes_str(path)).text, what);
}

static status
count(struct unpacking *u, uint64_t bytes, struct err *err)
{
	u->totals->entries++;
	if (!add_ok(u->totals->bytes, bytes, &u->totals->bytes) ||
	    u->totals->bytes > u->limits.bytes || u->totals->entries > u->limits.entries)
		return err_set(err, ERR_LIMIT, "E-OCI-053",
		               "the image is larger than allowed (%llu bytes, %llu files)",
		               (unsigned long long)u->limits.bytes,
		               (unsigned long long)u->limits.entries);
	return OK;
}

static void
join(char to[LAYER_PATH_MAX + 1], struct bytes folder, const char *name)
{
	snprintf(to, LAYER_PATH_MAX + 1, "%.*s%s%s", BYTES_ARG(folder), folder.n ? "/" : "", name);
}

/* ---- whiteouts (image-spec, layer.md) ---- */

static status clear_below(struct unpacking *u, int dir, struct bytes path, unsigned int depth,
                          struct err *err);

static bool
is_dir_at(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Remove what lower layers have under this name; what this layer brought stays. */
static status
hide(struct unpacking *u, int dir, const char *name, struct bytes path, unsigned int depth,
     struct err *err)
{
	CLEANUP(fd_close) int below = -1;

	if (!touched_has(&u->touched, path))
		return tree_remove_at(dir, name, err);
	if (!is_dir_at(dir, name))
		return OK;
	below = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (below < 0)
		return io(err, name, "cannot open");
	return clear_below(u, below, path, depth + 1, err);
}

static status
clear_below(struct unpacking *u, int dir, struct bytes path, unsigned int depth, struct err *err)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *e;
	status s = OK;

	if (!list || depth > LAYER_DEPTH_MAX) {
		if (list)
			closedir(list);
		else
			fd_close(&copy);
		return io(err, "", "cannot list a directory");
	}
	while (is_ok(s) && (e = readdir(list))) {
		char below[LAYER_PATH_MAX + 1];
		struct bytes name = bytes_str(e->d_name);

		if (bytes_is(name, ".") || bytes_is(name, ".."))
			continue;
		join(below, path, e->d_name);
		s = hide(u, dir, e->d_name, bytes_str(below), depth, err);
	}
	closedir(list);
	return s;
}

/* True when `name` was a whiteout and has been dealt with. */
static status
whiteout(struct unpacking *u, int dir, const char *path, const char *name, bool *was,
         struct err *err)
{
	struct bytes n = bytes_str(name);
	struct bytes folder = bytes_sub(bytes_str(path), 0, bytes_str(path).n - n.n);
	char hidden[LAYER_PATH_MAX + 1];

	if (folder.n > 0)
		folder.n--;
	*was = bytes_starts(n, BYTES(".wh."));
	if (!*was)
		return OK;
	if (bytes_is(n, ".wh..wh..opq"))
		return clear_below(u, dir, folder, 0, err);
	/* Bookkeeping of an old union file system. */
	if (bytes_starts(n, BYTES(".wh..wh.")))
		return OK;
	name += 4;
	if (bytes_is(bytes_str(name), "") || bytes_is(bytes_str(name), ".") ||
	    bytes_is(bytes_str(name), ".."))
		return refuse(err, path, "a whiteout of nothing");
	join(hidden, folder, name);
	return hide(u, dir, name, bytes_str(hidden), 0, err);
}

/* ---- entries ---- */

static struct timespec
mtime_of(struct archive_entry *e)
{
	return (struct timespec){archive_entry_mtime(e), archive_entry_mtime_nsec(e)};
}

static mode_t
mode_of(struct archive_entry *e)
{
	return archive_entry_perm(e) & 07777;
}

static status
set_owner(const struct unpacking *u, int dir, const char *name, struct archive_entry *e,
          struct err *err)
{
	la_int64_t uid = archive_entry_uid(e), gid = archive_entry_gid(e);

	if (!u->options->owners)
		return OK;
	if (uid < 0 || gid < 0 || uid >= UINT32_MAX || gid >= UINT32_MAX)
		return refuse(err, name, "an owner out of range");
	if (fchownat(dir, name, (uid_t)uid, (gid_t)gid, AT_SYMLINK_NOFOLLOW) != 0)
		return io(err, name, "cannot set the owner");
	return OK;
}

/* File capabilities are all that images need of extended attributes. */
static status
set_capabilities(const struct unpacking *u, int fd, const char *name, struct archive_entry *e,
                 struct err *err)
{
	const char *key;
	const void *value;
	size_t n;

	if (!u->options->owners)
		return OK;
	archive_entry_xattr_reset(e);
	while (archive_entry_xattr_next(e, &key, &value, &n) == ARCHIVE_OK) {
		if (!key || !bytes_is(bytes_str(key), "security.capability") || n > XATTR_MAX)
			continue;
		if (fsetxattr(fd, key, value, n, 0) != 0)
			return io(err, name, "cannot set file capabilities");
	}
	return OK;
}

static status
write_contents(struct unpacking *u, int fd, const char *name, uint64_t size, struct err *err)
{
	const void *p;
	size_t n;
	la_int64_t at;
	int rc;

	while ((rc = archive_read_data_block(u->layer->tar, &p, &n, &at)) == ARCHIVE_OK) {
		struct bytes piece = bytes_of(p, n);

		if (at < 0 || (uint64_t)at > size || n > size - (uint64_t)at)
			return err_set(err, ERR_PARSE, "E-OCI-052",
			               "the layer has a file that is longer than it says");
		while (piece.n > 0) {
			ssize_t put = pwrite(fd, piece.p, piece.n, at);

			if (put < 0 && errno == EINTR)
				continue;
			if (put < 0)
				return io(err, name, "cannot write");
			piece = bytes_sub(piece, (size_t)put, piece.n);
			at += put;
		}
	}
	if (rc != ARCHIVE_EOF)
		return layer_fault(u->layer, err);
	return ftruncate(fd, (off_t)size) == 0 ? OK : io(err, name, "cannot write");
}

static status
put_file(struct unpacking *u, int dir, const char *name, struct archive_entry *e, struct err *err)
{
	CLEANUP(fd_close) int fd = -1;
	struct timespec times[2] = {mtime_of(e), mtime_of(e)};
	la_int64_t size = archive_entry_size(e);

	if (size < 0)
		return err_set(err, ERR_PARSE, "E-OCI-052",
		               "the layer has a file of negative size");
	TRY(count(u, (uint64_t)size, err));
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return io(err, name, "cannot create");
	TRY(write_contents(u, fd, name, (uint64_t)size, err));
	TRY(set_owner(u, dir, name, e, err));
	/* After the owner: chown clears set-id bits and capabilities. */
	if (fchmod(fd, mode_of(e)) != 0)
		return io(err, name, "cannot set the mode");
	TRY(set_capabilities(u, fd, name, e, err));
	return futimens(fd, times) == 0 ? OK : io(err, name, "cannot set the time");
}

static status
put_dir(struct unpacking *u, int dir, const char *name, const char *path, struct archive_entry *e,
        struct err *err)
{
	struct late_dir *late = arena_new(&u->arena, struct late_dir);

	TRY(count(u, 0, err));
	if (mkdirat(dir, name, 0700) != 0 && errno != EEXIST)
		return io(err, path, "cannot create");
	TRY(set_owner(u, dir, name, e, err));
	TRY(arena_check(&u->arena, err));
	late->path = arena_copy(&u->arena, bytes_str(path));
	late->mode = mode_of(e);
	late->mtime = mtime_of(e);
	late->next = u->dirs;
	u->dirs = late;
	return arena_check(&u->arena, err);
}

static status
put_symlink(struct unpacking *u, int dir, const char *name, struct archive_entry *e,
            struct err *err)
{
	struct timespec times[2] = {mtime_of(e), mtime_of(e)};
	const char *target = archive_entry_symlink(e);

	TRY(count(u, 0, err));
	if (!target || !target[0])
		return refuse(err, name, "a link to nothing");
	/* Any target will do: it is resolved inside the root, here and in the container. */
	if (symlinkat(target, dir, name) != 0)
		return io(err, name, "cannot link");
	TRY(set_owner(u, dir, name, e, err));
	if (utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) != 0)
		return io(err, name, "cannot set the time");
	return OK;
}

static status
put_hardlink(struct unpacking *u, int dir, const char *name, const char *path,
             const char *raw_target, struct err *err)
{
	char target[LAYER_PATH_MAX + 1];
	CLEANUP(fd_close) int target_dir = -1;
	const char *target_name;
	struct stat st;
	status s;

	TRY(count(u, 0, err));
	TRY(layer_path(raw_target, target, err));
	if (bytes_equal(bytes_str(target), bytes_str(path)))
		return refuse(err, path, "a link to itself");
	s = tree_parent(u->root, target, false, &target_dir, &target_name, err);
	if (s.cls == ERR_NOT_FOUND)
		return refuse(err, path, "a hard link to a file that does not exist");
	TRY(s);
	if (fstatat(target_dir, target_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !(S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)))
		return refuse(err, path, "a hard link to something that is no file");
	if (linkat(target_dir, target_name, dir, name, 0) != 0)
		return io(err, name, "cannot link");
	return OK;
}

static status
put_fifo(struct unpacking *u, int dir, const char *name, struct archive_entry *e, struct err *err)
{
	TRY(count(u, 0, err));
	if (mkfifoat(dir, name, 0600) != 0)
		return io(err, name, "cannot create");
	TRY(set_owner(u, dir, name, e, err));
	return fchmodat(dir, name, mode_of(e), 0) == 0 ? OK : io(err, name, "cannot set the mode");
}

/* A directory over a directory keeps what is in it; everything else replaces. */
static status
make_room(int dir, const char *name, bool is_dir, struct err *err)
{
	if (is_dir && is_dir_at(dir, name))
		return OK;
	return tree_remove_at(dir, name, err);
}

static status
put_entry(struct unpacking *u, int dir, const char *name, const char *path, struct archive_entry *e,
          struct err *err)
{
	const char *link = archive_entry_hardlink(e);
	bool is_dir = !link && archive_entry_filetype(e) == AE_IFDIR;

	TRY(make_room(dir, name, is_dir, err));
	TRY(touched_add(&u->touched, bytes_str(path), err));
	if (link)
		return put_hardlink(u, dir, name, path, link, err);
	switch ((int)archive_entry_filetype(e)) {
	case AE_IFREG:
		return put_file(u, dir, name, e, err);
	case AE_IFDIR:
		return put_dir(u, dir, name, path, e, err);
	case AE_IFLNK:
		return put_symlink(u, dir, name, e, err);
	case AE_IFIFO:
		return put_fifo(u, dir, name, e, err);
	default:
		return refuse(err, path, "a device or socket; images may not bring any");
	}
}

static status
take_entry(struct unpacking *u, struct archive_entry *e, struct err *err)
{
	char path[LAYER_PATH_MAX + 1];
	CLEANUP(fd_close) int dir = -1;
	const char *name;
	bool hidden;

	TRY(layer_path(archive_entry_pathname(e), path, err));
	/* The root itself: its owner and mode are the container's business. */
	if (path[0] == '\0')
		return count(u, 0, err);
	TRY(tree_parent(u->root, path, true, &dir, &name, err));
	TRY(whiteout(u, dir, path, name, &hidden, err));
	if (hidden)
		return count(u, 0, err);
	return put_entry(u, dir, name, path, e, err);
}

/* ---- a layer ---- */

static status
finish_dirs(struct unpacking *u, struct err *err)
{
	for (struct late_dir *d = u->dirs; d; d = d->next) {
		struct timespec times[2] = {d->mtime, d->mtime};
		CLEANUP(fd_close) int dir = -1;
		CLEANUP(fd_close) int self = -1;
		const char *name;
		status s = tree_parent(u->root, (const char *)d->path.p, false, &dir, &name, err);

		/* Replaced later in the same layer. */
		if (s.cls == ERR_NOT_FOUND || s.cls == ERR_REJECTED)
			continue;
		TRY(s);
		self = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (self < 0)
			continue;
		if (fchmod(self, d->mode) != 0 || futimens(self, times) != 0)
			return io(err, (const char *)d->path.p, "cannot set the mode");
	}
	return OK;
}

static status
apply(struct unpacking *u, struct err *err)
{
	struct archive_entry *e;

	while (true) {
		TRY(layer_next(u->layer, &e, err));
		if (!e)
			break;
		TRY(take_entry(u, e, err));
	}
	TRY(finish_dirs(u, err));
	return layer_finish(u->layer, err);
}

status
unpack_layer(int root_fd, int fd, const struct descriptor *layer, const struct hash256 *diff_id,
             const struct unpack_options *options, struct unpack_totals *totals, struct err *err)
{
	struct unpacking u = {.root = root_fd,
	                      .options = options,
	                      .limits = options->limits,
	                      .totals = totals};
	struct layer *l = mem_new(struct layer);
	status s;

	u.limits.bytes = u.limits.bytes ? u.limits.bytes : UNPACK_BYTES_MAX;
	u.limits.entries = u.limits.entries ? u.limits.entries : UNPACK_ENTRIES_MAX;
	u.layer = l;
	arena_init(&u.arena, ARENA_MAX);
	touched_init(&u.touched, &u.arena);
	/* Headers and padding count as well: at most one kibibyte and a half an entry, and long
	 * names. */
	s = layer_open(l, fd, layer, diff_id,
	               u.limits.bytes + (uint64_t)64 * 1024 * 1024 + u.limits.entries * 2048, err);
	if (is_ok(s)) {
		s = apply(&u, err);
		layer_done(l);
	}
	touched_done(&u.touched);
	arena_done(&u.arena);
	mem_free(l);
	return s;
}

/* ---- an image ---- */

static status
unpack_all(const struct oci_manifest *m, const struct image_config *config,
           const struct blob_source *blobs, int root, const struct unpack_options *options,
           struct unpack_totals *totals, struct err *err)
{
	for (size_t i = 0; i < m->n_layers; i++) {
		char path[4096];
		CLEANUP(fd_close) int fd = -1;

		blobs->path(blobs->ctx, &m->layers[i].digest, path);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return io(err, path, "cannot open the layer");
		TRY(err_ctx(err,
		            unpack_layer(root, fd, &m->layers[i], &config->diff_ids[i], options,
		                         totals, err),
		            "layer %zu", i + 1));
	}
	return OK;
}

status
unpack_image(const struct oci_manifest *m, const struct image_config *config,
             const struct blob_source *blobs, const char *dir, const struct unpack_options *options,
             struct unpack_totals *ret, struct err *err)
{
	CLEANUP(fd_close) int root = -1;
	char staging[4096];
	uint64_t salt;
	status s;

	*ret = (struct unpack_totals){0};
	random_bytes(&salt, sizeof salt);
	if (m->n_layers != config->n_diff_ids)
		return err_set(err, ERR_PARSE, "E-OCI-017",
		               "the manifest has %zu layers, the configuration %zu", m->n_layers,
		               config->n_diff_ids);
	if (snprintf(staging, sizeof staging, "%s.tmp-%016llx", dir, (unsigned long long)salt) >=
	    (int)sizeof staging)
		return err_set(err, ERR_USAGE, "E-OCI-042", "the path %s is too long", dir);
	if (file_exists(dir))
		return err_at(err, err_set(err, ERR_CONFLICT, "E-OCI-055", "exists already"), "%s",
		              dir);
	if (mkdir(staging, 0755) != 0)
		return io(err, staging, "cannot create");
	root = open(staging, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s = root < 0 ? io(err, staging, "cannot open")
	             : unpack_all(m, config, blobs, root, options, ret, err);
	if (is_ok(s) && renameat2(AT_FDCWD, staging, AT_FDCWD, dir, RENAME_NOREPLACE) != 0)
		s = errno == EEXIST
		            ? err_at(err, err_set(err, ERR_CONFLICT, "E-OCI-055", "exists already"),
		                     "%s", dir)
		            : io(err, dir, "cannot create");
	if (!is_ok(s)) {
		struct err ignored;

		(void)tree_remove(staging, &ignored).cls;
	}
	return s;
}
