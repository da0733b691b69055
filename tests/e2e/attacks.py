# SPDX-License-Identifier: Apache-2.0
"""What the untrusted side may try, one function an attack, against the real programs.

Each returns what refused it and the line that says why. `test_attacks.py` asserts step and reason of
every row; `scripts/demo` prints the same rows as a table (`python3 tests/e2e/attacks.py --table [snp|tdx]`).
"""
import base64
import hashlib
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from deployment import BUILD, GOOD, Deployment, initdata, run, spki  # noqa: E402

OTHER = "12" * 48  # a measurement that no manifest names


class NotRefused(AssertionError):
    """An attack went through."""


def refused(by, done):
    """(who, why) of a command that must have failed by rejecting."""
    if done.returncode not in (1, 2, 4):
        raise NotRefused(f"exit {done.returncode}: {done.stdout}{done.stderr}")
    lines = [line for line in done.stderr.splitlines() if re.search(r"\[E-[A-Z]+-\d+\]$", line)]
    if not lines:
        raise NotRefused(f"no reason in: {done.stderr}")
    return by, re.sub(r"^[a-z-]+: ", "", lines[-1])


def accepted(done):
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    return done


def https(address, method, path, body=None, headers=None):
    """A request by a client that verifies nothing: status, body, headers."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    request = urllib.request.Request(f"https://{address}{path}", data=body, method=method,
                                     headers=headers or {})
    try:
        with urllib.request.urlopen(request, context=context, timeout=20) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as e:
        return e.code, e.read(), e.headers


def answered(by, status, text):
    """(who, why) of an answer that refuses."""
    if status not in (403, 409):
        raise NotRefused(f"status {status}: {text!r}")
    answer = json.loads(text)
    return by, f"{answer['message']} [{answer['error']}]"


def set_request(d, signature):
    """The body of POST /v1/manifest as a recording of it would be."""
    encode = lambda b: base64.b64encode(b).decode()  # noqa: E731
    return json.dumps({
        "manifest": encode((d.folder / "manifest.json").read_bytes()),
        "policies": [encode(p) for p in d.documents.values()],
        "signatures": [{"key": encode(spki(d.owner)), "signature": encode(signature)}],
    }).encode()


def self_signed(folder):
    key = pathlib.Path(folder) / "self-signed.pem"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-subj", "/CN=contrast", "-days", "2", "-keyout", key, "-out", key, check=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(key)
    return context


def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    for s in (a, b):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def relay(folder, target):
    """A man in the middle who ends TLS on both sides and passes every byte on."""
    server = self_signed(folder)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    listener = socket.create_server(("127.0.0.1", 0))
    host, port = target.split(":")

    def serve():
        while True:
            try:
                raw, _ = listener.accept()
                near = server.wrap_socket(raw, server_side=True)
                far = client.wrap_socket(socket.create_connection((host, int(port))))
            except (OSError, ValueError):
                return
            for pair in ((near, far), (far, near)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return listener, f"127.0.0.1:{listener.getsockname()[1]}"


def player(folder, recorded):
    """Answers the first request with a recording."""
    context = self_signed(folder)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        try:
            raw, _ = listener.accept()
            s = context.wrap_socket(raw, server_side=True)
            s.recv(65536)
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            s.recv(65536)
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
                      + str(len(recorded)).encode() + b"\r\n\r\n" + recorded)
            s.recv(65536)
        except OSError:
            pass

    threading.Thread(target=serve, daemon=True).start()
    return listener, f"127.0.0.1:{listener.getsockname()[1]}"


# ---- the rows; `world(name)` makes a fresh deployment ----

def policy_changed_after_generate(world):
    d = world("shop")
    c = d.coordinator()
    accepted(d.set(c))
    _, evidence = d.pod(initdata("web, and one more environment variable"))
    return refused("initializer", d.initializer(c, evidence, d.folder / "out"))


def other_measurement(world):
    d = world("shop")
    return refused("contrast set", d.set(d.coordinator(measurement=OTHER)))


def replayed_nonce(world):
    """Recorded evidence, shown again: the client's nonce is another one."""
    d = world("shop")
    c = d.coordinator()
    accepted(d.set(c))
    ask = json.dumps({"nonce": base64.b64encode(b"r" * 32).decode(), "purpose": "attest"}).encode()
    _, recorded, _ = https(c.owners, "POST", "/v1/attest", ask)
    listener, address = player(d.folder, recorded)
    result = refused("contrast verify", d.contrast("verify", "-c", address, "--insecure"))
    listener.close()
    return result


