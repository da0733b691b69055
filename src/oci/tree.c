/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/tree.h"

#include "base/file.h"
#include "oci/layer.h"
#include "oci/show.h"
#include "oci/unpack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FLATTEN_DEPTH = 48 }; /* directories open at once while removing */

static status
io(struct err *err, const char *path, const char *what)
{
	status s = err_set_errno(err, ERR_IO, "E-OCI-054", "%s", what);

	return err_at(err, s, "%s", show_text(bytes_str(path)).text);
}

/* The kernel resolves links as if `root` were "/", and refuses other mounts and /proc's links. */
static int
open_inside(int root, const char *path)
{
	struct open_how how = {
	        .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
	        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};

	return (int)syscall(SYS_openat2, root, path[0] ? path : ".", &how, sizeof how);
}

static status
cannot_enter(struct err *err, const char *path)
{
	if (errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "E-OCI-057", "the directory does not exist");
	if (errno == ENOTDIR || errno == ELOOP || errno == EXDEV)
		return err_set(err, ERR_REJECTED, "E-OCI-051",
		               "the layer writes below \"%s\", which is no directory of the image",
		               show_text(bytes_str(path)).text);
	return io(err, path, "cannot enter");
}

/* Make the folder `path` (a prefix ends at each slash) one component at a time. */
static status
make_folders(int root, char *path, struct err *err)
{
	CLEANUP(fd_close) int at = open_inside(root, "");

	if (at < 0)
		return cannot_enter(err, path);
	for (char *p = path, *start = path;; p++) {
		char end = *p;

		if (end != '/' && end != '\0')
			continue;
		*p = '\0';
		if (mkdirat(at, start, 0755) != 0 && errno != EEXIST)
			return io(err, path, "cannot create");
		fd_close(&at);
		at = open_inside(root, path);
		if (at < 0)
			return errno == ENOENT ? (errno = ENOTDIR, cannot_enter(err, path))
			                       : cannot_enter(err, path);
		*p = end;
		if (end == '\0')
			return OK;
		start = p + 1;
	}
}

status
tree_parent(int root, const char *path, bool create, int *ret_dir, const char **ret_name,
            struct err *err)
{
	char folder[LAYER_PATH_MAX + 1];
	size_t n = bytes_str(path).n;

	*ret_dir = -1;
	while (n > 0 && path[n - 1] != '/')
		n--;
	*ret_name = path + n;
	snprintf(folder, sizeof folder, "%.*s", n > 0 ? (int)n - 1 : 0, path);
	*ret_dir = open_inside(root, folder);
	if (*ret_dir < 0 && errno == ENOENT && create) {
		TRY(make_folders(root, folder, err));
		*ret_dir = open_inside(root, folder);
	}
	return *ret_dir < 0 ? cannot_enter(err, folder) : OK;
}

/* ---- removal ---- */

static bool
is_dots(const char *name)
{
	return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

static status empty_folder(int top, int dir, unsigned int depth, struct err *err);

/* Links may have made the tree deeper than any path: too deep a folder moves up to `top`. */
static status
move_up(int top, int dir, const char *name, struct err *err)
{
	for (unsigned int i = 0; i < UINT32_MAX; i++) {
		char to[48];

		snprintf(to, sizeof to, ".removed-%u", i);
		if (renameat2(dir, name, top, to, RENAME_NOREPLACE) == 0)
			return OK;
		if (errno != EEXIST)
			return io(err, name, "cannot move");
	}
	return io(err, name, "cannot move");
}

static status
remove_entry(int top, int dir, const char *name, unsigned int depth, struct err *err)
{
	CLEANUP(fd_close) int below = -1;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return OK;
	if (errno != EISDIR && errno != EPERM)
		return io(err, name, "cannot remove");
	if (depth == FLATTEN_DEPTH)
		return move_up(top, dir, name, err);
	below = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (below < 0)
		return io(err, name, "cannot open");
	TRY(empty_folder(top, below, depth + 1, err));
	return unlinkat(dir, name, AT_REMOVEDIR) == 0 ? OK : io(err, name, "cannot remove");
}

/* Takes no ownership of `dir`. Repeats until a pass finds nothing: move_up() adds entries. */
static status
empty_folder(int top, int dir, unsigned int depth, struct err *err)
{
	bool found = true;

	while (found) {
		int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		DIR *list = copy >= 0 ? fdopendir(copy) : NULL;
		struct dirent *e;
		status s = OK;

		if (!list) {
			fd_close(&copy);
			return io(err, ".", "cannot list");
		}
		found = false;
		while (is_ok(s) && (e = readdir(list))) {
			if (is_dots(e->d_name))
				continue;
			found = true;
			s = remove_entry(top, dir, e->d_name, depth, err);
		}
		closedir(list);
		TRY(s);
	}
	return OK;
}

status
tree_remove_at(int dir, const char *name, struct err *err)
{
	CLEANUP(fd_close) int top = -1;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return OK;
	top = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (top < 0)
		return io(err, name, "cannot remove");
	TRY(empty_folder(top, top, 0, err));
	return unlinkat(dir, name, AT_REMOVEDIR) == 0 ? OK : io(err, name, "cannot remove");
}

status
tree_remove(const char *dir, struct err *err)
{
	return tree_remove_at(AT_FDCWD, dir, err);
}
