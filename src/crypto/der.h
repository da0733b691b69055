/* SPDX-License-Identifier: Apache-2.0 */
/*
 * der.h: walks DER: names, revocation lists, the vendors' certificate extensions.
 * Definite, minimal lengths only; a failure latches in the cursor.
 */
#ifndef CRYPTO_DER_H
#define CRYPTO_DER_H

#include "base/rd.h"

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_OCTET_STRING = 0x04,
	DER_OID = 0x06,
	DER_ENUMERATED = 0x0a,
	DER_UTF8_STRING = 0x0c,
	DER_PRINTABLE_STRING = 0x13,
	DER_IA5_STRING = 0x16,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
};

/* The next element must have this tag; its contents, borrowed. */
struct bytes der_take(struct rd *r, enum der_tag tag);
/* The same for any tag below 0x1f, written to *tag. */
struct bytes der_next(struct rd *r, uint8_t *tag);

/* The whole of `b` is one INTEGER or ENUMERATED within 0..max; false otherwise. */
bool der_number(struct bytes b, enum der_tag tag, uint64_t max, uint64_t *ret);
/* Contents of an INTEGER (or ENUMERATED) as a number within 0..max. */
bool der_number_value(struct bytes contents, uint64_t max, uint64_t *ret);

#endif
