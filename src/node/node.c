/* SPDX-License-Identifier: Apache-2.0 */
#include "node/node_state.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <unistd.h>

enum { STOP_GRACE = 5 };

static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct node *n = arg;
	struct err err = {0};

	(void)fd;
	(void)what;
	if (!is_ok(node_status_write(n, &err)))
		log_err(LOG_ERROR, "cannot write the status", &err);
}

static bool
all_ended(const struct node *n)
{
	for (size_t i = 0; i < n->plan.n_pods; i++) {
		if (n->pods[i].machine)
			return false;
	}
	return true;
}

/* Woken when a machine has ended while we stop (EV_READ), or when the grace is over. */
static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct node *n = arg;

	(void)fd;
	if (all_ended(n) || !(what & EV_READ))
		event_base_loopexit(n->base, NULL);
}

static void
on_stop(evutil_socket_t sig, short what, void *arg)
{
	const struct timeval wait = {.tv_sec = STOP_GRACE + 1};
	struct node *n = arg;

	(void)sig;
	(void)what;
	if (n->phase == NODE_STOPPING)
		return;
	n->phase = NODE_STOPPING;
	for (size_t i = 0; i < n->plan.n_pods; i++) {
		struct node_pod *p = &n->pods[i];

		if (p->machine && !is_ok(p->ops->stop(p->machine, STOP_GRACE, NULL)))
			p->ops->kill(p->machine);
	}
	evtimer_add(n->deadline, &wait);
	event_active(n->deadline, EV_READ, 1);
	node_changed(n);
}

/* The pods' network is one process; without it they would hang: end, and let status say why. */
static void
on_net_gone(evutil_socket_t fd, short what, void *arg)
{
	struct node *n = arg;

	(void)fd;
	if (n->phase != NODE_RUNNING)
		return;
	event_del(n->net_gone);
	(void)err_set(&n->error, ERR_IO, "E-NODE-064", "the process of the pods' network ended");
	log_err(LOG_ERROR, "stopping", &n->error);
	on_stop(0, what, n);
}

static status
watch_network(struct node *n, struct err *err)
{
	n->net_gone = event_new(n->base, n->net.control, EV_READ | EV_PERSIST, on_net_gone, n);
	if (!n->net_gone || event_add(n->net_gone, NULL) != 0)
		return err_set(err, ERR_INTERNAL, "E-NODE-042", "cannot watch the network");
	return OK;
}

static void
on_progress(void *ctx, size_t done, size_t total, struct bytes image)
{
	struct node *n = ctx;

	n->pulled = done;
	n->to_pull = total;
	log_debug("image", F_TEXT("image", image));
	(void)node_status_write(n, NULL);
}

/* A processor in each shape that a pod's row asks for. */
static status
open_signers(struct node *n, struct err *err)
{
	for (size_t i = 0; i < n->plan.n_pods; i++) {
		const struct platform *row = platform_find(n->plan.pods[i].platform);
		enum tee tee = row ? signer_tee(row) : TEE_SNP;

		if (row && !n->signers[tee - 1])
			TRY(signer_open(&n->o->signer, tee, clock_realtime(), &n->signers[tee - 1],
			                err));
	}
	return OK;
}

/* All pods of a deployment have one launcher, whatever their evidence; plain pods run beside them.
 */
static status
open_launcher(struct node *n, struct launcher_files *files, const char *images, struct err *err)
{
	struct bytes platform = BYTES("local-ns");
	const char *first = NULL;

	for (size_t i = 0; i < n->plan.n_pods; i++) {
		const struct platform *row = platform_find(n->plan.pods[i].platform);

		if (n->plan.pods[i].platform.n == 0)
			continue;
		platform = n->plan.pods[i].platform;
		if (!row || !row->launcher)
			break; /* launcher_open() says what it is */
		if (first && !bytes_is(bytes_str(row->launcher), first))
			return err_set(err, ERR_UNSUPPORTED, "E-NODE-051",
			               "pods of one deployment need the launchers %s and %s", first,
			               row->launcher);
		first = row->launcher;
	}
	*files = n->o->files;
	files->images = images;
	TRY(launcher_open(platform, files, &n->launcher, err));
	return n->launcher->ops->probe(n->launcher, err);
}

