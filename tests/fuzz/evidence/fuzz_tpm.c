/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: tpm_quote_parse, tpm_key_of_runtime. */
#include "evidence/azure/tpm.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct verdict v = {0}, w = {0};
	struct jws_key *key;
	struct tpm_quote q;

	if (is_ok(tpm_quote_parse(bytes_of(data, size), &q, &v)) && q.extra_data.n > TPM_EXTRA_MAX)
		abort();
	(void)tpm_key_of_runtime(bytes_of(data, size), &key, &w);
	jws_key_free(key);
	return 0;
}
