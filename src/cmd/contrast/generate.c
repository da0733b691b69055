/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/contrast/generate.h"

#include "base/file.h"
#include "term/term.h"
#include "transport/curl.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
generate_done(struct generate *g)
{
	for (size_t i = 0; i < g->n_images; i++) {
		oci_image_done(&g->images[i]->image);
		mem_free(g->images[i]);
	}
	mem_free(g->images);
	registry_free(g->registry);
	transport_curl_free(g->transport);
	credentials_done(&g->credentials);
	accounts_cache_done(&g->accounts);
	buf_done(&g->replacements);
	manifest_free(g->manifest);
	faults_done(&g->faults);
	for (size_t i = 0; i < g->n_outputs; i++) {
		buf_done(&g->outputs[i]->before);
		buf_done(&g->outputs[i]->after);
		mem_free(g->outputs[i]->path);
		mem_free(g->outputs[i]);
	}
	mem_free(g->outputs);
	kube_done(&g->set);
	for (size_t i = 0; i < g->n_inputs; i++) {
		buf_done(&g->inputs[i].text);
		mem_free(g->inputs[i].path);
	}
	mem_free(g->inputs);
	arena_done(&g->arena);
}

static status
run(struct generate *g, struct err *err)
{
	TRY(generate_read_inputs(g, err));
	TRY(generate_find_works(g, err));
	TRY(generate_load_manifest(g, err));
	TRY(generate_open_registry(g, err));
	TRY(generate_keys(g, err));
	TRY(generate_work_all(g, err));
	TRY(generate_collect_yaml(g, err));
	return generate_fill_manifest(g, err);
}

static bool
any_insecure(const struct generate *g)
{
	for (size_t i = 0; i < g->n_works; i++)
		if (g->works[i].platform->insecure)
			return true;
	return false;
}

status
verb_generate(const struct options *o, struct err *err)
{
	CLEANUP(generate_done) struct generate g = {.o = o};
	CLEANUP(buf_done) struct buf text = {0};
	const char *one = options_text(o, OPT_generate_output);
	bool to_stdout = one && strcmp(one, "-") == 0;

	arena_init(&g.arena, (size_t)1024 * 1024 * 1024);
	kube_init(&g.set);
	TRY(run(&g, err));
	if (any_insecure(&g))
		fprintf(stderr,
		        "%sINSECURE:%s this platform's root of trust is this machine itself\n",
		        term_on(STDERR_FILENO, TERM_WARN), term_off(STDERR_FILENO));
	if (options_flag(o, OPT_generate_diff))
		TRY(generate_show_diff(&g, &text, err));
	if (!options_flag(o, OPT_generate_dry_run))
		TRY(generate_write(&g, err));
	generate_report(&g, &text);
	TRY(buf_check(&text, err));
	return fd_write_all(to_stdout ? STDERR_FILENO : STDOUT_FILENO, buf_view(&text), err);
}
