/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaches: authority_new over a store whose first record and genesis document
 * are the attacker's, and authority_recover, authority_adopt with sealed bytes
 * of anybody. Input: u16 length of the record, the record, the document.
 */
#include "authority/authority.h"
#include "authority/record.h"
#include "base/rd.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fill(const struct store *store, struct bytes record, struct bytes doc)
{
	char name[80], hex[65];
	struct record r;
	struct err err;

	(void)is_ok(store_append(store, 1, record, &err));
	if (!is_ok(record_parse(record, &r, &err)))
		return;
	snprintf(name, sizeof name, "genesis-%s", hash256_hex(&r.previous, hex));
	(void)is_ok(store_put_name(store, name, doc, &err));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct authority_options o = {.pins = {.n_keys = 1}};
	CLEANUP(buf_done) struct buf answer = {0};
	struct rd rd = rd_init(bytes_of(data, size));
	struct bytes record = rd_bytes(&rd, rd_be16(&rd));
	struct authority *a = NULL;
	struct store store;
	struct err err;

	store_mem_open(&store);
	o.store = store;
	if (rd_ok(&rd))
		fill(&store, record, bytes_of(rd.p, rd_left(&rd)));
	if (is_ok(authority_new(&o, 1795499220, &a, &err))) {
		if (is_ok(authority_recover(a, bytes_of(data, size), 1795499220, &answer, &err)) ||
		    is_ok(authority_adopt(a, bytes_of(data, size), 1795499220, &err)))
			abort();
	}
	authority_free(a);
	store_mem_close(&store);
	return 0;
}
