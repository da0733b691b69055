/* SPDX-License-Identifier: Apache-2.0 */
/*
 * script.h: transports for tests. A script answers requests from a list, in
 * order, and fails the test's call when a request is not the expected one. A
 * recorder passes everything on and writes down what went by.
 */
#ifndef TRANSPORT_SCRIPT_H
#define TRANSPORT_SCRIPT_H

#include "transport/transport.h"

struct script_step {
	const char *method;         /* NULL: any */
	const char *url;            /* exact; NULL: any */
	const char *want_header[2]; /* name, value that the request must carry; value NULL: must be
	                               absent */
	const char *want_body;      /* NULL: any */
	unsigned int status;        /* 0: the connection breaks, as E-TRANSPORT-007, transient */
	const char *headers[8][2];  /* name, value; ends at the first NULL name */
	struct bytes body;
	size_t break_after; /* > 0: the connection breaks after so many bytes of the body */
};

struct script {
	struct transport transport; /* first: the script is a transport */
	const struct script_step *steps;
	size_t n;
	size_t at;         /* steps used so far */
	uint64_t clock_ms; /* moved by sleeps only */
	uint64_t slept_ms;
	char fault[512]; /* the first mismatch, for the assertion; "" = none */
};

/* `steps` are borrowed. A request beyond the script or unlike its step is ERR_INTERNAL
 * E-TRANSPORT-015. */
void script_init(struct script *s, const struct script_step *steps, size_t n);

/* All steps used and no mismatch. */
bool script_done(const struct script *s);

struct recorder {
	struct transport transport;
	struct transport *inner;
	struct buf lines; /* "GET URL -> 200 1234\n" an exchange */
	uint64_t requests;
	uint64_t bytes_in; /* bodies */
	uint64_t bytes_out;
	const struct transport_sink *sink; /* private */
};

/* `inner` is borrowed and must outlive the recorder. Release with recorder_done(). */
void recorder_init(struct recorder *r, struct transport *inner);
void recorder_done(struct recorder *r);

#endif
