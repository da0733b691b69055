/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables.h: `verbs` and `options` of a program, out of its options.def. For
 * its main.c alone, which names the file first:
 *
 *   #define PROGRAM_OPTIONS "cmd/node/options.def"
 *   #include "cmd/tables.h"
 *
 * The VERB_ ids and the functions verb_<id>() must be known by then. (No guard:
 * a second inclusion is a mistake, and does not compile.)
 */
#include "config/options.h"

static const struct verb_def verbs[] = {
#define VERB(id, name, args, min, max, summary, description)                                       \
	{name, args, min, max, summary, description, verb_##id},
#define OPTION(...)
#include PROGRAM_OPTIONS
#undef VERB
#undef OPTION
};

static const struct option_def options[] = {
#define VERB(...)
#define OPTION(verb, id, letter, name, kind, arg, fallback, env, flags, help)                      \
	{VERB_##verb, letter, name, OPTION_##kind, arg, fallback, env, flags, help},
#include PROGRAM_OPTIONS
#undef VERB
#undef OPTION
};
