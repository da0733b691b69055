# SPDX-License-Identifier: Apache-2.0
"""Collateral of a whole fleet: fetched, bundled, carried to a machine without network, and its end told."""
import base64
import hashlib
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import time

import pytest

from deployment import BUILD, run
from origin import Origin, issuer_chain
from test_evidence import DATA, SNP, TDX, needs_vectors

CONTRAST = BUILD / "contrast"
THEN = "2025-07-20T00:00:00Z"  # everything recorded was good then
TAV = SNP / "ms-tav"
MACHINES = {"Milan": ("fraunhofer-cmc/report_valid.bin", "fraunhofer-cmc/vcek_valid.pem"),
            "Genoa": ("trustee-az-snp-vtpm/evidence-genoa.snp-report.bin", "trustee-az-snp-vtpm/evidence-genoa.vcek.pem")}
DCAP = TDX / "automata-dcap"
QUOTE = DCAP / "quotev4.bin"


def contrast(*args, home, **kw):
    env = {"HOME": str(home), "XDG_CACHE_HOME": "", "CONTRAST_CACHE_DIR": str(home / "cache")}
    return run(CONTRAST, *args, env=env, **kw)


@pytest.fixture
def origin():
    with Origin() as o:
        signer = run("openssl", "x509", "-inform", "der", "-in", DCAP / "solana_signing.der", check=True).stdout
        chain = issuer_chain(signer.encode())
        o.put("/tdx/certification/v4/tcb", (DCAP / "solana_tcb_info_v3_with_tdx_module.json").read_bytes(),
              {"TCB-Info-Issuer-Chain": chain})
        o.put("/tdx/certification/v4/qe/identity", (DCAP / "solana_qe_identity.json").read_bytes(),
              {"SGX-Enclave-Identity-Issuer-Chain": chain})
        # As a PCCS has it.
        o.put("/sgx/certification/v4/rootcacrl", (DCAP / "solana_intel_root_ca_crl.der").read_bytes().hex().encode())
        o.put("/sgx/certification/v4/pckcrl", (DCAP / "solana_pck_platform_crl.der").read_bytes())
        for product, (_, vcek) in MACHINES.items():
            name = product.lower()
            der = subprocess.run(["openssl", "x509", "-in", SNP / vcek, "-outform", "der"],
                                 check=True, capture_output=True).stdout
            o.put(f"/vcek/v1/{product}/", der)
            o.put(f"/vcek/v1/{product}/cert_chain",
                  (TAV / f"{name}_ask.pem").read_bytes() + (TAV / f"{name}_ark.pem").read_bytes())
            o.put(f"/vcek/v1/{product}/crl", b"", status=404)
        yield o


@pytest.fixture
def home(tmp_path):
    path = tmp_path / "home"
    path.mkdir()
    return path


def mirrors(o):
    return ["--kds", o.url, "--pcs", o.url]


def fleet(path):
    """Two products of AMD, one of them in hexadecimal, and a quote, beside other files."""
    path.mkdir()
    for product, (report, _) in MACHINES.items():
        shutil.copy(SNP / report, path / product)
    (path / "Genoa").write_text((SNP / MACHINES["Genoa"][0]).read_bytes().hex())
    shutil.copy(QUOTE, path)
    (path / "README").write_text("machines of the third row\n")
    (path / "old").mkdir()
    return path


def items(bundle):
    return [(i["kind"], i["subject"]) for i in json.loads(bundle.read_text())["items"]]


def offline(*args, home, **kw):
    """Without any network, if the machine lets us take it away."""
    bare = run("unshare", "-n", "true").returncode == 0
    env = {"HOME": str(home), "CONTRAST_CACHE_DIR": str(home / "none")}
    return run(*(["unshare", "-n"] if bare else []), CONTRAST, *args, env=env, **kw)


