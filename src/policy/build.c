/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/build.h"

#include "policy/expand.h"

#include <stdlib.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct builder {
	const struct kube_pod *pod;
	const struct kube_file *file;
	const struct kube_container *c;
	const struct policy_image *image;
	struct arena *a;
	struct policy_container *to;
	struct err *err;
};

/* ---- environment ---- */

static status
cannot_expand(struct builder *b, enum expand_result r, const struct yaml_node *n)
{
	status s;

	if (r == EXPAND_TWO)
		s = err_hint(
		        b->err,
		        err_set(b->err, ERR_UNSUPPORTED, "E-POLICY-010",
		                "the text refers to more than one value that only the node knows"),
		        "split it, or let the program put the parts together");
	else if (r == EXPAND_UNCLEAR)
		s = err_hint(b->err,
		             err_set(b->err, ERR_UNSUPPORTED, "E-POLICY-010",
		                     "the text has a reference and the same text escaped with $$"),
		             "use another name for one of the two");
	else
		s = err_hint(b->err,
		             err_set(b->err, ERR_UNSUPPORTED, "E-POLICY-011",
		                     "the text refers to a Service's address, which only the "
		                     "cluster knows"),
		             "write the Service's name instead");
	return kube_at(b->err, s, b->file, n);
}

static struct policy_env *
find_env(struct policy_container *c, struct bytes name)
{
	for (size_t i = 0; i < c->n_env; i++)
		if (bytes_equal(c->env[i].name, name))
			return &c->env[i];
	return NULL;
}

static void
put_env(struct policy_container *c, const struct policy_env *e)
{
	struct policy_env *old = find_env(c, e->name);

	if (old)
		*old = *e;
	else
		c->env[c->n_env++] = *e;
}

static void
image_env(struct builder *b)
{
	const struct string_list *env = &b->image->config->env;

	for (size_t i = 0; i < env->n; i++) {
		size_t eq = bytes_find_byte(env->items[i], '=', 0);
		struct policy_env e = {.name = bytes_sub(env->items[i], 0, eq)};

		if (eq == SIZE_MAX || eq == 0)
			continue; /* runtimes leave those out */
		e.value = bytes_sub(env->items[i], eq + 1, env->items[i].n);
		put_env(b->to, &e);
	}
	if (!find_env(b->to, BYTES("PATH"))) {
		struct policy_env path = {.name = BYTES("PATH"), .value = BYTES(DEFAULT_PATH)};

		put_env(b->to, &path);
	}
}

/* enum kube_dynamic and enum policy_dynamic are the same list in two layers. */
_Static_assert((int)KUBE_POD_NAME == (int)POLICY_POD_NAME &&
                       (int)KUBE_POD_NAMESPACE == (int)POLICY_POD_NAMESPACE &&
                       (int)KUBE_POD_UID == (int)POLICY_POD_UID &&
                       (int)KUBE_POD_IP == (int)POLICY_POD_IP &&
                       (int)KUBE_HOST_IP == (int)POLICY_HOST_IP &&
                       (int)KUBE_NODE_NAME == (int)POLICY_NODE_NAME &&
                       (int)KUBE_RESOURCE == (int)POLICY_NUMBER,
               "one list of dynamic values");

static status
build_env(struct builder *b)
{
	size_t room = b->image->config->env.n + b->c->n_env + 1;

	b->to->env = arena_array(b->a, room, sizeof *b->to->env);
	TRY(arena_check(b->a, b->err));
	image_env(b);
	/* Expansion sees the pod's variables, not the image's. */
	for (size_t i = 0; i < b->c->n_env; i++) {
		const struct kube_env *k = &b->c->env[i];
		struct policy_env e = {.name = k->name,
		                       .value = k->value,
		                       .from = (enum policy_dynamic)k->from};
		struct policy_env *seen = arena_array(b->a, i, sizeof *seen);
		enum expand_result r = EXPAND_OK;
		size_t n = 0;

		TRY(arena_check(b->a, b->err));
		if (k->expands && bytes_find_byte(k->value, '$', 0) != SIZE_MAX) {
			for (size_t j = 0; j < i; j++)
				seen[n++] = *find_env(b->to, b->c->env[j].name);
			r = policy_expand(b->a, k->value, seen, n, b->pod->service_links, &e.value,
			                  &e.ref);
		}
		if (r != EXPAND_OK)
			return cannot_expand(b, r, k->node);
		put_env(b->to, &e);
	}
	return arena_check(b->a, b->err);
}

