# SPDX-License-Identifier: Apache-2.0
"""contrast evidence on real reports and quotes: output, exit codes, and the same answer from libcontrast."""
import base64
import hashlib
import importlib.util
import json
import os
import pathlib

import pytest

from deployment import BUILD, run

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("CONTRAST_SHARED_DATA", ROOT.parent / "shared" / "data")) / "vectors"
SNP = DATA / "snp"
TDX = DATA / "tdx"
needs_vectors = pytest.mark.skipif(not SNP.is_dir(), reason="no vectors folder")
GENOA = [SNP / "ms-tav/genoa_vcek.pem", SNP / "go-sev-guest/ask_ark_genoa.pem"]
GENOA_REPORT = SNP / "ms-tav/genoa_attestation_report.bin"


def contrast(*args, home=None, **kw):
    env = dict(os.environ, HOME=str(home or "/nonexistent"))
    env.pop("CONTRAST_CACHE_DIR", None)
    return run(BUILD / "contrast", "evidence", *args, env=env, **kw)


@needs_vectors
@pytest.mark.parametrize("args, code, text", [
    ([GENOA_REPORT, "-e", *GENOA], 0, "revocation: not checked"),
    ([GENOA_REPORT, "-e", *GENOA, "--require-revocation"], 3, "snp/crl-missing"),
    ([GENOA_REPORT], 3, "snp-vcek Genoa/"),
    ([GENOA_REPORT, "-e", GENOA[0], SNP / "go-sev-guest/ask_ark_milan.pem"], 1, "snp/root"),
    ([GENOA_REPORT, "-e", *GENOA, "--time", "2050-01-01T00:00:00Z"], 1, "snp/chain"),
    ([SNP / "fraunhofer-cmc/report_bad_signature.bin", "-e", SNP / "fraunhofer-cmc/vcek_valid.pem",
      SNP / "go-sev-guest/ask_ark_milan.pem"], 1, "snp/signature"),
    ([SNP / "fraunhofer-cmc/report_bad_data.bin"], 2, "firmware response"),
    ([SNP / "ms-tav/genoa_vcek.pem"], 2, "no evidence"),
    ([SNP / "ms-sidecar/snp_report.bin", "-e", SNP / "ms-sidecar/uvm_host_amd_certificate.json"], 0,
     "accepted"),
    ([TDX / "dcap-qvl/tdx_quote", "-e", TDX / "dcap-qvl/tdx_quote_collateral.json",
      "-t", "2025-07-01T00:00:00Z", "--require-revocation"], 0, "TCB status  UpToDate"),
    ([TDX / "dcap-qvl/tdx_quote", "-e", TDX / "dcap-qvl/tdx_quote_collateral.json"], 1,
     "tdx/crl-expired"),
    ([TDX / "dcap-qvl/sgx_quote"], 2, "tdx/tee"),
])
def test_verify(args, code, text):
    done = contrast("verify", *args)
    assert done.returncode == code, done.stdout + done.stderr
    assert text in done.stdout + done.stderr


def snp_rows():
    path = DATA / "MANIFEST.json"
    return [r for r in json.loads(path.read_text()) if r["kind"] == "snp"] if path.exists() else []


@pytest.mark.parametrize("row", snp_rows(), ids=lambda r: f"{r['report']}+{pathlib.Path(r['vek']).name}")
def test_every_report_has_the_verdict_that_the_vectors_name(row):
    files = [DATA / row[key] for key in ("vek", "chain") if row.get(key)]
    time = ["--time", row["verify_time"]] if row["verify_time"].startswith("20") else []
    done = contrast("verify", DATA / row["report"], "-e", *files, *time)
    if row["crypto_verdict"] == "valid":
        assert done.returncode == 0, done.stderr
    else:
        # Another size is no report at all; whatever else is wrong is a rejection, never "missing".
        assert done.returncode == (1 if row["size"] == 1184 else 2), done.stdout + done.stderr


