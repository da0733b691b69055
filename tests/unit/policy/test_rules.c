/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules on simulated requests: the right ones are allowed, and every
 * change of a leaf is denied, except where docs/policy.md says that it is not
 * fixed. Through the public library, as a stranger would evaluate a policy.
 */
#include "contrast/rego.h"
#include "policy/request.h"
#include "policy/simulate.h"

#include "pod.h"

#include <string.h>

struct judge {
	contrast_rego_policy *policy;
	contrast_rego_session *session;
};

static void
judge_done(struct judge *j)
{
	contrast_rego_session_free(j->session);
	contrast_rego_policy_free(j->policy);
}

static void
judge_reset(struct judge *j)
{
	static const char empty[] = "{\"pstate\":{}}";
	contrast_rego_error e;

	assert_int_equal(contrast_rego_session_data(j->session, empty, sizeof empty - 1, &e),
	                 CONTRAST_REGO_OK);
}

static void
judge_open(struct judge *j, const struct buf *document, unsigned int flags)
{
	contrast_rego_module m = {"policy.rego", (const char *)document->p, document->n};
	contrast_rego_error e = {0};

	if (contrast_rego_compile(&m, 1, NULL, flags, &j->policy, &e) != CONTRAST_REGO_OK)
		fail_msg("%s: %s", e.place, e.message);
	assert_int_equal(contrast_rego_session_new(j->policy, NULL, 0, &j->session, &e),
	                 CONTRAST_REGO_OK);
	judge_reset(j);
}

/* 1 allowed, 0 denied; a failure of the engine counts as denied, as an agent must treat it. */
static int
ask(struct judge *j, const char *kind, struct bytes request)
{
	char path[96];
	contrast_rego_entry entry;
	contrast_rego_error e;
	int allowed = 0;

	snprintf(path, sizeof path, "data.agent_policy.%s", kind);
	assert_int_equal(contrast_rego_prepare(j->session, path, &entry, &e), CONTRAST_REGO_OK);
	if (contrast_rego_decide(j->session, entry, (const char *)request.p, request.n, 0, &allowed,
	                         &e) != CONTRAST_REGO_OK)
		return 0;
	return allowed;
}

/* ---- mutations ---- */

enum mutation { CHANGE, DROP, DUPLICATE, APPEND, MUTATIONS };

struct mutator {
	size_t target, at;
	enum mutation kind;
	bool done;
	char path[512];  /* of the changed place */
	char where[512]; /* of the present one */
	struct buf *out;
};

static bool
hit(struct mutator *m, enum mutation kind)
{
	bool it = m->kind == kind && m->at++ == m->target;

	if (it) {
		m->done = true;
		memcpy(m->path, m->where, sizeof m->path);
	}
	return it;
}

static void
write_changed(const struct value *v, struct buf *out)
{
	switch ((enum value_type)v->type) {
	case VALUE_NULL:
		buf_str(out, "{\"z\":1}");
		return;
	case VALUE_BOOL:
		buf_str(out, v->u.b ? "false" : "true");
		return;
	case VALUE_NUMBER:
		buf_printf(out, "%lld", (long long)v->u.i + 1);
		return;
	case VALUE_STRING:
		buf_u8(out, '"');
		for (size_t i = 0; i < v->n; i++) {
			if (v->u.s[i] == '"' || v->u.s[i] == '\\')
				buf_u8(out, '\\');
			buf_u8(out, v->u.s[i]);
		}
		buf_str(out, "x\"");
		return;
	case VALUE_UNDEFINED:
	case VALUE_ARRAY:
	case VALUE_OBJECT:
	case VALUE_SET:
		break;
	}
	json_write(v, JSON_COMPACT, out);
}

