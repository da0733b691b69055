/* SPDX-License-Identifier: Apache-2.0 */
/* An event log for people: names, and the data where they say something. */
#include "base/rd.h"
#include "evidence/tdx/eventlog.h"

enum {
	EV_EFI_VARIABLE_DRIVER_CONFIG = 0x80000001u,
	EV_EFI_VARIABLE_BOOT = 0x80000002u,
	EV_EFI_VARIABLE_BOOT2 = 0x8000000cu,
	EV_EFI_VARIABLE_AUTHORITY = 0x800000e0u,
	VARIABLE_NAME_MAX = 256, /* UTF-16 units */
	SHOWN_DATA = 64,
};

static const struct {
	uint32_t type;
	const char *name;
} type_names[] = {
        {0x00000001, "EV_POST_CODE"},
        {0x00000003, "EV_NO_ACTION"},
        {0x00000004, "EV_SEPARATOR"},
        {0x00000005, "EV_ACTION"},
        {0x00000006, "EV_EVENT_TAG"},
        {0x00000007, "EV_S_CRTM_CONTENTS"},
        {0x00000008, "EV_S_CRTM_VERSION"},
        {0x00000009, "EV_CPU_MICROCODE"},
        {0x0000000a, "EV_PLATFORM_CONFIG_FLAGS"},
        {0x0000000b, "EV_TABLE_OF_DEVICES"},
        {0x0000000c, "EV_COMPACT_HASH"},
        {0x0000000d, "EV_IPL"},
        {0x00000011, "EV_NONHOST_CODE"},
        {0x00000012, "EV_NONHOST_CONFIG"},
        {0x00000013, "EV_NONHOST_INFO"},
        {0x00000014, "EV_OMIT_BOOT_DEVICE_EVENTS"},
        {EV_EFI_VARIABLE_DRIVER_CONFIG, "EV_EFI_VARIABLE_DRIVER_CONFIG"},
        {EV_EFI_VARIABLE_BOOT, "EV_EFI_VARIABLE_BOOT"},
        {0x80000003u, "EV_EFI_BOOT_SERVICES_APPLICATION"},
        {0x80000004u, "EV_EFI_BOOT_SERVICES_DRIVER"},
        {0x80000005u, "EV_EFI_RUNTIME_SERVICES_DRIVER"},
        {0x80000006u, "EV_EFI_GPT_EVENT"},
        {0x80000007u, "EV_EFI_ACTION"},
        {0x80000008u, "EV_EFI_PLATFORM_FIRMWARE_BLOB"},
        {0x80000009u, "EV_EFI_HANDOFF_TABLES"},
        {0x8000000au, "EV_EFI_PLATFORM_FIRMWARE_BLOB2"},
        {0x8000000bu, "EV_EFI_HANDOFF_TABLES2"},
        {EV_EFI_VARIABLE_BOOT2, "EV_EFI_VARIABLE_BOOT2"},
        {0x80000010u, "EV_EFI_HCRTM_EVENT"},
        {EV_EFI_VARIABLE_AUTHORITY, "EV_EFI_VARIABLE_AUTHORITY"},
        {0x800000e1u, "EV_EFI_SPDM_FIRMWARE_BLOB"},
        {0x800000e2u, "EV_EFI_SPDM_FIRMWARE_CONFIG"},
};

const char *
tdx_event_type_name(uint32_t type)
{
	for (size_t i = 0; i < COUNT_OF(type_names); i++)
		if (type_names[i].type == type)
			return type_names[i].name;
	return NULL;
}

static bool
is_variable(uint32_t type)
{
	return type == EV_EFI_VARIABLE_DRIVER_CONFIG || type == EV_EFI_VARIABLE_BOOT ||
	       type == EV_EFI_VARIABLE_BOOT2 || type == EV_EFI_VARIABLE_AUTHORITY;
}

/* UEFI_VARIABLE_DATA: GUID, length of the name in units, of the data in bytes, then both. */
static bool
put_variable(struct arena *a, const struct tdx_event *e, struct value *o)
{
	char name[VARIABLE_NAME_MAX + 1];
	struct rd r = rd_init(e->data);
	uint64_t units, size;

	rd_skip(&r, 16);
	units = rd_le64(&r);
	size = rd_le64(&r);
	if (!rd_ok(&r) || units > VARIABLE_NAME_MAX)
		return false;
	for (uint64_t i = 0; i < units; i++) {
		uint16_t c = rd_le16(&r);

		name[i] = c >= ' ' && c < 0x7f ? (char)c : '?';
	}
	if (!rd_ok(&r))
		return false;
	json_put(a, o, "variable", json_copy_string(a, bytes_of(name, units)));
	json_put(a, o, "variableBytes", json_int(size <= INT32_MAX ? (int64_t)size : -1));
	return true;
}

static bool
is_text(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (b.p[i] < ' ' || b.p[i] >= 0x7f)
			return false;
	return b.n > 0;
}

static void
put_data(struct arena *a, const struct tdx_event *e, struct value *o)
{
	struct bytes text = e->data;

	if (is_variable(e->type) && put_variable(a, e, o))
		return;
	while (text.n > 0 && text.p[text.n - 1] == 0)
		text.n--;
	if (is_text(text))
		json_put(a, o, "text", json_copy_string(a, text));
	else
		json_put(a, o, "data", json_hex(a, bytes_sub(e->data, 0, SHOWN_DATA)));
}

static struct value
show_event(struct arena *a, const struct tdx_event *e)
{
	const char *name = tdx_event_type_name(e->type);
	struct value o = json_object();

	if (e->mr <= TDX_RTMRS)
		json_put(a, &o, "register",
		         json_string(e->mr == TDX_MR_MRTD ? BYTES("MRTD")
		                                          : arena_printf(a, "RTMR%u", e->mr - 1)));
	json_put(a, &o, "type",
	         json_string(name ? bytes_str(name) : arena_printf(a, "0x%08x", e->type)));
	if (e->digest.n > 0)
		json_put(a, &o, "digest", json_hex(a, e->digest));
	json_put(a, &o, "dataBytes", json_int((int64_t)e->data.n));
	json_put(a, &o, "dataMatches", json_bool(tdx_event_data_matches(e)));
	put_data(a, e, &o);
	return o;
}

struct value
tdx_eventlog_show(struct arena *a, const struct tdx_eventlog *log)
{
	struct value o = json_object(), events = json_array(), rtmrs = json_array();
	struct hash384 replayed[TDX_RTMRS];

	for (size_t i = 0; i < log->n; i++)
		json_add(a, &events, show_event(a, &log->events[i]));
	tdx_eventlog_replay(log, replayed);
	for (size_t i = 0; i < TDX_RTMRS; i++)
		json_add(a, &rtmrs, json_hex(a, hash384_view(&replayed[i])));
	json_put(a, &o, "events", events);
	json_put(a, &o, "rtmrs", rtmrs);
	return o;
}
