/* SPDX-License-Identifier: Apache-2.0 */
/*
 * time_zone.h: time zones from TZif data (RFC 9636), which the host hands in.
 */
#ifndef REGO_TIME_ZONE_H
#define REGO_TIME_ZONE_H

#include "base/bytes.h"

enum {
	ZONE_MAX_TRANSITIONS = 4096,
	ZONE_MAX_TYPES = 256,
	ZONE_MAX_FILE = 256 * 1024,
	ZONE_NAME_MAX = 64,
};

/* Borrows the data. A zeroed zone is UTC. */
struct zone {
	struct bytes transitions; /* 8 bytes big-endian each */
	struct bytes indexes;     /* 1 byte each */
	struct bytes types;       /* 6 bytes each: offset, is daylight saving, abbreviation */
	struct bytes names;       /* abbreviations, each with a NUL behind */
	struct bytes rule;        /* POSIX TZ text for what comes after the last transition */
};

/* What applies at one moment. */
struct zone_info {
	int32_t offset; /* seconds east of UTC */
	struct bytes name;
};

/* False if the data is no TZif file of version 2 or later within the limits. */
bool zone_parse(struct bytes tzif, struct zone *ret);

/* At seconds since 1970. */
struct zone_info zone_at(const struct zone *z, int64_t t);

/* Names that a host may be asked for: "Area/City", no dots, no way out of the folder. */
bool zone_name_ok(struct bytes name);

#endif
