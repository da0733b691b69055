/* SPDX-License-Identifier: Apache-2.0 */
#include "node/node_state.h"

#include "base/file.h"

#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

static const char *const phases[] = {"pulling", "starting", "running", "stopping", "failed"};

static struct value
error_value(struct arena *a, const struct err *e)
{
	struct value v = json_object();

	json_put(a, &v, "id", json_cstr(e->id));
	json_put(a, &v, "place", json_cstr(e->place));
	json_put(a, &v, "message", json_cstr(e->msg));
	json_put(a, &v, "hint", json_cstr(e->hint));
	json_put(a, &v, "class", json_int(e->cls));
	return v;
}

static void
put_process(struct arena *a, struct value *v, pid_t pid, uint64_t start)
{
	json_put(a, v, "pid", json_int(pid));
	json_put(a, v, "pidStart", json_int((int64_t)start));
}

/* Until the pod speaks, what the plan says of it. */
static struct value
planned_containers(struct arena *a, const struct node_pod *p)
{
	struct value list = json_array();

	for (size_t i = 0; i < p->plan->n_containers; i++) {
		struct value c = json_object();

		json_put(a, &c, "name", json_string(p->plan->containers[i]));
		json_put(a, &c, "state", json_cstr("waiting"));
		json_put(a, &c, "ready", json_bool(false));
		json_put(a, &c, "exit", json_int(0));
		json_put(a, &c, "restarts", json_int(0));
		json_put(a, &c, "reason", json_cstr(""));
		json_add(a, &list, c);
	}
	return list;
}

static struct value
register_value(struct arena *a, const struct node_pod *p, size_t i)
{
	return json_hex(a, bytes_of(p->registers[i], SHA384_SIZE));
}

static struct value
rtmrs_value(struct arena *a, const struct node_pod *p)
{
	struct value list = json_array();

	for (size_t i = 1; i < p->n_registers; i++)
		json_add(a, &list, register_value(a, p, i));
	return list;
}

static struct value
pod_value(struct arena *a, const struct node_pod *p)
{
	const struct value *phase = p->has_state ? json_get(&p->state, "phase") : NULL;
	const struct value *containers = p->has_state ? json_get(&p->state, "containers") : NULL;
	struct value v = json_object();

	json_put(a, &v, "name", json_string(p->plan->name));
	json_put(a, &v, "namespace", json_string(p->plan->ns));
	json_put(a, &v, "address", json_string(p->plan->address));
	json_put(a, &v, "platform", json_string(p->plan->platform));
	json_put(a, &v, "policyHash", json_string(p->plan->policy_hash));
	json_put(a, &v, "attested", json_bool(p->attested));
	if (p->attested)
		json_put(a, &v, "measurement", register_value(a, p, 0));
	if (p->n_registers > 1)
		json_put(a, &v, "rtmrs", rtmrs_value(a, p));
	if (!p->machine && p->reason[0])
		json_put(a, &v, "phase", json_cstr("Failed"));
	else
		json_put(a, &v, "phase", phase ? *phase : json_cstr("Pending"));
	json_put(a, &v, "ready", json_bool(p->ready));
	json_put(a, &v, "reason", json_cstr(p->reason));
	put_process(a, &v, p->pid, p->pid_start);
	json_put(a, &v, "containers", containers ? *containers : planned_containers(a, p));
	return v;
}

static struct value
forwards_value(struct arena *a, const struct node *n)
{
	struct value list = json_array();

	for (size_t i = 0; n->net.netd > 0 && i < n->plan.net.n_ports; i++) {
		const struct net_port *p = &n->plan.net.ports[i];
		struct value v = json_object();

		if (!p->forward)
			continue;
		json_put(a, &v, "service", json_string(n->plan.services[i]));
		json_put(a, &v, "port", json_int(p->port));
		json_put(a, &v, "address",
		         json_string(arena_printf(a, "127.0.0.1:%u", p->host_port)));
		json_add(a, &list, v);
	}
	return list;
}

static struct value
network_value(struct arena *a, const struct node *n)
{
	struct value v = json_object();

	put_process(a, &v, n->net.netd, process_start_time(n->net.netd));
	return v;
}

status
node_status_write(struct node *n, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	char path[RUNDIR_PATH + 256];
	struct value v = json_object(), pods = json_array();

	json_put(&a, &v, "name", json_string(n->plan.name));
	json_put(&a, &v, "source", json_string(n->plan.source));
	json_put(&a, &v, "insecure", json_bool(true));
	json_put(&a, &v, "phase", json_cstr(phases[n->phase]));
	if (n->phase == NODE_FAILED)
		json_put(&a, &v, "error", error_value(&a, &n->error));
	json_put(&a, &v, "imagesPulled", json_int((int64_t)n->pulled));
	json_put(&a, &v, "images", json_int((int64_t)n->to_pull));
	put_process(&a, &v, getpid(), process_start_time(getpid()));
	json_put(&a, &v, "network", network_value(&a, n));
	json_put(&a, &v, "forwards", forwards_value(&a, n));
	for (size_t i = 0; n->pods && i < n->plan.n_pods; i++)
		json_add(&a, &pods, pod_value(&a, &n->pods[i]));
	json_put(&a, &v, "pods", pods);
	TRY(arena_check(&a, err));
	json_write(&v, JSON_INDENT, &text);
	buf_u8(&text, '\n');
	TRY(buf_check(&text, err));
	n->dirty = false;
	return file_write(rundir_file(&n->o->run, "status.json", path), buf_view(&text), 0644, err);
}

void
node_changed(struct node *n)
{
	const struct timeval soon = {.tv_usec = 20 * 1000};

	if (n->dirty || !n->flush)
		return;
	n->dirty = true;
	evtimer_add(n->flush, &soon);
}
