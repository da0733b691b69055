#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""beside.py BENCH: runs bench-evidence, then the peers that tests/bench/peers/build has built, on the
very same report, quote and collateral. A verdict that differs from ours ends it with an error."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

exe = sys.argv[1]
root = pathlib.Path(__file__).resolve().parents[3]
peers = root / "build/peers"
BATCHES = 30
# As in the Rego bench: a peer's best of rounds that lie apart counts.
ROUNDS = 3
# What each is given beside the evidence, and what of our work it leaves out.
PEERS = {
    "go-sev-guest": ("go-sev-guest 0.15.0", "snp", ("vek", "chain"), None),
    # Its version 0.3.1 refuses TCB info that spells the FMSPC in capitals, as this one does.
    "go-tdx-guest": ("go-tdx-guest 0.3.1", "tdx", None, "it does the quote and its chain: no collateral, no lists"),
    "dcap-qvl": ("dcap-qvl 0.7.1", "tdx", ("collateral",), None),
}


def line(figure, value, unit, **more):
    f = {"bench": "evidence", "figure": figure, "value": value, "unit": unit, "peer": None}
    f.update({"peer_value": None, "ratio": None, "goal": None, "met": None})
    f.update(more)
    print(json.dumps(f, separators=(",", ":")), flush=True)


def run_peer(peer, folder, tee, evidence, extra, time):
    extra = [folder / f"{tee}.{name}" for name in extra] if extra else ["-"]
    command = [peers / f"peer-{peer}", folder / f"{tee}.{evidence}", *extra, time, str(BATCHES)]
    r = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return dict(text.split(" ", 1) for text in r.stdout.splitlines())


def beside(peer, folder, ours):
    title, tee, extra, less = PEERS[peer]
    time = (folder / f"{tee}.time").read_text()
    cases = {"evidence": "accepted", "changed": "rejected"}
    for evidence, expected in cases.items():
        found = [run_peer(peer, folder, tee, evidence, extra, time) for _ in range(ROUNDS)]
        for answer in found:
            if answer["verdict"] != expected:
                sys.exit(f"{title} says {answer} of {tee}.{evidence}, we say {expected}: the comparison is void")
        if expected == "accepted":
            value = min(float(answer["verify_us"]) for answer in found)
            own = ours[f"{tee}_verify"]
            more = {"why": less} if less else {}
            line(f"{tee}_verify_{peer}", own, "us", peer=title, peer_value=value, ratio=round(value / own, 3), **more)


def main():
    with tempfile.TemporaryDirectory(prefix="contrast-bench-") as name:
        folder = pathlib.Path(name)
        r = subprocess.run([exe], env=dict(os.environ, BENCH_EVIDENCE_CASES=name), stdout=subprocess.PIPE, text=True)
        sys.stdout.write(r.stdout)
        sys.stdout.flush()
        if r.returncode:
            sys.exit(r.returncode)
        ours = {f["figure"]: f["value"] for f in map(json.loads, r.stdout.splitlines())}
        for peer, (_, tee, _, _) in PEERS.items():
            if f"{tee}_verify" not in ours:
                line(f"beside_{peer}", None, "", why="skipped: the vectors are not here")
            elif not (peers / f"peer-{peer}").exists():
                line(f"beside_{peer}", None, "", why=f"skipped: build it with tests/bench/peers/build {peer}")
            else:
                beside(peer, folder, ours)


main()
