/* SPDX-License-Identifier: Apache-2.0 */
/* Variables, commands and probes of a container, as kubelet makes them. */
#include "node/plan_build.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "node/pod_spec.h"
#include "json/value.h"

enum { HOST_ADDRESS = (10 << 24) + (88 << 16) + 1 };

/* "NAME=value" of variables so far; the last of a name counts. */
struct scope {
	struct bytes *vars;
	size_t n;
};

static bool
find_var(const struct scope *s, struct bytes name, struct bytes *ret)
{
	for (size_t i = s->n; i-- > 0;) {
		struct bytes v = s->vars[i];

		if (v.n > name.n && v.p[name.n] == '=' && bytes_starts(v, name)) {
			*ret = bytes_sub(v, name.n + 1, v.n);
			return true;
		}
	}
	return false;
}

/* $(NAME) becomes the value; an unknown name stays; $$ is one dollar sign. */
static struct bytes
expand(struct arena *a, struct bytes text, const struct scope *s)
{
	CLEANUP(buf_done) struct buf out = {0};
	size_t at = 0;

	while (at < text.n) {
		size_t dollar = MIN(bytes_find_byte(text, '$', at), text.n);
		size_t close;
		struct bytes value = {NULL, 0};

		buf_bytes(&out, bytes_sub(text, at, dollar));
		at = dollar;
		if (at + 1 >= text.n) {
			buf_bytes(&out, bytes_sub(text, at, text.n));
			break;
		}
		if (text.p[at + 1] == '$') {
			buf_u8(&out, '$');
			at += 2;
			continue;
		}
		close = text.p[at + 1] == '(' ? bytes_find_byte(text, ')', at + 2) : SIZE_MAX;
		if (close == SIZE_MAX) {
			buf_bytes(&out, bytes_sub(text, at, at + 2));
			at += 2;
			continue;
		}
		if (find_var(s, bytes_sub(text, at + 2, close), &value))
			buf_bytes(&out, value);
		else
			buf_bytes(&out, bytes_sub(text, at, close + 1));
		at = close + 1;
	}
	if (!buf_ok(&out))
		a->failed = true;
	return arena_copy(a, buf_view(&out));
}

/* A stable, well-formed UID: nothing may depend on it, but it must look right. */
static struct bytes
pod_uid(struct plan_maker *m, const struct plan_made *pod)
{
	struct hash256 h = sha256(pod->name);
	char hex[33];

	hex_cstr(bytes_of(h.b, 16), hex, sizeof hex);
	return arena_printf(&m->arena, "%.8s-%.4s-4%.3s-8%.3s-%.12s", hex, hex + 8, hex + 13,
	                    hex + 17, hex + 20);
}

static status
value_of(struct plan_maker *m, const struct plan_made *pod, const struct kube_env *e,
         const struct scope *s, struct bytes *ret)
{
	char address[16];

	switch (e->from) {
	case KUBE_LITERAL:
		*ret = expand(&m->arena, e->value, s);
		return OK;
	case KUBE_POD_NAME:
		*ret = pod->name;
		return OK;
	case KUBE_POD_NAMESPACE:
		*ret = pod->ns;
		return OK;
	case KUBE_POD_UID:
		*ret = pod_uid(m, pod);
		return OK;
	case KUBE_POD_IP:
		*ret = arena_copy(&m->arena, bytes_str(ipv4_cstr(pod->address, address)));
		return OK;
	case KUBE_HOST_IP:
		*ret = arena_copy(&m->arena, bytes_str(ipv4_cstr(HOST_ADDRESS, address)));
		return OK;
	case KUBE_NODE_NAME:
		*ret = BYTES("contrast-local");
		return OK;
	case KUBE_RESOURCE:
		break;
	}
	return kube_at(m->err,
	               err_hint(m->err,
	                        err_set(m->err, ERR_UNSUPPORTED, "E-NODE-090",
	                                "the local platform has no resourceFieldRef"),
	                        "give the variable a fixed value for local runs"),
	               pod->workload->file, e->node);
}

static struct value
expanded_list(struct plan_maker *m, const struct bytes *items, size_t n, const struct scope *s)
{
	struct value list = json_array();

	for (size_t i = 0; i < n; i++)
		json_add(&m->arena, &list, json_string(expand(&m->arena, items[i], s)));
	return list;
}

status
plan_environment(struct plan_maker *m, const struct plan_made *pod, const struct kube_container *c,
                 struct value *env, struct value *command, struct value *args)
{
	struct scope s = {arena_array(&m->arena, c->n_env, sizeof *s.vars), 0};

	TRY(arena_check(&m->arena, m->err));
	*env = json_array();
	for (size_t i = 0; i < c->n_env; i++) {
		struct bytes value = {NULL, 0};

		TRY(value_of(m, pod, &c->env[i], &s, &value));
		s.vars[s.n] = arena_printf(&m->arena, "%.*s=%.*s", BYTES_ARG(c->env[i].name),
		                           BYTES_ARG(value));
		json_add(&m->arena, env, json_string(s.vars[s.n++]));
	}
	*command = expanded_list(m, c->command, c->n_command, &s);
	*args = expanded_list(m, c->args, c->n_args, &s);
	return arena_check(&m->arena, m->err);
}

