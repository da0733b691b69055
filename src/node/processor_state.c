/* SPDX-License-Identifier: Apache-2.0 */
/* The state directory: keys once per machine, certificates once per part. */
#include "node/processor_state.h"

#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	KEY_FILE_MAX = 16 * 1024,
	CERT_FILE_MAX = 16 * 1024,
	RSA_BITS = 4096,
	CRL_RENEW_BEFORE = 10 * 24 * 60 * 60,
};

status
processor_default_dir(struct buf *out, struct err *err)
{
	const char *given = getenv("CONTRAST_NODE_STATE");
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (given && given[0] == '/')
		buf_str(out, given);
	else if (given)
		return err_set(err, ERR_USAGE, "E-NODE-010",
		               "CONTRAST_NODE_STATE must be an absolute path");
	else if (geteuid() == 0)
		buf_str(out, "/var/lib/contrast/node");
	else if (state && state[0] == '/')
		buf_printf(out, "%s/contrast/node", state);
	else if (home && home[0] == '/')
		buf_printf(out, "%s/.local/state/contrast/node", home);
	else
		return err_set(err, ERR_USAGE, "E-NODE-010",
		               "there is no HOME to keep the processor's state in");
	return buf_check(out, err);
}

status
state_path(const char *dir, const char *folder, const char *name, char to[STATE_PATH_SIZE],
           struct err *err)
{
	int n = snprintf(to, STATE_PATH_SIZE, "%s%s%s/%s", dir, folder ? "/" : "",
	                 folder ? folder : "", name);

	if (n < 0 || n >= STATE_PATH_SIZE)
		return err_set(err, ERR_USAGE, "E-NODE-010", "the path %s is too long", dir);
	return OK;
}

/* The directory must be ours alone: these keys are the root of everything local. */
status
state_check(const char *dir, struct err *err)
{
	struct stat st;

	TRY(dir_create(dir, 0700, err));
	if (stat(dir, &st) != 0)
		return err_at(err, err_set_errno(err, ERR_IO, "E-NODE-011", "cannot look at"), "%s",
		              dir);
	if (st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
		status s = err_set(err, ERR_IO, "E-NODE-011",
		                   "the processor's state must belong to uid %u alone (mode 0700)",
		                   (unsigned int)geteuid());

		return err_hint(
		        err, err_at(err, s, "%s", dir),
		        "chown and chmod it, or set CONTRAST_NODE_STATE to another directory");
	}
	return OK;
}

status
state_lock(const char *dir, int *fd, struct err *err)
{
	char path[STATE_PATH_SIZE];

	TRY(state_path(dir, NULL, "lock", path, err));
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0 || flock(*fd, LOCK_EX) != 0)
		return err_at(err, err_set_errno(err, ERR_IO, "E-NODE-011", "cannot lock"), "%s",
		              path);
	return OK;
}

/* The key in the file, made when there is none. */
status
state_key(const char *dir, const char *folder, const char *name, enum key_kind kind,
          struct key **ret, struct err *err)
{
	CLEANUP(buf_done) struct buf pem = {0};
	char path[STATE_PATH_SIZE];
	status s;

	TRY(state_path(dir, folder, name, path, err));
	if (!file_exists(path)) {
		*ret = key_generate(kind, RSA_BITS);
		key_private_pem(*ret, &pem);
		return file_create(path, buf_view(&pem), 0600, err);
	}
	TRY(file_read(path, KEY_FILE_MAX, &pem, err));
	s = key_parse_pem(buf_view(&pem), ret, err);
	if (is_ok(s) && (!key_is_private(*ret) || key_kind(*ret) != kind))
		s = err_set(err, ERR_IO, "E-NODE-012", "is no key of the processor");
	return err_at(err, s, "%s", path);
}

typedef status (*issue_fn)(const struct processor *p, int64_t now, struct cert **ret,
                           struct err *err);

static status
load_cert(const struct processor *p, const char *name, issue_fn issue, int64_t now,
          struct cert **ret, struct err *err)
{
	CLEANUP(buf_done) struct buf der = {0};
	char path[STATE_PATH_SIZE];

	TRY(state_path(p->dir, p->facts->folder, name, path, err));
	if (!file_exists(path)) {
		TRY(issue(p, now, ret, err));
		return file_create(path, cert_der(*ret), 0600, err);
	}
	TRY(file_read(path, CERT_FILE_MAX, &der, err));
	return err_at(err, cert_parse_der(buf_view(&der), ret, err), "%s", path);
}

