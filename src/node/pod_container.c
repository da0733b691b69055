/* SPDX-License-Identifier: Apache-2.0 */
/* One container: image from the host's store, checked against its digest; then crun. */
#include "node/pod_state.h"

#include "base/file.h"
#include "oci/accounts.h"
#include "oci/cache.h"
#include "oci/manifest.h"
#include "oci/reference.h"
#include "oci/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 1024, ACCOUNT_MAX = 1024 * 1024, OUTPUT_CHUNK = 8 * 1024 };

/* What a start needs for a moment. */
struct start {
	struct arena arena;
	struct buf manifest, config;
	struct oci_manifest layers;
	struct image_config image;
	struct container_mount *mounts; /* CONTAINER_MAX_MOUNTS of them */
	size_t n_mounts;
	char rootfs[PATH_SIZE];
};

static void
start_done(struct start *s)
{
	arena_done(&s->arena);
	buf_done(&s->manifest);
	buf_done(&s->config);
}

static status
store_get(const struct oci_cache *store, const struct hash256 *digest, struct buf *out,
          struct err *err)
{
	buf_reset(out);
	return oci_cache_get(store, digest, OCI_MANIFEST_MAX, out, err);
}

/* Manifest (through an index) and configuration by digest: the host cannot choose. */
static status
read_image(const struct ctr *c, const struct oci_cache *store, struct start *s, struct err *err)
{
	struct reference ref;
	struct descriptor child;
	enum oci_manifest_kind kind;

	TRY(reference_parse(c->spec->image, &ref, err));
	if (!ref.has_digest)
		return err_set(err, ERR_REJECTED, "E-NODE-043", "the image has no digest");
	if (c->pod->spec.confidential)
		TRY(pod_policy_image(c, &ref.digest, err));
	TRY(store_get(store, &ref.digest, &s->manifest, err));
	TRY(oci_manifest_parse(&s->arena, buf_view(&s->manifest), (struct bytes){NULL, 0}, &kind,
	                       &s->layers, &child, err));
	if (kind == MANIFEST_INDEX) {
		TRY(store_get(store, &child.digest, &s->manifest, err));
		TRY(oci_manifest_parse(&s->arena, buf_view(&s->manifest), (struct bytes){NULL, 0},
		                       &kind, &s->layers, &child, err));
		if (kind != MANIFEST_IMAGE)
			return err_set(err, ERR_REJECTED, "E-NODE-043", "an index names an index");
	}
	TRY(store_get(store, &s->layers.config.digest, &s->config, err));
	return image_config_parse(&s->arena, buf_view(&s->config), &s->image, err);
}

static void
blob_path(void *ctx, const struct hash256 *digest, char to[4096])
{
	oci_cache_path(ctx, digest, to);
}

static status
unpack(struct ctr *c, struct oci_cache *store, struct start *s, struct err *err)
{
	const struct unpack_options options = {.owners = true};
	const struct blob_source blobs = {store, blob_path};
	struct unpack_totals totals = {0};

	TRY(pod_path(c->pod, "rootfs", bytes_str(c->id), s->rootfs, err));
	return unpack_image(&s->layers, &s->image, &blobs, s->rootfs, &options, &totals, err);
}

static status
add_mount(struct start *s, struct bytes source, struct bytes destination, bool read_only,
          struct err *err)
{
	if (s->n_mounts >= CONTAINER_MAX_MOUNTS)
		return err_set(err, ERR_LIMIT, "E-NODE-041", "too many mounts");
	s->mounts[s->n_mounts++] =
	        (struct container_mount){source, destination, "bind",
	                                 read_only ? "rbind,rprivate,ro" : "rbind,rprivate,rw"};
	return OK;
}

static status
add_own(const struct ctr *c, struct start *s, const char *folder, const char *name,
        const char *destination, bool read_only, struct err *err)
{
	char path[PATH_SIZE];

	TRY(pod_path(c->pod, folder, bytes_str(name), path, err));
	return add_mount(s, arena_copy(&s->arena, bytes_str(path)), bytes_str(destination),
	                 read_only, err);
}

static bool
mounts_over(const struct ctr *c, const char *path)
{
	for (size_t i = 0; i < c->spec->n_mounts; i++) {
		if (bytes_is(c->spec->mounts[i].path, path))
			return true;
	}
	return false;
}

/* What kubelet puts into every container; the pod's own mounts win. */
static status
standard_mounts(const struct ctr *c, struct start *s, struct err *err)
{
	static const char *const etc[] = {"hosts", "hostname", "resolv.conf"};

	TRY(add_own(c, s, "shm", "", "/dev/shm", false, err));
	for (size_t i = 0; i < COUNT_OF(etc); i++) {
		char destination[32];

		snprintf(destination, sizeof destination, "/etc/%s", etc[i]);
		if (!mounts_over(c, destination)) {
			struct bytes kept = arena_copy(&s->arena, bytes_str(destination));

			TRY(add_own(c, s, "etc", etc[i], (const char *)kept.p, false, err));
		}
	}
	return OK;
}

