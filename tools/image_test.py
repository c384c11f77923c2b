# SPDX-License-Identifier: Apache-2.0
"""The image holds a program and what it is linked with, is an OCI archive, and is the same whenever it is made."""

import gzip
import hashlib
import io
import json
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

IMAGE = pathlib.Path(__file__).with_name("image")
SOME_PROGRAM = pathlib.Path(shutil.which("true"))  # any small program that is linked with the C library


def make(*arguments):
    return subprocess.run([sys.executable, IMAGE, *map(str, arguments)], capture_output=True, text=True, check=False)


class Archive:
    """What a registry would make of an archive: every blob is checked against its digest."""

    def __init__(self, path):
        with tarfile.open(path) as tar:
            self.files = {member.name: tar.extractfile(member).read() for member in tar.getmembers()}
        self.descriptor = json.loads(self.files["index.json"])["manifests"][0]
        self.manifest = json.loads(self.blob(self.descriptor))
        self.config = json.loads(self.blob(self.manifest["config"]))
        self.layer = gzip.decompress(self.blob(self.manifest["layers"][0]))

    def blob(self, descriptor):
        data = self.files["blobs/" + descriptor["digest"].replace(":", "/")]
        assert "sha256:" + hashlib.sha256(data).hexdigest() == descriptor["digest"] and len(data) == descriptor["size"]
        return data

    def members(self):
        with tarfile.open(fileobj=io.BytesIO(self.layer)) as tar:
            return tar.getmembers()


@unittest.skipUnless(shutil.which("strip") and pathlib.Path("/etc/ssl/certs/ca-certificates.crt").exists(),
                     "strip or the certificates are not installed")
class ImageTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def archive(self, name, *more):
        done = make("--nodespan", SOME_PROGRAM, "--archive", self.folder / name, *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.folder / name

    def test_it_holds_the_program_and_its_libraries_and_certificates(self):
        archive = Archive(self.archive("a.tar", "--name", "example.org/tracer:v7", "--arch", "arm64"))
        names = [member.name for member in archive.members()]
        self.assertIn("usr/bin/nodespan", names)
        self.assertIn("etc/ssl/certs/ca-certificates.crt", names)
        self.assertTrue([name for name in names if name.endswith("/libc.so.6")], names)
        self.assertTrue([name for name in names if "/ld-linux" in name], names)
        self.assertFalse([name for name in names if name.endswith("/sh")], names)
        self.assertEqual(archive.config["config"]["Entrypoint"], ["/usr/bin/nodespan"])
        self.assertEqual(archive.config["architecture"], "arm64")
        self.assertEqual(archive.config["rootfs"]["diff_ids"], ["sha256:" + hashlib.sha256(archive.layer).hexdigest()])
        self.assertEqual(archive.descriptor["annotations"]["io.containerd.image.name"], "example.org/tracer:v7")

    def test_the_same_input_gives_the_same_bytes(self):
        first, second = self.archive("a.tar"), self.archive("b.tar")
        self.assertEqual(first.read_bytes(), second.read_bytes())
        for member in Archive(first).members():
            self.assertEqual((member.uid, member.gid, member.mtime), (0, 0, 0), member.name)

    def test_the_program_runs_from_its_files_alone(self):
        done = make("--nodespan", SOME_PROGRAM, "--rootfs", self.folder / "rootfs")
        self.assertEqual(done.returncode, 0, done.stderr)
        try:
            ran = subprocess.run(["chroot", self.folder / "rootfs", "/usr/bin/nodespan"], capture_output=True, text=True,
                                 check=False)
        except FileNotFoundError:
            self.skipTest("there is no chroot")
        if "cannot change root" in ran.stderr:
            self.skipTest("chroot needs root")
        self.assertEqual(ran.returncode, 0, ran.stderr)

    def test_what_is_missing_is_named(self):
        done = make("--nodespan", self.folder / "absent", "--archive", self.folder / "a.tar")
        self.assertEqual(done.returncode, 1)
        self.assertIn("tools/build makes it", done.stderr)
        (self.folder / "text").write_text("no program", encoding="utf-8")
        done = make("--nodespan", self.folder / "text", "--archive", self.folder / "a.tar")
        self.assertEqual(done.returncode, 1)
        self.assertIn("an ELF file", done.stderr)
        self.assertFalse((self.folder / "a.tar").exists())

    def test_a_name_without_a_tag_is_refused(self):
        self.assertEqual(make("--archive", self.folder / "a.tar", "--name", "localhost:5000/nodespan").returncode, 2)


if __name__ == "__main__":
    unittest.main()
