#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that every #include of src/ and bpf/ goes along an edge of the layer table, and that each third-party library is
used only where it belongs. Prints one line per violation; exit status 1 when there is any.

    check_layers.py [ROOT]

To add an edge, edit the table in the commit that needs it. Tests (*_test.cc, *_fuzz.cc, *_bench.cc, and *_test.h, what
several of them share) may in addition use tests/ and the library their folder is about; nothing else includes *_test.h.
"""

import pathlib
import re
import sys

# Folder of src/ -> folders it may include, beside itself and base.
LAYERS = {
    "base": set(),
    "model": set(),
    "metrics": set(),
    "config": {"model"},
    "procfs": {"model"},
    "elf": set(),
    "goinspect": {"model", "elf"},
    "ebpf": {"metrics"},
    "http": set(),
    "k8s": {"model", "procfs", "metrics", "http"},
    "discovery": {"model", "procfs", "k8s", "ebpf", "metrics"},
    "attach": {"model", "goinspect", "ebpf", "metrics"},
    "events": {"model", "metrics"},
    "spans": {"model", "events", "metrics"},
    "export": {"model", "metrics"},
    "otlp": {"model", "metrics", "export", "http"},
    "console": {"model", "metrics", "export"},
    "daemon": None,  # everything
}
MAY_USE_ABI = {"ebpf", "discovery", "attach", "events", "daemon"}

# Folder of bpf/ -> folders it may include, beside itself. Files directly in bpf/ put programs together.
BPF_LAYERS = {
    "abi": set(),
    "base": {"abi"},
    "extract": {"abi", "base"},
    "emit": {"abi", "base", "extract"},
    "programs": {"abi", "base", "extract", "emit"},
    "": {"abi", "base", "extract", "emit", "programs"},
}

# Third-party headers: pattern -> folder of src/ -> extensions of its files that may include them.
SOURCES, ALL = {".cc"}, {".cc", ".h"}
THIRD_PARTY = [
    (re.compile(r"^(grpc|grpcpp|google/protobuf)/|\.(pb|grpc\.pb)\.h$"), {"otlp": SOURCES, "k8s": SOURCES}),
    # attach and discovery own skeletons, whose maps and programs are libbpf's types.
    (re.compile(r"^(bpf/(bpf|libbpf|btf)\w*\.h|linux/bpf\.h)$"), {"ebpf": ALL, "attach": SOURCES, "discovery": SOURCES}),
    (re.compile(r"\.skel\.h$"), {"ebpf": SOURCES, "attach": SOURCES, "discovery": SOURCES}),
    (re.compile(r"^curl/"), {"http": ALL}),
    (re.compile(r"^http/curl_"), {"http": ALL, "k8s": SOURCES, "otlp": SOURCES}),
    (re.compile(r"^zlib\.h$"), {"otlp": SOURCES}),
    (re.compile(r"^(httplib\.h$|prometheus/)"), {"daemon": SOURCES}),
    (re.compile(r"^capstone/"), {"goinspect": SOURCES, "attach": SOURCES}),
    (re.compile(r"^CLI/|^CLI11"), {"config": SOURCES, "daemon": SOURCES}),
    (re.compile(r"^spdlog/"), {"base": ALL, "daemon": SOURCES}),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')
TEST_HEADER = re.compile(r"_test\.h$")
TEST_FILE = re.compile(r"_(test|fuzz|bench)\.cc$|" + TEST_HEADER.pattern)


def includes(path):
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(2)


def check_source(path, relative, folder):
    """Yields what is wrong in one file of src/<folder>."""
    allowed = LAYERS[folder]
    is_test = TEST_FILE.search(path.name) is not None
    for number, header in includes(path):
        where = f"{relative}:{number}"
        first = header.split("/")[0]
        if TEST_HEADER.search(header) and not is_test:
            yield f"{where}: only tests may use what they share (\"{header}\")"
        if header.startswith("bpf/abi/"):
            if folder not in MAY_USE_ABI:
                yield f'{where}: {folder} may not use bpf/abi ("{header}")'
            continue
        for pattern, owners in THIRD_PARTY:
            if pattern.search(header):
                if folder not in owners:
                    yield f"{where}: {header} belongs to {', '.join(sorted(owners))}, not to {folder}"
                elif path.suffix not in owners[folder] and not is_test:
                    yield f"{where}: {header} may be included by {' '.join(sorted(owners[folder]))} files only"
                break
        else:
            if header.startswith("bpf/"):
                yield f"{where}: only bpf/abi is shared with src/ (\"{header}\")"
            elif first in LAYERS and "/" in header:
                if first not in ("base", folder) and allowed is not None and first not in allowed:
                    yield f"{where}: {folder} may not use {first} (\"{header}\")"
            elif first == "tests" and not is_test:
                yield f"{where}: only tests may use tests/ (\"{header}\")"


def check_bpf(path, relative, folder):
    """Yields what is wrong in one file of bpf/."""
    for number, header in includes(path):
        inner = header[4:] if header.startswith("bpf/") else header
        target = inner.split("/")[0] if "/" in inner else None
        if header.startswith("src/") or target in LAYERS and target not in BPF_LAYERS:
            yield f"{relative}:{number}: bpf/ may not use src/ (\"{header}\")"
        elif target in BPF_LAYERS and target != folder and target not in BPF_LAYERS[folder]:
            yield f"{relative}:{number}: bpf/{folder} may not use bpf/{target} (\"{header}\")"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent)
    problems = []
    files = 0
    for top in ("src", "bpf"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix not in (".h", ".cc", ".c"):
                continue
            files += 1
            relative = path.relative_to(root)
            folder = relative.parts[1] if len(relative.parts) > 2 else ""
            if top == "bpf":
                if folder == "vmlinux":
                    continue
                known, check = folder in BPF_LAYERS, check_bpf
            else:
                known, check = folder in LAYERS, check_source
            if known:
                problems += check(path, relative, folder)
            else:
                problems.append(f"{relative}: {top}/{folder} is not in the layer table")
    for problem in problems:
        print(problem)
    if files == 0:
        print(f"no sources under {root}", file=sys.stderr)
        return 1
    print(f"layers: {files} files, {len(problems)} violations", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