@needs_vectors
def test_a_fleet_in_one_bundle(origin, tmp_path, home):
    machines, out = fleet(tmp_path / "fleet"), tmp_path / "bundle.json"
    args = ["collateral", "export", out, "-e", machines, "--time", THEN, *mirrors(origin)]
    done = contrast(*args, home=home)
    # AMD's lists are not to be had: all that is missing is named, once, and nothing is written.
    assert done.returncode == 3 and not out.exists(), done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("missing: ")]
    assert sorted(line.split()[2] for line in lines) == ["Genoa/vcek:", "Milan/vcek:"]
    assert all("snp-crl" in line and "404" in line for line in lines), lines
    done = contrast(*args, "--partial", home=home)
    assert done.returncode == 3 and "for 3 pieces of evidence" in done.stdout, done.stderr
    assert "1 files that are no evidence" in done.stderr
    kinds = sorted(kind for kind, _ in items(out))
    assert kinds == sorted(["snp-vcek", "snp-chain"] * 2 + ["tdx-tcb-info", "tdx-qe-identity", "tdx-tcb-chain",
                                                            "tdx-root-crl", "tdx-pck-crl"])
    # What the cache has was not asked for again.
    assert len([a for a in origin.asked if "/tcb" in a]) == 1
    assert len([a for a in origin.asked if "SPL" in a]) == 2
    # It is there already; --force replaces it.
    asked = len(origin.asked)
    done = contrast(*args, home=home)
    assert done.returncode == 4 and "E-COLLATERAL-033" in done.stderr and len(origin.asked) == asked, done.stderr

    other = tmp_path / "other"
    other.mkdir()
    for name in MACHINES:
        done = offline("evidence", "verify", machines / name, "-c", out, "--time", THEN, home=other)
        assert done.returncode == 0 and "revocation: not checked" in done.stdout, done.stdout + done.stderr
    done = offline("evidence", "verify", QUOTE, "-c", out, "--time", THEN, "--require-revocation", home=other)
    assert done.returncode == 0 and "revocation: checked" in done.stdout, done.stdout + done.stderr
    assert list(other.iterdir()) == []


@needs_vectors
def test_a_covering_bundle_makes_no_connection(origin, tmp_path, home):
    out = tmp_path / "bundle.json"
    done = contrast("collateral", "export", out, "-e", QUOTE, "--time", THEN, *mirrors(origin), home=home)
    assert done.returncode == 0 and done.stdout.startswith("5 items for 1 pieces of evidence"), done.stderr
    assert done.stderr == ""  # nothing moves in a pipe
    other = tmp_path / "other"
    other.mkdir()
    verify = ["evidence", "verify", QUOTE, "--time", THEN, "--require-revocation", "--fetch", "-o", "json"]
    with Origin() as broken:
        broken.put("/", b"", status=500)
        done = contrast(*verify, "-c", out, *mirrors(broken), home=other)
        assert done.returncode == 0 and broken.asked == [], done.stderr
        # Imported it serves as well.
        assert contrast("collateral", "import", out, home=other).stdout.startswith("5 items taken")
        done = contrast(*verify, *mirrors(broken), home=other)
        assert done.returncode == 0 and broken.asked == [], done.stderr
        # Without one of its items exactly that one is asked for, and named when it is not to be had.
        bundle = json.loads(out.read_text())
        lost = [i for i in bundle["items"] if i["kind"] == "tdx-pck-crl"]
        bundle["items"] = [i for i in bundle["items"] if i not in lost]
        out.write_text(json.dumps(bundle))
        bare = tmp_path / "bare"
        bare.mkdir()
        done = contrast(*verify, "-c", out, *mirrors(broken), home=bare)
        assert done.returncode == 3, done.stdout + done.stderr
        missing = json.loads(done.stdout)["missing"]
        assert len(missing) == 1 and missing[0].startswith("tdx-pck-crl platform: "), missing
        assert {a.split("?")[0] for a in broken.asked} == {"/sgx/certification/v4/pckcrl"}
    done = offline(*[a for a in verify if a != "--fetch"], "-c", out, home=bare)
    assert json.loads(done.stdout)["missing"] == ["tdx-pck-crl platform: in no bundle and not in the cache"]


@needs_vectors
def test_what_ends_when(origin, tmp_path, home):
    out = tmp_path / "bundle.json"
    contrast("collateral", "export", out, "-e", QUOTE, "--time", THEN, *mirrors(origin), home=home, check=True)
    show = ["collateral", "show", out, "-o", "json", "--time"]
    rows = [("2025-07-20T00:00:00Z", "7d", 0, []), ("2025-07-20T00:00:00Z", "3w", 1, ["tdx-pck-crl"]),
            ("2025-08-07T00:00:00Z", "1h", 1, ["tdx-pck-crl"]), ("2025-07-01T00:00:00Z", "1d", 1, ["tdx-pck-crl"])]
    for when, within, code, some in rows:
        done = contrast(*show, when, "--within", within, home=home)
        told = json.loads(done.stdout)
        assert done.returncode == code, (when, within, done.stdout, done.stderr)
        assert [i["notAfter"] for i in told] == sorted(i["notAfter"] for i in told) and len(told) == 5
        bad = [i["kind"] for i in told if i["state"] != "good"]
        assert set(some) <= set(bad) and bool(some) == bool(bad), (when, bad)
    text = contrast("collateral", "show", out, "--time", "2025-08-07T00:00:00Z", home=home).stdout.splitlines()
    assert "ended" in text[1] and "hours" in text[1] and text[1].split()[0].startswith("tdx-")
    assert contrast("collateral", "show", out, "--within", "soon", home=home).returncode == 2
    # A bundle that has ended is no longer good for verification, and it is said when it ended.
    done = offline("evidence", "verify", QUOTE, "-c", out, "--time", "2025-08-07T00:00:00Z",
                   "--require-revocation", "-o", "json", home=home)
    assert done.returncode in (1, 3), done.stdout
    assert any("tdx-pck-crl platform: the one at hand ended at 2025-08-06" in m
               for m in json.loads(done.stdout)["missing"]), done.stdout
    # What has ended is not exported.
    done = contrast("collateral", "export", tmp_path / "later.json", "--offline", "--time",
                    "2025-08-07T00:00:00Z", home=home)
    assert done.returncode == 0 and "tdx-pck-crl" not in dict(items(tmp_path / "later.json"))


