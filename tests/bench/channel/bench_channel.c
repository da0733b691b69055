/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Coordinator's programs as they run: server CPU per attested client and
 * per certificate beside the handshake and the signatures that each needs, and
 * memory beside an empty TLS process. Everything it starts it stops.
 */
#include "channel/enroll.h"
#include "unit/channel/world.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 300, CERTIFICATES = 200, IDLE = 200, WARM = 20, MAX_PIDS = 64, ROUNDS = 200 };

static struct {
	struct world *world;
	struct tls_client *tls;
	char dir[256], owners[32], pods[32], health[32], evidence[300], report[300];
	pid_t processor, coordinator, floor;
	char floor_address[32];
} b;

static void
need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench: %s\n", what);
	for (size_t i = 0; i < 3; i++) {
		pid_t pid = i == 0 ? b.coordinator : i == 1 ? b.processor : b.floor;

		if (pid > 0)
			kill(pid, SIGTERM);
	}
	exit(1);
}

static void
need_ok(status s, const struct err *err)
{
	need(is_ok(s), err->msg);
}

/* ---- the floor: a process that does TLS 1.3 handshakes and nothing else ---- */

static int
floor_main(void)
{
	struct tls_server *t;
	struct sockaddr_in6 name;
	socklen_t n = sizeof name;
	struct timeval patience = {.tv_sec = 5};
	int fd;
	struct err err;

	if (!is_ok(tls_server_new(&t, &err)) ||
	    !is_ok(server_listen("127.0.0.1:0", false, &fd, &err)))
		return 1;
	getsockname(fd, (struct sockaddr *)&name, &n);
	printf("%u\n", ntohs(name.sin6_port));
	fflush(stdout);
	for (;;) {
		fd_set ready;
		int c;

		FD_ZERO(&ready);
		FD_SET(fd, &ready);
		select(fd + 1, &ready, NULL, NULL, NULL);
		c = accept(fd, NULL, NULL);
		if (c < 0)
			continue;
		setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
		{
			SSL *ssl = SSL_new(tls_server_ctx(t));

			SSL_set_fd(ssl, c);
			SSL_accept(ssl);
			SSL_free(ssl);
		}
		close(c);
	}
}

/* ---- processes ---- */

static pid_t
start(const char *const *argv, int *ret_out)
{
	int out[2];
	pid_t pid;

	need(pipe(out) == 0, "pipe");
	pid = fork();
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		close(out[0]);
		close(out[1]);
		execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	close(out[1]);
	*ret_out = out[0];
	return pid;
}

static void
read_line(int fd, char *to, size_t size)
{
	size_t n = 0;

	while (n + 1 < size && read(fd, to + n, 1) == 1 && to[n] != '\n')
		n++;
	to[n] = '\0';
}

static uint16_t
free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	need(bind(fd, (struct sockaddr *)&a, sizeof a) == 0, "bind");
	getsockname(fd, (struct sockaddr *)&a, &n);
	close(fd);
	return ntohs(a.sin_port);
}

/* The process and its children. */
static size_t
family(pid_t pid, pid_t *pids)
{
	char path[64], text[2048] = "";
	size_t n = 0;
	char *at = text, *end;
	FILE *f;

	pids[n++] = pid;
	snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
	f = fopen(path, "r");
	if (f) {
		if (!fgets(text, sizeof text, f))
			text[0] = '\0';
		fclose(f);
	}
	while (n < MAX_PIDS) {
		long v = strtol(at, &end, 10);

		if (end == at)
			break;
		pids[n++] = (pid_t)v;
		at = end;
	}
	return n;
}

static double
cpu_of(pid_t pid)
{
	pid_t pids[MAX_PIDS];
	size_t n = family(pid, pids);
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		char path[64];
		unsigned long long ns = 0;
		FILE *f;

		snprintf(path, sizeof path, "/proc/%d/schedstat", pids[i]);
		f = fopen(path, "r");
		if (f && fscanf(f, "%llu", &ns) == 1)
			sum += (double)ns / 1e9;
		if (f)
			fclose(f);
	}
	return sum;
}

struct memory {
	double resident, private; /* MB; shared pages once */
};