static status
make_loop(struct node *n, struct err *err)
{
	n->base = event_base_new();
	n->flush = n->base ? evtimer_new(n->base, on_flush, n) : NULL;
	n->deadline = n->base ? event_new(n->base, -1, 0, on_deadline, n) : NULL;
	n->term = n->base ? evsignal_new(n->base, SIGTERM, on_stop, n) : NULL;
	n->intr = n->base ? evsignal_new(n->base, SIGINT, on_stop, n) : NULL;
	if (!n->flush || !n->deadline || !n->term || !n->intr || evsignal_add(n->term, NULL) != 0 ||
	    evsignal_add(n->intr, NULL) != 0)
		return err_set(err, ERR_INTERNAL, "E-NODE-042", "cannot make the event loop");
	return OK;
}

static status
start_pods(struct node *n, struct err *err)
{
	n->pods = arena_array(&n->plan.arena, n->plan.n_pods, sizeof *n->pods);
	TRY(arena_check(&n->plan.arena, err));
	for (size_t i = 0; i < n->plan.n_pods; i++)
		n->pods[i] =
		        (struct node_pod){.node = n, .plan = &n->plan.pods[i], .index = (int)i};
	for (size_t i = 0; i < n->plan.n_pods; i++) {
		struct node_pod *p = &n->pods[i];

		TRY(err_ctx(err, node_pod_start(n, p, err), "pod %.*s", BYTES_ARG(p->plan->name)));
	}
	return OK;
}

static status
bring_up(struct node *n, struct launcher_files *files, char images[RUNDIR_PATH + 256],
         struct err *err)
{
	char path[RUNDIR_PATH + 256];

	TRY(rundir_lock(&n->o->run, &n->lock, err));
	TRY(plan_read(rundir_file(&n->o->run, "plan.json", path), &n->plan, err));
	TRY(make_loop(n, err));
	TRY(node_status_write(n, err));
	TRY(open_launcher(n, files, rundir_file(&n->o->run, "images", images), err));
	TRY(node_pull_images(&n->o->run, &n->plan, on_progress, n, err));
	n->phase = NODE_STARTING;
	TRY(node_status_write(n, err));
	/* netd talks to pods: it is forked before there are keys in memory. */
	TRY(net_start(&n->plan.net, &n->net, err));
	TRY(watch_network(n, err));
	TRY(open_signers(n, err));
	TRY(start_pods(n, err));
	n->phase = NODE_RUNNING;
	return node_status_write(n, err);
}

static void
release(struct node *n)
{
	struct event *const events[] = {n->flush, n->deadline, n->term, n->intr, n->net_gone};

	for (size_t i = 0; n->pods && i < n->plan.n_pods; i++)
		node_pod_done(&n->pods[i]);
	net_stop(&n->net);
	launcher_free(n->launcher);
	for (size_t i = 0; i < SIGNER_SHAPES; i++)
		signer_free(n->signers[i]);
	for (size_t i = 0; i < COUNT_OF(events); i++) {
		if (events[i])
			event_free(events[i]);
	}
	if (n->base)
		event_base_free(n->base);
	plan_done(&n->plan);
	fd_close(&n->lock);
}

status
node_serve(const struct node_options *o, struct err *err)
{
	static struct node node;
	struct launcher_files files;
	char images[RUNDIR_PATH + 256];
	status s;

	signal(SIGPIPE, SIG_IGN);
	secret_harden_process();
	node = (struct node){.o = o, .lock = -1, .net = {-1, -1, -1, 0}};
	s = bring_up(&node, &files, images, err);
	if (is_ok(s)) {
		log_warn("INSECURE: this machine's own software signs the evidence of these pods",
		         F_CSTR("deployment", o->run.name));
		event_base_dispatch(node.base);
		if (node.error.cls != ERR_OK) {
			*err = node.error;
			s = (status){err->cls};
			node.phase = NODE_FAILED;
			(void)node_status_write(&node, NULL);
		}
	} else if (node.lock >= 0) {
		node.phase = NODE_FAILED;
		node.error = *err;
		(void)node_status_write(&node, NULL);
	}
	release(&node);
	return s;
}