static const struct pod_volume *
volume_of(const struct pod *p, struct bytes name)
{
	for (size_t i = 0; i < p->spec.n_volumes; i++) {
		if (bytes_equal(p->spec.volumes[i].name, name))
			return &p->spec.volumes[i];
	}
	return NULL;
}

/* A subPath may point at a file, or at a folder that is made when absent. */
static status
sub_path(const struct pod_mount *m, char path[PATH_SIZE], struct err *err)
{
	size_t n = strlen(path);
	struct stat st;

	if (m->sub_path.n == 0)
		return OK;
	if (n + 1 + m->sub_path.n >= PATH_SIZE)
		return err_set(err, ERR_LIMIT, "E-NODE-041", "a path of the pod is too long");
	path[n] = '/';
	mem_copy(path + n + 1, m->sub_path.p, m->sub_path.n);
	path[n + 1 + m->sub_path.n] = '\0';
	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
		return OK;
	return dir_create(path, 0777, err);
}

static status
volume_mounts(const struct ctr *c, struct start *s, struct err *err)
{
	for (size_t i = 0; i < c->spec->n_mounts; i++) {
		const struct pod_mount *m = &c->spec->mounts[i];
		const struct pod_volume *v = volume_of(c->pod, m->volume);
		char path[PATH_SIZE];

		TRY(pod_path(c->pod, "volumes", m->volume, path, err));
		TRY(sub_path(m, path, err));
		TRY(add_mount(s, arena_copy(&s->arena, bytes_str(path)), m->path,
		              m->read_only || !v || v->has_files, err));
	}
	return OK;
}

/* Bound by us because the policy says so, never because the specification asks. */
static status
socket_mount(const struct ctr *c, struct start *s, struct err *err)
{
	const char *destination, *socket;

	if (!c->pod->spec.confidential || !pod_policy_socket(c, &destination, &socket))
		return OK;
	return add_own(c, s, "sockets", socket, destination, false, err);
}

static status
read_account_file(const struct start *s, const char *name, struct buf *out, struct err *err)
{
	char path[PATH_SIZE + 32];
	CLEANUP(fd_close) int fd = -1;
	struct stat st;

	snprintf(path, sizeof path, "%s/etc/%s", s->rootfs, name);
	/* The image made the file: no link may lead out of it. */
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > ACCOUNT_MAX)
		return OK;
	if (!buf_reserve(out, (size_t)st.st_size))
		return buf_check(out, err);
	while (out->n < (size_t)st.st_size) {
		ssize_t got = read(fd, out->p + out->n, (size_t)st.st_size - out->n);

		if (got <= 0)
			break;
		out->n += (size_t)got;
	}
	return OK;
}

static status
resolve_user(const struct ctr *c, const struct start *s, struct container_spec *spec,
             struct err *err)
{
	CLEANUP(buf_done) struct buf passwd = {0};
	CLEANUP(buf_done) struct buf group = {0};
	struct bytes user = c->spec->user.n ? c->spec->user : s->image.user;
	struct accounts accounts;
	struct user_ids ids;

	TRY(read_account_file(s, "passwd", &passwd, err));
	TRY(read_account_file(s, "group", &group, err));
	accounts = (struct accounts){buf_view(&passwd), buf_view(&group)};
	TRY(user_resolve(user, &accounts, &ids, err));
	spec->uid = ids.uid;
	spec->gid = ids.gid;
	spec->groups = c->spec->groups;
	spec->n_groups = c->spec->n_groups;
	return OK;
}

/* Kubernetes: command replaces the entrypoint and its arguments, args the image's arguments. */
static status
command_line(const struct ctr *c, struct start *s, struct container_spec *spec, struct err *err)
{
	const struct pod_container *k = c->spec;
	struct bytes *all = arena_array(&s->arena, CONTAINER_MAX_ARGS, sizeof *all);
	struct pod_texts head = {s->image.entrypoint.items, s->image.entrypoint.n, true};
	struct pod_texts tail = {s->image.cmd.items, s->image.cmd.n, true};

	TRY(arena_check(&s->arena, err));
	if (k->command.present) {
		head = k->command;
		tail = (struct pod_texts){NULL, 0, true};
	}
	if (k->args.present)
		tail = k->args;
	if (head.n + tail.n > CONTAINER_MAX_ARGS)
		return err_set(err, ERR_LIMIT, "E-NODE-041", "the command is too long");
	for (size_t i = 0; i < head.n; i++)
		all[spec->n_args++] = head.items[i];
	for (size_t i = 0; i < tail.n; i++)
		all[spec->n_args++] = tail.items[i];
	spec->args = all;
	return OK;
}

static bool
same_name(struct bytes a, struct bytes b)
{
	return bytes_equal(bytes_sub(a, 0, bytes_find_byte(a, '=', 0)),
	                   bytes_sub(b, 0, bytes_find_byte(b, '=', 0)));
}