static struct memory
memory_of(pid_t pid)
{
	pid_t pids[MAX_PIDS];
	size_t n = family(pid, pids);
	struct memory m = {0, 0};
	double shared = 0;

	for (size_t i = 0; i < n; i++) {
		char path[64], line[256];
		double rss = 0, own = 0;
		FILE *f;

		snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pids[i]);
		f = fopen(path, "r");
		while (f && fgets(line, sizeof line, f)) {
			double kb = strtod(strchr(line, ':') ? strchr(line, ':') + 1 : "0", NULL);

			if (strncmp(line, "Rss:", 4) == 0)
				rss = kb / 1024;
			if (strncmp(line, "Private_", 8) == 0)
				own += kb / 1024;
		}
		if (f)
			fclose(f);
		m.private += own;
		shared = MAX(shared, rss - own);
	}
	/* All were forked from one: what they share is about what the one with most of it shares.
	 */
	m.resident = m.private + shared;
	return m;
}

/* A process alone in memory: what it would take on a machine of its own. */
static double
rss_of(pid_t pid)
{
	char path[64], line[256];
	double mb = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, "Rss:", 4) == 0)
			mb = strtod(line + 4, NULL) / 1024;
	if (f)
		fclose(f);
	return mb;
}

static void
print(const char *figure, double value, const char *unit, const char *peer, double peer_value,
      double ratio, double goal, bool met)
{
	printf("{\"bench\":\"channel\",\"figure\":\"%s\",\"value\":%.4g,\"unit\":\"%s\",\"peer\":"
	       "\"%s\","
	       "\"peer_value\":%.4g,\"ratio\":%.3g,",
	       figure, value, unit, peer, peer_value, ratio);
	if (goal > 0)
		printf("\"goal\":%g,\"met\":%s}\n", goal, met ? "true" : "false");
	else
		printf("\"goal\":null,\"met\":null}\n");
	fflush(stdout);
}

/* ---- the deployment ---- */

static void
start_processor(const char *root)
{
	static char program[4096], state[4096];
	char measurement[97], host_data[65], text[16];
	const char *argv[] = {program,  "serve",  state,      measurement, host_data,
	                      "normal", b.report, b.evidence, NULL};
	int out;

	snprintf(program, sizeof program, "%s/tests/test-processor", root);
	snprintf(state, sizeof state, "%s/test-processor-bench", root);
	for (int i = 0; i < 96; i++)
		measurement[i] = '1';
	measurement[96] = '\0';
	/* One HOSTDATA for both sockets: the coordinator's policy is a pod's as well. */
	hash256_hex(&b.world->coordinator, host_data);
	b.processor = start(argv, &out);
	read_line(out, text, sizeof text);
	need(strcmp(text, "ready") == 0, "the processor does not start");
}

static void
start_coordinator(const char *root)
{
	static char program[4096];
	char id[33], key[65];
	const char *argv[] = {program,  "--deployment-id", id,       "--genesis-key",
	                      key,      "--report-socket", b.report, "--listen-owners",
	                      b.owners, "--listen-pods",   b.pods,   "--listen-health",
	                      b.health, "--log-level",     "error",  NULL};
	int out;

	snprintf(program, sizeof program, "%s/contrast-coordinator", root);
	hex_cstr(bytes_of(b.world->pins.deployment_id, 16), id, sizeof id);
	hash256_hex(&b.world->pins.keys[0], key);
	snprintf(b.owners, sizeof b.owners, "127.0.0.1:%u", free_port());
	snprintf(b.pods, sizeof b.pods, "127.0.0.1:%u", free_port());
	snprintf(b.health, sizeof b.health, "127.0.0.1:%u", free_port());
	b.coordinator = start(argv, &out);
}

static struct session_expect
expect(enum session_mode mode, const struct manifest *m)
{
	return (struct session_expect){.mode = mode,
	                               .pins = b.world->pins,
	                               .manifest = m,
	                               .own_policy = b.world->coordinator,
	                               .insecure = true,
	                               .now = clock_realtime()};
}

static void
put_member(struct buf *out, const char *before, struct bytes data)
{
	buf_str(out, before);
	base64_encode(BASE64_STD, data, out);
	buf_u8(out, '"');
}