static void
write_mutated(struct mutator *m, const struct value *v)
{
	size_t end = strlen(m->where);
	bool first = true;

	if (v->type == VALUE_OBJECT) {
		buf_u8(m->out, '{');
		for (size_t i = 0; i < v->n; i++) {
			const struct member *x = &v->u.members[i];

			snprintf(m->where + end, sizeof m->where - end, ".%.*s", (int)x->key.n,
			         (const char *)x->key.u.s);
			if (hit(m, DROP))
				continue;
			buf_str(m->out, first ? "" : ",");
			first = false;
			json_write_string(json_text(&x->key), m->out);
			buf_u8(m->out, ':');
			write_mutated(m, &x->val);
		}
		buf_u8(m->out, '}');
	} else if (v->type == VALUE_ARRAY) {
		buf_u8(m->out, '[');
		for (size_t i = 0; i < v->n; i++) {
			snprintf(m->where + end, sizeof m->where - end, "[%zu]", i);
			if (hit(m, DROP))
				continue;
			buf_str(m->out, first ? "" : ",");
			first = false;
			write_mutated(m, &v->u.items[i]);
			if (hit(m, DUPLICATE)) {
				buf_u8(m->out, ',');
				json_write(&v->u.items[i], JSON_COMPACT, m->out);
			}
		}
		m->where[end] = '\0';
		if (hit(m, APPEND)) {
			buf_str(m->out, first ? "" : ",");
			if (v->n > 0)
				write_changed(&v->u.items[v->n - 1], m->out);
			else
				buf_str(m->out, "\"EVIL=x\"");
		}
		buf_u8(m->out, ']');
	} else if (hit(m, CHANGE)) {
		write_changed(v, m->out);
	} else {
		json_write(v, JSON_COMPACT, m->out);
	}
	m->where[end] = '\0';
}

/*
 * What the host may choose: a prefix of the path, and how it may change it.
 * docs/policy.md has the same list with the reasons.
 */
static const struct {
	const char *prefix;
	const char *how; /* letters of mutations: c d u a */
} free_choices[] = {
        {".exec_id", "cd"},
        {".stdin_port", "cd"},
        {".stdout_port", "cd"},
        {".stderr_port", "cd"},
        {".storages[0].driver_options", "cdua"},
        {".OCI.Version", "cd"},
        {".OCI.Annotations.io.kubernetes.cri.sandbox-id", "cd"},
        {".OCI.Annotations.io.kubernetes.cri.sandbox-uid", "cd"},
        {".OCI.Linux.CgroupsPath", "cd"},
        {".OCI.Linux.Resources.Memory", "cd"},
        {".OCI.Linux.Resources.CPU", "cd"},
        {".OCI.Linux.MaskedPaths[0]", "cdu"}, /* beyond the required ones */
        {".OCI.Linux.MaskedPaths[6]", "cdu"},
        {".OCI.Linux.MaskedPaths", "ua"},
        {".OCI.Linux.ReadonlyPaths", "ua"},
        {".OCI.Linux.Sysctl", "d"},
        {".OCI.Linux.Devices", "d"},
        {".OCI.Process.ConsoleSize", "cd"},
        {".OCI.Process.Rlimits", "da"},
        {".OCI.Process.ApparmorProfile", "cd"},
        {".OCI.Process.OOMScoreAdj", "cd"},
        {".OCI.Process.User.AdditionalGids[0]", "d"}, /* the primary group, which is there anyway */
        {".OCI.Process.User.AdditionalGids", "u"},
        {".OCI.Process.Capabilities.Bounding", "u"},
        {".OCI.Process.Capabilities.Effective", "u"},
        {".OCI.Process.Capabilities.Permitted", "u"},
        {".OCI.Process.Capabilities.Inheritable", "d"}, /* the agent fills in an empty list */
        {".OCI.Process.Env[7]", "d"},  /* HOSTNAME: the shell's own idea of it counts */
        {".OCI.Process.Env[8]", "cd"}, /* a Service's address comes from the cluster */
        {".devices", "d"},
};

static bool
is_free(const char *path, enum mutation kind)
{
	static const char letters[MUTATIONS] = {'c', 'd', 'u', 'a'};

	for (size_t i = 0; i < COUNT_OF(free_choices); i++)
		if (strncmp(path, free_choices[i].prefix, strlen(free_choices[i].prefix)) == 0 &&
		    strchr(free_choices[i].how, letters[kind]))
			return true;
	/* Mounts: standard files may be left out, options of bind mounts vary and repeat. */
	if (strncmp(path, ".OCI.Mounts[", 12) == 0) {
		bool options = strstr(path, ".options") != NULL;
		size_t index = strtoul(path + 12, NULL, 10);

		if (options && kind == DUPLICATE)
			return true;
		if (options && kind == DROP && index >= 7)
			return true;
		return kind == DROP && index >= 7 && index <= 11 && !strchr(path + 12, '.');
	}
	return false;
}

