# SPDX-License-Identifier: Apache-2.0
"""The image library against Debian's docker-registry, images pushed by skopeo, and against liars."""
import http.server
import json
import os
import pathlib
import socket
import ssl
import subprocess
import threading

import pytest
from registry import CONFIG, INDEX, MANIFEST, ROOT, Image, Registry, sha256

TOOL = pathlib.Path(os.environ.get("CONTRAST_BUILD_ROOT", ROOT / "build")) / "tests/unit/oci/oci-tool"

pytestmark = [
    pytest.mark.skipif(not TOOL.exists(), reason="oci-tool is not built"),
    pytest.mark.skipif(not Registry.available(), reason="docker-registry and skopeo are not installed"),
]


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    with Registry(tmp_path_factory.mktemp("registry")) as r:
        yield r


def tool(*args, home=None, env=None):
    environment = {"PATH": os.environ["PATH"], "HOME": str(home or "/nonexistent"), **(env or {})}
    return subprocess.run([TOOL, *map(str, args)], capture_output=True, text=True, env=environment, timeout=60)


def fails(result, code, error_id, *words):
    """One line on standard error, with the id; nothing on standard output."""
    assert result.returncode == code, result
    assert result.stderr.count("\n") == 1 and f"[{error_id}]" in result.stderr, result.stderr
    assert result.stdout == ""
    for word in words:
        assert word in result.stderr, result.stderr


SHOP = dict(config={"Env": ["PATH=/bin", "A=1"], "Entrypoint": ["/bin/app"], "Cmd": ["serve"], "User": "app:shop"})


def shop(**more):
    return Image({"etc": ("dir",), "etc/passwd": b"root:x:0:0:::\napp:x:1000:1000:::\n", "etc/group": b"old:x:1:\n",
                  "data/old": b"1"},
                 {"etc/group": b"shop:x:77:\n", "data/.wh.old": b"", "bin/app": b"#!", "up": ("link", "../../..")},
                 **SHOP, **more)


@pytest.mark.parametrize("compression", ["gzip", "zstd", ""])
def test_push_resolve_fetch_unpack(registry, tmp_path, compression):
    image = shop(compression=compression)
    ref = registry.push(image, f"shop/app{compression}:v1")
    by_tag = tool("resolve", f"{registry.host}/shop/app{compression}:v1")
    assert by_tag.returncode == 0, by_tag.stderr
    got = json.loads(by_tag.stdout)
    assert got["digest"] == got["manifest"] == image.digest
    assert got["layers"] == [layer["digest"] for layer in image.layers]
    assert (got["env"], got["entrypoint"], got["cmd"]) == (["PATH=/bin", "A=1"], ["/bin/app"], ["serve"])
    assert got["pinned"].endswith(f":v1@{image.digest}")
    by_digest = tool("resolve", ref)
    assert json.loads(by_digest.stdout)["layers"] == got["layers"]
    out = tmp_path / "rootfs"
    r = tool("--cache", tmp_path / "cache", "unpack", ref, out)
    assert r.returncode == 0, r.stderr
    assert (out / "etc/group").read_text() == "shop:x:77:\n"
    assert not (out / "data/old").exists() and (out / "data").is_dir()
    assert os.readlink(out / "up") == "../../.."
    user = tool("--cache", tmp_path / "cache", "user", ref)
    assert user.stdout == "1000:77\n", user.stderr
    layers = json.loads((tmp_path / "cache/layers-cache.json").read_text())
    assert {entry["diff_id"] for entry in layers} == set(json.loads(image.config)["rootfs"]["diff_ids"])


def test_index_and_warm_cache(registry, tmp_path):
    image = shop().with_index(Image({"x": b"arm"}, architecture="arm64"))
    ref = registry.push(image, "shop/multi:v1")
    cold = tool("--cache", tmp_path, "--trace", "resolve", f"{registry.host}/shop/multi:v1")
    assert cold.returncode == 0, cold.stderr
    got = json.loads(cold.stdout)
    assert got["digest"] == image.digest and got["manifest"] == sha256(image.manifest)
    assert cold.stderr.count("GET") == 3 and cold.stderr.count("HEAD") == 1
    warm = tool("--cache", tmp_path, "--trace", "resolve", f"{registry.host}/shop/multi:v1")
    assert warm.stdout == cold.stdout
    assert [line.split()[0] for line in warm.stderr.splitlines()] == ["HEAD"]
    pinned = tool("--cache", tmp_path, "--trace", "resolve", ref)
    assert pinned.stderr == "" and json.loads(pinned.stdout)["digest"] == image.digest
    assert tool("--cache", tmp_path, "--offline", "resolve", ref).returncode == 0


