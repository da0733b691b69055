# SPDX-License-Identifier: Apache-2.0
"""scripts/test-summary: what counts as failed, so that no test can fail unseen."""
import json
import subprocess

from deployment import SOURCE

CASE = '<testcase name="{}" classname="contrast.unit / {}">{}</testcase>'


def summary(folder, cases, programs):
    (folder / "gcc.xml").write_text("<testsuites><testsuite name='x'>" + "".join(
        CASE.format(*case) for case in cases) + "</testsuite></testsuites>")
    (folder / "gcc.json").write_text("".join(
        json.dumps({"name": f"unit / {name}", "result": result}) + "\n" for name, result in programs))
    done = subprocess.run([SOURCE / "scripts/test-summary", folder], capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines()[-1], done.stdout


def test_all_good(tmp_path):
    assert summary(tmp_path, [("1", "a", ""), ("2", "a", "<skipped/>")], [("a", "OK")])[:2] == (
        0, "1 passed, 0 failed, 1 skipped")


def test_a_failed_case_counts_once(tmp_path):
    assert summary(tmp_path, [("1", "a", ""), ("2", "a", "<failure/>")], [("a", "FAIL")])[:2] == (
        1, "1 passed, 1 failed, 0 skipped")


def test_a_program_that_died_between_its_cases_counts(tmp_path):
    code, last, out = summary(tmp_path, [("1", "a", "")], [("a", "ERROR"), ("b", "TIMEOUT"), ("c", "OK")])
    assert (code, last) == (1, "1 passed, 2 failed, 0 skipped") and "unit / a: ERROR" in out


def test_nothing_run_is_no_success(tmp_path):
    assert summary(tmp_path, [], [])[:2] == (1, "0 passed, 0 failed, 0 skipped")
