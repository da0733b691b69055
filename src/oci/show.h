/* SPDX-License-Identifier: Apache-2.0 */
/* show.h: a stranger's text inside a message: escaped, cut, NUL-terminated. */
#ifndef OCI_SHOW_H
#define OCI_SHOW_H

#include "base/bytes.h"

enum { SHOW_SIZE = 256, SHOW_INPUT_MAX = 120 };

struct show {
	char text[SHOW_SIZE];
};

struct show show_text(struct bytes text);

#endif
