/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "evidence/snp/report.h"
#include "evidence/verify.h"
#include "node/device.h"
#include "unit.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DAY = 24 * 60 * 60, NOW = 1795500000 };

static char state_dir[64] = "/tmp/contrast-processor-XXXXXX";
static struct processor *processors[2];
static struct hash384 measurement;

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	assert_non_null(mkdtemp(state_dir));
	assert_ok(processor_open(state_dir, PROCESSOR_GENOA, NOW, &processors[0], &err));
	assert_ok(processor_open(state_dir, PROCESSOR_TURIN, NOW, &processors[1], &err));
	measurement = sha384(BYTES("what was booted"));
	return 0;
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	processor_free(processors[0]);
	processor_free(processors[1]);
	snprintf(command, sizeof command, "rm -rf '%s'", state_dir);
	return system(command);
}

static struct guest *
launch(struct processor *p, uint64_t policy)
{
	struct guest_launch l = {.measurement = measurement, .policy = policy};
	struct hash256 h = sha256(BYTES("document"));
	struct guest *g;
	struct err err;

	mem_copy(l.host_data, h.b, sizeof l.host_data);
	assert_ok(guest_launch(p, &l, &g, &err));
	return g;
}

static void
report_of(struct guest *g, uint8_t fill, struct snp_report *r, struct buf *raw)
{
	uint8_t data[64];
	struct verdict v;
	struct err err;

	for (size_t i = 0; i < sizeof data; i++)
		data[i] = fill;
	assert_ok(guest_report(g, data, 0, raw, &err));
	assert_int_equal(raw->n, PROCESSOR_REPORT_SIZE);
	assert_ok(snp_report_parse(buf_view(raw), r, &v));
}

static void
reports_say_what_was_launched(void **state)
{
	static const uint32_t versions[] = {3, 5};
	struct hash256 h = sha256(BYTES("document"));

	(void)state;
	for (size_t i = 0; i < COUNT_OF(processors); i++) {
		CLEANUP(buf_done) struct buf raw = {0};
		struct guest *g = launch(processors[i], guest_policy_default);
		const struct processor_facts *f = processor_get_facts(processors[i]);
		struct snp_report r;
		struct snp_tcb tcb;
		enum snp_product product;

		report_of(g, 0xa5, &r, &raw);
		assert_int_equal(r.version, versions[i]);
		assert_int_equal(r.vmpl, 0);
		assert_int_equal(r.policy, guest_policy_default);
		assert_int_equal(r.report_data[63], 0xa5);
		assert_bytes(bytes_of(r.measurement, 48), hash384_view(&measurement));
		assert_bytes(bytes_of(r.host_data, 32), hash256_view(&h));
		assert_bytes(bytes_of(r.chip_id, 64), processor_chip_id(processors[i]));
		assert_true(snp_product_from_cpuid(r.cpuid_family, r.cpuid_model, &product));
		assert_int_equal(product, f->product);
		assert_true(snp_tcb_decode(f->product, r.reported_tcb, &tcb));
		assert_true(snp_tcb_equal(&tcb, &f->tcb));
		guest_free(g);
	}
}

static void
signature_covers_the_report(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(processors); i++) {
		CLEANUP(buf_done) struct buf raw = {0};
		CLEANUP(cert_drop) struct cert *vcek = NULL;
		CLEANUP(key_drop) struct key *key = NULL;
		struct guest *g = launch(processors[i], guest_policy_default);
		struct snp_report r;
		struct err err;

		assert_ok(cert_parse_der(processor_vcek(processors[i]), &vcek, &err));
		key = cert_key(vcek);
		report_of(g, 1, &r, &raw);
		assert_ok(key_verify_ecdsa_raw(key, SIG_SHA384, bytes_of(raw.p, SNP_SIGNED_SIZE),
		                               bytes_of(r.r, 48), bytes_of(r.s, 48), &err));
		raw.p[0x90] ^= 1;
		assert_false(is_ok(
		        key_verify_ecdsa_raw(key, SIG_SHA384, bytes_of(raw.p, SNP_SIGNED_SIZE),
		                             bytes_of(r.r, 48), bytes_of(r.s, 48), &err)));
		guest_free(g);
	}
}