/* ---- ports and probes ---- */

static bool
port_named(const struct kube_container *c, struct bytes name, uint16_t *ret)
{
	const struct yaml_node *ports = yaml_get(c->node, "ports");

	for (uint32_t i = 0; ports && i < ports->n; i++) {
		const struct yaml_node *p = yaml_item(ports, i);
		const struct yaml_node *port_name = yaml_get(p, "name");
		const struct yaml_node *number = yaml_get(p, "containerPort");
		uint64_t v;

		if (port_name && number && bytes_equal(port_name->text, name) &&
		    text_u64(number->text, 65535, &v)) {
			*ret = (uint16_t)v;
			return true;
		}
	}
	return false;
}

status
plan_port(struct plan_maker *m, const struct kube_file *f, const struct yaml_node *n,
          const struct kube_pod *pod, const struct kube_container *c, uint16_t *ret)
{
	uint64_t v;

	if (n && n->kind == YAML_SCALAR && text_u64(n->text, 65535, &v) && v > 0) {
		*ret = (uint16_t)v;
		return OK;
	}
	if (n && n->kind == YAML_SCALAR && c && port_named(c, n->text, ret))
		return OK;
	for (size_t i = 0; n && n->kind == YAML_SCALAR && pod && i < pod->n_containers; i++) {
		if (port_named(&pod->containers[i], n->text, ret))
			return OK;
	}
	return kube_at(m->err,
	               err_set(m->err, ERR_PARSE, "E-NODE-092",
	                       "is neither a port nor the name of a container's port"),
	               f,
	               n   ? n
	               : c ? c->node
	                   : pod->workload->pod);
}

static status
probe_numbers(struct plan_maker *m, const struct kube_file *f, const struct yaml_node *n,
              struct value *v)
{
	static const struct {
		const char *yaml, *name;
		uint64_t fallback;
	} numbers[] = {
	        {"initialDelaySeconds", "delay", 0},  {"periodSeconds", "period", 10},
	        {"timeoutSeconds", "timeout", 1},     {"failureThreshold", "failures", 3},
	        {"successThreshold", "successes", 1},
	};

	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		uint64_t number = numbers[i].fallback;
		bool given;

		TRY(kube_number(f, n, numbers[i].yaml, 86400, &number, &given, m->err));
		json_put(&m->arena, v, numbers[i].name, json_int((int64_t)number));
	}
	return OK;
}

static status
probe_http(struct plan_maker *m, const struct kube_file *f, const struct yaml_node *http,
           const struct kube_container *c, struct value *v)
{
	struct bytes scheme = {NULL, 0}, path = BYTES("/");
	uint16_t port;

	TRY(plan_port(m, f, yaml_get(http, "port"), NULL, c, &port));
	TRY(kube_string(f, http, "scheme", &scheme, m->err));
	TRY(kube_string(f, http, "path", &path, m->err));
	/* Who answers behind TLS is not the probe's to judge: the port answers. */
	json_put(&m->arena, v, bytes_is(scheme, "HTTPS") ? "tcp" : "http", json_int(port));
	if (!bytes_is(scheme, "HTTPS"))
		json_put(&m->arena, v, "path", json_string(path));
	return OK;
}

status
plan_probe(struct plan_maker *m, const struct kube_file *f, const struct kube_container *c,
           const char *which, struct value *ret)
{
	struct yaml_node *n, *exec, *http, *tcp, *grpc;
	uint16_t port;

	TRY(kube_child(f, c->node, which, YAML_MAP, &n, m->err));
	*ret = (struct value){0};
	if (!n)
		return OK;
	TRY(kube_child(f, n, "exec", YAML_MAP, &exec, m->err));
	TRY(kube_child(f, n, "httpGet", YAML_MAP, &http, m->err));
	TRY(kube_child(f, n, "tcpSocket", YAML_MAP, &tcp, m->err));
	TRY(kube_child(f, n, "grpc", YAML_MAP, &grpc, m->err));
	*ret = json_object();
	if (exec) {
		struct bytes *args;
		size_t n_args;
		bool given;

		TRY(kube_strings(f, exec, "command", &m->arena, &args, &n_args, &given, m->err));
		json_put(&m->arena, ret, "exec",
		         expanded_list(m, args, n_args, &(struct scope){NULL, 0}));
	} else if (http) {
		TRY(probe_http(m, f, http, c, ret));
	} else if (tcp || grpc) {
		TRY(plan_port(m, f, yaml_get(tcp ? tcp : grpc, "port"), NULL, c, &port));
		json_put(&m->arena, ret, "tcp", json_int(port));
	} else {
		*ret = (struct value){0};
		return OK;
	}
	return probe_numbers(m, f, n, ret);
}
