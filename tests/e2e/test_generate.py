# SPDX-License-Identifier: Apache-2.0
"""`contrast generate` against a real registry on loopback: golden diffs, bad input, kill -9 at every write.

UPDATE_GOLDEN=1 writes tests/golden/generate/*.diff anew; read them before committing."""
import base64
import gzip
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from registry import ROOT, Image, Registry

CONTRAST = pathlib.Path(os.environ.get("CONTRAST_BUILD_ROOT", ROOT / "build")) / "contrast"
GOLDEN = ROOT / "tests/golden/generate"
REFERENCE = GOLDEN / "reference-values.json"
INITDATA = "io.katacontainers.config.hypervisor.cc_init_data: "

pytestmark = [
    pytest.mark.skipif(not CONTRAST.exists(), reason="contrast is not built"),
    pytest.mark.skipif(not Registry.available(), reason="docker-registry and skopeo are not installed"),
]

USERS = {"etc/passwd": b"root:x:0:0:::\nwww:x:33:33:::\n", "etc/group": b"www:x:33:\nextra:x:44:www\n"}
IMAGES = {
    "contrast/coordinator:v1": dict(Entrypoint=["/coordinator"]),
    "contrast/initializer:v1": dict(Entrypoint=["/initializer"]),
    "shop/web:1": dict(Entrypoint=["/bin/web"], Env=["PATH=/bin", "A=1"], User="www"),
    "shop/tools:1": dict(Entrypoint=["/bin/sh"]),
    "shop/db:1": dict(Entrypoint=["/db"], Cmd=["serve"], WorkingDir="/var/lib/db"),
    "shop/volume:1": dict(Entrypoint=["/db"], Volumes={"/data": {}}),
}


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    with Registry(tmp_path_factory.mktemp("registry")) as r:
        for name, config in IMAGES.items():
            r.push(Image({**USERS, "name": name.encode()}, config=config), name)
        yield r


class Deployment:
    """A copy of the golden input and a workspace of its own."""

    def __init__(self, tmp, host, files=("shop.yaml", "db.yml")):
        self.dir, self.ws, self.home, self.host = tmp / "deploy", tmp / "ws", tmp / "home", host
        for d in (self.dir, self.ws, self.home):
            d.mkdir(parents=True)
        for f in files:
            (self.dir / f).write_text((GOLDEN / f).read_text().replace("REGISTRY", host))

    def command(self, *args):
        return [str(CONTRAST), "generate", "--workspace-dir", str(self.ws), *args]

    def run(self, *args, reference=("metal-snp", REFERENCE), where=None, prefix=()):
        words = ["--reference-values", ",".join(map(str, reference))] if reference else []
        return subprocess.run([*prefix, *self.command(*args, *words), str(where or self.dir)],
                              capture_output=True, text=True, timeout=120, env=self.env())

    def env(self):
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "CONTRAST_CACHE_DIR": str(self.home / "cache"),
                "CONTRAST_NODE_STATE": str(self.home / "node")}

    def owner_key(self):
        """Keys made beforehand: the RSA one takes seconds."""
        for kind in ("workload-owner", "seedshare-owner"):
            shutil.copy(KEYS / f"{kind}.pem", self.ws)
        return self

    def snapshot(self):
        files = [p for d in (self.dir, self.ws) for p in sorted(d.rglob("*")) if p.is_file()]
        return {str(p): p.read_bytes() for p in files}


KEYS = None


@pytest.fixture(scope="module", autouse=True)
def keys(tmp_path_factory):
    global KEYS
    KEYS = tmp_path_factory.mktemp("keys")
    run = lambda *a: subprocess.run(a, check=True, capture_output=True)
    run("openssl", "ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", KEYS / "workload-owner.pem")
    run("openssl", "genrsa", "-traditional", "-out", KEYS / "seedshare-owner.pem", "4096")


@pytest.fixture
def deploy(tmp_path, registry):
    return Deployment(tmp_path, registry.host).owner_key()


def ok(result):
    assert result.returncode == 0, result.stderr
    return result


def fails(result, code, error_id, *words):
    """One clear line with the id (and a hint), nothing on standard output."""
    assert result.returncode == code, (result.returncode, result.stdout, result.stderr)
    lines = result.stderr.strip().split("\n")
    assert f"[{error_id}]" in lines[0], result.stderr
    assert len(lines) == 1 or (len(lines) == 2 and lines[1].startswith("  hint: ")), result.stderr
    assert result.stdout == ""
    for word in words:
        assert word in result.stderr, result.stderr