static void
guests_are_told_apart(void **state)
{
	struct buf raw[3] = {{0}};
	struct guest *a = launch(processors[0], guest_policy_default);
	struct guest *b = launch(processors[0], guest_policy_default);
	struct snp_report r[3];

	(void)state;
	report_of(a, 1, &r[0], &raw[0]);
	report_of(a, 2, &r[1], &raw[1]);
	report_of(b, 1, &r[2], &raw[2]);
	assert_memory_equal(r[0].report_id, r[1].report_id, 32);
	assert_memory_not_equal(r[0].report_id, r[2].report_id, 32);
	guest_free(a);
	guest_free(b);
	for (int i = 0; i < 3; i++)
		buf_done(&raw[i]);
}

static void
level_is_the_askers(void **state)
{
	struct guest *g = launch(processors[0], guest_policy_default);
	const uint8_t data[64] = {0};

	(void)state;
	for (uint32_t vmpl = 0; vmpl < 5; vmpl++) {
		CLEANUP(buf_done) struct buf raw = {0};
		struct err err;

		if (vmpl > 3) {
			assert_fails(guest_report(g, data, vmpl, &raw, &err), "E-NODE-017");
			continue;
		}
		assert_ok(guest_report(g, data, vmpl, &raw, &err));
		assert_int_equal(raw.p[0x30], vmpl);
	}
	guest_free(g);
}

/* Debugging is a matter of the launch: no guest can ask for it, or hide it. */
static void
debug_only_when_launched_so(void **state)
{
	static const struct {
		uint64_t policy;
		bool ok;
	} rows[] = {
	        {0x30000, true},
	        {0xb0000, true},
	        {0x10000, false},
	        {0, false},
	        {0x30000 | UINT64_C(1) << 26, false},
	        {0x30000 | UINT64_C(1) << 63, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct guest_launch l = {.measurement = measurement, .policy = rows[i].policy};
		CLEANUP(buf_done) struct buf raw = {0};
		struct guest *g = NULL;
		struct snp_report r;
		struct err err;

		if (!rows[i].ok) {
			assert_fails(guest_launch(processors[0], &l, &g, &err), "E-NODE-015");
			continue;
		}
		assert_ok(guest_launch(processors[0], &l, &g, &err));
		report_of(g, 0, &r, &raw);
		assert_int_equal((r.policy & SNP_POLICY_DEBUG) != 0,
		                 (rows[i].policy & SNP_POLICY_DEBUG) != 0);
		guest_free(g);
	}
}

static void
chain_holds_under_its_root_only(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(processors); i++) {
		CLEANUP(cert_drop) struct cert *ark = NULL;
		CLEANUP(cert_drop) struct cert *ask = NULL;
		CLEANUP(cert_drop) struct cert *vcek = NULL;
		CLEANUP(crl_drop) struct crl *crl = NULL;
		struct hash256 root = processor_trust_root(processors[i]);
		struct hash256 ark_key;
		struct cert *between[1];
		struct bytes der;
		struct err err;

		assert_ok(cert_parse_der(processor_ark(processors[i]), &ark, &err));
		assert_ok(cert_parse_der(processor_ask(processors[i]), &ask, &err));
		assert_ok(cert_parse_der(processor_vcek(processors[i]), &vcek, &err));
		assert_true(cert_sig_is_pss_sha384(ark));
		assert_true(cert_sig_is_pss_sha384(ask));
		assert_true(cert_sig_is_pss_sha384(vcek));
		ark_key = cert_key_id(ark);
		assert_true(hash256_equal(&ark_key, &root));
		between[0] = ask;
		assert_ok(cert_verify_chain(vcek, between, 1, ark, NOW, &err));
		assert_ok(processor_crl(processors[i], NOW, &der, &err));
		assert_ok(crl_parse_der(der, &crl, &err));
		assert_ok(crl_verify(crl, ark, NOW, &err));
		assert_false(crl_has(crl, ask));
	}
}

/* One guest's evidence as a verifier gets it, and what it expects. */
struct evidence {
	struct buf raw;
	struct snp_report report;
	struct bytes crl;
	struct document document;
	struct snp_reference set;
	struct hash256 policy;
	uint8_t expected[64];
};

