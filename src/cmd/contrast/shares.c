/* SPDX-License-Identifier: Apache-2.0 */
/* seed-shares.json: what a first set leaves for recovery, checked before it is kept. */
#include "authority/shares.h"
#include "base/text.h"
#include "cmd/contrast/folder.h"
#include "json/value.h"

/* Our own share opens and fits its commitment, or the set did not succeed. */
static status
try_own_share(const struct shares_doc *doc, const char *key_path, struct err *err)
{
	CLEANUP(key_drop) struct key *key = NULL;
	CLEANUP(share_done) struct share share = {0};
	status s = folder_key(key_path, &key, err);

	if (s.cls == ERR_NOT_FOUND) {
		say_warning("%s is not here: nobody has checked that a seed share opens", key_path);
		return OK;
	}
	TRY(s);
	if (!key_is_private(key)) {
		say_warning("%s is a public key: nobody has checked that a seed share opens",
		            key_path);
		return OK;
	}
	return err_at(err, share_open(doc, key, &share, err), "%s", key_path);
}

status
shares_keep(const struct folder *w, const struct pins *pins, const struct hash256 *genesis,
            struct bytes base64, const char *key_path, struct err *err)
{
	CLEANUP(buf_done) struct buf bytes = {.max = SHARES_MAX_BYTES};
	CLEANUP(buf_done) struct buf text = {0};
	struct shares_doc doc;

	if (!base64_decode(BASE64_STD, base64, &bytes))
		return err_set(err, ERR_PARSE, "E-OWNER-013", "shares is not base64");
	TRY(shares_parse(buf_view(&bytes), &doc, err));
	TRY(shares_verify(&doc, pins, genesis, err));
	if (doc.n > 0)
		TRY(try_own_share(&doc, key_path, err));
	buf_str(&text, "{\n  \"version\": 1,\n  \"document\": \"");
	buf_bytes(&text, base64);
	buf_str(&text, "\"\n}\n");
	TRY(buf_check(&text, err));
	return folder_write(w, "seed-shares.json", buf_view(&text), err);
}
