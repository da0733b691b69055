/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/text.h"
#include "node/plan.h"
#include "node/pod_spec.h"

static status
bad(struct err *err, const char *what)
{
	return err_set(err, ERR_PARSE, "E-NODE-070", "%s", what);
}

static bool
is_true(const struct value *v)
{
	return json_is(v, VALUE_BOOL) && v->u.b;
}

/* A pod's index, or -1 where that is allowed. */
static status
read_pod_index(const struct value *v, size_t n_pods, bool none_ok, int *ret, struct err *err)
{
	uint64_t n;

	if (none_ok && json_is(v, VALUE_NUMBER) && (v->flags & VALUE_INT) && v->u.i == -1) {
		*ret = -1;
		return OK;
	}
	if (!json_u64(v, n_pods ? n_pods - 1 : 0, &n) || n_pods == 0)
		return bad(err, "names a pod that is not in the plan");
	*ret = (int)n;
	return OK;
}

static status
read_address(const struct value *v, uint32_t *ret, struct err *err)
{
	*ret = 0;
	if (json_text(v).n > 0 && !ipv4_parse(json_text(v), ret))
		return bad(err, "is no address");
	return OK;
}

static status
read_port(const struct value *v, uint16_t *ret, struct err *err)
{
	uint64_t n;

	if (!json_u64(v, 65535, &n))
		return bad(err, "is no port");
	*ret = (uint16_t)n;
	return OK;
}

static status
read_name(const struct value *v, size_t n_pods, struct net_name *n, struct err *err)
{
	const struct value *name, *address, *pod;
	const struct json_field fields[] = {
	        {"name", VALUE_STRING, true, &name},
	        {"address", VALUE_STRING, true, &address},
	        {"pod", VALUE_NUMBER, true, &pod},
	};

	TRY(json_fields(v, fields, COUNT_OF(fields), err));
	n->name = json_text(name);
	TRY(read_address(address, &n->address, err));
	return read_pod_index(pod, n_pods, true, &n->pod, err);
}

static status
read_target(const struct value *v, size_t n_pods, struct net_target *t, struct err *err)
{
	const struct value *pod, *address, *port;
	const struct json_field fields[] = {
	        {"pod", VALUE_NUMBER, true, &pod},
	        {"address", VALUE_STRING, true, &address},
	        {"port", VALUE_NUMBER, true, &port},
	};

	TRY(json_fields(v, fields, COUNT_OF(fields), err));
	TRY(read_address(address, &t->address, err));
	TRY(read_port(port, &t->port, err));
	return read_pod_index(pod, n_pods, false, &t->pod, err);
}

static status
read_service(struct plan *p, const struct value *v, size_t at, struct err *err)
{
	const struct value *service, *address, *port, *any, *forward, *host, *targets;
	const struct json_field fields[] = {
	        {"service", VALUE_STRING, true, &service},
	        {"address", VALUE_STRING, true, &address},
	        {"port", VALUE_NUMBER, true, &port},
	        {"anyState", VALUE_BOOL, true, &any},
	        {"forward", VALUE_BOOL, true, &forward},
	        {"hostPort", VALUE_NUMBER, true, &host},
	        {"targets", VALUE_ARRAY, true, &targets},
	};
	struct net_port *out = &p->net.ports[at];

	TRY(json_fields(v, fields, COUNT_OF(fields), err));
	p->services[at] = json_text(service);
	out->any_state = is_true(any);
	out->forward = is_true(forward);
	TRY(read_address(address, &out->address, err));
	TRY(read_port(port, &out->port, err));
	TRY(read_port(host, &out->host_port, err));
	out->targets = arena_array(&p->arena, targets->n, sizeof *out->targets);
	TRY(arena_check(&p->arena, err));
	for (size_t i = 0; i < targets->n; i++)
		TRY(err_at(err,
		           read_target(json_item(targets, i), p->n_pods,
		                       &out->targets[out->n_targets++], err),
		           ".targets[%zu]", i));
	return OK;
}

static status
read_document(struct plan *p, struct bytes text, struct plan_pod *pod, struct err *err)
{
	CLEANUP(buf_done) struct buf raw = {0};

	if (!base64_decode(BASE64_STD, text, &raw))
		return bad(err, "initdata is no base64");
	pod->document = arena_copy(&p->arena, buf_view(&raw));
	return arena_check(&p->arena, err);
}