static void
evidence_of(struct processor *p, uint64_t guest_policy, struct evidence *e)
{
	const struct processor_facts *f = processor_get_facts(p);
	struct guest *g = launch(p, guest_policy);
	struct err err;

	*e = (struct evidence){.set = {.product = f->product, .sev_features = 1}};
	report_of(g, 7, &e->report, &e->raw);
	assert_ok(processor_crl(p, NOW, &e->crl, &err));
	e->document = (struct document){
	        .tee = TEE_SNP,
	        .evidence = buf_view(&e->raw),
	        .endorsements = {.certs = {processor_vcek(p), processor_ask(p), processor_ark(p)},
	                         .n_certs = 3,
	                         .crls = {e->crl},
	                         .n_crls = 1},
	};
	e->set.has_trust_root = true;
	e->set.trust_root = processor_trust_root(p);
	e->set.measurement = measurement;
	e->set.minimum_tcb = f->tcb;
	e->set.guest_policy.smt = true;
	e->set.platform_info =
	        (struct snp_platform_info){.smt = true, .ecc = true, .alias_check_complete = true};
	e->set.minimum_mitigation = f->mitigations;
	e->policy = sha256(BYTES("document"));
	mem_copy(e->expected, e->report.report_data, sizeof e->expected);
	guest_free(g);
}

static struct verdict
judge(const struct evidence *e)
{
	const struct reference_sets sets = {.snp = &e->set, .n_snp = 1};
	const struct policy_list policies = {&e->policy, 1};
	const struct evidence_request rq = {
	        .document = &e->document,
	        .report_data = e->expected,
	        .references = &sets,
	        .policies = &policies,
	        .now = NOW,
	};
	struct evidence_result result;

	evidence_verify(&rq, &result);
	return result.verdict;
}

static void
verifier_rows(void **state)
{
	static const struct {
		const char *name;
		uint64_t guest_policy;
		int change;
		enum verdict_step step;
	} rows[] = {
	        {"as launched", 0x30000, 0, STEP_ACCEPTED},
	        {"under AMD's root", 0x30000, 1, STEP_CHAIN},
	        {"another machine's root", 0x30000, 2, STEP_CHAIN},
	        {"another measurement", 0x30000, 3, STEP_EARLY},
	        {"another document", 0x30000, 4, STEP_EARLY},
	        {"another session", 0x30000, 5, STEP_EARLY},
	        {"debug policy", 0xb0000, 0, STEP_PLATFORM},
	        {"without list", 0x30000, 6, STEP_REVOCATION},
	        {"newer firmware wanted", 0x30000, 7, STEP_PLATFORM},
	        {"changed after signing", 0x30000, 8, STEP_SIGNATURE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows) * COUNT_OF(processors); i++) {
		size_t row = i / COUNT_OF(processors);
		struct evidence e;
		struct verdict v;

		evidence_of(processors[i % COUNT_OF(processors)], rows[row].guest_policy, &e);
		switch (rows[row].change) {
		case 1:
			e.set.has_trust_root = false;
			break;
		case 2:
			e.set.trust_root.b[5] ^= 1;
			break;
		case 3:
			e.set.measurement.b[0] ^= 1;
			break;
		case 4:
			e.policy.b[31] ^= 1;
			break;
		case 5:
			e.expected[0] ^= 1;
			break;
		case 6:
			e.document.endorsements.n_crls = 0;
			break;
		case 7:
			e.set.minimum_tcb.microcode++;
			break;
		case 8:
			e.raw.p[0x140] ^= 1; /* REPORT_ID: nobody compares it */
			break;
		default:
			break;
		}
		v = judge(&e);
		if (v.step != rows[row].step)
			fail_msg("%s: %s (%s: %s)", rows[row].name, verdict_step_name(v.step),
			         v.reason, v.detail);
		buf_done(&e.raw);
	}
}

static void
crl_is_renewed_in_time(void **state)
{
	int64_t next[3];
	static const int64_t when[] = {NOW, NOW + 5 * DAY, NOW + 25 * DAY};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(when); i++) {
		CLEANUP(crl_drop) struct crl *crl = NULL;
		struct bytes der;
		struct err err;

		assert_ok(processor_crl(processors[0], when[i], &der, &err));
		assert_ok(crl_parse_der(der, &crl, &err));
		next[i] = crl_next_update(crl);
	}
	assert_int_equal(next[0], next[1]);
	assert_true(next[2] >= NOW + 50 * DAY);
}

static void
state_is_kept(void **state)
{
	CLEANUP(processor_drop) struct processor *again = NULL;
	struct hash256 a = processor_trust_root(processors[0]), b;
	struct err err;

	(void)state;
	assert_ok(processor_open(state_dir, PROCESSOR_GENOA, NOW + DAY, &again, &err));
	b = processor_trust_root(again);
	assert_true(hash256_equal(&a, &b));
	assert_bytes(processor_vcek(again), processor_vcek(processors[0]));
	assert_bytes(processor_chip_id(again), processor_chip_id(processors[0]));
}

