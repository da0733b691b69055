/* SPDX-License-Identifier: Apache-2.0 */
/* configfs-tsm against a folder that a test fills and changes as the kernel would. */
#include "attest/tsm.h"
#include "base/file.h"
#include "crypto/cert.h"
#include "evidence/snp/certtable.h"
#include "evidence/tdx/quote.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REPORT_SIZE = 1184 };

static char g_root[64];
static unsigned int g_entries;

/* How the fake kernel is today. */
static struct {
	const char *provider;
	const char *skip;  /* attribute that it lacks */
	const char *floor; /* privlevel_floor; NULL: none */
	int busy, error;   /* reads of outblob that fail with this error */
	int others;        /* reads of outblob in which somebody else writes */
	int flip;          /* the report is over other data */
	size_t size;       /* of outblob, if it is none of these; else SIZE_MAX */
	struct bytes aux;
	/* What happened. */
	int pauses, generation, reads;
	unsigned int paused_ms;
} g;

static const char *const attributes[] = {"inblob",   "outblob",    "auxblob",
                                         "provider", "generation", "privlevel_floor"};

static void
reset(const char *provider)
{
	memset(&g, 0, sizeof g);
	g.provider = provider;
	g.size = SIZE_MAX;
}

static void
put(const char *dir, const char *name, struct bytes content)
{
	char path[400];
	struct err err;

	if (g.skip && strcmp(g.skip, name) == 0)
		return;
	snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_ok(file_write(path, content, 0600, &err));
}

static void
put_generation(const char *dir)
{
	char text[16];

	snprintf(text, sizeof text, "%d\n", g.generation);
	put(dir, "generation", bytes_str(text));
}

static int
fake_make(const char *path, mode_t mode)
{
	int rc = mkdir(path, mode);

	if (rc != 0)
		return rc;
	put(path, "inblob", (struct bytes){NULL, 0});
	put(path, "outblob", (struct bytes){NULL, 0});
	put(path, "auxblob", g.aux);
	put(path, "provider", bytes_str(g.provider));
	put_generation(path);
	if (g.floor)
		put(path, "privlevel_floor", bytes_str(g.floor));
	g_entries++;
	return 0;
}

static int
fake_remove(const char *path)
{
	char file[400];

	for (size_t i = 0; i < COUNT_OF(attributes); i++) {
		snprintf(file, sizeof file, "%s/%s", path, attributes[i]);
		(void)unlink(file);
	}
	g_entries--;
	return rmdir(path);
}

static void
fake_pause(unsigned int ms)
{
	g.pauses++;
	g.paused_ms += ms;
}

/* Evidence over what lies in inblob, by nobody. */
static void
make_evidence(const uint8_t data[64], struct buf *out)
{
	struct tdx_quote q = {.version = 4,
	                      .body = TDX_BODY_10,
	                      .report_data = bytes_of(data, 64),
	                      .qe_auth_data = BYTES("auth"),
	                      .pck_pem = BYTES("pem")};

	if (g.size != SIZE_MAX) {
		buf_zeros(out, g.size);
	} else if (strncmp(g.provider, "tdx", 3) == 0) {
		tdx_quote_emit(&q, out);
	} else {
		buf_zeros(out, 0x50);
		buf_add(out, data, 64);
		buf_zeros(out, REPORT_SIZE - 0x90);
	}
}

/* The first read of outblob makes the report. */
static ssize_t
fill_outblob(char *path)
{
	CLEANUP(fd_close) int to = -1;
	CLEANUP(buf_done) struct buf out = {0};
	CLEANUP(buf_done) struct buf in = {0};
	uint8_t data[64] = {0};
	char *slash = strrchr(path, '/');
	char inblob[400];
	struct err err;

	g.reads++;
	if (g.reads <= g.busy) {
		errno = g.error;
		return -1;
	}
	*slash = '\0';
	snprintf(inblob, sizeof inblob, "%s/inblob", path);
	assert_ok(file_read(inblob, 100, &in, &err));
	assert_int_equal(in.n, 64);
	memcpy(data, in.p, sizeof data);
	data[0] ^= (uint8_t)g.flip;
	make_evidence(data, &out);
	*slash = '/';
	to = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	*slash = '\0';
	assert_ok(fd_write_all(to, buf_view(&out), &err));
	if (g.reads - g.busy <= g.others) {
		g.generation++;
		put_generation(path);
	}
	return 0;
}

