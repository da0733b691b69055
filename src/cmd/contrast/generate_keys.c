/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/contrast/generate.h"

#include "base/file.h"
#include "base/text.h"
#include "term/term.h"

enum { MAX_PEM = 64 * 1024, SHARE_OWNER_BITS = 4096 };

static const char owner_file[] = "workload-owner.pem";
static const char share_owner_file[] = "seedshare-owner.pem";
/* With --disable-updates: signs the first set, then may be destroyed. */
static const char genesis_key_file[] = "genesis-key.pem";

static status
load_key(const char *path, struct key **ret, struct err *err)
{
	CLEANUP(buf_done) struct buf pem = {0};

	TRY(file_read(path, MAX_PEM, &pem, err));
	return err_at(err, key_parse_pem(buf_view(&pem), ret, err), "%s", path);
}

static status
make_key(struct generate *g, const char *path, enum key_kind kind, struct key **ret,
         struct err *err)
{
	struct generate_output *out = generate_output(g, path);
	struct progress p = {0};

	progress_begin(&p, 0, "making %s", path);
	*ret = key_generate(kind, kind == KEY_RSA ? SHARE_OWNER_BITS : 0);
	progress_end(&p, true);
	out->create = out->secret = true;
	key_private_pem_traditional(*ret, &out->after);
	return buf_check(&out->after, err);
}

/* A key file that was named must be there; the default one is made when it may be. */
static status
get_key(struct generate *g, const char *path, bool may_make, enum key_kind kind, struct key **ret,
        struct err *err)
{
	if (may_make && !file_exists(path))
		return make_key(g, path, kind, ret, err);
	return load_key(path, ret, err);
}

/* ---- owners ---- */

static status
add_owner(struct generate *g, const char *path, bool may_make, bool first, struct key **ret_first,
          struct err *err)
{
	CLEANUP(key_drop) struct key *k = NULL;

	TRY(get_key(g, path, may_make, KEY_P384, &k, err));
	TRY(err_at(err, manifest_add_owner(g->manifest, k, err), "%s", path));
	if (first)
		*ret_first = key_ref(k);
	return OK;
}

/*
 * Without -w the default key counts. It is made for a new deployment only:
 * who has a manifest with owners and not their key is somebody else.
 */
static status
owners(struct generate *g, struct key **ret_first, struct err *err)
{
	size_t n;
	const char *const *list = options_list(g->o, OPT_generate_workload_owner, &n);
	const char *path = generate_default_path(g, owner_file);

	TRY(arena_check(&g->arena, err));
	if (options_flag(g->o, OPT_generate_disable_updates)) {
		if (n > 0)
			return err_set(
			        err, ERR_USAGE, "E-GENERATE-020",
			        "--disable-updates and --add-workload-owner-key exclude each "
			        "other");
		manifest_clear_owners(g->manifest);
		return OK;
	}
	for (size_t i = 0; i < n; i++)
		TRY(add_owner(g, list[i], false, i == 0, ret_first, err));
	if (n > 0 || (g->manifest->n_owners > 0 && !file_exists(path)))
		return OK;
	return add_owner(g, path, true, true, ret_first, err);
}

static status
share_owners(struct generate *g, struct err *err)
{
	size_t n;
	const char *const *list = options_list(g->o, OPT_generate_seedshare_owner, &n);
	const char *path = generate_default_path(g, share_owner_file);

	TRY(arena_check(&g->arena, err));
	for (size_t i = 0; i < n; i++) {
		CLEANUP(key_drop) struct key *k = NULL;

		TRY(load_key(list[i], &k, err));
		TRY(err_at(err, manifest_add_share_owner(g->manifest, k, err), "%s", list[i]));
	}
	if (n == 0 && (g->manifest->n_share_owners == 0 || file_exists(path))) {
		CLEANUP(key_drop) struct key *k = NULL;

		TRY(get_key(g, path, true, KEY_RSA, &k, err));
		TRY(err_at(err, manifest_add_share_owner(g->manifest, k, err), "%s", path));
	}
	return OK;
}

/* ---- pins ---- */

static status
genesis_key(struct generate *g, const struct key *first, struct hash256 *ret, struct err *err)
{
	CLEANUP(key_drop) struct key *own = NULL;

	if (first) {
		*ret = key_id(first);
		return OK;
	}
	if (g->manifest->n_owners > 0) {
		*ret = g->manifest->owners[0].id;
		return OK;
	}
	TRY(get_key(g, generate_default_path(g, genesis_key_file), true, KEY_P384, &own, err));
	*ret = key_id(own);
	return OK;
}

static status
make_pins(struct generate *g, const struct key *first, struct generate_output *out, struct err *err)
{
	struct hash256 id;

	pins_new(&g->pins);
	TRY(genesis_key(g, first, &id, err));
	TRY(pins_add_key(&g->pins, &id, err));
	out->create = true;
	genesis_write(&g->pins, &out->after);
	return buf_check(&out->after, err);
}

static status
pin_arguments(struct generate *g, struct err *err)
{
	char hex[65];

	g->pin_args = arena_array(&g->arena, g->pins.n_keys + 1, sizeof *g->pin_args);
	TRY(arena_check(&g->arena, err));
	g->pin_args[g->n_pin_args++] =
	        arena_printf(&g->arena, "--deployment-id=%s",
	                     hex_cstr(bytes_of(g->pins.deployment_id, DEPLOYMENT_ID_SIZE), hex,
	                              sizeof hex));
	for (size_t i = 0; i < g->pins.n_keys; i++)
		g->pin_args[g->n_pin_args++] = arena_printf(&g->arena, "--genesis-key=%s",
		                                            hash256_hex(&g->pins.keys[i], hex));
	return arena_check(&g->arena, err);
}

status
generate_keys(struct generate *g, struct err *err)
{
	CLEANUP(key_drop) struct key *first = NULL;
	struct generate_output *out;

	TRY(owners(g, &first, err));
	TRY(share_owners(g, err));
	out = generate_output(g, options_text(g->o, OPT_generate_genesis));
	TRY(generate_output_load(out, err));
	if (out->existed)
		TRY(err_at(err, genesis_parse(buf_view(&out->before), &g->pins, err), "%s",
		           out->path));
	else
		TRY(make_pins(g, first, out, err));
	if (out->existed)
		buf_bytes(&out->after, buf_view(&out->before));
	return pin_arguments(g, err);
}
