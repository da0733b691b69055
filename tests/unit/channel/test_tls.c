/* SPDX-License-Identifier: Apache-2.0 */
/* Server and client over loopback: TLS rules, HTTP, limits and deadlines. */
#include "base/clock.h"
#include "channel/client.h"
#include "unit.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SMALL_BODY = 64, LARGE_BODY = 200000 };

struct fixture {
	struct event_base *base;
	struct server *server;
	struct tls_server *tls;
	pthread_t thread;
	atomic_bool stop;
	char address[32];
	server_conn late;
};

static void
answer_exporter(struct server *s, server_conn c)
{
	static const uint8_t nonce[32] = {7};
	uint8_t exporter[32] = {0};

	assert_true(tls_exporter(server_conn_stream(s, c), BYTES("attest"), TLS_SERVER, nonce,
	                         exporter));
	server_answer(s, c,
	              &(struct server_answer){.status = 200,
	                                      .content_type = "x/y",
	                                      .body = bytes_of(exporter, 32)});
}

static void
handle(struct server *s, server_conn c, const struct server_request *r, void *ctx)
{
	struct fixture *f = ctx;

	if (bytes_is(r->head->path, "/exporter")) {
		answer_exporter(s, c);
	} else if (bytes_is(r->head->path, "/never")) {
		f->late = c;
	} else {
		static const struct http_field signature = {"Contrast-Signature", "AQI="};
		unsigned int *count = server_conn_data(s, c);
		struct server_answer a = {.status = 200,
		                          .content_type = "text/plain",
		                          .fields = &signature,
		                          .n_fields = 1,
		                          .body = r->body,
		                          .close = bytes_is(r->head->path, "/close")};

		(*count)++;
		if (bytes_is(r->head->path, "/count"))
			a.body = bytes_of(count, sizeof *count);
		if (bytes_is(r->head->path, "/more"))
			server_conn_max_body(s, c, LARGE_BODY);
		server_answer(s, c, &a);
	}
}

static void *
loop(void *arg)
{
	struct fixture *f = arg;

	while (!atomic_load(&f->stop)) {
		struct timeval tv = {.tv_usec = 20000};

		event_base_loopexit(f->base, &tv);
		event_base_dispatch(f->base);
	}
	return NULL;
}

