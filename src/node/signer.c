/* SPDX-License-Identifier: Apache-2.0 */
#include "node/signer.h"

#include "node/device.h"

struct signer {
	enum tee tee;
	struct processor *processor; /* SNP */
	struct quoter *quoter;       /* TDX */
	uint16_t quote_version;
};

struct signed_guest {
	struct signer *signer;
	struct guest *guest; /* SNP */
	struct td_launch td; /* TDX */
};

enum tee
signer_tee(const struct platform *row)
{
	return row->tee == PLATFORM_TDX ? TEE_TDX : TEE_SNP;
}

enum tee
signer_shape(const struct signer *s)
{
	return s->tee;
}

status
signer_open(const struct signer_options *o, enum tee tee, int64_t now, struct signer **ret,
            struct err *err)
{
	CLEANUP(signer_drop) struct signer *s = mem_new(struct signer);

	s->tee = tee;
	s->quote_version = o->quote_version;
	if (tee == TEE_SNP)
		TRY(processor_open(o->state_dir, o->part, now, &s->processor, err));
	else
		TRY(quoter_open(o->state_dir, now, &s->quoter, err));
	*ret = s;
	s = NULL;
	return OK;
}

void
signer_free(struct signer *s)
{
	if (!s)
		return;
	processor_free(s->processor);
	quoter_free(s->quoter);
	mem_free(s);
}

static status
launch_snp(struct signed_guest *g, struct launch_layout layout, const uint8_t *host_data,
           bool debug, struct err *err)
{
	struct processor *p = g->signer->processor;
	struct guest_launch l = {.policy = debug ? guest_policy_debug : guest_policy_default};

	layout.cpu_signature = processor_cpu_signature(processor_get_facts(p));
	TRY(layout_measure(&layout, &l.measurement, err));
	mem_copy(l.host_data, host_data, sizeof l.host_data);
	return guest_launch(p, &l, &g->guest, err);
}

static status
launch_tdx(struct signed_guest *g, const struct launch_layout *layout, const uint8_t *host_data,
           bool debug, struct err *err)
{
	g->td.debug = debug;
	mem_copy(g->td.policy, host_data, sizeof g->td.policy);
	return layout_measure_td(layout, &g->td.registers, err);
}

static void
guest_drop(struct signed_guest **g)
{
	signed_guest_free(*g);
}

status
signer_launch(struct signer *s, const struct launch_layout *layout,
              const uint8_t host_data[SHA256_SIZE], bool debug, struct signed_guest **ret,
              struct err *err)
{
	CLEANUP(guest_drop) struct signed_guest *g = mem_new(struct signed_guest);

	g->signer = s;
	if (s->tee == TEE_SNP)
		TRY(launch_snp(g, *layout, host_data, debug, err));
	else
		TRY(launch_tdx(g, layout, host_data, debug, err));
	*ret = g;
	g = NULL;
	return OK;
}

void
signed_guest_free(struct signed_guest *g)
{
	if (!g)
		return;
	guest_free(g->guest);
	mem_free(g);
}

void
signed_guest_serve(struct signed_guest *g, int64_t now, struct bytes request, struct buf *out)
{
	const struct signer *s = g->signer;

	if (s->tee == TEE_SNP)
		device_serve(g->guest, s->processor, now, request, out);
	else
		device_serve_td(&g->td, s->quoter, s->quote_version, now, request, out);
}
