# SPDX-License-Identifier: Apache-2.0
"""The sample services on loopback, with certificates as the initializer leaves them."""
import contextlib
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("CONTRAST_BUILD_ROOT", ROOT / "build")) / "examples/shop"

pytestmark = pytest.mark.skipif(not (BIN / "web").exists(), reason="the sample is not built")


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)


class Mesh:
    """A mesh CA and leaves in the initializer's file layout."""

    def __init__(self, directory):
        self.dir = directory
        directory.mkdir()
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-keyout", directory / "ca.key", "-out", directory / "mesh-ca.pem", "-subj", "/CN=mesh")

    def issue(self, *names, into=None):
        d = into or self.dir / names[0]
        d.mkdir(exist_ok=True)
        (d / "ext").write_text("subjectAltName=" + ",".join(f"DNS:{n}" for n in names) +
                               "\nextendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:FALSE\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", d / "key.new",
                "-out", d / "csr", "-subj", f"/CN={names[0]}")
        openssl("x509", "-req", "-in", d / "csr", "-CA", self.dir / "mesh-ca.pem", "-CAkey", self.dir / "ca.key",
                "-CAcreateserial", "-days", "1", "-extfile", d / "ext", "-out", d / "leaf")
        (d / "mesh-ca.pem").write_bytes((self.dir / "mesh-ca.pem").read_bytes())
        (d / "certChain.new").write_bytes((d / "leaf").read_bytes() + (self.dir / "mesh-ca.pem").read_bytes())
        (d / "key.new").rename(d / "key.pem")
        (d / "certChain.new").rename(d / "certChain.pem")
        return d


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    return Mesh(tmp_path_factory.mktemp("mesh") / "mesh")


