/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a pod takes to start under the ns launcher (sandbox, network,
 * attestation, image, first container) beside crun alone on the same root
 * file system, and how many reports the software secure processor signs
 * beside raw P-384 signatures. Needs root, crun and the static probe program.
 */
#include "agent/container.h"
#include "base/clock.h"
#include "base/file.h"
#include "node/device.h"
#include "node/launcher.h"
#include "node/net.h"
#include "node/pod_spec.h"
#include "node/wire.h"
#include "oci/cache.h"
#include "oci/reference.h"
#include "oci/unpack.h"
#include "policy/initdata.h"
#include "json/value.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 15, TAR_BLOCK = 512, PROBE_MAX = 64 * 1024 * 1024, SIGNATURES = 200 };

struct bench {
	char dir[64];
	char images[128], rootfs[128], work[128];
	struct oci_cache store;
	struct buf tar;
	char image[256];
	struct processor *processor;
	struct signer *signer;
	struct launcher *launcher;
	struct net_plan plan;
	struct net net;
	struct buf document;
};

static void
need(status s, const struct err *err)
{
	if (is_ok(s))
		return;
	fprintf(stderr, "bench: %s [%s]\n", err->msg, err->id);
	exit(1);
}

/* ---- an image of one static program ---- */

static void
octal(uint8_t *to, size_t n, uint64_t v)
{
	for (size_t i = n - 1; i-- > 0; v /= 8)
		to[i] = (uint8_t)('0' + v % 8);
}

/* POSIX.1-1988 (ustar) header. */
static void
put_tar_file(struct buf *tar, const char *name, struct bytes data)
{
	uint8_t h[TAR_BLOCK] = {0};
	uint64_t sum = 0;

	snprintf((char *)h, 100, "%s", name);
	octal(h + 100, 8, 0755);
	octal(h + 108, 8, 0);
	octal(h + 116, 8, 0);
	octal(h + 124, 12, data.n);
	octal(h + 136, 12, 0);
	h[156] = '0';
	mem_copy(h + 257, "ustar\00000", 8);
	for (size_t i = 148; i < 156; i++)
		h[i] = ' ';
	for (size_t i = 0; i < sizeof h; i++)
		sum += h[i];
	octal(h + 148, 7, sum);
	h[154] = 0;
	buf_add(tar, h, sizeof h);
	buf_bytes(tar, data);
	buf_zeros(tar, (TAR_BLOCK - data.n % TAR_BLOCK) % TAR_BLOCK);
	buf_zeros(tar, 2 * TAR_BLOCK);
}

static struct hash256
put_blob(struct bench *b, struct bytes data)
{
	struct hash256 h = sha256(data);
	struct err err;

	need(oci_cache_put(&b->store, &h, data, &err), &err);
	return h;
}

static void
make_image(struct bench *b)
{
	CLEANUP(buf_done) struct buf probe = {0};
	CLEANUP(buf_done) struct buf config = {0};
	CLEANUP(buf_done) struct buf manifest = {0};
	const char *build = getenv("CONTRAST_BUILD_ROOT");
	struct hash256 layer, config_hash, manifest_hash;
	char path[512], hex[65], text[72];
	struct err err;

	snprintf(path, sizeof path, "%s/tests/unit/node/pod-probe", build ? build : "build");
	need(file_read(path, PROBE_MAX, &probe, &err), &err);
	put_tar_file(&b->tar, "probe", buf_view(&probe));
	layer = put_blob(b, buf_view(&b->tar));
	buf_printf(&config,
	           "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Entrypoint\":[\"/"
	           "probe\"]},"
	           "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:%s\"]}}",
	           hash256_hex(&layer, hex));
	config_hash = put_blob(b, buf_view(&config));
	buf_printf(
	        &manifest,
	        "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
	        "\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\","
	        "\"digest\":\"%s\",\"size\":%zu},",
	        digest_cstr(&config_hash, text), config.n);
	buf_printf(&manifest,
	           "\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\","
	           "\"digest\":\"%s\",\"size\":%zu}]}",
	           digest_cstr(&layer, text), b->tar.n);
	manifest_hash = put_blob(b, buf_view(&manifest));
	snprintf(b->image, sizeof b->image, "localhost/bench@%s",
	         digest_cstr(&manifest_hash, text));
}