@needs_vectors
def test_an_interrupted_export_leaves_nothing(origin, tmp_path, home):
    origin.delay = 20
    out = tmp_path / "out"
    out.mkdir()
    env = dict(os.environ, CONTRAST_CACHE_DIR=str(home / "cache"))
    child = subprocess.Popen([CONTRAST, "collateral", "export", out / "bundle.json", "-e", QUOTE,
                              "--time", THEN, *mirrors(origin)], env=env, stderr=subprocess.PIPE,
                             # what runs in the background of a shell ignores it, and so would its children
                             preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    until = time.monotonic() + 10
    while not origin.asked and time.monotonic() < until:
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    assert child.wait(10) != 0 and origin.asked
    assert list(out.iterdir()) == []
    assert [p for p in (home / "cache").rglob("*") if p.is_file()] == []


@needs_vectors
def test_progress_is_for_terminals(origin, tmp_path, home):
    master, slave = pty.openpty()
    env = dict(os.environ, CONTRAST_CACHE_DIR=str(home / "cache"), TERM="xterm")
    env.pop("NO_COLOR", None)
    done = subprocess.run([CONTRAST, "collateral", "export", tmp_path / "b.json", "-e", QUOTE,
                           "--time", THEN, *mirrors(origin)], env=env, stderr=slave, stdout=subprocess.PIPE)
    os.close(slave)
    shown = b""
    while select.select([master], [], [], 0.2)[0]:
        try:
            got = os.read(master, 65536)
        except OSError:
            break
        if not got:
            break
        shown += got
    os.close(master)
    assert done.returncode == 0 and b"collateral for" in shown and b"\x1b[" in shown, shown


@needs_vectors
def test_what_reference_sets_need(origin, tmp_path, home):
    manifest = tmp_path / "manifest.json"
    told = json.loads(contrast("evidence", "show", TAV / "genoa_attestation_report.bin", "-e", TAV / "genoa_vcek.pem",
                               "-o", "json", home=home).stdout)
    manifest.write_text(json.dumps({
        "Policies": {"11" * 32: {"SANs": ["web"], "Role": "coordinator"}},
        "ReferenceValues": {"snp": [{"ProductName": "Genoa", "TrustedMeasurement": told["measurement"],
                                     "MinimumTCB": told["minimumTCBOfThisPlatform"]}]},
        "WorkloadOwnerPubKeys": []}))
    done = contrast("collateral", "export", tmp_path / "b.json", "-m", manifest, "--partial", "--time", THEN,
                    *mirrors(origin), home=home)
    assert done.returncode == 3 and "snp-crl Genoa/vcek" in done.stderr, done.stderr
    assert items(tmp_path / "b.json") == [("snp-chain", "Genoa/vcek")]


def test_mirrors_are_checked(tmp_path, home):
    (tmp_path / "report").write_bytes(b"x")
    for url in ("http://mirror.example/", "mirror.example", "https://a.example/?x=1", "ftp://a.example", "https://"):
        done = contrast("collateral", "export", tmp_path / "b.json", "-e", tmp_path / "report", "--kds", url, home=home)
        assert done.returncode == 2 and "E-CLI-044" in done.stderr, (url, done.stderr)


@needs_vectors
def test_mirrors_come_from_the_configuration_too(origin, tmp_path, home):
    config = tmp_path / "contrast.yaml"
    config.write_text(f"kds: {origin.url}/\npcs: {origin.url}/\n")
    done = contrast("collateral", "export", tmp_path / "b.json", "-e", QUOTE, "--time", THEN, "--config", config,
                    home=home)
    assert done.returncode == 0 and len(origin.asked) == 4, done.stderr


@needs_vectors
def test_a_damaged_cache_is_one_line(origin, tmp_path, home):
    args = ["evidence", "verify", QUOTE, "--time", THEN, "--require-revocation", "--fetch", *mirrors(origin)]
    assert contrast(*args, home=home).returncode == 0
    path = home / "cache/tdx-pck-crl/platform"
    path.write_bytes(path.read_bytes()[:100])
    asked = len(origin.asked)
    done = contrast(*args, home=home)
    assert done.returncode == 0 and len(origin.asked) == asked + 1, done.stderr
    assert done.stderr.count("\n") == 1 and str(path) in done.stderr and "fetched anew" in done.stderr
    assert contrast(*args, home=home).stderr == "" and len(origin.asked) == asked + 1
    # A folder that cannot be: it works on, and says so once.
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "cache").write_text("a file where the folder should be")
    done = contrast(*args, home=blocked)
    assert done.returncode == 0 and done.stderr.count("\n") == 1 and "nothing is kept" in done.stderr, done.stderr


