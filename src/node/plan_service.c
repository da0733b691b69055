/* SPDX-License-Identifier: Apache-2.0 */
/* Services: an address each, names, and ports with the pods behind them. */
#include "node/plan_build.h"

#include "node/pod_spec.h"
#include "json/value.h"

#include <string.h>

enum { FIRST_SERVICE = (10 << 24) + (88 << 16) + (128 << 8) + 1, OWNERS_PORT = 1313 };

struct service {
	const struct kube_service *k;
	const struct yaml_node *spec, *selector;
	struct bytes ns;
	uint32_t address; /* 0: headless */
	bool outside;     /* LoadBalancer, NodePort */
	bool any_state;
};

static bool
selects(const struct service *s, const struct plan_made *pod)
{
	if (!s->selector || s->selector->n == 0 || !bytes_equal(s->ns, pod->ns))
		return false;
	for (uint32_t i = 0; i < s->selector->n; i++) {
		const struct yaml_node *label =
		        yaml_get_bytes(pod->labels, s->selector->kids[i].key->text);

		if (!label || !bytes_equal(label->text, s->selector->kids[i].val->text))
			return false;
	}
	return true;
}

static void
add_name(struct plan_maker *m, struct bytes name, uint32_t address, int pod)
{
	struct value v = json_object();
	char text[16];

	json_put(&m->arena, &v, "name", json_string(name));
	json_put(&m->arena, &v, "address",
	         json_copy_string(&m->arena, bytes_str(ipv4_cstr(address, text))));
	json_put(&m->arena, &v, "pod", json_int(pod));
	json_add(&m->arena, &m->names, v);
}

/* The bare name goes to the first Service that has it; search lists reach the others. */
static bool
first_of_name(const struct plan_maker *m, const struct kube_service *k)
{
	for (size_t i = 0; i < m->set->n_services; i++) {
		if (bytes_equal(m->set->services[i].name, k->name))
			return &m->set->services[i] == k;
	}
	return false;
}

static void
add_names(struct plan_maker *m, const struct service *s, uint32_t address, int pod)
{
	static const char *const forms[] = {".svc.cluster.local", ".svc", ""};

	for (size_t i = 0; i < COUNT_OF(forms); i++)
		add_name(m,
		         arena_printf(&m->arena, "%.*s.%.*s%s", BYTES_ARG(s->k->name),
		                      BYTES_ARG(s->ns), forms[i]),
		         address, pod);
	if (first_of_name(m, s->k))
		add_name(m, s->k->name, address, pod);
}

/* POD.SERVICE.NS.svc.cluster.local, and the shorter forms that a search list would complete. */
static void
add_pod_names(struct plan_maker *m, const struct service *s, const struct plan_made *pod, int index)
{
	static const char *const forms[] = {".svc.cluster.local", ".svc", ""};

	for (size_t i = 0; i < COUNT_OF(forms); i++)
		add_name(m,
		         arena_printf(&m->arena, "%.*s.%.*s.%.*s%s", BYTES_ARG(pod->hostname),
		                      BYTES_ARG(s->k->name), BYTES_ARG(s->ns), forms[i]),
		         pod->address, index);
	add_name(m,
	         arena_printf(&m->arena, "%.*s.%.*s", BYTES_ARG(pod->hostname),
	                      BYTES_ARG(s->k->name)),
	         pod->address, index);
}

static void
service_names(struct plan_maker *m, const struct service *s)
{
	if (s->address)
		add_names(m, s, s->address, -1);
	for (size_t i = 0; i < m->n_made; i++) {
		const struct plan_made *pod = &m->made[i];
		int index = s->any_state ? -1 : (int)i;

		if (!selects(s, pod))
			continue;
		if (!s->address)
			add_names(m, s, pod->address, index);
		if (bytes_equal(pod->subdomain, s->k->name))
			add_pod_names(m, s, pod, index);
	}
}

static status
targets_value(struct plan_maker *m, const struct service *s, const struct yaml_node *port,
              struct value *ret, bool *ret_coordinator)
{
	const struct yaml_node *target = yaml_get(port, "targetPort");

