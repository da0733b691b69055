/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/coordinator/front.h"

#include "base/log.h"

#include <event2/event.h>
#include <sys/resource.h>

static void
leave(struct front *f, const struct err *err)
{
	log_err(LOG_ERROR, "the front ends", err);
	event_base_loopbreak(f->base);
}

static void
watch_output(struct front *f)
{
	if (pipe_backlog(&f->keeper) > 0)
		event_add(f->keeper_write, NULL);
}

bool
front_send(struct front *f, const struct message *m)
{
	struct err err;
	status s = pipe_send(&f->keeper, m, &err);

	if (is_ok(s)) {
		watch_output(f);
		return true;
	}
	if (s.cls == ERR_UNREACHABLE)
		leave(f, &err);
	return false;
}

static void
on_keeper_write(evutil_socket_t fd, short what, void *arg)
{
	struct front *f = arg;
	struct err err;

	(void)fd;
	(void)what;
	if (!is_ok(pipe_flush(&f->keeper, &err)))
		leave(f, &err);
	else
		watch_output(f);
}

static status
read_keeper(struct front *f, struct err *err)
{
	struct message m;
	bool has;

	TRY(pipe_fill(&f->keeper, err));
	for (;;) {
		TRY(pipe_next(&f->keeper, &m, &has, err));
		if (!has)
			return OK;
		front_keeper_message(f, &m);
	}
}

static void
on_keeper_read(evutil_socket_t fd, short what, void *arg)
{
	struct front *f = arg;
	struct err err;

	(void)fd;
	(void)what;
	if (!is_ok(read_keeper(f, &err)))
		leave(f, &err);
}

static void
no_log(int severity, const char *text)
{
	(void)severity;
	(void)text;
}

/* Connections that each of two ports may have, so that descriptors never run out. */
static unsigned int
allowed_conns(void)
{
	struct rlimit files = {0, 0};

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return FRONT_MIN_CONNS;
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur / 2 <= FRONT_SPARE_FILES + FRONT_MIN_CONNS)
		return FRONT_MIN_CONNS;
	return (unsigned int)MIN((rlim_t)FRONT_MAX_CONNS, files.rlim_cur / 2 - FRONT_SPARE_FILES);
}

static status
open_listener(struct front *f, struct front_listener *l, unsigned int max_conns, struct err *err)
{
	bool health = l->port == PORT_HEALTH;
	struct server_config config = {
	        .listen_fd = l->fd,
	        .layer = health ? NULL : &tls_layer,
	        .layer_ctx = f->tls,
	        .ctx = l,
	        .conn_data = sizeof(struct front_conn),
	        .max_conns = health ? FRONT_MAX_PROBES : max_conns,
	        .max_body = health ? 0 : FRONT_BODY_MAX,
	        .handshake_ms = FRONT_HANDSHAKE_MS,
	        .request_ms = FRONT_REQUEST_MS,
	        .answer_ms = FRONT_ANSWER_MS,
	        .handle = health ? health_handle : front_handle,
	};

	l->front = f;
	return server_new(f->base, &config, &l->server, err);
}

status
front_open(struct front *f, struct err *err)
{
	struct event_config *config = event_config_new();
	unsigned int max_conns = allowed_conns();

	/* Peers cause its warnings; what matters is counted and logged by us. */
	event_set_log_callback(no_log);

	/* No pipe of its own for signals, and nothing from the environment. */
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
	f->base = event_base_new_with_config(config);
	event_config_free(config);
	if (!f->base)
		return err_set(err, ERR_IO, "E-FRONT-013", "cannot make an event loop");
	f->keeper_read = event_new(f->base, f->keeper.fd, EV_READ | EV_PERSIST, on_keeper_read, f);
	f->keeper_write = event_new(f->base, f->keeper.fd, EV_WRITE, on_keeper_write, f);
	event_add(f->keeper_read, NULL);
	for (size_t i = 0; i < f->n_listeners; i++)
		TRY(open_listener(f, &f->listeners[i], max_conns, err));
	return OK;
}

static void
close_loop(struct front *f)
{
	for (size_t i = 0; i < f->n_listeners; i++)
		server_free(f->listeners[i].server);
	if (f->keeper_read)
		event_free(f->keeper_read);
	if (f->keeper_write)
		event_free(f->keeper_write);
	if (f->base)
		event_base_free(f->base);
	buf_done(&f->history.members);
	log_tree_done(&f->log);
}

void
front_run(struct front *f)
{
	if (front_send(f, &(struct message){.kind = MESSAGE_HELLO}))
		event_base_dispatch(f->base);
	close_loop(f);
}
