# SPDX-License-Identifier: Apache-2.0
"""The vendors' services on loopback, from recorded collateral: what is asked is counted.

    with Origin() as origin:
        origin.put("/vcek/v1/Genoa/crl", body, {"Header": "value"})
        run(contrast, ..., "--kds", origin.url)
"""
import http.server
import ssl
import threading
import time
import urllib.parse


class Origin:
    def __init__(self, tls=None):
        self.answers, self.asked, self.delay = {}, [], 0
        origin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                path = urllib.parse.urlsplit(self.path).path
                origin.asked.append(self.path)
                time.sleep(origin.delay)
                status, headers, body = next((origin.answers[p] for p in sorted(origin.answers, key=len, reverse=True)
                                              if path.startswith(p)), (404, {}, b""))
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass  # whoever asked is gone

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.server.server_address[1]}"

    def put(self, prefix, body, headers=None, status=200):
        """Every path that starts so; the longest one counts."""
        self.answers[prefix] = (status, headers or {}, body)

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()


def issuer_chain(pem):
    """As Intel's headers have it."""
    return urllib.parse.quote(pem.decode(), safe="-")
