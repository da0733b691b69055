/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate.h: one run of `contrast generate`, shared by generate*.c. Nothing
 * is written before everything is known: the run collects outputs, and
 * generate_write() puts them in place one after the other, each atomically.
 */
#ifndef CMD_CONTRAST_GENERATE_H
#define CMD_CONTRAST_GENERATE_H

#include "authority/genesis.h"
#include "cmd/contrast/cli.h"
#include "kube/inject.h"
#include "manifest/manifest.h"
#include "oci/registry.h"
#include "policy/build.h"
#include "policy/initdata.h"
#include "policy/platform.h"

enum {
	GENERATE_MAX_FILE = YAML_MAX_BYTES,
	GENERATE_MAX_TOTAL = 256 * 1024 * 1024,
};

struct generate_input {
	char *path;
	struct buf text;
};

/* One image that the deployment names, resolved once. */
struct generate_image {
	struct bytes text;   /* as the YAML has it */
	struct bytes pinned; /* the same with its digest */
	struct oci_image image;
	bool has_accounts;
	struct accounts accounts;
};

/* One confidential workload. */
struct generate_work {
	struct kube_workload *w;
	const struct platform *platform;
	bool coordinator, wants_initializer;
	struct kube_pod pod;
	struct bytes secret_id;
	struct hash256 hash; /* of its initdata document */
};

struct generate_output {
	char *path;
	struct buf before, after;
	bool existed;
	bool create; /* never replace: keys, pins */
	bool secret; /* 0600, and never shown */
};

struct generate {
	const struct options *o;
	struct arena arena;
	struct kube_set set;
	struct generate_input *inputs;
	size_t n_inputs, cap_inputs;
	size_t total;
	struct generate_work *works;
	size_t n_works;

	struct transport *transport;
	struct credentials credentials;
	struct oci_cache blobs;
	struct accounts_cache accounts;
	struct registry *registry;
	struct generate_image **images;
	size_t n_images, cap_images;
	struct buf replacements;

	struct pins pins;
	struct bytes *pin_args;
	size_t n_pin_args;
	struct manifest *manifest;
	struct faults faults;

	struct generate_output **outputs;
	size_t n_outputs, cap_outputs;
};

/* generate_files.c: arguments to inputs; "no YAML" is ERR_NOT_FOUND E-GENERATE-001. */
status generate_read_inputs(struct generate *g, struct err *err);

/* generate_check.c: which workloads, which platform, are the annotations ours? */
status generate_find_works(struct generate *g, struct err *err);
/* The container of a Coordinator's pod that is the Coordinator. */
status generate_coordinator_container(const struct generate_work *k, struct kube_container **ret,
                                      struct err *err);
/* The n-th word of --reference-values, in the arena with a NUL behind it; empty behind the last. */
struct bytes generate_reference_word(struct generate *g, size_t n);
/* Text of an annotation of ours, or empty. */
struct bytes generate_annotation(const struct kube_workload *w, const char *name);

/* generate_image.c */
status generate_open_registry(struct generate *g, struct err *err);
/* Resolves on first use; `f` and `at` say where the text stands. */
status generate_resolve(struct generate *g, struct bytes text, const struct kube_file *f,
                        const struct yaml_node *at, bool accounts, struct generate_image **ret,
                        struct err *err);
/* What the user wants instead of this reference (--image-replacements), or the reference itself. */
struct bytes generate_replaced(const struct generate *g, struct bytes text);
/* Image of the initializer to inject into a workload. */
status generate_initializer_image(struct generate *g, const struct generate_work *k,
                                  struct bytes *ret, struct err *err);

/* generate_work.c: inject, pin, build the policy, annotate. */
status generate_work_all(struct generate *g, struct err *err);

/* generate_keys.c: owners' keys and genesis.json, existing or new. */
status generate_keys(struct generate *g, struct err *err);

/* generate_manifest.c: load or make, then fill. */
status generate_load_manifest(struct generate *g, struct err *err);
status generate_fill_manifest(struct generate *g, struct err *err);

/* generate_write.c */
/* The output of that path, made on first use; stays where it is. */
struct generate_output *generate_output(struct generate *g, const char *path);
/* Path below --workspace-dir, in the arena. */
const char *generate_default_path(struct generate *g, const char *name);
/* Reads what is there now; absent is fine. */
status generate_output_load(struct generate_output *out, struct err *err);
status generate_collect_yaml(struct generate *g, struct err *err);
status generate_show_diff(struct generate *g, struct buf *out, struct err *err);
status generate_write(struct generate *g, struct err *err);
void generate_report(const struct generate *g, struct buf *out);

#endif