def evidence_relayed_to_another_tls_session(world):
    d = world("shop")
    c = d.coordinator()
    listener, address = relay(d.folder, c.owners)
    refused("contrast set", d.contrast("set", "app.yaml", "-c", address, "--insecure", "--wait", "0"))
    accepted(d.set(c))
    result = refused("contrast verify", d.contrast("verify", "-c", address, "--insecure"))
    listener.close()
    listener, c.pods = relay(d.folder, c.pods)
    _, evidence = d.pod(d.documents["web"])
    pod = refused("initializer", d.initializer(c, evidence, d.folder / "out"))
    listener.close()
    if f"{d.tee}/report-data" not in pod[1]:
        raise NotRefused(f"the pod says {pod[1]}")
    return result


def report_of_another_pods_hostdata(world):
    """A Coordinator's place taken by genuine code whose HOSTDATA is a workload's."""
    d = world("shop")
    return refused("contrast set", d.set(d.coordinator(document=d.documents["web"])))


def unknown_trust_root(world):
    d = world("shop")
    d.state = d.folder / "another-processor"
    return refused("contrast set", d.set(d.coordinator()))


def old_manifest_set_again(world):
    """A recorded set, replayed after a later one: its transition follows another head."""
    d = world("shop")
    c = d.coordinator()
    accepted(d.set(c))
    first = (d.folder / "verify/latest-transition").read_text()
    accepted(d.contrast("sign", "--insecure", "--out", "sig"))
    body = set_request(d, (d.folder / "sig").read_bytes())
    status, text, _ = https(c.owners, "POST", "/v1/manifest", body, {"Contrast-Head": first})
    if status != 200:
        raise AssertionError(text)
    accepted(d.verify(c))
    d.documents["cart"] = initdata("cart")
    d.write_yaml()
    d.write_manifest()
    accepted(d.set(c))
    now = (d.folder / "verify/latest-transition").read_text()
    answered("keeper", *https(c.owners, "POST", "/v1/manifest", body, {"Contrast-Head": first})[:2])
    return answered("keeper",
                    *https(c.owners, "POST", "/v1/manifest", body, {"Contrast-Head": now})[:2])


def first_set_replayed_to_a_fresh_twin(world):
    """The recorded request of the first set, at a fresh Coordinator of the same deployment."""
    d = world("shop")
    c = d.coordinator()
    accepted(d.contrast("sign", "-c", c.owners, "--insecure", "--out", "sig"))
    body = set_request(d, (d.folder / "sig").read_bytes())
    head = {"Contrast-Head": "0" * 64, "Content-Type": "application/json"}
    twin = d.coordinator()
    result = answered("keeper", *https(twin.owners, "POST", "/v1/manifest", body, head)[:2])
    # At the Coordinator that it was signed for, the very same request is good.
    status, text, _ = https(c.owners, "POST", "/v1/manifest", body, head)
    if status != 200:
        raise AssertionError(text)
    return result


def coordinator_on_the_hosts_store_and_seed(world):
    """The host starts genuine code on a store of its own: a genesis of its own, nothing of ours."""
    d = world("shop")
    c = d.coordinator()
    accepted(d.set(c))
    accepted(d.verify(c))
    before = {p: p.read_bytes() for p in (d.folder / "verify").rglob("*") if p.is_file()}
    other = d.coordinator()
    refused("contrast verify", d.verify(other))
    key = d.folder / "host.pem"
    run("openssl", "ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", key, check=True)
    fake = d.coordinator(genesis_key=hashlib.sha256(spki(key)).hexdigest())
    result = refused("contrast set", d.set(fake, "--fork"))
    _, evidence = d.pod(d.documents["web"])
    refused("initializer", d.initializer(fake, evidence, d.folder / "out"))
    if (d.folder / "out").exists():
        raise NotRefused("the pod has files")
    if {p: p.read_bytes() for p in (d.folder / "verify").rglob("*") if p.is_file()} != before:
        raise NotRefused("files under verify/ changed")
    return result


def pod_sent_to_another_deployments_coordinator(world):
    ours, theirs = world("ours"), world("theirs")
    c = theirs.coordinator()
    accepted(theirs.set(c))
    _, evidence = ours.pod(ours.documents["web"])
    result = refused("initializer", ours.initializer(c, evidence, ours.folder / "out"))
    if (ours.folder / "out").exists():
        raise NotRefused("the pod has files")
    return result


def unsigned_update(world):
    d = world("shop")
    c = d.coordinator()
    accepted(d.set(c))
    head = (d.folder / "verify/latest-transition").read_text()
    d.documents["cart"] = initdata("cart")
    d.write_yaml()
    d.write_manifest()
    body = json.loads(set_request(d, b""))
    body["signatures"] = []
    return answered("keeper", *https(c.owners, "POST", "/v1/manifest", json.dumps(body).encode(),
                                     {"Contrast-Head": head})[:2])


def report_signed_under_a_debug_policy(world):
    d = world("shop")
    return refused("contrast set", d.set(d.coordinator(policy="debug")))


