# SPDX-License-Identifier: Apache-2.0
"""What deploy/daemonset renders to: objects that Kubernetes knows, with as few rights as they say, the same from both tools.

Run by `tools/test manifests`. NODESPAN_BINARY names the daemon; without it what is asked of the daemon is skipped.
"""

import functools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DEPLOY = ROOT / "deploy" / "daemonset"
OVERLAYS = sorted(folder.name for folder in (DEPLOY / "overlays").iterdir())
OBSERVE = ["BPF", "PERFMON", "SYS_PTRACE", "DAC_READ_SEARCH"]

sys.path.insert(0, str(HERE.parent))
import go_tool  # noqa: E402

# Values of the chart that ask for what an overlay is.
VALUES = {
    "observe": {},
    "observe-cri": {"podSource": "cri"},
    "observe-older-kernels": {"olderKernels": True},
    "openshift": {"openshift": True},
    "propagate": {"propagate": True},
    "bottlerocket": {"selinux": True},
    "k3s-cri": {"podSource": "cri", "cri": {"socketFolder": "/run/k3s/containerd"}},
}
# Values that ask for everything else the chart has.
ALL_VALUES = {
    "podSource": "cri", "namespaceAnnotations": False, "instrumentationResources": False, "openshift": True, "propagate": True,
    "hostId": True, "selection": {
        "podSelector": "tier in (web, api)", "namespaces": ["shop"], "excludeNamespaces": ["kube-system", "monitoring"]},
    "otlp": {"endpoint": "https://collector.observability:4444/"}, "env": [{"name": "OTEL_LOG_LEVEL", "value": "debug"}],
    "http": {"address": "127.0.0.1", "port": 8080}, "imagePullSecrets": [{"name": "pull"}], "podLabels": {"team": "a"},
    "podAnnotations": {"note": "b"}, "serviceAccount": {"annotations": {"c": "d"}}, "nodeSelector": {"pool": "web"}, "architectures": ["amd64", "arm64"],
    "priorityClass": {"create": False, "name": "system-node-critical"}, "tolerations": []}


def setUpModule():
    global TOOL  # pylint: disable=global-statement
    try:
        TOOL = go_tool.provide(HERE)
    except go_tool.CannotBeHad as reason:
        raise unittest.SkipTest(f"the renderer cannot be had: {reason}")


def call(*arguments, text=None):
    return subprocess.run([TOOL, *map(str, arguments)], input=text, capture_output=True, text=True, check=False)