static ssize_t
fake_read(int fd, void *to, size_t n)
{
	char link[64], path[400] = "";

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	assert_true(readlink(link, path, sizeof path - 1) > 0);
	if (strstr(path, "/outblob") && lseek(fd, 0, SEEK_CUR) == 0 && fill_outblob(path) < 0)
		return -1;
	return read(fd, to, n);
}

static const struct tsm fake = {g_root, fake_make, fake_remove, fake_pause, fake_read};

static int
setup(void **state)
{
	(void)state;
	snprintf(g_root, sizeof g_root, "/tmp/contrast-tsm-XXXXXX");
	return mkdtemp(g_root) ? 0 : 1;
}

static int
teardown(void **state)
{
	(void)state;
	return rmdir(g_root); /* fails if an entry was left behind */
}

/* One report from entry to document; what went wrong is in err. */
static status
ask(const uint8_t data[64], struct arena *a, struct buf *text, struct document *ret,
    struct err *err)
{
	CLEANUP(tsm_close) struct tsm_entry e = {.tsm = &fake};

	TRY(tsm_open(&fake, &e, err));
	TRY(tsm_evidence(&e, data, text, err));
	TRY(document_parse(a, buf_view(text), ret, err));
	assert_int_equal(ret->tee, e.tee);
	return OK;
}

static void
evidence_is_read(void **state)
{
	static const struct {
		const char *provider;
		enum tee tee;
	} rows[] = {{"sev_guest\n", TEE_SNP}, {"tdx_guest\n", TEE_TDX}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf text = {0};
		struct document d;
		uint8_t data[64];
		struct err err = {0};

		reset(rows[i].provider);
		memset(data, 0xa5, sizeof data);
		assert_ok(ask(data, &a, &text, &d, &err));
		assert_int_equal(d.tee, rows[i].tee);
		assert_true(bytes_find(d.evidence, bytes_of(data, sizeof data), 0) != SIZE_MAX);
		assert_int_equal(d.endorsements.n_certs, 0);
		assert_int_equal(g_entries, 0);
	}
}

