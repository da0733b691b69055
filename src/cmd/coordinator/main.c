/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "cmd/coordinator/supervisor.h"
#include "config/options.h"

#include <unistd.h>

enum { VERB_ALL = OPTION_EVERY_VERB, REQUIRED = OPTION_REQUIRED };

enum option_id {
#define VERB(...)
#define OPTION(verb, id, ...) OPT_##id,
#include "cmd/coordinator/options.def"
#undef VERB
#undef OPTION
	OPT_COUNT
};

static unsigned int
workers(const struct options *o)
{
	uint64_t n = options_number(o, OPT_workers);
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	/* A store in memory belongs to one front. */
	if (!options_text(o, OPT_store))
		return 1;
	if (!options_given(o, OPT_workers))
		n = cores > 0 ? (uint64_t)cores : 1;
	return (unsigned int)MAX(1, MIN(n, SUPERVISOR_MAX_WORKERS));
}

static status
verb_serve(const struct options *o, struct err *err)
{
	struct supervisor_config config = {
	        .store = options_text(o, OPT_store),
	        .report = options_text(o, OPT_report_socket),
	        .owners = options_text(o, OPT_listen_owners),
	        .pods = options_text(o, OPT_listen_pods),
	        .health = options_text(o, OPT_listen_health),
	        .workers = workers(o),
	};
	enum log_level level = LOG_INFO;
	size_t n = 0;
	const char *const *keys = options_list(o, OPT_genesis_key, &n);

	log_level_parse(bytes_str(options_text(o, OPT_log_level)), &level);
	log_init("contrast-coordinator", level);
	TRY(pins_from_args(&config.pins, options_text(o, OPT_deployment_id), keys, n, err));
	return supervisor_run(&config, err);
}

#define PROGRAM_OPTIONS "cmd/coordinator/options.def"
#include "cmd/tables.h"

static const struct program_def program = {
        .name = "contrast-coordinator",
        .summary = "attests a deployment, enforces its manifest and issues its certificates",
        .description =
                "The Coordinator runs in a confidential VM of its own. It proves what it is "
                "and which manifest it enforces, gives certificates and secrets to workloads "
                "that prove to be in that manifest, and keeps the history of manifests.",
        .verbs = verbs,
        .n_verbs = COUNT_OF(verbs),
        .options = options,
        .n_options = COUNT_OF(options),
};

int
main(int argc, char **argv)
{
	return options_main(&program, argc, argv);
}
