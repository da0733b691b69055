# SPDX-License-Identifier: Apache-2.0
"""A receipt of a verification is checked offline, in another folder, with the same result."""
import json
import shutil

from deployment import BUILD, run


def test_receipt(deployment, tmp_path):
    d = deployment
    c = d.coordinator()
    done = d.set(c)
    assert done.returncode == 0, done.stderr
    done = d.verify(c, "--receipt", "receipt.json", "-o", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)

    other = tmp_path / "auditor"
    other.mkdir()
    shutil.copy(d.folder / "receipt.json", other)
    check = [BUILD / "contrast", "receipt", "verify", "receipt.json"]
    receipt = json.loads((other / "receipt.json").read_text())
    assert (receipt["receipt"], receipt["purpose"]) == (2, "statement") and "exporter" not in receipt
    # No network at all, if the machine lets us take it away.
    bare = run("unshare", "-n", "true")
    check = (["unshare", "-n"] if bare.returncode == 0 else []) + check
    home = other / "home"
    home.mkdir()
    check = ["env", "-i", f"HOME={home}", "PATH=/usr/bin:/bin"] + check
    again = run(*check, "--insecure", "-o", "json", cwd=other)
    assert again.returncode == 0, again.stderr
    repeated = json.loads(again.stdout)
    assert repeated["purpose"] == "statement" and list(home.iterdir()) == []
    for name in ("genesis", "head", "generation", "manifest", "coordinator_policy", "root_key"):
        assert repeated[name] == told[name], name

    refused = run(*check, cwd=other)
    assert refused.returncode == 1 and "E-SESSION-008" in refused.stderr
    shutil.copy(d.folder / "genesis.json", other)
    ok = run(*check, "--insecure", "--genesis", "genesis.json", "-m", d.folder / "manifest.json", cwd=other)
    assert ok.returncode == 0 and ok.stdout.splitlines()[-1].startswith("verified: genesis "), ok.stderr
    pins = json.loads((other / "genesis.json").read_text())
    pins["deployment_id"] = "00" * 16
    (other / "genesis.json").write_text(json.dumps(pins))
    refused = run(*check, "--insecure", "--genesis", "genesis.json", cwd=other)
    assert refused.returncode == 1 and "E-RECEIPT-003" in refused.stderr
    late = run(*check, "--insecure", "--time", "2090-01-01T00:00:00Z", cwd=other)
    assert late.returncode == 1 and "E-EVIDENCE-100" in late.stderr

    # The same evidence, said to be that of a connection.
    moved = dict(receipt, purpose="attest", serverKey="00" * 32, exporter="00" * 32)
    (other / "moved.json").write_text(json.dumps(moved))
    refused = run(*["moved.json" if a == "receipt.json" else a for a in check], "--insecure", cwd=other)
    assert refused.returncode == 1 and "report-data" in refused.stderr

    receipt["nonce"] = "ff" + receipt["nonce"][2:]
    (other / "receipt.json").write_text(json.dumps(receipt))
    forged = run(*check, "--insecure", cwd=other)
    assert forged.returncode == 1 and "report-data" in forged.stderr
