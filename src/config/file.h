/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.h: the configuration file, read strictly. One YAML mapping: keys are
 * long option names, which count for every command that has them, or command
 * names with a mapping of that command's options. Lists are for options that
 * take lists. A key that is no option of any command is an error.
 *
 *   workspace-dir: deploy
 *   generate:
 *     reference-values: local-vm
 *     add-workload-owner-key: [alice.pem, bob.pem]
 */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include "config/options.h"

enum { CONFIG_MAX_BYTES = 1024 * 1024 };

/* For program_def.config. ERR_PARSE E-CONFIG-001..003 and E-YAML-*, with file:line:col. */
status config_file(struct options *o, const char *path, struct err *err);

/* The same for a text in memory. */
status config_text(struct options *o, struct bytes text, struct err *err);

#endif
