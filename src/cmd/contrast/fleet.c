/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/contrast/fleet.h"

#include "base/file.h"
#include "channel/receipt.h"
#include "crypto/cert.h"
#include "evidence/intake.h"
#include "manifest/manifest.h"
#include "term/term.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOLDER_MAX = 4096, PATH_SIZE = 4096 };

/* Names of the files, each once; in the order of a directory nobody could find anything again. */
struct paths {
	char (*names)[PATH_SIZE];
	size_t n, cap;
};

static void
paths_done(struct paths *p)
{
	mem_free(p->names);
}

static void
paths_add(struct paths *p, const char *dir, const char *name)
{
	if (p->n == p->cap) {
		size_t cap = p->cap ? 2 * p->cap : 16;
		char(*grown)[PATH_SIZE] = mem_alloc(cap * sizeof *grown);

		mem_copy(grown, p->names, p->n * sizeof *grown);
		mem_free(p->names);
		p->names = grown;
		p->cap = cap;
	}
	if (snprintf(p->names[p->n], PATH_SIZE, "%s/%s", dir, name) < PATH_SIZE)
		p->n++;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static status
list_folder(const char *dir, struct paths *p, struct err *err)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	status s = OK;

	if (!d)
		return err_at(err, err_set_errno(err, ERR_IO, "E-CLI-021", "cannot be read"), "%s",
		              dir);
	while (is_ok(s) && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		if (p->n == FOLDER_MAX)
			s = err_at(err,
			           err_set(err, ERR_LIMIT, "E-CLI-021", "more than %d files",
			                   FOLDER_MAX),
			           "%s", dir);
		else
			paths_add(p, dir, e->d_name);
		if (is_ok(s) && file_is_dir(p->names[p->n - 1]))
			p->n--;
	}
	closedir(d);
	if (is_ok(s) && p->n > 0)
		qsort(p->names, p->n, PATH_SIZE, by_name);
	return s;
}

/* The evidence of a file, or of a receipt. */
static status
read_document(struct arena *a, const char *path, struct document *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};
	struct receipt receipt;
	struct err ignored;
	struct bytes b;

	TRY(file_read(path, RECEIPT_MAX_BYTES, &text, err));
	b = arena_copy(a, buf_view(&text));
	TRY(arena_check(a, err));
	if (is_ok(receipt_parse(a, b, &receipt, &ignored)))
		return err_at(err, receipt_document(a, &receipt, ret, err), "%s", path);
	return err_at(err, intake_evidence(a, b, ret, err), "%s", path);
}

/*
 * What the next evidence of this machine needs: not what this one happened to
 * bring along. Only a VLEK is nowhere else to be had.
 */
static void
keep_vlek(struct endorsements *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < e->n_certs; i++) {
		CLEANUP(cert_drop) struct cert *c = NULL;
		struct err ignored;

		if (is_ok(cert_parse_der(e->certs[i], &c, &ignored)) &&
		    bytes_is(cert_subject_cn(c), "SEV-VLEK"))
			e->certs[kept++] = e->certs[i];
	}
	*e = (struct endorsements){.n_certs = kept,
	                           .certs = {kept > 0 ? e->certs[0] : (struct bytes){0}}};
}

static status
add_file(struct fleet *f, const char *path, bool named, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {.cap = (size_t)16 * RECEIPT_MAX_BYTES};
	struct document d;
	status s = read_document(&a, path, &d, err);

	if (!is_ok(s) && !named && (s.cls == ERR_PARSE || s.cls == ERR_LIMIT)) {
		f->passed++;
		return OK;
	}
	TRY(s);
	f->machines++;
	keep_vlek(&d.endorsements);
	return err_at(err,
	              collateral_complete(f->collateral, d.tee, d.evidence, f->now,
	                                  f->collateral->taken_arena, &d.endorsements, f->missing,
	                                  err),
	              "%s", path);
}

static status
add_folder(struct fleet *f, const char *dir, struct progress *p, struct err *err)
{
	CLEANUP(paths_done) struct paths files = {0};

	TRY(list_folder(dir, &files, err));
	for (size_t i = 0; i < files.n; i++) {
		TRY(add_file(f, files.names[i], false, err));
		progress_update(p, f->machines);
	}
	return OK;
}

status
fleet_evidence(struct fleet *f, const char *const *paths, size_t n, struct err *err)
{
	struct progress p;
	status s = OK;

	if (n == 0)
		return OK;
	progress_begin(&p, 0, "collateral for %s%s", paths[0], n > 1 ? " and others" : "");
	for (size_t i = 0; i < n && is_ok(s); i++) {
		s = file_is_dir(paths[i]) ? add_folder(f, paths[i], &p, err)
		                          : add_file(f, paths[i], true, err);
		progress_update(&p, f->machines);
	}
	progress_end(&p, is_ok(s) && f->missing->n == 0);
	return s;
}

/* ---- manifests ---- */

static void
want(struct fleet *f, enum collateral_kind kind, const char *subject)
{
	struct collateral_item item;
	struct err err;

	if (!is_ok(collateral_get(f->collateral, kind, subject, f->now, f->collateral->taken_arena,
	                          &item, &err)))
		buf_printf(f->missing, "%s\n", err.msg);
}

static void
want_product(struct fleet *f, const struct manifest_snp *set)
{
	static const char *const names[] = {
	        [MANIFEST_MILAN] = "Milan", [MANIFEST_GENOA] = "Genoa", [MANIFEST_TURIN] = "Turin"};
	char subject[COLLATERAL_SUBJECT_MAX];

	/* Nobody has collateral of a root that is no vendor's but the machine itself. */
	if (set->product == MANIFEST_PRODUCT_NONE || set->has_trust_root)
		return;
	snprintf(subject, sizeof subject, "%s/vcek", names[set->product]);
	want(f, COLLATERAL_SNP_CHAIN, subject);
	want(f, COLLATERAL_SNP_CRL, subject);
}

static void
want_intel(struct fleet *f)
{
	want(f, COLLATERAL_TDX_QE_IDENTITY, "td");
	want(f, COLLATERAL_TDX_TCB_CHAIN, "tcb");
	want(f, COLLATERAL_TDX_ROOT_CRL, "root");
	want(f, COLLATERAL_TDX_PCK_CRL, "platform");
	want(f, COLLATERAL_TDX_PCK_CRL, "processor");
}

status
fleet_manifest(struct fleet *f, const char *path, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};
	CLEANUP(manifest_drop) struct manifest *m = NULL;
	bool intel = false;

	if (!path)
		return OK;
	TRY(file_read(path, MANIFEST_MAX_BYTES, &text, err));
	TRY(err_at(err, manifest_parse(buf_view(&text), &m, NULL, err), "%s", path));
	for (size_t i = 0; i < m->n_snp; i++)
		want_product(f, &m->snp[i]);
	for (size_t i = 0; i < m->n_tdx; i++)
		intel |= !m->tdx[i].has_trust_root;
	if (intel)
		want_intel(f);
	return OK;
}
