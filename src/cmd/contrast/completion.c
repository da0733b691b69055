/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "cmd/contrast/cli.h"

#include <unistd.h>

status
verb_completion(const struct options *o, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};

	TRY(options_completion(o->program, o->args[0], &text, err));
	return fd_write_all(STDOUT_FILENO, buf_view(&text), err);
}
