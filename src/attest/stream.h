/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream.h: bytes over a connected stream socket until a deadline
 * (CLOCK_MONOTONIC, nanoseconds). The callers say what went wrong: a failure here has
 * errno, ETIMEDOUT for the deadline and EPIPE for a peer that ended.
 */
#ifndef ATTEST_STREAM_H
#define ATTEST_STREAM_H

#include "base/buf.h"

uint64_t stream_deadline(unsigned int ms);

/* All of it, or false. */
bool stream_send(int fd, struct bytes data, uint64_t deadline);

/* At least one byte and at most `most`, appended; false also when the buffer is full. */
bool stream_receive(int fd, size_t most, uint64_t deadline, struct buf *in);

#endif