static int
setup(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	struct server_config config = {
	        .layer = &tls_layer,
	        .ctx = f,
	        .conn_data = sizeof(unsigned int),
	        .max_conns = 4,
	        .max_body = SMALL_BODY,
	        .handshake_ms = 300,
	        .request_ms = 600,
	        .answer_ms = 600,
	        .handle = handle,
	};
	struct sockaddr_in6 name;
	socklen_t n = sizeof name;
	struct err err;

	assert_ok(tls_server_new(&f->tls, &err));
	assert_ok(server_listen("127.0.0.1:0", false, &config.listen_fd, &err));
	assert_int_equal(getsockname(config.listen_fd, (struct sockaddr *)&name, &n), 0);
	snprintf(f->address, sizeof f->address, "127.0.0.1:%u", ntohs(name.sin6_port));
	config.layer_ctx = f->tls;
	f->base = event_base_new();
	assert_ok(server_new(f->base, &config, &f->server, &err));
	assert_int_equal(pthread_create(&f->thread, NULL, loop, f), 0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	atomic_store(&f->stop, true);
	pthread_join(f->thread, NULL);
	server_free(f->server);
	event_base_free(f->base);
	tls_server_free(f->tls);
	mem_free(f);
	return 0;
}

static void
both_ends_agree(void **state)
{
	struct fixture *f = *state;
	CLEANUP(tls_client_drop) struct tls_client *tls = NULL;
	static const uint8_t nonce[32] = {7}, other[32] = {8};
	uint8_t mine[2][32], wrong[32];
	struct hash256 key = tls_server_key_id(f->tls), seen;
	struct err err;

	assert_ok(tls_client_new(&tls, &err));
	for (int i = 0; i < 2; i++) {
		CLEANUP(client_drop) struct client *c = NULL;
		CLEANUP(client_answer_done) struct client_answer a = {0};

		assert_ok(client_open(tls, f->address, 2000, &c, &err));
		seen = client_peer_key_id(c);
		assert_memory_equal(seen.b, key.b, 32);
		assert_ok(client_call(c, "GET", "/exporter", NULL, 0, (struct bytes){0}, 100, 2000,
		                      &a, &err));
		assert_true(client_exporter(c, BYTES("attest"), TLS_SERVER, nonce, mine[i]));
		assert_bytes(buf_view(&a.body), bytes_of(mine[i], 32));
		assert_true(client_exporter(c, BYTES("attest"), TLS_CLIENT, nonce, wrong));
		assert_memory_not_equal(mine[i], wrong, 32);
		assert_true(client_exporter(c, BYTES("peer"), TLS_SERVER, nonce, wrong));
		assert_memory_not_equal(mine[i], wrong, 32);
		assert_true(client_exporter(c, BYTES("attest"), TLS_SERVER, other, wrong));
		assert_memory_not_equal(mine[i], wrong, 32);
	}
	assert_memory_not_equal(mine[0], mine[1], 32);
}

static void
answers_in_order(void **state)
{
	struct fixture *f = *state;
	CLEANUP(tls_client_drop) struct tls_client *tls = NULL;
	CLEANUP(client_drop) struct client *c = NULL;
	struct err err;

	assert_ok(tls_client_new(&tls, &err));
	assert_ok(client_open(tls, f->address, 2000, &c, &err));
	/* The first request was the one that opened the connection. */
	for (unsigned int i = 2; i <= 4; i++) {
		CLEANUP(client_answer_done) struct client_answer a = {0};

		assert_ok(client_call(c, "GET", "/count", NULL, 0, (struct bytes){0}, 100, 2000, &a,
		                      &err));
		assert_bytes(buf_view(&a.body), bytes_of(&i, sizeof i));
		assert_bytes(buf_view(&a.signature), BYTES("\1\2"));
	}
}

static void
body_limits(void **state)
{
	static const struct {
		bool raised; /* the connection did what allows more */
		size_t n;
		unsigned int status;
	} rows[] = {
	        {false, SMALL_BODY, 200},    {false, SMALL_BODY + 1, 413},
	        {true, SMALL_BODY + 1, 200}, {true, LARGE_BODY, 200},
	        {true, LARGE_BODY + 1, 413}, {false, LARGE_BODY * 10, 413},
	};
	struct fixture *f = *state;
	CLEANUP(tls_client_drop) struct tls_client *tls = NULL;
	struct err err;

	assert_ok(tls_client_new(&tls, &err));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(client_drop) struct client *c = NULL;
		CLEANUP(client_answer_done) struct client_answer a = {0}, more = {0};
		CLEANUP(buf_done) struct buf body = {0};

		buf_zeros(&body, rows[i].n);
		assert_ok(client_open(tls, f->address, 2000, &c, &err));
		if (rows[i].raised)
			assert_ok(client_call(c, "GET", "/more", NULL, 0, (struct bytes){0}, 100,
			                      2000, &more, &err));
		assert_ok(client_call(c, "POST", "/echo", NULL, 0, buf_view(&body), LARGE_BODY,
		                      2000, &a, &err));
		assert_int_equal(a.status, rows[i].status);
		if (a.status == 200)
			assert_int_equal(a.body.n, rows[i].n);
		else
			assert_fails(client_expect_ok(&a, &err), "E-CHANNEL-007");
	}
}

static void
client_limits(void **state)
{
	struct fixture *f = *state;
	CLEANUP(tls_client_drop) struct tls_client *tls = NULL;
	CLEANUP(client_drop) struct client *c = NULL;
	CLEANUP(client_answer_done) struct client_answer a = {0};
	struct err err;

	assert_ok(tls_client_new(&tls, &err));
	assert_ok(client_open(tls, f->address, 2000, &c, &err));
	assert_fails(client_call(c, "POST", "/small", NULL, 0, BYTES("abc"), 2, 2000, &a, &err),
	             "E-CHANNEL-006");
	/* A failed call ends the connection for good. */
	assert_fails(client_call(c, "POST", "/small", NULL, 0, BYTES("abc"), 3, 2000, &a, &err),
	             "E-CHANNEL-005");
}

static void
no_silent_reconnect(void **state)
{
	struct fixture *f = *state;
	CLEANUP(tls_client_drop) struct tls_client *tls = NULL;
	CLEANUP(client_drop) struct client *c = NULL;
	CLEANUP(client_answer_done) struct client_answer a = {0}, b = {0};
	struct err err;

	assert_ok(tls_client_new(&tls, &err));
	assert_ok(client_open(tls, f->address, 2000, &c, &err));
	assert_ok(client_call(c, "GET", "/close", NULL, 0, (struct bytes){0}, 10, 2000, &a, &err));
	assert_fails(client_call(c, "GET", "/close", NULL, 0, (struct bytes){0}, 10, 2000, &b,
	                         &err),
	             "E-CHANNEL-005");
}

