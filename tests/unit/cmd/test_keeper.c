/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper against a front that was replaced by arbitrary code, and against
 * a verifier that lies: the test plays front, verifier and report device.
 */
#include "attest/socket.h"
#include "authority/answer.h"
#include "channel/enroll.h"
#include "cmd/coordinator/keeper.h"
#include "cmd/coordinator/verifier.h"
#include "unit/channel/world.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROUNDS = 12 };

struct stage {
	struct world *world;
	struct keeper *keeper;
	struct store store;
	struct verifier verifier;
	struct pipe front, judge; /* the far ends */
	int device;
	bool judge_works;
	size_t reports;
};

static struct stage g;

static void
pair(int ends[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

static void
to_keeper(struct pipe *p, bool front)
{
	struct message m;
	bool has;
	struct err err;

	assert_ok(pipe_flush(p, &err));
	assert_ok(pipe_fill(p, &err));
	for (;;) {
		assert_ok(pipe_next(p, &m, &has, &err));
		if (!has)
			return;
		if (front)
			keeper_front_message(g.keeper, 0, &m);
		else
			keeper_verifier_message(g.keeper, 0, &m);
	}
}

static void
play_verifier(void)
{
	struct message m, answer;
	bool has, has_answer;
	struct err err;

	assert_ok(pipe_fill(&g.judge, &err));
	for (;;) {
		CLEANUP(arena_done) struct arena arena = {0};

		assert_ok(pipe_next(&g.judge, &m, &has, &err));
		if (!has)
			return;
		(void)verifier_message(&g.verifier, &m, &arena, &answer, &has_answer, &err);
		if (has_answer)
			assert_ok(pipe_send(&g.judge, &answer, &err));
	}
}

static void
play_device(void)
{
	uint8_t in[4 + 2 + 64];
	struct attest_request r;
	struct hash512 data;
	struct err err;

	while (recv(g.device, in, sizeof in, MSG_DONTWAIT) == (ssize_t)sizeof in) {
		CLEANUP(buf_done) struct buf document = {0};
		CLEANUP(buf_done) struct buf out = {0};

		assert_ok(attest_request_parse(bytes_of(in + 4, sizeof in - 4), &r, &err));
		mem_copy(data.b, r.report_data, sizeof data.b);
		world_document(g.world, GUEST_COORDINATOR, &data, &document);
		attest_answer_emit(ATTEST_DONE, TEE_SNP, buf_view(&document), &out);
		assert_ok(fd_write_all(g.device, buf_view(&out), &err));
		g.reports++;
	}
}

static void
pump(void)
{
	struct err err;

	for (int i = 0; i < ROUNDS; i++) {
		struct pollfd f = {.fd = g.keeper->report.fd, .events = POLLIN};

		assert_ok(pipe_flush(&g.front, &err));
		to_keeper(&g.keeper->fronts[0].pipe, true);
		to_keeper(&g.keeper->verifiers[0].pipe, false);
		if (g.judge_works)
			play_verifier();
		assert_ok(keeper_report_next(g.keeper, &err));
		play_device();
		while (poll(&f, 1, 0) == 1)
			assert_ok(keeper_report_read(g.keeper, &err));
	}
}

/* The keeper's next answer, STATE and LOG messages left out. False: there is none. */
static bool
hear(struct message *m)
{
	bool has;
	struct err err;

	do {
		assert_ok(pipe_next(&g.front, m, &has, &err));
		if (!has) {
			assert_ok(pipe_fill(&g.front, &err));
			assert_ok(pipe_next(&g.front, m, &has, &err));
		}
	} while (has && (m->kind == MESSAGE_STATE || m->kind == MESSAGE_LOG));
	return has;
}

static void
ask(const struct message *m, struct message *answer)
{
	struct err err;

	assert_ok(pipe_send(&g.front, m, &err));
	pump();
	assert_true(hear(answer));
	assert_int_equal(answer->id, m->id);
}

#define assert_refused(m, want)                                                                    \
	do {                                                                                       \
		assert_int_equal((m)->kind, MESSAGE_ERROR);                                        \
		if (!bytes_is((m)->error, want))                                                   \
			fail_msg("got %.*s (%.*s), want %s", BYTES_ARG((m)->error),                \
			         BYTES_ARG((m)->text), want);                                      \
	} while (0)

static int
setup(void **state)
{
	struct authority_options o;
	CLEANUP(buf_done) struct buf ignored = {0};
	int front[2], judge[2], device[2];
	struct message ready = {.kind = MESSAGE_READY}, hello = {.kind = MESSAGE_HELLO};
	struct err err;

	(void)state;
	if (!g.world)
		g.world = world_new("keeper");
	pair(front);
	pair(judge);
	pair(device);
	g.keeper = mem_new(struct keeper);
	keeper_init(g.keeper, &g.world->pins, &front[0], 1, &judge[0], 1, device[0], 0);
	g.keeper->tee = TEE_SNP;
	store_mem_open(&g.store);
	o = (struct authority_options){.pins = g.world->pins,
	                               .store = g.store,
	                               .has_own_policy = true,
	                               .own_policy = g.world->coordinator};
	assert_ok(authority_new(&o, g.world->now, &g.keeper->authority, &err));
	assert_ok(world_set(g.world, g.keeper->authority, buf_view(&g.world->manifest),
	                    g.world->owner, &ignored, &err));
	pipe_init(&g.front, front[1], KEEPER_TO_FRONT);
	pipe_init(&g.judge, judge[1], KEEPER_TO_VERIFIER);
	g.device = device[1];
	g.judge_works = true;
	g.reports = 0;
	assert_ok(pipe_send(&g.judge, &ready, &err));
	assert_ok(pipe_send(&g.front, &hello, &err));
	pump();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	keeper_done(g.keeper);
	mem_free(g.keeper);
	pipe_done(&g.front);
	pipe_done(&g.judge);
	close(g.device);
	verifier_done(&g.verifier);
	store_mem_close(&g.store);
	return 0;
}

static int
end_world(void **state)
{
	(void)state;
	if (g.world)
		world_free(g.world);
	return 0;
}

/* ---- a pod's request ---- */

struct pod {
	struct key *key, *kem;
	struct buf body;
	struct message m;
};

static void
pod_done(struct pod *p)
{
	key_free(p->key);
	key_free(p->kem);
	buf_done(&p->body);
}

/* The request of an honest pod on this guest, in the message of an honest front. */
static void
pod_make(struct pod *p, enum guest_name guest, int64_t nonce_time)
{
	CLEANUP(buf_done) struct buf csr = {0};
	CLEANUP(buf_done) struct buf document = {0};
	struct binding b;
	struct hash512 leaf;
	struct hash256 own;
	uint8_t kem[32];
	struct err err;

	*p = (struct pod){.m = {.kind = MESSAGE_CERT, .id = 77}};
	p->key = key_generate(KEY_P256, 0);
	p->kem = key_generate(KEY_X25519, 0);
	own = key_id(p->key);
	authority_nonce(g.keeper->authority, nonce_time, p->m.nonce.b);
	mem_copy(p->m.exporter.b, "exporter of this very session....", 32);
	mem_copy(p->m.server_key.b, "hash of the front's server key...", 32);
	p->m.head = *authority_head(g.keeper->authority);
	csr_make(p->key, &csr);
	key_x25519_raw_public(p->kem, kem);
	b = binding_mesh_cert(TEE_SNP, p->m.nonce.b, &own, &p->m.server_key, p->m.exporter.b, kem,
	                      buf_view(&csr));
	leaf = binding_leaf(&b);
	world_document(g.world, guest, &leaf, &document);
	assert_ok(enroll_body(kem, buf_view(&csr), buf_view(&document), &p->body, &err));
	p->m.body = buf_view(&p->body);
}

/* Puts other base64 of the same length behind "name":" in the body. */
static void
swap_member(struct pod *p, const char *name, struct bytes with)
{
	CLEANUP(buf_done) struct buf text = {0};
	struct bytes body = buf_view(&p->body);
	size_t at = bytes_find(body, bytes_str(name), 0);

	base64_encode(BASE64_STD, with, &text);
	assert_true(at != SIZE_MAX);
	mem_copy(p->body.p + at + strlen(name), text.p, text.n);
}

static void
certificate_and_secret(void **state)
{
	CLEANUP(pod_done) struct pod p;
	CLEANUP(arena_done) struct arena arena = {0};
	CLEANUP(buf_done) struct buf sealed = {0};
	CLEANUP(secret_done) struct secret secret = {0};
	const struct key *answer_key = authority_answer_key(g.keeper->authority);
	const struct hash256 *genesis = authority_genesis(g.keeper->authority);
	struct hash256 id = key_id(answer_key);
	struct message a;
	struct value v;
	struct err err;

	(void)state;
	pod_make(&p, GUEST_WEB, guest_clock_now(&g.keeper->clock));
	ask(&p.m, &a);
	if (a.kind == MESSAGE_ERROR)
		fail_msg("%.*s", BYTES_ARG(a.text));
	assert_int_equal(a.kind, MESSAGE_ANSWER);
	assert_ok(answer_verify(answer_key, &id, "/v1/mesh/cert", genesis, &p.m.head, p.m.body,
	                        a.body, a.signature, &err));
	/* A front that changes a byte of the answer is found out. */
	buf_bytes(&sealed, a.body);
	sealed.p[sealed.n / 2] ^= 1;
	assert_false(is_ok(answer_verify(answer_key, &id, "/v1/mesh/cert", genesis, &p.m.head,
	                                 p.m.body, buf_view(&sealed), a.signature, &err)));
	buf_reset(&sealed);
	assert_ok(json_parse(&arena, a.body, NULL, &v, &err));
	assert_true(base64_decode(BASE64_STD, json_text(json_get(&v, "secret")), &sealed));
	assert_ok(
	        seal_open(p.kem, SEAL_WORKLOAD_SECRET, genesis, buf_view(&sealed), &secret, &err));
	assert_int_equal(secret.n, 64);
	/* So is one that swaps the sealed secret for its own. */
	sealed.p[40] ^= 1;
	assert_false(is_ok(
	        seal_open(p.kem, SEAL_WORKLOAD_SECRET, genesis, buf_view(&sealed), &secret, &err)));
}

/* swaps KEM key, CSR, exporter, server key, nonce */
static void
a_front_swaps_things(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++) {
		CLEANUP(pod_done) struct pod p;
		CLEANUP(buf_done) struct buf csr = {0};
		CLEANUP(key_drop) struct key *mine = key_generate(KEY_X25519, 0);
		CLEANUP(key_drop) struct key *other = key_generate(KEY_P256, 0);
		uint8_t kem[32];
		struct message a;

		pod_make(&p, GUEST_WEB, guest_clock_now(&g.keeper->clock));
		key_x25519_raw_public(mine, kem);
		if (i == 0)
			swap_member(&p, "\"kem\":\"", bytes_of(kem, sizeof kem));
		if (i == 1)
			p.m.exporter.b[0] ^= 1;
		if (i == 2)
			p.m.server_key.b[0] ^= 1;
		if (i == 3)
			authority_nonce(g.keeper->authority, guest_clock_now(&g.keeper->clock),
			                p.m.nonce.b);
		if (i == 4) {
			CLEANUP(buf_done) struct buf body = {0};
			struct bytes old = buf_view(&p.body);
			size_t end = bytes_find(old, BYTES("\",\"kem\""), 0);

			csr_make(other, &csr);
			buf_str(&body, "{\"csr\":\"");
			base64_encode(BASE64_STD, buf_view(&csr), &body);
			buf_bytes(&body, bytes_sub(old, end, old.n));
			buf_done(&p.body);
			p.body = body;
			body = (struct buf){0};
			p.m.body = buf_view(&p.body);
		}
		if (i == 5) {
			/* Evidence of the right pod, for another purpose. */
			struct binding b = binding_statement(TEE_SNP, p.m.nonce.b, BYTES("x"));
			struct hash512 leaf = binding_leaf(&b);
			CLEANUP(buf_done) struct buf document = {0};
			struct err err;

			csr_make(p.key, &csr);
			key_x25519_raw_public(p.kem, kem);
			world_document(g.world, GUEST_WEB, &leaf, &document);
			buf_reset(&p.body);
			assert_ok(enroll_body(kem, buf_view(&csr), buf_view(&document), &p.body,
			                      &err));
			p.m.body = buf_view(&p.body);
		}
		ask(&p.m, &a);
		assert_refused(&a, "E-EVIDENCE-100");
	}
}

static void
nonces_end(void **state)
{
	static const struct {
		int64_t age;
		const char *id; /* NULL: good */
	} rows[] = {{0, NULL}, {59, NULL}, {61, "E-AUTHORITY-051"}, {3600, "E-AUTHORITY-051"}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(pod_done) struct pod p;
		struct message a;

		pod_make(&p, GUEST_WEB, guest_clock_now(&g.keeper->clock) - rows[i].age);
		ask(&p.m, &a);
		if (rows[i].id)
			assert_refused(&a, rows[i].id);
		else
			assert_int_equal(a.kind, MESSAGE_ANSWER);
	}
	{
		CLEANUP(pod_done) struct pod p;
		struct message a;

		pod_make(&p, GUEST_WEB, guest_clock_now(&g.keeper->clock));
		p.m.nonce.b[31] ^= 1;
		ask(&p.m, &a);
		assert_refused(&a, "E-AUTHORITY-050");
	}
}

static void
who_gets_no_certificate(void **state)
{
	static const enum guest_name rows[] = {GUEST_STRANGER, GUEST_MEASUREMENT, GUEST_DEBUG};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(pod_done) struct pod p;
		struct message a;

		pod_make(&p, rows[i], guest_clock_now(&g.keeper->clock));
		ask(&p.m, &a);
		assert_refused(&a, "E-EVIDENCE-100");
	}
	{
		CLEANUP(pod_done) struct pod p;
		struct message a;

		pod_make(&p, GUEST_WEB, guest_clock_now(&g.keeper->clock));
		p.m.head.b[0] ^= 1;
		ask(&p.m, &a);
		assert_refused(&a, "E-KEEPER-008");
		assert_int_equal(a.code, ERR_CONFLICT);
	}
}

