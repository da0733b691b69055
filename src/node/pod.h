/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod.h: the pod runner: first process of a pod's sandbox under the ns
 * launcher, and what the launch measurement names. In a confidential pod it
 * does, before anything else, what PROTOCOL section 12 asks of a guest: it
 * hashes the initdata document and compares with HOSTDATA of a report that it
 * fetched itself; then it takes images by the digests that the document names,
 * and serves the evidence and report sockets to the containers whose policy
 * names them.
 */
#ifndef NODE_POD_H
#define NODE_POD_H

#include "base/status.h"
#include "evidence/binding.h"

struct pod_options {
	const char *images; /* image store of the host: DIR/blobs/sha256 */
	const char *work;   /* an empty folder of this pod's own: becomes a tmpfs */
	const char *crun;
	int wire_fd;   /* to the node, see wire.h */
	int device_fd; /* to the secure processor, see device.h; -1 in a plain pod */
	enum tee tee;  /* what that is; a real guest's kernel would say */
};

/*
 * Runs the pod until it is told to stop, its containers are done, or the node
 * goes away; must be PID 1 of a new PID namespace with mount, network, UTS and
 * IPC namespaces of its own. Returns the exit code.
 */
int pod_run(const struct pod_options *o);

#endif
