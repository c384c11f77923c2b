# SPDX-License-Identifier: Apache-2.0
"""What the Python suites of the built daemon share."""

import json
import pathlib
import socket
import subprocess
import time

import go_tool

TESTS = pathlib.Path(__file__).resolve().parent
OVERLAYS = TESTS.parent / "deploy" / "daemonset" / "overlays"


def free_port():
    """A port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, condition, seconds, pause=0.1):
    """The first true value of `condition`, asked for every `pause` seconds; TimeoutError when none comes."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(pause)
    return value


def values(attributes):
    """Key -> value of attributes in OTLP/JSON."""
    return {one["key"]: next(iter(one["value"].values())) for one in attributes}


def overlay_objects(name):
    """The Kubernetes objects that an overlay renders to. Raises go_tool.CannotBeHad without the renderer."""
    done = subprocess.run([go_tool.provide(TESTS / "manifests"), "kustomize", OVERLAYS / name], capture_output=True, text=True,
                          check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]
