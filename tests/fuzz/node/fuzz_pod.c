/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: wire_next, wire_start_parse, pod_spec_parse: all that a hostile host can send a pod. */
#include "node/pod_spec.h"
#include "node/wire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct pod_spec *s)
{
	for (size_t i = 0; i < s->n_volumes; i++) {
		for (size_t k = 0; k < s->volumes[i].n_files; k++) {
			if (!pod_path_valid(s->volumes[i].files[k].path))
				abort();
		}
	}
	for (size_t i = 0; i < s->n_containers; i++) {
		for (size_t k = 0; k < s->containers[i].n_mounts; k++) {
			const struct pod_mount *m = &s->containers[i].mounts[k];

			if (m->path.p[0] != '/' ||
			    bytes_find(m->path, BYTES("/../"), 0) != SIZE_MAX ||
			    (m->sub_path.n > 0 && !pod_path_valid(m->sub_path)))
				abort();
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct bytes document, text;
	struct wire_frame f;
	struct pod_spec spec;
	struct err err;
	size_t used;
	bool whole;

	/* The bytes as a stream, and as a specification alone. */
	if (is_ok(wire_next(bytes_of(data, size), &whole, &f, &used, &err)) && whole &&
	    f.type == WIRE_START && is_ok(wire_start_parse(f.body, &document, &text, &err)) &&
	    is_ok(pod_spec_parse(&a, text, &spec, &err)))
		check(&spec);
	if (is_ok(pod_spec_parse(&a, bytes_of(data, size), &spec, &err)))
		check(&spec);
	return 0;
}