def list_of(deployment):
    """The revocation list of the software processor, from the evidence of a Coordinator that brings it."""
    c = deployment.coordinator()
    assert deployment.set(c).returncode == 0
    assert deployment.verify(c, "--receipt", "receipt.json").returncode == 0
    receipt = json.loads((deployment.folder / "receipt.json").read_text())
    assert "evidence" not in receipt  # nothing was added
    answer = json.loads(base64.b64decode(receipt["answer"]))
    return base64.b64decode(answer["evidence"]["endorsements"]["crls"][0])


def test_a_coordinator_without_lists(make_deployment, tmp_path):
    crl = list_of(make_deployment("whole"))
    bundle = tmp_path / "bundle.json"
    bundle.write_text(json.dumps({"version": 1, "items": [
        {"kind": "snp-crl", "subject": "Genoa/vcek", "sha256": hashlib.sha256(crl).hexdigest(),
         "data": base64.b64encode(crl).decode()}]}))
    d = make_deployment("bare")
    c = d.coordinator(policy="bare")
    env = {"CONTRAST_CACHE_DIR": str(tmp_path / "cache")}
    done = d.set(c, env=env)
    assert done.returncode == 1 and "snp/crl-missing" in done.stderr, done.stderr
    assert "snp-crl Genoa/vcek: in no bundle and not in the cache" in done.stderr and "--fetch" in done.stderr
    done = d.set(c, "--collateral", bundle, env=env)
    assert done.returncode == 0, done.stderr
    assert d.verify(c, env=env).returncode == 1
    done = d.verify(c, "--collateral", bundle, "--receipt", "receipt.json", env=env)
    assert done.returncode == 0, done.stderr
    # Whoever reads the receipt needs neither bundle nor network.
    other = tmp_path / "auditor"
    other.mkdir()
    done = offline("receipt", "verify", d.folder / "receipt.json", "--insecure", home=other)
    assert done.returncode == 0 and "revocation checked" in done.stdout, done.stderr
    receipt = json.loads((d.folder / "receipt.json").read_text())
    receipt["evidence"]["endorsements"].pop("crls")
    (other / "receipt.json").write_text(json.dumps(receipt))
    done = offline("receipt", "verify", other / "receipt.json", "--insecure", home=other)
    assert done.returncode == 1 and "snp/crl-missing" in done.stderr
    # From a mirror once, then from the cache.
    with Origin() as o:
        o.put("/vcek/v1/Genoa/crl", crl)
        for _ in range(2):
            done = d.verify(c, "--fetch", "--kds", o.url, env=env)
            assert done.returncode == 0 and o.asked == ["/vcek/v1/Genoa/crl"], done.stderr
    assert d.verify(c, env=env).returncode == 0


def test_a_mirror_with_its_own_authority(tmp_path, home):
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
        "-out", cert, "-days", "2", "-subj", "/CN=mirror", "-addext", "subjectAltName=IP:127.0.0.1", check=True)
    export = ["collateral", "export", tmp_path / "b.json", "-m", tmp_path / "manifest.json", "--partial"]
    (tmp_path / "manifest.json").write_text(json.dumps({
        "Policies": {"11" * 32: {"SANs": ["web"], "Role": "coordinator"}},
        "ReferenceValues": {"snp": [{"ProductName": "Genoa", "TrustedMeasurement": "22" * 48, "MinimumTCB": {
            "BootloaderVersion": 0, "TEEVersion": 0, "SNPVersion": 0, "MicrocodeVersion": 0}}]},
        "WorkloadOwnerPubKeys": []}))
    with Origin(tls=(cert, key)) as o:
        o.put("/vcek/v1/Genoa/cert_chain", cert.read_bytes())
        done = contrast(*export, "--kds", o.url, home=home)
        assert done.returncode == 3 and o.asked == [] and "certificate" in done.stderr, done.stderr
        done = contrast(*export, "--kds", o.url, "--mirror-ca", cert, home=home)
        assert done.returncode == 3 and items(tmp_path / "b.json") == [("snp-chain", "Genoa/vcek")], done.stderr
