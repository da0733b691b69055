/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/quoted.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "evidence/intake.h"
#include "evidence/tdx/pck.h"

enum { CHAIN_MAX = 4 };

status
quoted_check(struct bytes quote, const uint8_t *report_data, struct err *err)
{
	struct verdict v = {0};
	struct tdx_quote q;

	if (!is_ok(tdx_quote_parse(quote, &q, &v)))
		return err_set(err, ERR_PARSE, "E-ISSUER-002", "the host's quote is none: %s",
		               v.reason);
	if (!bytes_equal(q.report_data, bytes_of(report_data, 64)))
		return err_set(err, ERR_PARSE, "E-ISSUER-002",
		               "the host's quote is over other data than was asked for");
	return OK;
}

void
quoted_collateral_done(struct quoted_collateral *c)
{
	buf_done(&c->message);
	arena_done(&c->arena);
	*c = (struct quoted_collateral){.asked = false};
}

/* Which machine, and which of Intel's CAs certified it. */
static bool
machine_of(struct bytes quote, struct pck *ret, bool *ret_processor)
{
	struct cert *certs[CHAIN_MAX] = {NULL};
	struct verdict v = {0};
	struct tdx_quote q;
	size_t n = 0;
	bool found = false;

	if (!is_ok(tdx_quote_parse(quote, &q, &v)) ||
	    !is_ok(cert_parse_pem(q.pck_pem, CHAIN_MAX, certs, &n, NULL)))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!found && is_ok(pck_parse(certs[i], ret, NULL))) {
			found = true;
			*ret_processor =
			        bytes_is(cert_issuer_cn(certs[i]), "Intel SGX PCK Processor CA");
		}
		cert_free(certs[i]);
	}
	return found;
}

/* A part of no known form counts as none: the rest may still do. */
static void
add_part(struct quoted_collateral *c, struct bytes part)
{
	CLEANUP(buf_done) struct buf der = {0};
	struct endorsements with = c->found;

	if (hex_decode_buf(part, &der))
		part = arena_copy(&c->arena, buf_view(&der));
	if (is_ok(intake_endorsements(&c->arena, part, &with, NULL)))
		c->found = with;
}

static void
ask(struct quoted_collateral *c, const struct qgs_place *place, const struct pck *pck,
    bool processor)
{
	CLEANUP(fd_close) int fd = -1;
	struct bytes parts[QGS_PARTS];
	unsigned int keep = QUOTED_RETRY_SECONDS;
	unsigned int patience = place->collateral_ms ? place->collateral_ms : QUOTED_DEADLINE_MS;

	quoted_collateral_done(c);
	c->asked = true;
	mem_copy(c->fmspc, pck->fmspc, sizeof c->fmspc);
	if (is_ok(qgs_connect(place, &fd, NULL)) &&
	    is_ok(qgs_collateral(fd, pck->fmspc, processor, patience, &c->message, parts, NULL))) {
		for (size_t i = 0; i < QGS_PARTS; i++)
			add_part(c, parts[i]);
		keep = QUOTED_KEEP_SECONDS;
	}
	c->again_ns = clock_mono_ns() + keep * UINT64_C(1000000000);
}

void
quoted_collateral_get(struct quoted_collateral *c, const struct qgs_place *place,
                      struct bytes quote, struct endorsements *ret)
{
	bool processor;
	struct pck pck;

	if (!machine_of(quote, &pck, &processor))
		return;
	if (!c->asked || clock_mono_ns() >= c->again_ns ||
	    !bytes_equal(bytes_of(c->fmspc, sizeof c->fmspc),
	                 bytes_of(pck.fmspc, sizeof pck.fmspc)))
		ask(c, place, &pck, processor);
	*ret = c->found;
}
