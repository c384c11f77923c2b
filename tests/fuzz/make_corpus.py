#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of a fuzz target into a folder; nothing binary is kept in the repository.

    make_corpus.py --out FOLDER --stamp FILE -- SEED_COMMAND...

SEED_COMMAND is run with the folder as its last argument and writes whole, valid inputs there. From each of them come
truncated, damaged and absurd ones: cut headers, giant counts, offsets and names, overlapping segments, cycles, noise.
The larger a seed, the fewer. The same come out every time.
"""
import argparse
import itertools
import pathlib
import random
import shutil
import struct
import subprocess

EHDR_BYTES = 64
PHDR_BYTES = 56
LARGE_BYTES = 1 << 16  # a seed of this size has half of its damaged copies kept
ABSURD_WORDS = (0, 1, 7, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 8, (1 << 64) - 1)


def put(data, offset, fmt, value):
    """A copy of data with value written at offset."""
    copy = bytearray(data)
    size = struct.calcsize(fmt)
    if offset + size <= len(copy):
        struct.pack_into(fmt, copy, offset, value & ((1 << (8 * size)) - 1))
    return bytes(copy)


def program_headers(data):
    if len(data) < EHDR_BYTES:
        return []
    count = struct.unpack_from("<H", data, 56)[0]
    return [EHDR_BYTES + PHDR_BYTES * i for i in range(count) if EHDR_BYTES + PHDR_BYTES * (i + 1) <= len(data)]


def truncated(data, rng):
    for length in (0, 1, 16, 63, 64, 65, 120, 4095, 4096):
        yield data[:length]
    for _ in range(20):
        yield data[: rng.randrange(len(data))]


def damaged_headers(data, rng):
    headers = program_headers(data)
    for header in headers:
        for field in (8, 16, 32, 40):  # p_offset, p_vaddr, p_filesz, p_memsz
            for value in rng.sample(ABSURD_WORDS, 4):
                yield put(data, header + field, "<Q", value)
        yield put(data, header, "<I", rng.randrange(8))
    for first in headers:  # all segments at one address or one place in the file
        for field in (8, 16):
            value = struct.unpack_from("<Q", data, first + field)[0]
            copy = data
            for header in headers:
                copy = put(copy, header + field, "<Q", value)
            yield copy


def pointers(data, rng):
    """Offsets of words that look like addresses of the file's own segments."""
    ranges = []
    for header in program_headers(data):
        kind, = struct.unpack_from("<I", data, header)
        vaddr, = struct.unpack_from("<Q", data, header + 16)
        size, = struct.unpack_from("<Q", data, header + 40)
        if kind == 1 and size:
            ranges.append((vaddr, vaddr + size))
    found = [
        offset
        for offset in range(0, len(data) - 7, 8)
        if any(begin <= struct.unpack_from("<Q", data, offset)[0] < end for begin, end in ranges)
    ]
    rng.shuffle(found)
    return found


def absurd_words(data, rng):
    for offset in pointers(data, rng)[:60]:
        yield put(data, offset, "<Q", rng.choice(ABSURD_WORDS))
        yield put(data, offset + 8, "<Q", rng.choice(ABSURD_WORDS))  # often the length that goes with the address
    found = pointers(data, rng)
    for _ in range(40):  # cycles: one pointer takes the value of another
        source, target = rng.choice(found or [0]), rng.choice(found or [0])
        yield put(data, target, "<Q", struct.unpack_from("<Q", data, source)[0])


def names(data, rng):
    """Name lengths of up to 2^31: text that follows a length byte."""
    starts = [data.find(text) for text in (b"*http.Request", b"*runtime.g", b"net/http", b"Method", b"*http.Header")]
    for start in starts:
        if start > 4:
            for varint in (b"\xff\x7f", b"\xff\xff\x7f", b"\xff\xff\xff\xff\x07", b"\xff" * 10):
                copy = bytearray(data)
                copy[start - 1 : start - 1 + len(varint)] = varint
                yield bytes(copy)
            yield put(data, start + 1, "<B", rng.randrange(32))


def noise(data, rng):
    for _ in range(40):
        copy = bytearray(data)
        for _ in range(rng.choice((1, 4, 30, 300))):
            copy[rng.randrange(len(copy))] = rng.randrange(256)
        yield bytes(copy)


def mutators(data):
    """What is worth doing to a seed: the middle three know the layout of ELF files."""
    return (truncated, damaged_headers, absurd_words, names, noise) if data.startswith(b"\x7fELF") else (truncated, noise)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("seed_command", nargs="+")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--stamp", type=pathlib.Path, required=True)
    arguments = parser.parse_args()

    shutil.rmtree(arguments.out, ignore_errors=True)
    arguments.out.mkdir(parents=True)
    subprocess.run([*arguments.seed_command, str(arguments.out)], check=True)
    seeds = {path.name: path.read_bytes() for path in sorted(arguments.out.iterdir())}
    total = len(seeds)
    for name, data in seeds.items():
        rng = random.Random(name)
        step = 1 + (len(data) // LARGE_BYTES) ** 2
        for mutate in mutators(data):
            for index, mutant in itertools.islice(enumerate(mutate(data, rng)), None, None, step):
                (arguments.out / f"{name}-{mutate.__name__}-{index}").write_bytes(mutant)
                total += 1
    arguments.stamp.write_text(f"{total} inputs\n")


if __name__ == "__main__":
    main()
