# SPDX-License-Identifier: Apache-2.0
"""A node with a real containerd of its own, and a kubelet's part played by the tests.

Everything lives in one folder and ends with `close`: pods, shims, mounts, cgroups, containerd. A containerd of the machine
is not touched. Pods share the host's network, so there is no CNI and nothing of the host's network changes.
"""

import contextlib
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid

from suite_tools import wait_for

START_SECONDS = 20
STOP_SECONDS = 10
PAUSE_IMAGE = "localhost/nodespan-test/pause:1"

CONFIG = """version = 2
root = "{folder}/root"
state = "{folder}/state"
# NRI would have its socket outside of this folder.
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp"]
[grpc]
  address = "{folder}/run/containerd.sock"
[ttrpc]
  address = "{folder}/run/containerd.sock.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "{folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  disable_apparmor = true
  # Without CAP_SYS_RESOURCE, which containers that run tests often lack, runc cannot set it.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    conf_dir = "{folder}/no-cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
        Root = "{folder}/runc"
        BinaryName = "{runc}"
"""

# Controllers stay bound to version 1 of cgroups, so in a pure version 2 view none is there to set limits with.
RUNC_WITHOUT_LIMITS = """#!{python}
import json, os, sys
if "create" in sys.argv:
    path = os.path.join(sys.argv[sys.argv.index("--bundle") + 1], "config.json")
    with open(path) as file:
        spec = json.load(file)
    spec["linux"]["resources"] = {{}}
    with open(path, "w") as file:
        json.dump(spec, file)
os.execvp("runc", ["runc", *sys.argv[1:]])
"""
# In a mount namespace of its own, where /sys/fs/cgroup is what it is on a node with version 2 only.
PURE_V2 = """mount --make-rprivate / && umount --recursive --lazy /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup &&
exec "$@" """


class RuntimeRefused(Exception):
    """The runtime refused a call."""