/* Malformed requests: an error, and the verifier is not used again before it has started anew. */
static void
malformed_requests(void **state)
{
	static const char *const bodies[] = {"",
	                                     "{",
	                                     "[]",
	                                     "{}",
	                                     "{\"csr\":1,\"kem\":\"\",\"evidence\":{}}",
	                                     "{\"csr\":\"AA==\",\"kem\":\"AA==\",\"evidence\":{}}"};
	struct message ready = {.kind = MESSAGE_READY};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		CLEANUP(pod_done) struct pod p;
		struct message a;

		pod_make(&p, GUEST_WEB, guest_clock_now(&g.keeper->clock));
		p.m.body = bytes_str(bodies[i]);
		ask(&p.m, &a);
		assert_int_equal(a.kind, MESSAGE_ERROR);
		assert_int_equal(a.code, ERR_PARSE);
		assert_false(g.keeper->verifiers[0].ready);
		assert_ok(pipe_send(&g.judge, &ready, &err));
		pump();
		assert_true(g.keeper->verifiers[0].ready);
	}
}

/* A verifier that was taken over: what it may claim is bounded. */
static void
a_verifier_lies(void **state)
{
	struct hash256 nowhere = {{1, 2, 3}};
	uint8_t point[64] = {1};

	(void)state;
	g.judge_works = false;
	for (int i = 0; i < 4; i++) {
		CLEANUP(pod_done) struct pod p;
		struct message job = {0}, lie = {.kind = MESSAGE_CERT_RESULT}, a;
		bool has = false;
		CLEANUP(buf_done) struct buf spki = {0};
		struct err err;

		pod_make(&p, GUEST_WEB, guest_clock_now(&g.keeper->clock));
		assert_ok(pipe_send(&g.front, &p.m, &err));
		pump();
		assert_ok(pipe_fill(&g.judge, &err));
		do {
			assert_ok(pipe_next(&g.judge, &job, &has, &err));
			assert_true(has);
		} while (job.kind != MESSAGE_CHECK_CERT);
		key_spki(p.key, &spki);
		lie.id = job.id;
		lie.nonce = i == 0 ? nowhere : job.nonce;
		lie.policy = i == 1 ? nowhere : g.world->web;
		lie.key = i == 2 ? bytes_of(point, sizeof point)
		                 : bytes_sub(buf_view(&spki), spki.n - 64, spki.n);
		if (i == 3)
			lie.kind = MESSAGE_READY;
		assert_ok(pipe_send(&g.judge, &lie, &err));
		pump();
		assert_true(hear(&a));
		assert_int_equal(a.kind, MESSAGE_ERROR);
		if (i != 2)
			assert_refused(&a, i == 0   ? "E-KEEPER-009"
			                   : i == 1 ? "E-AUTHORITY-070"
			                            : "E-KEEPER-010");
	}
}

