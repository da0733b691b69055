/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/credentials.h"

#include "base/file.h"
#include "base/text.h"
#include "oci/credentials_helper.h"
#include "oci/show.h"

#include <stdio.h>
#include <stdlib.h>

/* The name under which Docker itself stores its own registry. */
static const char docker_io_key[] = "https://index.docker.io/v1/";

void
credential_done(struct credential *c)
{
	secret_done(&c->text);
	c->kind = CREDENTIAL_NONE;
}

void
credentials_done(struct credentials *c)
{
	arena_done(&c->arena);
	buf_done(&c->text);
	*c = (struct credentials){0};
}

static status
malformed(const struct credentials *c, struct err *err, const char *what)
{
	status s = err_set(err, ERR_PARSE, "E-OCI-020",
	                   "the registry credentials are malformed: %s", what);

	return err_at(err, s, "%s", c->path);
}

static status
parse_text(struct credentials *c, struct err *err)
{
	struct json_limits limits = {.depth = 32, .bytes = CREDENTIALS_FILE_MAX};
	status s;

	c->arena.wipe = true;
	if (bytes_trim(buf_view(&c->text)).n == 0)
		return OK;
	s = json_parse(&c->arena, buf_view(&c->text), &limits, &c->root, err);
	TRY(err_at(err, err_ctx(err, s, "registry credentials"), "%s", c->path));
	return json_is(&c->root, VALUE_OBJECT) ? OK : malformed(c, err, "not a JSON object");
}

status
credentials_parse(struct credentials *c, struct bytes text, struct err *err)
{
	*c = (struct credentials){0};
	buf_bytes(&c->text, text);
	TRY(buf_check(&c->text, err));
	return parse_text(c, err);
}

/* The i-th place where the file may be; false behind the last, "" where the variable is unset. */
static bool
candidate(unsigned int i, char *to, size_t size)
{
	static const struct {
		const char *variable, *below;
	} places[] = {
	        {"DOCKER_CONFIG", "config.json"},
	        {"HOME", ".docker/config.json"},
	        {"XDG_RUNTIME_DIR", "containers/auth.json"},
	};
	const char *dir;

	if (i >= COUNT_OF(places))
		return false;
	dir = getenv(places[i].variable);
	to[0] = '\0';
	if (dir && dir[0] && snprintf(to, size, "%s/%s", dir, places[i].below) >= (int)size)
		to[0] = '\0';
	return true;
}

status
credentials_load(struct credentials *c, struct err *err)
{
	*c = (struct credentials){0};
	for (unsigned int i = 0; candidate(i, c->path, sizeof c->path); i++) {
		if (!c->path[0] || !file_exists(c->path))
			continue;
		TRY(file_read(c->path, CREDENTIALS_FILE_MAX, &c->text, err));
		return parse_text(c, err);
	}
	c->path[0] = '\0';
	return OK;
}

/* ---- which entry ---- */

static struct bytes
without_suffix(struct bytes key, struct bytes suffix)
{
	return bytes_ends(key, suffix) ? bytes_sub(key, 0, key.n - suffix.n) : key;
}

/* Keys come as "host", "https://host", "https://host/v1/" and "host/repository". */
static struct bytes
normal_key(struct bytes key)
{
	if (bytes_starts(key, BYTES("https://")))
		key = bytes_sub(key, 8, key.n);
	else if (bytes_starts(key, BYTES("http://")))
		key = bytes_sub(key, 7, key.n);
	key = without_suffix(key, BYTES("/"));
	key = without_suffix(without_suffix(key, BYTES("/v1")), BYTES("/v2"));
	if (bytes_is(key, "index.docker.io") || bytes_is(key, "registry-1.docker.io"))
		return BYTES("docker.io");
	return key;
}

/* Length of the key if it names `full` ("host/repository") or a folder above it, else 0. */
static size_t
match_length(struct bytes key, struct bytes full)
{
	key = normal_key(key);
	if (key.n == 0 || !bytes_starts(full, key))
		return 0;
	return key.n == full.n || full.p[key.n] == '/' ? key.n : 0;
}

