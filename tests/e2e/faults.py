# SPDX-License-Identifier: Apache-2.0
"""kill -9 at every write: runs a command again and again, each time killed at the next call.

A program must leave either the old state or the new one. `prepare` makes a fresh state, `check`
asserts what must hold after any kill; after the last, undisturbed run `finished` is called.
"""
import shutil
import subprocess

import pytest

CALLS = ["write", "rename", "link", "fsync", "unlink", "mkdir"]
LIMIT = 500


def needs_strace():
    return pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


def kill_at_every_call(argv, prepare, check, finished=None, calls=CALLS, **run):
    """Returns how many kills there were. strace counts each call for itself."""
    kills = 0
    for call in calls:
        for n in range(1, LIMIT):
            prepare()
            r = subprocess.run(
                ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                 f"inject={call}:signal=KILL:when={n}", *argv],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=120, **run)
            if r.returncode == 0:
                if finished:
                    finished()
                break
            assert r.returncode in (-9, 137), r.stderr.decode()
            kills += 1
            check()
        else:
            raise AssertionError(f"{argv[0]} makes more than {LIMIT} calls of {call}")
    return kills
