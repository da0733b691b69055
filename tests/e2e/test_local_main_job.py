# SPDX-License-Identifier: Apache-2.0
"""The main job on one machine: generate, up (set and verify inside), a client outside every pod; and hostile hosts."""
import base64
import gzip
import json
import os
import re
import shutil
import subprocess
import urllib.request

import local
import pytest
from local import BUILD, CONTRAST, container, service, workload
from registry import Registry

WHY_NOT = local.missing()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=WHY_NOT or "")


@pytest.fixture(scope="module")
def network():
    with local.OwnNetwork():
        yield


@pytest.fixture(scope="module")
def images(network, tmp_path_factory):
    with Registry(tmp_path_factory.mktemp("registry")) as registry:
        refs = {name: registry.push(local.program_image(BUILD / f"contrast-{name}"), f"contrast/{name}:v1")
                for name in ("coordinator", "initializer")}
        refs["probe"] = registry.push(local.probe_image(), "test/probe:v1")
        yield refs


# Platform of the Coordinator, and of the others.
PLATFORMS = {"snp": ("local-ns", "local-ns"), "tdx": ("local-ns-tdx", "local-ns-tdx"),
             "mixed": ("local-ns-tdx", "local-ns")}


@pytest.fixture(scope="module", params=PLATFORMS)
def generated(request, images, tmp_path_factory):
    """A folder as its owner would have it after contrast generate, and the processor that it trusts."""
    first, second = PLATFORMS[request.param]
    home = tmp_path_factory.mktemp("owner")
    state = home / "node-state"
    state.mkdir(mode=0o700)
    folder = home / "shop"
    folder.mkdir()
    coordinator = workload("coordinator", [container(
        "coordinator", images["coordinator"],
        readinessProbe={"httpGet": {"port": 9102, "path": "/probe/readiness"}, "periodSeconds": 1})],
        kind="StatefulSet", serviceName="coordinator")
    coordinator["spec"]["template"]["metadata"]["annotations"] = {"contrast.edgeless.systems/pod-role": "coordinator"}
    web = workload("web", [container("web", images["probe"], "serve", "8080")], kind="Pod")
    look = workload("look", [container("look", images["probe"], "cat", "/contrast/tls-config/certChain.pem",
                                       "/run/contrast/evidence.sock")], kind="Pod", spec={"restartPolicy": "Never"})
    for pod in (coordinator["spec"]["template"]["spec"], web["spec"], look["spec"]):
        pod["runtimeClassName"] = "contrast-cc"
    coordinator["spec"]["template"]["spec"]["runtimeClassName"] = "contrast-cc-" + first
    objects = [coordinator, web, look, service("web", 80, 8080, type="LoadBalancer"),
               service("coordinator", 1313, 1313, publishNotReadyAddresses=True),
               service("coordinator-ready", 7777, 7777, app="coordinator")]
    (folder / "all.yaml").write_text("---\n".join(json.dumps(o) + "\n" for o in objects))
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "CONTRAST_NODE_STATE": str(state)}
    r = subprocess.run([CONTRAST, "generate", "--reference-values", second, "--insecure", "--workspace-dir", folder,
                        "--initializer-image", images["initializer"], folder], capture_output=True, text=True, env=env)
    assert r.returncode == 0, r
    return folder, state, request.param


@pytest.fixture
def deployment(generated):
    folder, state, kind = generated
    one = local.Local(state)
    one.kind = kind
    shutil.rmtree(one.folder)
    shutil.copytree(folder, one.folder)
    yield one
    one.close()


def verify(deployment, *args, **more):
    return deployment.run("verify", "--workspace-dir", deployment.folder, "-c", coordinator(deployment), *args, **more)


def coordinator(deployment):
    (address,) = [f["address"] for f in deployment.status()["forwards"] if f["service"] == "default/coordinator"]
    return address


def test_main_job(deployment):
    before = {p: p.read_bytes() for p in deployment.folder.rglob("*") if p.is_file()}
    up = deployment.up()
    assert "verified: genesis " in up.stdout and "INSECURE" in up.stdout
    assert {p: p.read_bytes() for p in deployment.folder.rglob("*") if p.is_file()} == before
    # A client outside every pod: verifies with the owner's folder, then reaches the front door.
    r = verify(deployment, "--insecure")
    assert "verified: genesis " in r.stdout
    assert "INSECURE" not in verify(deployment, check=False).stdout, "never without --insecure"
    (front,) = [f["address"] for f in deployment.status()["forwards"] if f["service"] == "default/web"]
    assert urllib.request.urlopen("http://" + front, timeout=5).read() == b"web\n"
    # The certificate that the initializer got chains to the CA that verify wrote.
    look = deployment.logs("look", "look")
    chain = deployment.dir / "chain.pem"
    chain.write_text(look[look.index("-----BEGIN"):look.rindex("-----END CERTIFICATE-----") + 26])
    for ca in ("mesh-ca.pem", "coordinator-root-ca.pem"):
        ok = subprocess.run(["openssl", "verify", "-CAfile", deployment.folder / "verify" / ca, "-untrusted", chain, chain],
                            capture_output=True, text=True)
        assert ok.returncode == 0, ok
    assert "/run/contrast/evidence.sock: No such file" in look, "the initializer's socket is nobody else's"


