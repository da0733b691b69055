/* SPDX-License-Identifier: Apache-2.0 */
/* DNS for pods: A records from the plan; the wire format is libevent's business. */
#include "node/net.h"

#include "base/buf.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TTL = 2, MAX_ANSWERS = 24, NAME_SIZE = 256, DNS_NOTIMPL = 4, DNS_NXDOMAIN = 3 };

static bool
matches(struct bytes name, const char *question)
{
	size_t n = strlen(question);

	if (n > 0 && question[n - 1] == '.')
		n--;
	if (n != name.n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (tolower((unsigned char)question[i]) != name.p[i])
			return false;
	}
	return true;
}

/* Is the name known at all, and which of its addresses count now? */
static bool
look_up(const struct net_state *s, const char *question, uint32_t *found, size_t *n)
{
	bool known = false;

	*n = 0;
	for (size_t i = 0; i < s->plan->n_names; i++) {
		const struct net_name *name = &s->plan->names[i];

		if (!matches(name->name, question))
			continue;
		known = true;
		if ((name->pod < 0 || s->ready[name->pod]) && *n < MAX_ANSWERS)
			found[(*n)++] = htonl(name->address);
	}
	return known;
}

static void
on_request(struct evdns_server_request *req, void *arg)
{
	const struct net_state *s = arg;
	uint32_t found[MAX_ANSWERS];
	int code = 0;

	for (int i = 0; i < req->nquestions; i++) {
		const struct evdns_server_question *q = req->questions[i];
		size_t n;

		if (q->dns_question_class != EVDNS_CLASS_INET) {
			code = DNS_NOTIMPL;
			continue;
		}
		if (!look_up(s, q->name, found, &n))
			code = DNS_NXDOMAIN;
		/* One record each: libevent would put several addresses into one. */
		for (size_t k = 0; code == 0 && q->type == EVDNS_TYPE_A && k < n; k++)
			evdns_server_request_add_a_reply(req, q->name, 1, &found[k], TTL);
	}
	evdns_server_request_respond(req, code);
}

status
net_dns_serve(struct net_state *s, struct err *err)
{
	const struct sockaddr_in at = {
	        .sin_family = AF_INET,
	        .sin_port = htons(53),
	        .sin_addr.s_addr = htonl(s->plan->gateway),
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) != 0)
		return err_set_errno(err, ERR_IO, "E-NODE-061", "cannot serve DNS to the pods");
	if (!evdns_add_server_port_with_base(s->base, fd, 0, on_request, s))
		return err_set(err, ERR_IO, "E-NODE-061", "cannot serve DNS to the pods");
	return OK;
}
