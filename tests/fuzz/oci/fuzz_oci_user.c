/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: user_resolve, user_groups; input is USER, passwd, group, separated by NUL. */
#include "oci/accounts.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bytes
next_part(struct bytes *rest)
{
	size_t end = MIN(bytes_find_byte(*rest, 0, 0), rest->n);
	struct bytes part = bytes_sub(*rest, 0, end);

	*rest = bytes_sub(*rest, end + 1, rest->n);
	return part;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct bytes rest = bytes_of(data, size);
	struct bytes user = next_part(&rest);
	struct accounts accounts;
	struct user_ids ids;
	struct err err;
	uint32_t *groups;
	size_t n;

	accounts.passwd = next_part(&rest);
	accounts.group = rest;
	if (!is_ok(user_resolve(user, &accounts, &ids, &err)))
		return 0;
	if (ids.uid > INT32_MAX || ids.gid > INT32_MAX)
		abort();
	if (is_ok(user_groups(ids.name, &accounts, &a, &groups, &n, &err)) &&
	    n > ACCOUNTS_GROUPS_MAX)
		abort();
	return 0;
}
