/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/contrast/cli.h"
#include "node/rundir.h"

#include <stdio.h>

status
verb_down(const struct options *o, struct err *err)
{
	struct rundir run;

	TRY(rundir_need_root(err));
	TRY(rundir_find(o->n_args ? o->args[0] : NULL, &run, err));
	TRY(rundir_down(&run, (unsigned int)options_number(o, OPT_down_grace), err));
	printf("%s is down\n", run.name);
	return OK;
}
