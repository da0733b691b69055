/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/text.h"
#include "evidence/tdx/tcb.h"
#include "json/value.h"

/*
 * What is signed may gain members that we do not know, so unknown ones are
 * fine; what we need must be there, of the right type and in range.
 */

static const struct json_limits limits = {.depth = 16, .bytes = 128 * 1024};

struct reader {
	struct arena *a;
	const char *id;
	struct err *err;
};

static status
bad(const struct reader *rd, const char *member, const char *what)
{
	return err_at(rd->err, err_set(rd->err, ERR_PARSE, rd->id, "%s", what), ".%s", member);
}

static status
get_hex(const struct reader *rd, const struct value *v, const char *name, void *to, size_t n)
{
	const struct value *m = json_get(v, name);

	if (!json_is(m, VALUE_STRING) || !hex_decode(json_text(m), to, n))
		return bad(rd, name, "must be hexadecimal digits of the right length");
	return OK;
}

static status
get_number(const struct reader *rd, const struct value *v, const char *name, uint64_t max,
           uint64_t *ret)
{
	if (!json_u64(json_get(v, name), max, ret))
		return bad(rd, name, "must be a whole number in range");
	return OK;
}

static status
get_time(const struct reader *rd, const struct value *v, const char *name, int64_t *ret)
{
	if (!time_parse(json_text(json_get(v, name)), ret))
		return bad(rd, name, "must be a time");
	return OK;
}

static status
expect_text(const struct reader *rd, const struct value *v, const char *name, const char *want)
{
	return bytes_is(json_text(json_get(v, name)), want) ? OK
	                                                    : bad(rd, name, "is of another kind");
}

/* Hex of a little-endian number. */
static status
get_le(const struct reader *rd, const struct value *v, const char *name, size_t n, uint64_t *ret)
{
	uint8_t raw[8] = {0};

	TRY(get_hex(rd, v, name, raw, n));
	*ret = 0;
	for (size_t i = n; i > 0; i--)
		*ret = *ret << 8 | raw[i - 1];
	return OK;
}

static status
get_array(const struct reader *rd, const struct value *v, const char *name, size_t min, size_t max,
          const struct value **ret)
{
	*ret = json_get(v, name);
	if (!json_is(*ret, VALUE_ARRAY) || (*ret)->n < min || (*ret)->n > max)
		return bad(rd, name, "must be a list of a sensible length");
	return OK;
}

static status
get_components(const struct reader *rd, const struct value *v, const char *name,
               uint8_t to[TDX_SVNS])
{
	const struct value *list;

	TRY(get_array(rd, v, name, TDX_SVNS, TDX_SVNS, &list));
	for (size_t i = 0; i < TDX_SVNS; i++) {
		uint64_t n;

		TRY(get_number(rd, json_item(list, i), "svn", 255, &n));
		to[i] = (uint8_t)n;
	}
	return OK;
}

/* Names are for people: what is not a text is not there. */
static void
get_names(const struct value *tcb, const char *name, struct tcb_component to[TDX_SVNS])
{
	for (size_t i = 0; i < TDX_SVNS; i++) {
		const struct value *item = json_item(json_get(tcb, name), i);
		const struct value *category = json_get(item, "category"),
		                   *type = json_get(item, "type");

		to[i] = (struct tcb_component){json_is(category, VALUE_STRING)
		                                       ? json_text(category)
		                                       : (struct bytes){NULL, 0},
		                               json_is(type, VALUE_STRING)
		                                       ? json_text(type)
		                                       : (struct bytes){NULL, 0}};
	}
}

static status
get_advisories(const struct reader *rd, const struct value *v, struct tcb_level *l)
{
	const struct value *list;

	if (!json_get(v, "advisoryIDs"))
		return OK;
	TRY(get_array(rd, v, "advisoryIDs", 0, TCB_ADVISORIES_MAX, &list));
	l->advisories = arena_array(rd->a, list->n, sizeof *l->advisories);
	for (uint32_t i = 0; l->advisories && i < list->n; i++) {
		if (!json_is(json_item(list, i), VALUE_STRING))
			return bad(rd, "advisoryIDs", "must be texts");
		l->advisories[l->n_advisories++] = json_text(json_item(list, i));
	}
	return OK;
}

/* Status, date and advisories, which all kinds of levels have. */
static status
get_common(const struct reader *rd, const struct value *v, struct tcb_level *l)
{
	if (!tcb_status_parse(json_text(json_get(v, "tcbStatus")), &l->status))
		return bad(rd, "tcbStatus", "is unknown");
	TRY(get_time(rd, v, "tcbDate", &l->date));
	return get_advisories(rd, v, l);
}

