/* SPDX-License-Identifier: Apache-2.0 */
/* channel-seeds FILE: makes the corpus of fuzz_receipt.c anew, from a deployment in one process. */
#include "../../unit/channel/world.h"
#include "channel/receipt.h"

int
main(int argc, char **argv)
{
	struct world *w = world_new("receipt-seed");
	struct session_channel channel = {.exporter = {1}};
	struct buf body = {0}, text = {0};
	struct answer answer;
	struct receipt r;
	FILE *f;

	answer_make(w, w->authority, &w->store, GUEST_COORDINATOR, &channel, &answer);
	answer_write(&answer, &body);
	r = (struct receipt){w->now, channel, w->pins, buf_view(&w->manifest), buf_view(&body)};
	receipt_write(&r, &text);
	f = argc == 2 ? fopen(argv[1], "wb") : NULL;
	if (!f || fwrite(text.p, 1, text.n, f) != text.n || fclose(f) != 0) {
		fprintf(stderr, "channel-seeds: cannot write\n");
		return 1;
	}
	answer_done(&answer);
	buf_done(&body);
	buf_done(&text);
	world_free(w);
	return 0;
}
