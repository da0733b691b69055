/* SPDX-License-Identifier: Apache-2.0 */
/* USER of an image against its passwd and group, as container runtimes read it. */
#include "base/text.h"
#include "oci/accounts.h"
#include "oci/show.h"

enum { MAX_ID = INT32_MAX, FIELDS_MAX = 7 };

/* Splits at colons; the number of fields, at most FIELDS_MAX are stored. */
static size_t
split_fields(struct bytes line, struct bytes fields[FIELDS_MAX])
{
	size_t n = 0;

	while (true) {
		size_t colon = bytes_find_byte(line, ':', 0);

		if (n < FIELDS_MAX)
			fields[n] = bytes_sub(line, 0, MIN(colon, line.n));
		n++;
		if (colon == SIZE_MAX)
			return n;
		line = bytes_sub(line, colon + 1, line.n);
	}
}

/* Next line without its end; false at the end of the text. */
static bool
next_line(struct bytes *text, struct bytes *ret)
{
	size_t end = bytes_find_byte(*text, '\n', 0);

	if (text->n == 0)
		return false;
	*ret = bytes_sub(*text, 0, MIN(end, text->n));
	*text = bytes_sub(*text, MIN(end, text->n - 1) + 1, text->n);
	return true;
}

static bool
parse_id(struct bytes text, uint32_t *ret)
{
	uint64_t n;

	if (!text_u64(text, MAX_ID, &n))
		return false;
	*ret = (uint32_t)n;
	return true;
}

/* The first entry whose name, or number when `name` is empty, is the one. */
static bool
find_user(struct bytes passwd, struct bytes name, uint32_t uid, struct user_ids *ret)
{
	struct bytes line, f[FIELDS_MAX];

	while (next_line(&passwd, &line)) {
		uint32_t u, g;

		if (split_fields(line, f) < 4 || f[0].n == 0 || !parse_id(f[2], &u) ||
		    !parse_id(f[3], &g))
			continue;
		if (name.n > 0 ? !bytes_equal(f[0], name) : u != uid)
			continue;
		ret->uid = u;
		ret->gid = g;
		ret->name = f[0];
		return true;
	}
	return false;
}

static bool
find_group(struct bytes group, struct bytes name, uint32_t *ret)
{
	struct bytes line, f[FIELDS_MAX];

	while (next_line(&group, &line))
		if (split_fields(line, f) >= 3 && bytes_equal(f[0], name) && parse_id(f[2], ret))
			return true;
	return false;
}

static bool
is_number(struct bytes text)
{
	uint32_t id;

	return parse_id(text, &id);
}

bool
user_needs_accounts(struct bytes user)
{
	size_t colon = bytes_find_byte(user, ':', 0);
	struct bytes name = bytes_sub(user, 0, MIN(colon, user.n));
	struct bytes group = bytes_sub(user, MIN(colon, user.n - 1) + 1, user.n);

	if (user.n == 0)
		return false;
	return !is_number(name) || (colon != SIZE_MAX && !is_number(group));
}

static status
malformed(struct bytes user, struct err *err)
{
	return err_set(err, ERR_PARSE, "E-OCI-061", "the image's user \"%s\" is malformed",
	               show_text(user).text);
}

static status
resolve_group(struct bytes group, const struct accounts *accounts, struct user_ids *ret,
              struct err *err)
{
	ret->group_given = true;
	if (parse_id(group, &ret->gid) || find_group(accounts->group, group, &ret->gid))
		return OK;
	return err_set(err, ERR_NOT_FOUND, "E-OCI-060", "the image has no group \"%s\"",
	               show_text(group).text);
}

status
user_resolve(struct bytes user, const struct accounts *accounts, struct user_ids *ret,
             struct err *err)
{
	size_t colon = bytes_find_byte(user, ':', 0);
	struct bytes name = bytes_sub(user, 0, MIN(colon, user.n));
	uint32_t uid = 0;

	*ret = (struct user_ids){0};
	if (bytes_find_byte(user, '\n', 0) != SIZE_MAX)
		return malformed(user, err);
	if (name.n == 0 && user.n > 0)
		return malformed(user, err);
	if (name.n == 0 || parse_id(name, &uid)) {
		ret->uid = uid;
		(void)find_user(accounts->passwd, (struct bytes){NULL, 0}, uid, ret);
	} else if (!find_user(accounts->passwd, name, 0, ret)) {
		return err_set(err, ERR_NOT_FOUND, "E-OCI-060", "the image has no user \"%s\"",
		               show_text(name).text);
	}
	if (colon == SIZE_MAX)
		return OK;
	if (colon + 1 == user.n)
		return malformed(user, err);
	return resolve_group(bytes_sub(user, colon + 1, user.n), accounts, ret, err);
}

static bool
has_member(struct bytes members, struct bytes name)
{
	while (members.n > 0) {
		size_t comma = bytes_find_byte(members, ',', 0);

		if (bytes_equal(bytes_trim(bytes_sub(members, 0, MIN(comma, members.n))), name))
			return true;
		members = bytes_sub(members, MIN(comma, members.n - 1) + 1, members.n);
	}
	return false;
}

status
user_groups(struct bytes name, const struct accounts *accounts, struct arena *a, uint32_t **ret,
            size_t *ret_n, struct err *err)
{
	struct bytes text = accounts->group, line, f[FIELDS_MAX];
	uint32_t gid;

	*ret_n = 0;
	*ret = arena_array(a, ACCOUNTS_GROUPS_MAX, sizeof **ret);
	TRY(arena_check(a, err));
	while (name.n > 0 && next_line(&text, &line)) {
		if (split_fields(line, f) < 4 || !parse_id(f[2], &gid) || !has_member(f[3], name))
			continue;
		if (*ret_n == ACCOUNTS_GROUPS_MAX)
			return err_set(err, ERR_LIMIT, "E-OCI-063",
			               "the image's user is in too many groups");
		(*ret)[(*ret_n)++] = gid;
	}
	return OK;
}
