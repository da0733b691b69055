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
    ("p if { print (\"a\", input.none); true }", "{}", True),
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


# ---- what a query shows: OPA's eval is the reference ----

@pytest.mark.parametrize("query,solutions", [
    ("1 > 2", [({}, [False])]),  # alone and of one value: shown, false too
    ("x := 1; x == 2", []),
    ("x := [1, 2, 3][_]; x > 1", [({"x": 2}, [True, True]), ({"x": 3}, [True, True])]),
    ("[true, false][_]", [({}, [True])]),
    ("[x | x := [false][_]][0]", [({}, [False])]),
    ("walk([false], [p, v]); v", [({"p": [], "v": [False]}, [True, [False]])]),
    ("1 + 1 with input as 3", [({}, [2])]),
    ("input.x with input.x as false", [({}, [False])]),
    ("input.a[i] == 3 with input as {\"a\": [1, 3]}", [({"i": 1}, [True])]),
    ("some i; [1, 2][i]", [({"i": 0}, [1]), ({"i": 1}, [2])]),
    ("not false with input as 1", [({}, [True])]),
    ("every n in [1, 2] { n > 1 }", []),
])
def test_solutions_of_a_query(query, solutions):
    done = run(BUILD / "contrast", "policy", "eval", "-o", "json", query)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout).get("result", [])
    assert [(r.get("bindings", {}), [e["value"] for e in r["expressions"]]) for r in result] == solutions
    for solution in result:
        for e in solution["expressions"]:
            at = e["location"]
            assert at["row"] == 1 and query[at["col"] - 1:].startswith(e["text"])


# ---- Kata ----

CPATH = "/run/kata-containers/shared/containers"
SETTINGS = {
    "common": {
        "cpath": CPATH, "sfprefix": "^$(cpath)/$(bundle-id)-[a-z0-9]{16}-", "svc_name": "[A-Z](?:[A-Z0-9_]{0,61}[A-Z0-9])?",
        "root_path": f"{CPATH}/([0-9a-f]{{64}})", "ip_p": "[0-9]{1,5}", "dns_label": r"[a-zA-Z0-9_\.\-]+",
        "ipv4_a": "(25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})([.](25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})){3}",
        "free_annotations": [], "default_caps": [], "privileged_caps": []},
    "request_defaults": {
        "CreateContainerRequest": {"allow_env_regex": [
            "^HOSTNAME=$(dns_label)$", "^$(svc_name)_PORT_$(ip_p)_TCP=tcp://$(ipv4_a):$(ip_p)$"]},
        "CopyFileRequest": ["^$(cpath)/[a-z0-9]{64}-[a-z0-9]{16}-"],
        "ExecProcessRequest": {"allowed_commands": []}, "ReadStreamRequest": True, "WriteStreamRequest": False,
        "allow_raw_flags": 128, "forbidden_names": ["lo"], "forbidden_source_regex": ["^127[.].*$", "^::1$"]},
    "devices": {}, "cluster_config": {}}
# What every request of the kind gets from the rules.
ALWAYS = {"CopyFileRequest": True, "CreateSandboxRequest": True, "GetOOMEventRequest": None, "GuestDetailsRequest": True,
          "OnlineCPUMemRequest": True, "StartContainerRequest": True, "UpdateEphemeralMountsRequest": None,
          "UpdateInterfaceRequest": True, "UpdateRoutesRequest": True, "WaitProcessRequest": True,
          "AllowRequestsFailingPolicy": False, "ReadStreamRequest": True}


def requests(path):
    """Lines of ["ep":"Kind",{...}], as (kind, text of the request)."""
    for line in path.read_text().splitlines():
        if line.startswith('["ep":"'):
            kind, _, text = line[len('["ep":"'):].rstrip(",").removesuffix("]").partition('",')
            yield kind, text