static void
every_changed_leaf_is_denied(void **state)
{
	CLEANUP(test_pod_done) struct test_pod t = {0};
	CLEANUP(judge_done) struct judge j = {0};
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf request = {0};
	struct policy_sample s;
	struct value v;
	struct err err = {0};
	size_t survivors = 0, tried = 0;

	(void)state;
	assert_ok(test_pod_build(&t, test_pod_full, &err));
	judge_open(&j, &t.document, 0);
	policy_sample_fill(&a, &t.policy, &s);
	policy_request_container(&t.policy, &s, 1, &request);
	assert_int_equal(ask(&j, "CreateContainerRequest", buf_view(&request)), 1);
	assert_ok(json_parse(&a, buf_view(&request), NULL, &v, &err));
	for (enum mutation kind = CHANGE; kind < MUTATIONS; kind++) {
		for (size_t target = 0;; target++) {
			CLEANUP(buf_done) struct buf changed = {0};
			struct mutator m = {.target = target, .kind = kind, .out = &changed};

			write_mutated(&m, &v);
			if (!m.done)
				break;
			tried++;
			judge_reset(&j);
			if (ask(&j, "CreateContainerRequest", buf_view(&changed)) &&
			    !is_free(m.path, kind)) {
				print_message("# survives: %d %s\n", (int)kind, m.path);
				survivors++;
			}
		}
	}
	assert_true(tried > 400);
	assert_int_equal(survivors, 0);
}

/* ---- requests one by one ---- */

static const struct {
	const char *kind, *request;
	int allowed;
} requests[] = {
        {"StartContainerRequest", "{\"container_id\":\"x\"}", 1},
        {"WriteStreamRequest", "{\"container_id\":\"x\",\"data\":[1]}", 0},
        {"ReadStreamRequest", "{\"container_id\":\"x\"}", 1},
        {"SetPolicyRequest", "{\"policy\":\"\"}", 0},
        {"ReseedRandomDevRequest", "{\"data\":[1]}", 0},
        {"AddSwapRequest", "{\"PCIPath\":[]}", 0},
        {"GetDiagnosticDataRequest", "{}", 0},
        {"UpdateEphemeralMountsRequest", "{\"storages\":[]}", 0},
        {"SetGuestDateTimeRequest", "{\"Sec\":0,\"Usec\":0}", 0},
        {"MemAgentMemcgConfig", "{}", 0},
        {"CreateSandboxRequest",
         "{\"hostname\":\"x\",\"storages\":[],\"sandbox_pidns\":false,\"guest_hook_path\":\"\","
         "\"kernel_modules\":[]}",
         1},
        {"CreateSandboxRequest",
         "{\"hostname\":\"x\",\"storages\":[],\"sandbox_pidns\":false,\"guest_hook_path\":\"/"
         "h\",\"kernel_modules\":[]}",
         0},
        {"CreateSandboxRequest",
         "{\"hostname\":\"x\",\"storages\":[],\"sandbox_pidns\":false,\"guest_hook_path\":\"\","
         "\"kernel_modules\":[{"
         "\"name\":\"m\"}]}",
         0},
#define COPY(type, path, link)                                                                     \
	"{\"file_type\":\"" type "\",\"path\":\"/run/kata-containers/shared/containers" path       \
	"\",\"symlink_target\":" link "}"
        {"CopyFileRequest", COPY("Regular", "/abc-0123456789abcdef-hosts", "null"), 1},
        {"CopyFileRequest", COPY("Regular", "/watchable/abc-0123456789abcdef-conf/a/b", "null"), 1},
        {"CopyFileRequest", COPY("Regular", "/abc/rootfs/bin/sh", "null"), 0},
        {"CopyFileRequest", COPY("Regular", "/abc-0123456789abcdef-conf/../../x", "null"), 0},
        {"CopyFileRequest", COPY("Unknown", "/abc-0123456789abcdef-hosts", "null"), 0},
        {"CopyFileRequest", COPY("Symlink", "/abc-0123456789abcdef-conf/..data", "\"..2026\""), 1},
        {"CopyFileRequest", COPY("Symlink", "/abc-0123456789abcdef-conf", "\"x\""), 0},
        {"CopyFileRequest", COPY("Symlink", "/abc-0123456789abcdef-conf/a", "\"/bin\""), 0},
        {"CopyFileRequest", COPY("Symlink", "/abc-0123456789abcdef-conf/a", "\"a/../../b\""), 0},
        {"UpdateInterfaceRequest", "{\"interface\":{\"name\":\"eth0\",\"raw_flags\":128}}", 1},
        {"UpdateInterfaceRequest", "{\"interface\":{\"name\":\"lo\",\"raw_flags\":0}}", 0},
        {"UpdateInterfaceRequest", "{\"interface\":{\"name\":\"eth0\",\"raw_flags\":1}}", 0},
        {"UpdateRoutesRequest", "{\"routes\":{\"Routes\":[{\"device\":\"eth0\",\"source\":\"\"}]}}",
         1},
        {"UpdateRoutesRequest", "{\"routes\":{\"Routes\":[{\"device\":\"lo\",\"source\":\"\"}]}}",
         0},
        {"UpdateRoutesRequest",
         "{\"routes\":{\"Routes\":[{\"device\":\"eth0\",\"source\":\"::1\"}]}}", 0},
        {"UpdateRoutesRequest",
         "{\"routes\":{\"Routes\":[{\"device\":\"eth0\",\"source\":\"::ffff:127.0.0.1\"}]}}", 0},
        {"AddARPNeighborsRequest",
         "{\"neighbors\":{\"ARPNeighbors\":[{\"device\":\"eth0\",\"toIPAddress\":{\"address\":\"10."
         "0.0.1\","
         "\"mask\":\"\"}}]}}",
         1},
        {"AddARPNeighborsRequest",
         "{\"neighbors\":{\"ARPNeighbors\":[{\"device\":\"eth0\",\"toIPAddress\":{\"address\":"
         "\"127.0.0.1\","
         "\"mask\":\"\"}}]}}",
         0},
};

