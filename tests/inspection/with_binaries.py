#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fills $NODESPAN_TEST_BINARIES with real Go executables by `matrix`, then becomes the command given as arguments.

    with_binaries.py COMMAND...

Needs $NODESPAN_BINARY, the built daemon. The few toolchains and kinds of the default test run; `./tools/test binaries` is
for all of them. Without any toolchain the folder stays empty, and the tests of the command say so.
"""

import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def main():
    subprocess.run([HERE / "matrix", "--nodespan", os.environ["NODESPAN_BINARY"],
                    "--binaries", os.environ["NODESPAN_TEST_BINARIES"], "--series", "path,oldest,newest", "--kinds", "default,stripped,pie,cgo"], stdout=sys.stderr, check=True)
    os.execv(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