/* ---- command line ---- */

static status
add_arg(struct builder *b, struct bytes text, const struct yaml_node *from_yaml,
        const struct policy_env *seen, size_t n_seen)
{
	struct policy_arg *arg = &b->to->args[b->to->n_args++];
	enum expand_result r = EXPAND_OK;

	arg->text = text;
	if (from_yaml)
		r = policy_expand(b->a, text, seen, n_seen, b->pod->service_links, &arg->text,
		                  &arg->ref);
	return r == EXPAND_OK ? OK : cannot_expand(b, r, from_yaml);
}

static status
build_args(struct builder *b)
{
	const struct image_config *image = b->image->config;
	const struct kube_container *c = b->c;
	bool own = c->n_command > 0;
	size_t room = c->n_command + c->n_args + image->entrypoint.n + image->cmd.n;
	struct policy_env *seen = arena_array(b->a, c->n_env, sizeof *seen);

	b->to->args = arena_array(b->a, room, sizeof *b->to->args);
	TRY(arena_check(b->a, b->err));
	for (size_t i = 0; i < c->n_env; i++)
		seen[i] = *find_env(b->to, c->env[i].name);
	for (size_t i = 0; i < c->n_command; i++)
		TRY(add_arg(b, c->command[i], yaml_item(yaml_get(c->node, "command"), i), seen,
		            c->n_env));
	for (size_t i = 0; !own && i < image->entrypoint.n; i++)
		TRY(add_arg(b, image->entrypoint.items[i], NULL, NULL, 0));
	for (size_t i = 0; i < c->n_args; i++)
		TRY(add_arg(b, c->args[i], yaml_item(yaml_get(c->node, "args"), i), seen,
		            c->n_env));
	for (size_t i = 0; !own && c->n_args == 0 && i < image->cmd.n; i++)
		TRY(add_arg(b, image->cmd.items[i], NULL, NULL, 0));
	if (b->to->n_args == 0)
		return kube_at(
		        b->err,
		        err_hint(b->err,
		                 err_set(b->err, ERR_PARSE, "E-POLICY-013",
		                         "neither the container nor its image says what to run"),
		                 "give the container a command"),
		        b->file, c->node);
	return OK;
}

/* ---- user ---- */

static struct bytes
user_part(struct bytes user)
{
	return bytes_sub(user, 0, bytes_find_byte(user, ':', 0));
}

static bool
user_given(const struct kube_pod *p, const struct kube_container *c)
{
	return p->has_uid || c->security.has_uid;
}

bool
policy_needs_accounts(const struct kube_pod *p, const struct kube_container *c,
                      const struct image_config *config)
{
	struct bytes user = user_part(config->user);

	if (user_given(p, c) || user.n == 0)
		return false;
	for (size_t i = 0; i < user.n; i++)
		if (user.p[i] < '0' || user.p[i] > '9')
			return true;
	return false;
}

