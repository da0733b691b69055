/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/tsm.h"

#include "attest/kernel.h"
#include "base/file.h"
#include "base/text.h"
#include "evidence/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_PAUSE_MS = 20, NAME_RANDOM = 8, SMALL_FILE = 64 };

static int
open_attribute(const struct tsm_entry *e, const char *name, int flags)
{
	char path[320];

	snprintf(path, sizeof path, "%s/%s", e->path, name);
	return open(path, flags | O_CLOEXEC);
}

/* To the end, at most max bytes; false with errno. Attributes do not say their size. */
static bool
read_attribute(const struct tsm_entry *e, const char *name, size_t max, struct buf *out)
{
	CLEANUP(fd_close) int fd = open_attribute(e, name, O_RDONLY);

	buf_reset(out);
	out->max = max;
	while (fd >= 0 && buf_reserve(out, 4096)) {
		ssize_t n = read(fd, out->p + out->n, 4096);

		if (n < 0)
			return false;
		if (n == 0)
			return true;
		out->n += (size_t)n;
	}
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

static status
read_evidence(const struct tsm_entry *e, struct buf *out, struct err *err)
{
	unsigned int pause = FIRST_PAUSE_MS;

	for (int i = 0; i < TSM_ATTEMPTS; i++, pause *= 2) {
		if (read_attribute(e, "outblob", TSM_BLOB_MAX, out) && out->n > 0)
			return OK;
		if (!kernel_is_busy(errno))
			break;
		kernel_own.pause_ms(pause);
	}
	return err_set_errno(err, ERR_UNREACHABLE, "E-TSM-003", "%s/outblob", e->path);
}

/* The host's certificate table; absent, empty or malformed means none: the verifier looks
 * elsewhere. */
static void
add_host_table(const struct tsm_entry *e, struct arena *a, struct buf *table,
               struct endorsements *to)
{
	struct endorsements found = {0};
	struct err ignored;

	if (read_attribute(e, "auxblob", TSM_BLOB_MAX, table) && table->n > 0 &&
	    is_ok(intake_endorsements(a, buf_view(table), &found, &ignored)))
		*to = found;
}

status
tsm_evidence(const struct tsm_entry *e, const uint8_t report_data[TSM_REPORT_DATA_SIZE],
             struct buf *document, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf before = {0};
	CLEANUP(buf_done) struct buf after = {0};
	CLEANUP(buf_done) struct buf evidence = {0};
	CLEANUP(buf_done) struct buf table = {0};
	struct document d = {.tee = e->tee};
	struct value v;

	TRY(write_report_data(e, report_data, err));
	if (!read_attribute(e, "generation", 8192, &before))
		return err_set_errno(err, ERR_UNREACHABLE, "E-TSM-003", "%s/generation", e->path);
	TRY(read_evidence(e, &evidence, err));
	add_host_table(e, &a, &table, &d.endorsements);
	/* A count of writes: another one means that the evidence may be over other bytes. */
	if (!read_attribute(e, "generation", 8192, &after) ||
	    !bytes_equal(buf_view(&before), buf_view(&after)))
		return err_set(err, ERR_CONFLICT, "E-TSM-004", "somebody else wrote to %s",
		               e->path);
	d.evidence = buf_view(&evidence);
	v = document_to_json(&a, &d);
	TRY(arena_check(&a, err));
	json_write(&v, JSON_COMPACT, document);
	return buf_check(document, err);
}
