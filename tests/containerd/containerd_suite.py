# SPDX-License-Identifier: Apache-2.0
"""nodespan as a container beside others, under a real containerd, with the rights that the manifests give it.

Run by `tools/test containerd`. NODESPAN_BUILD names the build folder. NODESPAN_CHURN is how many pods come and go in the
test of leaks (default 10).
"""

import collections
import contextlib
import functools
import json
import os
import pathlib
import re
import sys
import tempfile
import time
import unittest
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import api_server  # noqa: E402
import go_tool  # noqa: E402
import images  # noqa: E402
import node  # noqa: E402
from suite_tools import free_port, overlay_objects, values, wait_for  # noqa: E402

BUILD = pathlib.Path(os.environ.get("NODESPAN_BUILD") or ROOT / "build")
CHURN = int(os.environ.get("NODESPAN_CHURN") or 10)
DEMO = "localhost/nodespan-test/demo:1"
NODESPAN = "localhost/nodespan-test/nodespan:1"
OPTED_IN = {"nodespan.io/trace": "enabled"}
NODE_NAME = "node-1"
TENANT = 65532  # what many images run as; not nodespan's own user


def setUpModule():
    global NODE, MANIFEST, ARCHIVES, FOLDER  # pylint: disable=global-statement
    if reason := node.missing_for_node():
        raise unittest.SkipTest(reason)
    scratch = tempfile.TemporaryDirectory(prefix="nodespan-containerd.")
    unittest.addModuleCleanup(scratch.cleanup)
    FOLDER = pathlib.Path(scratch.name)
    scratch = FOLDER / "images"
    scratch.mkdir()
    try:
        MANIFEST = manifest_container(overlay_for_this_kernel())
        ARCHIVES = [images.pause(node.PAUSE_IMAGE, scratch), images.go_program("demo", DEMO, scratch)]
    except (go_tool.CannotBeHad, images.CannotBeHad) as reason:
        raise unittest.SkipTest(str(reason))
    ARCHIVES.append(images.nodespan(BUILD / "nodespan", NODESPAN, scratch))
    NODE = start_node(unittest.addModuleCleanup)


def start_node(add_cleanup, **options):
    folder = FOLDER / f"node{len(list(FOLDER.iterdir()))}"
    started = node.Node(folder, BUILD / "tests" / "containerd" / "cri_call", **options)
    started.__enter__()
    add_cleanup(started.close)
    for archive in ARCHIVES:
        started.import_image(archive)
    return started


def overlay_for_this_kernel():
    """Where uprobe_multi is to be trusted (kernel 6.10) the default, which asks for less."""
    release = tuple(map(int, re.match(r"(\d+)\.(\d+)", os.uname().release).groups()))
    return "observe-cri" if release >= (6, 10) else "observe-older-kernels"


def manifest_container(overlay):
    daemon_set = next(one for one in overlay_objects(overlay) if one["kind"] == "DaemonSet")
    (container,) = daemon_set["spec"]["template"]["spec"]["containers"]
    return container


def security_of(manifest, without=()):
    """The security context of a manifest as a kubelet hands it to the runtime."""
    context = manifest["securityContext"]
    return {
        "privileged": context["privileged"],
        "no_new_privs": context.get("allowPrivilegeEscalation", True) is False,
        "readonly_rootfs": context["readOnlyRootFilesystem"],
        "run_as_user": {"value": context["runAsUser"]}, "run_as_group": {"value": context["runAsGroup"]},
        "seccomp": {"profile_type": context["seccompProfile"]["type"]},
        "apparmor": {"profile_type": context["appArmorProfile"]["type"]},
        "capabilities": {"drop_capabilities": context["capabilities"]["drop"],
                         "add_capabilities": [name for name in context["capabilities"]["add"] if name not in without]}}


def get(port, path):
    return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).read().decode()


class Service:
    """A Go server in a container of its own."""

    def __init__(self, pod, name="app", service=None, user=TENANT):
        self.port = free_port()
        self.container = pod.run(name, DEMO, ["serve", "--addr", f"127.0.0.1:{self.port}"],
                                 {"OTEL_SERVICE_NAME": service} if service else {}, user=user)
        self.container.wait_for_output("ready")


