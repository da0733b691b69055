/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "config/options.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
print_failure(const char *program, const struct err *err)
{
	char line[ERR_MSG_SIZE + ERR_PLACE_SIZE + 64];

	err_format(err, line, sizeof line);
	fprintf(stderr, "%s: %s\n", program, line);
	if (err->hint[0])
		fprintf(stderr, "  hint: %s\n", err->hint);
}

int
options_main(const struct program_def *p, int argc, char **argv)
{
	CLEANUP(options_done) struct options o = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct err err = {0};
	bool done = false;
	status s;

	/* A closed pipe is a write error like any other, not a silent death. */
	signal(SIGPIPE, SIG_IGN);
	s = options_parse(p, argc, argv, &o, &done, &text, &err);
	if (is_ok(s) && done)
		s = fd_write_all(STDOUT_FILENO, buf_view(&text), &err);
	else if (is_ok(s))
		s = p->verbs[o.verb].run(&o, &err);
	if (is_ok(s) && (fflush(stdout) != 0 || ferror(stdout)))
		s = err_set(&err, ERR_IO, "E-USAGE-013", "cannot write to standard output");
	if (!is_ok(s) && err.id[0])
		print_failure(p->name, &err);
	return err_exit_code(s.cls);
}
