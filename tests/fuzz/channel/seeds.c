/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel-seeds DIR: makes the corpus of fuzz_receipt.c anew, from a deployment in one process: a
 * receipt, and one whose Coordinator had no revocation list at hand.
 */
#include "../../unit/channel/world.h"
#include "channel/receipt.h"

static bool
write_seed(const char *dir, const char *name, const struct receipt *r)
{
	CLEANUP(buf_done) struct buf text = {0};
	char path[4096];
	struct err err;

	receipt_write(r, &text);
	snprintf(path, sizeof path, "%s/%s", dir, name);
	return is_ok(file_write(path, buf_view(&text), 0644, &err));
}

int
main(int argc, char **argv)
{
	CLEANUP(arena_done) struct arena arena = {0};
	struct world *w = world_new("receipt-seed");
	struct session_channel channel = {.exporter = {1}};
	struct buf body = {0}, bare = {0};
	struct answer answer;
	struct receipt r, completed;
	struct err err;
	bool ok;

	answer_make(w, w->authority, &w->store, GUEST_COORDINATOR, &channel, &answer);
	answer_write(&answer, &body);
	r = (struct receipt){.time = w->now,
	                     .channel = channel,
	                     .pins = w->pins,
	                     .manifest = buf_view(&w->manifest),
	                     .answer = buf_view(&body)};
	completed = r;
	completed.completed = true;
	assert_ok(document_parse(&arena, buf_view(&answer.document), &completed.document, &err));
	answer_without_lists(&answer);
	answer_write(&answer, &bare);
	completed.answer = buf_view(&bare);
	ok = argc == 2 && write_seed(argv[1], "software.json", &r) &&
	     write_seed(argv[1], "completed.json", &completed);
	if (!ok)
		fprintf(stderr, "channel-seeds: cannot write\n");
	answer_done(&answer);
	buf_done(&body);
	buf_done(&bare);
	world_free(w);
	return ok ? 0 : 1;
}