def mixed_trust_roots(world):
    d = world("shop")
    c = d.coordinator()
    vendor = dict(d.reference[0])
    del vendor["TrustRoot"]
    d.reference = [d.reference[0], vendor]
    d.write_manifest()
    return refused("contrast set", d.set(c))


def of_kind(kind):
    """A Coordinator whose host gives it evidence of this kind, see test_processor.c."""
    def attack(world):
        d = world("shop")
        return refused("contrast set", d.set(d.coordinator(policy=kind)))

    attack.__name__ = kind.replace("-", "_")
    return attack


def old_platform_of_a_pod(world):
    """The Coordinator's machine is up to date, a pod's is not: the keeper gives it no certificate."""
    d = world("shop")
    c = d.coordinator()
    accepted(d.set(c))
    _, evidence = d.pod(d.documents["web"], policy="old-platform")
    done = d.initializer(c, evidence, d.folder / "out")
    if (d.folder / "out").exists():
        raise NotRefused("the pod has files")
    return refused("keeper", done)


# name, attack, what the reason must contain (step and reason, or error id); TEE is snp or tdx
ROWS = [
    ("policy changed after generate", policy_changed_after_generate, "E-SESSION-005"),
    ("other measurement", other_measurement, {"snp": "snp/measurement", "tdx": "tdx/mrtd"}),
    ("replayed nonce", replayed_nonce, "early: TEE/report-data"),
    ("evidence relayed to another TLS session", evidence_relayed_to_another_tls_session,
     "early: TEE/report-data"),
    ("report of another pod's HOSTDATA", report_of_another_pods_hostdata,
     {"snp": "snp/host-data", "tdx": "tdx/configid"}),
    ("unknown trust root", unknown_trust_root, "chain: TEE/root"),
    ("old manifest set again", old_manifest_set_again, "E-AUTHORITY-"),
    ("recorded first set replayed to a fresh twin", first_set_replayed_to_a_fresh_twin,
     "E-AUTHORITY-015"),
    ("Coordinator on a store and seed of the host's own", coordinator_on_the_hosts_store_and_seed,
     "E-SESSION-006"),
    ("pod sent to another deployment's Coordinator", pod_sent_to_another_deployments_coordinator,
     "E-SESSION-006"),
    ("unsigned update", unsigned_update, "E-AUTHORITY-"),
    ("report signed under a debug policy", report_signed_under_a_debug_policy, "debug"),
    ("mixed trust roots", mixed_trust_roots, "TrustRoot"),
]

# Where evidence has the shape of TDX.
TDX_ROWS = [
    ("altered RTMR", of_kind("rtmr"), "identity: tdx/rtmr2"),
    ("older TCB of the platform", of_kind("old-platform"), "platform: tdx/tcb-status"),
    ("older TCB of a pod's platform", old_platform_of_a_pod, "platform: tdx/tcb-status"),
    ("older TDX module", of_kind("old-module"), "platform: tdx/tcb-status"),
    ("statements of an earlier evaluation", of_kind("old-collateral"), "platform: tdx/tcb-eval"),
]


def reason(want, tee):
    return want[tee] if isinstance(want, dict) else want.replace("TEE", tee)


def table(tee):
    """All rows as a table; exit code 1 if one was not refused."""
    rows = ROWS if tee == "snp" else ROWS + TDX_ROWS
    bad = 0
    with tempfile.TemporaryDirectory(prefix="contrast-attacks-") as folder:
        state = pathlib.Path(folder) / "processor"
        for n, (name, attack, want) in enumerate(rows):
            made = []

            def world(label, n=n, made=made):
                made.append(Deployment(pathlib.Path(folder) / f"{n}-{label}", state, tee=tee))
                return made[-1]

            try:
                by, why = attack(world)
                ok = reason(want, tee) in why
            except (AssertionError, OSError, subprocess.SubprocessError, KeyError,
                    ValueError) as e:
                by, why, ok = "nobody", str(e).splitlines()[0] if str(e) else repr(e), False
            for d in made:
                d.stop()
            bad += not ok
            why = re.sub(r"\b([0-9a-f]{12})[0-9a-f]{20,}\b", r"\1...", why)
            print(f"  {'refused' if ok else 'NOT REFUSED':12}{name}\n{'':14}by {by}: {why}", flush=True)
    print(f"  {len(rows) - bad} of {len(rows)} attacks refused")
    return 1 if bad else 0


if __name__ == "__main__":
    tee = (sys.argv[2:] or ["snp"])[0]
    if (sys.argv[1:2] != ["--table"] or tee not in ("snp", "tdx") or len(sys.argv) > 3
            or not (BUILD / "contrast-coordinator").exists() or not GOOD):
        sys.exit("usage: attacks.py --table [snp|tdx] (after a build)")
    os.environ.setdefault("NO_COLOR", "1")
    sys.exit(table(tee))