static void
other_requests(void **state)
{
	CLEANUP(test_pod_done) struct test_pod t = {0};
	CLEANUP(judge_done) struct judge j = {0};
	struct err err = {0};

	(void)state;
	assert_ok(test_pod_build(&t, test_pod_full, &err));
	judge_open(&j, &t.document, 0);
	for (size_t i = 0; i < COUNT_OF(requests); i++)
		if (ask(&j, requests[i].kind, bytes_str(requests[i].request)) !=
		    requests[i].allowed)
			fail_msg("%s %s", requests[i].kind, requests[i].request);
}

/* ---- over several requests ---- */

static void
replaced(const struct buf *from, const char *what, const char *by, struct buf *to)
{
	size_t at = 0, next;

	while ((next = bytes_find(buf_view(from), bytes_str(what), at)) != SIZE_MAX) {
		buf_bytes(to, bytes_sub(buf_view(from), at, next));
		buf_str(to, by);
		at = next + strlen(what);
	}
	buf_bytes(to, bytes_sub(buf_view(from), at, from->n));
}

static void
a_pod_keeps_its_name(void **state)
{
	CLEANUP(test_pod_done) struct test_pod t = {0};
	CLEANUP(judge_done) struct judge j = {0};
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf first = {0};
	CLEANUP(buf_done) struct buf other = {0};
	struct policy_sample s;
	struct err err = {0};

	(void)state;
	assert_ok(test_pod_build(&t, test_pod_full, &err));
	judge_open(&j, &t.document, 0);
	policy_sample_fill(&a, &t.policy, &s);
	policy_request_container(&t.policy, &s, 0, &first);
	replaced(&first, "x2k4z", "zzzzz", &other);
	assert_int_equal(ask(&j, "CreateContainerRequest", buf_view(&other)), 1);
	assert_int_equal(ask(&j, "CreateContainerRequest", buf_view(&first)), 0);
	/* Removing a container called as the state's keys are frees nothing. */
	(void)ask(&j, "RemoveContainerRequest", BYTES("{\"container_id\":\"sandbox\"}"));
	assert_int_equal(ask(&j, "CreateContainerRequest", buf_view(&first)), 0);
	judge_reset(&j);
	assert_int_equal(ask(&j, "CreateContainerRequest", buf_view(&first)), 1);
}

static void
commands_run_in_their_own_container_only(void **state)
{
	CLEANUP(test_pod_done) struct test_pod t = {0};
	CLEANUP(judge_done) struct judge j = {0};
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf request = {0};
	CLEANUP(buf_done) struct buf exec = {0};
	CLEANUP(buf_done) struct buf other = {0};
	struct policy_sample s;
	struct err err = {0};

	(void)state;
	assert_ok(test_pod_build(&t, test_pod_full, &err));
	judge_open(&j, &t.document, 0);
	policy_sample_fill(&a, &t.policy, &s);
	policy_request_exec(&t.policy, &s, 1, 0, &exec);
	assert_int_equal(ask(&j, "ExecProcessRequest", buf_view(&exec)), 0); /* not created yet */
	for (size_t n = 0; n < 2; n++) {
		buf_reset(&request);
		policy_request_container(&t.policy, &s, n, &request);
		assert_int_equal(ask(&j, "CreateContainerRequest", buf_view(&request)), 1);
	}
	assert_int_equal(ask(&j, "ExecProcessRequest", buf_view(&exec)), 1);
	replaced(&exec, "001001\"", "001000\"", &other); /* the other container's id */
	assert_int_equal(ask(&j, "ExecProcessRequest", buf_view(&other)), 0);
	buf_reset(&other);
	replaced(&exec, "/bin/check", "/bin/sh", &other);
	assert_int_equal(ask(&j, "ExecProcessRequest", buf_view(&other)), 0);
	buf_reset(&other);
	replaced(&exec, "\"now\"", "\"now\",\"more\"", &other);
	assert_int_equal(ask(&j, "ExecProcessRequest", buf_view(&other)), 0);
}

