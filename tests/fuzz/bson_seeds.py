#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes commands of MongoDB as BSON into the folder given: seeds of the fuzz target mongo_command."""
import pathlib
import struct
import sys


class Raw:
    """A value of any type, as its bytes."""

    def __init__(self, kind, data):
        self.kind, self.data = kind, data


def text(value):
    data = value.encode() + b"\0"
    return struct.pack("<i", len(data)) + data


def element(key, value):
    if isinstance(value, Raw):
        kind, data = value.kind, value.data
    elif isinstance(value, bool):
        kind, data = 0x08, bytes([value])
    elif isinstance(value, int):
        kind, data = 0x12, struct.pack("<q", value)
    elif isinstance(value, str):
        kind, data = 0x02, text(value)
    elif isinstance(value, dict):
        kind, data = 0x03, document(value)
    else:
        kind, data = 0x04, document({str(i): item for i, item in enumerate(value)})
    return bytes([kind]) + key.encode() + b"\0" + data


def document(fields):
    body = b"".join(element(key, value) for key, value in fields.items()) + b"\0"
    return struct.pack("<i", len(body) + 4) + body


def deep(levels):
    return {"a": deep(levels - 1)} if levels else {"a": 1}


EVERY_TYPE = {
    "double": Raw(0x01, b"\0" * 8), "binary": Raw(0x05, struct.pack("<iB", 2, 0) + b"xy"), "undefined": Raw(0x06, b""),
    "id": Raw(0x07, b"i" * 12), "time": Raw(0x09, b"\1" * 8), "null": Raw(0x0A, b""), "regex": Raw(0x0B, b"^a\0i\0"),
    "pointer": Raw(0x0C, text("db.c") + b"i" * 12), "code": Raw(0x0D, text("f()")), "symbol": Raw(0x0E, text("s")),
    "scope": Raw(0x0F, struct.pack("<i", 4 + len(text("f")) + 5) + text("f") + document({})), "int": Raw(0x10, b"\1\0\0\0"),
    "timestamp": Raw(0x11, b"\2" * 8), "decimal": Raw(0x13, b"\3" * 16), "greatest": Raw(0x7F, b""), "least": Raw(0xFF, b""),
}
SEEDS = {
    "find": {"find": "users", "filter": {"name": "bob", "age": {"$gt": 3}}, "limit": 2, "lsid": {"id": "x"}, "$db": "shop"},
    "aggregate": {"aggregate": "users", "pipeline": [{"$match": {"tags": ["a", "b"]}}, {"$count": "n"}], "cursor": {}},
    "getmore": {"getMore": 4711, "collection": "users", "batchSize": 2},
    "insert": {"insert": "users", "ordered": True, "documents": [{"_id": 1}, {"_id": 2}]},
    "ping": {"ping": 1, "$db": "admin"},
    "types": {"find": "types", "filter": EVERY_TYPE},
    "deep": {"find": "deep", "filter": deep(40)},
    "empty": {},
}


def main():
    folder = pathlib.Path(sys.argv[1])
    for name, command in SEEDS.items():
        (folder / name).write_bytes(document(command))


if __name__ == "__main__":
    main()