static int
by_value(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
sort_groups(struct policy_container *c)
{
	size_t n = 0;

	if (c->n_groups > 1)
		qsort(c->groups, c->n_groups, sizeof *c->groups, by_value);
	for (size_t i = 0; i < c->n_groups; i++)
		if (c->groups[i] != c->gid && (n == 0 || c->groups[n - 1] != c->groups[i]))
			c->groups[n++] = c->groups[i];
	c->n_groups = n;
}

/*
 * The pod's numbers win over the image's USER, of which the runtime takes the
 * user alone; a named user brings its group and memberships along.
 */
static status
build_user(struct builder *b)
{
	static const struct accounts none;
	const struct kube_security *s = &b->c->security;
	const struct kube_pod *p = b->pod;
	struct user_ids ids = {.uid = 0};
	uint32_t *named = NULL;
	size_t n_named = 0;

	if (!user_given(p, b->c) && user_part(b->image->config->user).n > 0)
		TRY(kube_at(b->err,
		            user_resolve(user_part(b->image->config->user),
		                         b->image->accounts ? b->image->accounts : &none, &ids,
		                         b->err),
		            b->file, b->c->image_node));
	if (b->image->accounts && ids.name.n > 0)
		TRY(kube_at(b->err,
		            user_groups(ids.name, b->image->accounts, b->a, &named, &n_named,
		                        b->err),
		            b->file, b->c->image_node));
	b->to->uid = s->has_uid ? s->uid : p->has_uid ? p->uid : ids.uid;
	b->to->gid = s->has_gid ? s->gid : p->has_gid ? p->gid : ids.gid;
	b->to->groups = arena_array(b->a, p->n_groups + n_named + 1, sizeof *b->to->groups);
	TRY(arena_check(b->a, b->err));
	for (size_t i = 0; i < p->n_groups; i++)
		b->to->groups[b->to->n_groups++] = p->groups[i];
	for (size_t i = 0; i < n_named; i++)
		b->to->groups[b->to->n_groups++] = named[i];
	if (p->has_fs_group)
		b->to->groups[b->to->n_groups++] = p->fs_group;
	sort_groups(b->to);
	return OK;
}

/* ---- rights, mounts, the rest ---- */

static status
capabilities(struct builder *b, const struct bytes *from, size_t n, struct policy_texts *ret)
{
	ret->items = arena_array(b->a, n, sizeof *ret->items);
	TRY(arena_check(b->a, b->err));
	for (size_t i = 0; i < n; i++) {
		bool whole = bytes_is(from[i], "ALL") || bytes_starts(from[i], BYTES("CAP_"));

		ret->items[i] =
		        whole ? from[i] : arena_printf(b->a, "CAP_%.*s", BYTES_ARG(from[i]));
	}
	ret->n = n;
	return arena_check(b->a, b->err);
}

static enum policy_source
source_of(enum kube_volume_kind k)
{
	switch (k) {
	case KUBE_VOLUME_MEMORY:
		return POLICY_SOURCE_MEMORY;
	case KUBE_VOLUME_EMPTY_DIR:
		return POLICY_SOURCE_SCRATCH;
	case KUBE_VOLUME_CONFIG_MAP:
	case KUBE_VOLUME_SECRET:
	case KUBE_VOLUME_PROJECTED:
	case KUBE_VOLUME_DOWNWARD_API:
	case KUBE_VOLUME_BLOCK: /* refused as mounts by kube_pod_read() */
	case KUBE_VOLUME_CLAIM:
		return POLICY_SOURCE_FILES;
	}
	return POLICY_SOURCE_FILES;
}

/* A VOLUME of the image that nothing is mounted on would be made by the host. */
static status
check_image_volumes(struct builder *b)
{
	const struct string_list *volumes = &b->image->config->volumes;

	for (size_t i = 0; i < volumes->n; i++) {
		struct bytes path = volumes->items[i];
		bool mounted = false;

		while (path.n > 1 && path.p[path.n - 1] == '/')
			path.n--;
		for (size_t k = 0; k < b->c->n_mounts; k++)
			mounted |= bytes_equal(b->c->mounts[k].path, path);
		if (!mounted)
			return kube_at(b->err,
			               err_hint(b->err,
			                        err_set(b->err, ERR_UNSUPPORTED, "E-POLICY-012",
			                                "the image declares the volume %.*s, and "
			                                "nothing is mounted there",
			                                (int)MIN(path.n, 200),
			                                (const char *)path.p),
			                        "mount an emptyDir at that path"),
			               b->file, b->c->image_node);
	}
	return OK;
}

static status
build_mounts(struct builder *b)
{
	const struct kube_container *c = b->c;

	TRY(check_image_volumes(b));
	b->to->mounts = arena_array(b->a, c->n_mounts, sizeof *b->to->mounts);
	b->to->devices.items = arena_array(b->a, c->n_devices, sizeof *b->to->devices.items);
	b->to->execs = arena_array(b->a, c->n_execs, sizeof *b->to->execs);
	TRY(arena_check(b->a, b->err));
	for (size_t i = 0; i < c->n_mounts; i++)
		b->to->mounts[b->to->n_mounts++] = (struct policy_mount){
		        .path = c->mounts[i].path,
		        .source = source_of(c->mounts[i].volume->kind),
		        .volume = c->mounts[i].volume->name,
		        .read_only = c->mounts[i].read_only,
		        .from_host = c->mounts[i].from_host,
		};
	for (size_t i = 0; i < c->n_devices; i++)
		b->to->devices.items[b->to->devices.n++] = c->devices[i].path;
	for (size_t i = 0; i < c->n_execs; i++)
		b->to->execs[b->to->n_execs++] =
		        (struct policy_texts){c->execs[i].args, c->execs[i].n};
	return OK;
}

static enum policy_role
role_of(enum kube_role r)
{
	return r == KUBE_INIT ? POLICY_INIT : r == KUBE_SIDECAR ? POLICY_SIDECAR : POLICY_MAIN;
}

static status
build_container(struct builder *b)
{
	const struct kube_container *c = b->c;
	const struct image_config *image = b->image->config;

	*b->to = (struct policy_container){
	        .name = c->name,
	        .role = role_of(c->role),
	        .image = b->image->pinned,
	        .cwd = c->working_dir.n > 0   ? c->working_dir
	               : image->workdir.n > 0 ? image->workdir
	                                      : BYTES("/"),
	        .privileged = c->security.privileged,
	        .read_only_root = c->security.read_only_root,
	        .no_new_privileges = c->security.no_escalation,
	        .terminal = c->tty,
	        .socket = b->image->socket,
	};
	TRY(build_env(b));
	TRY(build_args(b));
	TRY(build_user(b));
	TRY(capabilities(b, c->security.caps_add, c->security.n_caps_add, &b->to->caps_add));
	TRY(capabilities(b, c->security.caps_drop, c->security.n_caps_drop, &b->to->caps_drop));
	return build_mounts(b);
}

/* ---- the pod ---- */

#define SUFFIX "[bcdfghjklmnpqrstvwxz2456789]{1,10}"

/* Kubernetes cuts generated names so that five random characters still fit. */
enum { LONG_NAME = 46 };

struct bytes
policy_name_pattern(struct arena *a, enum kube_kind kind, struct bytes name)
{
	static const char *const tails[KUBE_KINDS] = {
	        [KUBE_POD] = "",
	        [KUBE_DEPLOYMENT] = "-" SUFFIX "-" SUFFIX,
	        [KUBE_REPLICA_SET] = "-" SUFFIX,
	        [KUBE_REPLICATION_CONTROLLER] = "-" SUFFIX,
	        [KUBE_STATEFUL_SET] = "-[0-9]{1,9}",
	        [KUBE_DAEMON_SET] = "-" SUFFIX,
	        [KUBE_JOB] = "(-[0-9]{1,9})?-" SUFFIX,
	        [KUBE_CRON_JOB] = "-[0-9]{1,11}(-[0-9]{1,9})?-" SUFFIX,
	};
	CLEANUP(buf_done) struct buf out = {0};
	bool cut = name.n > LONG_NAME && kind != KUBE_POD && kind != KUBE_STATEFUL_SET;

	buf_u8(&out, '^');
	for (size_t i = 0; i < (cut ? LONG_NAME : name.n); i++) {
		if (name.p[i] == '.')
			buf_u8(&out, '\\');
		buf_u8(&out, name.p[i]);
	}
	if (cut)
		buf_str(&out, "[a-z0-9.-]{0,200}" SUFFIX);
	else
		buf_str(&out, tails[kind]);
	buf_u8(&out, '$');
	return arena_copy(a, buf_view(&out));
}

status
policy_build(const struct kube_pod *pod, const struct policy_image *images,
             const struct policy_build_options *o, struct arena *a, struct policy_pod *ret,
             struct err *err)
{
	const struct kube_workload *w = pod->workload;
	struct policy_pod p = {
	        .kind = bytes_str(kube_kind_name(w->kind)),
	        .name = w->name,
	        .name_pattern = policy_name_pattern(a, w->kind, w->name),
	        .space = w->space,
	        .hostname = pod->hostname,
	        .share_pids = pod->share_pids,
	        .service_links = pod->service_links,
	        .token = pod->token_mounted,
	        .logs = !o->hide_logs,
	};

	p.containers = arena_array(a, pod->n_containers, sizeof *p.containers);
	TRY(arena_check(a, err));
	for (size_t i = 0; i < pod->n_containers; i++) {
		struct builder b = {pod,        w->file, &pod->containers[i],
		                    &images[i], a,       &p.containers[i],
		                    err};

		TRY(build_container(&b));
	}
	p.n_containers = pod->n_containers;
	*ret = p;
	return OK;
}
