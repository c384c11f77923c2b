# SPDX-License-Identifier: Apache-2.0
"""nodespan beside a real kube-apiserver with etcd: pods that are labelled, rights, manifests, restarts.

Run by `tools/test kubernetes`, by name only: building the API server takes ten minutes of CPU at first. NODESPAN_BINARY is the
daemon. There is no kubelet: processes are put into cgroups with the names that a kubelet gives them.
"""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
import uuid

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import control_plane  # noqa: E402
import go_tool  # noqa: E402
from suite_tools import OVERLAYS, overlay_objects, values, wait_for  # noqa: E402

NODE_NAME = "node-1"
OPTED_IN = {"nodespan.io/trace": "enabled"}
RENDERED = {}  # overlay -> its objects
# cgroup v2 where it is mounted beside v1, v2 alone, and a hierarchy of v1.
CGROUP_MOUNTS = ("/sys/fs/cgroup/unified", "/sys/fs/cgroup", "/sys/fs/cgroup/memory")


def setUpModule():
    global FOLDER, PLANE, DEMO  # pylint: disable=global-statement
    if os.geteuid() != 0:
        raise unittest.SkipTest("attaching to processes needs root")
    scratch = tempfile.TemporaryDirectory(prefix="nodespan-kubernetes.")
    unittest.addModuleCleanup(scratch.cleanup)
    FOLDER = pathlib.Path(scratch.name)
    try:
        program = go_tool.provide(HERE / "apiserver")
        RENDERED.update({path.name: overlay_objects(path.name) for path in sorted(OVERLAYS.iterdir())})
    except go_tool.CannotBeHad as reason:
        raise unittest.SkipTest(f"kube-apiserver cannot be had: {reason}")
    DEMO = subprocess.run([ROOT / "tests/goprograms/build", "demo"], check=True, capture_output=True,
                          text=True).stdout.strip().splitlines()[-1]
    PLANE = control_plane.ControlPlane(FOLDER / "plane", program)
    PLANE.__enter__()
    unittest.addModuleCleanup(PLANE.close)
    PLANE.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    for thing in RENDERED["observe"]:
        PLANE.create(thing)


class Pod:
    """A pod of the API server with one container, which is a process of this machine in a cgroup of its own."""

    def __init__(self, name, labels=None, add_cleanup=None):
        self.path = f"/api/v1/namespaces/shop/pods/{name}"
        self.container_id = uuid.uuid4().hex * 2
        made = PLANE.create({"apiVersion": "v1", "kind": "Pod",
                             "metadata": {"name": name, "namespace": "shop", "labels": labels or {}},
                             "spec": {"nodeName": NODE_NAME, "containers": [{"name": "app", "image": "registry.example/cart:1.2"}]}})
        self.uid = made["metadata"]["uid"]
        add_cleanup(self.delete)
        self.process = self.start(add_cleanup)
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.patch({"status": {"phase": "Running", "podIP": "10.0.0.7", "startTime": now, "containerStatuses": [
            {"name": "app", "containerID": f"containerd://{self.container_id}", "image": "registry.example/cart:1.2",
             "imageID": "registry.example/cart@sha256:0123", "ready": True, "restartCount": 0, "started": True,
             "state": {"running": {"startedAt": now}}}]}}, "/status")

    def start(self, add_cleanup):
        cgroup = self.make_cgroup(add_cleanup)
        log = FOLDER / f"{self.container_id}.log"
        with open(log, "wb") as output:
            process = subprocess.Popen(["sh", "-c", f'echo $$ >{cgroup}/cgroup.procs; exec "$0" serve', DEMO], stdout=output,
                                       stderr=output, stdin=subprocess.DEVNULL)
        def end():
            process.kill()
            process.wait()
        add_cleanup(end)
        self.address = wait_for("the service", lambda: re.search(r"addr=(\S+)", log.read_text()), 10).group(1)
        return process

    def make_cgroup(self, add_cleanup):
        for mount in map(pathlib.Path, CGROUP_MOUNTS):
            if not (mount / "cgroup.procs").exists():
                continue
            path = mount
            for name in (f"nodespan-test-{os.getpid()}-{self.container_id[:8]}", "kubepods", "burstable", f"pod{self.uid}",
                         self.container_id):
                path /= name
                path.mkdir()
                add_cleanup(path.rmdir)
            return path
        raise unittest.SkipTest("no hierarchy of cgroups can be written to")

    def patch(self, value, subresource=""):
        PLANE.call("PATCH", self.path + subresource, value, "application/merge-patch+json")

    def label(self, value):
        self.patch({"metadata": {"labels": {"nodespan.io/trace": value}}})

    def delete(self):
        with contextlib.suppress(control_plane.ApiError, OSError):
            PLANE.call("DELETE", self.path + "?gracePeriodSeconds=0")

    def get(self, path):
        return urllib.request.urlopen(f"http://{self.address}{path}", timeout=5).read()


