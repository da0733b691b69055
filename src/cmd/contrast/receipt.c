/* SPDX-License-Identifier: Apache-2.0 */
/* contrast receipt verify: somebody's verification, repeated offline. */
#include "channel/receipt.h"

#include "base/clock.h"
#include "base/file.h"
#include "cmd/contrast/cli.h"
#include "cmd/contrast/folder.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static status
check_pins(const struct receipt *r, const char *path, struct err *err)
{
	struct pins want;
	bool same;

	if (!path)
		return OK;
	TRY(folder_pins(path, &want, err));
	same = want.n_keys == r->pins.n_keys &&
	       bytes_equal(bytes_of(want.deployment_id, DEPLOYMENT_ID_SIZE),
	                   bytes_of(r->pins.deployment_id, DEPLOYMENT_ID_SIZE));
	for (size_t i = 0; same && i < want.n_keys; i++)
		same = hash256_equal(&want.keys[i], &r->pins.keys[i]);
	return same ? OK
	            : err_set(err, ERR_REJECTED, "E-RECEIPT-003",
	                      "the receipt is of another deployment than %s", path);
}

static status
check_manifest(const struct receipt *r, const char *path, struct err *err)
{
	CLEANUP(buf_done) struct buf want = {.max = MANIFEST_MAX_BYTES + 1};

	if (!path)
		return OK;
	TRY(file_read(path, MANIFEST_MAX_BYTES, &want, err));
	if (bytes_equal(buf_view(&want), r->manifest))
		return OK;
	return err_set(err, ERR_REJECTED, "E-RECEIPT-003",
	               "the receipt is of another manifest than %s", path);
}

static status
print_json(const struct receipt *r, const struct session *s, int64_t at, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf out = {0};
	struct value v = json_object();

	json_put(&a, &v, "verified", json_bool(true));
	json_put(&a, &v, "purpose", json_cstr(binding_purpose_name(r->channel.purpose)));
	json_put(&a, &v, "insecure", json_bool(s->manifest->insecure));
	json_put(&a, &v, "genesis", json_hex(&a, hash256_view(&s->state.genesis)));
	json_put(&a, &v, "head", json_hex(&a, hash256_view(&s->head)));
	json_put(&a, &v, "generation", json_int((int64_t)s->state.generation));
	json_put(&a, &v, "manifest", json_hex(&a, hash256_view(&s->manifest->hash)));
	json_put(&a, &v, "coordinator_policy", json_hex(&a, hash256_view(&s->policy)));
	json_put(&a, &v, "root_key", json_hex(&a, hash256_view(&s->state.root_key)));
	json_put(&a, &v, "state_time", json_time(&a, (int64_t)s->state.time));
	json_put(&a, &v, "claimed_time", json_time(&a, r->time));
	json_put(&a, &v, "judged_at", json_time(&a, at));
	TRY(arena_check(&a, err));
	json_write(&v, JSON_INDENT, &out);
	buf_u8(&out, '\n');
	return fd_write_all(STDOUT_FILENO, buf_view(&out), err);
}

static void
print_text(const struct receipt *r, const struct session *s, const struct options *o)
{
	char hex[65], head[65], when[32];

	say_done("evidence: reference set %d, signed under its own root, revocation checked",
	         (int)s->verdict.set);
	say_done("Coordinator policy %s", hash256_hex(&s->policy, hex));
	say_done("history: %zu record%s, each signed by an owner of the one before", s->n_records,
	         s->n_records == 1 ? "" : "s");
	say_done("manifest %s", hash256_hex(&s->manifest->hash, hex));
	say_done("state record of %s", time_cstr((int64_t)s->state.time, when));
	say_done(r->channel.purpose == BINDING_STATEMENT
	                 ? "a statement: it proves the state, and nothing about a connection"
	                 : "bound to a connection: it does not prove who held its other end");
	say_warning("made at %s, as its maker claims", time_cstr(r->time, when));
	if (!options_text(o, OPT_receipt_verify_genesis))
		say_warning("the pins are the receipt's own: compare the genesis with the one you "
		            "know, "
		            "or give --genesis");
	printf("verified: genesis %s head %s generation %llu%s\n",
	       hash256_hex(&s->state.genesis, hex), hash256_hex(&s->head, head),
	       (unsigned long long)s->state.generation, s->manifest->insecure ? " INSECURE" : "");
}

status
verb_receipt_verify(const struct options *o, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {.cap = (size_t)RECEIPT_MAX_BYTES * 2};
	CLEANUP(buf_done) struct buf text = {.max = RECEIPT_MAX_BYTES};
	CLEANUP(session_done) struct session s = {0};
	int64_t now = options_given(o, OPT_receipt_verify_time)
	                      ? options_time(o, OPT_receipt_verify_time)
	                      : 0;
	struct receipt r;

	TRY(file_read(o->args[0], RECEIPT_MAX_BYTES, &text, err));
	TRY(err_at(err, receipt_parse(&a, buf_view(&text), &r, err), "%s", o->args[0]));
	TRY(check_pins(&r, options_text(o, OPT_receipt_verify_genesis), err));
	TRY(check_manifest(&r, options_text(o, OPT_receipt_verify_manifest), err));
	TRY(receipt_verify(&r, now, options_flag(o, OPT_receipt_verify_insecure), &s, err));
	if (strcmp(options_text(o, OPT_receipt_verify_format), "json") == 0)
		return print_json(&r, &s, now ? now : r.time, err);
	print_text(&r, &s, o);
	return OK;
}
