/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/initdata.h"

#include "toml/toml.h"

/* rules/policy.rego, made a C array by the build. */
extern const unsigned char policy_rules_text[];
extern const size_t policy_rules_size;

static const char data_line[] = "\npolicy_data := ";

struct bytes
policy_rules(void)
{
	return bytes_of(policy_rules_text, policy_rules_size);
}

status
policy_document_write(const struct policy_pod *p, struct buf *out, struct err *err)
{
	buf_bytes(out, policy_rules());
	buf_str(out, data_line);
	TRY(policy_data_write(p, out, err));
	buf_u8(out, '\n');
	return buf_check(out, err);
}

status
policy_document_data(struct bytes document, struct bytes *ret, struct err *err)
{
	struct bytes line = bytes_str(data_line);
	size_t at = SIZE_MAX, next = bytes_find(document, line, 0);

	while (next != SIZE_MAX) {
		at = next;
		next = bytes_find(document, line, next + line.n);
	}
	if (at == SIZE_MAX)
		return err_set(err, ERR_PARSE, "E-POLICY-002",
		               "the policy has no policy_data at its end");
	*ret = bytes_trim(bytes_sub(document, at + line.n, document.n));
	return OK;
}

void
initdata_write(struct bytes policy, bool debug, struct buf *out)
{
	toml_write(BYTES("version"), BYTES("0.1.0"), out);
	toml_write(BYTES("algorithm"), BYTES("sha256"), out);
	buf_str(out, "\n[data]\n");
	if (debug)
		toml_write(BYTES("contrast.insecure-debug"), BYTES("true"), out);
	toml_write(BYTES("policy.rego"), policy, out);
}

static status
bad(struct err *err, const char *what)
{
	return err_set(err, ERR_PARSE, "E-POLICY-003", "initdata: %s", what);
}

status
initdata_parse(struct arena *a, struct bytes document, struct initdata *ret, struct err *err)
{
	const struct toml_entry *version, *algorithm, *policy, *debug;
	struct toml t;

	if (document.n > INITDATA_MAX_BYTES)
		return err_set(err, ERR_LIMIT, "E-POLICY-005", "initdata: larger than %d bytes",
		               INITDATA_MAX_BYTES);
	TRY(err_ctx(err, toml_parse(a, document, &t, err), "initdata"));
	version = toml_get(&t, "", "version");
	algorithm = toml_get(&t, "", "algorithm");
	policy = toml_get(&t, "data", "policy.rego");
	debug = toml_get(&t, "data", "contrast.insecure-debug");
	if (!version || !bytes_is(version->value, "0.1.0"))
		return bad(err, "version must be \"0.1.0\"");
	if (!algorithm || !bytes_is(algorithm->value, "sha256"))
		return bad(err, "algorithm must be \"sha256\"");
	if (!policy)
		return bad(err, "there is no policy.rego in [data]");
	*ret = (struct initdata){
	        .document = document,
	        .hash = sha256(document),
	        .policy = policy->value,
	        .debug = debug && bytes_is(debug->value, "true"),
	};
	return OK;
}
