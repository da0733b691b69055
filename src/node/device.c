/* SPDX-License-Identifier: Apache-2.0 */
#include "node/device.h"

#include "base/file.h"
#include "base/rd.h"

#include <errno.h>
#include <unistd.h>

enum { HEADER_SIZE = 32 };

void
device_request_emit(const uint8_t report_data[PROCESSOR_REPORT_DATA_SIZE], uint32_t vmpl,
                    struct buf *out)
{
	buf_be32(out, DEVICE_REQUEST_SIZE);
	buf_add(out, report_data, PROCESSOR_REPORT_DATA_SIZE);
	buf_le32(out, vmpl);
	buf_le32(out, 0);
	buf_zeros(out, 24);
}

static void
put_header(struct buf *out, uint32_t code, uint32_t size)
{
	buf_le32(out, code);
	buf_le32(out, size);
	buf_zeros(out, 24);
}

static uint32_t
make_report(struct guest *g, struct processor *p, int64_t now, struct bytes request,
            struct buf *report, struct bytes *crl)
{
	struct rd r = rd_init(request);
	struct bytes report_data = rd_bytes(&r, PROCESSOR_REPORT_DATA_SIZE);
	uint32_t vmpl = rd_le32(&r);
	uint32_t key_sel = rd_le32(&r);
	struct bytes reserved = rd_bytes(&r, 24);

	if (!rd_done(&r) || key_sel != 0 || !bytes_all_zero(reserved))
		return DEVICE_INVALID_PARAMS;
	if (!is_ok(processor_crl(p, now, crl, NULL)))
		return DEVICE_BUSY;
	if (!is_ok(guest_report(g, report_data.p, vmpl, report, NULL)))
		return DEVICE_INVALID_PARAMS;
	return 0;
}

void
device_serve(struct guest *g, struct processor *p, int64_t now, struct bytes request,
             struct buf *out)
{
	CLEANUP(buf_done) struct buf report = {0};
	CLEANUP(buf_done) struct buf table = {0};
	struct bytes crl = {NULL, 0};
	uint32_t code = make_report(g, p, now, request, &report, &crl);

	if (code == 0) {
		const struct snp_table certificates = {
		        .entry = {[SNP_TABLE_VCEK] = processor_vcek(p),
		                  [SNP_TABLE_ASK] = processor_ask(p),
		                  [SNP_TABLE_ARK] = processor_ark(p),
		                  [SNP_TABLE_CRL] = crl}};

		snp_table_emit(&certificates, &table);
	}
	buf_be32(out, (uint32_t)(HEADER_SIZE + report.n + table.n));
	put_header(out, code, (uint32_t)report.n);
	buf_bytes(out, buf_view(&report));
	buf_bytes(out, buf_view(&table));
}

static uint32_t
make_quote(const struct td_launch *l, struct quoter *q, uint16_t version, int64_t now,
           struct bytes request, struct buf *document)
{
	CLEANUP(buf_done) struct buf quote = {0};
	CLEANUP(arena_done) struct arena a = {0};
	struct rd r = rd_init(request);
	struct bytes report_data = rd_bytes(&r, PROCESSOR_REPORT_DATA_SIZE);
	struct bytes reserved = rd_bytes(&r, DEVICE_REQUEST_SIZE - PROCESSOR_REPORT_DATA_SIZE);
	struct document d = {.tee = TEE_TDX};
	struct value v;

	if (!rd_done(&r) || !bytes_all_zero(reserved) ||
	    !is_ok(quoter_quote(q, l, version, report_data.p, &quote, NULL)))
		return DEVICE_INVALID_PARAMS;
	d.evidence = buf_view(&quote);
	if (!is_ok(quoter_endorse(q, now, &d.endorsements, NULL)))
		return DEVICE_BUSY;
	v = document_to_json(&a, &d);
	if (!is_ok(arena_check(&a, NULL)))
		return DEVICE_BUSY;
	json_write(&v, JSON_COMPACT, document);
	return buf_ok(document) ? 0 : DEVICE_BUSY;
}

void
device_serve_td(const struct td_launch *l, struct quoter *q, uint16_t version, int64_t now,
                struct bytes request, struct buf *out)
{
	CLEANUP(buf_done) struct buf document = {0};
	uint32_t code = make_quote(l, q, version, now, request, &document);