static void
make_document(struct bench *b)
{
	CLEANUP(buf_done) struct buf policy = {0};
	struct policy_arg arg = {.text = BYTES("/probe")};
	struct policy_container c = {.name = BYTES("a"),
	                             .role = POLICY_MAIN,
	                             .image = bytes_str(b->image),
	                             .args = &arg,
	                             .n_args = 1,
	                             .cwd = BYTES("/")};
	struct policy_pod pod = {.kind = BYTES("Pod"),
	                         .name = BYTES("bench"),
	                         .name_pattern = BYTES("^bench$"),
	                         .containers = &c,
	                         .n_containers = 1};
	struct err err;

	need(policy_document_write(&pod, &policy, &err), &err);
	initdata_write(buf_view(&policy), false, &b->document);
}

/* ---- one pod ---- */

static void
make_spec(const struct bench *b, bool confidential, int round, struct buf *out)
{
	buf_printf(
	        out,
	        "{\"name\":\"bench\",\"namespace\":\"default\",\"hostname\":\"bench\","
	        "\"confidential\":%s,\"restart\":\"Always\",\"grace\":0,\"address\":\"10.88.1.%d\","
	        "\"prefix\":16,\"gateway\":\"10.88.0.1\",\"hosts\":\"\",\"resolv\":\"\","
	        "\"volumes\":[],\"containers\":[{\"name\":\"a\",\"kind\":\"main\",\"image\":\"%s\"}"
	        "]}",
	        confidential ? "true" : "false", round + 1, b->image);
}

/* Milliseconds until the runner says that the first container runs; serves its device meanwhile. */
static bool
says_running(struct buf *in)
{
	size_t at = 0;
	bool running = false;

	for (;;) {
		struct wire_frame f;
		size_t used;
		bool whole;
		struct err err;

		need(wire_next(bytes_sub(buf_view(in), at, in->n), &whole, &f, &used, &err), &err);
		if (!whole)
			break;
		if (f.type == WIRE_REFUSED) {
			(void)!write(STDERR_FILENO, f.body.p, f.body.n);
			exit(1);
		}
		if (f.type == WIRE_STATE &&
		    bytes_find(f.body, BYTES("\"phase\":\"Running\""), 0) != SIZE_MAX)
			running = true;
		at += used;
	}
	mem_move(in->p, in->p + at, in->n - at);
	in->n -= at;
	return running;
}

static void
serve_device(const struct bench *b, struct machine *m, int fd)
{
	CLEANUP(buf_done) struct buf answer = {0};
	uint8_t request[4 + DEVICE_REQUEST_SIZE];
	struct err err;

	if (read(fd, request, sizeof request) != (ssize_t)sizeof request)
		return;
	signed_guest_serve(b->launcher->ops->guest(m), clock_realtime(),
	                   bytes_of(request + 4, DEVICE_REQUEST_SIZE), &answer);
	need(fd_write_all(fd, buf_view(&answer), &err), &err);
}

static double
start_pod(struct bench *b, bool confidential, int round)
{
	const struct launcher_ops *ops = b->launcher->ops;
	CLEANUP(buf_done) struct buf spec = {0};
	CLEANUP(buf_done) struct buf in = {0};
	struct hash256 h = sha256(buf_view(&b->document));
	static int count;
	char link[16];
	struct machine_start s = {.vcpus = 1,
	                          .work = b->work,
	                          .bridge_netlink = b->net.netlink,
	                          .bridge = net_bridge,
	                          .link = link,
	                          .stderr_fd = STDERR_FILENO};
	struct machine *m = NULL;
	uint64_t began = clock_mono_ns();
	struct err err;
	double ms;

	/* The kernel takes links of dead namespaces away later: no name is used twice. */
	snprintf(link, sizeof link, "pod%d", count++);
	make_spec(b, confidential, round, &spec);
	s.spec = buf_view(&spec);
	if (confidential) {
		s.signer = b->signer;
		s.document = buf_view(&b->document);
		mem_copy(s.host_data, h.b, sizeof s.host_data);
	}
	need(ops->start(b->launcher, &s, &m, &err), &err);
	for (bool running = false; !running;) {
		struct pollfd fds[2] = {{ops->stream(m), POLLIN, 0}, {ops->device(m), POLLIN, 0}};

		if (poll(fds, 2, 10000) <= 0)
			exit(1);
		if (fds[1].revents & POLLIN)
			serve_device(b, m, fds[1].fd);
		if (fds[0].revents && buf_reserve(&in, 65536)) {
			ssize_t n = read(fds[0].fd, in.p + in.n, 65536);

			if (n <= 0)
				exit(1);
			in.n += (size_t)n;
			running = says_running(&in);
		}
	}
	ms = (double)(clock_mono_ns() - began) / 1e6;
	ops->remove(m);
	return ms;
}