def test_not_found(registry):
    fails(tool("resolve", f"{registry.host}/shop/absent:v1"), 2, "E-OCI-031", "MANIFEST_UNKNOWN")
    fails(tool("resolve", f"{registry.host}/shop/absent@sha256:{'0' * 64}"), 2, "E-OCI-031")
    fails(tool("resolve", "Not A Reference"), 2, "E-OCI-001")


def test_unreachable():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    fails(tool("resolve", f"127.0.0.1:{port}/a/b:c"), 3, "E-TRANSPORT-004", f"127.0.0.1:{port}")
    fails(tool("resolve", "registry.invalid/a/b:c"), 3, "E-TRANSPORT-003", "registry.invalid")


def test_offline_miss(tmp_path):
    fails(tool("--cache", tmp_path, "--offline", "resolve", "r.example/a:b"), 3, "E-OCI-036")


def test_damaged_on_the_registrys_disk(registry, tmp_path):
    image = Image({"x": b"damaged layer"}, **SHOP)
    ref = registry.push(image, "shop/damaged:v1")
    blob = registry.blob_file(image.layers[0]["digest"])
    data = bytearray(blob.read_bytes())
    data[len(data) // 2] ^= 1
    blob.write_bytes(data)
    fails(tool("--cache", tmp_path / "c", "fetch", ref), 1, "E-OCI-032", "expected sha256:")
    assert list((tmp_path / "c/partial").iterdir()) == []
    fails(tool("--cache", tmp_path / "c", "unpack", ref, tmp_path / "out"), 1, "E-OCI-032")
    assert not (tmp_path / "out").exists()


# ---- a registry that lies ----


class Liar(http.server.BaseHTTPRequestHandler):
    """Serves self.server.answers: {path or method+path: (status, headers, body[, bytes really sent])}."""

    protocol_version = "HTTP/1.1"

    def reply(self):
        self.server.seen.append((self.command, self.path, self.headers.get("Authorization"), self.headers.get("Range")))
        answer = self.server.answers(self)
        status, headers, body = answer[:3]
        sent = answer[3] if len(answer) > 3 else len(body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:sent])
        if sent < len(body):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True

    do_GET = do_HEAD = do_POST = reply

    def log_message(self, *args):
        pass


class Server:
    def __init__(self, answers, context=None):
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Liar)
        self.http.answers, self.http.seen = answers, []
        if context:
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.host = f"127.0.0.1:{self.http.server_port}"
        self.seen = self.http.seen

    def __enter__(self):
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,))
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


def serving(image, change=lambda request, answer: answer):
    """Answers of an honest registry, each passed through `change`."""
    def answers(request):
        kind, name = request.path.rsplit("/", 2)[-2:]
        if kind == "manifests" and name in ("v1", image.digest):
            answer = (200, {"Content-Type": image.top_type}, image.top)
        elif name in image.blobs:
            answer = (200, {}, image.blobs[name])
        else:
            answer = (404, {}, b"{}")
        return change(request, answer)
    return answers


def test_wrong_bytes_under_a_digest(tmp_path):
    image = shop()

    def change(request, answer):
        return (*answer[:2], answer[2].replace(b"A=1", b"A=2"))
    with Server(serving(image, change)) as s:
        fails(tool("resolve", f"{s.host}/shop/app@{image.digest}"), 1, "E-OCI-032", "expected sha256:", "got sha256:")

    def change_manifest(request, answer):
        return (*answer[:2], answer[2] + b" ") if "manifests" in request.path else answer
    with Server(serving(image, change_manifest)) as s:
        fails(tool("resolve", f"{s.host}/shop/app@{image.digest}"), 1, "E-OCI-032", image.digest)


