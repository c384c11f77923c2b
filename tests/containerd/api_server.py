# SPDX-License-Identifier: Apache-2.0
"""An API server that knows the pods of the tests and nothing else: list and watch over TLS, for who has the token."""

import http.server
import json
import queue
import ssl
import subprocess
import threading
import urllib.parse

TOKEN = "let-me-in"


class ApiServer:
    """`folder` becomes a service account's, with token and ca.crt. Use as a context manager."""

    def __init__(self, folder, node_name):
        self.folder, self.node_name = folder, node_name
        self.lock = threading.Lock()
        self.pods, self.version, self.watchers = {}, 100, []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.port = self.server.server_address[1]
        folder.mkdir()
        key = folder.with_suffix(".key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                        "2", "-subj", "/CN=fake-api", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out",
                        folder / "ca.crt"], check=True, capture_output=True)
        (folder / "token").write_text(TOKEN, encoding="utf-8")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "ca.crt", key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        with self.lock:
            for watcher in self.watchers:
                watcher.put(None)
        self.server.shutdown()
        self.server.server_close()

    def put(self, pod, containers, labels):
        """Adds or changes a pod; `containers` are those that run in it."""
        with self.lock:
            self.version += 1
            kind = "MODIFIED" if pod.uid in self.pods else "ADDED"
            name, namespace = (pod.config["metadata"][key] for key in ("name", "namespace"))
            self.pods[pod.uid] = {
                "metadata": {"name": name, "namespace": namespace, "uid": pod.uid, "labels": labels,
                             "resourceVersion": str(self.version)},
                "spec": {"nodeName": self.node_name, "containers": [{"name": one.name, "image": "demo"} for one in containers]},
                "status": {"containerStatuses": [{"name": one.name, "containerID": f"containerd://{one.id}", "restartCount": 0}
                                                 for one in containers]}}
            for watcher in self.watchers:
                watcher.put({"type": kind, "object": self.pods[pod.uid]})

    def handler(api):  # pylint: disable=no-self-argument
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def send_json(self, status, value):
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                url = urllib.parse.urlparse(self.path)
                query = dict(urllib.parse.parse_qsl(url.query))
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    self.send_json(401, {"kind": "Status", "code": 401})
                elif url.path != "/api/v1/pods" or query.get("fieldSelector") != f"spec.nodeName={api.node_name}":
                    self.send_json(403, {"kind": "Status", "code": 403, "message": "pods of this node only"})
                elif query.get("watch") == "true":
                    self.watch()
                else:
                    with api.lock:
                        self.send_json(200, {"kind": "PodList", "metadata": {"resourceVersion": str(api.version)},
                                             "items": list(api.pods.values())})

            def watch(self):
                """Only from now on: no test changes anything between a list and its watch."""
                events = queue.Queue()
                with api.lock:
                    api.watchers.append(events)
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                while (event := events.get()) is not None:
                    line = json.dumps(event).encode() + b"\n"
                    try:
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                        self.wfile.flush()
                    except OSError:  # the client has gone
                        break
                self.close_connection = True

        return Handler
