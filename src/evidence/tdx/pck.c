/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/tdx/pck.h"

/* DER of 1.2.840.113741.1.13.1, without tag and length; members append one or two arcs. */
static const uint8_t OID_PREFIX[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};

enum {
	TAG_BOOLEAN = 0x01,
	TAG_INTEGER = 0x02,
	TAG_OCTETS = 0x04,
	TAG_OID = 0x06,
	TAG_ENUMERATED = 0x0a,
	TAG_SEQUENCE = 0x30,
};

enum {
	ARC_PPID = 1,
	ARC_TCB = 2,
	ARC_PCEID = 3,
	ARC_FMSPC = 4,
	ARC_TYPE = 5,
	ARC_PIID = 6,
	ARC_CONFIGURATION = 7,
	TCB_PCESVN = 17,
	TCB_CPUSVN = 18,
};

struct tlv {
	uint8_t tag;
	struct bytes value;
};

static status
bad(struct err *err, const char *what)
{
	return err_set(err, ERR_PARSE, "E-TDX-001", "PCK certificate, SGX extension: %s", what);
}

/* One definite-length element with a shortest-form length of at most two bytes. */
static bool
next_tlv(struct rd *r, struct tlv *ret)
{
	size_t n;

	ret->tag = rd_u8(r);
	n = rd_u8(r);
	if (n == 0x81) {
		n = rd_u8(r);
		if (n < 0x80)
			r->failed = true;
	} else if (n == 0x82) {
		n = rd_be16(r);
		if (n < 0x100)
			r->failed = true;
	} else if (n >= 0x80) {
		r->failed = true;
	}
	ret->value = rd_bytes(r, n);
	return rd_ok(r);
}

static bool
take_unsigned(const struct tlv *t, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (t->value.n == 0 || t->value.n > 4 || (t->value.p[0] & 0x80))
		return false;
	if (t->value.n > 1 && t->value.p[0] == 0 && !(t->value.p[1] & 0x80))
		return false; /* not the shortest form */
	for (size_t i = 0; i < t->value.n; i++)
		v = v << 8 | t->value.p[i];
	*ret = v;
	return v <= max;
}

static bool
take_octets(const struct tlv *t, void *to, size_t n)
{
	if (t->tag != TAG_OCTETS || t->value.n != n)
		return false;
	mem_copy(to, t->value.p, n);
	return true;
}

static bool
take_boolean(const struct tlv *t, bool *ret)
{
	if (t->tag != TAG_BOOLEAN || t->value.n != 1)
		return false;
	*ret = t->value.p[0] != 0;
	return true;
}

/*
 * SEQUENCE {OID, value}: the last arc of an OID that has `depth` arcs behind
 * the prefix, of which the first is `parent` when depth is 2.
 */
static bool
next_member(struct rd *r, size_t depth, uint8_t parent, uint8_t *arc, struct tlv *value)
{
	struct tlv pair, oid;
	struct rd in;

	if (!next_tlv(r, &pair) || pair.tag != TAG_SEQUENCE)
		return false;
	in = rd_init(pair.value);
	if (!next_tlv(&in, &oid) || oid.tag != TAG_OID || !next_tlv(&in, value) || !rd_done(&in))
		return false;
	if (oid.value.n != sizeof OID_PREFIX + depth ||
	    !bytes_starts(oid.value, bytes_of(OID_PREFIX, sizeof OID_PREFIX)))
		return false;
	if (depth == 2 && oid.value.p[sizeof OID_PREFIX] != parent)
		return false;
	*arc = oid.value.p[oid.value.n - 1];
	return true;
}