def documents(d):
    """Policy hash -> document, of all annotations."""
    out = {}
    for path in d.dir.iterdir():
        for packed in re.findall(r"cc_init_data: ([A-Za-z0-9+/=]+)", path.read_text()):
            doc = gzip.decompress(base64.b64decode(packed))
            out[hashlib.sha256(doc).hexdigest()] = doc.decode()
    return out


def normalised(text, d):
    text = text.replace(d.host, "REGISTRY").replace(str(d.dir).lstrip("/"), "deploy").replace(
        str(d.ws).lstrip("/"), "workspace")
    text = re.sub(r"(cc_init_data: )[A-Za-z0-9+/=]+", r"\1INITDATA", text)
    text = re.sub(r"(--deployment-id=|\"deployment_id\": \")[0-9a-f]{32}", r"\1DEPLOYMENT", text)
    text = re.sub(r"(--genesis-key=)[0-9a-f]{64}", r"\1KEY", text)
    text = re.sub(r"\"30[0-9a-f]{100,}\"", '"KEY"', text)
    text = re.sub(r"@sha256:[0-9a-f]{64}", "@sha256:DIGEST", text)
    return re.sub(r"\"(?!1{64})[0-9a-f]{64}\"", '"HASH"', text)


def golden(name, text):
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text(), f"{name} differs"


def test_diff_is_the_golden_one(deploy):
    before = deploy.snapshot()
    out = ok(deploy.run("--dry-run", "--diff")).stdout
    assert deploy.snapshot() == before
    parts = re.split(r"(?m)^(?=--- a/)|^(?=workload +platform)", normalised(out, deploy))
    # Policies are listed by hash, which depends on the registry's port.
    diffs = [p for p in parts if p.startswith("--- a/deploy/")]
    golden("deploy.diff", "".join(diffs))


