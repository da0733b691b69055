/* SPDX-License-Identifier: Apache-2.0 */
/* The sandbox from inside: mounts, network, volumes. Everything is gone with the namespaces. */
#include "node/pod_state.h"

#include "base/file.h"
#include "node/netlink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 1024, DEFAULT_VOLUME_MODE = 0777 };

status
pod_path(const struct pod *p, const char *a, struct bytes b, char to[PATH_SIZE], struct err *err)
{
	int n = snprintf(to, PATH_SIZE, "%s/%s%s%.*s", p->o->work, a, b.n ? "/" : "", BYTES_ARG(b));

	if (n < 0 || n >= PATH_SIZE || memchr(b.p ? (const char *)b.p : "", 0, b.n))
		return err_set(err, ERR_LIMIT, "E-NODE-041", "a path of the pod is too long");
	return OK;
}

static status
mount_fs(const char *type, const char *on, unsigned long flags, const char *data, struct err *err)
{
	if (mount(type, on, type, flags, data) != 0)
		return err_set_errno(err, ERR_IO, "E-NODE-042", "cannot mount %s on %s", type, on);
	return OK;
}

/* crun refuses hybrid hierarchies; in here there is a plain one. Busy: the host has it there. */
static status
mount_cgroups(struct err *err)
{
	unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (mount("cgroup2", "/sys/fs/cgroup", "cgroup2", flags, NULL) != 0 && errno != EBUSY)
		return err_set_errno(err, ERR_IO, "E-NODE-042",
		                     "cannot mount cgroup2 on /sys/fs/cgroup");
	return OK;
}

status
pod_mounts(struct pod *p, struct err *err)
{
	static const char *const folders[] = {"crun", "bundles", "rootfs", "volumes",
	                                      "shm",  "etc",     "sockets"};
	char path[PATH_SIZE];

	/* Nothing that is mounted here may reach the host. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return err_set_errno(err, ERR_IO, "E-NODE-042", "cannot make mounts private");
	TRY(mount_fs("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, err));
	TRY(mount_cgroups(err));
	TRY(mount_fs("tmpfs", p->o->work, MS_NOSUID | MS_NODEV, "mode=711", err));
	for (size_t i = 0; i < COUNT_OF(folders); i++) {
		TRY(pod_path(p, folders[i], (struct bytes){NULL, 0}, path, err));
		TRY(dir_create(path, 0711, err));
	}
	TRY(pod_path(p, "shm", (struct bytes){NULL, 0}, path, err));
	return mount_fs("tmpfs", path, MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=64m", err);
}

status
pod_network(const struct pod *p, struct err *err)
{
	CLEANUP(fd_close) int nl = -1;
	char host[65];

	snprintf(host, sizeof host, "%.*s", BYTES_ARG(p->spec.hostname));
	if (sethostname(host, strlen(host)) != 0)
		return err_set_errno(err, ERR_IO, "E-NODE-042", "cannot set the host name");
	TRY(netlink_open(&nl, err));
	TRY(netlink_up(nl, "lo", err));
	TRY(netlink_address(nl, "eth0", p->spec.address, p->spec.prefix, err));
	TRY(netlink_up(nl, "eth0", err));
	return netlink_default_route(nl, p->spec.gateway, err);
}

/* The folder of a file inside the volume; the path is plain (pod_path_valid). */
static status
make_parents(char *path, size_t from, struct err *err)
{
	for (char *c = path + from; *c; c++) {
		status s;

		if (*c != '/')
			continue;
		*c = '\0';
		s = dir_create(path, 0755, err);
		*c = '/';
		TRY(s);
	}
	return OK;
}

static status
write_volume_file(const struct pod *p, const struct pod_volume *v, const struct pod_file *f,
                  struct err *err)
{
	char path[PATH_SIZE];
	size_t base;

	TRY(pod_path(p, "volumes", v->name, path, err));
	base = strlen(path);
	if (base + 1 + f->path.n >= sizeof path)
		return err_set(err, ERR_LIMIT, "E-NODE-041", "a path of the pod is too long");
	path[base] = '/';
	mem_copy(path + base + 1, f->path.p, f->path.n);
	path[base + 1 + f->path.n] = '\0';
	TRY(make_parents(path, base + 1, err));
	return file_write(path, f->data, f->mode, err);
}

static status
make_volume(const struct pod *p, const struct pod_volume *v, struct err *err)
{
	char path[PATH_SIZE];

	TRY(pod_path(p, "volumes", v->name, path, err));
	TRY(dir_create(path, 0755, err));
	if (!v->has_files && chmod(path, DEFAULT_VOLUME_MODE) != 0)
		return err_set_errno(err, ERR_IO, "E-NODE-042", "cannot make a volume");
	for (size_t i = 0; i < v->n_files; i++)
		TRY(write_volume_file(p, v, &v->files[i], err));
	return OK;
}

status
pod_volumes(const struct pod *p, struct err *err)
{
	const struct {
		const char *name;
		struct bytes text;
	} files[] = {{"hosts", p->spec.hosts},
	             {"resolv.conf", p->spec.resolv},
	             {"hostname", p->spec.hostname}};
	char path[PATH_SIZE];

	for (size_t i = 0; i < COUNT_OF(files); i++) {
		TRY(pod_path(p, "etc", bytes_str(files[i].name), path, err));
		TRY(file_write(path, files[i].text, 0644, err));
	}
	for (size_t i = 0; i < p->spec.n_volumes; i++)
		TRY(make_volume(p, &p->spec.volumes[i], err));
	return OK;
}
