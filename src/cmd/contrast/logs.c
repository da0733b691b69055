/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "cmd/contrast/cli.h"
#include "cmd/contrast/local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024, POLL_MS = 100 };

/* A whole name, or the beginning of one pod's only. */
static status
find_pod(const struct local_status *s, const char *text, const struct value **ret, struct err *err)
{
	const struct value *pods = json_get(&s->v, "pods");
	size_t found = 0;

	for (size_t i = 0; pods && i < pods->n; i++) {
		const struct value *pod = json_item(pods, i);
		struct bytes name = local_text(pod, "name");

		if (bytes_is(name, text)) {
			*ret = pod;
			return OK;
		}
		if (bytes_starts(name, bytes_str(text))) {
			*ret = pod;
			found++;
		}
	}
	if (found == 1)
		return OK;
	return err_hint(err,
	                err_set(err, found ? ERR_USAGE : ERR_NOT_FOUND, "E-NODE-086",
	                        found ? "%zu pods begin with \"%s\"" : "%zu pods are called \"%s\"",
	                        found, text),
	                "contrast status lists them");
}

/* The one named, or the first that is no init container of ours. */
static status
find_container(const struct value *pod, const char *text, struct bytes *ret, struct err *err)
{
	const struct value *list = json_get(pod, "containers");

	for (size_t i = 0; list && i < list->n; i++) {
		struct bytes name = local_text(json_item(list, i), "name");

		if (text ? bytes_is(name, text) : !bytes_starts(name, BYTES("contrast-"))) {
			*ret = name;
			return OK;
		}
	}
	if (!text && list && list->n > 0) {
		*ret = local_text(json_item(list, list->n - 1), "name");
		return OK;
	}
	return err_set(err, ERR_NOT_FOUND, "E-NODE-086", "the pod %.*s has no container \"%s\"",
	               BYTES_ARG(local_text(pod, "name")), text ? text : "");
}

/* From the present place to the end of the file. A shorter file was started over: so do we. */
static status
copy_rest(int fd, struct err *err)
{
	uint8_t data[CHUNK / 8];
	struct stat st;
	off_t at = lseek(fd, 0, SEEK_CUR);

	if (fstat(fd, &st) == 0 && st.st_size < at)
		lseek(fd, 0, SEEK_SET);
	for (;;) {
		ssize_t n = read(fd, data, sizeof data);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return OK;
		TRY(fd_write_all(STDOUT_FILENO, bytes_of(data, (size_t)n), err));
	}
}

static status
follow(const struct rundir *run, int fd, struct err *err)
{
	const struct timespec nap = {.tv_nsec = POLL_MS * 1000 * 1000};

	while (rundir_is_running(run)) {
		nanosleep(&nap, NULL);
		TRY(copy_rest(fd, err));
	}
	return copy_rest(fd, err);
}

status
verb_logs(const struct options *o, struct err *err)
{
	CLEANUP(local_status_done) struct local_status s = {.text.n = 0};
	CLEANUP(fd_close) int fd = -1;
	char name[700], path[RUNDIR_PATH + 256];
	const struct value *pod = NULL;
	struct bytes container = {NULL, 0};
	struct rundir run;

	TRY(rundir_find(options_text(o, OPT_logs_deployment), &run, err));
	TRY(local_status_read(&run, &s, err));
	TRY(find_pod(&s, o->args[0], &pod, err));
	TRY(find_container(pod, o->n_args > 1 ? o->args[1] : NULL, &container, err));
	snprintf(name, sizeof name, "logs/%.*s/%.*s.log", BYTES_ARG(local_text(pod, "name")),
	         BYTES_ARG(container));
	fd = open(rundir_file(&run, name, path), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_at(err, err_set_errno(err, ERR_IO, "E-NODE-086", "cannot open the log"),
		              "%s", path);
	TRY(copy_rest(fd, err));
	return options_flag(o, OPT_logs_follow) ? follow(&run, fd, err) : OK;
}