#define assert_answered(m)                                                                         \
	do {                                                                                       \
		if ((m)->kind != MESSAGE_ANSWER)                                                   \
			fail_msg("got %.*s", BYTES_ARG((m)->text));                                \
	} while (0)

/* The next message to a verifier that is its work; `lists` is the last LISTS before it. */
static void
next_job(struct message *job, struct buf *lists)
{
	bool has;
	struct err err;

	buf_reset(lists);
	pump();
	assert_ok(pipe_fill(&g.judge, &err));
	for (;;) {
		assert_ok(pipe_next(&g.judge, job, &has, &err));
		assert_true(has);
		if (job->kind == MESSAGE_LISTS)
			buf_bytes(lists, job->marks);
		if (job->kind == MESSAGE_CHECK_CERT)
			return;
	}
}

/* A pod asks, and the verifier answers that its evidence rested on these marks. */
static void
accepted_on(const struct mark *of, size_t n, struct buf *lists, struct message *answer)
{
	CLEANUP(pod_done) struct pod p;
	CLEANUP(buf_done) struct buf spki = {0}, wire = {0};
	struct message job, result = {.kind = MESSAGE_CERT_RESULT};
	struct err err;

	pod_make(&p, GUEST_WEB, guest_clock_now(&g.keeper->clock));
	assert_ok(pipe_send(&g.front, &p.m, &err));
	next_job(&job, lists);
	key_spki(p.key, &spki);
	marks_emit(of, n, &wire);
	result.id = job.id;
	result.nonce = job.nonce;
	result.policy = g.world->web;
	key_x25519_raw_public(p.kem, result.kem.b);
	result.key = bytes_sub(buf_view(&spki), spki.n - 64, spki.n);
	result.marks = buf_view(&wire);
	assert_ok(pipe_send(&g.judge, &result, &err));
	pump();
	assert_true(hear(answer));
}

