/* SPDX-License-Identifier: Apache-2.0 */
/* uri.h: URI references as uri.parse reads them. */
#ifndef REGO_URI_H
#define REGO_URI_H

#include "rego/builtin.h"

struct uri {
	struct bytes scheme; /* in lower case */
	struct bytes host, port;
	struct bytes path, raw_path; /* decoded; as it stood where decoding lost something */
	struct bytes query, fragment;
};

/* A builtin's error where it is malformed. Parts live in the arena or are the text's own. */
status uri_read(struct rego_call *c, struct bytes text, struct uri *ret);

#endif
