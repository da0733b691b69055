# SPDX-License-Identifier: Apache-2.0
"""contrast up, down, status, logs and contrast-node with the ns launcher: real containers, a real registry."""
import base64
import datetime
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.request

import local
import pytest
from local import config_map, container, initdata, machine_state, policy_hash, service, workload
from registry import Registry

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "model"))
import quote as quotes  # noqa: E402

WHY_NOT = local.missing()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=WHY_NOT or "")


@pytest.fixture(scope="module")
def network():
    with local.OwnNetwork():
        yield


@pytest.fixture(scope="module")
def image(network, tmp_path_factory):
    with Registry(tmp_path_factory.mktemp("registry")) as registry:
        yield registry.push(local.probe_image(), "test/probe:v1")


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory):
    """Keys of the processor, made once."""
    return tmp_path_factory.mktemp("node-state")


@pytest.fixture
def deployment(image, state_dir):
    os.chmod(state_dir, 0o700)
    before = machine_state()
    one = local.Local(state_dir)
    yield one
    one.close()
    assert machine_state() == before


def probe(port, path="/"):
    return {"httpGet": {"port": port, "path": path}, "periodSeconds": 1}


def tree(folder):
    return {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in sorted(folder.rglob("*")) if p.is_file()}


# ---- pods that talk ----

def test_pods_talk_and_the_host_reaches_them(deployment, image):
    deployment.write(
        service("web", 80, "http", type="LoadBalancer"),
        workload("web", [container("web", image, "serve", "8080", ports=[{"name": "http", "containerPort": 8080}],
                                   readinessProbe=probe("http"))], replicas=2),
        workload("client", [container("get", image, "get", "web", "80")], kind="Job",
                 spec={"restartPolicy": "Never"}))
    before = tree(deployment.folder)
    up = deployment.up()
    assert "INSECURE" in up.stderr
    deployment.wait_phase("client", "Succeeded")
    assert deployment.logs("client").startswith("got web-")
    (forward,) = deployment.status()["forwards"]
    assert (forward["service"], forward["port"]) == ("default/web", 80)
    answers = {urllib.request.urlopen("http://" + forward["address"], timeout=5).read() for _ in range(4)}
    assert len(answers) == 2, "both replicas answer in turn"
    assert tree(deployment.folder) == before, "the user's folder is only read"


def test_names(deployment, image):
    names = ["web", "web.default", "web.default.svc", "web.default.svc.cluster.local", "db", "db-1.db",
             "db-1.db.default.svc.cluster.local", "nobody", "localhost"]
    deployment.write(
        service("web", 80, 8080), service("db", 5432, 5432, clusterIP="None", publishNotReadyAddresses=True),
        workload("web", [container("web", image, "serve", "8080")]),
        workload("db", [container("db", image, "wait")], kind="StatefulSet", serviceName="db", replicas=2),
        workload("ask", [container("ask", image, "resolve", *names)], kind="Job", spec={"restartPolicy": "Never"}))
    deployment.up()
    deployment.wait_phase("ask", "Succeeded")
    found = {line.split()[0]: set(line.split()[1:]) for line in deployment.logs("ask").splitlines()}
    databases = [deployment.pod(f"db-{i}")["address"] for i in (0, 1)]
    assert len({frozenset(found[n]) for n in names[:4]}) == 1 and found["web"] != {"none"}
    assert found["db"] == set(databases)
    assert found["db-1.db"] == found["db-1.db.default.svc.cluster.local"] == {databases[1]}
    assert found["nobody"] == {"none"} and found["localhost"] == {"127.0.0.1"}


def test_a_service_leads_to_ready_pods_only(deployment, image):
    never = {"exec": {"command": ["/probe", "say", "no", "1"]}, "periodSeconds": 1}
    deployment.write(
        service("web", 80, 8080, type="LoadBalancer"),
        workload("good", [container("web", image, "serve", "8080", readinessProbe=probe(8080))], labels={"app": "web"}),
        workload("bad", [container("web", image, "serve", "8080", readinessProbe=never)], labels={"app": "web"}))
    deployment.up("--no-set")
    deployment.wait(lambda: deployment.pod("good")["ready"])
    (forward,) = deployment.status()["forwards"]
    for _ in range(4):
        assert urllib.request.urlopen("http://" + forward["address"], timeout=5).read().startswith(b"good-")
    assert not deployment.pod("bad")["ready"]
    late = deployment.run("up", deployment.folder, check=False)
    assert late.returncode == 4 and "E-NODE-082" in late.stderr


