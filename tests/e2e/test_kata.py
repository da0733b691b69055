# SPDX-License-Identifier: Apache-2.0
"""Recordings of Kata's agent through build/tests/rego-kata: requests in order, state, answers, prints."""
import json
import shutil

import pytest

from deployment import BUILD, SOURCE, run
from test_rego import ALWAYS, REQUESTS, kata_policy, requests

GOLDEN = SOURCE / "tests/golden/kata"


def replay(*args):
    done = run(BUILD / "tests/rego-kata", "--list-failed", *args)
    return done.returncode, done.stdout.splitlines()


def test_a_recording_passes():
    code, lines = replay(GOLDEN)
    assert lines[-1] == "32 passed, 0 failed, 0 skipped"
    assert lines[-2].startswith("3 policies, 32 requests: median ")
    assert code == 0


@pytest.mark.parametrize("name,old,new,why", [
    ("outputs.json", '"value": 1}', '"value": 2}', "request 6, CreateContainerRequest: another answer"),
    ("outputs.json", "  [],\n", "  false,\n", "request 3, CreateContainerRequest: another answer: the policy gives no answer"),
    ("prints.json", "is number 1", "is number 7", "request 6, CreateContainerRequest: other lines printed"),
    ("prints.json", '"create one image registry/web@sha256:aa",\n   "is', '"is',
     "request 9, CreateContainerRequest: other lines printed"),
    ("inputs.txt", '"container_id":"two","image"', '"container_id":"x","image"', "request 6, CreateContainerRequest: another answer"),
    ("inputs.txt", '["ep":"RemoveContainerRequest",{"container_id":"one"}],', '["ep":"GetOOMEventRequest",{}],',
     "request 7, GetOOMEventRequest: another answer"),
    ("inputs.txt", '["ep":"AllowRequestsFailingPolicy",{}],', "", "10 entries for 9 requests"),
    ("inputs.txt", "[", "]", "line 1"),
    ("policy.rego", "some i, wanted", "some i wanted", "expected a line break"),
])
def test_what_differs_fails(tmp_path, name, old, new, why):
    shutil.copytree(GOLDEN / "pod", tmp_path / "pod")
    text = (tmp_path / "pod" / name).read_text()
    assert old in text
    (tmp_path / "pod" / name).write_text(text.replace(old, new, 1))
    code, lines = replay(tmp_path)
    assert code == 1
    assert not lines[-1].endswith(" 0 failed, 0 skipped")
    assert any(why in line for line in lines if line.startswith("FAILED ")), lines


@pytest.mark.parametrize("old,new,why", [
    ('"allowed": true, "request": {}', '"allowed": false, "request": {}', "request 1, CreateSandboxRequest: is allowed"),
    ('"allowed": true, "request": {"invented', '"allowed": true, "request": {"sandbox_pidns": true, "invented',
     "request 2, CreateSandboxRequest: is denied"),
])
def test_a_test_case_of_the_other_answer_fails(tmp_path, old, new, why):
    shutil.copytree(GOLDEN / "cases", tmp_path / "cases")
    path = tmp_path / "cases/testcases.json"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    code, lines = replay(tmp_path)
    assert code == 1 and lines[-1] == "6 passed, 1 failed, 0 skipped"
    assert any(why in line for line in lines), lines


def test_nothing_there_is_no_success(tmp_path):
    code, lines = replay(tmp_path)
    assert code == 1 and lines == ["no policy there", "0 passed, 0 failed, 1 skipped"]


def test_recorded_pods_live_by_their_policy(tmp_path):
    if not REQUESTS.is_dir():
        pytest.skip("no recorded requests: ../shared/data is missing")
    total = 0
    for path in sorted(REQUESTS.glob("*.txt")):
        recorded = list(requests(path))
        folder = tmp_path / path.stem
        folder.mkdir()
        (folder / "policy.rego").write_text(kata_policy(recorded))
        shutil.copy(path, folder / "inputs.txt")
        total += len(recorded)
    done = run(BUILD / "tests/rego-kata", "--answers", tmp_path)
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(answers) == total
    for answer in answers:
        expected = ALWAYS.get(answer["ep"], True)
        assert answer["allowed"] == bool(expected), answer
        assert ("error" in answer) == (expected is None), answer
    kept = [a["data"]["pstate"] for a in answers if a["ep"] == "CreateContainerRequest"]
    assert all("sandbox_name" in state and "namespace" in state for state in kept)
