/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/issuer.h"

#include "attest/leaf.h"
#include "attest/sevguest.h"
#include "attest/stream.h"
#include "attest/tdxguest.h"
#include "base/file.h"
#include "base/text.h"
#include "evidence/intake.h"

#include <errno.h>
#include <unistd.h>

enum { IDLE_MS = 1000 * 1000 * 1000 };

static const char *const names[] = {
        [ISSUER_TSM] = "configfs-tsm",
        [ISSUER_SEV_GUEST] = "sev-guest",
        [ISSUER_TDX_GUEST] = "tdx_guest",
        [ISSUER_SOCKET] = "socket",
};

const char *
issuer_kind_name(enum issuer_kind k)
{
	return names[k];
}

struct issuer_places
issuer_usual(const char *socket)
{
	return (struct issuer_places){
	        .tsm = {.root = TSM_ROOT},
	        .sev_guest = SEVGUEST_PATH,
	        .tdx_guest = TDXGUEST_PATH,
	        .qgs_conf = QGS_CONF,
	        .socket = socket,
	        .kernel = &kernel_own,
	};
}

/* ---- probing ---- */

/* An entry is made and removed to learn the provider: the folder exists in guests of no kind, too.
 */
static status
open_tsm(const struct issuer_places *p, struct issuer *ret, struct err *err)
{
	CLEANUP(tsm_close) struct tsm_entry entry = {.tsm = &p->tsm};

	TRY(tsm_open(&p->tsm, &entry, err));
	ret->kind = ISSUER_TSM;
	ret->tee = entry.tee;
	ret->tsm = p->tsm;
	return OK;
}

static status
open_device(const struct issuer_places *p, const char *path, struct issuer *ret, struct err *err)
{
	ret->fd = p->kernel->open_device(path);
	if (ret->fd < 0)
		return err_set_errno(err, ERR_NOT_FOUND, "E-ISSUER-003", "%s", path);
	return OK;
}

static status
open_sev_guest(const struct issuer_places *p, struct issuer *ret, struct err *err)
{
	TRY(open_device(p, p->sev_guest, ret, err));
	ret->kind = ISSUER_SEV_GUEST;
	ret->tee = TEE_SNP;
	return OK;
}

/* The quote service is asked when a quote is needed: it may start later than we do. */
static status
open_tdx_guest(const struct issuer_places *p, struct issuer *ret, struct err *err)
{
	if (p->qgs_conf)
		TRY(qgs_place_read(p->qgs_conf, &ret->qgs, err));
	TRY(open_device(p, p->tdx_guest, ret, err));
	ret->kind = ISSUER_TDX_GUEST;
	ret->tee = TEE_TDX;
	return OK;
}

static status
open_socket(const struct issuer_places *p, struct issuer *ret, struct err *err)
{
	TRY(attest_socket_connect(p->socket, &ret->fd, err));
	ret->kind = ISSUER_SOCKET;
	return OK;
}

typedef status (*open_fn)(const struct issuer_places *p, struct issuer *ret, struct err *err);

static status
probe(const struct issuer_places *p, struct issuer *ret, struct err *err)
{
	static const open_fn order[] = {
	        [ISSUER_TSM] = open_tsm,
	        [ISSUER_SEV_GUEST] = open_sev_guest,
	        [ISSUER_TDX_GUEST] = open_tdx_guest,
	        [ISSUER_SOCKET] = open_socket,
	};
	CLEANUP(buf_done) struct buf tried = {0};

	for (size_t i = 0; i < COUNT_OF(order); i++) {
		struct err why = {0};

		if (i == ISSUER_SOCKET && !p->socket)
			continue;
		if (is_ok(order[i](p, ret, &why)))
			return OK;
		buf_printf(&tried, "%s%s: %s", tried.n > 0 ? "; " : "", names[i], why.msg);
		if (i == ISSUER_SOCKET)
			buf_printf(&tried, " (%s)", p->socket);
	}
	return err_set(err, ERR_UNREACHABLE, "E-ISSUER-001", "nothing here gives evidence: %s",
	               buf_cstr(&tried));
}

status
issuer_open(const char *where, const struct issuer_places *places, struct issuer *ret,
            struct err *err)
{
	struct issuer_places p = *places;

	*ret = (struct issuer){.fd = -1, .qgs = p.qgs, .kernel = p.kernel};
	if (bytes_is(bytes_str(where), ISSUER_AUTO))
		return probe(&p, ret, err);
	p.tsm.root = where;
	p.socket = where;
	return file_is_dir(where) ? open_tsm(&p, ret, err) : open_socket(&p, ret, err);
}

void
issuer_close(struct issuer *i)
{
	fd_close(&i->fd);
	quoted_collateral_done(&i->collateral);
}

/* ---- evidence ---- */

static status
put_document(struct arena *a, const struct document *d, struct buf *out, struct err *err)
{
	struct value v = document_to_json(a, d);

	TRY(arena_check(a, err));
	json_write(&v, JSON_COMPACT, out);
	return buf_check(out, err);
}

static status
from_tsm(const struct issuer *i, const uint8_t *report_data, struct buf *document, struct err *err)
{
	CLEANUP(tsm_close) struct tsm_entry entry = {.tsm = &i->tsm};

	TRY(tsm_open(&i->tsm, &entry, err));
	if (entry.tee != i->tee)
		return err_set(err, ERR_CONFLICT, "E-TSM-002", "the kernel's provider changed");
	return tsm_evidence(&entry, report_data, document, err);
}