static status
parse_tcb(struct bytes list, struct pck *p, struct err *err)
{
	struct rd r = rd_init(list);
	uint32_t seen = 0;

	while (rd_left(&r) > 0) {
		uint64_t n = 0;
		struct tlv v;
		uint8_t arc;

		if (!next_member(&r, 2, ARC_TCB, &arc, &v) || arc < 1 || arc > TCB_CPUSVN)
			return bad(err, "malformed TCB");
		if (seen & (1U << arc))
			return bad(err, "a TCB member occurs twice");
		seen |= 1U << arc;
		if (arc == TCB_CPUSVN)
			continue; /* the components say the same */
		if (v.tag != TAG_INTEGER || !take_unsigned(&v, arc == TCB_PCESVN ? 65535 : 255, &n))
			return bad(err, "an SVN is out of range");
		if (arc == TCB_PCESVN)
			p->pcesvn = (uint16_t)n;
		else
			p->comp[arc - 1] = (uint8_t)n;
	}
	if (rd_ok(&r) && (seen | 1U << TCB_CPUSVN) == ((1U << (TCB_CPUSVN + 1)) - 2))
		return OK;
	return bad(err, "a TCB member is missing");
}

static status
parse_configuration(struct bytes list, struct pck *p, struct err *err)
{
	struct rd r = rd_init(list);

	while (rd_left(&r) > 0) {
		bool *const flags[] = {&p->dynamic_platform, &p->cached_keys, &p->smt_enabled};
		struct tlv v;
		uint8_t arc;

		if (!next_member(&r, 2, ARC_CONFIGURATION, &arc, &v) || arc < 1 ||
		    arc > COUNT_OF(flags) || !take_boolean(&v, flags[arc - 1]))
			return bad(err, "malformed configuration");
	}
	p->has_configuration = true;
	return rd_ok(&r) ? OK : bad(err, "malformed configuration");
}

static status
take_member(uint8_t arc, const struct tlv *v, struct pck *p, struct err *err)
{
	uint64_t n;

	switch (arc) {
	case ARC_PPID:
		return v->tag == TAG_OCTETS ? OK : bad(err, "malformed PPID");
	case ARC_TCB:
		return v->tag == TAG_SEQUENCE ? parse_tcb(v->value, p, err)
		                              : bad(err, "malformed TCB");
	case ARC_PCEID:
		return take_octets(v, p->pceid, sizeof p->pceid) ? OK : bad(err, "malformed PCEID");
	case ARC_FMSPC:
		return take_octets(v, p->fmspc, sizeof p->fmspc) ? OK : bad(err, "malformed FMSPC");
	case ARC_TYPE:
		if (v->tag != TAG_ENUMERATED || !take_unsigned(v, SGX_SCALABLE_INTEGRITY, &n))
			return bad(err, "unknown SGX type");
		p->sgx_type = (enum sgx_type)n;
		return OK;
	case ARC_PIID:
		p->has_piid = true;
		return take_octets(v, p->piid, sizeof p->piid)
		               ? OK
		               : bad(err, "malformed platform instance");
	case ARC_CONFIGURATION:
		return v->tag == TAG_SEQUENCE ? parse_configuration(v->value, p, err)
		                              : bad(err, "malformed configuration");
	default:
		return bad(err, "unknown member");
	}
}

status
pck_parse_extension(struct bytes der, struct pck *ret, struct err *err)
{
	const uint32_t required =
	        1U << ARC_TCB | 1U << ARC_PCEID | 1U << ARC_FMSPC | 1U << ARC_TYPE;
	struct rd r = rd_init(der), list;
	struct pck p = {0};
	struct tlv all;
	uint32_t seen = 0;

	if (!next_tlv(&r, &all) || all.tag != TAG_SEQUENCE || !rd_done(&r))
		return bad(err, "no sequence");
	list = rd_init(all.value);
	while (rd_left(&list) > 0) {
		struct tlv v;
		uint8_t arc;

		if (!next_member(&list, 1, 0, &arc, &v) || arc > 31)
			return bad(err, "malformed member");
		if (seen & (1U << arc))
			return bad(err, "a member occurs twice");
		seen |= 1U << arc;
		TRY(take_member(arc, &v, &p, err));
	}
	if (!rd_ok(&list) || (seen & required) != required)
		return bad(err, "a member is missing");
	*ret = p;
	return OK;
}