class Tracer:
    """nodespan with the token of the manifests' service account."""

    def __init__(self, add_cleanup, account=("nodespan", "nodespan")):
        self.folder = FOLDER / f"tracer-{uuid.uuid4().hex[:8]}"
        self.folder.mkdir()
        self.account = self.folder / "account"
        self.token = PLANE.service_account(*account, self.account)
        environment = {**os.environ, "KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(PLANE.port),
                       "NODESPAN_SERVICE_ACCOUNT_DIR": str(self.account), "NODE_NAME": NODE_NAME,
                       "OTEL_TRACES_EXPORTER": "otlp/stdout", "OTEL_BSP_SCHEDULE_DELAY": "50"}
        with open(self.folder / "spans", "wb") as spans, open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen([os.environ["NODESPAN_BINARY"], "--pod-source", "kubernetes"], env=environment,
                                            stdin=subprocess.DEVNULL, stdout=spans, stderr=log)
        add_cleanup(self.end)

    def end(self):
        self.process.terminate()
        self.process.wait(30)

    def log(self):
        return (self.folder / "log").read_text(encoding="utf-8")

    def wait_for_log(self, pattern, seconds=10, count=1):
        try:
            wait_for(pattern, lambda: len(re.findall(pattern, self.log(), re.MULTILINE)) >= count, seconds, pause=0.02)
        except TimeoutError as error:
            raise AssertionError(f"{error}; nodespan said:\n{self.log()}") from error

    def spans(self):
        """url.path -> attributes of the resource."""
        found = {}
        for line in (self.folder / "spans").read_text(encoding="utf-8").splitlines():
            for group in json.loads(line)["resourceSpans"]:
                resource = values(group["resource"]["attributes"])
                for scope in group["scopeSpans"]:
                    found.update((values(span["attributes"]).get("url.path"), resource) for span in scope["spans"])
        return found


class KubernetesTest(unittest.TestCase):
    def pod(self, name, labels=None):
        return Pod(name, labels, self.addCleanup)

    def tracer(self, **more):
        return Tracer(self.addCleanup, **more)


