# SPDX-License-Identifier: Apache-2.0
"""scripts/images and scripts/registry: images that repeat to the byte and run."""
import os
import re
import shutil
import subprocess

import pytest
from registry import ROOT, Registry

BUILD = ROOT / os.environ.get("CONTRAST_BUILD_ROOT", "build")
TOOL = BUILD / "tests/unit/oci/oci-tool"

pytestmark = [
    pytest.mark.skipif(not (BUILD / "examples/shop/web").exists(), reason="the sample is not built"),
    pytest.mark.skipif(not Registry.available(), reason="docker-registry and skopeo are not installed"),
]
LINE = re.compile(r"registry\.example/shop/(\w+):1\.0=(127\.0\.0\.1:\d+/shop/\1:1\.0@sha256:[0-9a-f]{64})")


def images(*args, build):
    return subprocess.run([ROOT / "scripts/images", *map(str, args)], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "CONTRAST_BUILD": str(build)})


@pytest.fixture
def build(tmp_path):
    """A build folder of our own, so that a demo's images stay what they are."""
    (tmp_path / "build/examples").mkdir(parents=True)
    os.symlink(BUILD / "examples/shop", tmp_path / "build/examples/shop")
    return tmp_path / "build"


def test_digests_repeat_and_images_run(tmp_path, build):
    with Registry(tmp_path) as registry:
        first = images("push", registry.host, "web", "cart", build=build)
        assert first.returncode == 0, first.stderr
        references = dict(LINE.fullmatch(line).groups() for line in first.stdout.splitlines())
        assert list(references) == ["web", "cart"]
        shutil.rmtree(build / "images")
        assert images("push", registry.host, "web", "cart", build=build).stdout == first.stdout
        for name, reference in references.items():
            rootfs = tmp_path / name
            r = subprocess.run([TOOL, "--cache", tmp_path / "cache", "unpack", reference, rootfs],
                               capture_output=True, text=True)
            assert r.returncode == 0, r.stderr
            if os.geteuid() == 0:
                r = subprocess.run(["chroot", rootfs, "/" + name], capture_output=True, text=True, timeout=10,
                                   env={"PATH": os.environ["PATH"], "SHOP_ALLOW": "x"})
                assert r.returncode == 1 and "no certificates in /contrast/tls-config" in r.stderr
        # The layer of libraries is shared.
        blobs = list((tmp_path / "cache/blobs/sha256").iterdir())
        assert len(blobs) == 2 * 3 + 1


def test_references_go_into_yaml(tmp_path, build):
    (build / "images").mkdir()
    (build / "images/references").write_text("registry.example/shop/web:1.0=h:1/shop/web:1.0@sha256:ab\n")
    shutil.copytree(ROOT / "examples/shop", tmp_path / "shop")
    assert images("use", tmp_path / "shop", build=build).returncode == 0
    diff = subprocess.run(["diff", "-r", ROOT / "examples/shop", tmp_path / "shop"], capture_output=True, text=True).stdout
    changed = [line for line in diff.splitlines() if line[0] in "<>"]
    assert [c.strip() for c in changed] == ["<         image: registry.example/shop/web:1.0",
                                            ">         image: h:1/shop/web:1.0@sha256:ab"]


def test_errors(build):
    assert images("push", build=build).returncode == 2
    r = images("use", build, build=build)
    assert r.returncode == 2 and "push first" in r.stderr
    r = images("push", "127.0.0.1:1", "coordinator", build=build)
    assert r.returncode != 0 and "is not built" in r.stderr
    r = images("push", "127.0.0.1:1", "web", build=build)
    assert r.returncode != 0 and "refused" in r.stderr
    assert not (build / "images/references").exists()