static void
set_manifest(void)
{
	CLEANUP(buf_done) struct buf body = {0};
	CLEANUP(buf_done) struct buf der = {0};
	CLEANUP(buf_done) struct buf spki = {0};
	CLEANUP(buf_done) struct buf answer = {0};
	CLEANUP(manifest_drop) struct manifest *m = NULL;
	CLEANUP(attested_done) struct attested a = {0};
	struct session_expect e;
	struct hash256 owners, transition;
	struct err err = {0};
	status s = {ERR_UNREACHABLE};

	need_ok(manifest_parse(buf_view(&b.world->manifest), &m, NULL, &err), &err);
	e = expect(SESSION_SET, m);
	for (int i = 0; i < 100 && s.cls == ERR_UNREACHABLE; i++) {
		usleep(100000);
		s = attested_open(b.tls, b.owners, &e, &a, &err);
	}
	need_ok(s, &err);
	owners = manifest_owners_digest(m);
	transition = transition_hash(&a.session.state.genesis, &m->hash, &owners, 1);
	transition_sign(b.world->owner, &transition, &der);
	key_spki(b.world->owner, &spki);
	put_member(&body, "{\"manifest\":\"", m->exact);
	put_member(&body, ",\"policies\":[\"", COORDINATOR_DOC);
	put_member(&body, ",\"", WEB_DOC);
	put_member(&body, "],\"signatures\":[{\"key\":\"", buf_view(&spki));
	put_member(&body, ",\"signature\":\"", buf_view(&der));
	buf_str(&body, "}]}");
	need_ok(attested_call(&a, "/v1/manifest", buf_view(&body), 1 << 20, &answer, &err), &err);
}

/* ---- figures ---- */

static double
handshake_floor(void)
{
	double before = 0;
	struct err err;

	/* Opening ends in the floor's silence: it speaks no HTTP. The handshake is done then. */
	for (int i = 0; i < WARM + CLIENTS; i++) {
		struct client *c = NULL;

		if (i == WARM)
			before = cpu_of(b.floor);
		if (is_ok(client_open(b.tls, b.floor_address, 2000, &c, &err)))
			client_close(c);
	}
	return (cpu_of(b.floor) - before) / CLIENTS;
}

static void
clients(void)
{
	struct session_expect e = expect(SESSION_POD, NULL);
	double before = 0, each, floor = handshake_floor();
	struct err err;

	for (int i = 0; i < WARM + CLIENTS; i++) {
		CLEANUP(attested_done) struct attested a = {0};

		if (i == WARM)
			before = cpu_of(b.coordinator);
		need_ok(attested_open(b.tls, b.pods, &e, &a, &err), &err);
	}
	each = (cpu_of(b.coordinator) - before) / CLIENTS * 1000;
	print("server CPU per attested client, new TLS session each", each, "ms",
	      "bare TLS 1.3 handshake, server", floor * 1000, floor * 1000 / each, 0.7,
	      each <= 0.7);
}

static double
elapsed(uint64_t from)
{
	return (double)(clock_mono_ns() - from) / 1e9;
}

/* Processor time of this process: what others do on the machine does not count. */
static double
own_cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What one certificate needs at least: evidence P-384, CSR P-256 verified; leaf, answer, TLS
 * signed. */
static double
signature_floor(void)
{
	CLEANUP(key_drop) struct key *p384 = key_generate(KEY_P384, 0);
	CLEANUP(key_drop) struct key *p256 = key_generate(KEY_P256, 0);
	CLEANUP(buf_done) struct buf s384 = {0};
	CLEANUP(buf_done) struct buf s256 = {0};
	double from;
	struct err err;

	key_sign_ecdsa(p384, SIG_SHA384, BYTES("report"), &s384);
	key_sign_ecdsa(p256, SIG_SHA256, BYTES("csr"), &s256);
	from = own_cpu();
	for (int i = 0; i < ROUNDS; i++) {
		CLEANUP(buf_done) struct buf out = {0};

		need_ok(key_verify_ecdsa(p384, SIG_SHA384, BYTES("report"), buf_view(&s384), &err),
		        &err);
		need_ok(key_verify_ecdsa(p256, SIG_SHA256, BYTES("csr"), buf_view(&s256), &err),
		        &err);
		for (int k = 0; k < 3; k++)
			key_sign_ecdsa(p256, SIG_SHA256, BYTES("leaf, answer, TLS"), &out);
	}
	return (own_cpu() - from) / ROUNDS;
}

static void
certificates(void)
{
	struct session_expect e = expect(SESSION_POD, NULL);
	double before = 0, each, floor = signature_floor();
	uint64_t from = 0;
	struct err err;

	for (int i = 0; i < WARM + CERTIFICATES; i++) {
		CLEANUP(enrolled_done) struct enrolled got = {0};

		if (i == WARM) {
			before = cpu_of(b.coordinator);
			from = clock_mono_ns();
		}
		need_ok(enroll(b.tls, b.pods, &e, b.evidence, &got, &err), &err);
	}
	each = (cpu_of(b.coordinator) - before) / CERTIFICATES;
	print("certificates per second and core, with attestation both ways and TLS", 1 / each,
	      "1/s", "their signatures alone", 1 / floor, floor / each, 0, false);
	print("certificates per second end to end, one client after another",
	      CERTIFICATES / elapsed(from), "1/s", "their signatures alone", 1 / floor,
	      CERTIFICATES / elapsed(from) * floor, 0, false);
}

