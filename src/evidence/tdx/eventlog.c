/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/tdx/eventlog.h"

#include "base/rd.h"

enum {
	ALG_SHA1 = 0x04,
	ALG_SHA256 = 0x0b,
	ALG_SHA384 = 0x0c,
	ALG_SHA512 = 0x0d,
	ALG_SM3 = 0x12,
	EV_NO_ACTION = 3,
	EV_IPL = 13,
	FIRST_EVENT_HEAD = 32, /* index, type, a SHA-1 digest, size of the data */
	NO_REGISTER = 0xffffffff,
};

static size_t
digest_size(uint16_t alg)
{
	switch (alg) {
	case ALG_SHA1:
		return 20;
	case ALG_SHA256:
	case ALG_SM3:
		return 32;
	case ALG_SHA384:
		return SHA384_SIZE;
	case ALG_SHA512:
		return SHA512_SIZE;
	default:
		return 0;
	}
}

static status
malformed(const struct tdx_eventlog *log, const struct rd *r, struct bytes whole, const char *what,
          struct err *err)
{
	return err_set(err, ERR_PARSE, "E-TDX-020", "event %zu, byte %zu: %s", log->n,
	               (size_t)(r->p - whole.p), what);
}

/* The first event has the form of TCG 1.2 and names the algorithms of the others. */
static status
skip_head(struct rd *r, struct bytes whole, struct err *err)
{
	static const uint8_t signature[] = "Spec ID Event03";
	struct bytes data;
	struct tdx_eventlog none = {0};

	rd_skip(r, 4);
	if (rd_le32(r) != EV_NO_ACTION || !rd_ok(r))
		return malformed(&none, r, whole, "an event log starts with EV_NO_ACTION", err);
	rd_skip(r, 20);
	data = rd_bytes(r, rd_le32(r));
	if (!rd_ok(r) || !bytes_starts(data, bytes_of(signature, sizeof signature)))
		return malformed(&none, r, whole, "an event log starts with \"Spec ID Event03\"",
		                 err);
	return OK;
}

/* The digest of SHA-384 among those of one event; an event has each algorithm once. */
static status
read_digests(struct rd *r, uint32_t n, struct tdx_eventlog *log, struct tdx_event *e,
             struct bytes whole, struct err *err)
{
	if (n > TDX_EVENT_DIGESTS_MAX)
		return malformed(log, r, whole, "more than 8 digests", err);
	for (uint32_t i = 0; i < n; i++) {
		uint16_t alg = rd_le16(r);
		size_t size = digest_size(alg);
		struct bytes digest = rd_bytes(r, size);

		if (!rd_ok(r) || size == 0)
			return malformed(log, r, whole, "a digest of an unknown algorithm", err);
		if (alg == ALG_SHA384 && e->digest.n > 0)
			return malformed(log, r, whole, "two digests of SHA-384", err);
		if (alg == ALG_SHA384)
			e->digest = digest;
	}
	return OK;
}

/* False: the log ends here. What pads its area is nobody's statement and is not looked at. */
static bool
starts_event(const struct rd *r)
{
	struct rd peek = *r;
	uint32_t mr = rd_le32(&peek), type = rd_le32(&peek), n = rd_le32(&peek);

	return rd_ok(&peek) && mr != NO_REGISTER && (mr | type | n) != 0;
}

static status
read_event(struct rd *r, struct bytes whole, struct tdx_eventlog *log, struct tdx_event *e,
           struct err *err)
{
	uint32_t size;

	*e = (struct tdx_event){.mr = rd_le32(r)};
	e->type = rd_le32(r);
	TRY(read_digests(r, rd_le32(r), log, e, whole, err));
	size = rd_le32(r);
	if (size > TDX_EVENT_DATA_MAX)
		return malformed(log, r, whole, "more than 256 KiB of data", err);
	e->data = rd_bytes(r, size);
	if (!rd_ok(r))
		return malformed(log, r, whole, "it is cut off", err);
	if (e->type == EV_NO_ACTION)
		return OK;
	if (e->mr > TDX_RTMRS)
		return malformed(log, r, whole, "a register that a TD does not have", err);
	if (e->digest.n == 0)
		return malformed(log, r, whole, "it has no digest of SHA-384", err);
	return OK;
}

/* The events are counted first: a log is walked twice, and memory grows with what is there. */
static status
walk(struct bytes whole, struct tdx_eventlog *log, struct err *err)
{
	struct rd r = rd_init(whole);
	struct tdx_event e;

	log->n = 0;
	TRY(skip_head(&r, whole, err));
	for (; starts_event(&r); log->n++) {
		if (log->n >= TDX_EVENTS_MAX)
			return err_set(err, ERR_LIMIT, "E-TDX-021", "more than %d events",
			               TDX_EVENTS_MAX);
		TRY(read_event(&r, whole, log, &e, err));
		if (log->events)
			log->events[log->n] = e;
	}
	return OK;
}

status
tdx_eventlog_parse(struct arena *a, struct bytes log, struct tdx_eventlog *ret, struct err *err)
{
	*ret = (struct tdx_eventlog){0};
	if (log.n > TDX_EVENTLOG_MAX)
		return err_set(err, ERR_LIMIT, "E-TDX-021", "more than %d bytes", TDX_EVENTLOG_MAX);
	TRY(walk(log, ret, err));
	ret->events = arena_array(a, ret->n + 1, sizeof *ret->events);
	TRY(arena_check(a, err));
	return walk(log, ret, err);
}

void
tdx_eventlog_replay(const struct tdx_eventlog *log, struct hash384 ret[TDX_RTMRS])
{
	mem_zero(ret, TDX_RTMRS * sizeof *ret);
	for (size_t i = 0; i < log->n; i++) {
		const struct tdx_event *e = &log->events[i];
		uint8_t both[2 * SHA384_SIZE];

		if (e->type == EV_NO_ACTION || e->mr == TDX_MR_MRTD)
			continue;
		mem_copy(both, ret[e->mr - 1].b, SHA384_SIZE);
		mem_copy(both + SHA384_SIZE, e->digest.p, SHA384_SIZE);
		ret[e->mr - 1] = sha384(bytes_of(both, sizeof both));
	}
}

static bool
is_digest_of(struct bytes digest, struct bytes data)
{
	struct hash384 h = sha384(data);

	return bytes_equal(hash384_view(&h), digest);
}

/* GRUB measures a line and logs it as "grub_cmd: " line NUL. */
bool
tdx_event_data_matches(const struct tdx_event *e)
{
	struct bytes d = e->data;
	size_t label = bytes_find(d, BYTES(": "), 0);

	if (e->digest.n == 0)
		return false;
	if (is_digest_of(e->digest, d))
		return true;
	if (d.n > 0 && d.p[d.n - 1] == 0)
		d.n--;
	if (is_digest_of(e->digest, d))
		return true;
	return e->type == EV_IPL && label < d.n &&
	       is_digest_of(e->digest, bytes_sub(d, label + 2, d.n));
}
