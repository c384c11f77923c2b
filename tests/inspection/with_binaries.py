#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fills $NODESPAN_TEST_BINARIES with real Go executables, then becomes the command given as arguments.

    with_binaries.py [--series NAMES] [--kinds NAMES] [--unseen] COMMAND...

Needs $NODESPAN_BINARY, the built daemon. The toolchains and kinds are those of `matrix`; --unseen adds what `unseen` builds.
The few of the default test run; `./tools/test binaries` is for all of them. Without any toolchain the folder stays empty,
and the tests of the command say so.
"""

import argparse
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", default="path,oldest,newest")
    parser.add_argument("--kinds", default="default,stripped,pie,cgo,gopath")
    parser.add_argument("--unseen", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    folder = pathlib.Path(os.environ["NODESPAN_TEST_BINARIES"])
    common = ["--nodespan", os.environ["NODESPAN_BINARY"], "--binaries", folder]
    subprocess.run([HERE / "matrix", *common, "--series", options.series, "--kinds", options.kinds], stdout=sys.stderr, check=True)
    dwarfcheck = folder.with_name(folder.name + "-dwarfcheck")
    if options.unseen and any(folder.iterdir()):
        subprocess.run([HERE / "unseen", *common, "--dwarfcheck", dwarfcheck], stdout=sys.stderr, check=True)
    os.execv(options.command[0], options.command)


if __name__ == "__main__":
    main()
