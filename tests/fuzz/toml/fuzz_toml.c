/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: toml_parse, toml_write; what is written must read back as the same entries. */
#include "toml/toml.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct toml t, again;
	struct err err;

	if (!is_ok(toml_parse(&a, bytes_of(data, size), &t, &err)))
		return 0;
	for (size_t i = 0; i < t.n; i++) {
		CLEANUP(buf_done) struct buf out = {0};

		toml_write(t.entries[i].key, t.entries[i].value, &out);
		if (!is_ok(toml_parse(&a, buf_view(&out), &again, &err)) || again.n != 1 ||
		    !bytes_equal(again.entries[0].key, t.entries[i].key) ||
		    !bytes_equal(again.entries[0].value, t.entries[i].value))
			abort();
	}
	return 0;
}
