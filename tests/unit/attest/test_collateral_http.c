/* SPDX-License-Identifier: Apache-2.0 */
/* The clients of AMD's and Intel's services over real connections: what they take and what not. */
#include "attest/collateral/collateral.h"
#include "base/text.h"
#include "transport/curl.h"
#include "unit/attest/mint.h"
#include "unit/attest/origin.h"

enum { PATIENCE_MS = 1500, CORPUS_MAX = 64 * 1024 };

#define CHIP                                                                                       \
	"00000000000000000000000000000000000000000000000000000000000000000000000000000000"         \
	"000000000000000000000000000000000000000000000007"
#define VCEK "Milan/" CHIP "/04000000000018db"
#define VCEK_TARGET "/vcek/v1/Milan/" CHIP "?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219"

/* libcurl, with waits that cost no time and deadlines that a test can await. */
struct hurried {
	struct transport transport; /* first */
	struct transport *curl;
	uint64_t slept;
};

static status
hurried_exchange(struct transport *t, const struct transport_request *req,
                 struct transport_response *ret, struct err *err)
{
	struct hurried *h = (struct hurried *)(void *)t;
	struct transport_request r = *req;

	r.total_ms = MIN(r.total_ms, (uint32_t)PATIENCE_MS);
	return h->curl->exchange(h->curl, &r, ret, err);
}

static uint64_t
hurried_now(struct transport *t)
{
	return transport_clock_ms(t) + ((struct hurried *)(void *)t)->slept;
}

static void
hurried_sleep(struct transport *t, uint64_t ms)
{
	((struct hurried *)(void *)t)->slept += ms;
}

static void
hurried_start(struct hurried *h)
{
	struct err err;

	*h = (struct hurried){.transport = {hurried_exchange, hurried_now, hurried_sleep, 0}};
	assert_ok(transport_curl_new(NULL, &h->curl, &err));
}

/* An answer of a vendor's service as the fuzz corpus keeps it: issuer chain header and body. */
struct recorded {
	struct buf file;
	struct bytes body;
	char header[1024];
};

static void
recorded_done(struct recorded *r)
{
	buf_done(&r->file);
}

static void
recorded_read(struct recorded *r, const char *name, const char *header_name)
{
	const char *root = getenv("CONTRAST_SOURCE_ROOT");
	char path[1024];
	struct err err;
	size_t n;

	snprintf(path, sizeof path, "%s/tests/fuzz/corpus/collateral_fetch/%s", root ? root : ".",
	         name);
	assert_ok(file_read(path, CORPUS_MAX, &r->file, &err));
	n = (size_t)(r->file.p[1] << 8 | r->file.p[2]);
	snprintf(r->header, sizeof r->header, "HTTP/1.1 200 OK\r\n%s: %.*s", header_name, (int)n,
	         (const char *)r->file.p + 3);
	r->body = bytes_sub(buf_view(&r->file), 3 + n, r->file.n);
}

/* ---- what one service may answer ---- */

struct row {
	const char *name;
	struct reply replies[5];
	const char *refused; /* part of the message; NULL: the item is had */
	size_t hits;
	uint64_t slept_from, slept_to; /* milliseconds */
};

static void
check_row(const struct row *row, struct bytes want)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct collateral_item got = {0};
	struct hurried h;
	struct origin o;
	struct collateral c = {.transport = &h.transport, .kds_url = o.url};
	struct err err = {0};
	status s;

	hurried_start(&h);
	origin_start(&o, row->replies, COUNT_OF(row->replies));
	s = kds_fetch(&c, COLLATERAL_SNP_VCEK, VCEK, &a, &got, &err);
	origin_stop(&o);
	transport_curl_free(h.curl);
	if (is_ok(s) != !row->refused || (row->refused && !strstr(err.msg, row->refused)))
		fail_msg("%s: got %s (%s)", row->name, is_ok(s) ? "accepted" : err.msg, err.id);
	if (o.hits != row->hits)
		fail_msg("%s: %zu requests, not %zu", row->name, o.hits, row->hits);
	if (h.slept < row->slept_from || h.slept > row->slept_to)
		fail_msg("%s: waited %llu ms", row->name, (unsigned long long)h.slept);
	if (is_ok(s))
		assert_bytes(got.data, want);
	assert_string_equal(o.targets[0], VCEK_TARGET);
}