static const struct value *
best_entry(const struct value *object, struct bytes full, struct bytes *ret_key)
{
	const struct value *best = NULL;
	size_t best_n = 0;

	if (!json_is(object, VALUE_OBJECT))
		return NULL;
	for (size_t i = 0; i < object->n; i++) {
		struct bytes key = json_text(&object->u.members[i].key);
		size_t n = match_length(key, full);

		if (n > best_n) {
			best_n = n;
			best = &object->u.members[i].val;
			*ret_key = key;
		}
	}
	return best;
}

/* ---- what an entry holds ---- */

static void
set_pair(struct credential *ret, struct bytes user, struct bytes password)
{
	CLEANUP(buf_done) struct buf pair = {0};

	buf_bytes(&pair, user);
	buf_u8(&pair, ':');
	buf_bytes(&pair, password);
	ret->kind = CREDENTIAL_BASIC;
	secret_copy(&ret->text, buf_view(&pair));
}

static void
set_text(struct credential *ret, enum credential_kind kind, struct bytes text)
{
	ret->kind = kind;
	secret_copy(&ret->text, text);
}

static status
from_auth_entry(const struct credentials *c, const struct value *entry, struct credential *ret,
                struct err *err)
{
	struct bytes auth = json_text(json_get(entry, "auth"));
	struct bytes user = json_text(json_get(entry, "username"));
	struct bytes identity = json_text(json_get(entry, "identitytoken"));
	struct bytes bearer = json_text(json_get(entry, "registrytoken"));
	CLEANUP(buf_done) struct buf pair = {0};

	if (!json_is(entry, VALUE_OBJECT))
		return malformed(c, err, "an entry of \"auths\" is not an object");
	if (bearer.n > 0) {
		set_text(ret, CREDENTIAL_BEARER, bearer);
	} else if (identity.n > 0) {
		set_text(ret, CREDENTIAL_IDENTITY, identity);
	} else if (auth.n > 0) {
		if (!base64_decode(BASE64_STD, auth, &pair) ||
		    bytes_find_byte(buf_view(&pair), ':', 0) == SIZE_MAX)
			return malformed(c, err, "\"auth\" is not base64 of user:password");
		set_text(ret, CREDENTIAL_BASIC, buf_view(&pair));
	} else if (user.n > 0) {
		set_pair(ret, user, json_text(json_get(entry, "password")));
	}
	return OK;
}

/* {"ServerURL", "Username", "Secret"}; the user "<token>" marks a refresh token. */
static status
from_helper(struct bytes helper, const char *server, struct credential *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf answer = {.max = CREDENTIALS_FILE_MAX};
	CLEANUP(arena_done) struct arena a = {.wipe = true};
	struct bytes user, text;
	struct value v;
	bool found;

	TRY(credentials_helper_get(helper, bytes_str(server), &answer, &found, err));
	if (!found)
		return OK;
	TRY(err_ctx(err, json_parse(&a, buf_view(&answer), NULL, &v, err), "docker-credential-%s",
	            show_text(helper).text));
	user = json_text(json_get(&v, "Username"));
	text = json_text(json_get(&v, "Secret"));
	if (text.n == 0)
		return err_set(err, ERR_IO, "E-OCI-021",
		               "docker-credential-%s answered without a secret",
		               show_text(helper).text);
	if (bytes_is(user, "<token>"))
		set_text(ret, CREDENTIAL_IDENTITY, text);
	else
		set_pair(ret, user, text);
	return OK;
}

status
credentials_find(const struct credentials *c, const char *host, const char *repository,
                 struct credential *ret, struct err *err)
{
	char full[1024];
	bool docker_io = bytes_is(bytes_str(host), "docker.io");
	const char *server = docker_io ? docker_io_key : host;
	struct bytes key = {NULL, 0}, store = json_text(json_get(&c->root, "credsStore"));
	const struct value *entry;

	*ret = (struct credential){0};
	snprintf(full, sizeof full, "%s/%s", host, repository);
	entry = best_entry(json_get(&c->root, "credHelpers"), bytes_str(full), &key);
	if (json_is(entry, VALUE_STRING))
		return from_helper(json_text(entry), server, ret, err);
	entry = best_entry(json_get(&c->root, "auths"), bytes_str(full), &key);
	if (entry) {
		status s = from_auth_entry(c, entry, ret, err);

		if (!is_ok(s) || ret->kind != CREDENTIAL_NONE)
			return s;
	}
	return store.n > 0 ? from_helper(store, server, ret, err) : OK;
}