class Tracer:
    """nodespan in a pod of its own, with the rights of the manifest; its spans are on its standard output."""

    def __init__(self, where, without=(), api=None, **settings):
        self.http_port = free_port()
        self.pod = where.pod("nodespan", namespace="nodespan", host_pid=True)
        environment = {
            "NODESPAN_POD_SOURCE": "kubernetes" if api else "cri", "NODE_NAME": NODE_NAME, "POD_UID": self.pod.uid,
            "NODESPAN_HTTP_LISTEN": f"127.0.0.1:{self.http_port}",
            "OTEL_TRACES_EXPORTER": "otlp/stdout", "OTEL_BSP_SCHEDULE_DELAY": "100", **settings}
        if api:  # as a kubelet sets it
            environment.update({"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(api.port)})
        mount = ("/var/run/secrets/kubernetes.io/serviceaccount", api.folder) if api else ("/run/containerd", where.socket.parent)
        limit = MANIFEST["resources"]["limits"]["memory"]
        assert limit.endswith("Mi")
        self.container = self.pod.run(
            "nodespan", NODESPAN, [], environment, security=security_of(MANIFEST, without), memory=int(limit[:-2]) << 20,
            # What the manifest mounts, and this test's own in it.
            mounts=[mount])

    def spans(self):
        """(service.name, url.path, resource attributes) of each span."""
        found = []
        for line in self.container.output("stdout").splitlines():
            for group in json.loads(line)["resourceSpans"]:
                resource = values(group["resource"]["attributes"])
                for scope in group["scopeSpans"]:
                    found += [(resource.get("service.name"), values(span["attributes"]).get("url.path"), resource)
                              for span in scope["spans"]]
        return found

    def paths(self):
        return collections.Counter(path for _, path, _ in self.spans())

    def wait_for_span(self, service, path, seconds=5):
        """Sends requests until one of them is traced; its resource."""
        def traced():
            get(service.port, path)
            time.sleep(0.2)
            return next((resource for _, seen, resource in self.spans() if seen == path), None)
        try:
            return wait_for(f"a span of {path}", traced, seconds)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self.container.output()}") from error

    def ready(self):
        self.container.wait_for_output("ready")
        def answers():
            try:
                return get(self.http_port, "/readyz")
            except OSError:
                return None
        wait_for("/readyz", answers, 5)
        return self


@functools.cache
def shared_tracer():
    """For tests that do nothing to it: loading its programs takes seconds."""
    return Tracer(NODE).ready()


class NodeTest(unittest.TestCase):
    def setUp(self):
        self.pods = []
        self.addCleanup(lambda: [pod.remove() for pod in reversed(self.pods)])

    def pod(self, *args, **kwargs):
        self.pods.append(NODE.pod(*args, **kwargs))
        return self.pods[-1]

    def tracer(self, **kwargs):
        tracer = Tracer(NODE, **kwargs)
        self.pods.append(tracer.pod)
        return tracer


class SelectionTest(NodeTest):
    def test_a_labelled_pod_is_traced_and_others_are_not(self):
        tracer = shared_tracer()
        other = Service(self.pod("plain-0", namespace="shop"))
        disabled = Service(self.pod("quiet-0", {"nodespan.io/trace": "disabled"}, namespace="shop"))
        chosen = Service(self.pod("cart-0", OPTED_IN, namespace="shop"))
        resource = tracer.wait_for_span(chosen, "/users/1")
        self.assertEqual(resource["k8s.pod.name"], "cart-0")
        self.assertEqual(resource["k8s.namespace.name"], "shop")
        self.assertEqual(resource["k8s.container.name"], "app")
        self.assertEqual(resource["k8s.node.name"], NODE_NAME)
        self.assertEqual(resource["k8s.pod.uid"], self.pods[-1].uid)
        self.assertEqual(resource["container.id"], chosen.container.id)
        get(other.port, "/users/2")
        get(disabled.port, "/users/3")
        tracer.wait_for_span(chosen, "/users/4")
        self.assertFalse({"/users/2", "/users/3"} & set(tracer.paths()))

    def test_every_container_of_a_pod_has_its_own_identity(self):
        pod = self.pod("pair-0", OPTED_IN)
        first, second = Service(pod, "web"), Service(pod, "api", service="orders")
        tracer = shared_tracer()
        web, api = tracer.wait_for_span(first, "/users/5"), tracer.wait_for_span(second, "/users/6")
        self.assertEqual((web["k8s.container.name"], api["k8s.container.name"]), ("web", "api"))
        self.assertEqual(api["service.name"], "orders")
        self.assertEqual(web["service.instance.id"], "default.pair-0.web")

    def test_the_annotation_of_the_operator_opts_in(self):
        pod = self.pod("moved-0", annotations={"instrumentation.opentelemetry.io/inject-go": "true",
                                               "resource.opentelemetry.io/service.name": "moved"})
        service = Service(pod)
        tracer = shared_tracer()
        self.assertEqual(tracer.wait_for_span(service, "/users/7")["service.name"], "moved")

    def test_metrics_and_health_are_served(self):
        tracer = shared_tracer()
        self.assertTrue(get(tracer.http_port, "/healthz"))
        self.assertIn("nodespan_pod_source_synced", get(tracer.http_port, "/metrics"))


class LiveLabelTest(NodeTest):
    """The API server as the pod source: labels change while a pod runs."""

    def test_a_label_starts_traces_of_a_running_pod_and_its_removal_ends_them(self):
        api = self.enterContext(api_server.ApiServer(FOLDER / "serviceaccount", NODE_NAME))
        pod = self.pod("cart-0", namespace="shop")
        service = Service(pod)
        api.put(pod, [service.container], {})
        tracer = self.tracer(api=api).ready()
        get(service.port, "/users/before")
        api.put(pod, [service.container], OPTED_IN)
        wait_for("its probes", lambda: holdings(tracer.container.pid()).links, 2)
        resource = tracer.wait_for_span(service, "/users/meanwhile", seconds=5)
        self.assertEqual((resource["k8s.pod.name"], resource["k8s.container.name"]), ("cart-0", "app"))
        api.put(pod, [service.container], {})
        wait_for("the end of its probes", lambda: not holdings(tracer.container.pid()).links, 5)
        get(service.port, "/users/after")
        time.sleep(0.5)
        self.assertEqual(set(tracer.paths()), {"/users/meanwhile"})
        self.assertEqual(service.container.status()["state"], "RUNNING")


class PureV2Test(unittest.TestCase):
    """On a node with cgroups of version 2 only. A container that is not privileged has a cgroup namespace of its own there,
    in which paths of other containers begin with /.."""

    def test_processes_are_found_in_their_containers(self):
        where = start_node(self.addCleanup, pure_v2=True)
        tracer = Tracer(where).ready()
        self.assertNotEqual(os.readlink(f"/proc/{tracer.container.pid()}/ns/cgroup"), os.readlink("/proc/self/ns/cgroup"))
        pod = where.pod("cart-0", OPTED_IN)
        first, second = Service(pod, "web"), Service(pod, "api")
        for name, service in (("web", first), ("api", second)):
            resource = tracer.wait_for_span(service, f"/users/{name}")
            self.assertEqual(resource["container.id"], service.container.id)
            self.assertEqual((resource["k8s.pod.uid"], resource["k8s.container.name"]), (pod.uid, name))


class EventsTest(NodeTest):
    """The runtime tells of containers when they start, beside being asked."""

    STARTS = 10

    def test_containers_are_attached_to_with_events_and_without(self):
        tracer = self.tracer(NODESPAN_CRI_EVENTS="true").ready()
        times = {"with": self.times_to_attach(tracer)}
        said = tracer.container.output()
        heard = int(re.search(r"nodespan_container_events_total (\d+)", get(tracer.http_port, "/metrics")).group(1))
        tracer.pod.remove()
        self.pods.remove(tracer.pod)
        times["without"] = self.times_to_attach(self.tracer().ready())
        for how, measured in times.items():
            print(f"\nms from start to attached, {how} events: {sorted(round(1000 * one) for one in measured)}", file=sys.stderr)
        if refusals := re.findall(r"events of the container runtime: .*", said):
            self.assertEqual((len(refusals), heard), (1, 0), "said once")
            self.skipTest(f"this containerd tells nothing, and was polled: {refusals[0]}")
        self.assertEqual(said.count("the container runtime tells of containers when they start"), 1)
        self.assertGreaterEqual(heard, 2 * self.STARTS)  # of the pod and of its container

    def times_to_attach(self, tracer):
        """Seconds from asking the runtime to start a container until nodespan has attached to it."""
        times = []
        for number in range(self.STARTS):
            pod = NODE.pod(f"start-{number}", OPTED_IN)
            try:
                time.sleep(0.09 * number)  # not always at the same time after a list
                container = Service(pod).container
                said = f"attached pid={container.pid()} "
                attached_at = wait_for(said, lambda said=said: tracer.container.time_of(said), 10)
                times.append(attached_at - container.started_at)
            finally:
                pod.remove()
        return times


class RuntimeTest(NodeTest):
    def test_the_runtime_is_found_again_after_its_restart(self):
        before = Service(self.pod("before-0", OPTED_IN))
        tracer = shared_tracer()
        tracer.wait_for_span(before, "/users/8")
        NODE.restart()
        tracer.wait_for_span(before, "/users/9")
        after = Service(self.pod("after-0", OPTED_IN))
        tracer.wait_for_span(after, "/users/10", seconds=20)
        self.assertEqual(tracer.container.status()["state"], "RUNNING")

    def test_pods_that_come_and_go_leave_nothing(self):
        tracer = shared_tracer()
        pid = tracer.container.pid()
        self.come_and_go(tracer, 3)  # what is made once, is made now
        before = holdings(pid)
        self.come_and_go(tracer, CHURN)
        # What was known of a process is kept for some seconds after its end.
        wait_for("the end of what is kept", lambda: holdings(pid).descriptors <= before.descriptors, 60)
        after = holdings(pid)
        # Arenas of the allocator move by so much; a pod that stayed would cost about 50 kB.
        self.assertLessEqual(after.anonymous_kb, before.anonymous_kb + max(1024, CHURN * 20))
        print(f"\n{CHURN} pods: {before} -> {after}", file=sys.stderr)

    def come_and_go(self, tracer, count):
        for number in range(count):
            pod = NODE.pod(f"churn-{number}", OPTED_IN)
            try:
                service = Service(pod)
                tracer.wait_for_span(service, f"/users/churn-{pod.uid}")
                self.assertTrue(holdings(tracer.container.pid()).links)
            finally:
                pod.remove()
        wait_for("the last detachment", lambda: not holdings(tracer.container.pid()).links, 10)


Holdings = collections.namedtuple("Holdings", "descriptors links anonymous_kb")


def holdings(pid):
    """What a process holds: descriptors, uprobe links among them, and memory of its own."""
    process = pathlib.Path(f"/proc/{pid}")
    descriptors = list((process / "fd").iterdir())
    links = 0
    for entry in (process / "fdinfo").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            text = entry.read_text()
            links += "link_type:\tuprobe_multi" in text or "link_type:\tperf" in text
    anonymous = re.search(r"RssAnon:\s+(\d+) kB", (process / "status").read_text())
    return Holdings(len(descriptors), links, int(anonymous.group(1)))


class CapabilityTest(NodeTest):
    """Each capability is there for what the comment beside it says: without it, just that is missing."""

    def setUp(self):
        super().setUp()
        self.service = Service(self.pod("named-0", OPTED_IN), service="from-its-environment")

    def test_all_of_them_are_enough(self):
        tracer = shared_tracer()
        resource = tracer.wait_for_span(self.service, "/users/11")
        self.assertEqual(resource["service.name"], "from-its-environment")
        status = pathlib.Path(f"/proc/{tracer.container.pid()}/status").read_text()
        self.assertIn("Seccomp:\t2", status, "the default profile is in force")
        self.assertEqual(capabilities_of(status), set(MANIFEST["securityContext"]["capabilities"]["add"]))

    def test_bpf_and_perfmon_load_and_attach(self):
        for name in ("BPF", "PERFMON"):
            with self.subTest(name):
                tracer = self.tracer(without=[name])
                self.assertNotEqual(tracer.container.wait_for_exit(), 0)
                self.assertIn(f"CAP_{name}", tracer.container.output())

    def test_sys_ptrace_opens_executables_of_others(self):
        tracer = self.tracer(without=["SYS_PTRACE"]).ready()
        with self.assertRaises(AssertionError):
            tracer.wait_for_span(self.service, "/users/12", seconds=2)

    def test_dac_read_search_reads_environments_of_others(self):
        tracer = self.tracer(without=["DAC_READ_SEARCH"]).ready()
        with self.assertRaises(AssertionError):
            tracer.wait_for_span(self.service, "/users/13", seconds=2)
        self.assertIn("environ: Permission denied", tracer.container.output())


NUMBERS = {2: "DAC_READ_SEARCH", 19: "SYS_PTRACE", 21: "SYS_ADMIN", 38: "PERFMON", 39: "BPF"}


def capabilities_of(status):
    bits = int(re.search(r"CapEff:\s+([0-9a-f]+)", status).group(1), 16)
    return {NUMBERS.get(number, str(number)) for number in range(64) if bits >> number & 1}


if __name__ == "__main__":
    unittest.main()