#define STATUS(text)                                                                               \
	{                                                                                          \
		.head = "HTTP/1.1 " text                                                           \
	}
#define STATUS_4(text) STATUS(text), STATUS(text), STATUS(text), STATUS(text)

static void
answers_of_a_service(void **state)
{
	static uint8_t zeros[64 * 1024];
	CLEANUP(buf_done) struct buf cert = {0};
	char moved[4][64];
	struct bytes html = BYTES("<html>a portal wants you to log in</html>");

	(void)state;
	mint_cert(&cert, NULL);
	for (size_t i = 0; i < COUNT_OF(moved); i++)
		snprintf(moved[i], sizeof moved[i], "HTTP/1.1 302 Found\r\nLocation: /%zu", i);

	struct bytes whole = buf_view(&cert), half = bytes_sub(whole, 0, whole.n / 2);
	const struct reply good = {.head = "HTTP/1.1 200 OK", .body = whole};
	const struct reply cut = {.head = "HTTP/1.1 200 OK\r\nContent-Length: 9999",
	                          .body = half,
	                          .no_length = true};
	const struct reply slow = {.head = "HTTP/1.1 200 OK\r\nContent-Length: 9999",
	                           .body = half,
	                           .no_length = true,
	                           .hangs = true};
	const struct row rows[] = {
	        {"plain", {good}, NULL, 1, 0, 0},
	        {"by closing",
	         {{.head = "HTTP/1.1 200 OK", .body = whole, .no_length = true}},
	         NULL,
	         1,
	         0,
	         0},
	        {"404", {STATUS("404 Not Found")}, "answered 404", 1, 0, 0},
	        {"403", {STATUS("403 Forbidden")}, "answered 403", 1, 0, 0},
	        {"429 without a time", {STATUS("429 Too Many"), good}, NULL, 2, 10000, 10000},
	        {"429 with a time",
	         {STATUS("429 Too Many\r\nRetry-After: 3"), good},
	         NULL,
	         2,
	         3000,
	         3000},
	        {"429 for ever", {STATUS_4("429 Too Many")}, "asked too often", 4, 30000, 30000},
	        {"429 until next week",
	         {STATUS_4("429 Too Many\r\nRetry-After: 604800")},
	         "asked too often",
	         3,
	         60000,
	         60000},
	        {"500 once", {STATUS("500 Oops"), good}, NULL, 2, 100, 300},
	        {"500 for ever", {STATUS_4("500 Oops")}, "answered 500", 4, 800, 2000},
	        {"503 with a time",
	         {STATUS("503 Busy\r\nRetry-After: 2"), good},
	         NULL,
	         2,
	         2000,
	         2000},
	        {"cut, then whole", {cut, good}, NULL, 2, 100, 300},
	        {"always cut", {cut, cut, cut, cut}, "transfer closed", 4, 800, 2000},
	        {"says less than it sends",
	         {{.head = "HTTP/1.1 200 OK\r\nContent-Length: 100",
	           .body = whole,
	           .no_length = true}},
	         "snp-vcek",
	         1,
	         0,
	         0},
	        {"never ends, then whole", {slow, good}, NULL, 2, 100, 300},
	        {"redirected", {{.head = moved[0]}, {.head = moved[1]}, good}, NULL, 3, 0, 0},
	        {"redirected beyond loopback",
	         {STATUS("302 Found\r\nLocation: http://192.0.2.1/vcek")},
	         "plain HTTP",
	         1,
	         0,
	         0},
	        {"redirected nowhere", {STATUS("302 Found")}, "without a target", 1, 0, 0},
	        {"too large",
	         {{.head = "HTTP/1.1 200 OK",
	           .body = bytes_of(zeros, sizeof zeros),
	           .repeated = 16}},
	         "larger than 1048576",
	         1,
	         0,
	         0},
	        {"another thing", {{.head = "HTTP/1.1 200 OK", .body = html}}, "snp-vcek", 1, 0, 0},
	        {"nothing", {{.head = "HTTP/1.1 200 OK"}}, "snp-vcek", 1, 0, 0},
	        {"no HTTP",
	         {STATUS("OK"), {.head = "220 mail"}, {.head = "x"}, {.head = "y"}},
	         "",
	         4,
	         0,
	         2000},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check_row(&rows[i], whole);
}

/* Five redirects and no more. */
static void
redirects_are_bounded(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	const struct reply round = STATUS("301 Moved\r\nLocation: /again");
	const struct reply replies[] = {round, round, round, round, round, round, round};
	struct collateral_item got;
	struct hurried h;
	struct origin o;
	struct collateral c = {.transport = &h.transport, .kds_url = o.url};
	struct err err;

	(void)state;
	hurried_start(&h);
	origin_start(&o, replies, COUNT_OF(replies));
	assert_fails(kds_fetch(&c, COLLATERAL_SNP_CRL, "Genoa/vlek", &a, &got, &err),
	             "E-TRANSPORT-011");
	origin_stop(&o);
	assert_int_equal(o.hits, 6);
	assert_string_equal(o.targets[0], "/vlek/v1/Genoa/crl");
	/* And nothing is said in the clear beyond this machine. */
	c.kds_url = "http://192.0.2.1";
	assert_fails(kds_fetch(&c, COLLATERAL_SNP_CRL, "Genoa/vlek", &a, &got, &err),
	             "E-TRANSPORT-002");
	transport_curl_free(h.curl);
}

/* ---- every kind ---- */

static void
every_kind_of_amd(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf cert = {0}, pem = {0}, crl = {0};
	struct hurried h;
	struct origin o;
	struct collateral c = {.transport = &h.transport, .kds_url = o.url};
	struct err err;

	(void)state;
	mint_cert(&cert, &pem);
	mint_crl(NOW - DAY, NOW + DAY, &crl);

	const struct {
		enum collateral_kind kind;
		const char *subject, *target;
		struct bytes body;
	} rows[] = {
	        {COLLATERAL_SNP_VCEK, VCEK, VCEK_TARGET, buf_view(&cert)},
	        {COLLATERAL_SNP_VCEK, "Turin/0100000000000000/0101010400000051",
	         "/vcek/v1/Turin/0100000000000000?fmcSPL=01&blSPL=01&teeSPL=01&snpSPL=04&"
	         "ucodeSPL=81",
	         buf_view(&cert)},
	        {COLLATERAL_SNP_CHAIN, "Milan/vcek", "/vcek/v1/Milan/cert_chain", buf_view(&pem)},
	        {COLLATERAL_SNP_CHAIN, "Turin/vlek", "/vlek/v1/Turin/cert_chain", buf_view(&pem)},
	        {COLLATERAL_SNP_CRL, "Genoa/vcek", "/vcek/v1/Genoa/crl", buf_view(&crl)},
	};

	hurried_start(&h);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct reply reply = {.head = "HTTP/1.1 200 OK", .body = rows[i].body};
		struct collateral_item got;

		origin_start(&o, &reply, 1);
		assert_ok(kds_fetch(&c, rows[i].kind, rows[i].subject, &a, &got, &err));
		origin_stop(&o);
		assert_string_equal(o.targets[0], rows[i].target);
		assert_string_equal(got.subject, rows[i].subject);
		assert_bytes(got.data, rows[i].body);
	}
	/* A mirror is not spaced out as AMD is. */
	assert_int_equal(h.slept, 0);
	transport_curl_free(h.curl);
}