class LabelTest(KubernetesTest):
    def test_a_label_starts_traces_within_a_second_and_its_removal_ends_them(self):
        pod = self.pod("cart-6d4cf56db6-x7k2p")
        tracer = self.tracer()
        tracer.wait_for_log(r"pods come from the API server: 1 known")
        pod.get("/users/before")
        pod.label("enabled")
        tracer.wait_for_log(rf"attached pid={pod.process.pid} .* pod=shop/cart-6d4cf56db6-x7k2p", 1)
        pod.get("/users/meanwhile")
        resource = wait_for("its span", lambda: tracer.spans().get("/users/meanwhile"), 5)
        self.assertEqual(
            {key: resource[key] for key in ("k8s.pod.name", "k8s.pod.uid", "k8s.namespace.name", "k8s.node.name",
                                            "k8s.container.name", "container.id", "service.version")},
            {"k8s.pod.name": "cart-6d4cf56db6-x7k2p", "k8s.pod.uid": pod.uid, "k8s.namespace.name": "shop",
             "k8s.node.name": NODE_NAME, "k8s.container.name": "app", "container.id": pod.container_id, "service.version": "1.2"})
        pod.label(None)
        tracer.wait_for_log(rf"detached pid={pod.process.pid} ", 2)
        pod.get("/users/after")
        time.sleep(0.3)
        self.assertEqual(set(tracer.spans()), {"/users/meanwhile"})
        self.assertIsNone(pod.process.poll())

    def test_the_annotation_of_a_namespace_counts_within_a_second(self):
        pod = self.pod("cart-0")
        self.addCleanup(self.annotate_namespace, None)
        tracer = self.tracer()
        tracer.wait_for_log(r"pods come from the API server: 1 known")
        tracer.wait_for_log(r"annotations of namespaces come from the API server")
        self.annotate_namespace("true")
        tracer.wait_for_log(rf"attached pid={pod.process.pid} .* pod=shop/cart-0", 1)
        self.annotate_namespace(None)
        tracer.wait_for_log(rf"detached pid={pod.process.pid} ", 2)

    def annotate_namespace(self, value):
        PLANE.call("PATCH", "/api/v1/namespaces/shop",
                   {"metadata": {"annotations": {"instrumentation.opentelemetry.io/inject-go": value}}},
                   "application/merge-patch+json")

    def test_disabled_wins_and_what_runs_on_when_its_pod_is_deleted_is_traced_to_its_end(self):
        pod = self.pod("cart-0", OPTED_IN)
        tracer = self.tracer()
        tracer.wait_for_log(rf"attached pid={pod.process.pid} ")
        pod.label("disabled")
        tracer.wait_for_log(rf"detached pid={pod.process.pid} ", 2)
        pod.label("enabled")
        tracer.wait_for_log(rf"attached pid={pod.process.pid} ", 2, count=2)
        pod.delete()
        wait_for("the deletion", lambda: not self.exists(pod), 5)
        pod.get("/users/last")
        wait_for("a span", lambda: "/users/last" in tracer.spans(), 5)
        self.assertEqual(tracer.log().count(f"detached pid={pod.process.pid} "), 1)

    def exists(self, pod):
        try:
            return bool(PLANE.call("GET", pod.path))
        except control_plane.ApiError as error:
            self.assertEqual(error.code, 404)
            return False

    def test_labels_that_change_all_the_time_end_right(self):
        pod = self.pod("cart-1")
        tracer = self.tracer()
        tracer.wait_for_log(r"pods come from the API server")
        for number in range(100):
            pod.label("enabled" if number % 2 else None)
        pod.label("enabled")
        pod.get("/users/1")
        def traced():
            pod.get("/users/last")
            return "/users/last" in tracer.spans()
        wait_for("a span", traced, 10)