/*
 * A host that staples an older TCB info than one that was accepted is refused; a list that was
 * accepted is given to every verifier, so that an older one hides nothing.
 */
static void
nothing_older_is_accepted(void **state)
{
	int64_t now = guest_clock_now(&g.keeper->clock);
	struct mark info = {.kind = MARK_TCB_INFO, .id = {{1}}, .number = 18, .issued = now - 9};
	struct mark list = {.kind = MARK_LIST,
	                    .id = {{2}},
	                    .number = 5,
	                    .issued = now - 9,
	                    .list = BYTES("newest")};
	struct mark both[] = {info, list};
	CLEANUP(buf_done) struct buf lists = {0}, want = {0}, kept = {0};
	struct message ready = {.kind = MESSAGE_READY}, a;
	char name[80], hex[65];
	struct err err;

	(void)state;
	g.judge_works = false;
	marks_emit(&list, 1, &want);
	accepted_on(both, 2, &lists, &a);
	assert_answered(&a);
	assert_int_equal(lists.n, 0);

	info.number = 17;
	info.issued = now; /* signed later: Intel publishes both for a while */
	accepted_on(&info, 1, &lists, &a);
	assert_refused(&a, "E-EVIDENCE-060");
	assert_bytes(buf_view(&lists), buf_view(&want));
	info.number = 18;
	info.issued = now - 99;
	accepted_on(&info, 1, &lists, &a);
	assert_answered(&a);
	assert_int_equal(lists.n, 0); /* it has them */

	/* Another process in its place is given them again; an older list takes nothing away. */
	assert_ok(pipe_send(&g.judge, &ready, &err));
	pump();
	list.number = 4;
	list.list = BYTES("older");
	accepted_on(&list, 1, &lists, &a);
	assert_answered(&a);
	assert_bytes(buf_view(&lists), buf_view(&want));

	/* They are in the store; a verifier that was taken over cannot use up the future. */
	snprintf(name, sizeof name, "marks-%s",
	         hash256_hex(authority_genesis(g.keeper->authority), hex));
	assert_ok(store_get_name(&g.store, name, MARKS_BYTES, &kept, &err));
	assert_true(bytes_find(buf_view(&kept), BYTES("newest"), 0) != SIZE_MAX);
	info.number = 99;
	info.issued = now + 2 * KEEPER_SKEW_ALARM_SECONDS;
	accepted_on(&info, 1, &lists, &a);
	assert_refused(&a, "E-KEEPER-009");
	info.number = 18;
	info.issued = now;
	accepted_on(&info, 1, &lists, &a);
	assert_answered(&a);
}

