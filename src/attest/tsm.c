/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/tsm.h"

#include "attest/kernel.h"
#include "attest/quoted.h"
#include "base/file.h"
#include "base/text.h"
#include "evidence/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FIRST_PAUSE_MS = 20,
	NAME_RANDOM = 8,
	SMALL_FILE = 64,
	SNP_REPORT_DATA_AT = 0x50,
	TSM_GENERATIONS = 3, /* attempts while somebody else writes to our entry */
};

static int
open_attribute(const struct tsm_entry *e, const char *name, int flags)
{
	char path[320];

	snprintf(path, sizeof path, "%s/%s", e->path, name);
	return open(path, flags | O_CLOEXEC);
}

/* To the end, at most max bytes; false with errno. Attributes do not say their size. Nothing at all
 * is no answer: ENODATA. */
static bool
read_attribute(const struct tsm_entry *e, const char *name, size_t max, struct buf *out)
{
	CLEANUP(fd_close) int fd = open_attribute(e, name, O_RDONLY);

	buf_reset(out);
	out->max = max;
	while (fd >= 0 && buf_reserve(out, 4096)) {
		ssize_t n = (e->tsm->read ? e->tsm->read : read)(fd, out->p + out->n, 4096);

		if (n < 0)
			return false;
		if (n == 0 && out->n == 0)
			errno = ENODATA;
		if (n == 0)
			return out->n > 0;
		out->n += (size_t)n;
	}
	if (fd >= 0)
		errno = EFBIG;
	return false;
}

static status
find_provider(struct tsm_entry *e, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};
	struct bytes name;

	if (!read_attribute(e, "provider", 8192, &text))
		return err_set_errno(err, ERR_NOT_FOUND, "E-TSM-001", "%s/provider", e->path);
	name = bytes_trim(buf_view(&text));
	if (bytes_is(name, "sev_guest"))
		e->tee = TEE_SNP;
	else if (bytes_is(name, "tdx_guest"))
		e->tee = TEE_TDX;
	else
		return err_set(err, ERR_UNSUPPORTED, "E-TSM-002",
		               "evidence of the provider \"%.*s\" is not known here",
		               BYTES_ARG(bytes_sub(name, 0, SMALL_FILE)));
	return OK;
}

status
tsm_open(const struct tsm *t, struct tsm_entry *ret, struct err *err)
{
	uint8_t random[NAME_RANDOM];
	char hex[2 * NAME_RANDOM + 1];
	status s;

	*ret = (struct tsm_entry){.tsm = t};
	random_bytes(random, sizeof random);
	snprintf(ret->path, sizeof ret->path, "%s/contrast-%s", t->root,
	         hex_cstr(bytes_of(random, sizeof random), hex, sizeof hex));
	if ((t->make ? t->make : mkdir)(ret->path, 0700) != 0) {
		s = err_set_errno(err, ERR_NOT_FOUND, "E-TSM-001", "cannot make an entry in %s",
		                  t->root);
		ret->path[0] = '\0';
		return s;
	}
	s = find_provider(ret, err);
	if (!is_ok(s))
		tsm_close(ret);
	return s;
}

/* Entries outlive their maker: each must be removed, on every path. */
void
tsm_close(struct tsm_entry *e)
{
	if (e->path[0] != '\0')
		(void)(e->tsm->remove ? e->tsm->remove : rmdir)(e->path);
	e->path[0] = '\0';
}

/* All 64 bytes in one write: the attribute takes no parts. */
static status
write_report_data(const struct tsm_entry *e, const uint8_t *report_data, struct err *err)
{
	CLEANUP(fd_close) int fd = open_attribute(e, "inblob", O_WRONLY);
	ssize_t n = fd < 0 ? -1 : write(fd, report_data, TSM_REPORT_DATA_SIZE);

	if (n == TSM_REPORT_DATA_SIZE)
		return OK;
	return err_set_errno(err, ERR_UNREACHABLE, "E-TSM-003", "%s/inblob", e->path);
}