def free_ports(n):
    """Different ones: all are held until the last is known."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(n)]
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]


class Service:
    def __init__(self, name, tls, **env):
        self.port, self.health = free_ports(2)
        self.log = tls.parent / f"{name}-{self.port}.log"
        self.out = open(self.log, "w")
        self.process = subprocess.Popen([BIN / name], stdout=self.out, stderr=self.out, env={
            "SHOP_TLS_DIR": str(tls), "SHOP_LISTEN": f"127.0.0.1:{self.port}",
            "SHOP_HEALTH": f"127.0.0.1:{self.health}", **env})

    def wait(self):
        for _ in range(200):
            if self.process.poll() is not None:
                raise RuntimeError(self.log.read_text())
            try:
                with socket.create_connection(("127.0.0.1", self.health), timeout=1) as s:
                    s.sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
                    if b" 200 " in s.recv(100):
                        return self
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("not healthy: " + self.log.read_text())

    def ready(self):
        with socket.create_connection(("127.0.0.1", self.health), timeout=5) as s:
            s.sendall(b"GET /readyz HTTP/1.1\r\n\r\n")
            return b" 200 " in s.recv(100)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=10)
        self.out.close()
        return code

    def __enter__(self):
        return self.wait()

    def __exit__(self, *exc):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.out.close()


@pytest.fixture
def shop(mesh, tmp_path):
    """store, cart and web, connected."""
    data = str(tmp_path / "shop.log")
    with Service("store", mesh.issue("store", "localhost"), SHOP_ALLOW="cart", SHOP_DATA=data,
                 SHOP_STOCK="apple=10,pear=3") as store, \
         Service("cart", mesh.issue("cart", "localhost"), SHOP_ALLOW="web", SHOP_STORE=f"localhost:{store.port}") as cart, \
         Service("web", mesh.issue("web", "localhost"), SHOP_CART=f"localhost:{cart.port}", SHOP_TOKEN="s3cret",
                 SHOP_TITLE="Fruit <& more>") as web:
        yield store, cart, web


def curl(mesh, web, path, *args):
    r = subprocess.run(["curl", "-sS", "--noproxy", "*", "--cacert", mesh.dir / "mesh-ca.pem", "--resolve",
                        f"web:{web.port}:127.0.0.1", "-w", "%{http_code}", *args, f"https://web:{web.port}{path}"],
                       capture_output=True, text=True, timeout=20)
    return (r.returncode, 0, r.stderr) if r.returncode else (0, int(r.stdout[-3:]), r.stdout[:-3])


def test_one_order_through_all_services(shop, mesh):
    store, cart, web = shop
    assert curl(mesh, web, "/stock") == (0, 200, "apple 10\npear 3\n")
    assert curl(mesh, web, "/order", "-d", "item=apple&count=2") == (0, 200, "order 1 taken, 8 left\n")
    assert curl(mesh, web, "/order?item=pear&count=1", "-X", "POST") == (0, 200, "order 2 taken, 2 left\n")
    assert curl(mesh, web, "/order", "-d", "item=apple&count=9") == (0, 409, "only 8 left\n")
    assert curl(mesh, web, "/order", "-d", "item=kiwi&count=1") == (0, 404, "there is no such thing\n")
    assert curl(mesh, web, "/order?number=1") == (0, 200, "2 apple\n")
    assert curl(mesh, web, "/order?number=99")[1] == 404
    code, status, html = curl(mesh, web, "/")
    assert status == 200 and "<li>apple 8</li>" in html and "Fruit &lt;&amp; more&gt;" in html
    assert all(s.ready() for s in shop)


def test_restock_needs_the_secret(shop, mesh):
    web = shop[2]
    order = ["-d", "item=apple&count=5"]
    assert curl(mesh, web, "/restock", *order)[1] == 401
    assert curl(mesh, web, "/restock", *order, "-H", "Authorization: Bearer s3creT")[1] == 401
    assert curl(mesh, web, "/restock", *order, "-H", "Authorization: Bearer s3cret") == (0, 200, "15 left\n")


@pytest.mark.parametrize("request_line", [
    "GET / SPDY/1", "GET", "X" * 9000, "BREW / HTTP/1.1", "GET /order?number=1%00 HTTP/1.1",
    "GET /order?number=1%20PING HTTP/1.1", "GET /order?number=1%0aPING HTTP/1.1", "GET /order HTTP/1.1",
    "POST /order?item=../x&count=1 HTTP/1.1", "POST /order?item=apple&count=-1 HTTP/1.1",
    "POST /order?item=apple&count=0 HTTP/1.1", "POST /order?item=apple&count=99999999999 HTTP/1.1",
    "POST /order?item=apple%0d%0a&count=1 HTTP/1.1", "POST / HTTP/1.1\r\nContent-Length: 99999999"])
def test_bad_requests(shop, mesh, request_line):
    context = ssl.create_default_context(cafile=mesh.dir / "mesh-ca.pem")
    with socket.create_connection(("127.0.0.1", shop[2].port)) as raw, \
            context.wrap_socket(raw, server_hostname="web") as s:
        s.sendall(request_line.encode() + b"\r\n\r\n")
        answer = s.recv(1000)
    assert answer == b"" or answer.split()[1] in (b"400", b"404", b"413", b"501"), answer
    assert curl(mesh, shop[2], "/stock")[1] == 200


def test_data_survives_a_crash(shop, mesh, tmp_path):
    store, cart, web = shop
    assert curl(mesh, web, "/order", "-d", "item=apple&count=4")[1] == 200
    store.process.kill()
    store.process.wait()
    assert curl(mesh, web, "/stock")[1] == 502
    assert not cart.ready() and not web.ready()
    log = tmp_path / "shop.log"
    whole = log.read_bytes()
    log.write_bytes(whole + whole[:20])  # an event without an end, as a crash leaves it
    env = dict(SHOP_ALLOW="cart", SHOP_DATA=str(log), SHOP_STOCK="apple=10")
    again = Service.__new__(Service)
    again.port, again.health = store.port, store.health
    again.log = tmp_path / "again.log"
    again.out = open(again.log, "w")
    again.process = subprocess.Popen([BIN / "store"], stderr=again.out, env={
        "SHOP_TLS_DIR": str(mesh.dir / "store"), "SHOP_LISTEN": f"127.0.0.1:{store.port}",
        "SHOP_HEALTH": f"127.0.0.1:{store.health}", **env})
    with again:
        assert "20 bytes are no event" in again.log.read_text()
        assert log.read_bytes() == whole
        assert curl(mesh, web, "/stock") == (0, 200, "apple 6\npear 3\n")
        assert curl(mesh, web, "/order", "-d", "item=apple&count=1") == (0, 200, "order 2 taken, 5 left\n")


def test_no_certificates_no_service(mesh, tmp_path):
    def refuses(tls):
        r = subprocess.run([BIN / "store"], capture_output=True, text=True, timeout=10, env={
            "SHOP_TLS_DIR": str(tls), "SHOP_DATA": str(tmp_path / "x"), "SHOP_ALLOW": "cart",
            "SHOP_LISTEN": "127.0.0.1:0", "SHOP_HEALTH": "127.0.0.1:0"})
        assert r.returncode == 1
        return r.stderr
    assert "was the initializer here?" in refuses(tmp_path / "absent")
    for name in ("key.pem", "certChain.pem", "mesh-ca.pem"):
        d = mesh.issue("broken", into=tmp_path / name)
        (d / name).unlink()
        assert "was the initializer here?" in refuses(d)
        (d / name).write_text("garbage")
        assert "cannot be used" in refuses(d)
    other = mesh.issue("other", into=tmp_path / "other")
    (other / "key.pem").write_bytes((mesh.issue("one", into=tmp_path / "one") / "key.pem").read_bytes())
    assert "cannot be used" in refuses(other)


def ask_store(store, mesh, tls, server_name="store"):
    context = ssl.create_default_context(cafile=mesh.dir / "mesh-ca.pem")
    if tls:
        context.load_cert_chain(tls / "certChain.pem", tls / "key.pem")
    with socket.create_connection(("127.0.0.1", store.port), timeout=5) as raw, \
            context.wrap_socket(raw, server_hostname=server_name) as s:
        s.sendall(b"PING\n")
        return s.recv(100)


def test_the_store_serves_the_cart_alone(shop, mesh, tmp_path):
    store = shop[0]
    assert ask_store(store, mesh, mesh.dir / "cart") == b"OK\n"

    def refused(tls):
        try:
            return ask_store(store, mesh, tls) == b""
        except (ssl.SSLError, ConnectionError):
            return True
    assert refused(None)
    assert refused(mesh.dir / "web")
    stranger = Mesh(tmp_path / "stranger")
    assert refused(stranger.issue("cart"))
    assert ask_store(store, mesh, mesh.dir / "cart") == b"OK\n"


def test_an_impostor_is_not_believed(mesh, tmp_path):
    """A store with a certificate of the same mesh, but another name."""
    with Service("store", mesh.issue("other"), SHOP_ALLOW="cart", SHOP_DATA=str(tmp_path / "d")) as store, \
         Service("cart", mesh.issue("cart", "localhost"), SHOP_ALLOW="web", SHOP_STORE=f"localhost:{store.port}") as cart:
        assert not cart.ready()
        assert "is not the peer it should be" in cart.log.read_text()


def test_certificates_are_reloaded(mesh, tmp_path):
    tls = mesh.issue("store", "localhost", into=tmp_path / "tls")
    with Service("store", tls, SHOP_ALLOW="cart", SHOP_DATA=str(tmp_path / "d")) as store:
        cart = mesh.issue("cart")
        context = ssl.create_default_context(cafile=mesh.dir / "mesh-ca.pem")
        context.load_cert_chain(cart / "certChain.pem", cart / "key.pem")

        def serial():
            with socket.create_connection(("127.0.0.1", store.port)) as raw, \
                    context.wrap_socket(raw, server_hostname="store") as s:
                return s.getpeercert()["serialNumber"]
        before = serial()
        mesh.issue("store", "localhost", into=tls)
        assert serial() != before
        # A broken file changes nothing.
        now = serial()
        (tls / "certChain.pem").write_text("garbage")
        assert serial() == now
        assert "cannot be used" in store.log.read_text()


def test_sigterm_finishes_what_is_under_way(mesh, tmp_path):
    with Service("store", mesh.issue("store"), SHOP_ALLOW="cart", SHOP_DATA=str(tmp_path / "d")) as store:
        cart = mesh.issue("cart")
        context = ssl.create_default_context(cafile=mesh.dir / "mesh-ca.pem")
        context.load_cert_chain(cart / "certChain.pem", cart / "key.pem")
        with socket.create_connection(("127.0.0.1", store.port)) as raw, \
                context.wrap_socket(raw, server_hostname="store") as s:
            s.sendall(b"ADD kiwi")
            store.process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            assert store.process.poll() is None
            s.sendall(b" 5\n")
            assert s.recv(100) == b"OK 5\n"
        assert store.process.wait(timeout=5) == 0


@pytest.mark.parametrize("line,answer", [
    (b"STOCK", b"OK apple=100\n"), (b"ADD kiwi 2", b"OK 2\n"), (b"ORDER apple 3", b"OK 1 97\n"),
    (b"ORDER apple 101", b"SHORT 100\n"), (b"ORDER kiwi 1", b"NONE\n"), (b"SHOW 1", b"NONE\n"),
    (b"ADD kiwi 0", b"ERROR"), (b"ADD kiwi -1", b"ERROR"), (b"ADD kiwi 1000001", b"ERROR"), (b"ADD kiwi 1 2", b"ERROR"),
    (b"ADD " + b"k" * 33 + b" 1", b"ERROR"), (b"ADD K 1", b"ERROR"), (b"SHOW 0", b"ERROR"), (b"SHOW x", b"ERROR"),
    (b"PING\x00x", b""), (b"DROP TABLE", b"ERROR"), (b"", b"ERROR"), (b"x" * 5000, b"")])
def test_store_protocol(mesh, tmp_path, line, answer):
    with Service("store", mesh.issue("store"), SHOP_ALLOW="cart", SHOP_DATA=str(tmp_path / "d")) as store:
        cart = mesh.issue("cart")
        context = ssl.create_default_context(cafile=mesh.dir / "mesh-ca.pem")
        context.load_cert_chain(cart / "certChain.pem", cart / "key.pem")
        with socket.create_connection(("127.0.0.1", store.port), timeout=5) as raw, \
                context.wrap_socket(raw, server_hostname="store") as s:
            s.sendall(line + b"\n")
            got = s.recv(100)
        assert got.startswith(answer) and (got != b"") == (answer != b""), got
        assert ask_store(store, mesh, cart) == b"OK\n"
