/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipe.h: one end of a socketpair between two of the Coordinator's processes:
 * messages in, messages out, with a buffer on each side and no blocking unless
 * asked for. Empty buffers hold no memory.
 */
#ifndef CMD_COORDINATOR_PIPE_H
#define CMD_COORDINATOR_PIPE_H

#include "cmd/coordinator/message.h"

struct pipe {
	int fd;
	enum message_direction from; /* what the far end may say */
	struct buf in;
	size_t taken; /* bytes of `in` that were handed out */
	struct buf out;
	size_t sent;
};

enum {
	/* Above this much unread output nothing more is read from that end. */
	PIPE_BACKLOG = 1024 * 1024,
};

/* Takes the descriptor. */
void pipe_init(struct pipe *p, int fd, enum message_direction from);
void pipe_done(struct pipe *p);

/* Queues the message and sends what goes out at once. ERR_UNREACHABLE E-MESSAGE-002, ERR_LIMIT. */
status pipe_send(struct pipe *p, const struct message *m, struct err *err);
/* Sends more of what is queued. */
status pipe_flush(struct pipe *p, struct err *err);
static inline size_t
pipe_backlog(const struct pipe *p)
{
	return p->out.n - p->sent;
}

/* Reads what is there. ERR_UNREACHABLE E-MESSAGE-002 when the far end is gone. */
status pipe_fill(struct pipe *p, struct err *err);

/*
 * The next whole message in the buffer: *ret_has says whether there is one.
 * Its slices live until the next call of pipe_next() or pipe_fill(). ERR_PARSE
 * E-MESSAGE-001, ERR_LIMIT E-MESSAGE-003: the far end is not to be trusted further.
 */
status pipe_next(struct pipe *p, struct message *ret, bool *ret_has, struct err *err);

/* Blocks until there is a message, for at most `ms` (-1 = for ever). ERR_UNREACHABLE E-MESSAGE-004.
 */
status pipe_wait(struct pipe *p, int ms, struct message *ret, struct err *err);
/* Blocks until everything is sent. */
status pipe_drain(struct pipe *p, int ms, struct err *err);

#endif
