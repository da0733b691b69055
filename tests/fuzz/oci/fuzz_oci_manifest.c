/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: oci_manifest_parse for images and indexes; every slice must lie in the text or the
 * arena. */
#include "oci/manifest.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct bytes all = bytes_of(data, size), type = {NULL, 0};
	struct descriptor child = {0};
	struct oci_manifest m = {0};
	enum oci_manifest_kind kind;
	struct err err;
	size_t line = bytes_find_byte(all, '\n', 0);
	unsigned int sum = 0;

	/* A first line that is no JSON stands for the Content-Type. */
	if (line != SIZE_MAX && size > 0 && data[0] != '{') {
		type = bytes_sub(all, 0, line);
		all = bytes_sub(all, line + 1, size);
	}
	if (!is_ok(oci_manifest_parse(&a, all, type, &kind, &m, &child, &err)))
		return 0;
	for (size_t i = 0; i < m.n_layers; i++)
		for (size_t k = 0; k < m.layers[i].media_type.n; k++)
			sum += m.layers[i].media_type.p[k];
	if (kind == MANIFEST_INDEX ? child.size > OCI_MANIFEST_MAX
	                           : m.config.size > OCI_MANIFEST_MAX)
		abort();
	return sum == 1;
}
