/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builtins that we leave out: they would do I/O or need a host that is not
 * there. Their names exist, so that `with` can replace them; a call is an error.
 */
#include "rego/builtin_groups.h"

static status
absent(struct rego_call *c, const struct value *args, struct value *ret)
{
	(void)args;
	(void)ret;
	return builtin_error(c, "is not part of this engine");
}

static const struct rego_builtin list[] = {
        {"http.send", 1, BUILTIN_NONDET, absent},
        {"net.lookup_ip_addr", 1, BUILTIN_NONDET, absent},
        {"opa.runtime", 0, BUILTIN_NONDET, absent},
        {"providers.aws.sign_req", 3, 0, absent},
        {"rego.parse_module", 2, 0, absent},
};
const struct rego_builtin_group rego_group_absent = {list, COUNT_OF(list)};
