# SPDX-License-Identifier: Apache-2.0
"""The model of evidence agrees with what is known of real quotes, and finds the software processor's good by the same rules."""
import base64
import datetime
import hashlib
import json
import os
import pathlib
import socket
import struct
import subprocess

import pytest
import quote as m
import report as snp

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CONTRAST_BUILD_ROOT", ROOT / "build"))
DATA = pathlib.Path(os.environ.get("CONTRAST_SHARED_DATA", ROOT.parent / "shared" / "data")) / "vectors"
PROCESSOR = BUILD / "tests" / "test-processor"
needs_vectors = pytest.mark.skipif(not (DATA / "MANIFEST.json").exists(), reason="no vectors folder")
needs_processor = pytest.mark.skipif(not PROCESSOR.exists(), reason="test-processor is not built")
MRTD, POLICY, REPORT_DATA = "2a" * 48, "7b" * 32, bytes(range(64))


def real_quotes():
    if not (DATA / "MANIFEST.json").exists():
        return []
    return [e for e in json.loads((DATA / "MANIFEST.json").read_text()) if e.get("kind") == "tdx" and "mrtd" in e]


@needs_vectors
@pytest.mark.parametrize("entry", real_quotes(), ids=lambda e: e["quote"])
def test_real_quotes(entry):
    data = (DATA / entry["quote"]).read_bytes()
    when = datetime.datetime.fromisoformat(entry["pck_not_before"]).replace(tzinfo=None) + datetime.timedelta(days=1)
    data = data[:len(data) - entry["trailing_bytes"]]
    q = m.parse(data)
    assert q["version"] == entry["version"]
    for name in ("mrtd", "mrconfigid", "mrowner", "report_data", "xfam", "tee_tcb_svn"):
        assert q[name].hex() == entry[name], name
    assert [q[f"rtmr{i}"].hex() for i in range(4)] == entry["rtmr"]
    assert entry["crypto_verdict"] == "valid"
    leaf, _, root = m.authentic(q, when)
    assert root.fingerprint(m.hashes.SHA256()).hex() == m.INTEL_ROOT
    facts = m.pck_facts(leaf)
    assert (facts["comp"], facts["pcesvn"], facts["fmspc"].hex()) == (entry["pck_comp"], entry["pcesvn"], entry["fmspc"])
    for at in range(0, len(q["signed"]) + 4 + 128, 5):
        changed = bytearray(data)
        changed[at] ^= 1
        with pytest.raises(m.Refused):
            m.authentic(m.parse(bytes(changed)), when)


def read(stream, n):
    data = b""
    while len(data) < n:
        more = stream.recv(n - len(data))
        assert more, "the socket ended"
        data += more
    return data


def make(folder, suffix):
    """Values and a document of the software processor."""
    state, report = folder / "state", folder / "report.sock"
    values = json.loads(subprocess.run([PROCESSOR, "values" + suffix, state, MRTD], capture_output=True, check=True).stdout)
    process = subprocess.Popen([PROCESSOR, "serve" + suffix, state, MRTD, POLICY, "normal", report,
                                folder / "evidence.sock"], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"ready\n"
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(str(report))
            s.sendall(struct.pack(">IBB", 66, 1, 1) + REPORT_DATA)
            answer = read(s, struct.unpack(">I", read(s, 4))[0])
    finally:
        process.kill()
        process.wait()
    assert answer[:3] == bytes([1, 0, 2 if suffix else 1])
    return json.loads(answer[3:]), values["tdx"][0] if suffix else values


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A document of the software quoter, and the root that its reference values name."""
    return make(tmp_path_factory.mktemp("quoter"), "-tdx")


def now():
    return datetime.datetime.utcnow()


@needs_processor
def test_software_quote(made):
    document, values = made
    q, facts = m.judge(document, values["TrustRoot"], now())
    assert q["report_data"] == REPORT_DATA
    assert q["mrconfigid"].hex() == POLICY + "00" * 16
    assert (q["mrtd"].hex(), q["mrseam"].hex(), q["xfam"].hex()) == (MRTD, values["MrSeam"], values["Xfam"])
    assert [q[f"rtmr{i}"].hex() for i in range(4)] == values["Rtmrs"]
    assert q["tdattributes"] == bytes.fromhex("0000001000000000")
    assert facts["type"] == 2 and len(facts["piid"]) == 16


@needs_processor
def test_software_quote_under_intels_rules(made):
    """It does not pass for Intel's, at no other time, and not without any of its endorsements."""
    document, values = made
    root, when = values["TrustRoot"], now()
    assert m.chain(m.parse(base64.b64decode(document["evidence"]))["pem"], when)[2].fingerprint(m.hashes.SHA256()).hex() \
        != m.INTEL_ROOT
    for wrong_root, days in ((hashlib.sha256(b"other").hexdigest(), 0), (root, 31), (root, -1)):
        with pytest.raises(m.Refused):
            m.judge(document, wrong_root, when + datetime.timedelta(days=days))
    for member in ("certificates", "crls"):
        for i in range(len(document["endorsements"][member])):
            less = json.loads(json.dumps(document))
            kept = less["endorsements"][member]
            subject = m.name(m.x509.load_der_x509_certificate(base64.b64decode(kept[i]))) if member == "certificates" else ""
            del kept[i]
            if "Root" in subject:
                m.judge(less, root, when)  # the quote brings the root itself
                continue
            with pytest.raises(m.Refused):
                m.judge(less, root, when)


@needs_processor
def test_every_byte_of_a_software_quote(made):
    """The model finds a change of any byte up to the certificates, and of every statement."""
    document, values = made
    data, when = base64.b64decode(document["evidence"]), now()
    for at in range(len(data) - len(m.parse(data)["pem"])):
        changed = bytearray(data)
        changed[at] ^= 1
        with pytest.raises(m.Refused):
            m.authentic(m.parse(bytes(changed)), when)
    for member in ("tcbInfo", "qeIdentity"):
        text = base64.b64decode(document["endorsements"][member])
        for at in range(text.index(b"evaluation") if b"evaluation" in text else 60, len(text) - 140, 11):
            other = json.loads(json.dumps(document))
            changed = bytearray(text)
            changed[at] ^= 1
            other["endorsements"][member] = base64.b64encode(changed).decode()
            with pytest.raises((m.Refused, ValueError, KeyError)):
                m.judge(other, values["TrustRoot"], when)


@needs_processor
def test_software_report(tmp_path):
    document, values = make(tmp_path, "")
    r = snp.judge(document, values["TrustRoot"], now())
    assert (r["version"], r["policy"], r["report_data"]) == (3, 0x30000, REPORT_DATA)
    assert (r["measurement"].hex(), r["host_data"].hex()) == (MRTD, POLICY)
    data = base64.b64decode(document["evidence"])
    for at in range(0, snp.SIZE, 3):
        changed = bytearray(data)
        changed[at] ^= 1
        with pytest.raises(m.Refused):
            snp.judge(dict(document, evidence=base64.b64encode(changed).decode()), values["TrustRoot"], now())
    with pytest.raises(m.Refused):
        snp.judge(document, "00" * 32, now())
    with pytest.raises(m.Refused):
        snp.judge(document, values["TrustRoot"], now() + datetime.timedelta(days=31))
