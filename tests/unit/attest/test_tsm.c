/* SPDX-License-Identifier: Apache-2.0 */
/* configfs-tsm against a folder that a test fills as the kernel would. */
#include "attest/tsm.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char g_root[64];
static const char *g_provider;
static const char *g_skip; /* attribute that the fake kernel lacks */
static unsigned int g_entries;

static const char *const attributes[] = {"inblob", "outblob", "auxblob", "provider", "generation"};

static void
put(const char *dir, const char *name, const char *text)
{
	char path[400];
	struct err err;

	if (g_skip && strcmp(g_skip, name) == 0)
		return;
	snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_ok(file_write(path, bytes_str(text), 0600, &err));
}

static int
fake_make(const char *path, mode_t mode)
{
	int rc = mkdir(path, mode);

	put(path, "inblob", "");
	put(path, "outblob", "the report");
	put(path, "auxblob", "");
	put(path, "provider", g_provider);
	put(path, "generation", "1\n");
	g_entries += rc == 0;
	return rc;
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

static const struct tsm fake = {g_root, fake_make, fake_remove};

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

static void
evidence_is_read(void **state)
{
	static const struct {
		const char *provider;
		enum tee tee;
		const char *document;
	} rows[] = {
	        {"sev_guest\n", TEE_SNP,
	         "{\"type\":\"snp\",\"evidence\":\"dGhlIHJlcG9ydA==\",\"endorsements\":{}}"},
	        {"tdx_guest\n", TEE_TDX,
	         "{\"type\":\"tdx\",\"evidence\":\"dGhlIHJlcG9ydA==\",\"endorsements\":{}}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf text = {0};
		CLEANUP(buf_done) struct buf in = {0};
		CLEANUP(tsm_close) struct tsm_entry e;
		uint8_t data[64];
		char path[400];
		struct err err;

		memset(data, 0xa5, sizeof data);
		g_provider = rows[i].provider;
		assert_ok(tsm_open(&fake, &e, &err));
		assert_int_equal(e.tee, rows[i].tee);
		assert_ok(tsm_evidence(&e, data, &text, &err));
		assert_bytes(buf_view(&text), bytes_str(rows[i].document));
		snprintf(path, sizeof path, "%s/inblob", e.path);
		assert_ok(file_read(path, 100, &in, &err));
		assert_bytes(buf_view(&in), bytes_of(data, sizeof data));
	}
	assert_int_equal(g_entries, 0);
}

static void
failures_leave_no_entry(void **state)
{
	static const struct {
		const char *provider, *skip, *id;
		bool opens;
	} rows[] = {
	        {"arm_cca_guest\n", NULL, "E-TSM-002", false},
	        {"sev_guest\n", "provider", "E-TSM-001", false},
	        {"sev_guest\n", "inblob", "E-TSM-003", true},
	        {"sev_guest\n", "outblob", "E-TSM-003", true},
	        {"sev_guest\n", "generation", "E-TSM-003", true},
	        {"sev_guest\n", "auxblob", NULL, true}, /* hosts commonly give none */
	};
	uint8_t data[64] = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf text = {0};
		struct tsm_entry e;
		struct err err = {0};

		g_provider = rows[i].provider;
		g_skip = rows[i].skip;
		if (!rows[i].opens) {
			assert_fails(tsm_open(&fake, &e, &err), rows[i].id);
		} else {
			assert_ok(tsm_open(&fake, &e, &err));
			if (rows[i].id)
				assert_fails(tsm_evidence(&e, data, &text, &err), rows[i].id);
			else
				assert_ok(tsm_evidence(&e, data, &text, &err));
		}
		tsm_close(&e);
		assert_int_equal(g_entries, 0);
	}
	g_skip = NULL;
	{
		struct tsm none = {.root = "/nonexistent/tsm"};
		struct tsm_entry e;
		struct err err = {0};

		assert_fails(tsm_open(&none, &e, &err), "E-TSM-001");
		tsm_close(&e);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(evidence_is_read),
	        cmocka_unit_test(failures_leave_no_entry),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
