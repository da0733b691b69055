# SPDX-License-Identifier: Apache-2.0
"""Coordinator, initializer and the owner's commands on loopback, and the attacks that each must refuse."""
import base64
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

import faults
from attacks import accepted, https
from deployment import BUILD, GOOD, initdata, policy_hash, run, spki


def refused(done, text, code=1):
    assert done.returncode == code, done.stdout + done.stderr
    assert text in done.stderr, done.stderr
    return done


def files_of(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# ---- the good way ----

def test_set_verify_enroll(deployment):
    d = deployment
    c = d.coordinator(store=d.folder / "store")
    accepted(d.set(c))
    done = accepted(d.verify(c))
    assert re.search(r"^verified: genesis [0-9a-f]{64} head [0-9a-f]{64} generation 1 INSECURE$",
                     done.stdout, re.M)
    names = {p.name for p in (d.folder / "verify").iterdir()}
    assert {"coordinator-root-ca.pem", "mesh-ca.pem", "manifest.0.json", "latest-transition",
            "state.json"} < names
    assert (d.folder / "verify/manifest.0.json").read_bytes() == \
        (d.folder / "manifest.json").read_bytes()
    for document in d.documents.values():
        path = d.folder / f"verify/initdata.{policy_hash(document)}.toml"
        assert path.read_bytes() == document
    _, evidence = d.pod(d.documents["web"])
    out = d.folder / "contrast"
    accepted(d.initializer(c, evidence, out))
    modes = {str(p.relative_to(out)): p.stat().st_mode & 0o777
             for p in out.rglob("*") if p.is_file()}
    assert modes == {"tls-config/mesh-ca.pem": 0o444, "tls-config/coordinator-root-ca.pem": 0o444,
                     "tls-config/certChain.pem": 0o444, "tls-config/key.pem": 0o600,
                     "secrets/workload-secret-seed": 0o600}
    tls = out / "tls-config"
    for ca in ("mesh-ca.pem", "coordinator-root-ca.pem"):
        more = ["-untrusted", tls / "certChain.pem"]
        accepted(run("openssl", "verify", "-CAfile", tls / ca, *more, tls / "certChain.pem"))
        assert (tls / ca).read_bytes() == (d.folder / "verify" / ca).read_bytes()
    text = run("openssl", "x509", "-in", tls / "certChain.pem", "-noout", "-ext",
               "subjectAltName").stdout
    assert "DNS:web" in text
    assert re.fullmatch(r"[0-9a-f]{128}", (out / "secrets/workload-secret-seed").read_text())


def test_secret_is_the_same_again_and_the_key_is_not(deployment):
    d = deployment
    c = d.coordinator()
    accepted(d.set(c))
    _, evidence = d.pod(d.documents["web"])
    seen = []
    for i in range(2):
        out = d.folder / f"out{i}"
        accepted(d.initializer(c, evidence, out))
        seen.append(((out / "secrets/workload-secret-seed").read_text(),
                     (out / "tls-config/key.pem").read_text()))
    assert seen[0][0] == seen[1][0] and seen[0][1] != seen[1][1]


def test_a_third_party_verifies_with_manifest_pins_and_address(deployment, tmp_path):
    d = deployment
    c = d.coordinator()
    accepted(d.set(c))
    other = tmp_path / "auditor"
    other.mkdir()
    for name in ("manifest.json", "genesis.json"):
        shutil.copy(d.folder / name, other / name)
    done = accepted(run(BUILD / "contrast", "verify", "-c", c.owners, "--insecure", "-o", "json",
                        cwd=other))
    told = json.loads(done.stdout)
    assert told["verified"] is True and told["generation"] == 1
    assert told["manifest"] == hashlib.sha256((d.folder / "manifest.json").read_bytes()).hexdigest()


def test_update_is_signed_and_ordered(deployment):
    d = deployment
    c = d.coordinator()
    accepted(d.set(c))
    accepted(d.verify(c))
    d.documents["cart"] = initdata("cart")
    d.write_yaml()
    d.write_manifest()
    refused(d.verify(c), "E-SESSION-011")
    accepted(d.set(c, "--atomic"))
    accepted(d.verify(c))
    assert len(list((d.folder / "verify").glob("manifest.*.json"))) == 2
    # Setting the active manifest again is a transition of its own, as in Contrast (rotation).
    accepted(d.set(c))
    refused(d.set(c, "--atomic", "--latest-transition", "0" * 64), "E-OWNER-010", 4)


def test_detached_signatures(deployment):
    d = deployment
    c = d.coordinator()
    key = d.owner.rename(d.folder / "offline.pem")
    refused(d.set(c), "nothing signed this set")
    accepted(d.contrast("sign", "-c", c.owners, "--insecure", "--prepare", "--out", "text"))
    assert re.fullmatch(r"[0-9a-f]{64}", (d.folder / "text").read_text())
    accepted(run("openssl", "dgst", "-sha256", "-sign", key, "-out", d.folder / "sig",
                 d.folder / "text"))
    accepted(d.set(c, "--signature", "sig"))
    accepted(d.verify(c))
    d.extra = {"WorkloadOwnerThreshold": 1}
    d.write_manifest()
    accepted(d.contrast("sign", "--insecure", "--workload-owner-key", key, "--out", "sig2"))
    refused(d.set(c, "--signature", "sig"), "E-OWNER-008")
    accepted(d.set(c, "--signature", "sig2"))
    # The same key does not sign another successor of that transition.
    (d.folder / "verify/state.json").write_text((d.folder / "verify/state.json").read_text())
    d.extra = {}
    d.write_manifest()


def test_seed_shares_are_checked_and_kept(deployment):
    d = deployment
    run("openssl", "genrsa", "-traditional", "-out", d.folder / "seedshare-owner.pem", "2048",
        check=True)
    der = subprocess.run(["openssl", "rsa", "-in", str(d.folder / "seedshare-owner.pem"),
                          "-RSAPublicKey_out", "-outform", "DER"], capture_output=True,
                         check=True).stdout
    manifest = d.manifest()
    manifest["SeedshareOwnerPubKeys"] = [der.hex()]
    (d.folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    c = d.coordinator()
    accepted(d.set(c))
    kept = json.loads((d.folder / "seed-shares.json").read_text())
    assert kept["version"] == 1 and len(base64.b64decode(kept["document"])) > 256


def test_restarted_front_and_verifier_are_replaced(deployment):
    d = deployment
    c = d.coordinator(store=d.folder / "store")
    accepted(d.set(c))
    accepted(d.verify(c))

    def children(name):
        out = run("ps", "--ppid", c.child.pid, "-o", "pid=,comm=").stdout.split("\n")
        return [int(line.split()[0]) for line in out if line.strip().endswith(name)]

    for name in ("front", "verifier"):
        old = children(name)
        assert len(old) == 2
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            new = children(name)
            if len(new) == 2 and not set(new) & set(old):
                break
            time.sleep(0.05)
        else:
            raise AssertionError(c.text())
    time.sleep(0.3)
    accepted(d.verify(c))
    _, evidence = d.pod(d.documents["web"])
    accepted(d.initializer(c, evidence, d.folder / "out", attempts=3))


def test_the_keeper_ends_everything(deployment):
    d = deployment
    c = d.coordinator()
    keeper = run("pgrep", "-P", c.child.pid, "-x", "keeper").stdout.split()
    assert len(keeper) == 1
    os.kill(int(keeper[0]), signal.SIGKILL)
    assert c.child.wait(10) != 0
    assert "E-SUPERVISOR-003" in c.text()


def test_processes_are_locked_in(deployment):
    d = deployment
    c = d.coordinator(store=d.folder / "store")
    for line in run("ps", "--ppid", c.child.pid, "-o", "pid=").stdout.split():
        status = open(f"/proc/{line}/status").read()
        assert re.search(r"^Seccomp:\s+2$", status, re.M), status
        assert re.search(r"^NoNewPrivs:\s+1$", status, re.M)
        if os.geteuid() == 0:
            assert not re.search(r"^Uid:\s+0\b", status, re.M)
            assert re.search(r"^CapEff:\s+0+$", status, re.M)


def test_probes_and_metrics(deployment):
    d = deployment
    c = d.coordinator()

    def get(path):
        try:
            with urllib.request.urlopen(f"http://{c.health}{path}", timeout=10) as a:
                return a.status, a.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    until = time.monotonic() + 10
    while get("/probe/startup")[0] != 200 and time.monotonic() < until:
        time.sleep(0.05)
    assert get("/probe/startup")[0] == 200 and get("/probe/liveness")[0] == 200
    assert get("/probe/readiness")[0] == 503
    accepted(d.set(c))
    assert get("/probe/readiness")[0] == 200
    assert "\ncontrast_coordinator_manifest_generation 1\n" in get("/metrics")[1]
    assert get("/other")[0] == 404


def test_bundle_and_history(deployment):
    d = deployment
    c = d.coordinator(store=d.folder / "store")
    accepted(d.set(c))
    accepted(d.verify(c))
    status, body, headers = https(c.pods, "GET", "/v1/bundle")
    assert status == 200
    told = json.loads(body)
    head = (d.folder / "verify/latest-transition").read_text()
    assert told["head"] == head and told["generation"] == 1
    signature = base64.b64decode(headers["Contrast-Signature"])
    (d.folder / "b.sig").write_bytes(signature)
    (d.folder / "b.msg").write_bytes(b"contrast/v1/bundle\0" + body)
    key = run("openssl", "x509", "-in", d.folder / "verify/mesh-ca.pem", "-noout", "-pubkey").stdout
    (d.folder / "b.key").write_text(key)
    accepted(run("openssl", "dgst", "-sha256", "-verify", d.folder / "b.key", "-signature",
                 d.folder / "b.sig", d.folder / "b.msg"))
    status, body, _ = https(c.owners, "GET", "/v1/history?since=0")
    assert status == 200 and len(json.loads(body)["records"]) == 1
    status, body, _ = https(c.owners, "GET", "/v1/history?since=1")
    assert json.loads(body)["records"] == []
    digest = policy_hash(d.documents["web"])
    status, body, _ = https(c.owners, "GET", f"/v1/blob/{digest}")
    assert (status, body) == (200, d.documents["web"])


def test_issuance_log(deployment):
    """RFC 9162: the checkpoint's root follows from the proofs; consistency links two sizes."""
    d = deployment
    c = d.coordinator(workers=1, store=d.folder / "store")
    accepted(d.set(c))
    _, evidence = d.pod(d.documents["web"])
    roots = [hashlib.sha256().digest()]
    for i in range(3):
        accepted(d.initializer(c, evidence, d.folder / f"out{i}"))
        status, body, headers = https(c.owners, "GET", "/v1/log/checkpoint")
        told = json.loads(body)
        assert status == 200 and told["size"] == i + 1 and headers["Contrast-Signature"]
        roots.append(bytes.fromhex(told["root"]))

    def node(a, b):
        return hashlib.sha256(b"\1" + a + b).digest()

    def proof(path):
        status, body, _ = https(c.owners, "GET", path)
        assert status == 200, body
        return [bytes.fromhex(h) for h in json.loads(body)["path"]]

    # Size 1 is a leaf; its sibling takes it to the root of 2; the third leaf to the root of 3.
    (second,) = proof("/v1/log/inclusion?index=0&size=2")
    assert node(roots[1], second) == roots[2]
    second, third = proof("/v1/log/inclusion?index=0&size=3")
    assert node(node(roots[1], second), third) == roots[3]
    (third,) = proof("/v1/log/consistency?from=2&to=3")
    assert node(roots[2], third) == roots[3]
    for path, want in (("index=0&size=4", 503), ("index=3&size=3", 400), ("index=x&size=1", 400)):
        assert https(c.owners, "GET", f"/v1/log/inclusion?{path}")[0] == want


def test_endpoints_refuse_what_they_do_not_know(deployment):
    d = deployment
    c = d.coordinator()
    nonce = base64.b64encode(b"n" * 32).decode()
    rows = [
        (c.owners, "GET", "/v1/nothing", None, 404, "E-FRONT-012"),
        (c.owners, "GET", "/v1/bundle", None, 404, "E-FRONT-012"),
        (c.pods, "POST", "/v1/manifest", b"{}", 404, "E-FRONT-012"),
        (c.owners, "GET", "/v1/attest", None, 405, "E-FRONT-011"),
        (c.owners, "POST", "/v1/attest", b"{", 400, "E-JSON"),
        (c.owners, "POST", "/v1/attest", b'{"nonce":"AA==","purpose":"attest"}', 400, "E-FRONT-006"),
        (c.owners, "POST", "/v1/attest", json.dumps({"nonce": nonce, "purpose": "peer"}).encode(),
         400, "E-FRONT-007"),
        (c.owners, "POST", "/v1/attest",
         json.dumps({"nonce": nonce, "purpose": "attest", "x": 1}).encode(), 400, "E-JSON"),
        (c.owners, "POST", "/v1/manifest", b"{}", 400, "E-JSON"),
        (c.pods, "POST", "/v1/mesh/cert", b"{}", 400, "E-FRONT-008"),
        (c.owners, "GET", "/v1/blob/zz", None, 400, "E-FRONT-004"),
        (c.owners, "GET", "/v1/blob/" + "0" * 64, None, 404, "E-STORE-001"),
        (c.pods, "GET", "/v1/bundle?head=zz", None, 400, "E-FRONT-004"),
    ]
    for address, method, path, body, want, error in rows:
        status, text, _ = https(address, method, path, body)
        assert status == want, (path, text)
        assert json.loads(text)["error"].startswith(error), (path, text)
    # Too much before evidence was shown: refused by the length alone.
    status, text, _ = https(c.owners, "POST", "/v1/manifest", b"x" * 70000)
    assert status == 413
    status, text, _ = https(c.owners, "GET", "/v1/capabilities")
    assert status == 200 and json.loads(text)["versions"] == ["v1"]
    status, text, _ = https(c.owners, "POST", "/v1/attest",
                            json.dumps({"nonce": nonce, "purpose": "statement"}).encode())
    assert status == 200 and json.loads(text)["version"] == 1


# ---- attacks ----


def test_attack_insecure_needs_a_word(deployment):
    d = deployment
    c = d.coordinator()
    refused(d.contrast("set", "app.yaml", "-c", c.owners, "--wait", "0"), "E-OWNER-001")
    accepted(d.set(c))
    refused(d.contrast("verify", "-c", c.owners), "E-OWNER-001")


def test_attack_unsigned_update(deployment):
    d = deployment
    c = d.coordinator()
    accepted(d.set(c))
    d.extra = {"WorkloadOwnerThreshold": 1}
    d.write_manifest()
    d.owner.rename(d.folder / "away.pem")
    refused(d.set(c), "nothing signed this set")
    # Signed by somebody else.
    run("openssl", "ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out",
        d.folder / "eve.pem", check=True)
    refused(d.set(c, "--workload-owner-key", "eve.pem", "--fork"), "E-CHANNEL-007")


def test_attack_updates_disabled(deployment):
    d = deployment
    d.owners = []
    d.write_manifest()
    c = d.coordinator()
    accepted(d.set(c))
    d.extra = {"WorkloadOwnerPubKeys": [spki(d.owner).hex()]}
    d.write_manifest()
    refused(d.set(c), "E-CHANNEL-007")


def test_attack_restart_on_a_used_store(deployment):
    """A restarted Coordinator finds its history and waits for recovery; it does not begin anew."""
    d = deployment
    c = d.coordinator(store=d.folder / "store")
    accepted(d.set(c))
    c.stop()
    again = d.coordinator(store=d.folder / "store")
    refused(d.verify(again), "recovery")
    refused(d.set(again), "recovery")


def test_attack_pod_with_another_policy(deployment):
    d = deployment
    c = d.coordinator()
    accepted(d.set(c))
    for document, measurement, policy, text in [
            (initdata("a stranger"), GOOD, "normal", "E-SESSION-005"),
            (d.documents["web"], "12" * 48, "normal", "measurement"),
            (d.documents["web"], GOOD, "debug", "debug")]:
        _, evidence = d.pod(document, measurement, policy)
        out = d.folder / "out"
        refused(d.initializer(c, evidence, out), text)
        assert not out.exists()


def test_attack_removed_policy(deployment):
    d = deployment
    c = d.coordinator()
    accepted(d.set(c))
    _, evidence = d.pod(d.documents["web"])
    accepted(d.initializer(c, evidence, d.folder / "out"))
    del d.documents["web"]
    d.write_yaml()
    d.write_manifest()
    accepted(d.set(c))
    refused(d.initializer(c, evidence, d.folder / "out2"), "E-SESSION-005")
    _, body, _ = https(c.pods, "GET", "/v1/bundle")
    assert policy_hash(initdata("web")) not in body.decode()


def test_attack_coordinator_that_never_answers(deployment):
    """Accepts connections and is silent: every client ends by its own deadline with exit code 3."""
    d = deployment
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    before = files_of(d.folder)
    begin = time.monotonic()
    refused(d.contrast("verify", "-c", address, "--insecure"), "E-CHANNEL-004", 3)
    assert time.monotonic() - begin < 45
    listener.close()
    refused(d.contrast("verify", "-c", address, "--insecure"), "E-CHANNEL-003", 3)
    refused(d.contrast("verify", "-c", "nowhere.invalid:1313", "--insecure"), "E-CHANNEL-002", 3)
    refused(d.contrast("verify", "-c", "nowhere", "--insecure"), "E-CHANNEL-001", 2)
    assert files_of(d.folder) == before


def test_attack_missing_pins(deployment):
    d = deployment
    (d.folder / "genesis.json").rename(d.folder / "away.json")
    refused(d.contrast("verify", "-c", "127.0.0.1:1", "--insecure"), "E-OWNER-002", 2)
    refused(d.contrast("set", "app.yaml", "-c", "127.0.0.1:1", "--insecure"), "E-OWNER-002", 2)
    for program in ("contrast-coordinator", "contrast-initializer"):
        done = run(BUILD / program, "--deployment-id", d.deployment_id, env={"COORDINATOR_HOST": "x"})
        assert done.returncode == 2 and "genesis-key" in done.stderr
        done = run(BUILD / program, "--genesis-key", d.genesis_key, env={"COORDINATOR_HOST": "x"})
        assert done.returncode == 2 and "deployment-id" in done.stderr


def test_attack_host_swaps_the_store(deployment):
    """Another manifest under a good name in the store: its hash or the chain says no."""
    d = deployment
    c = d.coordinator(store=d.folder / "store")
    accepted(d.set(c))
    accepted(d.verify(c))
    blob = d.folder / "store/blobs" / hashlib.sha256(
        (d.folder / "manifest.json").read_bytes()).hexdigest()
    assert blob.exists()
    blob.write_bytes(blob.read_bytes().replace(b"web", b"wet"))
    c.stop()
    again = d.coordinator(store=d.folder / "store", wait=False)
    done = d.contrast("verify", "-c", again.owners, "--insecure", "--wait", "3")
    assert done.returncode in (1, 3), done.stderr


def test_attack_tainted_root(deployment):
    """An earlier manifest accepted a Coordinator that the present one does not."""
    d = deployment
    d.documents["coordinator-old"] = initdata("coordinator with a hole")
    d.write_yaml()
    d.write_manifest()
    c = d.coordinator()
    accepted(d.set(c))
    accepted(d.verify(c))
    del d.documents["coordinator-old"]
    d.write_yaml()
    d.write_manifest()
    accepted(d.set(c))
    refused(d.verify(c), "tainted root")
    head = (d.folder / "verify/latest-transition").read_text()
    accepted(d.verify(c, "--accept-history", head))
    refused(d.verify(c, "--accept-history", "0" * 64), "tainted root")


def test_attack_yaml_and_manifest_differ(deployment):
    d = deployment
    c = d.coordinator()
    d.documents["web"] = initdata("another web")
    d.write_yaml()
    refused(d.set(c), "E-OWNER-004")
    d.documents = {"coordinator": d.documents["coordinator"]}
    d.write_yaml()
    refused(d.set(c), "policy count mismatch")


def test_attack_second_successor(deployment):
    """The owner's key does not sign two successors of one transition without being told to."""
    d = deployment
    c = d.coordinator()
    accepted(d.set(c))
    accepted(d.verify(c))
    accepted(d.contrast("sign", "--insecure", "--out", "a"))
    d.documents["cart"] = initdata("cart")
    d.write_yaml()
    d.write_manifest()
    refused(d.contrast("sign", "--insecure", "--out", "b"), "E-OWNER-003", 4)
    assert not (d.folder / "b").exists()
    refused(d.set(c), "E-OWNER-003", 4)
    accepted(d.set(c, "--fork"))


# ---- kill -9 at every write ----

@faults.needs_strace()
def test_killed_verify_leaves_whole_files(deployment):
    """Whatever is below verify/ after a kill is a whole file of this or of the last verification."""
    d = deployment
    c = d.coordinator()
    accepted(d.set(c))
    folder = d.folder / "verify"
    whole = {"manifest.0.json": (d.folder / "manifest.json").read_bytes(),
             "coordinator-root-ca.pem": None, "mesh-ca.pem": None,
             "latest-transition": (folder / "latest-transition").read_bytes()}
    argv = [BUILD / "contrast", "verify", "-c", c.owners, "--insecure"]

    def check():
        for path in folder.iterdir():
            text = path.read_bytes()
            if ".tmp-" in path.name:
                continue
            if path.suffix == ".pem":
                assert text.endswith(b"-----END CERTIFICATE-----\n")
            elif path.name == "state.json":
                assert json.loads(text)["generation"] == 1
            elif path.suffix == ".toml":
                assert path.name == f"initdata.{hashlib.sha256(text).hexdigest()}.toml"
            else:
                assert text == whole[path.name]

    def prepare():
        shutil.rmtree(folder)

    kills = faults.kill_at_every_call(argv, prepare, check, calls=["rename", "fsync"],
                                      cwd=d.folder)
    assert kills >= 16


@faults.needs_strace()
def test_killed_initializer_leaves_no_key_without_the_rest(deployment):
    d = deployment
    c = d.coordinator()
    accepted(d.set(c))
    _, evidence = d.pod(d.documents["web"])
    out = d.folder / "out"
    argv = [BUILD / "contrast-initializer", "--deployment-id", d.deployment_id, "--genesis-key",
            d.genesis_key, "--coordinator", c.pods, "--evidence-socket", evidence, "--output", out,
            "--attempts", "1"]
    names = {"tls-config/mesh-ca.pem", "tls-config/coordinator-root-ca.pem",
             "tls-config/certChain.pem", "secrets/workload-secret-seed"}

    def check():
        there = {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()}
        if "tls-config/key.pem" in there:
            assert names <= there

    kills = faults.kill_at_every_call([str(a) for a in argv],
                                      lambda: shutil.rmtree(out, ignore_errors=True), check,
                                      calls=["rename", "fsync"])
    assert kills >= 10
