#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fills a folder with seeds cut from real Go executables and damaged copies of them, then becomes the command.

    real_corpus.py --part PART --cutter REAL_SEEDS --out FOLDER -- COMMAND...

The executables are tests/goprograms/seeds, built by the Go on PATH and by the oldest one that can be had; REAL_SEEDS
(src/goinspect/real_seeds_main.cc) cuts, make_corpus.py damages. Nothing of it is kept in the repository.
Exit status: that of the command; 77 when no executable can be had (why on stderr).
"""
import argparse
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
GOPROGRAMS = HERE.parent / "goprograms"
CANNOT_BE_HAD = 77
# The fuzz targets of the other parts pretend to be on amd64, and what lies in tables is the same in every kind.
KINDS = {"whole": ("stripped", "pie-stripped", "arm64-stripped"), "code": ("stripped", "no-inlining", "arm64-stripped"),
         "module": ("stripped", "pie-stripped")}


def run(command):
    return subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          check=False)


def executables(kinds):
    toolchains = run([GOPROGRAMS / "toolchains", "path", "oldest"]).stdout.splitlines()
    for toolchain in toolchains:
        for kind in kinds:
            done = run([GOPROGRAMS / "build", "seeds", "--go", toolchain.split(" ", 1)[1], "--kind", kind])
            if done.returncode != 0:
                sys.exit(1)  # it has said why
            yield done.stdout.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", required=True)
    parser.add_argument("--cutter", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    found = list(executables(KINDS.get(arguments.part, ("stripped",))))
    if not found:
        print("no Go toolchain can be had")
        return CANNOT_BE_HAD
    subprocess.run([HERE / "make_corpus.py", "--out", arguments.out, "--stamp", f"{arguments.out}.stamp", "--",
                    arguments.cutter, arguments.part, *found], check=True)
    os.execv(arguments.command[0], arguments.command)


if __name__ == "__main__":
    sys.exit(main())
