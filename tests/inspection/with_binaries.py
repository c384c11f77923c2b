#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fills $NODESPAN_TEST_BINARIES with real Go executables, then becomes the command given as arguments.

    with_binaries.py COMMAND...

Executables: the program demo of tests/goprograms, in each kind of KINDS, by each toolchain of
$NODESPAN_GO_TOOLCHAINS (names as tests/goprograms/toolchains takes them; without it path, oldest and newest). Beside each
that has debug information lies what tests/dwarfcheck reads from it, BINARY.dwarf.json.
Without any toolchain the command runs with an empty folder, and its tests say so.
"""

import os
import pathlib
import shutil
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = "demo"
KINDS = {"default": True, "stripped": False, "pie": True, "cgo": True}  # -> has debug information


def output_of(command, **more):
    return subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True, check=True,
                          stdin=subprocess.DEVNULL, **more).stdout


def toolchains():
    """[(version, go command)]; what cannot be had is named on stderr by the script that looks."""
    done = subprocess.run([TESTS / "goprograms/toolchains", *os.environ.get("NODESPAN_GO_TOOLCHAINS", "").split()],
                          stdout=subprocess.PIPE, text=True, check=False, stdin=subprocess.DEVNULL)
    return [line.split(" ", 1) for line in done.stdout.splitlines()]


def build_dwarfcheck(go, folder):
    program = folder / "dwarfcheck"
    output_of([go, "build", "-buildvcs=false", "-o", program, "."], cwd=TESTS / "dwarfcheck",
              env={**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOWORK": "off"})
    return program


def fill(folder):
    found = toolchains()
    if not found:
        return
    tools = folder.with_name(folder.name + "-tools")
    tools.mkdir(exist_ok=True)
    newest_go = max(found, key=lambda item: tuple(map(int, item[0].split("."))))[1]
    dwarfcheck = build_dwarfcheck(newest_go, tools)
    for version, go in found:
        for kind, has_debug_information in KINDS.items():
            if kind == "cgo" and not shutil.which("gcc"):
                print("kind cgo left out: there is no gcc", file=sys.stderr)
                continue
            built = output_of([TESTS / "goprograms/build", PROGRAM, "--go", go, "--kind", kind]).strip()
            target = folder / f"{PROGRAM}-{version}-{kind}"
            shutil.copyfile(built, target)
            if has_debug_information:
                target.with_name(target.name + ".dwarf.json").write_text(output_of([dwarfcheck, target]), encoding="utf-8")
    print("toolchains:", " ".join(version for version, _ in found), file=sys.stderr)


def main():
    folder = pathlib.Path(os.environ["NODESPAN_TEST_BINARIES"])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    fill(folder)
    os.execv(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