/* ---- the floor: crun alone, on a root file system that lies there already ---- */

static void
prepare_crun(void)
{
	/* Mounts of our own, as the pod runner makes them. */
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL) != 0 ||
	    prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
		perror("bench");
		exit(1);
	}
}

static double
start_crun(const struct bench *b, int round)
{
	char state[160], bundles[160], id[32];
	const struct container_runner r = {"/usr/bin/crun", state, bundles};
	const struct bytes args[] = {BYTES("/probe"), BYTES("wait")};
	struct container_spec c = {.id = id,
	                           .rootfs = bytes_str(b->rootfs),
	                           .args = args,
	                           .n_args = 2};
	uint64_t began = clock_mono_ns();
	struct err err;
	pid_t pid;
	double ms;
	int st;

	snprintf(state, sizeof state, "%s/crun", b->dir);
	snprintf(bundles, sizeof bundles, "%s/bundles", b->dir);
	snprintf(id, sizeof id, "bare-%d", round);
	need(container_start(&r, &c, -1, -1, &pid, &err), &err);
	ms = (double)(clock_mono_ns() - began) / 1e6;
	kill(pid, SIGKILL);
	while (waitpid(pid, &st, 0) < 0 && errno == EINTR)
		continue;
	container_delete(&r, id);
	return ms;
}

/* ---- figures ---- */

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *v, size_t n)
{
	qsort(v, n, sizeof *v, by_value);
	return v[n / 2];
}

static void
pod_figures(struct bench *b)
{
	double plain[ROUNDS], attested[ROUNDS], bare[ROUNDS];
	double p, a, c;

	/* In turns, so that a noisy machine treats all alike. */
	for (int i = 0; i < ROUNDS; i++) {
		bare[i] = start_crun(b, i);
		plain[i] = start_pod(b, false, i);
		attested[i] = start_pod(b, true, i);
	}
	p = median(plain, ROUNDS);
	a = median(attested, ROUNDS);
	c = median(bare, ROUNDS);
	printf("{\"bench\":\"node\",\"figure\":\"plain pod in namespaces, until its container "
	       "runs\","
	       "\"value\":%.1f,\"unit\":\"ms\",\"peer\":\"crun alone\",\"peer_value\":%.1f,"
	       "\"ratio\":%.2f,\"goal\":null,\"met\":null}\n",
	       p, c, c / p);
	printf("{\"bench\":\"node\",\"figure\":\"attested pod in namespaces, until its container "
	       "runs\","
	       "\"value\":%.1f,\"unit\":\"ms\",\"peer\":\"crun alone\",\"peer_value\":%.1f,"
	       "\"ratio\":%.2f,\"goal\":\"100 ms\",\"met\":%s}\n",
	       a, c, c / a, a <= 100 ? "true" : "false");
}

static double
report_ms(struct guest *g, const uint8_t data[64])
{
	CLEANUP(buf_done) struct buf out = {0};
	uint64_t began = clock_mono_ns();
	struct err err;

	need(guest_report(g, data, 0, &out, &err), &err);
	return (double)(clock_mono_ns() - began) / 1e6;
}