def test_launch_debug_is_refused(deployment):
    """Attack: report signed under a debug policy."""
    r = deployment.up("--launch-debug", "coordinator", check=False)
    assert r.returncode == 1 and "platform" in r.stderr and "debug" in r.stderr.lower(), r


def test_other_measurement_is_refused(deployment, tmp_path):
    """Attack: the host runs another pod runner than generate measured."""
    other = tmp_path / "contrast-node"
    other.write_bytes(local.NODE.read_bytes() + b"\0")
    other.chmod(0o755)
    deployment.env["CONTRAST_NODE"] = str(other)
    r = deployment.up(check=False)
    want = "snp/measurement" if deployment.kind == "snp" else "identity: tdx/rtmr2"
    assert r.returncode == 1 and want in r.stderr, r


def test_other_processor_is_refused(deployment, tmp_path):
    """Attack: unknown trust root: another machine's processor signs."""
    state = tmp_path / "other-state"
    state.mkdir(mode=0o700)
    deployment.env["CONTRAST_NODE_STATE"] = str(state)
    r = deployment.up(check=False)
    assert r.returncode == 1 and ("snp/root" if deployment.kind == "snp" else "tdx/root") in r.stderr, r


def test_policy_changed_after_generate_is_refused(deployment):
    """Attack: the host changes the YAML's policy: its hash is no longer in the manifest."""
    path = deployment.folder / "all.yaml"
    found = re.findall(r"H4sI[A-Za-z0-9+/=]+", path.read_text())
    document = gzip.decompress(base64.b64decode(found[-1]))
    path.write_text(path.read_text().replace(found[-1], local.annotation(document + b"# more\n")))
    r = deployment.up(check=False)
    assert r.returncode == 1 and "E-OWNER-004" in r.stderr, r


def test_every_pod_is_what_the_manifest_says(deployment):
    deployment.up()
    manifest = json.loads((deployment.folder / "manifest.json").read_text())
    status = deployment.status()
    for pod in status["pods"]:
        assert pod["policyHash"] in manifest["Policies"]
        assert pod["attested"]
        if pod["platform"].endswith("-tdx"):
            (values,) = manifest["ReferenceValues"]["tdx"]
            assert (pod["measurement"], pod["rtmrs"]) == (values["MrTd"], values["Rtmrs"])
        else:
            (values,) = manifest["ReferenceValues"]["snp"]
            assert pod["measurement"] == values["TrustedMeasurement"] and "rtmrs" not in pod
    kinds = {name for name, sets in manifest["ReferenceValues"].items() if sets}
    assert kinds == {"snp": {"snp"}, "tdx": {"tdx"}, "mixed": {"snp", "tdx"}}[deployment.kind]
    assert manifest["Insecure"] is True


def test_receipt_and_restart(deployment, tmp_path):
    """A receipt is good offline after the deployment is gone; the same manifest is good for the next one."""
    deployment.up()
    verify(deployment, "--insecure", "--receipt", tmp_path / "receipt.json")
    deployment.down()
    check = ["receipt", "verify", tmp_path / "receipt.json"]
    assert "verified: genesis " in deployment.run(*check, "--insecure").stdout
    refused = deployment.run(*check, check=False)
    assert refused.returncode == 1 and "E-SESSION-008" in refused.stderr, refused
    # A restarted node: certificates and statements made anew, under the key that the manifest trusts.
    shutil.rmtree(deployment.folder / "verify", ignore_errors=True)
    deployment.up()
    assert "verified: genesis " in verify(deployment, "--insecure").stdout


@pytest.mark.parametrize("generated", ["tdx", "mixed"], indirect=True)
def test_td_1_5(deployment):
    """Quotes of version 5 by the same code."""
    deployment.env["CONTRAST_NODE_QUOTE"] = "5"
    assert "verified: genesis " in deployment.up().stdout