/* What the node itself needs of a pod; the specification goes to the runner as it is. */
static status
read_spec(struct plan *p, const struct value *v, struct plan_pod *pod, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};
	struct pod_spec spec;

	json_write(v, JSON_COMPACT, &text);
	TRY(buf_check(&text, err));
	pod->spec = arena_copy(&p->arena, buf_view(&text));
	TRY(arena_check(&p->arena, err));
	TRY(pod_spec_parse(&p->arena, pod->spec, &spec, err));
	pod->name = spec.name;
	pod->ns = spec.ns;
	pod->address = json_text(json_get(v, "address"));
	pod->grace = spec.grace;
	pod->containers = arena_array(&p->arena, spec.n_containers, sizeof *pod->containers);
	TRY(arena_check(&p->arena, err));
	for (size_t i = 0; i < spec.n_containers; i++)
		pod->containers[pod->n_containers++] = spec.containers[i].name;
	return OK;
}

static status
read_pod(struct plan *p, const struct value *v, struct plan_pod *pod, struct err *err)
{
	const struct value *platform, *initdata, *hash, *debug, *images, *spec;
	const struct json_field fields[] = {
	        {"platform", VALUE_STRING, true, &platform},
	        {"initdata", VALUE_STRING, true, &initdata},
	        {"policyHash", VALUE_STRING, true, &hash},
	        {"debug", VALUE_BOOL, true, &debug},
	        {"images", VALUE_ARRAY, true, &images},
	        {"spec", VALUE_OBJECT, true, &spec},
	};

	TRY(json_fields(v, fields, COUNT_OF(fields), err));
	pod->platform = json_text(platform);
	pod->policy_hash = json_text(hash);
	pod->debug = is_true(debug);
	if (pod->platform.n > 0 &&
	    !hex_decode(pod->policy_hash, pod->host_data, sizeof pod->host_data))
		return err_at(err, bad(err, "is no policy hash"), ".policyHash");
	TRY(read_document(p, json_text(initdata), pod, err));
	pod->images = arena_array(&p->arena, images->n, sizeof *pod->images);
	TRY(arena_check(&p->arena, err));
	for (size_t i = 0; i < images->n; i++)
		pod->images[pod->n_images++] = json_text(json_item(images, i));
	return err_at(err, read_spec(p, spec, pod, err), ".spec");
}

static status
make_arrays(struct plan *p, size_t names, size_t ports, size_t pods, struct err *err)
{
	if (names > NET_MAX_NAMES || ports > NET_MAX_PORTS || pods > NET_MAX_PODS)
		return err_set(err, ERR_LIMIT, "E-NODE-063", "too many Services, names or pods");
	p->net.names = arena_array(&p->arena, names, sizeof *p->net.names);
	p->net.ports = arena_array(&p->arena, ports, sizeof *p->net.ports);
	p->services = arena_array(&p->arena, ports, sizeof *p->services);
	p->pods = arena_array(&p->arena, pods, sizeof *p->pods);
	p->n_pods = pods;
	return arena_check(&p->arena, err);
}

static status
read_all(struct plan *p, struct err *err)
{
	const struct value *name, *source, *gateway, *names, *ports, *pods;
	const struct json_field fields[] = {
	        {"name", VALUE_STRING, true, &name},       {"source", VALUE_STRING, true, &source},
	        {"gateway", VALUE_STRING, true, &gateway}, {"names", VALUE_ARRAY, true, &names},
	        {"ports", VALUE_ARRAY, true, &ports},      {"pods", VALUE_ARRAY, true, &pods},
	};
	struct value v;

	TRY(json_parse(&p->arena, buf_view(&p->text),
	               &(struct json_limits){.bytes = PLAN_MAX_BYTES}, &v, err));
	TRY(json_fields(&v, fields, COUNT_OF(fields), err));
	p->name = json_text(name);
	p->source = json_text(source);
	TRY(read_address(gateway, &p->net.gateway, err));
	TRY(make_arrays(p, names->n, ports->n, pods->n, err));
	for (size_t i = 0; i < pods->n; i++)
		TRY(err_at(err, read_pod(p, json_item(pods, i), &p->pods[i], err), ".pods[%zu]",
		           i));
	for (size_t i = 0; i < names->n; i++)
		TRY(err_at(err,
		           read_name(json_item(names, i), p->n_pods,
		                     &p->net.names[p->net.n_names++], err),
		           ".names[%zu]", i));
	for (size_t i = 0; i < ports->n; i++) {
		TRY(err_at(err, read_service(p, json_item(ports, i), i, err), ".ports[%zu]", i));
		p->net.n_ports++;
	}
	return OK;
}

status
plan_read(const char *path, struct plan *ret, struct err *err)
{
	*ret = (struct plan){.text.max = PLAN_MAX_BYTES};
	arena_init(&ret->arena, (size_t)PLAN_MAX_BYTES * 4);
	TRY(file_read(path, PLAN_MAX_BYTES, &ret->text, err));
	return err_at(err, read_all(ret, err), "%s", path);
}

void
plan_done(struct plan *p)
{
	arena_done(&p->arena);
	buf_done(&p->text);
}
