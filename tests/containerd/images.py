# SPDX-License-Identifier: Apache-2.0
"""Images for the pods of the tests, made here: no registry is asked."""

import importlib.machinery
import importlib.util
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
GO_BUILD = ROOT / "tests" / "goprograms" / "build"
CANNOT_BE_HAD = 77

_loader = importlib.machinery.SourceFileLoader("image_tool", str(ROOT / "tools" / "image"))
image_tool = importlib.util.module_from_spec(importlib.util.spec_from_loader("image_tool", _loader))
sys.dont_write_bytecode = True
_loader.exec_module(image_tool)


class CannotBeHad(Exception):
    """Why an image cannot be made here."""


def archive_of(program, name, archive):
    """An image with one static program, which it starts."""
    folder = archive.with_suffix(".rootfs")
    folder.mkdir()
    shutil.copy(program, folder / program.name)
    arch = image_tool.ARCHITECTURES[image_tool.os.uname().machine]
    layer = image_tool.layer_of(folder)
    archive.write_bytes(image_tool.oci_archive(layer, arch, ["/" + program.name], name, {}))
    shutil.rmtree(folder)
    return archive


def pause(name, scratch):
    if not shutil.which("gcc"):
        raise CannotBeHad("gcc is not installed")
    subprocess.run(["gcc", "-static", "-Os", "-s", "-o", scratch / "pause", HERE / "pause.c"], check=True)
    return archive_of(scratch / "pause", name, scratch / "pause.tar")


def go_program(program, name, scratch):
    done = subprocess.run([GO_BUILD, program], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotBeHad(done.stderr.strip())
    return archive_of(pathlib.Path(done.stdout.strip()), name, scratch / f"{program}.tar")


def nodespan(daemon, name, scratch):
    archive = scratch / "nodespan.tar"
    subprocess.run([ROOT / "tools" / "image", "--nodespan", daemon, "--archive", archive, "--name", name], check=True,
                   stdout=subprocess.DEVNULL)
    return archive
