/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/contrast/policy_file.h"

#include "policy/source.h"

static bool
is_yaml(const char *path)
{
	struct bytes n = bytes_str(path);

	return bytes_ends(n, BYTES(".yaml")) || bytes_ends(n, BYTES(".yml"));
}

/* "web" or "Deployment/web"; without a name any will do. */
static bool
is_named(const struct kube_workload *w, const char *pod)
{
	struct bytes kind = bytes_str(kube_kind_name(w->kind)), want = bytes_str(pod);

	if (!pod || bytes_equal(w->name, want))
		return true;
	return want.n == kind.n + 1 + w->name.n && bytes_starts(want, kind) &&
	       want.p[kind.n] == '/' && bytes_ends(want, w->name);
}

struct choice {
	struct bytes rego;
	const struct kube_workload *workload;
	size_t fitting;
	struct buf names; /* of all that have a policy */
};

static void
choice_done(struct choice *c)
{
	buf_done(&c->names);
}

/* A policy that cannot be unwrapped is an error only if it is the one that is wanted. */
static status
look_at(struct choice *c, struct arena *a, const struct kube_workload *w, const char *pod,
        struct err *err)
{
	struct err own = {0};
	struct bytes rego;
	bool found;
	status s = policy_of_workload(a, w, &found, &rego, &own);

	if (is_ok(s) && !found)
		return OK;
	buf_printf(&c->names, "%s%s/%.*s", c->names.n > 0 ? ", " : "", kube_kind_name(w->kind),
	           BYTES_ARG(w->name));
	if (!is_named(w, pod))
		return OK;
	if (!is_ok(s)) {
		*err = own;
		return s;
	}
	c->fitting++;
	c->workload = w;
	c->rego = rego;
	return OK;
}

static status
choose(struct choice *c, const char *path, const char *pod, struct err *err)
{
	const char *names = buf_cstr(&c->names);

	if (c->fitting == 1)
		return OK;
	if (c->names.n == 0)
		return err_set(err, ERR_NOT_FOUND, "E-POLICY-032",
		               "%s: no workload in it has a policy annotation", path);
	if (c->fitting == 0)
		return err_set(err, ERR_NOT_FOUND, "E-POLICY-034",
		               "%s: no workload %s has a policy; there are %s", path, pod, names);
	return err_hint(err,
	                err_set(err, ERR_NOT_FOUND, "E-POLICY-033",
	                        "%s: several workloads have a policy: %s", path, names),
	                "name one with --pod");
}

static status
from_yaml(struct arena *a, const char *path, struct bytes text, const char *pod,
          const char **ret_name, struct bytes *ret, struct err *err)
{
	CLEANUP(kube_done) struct kube_set set;
	CLEANUP(choice_done) struct choice c = {0};

	kube_init(&set);
	TRY(kube_add(&set, path, text, err));
	for (size_t i = 0; i < set.n_workloads; i++)
		TRY(look_at(&c, a, &set.workloads[i], pod, err));
	TRY(choose(&c, path, pod, err));
	*ret = arena_copy(a, c.rego);
	*ret_name = (const char *)arena_printf(a, "%s(%.*s)", path, BYTES_ARG(c.workload->name)).p;
	return arena_check(a, err);
}

status
policy_file_rego(struct arena *a, const char *path, struct bytes text, const char *pod,
                 const char **ret_name, struct bytes *ret, struct err *err)
{
	*ret_name = path;
	if (is_yaml(path))
		return from_yaml(a, path, text, pod, ret_name, ret, err);
	TRY(err_ctx(err, policy_unwrap(a, text, ret, err), "%s", path));
	if (ret->p != text.p)
		*ret_name = (const char *)arena_printf(a, "%s(policy.rego)", path).p;
	return arena_check(a, err);
}