static status
from_sev_guest(const struct issuer *i, const uint8_t *report_data, struct buf *document,
               struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf report = {0};
	CLEANUP(buf_done) struct buf table = {0};
	struct endorsements found = {0};
	struct document d = {.tee = TEE_SNP};

	TRY(sevguest_report(i->kernel, i->fd, report_data, &report, &table, err));
	d.evidence = buf_view(&report);
	/* The host's; a malformed one counts as none. */
	if (table.n > 0 && is_ok(intake_endorsements(&a, buf_view(&table), &found, NULL)))
		d.endorsements = found;
	return put_document(&a, &d, document, err);
}

static status
from_tdx_guest(struct issuer *i, const uint8_t *report_data, struct buf *document, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf quote = {0};
	CLEANUP(fd_close) int fd = -1;
	uint8_t report[TDXGUEST_REPORT_SIZE];
	struct document d = {.tee = TEE_TDX};

	TRY(tdxguest_report(i->kernel, i->fd, report_data, report, err));
	TRY(qgs_connect(&i->qgs, &fd, err));
	TRY(qgs_quote(fd, report, i->qgs.quote_ms ? i->qgs.quote_ms : QGS_DEADLINE_MS, &quote,
	              err));
	TRY(quoted_check(buf_view(&quote), report_data, err));
	d.evidence = buf_view(&quote);
	quoted_collateral_get(&i->collateral, &i->qgs, d.evidence, &d.endorsements);
	return put_document(&a, &d, document, err);
}

status
issuer_report(struct issuer *i, const uint8_t report_data[ATTEST_REPORT_DATA_SIZE],
              uint8_t *ret_tee, struct buf *document, struct err *err)
{
	struct attest_request request = {.op = ATTEST_OP_REPORT};

	*ret_tee = (uint8_t)i->tee;
	switch (i->kind) {
	case ISSUER_TSM:
		return from_tsm(i, report_data, document, err);
	case ISSUER_SEV_GUEST:
		return from_sev_guest(i, report_data, document, err);
	case ISSUER_TDX_GUEST:
		return from_tdx_guest(i, report_data, document, err);
	case ISSUER_SOCKET:
		break;
	}
	mem_copy(request.report_data, report_data, sizeof request.report_data);
	return attest_socket_call(i->fd, &request, ATTEST_DEADLINE_MS, ret_tee, document, err);
}

status
issuer_mesh_cert(struct issuer *i, const struct attest_leaf *leaf, struct buf *document,
                 struct err *err)
{
	struct attest_request request = {.op = ATTEST_OP_MESH_CERT, .leaf = *leaf};
	struct hash512 hash;
	uint8_t tee;

	if (i->kind == ISSUER_SOCKET)
		return attest_socket_call(i->fd, &request, ATTEST_DEADLINE_MS, &tee, document, err);
	hash = attest_leaf_hash(leaf, i->tee);
	return issuer_report(i, hash.b, &tee, document, err);
}

/* ---- serving ---- */

static void
answer(struct issuer *i, struct bytes body, struct buf *out)
{
	CLEANUP(buf_done) struct buf rest = {0};
	struct attest_request request;
	enum attest_result result = ATTEST_DONE;
	uint8_t tee = 0;
	struct err err = {0};

	if (!is_ok(attest_request_parse(body, &request, &err)))
		result = ATTEST_MALFORMED;
	else if (request.op != ATTEST_OP_REPORT)
		result = ATTEST_REFUSED;
	else if (!is_ok(issuer_report(i, request.report_data, &tee, &rest, &err)))
		result = ATTEST_UNAVAILABLE;
	if (result != ATTEST_DONE) {
		buf_reset(&rest);
		buf_str(&rest, result == ATTEST_REFUSED ? "reports only" : err.msg);
	}
	attest_answer_emit(result, result == ATTEST_DONE ? tee : 0, buf_view(&rest), out);
}

status
issuer_serve(struct issuer *i, int fd, struct err *err)
{
	CLEANUP(buf_done) struct buf in = {0};

	for (;;) {
		CLEANUP(buf_done) struct buf out = {0};
		struct bytes body;
		size_t used = 0;
		bool whole;

		TRY(attest_frame_next(buf_view(&in), ATTEST_REQUEST_MAX, &whole, &body, &used,
		                      err));
		if (!whole) {
			if (stream_receive(fd, ATTEST_REQUEST_MAX, stream_deadline(IDLE_MS), &in))
				continue;
			if (errno == EPIPE && in.n == 0)
				return OK;
			if (errno == ETIMEDOUT)
				continue;
			return err_set_errno(err, ERR_IO, "E-ISSUER-004",
			                     "the asker of reports is gone");
		}
		answer(i, body, &out);
		TRY(buf_check(&out, err));
		if (used != in.n)
			return err_set(err, ERR_PARSE, "E-ISSUER-004",
			               "more than one request at a time");
		buf_reset(&in);
		if (!stream_send(fd, buf_view(&out), stream_deadline(ATTEST_DEADLINE_MS)))
			return err_set_errno(err, ERR_IO, "E-ISSUER-004",
			                     "the asker of reports is gone");
	}
}
