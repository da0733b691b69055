# SPDX-License-Identifier: Apache-2.0
"""The local platform under test: YAML, initdata, and what is left on the machine.

Shares no code with the programs: initdata and policies are written here by hand.
"""
import base64
import ctypes
import gzip
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from registry import ROOT, Image

BUILD = pathlib.Path(os.environ.get("CONTRAST_BUILD_ROOT", ROOT / "build"))
CONTRAST = BUILD / "contrast"
NODE = BUILD / "contrast-node"
PROBE = BUILD / "tests/unit/node/pod-probe"
CLONE_NEWNET = 0x40000000


def missing():
    """Why the local platform cannot be tested here, or None."""
    if os.geteuid() != 0:
        return "needs root"
    for program in (CONTRAST, NODE, PROBE):
        if not program.exists():
            return f"{program.name} is not built"
    for program in ("crun", "skopeo", "docker-registry", "ip"):
        if not shutil.which(program):
            return f"{program} is not installed"
    return None


class OwnNetwork:
    """A fresh network namespace with loopback for this process and all it starts."""

    def __enter__(self):
        libc = ctypes.CDLL(None, use_errno=True)
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        if libc.unshare(CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        self.libc = libc
        return self

    def __exit__(self, *exc):
        self.libc.setns(self.home, CLONE_NEWNET)
        os.close(self.home)


def probe_image():
    return Image({"etc": ("dir",), "etc/passwd": b"root:x:0:0::/:/\napp:x:1000:1001::/:/\n",
                  "etc/group": b"root:x:0:\napp:x:1001:\n", "probe": ("program", PROBE.read_bytes())},
                 config={"Entrypoint": ["/probe"], "Cmd": ["wait"], "Env": ["PATH=/bin", "FROM_IMAGE=yes"]})


def program_image(program, user=None):
    """One of our programs with the libraries it is linked to, and nothing else."""
    files, folders = {}, set()
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    for word in listed.split():
        if word.startswith("/"):
            files[word.lstrip("/")] = ("program", pathlib.Path(word).resolve().read_bytes())
    files["bin/" + program.name] = ("program", program.read_bytes())
    for name in files:
        folders.update(str(p) for p in pathlib.PurePath(name).parents if str(p) != ".")
    tree = {name: ("dir",) for name in sorted(folders)}
    tree.update({"tmp": ("dir",), **files})
    return Image(tree, config={"Entrypoint": ["/bin/" + program.name], "Env": ["PATH=/bin"], **({"User": user} if user else {})})


def policy_data(containers):
    """The policy's data for {name: (role, image, socket)}; only what the pod runner reads matters."""
    return {"version": 1,
            "pod": {"kind": "Deployment", "name": "x", "name_pattern": "^x$", "namespace": "", "hostname": "",
                    "share_pids": False, "service_links": True, "token": False, "logs": True},
            "containers": [
                {"name": name, "role": role, "image": image, "args": [], "env": [], "cwd": "/", "uid": 0, "gid": 0,
                 "groups": [], "privileged": False, "read_only_root": False, "no_new_privileges": False,
                 "terminal": False, "caps_add": [], "caps_drop": [], "mounts": [], "devices": [], "execs": [],
                 "socket": socket} for name, (role, image, socket) in containers.items()]}


def initdata(containers, note=""):
    policy = "package agent_policy\n\n# " + note + "\npolicy_data := " + json.dumps(policy_data(containers), indent=2)
    return ("version = \"0.1.0\"\nalgorithm = \"sha256\"\n\n[data]\n\"policy.rego\" = '''\n" + policy + "\n'''\n").encode()


def annotation(document):
    return base64.b64encode(gzip.compress(document, mtime=0)).decode()


def policy_hash(document):
    return hashlib.sha256(document).hexdigest()


def container(name, image, *args, **more):
    return {"name": name, "image": image, "args": list(args), **more}


def workload(name, containers, kind="Deployment", init=(), document=None, labels=None, spec=None, platform="local-ns",
             **top):
    """A workload as JSON, which is YAML, too."""
    pod = {"containers": containers, **(spec or {})}
    if init:
        pod["initContainers"] = list(init)
    meta = {"labels": labels or {"app": name}}
    if document is not None:
        pod["runtimeClassName"] = "contrast-cc-" + platform
        meta["annotations"] = {"io.katacontainers.config.hypervisor.cc_init_data": annotation(document)}
    version = {"Pod": "v1", "Job": "batch/v1"}.get(kind, "apps/v1")
    if kind == "Pod":
        return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **meta}, "spec": pod}
    body = {"template": {"metadata": meta, "spec": pod}, **top}
    if kind != "Job":
        body["selector"] = {"matchLabels": meta["labels"]}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": body}