def rendered(*arguments):
    done = call(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@functools.cache
def overlay(name):
    return rendered("kustomize", DEPLOY / "overlays" / name)


@functools.cache
def example():
    return rendered("kustomize", DEPLOY / "example")


def chart(values):
    return chart_of(json.dumps(values))


@functools.cache
def chart_of(values):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(values)  # JSON is YAML, too
        file.flush()
        return rendered("helm", DEPLOY / "helm" / "nodespan", file.name)


def everything():
    """(name, lines of JSON) of all that the repository can render to."""
    yield from ((f"overlay {name}", overlay(name)) for name in OVERLAYS)
    yield from ((f"chart like {name}", chart(values)) for name, values in VALUES.items())
    yield "chart with all values", chart(ALL_VALUES)
    yield "example", example()


def objects(text):
    found = [json.loads(line) for line in text.splitlines()]
    by_kind = {one["kind"]: one for one in found}
    assert len(by_kind) == len(found), "two objects of one kind"
    return by_kind


def pod_of(text):
    return objects(text)["DaemonSet"]["spec"]["template"]["spec"]


def container_of(text):
    (container,) = pod_of(text)["containers"]
    return container


def environment_of(text):
    return {variable["name"]: variable.get("value") for variable in container_of(text)["env"]}


class RenderedTest(unittest.TestCase):
    def test_kubernetes_knows_every_field(self):
        for name, text in everything():
            with self.subTest(name):
                done = call("check", text=text)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("apps/v1/DaemonSet nodespan", done.stdout)

    def test_an_unknown_field_and_an_unknown_kind_are_errors(self):
        wrong = overlay("observe").replace('"hostPID":', '"hostPid":')
        self.assertIn('unknown field "spec.template.spec.hostPid"', call("check", text=wrong).stderr)
        self.assertIn("not a kind", call("check", text='{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}').stderr)

    def test_names_within_the_objects_meet(self):
        for name, text in everything():
            with self.subTest(name):
                self.check_references(objects(text))

    def check_references(self, found):
        daemon_set = found["DaemonSet"]
        pod = daemon_set["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        labels = daemon_set["spec"]["template"]["metadata"]["labels"]
        for selector in (daemon_set["spec"]["selector"], found["NetworkPolicy"]["spec"]["podSelector"]):
            self.assertLessEqual(selector["matchLabels"].items(), labels.items())
        self.assertEqual(pod["serviceAccountName"], found["ServiceAccount"]["metadata"]["name"])
        if "PriorityClass" in found:
            self.assertEqual(pod["priorityClassName"], found["PriorityClass"]["metadata"]["name"])
        if binding := found.get("ClusterRoleBinding"):
            self.assertEqual(binding["roleRef"]["name"], found["ClusterRole"]["metadata"]["name"])
            (subject,) = binding["subjects"]
            self.assertEqual(subject["name"], pod["serviceAccountName"])
            self.assertEqual(subject["namespace"], found["ServiceAccount"]["metadata"]["namespace"])
        self.assertEqual([volume["name"] for volume in pod.get("volumes", [])],
                         [mount["name"] for mount in container.get("volumeMounts", [])])
        self.assertEqual({probe["httpGet"]["port"] for key, probe in container.items() if key.endswith("Probe")},
                         {port["name"] for port in container["ports"]})

    def test_one_port_for_http_and_one_for_the_collector_everywhere(self):
        for name, text in everything():
            with self.subTest(name):
                policy = objects(text)["NetworkPolicy"]["spec"]
                environment = environment_of(text)
                port = int(environment["NODESPAN_HTTP_LISTEN"].rpartition(":")[2])
                self.assertEqual([rule["port"] for rule in policy["ingress"][0]["ports"]], [port])
                self.assertEqual([one["containerPort"] for one in container_of(text)["ports"]], [port])
                collector = int(environment["OTEL_EXPORTER_OTLP_ENDPOINT"].rstrip("/").rpartition(":")[2])
                self.assertIn(collector, [rule["port"] for egress in policy["egress"] for rule in egress["ports"]])


class PrivilegeTest(unittest.TestCase):
    def test_the_default_observes_and_no_more(self):
        for text in (overlay("observe"), chart({})):
            pod, security = pod_of(text), container_of(text)["securityContext"]
            self.assertEqual(security["capabilities"], {"drop": ["ALL"], "add": OBSERVE})
            self.assertIs(security["allowPrivilegeEscalation"], False)
            self.assertIs(security["readOnlyRootFilesystem"], True)
            self.assertEqual(security["seccompProfile"], {"type": "RuntimeDefault"})
            self.assertNotIn("volumes", pod)
            self.assertIs(pod["hostNetwork"], False)

    def test_nothing_is_privileged_and_more_than_observe_is_sys_admin_only(self):
        for name, text in everything():
            with self.subTest(name):
                security = container_of(text)["securityContext"]
                self.assertIs(security["privileged"], False)
                added = security["capabilities"]["add"]
                self.assertEqual(added[:len(OBSERVE)], OBSERVE)
                self.assertIn(added[len(OBSERVE):], ([], ["SYS_ADMIN"]))
                # The API server refuses the two together.
                self.assertEqual("SYS_ADMIN" in added, "allowPrivilegeEscalation" not in security)

    def test_every_capability_says_which_call_needs_it(self):
        for file in [*DEPLOY.rglob("*.yaml")]:
            for line in file.read_text(encoding="utf-8").splitlines():
                if re.match(r"\s*(-|value:) (BPF|PERFMON|SYS_\w+|DAC_\w+|CAP_\w+)\b", line):
                    self.assertRegex(line, r"# \w+\(2\)", f"{file}: {line}")

    def test_the_api_server_grants_reading_of_three_kinds_of_objects_only(self):
        def reading(resource):
            group = "opentelemetry.io" if resource == "instrumentations" else ""
            return {"apiGroups": [group], "resources": [resource], "verbs": ["get", "list", "watch"]}
        everything = ["pods", "namespaces", "instrumentations"]
        for text, rights in ((overlay("observe"), everything), (chart({}), everything),
                             (chart({"namespaceAnnotations": False}), ["pods", "instrumentations"]),
                             (chart({"instrumentationResources": False}), ["pods", "namespaces"])):
            self.assertEqual(objects(text)["ClusterRole"]["rules"], [reading(resource) for resource in rights])
            self.assertIs(pod_of(text)["automountServiceAccountToken"], True)

    def test_the_runtime_as_pod_source_asks_nothing_of_the_api_server(self):
        for text in (overlay("observe-cri"), chart({"podSource": "cri"}), overlay("k3s-cri")):
            found = objects(text)
            self.assertNotIn("ClusterRole", found)
            self.assertNotIn("ClusterRoleBinding", found)
            self.assertIs(found["ServiceAccount"]["automountServiceAccountToken"], False)
            self.assertIs(pod_of(text)["automountServiceAccountToken"], False)
            (volume,), (mount,) = pod_of(text)["volumes"], container_of(text)["volumeMounts"]
            self.assertEqual(volume["hostPath"], {"path": mount["mountPath"], "type": "Directory"})
            self.assertIs(mount["readOnly"], True)
            ports = [rule["port"] for egress in found["NetworkPolicy"]["spec"]["egress"] for rule in egress["ports"]]
            self.assertNotIn(443, ports)

    def test_the_constraint_of_openshift_allows_what_the_pod_asks_for(self):
        for text in (overlay("openshift"), chart({"openshift": True}), chart(ALL_VALUES)):
            constraint, pod, security = objects(text)["SecurityContextConstraints"], pod_of(text), \
                container_of(text)["securityContext"]
            self.assertEqual(constraint["allowedCapabilities"], security["capabilities"]["add"])
            self.assertIs(constraint["allowPrivilegedContainer"], False)
            self.assertIs(constraint["allowHostDirVolumePlugin"], bool(pod.get("volumes")))
            account = objects(text)["ServiceAccount"]["metadata"]
            self.assertEqual(constraint["users"], [f"system:serviceaccount:{account['namespace']}:{account['name']}"])


class ChartTest(unittest.TestCase):
    @staticmethod
    def comparable(text):
        """The objects without what the tools name differently: labels, order of variables, the pull policy."""
        found = objects(text)
        found.pop("Namespace", None)
        for one in found.values():
            del one["metadata"]["labels"]
        spec = found["DaemonSet"]["spec"]
        del spec["selector"], spec["template"]["metadata"]["labels"]
        del found["NetworkPolicy"]["spec"]["podSelector"]
        (container,) = spec["template"]["spec"]["containers"]
        container.pop("imagePullPolicy", None)
        container["env"].sort(key=lambda variable: variable["name"])
        ports = [(rule["protocol"], rule["port"]) for egress in found["NetworkPolicy"]["spec"].pop("egress")
                 for rule in egress["ports"]]
        found["NetworkPolicy"]["egress"] = sorted(ports)
        return found

    def test_it_renders_what_the_overlays_do(self):
        self.maxDiff = None
        self.assertEqual(sorted(VALUES), OVERLAYS)
        for name, values in VALUES.items():
            with self.subTest(name):
                self.assertEqual(self.comparable(chart(values)), self.comparable(overlay(name)))

    def test_values_that_do_not_exist_or_fit_are_refused(self):
        for values, reason in (({"imagee": {}}, "'imagee' not allowed"), ({"podSource": "docker"}, "must be one of"),
                               ({"http": {"port": 0}}, "minimum"), ({"image": {"tag": ""}}, "tag"),
                               ({"namespaceAnnotations": "no"}, "boolean"), ({"instrumentationResources": 1}, "boolean"), ({"selection": {"namespaces": ["A b"]}}, "does not match")):
            with self.subTest(values), self.assertRaisesRegex(AssertionError, reason):
                chart(values)


class DaemonTest(unittest.TestCase):
    def test_the_daemon_reads_every_variable_that_is_set(self):
        daemon = os.environ.get("NODESPAN_BINARY")
        if not daemon:
            self.skipTest("NODESPAN_BINARY is not set")
        help_text = subprocess.run([daemon, "--help"], capture_output=True, text=True, check=True).stdout
        known = set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", help_text)) | {"HOST_IP"}  # which is for $(HOST_IP) in other values
        for name, text in everything():
            self.assertLessEqual(set(environment_of(text)), known, name)


class ExampleTest(unittest.TestCase):
    def test_it_replaces_image_and_collector(self):
        self.assertEqual(container_of(example())["image"], "registry.example.com/tools/nodespan:0.1.0")
        environment = environment_of(example())
        self.assertEqual(environment["OTEL_EXPORTER_OTLP_ENDPOINT"], "http://otel-collector.observability.svc:4317")
        self.assertEqual(environment["NODESPAN_POD_SOURCE"], "kubernetes")
        self.assertEqual([volume["name"] for volume in pod_of(example())["volumes"]], ["machine-id"])


class DocumentTest(unittest.TestCase):
    def test_the_guide_names_every_overlay_component_and_value(self):
        guide = (ROOT / "docs" / "KUBERNETES.md").read_text(encoding="utf-8")
        for folder in (DEPLOY / "overlays", DEPLOY / "components"):
            for entry in folder.iterdir():
                self.assertIn(f"`{entry.name}`", guide)
        for path in re.findall(r"deploy/daemonset/[\w/.-]*\w", guide):
            self.assertTrue((ROOT / path).exists(), path)


if __name__ == "__main__":
    unittest.main()
