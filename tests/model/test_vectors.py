# SPDX-License-Identifier: Apache-2.0
"""The checked-in vectors are what the model makes today."""
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent


def test_vectors_are_current():
    run = subprocess.run([sys.executable, str(HERE / "generate.py"), "--check"],
                         capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr


def test_vectors_can_differ(tmp_path):
    """The comparison notices one changed digit."""
    subprocess.run([sys.executable, str(HERE / "generate.py"), str(tmp_path)], check=True,
                   capture_output=True, timeout=120)
    path = tmp_path / "genesis.json"
    text = path.read_text()
    at = text.index('"genesis": "') + len('"genesis": "')
    path.write_text(text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1:])
    run = subprocess.run([sys.executable, str(HERE / "generate.py"), "--check", str(tmp_path)],
                         capture_output=True, text=True, timeout=120)
    assert run.returncode == 1
    assert "not ok 1 - genesis" in run.stdout
