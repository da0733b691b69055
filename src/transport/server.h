/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.h: an HTTP/1.1 server on a libevent loop, plain or over a byte stream
 * that the caller supplies (TLS lives in channel/). One request at a time per
 * connection; an answer may come later from another event. Every phase has a
 * deadline for the whole phase, so a peer that sends a byte now and then holds
 * nothing. An idle connection holds no buffers (PROTOCOL section 11).
 */
#ifndef TRANSPORT_SERVER_H
#define TRANSPORT_SERVER_H

#include "base/buf.h"
#include "transport/http.h"

#include <sys/types.h>

struct event_base;

enum stream_result {
	STREAM_DONE = 0,
	STREAM_WANT_READ = -1,
	STREAM_WANT_WRITE = -2,
	STREAM_END = -3,
	STREAM_FAILED = -4,
};

/* A byte stream over a connected, non-blocking socket. */
struct stream_ops {
	/* NULL = cannot. The stream does not own fd. */
	void *(*open)(void *ctx, int fd);
	enum stream_result (*handshake)(void *stream);
	/* Bytes moved (> 0) or a stream_result. */
	ssize_t (*read)(void *stream, void *to, size_t n);
	ssize_t (*write)(void *stream, const void *from, size_t n);
	/* Says goodbye without waiting, and releases. */
	void (*close)(void *stream);
};

struct server;

/* A connection: valid until it is closed, never reused; 0 = none. */
typedef uint64_t server_conn;

struct server_request {
	const struct http_head *head;
	struct bytes body; /* borrowed: valid until the handler returns */
};

struct server_config {
	int listen_fd; /* listening, non-blocking; owned by the server from here on */
	const struct stream_ops *stream; /* NULL = plain HTTP */
	void *stream_ctx;
	void *ctx; /* for the three calls below */
	size_t conn_data; /* zeroed bytes kept per connection, see server_conn_data() */
	unsigned int max_conns;
	unsigned int handshake_ms, head_ms, body_ms, idle_ms, answer_ms;

	/* Bytes that the body of this request may have; asked before any of it is read. */
	size_t (*body_limit)(struct server *s, server_conn c, const struct http_head *h, void *ctx);
	/* A whole request. Answer now or later with server_answer(), exactly once. */
	void (*handle)(struct server *s, server_conn c, const struct server_request *r, void *ctx);
	/* The connection is gone (NULL = not interested); its data is still readable. */
	void (*gone)(struct server *s, server_conn c, void *ctx);
};

/* ERR_IO E-SERVER-001. Listens from the next turn of the loop on. */
status server_new(struct event_base *base, const struct server_config *config,
                  struct server **ret, struct err *err);
void server_free(struct server *s);

/* The zeroed memory of a connection, or NULL when it is gone. */
void *server_conn_data(struct server *s, server_conn c);
/* What stream->open returned, or NULL (gone, or plain). */
void *server_conn_stream(struct server *s, server_conn c);

struct server_answer {
	unsigned int status;
	struct bytes content_type; /* empty with an empty body */
	struct bytes extra;        /* header lines ended by CRLF */
	struct bytes body;
	bool close; /* end the connection after this answer */
};

/* Copies what it needs. Does nothing when the connection is gone or waits for no answer. */
void server_answer(struct server *s, server_conn c, const struct server_answer *a);

unsigned int server_conn_count(const struct server *s);

/* Listening TCP socket: "host:port", "[v6]:port" or ":port"; numeric hosts only.
 * `shared` sets SO_REUSEPORT, so that several processes may share the port. */
status server_listen(const char *address, bool shared, int *ret, struct err *err);

#endif
