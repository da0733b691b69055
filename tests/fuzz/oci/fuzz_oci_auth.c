/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: auth_challenges_parse, auth_token_parse, credentials_parse, credentials_find. */
#include "oci/auth.h"
#include "oci/credentials.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
challenges(struct bytes text)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct challenge c[AUTH_CHALLENGES_MAX];
	struct err err;
	size_t n;

	if (!is_ok(auth_challenges_parse(&a, text, c, &n, &err)))
		return;
	if (n > AUTH_CHALLENGES_MAX)
		abort();
	for (size_t i = 0; i < n; i++)
		if (c[i].realm.n > text.n || c[i].service.n > text.n || c[i].scope.n > text.n)
			abort();
}

static void
file(struct bytes text)
{
	CLEANUP(credentials_done) struct credentials c;
	CLEANUP(credential_done) struct credential got = {0};
	struct err err;

	if (!is_ok(credentials_parse(&c, text, &err)))
		return;
	/* No helper programs from a fuzzer. */
	if (json_get(&c.root, "credsStore") || json_get(&c.root, "credHelpers"))
		return;
	(void)is_ok(credentials_find(&c, "h:5000", "team/app", &got, &err));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(secret_done) struct secret token = {0};
	struct bytes all = bytes_of(data, size);
	struct err err;
	uint64_t expires;

	challenges(all);
	if (is_ok(auth_token_parse(all, &token, &expires, &err)) && token.n == 0)
		abort();
	file(all);
	return 0;
}