/* A real verifier: the list of its evidence reaches the keeper once, and comes back to it. */
static void
lists_make_the_round(void **state)
{
	const struct marks *kept = authority_marks(g.keeper->authority);

	(void)state;
	for (int i = 0; i < 2; i++) {
		CLEANUP(pod_done) struct pod p;
		struct message a;

		pod_make(&p, GUEST_WEB, guest_clock_now(&g.keeper->clock));
		ask(&p.m, &a);
		assert_int_equal(a.kind, MESSAGE_ANSWER);
		assert_int_equal(kept->n, 1);
		assert_int_equal(kept->items[0].kind, MARK_LIST);
		assert_int_equal(kept->version, 1);
	}
	assert_int_equal(g.verifier.known.n, 1);
	assert_bytes(g.verifier.known.items[0].list, kept->items[0].list);
}

/* Sessions that ask together share one report, and each gets its own way to the root. */
static void
evidence_is_batched(void **state)
{
	enum { N = 5 };
	struct hash256 servers[N];
	struct err err;

	(void)state;
	for (uint8_t i = 0; i < N; i++) {
		struct message m = {.kind = MESSAGE_ATTEST, .id = i + 1U, .code = i == 4 ? 2 : 1};

		m.nonce.b[0] = i;
		m.exporter.b[0] = (uint8_t)(i + 100);
		m.server_key.b[0] = (uint8_t)(i + 50);
		servers[i] = m.server_key;
		keeper_front_message(g.keeper, 0, &m);
	}
	pump();
	assert_int_equal(g.reports, 1);
	for (uint8_t i = 0; i < N; i++) {
		CLEANUP(arena_done) struct arena arena = {0};
		struct batch_proof proof = {0};
		uint8_t nonce[32] = {i}, exporter[32] = {(uint8_t)(i + 100)};
		struct document d;
		struct binding b;
		struct hash512 leaf, root;
		struct message a;

		assert_true(hear(&a));
		assert_int_equal(a.kind, MESSAGE_EVIDENCE);
		assert_int_equal(a.id, i + 1U);
		b = binding_attest(TEE_SNP, nonce, &servers[i], exporter, a.record);
		if (i == 4)
			b = binding_statement(TEE_SNP, nonce, a.record);
		leaf = binding_leaf(&b);
		proof.index = (uint16_t)a.number;
		proof.depth = (unsigned int)(a.path.n / SHA512_SIZE);
		mem_copy(proof.path, a.path.p, a.path.n);
		assert_ok(batch_proof_root(&proof, &leaf, &root, &err));
		assert_ok(document_parse(&arena, a.document, &d, &err));
		assert_memory_equal(d.evidence.p + 0x50, root.b, sizeof root.b);
	}
}