static status
get_isv_levels(const struct reader *rd, const struct value *v, struct tcb_level **ret,
               size_t *ret_n)
{
	const struct value *list;
	struct tcb_level *levels;

	TRY(get_array(rd, v, "tcbLevels", 1, TCB_LEVELS_MAX, &list));
	levels = arena_array(rd->a, list->n, sizeof *levels);
	for (uint32_t i = 0; levels && i < list->n; i++) {
		const struct value *item = json_item(list, i);
		uint64_t svn;

		TRY(get_number(rd, json_get(item, "tcb"), "isvsvn", 65535, &svn));
		TRY(get_common(rd, item, &levels[i]));
		levels[i].isvsvn = (uint16_t)svn;
		if (i > 0 && svn > levels[i - 1].isvsvn)
			return bad(rd, "tcbLevels", "must be ordered, the best first");
	}
	*ret = levels;
	*ret_n = list->n;
	return OK;
}

/* Is b at least a in everything, and more in something? */
static bool
dominates(const struct tcb_level *b, const struct tcb_level *a)
{
	bool all = b->pcesvn >= a->pcesvn, more = b->pcesvn > a->pcesvn;

	for (size_t i = 0; i < TDX_SVNS; i++) {
		all &= b->sgx[i] >= a->sgx[i] && b->tdx[i] >= a->tdx[i];
		more |= b->sgx[i] > a->sgx[i] || b->tdx[i] > a->tdx[i];
	}
	return all && more;
}

static status
get_platform_levels(const struct reader *rd, const struct value *v, struct tcb_info *info)
{
	const struct value *list;

	TRY(get_array(rd, v, "tcbLevels", 1, TCB_LEVELS_MAX, &list));
	info->levels = arena_array(rd->a, list->n, sizeof *info->levels);
	info->n_levels = list->n;
	for (uint32_t i = 0; info->levels && i < list->n; i++) {
		struct tcb_level *l = &info->levels[i];
		const struct value *item = json_item(list, i);
		const struct value *tcb = json_get(item, "tcb");
		uint64_t pcesvn;

		TRY(get_components(rd, tcb, "sgxtcbcomponents", l->sgx));
		TRY(get_components(rd, tcb, "tdxtcbcomponents", l->tdx));
		TRY(get_number(rd, tcb, "pcesvn", 65535, &pcesvn));
		TRY(get_common(rd, item, l));
		l->pcesvn = (uint16_t)pcesvn;
		if (i == 0) {
			get_names(tcb, "sgxtcbcomponents", info->sgx_parts);
			get_names(tcb, "tdxtcbcomponents", info->tdx_parts);
		}
		for (uint32_t k = 0; k < i; k++)
			if (dominates(l, &info->levels[k]))
				return bad(rd, "tcbLevels", "must be ordered, the best first");
	}
	return OK;
}

static status
get_module(const struct reader *rd, const struct value *v, struct tdx_module *m)
{
	TRY(get_hex(rd, v, "mrsigner", m->mrsigner, sizeof m->mrsigner));
	TRY(get_le(rd, v, "attributes", 8, &m->attributes));
	return get_le(rd, v, "attributesMask", 8, &m->attributes_mask);
}

/* "TDX_01": two hexadecimal digits, either case. */
static bool
module_version(struct bytes id, uint8_t *ret)
{
	return id.n == 6 && (bytes_starts(id, BYTES("TDX_")) || bytes_starts(id, BYTES("tdx_"))) &&
	       hex_decode(bytes_sub(id, 4, 6), ret, 1);
}

static status
get_modules(const struct reader *rd, const struct value *v, struct tcb_info *info)
{
	const struct value *list;

	TRY(get_module(rd, json_get(v, "tdxModule"), &info->base));
	if (!json_get(v, "tdxModuleIdentities"))
		return OK; /* before 2023-10 there were none */
	TRY(get_array(rd, v, "tdxModuleIdentities", 0, TCB_MODULES_MAX, &list));
	info->modules = arena_array(rd->a, list->n, sizeof *info->modules);
	info->n_modules = list->n;
	for (uint32_t i = 0; info->modules && i < list->n; i++) {
		struct tdx_module *m = &info->modules[i];
		const struct value *item = json_item(list, i);

		if (!module_version(json_text(json_get(item, "id")), &m->version))
			return bad(rd, "tdxModuleIdentities", "has an unknown id");
		for (uint32_t k = 0; k < i; k++)
			if (info->modules[k].version == m->version)
				return bad(rd, "tdxModuleIdentities", "has an id twice");
		TRY(get_module(rd, item, m));
		TRY(get_isv_levels(rd, item, &m->levels, &m->n_levels));
	}
	return OK;
}

static status
get_window(const struct reader *rd, const struct value *v, int64_t *issued, int64_t *next,
           uint32_t *evaluation)
{
	uint64_t n;

	TRY(get_time(rd, v, "issueDate", issued));
	TRY(get_time(rd, v, "nextUpdate", next));
	TRY(get_number(rd, v, "tcbEvaluationDataNumber", UINT32_MAX, &n));
	if (*next < *issued)
		return bad(rd, "nextUpdate", "lies before issueDate");
	*evaluation = (uint32_t)n;
	return OK;
}