def test_truncated_blob_is_resumed(tmp_path):
    image = Image({"x": os.urandom(200000)}, compression="")
    digest = image.layers[0]["digest"]

    def change(request, answer):
        if not request.path.endswith(digest):
            return answer
        start = int((request.headers.get("Range") or "bytes=0-")[6:-1])
        body = answer[2][start:]
        headers = {"Content-Range": f"bytes {start}-{len(answer[2]) - 1}/{len(answer[2])}"} if start else {}
        return (206 if start else 200, headers, body, min(len(body), 60000))
    with Server(serving(image, change)) as s:
        r = tool("--cache", tmp_path, "fetch", f"{s.host}/a/b:v1")
        assert r.returncode == 0, r.stderr
        ranges = [seen[3] for seen in s.seen if seen[1].endswith(digest)]
    assert len(ranges) == 4 and ranges[0] is None and all(ranges[1:])
    assert sha256((tmp_path / "blobs/sha256" / digest[7:]).read_bytes()) == digest


def test_truncated_blob_for_good(tmp_path):
    image = Image({"x": b"0" * 5000}, compression="")
    digest = image.layers[0]["digest"]

    def change(request, answer):
        return (*answer[:2], answer[2][:1000]) if request.path.endswith(digest) else answer
    with Server(serving(image, change)) as s:
        fails(tool("--cache", tmp_path, "fetch", f"{s.host}/a/b:v1"), 1, "E-OCI-033", "ends after 1000 of")
    assert not (tmp_path / "blobs/sha256" / digest[7:]).exists()


def test_endless_blob(tmp_path):
    image = Image({"x": b"0" * 5000}, compression="")
    digest = image.layers[0]["digest"]

    def change(request, answer):
        return (*answer[:2], answer[2] * 100) if request.path.endswith(digest) else answer
    with Server(serving(image, change)) as s:
        fails(tool("--cache", tmp_path, "fetch", f"{s.host}/a/b:v1"), 1, "E-OCI-033", "larger than")


def test_huge_manifest():
    with Server(lambda request: (200, {"Content-Type": MANIFEST}, b" " * (5 << 20))) as s:
        fails(tool("resolve", f"{s.host}/a/b:v1"), 2, "E-TRANSPORT-008")


def test_busy_registry_is_asked_again():
    image = shop()
    answered = []

    def change(request, answer):
        answered.append(request.path)
        return (503, {"Retry-After": "0"}, b"") if len(answered) < 3 else answer
    with Server(serving(image, change)) as s:
        assert tool("resolve", f"{s.host}/a/b:v1").returncode == 0
    with Server(lambda request: (503, {"Retry-After": "0"}, b'{"errors":[{"code":"BUSY"}]}')) as s:
        fails(tool("resolve", f"{s.host}/a/b:v1"), 3, "E-OCI-034", "503: BUSY")
        assert len(s.seen) == 4


def test_unauthorized_and_token(tmp_path):
    image = shop()
    user = "Basic c2hvcDpzM2NyZXQ="

    def change(request, answer):
        if request.path.startswith("/token"):
            if request.headers.get("Authorization") != user:
                return (401, {}, b'{"errors":[{"code":"UNAUTHORIZED","message":"wrong password"}]}')
            return (200, {}, b'{"token":"let-me-in","expires_in":60}')
        if request.headers.get("Authorization") != "Bearer let-me-in":
            return (401, {"WWW-Authenticate": f'Bearer realm="http://{request.headers["Host"]}/token",'
                                              'service="shop",scope="repository:a/b:pull"'}, b"{}")
        return answer
    with Server(serving(image, change)) as s:
        fails(tool("resolve", f"{s.host}/a/b:v1"), 1, "E-OCI-030", "wrong password")
        (tmp_path / "config.json").write_text(json.dumps({"auths": {s.host: {"auth": user[6:]}}}))
        s.seen.clear()
        r = tool("resolve", f"{s.host}/a/b:v1", env={"DOCKER_CONFIG": str(tmp_path)})
        assert r.returncode == 0, r.stderr
        token = [seen for seen in s.seen if seen[1].startswith("/token")]
        assert len(token) == 1 and token[0][1] == "/token?service=shop&scope=repository%3Aa%2Fb%3Apull"
        # The password goes to the token server alone.
        assert all(seen[2] != user for seen in s.seen if not seen[1].startswith("/token"))
    (tmp_path / "config.json").write_text("{")
    fails(tool("resolve", "r.example/a:b", env={"DOCKER_CONFIG": str(tmp_path)}), 2, "E-JSON-008",
          str(tmp_path / "config.json"))