def service(name, port, target, app=None, **spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"selector": {"app": app or name}, "ports": [{"port": port, "targetPort": target}], **spec}}


def config_map(name, kind="ConfigMap", **data):
    if kind == "Secret":
        data = {k: base64.b64encode(v.encode()).decode() for k, v in data.items()}
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "data": data}


def machine_state():
    """Everything that pods could leave behind: processes, mounts, links, cgroups."""
    def lines(*command):
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    processes = set()
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        name = pathlib.Path(os.fsdecode(command.split(b"\0")[0])).name
        # Other tests may run beside this one: ours have the folder in their arguments.
        if state not in "ZX" and (b"contrast-e2e-" in command or name == "probe"):
            processes.add((int(entry.name), name))
    links = {line.split(":")[1] for line in lines("ip", "-o", "link")}
    mounts = [line for line in pathlib.Path("/proc/self/mounts").read_text().splitlines() if "/m/" in line or "crun" in line]
    cgroups = sorted(str(p) for p in pathlib.Path("/sys/fs/cgroup").rglob("*crun*"))
    named = sorted(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else []
    return {"processes": processes, "links": links, "mounts": mounts, "cgroups": cgroups, "netns": named}


class Local:
    """One deployment folder and the programs run on it."""

    def __init__(self, state_dir):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="contrast-e2e-"))
        self.folder = self.dir / "deployment"
        self.folder.mkdir()
        self.env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "CONTRAST_RUN_DIR": str(self.dir / "run"),
                    "CONTRAST_NODE_STATE": str(state_dir)}

    def write(self, *objects, name="all.yaml"):
        (self.folder / name).write_text("---\n".join(json.dumps(o) + "\n" for o in objects))

    def run(self, *args, timeout=90, check=True):
        r = subprocess.run([CONTRAST, *map(str, args)], capture_output=True, text=True, env=self.env, timeout=timeout)
        if check:
            assert r.returncode == 0, r
        return r

    def up(self, *args, **more):
        return self.run("up", self.folder, *args, **more)

    def down(self, **more):
        return self.run("down", self.folder, **more)

    def status(self):
        return json.loads(self.run("status", self.folder, "-o", "json").stdout)

    def pod(self, name):
        pods = [p for p in self.status()["pods"] if p["name"].startswith(name)]
        assert len(pods) == 1, pods
        return pods[0]

    def logs(self, pod, *args):
        return self.run("logs", pod, *args, "-d", self.folder).stdout

    def run_dir(self):
        (only,) = (self.dir / "run").iterdir()
        return only

    def wait(self, what, seconds=20):
        """Polls until what() is true; shows the status when it never is."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if what():
                return
            time.sleep(0.05)
        raise AssertionError(self.run("status", self.folder, check=False).stdout)

    def wait_phase(self, pod, phase, seconds=20):
        self.wait(lambda: self.pod(pod)["phase"] == phase, seconds)
        return self.pod(pod)

    def close(self):
        self.run("down", self.folder, check=False)
        shutil.rmtree(self.dir)