static void
limits(void **state)
{
	struct message a;

	(void)state;
	for (uint32_t i = 0; i <= KEEPER_MAX_LEAVES; i++)
		keeper_front_message(g.keeper, 0,
		                     &(struct message){.kind = MESSAGE_ATTEST,
		                                       .id = i + 1,
		                                       .code = 1});
	assert_true(hear(&a));
	assert_refused(&a, "E-KEEPER-003");
	assert_int_equal(a.id, KEEPER_MAX_LEAVES + 1);
	g.keeper->report.n_waiting = 0;
	g.keeper->verifiers[0].ready = false;
	for (uint32_t i = 0; i <= KEEPER_MAX_JOBS; i++)
		keeper_front_message(g.keeper, 0,
		                     &(struct message){.kind = MESSAGE_SET,
		                                       .id = i + 1,
		                                       .body = BYTES("{}")});
	assert_true(hear(&a));
	assert_refused(&a, "E-KEEPER-006");
	assert_int_equal(a.id, KEEPER_MAX_JOBS + 1);
}

/* A front that starts anew hears nothing that was meant for the one before it. */
static void
answers_of_an_earlier_front(void **state)
{
	struct message m = {.kind = MESSAGE_ATTEST, .id = 9, .code = 1}, a;

	(void)state;
	keeper_front_message(g.keeper, 0, &m);
	keeper_front_message(g.keeper, 0, &(struct message){.kind = MESSAGE_HELLO});
	pump();
	assert_false(hear(&a));
}

