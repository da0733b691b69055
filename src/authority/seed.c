/* SPDX-License-Identifier: Apache-2.0 */
#include "authority/seed.h"

#include "base/buf.h"
#include "crypto/scalar.h"

static void
derive_prk(struct seed *s)
{
	hkdf_extract(secret_view(&s->salt), secret_view(&s->seed), &s->prk);
}

void
seed_random(struct seed *s)
{
	secret_random(&s->seed, SEED_SIZE);
	secret_random(&s->salt, SALT_SIZE);
	derive_prk(s);
}

status
seed_from(struct seed *s, struct bytes seed, struct bytes salt, struct err *err)
{
	if (seed.n != SEED_SIZE || salt.n != SALT_SIZE)
		return err_set(err, ERR_PARSE, "E-AUTHORITY-030",
		               "a seed has %d bytes and a salt %d", SEED_SIZE, SALT_SIZE);
	secret_copy(&s->seed, seed);
	secret_copy(&s->salt, salt);
	derive_prk(s);
	return OK;
}

void
seed_done(struct seed *s)
{
	secret_done(&s->seed);
	secret_done(&s->salt);
	secret_done(&s->prk);
}

void
seed_derive(const struct seed *s, const char *purpose, struct bytes id, size_t n,
            struct secret *ret)
{
	CLEANUP(buf_done) struct buf info = {0};

	buf_str(&info, "contrast/v1/");
	buf_str(&info, purpose);
	buf_u8(&info, 0);
	/* The length in front keeps ids apart whatever they contain. */
	buf_be32(&info, (uint32_t)id.n);
	buf_bytes(&info, id);
	hkdf_expand(secret_view(&s->prk), buf_view(&info), n, ret);
}

struct key *
seed_ec_key(const struct seed *s, enum key_kind kind, const char *purpose, struct bytes id)
{
	CLEANUP(secret_done) struct secret wide = {0};
	size_t size = kind == KEY_P256 ? 32 : 48;

	seed_derive(s, purpose, id, size + SCALAR_EXTRA, &wide);
	return key_from_wide(kind, &wide);
}

struct key *
seed_root_key(const struct seed *s)
{
	return seed_ec_key(s, KEY_P384, "root-ca", BYTES(""));
}

struct key *
seed_mesh_key(const struct seed *s, const struct hash256 *head)
{
	return seed_ec_key(s, KEY_P256, "mesh-ca", hash256_view(head));
}

struct key *
seed_log_key(const struct seed *s)
{
	return seed_ec_key(s, KEY_P256, "log", BYTES(""));
}

void
seed_workload_secret(const struct seed *s, struct bytes workload_secret_id, uint32_t version,
                     struct secret *ret)
{
	CLEANUP(buf_done) struct buf id = {0};

	buf_bytes(&id, workload_secret_id);
	buf_u8(&id, 0);
	buf_be32(&id, version);
	seed_derive(s, "workload-secret", buf_view(&id), WORKLOAD_SECRET_SIZE, ret);
}

void
seed_transit_branch(const struct seed *s, struct secret *ret)
{
	seed_derive(s, "transit", BYTES(""), TRANSIT_BRANCH_SIZE, ret);
}

void
transit_key(const struct secret *branch, struct bytes name, uint32_t version, struct secret *ret)
{
	CLEANUP(buf_done) struct buf info = {0};

	buf_bytes(&info, BYTES("contrast/v1/transit-key\0"));
	buf_be32(&info, (uint32_t)name.n);
	buf_bytes(&info, name);
	buf_be32(&info, version);
	hkdf_expand(secret_view(branch), buf_view(&info), 32, ret);
}