static void
idle_connections(void)
{
	static struct client *open[IDLE];
	struct memory before = memory_of(b.coordinator), after;
	double each;
	struct err err;

	for (int i = 0; i < IDLE; i++)
		need_ok(client_open(b.tls, b.pods, 5000, &open[i], &err), &err);
	after = memory_of(b.coordinator);
	each = (after.private - before.private) * 1024 / IDLE;
	print("memory per idle connection", each, "KiB", "the limit of the protocol", 20, 20 / each,
	      20, each <= 20);
	for (int i = 0; i < IDLE; i++)
		client_close(open[i]);
}

static void
memories(const char *root)
{
	struct memory c = memory_of(b.coordinator), floor = memory_of(b.floor), i;
	double floor_rss = rss_of(b.floor), rss;
	static char program[4096];
	char id[33], key[65], out_dir[300];
	const char *argv[] = {program,    "--deployment-id",
	                      id,         "--genesis-key",
	                      key,        "--coordinator",
	                      b.pods,     "--evidence-socket",
	                      b.evidence, "--output",
	                      out_dir,    "--log-level",
	                      "error",    NULL};
	pid_t pid;
	int out;

	print("Coordinator resident, all processes, shared pages once", c.resident, "MB",
	      "empty TLS process", floor_rss, floor_rss / c.resident, 14, c.resident <= 14);
	print("Coordinator private, all processes", c.private, "MB", "empty TLS process",
	      floor.private, floor.private / c.private, 6, c.private <= 6);
	/* An initializer that was refused waits with everything loaded and touched. */
	snprintf(program, sizeof program, "%s/contrast-initializer", root);
	hex_cstr(bytes_of(b.world->pins.deployment_id, 16), id, sizeof id);
	hash256_hex(&b.world->pins.keys[0], key);
	id[0] = id[0] == '0' ? '1' : '0';
	snprintf(out_dir, sizeof out_dir, "%s/out", b.dir);
	pid = start(argv, &out);
	usleep(1500 * 1000);
	i = memory_of(pid);
	rss = rss_of(pid);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	close(out);
	print("initializer resident", rss, "MB", "empty TLS process", floor_rss, floor_rss / rss, 7,
	      rss <= 7);
	print("initializer private", i.private, "MB", "empty TLS process", floor.private,
	      floor.private / i.private, 1.5, i.private <= 1.5);
}

static void
measure(const char *root)
{
	clients();
	certificates();
	memories(root);
	idle_connections();
}

int
main(int argc, char **argv)
{
	const char *root = getenv("CONTRAST_BUILD_ROOT");
	const char *self[] = {"/proc/self/exe", "--floor", NULL};
	char port[16];
	int out;
	struct err err;

	if (argc > 1 && strcmp(argv[1], "--floor") == 0)
		return floor_main();
	need(root != NULL, "CONTRAST_BUILD_ROOT is not set");
	signal(SIGPIPE, SIG_IGN);
	snprintf(b.dir, sizeof b.dir, "/tmp/contrast-bench-XXXXXX");
	need(mkdtemp(b.dir) != NULL, "mkdtemp");
	snprintf(b.report, sizeof b.report, "%s/report", b.dir);
	snprintf(b.evidence, sizeof b.evidence, "%s/evidence", b.dir);
	b.world = world_new("bench");
	need_ok(tls_client_new(&b.tls, &err), &err);
	b.floor = start(self, &out);
	read_line(out, port, sizeof port);
	snprintf(b.floor_address, sizeof b.floor_address, "127.0.0.1:%s", port);
	start_processor(root);
	start_coordinator(root);
	set_manifest();
	measure(root);
	kill(b.coordinator, SIGTERM);
	waitpid(b.coordinator, NULL, 0);
	kill(b.processor, SIGTERM);
	kill(b.floor, SIGTERM);
	waitpid(b.processor, NULL, 0);
	waitpid(b.floor, NULL, 0);
	unlink(b.report);
	unlink(b.evidence);
	rmdir(b.dir);
	tls_client_free(b.tls);
	world_free(b.world);
	return 0;
}