static void
attacks_on_images(void **state)
{
	static const char *const swaps[][2] = {
	        {"sha256:3333", "sha256:4333"}, /* another image */
	        {"image_guest_pull", "blk"},    /* none is pulled */
	        {"\"fstype\":\"overlay\"", "\"fstype\":\"ext4\""},
	        {"/rootfs\",\"Readonly\"", "/rootfs/../x\",\"Readonly\""},
	        {"cri.container-type\":\"container\"", "cri.container-type\":\"sandbox\""},
	        {"\"driver_options\":[],\"source\":\"registry",
	         "\"driver_options\":[\"x={\\\"io.kubernetes.cri.container-type\\\":"
	         "\\\"sandbox\\\"}\"],"
	         "\"source\":\"registry"},
	};
	CLEANUP(test_pod_done) struct test_pod t = {0};
	CLEANUP(judge_done) struct judge j = {0};
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf request = {0};
	struct policy_sample s;
	struct err err = {0};

	(void)state;
	assert_ok(test_pod_build(&t, test_pod_full, &err));
	judge_open(&j, &t.document, 0);
	policy_sample_fill(&a, &t.policy, &s);
	policy_request_container(&t.policy, &s, 1, &request);
	for (size_t i = 0; i < COUNT_OF(swaps); i++) {
		CLEANUP(buf_done) struct buf other = {0};

		replaced(&request, swaps[i][0], swaps[i][1], &other);
		if (bytes_equal(buf_view(&other), buf_view(&request)))
			fail_msg("%s is not in the request", swaps[i][0]);
		judge_reset(&j);
		if (ask(&j, "CreateContainerRequest", buf_view(&other)))
			fail_msg("allowed: %s", swaps[i][1]);
	}
}

/* The old language is what some agents still run. */
static void
both_languages(void **state)
{
	CLEANUP(test_pod_done) struct test_pod t = {0};
	CLEANUP(judge_done) struct judge j = {0};
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf request = {0};
	struct policy_sample s;
	struct err err = {0};

	(void)state;
	assert_ok(test_pod_build(&t, test_pod_full, &err));
	judge_open(&j, &t.document, CONTRAST_REGO_V0);
	policy_sample_fill(&a, &t.policy, &s);
	policy_request_container(&t.policy, &s, 1, &request);
	assert_int_equal(ask(&j, "CreateContainerRequest", buf_view(&request)), 1);
}

static void
simulation_finds_a_policy_that_denies_its_pod(void **state)
{
	CLEANUP(test_pod_done) struct test_pod t = {0};
	struct err err = {0};

	(void)state;
	assert_ok(test_pod_build(&t, test_pod_full, &err));
	assert_ok(policy_simulate(&t.policy, buf_view(&t.document), &err));
	t.policy.containers[1].uid++;
	assert_fails(policy_simulate(&t.policy, buf_view(&t.document), &err), "E-POLICY-020");
}

/* Kata's agent limits lines; its reader of policies takes 64 KiB. */
static void
lines_are_short(void **state)
{
	struct bytes rules = policy_rules();
	size_t at = 0;

	(void)state;
	while (at < rules.n) {
		size_t end = MIN(bytes_find_byte(rules, '\n', at), rules.n);

		assert_in_range(end - at, 0, 400);
		at = end + 1;
	}
	assert_true(bytes_find(rules, BYTES("'''"), 0) == SIZE_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_changed_leaf_is_denied),
	        cmocka_unit_test(other_requests),
	        cmocka_unit_test(a_pod_keeps_its_name),
	        cmocka_unit_test(commands_run_in_their_own_container_only),
	        cmocka_unit_test(attacks_on_images),
	        cmocka_unit_test(both_languages),
	        cmocka_unit_test(simulation_finds_a_policy_that_denies_its_pod),
	        cmocka_unit_test(lines_are_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