/* Under an SVSM the guest has no reports of level 0, and no verifier takes another level's. */
static status
no_evidence(const struct tsm_entry *e, struct err *err)
{
	int error = errno;
	CLEANUP(buf_done) struct buf floor = {0};
	uint64_t level;

	if (read_attribute(e, "privlevel_floor", 8192, &floor) &&
	    text_u64(bytes_trim(buf_view(&floor)), 3, &level) && level > 0)
		return err_set(err, ERR_UNSUPPORTED, "E-TSM-005",
		               "this guest may ask for evidence of privilege level %u at best",
		               (unsigned int)level);
	errno = error;
	return err_set_errno(err, ERR_UNREACHABLE, "E-TSM-003", "%s/outblob", e->path);
}

static status
read_evidence(const struct tsm_entry *e, struct buf *out, struct err *err)
{
	unsigned int pause = FIRST_PAUSE_MS;

	for (int i = 0; i < TSM_ATTEMPTS; i++, pause *= 2) {
		if (read_attribute(e, "outblob", TSM_BLOB_MAX, out))
			return OK;
		if (!kernel_is_busy(errno))
			break;
		if (i + 1 < TSM_ATTEMPTS)
			e->tsm->pause_ms ? e->tsm->pause_ms(pause) : kernel_own.pause_ms(pause);
	}
	return no_evidence(e, err);
}

/* The host's certificate table; absent, empty or malformed means none: the verifier looks
 * elsewhere. */
static void
add_host_table(const struct tsm_entry *e, struct arena *a, struct buf *table,
               struct endorsements *to)
{
	struct endorsements found = {0};
	struct err ignored;

	if (read_attribute(e, "auxblob", TSM_BLOB_MAX, table) &&
	    is_ok(intake_endorsements(a, buf_view(table), &found, &ignored)))
		*to = found;
}

/* Evidence and table of one generation. ERR_CONFLICT E-TSM-004. */
static status
read_generation(const struct tsm_entry *e, const uint8_t *report_data, struct buf *evidence,
                struct arena *a, struct buf *table, struct endorsements *to, struct err *err)
{
	CLEANUP(buf_done) struct buf before = {0};
	CLEANUP(buf_done) struct buf after = {0};

	TRY(write_report_data(e, report_data, err));
	if (!read_attribute(e, "generation", 8192, &before))
		return err_set_errno(err, ERR_UNREACHABLE, "E-TSM-003", "%s/generation", e->path);
	TRY(read_evidence(e, evidence, err));
	*to = (struct endorsements){.n_certs = 0};
	add_host_table(e, a, table, to);
	/* A count of writes: another one means that the evidence may be over other bytes. */
	if (!read_attribute(e, "generation", 8192, &after) ||
	    !bytes_equal(buf_view(&before), buf_view(&after)))
		return err_set(err, ERR_CONFLICT, "E-TSM-004", "somebody else wrote to %s",
		               e->path);
	return OK;
}

/* The kernel is ours, but a quote is the host's. */
static status
check_answer(enum tee tee, struct bytes evidence, const uint8_t *report_data, struct err *err)
{
	if (tee == TEE_TDX)
		return quoted_check(evidence, report_data, err);
	if (!bytes_equal(bytes_sub(evidence, SNP_REPORT_DATA_AT,
	                           SNP_REPORT_DATA_AT + TSM_REPORT_DATA_SIZE),
	                 bytes_of(report_data, TSM_REPORT_DATA_SIZE)))
		return err_set(err, ERR_PARSE, "E-TSM-003",
		               "the report is over other data than was asked for");
	return OK;
}

status
tsm_evidence(const struct tsm_entry *e, const uint8_t report_data[TSM_REPORT_DATA_SIZE],
             struct buf *document, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf evidence = {0};
	CLEANUP(buf_done) struct buf table = {0};
	struct document d = {.tee = e->tee};
	struct value v;
	status s = OK;

	for (int i = 0; i < TSM_GENERATIONS; i++) {
		s = read_generation(e, report_data, &evidence, &a, &table, &d.endorsements, err);
		if (s.cls != ERR_CONFLICT)
			break;
	}
	TRY(s);
	d.evidence = buf_view(&evidence);
	TRY(check_answer(d.tee, d.evidence, report_data, err));
	v = document_to_json(&a, &d);
	TRY(arena_check(&a, err));
	json_write(&v, JSON_COMPACT, document);
	return buf_check(document, err);
}
