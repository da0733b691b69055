# SPDX-License-Identifier: Apache-2.0
"""One deployment on loopback without containers: keys, YAML, manifest, the software secure
processor, Coordinator and pods, each in files of a temporary folder. Everything that is started is
stopped by its process id."""
import base64
import gzip
import hashlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CONTRAST_BUILD_ROOT", SOURCE / "build"))
PROCESSOR = BUILD / "tests" / "test-processor"
DEADLINE = 60
GOOD = "11" * 48  # the measurement that manifests accept


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def run(*args, cwd=None, check=False, timeout=DEADLINE, env=None):
    """A command's exit code and its whole output."""
    full = dict(os.environ, NO_COLOR="1", **(env or {}))
    done = subprocess.run([str(a) for a in args], cwd=cwd, capture_output=True, text=True,
                          timeout=timeout, env=full)
    if check and done.returncode != 0:
        raise AssertionError(f"{args[0]}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


class Process:
    """A started program; its output goes to a file."""

    def __init__(self, log, *args, env=None):
        self.log = pathlib.Path(log)
        with open(self.log, "wb") as out:
            self.child = subprocess.Popen([str(a) for a in args], stdout=out,
                                          stderr=subprocess.STDOUT, start_new_session=True,
                                          env=dict(os.environ, **(env or {})))

    def text(self):
        return self.log.read_text(errors="replace")

    def wait_for(self, text, seconds=20):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if text in self.text():
                return self
            if self.child.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"no {text!r} from {self.child.args[0]}:\n{self.text()}")

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(5)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()


def initdata(text):
    """A small initdata document; its SHA-256 is the policy hash."""
    return ('version = "0.1.0"\nalgorithm = "sha256"\n\n[data]\n"policy.rego" = \'\'\'\n'
            f"package agent_policy\n# {text}\n'''\n").encode()


def policy_hash(document):
    return hashlib.sha256(document).hexdigest()


def workload(kind, name, document):
    packed = base64.b64encode(gzip.compress(document, mtime=0)).decode()
    return (f"apiVersion: apps/v1\nkind: {kind}\nmetadata:\n  name: {name}\nspec:\n  template:\n"
            "    metadata:\n      annotations:\n"
            f'        io.katacontainers.config.hypervisor.cc_init_data: "{packed}"\n'
            f"    spec:\n      runtimeClassName: contrast-cc\n      containers:\n"
            f"      - name: {name}\n        image: example.com/{name}@sha256:{'0' * 64}\n")


def new_key(path):
    run("openssl", "ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", path, check=True)
    return path


def spki(path):
    return subprocess.run(["openssl", "ec", "-in", str(path), "-pubout", "-outform", "DER"],
                          capture_output=True, check=True).stdout


def values(state, measurement=GOOD, tee="snp"):
    """A reference set of this kind that the measurement satisfies."""
    verb = "values" if tee == "snp" else "values-tdx"
    printed = json.loads(run(PROCESSOR, verb, state, measurement, check=True).stdout)
    return printed if tee == "snp" else printed["tdx"][0]


class Deployment:
    """The owner's workspace and what runs of it."""

    def __init__(self, folder, state, pods=("web",), tee="snp"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.tee = tee
        self.state = state  # the processor's; shared, because RSA keys take seconds
        self.processes = []
        self.count = 0
        self.documents = {"coordinator": initdata("coordinator")}
        for pod in pods:
            self.documents[pod] = initdata(pod)
        self.owner = new_key(self.folder / "workload-owner.pem")
        self.deployment_id = os.urandom(16).hex()
        self.genesis_key = hashlib.sha256(spki(self.owner)).hexdigest()
        self.reference = [values(state, tee=tee)]
        self.owners = [spki(self.owner).hex()]
        self.extra = {}
        self.write_genesis()
        self.write_yaml()
        self.write_manifest()

    # files
    def write_genesis(self):
        (self.folder / "genesis.json").write_text(json.dumps(
            {"version": 1, "deployment_id": self.deployment_id,
             "genesis_keys": [self.genesis_key]}, indent=2) + "\n")

    def write_yaml(self):
        parts = [workload("StatefulSet" if n == "coordinator" else "Deployment", n, d)
                 for n, d in self.documents.items()]
        (self.folder / "app.yaml").write_text("---\n".join(parts))

    def manifest(self):
        policies = {}
        for name, document in sorted(self.documents.items(), key=lambda i: policy_hash(i[1])):
            entry = {"SANs": [name], "WorkloadSecretID": f"apps/v1/Deployment/default/{name}"}
            if name.startswith("coordinator"):
                entry["Role"] = "coordinator"
            policies[policy_hash(document)] = entry
        return {"Policies": policies, "ReferenceValues": {self.tee: self.reference},
                "WorkloadOwnerPubKeys": sorted(self.owners), "SeedshareOwnerPubKeys": [],
                "Insecure": True, **self.extra}

    def write_manifest(self, name="manifest.json"):
        (self.folder / name).write_text(json.dumps(self.manifest(), indent=2) + "\n")

    # processes
    def start(self, name, *args, env=None):
        self.count += 1
        process = Process(self.folder / f"{name}.{self.count}.log", *args, env=env)
        self.processes.append(process)
        return process

    def stop(self):
        for process in reversed(self.processes):
            process.stop()

    def pod(self, document, measurement=GOOD, policy="normal"):
        """A launched guest: report and evidence socket for this initdata document."""
        self.count += 1
        report = self.folder / f"report.{self.count}.sock"
        evidence = self.folder / f"evidence.{self.count}.sock"
        self.start("processor", PROCESSOR, "serve" if self.tee == "snp" else "serve-tdx",
                   self.state, measurement, policy_hash(document), policy, report,
                   evidence).wait_for("ready")
        return report, evidence

    def coordinator(self, store=None, measurement=GOOD, document=None, policy="normal",
                    deployment_id=None, genesis_key=None, workers=2, report=None, wait=True):
        """Starts a Coordinator; its addresses are in the result."""
        if report is None:
            report, _ = self.pod(document or self.documents["coordinator"], measurement, policy)
        ports = [free_port() for _ in range(3)]
        args = [BUILD / "contrast-coordinator", "--deployment-id",
                deployment_id or self.deployment_id, "--genesis-key",
                genesis_key or self.genesis_key, "--report-socket", report,
                "--listen-owners", f"127.0.0.1:{ports[0]}", "--listen-pods",
                f"127.0.0.1:{ports[1]}", "--listen-health", f"127.0.0.1:{ports[2]}",
                "--workers", workers]
        if store:
            args += ["--store", store]
        process = self.start("coordinator", *args)
        process.owners, process.pods, process.health = (f"127.0.0.1:{p}" for p in ports)
        if wait:
            process.wait_for("the keeper is ready")
        return process

    # the owner's commands
    def contrast(self, *args, **kw):
        return run(BUILD / "contrast", *args, cwd=self.folder, **kw)

    def set(self, coordinator, *more, **kw):
        return self.contrast("set", "app.yaml", "-c", coordinator.owners, "--insecure", "--wait",
                             "0", *more, **kw)

    def verify(self, coordinator, *more, **kw):
        return self.contrast("verify", "-c", coordinator.owners, "--insecure", *more, **kw)

    def initializer(self, coordinator, evidence, out, *more, attempts=1, **kw):
        return run(BUILD / "contrast-initializer", "--deployment-id", self.deployment_id,
                   "--genesis-key", self.genesis_key, "--coordinator", coordinator.pods,
                   "--evidence-socket", evidence, "--output", out, "--attempts", attempts, *more,
                   **kw)
