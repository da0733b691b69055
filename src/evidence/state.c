/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/state.h"

#include "base/rd.h"

#include <stdlib.h>

void
state_emit(const struct state_record *s, uint8_t to[STATE_RECORD_SIZE])
{
	CLEANUP(buf_done) struct buf out = {0};

	buf_u8(&out, STATE_VERSION);
	buf_u8(&out, (uint8_t)s->phase);
	buf_be64(&out, s->generation);
	buf_bytes(&out, hash256_view(&s->genesis));
	buf_bytes(&out, hash256_view(&s->head));
	buf_bytes(&out, hash256_view(&s->root_key));
	buf_bytes(&out, hash256_view(&s->mesh_key));
	buf_bytes(&out, hash256_view(&s->previous_mesh_key));
	buf_add(&out, s->kem, sizeof s->kem);
	buf_bytes(&out, hash256_view(&s->answer_key));
	buf_be64(&out, s->log_size);
	buf_bytes(&out, hash256_view(&s->log_root));
	buf_be64(&out, s->time);
	if (!buf_ok(&out) || out.n != STATE_RECORD_SIZE)
		abort();
	mem_copy(to, out.p, STATE_RECORD_SIZE);
}

static bool
zero(const struct hash256 *h)
{
	return bytes_all_zero(hash256_view(h));
}

/* What must and must not be zero in each phase. */
static bool
phase_fits(const struct state_record *s)
{
	bool no_state = s->generation == 0 && zero(&s->head) && zero(&s->mesh_key) &&
	                zero(&s->previous_mesh_key);
	bool no_root = zero(&s->genesis) && zero(&s->root_key);

	switch (s->phase) {
	case STATE_EMPTY:
		return no_state && !zero(&s->genesis) && !zero(&s->root_key);
	case STATE_RECOVERING:
		return no_state && no_root;
	case STATE_ACTIVE:
		return s->generation > 0 && !zero(&s->genesis) && !zero(&s->head) &&
		       !zero(&s->root_key) && !zero(&s->mesh_key);
	}
	return false;
}

status
state_parse(struct bytes b, struct state_record *ret, struct err *err)
{
	struct rd r = rd_init(b);
	struct state_record s = {0};
	uint8_t version = rd_u8(&r);
	uint8_t phase = rd_u8(&r);

	s.generation = rd_be64(&r);
	rd_copy(&r, s.genesis.b, sizeof s.genesis.b);
	rd_copy(&r, s.head.b, sizeof s.head.b);
	rd_copy(&r, s.root_key.b, sizeof s.root_key.b);
	rd_copy(&r, s.mesh_key.b, sizeof s.mesh_key.b);
	rd_copy(&r, s.previous_mesh_key.b, sizeof s.previous_mesh_key.b);
	rd_copy(&r, s.kem, sizeof s.kem);
	rd_copy(&r, s.answer_key.b, sizeof s.answer_key.b);
	s.log_size = rd_be64(&r);
	rd_copy(&r, s.log_root.b, sizeof s.log_root.b);
	s.time = rd_be64(&r);
	if (!rd_done(&r))
		return err_set(err, ERR_PARSE, "E-EVIDENCE-020",
		               "a state record of %zu bytes, not %d", b.n, STATE_RECORD_SIZE);
	if (version != STATE_VERSION || phase > STATE_ACTIVE)
		return err_set(err, ERR_PARSE, "E-EVIDENCE-020",
		               "a state record of version %u in phase %u", version, phase);
	s.phase = (enum state_phase)phase;
	if (!phase_fits(&s) || zero(&s.answer_key) ||
	    bytes_all_zero(bytes_of(s.kem, sizeof s.kem)) || s.time > INT64_MAX)
		return err_set(err, ERR_PARSE, "E-EVIDENCE-020",
		               "the state record does not fit its phase \"%s\"",
		               state_phase_name(s.phase));
	*ret = s;
	return OK;
}

const char *
state_phase_name(enum state_phase phase)
{
	switch (phase) {
	case STATE_EMPTY:
		return "empty";
	case STATE_RECOVERING:
		return "recovering";
	case STATE_ACTIVE:
		return "active";
	}
	return "unknown";
}