def test_redirect_to_another_host_without_credentials(tmp_path):
    image = shop()
    user = "Basic c2hvcDpzM2NyZXQ="

    def change(request, answer):
        if request.headers.get("Authorization") != user:
            return (401, {"WWW-Authenticate": 'Basic realm="shop"'}, b"{}")
        if "/blobs/" in request.path:
            return (307, {"Location": f"http://{cdn.host}{request.path}"}, b"")
        return answer
    with Server(serving(image)) as cdn, Server(serving(image, change)) as s:
        (tmp_path / "config.json").write_text(json.dumps({"auths": {s.host: {"auth": user[6:]}}}))
        r = tool("--cache", tmp_path / "c", "fetch", f"{s.host}/a/b:v1", env={"DOCKER_CONFIG": str(tmp_path)})
        assert r.returncode == 0, r.stderr
        assert len(cdn.seen) == 3 and all(seen[2] is None for seen in cdn.seen)


# ---- the transport itself ----


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", directory / "key.pem", "-out", directory / "cert.pem", "-days", "2",
                    "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "cert.pem", directory / "key.pem")
    return directory / "cert.pem", context


def test_certificates_are_verified(tls):
    cert, context = tls
    with Server(lambda request: (200, {}, b"hello"), context) as s:
        fails(tool("get", f"https://{s.host}/"), 3, "E-TRANSPORT-005")
        fails(tool("--ca", cert, "get", f"https://localhost:{s.host.split(':')[1]}/"), 3, "E-TRANSPORT-005")
        r = tool("--ca", cert, "get", f"https://{s.host}/")
        assert r.stdout == f"200 https://{s.host}/\nhello", r.stderr


def test_no_downgrade(tls):
    cert, context = tls
    with Server(lambda request: (200, {}, b"plain")) as plain, \
            Server(lambda request: (302, {"Location": f"http://{plain.host}/"}, b""), context) as s:
        fails(tool("--ca", cert, "get", f"https://{s.host}/"), 1, "E-TRANSPORT-010")
        assert plain.seen == []


def test_limits_and_deadlines():
    with Server(lambda request: (200, {}, b"x" * 1001)) as s:
        fails(tool("--max", 1000, "get", f"http://{s.host}/"), 2, "E-TRANSPORT-008")
        assert tool("--max", 1001, "get", f"http://{s.host}/").returncode == 0
    with socket.create_server(("127.0.0.1", 0)) as silent:
        fails(tool("--total", 500, "get", f"http://127.0.0.1:{silent.getsockname()[1]}/"), 3, "E-TRANSPORT-006")
    with Server(lambda request: (200, {f"X-{i}": "y" for i in range(200)}, b"")) as s:
        fails(tool("get", f"http://{s.host}/"), 2, "E-TRANSPORT-009")


def test_user_agent_and_no_proxy_for_loopback():
    agents = []

    def answers(request):
        agents.append(request.headers["User-Agent"])
        return (200, {}, b"ok")
    with Server(answers) as s:
        r = tool("get", f"http://{s.host}/", env={"http_proxy": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1"})
        assert r.returncode == 0, r.stderr
    assert agents[0].startswith("contrast/0.")


def test_plain_http_elsewhere_is_refused():
    fails(tool("get", "http://192.0.2.1/"), 2, "E-TRANSPORT-002")


def test_what_is_no_http():
    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve():
            for _ in range(4):
                c, _ = server.accept()
                c.recv(4096)
                c.sendall(b"SSH-2.0-OpenSSH\r\n")
                c.close()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        fails(tool("get", f"http://127.0.0.1:{server.getsockname()[1]}/"), 3, "E-TRANSPORT-007")


def test_index_constants_are_what_the_specification_says():
    assert (INDEX, CONFIG) == ("application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.config.v1+json")
