/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eventlog.h: what the firmware of a TD measured into its RTMRs, as the ACPI
 * table CCEL lists it (TCG PC Client Platform Firmware Profile, section 10;
 * Intel TDX virtual firmware design guide, section 8).
 *
 * A log is the host's word until its replay gives the RTMRs of a quote that
 * was verified. Even then digests alone are authentic; the data of an event
 * are so only where the digest is theirs (tdx_event_data_matches).
 */
#ifndef EVIDENCE_TDX_EVENTLOG_H
#define EVIDENCE_TDX_EVENTLOG_H

#include "base/arena.h"
#include "crypto/hash.h"
#include "evidence/tdx/quote.h"
#include "json/value.h"

enum {
	TDX_EVENTLOG_MAX = 4 * 1024 * 1024, /* the table's area, padding included */
	TDX_EVENTS_MAX = 4096,
	TDX_EVENT_DIGESTS_MAX = 8,
	TDX_EVENT_DATA_MAX = 256 * 1024,
	TDX_MR_MRTD = 0, /* measurement registers count MRTD first */
};

struct tdx_event {
	uint32_t mr;         /* 0 MRTD, 1 RTMR0, ... 4 RTMR3 */
	uint32_t type;       /* TCG's EV_... */
	struct bytes digest; /* SHA-384; borrowed */
	struct bytes data;   /* borrowed */
};

struct tdx_eventlog {
	struct tdx_event *events; /* in the arena */
	size_t n;
};

/* ERR_PARSE E-TDX-020 with the number of the event and its place; ERR_LIMIT E-TDX-021. */
status tdx_eventlog_parse(struct arena *a, struct bytes log, struct tdx_eventlog *ret,
                          struct err *err);

/* Every RTMR after all events: from zeros, each SHA-384(register || digest). EV_NO_ACTION is not
 * extended. */
void tdx_eventlog_replay(const struct tdx_eventlog *log, struct hash384 ret[TDX_RTMRS]);

/* The digest is that of the data; or of them without the NUL that ends them and, for EV_IPL,
 * without the label ("grub_cmd: ") before them. */
bool tdx_event_data_matches(const struct tdx_event *e);

/* "EV_SEPARATOR"; NULL for a type that has no name here. */
const char *tdx_event_type_name(uint32_t type);

/* {"events": [{"register", "type", "digest", "dataMatches", ...}], "rtmrs": [...]}. */
struct value tdx_eventlog_show(struct arena *a, const struct tdx_eventlog *log);

#endif