status
tcb_info_parse(struct arena *a, struct bytes json, struct tcb_info *ret, struct err *err)
{
	struct reader rd = {a, "E-TDX-011", err};
	struct tcb_info info = {0};
	struct value v;
	uint64_t version, type;

	TRY(json_parse(a, json, &limits, &v, err));
	TRY(expect_text(&rd, &v, "id", "TDX"));
	TRY(get_number(&rd, &v, "version", 3, &version));
	TRY(get_number(&rd, &v, "tcbType", 0, &type));
	if (version != 3)
		return bad(&rd, "version", "must be 3");
	TRY(get_window(&rd, &v, &info.issued, &info.next_update, &info.evaluation));
	TRY(get_hex(&rd, &v, "fmspc", info.fmspc, sizeof info.fmspc));
	TRY(get_hex(&rd, &v, "pceId", info.pceid, sizeof info.pceid));
	TRY(get_modules(&rd, &v, &info));
	TRY(get_platform_levels(&rd, &v, &info));
	TRY(arena_check(a, err));
	*ret = info;
	return OK;
}

status
qe_identity_parse(struct arena *a, struct bytes json, struct qe_identity *ret, struct err *err)
{
	struct reader rd = {a, "E-TDX-012", err};
	struct qe_identity qe = {0};
	struct value v;
	uint64_t version, prod, select, mask;

	TRY(json_parse(a, json, &limits, &v, err));
	/* "QE" is the SGX enclave's identity: validly signed by the same key, and not ours. */
	TRY(expect_text(&rd, &v, "id", "TD_QE"));
	TRY(get_number(&rd, &v, "version", 2, &version));
	if (version != 2)
		return bad(&rd, "version", "must be 2");
	TRY(get_window(&rd, &v, &qe.issued, &qe.next_update, &qe.evaluation));
	TRY(get_le(&rd, &v, "miscselect", 4, &select));
	TRY(get_le(&rd, &v, "miscselectMask", 4, &mask));
	TRY(get_hex(&rd, &v, "attributes", qe.attributes, sizeof qe.attributes));
	TRY(get_hex(&rd, &v, "attributesMask", qe.attributes_mask, sizeof qe.attributes_mask));
	TRY(get_hex(&rd, &v, "mrsigner", qe.mrsigner, sizeof qe.mrsigner));
	TRY(get_number(&rd, &v, "isvprodid", 65535, &prod));
	TRY(get_isv_levels(&rd, &v, &qe.levels, &qe.n_levels));
	TRY(arena_check(a, err));
	qe.misc_select = (uint32_t)select;
	qe.misc_select_mask = (uint32_t)mask;
	qe.isv_prod_id = (uint16_t)prod;
	*ret = qe;
	return OK;
}

/* End of the JSON value that starts at `at`, in a text that is known to be JSON. */
static size_t
value_end(struct bytes t, size_t at)
{
	size_t depth = 0;
	bool text = false;

	for (; at < t.n; at++) {
		uint8_t c = t.p[at];

		if (text) {
			at += c == '\\';
			text = c != '"';
			if (!text && depth == 0)
				return at + 1;
		} else if (c == '"') {
			text = true;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if ((c == '}' || c == ']') && depth > 0) {
			if (--depth == 0)
				return at + 1;
		} else if (depth == 0 && (c == ',' || c == '}' || c == ']')) {
			return at;
		}
	}
	return t.n;
}

/* Exact bytes of a member's value of the outermost object. */
static struct bytes
raw_member(struct bytes text, const char *name)
{
	size_t at = bytes_find_byte(text, '{', 0);

	while (at != SIZE_MAX && at < text.n) {
		size_t key = bytes_find_byte(text, '"', at), colon, start, end;
		struct bytes found;

		if (key == SIZE_MAX)
			break;
		colon = value_end(text, key);
		found = bytes_sub(text, key + 1, colon - 1);
		colon = bytes_find_byte(text, ':', colon);
		if (colon == SIZE_MAX)
			break;
		for (start = colon + 1; start < text.n && text.p[start] <= ' '; start++)
			;
		end = value_end(text, start);
		if (bytes_is(found, name))
			return bytes_sub(text, start, end);
		at = end;
	}
	return (struct bytes){NULL, 0};
}

status
tcb_envelope(struct arena *a, struct bytes text, const char *key, struct bytes *ret_signed,
             uint8_t signature[64], struct err *err)
{
	const struct value *body, *sig;
	const struct json_field fields[] = {
	        {key, VALUE_OBJECT, true, &body},
	        {"signature", VALUE_STRING, true, &sig},
	};
	struct value v;
	struct bytes raw;

	TRY(json_parse(a, text, &limits, &v, err));
	TRY(json_fields(&v, fields, COUNT_OF(fields), err));
	raw = raw_member(text, key);
	if (raw.n == 0 || !hex_decode(json_text(sig), signature, 64))
		return err_set(err, ERR_PARSE, "E-TDX-010",
		               "the signature is not 64 bytes in hexadecimal digits");
	*ret_signed = raw;
	return OK;
}
