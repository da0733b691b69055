/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The authority's store, reached through a front by messages. The keeper waits
 * for each answer: a state is swapped only after it is durable. What else this
 * front says meanwhile is kept for later.
 */
#include "cmd/coordinator/keeper.h"
#include "cmd/coordinator/store_code.h"

enum { DEFERRED_MAX = 8 * 1024 * 1024 };

static status
defer(struct keeper_front *f, const struct message *m, struct err *err)
{
	f->deferred.max = DEFERRED_MAX;
	message_emit(m, &f->deferred);
	return buf_check(&f->deferred, err);
}

static status
call(struct keeper *k, struct message *ask, struct buf *out, struct err *err)
{
	struct keeper_front *f = &k->fronts[k->store_front];
	struct message m;

	ask->kind = MESSAGE_STORE;
	ask->id = ++k->store_id;
	TRY(pipe_send(&f->pipe, ask, err));
	TRY(pipe_drain(&f->pipe, KEEPER_STORE_MS, err));
	for (;;) {
		TRY(pipe_wait(&f->pipe, KEEPER_STORE_MS, &m, err));
		if (m.kind == MESSAGE_STORED && m.id == ask->id)
			break;
		/* The front that was asked is gone; its successor knows nothing of it. */
		if (m.kind == MESSAGE_HELLO) {
			TRY(defer(f, &m, err));
			return err_set(err, ERR_UNREACHABLE, "E-KEEPER-001",
			               "the store's front ended during the work");
		}
		if (m.kind != MESSAGE_STORED)
			TRY(defer(f, &m, err));
	}
	if (m.code != ERR_OK)
		return message_to_err(&m, err);
	if (out)
		buf_bytes(out, m.body);
	return out ? buf_check(out, err) : OK;
}

static status
op_put(void *self, struct bytes blob, struct err *err)
{
	return call(self, &(struct message){.code = STORE_PUT, .body = blob}, NULL, err);
}

static status
op_get(void *self, const struct hash256 *hash, struct buf *out, struct err *err)
{
	return call(self, &(struct message){.code = STORE_GET, .hash = *hash}, out, err);
}

static status
op_append(void *self, uint64_t generation, struct bytes record, struct err *err)
{
	struct message ask = {.code = STORE_APPEND, .number = generation, .body = record};

	return call(self, &ask, NULL, err);
}

static status
op_record(void *self, uint64_t generation, struct buf *out, struct err *err)
{
	return call(self, &(struct message){.code = STORE_RECORD, .number = generation}, out, err);
}

static status
op_put_name(void *self, const char *name, struct bytes data, struct err *err)
{
	struct message ask = {.code = STORE_PUT_NAME, .place = bytes_str(name), .body = data};

	return call(self, &ask, NULL, err);
}

static status
op_get_name(void *self, const char *name, size_t max, struct buf *out, struct err *err)
{
	size_t before = out->n;

	TRY(call(self, &(struct message){.code = STORE_GET_NAME, .place = bytes_str(name)}, out,
	         err));
	if (out->n - before <= max)
		return OK;
	return err_set(err, ERR_LIMIT, "E-KEEPER-002", "%s has %zu bytes, %zu at most", name,
	               out->n - before, max);
}

struct store
keeper_store(struct keeper *k)
{
	static const struct store_ops ops = {
	        .put = op_put,
	        .get = op_get,
	        .append = op_append,
	        .record = op_record,
	        .put_name = op_put_name,
	        .get_name = op_get_name,
	};

	return (struct store){.ops = &ops, .self = k};
}
