/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_http.h: requests to a registry with authentication: inside of
 * registry.c. A 401 is answered once, tokens are kept per host and repository.
 */
#ifndef OCI_REGISTRY_HTTP_H
#define OCI_REGISTRY_HTTP_H

#include "oci/registry.h"

struct registry_token;

struct registry {
	struct registry_options options;
	struct registry_token *tokens;
};

struct registry_request {
	const char *method;
	const char *path; /* behind /v2/NAME/ */
	const char *accept;
	uint64_t range_from; /* 0 = the whole */
	uint64_t max_body;
	uint32_t total_ms;
	const struct transport_sink *sink;
};

/*
 * Send; the answer is 2xx or an error of registry.h. `redo` of a sink is not
 * needed: a 401 never reaches it.
 */
status registry_send(struct registry *r, const struct reference *ref,
                     const struct registry_request *req, struct transport_response *ret,
                     struct err *err);

void registry_forget(struct registry *r);

#endif
