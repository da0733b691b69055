/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contrast-evidence.wasm: evidence decoded in a browser or any other host of
 * WebAssembly. It decodes and does not judge: evidence_verify() is not in it,
 * so no input makes it say that evidence is accepted.
 *
 * The host asks contrast_input() for room, copies the file there, calls
 * contrast_decode(), and reads contrast_output() bytes contrast_output_size().
 */
#include "base/text.h"
#include "evidence/intake.h"
#include "evidence/show.h"

enum { DECODER_ARENA = 8 * 1024 * 1024 };

static uint8_t input[INTAKE_MAX];
static struct buf output;

/* Where to put `size` bytes; NULL when that is more than a file may have. */
uint8_t *contrast_input(size_t size);
/* The first `size` bytes there. 0: the output is JSON; 1: it says why not. */
int contrast_decode(size_t size);
const uint8_t *contrast_output(void);
size_t contrast_output_size(void);

uint8_t *
contrast_input(size_t size)
{
	return size <= sizeof input ? input : NULL;
}

const uint8_t *
contrast_output(void)
{
	return output.p;
}

size_t
contrast_output_size(void)
{
	return output.n;
}

static status
decode(struct arena *a, struct bytes file, struct err *err)
{
	struct value shown, checked = json_object();
	struct verdict v = {0};
	struct document d;

	TRY(intake_evidence(a, file, &d, err));
	json_put(a, &checked, "signatures", json_cstr("not checked"));
	json_put(a, &checked, "certificatesNotRead", json_int((int64_t)d.endorsements.n_certs));
	json_put(a, &checked, "listsNotRead", json_int((int64_t)d.endorsements.n_crls));
	d.endorsements.n_certs = d.endorsements.n_crls = 0;
	if (!is_ok(evidence_show(a, &d, &shown, &v)))
		return err_set(err, ERR_PARSE, "E-EVIDENCE-050", "%s: %s", v.reason, v.detail);
	json_put(a, &shown, "checked", checked);
	TRY(arena_check(a, err));
	json_write(&shown, JSON_INDENT, &output);
	return buf_check(&output, err);
}

int
contrast_decode(size_t size)
{
	CLEANUP(arena_done) struct arena a = {.cap = DECODER_ARENA};
	struct err err = {0};

	buf_done(&output);
	if (size > sizeof input) {
		buf_str(&output, "more than a file of evidence may have");
		return 1;
	}
	if (is_ok(decode(&a, bytes_of(input, size), &err)))
		return 0;
	buf_done(&output);
	buf_printf(&output, "%s: %s", err.id, err.msg);
	return 1;
}