/* No direction accepts a row of another; every cut frame is refused. */
static void
table_of_messages(void **state)
{
	(void)state;
	for (int kind = 0; kind < MESSAGE_COUNT; kind++) {
		CLEANUP(buf_done) struct buf frame = {0};
		struct message m = {.kind = (enum message_kind)kind,
		                    .id = 5,
		                    .body = BYTES("body"),
		                    .record = BYTES("r"),
		                    .text = BYTES("t")};
		struct message back;
		int accepted = 0;
		struct err err;

		message_emit(&m, &frame);
		assert_true(buf_ok(&frame));
		for (int from = FRONT_TO_KEEPER; from <= VERIFIER_TO_KEEPER; from++) {
			struct bytes body = bytes_sub(buf_view(&frame), 4, frame.n);
			status s = message_parse((enum message_direction)from, body, &back, &err);

			if (is_ok(s)) {
				accepted++;
				assert_int_equal(back.kind, kind);
			} else {
				assert_string_equal(err.id, "E-MESSAGE-001");
			}
			for (size_t cut = 0; cut < body.n; cut++)
				assert_false(
				        is_ok(message_parse((enum message_direction)from,
				                            bytes_sub(body, 0, cut), &back, &err)));
		}
		assert_int_equal(accepted, 1);
	}
}

int
main(void)
{
#define STAGED(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	        STAGED(certificate_and_secret),
	        STAGED(a_front_swaps_things),
	        STAGED(nonces_end),
	        STAGED(who_gets_no_certificate),
	        STAGED(malformed_requests),
	        STAGED(a_verifier_lies),
	        STAGED(nothing_older_is_accepted),
	        STAGED(lists_make_the_round),
	        STAGED(evidence_is_batched),
	        STAGED(limits),
	        STAGED(answers_of_an_earlier_front),
	        cmocka_unit_test(table_of_messages),
	};

	return cmocka_run_group_tests(tests, NULL, end_world);
}
