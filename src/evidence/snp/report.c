/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/snp/report.h"

#include "base/rd.h"

enum {
	SIG_R = 0x2a0,
	SIG_S = 0x2e8,
	SIG_INT_FIELD = 72,
};

#define FIELD(name, offset, version, kind, member)                                                 \
	{                                                                                          \
		name, offset, sizeof(((struct snp_report *)0)->member), version, kind,             \
		        offsetof(struct snp_report, member)                                        \
	}

const struct snp_field snp_fields[] = {
        FIELD("version", 0x000, 2, SNP_FIELD_NUMBER, version),
        FIELD("guest_svn", 0x004, 2, SNP_FIELD_NUMBER, guest_svn),
        FIELD("policy", 0x008, 2, SNP_FIELD_NUMBER, policy),
        FIELD("family_id", 0x010, 2, SNP_FIELD_BYTES, family_id),
        FIELD("image_id", 0x020, 2, SNP_FIELD_BYTES, image_id),
        FIELD("vmpl", 0x030, 2, SNP_FIELD_NUMBER, vmpl),
        FIELD("signature_algo", 0x034, 2, SNP_FIELD_NUMBER, signature_algo),
        FIELD("current_tcb", 0x038, 2, SNP_FIELD_TCB, current_tcb),
        FIELD("platform_info", 0x040, 2, SNP_FIELD_NUMBER, platform_info),
        FIELD("key_info", 0x048, 2, SNP_FIELD_NUMBER, key_info),
        FIELD("report_data", 0x050, 2, SNP_FIELD_BYTES, report_data),
        FIELD("measurement", 0x090, 2, SNP_FIELD_BYTES, measurement),
        FIELD("host_data", 0x0c0, 2, SNP_FIELD_BYTES, host_data),
        FIELD("id_key_digest", 0x0e0, 2, SNP_FIELD_BYTES, id_key_digest),
        FIELD("author_key_digest", 0x110, 2, SNP_FIELD_BYTES, author_key_digest),
        FIELD("report_id", 0x140, 2, SNP_FIELD_BYTES, report_id),
        FIELD("report_id_ma", 0x160, 2, SNP_FIELD_BYTES, report_id_ma),
        FIELD("reported_tcb", 0x180, 2, SNP_FIELD_TCB, reported_tcb),
        FIELD("cpuid_family", 0x188, 3, SNP_FIELD_NUMBER, cpuid_family),
        FIELD("cpuid_model", 0x189, 3, SNP_FIELD_NUMBER, cpuid_model),
        FIELD("cpuid_stepping", 0x18a, 3, SNP_FIELD_NUMBER, cpuid_stepping),
        FIELD("chip_id", 0x1a0, 2, SNP_FIELD_BYTES, chip_id),
        FIELD("committed_tcb", 0x1e0, 2, SNP_FIELD_TCB, committed_tcb),
        FIELD("current_build", 0x1e8, 2, SNP_FIELD_NUMBER, current_build),
        FIELD("current_minor", 0x1e9, 2, SNP_FIELD_NUMBER, current_minor),
        FIELD("current_major", 0x1ea, 2, SNP_FIELD_NUMBER, current_major),
        FIELD("committed_build", 0x1ec, 2, SNP_FIELD_NUMBER, committed_build),
        FIELD("committed_minor", 0x1ed, 2, SNP_FIELD_NUMBER, committed_minor),
        FIELD("committed_major", 0x1ee, 2, SNP_FIELD_NUMBER, committed_major),
        FIELD("launch_tcb", 0x1f0, 2, SNP_FIELD_TCB, launch_tcb),
        FIELD("launch_mitigation", 0x1f8, 5, SNP_FIELD_NUMBER, launch_mitigation),
        FIELD("current_mitigation", 0x200, 5, SNP_FIELD_NUMBER, current_mitigation),
};
const size_t snp_fields_n = COUNT_OF(snp_fields);

static uint8_t *
member(struct snp_report *r, const struct snp_field *f)
{
	return (uint8_t *)r + f->member;
}

struct bytes
snp_field_bytes(const struct snp_report *r, const struct snp_field *f)
{
	return bytes_of((const uint8_t *)r + f->member, f->size);
}

uint64_t
snp_field_number(const struct snp_report *r, const struct snp_field *f)
{
	uint64_t u64;
	uint32_t u32;

	if (f->size == sizeof u64) {
		mem_copy(&u64, snp_field_bytes(r, f).p, sizeof u64);
		return u64;
	}
	if (f->size == sizeof u32) {
		mem_copy(&u32, snp_field_bytes(r, f).p, sizeof u32);
		return u32;
	}
	return *snp_field_bytes(r, f).p;
}

void
snp_field_set(struct snp_report *r, const struct snp_field *f, uint64_t value)
{
	uint32_t u32 = (uint32_t)value;

	if (f->size == sizeof value)
		mem_copy(member(r, f), &value, sizeof value);
	else if (f->size == sizeof u32)
		mem_copy(member(r, f), &u32, sizeof u32);
	else
		*member(r, f) = (uint8_t)value;
}

static void
read_field(struct bytes b, const struct snp_field *f, struct snp_report *ret)
{
	struct rd at = rd_init(bytes_sub(b, f->offset, (size_t)f->offset + f->size));

	if (f->kind != SNP_FIELD_NUMBER)
		rd_copy(&at, member(ret, f), f->size);
	else if (f->size == 8)
		snp_field_set(ret, f, rd_le64(&at));
	else if (f->size == 4)
		snp_field_set(ret, f, rd_le32(&at));
	else
		snp_field_set(ret, f, rd_u8(&at));
}

