/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret.h: the only home of private keys and seeds. Own pages, locked where
 * the limit allows, left out of core files and of forked children's dumps,
 * wiped on release. There is no formatter for it and no implicit copy.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/bytes.h"
#include "base/status.h"

struct secret {
	uint8_t *p;
	size_t n;
	size_t mapped; /* private: bytes of the mapping */
};

/* n zero bytes. Aborts when the machine is out of memory. n is chosen by us, never by an outsider.
 */
void secret_init(struct secret *s, size_t n);

/* Wipe and release. Accepts a zeroed struct. */
void secret_done(struct secret *s);

/* Take a copy of `from`; the caller wipes its own. */
void secret_copy(struct secret *s, struct bytes from);

/* n bytes from the kernel's random generator. */
void secret_random(struct secret *s, size_t n);

/* Borrowed view, for the call that needs the bytes. Do not keep it. */
static inline struct bytes
secret_view(const struct secret *s)
{
	return bytes_of(s->p, s->n);
}

/* Constant time. */
static inline bool
secret_equal(const struct secret *a, const struct secret *b)
{
	return ct_equal(secret_view(a), secret_view(b));
}

/* n bytes from getrandom(2) for nonces and ids; aborts if the kernel has none. */
void random_bytes(void *to, size_t n);

/* Call once at start-up of a program that holds secrets: no core files, no ptrace by peers. */
void secret_harden_process(void);

#endif
