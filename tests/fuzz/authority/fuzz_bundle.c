/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaches: bundle_accept with a body of an attacker. The chain must not move
 * without a signature, and nobody here can make one.
 */
#include "authority/bundle.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cert *
root_cert(void)
{
	static struct cert *root;
	struct err err;

	if (!root) {
		struct key *k = key_generate(KEY_P384, 0);
		const struct cert_spec spec = {.profile = CERT_CA,
		                               .subject_cn = "root",
		                               .key = k,
		                               .signer = k,
		                               .not_after = INT64_C(4102444800)};

		if (!is_ok(cert_issue(&spec, &root, &err)))
			abort();
		key_free(k);
	}
	return root;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pins pins = {.n_keys = 1};
	struct hash256 root = {{0}};
	struct bundle b = {0};
	struct chain c;
	struct err err;

	chain_start(&c, &pins, &root);
	if (is_ok(bundle_accept(&c, root_cert(), bytes_of(data, size), BYTES("no signature"),
	                        1795499220, &b, &err)) ||
	    c.generation != 0)
		abort();
	return 0;
}
