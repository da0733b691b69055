# SPDX-License-Identifier: Apache-2.0
"""The decoder as WebAssembly says what the native one says, and nothing about acceptance."""
import json
import pathlib
import shutil
import subprocess

import pytest

from deployment import run
from test_evidence import ROOT, SNP, TDX, contrast, needs_vectors

HOST = pathlib.Path(__file__).with_name("evidence_wasm.js")
MODULE = ROOT / "build-wasm/contrast-evidence.wasm"
pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="nodejs is not installed"),
    pytest.mark.skipif(shutil.which("wasm-ld") is None or not pathlib.Path("/usr/include/wasm32-wasi").is_dir(),
                       reason="lld and wasi-libc are not installed"),
]
REPORTS = [SNP / "ms-tav/genoa_attestation_report.bin", SNP / "ms-tav/genoa_vcek.pem", TDX / "dcap-qvl/tdx_quote",
           TDX / "automata-dcap/quotev5.dat", SNP / "azure-cvm-tooling/quote.bin"]


@pytest.fixture(scope="module")
def module():
    run(ROOT / "scripts/wasm", check=True)
    return MODULE


def decode(module, *files):
    out = subprocess.run(["node", HOST, module, *files], capture_output=True, text=True, check=True, timeout=120)
    return [json.loads(line) for line in out.stdout.splitlines()]


def uncertified(shown):
    """What needs no reader of certificates."""
    return {k: v for k, v in shown.items() if k not in ("endorsements", "pckChain", "checked")}


def test_the_verifier_is_not_in_it(module):
    names = module.read_bytes()
    assert b"evidence_show" in names, "the names were stripped: the next line could not fail"
    for absent in (b"evidence_verify", b"snp_judge", b"tdx_judge", b"accepted"):
        assert absent not in names


@needs_vectors
def test_same_as_native(module):
    decoded = decode(module, *REPORTS)
    codes = []
    for file, (code, text) in zip(REPORTS, decoded, strict=True):
        native = contrast("show", file, "-o", "json")
        assert (code == 0) == (native.returncode == 0), (file, text)
        codes.append(code)
        if code == 0:
            shown = json.loads(text)
            assert uncertified(shown) == uncertified(json.loads(native.stdout))
            assert shown["checked"]["signatures"] == "not checked"
        else:
            assert text.startswith("E-EVIDENCE-")
    assert codes.count(0) >= 3


@needs_vectors
def test_hostile_input(module, tmp_path):
    """Truncations and flipped bytes are answered, not trapped on, by one instance; the last file is whole."""
    files = []
    for source in (REPORTS[0], REPORTS[2]):
        whole = source.read_bytes()
        for n in range(0, len(whole), 61):
            files.append(tmp_path / f"{source.name}-{n}")
            files[-1].write_bytes(whole[:n])
            files.append(tmp_path / f"{source.name}-{n}-flipped")
            files[-1].write_bytes(whole[:n] + bytes([whole[n] ^ 0xff]) + whole[n + 1:])
        files.append(source)
    answers = decode(module, *files)
    assert len(answers) == len(files)
    assert answers[-1][0] == 0 and answers[0][0] == 1
    too_large = tmp_path / "large"
    too_large.write_bytes(bytes(1024 * 1024 + 1))
    assert decode(module, too_large) == [[1, "too large"]]
