/* SPDX-License-Identifier: Apache-2.0 */
/* A valid manifest for tests, and edits of its text. Keys are made once a process. */
#ifndef TESTS_MANIFEST_SAMPLE_H
#define TESTS_MANIFEST_SAMPLE_H

#include "base/text.h"
#include "evidence/snp/roots.h"
#include "manifest/manifest.h"
#include "unit.h"

#define H8(c) c c c c c c c c
#define H64(c) H8(c) H8(c) H8(c) H8(c) H8(c) H8(c) H8(c) H8(c)
#define H96(c) H64(c) H8(c) H8(c) H8(c) H8(c)
#define H128(c) H64(c) H64(c)

#define SAMPLE_COORDINATOR "0" H8("a") H8("a") H8("a") H8("a") H8("a") H8("a") H8("a") "aaaaaaa"
#define SAMPLE_WEB H64("f")

struct sample {
	struct key *alice, *bob; /* workload owners */
	struct key *rsa, *rsa2;  /* seed share owners */
	struct buf alice_hex, bob_hex, rsa_hex, rsa2_hex, milan_hex;
};

static inline const struct sample *
sample(void)
{
	static struct sample s;
	CLEANUP(buf_done) struct buf der = {0};

	if (s.alice)
		return &s;
	s.alice = key_generate(KEY_P384, 0);
	s.bob = key_generate(KEY_P256, 0);
	s.rsa = key_generate(KEY_RSA, 2048);
	s.rsa2 = key_generate(KEY_RSA, 2048);
	key_spki(s.alice, &der);
	hex_encode(buf_view(&der), &s.alice_hex);
	buf_reset(&der);
	key_spki(s.bob, &der);
	hex_encode(buf_view(&der), &s.bob_hex);
	buf_reset(&der);
	key_rsa_pkcs1(s.rsa, &der);
	hex_encode(buf_view(&der), &s.rsa_hex);
	buf_reset(&der);
	key_rsa_pkcs1(s.rsa2, &der);
	hex_encode(buf_view(&der), &s.rsa2_hex);
	hex_encode(hash256_view(snp_vendor_root(SNP_MILAN)), &s.milan_hex);
	return &s;
}

