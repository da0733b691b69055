/* SPDX-License-Identifier: Apache-2.0 */
/*
 * accounts.h: /etc/passwd and /etc/group of an image, for the few images whose
 * USER is a name, or whose group memberships a policy needs. Found in the
 * layers from the top down; whiteouts count. What a layer says is kept in
 * Contrast's layers-cache.json, by diff_id, so it is read from a layer once.
 */
#ifndef OCI_ACCOUNTS_H
#define OCI_ACCOUNTS_H

#include "oci/registry.h"

enum {
	ACCOUNTS_FILE_MAX = 1024 * 1024, /* bytes of passwd or group */
	ACCOUNTS_CACHE_MAX = 64 * 1024 * 1024,
	ACCOUNTS_GROUPS_MAX = 4096,
};

/* What one layer does to one of the two files. */
enum layer_file { LAYER_FILE_SAME, LAYER_FILE_SET, LAYER_FILE_REMOVED };

struct layer_accounts {
	struct hash256 diff_id;
	enum layer_file passwd, group;
	struct bytes passwd_text, group_text;
};

/* layers-cache.json in memory. Zeroed = empty. */
struct accounts_cache {
	struct arena arena;
	struct layer_accounts *items;
	size_t n, cap;
	bool changed;
};
/* A missing or unreadable file is an empty cache: it can be made again. ERR_IO only. */
status accounts_cache_load(struct accounts_cache *c, const char *path, struct err *err);
/* Atomic; does nothing when nothing changed. */
status accounts_cache_save(struct accounts_cache *c, const char *path, struct err *err);
void accounts_cache_done(struct accounts_cache *c);

/* Read one layer's tar from `fd` (see unpack_layer) and note what it does to the two files. */
status accounts_scan(int fd, const struct descriptor *layer, const struct hash256 *diff_id,
                     struct arena *a, struct layer_accounts *ret, struct err *err);

/* The image's final files; empty when it has none. Fetches layers that the cache does not know. */
struct accounts {
	struct bytes passwd, group;
};
status accounts_read(struct registry *r, struct oci_cache *blobs, struct accounts_cache *cache,
                     const struct oci_image *image, struct arena *a, struct accounts *ret,
                     struct err *err);

/* True if USER is a name, so that accounts are needed at all. "", "0", "10:20" need none. */
bool user_needs_accounts(struct bytes user);

/*
 * "", uid, uid:gid, name, name:group -> numbers. A number without a passwd
 * entry has gid 0. `from_passwd` tells where the gid came from: an explicit
 * group (false) or the user's entry. ERR_NOT_FOUND E-OCI-060 names the user or
 * group that the image does not have; ERR_PARSE E-OCI-061.
 */
struct user_ids {
	uint32_t uid, gid;
	bool group_given;
	struct bytes name; /* of the user's passwd entry, or empty */
};
status user_resolve(struct bytes user, const struct accounts *accounts, struct user_ids *ret,
                    struct err *err);

/* Groups that list `name` as a member, in file order, at most ACCOUNTS_GROUPS_MAX. */
status user_groups(struct bytes name, const struct accounts *accounts, struct arena *a,
                   uint32_t **ret, size_t *ret_n, struct err *err);

#endif
