/* SPDX-License-Identifier: Apache-2.0 */
#include "health.h"

#include "http.h"

#include <string.h>

static bool (*g_ready)(void);

static void
serve(struct conn *c)
{
	struct http h;

	if (!http_request(c, &h))
		return;
	if (strcmp(h.path, "/healthz") == 0)
		http_answer(c, 200, "text/plain", "ok\n");
	else if (strcmp(h.path, "/readyz") != 0)
		http_answer(c, 404, "text/plain", "not found\n");
	else if (g_ready())
		http_answer(c, 200, "text/plain", "ready\n");
	else
		http_answer(c, 503, "text/plain", "not ready\n");
}

void
health_door(const char *address, bool (*ready)(void))
{
	g_ready = ready;
	net_door(address, DOOR_PLAIN, serve);
}
