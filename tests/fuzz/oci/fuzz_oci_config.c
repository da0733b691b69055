/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: image_config_parse; no string may hold a NUL, every slice is readable. */
#include "oci/manifest.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct string_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (bytes_find_byte(l->items[i], 0, 0) != SIZE_MAX)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct image_config c;
	struct err err;

	if (!is_ok(image_config_parse(&a, bytes_of(data, size), &c, &err)))
		return 0;
	check(&c.env);
	check(&c.entrypoint);
	check(&c.cmd);
	check(&c.volumes);
	check(&c.exposed_ports);
	if (!bytes_is(c.os, "linux") || bytes_find_byte(c.user, 0, 0) != SIZE_MAX)
		abort();
	return 0;
}
