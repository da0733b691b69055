/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/contrast/cli.h"
#include "config/file.h"

enum { VERB_ALL = OPTION_EVERY_VERB };

#define PROGRAM_OPTIONS "cmd/contrast/options.def"
#include "cmd/tables.h"

static const struct program_def program = {
        .name = "contrast",
        .summary = "deploys, attests and runs confidential containers",
        .description = "Contrast runs Kubernetes workloads in confidential micro-VMs on a cluster "
                       "that its owner does not trust, and proves what runs there with one "
                       "attestation statement.",
        .verbs = verbs,
        .n_verbs = COUNT_OF(verbs),
        .options = options,
        .n_options = COUNT_OF(options),
        .config = config_file,
};

int
main(int argc, char **argv)
{
	return options_main(&program, argc, argv);
}
