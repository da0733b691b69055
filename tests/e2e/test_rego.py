# SPDX-License-Identifier: Apache-2.0
"""contrast policy eval: hostile policies and inputs end with one named error, and Kata's requests."""
import json
import os
import pathlib

import pytest

from deployment import BUILD, SOURCE, run

SHARED = pathlib.Path(os.environ.get("CONTRAST_SHARED_DATA", SOURCE.parent / "shared/data"))
REQUESTS = SHARED / "kata-policy/requests"
TWICE = "p0 := [input.x, 1]\n" + "".join(f"p{i + 1} := [p{i}, p{i}]\n" for i in range(40)) + "p := p40\n"


def evaluate(folder, policy, input_text, query="data.t.p", *more):
    (folder / "t.rego").write_bytes(policy if isinstance(policy, bytes) else policy.encode())
    (folder / "input.json").write_bytes(input_text if isinstance(input_text, bytes) else input_text.encode())
    return run(BUILD / "contrast", "policy", "eval", "-d", folder / "t.rego", "-i", folder / "input.json",
               *more, query)


@pytest.mark.parametrize("policy,text,error", [
    ("p := " + "[" * 100000, "{}", "E-REGO-002"),
    ("p := input", "[" * 100000, "E-JSON-012"),
    ("p := input", '{"a": 1, "a": 2}', "E-JSON-007"),
    ("p := input", b'{"a": "\xff"}', "E-JSON-006"),
    (b'p := "\xff"', "{}", "E-REGO-001"),
    ("p := count([1 | r := numbers.range(1, 1000); r[_]; r[_]; r[_]; false])", "{}", "E-REGO-051"),
    ("p := [numbers.range(1, 1000000) | numbers.range(1, 1000)[_]]", "{}", "E-REGO-052"),
    (TWICE, '{"x": 1}', "E-REGO-051"),
    ("f(x) := g(x) if x > 0\ng(x) := f(x - 1)\np := f(1)", "{}", "E-REGO-030"),
])
def test_a_hostile_case_is_one_named_error(tmp_path, policy, text, error):
    head = b"package t\n" if isinstance(policy, bytes) else "package t\n"
    done = evaluate(tmp_path, head + policy, text)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("contrast: ") == 1 and done.stderr.count("[E-") == 1
    assert f"[{error}]" in done.stderr


@pytest.mark.parametrize("policy,text,value", [
    ("p := count({x | x := numbers.range(1, 1000000)[_]})", "{}", 1000000),
    ("p := input.n > 1e400", '{"n": 1e999999999}', True),
    ("p := count(sprintf(\"%d\", [input.n]))", '{"n": ' + "9" * 10000 + "}", 10000),
    ("p := regex.match(`^(a+)+$`, input.s)", json.dumps({"s": "a" * 50000 + "b"}), False),
    ("p := regex.match(`(.*)(.*)(.*)(.*)x`, input.s)", json.dumps({"s": "a" * 20000}), False),
    ("p := time.clock([0, \"Asia/Tokyo\"])[0]", "{}", 9),
])
def test_a_heavy_case_has_its_answer(tmp_path, policy, text, value):
    if "Asia/Tokyo" in policy and not pathlib.Path("/usr/share/zoneinfo/Asia/Tokyo").exists():
        pytest.skip("no time zones here")
    done = evaluate(tmp_path, "package t\n" + policy, text, "data.t.p", "-o", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["result"][0]["expressions"][0]["value"] == value
