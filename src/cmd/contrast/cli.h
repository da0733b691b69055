/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli.h: ids of verbs and options of `contrast`, from options.def, and what
 * all verbs share.
 */
#ifndef CMD_CONTRAST_CLI_H
#define CMD_CONTRAST_CLI_H

#include "config/options.h"

enum cli_verb {
#define VERB(id, ...) VERB_##id,
#define OPTION(...)
#include "cmd/contrast/options.def"
#undef VERB
#undef OPTION
	VERB_COUNT
};

enum cli_option {
#define VERB(...)
#define OPTION(verb, id, ...) OPT_##verb##_##id,
#include "cmd/contrast/options.def"
#undef VERB
#undef OPTION
	OPT_COUNT
};

#define VERB(id, ...) status verb_##id(const struct options *o, struct err *err);
#define OPTION(...)
#include "cmd/contrast/options.def"
#undef VERB
#undef OPTION

#endif