	if (code != 0)
		buf_reset(&document);
	buf_be32(out, (uint32_t)(HEADER_SIZE + document.n));
	put_header(out, code, (uint32_t)document.n);
	buf_bytes(out, buf_view(&document));
}

/* The header of both shapes; *ret is what lies behind it. */
static status
parse_header(struct bytes answer, uint32_t *ret_size, struct bytes *ret, struct err *err)
{
	struct rd r = rd_init(answer);
	uint32_t code = rd_le32(&r);
	struct bytes reserved;

	*ret_size = rd_le32(&r);
	reserved = rd_bytes(&r, 24);
	if (rd_ok(&r) && code != 0)
		return err_set(err, ERR_UNREACHABLE, "E-NODE-036",
		               "the secure processor answers with status %#x", code);
	*ret = rd_bytes(&r, rd_left(&r));
	if (!rd_ok(&r) || *ret_size > ret->n || !bytes_all_zero(reserved))
		return err_set(err, ERR_PARSE, "E-NODE-035",
		               "the secure processor's answer is malformed");
	return OK;
}

status
device_answer_parse(struct bytes answer, struct device_answer *ret, struct err *err)
{
	struct bytes rest;
	uint32_t size;

	*ret = (struct device_answer){.report = {NULL, 0}};
	TRY(parse_header(answer, &size, &rest, err));
	if (size != PROCESSOR_REPORT_SIZE)
		return err_set(err, ERR_PARSE, "E-NODE-035", "a report has %d bytes, not %u",
		               PROCESSOR_REPORT_SIZE, size);
	ret->report = bytes_sub(rest, 0, size);
	return snp_table_parse(bytes_sub(rest, size, rest.n), &ret->certificates, err);
}

static status
document_of_report(struct bytes answer, struct document *ret, struct err *err)
{
	static const enum snp_table_kind kinds[] = {SNP_TABLE_VCEK, SNP_TABLE_ASK, SNP_TABLE_ARK};
	struct endorsements *e = &ret->endorsements;
	struct device_answer a;

	TRY(device_answer_parse(answer, &a, err));
	*ret = (struct document){.tee = TEE_SNP, .evidence = a.report};
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		e->certs[e->n_certs++] = a.certificates.entry[kinds[i]];
	e->crls[e->n_crls++] = a.certificates.entry[SNP_TABLE_CRL];
	return OK;
}

status
device_document(enum tee tee, struct bytes answer, struct arena *a, struct document *ret,
                struct err *err)
{
	struct bytes rest;
	uint32_t size;

	if (tee == TEE_SNP)
		return document_of_report(answer, ret, err);
	TRY(parse_header(answer, &size, &rest, err));
	if (size != rest.n)
		return err_set(err, ERR_PARSE, "E-NODE-035", "something lies behind the evidence");
	TRY(document_parse(a, rest, ret, err));
	if (ret->tee != tee)
		return err_set(err, ERR_PARSE, "E-NODE-035", "the evidence is of another kind");
	return OK;
}

static status
read_exactly(int fd, struct buf *to, size_t n, struct err *err)
{
	size_t want = to->n + n;

	if (!buf_reserve(to, n))
		return buf_check(to, err);
	while (to->n < want) {
		ssize_t got = read(fd, to->p + to->n, want - to->n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_set(err, ERR_UNREACHABLE, "E-NODE-036",
			               "the secure processor does not answer");
		to->n += (size_t)got;
	}
	return OK;
}

status
device_report(int fd, enum tee tee, const uint8_t report_data[PROCESSOR_REPORT_DATA_SIZE],
              struct arena *a, struct buf *frame, struct document *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf request = {0};
	struct rd head;
	uint32_t n;

	device_request_emit(report_data, 0, &request);
	TRY(buf_check(&request, err));
	TRY(fd_write_all(fd, buf_view(&request), err));
	buf_reset(frame);
	TRY(read_exactly(fd, frame, 4, err));
	head = rd_init(buf_view(frame));
	n = rd_be32(&head);
	if (n < HEADER_SIZE || n > DEVICE_ANSWER_MAX)
		return err_set(err, ERR_PARSE, "E-NODE-035",
		               "the secure processor's answer is malformed");
	TRY(read_exactly(fd, frame, n, err));
	return device_document(tee, bytes_sub(buf_view(frame), 4, frame->n), a, ret, err);
}
