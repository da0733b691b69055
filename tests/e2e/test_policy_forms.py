# SPDX-License-Identifier: Apache-2.0
"""contrast policy ...: a policy in each form that it travels in, and hostile ones with one clear error."""
import base64
import gzip
import json

import pytest

from deployment import BUILD, run

REGO = "# who may\npackage agent_policy\n\nimport rego.v1\n\ndefault allow := false\n\nallow if input.user == \"bob\"\n"
QUERY = "data.agent_policy.allow"


def toml(policy=REGO, algorithm="sha256", key='"policy.rego"'):
    return f"version = \"0.1.0\"\nalgorithm = \"{algorithm}\"\n\n[data]\n\"aa.toml\" = \"x\"\n{key} = '''\n{policy}'''\n"


def b64(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


def wrapped(text):
    return "\n".join(text[i:i + 76] for i in range(0, len(text), 76)) + "\n"


def pod(name, annotations, kind="Pod"):
    meta = "".join(f"\n    {k}: {v}" for k, v in annotations.items())
    if kind == "Pod":
        return f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  annotations:{meta}\nspec:\n  containers: []\n"
    return (f"apiVersion: apps/v1\nkind: {kind}\nmetadata:\n  name: {name}\nspec:\n  template:\n    metadata:\n"
            f"      annotations:{meta.replace(chr(10), chr(10) + '    ')}\n    spec:\n      containers: []\n")


INITDATA = "io.katacontainers.config.hypervisor.cc_init_data"
AGENT = "io.katacontainers.config.agent.policy"
PACKED = b64(gzip.compress(toml().encode()))
FORMS = {
    "policy.rego": REGO,
    "initdata.toml": toml(),
    "sha384.toml": toml(algorithm="sha384"),
    "initdata.toml.gz": gzip.compress(toml().encode()),
    "annotation.b64": PACKED,
    "wrapped.b64": wrapped(PACKED),
    "toml.b64": b64(toml()),
    "agent.b64": b64(REGO) + "\n",
    "pod.yaml": pod("web", {INITDATA: PACKED}),
    "old.yml": pod("web", {AGENT: b64(REGO)}),
    "both.yaml": pod("web", {AGENT: b64("package other\n"), INITDATA: PACKED}),
    "deployment.yaml": pod("web", {INITDATA: PACKED}, "Deployment"),
    "beside.yaml": pod("plain", {"a": "b"}) + "---\n" + pod("web", {INITDATA: PACKED}),
}


def contrast(*args):
    return run(BUILD / "contrast", "policy", *args)


@pytest.mark.parametrize("name", FORMS)
def test_each_form_is_the_policy(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(FORMS[name] if isinstance(FORMS[name], bytes) else FORMS[name].encode())
    done = contrast("show", path)
    assert (done.returncode, done.stdout) == (0, REGO), done.stderr
    assert contrast("check", path).returncode == 0
    for user, answer in (("bob", "true\n"), ("eve", "false\n")):
        (tmp_path / "input.json").write_text(json.dumps({"user": user}))
        assert contrast("eval", "-d", path, "-i", tmp_path / "input.json", QUERY).stdout == answer
    assert contrast("parse", path).stdout.startswith("(package")
    assert "parsed in" in contrast("bench", "-d", path, "-i", tmp_path / "input.json", QUERY).stdout


def test_a_workload_among_several_is_named(tmp_path):
    path = tmp_path / "all.yaml"
    two = REGO.replace("bob", "eve")
    path.write_text(pod("web", {AGENT: b64(REGO)}) + "---\n" + pod("web", {AGENT: b64(two)}, "Deployment") + "---\n"
                    + pod("db", {AGENT: "no-ne"}, "StatefulSet") + "---\n" + pod("plain", {"a": "b"}))
    assert contrast("show", path, "--pod", "Pod/web").stdout == REGO
    assert contrast("show", path, "--pod", "Deployment/web").stdout == two
    for args, error in (([], "E-POLICY-030"), (["--pod", "web"], "E-POLICY-033"), (["--pod", "db"], "E-POLICY-030"),
                        (["--pod", "plain"], "E-POLICY-034"), (["--pod", "none"], "E-POLICY-034")):
        done = contrast("show", path, *args)
        assert done.returncode == 2 and done.stdout == "" and f"[{error}]" in done.stderr, (args, done.stderr)
    assert "Pod/web, Deployment/web" in contrast("show", path, "--pod", "web").stderr


def test_an_error_is_in_the_policy_that_is_inside(tmp_path):
    path = tmp_path / "initdata.toml"
    path.write_text(toml("package agent_policy\n\nallow := x\n"))
    done = contrast("check", path)
    assert done.returncode == 2
    assert f"{path}(policy.rego):3:10: " in done.stderr and "[E-REGO-016]" in done.stderr
    path = tmp_path / "pod.yaml"
    path.write_text(pod("web", {AGENT: b64("package a\n\nallow := y\n")}))
    assert f"{path}(web):3:10: " in contrast("check", path).stderr


BOMB = gzip.compress(toml("#" * 40_000_000).encode())


@pytest.mark.parametrize("name,content,error", [
    ("bomb.gz", BOMB, "E-POLICY-005"),
    ("bomb.b64", b64(BOMB), "E-POLICY-005"),
    ("bomb.yaml", pod("web", {INITDATA: b64(BOMB)}), "E-POLICY-005"),
    ("large.gz", b"\x1f\x8b" + bytes(2 * 1024 * 1024), "E-POLICY-005"),
    ("cut.gz", gzip.compress(toml().encode())[:-9], "E-POLICY-004"),
    ("two.gz", gzip.compress(b"a = 'b'") * 2, "E-POLICY-004"),
    ("padding.b64", PACKED.rstrip("=") + "===", "E-POLICY-030"),
    ("middle.b64", PACKED[:40] + "=" + PACKED[41:], "E-POLICY-030"),
    ("url.yaml", pod("web", {AGENT: b64(REGO).replace("a", "-")}), "E-POLICY-030"),
    ("plain.yaml", pod("web", {AGENT: "allow"}), "E-POLICY-030"),
    ("none.yaml", pod("web", {"a": "b"}), "E-POLICY-032"),
    ("empty.yaml", "", "E-POLICY-032"),
    ("bad.yaml", "a: [", "E-YAML-"),
    ("nokey.toml", toml(key='"cdh.toml"'), "E-POLICY-031"),
    ("table.toml", toml().replace("[data]", "[more]"), "E-POLICY-031"),
    ("nokey.b64", b64(gzip.compress(b"version = '0.1.0'\n")), "E-POLICY-031"),
    ("twice.toml", toml() + "\"policy.rego\" = 'package x'\n", "E-TOML-"),
    ("number.toml", "version = 1\n", "E-TOML-"),
    ("noise.b64", b64(bytes(range(256))), "E-REGO-001"),
    ("bytes.rego", b"\xff\xfe\x00", "E-REGO-001"),
    ("empty.rego", "", "E-REGO-001"),
    ("word.rego", "package", "E-REGO-001"),
], ids=lambda v: v if isinstance(v, str) and len(v) < 20 else "")  # an id of megabytes is one of the environment's
def test_what_is_no_policy_is_one_error(tmp_path, name, content, error):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    done = contrast("check", path)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("contrast: ") == 1 and f"[{error}" in done.stderr, done.stderr
    assert len(done.stderr) < 2000