INJECT_GO = "instrumentation.opentelemetry.io/inject-go"
GROUP = "/apis/opentelemetry.io/v1alpha1"
# The operator's, as far as the server needs to know it.
INSTRUMENTATIONS = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "instrumentations.opentelemetry.io"},
    "spec": {"group": "opentelemetry.io", "scope": "Namespaced",
             "names": {"kind": "Instrumentation", "plural": "instrumentations", "singular": "instrumentation"},
             "versions": [{"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                 "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}}


class InstrumentationTest(KubernetesTest):
    """Resources of the operator; what they are is made and removed by the tests, so that the others are without."""

    def install(self):
        PLANE.create(INSTRUMENTATIONS)
        self.addCleanup(self.uninstall)
        wait_for("the new kind", lambda: self.answer(f"{GROUP}/instrumentations") == 200, 20)

    def uninstall(self):
        """The server does not do it at once, and answers 429 meanwhile."""
        path = f"{PLANE.path_of(INSTRUMENTATIONS)}/{INSTRUMENTATIONS['metadata']['name']}"
        PLANE.call("DELETE", path)
        for gone in (path, f"{GROUP}/instrumentations"):
            wait_for(f"the end of {gone}", lambda gone=gone: self.answer(gone) == 404, 20)

    @staticmethod
    def answer(path):
        """The code of HTTP."""
        try:
            PLANE.call("GET", path)
            return 200
        except control_plane.ApiError as error:
            return error.code

    def put(self, name, spec):
        path = f"{GROUP}/namespaces/shop/instrumentations"
        PLANE.call("POST", path, {"apiVersion": "opentelemetry.io/v1alpha1", "kind": "Instrumentation",
                                  "metadata": {"name": name, "namespace": "shop"}, "spec": spec})
        self.addCleanup(PLANE.call, "DELETE", f"{path}/{name}")

    def asking_pod(self, name, value):
        pod = self.pod(name)
        pod.patch({"metadata": {"annotations": {INJECT_GO: value}}})
        return pod

    def test_a_resource_that_is_there_before_counts_for_the_pods_that_ask_for_it(self):
        self.install()
        self.put("go", {"resource": {"resourceAttributes": {"team": "cart"}},
                        "env": [{"name": "OTEL_SERVICE_NAME", "value": "by-env"}],
                        "go": {"env": [{"name": "OTEL_SERVICE_NAME", "value": "by-go-env"}]},
                        "exporter": {"endpoint": "http://nowhere:4318"}})
        self.put("quiet", {"sampler": {"type": "always_off"}})
        loud, quiet, lost = (self.asking_pod(f"cart-{value}", value) for value in ("go", "quiet", "nobody"))
        tracer = self.tracer()
        tracer.wait_for_log(r"Instrumentation resources come from the API server: 2 known")
        tracer.wait_for_log(rf"attached pid={loud.process.pid} .* instrumentation=shop/go")
        tracer.wait_for_log(rf"attached pid={quiet.process.pid} .* instrumentation=shop/quiet")
        tracer.wait_for_log(rf"attached pid={lost.process.pid} .* instrumentation=none \(the one that inject-go names")
        for pod, path in ((quiet, "/users/quiet"), (lost, "/users/lost"), (loud, "/users/loud")):
            pod.get(path)
        resource = wait_for("its span", lambda: tracer.spans().get("/users/loud"), 5)
        self.assertEqual((resource["service.name"], resource["team"]), ("by-go-env", "cart"))
        self.assertNotIn("team", wait_for("its span", lambda: tracer.spans().get("/users/lost"), 5))
        self.assertNotIn("/users/quiet", tracer.spans())

    def test_a_cluster_that_gets_them_later_needs_no_restart(self):
        tracer = self.tracer()
        tracer.wait_for_log(r"this cluster has no Instrumentation resources")
        before = self.asking_pod("cart-before", "true")
        tracer.wait_for_log(rf"attached pid={before.process.pid} .* pod=shop/cart-before$")
        self.install()
        self.put("go", {"resource": {"resourceAttributes": {"team": "cart"}}})
        tracer.wait_for_log(r"Instrumentation resources come from the API server", 60)
        after = self.asking_pod("cart-after", "true")
        tracer.wait_for_log(rf"attached pid={after.process.pid} .* instrumentation=shop/go")
        self.assertEqual(tracer.log().count("this cluster has no Instrumentation resources"), 1, "said once")

    def test_without_the_right_it_is_said_once_and_pods_are_traced(self):
        self.install()
        role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "pods-only"},
                "rules": [{"apiGroups": [""], "resources": ["pods", "namespaces"], "verbs": ["get", "list", "watch"]}]}
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "pods-only", "namespace": "shop"}}
        binding = {"apiVersion": role["apiVersion"], "kind": "ClusterRoleBinding", "metadata": {"name": "pods-only"},
                   "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "pods-only"},
                   "subjects": [{"kind": "ServiceAccount", "name": "pods-only", "namespace": "shop"}]}
        for thing in (role, account, binding):
            PLANE.create(thing)
            self.addCleanup(PLANE.call, "DELETE", f"{PLANE.path_of(thing)}/pods-only")
        pod = self.asking_pod("cart-6", "go")
        tracer = self.tracer(account=("shop", "pods-only"))
        tracer.wait_for_log(rf"attached pid={pod.process.pid} .* pod=shop/cart-6$")
        time.sleep(2)  # it was asked for again meanwhile
        self.assertEqual(len(re.findall(r"Instrumentation resources do not count: .*403", tracer.log())), 1)


