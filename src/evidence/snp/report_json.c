/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/snp/report_json.h"

#include "base/text.h"

enum { SIG_TEXT = 72 }; /* bytes of R and S in the wire form */

/* Names that differ from ours. */
static const struct {
	const char *ours, *theirs;
} aliases[] = {
        {"signature_algo", "sig_algo"},
        {"platform_info", "plat_info"},
        {"cpuid_family", "cpuid_fam_id"},
        {"cpuid_model", "cpuid_mod_id"},
        {"cpuid_stepping", "cpuid_step"},
        {"launch_mitigation", "launch_mit_vector"},
        {"current_mitigation", "current_mit_vector"},
};

/* "current_build": or the member "build" of "current". */
static const struct {
	const char *ours, *outer, *inner;
} nested[] = {
        {"current_build", "current", "build"},     {"current_minor", "current", "minor"},
        {"current_major", "current", "major"},     {"committed_build", "committed", "build"},
        {"committed_minor", "committed", "minor"}, {"committed_major", "committed", "major"},
};

static const struct value *
member_of(const struct value *v, const char *name)
{
	const struct value *m = json_get(v, name);

	for (size_t i = 0; !m && i < COUNT_OF(aliases); i++)
		m = bytes_is(bytes_str(name), aliases[i].ours) ? json_get(v, aliases[i].theirs)
		                                               : NULL;
	for (size_t i = 0; !m && i < COUNT_OF(nested); i++)
		m = bytes_is(bytes_str(name), nested[i].ours)
		            ? json_get(json_get(v, nested[i].outer), nested[i].inner)
		            : NULL;
	return m;
}

/* A number, "0x..", or an object that spells one out beside its "value". */
static bool
read_number(const struct value *v, uint64_t *ret)
{
	struct bytes text;

	if (json_is(v, VALUE_OBJECT))
		v = json_get(v, "value");
	if (json_u64(v, UINT64_MAX, ret))
		return true;
	text = json_text(v);
	if (!bytes_starts(text, BYTES("0x")) || text.n > 18)
		return false;
	*ret = 0;
	for (size_t i = 2; i < text.n; i++) {
		uint8_t pair[2] = {'0', text.p[i]}, digit;

		if (!hex_decode(bytes_of(pair, 2), &digit, 1))
			return false;
		*ret = *ret << 4 | digit;
	}
	return text.n > 2;
}

static bool
read_bytes(const struct value *v, uint8_t *to, size_t n)
{
	if (json_is(v, VALUE_STRING))
		return hex_decode(json_text(v), to, n);
	if (!json_is(v, VALUE_ARRAY) || v->n != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		uint64_t byte;

		if (!json_u64(json_item(v, i), UINT8_MAX, &byte))
			return false;
		to[i] = (uint8_t)byte;
	}
	return true;
}

/* Eight bytes, or its parts; with an FMC the layout is Turin's. */
static bool
read_tcb(const struct value *v, uint8_t to[SNP_TCB_SIZE])
{
	static const char *const names[] = {"fmc", "bootloader", "tee", "snp", "microcode"};
	uint64_t part[COUNT_OF(names)] = {0};
	bool turin = json_is(json_get(v, "fmc"), VALUE_NUMBER);
	struct snp_tcb tcb;

	if (json_get(v, "raw"))
		return read_bytes(json_get(v, "raw"), to, SNP_TCB_SIZE);
	if (!json_is(v, VALUE_OBJECT))
		return read_bytes(v, to, SNP_TCB_SIZE);
	for (size_t i = turin ? 0 : 1; i < COUNT_OF(names); i++) {
		if (!json_u64(json_get(v, names[i]), UINT8_MAX, &part[i]))
			return false;
	}
	tcb = (struct snp_tcb){(uint8_t)part[0], (uint8_t)part[1], (uint8_t)part[2],
	                       (uint8_t)part[3], (uint8_t)part[4]};
	snp_tcb_encode(turin ? SNP_TURIN : SNP_MILAN, &tcb, to);
	return true;
}

static bool
read_field(const struct value *v, const struct snp_field *f, struct snp_report *r)
{
	const struct value *m = member_of(v, f->name);
	uint8_t *to = (uint8_t *)r + f->member;
	uint64_t n;

	switch (f->kind) {
	case SNP_FIELD_BYTES:
		return read_bytes(m, to, f->size);
	case SNP_FIELD_TCB:
		return read_tcb(m, to);
	case SNP_FIELD_NUMBER:
		break;
	}
	if (!read_number(m, &n) || (f->size < 8 && n >> (8 * f->size) != 0))
		return false;
	snp_field_set(r, f, n);
	return true;
}

/* {"r": 72 bytes, "s": 72 bytes}, little-endian as on the wire; or ours, big-endian. */
static bool
read_signature(const struct value *v, struct snp_report *r)
{
	const struct value *sig = json_get(v, "signature");
	uint8_t wire[2][SIG_TEXT];

	if (json_get(v, "signature_r"))
		return read_bytes(json_get(v, "signature_r"), r->r, sizeof r->r) &&
		       read_bytes(json_get(v, "signature_s"), r->s, sizeof r->s);
	if (!read_bytes(json_get(sig, "r"), wire[0], SIG_TEXT) ||
	    !read_bytes(json_get(sig, "s"), wire[1], SIG_TEXT))
		return false;
	for (size_t i = 0; i < SNP_SIG_INT_SIZE; i++) {
		r->r[i] = wire[0][SNP_SIG_INT_SIZE - 1 - i];
		r->s[i] = wire[1][SNP_SIG_INT_SIZE - 1 - i];
	}
	return true;
}

bool
snp_report_from_json(const struct value *v, uint8_t to[SNP_REPORT_SIZE])
{
	struct snp_report r = {0};
	uint64_t version;

	if (!json_get(v, "report_data") || !json_get(v, "measurement") ||
	    !json_u64(json_get(v, "version"), SNP_REPORT_VERSION_MAX, &version))
		return false;
	for (size_t i = 0; i < snp_fields_n; i++) {
		if (snp_fields[i].min_version <= version && !read_field(v, &snp_fields[i], &r))
			return false;
	}
	if (!read_signature(v, &r))
		return false;
	snp_report_emit(&r, to);
	return true;
}
