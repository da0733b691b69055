/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/show.h"

#include "base/text.h"

#include <stdio.h>

struct show
show_text(struct bytes text)
{
	CLEANUP(buf_done) struct buf out = {0};
	struct show s;

	text_escape(text, SHOW_INPUT_MAX, &out);
	snprintf(s.text, sizeof s.text, "%.*s", BYTES_ARG(buf_view(&out)));
	return s;
}