# ---- order, restarts, ends ----

def test_order_of_containers(deployment, image):
    volume = {"volumeMounts": [{"name": "shared", "mountPath": "/shared"}]}
    deployment.write(workload(
        "order",
        [container("main", image, "cat", "/shared/second", **volume)],
        init=[container("first", image, "fail-until", "/shared/first", **volume),
              container("side", image, "serve", "9000", restartPolicy="Always", startupProbe=probe(9000)),
              container("second", image, "fail-until", "/shared/second", **volume)],
        kind="Job", spec={"restartPolicy": "OnFailure", "volumes": [{"name": "shared", "emptyDir": {"medium": "Memory"}}]}))
    deployment.up("--no-set")
    pod = deployment.wait_phase("order", "Succeeded")
    by_name = {c["name"]: c for c in pod["containers"]}
    assert [c["name"] for c in pod["containers"]] == ["first", "side", "second", "main"]
    assert by_name["first"]["restarts"] == by_name["second"]["restarts"] == 1
    assert deployment.logs("order", "first") == "not yet\nthere now\n"
    assert deployment.logs("order", "main") == "/shared/second: \n"
    deployment.wait(lambda: deployment.pod("order")["containers"][1]["state"] == "exited")


@pytest.mark.parametrize("policy,code,restarts", [("Never", 3, False), ("OnFailure", 3, True), ("OnFailure", 0, False)])
def test_restart_policy(deployment, image, policy, code, restarts):
    deployment.write(workload("job", [container("job", image, "say", "ran", str(code))], kind="Job",
                              spec={"restartPolicy": policy}))
    deployment.up("--no-set")
    if restarts:
        deployment.wait(lambda: deployment.logs("job").startswith("ran\nran\n"))
        assert deployment.pod("job")["containers"][0]["restarts"] >= 1
    else:
        pod = deployment.wait_phase("job", "Failed" if code else "Succeeded")
        assert pod["containers"][0]["exit"] == code and pod["containers"][0]["restarts"] == 0


def test_down_asks_first(deployment, image):
    deployment.write(workload("polite", [container("a", image, "wait")]))
    deployment.up()
    follower = subprocess.Popen([local.CONTRAST, "logs", "-f", "polite", "-d", deployment.folder], env=deployment.env,
                                stdout=subprocess.PIPE, text=True)
    assert follower.stdout.readline() == "waiting\n"
    deployment.down()
    assert follower.communicate(timeout=10)[0] == "bye\n"


def test_down_of_a_stubborn_pod(deployment, image):
    deployment.write(workload("stubborn", [container("a", image, "stubborn")],
                              spec={"terminationGracePeriodSeconds": 1}))
    deployment.up()
    began = time.monotonic()
    deployment.down()
    assert 0.8 < time.monotonic() - began < 5


def test_node_killed_then_down(deployment, image):
    deployment.write(workload("a", [container("a", image, "wait")], replicas=2), service("a", 80, 80))
    before = machine_state()
    deployment.up()
    node = deployment.status()["pid"]
    assert len(machine_state()["processes"] - before["processes"]) >= 6
    os.kill(node, signal.SIGKILL)
    end = time.monotonic() + 5
    while machine_state() != before and time.monotonic() < end:
        time.sleep(0.02)
    assert machine_state() == before, "everything dies with the node"
    status = deployment.run("status", deployment.folder, check=False)
    assert status.returncode == 3 and "crashed" in status.stdout
    deployment.down()
    again = deployment.run("down", deployment.folder, check=False)
    assert again.returncode == 2 and "E-NODE-080" in again.stderr
    deployment.up()


def test_network_process_killed(deployment, image):
    deployment.write(workload("a", [container("a", image, "wait")]), service("a", 80, 80))
    deployment.up()
    os.kill(deployment.status()["network"]["pid"], signal.SIGKILL)
    deployment.wait(lambda: deployment.run("status", deployment.folder, check=False).returncode == 3)
    status = json.loads((deployment.run_dir() / "status.json").read_text())
    assert status["phase"] == "failed" and status["error"]["id"] == "E-NODE-064"