/* First byte of [from, to) that is not zero, or SIZE_MAX. */
static size_t
first_set(struct bytes b, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if (b.p[i] != 0)
			return i;
	}
	return SIZE_MAX;
}

/* Reads all fields of the version; the gaps between them are what it reserves. */
static size_t
read_fields(struct bytes b, uint32_t version, struct snp_report *ret)
{
	size_t at = 0, bad = SIZE_MAX;

	for (size_t i = 0; i < snp_fields_n; i++) {
		const struct snp_field *f = &snp_fields[i];

		if (f->min_version > version)
			continue;
		if (bad == SIZE_MAX)
			bad = first_set(b, at, f->offset);
		read_field(b, f, ret);
		at = (size_t)f->offset + f->size;
	}
	return bad == SIZE_MAX ? first_set(b, at, SNP_SIGNED_SIZE) : bad;
}

/* A 72-byte little-endian integer below 2^384, turned around. */
static bool
read_sig_int(struct bytes b, size_t at, uint8_t to[SNP_SIG_INT_SIZE])
{
	for (size_t i = 0; i < SNP_SIG_INT_SIZE; i++)
		to[i] = b.p[at + SNP_SIG_INT_SIZE - 1 - i];
	return first_set(b, at + SNP_SIG_INT_SIZE, at + SIG_INT_FIELD) == SIZE_MAX &&
	       !bytes_all_zero(bytes_of(to, SNP_SIG_INT_SIZE));
}

static status
check_size(struct bytes b, struct verdict *v)
{
	bool wrapped = b.n == SNP_REPORT_SIZE + SNP_RESPONSE_HEADER || b.n == 4000;

	if (b.n == SNP_REPORT_SIZE)
		return OK;
	return verdict_reject(v, STEP_DECODE, "snp/size", "the report has %zu bytes, need %d%s",
	                      b.n, SNP_REPORT_SIZE,
	                      wrapped ? "; this looks like the firmware's response: strip its "
	                                "32-byte header"
	                              : "");
}

static status
check_key_and_vmpl(const struct snp_report *r, struct verdict *v)
{
	enum snp_signing_key key = snp_signing_key(r);

	if (key == SNP_SIGNED_NONE)
		return verdict_reject(v, STEP_DECODE, "snp/unsigned",
		                      "the report is not signed (SIGNING_KEY 7)");
	if (key != SNP_SIGNED_VCEK && key != SNP_SIGNED_VLEK)
		return verdict_reject(v, STEP_DECODE, "snp/signingkey", "unknown SIGNING_KEY %u",
		                      (unsigned int)key);
	if (r->vmpl == UINT32_MAX)
		return verdict_reject(v, STEP_DECODE, "snp/host-report",
		                      "the host asked for this report, not the guest");
	if (r->vmpl > 3)
		return verdict_reject(v, STEP_DECODE, "snp/vmpl-range", "VMPL %u", r->vmpl);
	return OK;
}

static status
check_reserved(const struct snp_report *r, size_t bad, struct verdict *v)
{
	if (bad == SIZE_MAX && r->key_info >> 5 != 0)
		bad = 0x48;
	if (bad == SIZE_MAX && (!(r->policy & SNP_POLICY_ONE) || r->policy >> 26 != 0))
		bad = 0x08;
	if (bad == SIZE_MAX)
		return OK;
	return verdict_reject(v, STEP_DECODE, "snp/reserved",
	                      "reserved bits at 0x%zx are not as version %u defines them", bad,
	                      r->version);
}

status
snp_report_parse(struct bytes b, struct snp_report *ret, struct verdict *v)
{
	struct rd head = rd_init(b);
	uint32_t version = rd_le32(&head);
	size_t bad;

	*ret = (struct snp_report){0};
	TRY(check_size(b, v));
	if (version < SNP_REPORT_VERSION_MIN || version > SNP_REPORT_VERSION_MAX)
		return verdict_reject(v, STEP_DECODE, "snp/version",
		                      "unsupported report version %u", version);
	bad = read_fields(b, version, ret);
	if (ret->signature_algo != SNP_SIG_ALGO_P384)
		return verdict_reject(v, STEP_DECODE, "snp/sigalgo",
		                      "unsupported signature algorithm %u", ret->signature_algo);
	TRY(check_reserved(ret, bad, v));
	TRY(check_key_and_vmpl(ret, v));
	if (!read_sig_int(b, SIG_R, ret->r) || !read_sig_int(b, SIG_S, ret->s) ||
	    first_set(b, SIG_S + SIG_INT_FIELD, SNP_REPORT_SIZE) != SIZE_MAX)
		return verdict_reject(v, STEP_DECODE, "snp/sig-format",
		                      "the signature is zero, or its padding is not");
	return OK;
}

static void
write_number(uint8_t *to, size_t n, uint64_t value)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

void
snp_report_emit(const struct snp_report *r, uint8_t to[SNP_REPORT_SIZE])
{
	mem_zero(to, SNP_REPORT_SIZE);
	for (size_t i = 0; i < snp_fields_n; i++) {
		const struct snp_field *f = &snp_fields[i];

		if (f->min_version > r->version)
			continue;
		if (f->kind == SNP_FIELD_NUMBER)
			write_number(to + f->offset, f->size, snp_field_number(r, f));
		else
			mem_copy(to + f->offset, snp_field_bytes(r, f).p, f->size);
	}
	for (size_t i = 0; i < SNP_SIG_INT_SIZE; i++) {
		to[SIG_R + i] = r->r[SNP_SIG_INT_SIZE - 1 - i];
		to[SIG_S + i] = r->s[SNP_SIG_INT_SIZE - 1 - i];
	}
}
