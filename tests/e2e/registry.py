# SPDX-License-Identifier: Apache-2.0
"""A real registry on loopback and tiny images made by the tests themselves.

    from registry import Registry, Image
    with Registry(tmp_path) as registry:
        ref = registry.push(Image(files={"hello": b"x"}), "team/app:v1")   # HOST/team/app@sha256:...
"""
import gzip
import hashlib
import io
import json
import pathlib
import shutil
import subprocess
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def make_tar(files):
    """Deterministic tar of {path: bytes | ("program", bytes) | ("link", target) | ("dir",)}."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, what in files.items():
            info = tarfile.TarInfo(name)
            info.mode = 0o644
            if isinstance(what, bytes):
                info.size = len(what)
                tar.addfile(info, io.BytesIO(what))
            elif what[0] == "program":
                info.size, info.mode = len(what[1]), 0o755
                tar.addfile(info, io.BytesIO(what[1]))
            elif what[0] == "link":
                info.type, info.linkname = tarfile.SYMTYPE, what[1]
                tar.addfile(info)
            else:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(info)
    return out.getvalue()


def compress(data, kind):
    if kind == "gzip":
        return gzip.compress(data, mtime=0)
    if kind == "zstd":
        return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


class Image:
    """Layers (dicts of files, lowest first) and a configuration."""

    def __init__(self, *layers, config=None, compression="gzip", architecture="amd64"):
        self.blobs, descriptors, diff_ids = {}, [], []
        suffix = {"gzip": "+gzip", "zstd": "+zstd", "": ""}[compression]
        for files in layers:
            tar = make_tar(files)
            diff_ids.append(sha256(tar))
            descriptors.append(self._blob("application/vnd.oci.image.layer.v1.tar" + suffix,
                                          compress(tar, compression)))
        self.config = json.dumps({"architecture": architecture, "os": "linux", "config": config or {},
                                  "rootfs": {"type": "layers", "diff_ids": diff_ids}}).encode()
        self.manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST,
                                    "config": self._blob(CONFIG, self.config),
                                    "layers": descriptors}).encode()
        self.layers = descriptors
        self.top, self.top_type = self.manifest, MANIFEST

    def _blob(self, media_type, data):
        self.blobs[sha256(data)] = data
        return {"mediaType": media_type, "digest": sha256(data), "size": len(data)}

    def with_index(self, *others):
        """The same image behind an index, beside images for other platforms."""
        entries = []
        for image, arch in [(o, "arm64") for o in others] + [(self, "amd64")]:
            entries.append({**image._blob(MANIFEST, image.manifest),
                            "platform": {"os": "linux", "architecture": arch}})
            self.blobs.update(image.blobs)
        self.top = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()
        self.top_type = INDEX
        return self

    @property
    def digest(self):
        return sha256(self.top)

    def layout(self, directory, name="image"):
        """Write an OCI layout and return the directory."""
        blobs = directory / "blobs" / "sha256"
        blobs.mkdir(parents=True)
        for digest, data in {**self.blobs, self.digest: self.top}.items():
            (blobs / digest[7:]).write_bytes(data)
        (directory / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        (directory / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [
            {"mediaType": self.top_type, "digest": self.digest, "size": len(self.top),
             "annotations": {"org.opencontainers.image.ref.name": name}}]}))
        return directory


class Registry:
    def __init__(self, directory):
        self.dir = pathlib.Path(directory) / "registry"

    def __enter__(self):
        r = subprocess.run([ROOT / "scripts/registry", "start", self.dir], capture_output=True, text=True)
        if r.returncode:
            raise RuntimeError(r.stderr)
        self.host = r.stdout.strip()
        return self

    def __exit__(self, *exc):
        subprocess.run([ROOT / "scripts/registry", "stop", self.dir], check=True)

    @staticmethod
    def available():
        return bool(shutil.which("docker-registry") and shutil.which("skopeo"))

    def push(self, image, name):
        """Push with skopeo; the pinned reference without tag."""
        layout = self.dir / "layouts" / hashlib.sha256((name + image.digest).encode()).hexdigest()
        if not layout.exists():
            image.layout(layout)
        subprocess.run(["skopeo", "copy", "--insecure-policy", "--quiet", "--all", "--preserve-digests",
                        "--dest-tls-verify=false", f"oci:{layout}:image", f"docker://{self.host}/{name}"],
                       check=True, capture_output=True)
        return f"{self.host}/{name.rsplit(':', 1)[0]}@{image.digest}"

    def blob_file(self, digest):
        """Where the registry keeps a blob: a test may damage it."""
        return self.dir / "data/docker/registry/v2/blobs/sha256" / digest[7:9] / digest[7:] / "data"
