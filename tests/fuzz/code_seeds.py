#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the beginnings of Go functions as machine code into the folder given: seeds of the fuzz target code_sites."""
import pathlib
import sys

SEEDS = {
    "push": "493b66107626554889e55dc3" + "cc" * 32 + "e800010000ebcc",
    "large-frame": "4c8da42400ffffff4d3b66100f861e000000554889e5c3" + "cc" * 25 + "e800000000ebd0",
    "go119": "493b661076264883ec1848896c2410c3" + "cc" * 28 + "e800000000ebcc",
    "nosplit": "554889e55dc3",
    "long-nop": "0f1f44000031c0c3",
    "calls": "90e800010000b8e8000000ffd0",
    "arm64": "900b40f9ff6330eb69010054fe0f1ef8c0035fd6" + "1f2003d5" * 8 + "00000094f5ffff17",
}


def main():
    folder = pathlib.Path(sys.argv[1])
    for name, code in SEEDS.items():
        (folder / name).write_bytes(bytes.fromhex(code))


if __name__ == "__main__":
    main()
