/* SPDX-License-Identifier: Apache-2.0 */
#include "node/processor_state.h"

#include "evidence/measure/vmsa.h"
#include "evidence/snp/report.h"

enum { POLICY_KNOWN_BITS = 26 };

struct guest {
	struct processor *processor;
	struct guest_launch launch;
	uint8_t report_id[32];
};

static const struct processor_facts parts[] = {
        [PROCESSOR_GENOA] =
                {
                        .product = SNP_GENOA,
                        .folder = "genoa",
                        .report_version = 3,
                        .family = 0x19,
                        .model = 0x11,
                        .stepping = 1,
                        .tcb = {.bootloader = 10, .tee = 0, .snp = 25, .microcode = 0x54},
                        .platform_info =
                                SNP_PLATFORM_SMT | SNP_PLATFORM_ECC | SNP_PLATFORM_ALIAS_CHECK,
                        .abi_major = 1,
                        .abi_minor = 55,
                        .fw_build = 40,
                },
        [PROCESSOR_TURIN] =
                {
                        .product = SNP_TURIN,
                        .folder = "turin",
                        .report_version = 5,
                        .family = 0x1a,
                        .model = 0x02,
                        .stepping = 1,
                        .tcb = {.fmc = 1, .bootloader = 1, .tee = 1, .snp = 4, .microcode = 0x51},
                        .platform_info =
                                SNP_PLATFORM_SMT | SNP_PLATFORM_ECC | SNP_PLATFORM_ALIAS_CHECK,
                        .mitigations = 1,
                        .abi_major = 1,
                        .abi_minor = 58,
                        .fw_build = 3,
                },
};

const struct processor_facts *
processor_facts(enum processor_part part)
{
	return &parts[part];
}

bool
processor_part_parse(struct bytes text, enum processor_part *ret)
{
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		if (bytes_is(text, parts[i].folder)) {
			*ret = (enum processor_part)i;
			return true;
		}
	}
	return false;
}

uint32_t
processor_cpu_signature(const struct processor_facts *f)
{
	return cpu_signature(f->family, f->model, f->stepping);
}

const struct processor_facts *
processor_get_facts(const struct processor *p)
{
	return p->facts;
}

struct hash256
processor_trust_root(const struct processor *p)
{
	return key_id(p->ark_key);
}

struct bytes
processor_chip_id(const struct processor *p)
{
	return bytes_of(p->chip_id, sizeof p->chip_id);
}

struct bytes
processor_ark(const struct processor *p)
{
	return cert_der(p->ark);
}

struct bytes
processor_ask(const struct processor *p)
{
	return cert_der(p->ask);
}

struct bytes
processor_vcek(const struct processor *p)
{
	return cert_der(p->vcek);
}

status
guest_launch(struct processor *p, const struct guest_launch *l, struct guest **ret, struct err *err)
{
	struct guest *g;

	if (!(l->policy & SNP_POLICY_ONE) || l->policy >> POLICY_KNOWN_BITS)
		return err_set(err, ERR_REJECTED, "E-NODE-015",
		               "guest policy %#llx has reserved bits wrong",
		               (unsigned long long)l->policy);
	g = mem_new(struct guest);
	g->processor = p;
	g->launch = *l;
	random_bytes(g->report_id, sizeof g->report_id);
	*ret = g;
	return OK;
}

void
guest_free(struct guest *g)
{
	mem_free(g);
}

/* Facts of the part, and what the launch fixed. */
static void
fill(const struct guest *g, uint32_t vmpl, struct snp_report *r)
{
	const struct processor_facts *f = g->processor->facts;
	uint8_t tcb[SNP_TCB_SIZE];

	*r = (struct snp_report){
	        .version = f->report_version,
	        .policy = g->launch.policy,
	        .vmpl = vmpl,
	        .signature_algo = SNP_SIG_ALGO_P384,
	        .platform_info = f->platform_info,
	        .key_info = SNP_SIGNED_VCEK << 2,
	        .cpuid_family = f->family,
	        .cpuid_model = f->model,
	        .cpuid_stepping = f->stepping,
	        .current_build = f->fw_build,
	        .current_minor = f->abi_minor,
	        .current_major = f->abi_major,
	        .committed_build = f->fw_build,
	        .committed_minor = f->abi_minor,
	        .committed_major = f->abi_major,
	        .launch_mitigation = f->mitigations,
	        .current_mitigation = f->mitigations,
	};
	snp_tcb_encode(f->product, &f->tcb, tcb);
	mem_copy(r->current_tcb, tcb, sizeof tcb);
	mem_copy(r->reported_tcb, tcb, sizeof tcb);
	mem_copy(r->committed_tcb, tcb, sizeof tcb);
	mem_copy(r->launch_tcb, tcb, sizeof tcb);
	mem_copy(r->measurement, g->launch.measurement.b, sizeof r->measurement);
	mem_copy(r->host_data, g->launch.host_data, sizeof r->host_data);
	mem_copy(r->report_id, g->report_id, sizeof r->report_id);
	mem_copy(r->chip_id, g->processor->chip_id, sizeof r->chip_id);
	for (size_t i = 0; i < sizeof r->report_id_ma; i++)
		r->report_id_ma[i] = 0xff; /* no migration agent */
}

static void
sign(const struct key *vcek, struct snp_report *r)
{
	uint8_t raw[SNP_REPORT_SIZE];

	snp_report_emit(r, raw);
	key_sign_ecdsa_raw(vcek, SIG_SHA384, bytes_of(raw, SNP_SIGNED_SIZE), SNP_SIG_INT_SIZE, r->r,
	                   r->s);
}

status
guest_report(struct guest *g, const uint8_t report_data[PROCESSOR_REPORT_DATA_SIZE], uint32_t vmpl,
             struct buf *out, struct err *err)
{
	struct snp_report r;
	uint8_t raw[SNP_REPORT_SIZE];

	if (vmpl > 3)
		return err_set(err, ERR_REJECTED, "E-NODE-017",
		               "a guest has privilege levels 0 to 3");
	fill(g, vmpl, &r);
	mem_copy(r.report_data, report_data, sizeof r.report_data);
	sign(g->processor->vcek_key, &r);
	snp_report_emit(&r, raw);
	buf_add(out, raw, sizeof raw);
	return buf_check(out, err);
}
