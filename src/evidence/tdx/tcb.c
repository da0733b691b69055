/* SPDX-License-Identifier: Apache-2.0 */
/* The decision rule; the parser is tcb_parse.c. */
#include "evidence/tdx/tcb.h"

#include <stdio.h>
#include <string.h>

static const char *const status_names[] = {
        [TCB_NOT_SUPPORTED] = "NotSupported",
        [TCB_UP_TO_DATE] = "UpToDate",
        [TCB_SW_HARDENING_NEEDED] = "SWHardeningNeeded",
        [TCB_CONFIGURATION_NEEDED] = "ConfigurationNeeded",
        [TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED] = "ConfigurationAndSWHardeningNeeded",
        [TCB_RELAUNCH_ADVISED] = "TDRelaunchAdvised",
        [TCB_RELAUNCH_ADVISED_CONFIGURATION_NEEDED] = "TDRelaunchAdvisedConfigurationNeeded",
        [TCB_OUT_OF_DATE] = "OutOfDate",
        [TCB_OUT_OF_DATE_CONFIGURATION_NEEDED] = "OutOfDateConfigurationNeeded",
        [TCB_REVOKED] = "Revoked",
};

const char *
tcb_status_name(enum tcb_status s)
{
	return status_names[s];
}

bool
tcb_status_parse(struct bytes name, enum tcb_status *ret)
{
	for (size_t i = TCB_UP_TO_DATE; i < COUNT_OF(status_names); i++) {
		if (bytes_is(name, status_names[i])) {
			*ret = (enum tcb_status)i;
			return true;
		}
	}
	return false;
}

/* Levels are best first; the first whose every component is reached counts. */
static const struct tcb_level *
platform_level(const struct tcb_info *info, const struct pck *pck, struct bytes svn)
{
	/* A module with a version is judged by its own identity: bytes 0 and 1 are its. */
	size_t start = svn.p[1] > 0 ? 2 : 0;

	for (size_t k = 0; k < info->n_levels; k++) {
		const struct tcb_level *l = &info->levels[k];
		bool reached = pck->pcesvn >= l->pcesvn;

		for (size_t i = 0; i < TDX_SVNS; i++)
			reached &= pck->comp[i] >= l->sgx[i];
		for (size_t i = start; i < TDX_SVNS; i++)
			reached &= svn.p[i] >= l->tdx[i];
		if (reached)
			return l;
	}
	return NULL;
}

const struct tdx_module *
tcb_module_of(const struct tcb_info *info, struct bytes svn)
{
	if (svn.p[1] == 0)
		return &info->base;
	for (size_t i = 0; i < info->n_modules; i++)
		if (info->modules[i].version == svn.p[1])
			return &info->modules[i];
	return NULL;
}

static const struct tcb_level *
isv_level(const struct tcb_level *levels, size_t n, uint16_t isvsvn)
{
	for (size_t i = 0; i < n; i++)
		if (isvsvn >= levels[i].isvsvn)
			return &levels[i];
	return NULL;
}

/* Module or enclave out of date drags the platform's status down; revoked wins. */
static enum tcb_status
converge(enum tcb_status platform, enum tcb_status part)
{
	if (platform == TCB_NOT_SUPPORTED || part == TCB_NOT_SUPPORTED)
		return TCB_NOT_SUPPORTED;
	if (platform == TCB_REVOKED || part == TCB_REVOKED)
		return TCB_REVOKED;
	if (part != TCB_OUT_OF_DATE)
		return platform;
	if (platform == TCB_UP_TO_DATE || platform == TCB_SW_HARDENING_NEEDED)
		return TCB_OUT_OF_DATE;
	if (platform == TCB_CONFIGURATION_NEEDED ||
	    platform == TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED)
		return TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
	return platform;
}

static void
note_level(struct tcb_result *r, const struct tcb_level *l)
{
	if (!l)
		return;
	if (r->date == 0 || l->date < r->date)
		r->date = l->date;
	for (size_t i = 0; i < l->n_advisories; i++) {
		bool known = false;

		for (size_t k = 0; k < r->n_advisories; k++)
			known |= bytes_equal(r->advisories[k], l->advisories[i]);
		if (!known && r->n_advisories < TCB_ADVISORIES_MAX)
			r->advisories[r->n_advisories++] = l->advisories[i];
	}
}

struct parts {
	const struct tcb_level *platform, *module;
	enum tcb_status platform_status, module_status;
};

/* Platform and module at one set of SVNs. A version-less module has no status of its own. */
static struct parts
judge(const struct tcb_info *info, const struct pck *pck, struct bytes svn)
{
	const struct tdx_module *m = tcb_module_of(info, svn);
	struct parts p = {.platform = platform_level(info, pck, svn)};

	p.platform_status = p.platform ? p.platform->status : TCB_NOT_SUPPORTED;
	if (svn.p[1] == 0) {
		p.module_status = TCB_UP_TO_DATE;
		return p;
	}
	p.module = m ? isv_level(m->levels, m->n_levels, svn.p[0]) : NULL;
	p.module_status = p.module ? p.module->status : TCB_NOT_SUPPORTED;
	return p;
}

