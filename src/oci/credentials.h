/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credentials.h: who we are at a registry, from Docker's config.json. Looked
 * for in $DOCKER_CONFIG/config.json, then ~/.docker/config.json, then
 * $XDG_RUNTIME_DIR/containers/auth.json; the first that exists is the only one.
 * For a host: credHelpers, then auths (longest repository prefix first), then
 * credsStore. Nothing found means anonymous; a broken file is an error.
 */
#ifndef OCI_CREDENTIALS_H
#define OCI_CREDENTIALS_H

#include "base/secret.h"
#include "json/value.h"

enum { CREDENTIALS_FILE_MAX = 1024 * 1024 };

enum credential_kind {
	CREDENTIAL_NONE,
	CREDENTIAL_BASIC,    /* text = user:password */
	CREDENTIAL_IDENTITY, /* text = OAuth2 refresh token */
	CREDENTIAL_BEARER,   /* text = token to send as it is */
};

struct credential {
	enum credential_kind kind;
	struct secret text;
};
void credential_done(struct credential *c);

/* A parsed config.json. Zeroed = anonymous everywhere. */
struct credentials {
	struct arena arena;
	struct buf text;
	struct value root;
	char path[4096]; /* for messages */
};
void credentials_done(struct credentials *c);

/* Find and parse the file; no file is fine. ERR_PARSE E-OCI-020, ERR_IO. */
status credentials_load(struct credentials *c, struct err *err);

/* The same from memory (tests, fuzzing). `text` is copied. */
status credentials_parse(struct credentials *c, struct bytes text, struct err *err);

/*
 * What to show to `host` ("docker.io", "127.0.0.1:5000") for a repository.
 * Runs docker-credential-NAME when the file says so (10 s at most).
 * ERR_PARSE E-OCI-020, ERR_IO E-OCI-021 (helper).
 */
status credentials_find(const struct credentials *c, const char *host, const char *repository,
                        struct credential *ret, struct err *err);

#endif
