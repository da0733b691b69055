# SPDX-License-Identifier: Apache-2.0
"""contrast manifest show and diff, as a user calls them."""
import hashlib
import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CONTRAST_BUILD_ROOT", ROOT / "build"))
SAMPLES = ROOT / "tests/fuzz/corpus/manifest"


def contrast(*args, cwd=None):
    return subprocess.run([str(BUILD / "contrast"), *map(str, args)], capture_output=True, text=True,
                          timeout=60, cwd=cwd)


def test_show_names_what_the_file_does_not():
    run = contrast("manifest", "show", SAMPLES / "full.json", "-o", "json")
    assert run.returncode == 0, run.stderr
    shown = json.loads(run.stdout)
    text = (SAMPLES / "full.json").read_bytes()
    assert shown["sha256"] == hashlib.sha256(text).hexdigest()
    assert shown["owner_threshold"] == 2 and len(shown["owners"]) == 3
    keys = [bytes.fromhex(k) for k in json.loads(text)["WorkloadOwnerPubKeys"]]
    assert shown["owners"] == sorted(hashlib.sha256(k).hexdigest() for k in keys)
    assert shown["manifest"] == json.loads(text)


def test_show_as_text_reads_the_workspace(tmp_path):
    (tmp_path / "manifest.json").write_bytes((SAMPLES / "local.json").read_bytes())
    run = contrast("manifest", "show", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "INSECURE" in run.stdout and "coordinator" in run.stdout


def test_all_faults_of_a_bad_manifest(tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text('{"Policies": {"x": {}}, "policies": 1, "Extra": 2}')
    run = contrast("manifest", "show", bad)
    assert run.returncode == 2 and run.stdout == ""
    for part in ("Policies.x:", 'write "Policies"', "Extra: unknown field",
                 "ReferenceValues: there is no reference set"):
        assert part in run.stderr


def test_a_duplicate_member_has_its_place(tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text('{"Policies": {},\n "Policies": {}}')
    run = contrast("manifest", "show", bad)
    assert run.returncode == 2
    assert "bad.json:2:" in run.stderr


def test_diff(tmp_path):
    same = contrast("manifest", "diff", SAMPLES / "full.json", SAMPLES / "full.json")
    assert (same.returncode, same.stdout, same.stderr) == (0, "", "")
    # Layout and order are no difference.
    other = json.loads((SAMPLES / "full.json").read_text())
    other["WorkloadOwnerPubKeys"].reverse()
    path = tmp_path / "other.json"
    path.write_text(json.dumps(dict(reversed(other.items()))))
    assert contrast("manifest", "diff", SAMPLES / "full.json", path).returncode == 0
    other["ReferenceValues"]["snp"][0]["MinimumTCB"]["SNPVersion"] = 22
    path.write_text(json.dumps(other))
    run = contrast("manifest", "diff", SAMPLES / "full.json", path)
    assert run.returncode == 1
    assert run.stdout == "~ ReferenceValues.snp[0].MinimumTCB.SNPVersion: 23 -> 22\n"
    run = contrast("manifest", "diff", "-o", "json", SAMPLES / "full.json", path)
    assert json.loads(run.stdout) == [{"kind": "changed", "before": "23", "after": "22",
                                       "path": "ReferenceValues.snp[0].MinimumTCB.SNPVersion"}]


def test_usage():
    assert contrast("manifest", "diff", SAMPLES / "full.json").returncode == 2
    assert contrast("manifest", "show", "/nonexistent.json").returncode == 2