static double
raw_ms(const struct key *raw, const uint8_t data[64])
{
	CLEANUP(buf_done) struct buf out = {0};
	uint64_t began = clock_mono_ns();

	key_sign_ecdsa(raw, SIG_SHA384, bytes_of(data, 64), &out);
	return (double)(clock_mono_ns() - began) / 1e6;
}

static void
report_figure(struct bench *b)
{
	CLEANUP(key_drop) struct key *raw = key_generate(KEY_P384, 0);
	struct guest_launch l = {.policy = guest_policy_default};
	const uint8_t data[64] = {0};
	double ours[SIGNATURES], floor[SIGNATURES], o, f;
	struct guest *g;
	struct err err;

	need(guest_launch(b->processor, &l, &g, &err), &err);
	for (int i = 0; i < SIGNATURES; i++) {
		ours[i] = report_ms(g, data);
		floor[i] = raw_ms(raw, data);
	}
	guest_free(g);
	o = 1000 / median(ours, SIGNATURES);
	f = 1000 / median(floor, SIGNATURES);
	printf("{\"bench\":\"node\",\"figure\":\"reports of the software secure processor\","
	       "\"value\":%.0f,\"unit\":\"1/s\",\"peer\":\"raw P-384 "
	       "signatures\",\"peer_value\":%.0f,"
	       "\"ratio\":%.2f,\"goal\":null,\"met\":null}\n",
	       o, f, o / f);
}

static void
set_up(struct bench *b)
{
	const char *build = getenv("CONTRAST_BUILD_ROOT");
	char runner[512], state[128], path[192];
	struct launcher_files files = {.runner = runner, .images = b->images};
	CLEANUP(buf_done) struct buf probe = {0};
	struct err err;

	snprintf(b->dir, sizeof b->dir, "/tmp/contrast-bench-XXXXXX");
	if (!mkdtemp(b->dir))
		exit(1);
	snprintf(b->images, sizeof b->images, "%s/images", b->dir);
	snprintf(b->rootfs, sizeof b->rootfs, "%s/rootfs", b->dir);
	snprintf(b->work, sizeof b->work, "%s/work", b->dir);
	snprintf(state, sizeof state, "%s/state", b->dir);
	snprintf(runner, sizeof runner, "%s/contrast-node", build ? build : "build");
	snprintf(path, sizeof path, "%s/tests/unit/node/pod-probe", build ? build : "build");
	need(dir_create(b->work, 0711, &err), &err);
	need(dir_create(b->rootfs, 0755, &err), &err);
	need(oci_cache_init(&b->store, b->images, &err), &err);
	make_image(b);
	make_document(b);
	need(file_read(path, PROBE_MAX, &probe, &err), &err);
	snprintf(path, sizeof path, "%s/probe", b->rootfs);
	need(file_write(path, buf_view(&probe), 0755, &err), &err);
	need(processor_open(state, PROCESSOR_GENOA, clock_realtime(), &b->processor, &err), &err);
	need(signer_open(&(struct signer_options){.state_dir = state}, TEE_SNP, clock_realtime(),
	                 &b->signer, &err),
	     &err);
	need(launcher_open(BYTES("local-ns"), &files, &b->launcher, &err), &err);
	need(b->launcher->ops->probe(b->launcher, &err), &err);
	b->plan.gateway = (10u << 24) + (88u << 16) + 1;
	need(net_start(&b->plan, &b->net, &err), &err);
	prepare_crun();
}

int
main(void)
{
	static struct bench b;

	if (geteuid() != 0 || access("/usr/bin/crun", X_OK) != 0) {
		printf("{\"bench\":\"node\",\"figure\":\"attested pod in namespaces\",\"value\":0,"
		       "\"unit\":\"ms\",\"peer\":null,\"peer_value\":null,\"ratio\":null,"
		       "\"goal\":\"100 ms\",\"met\":null,\"why\":\"needs root and crun\"}\n");
		return 0;
	}
	set_up(&b);
	report_figure(&b);
	pod_figures(&b);
	net_stop(&b.net);
	launcher_free(b.launcher);
	signer_free(b.signer);
	processor_free(b.processor);
	buf_done(&b.tar);
	buf_done(&b.document);
	return is_ok(tree_remove(b.dir, NULL)) ? 0 : 1;
}