/*
 * The TD was launched under an old module that has been updated since: launching it anew helps.
 * A module that is old now makes the platform old, whatever it was at launch.
 */
static enum tcb_status
relaunch(enum tcb_status launch, const struct parts *then, const struct parts *now)
{
	bool only_module =
	        then->module_status == TCB_OUT_OF_DATE && now->module_status == TCB_UP_TO_DATE;

	if (now->module_status == TCB_OUT_OF_DATE)
		return converge(launch, TCB_OUT_OF_DATE);
	if (!only_module)
		return launch;
	if (launch == TCB_OUT_OF_DATE && (now->platform_status == TCB_UP_TO_DATE ||
	                                  now->platform_status == TCB_SW_HARDENING_NEEDED))
		return TCB_RELAUNCH_ADVISED;
	if (launch == TCB_OUT_OF_DATE_CONFIGURATION_NEEDED &&
	    (now->platform_status == TCB_CONFIGURATION_NEEDED ||
	     now->platform_status == TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED))
		return TCB_RELAUNCH_ADVISED_CONFIGURATION_NEEDED;
	return launch;
}

/* ---- which part is old ---- */

static void
note_behind(struct tcb_result *r, const char *part, unsigned int got, unsigned int newest)
{
	static const char more[] = ", ...";
	size_t used = strlen(r->behind), room = sizeof r->behind - used;
	char text[48];
	int n;

	if (got >= newest)
		return;
	n = snprintf(text, sizeof text, "%s%s: %u of %u", used ? ", " : "", part, got, newest);
	if ((size_t)n + sizeof more <= room)
		snprintf(r->behind + used, room, "%s", text);
	else if (used >= sizeof more && strcmp(r->behind + used - (sizeof more - 1), more) != 0)
		snprintf(r->behind + used, room, "%s", more);
}

static void
note_old_parts(struct tcb_result *r, const struct tcb_info *info, const struct qe_identity *qe,
               const struct pck *pck, struct bytes svn, uint16_t qe_isv_svn)
{
	const struct tdx_module *m = tcb_module_of(info, svn);
	size_t start = svn.p[1] > 0 ? 2 : 0;
	char part[24];

	for (size_t i = 0; info->n_levels > 0 && i < TDX_SVNS; i++) {
		snprintf(part, sizeof part, "SGX component %zu", i + 1);
		note_behind(r, part, pck->comp[i], info->levels[0].sgx[i]);
	}
	for (size_t i = start; info->n_levels > 0 && i < TDX_SVNS; i++) {
		snprintf(part, sizeof part, "TDX component %zu", i + 1);
		note_behind(r, part, svn.p[i], info->levels[0].tdx[i]);
	}
	if (info->n_levels > 0)
		note_behind(r, "PCE", pck->pcesvn, info->levels[0].pcesvn);
	if (m && m->n_levels > 0)
		note_behind(r, "TDX module", svn.p[0], m->levels[0].isvsvn);
	if (qe->n_levels > 0)
		note_behind(r, "quoting enclave", qe_isv_svn, qe->levels[0].isvsvn);
}

void
tcb_evaluate(const struct tcb_info *info, const struct qe_identity *qe, const struct pck *pck,
             struct bytes svn, struct bytes svn2, uint16_t qe_isv_svn, struct tcb_result *ret)
{
	struct parts then = judge(info, pck, svn);
	const struct tcb_level *enclave = isv_level(qe->levels, qe->n_levels, qe_isv_svn);
	struct tcb_result r = {
	        .platform = then.platform_status,
	        .module = then.module_status,
	        .qe = enclave ? enclave->status : TCB_NOT_SUPPORTED,
	};

	r.status = converge(r.platform, r.module);
	if (svn2.n > 0 && r.qe != TCB_OUT_OF_DATE) {
		struct parts now = judge(info, pck, svn2);

		if (now.platform_status == TCB_NOT_SUPPORTED ||
		    now.module_status == TCB_NOT_SUPPORTED)
			r.status = TCB_NOT_SUPPORTED;
		else if (now.platform_status == TCB_REVOKED || now.module_status == TCB_REVOKED)
			r.status = TCB_REVOKED;
		else
			r.status = relaunch(r.status, &then, &now);
	}
	r.status = converge(r.status, r.qe);
	note_level(&r, then.platform);
	note_level(&r, then.module);
	note_level(&r, enclave);
	note_old_parts(&r, info, qe, pck, svn, qe_isv_svn);
	*ret = r;
}