def test_patch_takes_the_diff(deploy, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(deploy.dir, copy / str(deploy.dir).lstrip("/"))
    ok(deploy.run())  # pins are made now, so that the next diff would be empty
    for f in deploy.dir.iterdir():
        shutil.copy(copy / str(f).lstrip("/"), f)
    diff = ok(deploy.run("--dry-run", "--diff")).stdout.split("workload ")[0]
    subprocess.run(["patch", "-p1", "-s", "-d", str(copy)], input=diff, text=True, check=True)
    ok(deploy.run())
    for f in deploy.dir.iterdir():
        assert (copy / str(f).lstrip("/")).read_bytes() == f.read_bytes()


def test_everything_that_was_there_is_there(deploy):
    before = {p: p.read_text() for p in deploy.dir.iterdir()}
    ok(deploy.run())
    for path, text in before.items():
        at, after = 0, path.read_text()
        for line in text.splitlines():
            if re.search(r"image: |runtimeClassName|metadata: \{labels: \{app: db|volumeMounts: \[\]", line):
                continue
            at = after.index(line, at) + len(line)


def test_twice_is_once_and_the_second_time_needs_no_network(deploy):
    ok(deploy.run())
    first = deploy.snapshot()
    result = ok(deploy.run("--diff", "--offline"))
    assert deploy.snapshot() == first
    assert "changed" not in result.stdout and "@@" not in result.stdout


def test_written_files(deploy):
    report = json.loads(ok(deploy.run("--format", "json")).stdout)
    manifest = json.loads((deploy.ws / "manifest.json").read_text())
    genesis = json.loads((deploy.ws / "genesis.json").read_text())
    docs = documents(deploy)
    assert set(docs) == set(manifest["Policies"]) == {w["policy"] for w in report["workloads"]}
    roles = {e["SANs"][0]: e.get("Role") for e in manifest["Policies"].values()}
    assert roles == {"coordinator": "coordinator", "web": None, "db": None}
    spki = subprocess.run(["openssl", "pkey", "-in", deploy.ws / "workload-owner.pem", "-pubout", "-outform", "DER"],
                          capture_output=True, check=True).stdout
    assert manifest["WorkloadOwnerPubKeys"] == [spki.hex()]
    assert genesis["genesis_keys"] == [hashlib.sha256(spki).hexdigest()]
    assert report["deployment_id"] == genesis["deployment_id"]
    assert manifest["Policies"][next(h for h, d in docs.items() if '"name": "web"' in d)][
        "WorkloadSecretID"] == "apps/v1/Deployment/shop/web"


def policy_data(document):
    text = document[document.rindex("\npolicy_data := ") + 16:]
    return json.loads(text[:text.rindex("'''")])


def test_policies_bind_pins_and_sockets(deploy):
    ok(deploy.run())
    genesis = json.loads((deploy.ws / "genesis.json").read_text())
    pins = [f"--deployment-id={genesis['deployment_id']}", f"--genesis-key={genesis['genesis_keys'][0]}"]
    pods = {p["pod"]["name"]: p for p in map(policy_data, documents(deploy).values())}
    sockets = {(pod, c["name"]): c["socket"] for pod, p in pods.items() for c in p["containers"]}
    assert sockets == {
        ("coordinator", "coordinator"): "report", ("web", "contrast-initializer"): "evidence",
        ("web", "wait"): "none", ("web", "web"): "none", ("db", "contrast-initializer"): "evidence",
        ("db", "db"): "none"}
    assert pods["coordinator"]["containers"][0]["args"] == ["/coordinator", *pins]
    for pod in ("web", "db"):
        assert pods[pod]["containers"][0]["args"] == ["/initializer", *pins]
    web = pods["web"]["containers"][2]
    assert (web["uid"], web["gid"], web["groups"]) == (33, 33, [44])
    assert web["args"] == ["/bin/web", "--listen", ":8443", {"ref": "NODE", "text": "--node=$(NODE)"}]
    assert {"name": "GREETING", "value": "Grüezi, 世界"} in web["env"]
    db = pods["db"]["containers"][1]
    assert (db["uid"], db["cwd"], db["args"]) == (999, "/var/lib/db", ["/db", "serve"])
    assert {"name": "DB_PASSWORD", "value": "s3cret"} in db["env"]


def test_new_deployment_makes_keys(tmp_path, registry):
    d = Deployment(tmp_path, registry.host)
    ok(d.run())
    for name, words in (("workload-owner.pem", "EC PRIVATE KEY"), ("seedshare-owner.pem", "RSA PRIVATE KEY")):
        assert (d.ws / name).stat().st_mode & 0o777 == 0o600
        assert f"BEGIN {words}" in (d.ws / name).read_text()
    first = d.snapshot()
    ok(d.run())
    assert d.snapshot() == first


def test_disabled_updates(deploy):
    ok(deploy.run("--disable-updates"))
    manifest = json.loads((deploy.ws / "manifest.json").read_text())
    assert not manifest.get("WorkloadOwnerPubKeys")
    assert (deploy.ws / "genesis-key.pem").stat().st_mode & 0o777 == 0o600
    fails(deploy.run("--disable-updates", "-w", deploy.ws / "workload-owner.pem"), 2, "E-GENERATE-020")


def test_update_keeps_what_owners_wrote(deploy):
    ok(deploy.run())
    path = deploy.ws / "manifest.json"
    manifest = json.loads(path.read_text())
    web = next(h for h, e in manifest["Policies"].items() if e["SANs"] == ["web"])
    manifest["Policies"][web]["SANs"].append("192.0.2.17")
    path.write_text(json.dumps(manifest))  # another layout, too
    edited = path.read_bytes()
    ok(deploy.run(reference=["metal-snp"]))
    assert path.read_bytes() == edited
    yaml = deploy.dir / "shop.yaml"
    yaml.write_text(yaml.read_text().replace("value: db", "value: db2"))
    ok(deploy.run(reference=["metal-snp"]))
    after = json.loads(path.read_text())
    assert after["ReferenceValues"] == manifest["ReferenceValues"]
    assert after["WorkloadOwnerPubKeys"] == manifest["WorkloadOwnerPubKeys"]
    assert web not in after["Policies"] and len(after["Policies"]) == 3
    assert (deploy.ws / "genesis.json").exists()


def test_one_output_file(deploy):
    before = {p: p.read_bytes() for p in deploy.dir.iterdir()}
    result = ok(deploy.run("--output", "-"))
    assert {p: p.read_bytes() for p in deploy.dir.iterdir()} == before
    assert result.stdout.count(INITDATA) == 3 and result.stdout.count("kind: Namespace") == 1
    assert "workload" in result.stderr
    out = deploy.ws / "all.yaml"
    ok(deploy.run("-o", out))
    assert out.read_text() == result.stdout


def test_local_platform_computes_reference_values(deploy):
    db = deploy.dir / "db.yml"
    db.write_text(db.read_text().replace("contrast-cc-metal-snp", "contrast-cc"))
    fails(deploy.run(reference=["local-ns"]), 2, "E-GENERATE-015", "--insecure")
    result = ok(deploy.run("--insecure", reference=["local-ns"]))
    assert "INSECURE" in result.stderr
    manifest = json.loads((deploy.ws / "manifest.json").read_text())
    assert manifest["Insecure"] is True
    assert len(manifest["ReferenceValues"]["snp"]) == 1 and manifest["ReferenceValues"]["snp"][0]["TrustRoot"]
    first = deploy.snapshot()
    ok(deploy.run("--insecure", reference=["local-ns"]))
    assert deploy.snapshot() == first


# ---- bad input: one clear error, nothing written ----

def swap(old, new, file="shop.yaml"):
    return lambda d: (d.dir / file).write_text((d.dir / file).read_text().replace(old, new, 1))


BAD = {
    "tab": (swap("  name: shop", "\tname: shop"), 2, "E-YAML-001", ["shop.yaml:5:", "spaces"]),
    "malformed": (swap("labels: {app: coordinator}\n", "labels: {app: coordinator\n"), 2, "E-YAML-001", ["shop.yaml:"]),
    "duplicate key": (swap("  replicas: 1\n", "  replicas: 1\n  replicas: 2\n"), 2, "E-YAML-003", ["shop.yaml:15:3"]),
    "unknown volume": (swap("emptyDir: {medium: Memory}", "moonDir: {}", "db.yml"), 2, "E-KUBE-008", ["db.yml:", "moonDir"]),
    "host path": (swap("emptyDir: {medium: Memory}", "hostPath: {path: /}", "db.yml"), 2, "E-KUBE-020", ["db.yml:"]),
    "number as variable": (swap("value: db", "value: 5"), 2, "E-KUBE-003", ["shop.yaml:", "quotes"]),
    "no such ConfigMap": (swap("configMapRef: {name: shop-config}", "configMapRef: {name: shop-confg}"), 2, "E-KUBE-013",
                          ["shop.yaml:", "shop-confg"]),
    "no coordinator": (swap("contrast.edgeless.systems/pod-role: coordinator", "example.org/pod-role: coordinator"), 2,
                       "E-GENERATE-005", ["pod-role"]),
    "bad role": (swap("pod-role: coordinator", "pod-role: boss"), 2, "E-GENERATE-012", ["shop.yaml:21:45"]),
    "unknown annotation": (swap("systems/pod-role", "systems/pod-rule"), 2, "E-GENERATE-011", ["pod-rule"]),
    "mesh": (swap("systems/pod-role: coordinator", 'systems/servicemesh-ingress: ""'), 2, "E-GENERATE-010", ["not there yet"]),
    "unknown runtime class": (swap("runtimeClassName: contrast-cc", "runtimeClassName: contrast-cc-moon"), 2,
                              "E-GENERATE-014", ["contrast-cc-moon", "metal-snp"]),
    "a platform that is only verified": (swap("runtimeClassName: contrast-cc", "runtimeClassName: contrast-cc-aks"), 2,
                                         "E-GENERATE-018", ["do not run on aks"]),
    "bad reference": (swap("/shop/web:1", "/shop/WEB:1"), 2, "E-OCI-001", ["shop.yaml:"]),
    "no such image": (swap("/shop/web:1", "/shop/web:2"), 2, "E-OCI-031", ["shop.yaml:", "web:2"]),
    "image volume": (swap("/shop/web:1", "/shop/volume:1"), 2, "E-POLICY-012", ["shop.yaml:", "/data"]),
    "wrong digest": (swap("/shop/web:1", "/shop/web@sha256:" + "0" * 64), 2, "E-OCI-031", ["shop.yaml:"]),
    "no confidential workload": (lambda d: [swap("runtimeClassName: contrast-cc", "runtimeClassName: kata", f)(d)
                                            for f in ("shop.yaml", "shop.yaml", "db.yml")], 2, "E-GENERATE-004", []),
    "alias on the path": (swap("metadata:\n      labels:\n        app: web", "metadata: &m\n      labels:\n        app: web"),
                          0, None, []),
    "broken manifest": (lambda d: (d.ws / "manifest.json").write_text('{"Policies": {}, "policies": {}}'), 2,
                        "E-MANIFEST-001", ["manifest.json"]),
    "broken genesis": (lambda d: (d.ws / "genesis.json").write_text("{}"), 2, "E-JSON-021", ["genesis.json"]),
    "broken key": (lambda d: (d.ws / "workload-owner.pem").write_text("x"), 2, None, ["workload-owner.pem"]),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(deploy, name):
    change, code, error_id, words = BAD[name]
    change(deploy)
    before = deploy.snapshot()
    result = deploy.run()
    if code == 0:
        return ok(result)
    assert result.returncode == code, result
    if error_id:
        fails(result, code, error_id, *words)
    for word in words:
        assert word in result.stderr
    assert deploy.snapshot() == before


def test_unreachable_registry_changes_nothing(tmp_path):
    d = Deployment(tmp_path, "127.0.0.1:1").owner_key()
    before = d.snapshot()
    fails(d.run(), 3, "E-TRANSPORT-004", "127.0.0.1:1", "db.yml:")
    fails(d.run("--offline"), 3, "E-OCI-036", "db.yml:")
    assert d.snapshot() == before


def test_missing_reference_values_are_not_invented(deploy):
    fails(deploy.run(reference=["metal-snp"]), 2, "E-GENERATE-030", "metal-snp", "contrast measure")
    fails(deploy.run(reference=[]), 2, "E-GENERATE-013", "--reference-values")
    fails(deploy.run(reference=["moon"]), 2, "E-GENERATE-013")
    ok(deploy.run("--dry-run", reference=[REFERENCE]))  # the file says which platform
    fails(deploy.run(reference=["metal-snp", "moon"]), 2, "E-FILE-003", "moon")
    fails(deploy.run(where=deploy.home), 2, "E-GENERATE-001")


def test_values_that_only_the_owner_knows_may_come_later(deploy):
    values = json.loads(REFERENCE.read_text())
    del values["snp"][0]["MinimumTCB"]
    path = deploy.ws / "values.json"
    path.write_text(json.dumps(values))
    result = ok(deploy.run(reference=[path]))
    assert "to fill in: ReferenceValues.snp[0].MinimumTCB" in result.stdout, result.stdout
    assert (deploy.ws / "manifest.json").exists()
    ok(deploy.run(reference=["metal-snp"]))


# ---- kill -9 ----

@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("call", ["write", "fsync", "rename", "link"])
def test_killed_at_any(call, tmp_path, registry):
    """Whatever call dies, each file is the old one or the new one, and the next run completes the job."""
    base = Deployment(tmp_path / "base", registry.host).owner_key()
    ok(base.run())
    want = {pathlib.Path(p).name: v for p, v in base.snapshot().items()}
    pins = want["genesis.json"]
    kills = 0
    for n in range(1, 100):
        d = Deployment(tmp_path / f"n{n}", registry.host).owner_key()
        d.home = base.home
        if call != "link":
            (d.ws / "genesis.json").write_bytes(pins)  # the same pins, so that results compare
        old = {pathlib.Path(p).name: v for p, v in d.snapshot().items()}
        result = d.run(prefix=["strace", "-f", "-o", str(tmp_path / "log"), "-e", f"trace={call}",
                               "-e", f"inject={call}:signal=KILL:when={n}"])
        if result.returncode == 0:
            break
        kills += 1
        for path, text in d.snapshot().items():
            name = pathlib.Path(path).name
            if ".tmp-" in name or call == "link":
                continue
            assert text in (old.get(name), want[name]), f"{name} is half-written at call {n}"
        ok(d.run())
        got = {pathlib.Path(p).name: v for p, v in d.snapshot().items()}
        assert set(got) == set(want), f"call {n}: {set(got) ^ set(want)}"
        assert call == "link" or got == want
    assert result.returncode == 0
    # Two YAML files and the manifest are replaced, the pins are created.
    assert kills >= {"write": 3, "fsync": 6, "rename": 3, "link": 1}[call]
