/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "config/options.h"
#include "node/node.h"
#include "node/pod.h"
#include "node/reference.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { VERB_ALL = OPTION_EVERY_VERB };

enum node_verb {
#define VERB(id, ...) VERB_##id,
#define OPTION(...)
#include "cmd/node/options.def"
#undef VERB
#undef OPTION
};

enum node_option {
#define VERB(...)
#define OPTION(verb, id, ...) OPT_##verb##_##id,
#include "cmd/node/options.def"
#undef VERB
#undef OPTION
};

static void
set_log(const struct options *o)
{
	enum log_level level = LOG_INFO;

	(void)log_level_parse(bytes_str(options_text(o, OPT_ALL_log_level)), &level);
	log_init("contrast-node", level);
}

static status
state_dir(const char *given, struct buf *out, struct err *err)
{
	if (!given)
		return processor_default_dir(out, err);
	buf_str(out, given);
	return buf_check(out, err);
}

static status
verb_serve(const struct options *o, struct err *err)
{
	CLEANUP(buf_done) struct buf state = {0};
	struct node_options n = {.files.crun = options_text(o, OPT_serve_crun)};
	const char *slash = strrchr(o->args[0], '/');

	set_log(o);
	TRY(state_dir(options_text(o, OPT_serve_state), &state, err));
	n.signer.state_dir = buf_cstr(&state);
	(void)processor_part_parse(bytes_str(options_text(o, OPT_serve_processor)), &n.signer.part);
	n.signer.quote_version = options_text(o, OPT_serve_quote)[0] == '5' ? 5 : 4;
	snprintf(n.run.path, sizeof n.run.path, "%s", o->args[0]);
	snprintf(n.run.name, sizeof n.run.name, "%s", slash ? slash + 1 : o->args[0]);
	return node_serve(&n, err);
}

static status
verb_reference_values(const struct options *o, struct err *err)
{
	CLEANUP(buf_done) struct buf state = {0};
	CLEANUP(buf_done) struct buf text = {0};
	enum processor_part part = PROCESSOR_GENOA;

	set_log(o);
	TRY(state_dir(options_text(o, OPT_reference_values_state), &state, err));
	(void)processor_part_parse(bytes_str(options_text(o, OPT_reference_values_processor)),
	                           &part);
	TRY(reference_values_json(bytes_str(options_text(o, OPT_reference_values_platform)), NULL,
	                          buf_cstr(&state), part, clock_realtime(), &text, err));
	return fd_write_all(STDOUT_FILENO, buf_view(&text), err);
}

static status
verb_measure(const struct options *o, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};
	enum processor_part part = PROCESSOR_GENOA;

	set_log(o);
	(void)processor_part_parse(bytes_str(options_text(o, OPT_measure_processor)), &part);
	TRY(reference_measure(bytes_str(options_text(o, OPT_measure_platform)), NULL, part, &text,
	                      err));
	return fd_write_all(STDOUT_FILENO, buf_view(&text), err);
}

static status
verb_pod(const struct options *o, struct err *err)
{
	int device = (int)options_number(o, OPT_pod_device_fd);
	const struct pod_options pod = {
	        .images = options_text(o, OPT_pod_images),
	        .work = options_text(o, OPT_pod_work),
	        .crun = options_text(o, OPT_pod_crun),
	        .wire_fd = (int)options_number(o, OPT_pod_wire_fd),
	        .device_fd = device > 0 ? device : -1,
	        .tee = bytes_is(bytes_str(options_text(o, OPT_pod_device)), "tdx") ? TEE_TDX
	                                                                           : TEE_SNP,
	};

	set_log(o);
	if (getpid() != 1)
		return err_set(err, ERR_USAGE, "E-NODE-044",
		               "pod is the first process of a sandbox and started by the launcher");
	_exit(pod_run(&pod));
}

#define PROGRAM_OPTIONS "cmd/node/options.def"
#include "cmd/tables.h"

static const struct program_def program = {
        .name = "contrast-node",
        .summary = "runs the pods of a deployment on this machine (INSECURE)",
        .description = "contrast-node is the untrusted host of the local platform. It stands in "
                       "for Kubernetes, the hypervisor and AMD's secure processor (or Intel's "
                       "quoting) on one machine, "
                       "for development and tests. The evidence it signs has a root of its own, "
                       "which only manifests that say Insecure accept.",
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
