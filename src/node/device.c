/* SPDX-License-Identifier: Apache-2.0 */
#include "node/device.h"

#include "base/file.h"
#include "base/rd.h"

#include <errno.h>
#include <unistd.h>

enum {
	HEADER_SIZE = 32,
	ENTRY_SIZE = 24,
	MAX_ENTRIES = 16,
};

/* GUIDs of the certificate table in memory order. */
static const uint8_t guid_vcek[16] = {0x8d, 0x75, 0xda, 0x63, 0x64, 0xe6, 0x64, 0x45,
                                      0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd};
static const uint8_t guid_ask[16] = {0x79, 0xb3, 0xb7, 0x4a, 0xac, 0xbb, 0xe4, 0x4f,
                                     0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82};
static const uint8_t guid_ark[16] = {0xa4, 0x06, 0xb4, 0xc0, 0x03, 0xa8, 0x52, 0x49,
                                     0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae};
static const uint8_t guid_crl[16] = {0x11, 0x3b, 0xf8, 0x92, 0x81, 0x58, 0x3d, 0x4d,
                                     0x97, 0xff, 0xd1, 0x9f, 0x88, 0xdc, 0x67, 0xea};

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

struct table_entry {
	const uint8_t *guid;
	struct bytes der;
};

static void
put_table(const struct table_entry *entries, size_t n, struct buf *out)
{
	size_t offset = (n + 1) * ENTRY_SIZE;

	for (size_t i = 0; i < n; i++) {
		buf_add(out, entries[i].guid, 16);
		buf_le32(out, (uint32_t)offset);
		buf_le32(out, (uint32_t)entries[i].der.n);
		offset += entries[i].der.n;
	}
	buf_zeros(out, ENTRY_SIZE);
	for (size_t i = 0; i < n; i++)
		buf_bytes(out, entries[i].der);
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
		const struct table_entry entries[] = {
		        {guid_vcek, processor_vcek(p)},
		        {guid_ask, processor_ask(p)},
		        {guid_ark, processor_ark(p)},
		        {guid_crl, crl},
		};

		put_table(entries, COUNT_OF(entries), &table);
	}
	buf_be32(out, (uint32_t)(HEADER_SIZE + report.n + table.n));
	put_header(out, code, (uint32_t)report.n);
	buf_bytes(out, buf_view(&report));
	buf_bytes(out, buf_view(&table));
}

static struct bytes *
slot_of(struct device_answer *a, struct bytes guid)
{
	struct {
		const uint8_t *guid;
		struct bytes *slot;
	} const slots[] = {{guid_vcek, &a->vcek},
	                   {guid_ask, &a->ask},
	                   {guid_ark, &a->ark},
	                   {guid_crl, &a->crl}};

	for (size_t i = 0; i < COUNT_OF(slots); i++) {
		if (bytes_equal(guid, bytes_of(slots[i].guid, 16)))
			return slots[i].slot;
	}
	return NULL;
}

/* The host wrote the table: ranges are checked, doubles refused, strangers skipped. */
static bool
read_table(struct bytes table, struct device_answer *ret)
{
	struct rd r = rd_init(table);

	for (size_t i = 0; i < MAX_ENTRIES; i++) {
		struct bytes guid = rd_bytes(&r, 16);
		uint32_t offset = rd_le32(&r);
		uint32_t n = rd_le32(&r);
		struct bytes *slot;

		if (!rd_ok(&r))
			return false;
		if (bytes_all_zero(guid))
			return offset == 0 && n == 0;
		if (offset > table.n || n > table.n - offset || n == 0)
			return false;
		slot = slot_of(ret, guid);
		if (slot && slot->n > 0)
			return false;
		if (slot)
			*slot = bytes_sub(table, offset, (size_t)offset + n);
	}
	return false;
}

status
device_answer_parse(struct bytes answer, struct device_answer *ret, struct err *err)
{
	struct rd r = rd_init(answer);
	uint32_t code = rd_le32(&r);
	uint32_t size = rd_le32(&r);
	struct bytes reserved = rd_bytes(&r, 24);

	*ret = (struct device_answer){.report = {NULL, 0}};
	if (rd_ok(&r) && code != 0)
		return err_set(err, ERR_UNREACHABLE, "E-NODE-036",
		               "the secure processor answers with status %#x", code);
	ret->report = rd_bytes(&r, size);
	if (!rd_ok(&r) || size != PROCESSOR_REPORT_SIZE || !bytes_all_zero(reserved) ||
	    !read_table(rd_bytes(&r, rd_left(&r)), ret))
		return err_set(err, ERR_PARSE, "E-NODE-035",
		               "the secure processor's answer is malformed");
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
device_report(int fd, const uint8_t report_data[PROCESSOR_REPORT_DATA_SIZE], uint32_t vmpl,
              struct buf *frame, struct device_answer *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf request = {0};
	struct rd head;
	uint32_t n;

	device_request_emit(report_data, vmpl, &request);
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
	return device_answer_parse(bytes_sub(buf_view(frame), 4, frame->n), ret, err);
}
