/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaches: what the keeper does with messages of a front (first byte 0) and of
 * a verifier that has a certificate (1) or a set request (2) in work. Whatever
 * they say, an empty keeper stays empty: nothing here is signed by an owner.
 */
#include "cmd/coordinator/keeper.h"

#include <stdlib.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct keeper *g_keeper;
static struct store g_store;
static int g_far[3];

static void
make_keeper(void)
{
	struct authority_options o = {0};
	struct pins pins = {.n_keys = 1};
	struct hash256 key = {{1}};
	int ends[3][2];
	struct err err;

	pins.keys[0] = key;
	for (int i = 0; i < 3; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends[i]) != 0)
			abort();
		g_far[i] = ends[i][1];
	}
	g_keeper = mem_new(struct keeper);
	keeper_init(g_keeper, &pins, &ends[0][0], 1, &ends[1][0], 1, ends[2][0], 0);
	g_keeper->tee = TEE_SNP;
	store_mem_open(&g_store);
	o.pins = pins;
	o.store = g_store;
	if (!is_ok(authority_new(&o, 1795506000, &g_keeper->authority, &err)))
		abort();
}

static void
hang_job(enum message_kind kind, uint64_t id)
{
	struct keeper_verifier *v = &g_keeper->verifiers[0];

	if (v->job)
		return;
	v->job = mem_new(struct keeper_job);
	v->job->kind = kind;
	v->job->caller = (struct keeper_caller){0, g_keeper->fronts[0].epoch, id};
}

static void
drain(void)
{
	uint8_t waste[8192];
	struct err err;

	for (int i = 0; i < 2; i++)
		do
			(void)(i == 0 ? pipe_flush(&g_keeper->fronts[0].pipe, &err)
			              : pipe_flush(&g_keeper->verifiers[0].pipe, &err));
		while (recv(g_far[i], waste, sizeof waste, MSG_DONTWAIT) > 0);
	g_keeper->report.n_waiting = 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool front = size > 0 && data[0] == 0;
	struct message m;
	struct err err;

	if (!g_keeper)
		make_keeper();
	if (size == 0 || !is_ok(message_parse(front ? FRONT_TO_KEEPER : VERIFIER_TO_KEEPER,
	                                      bytes_of(data + 1, size - 1), &m, &err)))
		return 0;
	if (front) {
		keeper_front_message(g_keeper, 0, &m);
	} else {
		hang_job(data[0] == 1 ? MESSAGE_CERT : MESSAGE_SET, m.id);
		keeper_verifier_message(g_keeper, 0, &m);
	}
	drain();
	if (authority_generation(g_keeper->authority) != 0 ||
	    authority_is_active(g_keeper->authority))
		abort();
	return 0;
}