struct intel_row {
	enum collateral_kind kind;
	const char *subject, *target;
	struct reply replies[2];
	struct bytes want;
	const char *second; /* where it is asked for next, or NULL */
	bool with_chain;
};

static void
check_intel(const struct intel_row *row)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct collateral_item got = {0}, chain = {0};
	struct hurried h;
	struct origin o;
	struct collateral c = {.transport = &h.transport, .pcs_url = o.url};
	struct err err;

	hurried_start(&h);
	origin_start(&o, row->replies, COUNT_OF(row->replies));
	assert_ok(pcs_fetch(&c, row->kind, row->subject, &a, &got, &chain, &err));
	origin_stop(&o);
	transport_curl_free(h.curl);
	assert_string_equal(o.targets[0], row->target);
	assert_int_equal(o.hits, row->second ? 2 : 1);
	if (row->second)
		assert_string_equal(o.targets[1], row->second);
	if (row->want.n > 0)
		assert_bytes(got.data, row->want);
	assert_int_equal(chain.data.n > 0, row->with_chain);
	if (chain.data.n > 0)
		assert_true(bytes_starts(chain.data, BYTES("-----BEGIN CERTIFICATE-----\n")));
}

#define TCB "/tdx/certification/v4/tcb?fmspc=00806f050000"
#define QE "/tdx/certification/v4/qe/identity"
#define PCKCRL "/sgx/certification/v4/pckcrl?ca=platform&encoding=der"
#define ROOTCRL "/sgx/certification/v4/rootcacrl"