/* The image's environment, then HOSTNAME, then the pod's; the last of a name stays. */
static status
environment(const struct ctr *c, struct start *s, struct container_spec *spec, struct err *err)
{
	const struct pod_container *k = c->spec;
	size_t cap = s->image.env.n + k->env.n + 1;
	struct bytes *all = arena_array(&s->arena, cap, sizeof *all);
	struct bytes host =
	        arena_printf(&s->arena, "HOSTNAME=%.*s", BYTES_ARG(c->pod->spec.hostname));
	size_t n = 0;

	TRY(arena_check(&s->arena, err));
	for (size_t i = 0; i < cap; i++) {
		struct bytes e = i < s->image.env.n    ? s->image.env.items[i]
		                 : i == s->image.env.n ? host
		                                       : k->env.items[i - s->image.env.n - 1];
		size_t at = 0;

		while (at < n && !same_name(all[at], e))
			at++;
		all[at] = e;
		n = MAX(n, at + 1);
	}
	spec->env = all;
	spec->n_env = n;
	return OK;
}

static status
describe(struct ctr *c, struct start *s, struct container_spec *spec, struct err *err)
{
	const struct pod_container *k = c->spec;

	*spec = (struct container_spec){
	        .id = c->id,
	        .rootfs = bytes_str(s->rootfs),
	        .cwd = k->workdir.n ? k->workdir : s->image.workdir,
	        .privileged = k->privileged,
	        .readonly_root = k->readonly_root,
	        .no_new_privileges = k->no_new_privileges,
	        .add_caps = k->add_caps.items,
	        .n_add_caps = k->add_caps.n,
	        .drop_caps = k->drop_caps.items,
	        .n_drop_caps = k->drop_caps.n,
	        .mounts = s->mounts,
	};
	TRY(resolve_user(c, s, spec, err));
	TRY(command_line(c, s, spec, err));
	TRY(environment(c, s, spec, err));
	TRY(standard_mounts(c, s, err));
	TRY(volume_mounts(c, s, err));
	TRY(socket_mount(c, s, err));
	spec->n_mounts = s->n_mounts;
	return arena_check(&s->arena, err);
}

static void
close_output(struct ctr *c, int stream)
{
	if (c->out_ev[stream])
		event_free(c->out_ev[stream]);
	c->out_ev[stream] = NULL;
	fd_close(&c->out[stream]);
}

static void
on_output(evutil_socket_t fd, short what, void *arg)
{
	struct ctr *c = arg;
	int stream = fd == c->out[0] ? 0 : 1;
	uint8_t data[OUTPUT_CHUNK];
	ssize_t n = read(fd, data, sizeof data);

	(void)what;
	if (n > 0)
		pod_output(c, stream, bytes_of(data, (size_t)n));
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		close_output(c, stream);
}

static status
open_outputs(struct ctr *c, int write_end[2], struct err *err)
{
	for (int i = 0; i < 2; i++) {
		int fds[2];

		close_output(c, i);
		if (pipe2(fds, O_CLOEXEC) != 0)
			return err_set_errno(err, ERR_IO, "E-NODE-042", "cannot make a pipe");
		c->out[i] = fds[0];
		write_end[i] = fds[1];
		fcntl(fds[0], F_SETFL, O_NONBLOCK);
		c->out_ev[i] = event_new(c->pod->base, fds[0], EV_READ | EV_PERSIST, on_output, c);
		if (!c->out_ev[i] || event_add(c->out_ev[i], NULL) != 0)
			return err_set(err, ERR_IO, "E-NODE-042", "cannot watch a pipe");
	}
	return OK;
}

status
ctr_start(struct ctr *c, struct err *err)
{
	CLEANUP(start_done) struct start s = {.n_mounts = 0};
	CLEANUP(fd_close) int out = -1;
	CLEANUP(fd_close) int errfd = -1;
	struct container_spec spec;
	struct oci_cache store = {{0}};
	int write_end[2] = {-1, -1};
	status st;

	s.mounts = arena_array(&s.arena, CONTAINER_MAX_MOUNTS, sizeof *s.mounts);
	TRY(arena_check(&s.arena, err));
	snprintf(store.dir, sizeof store.dir, "%s", c->pod->o->images);
	snprintf(c->id, sizeof c->id, "%.*s-%u", BYTES_ARG(c->spec->name), c->restarts);
	TRY(read_image(c, &store, &s, err));
	TRY(unpack(c, &store, &s, err));
	TRY(describe(c, &s, &spec, err));
	st = open_outputs(c, write_end, err);
	out = write_end[0];
	errfd = write_end[1];
	TRY(st);
	return container_start(&c->pod->runner, &spec, out, errfd, &c->pid, err);
}

void
ctr_clean(struct ctr *c)
{
	char rootfs[PATH_SIZE];

	/* What the container wrote last is in the pipe still. */
	for (int i = 0; i < 2; i++) {
		for (uint8_t data[OUTPUT_CHUNK]; c->out[i] >= 0;) {
			ssize_t n = read(c->out[i], data, sizeof data);

			if (n <= 0)
				break;
			pod_output(c, i, bytes_of(data, (size_t)n));
		}
		close_output(c, i);
	}
	if (c->id[0] == '\0')
		return;
	container_delete(&c->pod->runner, c->id);
	/* A leftover would live in memory and end with the pod. */
	if (is_ok(pod_path(c->pod, "rootfs", bytes_str(c->id), rootfs, NULL)))
		(void)tree_remove(rootfs, NULL);
}