status
state_random(const char *dir, const char *folder, const char *name, uint8_t *to, size_t size,
             struct err *err)
{
	CLEANUP(buf_done) struct buf id = {0};
	char path[STATE_PATH_SIZE];

	TRY(state_path(dir, folder, name, path, err));
	if (!file_exists(path)) {
		random_bytes(to, size);
		return file_create(path, bytes_of(to, size), 0600, err);
	}
	TRY(file_read(path, size, &id, err));
	if (id.n != size)
		return err_at(err, err_set(err, ERR_IO, "E-NODE-012", "is not %zu bytes", size),
		              "%s", path);
	mem_copy(to, id.p, id.n);
	return OK;
}

static status
load_chip_id(struct processor *p, struct err *err)
{
	TRY(state_random(p->dir, NULL, "chip-id", p->chip_id, sizeof p->chip_id, err));
	if (p->facts->product == SNP_TURIN) /* Turin has 8 bytes, the rest reads as zero */
		mem_zero(p->chip_id + 8, sizeof p->chip_id - 8);
	return OK;
}

static status
load_all(struct processor *p, int64_t now, struct err *err)
{
	char folder[STATE_PATH_SIZE];

	TRY(state_path(p->dir, NULL, p->facts->folder, folder, err));
	TRY(dir_create(folder, 0700, err));
	TRY(load_chip_id(p, err));
	TRY(state_key(p->dir, NULL, "ark.key", KEY_RSA, &p->ark_key, err));
	TRY(state_key(p->dir, NULL, "ask.key", KEY_RSA, &p->ask_key, err));
	TRY(state_key(p->dir, p->facts->folder, "vcek.key", KEY_P384, &p->vcek_key, err));
	TRY(load_cert(p, "ark.der", chain_issue_ark, now, &p->ark, err));
	TRY(load_cert(p, "ask.der", chain_issue_ask, now, &p->ask, err));
	TRY(load_cert(p, "vcek.der", chain_issue_vcek, now, &p->vcek, err));
	return chain_check(p, now, err);
}

status
processor_open(const char *dir, enum processor_part part, int64_t now, struct processor **ret,
               struct err *err)
{
	CLEANUP(processor_drop) struct processor *p = mem_new(struct processor);
	CLEANUP(fd_close) int lock = -1;
	size_t n = bytes_str(dir).n;

	p->facts = processor_facts(part);
	p->dir = mem_alloc(n + 1);
	mem_copy(p->dir, dir, n);
	TRY(state_check(dir, err));
	TRY(state_lock(p->dir, &lock, err));
	TRY(load_all(p, now, err));
	*ret = p;
	p = NULL;
	return OK;
}

void
processor_free(struct processor *p)
{
	if (!p)
		return;
	key_free(p->ark_key);
	key_free(p->ask_key);
	key_free(p->vcek_key);
	cert_free(p->ark);
	cert_free(p->ask);
	cert_free(p->vcek);
	buf_done(&p->crl);
	mem_free(p->dir);
	mem_free(p);
}

/* False when the bytes are no list of ours, or one that ends soon. */
static bool
crl_good(const struct processor *p, struct bytes der, int64_t now)
{
	CLEANUP(crl_drop) struct crl *crl = NULL;

	return is_ok(crl_parse_der(der, &crl, NULL)) && is_ok(crl_verify(crl, p->ark, now, NULL)) &&
	       crl_next_update(crl) - now > CRL_RENEW_BEFORE;
}

status
processor_crl(struct processor *p, int64_t now, struct bytes *ret, struct err *err)
{
	CLEANUP(fd_close) int lock = -1;
	char path[STATE_PATH_SIZE];

	if (p->crl.n == 0 || !crl_good(p, buf_view(&p->crl), now)) {
		TRY(state_lock(p->dir, &lock, err));
		TRY(state_path(p->dir, p->facts->folder, "crl.der", path, err));
		buf_reset(&p->crl);
		if (file_exists(path))
			TRY(file_read(path, CERT_FILE_MAX, &p->crl, err));
		if (!crl_good(p, buf_view(&p->crl), now)) {
			buf_reset(&p->crl);
			TRY(chain_issue_crl(p, now, &p->crl, err));
			TRY(file_write(path, buf_view(&p->crl), 0600, err));
		}
	}
	*ret = buf_view(&p->crl);
	return OK;
}