status
pck_parse(const struct cert *cert, struct pck *ret, struct err *err)
{
	struct bytes der;

	TRY(cert_extension(cert, PCK_OID_SGX, &der, err));
	return pck_parse_extension(der, ret, err);
}

/* ---- writing ---- */

static void
put_tlv(struct buf *out, uint8_t tag, struct bytes value)
{
	buf_u8(out, tag);
	if (value.n >= 0x100) {
		buf_u8(out, 0x82);
		buf_be16(out, (uint16_t)value.n);
	} else {
		if (value.n >= 0x80)
			buf_u8(out, 0x81);
		buf_u8(out, (uint8_t)value.n);
	}
	buf_bytes(out, value);
}

/* SEQUENCE {OID, value}; parent 0: one arc. */
static void
put_member(struct buf *out, uint8_t parent, uint8_t arc, uint8_t tag, struct bytes value)
{
	CLEANUP(buf_done) struct buf oid = {0};
	CLEANUP(buf_done) struct buf pair = {0};

	buf_add(&oid, OID_PREFIX, sizeof OID_PREFIX);
	if (parent)
		buf_u8(&oid, parent);
	buf_u8(&oid, arc);
	put_tlv(&pair, TAG_OID, buf_view(&oid));
	put_tlv(&pair, tag, value);
	put_tlv(out, TAG_SEQUENCE, buf_view(&pair));
}

static void
put_svn(struct buf *out, uint8_t arc, uint16_t svn)
{
	const uint8_t der[3] = {0, (uint8_t)(svn >> 8), (uint8_t)svn};
	size_t from = svn > 0x7fff ? 0 : svn > 0xff ? 1 : 2;

	if (svn > 0x7f && svn <= 0xff)
		from = 1; /* a zero keeps it positive */
	put_member(out, ARC_TCB, arc, TAG_INTEGER, bytes_of(der + from, sizeof der - from));
}

static void
put_flag(struct buf *out, uint8_t arc, bool flag)
{
	const uint8_t value = flag ? 0xff : 0;

	put_member(out, ARC_CONFIGURATION, arc, TAG_BOOLEAN, bytes_of(&value, 1));
}

void
pck_emit_extension(const struct pck *p, struct buf *out)
{
	CLEANUP(buf_done) struct buf list = {0};
	CLEANUP(buf_done) struct buf part = {0};
	static const uint8_t ppid[16];
	const uint8_t type = (uint8_t)p->sgx_type;

	put_member(&list, 0, ARC_PPID, TAG_OCTETS, bytes_of(ppid, sizeof ppid));
	for (uint8_t i = 0; i < TDX_SVNS; i++)
		put_svn(&part, (uint8_t)(i + 1), p->comp[i]);
	put_svn(&part, TCB_PCESVN, p->pcesvn);
	put_member(&part, ARC_TCB, TCB_CPUSVN, TAG_OCTETS, bytes_of(p->comp, sizeof p->comp));
	put_member(&list, 0, ARC_TCB, TAG_SEQUENCE, buf_view(&part));
	put_member(&list, 0, ARC_PCEID, TAG_OCTETS, bytes_of(p->pceid, sizeof p->pceid));
	put_member(&list, 0, ARC_FMSPC, TAG_OCTETS, bytes_of(p->fmspc, sizeof p->fmspc));
	put_member(&list, 0, ARC_TYPE, TAG_ENUMERATED, bytes_of(&type, 1));
	if (p->has_piid)
		put_member(&list, 0, ARC_PIID, TAG_OCTETS, bytes_of(p->piid, sizeof p->piid));
	if (p->has_configuration) {
		buf_reset(&part);
		put_flag(&part, 1, p->dynamic_platform);
		put_flag(&part, 2, p->cached_keys);
		put_flag(&part, 3, p->smt_enabled);
		put_member(&list, 0, ARC_CONFIGURATION, TAG_SEQUENCE, buf_view(&part));
	}
	put_tlv(out, TAG_SEQUENCE, buf_view(&list));
}