	*ret = json_array();
	*ret_coordinator = false;
	if (yaml_is_null(target))
		target = yaml_get(port, "port");
	for (size_t i = 0; i < m->n_made; i++) {
		const struct plan_made *pod = &m->made[i];
		const struct yaml_node *role;
		struct value v = json_object();
		char address[16];
		uint16_t number;

		if (!selects(s, pod))
			continue;
		TRY(plan_port(m, s->k->file, target, pod->pod, NULL, &number));
		role = kube_annotation(pod->workload, KUBE_ANNOTATION("pod-role"));
		*ret_coordinator = role && bytes_is(role->text, "coordinator");
		json_put(&m->arena, &v, "pod", json_int((int64_t)i));
		json_put(&m->arena, &v, "address",
		         json_copy_string(&m->arena, bytes_str(ipv4_cstr(pod->address, address))));
		json_put(&m->arena, &v, "port", json_int(number));
		json_add(&m->arena, ret, v);
	}
	return OK;
}

static status
add_port(struct plan_maker *m, const struct service *s, const struct yaml_node *port)
{
	struct bytes protocol = BYTES("TCP");
	struct value v = json_object(), targets;
	char address[16] = "";
	uint16_t number;
	bool coordinator, forward;

	TRY(kube_string(s->k->file, port, "protocol", &protocol, m->err));
	if (!bytes_is(protocol, "TCP"))
		return OK; /* said in docs: TCP alone is passed on */
	TRY(plan_port(m, s->k->file, yaml_get(port, "port"), NULL, NULL, &number));
	TRY(targets_value(m, s, port, &targets, &coordinator));
	forward = s->outside || (coordinator && number == OWNERS_PORT && s->any_state);
	if (s->address)
		ipv4_cstr(s->address, address);
	json_put(&m->arena, &v, "service",
	         json_string(arena_printf(&m->arena, "%.*s/%.*s", BYTES_ARG(s->ns),
	                                  BYTES_ARG(s->k->name))));
	json_put(&m->arena, &v, "address", json_copy_string(&m->arena, bytes_str(address)));
	json_put(&m->arena, &v, "port", json_int(number));
	json_put(&m->arena, &v, "anyState", json_bool(s->any_state));
	json_put(&m->arena, &v, "forward", json_bool(forward));
	json_put(&m->arena, &v, "hostPort", json_int(forward ? number : 0));
	json_put(&m->arena, &v, "targets", targets);
	json_add(&m->arena, &m->ports, v);
	return OK;
}

static status
add_service(struct plan_maker *m, const struct kube_service *k)
{
	struct service s = {.k = k, .ns = plan_namespace(k->space)};
	struct bytes type = BYTES("ClusterIP"), cluster_ip = {NULL, 0};
	struct yaml_node *spec, *selector, *ports;

	TRY(kube_child(k->file, k->root, "spec", YAML_MAP, &spec, m->err));
	TRY(kube_child(k->file, spec, "selector", YAML_MAP, &selector, m->err));
	TRY(kube_child(k->file, spec, "ports", YAML_SEQ, &ports, m->err));
	TRY(kube_string(k->file, spec, "type", &type, m->err));
	TRY(kube_string(k->file, spec, "clusterIP", &cluster_ip, m->err));
	TRY(kube_bool(k->file, spec, "publishNotReadyAddresses", &s.any_state, NULL, m->err));
	if (bytes_is(type, "ExternalName"))
		return kube_at(m->err,
		               err_set(m->err, ERR_UNSUPPORTED, "E-NODE-090",
		                       "the local platform has no names outside it"),
		               k->file, spec);
	s.spec = spec;
	s.selector = selector;
	s.outside = bytes_is(type, "LoadBalancer") || bytes_is(type, "NodePort");
	if (!bytes_is(cluster_ip, "None"))
		s.address = FIRST_SERVICE + (uint32_t)m->n_services++;
	service_names(m, &s);
	for (uint32_t i = 0; ports && i < ports->n; i++)
		TRY(add_port(m, &s, yaml_item(ports, i)));
	return arena_check(&m->arena, m->err);
}

status
plan_services(struct plan_maker *m)
{
	for (size_t i = 0; i < m->set->n_services; i++)
		TRY(add_service(m, &m->set->services[i]));
	if (m->names.n > NET_MAX_NAMES || m->ports.n > NET_MAX_PORTS)
		return err_set(m->err, ERR_LIMIT, "E-NODE-063", "too many Services or names");
	return OK;
}