static void
deadlines_of_the_client(void **state)
{
	struct fixture *f = *state;
	CLEANUP(tls_client_drop) struct tls_client *tls = NULL;
	CLEANUP(client_drop) struct client *c = NULL;
	CLEANUP(client_answer_done) struct client_answer a = {0};
	uint64_t begin = clock_mono_ns();
	struct err err;

	assert_ok(tls_client_new(&tls, &err));
	assert_ok(client_open(tls, f->address, 2000, &c, &err));
	assert_fails(client_call(c, "GET", "/never", NULL, 0, (struct bytes){0}, 10, 200, &a, &err),
	             "E-CHANNEL-005");
	assert_true(clock_mono_ns() - begin < 1500000000);
	assert_fails(client_open(tls, "nothing", 100, &c, &err), "E-CHANNEL-001");
	assert_fails(client_open(tls, "127.0.0.1:1", 1000, &c, &err), "E-CHANNEL-003");
}

/* Nanoseconds until the server ends a connection on which this much was sent. */
static uint64_t
time_to_end(const char *address, const char *text, bool drip)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	                         .sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1))};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	uint64_t begin = clock_mono_ns();
	struct timeval tv = {.tv_usec = 100000};
	char c;

	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
	for (int i = 0; i < 50; i++) {
		ssize_t n = recv(fd, &c, 1, 0);

		if (n == 0 || (n < 0 && errno != EAGAIN))
			break;
		if (drip)
			(void)!send(fd, "\x16", 1, MSG_NOSIGNAL);
	}
	close(fd);
	return clock_mono_ns() - begin;
}

static void
deadlines_of_the_server(void **state)
{
	struct fixture *f = *state;
	uint64_t silent = time_to_end(f->address, "", false);

	assert_in_range(silent, 250000000, 1500000000);
	/* Bytes now and then buy no time. */
	assert_in_range(time_to_end(f->address, "\x16\x03\x01\x02", true), 0, 1500000000);
	assert_in_range(time_to_end(f->address, "GET / HTTP/1.1\r\n\r\n", false), 0, 1500000000);
}

static void
connection_limit(void **state)
{
	struct fixture *f = *state;
	CLEANUP(tls_client_drop) struct tls_client *tls = NULL;
	struct client *c[5] = {NULL};
	struct err err;

	assert_ok(tls_client_new(&tls, &err));
	for (int i = 0; i < 4; i++)
		assert_ok(client_open(tls, f->address, 2000, &c[i], &err));
	assert_fails(client_open(tls, f->address, 200, &c[4], &err), "E-CHANNEL-004");
	client_drop(&c[0]);
	assert_ok(client_open(tls, f->address, 2000, &c[4], &err));
	for (int i = 1; i < 5; i++)
		client_drop(&c[i]);
}

/* A peer that wants an older version, another kind of signature, or to resume, gets nothing. */
static void
only_tls13_without_resumption(void **state)
{
	struct fixture *f = *state;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct sockaddr_in to = {.sin_family = AF_INET,
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	                         .sin_port = htons((uint16_t)atoi(strrchr(f->address, ':') + 1))};

	for (int i = 0; i < 2; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		SSL *ssl = SSL_new(ctx);

		assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
		SSL_set_fd(ssl, fd);
		if (i == 0)
			SSL_set_max_proto_version(ssl, TLS1_2_VERSION);
		assert_int_equal(SSL_connect(ssl) == 1, i == 1);
		if (i == 1) {
			char byte;

			/* A ticket would arrive with the first bytes of an answer. */
			assert_int_equal(SSL_write(ssl, "GET /close HTTP/1.0\r\n\r\n", 23), 23);
			while (SSL_read(ssl, &byte, 1) == 1)
				;
			assert_false(SSL_SESSION_is_resumable(SSL_get0_session(ssl)));
			assert_int_equal(SSL_SESSION_has_ticket(SSL_get0_session(ssl)), 0);
		}
		SSL_free(ssl);
		close(fd);
	}
	SSL_CTX_free(ctx);
}

int
main(void)
{
#define WITH_SERVER(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	        WITH_SERVER(both_ends_agree),
	        WITH_SERVER(answers_in_order),
	        WITH_SERVER(body_limits),
	        WITH_SERVER(client_limits),
	        WITH_SERVER(no_silent_reconnect),
	        WITH_SERVER(deadlines_of_the_client),
	        WITH_SERVER(deadlines_of_the_server),
	        WITH_SERVER(connection_limit),
	        WITH_SERVER(only_tls13_without_resumption),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