class CriClient:
    """Calls of the runtime, through one `cri_call` process."""

    def __init__(self, program, socket):
        self.process = subprocess.Popen([program, socket], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def call(self, method, **request):
        self.process.stdin.write(f"{method} {json.dumps(request)}\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or '{"error": "cri_call has ended"}')
        if "error" in answer:
            raise RuntimeRefused(f"{method}: {answer['error']}")
        return answer["ok"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Container:
    def __init__(self, node, name, container_id, log):
        self.node, self.name, self.id, self.log_path = node, name, container_id, log
        self.started_at = None  # when the runtime was asked to

    def status(self):
        return self.node.cri.call("ContainerStatus", container_id=self.id)["status"]

    def pid(self):
        answer = self.node.cri.call("ContainerStatus", container_id=self.id, verbose=True)
        return json.loads(answer["info"]["info"])["pid"]

    def log(self):
        """(time, stream, partial, text) of each line, as the runtime logs what it has written; P for a line that goes on."""
        with contextlib.suppress(FileNotFoundError):
            for line in self.log_path.read_text(encoding="utf-8", errors="replace").splitlines():
                yield line.split(" ", 3)

    def output(self, stream=None):
        return "".join(said + ("\n" if partial == "F" else "") for _, of, partial, said in self.log() if stream in (None, of))

    def time_of(self, said):
        """When it has said that, as time.time(); None as long as it has not."""
        when = next((at for at, _, _, text in self.log() if said in text), None)
        # Nanoseconds are more than Python reads.
        return when and datetime.datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", when)).timestamp()

    def wait_for_output(self, said, seconds=START_SECONDS):
        try:
            wait_for(said, lambda: said in self.output(), seconds)
        except TimeoutError as error:
            raise TimeoutError(f"{self.name} does not say {said!r}; it says:\n{self.output()}") from error

    def wait_for_exit(self, seconds=START_SECONDS):
        """Its exit status."""
        wait_for(f"end of {self.name}", lambda: self.status()["state"] == "EXITED", seconds)
        return self.status()["exit_code"]

    def stop(self, seconds=STOP_SECONDS):
        self.node.cri.call("StopContainer", container_id=self.id, timeout=seconds)


class Pod:
    """A pod as a kubelet makes it: labels of the pod on the sandbox, names on the containers."""

    def __init__(self, node, name, namespace, labels, annotations, host_pid):
        self.node, self.uid = node, str(uuid.uuid4())
        identity = {"io.kubernetes.pod.name": name, "io.kubernetes.pod.namespace": namespace, "io.kubernetes.pod.uid": self.uid}
        self.identity = identity
        self.logs = node.folder / "logs" / self.uid
        self.logs.mkdir(parents=True)
        self.namespaces = {"network": "NODE", "pid": "NODE" if host_pid else "CONTAINER"}
        self.config = {
            "metadata": {"name": name, "uid": self.uid, "namespace": namespace},
            "log_directory": str(self.logs), "labels": {**labels, **identity}, "annotations": annotations,
            "linux": {"cgroup_parent": f"{node.cgroup}/kubepods/burstable/pod{self.uid}",
                      "security_context": {"namespace_options": {"network": "NODE", "pid": "NODE" if host_pid else "POD"}}}}
        self.id = node.cri.call("RunPodSandbox", config=self.config)["pod_sandbox_id"]

    def run(self, name, image, args=(), env=None, mounts=(), security=None, user=None, memory=0):
        context = {**(security or {}), "namespace_options": self.namespaces}
        if user is not None:
            context["run_as_user"] = context["run_as_group"] = {"value": user}
        config = {
            "metadata": {"name": name}, "image": {"image": image}, "args": list(args), "log_path": f"{name}.log",
            "envs": [{"key": key, "value": value} for key, value in (env or {}).items()],
            "mounts": [{"container_path": str(path), "host_path": str(host), "readonly": True} for path, host in mounts],
            "labels": {**self.identity, "io.kubernetes.container.name": name},
            "linux": {"security_context": context, "resources": {"memory_limit_in_bytes": memory}}}
        made = self.node.cri.call("CreateContainer", pod_sandbox_id=self.id, config=config, sandbox_config=self.config)
        container = Container(self.node, name, made["container_id"], self.logs / f"{name}.log")
        container.started_at = time.time()
        self.node.cri.call("StartContainer", container_id=container.id)
        return container

    def remove(self):
        self.node.cri.call("StopPodSandbox", pod_sandbox_id=self.id)
        self.node.cri.call("RemovePodSandbox", pod_sandbox_id=self.id)


class Node:
    """Use as a context manager. With `pure_v2` the runtime sees cgroups of version 2 only, and gives containers that are not
    privileged a cgroup namespace of their own, as it does on such nodes."""

    def __init__(self, folder, cri_call, pure_v2=False):
        self.folder, self.pure_v2 = folder, pure_v2
        self.socket = folder / "run" / "containerd.sock"
        self.cgroup = f"/nodespan-test-{os.getpid()}{'-v2' if pure_v2 else ''}"
        self.cri_call, self.cri, self.containerd = cri_call, None, None

    def __enter__(self):
        for name in ("run", "logs", "no-cni"):
            (self.folder / name).mkdir(parents=True)
        runc = shutil.which("runc")
        if self.pure_v2:
            runc = self.folder / "runc-without-limits"
            runc.write_text(RUNC_WITHOUT_LIMITS.format(python=sys.executable), encoding="utf-8")
            runc.chmod(0o755)
        (self.folder / "config.toml").write_text(CONFIG.format(folder=self.folder, pause=PAUSE_IMAGE, runc=runc),
                                                 encoding="utf-8")
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def start(self):
        command = ["containerd", "--config", self.folder / "config.toml"]
        if self.pure_v2:
            command = ["unshare", "--mount", "sh", "-c", PURE_V2, "sh", *command]
        with open(self.folder / "containerd.log", "ab") as log:
            self.containerd = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                               start_new_session=True)
        wait_for("the runtime's socket", self.socket.exists, START_SECONDS)
        self.cri = CriClient(self.cri_call, self.socket)
        wait_for("the runtime's answer", self.answers, START_SECONDS)

    def answers(self):
        try:
            return self.cri.call("Version")
        except RuntimeRefused:  # it listens before it is ready
            return None

    def stop(self):
        """Only containerd itself; pods go on, as on a node whose runtime is updated."""
        if self.cri:
            self.cri.close()
            self.cri = None
        if self.containerd:
            self.containerd.terminate()
            try:
                self.containerd.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.containerd.kill()
                self.containerd.wait()
            self.containerd = None
        self.socket.unlink(missing_ok=True)

    def restart(self):
        self.stop()
        self.start()

    def import_image(self, archive):
        done = subprocess.run(["ctr", "--address", self.socket, "--namespace", "k8s.io", "images", "import", archive],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeRefused(f"import of {archive}: {done.stderr}")

    def pod(self, name, labels=None, annotations=None, namespace="default", host_pid=False):
        return Pod(self, name, namespace, labels or {}, annotations or {}, host_pid)

    def close(self):
        if self.cri:
            for item in self.cri.call("ListPodSandbox")["items"]:
                with contextlib.suppress(RuntimeRefused):
                    self.cri.call("StopPodSandbox", pod_sandbox_id=item["id"])
                    self.cri.call("RemovePodSandbox", pod_sandbox_id=item["id"])
        self.end_left_processes()
        self.stop()
        self.unmount()
        for controller in [pathlib.Path("/sys/fs/cgroup"), *pathlib.Path("/sys/fs/cgroup").iterdir()]:
            remove_cgroup(controller / self.cgroup.lstrip("/"))

    def left_processes(self):
        """Shims, which name our socket, and what they run, which is in our cgroup."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                is_shim = b"containerd-shim" in words[0] and str(self.socket).encode() in words
                if is_shim or f":{self.cgroup}/" in (entry / "cgroup").read_text():
                    found.append(int(entry.name))
        return found

    def end_left_processes(self):
        """A shim that ends by itself removes its socket, which is outside of our folder; so that is waited for first."""
        with contextlib.suppress(TimeoutError):
            wait_for("the end of all shims", lambda: not self.left_processes(), STOP_SECONDS)
        for pid in self.left_processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def unmount(self):
        mounts = [line.split()[4] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
        for mount in reversed([mount for mount in mounts if mount.startswith(f"{self.folder}/")]):
            subprocess.run(["umount", "--lazy", mount], check=False, stderr=subprocess.DEVNULL)


def remove_cgroup(folder):
    if not folder.is_dir():
        return
    for path, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):  # a process may still be on its way out
            os.rmdir(path)


def missing_for_node():
    """Why no node can be started here, or None."""
    if os.geteuid() != 0:
        return "it needs root"
    for program in ("containerd", "containerd-shim-runc-v2", "ctr", "runc"):
        if not shutil.which(program):
            return f"{program} is not installed"
    effective = next(line for line in pathlib.Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff"))
    if not int(effective.split()[1], 16) >> 21 & 1:
        return "it needs CAP_SYS_ADMIN"
    return None