def test_up_clears_what_a_crash_left(deployment, image):
    deployment.write(workload("a", [container("a", image, "wait")]))
    deployment.up()
    os.kill(deployment.status()["pid"], signal.SIGKILL)
    deployment.up()
    assert deployment.pod("a")["ready"]


# ---- what a container gets ----

def test_environment_files_and_user(deployment, image):
    deployment.write(
        config_map("conf", greeting="hello", other="x"), config_map("keys", "Secret", token="s3cret"),
        workload("a", [container(
            "a", image, "show",
            env=[{"name": "B", "value": "2"}, {"name": "C", "value": "$(B)-$(MISSING)-$$(B)"},
                 {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                 {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                 {"name": "GREETING", "valueFrom": {"configMapKeyRef": {"name": "conf", "key": "greeting"}}}],
            securityContext={"runAsUser": 1000, "capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]},
                             "allowPrivilegeEscalation": False})], kind="Pod",
                 spec={"restartPolicy": "Never", "securityContext": {"supplementalGroups": [77]}}),
        workload("b", [container(
            "b", image, "cat", "/conf/greeting", "/conf/sub/o", "/conf/absent", "/keys/token", "/etc/hostname",
            volumeMounts=[{"name": "conf", "mountPath": "/conf"}, {"name": "keys", "mountPath": "/keys"}])], kind="Pod",
                 spec={"restartPolicy": "Never", "volumes": [
                     {"name": "conf", "configMap": {"name": "conf", "items": [
                         {"key": "greeting", "path": "greeting"}, {"key": "other", "path": "sub/o"}]}},
                     {"name": "keys", "secret": {"secretName": "keys", "defaultMode": 0o400}}]}))
    deployment.up("--no-set")
    address = deployment.wait_phase("a", "Succeeded")["address"]
    deployment.wait_phase("b", "Succeeded")
    shown = deployment.logs("a").splitlines()
    assert shown[0] == "uid=1000 gid=1001 host=a groups=77" or shown[0].startswith("uid=1000 gid=1001 host=a groups=")
    assert "CapBnd:\t0000000000001000" in shown and "NoNewPrivs:\t1" in shown
    variables = {line[4:].split("=", 1)[0]: line[4:].split("=", 1)[1] for line in shown if line.startswith("env ")}
    assert variables["FROM_IMAGE"] == "yes" and variables["HOSTNAME"] == "a"
    assert variables["C"] == "2-$(MISSING)-$(B)"
    assert (variables["POD"], variables["IP"], variables["GREETING"]) == ("a", address, "hello")
    assert deployment.logs("b") == ("/conf/greeting: hello\n/conf/sub/o: x\n/conf/absent: No such file or directory\n"
                                    "/keys/token: s3cret\n/etc/hostname: b\n")


def test_pods_are_apart(deployment, image):
    """A pod sees neither the host's files nor other pods' processes; root in it is not root outside."""
    deployment.write(workload("a", [container("a", image, "cat", "/proc/1/cmdline", "/proc/self/uid_map",
                                              "/usr/bin/env", "/run/contrast/evidence.sock")], kind="Pod",
                              spec={"restartPolicy": "Never"}))
    deployment.up("--no-set")
    deployment.wait_phase("a", "Succeeded")
    lines = deployment.logs("a").split("\n")
    assert lines[0].startswith("/proc/1/cmdline: /probe\0cat")
    assert lines[1].split() == ["/proc/self/uid_map:", "0", "0", "65536"]
    assert "/usr/bin/env: No such file or directory" in lines
    assert "/run/contrast/evidence.sock: No such file or directory" in lines


# ---- confidential pods ----

def attested(image, args, socket="evidence", **more):
    document = initdata({"a": ("main", image, socket), "other": ("main", image, "none")}, more.pop("note", ""))
    return document, workload("a", [container("a", image, *args), container("other", image, *args)], kind="Pod",
                              document=document, spec={"restartPolicy": "Never"}, **more)


def evidence_in(text):
    prefix = "result=0 tee=1 rest="
    assert text.startswith(prefix), text
    document = json.loads(text[len(prefix):])
    assert document["type"] == "snp" and len(document["endorsements"]["certificates"]) == 3
    return base64.b64decode(document["evidence"])


def test_evidence_of_a_pod(deployment, image):
    document, pod = attested(image, ["socket", "/run/contrast/evidence.sock", "2"])
    deployment.write(pod)
    deployment.up("--no-set")
    status = deployment.wait_phase("a", "Succeeded")
    report = evidence_in(deployment.logs("a", "a"))
    assert len(report) == 1184
    assert report[0xc0:0xe0].hex() == policy_hash(document) == status["policyHash"]
    measured = subprocess.run([local.NODE, "measure"], capture_output=True, text=True, check=True).stdout.strip()
    assert report[0x90:0xc0].hex() == measured == status["measurement"]
    assert report[8:16] == (0x30000).to_bytes(8, "little")
    # REPORTDATA is the leaf of purpose mesh-cert, hashed by the socket's owner.
    fields = bytes(range(160))
    leaf = hashlib.sha512(b"\0contrast/v1/mesh-cert\0" + bytes([2, 1]) + fields).digest()
    assert report[0x50:0x90] == leaf
    assert "No such file or directory" in deployment.logs("a", "other"), "the policy names no socket for it"


@pytest.mark.parametrize("version", [4, 5])
def test_evidence_of_a_td(deployment, image, version):
    """The same pod on the row of TDX form: the model, which knows Intel's documents and none of our code, accepts its quote."""
    document, pod = attested(image, ["socket", "/run/contrast/evidence.sock", "2"], platform="local-ns-tdx")
    deployment.write(pod)
    deployment.env["CONTRAST_NODE_QUOTE"] = str(version)
    deployment.up("--no-set")
    status = deployment.wait_phase("a", "Succeeded")
    values = json.loads(subprocess.run([local.NODE, "reference-values", "--platform", "local-ns-tdx"], capture_output=True,
                                       env=deployment.env, check=True).stdout)["tdx"][0]
    text = deployment.logs("a", "a")
    assert text.startswith("result=0 tee=2 rest="), text
    q, _ = quotes.judge(json.loads(text.partition("rest=")[2]), values["TrustRoot"], datetime.datetime.utcnow())
    assert q["version"] == version and ("mrservicetd" in q) == (version == 5)
    assert q["mrconfigid"].hex() == policy_hash(document) + "00" * 16 and status["policyHash"] == policy_hash(document)
    assert q["mrtd"].hex() == values["MrTd"] == status["measurement"]
    assert [q[f"rtmr{i}"].hex() for i in range(4)] == values["Rtmrs"] == status["rtmrs"]
    leaf = hashlib.sha512(b"\0contrast/v1/mesh-cert\0" + bytes([2, 2]) + bytes(range(160))).digest()
    assert q["report_data"] == leaf


def test_report_socket_is_a_coordinators(deployment, image):
    _, pod = attested(image, ["socket", "/run/contrast/report.sock", "1"], socket="report")
    deployment.write(pod)
    deployment.up("--no-set")
    deployment.wait_phase("a", "Succeeded")
    assert evidence_in(deployment.logs("a", "a"))[0x50:0x90] == bytes(range(64))


def test_evidence_socket_gives_no_reports(deployment, image):
    _, pod = attested(image, ["socket", "/run/contrast/evidence.sock", "1"])
    deployment.write(pod)
    deployment.up("--no-set")
    deployment.wait_phase("a", "Succeeded")
    assert deployment.logs("a", "a").startswith("result=2 tee=0")


def test_report_ids_differ_by_pod(deployment, image):
    _, pod = attested(image, ["socket", "/run/contrast/evidence.sock", "2"])
    second = json.loads(json.dumps(pod))
    second["metadata"]["name"] = "b"
    deployment.write(pod, second)
    deployment.up("--no-set")
    ids = set()
    for name in "ab":
        deployment.wait_phase(name, "Succeeded")
        ids.add(evidence_in(deployment.logs(name, "a"))[0x140:0x160])
    assert len(ids) == 2


@pytest.mark.parametrize("platform", ["local-ns", "local-ns-tdx"])
def test_debug_launch_shows(deployment, image, platform):
    _, pod = attested(image, ["socket", "/run/contrast/evidence.sock", "2"], platform=platform)
    deployment.write(pod)
    deployment.up("--no-set", "--launch-debug", "a")
    deployment.wait_phase("a", "Succeeded")
    text = deployment.logs("a", "a")
    if platform == "local-ns":
        assert evidence_in(text)[8:16] == (0xb0000).to_bytes(8, "little")
    else:
        q = quotes.parse(base64.b64decode(json.loads(text.partition("rest=")[2])["evidence"]))
        assert q["tdattributes"] == bytes.fromhex("0100001000000000")


@pytest.mark.parametrize("platform", ["local-ns", "local-ns-tdx"])
def test_other_document_under_the_good_hash(deployment, image, platform):
    """PROTOCOL section 12: the host binds the good hash and delivers another document."""
    _, pod = attested(image, ["wait"], platform=platform)
    other = deployment.dir / "other.toml"
    other.write_bytes(initdata({"a": ("main", image, "report"), "other": ("main", image, "none")}))
    deployment.write(pod)
    deployment.up("--no-set", "--deliver", f"a={other}")
    status = deployment.wait_phase("a", "Failed")
    assert "E-NODE-040" in status["reason"] and not status["attested"]
    assert all(c["state"] == "waiting" for c in status["containers"])


@pytest.mark.parametrize("policy,error", [("image", "E-NODE-046"), ("container", "E-NODE-045")])
def test_what_the_policy_does_not_name(deployment, image, policy, error):
    wrong = image[:-4] + ("0000" if image[-4:] != "0000" else "1111")
    document = initdata({"a" if policy == "image" else "b": ("main", wrong, "none")})
    deployment.write(workload("a", [container("a", image, "wait")], kind="Pod", document=document,
                              spec={"restartPolicy": "Never"}))
    deployment.up("--no-set")
    status = deployment.wait_phase("a", "Failed")
    assert error in status["reason"] + "".join(c["reason"] for c in status["containers"])


def test_tampered_layer(deployment, image):
    """The host changes a layer in its store behind the pod's back: the next start of the container fails in the pod."""
    document = initdata({"a": ("main", image, "none")})
    deployment.write(workload("a", [container("a", image, "say", "ran", "1")], kind="Pod", document=document,
                              spec={"restartPolicy": "OnFailure"}))
    deployment.up("--no-set")
    deployment.wait(lambda: "ran" in deployment.logs("a"))
    blobs = deployment.run_dir() / "images/blobs/sha256"
    layer = max(blobs.iterdir(), key=lambda p: p.stat().st_size)
    data = bytearray(layer.read_bytes())
    data[len(data) // 2] ^= 1
    layer.write_bytes(data)
    runs = deployment.logs("a").count("ran")
    deployment.wait(lambda: "E-OCI-0" in deployment.pod("a")["containers"][0]["reason"])
    assert deployment.logs("a").count("ran") <= runs + 1


# ---- bad input ----

def test_nothing_there(deployment):
    for args, code, word in [(("up", deployment.folder), 2, "E-CLI-020"), (("down", deployment.folder), 2, "E-NODE-080"),
                             (("status",), 2, "E-NODE-080"), (("logs", "x"), 2, "E-NODE-080"),
                             (("up", "/nonexistent"), 2, "E-NODE-084")]:
        r = deployment.run(*args, check=False)
        assert r.returncode == code and word in r.stderr, r
    assert not (deployment.dir / "run").exists() or not any((deployment.dir / "run").iterdir())


def test_registry_that_is_not_there(deployment, image):
    host, rest = image.split("/", 1)
    deployment.write(workload("a", [container("a", "127.0.0.1:1/" + rest, "wait")]))
    r = deployment.up(check=False)
    assert r.returncode == 3 and "E-TRANSPORT-" in r.stderr, r
    assert not any((deployment.dir / "run").iterdir()), "nothing is left of a failed start"


def test_image_without_digest(deployment, image):
    deployment.write(workload("a", [container("a", image.split("@")[0], "wait")]))
    r = deployment.up(check=False)
    assert r.returncode == 1 and "E-NODE-043" in r.stderr


def test_command_that_is_not_there(deployment, image):
    deployment.write(workload("a", [container("a", image, command=["/nothing"])], kind="Pod",
                              spec={"restartPolicy": "Never"}))
    r = deployment.up(check=False)
    assert r.returncode == 1 and "E-NODE-087" in r.stderr and "/nothing" in r.stderr


def test_pod_runner_by_hand(tmp_path):
    r = subprocess.run([local.NODE, "pod", "--images", tmp_path, "--work", tmp_path, "--wire-fd", "0"],
                       capture_output=True, text=True)
    assert r.returncode == 2 and "E-NODE-044" in r.stderr
