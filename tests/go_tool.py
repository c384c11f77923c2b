# SPDX-License-Identifier: Apache-2.0
"""Go programs that tests use as tools, each a module of its own with pinned versions, built once into the cache.

A module that asks for a newer Go than the one on PATH is satisfied by the go command itself (GOTOOLCHAIN=auto).
"""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "goprograms"))
import cache_folder  # noqa: E402

DOWNLOAD_SECONDS = 300
BUILD_SECONDS = 1500


class CannotBeHad(Exception):
    """Why there is no such tool here: no Go, or its modules cannot be fetched."""


class BuildFailed(Exception):
    """What the compiler said."""


def default_go():
    return shutil.which("go") or "/usr/local/go/bin/go"


def last_line(done):
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1] if lines else "no output"


def compile_tool(source, go, output):
    environment = {**os.environ, "GOTOOLCHAIN": "auto", "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}

    def run(*arguments, seconds):
        return subprocess.run([go, *arguments], cwd=source, env=environment, capture_output=True, text=True, timeout=seconds,
                              stdin=subprocess.DEVNULL, check=False)

    # Listing loads every package, so everything that has to be fetched is fetched here and not while compiling.
    try:
        listing = run("list", "-deps", ".", seconds=DOWNLOAD_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise CannotBeHad(f"its modules did not arrive in {DOWNLOAD_SECONDS} s") from error
    if listing.returncode != 0:
        raise CannotBeHad(last_line(listing))
    with tempfile.TemporaryDirectory(dir=output.parent) as scratch:
        built = pathlib.Path(scratch, output.name)
        done = run("build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", str(built), ".", seconds=BUILD_SECONDS)
        if done.returncode != 0:
            raise BuildFailed(f"{output.name}: build failed:\n{done.stdout}{done.stderr}")
        os.replace(built, output)


def provide(source, go=None, cache=None):
    """The executable of the module in the folder `source`, named like that folder. The cache goes by the hash of its
    sources; a second call builds nothing."""
    go, cache = go or default_go(), cache or cache_folder.root()
    digest = hashlib.sha256()
    for file in [*sorted(source.glob("*.go")), source / "go.mod", source / "go.sum"]:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    folder = cache.resolve() / source.name / digest.hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    output = folder / source.name
    if not output.exists():
        if not os.access(go, os.X_OK):
            raise CannotBeHad(f"there is no go command at {go}")
        with open(folder / "lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not output.exists():
                compile_tool(source, go, output)
    return output