def container(request, commands):
    oci = request["OCI"]
    bundle = oci["Root"]["Path"][len(CPATH) + 1:][:64]

    def source(path):
        own = f"{CPATH}/{bundle}-"  # then 16 random digits
        return f"^$(cpath)/$(bundle-id)-[0-9a-z]{{16}}{path[len(own) + 16:]}$" if path.startswith(own) else path

    linux = oci["Linux"]
    return {
        "OCI": {"Version": oci["Version"], "Root": oci["Root"], "Process": oci["Process"], "Annotations": oci["Annotations"],
                "Mounts": [{**m, "source": source(m["source"])} for m in oci["Mounts"]],
                "Linux": {"Namespaces": [{"Type": "mnt" if n["Type"] == "mount" else n["Type"], "Path": n["Path"]}
                                         for n in linux["Namespaces"] if n["Type"] not in ("network", "cgroup")],
                          **{k: linux[k] for k in ("MaskedPaths", "ReadonlyPaths", "Sysctl")}}},
        "storages": [{**s, "mount_point": s["mount_point"].replace(CPATH, "$(cpath)").replace(bundle, "$(bundle-id)")}
                     for s in request["storages"]],
        "devices": [], "sandbox_pidns": request["sandbox_pidns"], "exec_commands": commands}


def kata_policy(recorded):
    rules = (SOURCE / "tests/bench/rego/kata_rules.rego").read_text()
    parsed = [(kind, json.loads(text)) for kind, text in recorded]
    commands = [r["process"]["Args"] for kind, r in parsed if kind == "ExecProcessRequest"]
    data = {**SETTINGS,
            "sandbox": {"storages": [s for kind, r in parsed if kind == "CreateSandboxRequest" for s in r["storages"]]},
            "containers": [container(r, commands) for kind, r in parsed if kind == "CreateContainerRequest"]}
    return rules + "\npolicy_data := " + json.dumps(data, indent=2) + "\n"


class Agent:
    """Evaluates a request and keeps the state that the answers' operations make."""

    def __init__(self, folder, policy):
        self.folder, self.policy, self.state = folder, policy, {}
        (folder / "p.rego").write_text(policy)

    def ask(self, kind, text):
        (self.folder / "state.json").write_text(json.dumps(self.state))
        (self.folder / "input.json").write_text(text)
        done = run(BUILD / "contrast", "policy", "eval", "--v0-compatible", "-o", "json", "-d", self.folder / "p.rego",
                   "-d", self.folder / "state.json", "-i", self.folder / "input.json", f"data.agent_policy.{kind}")
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout)
        if "result" not in result:
            return None
        value = result["result"][0]["expressions"][0]["value"]
        if isinstance(value, dict) and value["allowed"]:
            for op in value["ops"]:
                assert op["op"] == "add"
                *above, last = op["path"].split("/")[1:]
                at = self.state
                for key in above:
                    at = at.setdefault(key, {})
                at[last] = op["value"]
        return value["allowed"] if isinstance(value, dict) else value


FILES = ["k8s-policy-pod", "pod-cm1", "pod-exec", "pod-lifecycle", "pod-persistent-volumes", "pod-same-containers", "web"]


@pytest.mark.parametrize("name", FILES)
def test_recorded_requests_of_every_kind(tmp_path, name):
    path = REQUESTS / f"{name}.txt"
    if not path.exists():
        pytest.skip("no recorded requests here")
    recorded = list(requests(path))
    agent = Agent(tmp_path, kata_policy(recorded))
    for kind, text in recorded:
        answer = agent.ask(kind, text)
        if kind == "CreateContainerRequest":
            assert answer is True, text
            # Another argument, another user, a hook: the same container is refused.
            for old, new in [('"Args":[', '"Args":["/evil",'), ('"UID":', '"UID":4'), ('"Hooks":null', '"Hooks":{}')]:
                assert old in text
                assert agent.ask(kind, text.replace(old, new, 1)) is False, new
        elif kind == "ExecProcessRequest":
            assert answer is True, text
            assert agent.ask(kind, text.replace('"Args":[', '"Args":["sh",')) is False
        else:
            assert kind in ALWAYS, kind
            assert answer is ALWAYS[kind], (kind, text)