@needs_vectors
def test_show_has_every_field():
    done = contrast("show", GENOA_REPORT, "-e", *GENOA, "-o", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["product"] == "Genoa" and told["version"] == 3
    assert told["policy"]["debugAllowed"] is False and told["reported_tcb"]["microcode"] == 0x54
    assert told["minimumTCBOfThisPlatform"]["MicrocodeVersion"] == 0x54
    assert [c["subject"] for c in told["endorsements"]["certificates"]] == ["SEV-VCEK", "SEV-Genoa",
                                                                            "ARK-Genoa"]


def manifest_of(told, **changes):
    tcb = told["minimumTCBOfThisPlatform"]
    snp = {"Platform": "test", "ProductName": told["product"], "TrustedMeasurement": told["measurement"],
           "MinimumTCB": tcb, "GuestPolicy": {"SMT": True, "ABIMinor": 31},
           "PlatformInfo": {"SMTEnabled": True, "TSMEEnabled": True, "ECCEnabled": True,
                            "AliasCheckComplete": True}}
    snp.update(changes)
    return {"Policies": {told["host_data"]: {"SANs": ["web"], "Role": "coordinator"}},
            "ReferenceValues": {"snp": [snp]}, "WorkloadOwnerPubKeys": []}


@needs_vectors
def test_policy_and_library_agree(tmp_path):
    told = json.loads(contrast("show", GENOA_REPORT, "-e", *GENOA, "-o", "json").stdout)
    spec = importlib.util.spec_from_file_location("verify", ROOT / "examples/verify/verify.py")
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    lib = example.load(str(BUILD / "src/cmd/libcontrast/libcontrast.so.0"))
    blobs = [p.read_bytes() for p in GENOA]
    path = tmp_path / "manifest.json"
    rows = [({}, 0, ""), ({"TrustedMeasurement": "11" * 48}, 1, "snp/measurement"),
            ({"MinimumTCB": dict(told["minimumTCBOfThisPlatform"], SNPVersion=99)}, 1, "snp/tcb-min"),
            ({"ProductName": "Milan"}, 1, "snp/product-denied")]
    for changes, code, reason in rows:
        path.write_text(json.dumps(manifest_of(told, **changes)))
        done = contrast("verify", GENOA_REPORT, "-e", *GENOA, "-p", path,
                        "--report-data", told["report_data"], "-o", "json")
        assert done.returncode == code, done.stdout + done.stderr
        answer = json.loads(done.stdout)
        assert answer.get("reason", "") == reason
        v = example.verify(lib, path.read_bytes(), GENOA_REPORT.read_bytes(),
                           bytes.fromhex(told["report_data"]), blobs, 1795500000,
                           example.REVOCATION_OPTIONAL)
        assert (v.accepted == 1) == (code == 0) and v.reason.decode() == reason
    path.write_text(json.dumps(manifest_of(told)))
    done = contrast("verify", GENOA_REPORT, "-e", *GENOA, "-p", path, "--report-data", "01" * 64)
    assert done.returncode == 1 and "snp/report-data" in done.stderr


CCEL = TDX / "go-tdx-guest/ccel_data.dat"
CCEL_QUOTE = TDX / "go-tdx-guest/cos-113-tdx-quote.dat"


@needs_vectors
def test_log_adds_up_to_the_quote_of_its_boot():
    done = contrast("log", CCEL, "--quote", CCEL_QUOTE, "-o", "json")
    assert done.returncode == 0, done.stderr
    log = json.loads(done.stdout)
    shown = json.loads(contrast("show", CCEL_QUOTE, "-o", "json").stdout)
    assert log["quote"] == ["equal"] * 4 and len(log["events"]) == 43
    assert all(value in json.dumps(shown) for value in log["rtmrs"])
    assert {"grub_cmd: set default=2", "grub_cmd: set timeout=0"} <= {
        e.get("text") for e in log["events"] if e["register"] == "RTMR2" and e["dataMatches"]}


@needs_vectors
def test_log_of_another_boot_is_refused(tmp_path):
    changed = bytearray(CCEL.read_bytes())
    at = changed.index(b"grub_cmd: set timeout=0") - 20  # within the digest before the data
    changed[at] ^= 1
    (tmp_path / "log").write_bytes(changed)
    for log, code, text in [(tmp_path / "log", 1, "1 differ"), (TDX / "trustee/CCEL_data", 1, "3 differ"),
                            (CCEL_QUOTE, 2, "E-TDX-020"), (GENOA_REPORT, 2, "E-TDX-020")]:
        done = contrast("log", log, "--quote", CCEL_QUOTE)
        assert done.returncode == code and text in done.stderr, (log, done)
    done = contrast("log", CCEL, "--quote", GENOA_REPORT)
    assert done.returncode == 2 and "E-TDX-022" in done.stderr


def test_a_file_that_is_too_large_is_named(tmp_path):
    big = tmp_path / "big"
    big.write_bytes(bytes(1 << 21))
    done = contrast("show", big)
    assert done.returncode == 2 and str(big) in done.stderr and "1048576 bytes" in done.stderr


@needs_vectors
def test_old_parts_of_a_platform_are_named():
    quote = TDX / "automata-dcap/quotev4.bin"
    collateral = [TDX / "automata-dcap" / f"solana_{name}" for name in
                  ("tcb_info_v3_with_tdx_module.json", "qe_identity.json", "signing.der", "intel_root_ca_crl.der",
                   "pck_platform_crl.der")]
    done = contrast("verify", quote, "-e", *collateral, "--time", "2025-07-20T00:00:00Z", "-o", "json")
    judged = json.loads(done.stdout)
    newest = json.loads(collateral[0].read_text())["tcbInfo"]["tcbLevels"][0]["tcb"]
    assert done.returncode == 0 and judged["tcbStatus"] == "OutOfDate"
    for part in judged["tcbOld"].split(", "):
        name, got, want = part.split(": ")[0], *map(int, part.split(": ")[1].split(" of "))
        assert got < want
        if name.startswith("SGX component"):
            assert newest["sgxtcbcomponents"][int(name.split()[-1]) - 1]["svn"] == want
        elif name == "PCE":
            assert newest["pcesvn"] == want
    old = contrast("verify", TDX / "dcap-qvl/tdx_quote_outdated", "-e",
                   TDX / "dcap-qvl/tdx_quote_outdated_collateral.json", "--time", "2026-03-01T00:00:00Z")
    assert old.returncode == 1 and "tdx/tcb-unsupported" in old.stderr and "SGX component 8: 3 of 5" in old.stderr


@needs_vectors
def test_a_paravisors_report_is_bound_to_its_runtime_data(tmp_path):
    hcl = SNP / "trustee-az-snp-vtpm/hcl-report.bin"
    certs = SNP / "trustee-az-snp-vtpm/vcek.pem"
    assert contrast("verify", hcl, "-e", certs).returncode == 0
    other = contrast("verify", hcl, "-e", certs, "--report-data", "11" * 64)
    assert other.returncode == 1 and "tpm/missing" in other.stderr
    changed = bytearray(hcl.read_bytes())
    changed[0x4d4 + 40] ^= 1  # within the key of the runtime data
    (tmp_path / "hcl").write_bytes(changed)
    done = contrast("verify", tmp_path / "hcl", "-e", certs)
    assert done.returncode == 1 and "tpm/runtime" in done.stderr


@needs_vectors
@pytest.mark.parametrize("name, authority", [("v0", "milan"), ("v1", "milan"), ("v2", "milan"), ("genoa", "genoa")])
def test_a_virtual_tpms_quote_is_shown_and_judged(name, authority):
    file = SNP / f"trustee-az-snp-vtpm/evidence-{name}.json"
    certs = SNP / f"go-sev-guest/ask_ark_{authority}.pem"
    shown = json.loads(contrast("show", file, "-o", "json").stdout)
    quote, runtime = shown["vtpm"]["quote"], shown["vtpm"]["runtimeData"]
    assert shown["type"] == "snp-vtpm" and quote["selection"]["registers"] == list(range(24))
    assert [k["kid"] for k in runtime["keys"]] == ["HCLAkPub", "HCLEkPub"]
    assert hashlib.sha256(bytes.fromhex("".join(shown["vtpm"]["pcrs"].values()))).hexdigest() == quote["pcrDigest"]
    judged = contrast("verify", file, "-e", certs, "--nonce", quote["extraData"], "-o", "json")
    assert judged.returncode == 0 and json.loads(judged.stdout)["type"] == "snp-vtpm"
    for arguments in (["--nonce", quote["extraData"][2:]], ["--report-data", "00" * 64]):
        judged = contrast("verify", file, "-e", certs, *arguments)
        assert judged.returncode == 1 and "tpm/nonce" in judged.stderr
    for nonce in ("", "0", "zz", "00" * 67):
        assert contrast("verify", file, "-e", certs, "--nonce", nonce).returncode == 2
    bare = contrast("verify", SNP / "ms-tav/milan_attestation_report.bin", "--nonce", "00")
    assert bare.returncode == 2 and "E-CLI-043" in bare.stderr


@needs_vectors
def test_a_tds_virtual_tpm():
    collateral = [TDX / "automata-dcap" / name for name in
                  ("solana_tcb_info_v3_with_tdx_module.json", "solana_qe_identity.json", "solana_signing.der")]
    for name in ("v0", "v1"):
        file = TDX / f"trustee/evidence-{name}.json"
        judged = contrast("verify", file, "-e", *collateral, "--time", "2025-07-20T00:00:00Z", "--nonce",
                          b"challenge".hex(), "-o", "json")
        verdict = json.loads(judged.stdout)
        assert judged.returncode == 0 and verdict["type"] == "tdx-vtpm" and verdict["tcbStatus"] == "OutOfDate"
        assert json.loads(contrast("show", file, "-o", "json").stdout)["vtpm"]["quote"]["extraData"] == b"challenge".hex()
        log = contrast("log", TDX / "go-tdx-guest/ccel_data.dat", "--quote", file)
        assert log.returncode == 1  # of another TD, and yet a quote


@needs_vectors
def test_a_manifest_names_registers_of_a_virtual_tpm(tmp_path):
    file = SNP / "trustee-az-snp-vtpm/evidence-genoa.json"
    certs = SNP / "go-sev-guest/ask_ark_genoa.pem"
    shown = json.loads(contrast("show", file, "-o", "json").stdout)
    pcrs = shown["vtpm"]["pcrs"]
    named = {i: pcrs[i] for i in ("0", "4", "7", "9", "11")}

    def judge(**reference):
        (tmp_path / "m.json").write_text(json.dumps(manifest_of({**shown, "host_data": "11" * 32}, **reference)))
        done = contrast("verify", file, "-e", certs, "--policy", tmp_path / "m.json", "-o", "json")
        return done.returncode, json.loads(done.stdout)

    # What register 8 was extended with nobody can tell from it, and it is no policy of ours: all fits but that.
    code, verdict = judge(Pcrs=named)
    assert code == 1 and verdict["reason"] == "tpm/policy" and verdict["got"] == pcrs["8"]
    code, verdict = judge(Pcrs={**named, "9": "00" * 32, "11": "11" * 32})
    assert code == 1 and [d["detail"] for d in verdict["differences"]] == ["register 9 differs", "register 11 differs"]
    assert verdict["expected"] == "00" * 32 and verdict["got"] == pcrs["9"]
    code, verdict = judge()
    assert code == 1 and verdict["reason"] == "tpm/no-reference"


SEEDS = ROOT / "tests/fuzz/corpus/evidence_verify"
MINTED = "2026-11-24T00:00:00Z"


def minted(name):
    """Evidence of a made-up AMD, parts by kind, as tests/fuzz/evidence/seeds.c writes them."""
    data, parts, at = (SEEDS / name).read_bytes(), {}, 0
    while at < len(data):
        size = int.from_bytes(data[at + 1:at + 3], "big")
        parts.setdefault(data[at], []).append(data[at + 3:at + 3 + size])
        at += 3 + size
    return parts


def document_of(parts, **more):
    text = {k: base64.b64encode(v).decode() for k, v in more.pop("vtpm", {}).items()}
    return {"type": "snp", "evidence": base64.b64encode(parts[0][0]).decode(), **({"vtpm": text} if text else {}),
            "endorsements": {"certificates": [base64.b64encode(c).decode() for c in parts[2]],
                             "crls": [base64.b64encode(c).decode() for c in parts[3]]}, **more}


def insecure_manifest(path, parts, policy, **more):
    """The made-up root is the last certificate; its key id is what a set names."""
    ark = path.with_suffix(".der")
    ark.write_bytes(parts[2][-1])
    key = run("openssl", "x509", "-inform", "DER", "-in", ark, "-noout", "-pubkey").stdout
    spki = base64.b64decode("".join(key.splitlines()[1:-1]))
    tcb = {"BootloaderVersion": 10, "TEEVersion": 0, "SNPVersion": 23, "MicrocodeVersion": 200}
    snp = {"ProductName": "Genoa", "TrustedMeasurement": "00" * 48, "MinimumTCB": tcb,
           "TrustRoot": hashlib.sha256(spki).hexdigest(), **more}
    path.write_text(json.dumps({"Insecure": True, "Policies": {policy: {"SANs": ["c"], "Role": "coordinator"}},
                                "ReferenceValues": {"snp": [snp]}}))
    return path


@pytest.mark.parametrize("name, more, code, reason", [
    ("VLEK of the provider", {"CspID": "CN=cc.example"}, 0, "accepted by reference set 0"),
    ("VLEK of another", {"CspID": "CN=cc.examples"}, 1, "snp/csp-id"),
    ("VCEK wanted", {}, 1, "snp/vlek-denied"),
])
def test_a_providers_key(name, more, code, reason, tmp_path):
    parts = minted("snp-vlek")
    manifest = insecure_manifest(tmp_path / "m.json", parts, bytes(range(0xc0, 0xe0)).hex(), **more)
    (tmp_path / "report").write_bytes(parts[0][0])
    (tmp_path / "document").write_text(json.dumps(document_of(parts)))
    certs = [tmp_path / f"{i}" for i in range(4)]
    for path, der in zip(certs, parts[2] + parts[3]):
        path.write_bytes(der)
    for file, endorsements in (("report", ["-e", *certs]), ("document", [])):
        shown = contrast("show", tmp_path / file, *endorsements)
        assert "CN=cc.example" in shown.stdout and "VLEK" in shown.stdout
        done = contrast("verify", tmp_path / file, *endorsements, "--policy", manifest, "--insecure", "--time", MINTED,
                        "--report-data", "00" * 64, "--require-revocation")
        assert done.returncode == code and reason in done.stdout + done.stderr


REGISTERS = {"4": "00" * 32, "11": "00" * 32}


@pytest.mark.parametrize("name, more, arguments, code, reason", [
    ("sound", {"Pcrs": REGISTERS}, ["--report-data", "00" * 64], 0, "accepted by reference set 0"),
    ("another session", {"Pcrs": REGISTERS}, ["--report-data", "01" + "00" * 63], 1, "tpm/nonce"),
    ("another kernel", {"Pcrs": {**REGISTERS, "4": "01" * 32}}, [], 1, "tpm/pcr"),
    ("a set for bare reports", {}, [], 1, "tpm/no-reference"),
])
def test_a_virtual_tpm_on_any_machine(name, more, arguments, code, reason, tmp_path):
    parts = minted("snp-vtpm")
    manifest = insecure_manifest(tmp_path / "m.json", parts, "01" + "00" * 31, **more)
    vtpm = {"runtimeData": parts[6][0], "message": parts[7][0], "signature": parts[8][0], "pcrs": parts[9][0]}
    (tmp_path / "d").write_text(json.dumps(document_of(parts, type="snp-vtpm", vtpm=vtpm)))
    done = contrast("verify", tmp_path / "d", "--policy", manifest, "--insecure", "--time", MINTED, "--require-revocation",
                    *arguments)
    assert done.returncode == code and reason in done.stdout + done.stderr
    if code == 0:
        assert "policy      01" + "00" * 31 in done.stdout


@needs_vectors
def test_tcb_of_a_fleet(tmp_path):
    """Folders of certificates, several machines: a minimum, its laggard, and its source."""
    reports = [SNP / "automata-snp-sdk/report.bin", SNP / "ms-sidecar/snp_report.bin",
               SNP / "fraunhofer-cmc/report_bad_signature.bin"]
    certs = [SNP / "go-sev-guest", SNP / "automata-snp-sdk", SNP / "ms-sidecar",
             SNP / "fraunhofer-cmc/vcek_valid.pem"]
    done = contrast("tcb", *reports, "-e", *certs, "-o", "json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    fleet, = said["fleets"]
    assert (fleet["counted"], fleet["platforms"]) == (2, 3)
    assert fleet["now"]["MinimumTCB"] == {
        "BootloaderVersion": 3, "TEEVersion": 0, "SNPVersion": 8, "MicrocodeVersion": 115}
    assert fleet["afterUpdate"]["MinimumCommittedFirmware"] == "1.55.20"
    assert fleet["laggards"] == [str(reports[1])]
    assert said["platforms"][2]["reason"] == "snp/signature"
    text = contrast("tcb", *reports, "-e", *certs)
    assert "advice: SNP 8 of 22, microcode 115 of 209" in text.stdout
    assert "source of now" in text.stdout and "AMD-SB-3019" in text.stdout
    alone = contrast("tcb", reports[0])
    assert alone.returncode == 1 and "--unverified" in alone.stderr
    # An entry of configfs-tsm: the report, and the host's table or nothing beside it.
    entry = tmp_path / "entry"
    entry.mkdir()
    (entry / "outblob").write_bytes(reports[0].read_bytes())
    (entry / "auxblob").write_bytes(b"")
    done = contrast("tcb", entry, "-e", *certs)
    assert done.returncode == 0, done.stderr
    done = contrast("verify", entry, "-e", SNP / "automata-snp-sdk", SNP / "go-sev-guest/ask_ark_milan.pem")
    assert done.returncode == 0, done.stderr + done.stdout


@needs_vectors
def test_endorsements_of_a_whole_fleet():
    """All chains of all products, all statements of all platforms: each takes its own."""
    rest = [SNP / "go-sev-guest", SNP / "ms-tav", TDX / "automata-dcap", TDX / "trustee/tcbInfo.json",
            TDX / "trustee/enclaveIdentity.json"]
    for report in ("milan", "genoa", "turin"):
        done = contrast("verify", SNP / f"ms-tav/{report}_attestation_report.bin", "-e", *rest)
        assert done.returncode == 0, done.stdout + done.stderr
    done = contrast("verify", TDX / "trustee/tdx_quote_6.dat", "-e", *rest, "-t", "2025-11-01T00:00:00Z",
                    "--require-revocation")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "TCB status  OutOfDate" in done.stdout
