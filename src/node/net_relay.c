/* SPDX-License-Identifier: Apache-2.0 */
/* TCP from a Service's address, or the host's loopback, to a pod. TLS passes through unseen. */
#include "node/net.h"

#include "base/base.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECT_SECONDS = 10, BUFFERED = 256 * 1024 };

struct service_port {
	struct net_state *state;
	const struct net_port *port;
	size_t next; /* round robin */
};

/* Two ends; each names the other. */
struct flow {
	struct bufferevent *end[2];
	bool eof[2];    /* nothing more comes from this end */
	bool connected; /* end 1 */
};

static void
flow_free(struct flow *f)
{
	for (int i = 0; i < 2; i++) {
		if (f->end[i])
			bufferevent_free(f->end[i]);
	}
	mem_free(f);
}

static int
side_of(const struct flow *f, const struct bufferevent *bev)
{
	return f->end[0] == bev ? 0 : 1;
}

/* The far end may stop reading: then the near end has to wait. */
static void
on_read(struct bufferevent *from, void *arg)
{
	struct flow *f = arg;
	struct bufferevent *to = f->end[1 - side_of(f, from)];
	struct evbuffer *out = bufferevent_get_output(to);

	evbuffer_add_buffer(out, bufferevent_get_input(from));
	if (evbuffer_get_length(out) >= BUFFERED)
		bufferevent_disable(from, EV_READ);
}

static void
on_written(struct bufferevent *to, void *arg)
{
	struct flow *f = arg;
	int side = side_of(f, to);
	int other = 1 - side;

	if (!f->eof[other]) {
		bufferevent_enable(f->end[other], EV_READ);
		return;
	}
	if (evbuffer_get_length(bufferevent_get_output(to)) > 0)
		return;
	/* All that came from the other end is out: say so, and go when both did. */
	shutdown(bufferevent_getfd(to), SHUT_WR);
	if (f->eof[side] && evbuffer_get_length(bufferevent_get_output(f->end[other])) == 0)
		flow_free(f);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct flow *f = arg;
	int side = side_of(f, bev);

	if (what & BEV_EVENT_CONNECTED) {
		f->connected = true;
		bufferevent_set_timeouts(bev, NULL, NULL);
		bufferevent_enable(f->end[0], EV_READ);
		return;
	}
	if (!(what & BEV_EVENT_EOF) || (what & BEV_EVENT_ERROR)) {
		flow_free(f);
		return;
	}
	f->eof[side] = true;
	bufferevent_disable(bev, EV_READ);
	on_read(bev, f);
	on_written(f->end[1 - side], f);
}

static const struct net_target *
choose(struct service_port *p)
{
	const struct net_port *port = p->port;

	for (size_t i = 0; i < port->n_targets; i++) {
		const struct net_target *t = &port->targets[p->next++ % port->n_targets];

		if (port->any_state ? p->state->running[t->pod] : p->state->ready[t->pod])
			return t;
	}
	return NULL;
}

static void
refuse(evutil_socket_t fd)
{
	const struct linger now = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(fd);
}

static bool
connect_to(struct flow *f, struct event_base *base, const struct net_target *t)
{
	const struct timeval limit = {.tv_sec = CONNECT_SECONDS};
	struct sockaddr_in to = {
	        .sin_family = AF_INET,
	        .sin_port = htons(t->port),
	        .sin_addr.s_addr = htonl(t->address),
	};

	f->end[1] = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (!f->end[1])
		return false;
	bufferevent_setcb(f->end[1], on_read, on_written, on_event, f);
	bufferevent_setwatermark(f->end[1], EV_WRITE, BUFFERED / 4, 0);
	bufferevent_set_timeouts(f->end[1], &limit, &limit);
	bufferevent_enable(f->end[1], EV_READ | EV_WRITE);
	return bufferevent_socket_connect(f->end[1], (struct sockaddr *)&to, sizeof to) == 0;
}

static void
on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *from, int n, void *arg)
{
	struct service_port *p = arg;
	const struct net_target *t = choose(p);
	const int one = 1;
	struct flow *f;

	(void)l;
	(void)from;
	(void)n;
	if (!t) {
		refuse(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	f = mem_new(struct flow);
	f->end[0] = bufferevent_socket_new(p->state->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!f->end[0]) {
		close(fd);
		mem_free(f);
		return;
	}
	bufferevent_setcb(f->end[0], on_read, on_written, on_event, f);
	bufferevent_setwatermark(f->end[0], EV_WRITE, BUFFERED / 4, 0);
	bufferevent_enable(f->end[0], EV_WRITE);
	if (!connect_to(f, p->state->base, t))
		flow_free(f);
}

status
net_relay_serve(struct net_state *s, const struct net_port *port, int listener, struct err *err)
{
	struct service_port *p = mem_new(struct service_port);

	p->state = s;
	p->port = port;
	evutil_make_socket_nonblocking(listener);
	if (!evconnlistener_new(s->base, on_accept, p,
	                        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, -1, listener))
		return err_set(err, ERR_IO, "E-NODE-062", "cannot take connections of a Service");
	return OK;
}
