/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node.h: the untrusted host of the local platform. One process a deployment:
 * it holds the secure processor, pulls images, makes the network, launches a
 * machine a pod, keeps logs and the status file. It decides nothing that
 * matters: everything it hands to a pod is checked there.
 */
#ifndef NODE_NODE_H
#define NODE_NODE_H

#include "node/launcher.h"
#include "node/rundir.h"

struct node_options {
	struct rundir run;
	struct signer_options signer;
	struct launcher_files files;
};

/*
 * Serves plan.json of the run directory until SIGTERM or SIGINT; then stops
 * the pods and returns OK. A failure is in status.json too, for whoever
 * started us.
 */
status node_serve(const struct node_options *o, struct err *err);

/*
 * Pull every image of the plan to <run>/images (node_image.c). `progress` is
 * called before each with its number.
 */
struct plan;
typedef void (*node_progress)(void *ctx, size_t done, size_t total, struct bytes image);
status node_pull_images(const struct rundir *run, const struct plan *plan, node_progress progress,
                        void *ctx, struct err *err);

#endif