static void
strangers_state_is_refused(void **state)
{
	CLEANUP(buf_done) struct buf other = {0};
	CLEANUP(key_drop) struct key *key = key_generate(KEY_P384, 0);
	char path[128];
	struct processor *p = NULL;
	struct err err;

	(void)state;
	assert_int_equal(chmod(state_dir, 0750), 0);
	assert_fails(processor_open(state_dir, PROCESSOR_GENOA, NOW, &p, &err), "E-NODE-011");
	assert_int_equal(chmod(state_dir, 0700), 0);
	/* Another VCEK key than the certificate's. */
	snprintf(path, sizeof path, "%s/turin/vcek.key", state_dir);
	key_private_pem(key, &other);
	assert_ok(file_write(path, buf_view(&other), 0600, &err));
	assert_fails(processor_open(state_dir, PROCESSOR_TURIN, NOW, &p, &err), "E-NODE-012");
}

/* The firmware's messages, over a real stream. */
static void
device_rows(void **state)
{
	struct guest *g = launch(processors[0], guest_policy_default);
	static const struct {
		size_t size;
		size_t flip; /* byte set to 1; SIZE_MAX: none */
		bool ok;
	} rows[] = {
	        {96, SIZE_MAX, true}, {95, SIZE_MAX, false}, {97, SIZE_MAX, false},
	        {0, SIZE_MAX, false}, {96, 63, true},        {96, 64, true},
	        {96, 65, false},      {96, 68, false},       {96, 72, false},
	        {96, 95, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf out = {0};
		uint8_t request[97] = {0};
		struct device_answer a;
		struct err err;

		if (rows[i].flip != SIZE_MAX)
			request[rows[i].flip] = 1;
		device_serve(g, processors[0], NOW, bytes_of(request, rows[i].size), &out);
		if (!rows[i].ok) {
			assert_fails(device_answer_parse(bytes_sub(buf_view(&out), 4, out.n), &a,
			                                 &err),
			             "E-NODE-036");
			continue;
		}
		assert_ok(device_answer_parse(bytes_sub(buf_view(&out), 4, out.n), &a, &err));
		assert_int_equal(a.report.n, PROCESSOR_REPORT_SIZE);
		assert_bytes(a.certificates.entry[SNP_TABLE_VCEK], processor_vcek(processors[0]));
		assert_bytes(a.certificates.entry[SNP_TABLE_ASK], processor_ask(processors[0]));
		assert_bytes(a.certificates.entry[SNP_TABLE_ARK], processor_ark(processors[0]));
		assert_true(a.certificates.entry[SNP_TABLE_CRL].n > 0);
		assert_int_equal(a.report.p[0x50 + 63], rows[i].flip == 63);
	}
	guest_free(g);
}

/* What a hostile host may put into the certificate table. */
static void
device_answer_is_checked(void **state)
{
	struct guest *g = launch(processors[0], guest_policy_default);
	CLEANUP(buf_done) struct buf out = {0};
	uint8_t request[96] = {0};
	struct device_answer a;
	struct err err;
	size_t table = 4 + 32 + PROCESSOR_REPORT_SIZE;

	(void)state;
	device_serve(g, processors[0], NOW, bytes_of(request, sizeof request), &out);
	for (size_t cut = 5; cut < table + 24 * 5; cut += 7)
		assert_false(
		        is_ok(device_answer_parse(bytes_sub(buf_view(&out), 4, cut), &a, &err)));
	/* Offset behind the end. */
	out.p[table + 18] = 0xff;
	assert_fails(device_answer_parse(bytes_sub(buf_view(&out), 4, out.n), &a, &err),
	             "E-EVIDENCE-040");
	guest_free(g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reports_say_what_was_launched),
	        cmocka_unit_test(signature_covers_the_report),
	        cmocka_unit_test(guests_are_told_apart),
	        cmocka_unit_test(debug_only_when_launched_so),
	        cmocka_unit_test(chain_holds_under_its_root_only),
	        cmocka_unit_test(level_is_the_askers),
	        cmocka_unit_test(verifier_rows),
	        cmocka_unit_test(crl_is_renewed_in_time),
	        cmocka_unit_test(state_is_kept),
	        cmocka_unit_test(device_rows),
	        cmocka_unit_test(device_answer_is_checked),
	        cmocka_unit_test(strangers_state_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
