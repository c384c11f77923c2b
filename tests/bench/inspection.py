#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures how long nodespan takes to inspect large Go executables, next to a reader of debug information.

    tests/bench/inspection.py --bench build/src/daemon/inspection_bench [--rounds N] [--kubelet] [FILE...]

Without FILEs: dockerd, prometheus and hugo from the distribution (stripped of debug information, so without a baseline),
the program of tests/goprograms, and with --kubelet the kubelet, built with the Go on PATH from the Go module proxy (about
five minutes of CPU the first time, 121 MB). They are kept in $NODESPAN_CACHE. What cannot be had is left out and named.

The baseline is Go's debug/dwarf looking up three structs (tests/bench/dwarfread). Both run in turns, round by round, each
in processes of their own; medians are shown. Extra memory is the peak of resident memory above that before the work.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "goprograms"))
import cache_folder  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = cache_folder.root() / "bench-binaries"
PACKAGES = {"docker.io": "usr/sbin/dockerd", "prometheus": "usr/bin/prometheus", "hugo": "usr/bin/hugo"}
KUBELET = "34.1"
STAGING = """api apiextensions-apiserver apimachinery apiserver cli-runtime client-go cloud-provider cluster-bootstrap
code-generator component-base component-helpers controller-manager cri-api cri-client csi-translation-lib
dynamic-resource-allocation endpointslice externaljwt kms kube-aggregator kube-controller-manager kube-proxy
kube-scheduler kubectl kubelet metrics mount-utils pod-security-admission sample-apiserver""".split()


def quiet(command, **more):
    return subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **more)


def from_distribution(package, path):
    found = FOLDER / f"deb-{package}" / path
    if not found.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        done = quiet(["apt-get", "download", package], cwd=FOLDER)
        archives = list(FOLDER.glob(f"{package}_*.deb"))
        if done.returncode != 0 or not archives:
            print(f"left out {package}: {done.stdout.strip().splitlines()[-1:]}", file=sys.stderr)
            return None
        quiet(["dpkg", "-x", archives[0], FOLDER / f"deb-{package}"])
        archives[0].unlink()
    return found if found.exists() else None


def build_kubelet():
    """Kubernetes names its own parts by paths inside its repository; here the published modules take their place."""
    found = FOLDER / "kubelet"
    if not found.exists():
        source = FOLDER / "src"
        source.mkdir(parents=True, exist_ok=True)
        replaced = "".join(f"\tk8s.io/{name} => k8s.io/{name} v0.{KUBELET}\n" for name in STAGING)
        (source / "go.mod").write_text(f"module bench\n\ngo 1.24\n\nrequire k8s.io/kubernetes v1.{KUBELET}\n\nreplace (\n{replaced})\n")
        (source / "tools.go").write_text('//go:build tools\n\npackage bench\n\nimport _ "k8s.io/kubernetes/cmd/kubelet"\n')
        done = quiet(["nice", "go", "build", "-mod=mod", "-o", found, "k8s.io/kubernetes/cmd/kubelet"], cwd=source,
                     env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": ""})
        if done.returncode != 0:
            print("left out kubelet:", *done.stdout.strip().splitlines()[-3:], sep="\n  ", file=sys.stderr)
            return None
    return found


def small_service():
    done = quiet([HERE.parent / "goprograms" / "build", "httpserver"])
    return pathlib.Path(done.stdout.strip().splitlines()[-1]) if done.returncode == 0 else None


def inspect(bench, path):
    done = subprocess.run([bench, "--benchmark_format=json", "--benchmark_min_time=0.2"],
                          env={**os.environ, "NODESPAN_BENCH_BINARIES": str(path)}, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=True)
    return {entry["name"].split("/")[0]: entry for entry in json.loads(done.stdout)["benchmarks"]
            if not entry["name"].startswith("DismissFile")}


def read_dwarf(reader, path):
    done = subprocess.run([reader, path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


def median(values):
    return statistics.median(values) if values else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bench", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kubelet", action="store_true")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    files = options.files or [found for found in (
        small_service(), *(from_distribution(*item) for item in PACKAGES.items()),
        build_kubelet() if options.kubelet or (FOLDER / "kubelet").exists() else None) if found]
    if not files:
        print("no Go executable could be had", file=sys.stderr)
        return 1
    reader = FOLDER / "dwarfread"
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not shutil.which("go") or quiet(["go", "build", "-o", reader, "."], cwd=HERE / "dwarfread").returncode != 0:
        print("no Go toolchain: without a baseline", file=sys.stderr)
        reader = None

    results = {path: [] for path in files}
    for _ in range(options.rounds):
        for path in files:
            results[path].append((inspect(options.bench, path), read_dwarf(reader, path) if reader else None))
    print("| executable | MB | functions | inspect ms | CPU ms | extra MB | long catalogue CPU ms | known content us "
          "| debug/dwarf ms | extra MB |\n|---|---|---|---|---|---|---|---|---|---|")
    for path, rounds in results.items():
        ours = [one for one, _ in rounds]
        theirs = [other for _, other in rounds if other]

        def value(benchmark, name, source=ours):
            return median([one[benchmark][name] for one in source if name in one.get(benchmark, {})]) or 0

        baseline = (f"{median([other['ms'] for other in theirs]):.0f} | {median([other['extra_mb'] for other in theirs]):.0f}"
                    if theirs else "no debug information | -")
        print(f"| {path.name} | {value('Inspect', 'file_mb'):.0f} | {value('Inspect', 'functions'):.0f} "
              f"| {value('Inspect', 'real_time'):.1f} | {value('Inspect', 'cpu_time'):.1f} "
              f"| {value('Inspect', 'extra_rss_mb'):.1f} | {value('LongCatalogue', 'cpu_time'):.1f} "
              f"| {value('Recognize', 'real_time'):.0f} | {baseline} |")
    dismissed = median([one["DismissProcess"]["real_time"] for rounds in results.values() for one, _ in rounds])
    print(f"\ndismissing a process that is not Go: {dismissed:.1f} us")
    return 0


if __name__ == "__main__":
    sys.exit(main())
