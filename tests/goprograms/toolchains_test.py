# SPDX-License-Identifier: Apache-2.0
"""Several runs may fill one cache: a toolchain is there whole, and who comes second uses what the first one made."""

import importlib.machinery
import importlib.util
import os
import pathlib
import sys
import tempfile
import unittest
import unittest.mock

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))  # as when it is started as a program
sys.dont_write_bytecode = True
_loader = importlib.machinery.SourceFileLoader("toolchains", str(HERE / "toolchains"))
toolchains = importlib.util.module_from_spec(importlib.util.spec_from_loader("toolchains", _loader))
_loader.exec_module(toolchains)
import cache_folder  # noqa: E402  beside this file


def write_root(folder, text):
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "go").write_text(text, encoding="utf-8")


class SharedCacheTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def test_the_second_run_takes_the_root_of_the_first(self):
        root = self.folder / "module-cache"
        write_root(root, "second")
        sources = toolchains.Sources(self.folder / "cache")
        target = self.folder / "cache" / "go-roots" / "1.17.13"
        copy = toolchains.link_or_copy

        def slow_copy(source, destination):
            """While this run copies its one file, another one finishes."""
            write_root(target, "first")
            copy(source, destination)

        with unittest.mock.patch.object(toolchains, "link_or_copy", slow_copy):
            self.assertEqual(sources.outside_module_cache("1.17.13", root), target)
        self.assertEqual((target / "bin" / "go").read_text(encoding="utf-8"), "first")
        self.assertEqual(os.listdir(target.parent), ["1.17.13"], "nothing half-made is left")

    def test_a_folder_is_kept_under_its_name(self):
        write_root(self.folder / "made", "only")
        cache_folder.keep(self.folder / "made", self.folder / "new" / "target")
        self.assertEqual((self.folder / "new" / "target" / "bin" / "go").read_text(encoding="utf-8"), "only")
        self.assertFalse((self.folder / "made").exists())

    def test_other_failures_are_told(self):
        write_root(self.folder / "made", "only")
        (self.folder / "file").write_text("in the way", encoding="utf-8")
        with self.assertRaises(NotADirectoryError):
            cache_folder.keep(self.folder / "made", self.folder / "file")
        with self.assertRaises(FileNotFoundError):
            cache_folder.keep(self.folder / "missing", self.folder / "target")


if __name__ == "__main__":
    unittest.main()