class OutageTest(KubernetesTest):
    def test_known_pods_stay_known_while_the_server_is_away_and_it_is_right_soon_after(self):
        pod, other = self.pod("cart-2", OPTED_IN), self.pod("cart-3")
        tracer = self.tracer()
        tracer.wait_for_log(rf"attached pid={pod.process.pid} ")
        PLANE.stop("kube-apiserver")
        try:
            tracer.wait_for_log(r"API server: .*; trying again, known pods stay known", 20)
            pod.get("/users/away")
            wait_for("a span", lambda: "/users/away" in tracer.spans(), 5)
        finally:
            PLANE.start_api_server()
        other.label("enabled")
        tracer.wait_for_log(rf"attached pid={other.process.pid} ", 60)
        self.assertNotIn(f"detached pid={pod.process.pid}", tracer.log())

    def test_a_new_token_is_read(self):
        pod = self.pod("cart-4")
        tracer = self.tracer()
        tracer.wait_for_log(r"pods come from the API server")
        # Tokens of an account that is made anew are others, and the old ones are refused.
        PLANE.call("DELETE", "/api/v1/namespaces/nodespan/serviceaccounts/nodespan")
        PLANE.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nodespan", "namespace": "nodespan"}})
        PLANE.stop("kube-apiserver")  # ends the watch
        PLANE.start_api_server()
        with self.assertRaises(control_plane.ApiError) as refused:
            PLANE.call("GET", "/api/v1/pods", token=tracer.token)
        self.assertEqual(refused.exception.code, 401)
        tracer.wait_for_log(r"401", 60)
        PLANE.service_account("nodespan", "nodespan", tracer.account)
        pod.label("enabled")
        tracer.wait_for_log(rf"attached pid={pod.process.pid} ", 60)

class RightsTest(KubernetesTest):
    def test_the_service_account_may_read_what_nodespan_asks_for_and_nothing_else(self):
        token = PLANE.service_account("nodespan", "nodespan", FOLDER / "account")
        pods = PLANE.call("GET", f"/api/v1/pods?fieldSelector=spec.nodeName%3D{NODE_NAME}", token=token)
        self.assertEqual(pods["kind"], "PodList")
        self.assertEqual(PLANE.call("GET", "/api/v1/namespaces", token=token)["kind"], "NamespaceList")
        with self.assertRaises(control_plane.ApiError) as not_there:
            PLANE.call("GET", f"{GROUP}/instrumentations", token=token)
        self.assertEqual(not_there.exception.code, 404, "there are none here, and they may be asked for")
        for method, path in (("GET", "/api/v1/namespaces/shop/secrets"), ("GET", "/api/v1/nodes"),
                             ("GET", "/api/v1/namespaces/shop/configmaps"), ("DELETE", "/api/v1/namespaces/shop/pods/none"),
                             ("DELETE", "/api/v1/namespaces/none")):
            with self.assertRaises(control_plane.ApiError) as refused:
                PLANE.call(method, path, token=token)
            self.assertEqual(refused.exception.code, 403, path)

    def test_without_the_right_the_reason_is_said(self):
        tracer = self.tracer(account=("shop", self.account_without_rights()))
        tracer.wait_for_log(r"403.*pods is forbidden", 20)

    def account_without_rights(self):
        PLANE.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nobody", "namespace": "shop"}})
        self.addCleanup(PLANE.call, "DELETE", "/api/v1/namespaces/shop/serviceaccounts/nobody")
        return "nobody"


class ManifestTest(KubernetesTest):
    """Objects of the overlays, judged by the server itself: schema, validation and admission."""

    KINDS_OF_PLATFORMS = {"SecurityContextConstraints"}  # OpenShift's

    def test_the_server_takes_every_overlay(self):
        for name, things in RENDERED.items():
            for thing in things:
                if thing["kind"] in self.KINDS_OF_PLATFORMS:
                    continue
                with self.subTest(overlay=name, kind=thing["kind"]):
                    try:
                        PLANE.create(thing, dry_run=True)
                    except control_plane.ApiError as error:
                        if error.code != 409:  # the observe overlay is there already
                            raise

    def test_pod_security_admits_the_pods_where_they_run(self):
        for name, things in RENDERED.items():
            (daemon_set,) = (thing for thing in things if thing["kind"] == "DaemonSet")
            pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe", "namespace": "nodespan"},
                   "spec": daemon_set["spec"]["template"]["spec"]}
            with self.subTest(overlay=name):
                PLANE.create(pod, dry_run=True)
            with self.subTest(overlay=name, namespace="baseline"), self.assertRaises(control_plane.ApiError) as refused:
                self.make_baseline_namespace()
                PLANE.create({**pod, "metadata": {"name": "probe", "namespace": "baseline"}}, dry_run=True)
            self.assertIn("violates PodSecurity", str(refused.exception))

    def make_baseline_namespace(self):
        with contextlib.suppress(control_plane.ApiError):
            PLANE.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {
                "name": "baseline", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}})


if __name__ == "__main__":
    unittest.main()
