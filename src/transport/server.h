/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.h: an HTTP/1.1 server on libevent's evhttp, plain or over a layer that
 * the caller supplies (TLS lives in channel/). One request at a time per
 * connection; an answer may come later from another event. Handshake, request
 * and answer have a deadline each for the whole of it, so a peer that sends a
 * byte now and then holds nothing (PROTOCOL section 11).
 */
#ifndef TRANSPORT_SERVER_H
#define TRANSPORT_SERVER_H

#include "base/buf.h"
#include "transport/http.h"

struct bufferevent;
struct event_base;
struct server;

/* A connection: valid until it is closed, never reused; 0 = none. */
typedef uint64_t server_conn;

/*
 * A security layer below HTTP. `mark` is the server's: the layer gives it to
 * server_layer_ready() when its handshake is done, and to server_layer_gone()
 * when the connection's memory goes, each once at most.
 */
struct server_layer {
	/* A bufferevent without a descriptor yet; NULL = cannot. */
	struct bufferevent *(*open)(void *ctx, struct event_base *base, void *mark);
	/* The mark of a bufferevent, NULL when it is not one of open(). */
	void *(*mark)(struct bufferevent *bev);
	/* What the caller's handlers get from server_conn_stream(). */
	void *(*stream)(struct bufferevent *bev);
};
void server_layer_ready(void *mark);
void server_layer_gone(void *mark);

struct server_request {
	const struct http_head *head;
	struct bytes body; /* both are borrowed: valid until the handler returns */
};

struct server_config {
	int listen_fd; /* listening, non-blocking; owned by the server from here on */
	const struct server_layer *layer; /* NULL = plain HTTP */
	void *layer_ctx;
	void *ctx;        /* for the handlers */
	size_t conn_data; /* zeroed bytes kept per connection, see server_conn_data() */
	unsigned int max_conns;
	size_t max_body; /* of a connection's requests, see server_conn_max_body() */
	unsigned int handshake_ms, request_ms, answer_ms;
	/* A whole request. Answer now or later with server_answer(), exactly once. */
	void (*handle)(struct server *s, server_conn c, const struct server_request *r, void *ctx);
};

/* ERR_IO E-SERVER-001. Listens from the next turn of the loop on. */
status server_new(struct event_base *base, const struct server_config *config, struct server **ret,
                  struct err *err);
void server_free(struct server *s);

/* The zeroed memory of a connection, or NULL when it is gone. */
void *server_conn_data(struct server *s, server_conn c);
/* The layer's stream, or NULL (gone, or plain). */
void *server_conn_stream(struct server *s, server_conn c);
/* From its next request on, this connection may send bodies of `max` bytes. */
void server_conn_max_body(struct server *s, server_conn c, size_t max);

struct server_answer {
	unsigned int status;
	const char *content_type;
	const struct http_field *fields;
	size_t n_fields;
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
