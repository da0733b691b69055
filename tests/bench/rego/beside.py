#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""beside.py BENCH: runs bench-rego, then what stands beside it on the very same policies and inputs:
peers that tests/bench/peers/build has built, and instructions retired under callgrind."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

exe = sys.argv[1]
root = pathlib.Path(__file__).resolve().parents[3]
peers = root / "build/peers"
BATCHES = 30
# A slow peer's batches may all fall into another program's busy second: its best of some rounds, which
# lie apart, counts. Ours runs once, so what noise is left speaks for the peers.
ROUNDS = 5
PEERS = {"opa": ("OPA 1.22.2", 30), "regorus": ("regorus 0.14.1", 50)}
GOAL_CASES = ("create_container", "create_container_denied")
TURNS = {"tiny": 2000}
COUNT = re.compile(r"Collected\s*:\s*(\d+)")


def line(figure, value, unit, **more):
    f = {"bench": "rego", "figure": figure, "value": value, "unit": unit, "peer": None}
    f.update({"peer_value": None, "ratio": None, "goal": None, "met": None})
    f.update(more)
    print(json.dumps(f, separators=(",", ":")), flush=True)


def run_peer(peer, folder, name, query, dialect):
    files = [folder / f"{name}.rego", folder / f"{name}.json", folder / "data.json"]
    command = [peers / f"peer-{peer}", *files, query, dialect, str(BATCHES)]
    r = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return dict(text.split(" ", 1) for text in r.stdout.splitlines())


def allowed(answer):
    answer = json.loads(answer)
    return answer.get("allowed", False) if isinstance(answer, dict) else answer


def best(peer, folder, cases):
    """The figures of each case: the least of all rounds."""
    found = {}
    for _ in range(ROUNDS):
        for name, query, dialect, _ in cases:
            figures = found.setdefault(name, {})
            for key, text in run_peer(peer, folder, name, query, dialect).items():
                least = key.endswith("_us") and key in figures
                figures[key] = min(figures[key], text, key=float) if least else text
    return found


def beside(peer, theirs, case, ours):
    name, _, _, expected = case
    title, goal = PEERS[peer]
    for key in ("answer", "answer_vm"):
        if key in theirs and allowed(theirs[key]) != (expected == "true"):
            sys.exit(f"{title} answers {theirs[key]} to {name}: the comparison is void")
    parse, run = float(theirs["parse_us"]), float(theirs["eval_us"])
    # Of a peer's two ways the faster one counts.
    if float(theirs.get("eval_vm_us", run)) < run:
        run, title = float(theirs["eval_vm_us"]), f"{title} (its register machine)"
    for part, value in (("total", parse + run), ("eval", run)):
        own = ours[f"{name}_{part}"]
        more = {}
        if part == "total" and name in GOAL_CASES:
            more = {"goal": goal, "met": value / own >= goal, "why": "goal is the ratio"}
        ratio = round(value / own, 3)
        line(f"{name}_{part}_{peer}", own, "us", peer=title, peer_value=value, ratio=ratio, **more)
    if "eval_with_prints_us" in theirs:
        value = float(theirs["eval_with_prints_us"])
        line(f"{name}_eval_with_prints_{peer}", value, "us")
    if name == "create_container":
        own, value = ours["policy_compile"], float(theirs["load_us"])
        ratio = round(value / own, 3)
        line(f"policy_load_{peer}", own, "us", peer=title, peer_value=value, ratio=ratio)


def instructions(name, turns):
    env = dict(os.environ, BENCH_REGO_ONLY=name, BENCH_REGO_TURNS=str(turns))
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", exe]
    r = subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    m = COUNT.search(r.stderr)
    if r.returncode or not m:
        sys.exit(r.stderr)
    return int(m.group(1))


def main():
    with tempfile.TemporaryDirectory(prefix="contrast-bench-") as name:
        folder = pathlib.Path(name)
        (folder / "data.json").write_text('{"pstate":{}}')
        env = dict(os.environ, BENCH_REGO_CASES=name)
        r = subprocess.run([exe], env=env, stdout=subprocess.PIPE, text=True)
        sys.stdout.write(r.stdout)
        sys.stdout.flush()
        if r.returncode:
            sys.exit(r.returncode)
        ours = {f["figure"]: f["value"] for f in map(json.loads, r.stdout.splitlines())}
        cases = [text.split() for text in (folder / "cases").read_text().splitlines()]
        for peer, (title, _) in PEERS.items():
            if not (peers / f"peer-{peer}").exists():
                why = f"skipped: build it with tests/bench/peers/build {peer}"
                line(f"beside_{peer}", None, "", why=why)
                continue
            found = best(peer, folder, cases)
            for case in cases:
                beside(peer, found[case[0]], case, ours)
        for case in cases:
            if not shutil.which("valgrind"):
                line("instructions", None, "", why="skipped: valgrind is not installed (scripts/deps bench)")
                break
            n = TURNS.get(case[0], 10)
            spent = instructions(case[0], 2 * n) - instructions(case[0], n)
            line(f"{case[0]}_instructions", round(spent / n), "instructions")


main()