/* Intel's own service, a PCCS (lists in hexadecimal, other header names), a copy on a web server.
 */
static void
every_kind_of_intel(void **state)
{
	static const char encoded[] = "HTTP/1.1 200 OK\r\nContent-Type: application/x-pem-file";
	CLEANUP(recorded_done) struct recorded info = {0};
	CLEANUP(recorded_done) struct recorded old = {0};
	CLEANUP(recorded_done) struct recorded qe = {0};
	CLEANUP(buf_done) struct buf crl = {0}, hex = {0}, pem = {0};

	(void)state;
	recorded_read(&info, "tcb-info", "TCB-Info-Issuer-Chain");
	recorded_read(&old, "tcb-info", "sgx-tcb-info-issuer-chain");
	recorded_read(&qe, "qe-identity", "SGX-Enclave-Identity-Issuer-Chain");
	mint_crl(NOW - DAY, NOW + DAY, &crl);
	hex_encode(buf_view(&crl), &hex);
	buf_str(&pem, "-----BEGIN X509 CRL-----\n");
	base64_encode(BASE64_STD, buf_view(&crl), &pem);
	buf_str(&pem, "\n-----END X509 CRL-----\n");

	const struct reply absent = STATUS("404 Not Found");
	const struct reply der = {.head = "HTTP/1.1 200 OK", .body = buf_view(&crl)};
	const struct intel_row rows[] = {
	        {COLLATERAL_TDX_TCB_INFO,
	         "00806f050000",
	         TCB "&update=early",
	         {{.head = info.header, .body = info.body}},
	         info.body,
	         NULL,
	         true},
	        {COLLATERAL_TDX_TCB_INFO,
	         "00806f050000",
	         TCB "&update=early",
	         {{.head = old.header, .body = old.body}},
	         old.body,
	         NULL,
	         true},
	        {COLLATERAL_TDX_TCB_INFO,
	         "00806f050000",
	         TCB "&update=early",
	         {{.head = "HTTP/1.1 200 OK", .body = info.body}},
	         info.body,
	         NULL,
	         false},
	        {COLLATERAL_TDX_TCB_INFO,
	         "00806f050000",
	         TCB "&update=early",
	         {{.head = "HTTP/1.1 200 OK\r\nTCB-Info-Issuer-Chain: %zz%3", .body = info.body}},
	         info.body,
	         NULL,
	         false},
	        {COLLATERAL_TDX_TCB_INFO,
	         "00806f050000",
	         TCB "&update=early",
	         {absent, {.head = info.header, .body = info.body}},
	         info.body,
	         TCB,
	         true},
	        {COLLATERAL_TDX_QE_IDENTITY,
	         "td",
	         QE "?update=early",
	         {{.head = qe.header, .body = qe.body}},
	         qe.body,
	         NULL,
	         true},
	        {COLLATERAL_TDX_QE_IDENTITY,
	         "td",
	         QE "?update=early",
	         {STATUS("400 Bad Request"), {.head = qe.header, .body = qe.body}},
	         qe.body,
	         QE,
	         true},
	        {COLLATERAL_TDX_TCB_CHAIN,
	         "tcb",
	         QE "?update=early",
	         {{.head = qe.header, .body = qe.body}},
	         {NULL, 0},
	         NULL,
	         true},
	        {COLLATERAL_TDX_PCK_CRL, "platform", PCKCRL, {der}, buf_view(&crl), NULL, false},
	        {COLLATERAL_TDX_PCK_CRL,
	         "platform",
	         PCKCRL,
	         {{.head = encoded, .body = buf_view(&pem)}},
	         buf_view(&crl),
	         NULL,
	         false},
	        {COLLATERAL_TDX_PCK_CRL,
	         "platform",
	         PCKCRL,
	         {{.head = "HTTP/1.1 200 OK", .body = buf_view(&hex)}},
	         buf_view(&crl),
	         NULL,
	         false},
	        {COLLATERAL_TDX_ROOT_CRL,
	         "root",
	         ROOTCRL,
	         {{.head = "HTTP/1.1 200 OK", .body = buf_view(&hex)}},
	         buf_view(&crl),
	         NULL,
	         false},
	        {COLLATERAL_TDX_ROOT_CRL,
	         "root",
	         ROOTCRL,
	         {absent, der},
	         buf_view(&crl),
	         "/IntelSGXRootCA.der",
	         false},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check_intel(&rows[i]);
}

static void
intel_refuses(void **state)
{
	const struct {
		enum collateral_kind kind;
		struct reply reply[2];
		const char *id, *says;
	} rows[] = {
	        {COLLATERAL_TDX_TCB_INFO,
	         {STATUS("404 No"), STATUS("404 No")},
	         "E-COLLATERAL-011",
	         "unknown platform"},
	        {COLLATERAL_TDX_TCB_INFO, {STATUS("410 Gone")}, "E-COLLATERAL-011", "retired"},
	        {COLLATERAL_TDX_TCB_INFO, {STATUS("401 No")}, "E-COLLATERAL-011", "answered 401"},
	        {COLLATERAL_TDX_TCB_INFO, {STATUS("200 OK")}, "E-COLLATERAL-001", "tdx-tcb-info"},
	        {COLLATERAL_TDX_TCB_CHAIN,
	         {STATUS("200 OK")},
	         "E-COLLATERAL-011",
	         "without its issuer chain"},
	        {COLLATERAL_TDX_ROOT_CRL,
	         {{.head = "HTTP/1.1 200 OK", .body = BYTES("3081zz")}},
	         "E-COLLATERAL-001",
	         "tdx-root-crl"},
	        {COLLATERAL_TDX_PCK_CRL,
	         {{.head = "HTTP/1.1 200 OK", .body = BYTES("-----BEGIN X509 CRL-----")}},
	         "E-EVIDENCE-052",
	         ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		struct collateral_item got, chain = {0};
		struct hurried h;
		struct origin o;
		struct collateral c = {.transport = &h.transport, .pcs_url = o.url};
		struct err err;

		hurried_start(&h);
		origin_start(&o, rows[i].reply, 2);
		assert_fails(pcs_fetch(&c, rows[i].kind, "00806f050000", &a, &got, &chain, &err),
		             rows[i].id);
		origin_stop(&o);
		transport_curl_free(h.curl);
		assert_non_null(strstr(err.msg, rows[i].says));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(answers_of_a_service), cmocka_unit_test(redirects_are_bounded),
	        cmocka_unit_test(every_kind_of_amd),    cmocka_unit_test(every_kind_of_intel),
	        cmocka_unit_test(intel_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