/* $A, $B: owners; $R, $S: share owners; $M: AMD's root key for Milan. */
static const char sample_text[] =
        "{\n"
        "  \"Policies\": {\n"
        "    \"" SAMPLE_COORDINATOR "\": {\n"
        "      \"SANs\": [\"coordinator\"],\n"
        "      \"WorkloadSecretID\": \"apps/v1/StatefulSet/shop/coordinator\",\n"
        "      \"Role\": \"coordinator\"\n"
        "    },\n"
        "    \"" SAMPLE_WEB "\": {\n"
        "      \"SANs\": [\"web\", \"*.web.shop.example\", \"192.0.2.17\", \"2001:db8::1\", "
        "\"spiffe://shop.example/web\"],\n"
        "      \"WorkloadSecretID\": \"apps/v1/Deployment/shop/web\"\n"
        "    }\n"
        "  },\n"
        "  \"ReferenceValues\": {\n"
        "    \"snp\": [{\n"
        "      \"Platform\": \"Metal-QEMU-SNP\", \"ProductName\": \"Genoa\",\n"
        "      \"TrustedMeasurement\": \"" H96(
                "1") "\",\n"
                     "      \"APEIP\": \"0080b004\",\n"
                     "      \"MinimumTCB\": {\"BootloaderVersion\": 9, \"TEEVersion\": 0, "
                     "\"SNPVersion\": 23, "
                     "\"MicrocodeVersion\": 72},\n"
                     "      \"GuestPolicy\": {\"ABIMinor\": 0, \"ABIMajor\": 0, \"SMT\": true, "
                     "\"MigrateMA\": false, "
                     "\"Debug\": false, \"SingleSocket\": false, \"CXLAllowed\": false, "
                     "\"MemAES256XTS\": false, "
                     "\"RAPLDis\": false, \"CipherTextHidingDRAM\": false, \"PageSwapDisable\": "
                     "false},\n"
                     "      \"PlatformInfo\": {\"SMTEnabled\": true, \"TSMEEnabled\": false, "
                     "\"ECCEnabled\": true, "
                     "\"RAPLDisabled\": false, \"CiphertextHidingDRAMEnabled\": false, "
                     "\"AliasCheckComplete\": true, "
                     "\"TIOEnabled\": false},\n"
                     "      \"MinimumMitigationVector\": 1,\n"
                     "      \"AllowedChipIDs\": [\"" H128(
                             "2") "\"]\n"
                                  "    }],\n"
                                  "    \"tdx\": [{\n"
                                  "      \"Platform\": \"Metal-QEMU-TDX\",\n"
                                  "      \"MrTd\": \"" H96("3") "\", \"MrSeam\": \"" H96(
                                          "4") "\",\n"
                                               "      \"Rtmrs\": [\"" H96("5") "\", \"" H96("6") "\", \"" H96(
                                                       "7") "\", \"" H96("0") "\"],\n"
                                                                              "      "
                                                                              "\"Rtmr0Alternatives"
                                                                              "\": [\"" H96(
                                                                                      "8") "\"],\n"
                                                                                           "      "
                                                                                           "\"Xfam"
                                                                                           "\": "
                                                                                           "\"e7180"
                                                                                           "6000000"
                                                                                           "0000\","
                                                                                           " \"Allo"
                                                                                           "wedPIID"
                                                                                           "s\": "
                                                                                           "[\"8899"
                                                                                           "aabbccd"
                                                                                           "deeff00"
                                                                                           "1122334"
                                                                                           "4556677"
                                                                                           "\"],\n"
                                                                                           "      "
                                                                                           "\"Memor"
                                                                                           "yIntegr"
                                                                                           "ity\": "
                                                                                           "true, "
                                                                                           "\"SMTDi"
                                                                                           "sabled"
                                                                                           "\": "
                                                                                           "false, "
                                                                                           "\"Stati"
                                                                                           "cPlatfo"
                                                                                           "rm\": "
                                                                                           "true,\n"
                                                                                           "      "
                                                                                           "\"MinTC"
                                                                                           "BEvalua"
                                                                                           "tionDat"
                                                                                           "aNumber"
                                                                                           "\": "
                                                                                           "18\n"
                                                                                           "    "
                                                                                           "}]\n"
                                                                                           "  },\n"
                                                                                           "  "
                                                                                           "\"Workl"
                                                                                           "oadOwne"
                                                                                           "rPubKey"
                                                                                           "s\": "
                                                                                           "[\"$"
                                                                                           "A\"],\n"
                                                                                           "  "
                                                                                           "\"Seeds"
                                                                                           "hareOwn"
                                                                                           "erPubKe"
                                                                                           "ys\": "
                                                                                           "[\"$"
                                                                                           "R\"]\n"
                                                                                           "}\n";

static inline void
sample_expand(struct bytes in, struct buf *out)
{
	const struct sample *s = sample();

	for (size_t i = 0; i < in.n; i++) {
		const struct buf *b = NULL;

		if (in.p[i] == '$' && i + 1 < in.n)
			b = in.p[i + 1] == 'A'   ? &s->alice_hex
			    : in.p[i + 1] == 'B' ? &s->bob_hex
			    : in.p[i + 1] == 'R' ? &s->rsa_hex
			    : in.p[i + 1] == 'S' ? &s->rsa2_hex
			    : in.p[i + 1] == 'M' ? &s->milan_hex
			                         : NULL;
		if (b) {
			buf_bytes(out, buf_view(b));
			i++;
		} else {
			buf_u8(out, in.p[i]);
		}
	}
}

/* The sample with the first `find` replaced; the row is wrong if it is not there. */
static inline void
sample_edit(const char *find, const char *replace, struct buf *out)
{
	CLEANUP(buf_done) struct buf text = {0};
	struct bytes all = bytes_str(sample_text), what = bytes_str(find);
	size_t at = bytes_find(all, what, 0);

	if (at == SIZE_MAX)
		fail_msg("the sample has no %s", find);
	buf_bytes(&text, bytes_sub(all, 0, at));
	buf_str(&text, replace);
	buf_bytes(&text, bytes_sub(all, at + what.n, all.n));
	sample_expand(buf_view(&text), out);
}

static inline struct manifest *
sample_manifest(void)
{
	CLEANUP(buf_done) struct buf text = {0};
	struct manifest *m = NULL;
	struct err err;

	sample_expand(bytes_str(sample_text), &text);
	assert_ok(manifest_parse(buf_view(&text), &m, NULL, &err));
	return m;
}

#endif
