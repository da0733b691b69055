/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kube.h: the Kubernetes objects of a set of YAML files: workloads (anything
 * that has a pod in it), ConfigMaps and Secrets. Everything else passes
 * through unread. Bytes in, nodes out: no I/O, and no node is ever copied, so
 * what a workload names can be edited in place (yaml/edit.h).
 */
#ifndef KUBE_KUBE_H
#define KUBE_KUBE_H

#include "yaml/edit.h"

enum {
	KUBE_MAX_FILES = 4096,
	KUBE_MAX_WORKLOADS = 4096,
	KUBE_MAX_CONTAINERS = 128, /* of one pod */
	KUBE_MAX_ITEMS = 4096,     /* of any list in a container or pod */
};

#define KUBE_ANNOTATION(name) "contrast.edgeless.systems/" name
#define KUBE_RUNTIME_CLASS "contrast-cc" /* and everything that starts so */
#define KUBE_RUNTIME_CLASS_OLD "kata-cc-isolation"
#define KUBE_INITDATA_ANNOTATION "io.katacontainers.config.hypervisor.cc_init_data"

enum kube_kind {
	KUBE_POD,
	KUBE_DEPLOYMENT,
	KUBE_REPLICA_SET,
	KUBE_REPLICATION_CONTROLLER,
	KUBE_STATEFUL_SET,
	KUBE_DAEMON_SET,
	KUBE_JOB,
	KUBE_CRON_JOB,
	KUBE_KINDS,
};

struct kube_file {
	const char *path;
	struct bytes text;
	struct yaml_stream yaml;
};

struct kube_workload {
	const struct kube_file *file;
	enum kube_kind kind;
	struct yaml_node *root;
	struct yaml_node *pod;  /* the mapping that holds the pod's metadata and spec */
	struct yaml_node *spec; /* the pod's */
	struct bytes api_version, name;
	struct bytes space; /* metadata.namespace, empty when absent */
	struct bytes runtime_class;
	bool confidential;
};

/* A ConfigMap or Secret. */
struct kube_data {
	const struct kube_file *file;
	bool secret;
	struct bytes name, space;
	const struct yaml_node *root;
};

/* A Service: which names and ports lead to pods. */
struct kube_service {
	const struct kube_file *file;
	struct bytes name, space;
	const struct yaml_node *root;
};

struct kube_set {
	struct arena arena; /* also of all trees */
	struct kube_file **files;
	size_t n_files;
	struct kube_workload *workloads;
	size_t n_workloads;
	struct kube_data *data;
	size_t n_data;
	struct kube_service *services;
	size_t n_services;
};

void kube_init(struct kube_set *s);
void kube_done(struct kube_set *s);

/*
 * Parse one file and add what is in it; `text` and `path` are borrowed. Lists
 * are opened. Documents that are no Kubernetes objects are left alone.
 * ERR_PARSE E-YAML-*, E-KUBE-001.. with file:line:col, ERR_LIMIT E-KUBE-002.
 */
status kube_add(struct kube_set *s, const char *path, struct bytes text, struct err *err);

/* "Deployment"; for messages and WorkloadSecretID. */
const char *kube_kind_name(enum kube_kind k);

/* An annotation of the pod (metadata of a Pod, else of the pod template), or NULL. */
const struct yaml_node *kube_annotation(const struct kube_workload *w, const char *name);

/* By name, in the workload's namespace; NULL when the files have none. */
const struct kube_data *kube_find_data(const struct kube_set *s, const struct kube_workload *w,
                                       bool secret, struct bytes name);

/* err_at() with path:line:col, unless st is OK. */
status kube_at(struct err *err, status st, const struct kube_file *f, const struct yaml_node *n);

/* ---- strict reading: a wrong type is ERR_PARSE E-KUBE-003, what and where ---- */

/* Absent and null are not given: *ret stays as it is. */
status kube_string(const struct kube_file *f, const struct yaml_node *m, const char *key,
                   struct bytes *ret, struct err *err);
status kube_bool(const struct kube_file *f, const struct yaml_node *m, const char *key, bool *ret,
                 bool *ret_given, struct err *err);
status kube_number(const struct kube_file *f, const struct yaml_node *m, const char *key,
                   uint64_t max, uint64_t *ret, bool *ret_given, struct err *err);
/* A list of strings, in the arena. */
status kube_strings(const struct kube_file *f, const struct yaml_node *m, const char *key,
                    struct arena *a, struct bytes **ret, size_t *ret_n, bool *ret_given,
                    struct err *err);
/* A mapping or list, or NULL. */
status kube_child(const struct kube_file *f, const struct yaml_node *m, const char *key,
                  enum yaml_kind kind, struct yaml_node **ret, struct err *err);

#endif