static void
a_kernel_in_all_its_moods(void **state)
{
	static const struct {
		const char *name, *provider, *skip, *floor;
		int busy, error, others, flip;
		size_t size;
		int pauses;
		const char *id;
	} rows[] = {
	        {"absent provider", "sev_guest\n", "provider", NULL, 0, 0, 0, 0, SIZE_MAX, 0,
	         "E-TSM-001"},
	        {"empty provider", "", NULL, NULL, 0, 0, 0, 0, SIZE_MAX, 0, "E-TSM-001"},
	        {"other provider", "arm_cca_guest\n", NULL, NULL, 0, 0, 0, 0, SIZE_MAX, 0,
	         "E-TSM-002"},
	        {"absent inblob", "sev_guest\n", "inblob", NULL, 0, 0, 0, 0, SIZE_MAX, 0,
	         "E-TSM-003"},
	        {"absent outblob", "sev_guest\n", "outblob", NULL, 0, 0, 0, 0, SIZE_MAX, 0,
	         "E-TSM-003"},
	        {"absent generation", "sev_guest\n", "generation", NULL, 0, 0, 0, 0, SIZE_MAX, 0,
	         "E-TSM-003"},
	        {"absent auxblob", "sev_guest\n", "auxblob", NULL, 0, 0, 0, 0, SIZE_MAX, 0, NULL},
	        {"busy", "sev_guest\n", NULL, NULL, 3, EBUSY, 0, 0, SIZE_MAX, 3, NULL},
	        {"interrupted", "tdx_guest\n", NULL, NULL, 1, EINTR, 0, 0, SIZE_MAX, 1, NULL},
	        {"late", "tdx_guest\n", NULL, NULL, 1, ETIMEDOUT, 0, 0, SIZE_MAX, 1, NULL},
	        {"busy but once", "sev_guest\n", NULL, NULL, 7, EAGAIN, 0, 0, SIZE_MAX, 7, NULL},
	        {"busy for ever", "sev_guest\n", NULL, NULL, 8, EBUSY, 0, 0, SIZE_MAX, 7,
	         "E-TSM-003"},
	        {"refused", "sev_guest\n", NULL, NULL, 1, EIO, 0, 0, SIZE_MAX, 0, "E-TSM-003"},
	        {"refused, level 0 allowed", "sev_guest\n", NULL, "0\n", 1, EIO, 0, 0, SIZE_MAX, 0,
	         "E-TSM-003"},
	        {"under an SVSM", "sev_guest\n", NULL, "2\n", 1, EIO, 0, 0, SIZE_MAX, 0,
	         "E-TSM-005"},
	        {"empty", "sev_guest\n", NULL, NULL, 0, 0, 0, 0, 0, 0, "E-TSM-003"},
	        {"of other form", "sev_guest\n", NULL, NULL, 0, 0, 0, 0, TSM_BLOB_MAX, 0,
	         "E-TSM-003"},
	        {"endless", "sev_guest\n", NULL, NULL, 0, 0, 0, 0, TSM_BLOB_MAX + 1, 0,
	         "E-TSM-003"},
	        {"somebody writes, once", "sev_guest\n", NULL, NULL, 0, 0, 1, 0, SIZE_MAX, 0, NULL},
	        {"somebody writes, twice", "tdx_guest\n", NULL, NULL, 0, 0, 2, 0, SIZE_MAX, 0,
	         NULL},
	        {"somebody writes all the time", "tdx_guest\n", NULL, NULL, 0, 0, 3, 0, SIZE_MAX, 0,
	         "E-TSM-004"},
	        {"report over other data", "sev_guest\n", NULL, NULL, 0, 0, 0, 1, SIZE_MAX, 0,
	         "E-TSM-003"},
	        {"quote over other data", "tdx_guest\n", NULL, NULL, 0, 0, 0, 1, SIZE_MAX, 0,
	         "E-ISSUER-002"},
	        {"no quote", "tdx_guest\n", NULL, NULL, 0, 0, 0, 0, 5000, 0, "E-ISSUER-002"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf text = {0};
		uint8_t data[64] = {0};
		struct document d;
		struct err err = {0};
		status s;

		reset(rows[i].provider);
		g.skip = rows[i].skip;
		g.floor = rows[i].floor;
		g.busy = rows[i].busy;
		g.error = rows[i].error;
		g.others = rows[i].others;
		g.flip = rows[i].flip;
		g.size = rows[i].size;
		s = ask(data, &a, &text, &d, &err);
		if (is_ok(s) != !rows[i].id || g.pauses != rows[i].pauses)
			fail_msg("%s: %s, %d pauses", rows[i].name, err.msg, g.pauses);
		if (rows[i].id)
			assert_string_equal(err.id, rows[i].id);
		/* 20, 40, 80 ... */
		assert_int_equal(g.paused_ms, 20 * ((1U << rows[i].pauses) - 1));
		assert_int_equal(g_entries, 0);
	}
	{
		struct tsm none = {.root = "/nonexistent/tsm"};
		struct tsm_entry e;
		struct err err = {0};

		assert_fails(tsm_open(&none, &e, &err), "E-TSM-001");
		tsm_close(&e);
	}
}

/* The host's certificate table: taken when it is one, else as if it were not there. */
static void
host_tables(void **state)
{
	CLEANUP(key_drop) struct key *key = key_generate(KEY_P384, 0);
	CLEANUP(buf_done) struct buf good = {0};
	struct cert_spec spec = {.profile = CERT_CA,
	                         .subject_cn = "SEV-VCEK",
	                         .key = key,
	                         .not_before = 1000,
	                         .not_after = 2000000000};
	struct snp_table t = {.entry = {[SNP_TABLE_VCEK] = {NULL, 0}}};
	struct cert *c;
	struct err err;

	(void)state;
	assert_ok(cert_issue(&spec, &c, &err));
	t.entry[SNP_TABLE_VCEK] = cert_der(c);
	snp_table_emit(&t, &good);
	for (int i = 0; i < 3; i++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf text = {0};
		uint8_t data[64] = {7};
		struct document d;

		reset("sev_guest\n");
		g.aux = i == 0   ? buf_view(&good)
		        : i == 1 ? bytes_sub(buf_view(&good), 0, good.n - 1)
		                 : BYTES("what the host likes");
		assert_ok(ask(data, &a, &text, &d, &err));
		assert_int_equal(d.endorsements.n_certs, i == 0);
		if (i == 0)
			assert_bytes(d.endorsements.certs[0], cert_der(c));
	}
	cert_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(evidence_is_read),
	        cmocka_unit_test(a_kernel_in_all_its_moods),
	        cmocka_unit_test(host_tables),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
