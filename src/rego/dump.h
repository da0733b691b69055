/* SPDX-License-Identifier: Apache-2.0 */
/* dump.h: a module's tree as text, for people who wonder how it was read. */
#ifndef REGO_DUMP_H
#define REGO_DUMP_H

#include "rego/ast.h"

/* One rule a paragraph, nested by parentheses. Before resolving: names as written. */
void dump_module(const struct module *m, struct buf *out);

/* Parse a text and dump it. Errors as policy_compile(). */
status dump_text(const char *name, struct bytes text, bool v0, struct buf *out, struct err *err);

#endif
