/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/show_vtpm.h"

#include "base/text.h"
#include "evidence/azure/tpm.h"

#include <stdio.h>

enum { RUNTIME_DEPTH = 8 };

static struct value
decimal(struct arena *a, uint64_t v)
{
	return json_string(arena_printf(a, "%llu", (unsigned long long)v));
}

static struct value
show_selection(struct arena *a, const struct tpm_quote *q)
{
	struct value o = json_object(), list = json_array();

	json_put(a, &o, "bank", json_cstr("sha256"));
	for (int i = 0; i < TPM_PCRS; i++)
		if (q->selected >> i & 1)
			json_add(a, &list, json_int(i));
	json_put(a, &o, "registers", list);
	return o;
}

/* Magic and type are those of a quote, or there is none to show. */
static struct value
show_quote(struct arena *a, const struct tpm_quote *q)
{
	struct value o = json_object();

	json_put(a, &o, "magic", json_cstr("ff544347"));
	json_put(a, &o, "type", json_cstr("quote"));
	json_put(a, &o, "signer", json_hex(a, q->signer));
	json_put(a, &o, "extraData", json_hex(a, q->extra_data));
	json_put(a, &o, "clock", decimal(a, q->clock));
	json_put(a, &o, "resetCount", json_int(q->resets));
	json_put(a, &o, "restartCount", json_int(q->restarts));
	json_put(a, &o, "clockSafe", json_bool(q->clock_safe == 1));
	json_put(a, &o, "firmwareVersion",
	         json_string(arena_printf(a, "0x%016llx", (unsigned long long)q->firmware)));
	json_put(a, &o, "selection", show_selection(a, q));
	json_put(a, &o, "pcrDigest", json_hex(a, hash256_view(&q->pcr_digest)));
	return o;
}

static struct value
show_pcrs(struct arena *a, const struct tpm_quote *q, struct bytes pcrs)
{
	struct value o = json_object();

	for (size_t i = 0; i < TPM_PCRS; i++) {
		struct bytes name = arena_printf(a, "%zu", i);

		if (q->selected >> i & 1)
			json_put_bytes(a, &o, name,
			               json_hex(a, bytes_sub(pcrs, i * SHA256_SIZE,
			                                     (i + 1) * SHA256_SIZE)));
	}
	return o;
}

static struct value
show_runtime(struct arena *a, struct bytes runtime)
{
	struct json_limits limits = {.depth = RUNTIME_DEPTH, .bytes = VTPM_RUNTIME_MAX};
	struct value o = json_object(), v;
	struct err err;

	if (is_ok(json_parse(a, runtime, &limits, &v, &err)))
		return v;
	json_put(a, &o, "malformed", json_copy_string(a, bytes_str(err.msg)));
	json_put(a, &o, "bytes", json_hex(a, runtime));
	return o;
}

status
show_vtpm(struct arena *a, const struct vtpm *t, struct value *o, struct verdict *v)
{
	struct value all = json_object();
	struct tpm_quote q;

	if (t->message.n > 0) {
		TRY(tpm_quote_parse(t->message, &q, v));
		json_put(a, &all, "quote", show_quote(a, &q));
		json_put(a, &all, "signature", json_hex(a, t->signature));
		json_put(a, &all, "pcrs", show_pcrs(a, &q, t->pcrs));
	}
	if (t->policy.n > 0)
		json_put(a, &all, "policy", json_hex(a, t->policy));
	json_put(a, &all, "runtimeData", show_runtime(a, t->runtime));
	json_put(a, o, "vtpm", all);
	return OK;
}
