# SPDX-License-Identifier: Apache-2.0
"""A real control plane without nodes: etcd and kube-apiserver, private to a folder, on ports of loopback.

The kubelet's part, saying which containers of a pod run, is played by the tests.
"""

import contextlib
import json
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import suite_tools

ADMIN_TOKEN = "the-administrator"
START_SECONDS = 90
STOP_SECONDS = 20


class ApiError(Exception):
    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code


class ControlPlane:
    """Use as a context manager; `program` is what tests/kubernetes/apiserver builds."""

    def __init__(self, folder, program):
        self.folder, self.program = folder, program
        self.port, self.etcd_port, self.peer_port = suite_tools.free_port(), suite_tools.free_port(), suite_tools.free_port()
        self.processes = {}
        folder.mkdir()
        self.ca = folder / "ca.crt"
        self.make_keys()

    def make_keys(self):
        def openssl(*arguments):
            subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", 2, "-subj",
                "/CN=test-cluster", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", self.folder / "server.key", "-out", self.ca)
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.folder / "accounts.key")
        (self.folder / "tokens.csv").write_text(f'{ADMIN_TOKEN},admin,admin,"system:masters"\n', encoding="utf-8")
        self.tls = ssl.create_default_context(cafile=self.ca)

    def __enter__(self):
        try:
            self.start_etcd()
            self.start_api_server()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for name in ("kube-apiserver", "etcd"):
            self.stop(name)

    def start(self, name, *arguments):
        with open(self.folder / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen([self.program, name, *arguments], stdin=subprocess.DEVNULL, stdout=log,
                                                    stderr=log, cwd=self.folder)

    def stop(self, name):
        process = self.processes.pop(name, None)
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def start_etcd(self):
        client, peer = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{self.peer_port}"
        self.start("etcd", "--data-dir", "etcd", "--listen-client-urls", client, "--advertise-client-urls", client,
                   "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}",
                   "--unsafe-no-fsync", "--log-level", "error")

    def start_api_server(self):
        """Also after stop("kube-apiserver"): on the same port, with what etcd has kept."""
        self.start("kube-apiserver", f"--etcd-servers=http://127.0.0.1:{self.etcd_port}", f"--secure-port={self.port}",
                   "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
                   f"--tls-cert-file={self.ca}", "--tls-private-key-file=server.key",
                   "--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=accounts.key",
                   "--service-account-signing-key-file=accounts.key", "--service-cluster-ip-range=10.250.0.0/24",
                   "--authorization-mode=RBAC", "--token-auth-file=tokens.csv", "--allow-privileged=true",
                   # Its controllers, which are not here, would make the accounts that pods have by default.
                   "--disable-admission-plugins=ServiceAccount")
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.processes["kube-apiserver"].poll() is not None:
                break
            with contextlib.suppress(OSError, ApiError):
                self.call("GET", "/readyz")
                return
            time.sleep(0.2)
        raise RuntimeError("kube-apiserver did not get ready:\n"
                           + (self.folder / "kube-apiserver.log").read_text(encoding="utf-8")[-3000:])

    def call(self, method, path, value=None, content_type="application/json", token=ADMIN_TOKEN):
        """The answer: an object, or text. Raises ApiError, and OSError when nobody answers."""
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}{path}", method=method,
                                         data=None if value is None else json.dumps(value).encode(),
                                         headers={"Authorization": f"Bearer {token}", "Content-Type": content_type})
        try:
            with urllib.request.urlopen(request, timeout=10, context=self.tls) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as error:
            raise ApiError(error.code, error.read().decode(errors="replace")) from error
        return json.loads(text) if text.startswith("{") else text

    def path_of(self, thing):
        """Where objects of the kind of `thing` are made."""
        group = "/api/v1" if thing["apiVersion"] == "v1" else f"/apis/{thing['apiVersion']}"
        resource = next(one for one in self.call("GET", group)["resources"]
                        if one["kind"] == thing["kind"] and "/" not in one["name"])
        namespace = f"/namespaces/{thing['metadata'].get('namespace', 'default')}" if resource["namespaced"] else ""
        return f"{group}{namespace}/{resource['name']}"

    def create(self, thing, dry_run=False):
        return self.call("POST", self.path_of(thing) + ("?dryRun=All&fieldValidation=Strict" if dry_run else ""), thing)

    def service_account(self, namespace, name, folder):
        """Writes token and ca.crt of a service account as a kubelet mounts them; returns the token."""
        token = self.call("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token",
                          {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                           "spec": {"expirationSeconds": 3600}})["status"]["token"]
        folder.mkdir(exist_ok=True)
        (folder / "ca.crt").write_bytes(self.ca.read_bytes())
        (folder / "token.new").write_text(token, encoding="utf-8")
        (folder / "token.new").replace(folder / "token")
        return token
