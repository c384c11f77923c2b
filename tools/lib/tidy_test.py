#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import tidy

SOURCE = """#include <string_view>
namespace one {
namespace {

constexpr int kLimit = 4;
using Word = unsigned;
struct Entry {
  int member = 0;
};
const Entry kTable[] = {{1}};

std::string_view Name(int number,
                      int other) {
  const int local = number;
  return {};
}

}  // namespace

int Exported() { return kLimit; }

}  // namespace one
"""


class Grouping(unittest.TestCase):
    def test_names_of_an_unnamed_namespace(self):
        self.assertEqual(tidy.own_names(SOURCE), {"kLimit", "Word", "Entry", "kTable", "Name"})
        self.assertEqual(tidy.own_names("int kLimit = 4;\n"), set())

    def test_files_with_a_common_name_are_kept_apart(self):
        other = SOURCE.replace("kLimit", "kMaximum").replace("Word", "W").replace("Entry", "E").replace("kTable", "kT")
        free = "namespace one {\nint More() { return 1; }\n}\n"
        self.assertEqual(tidy.into_units([("a", SOURCE), ("b", other), ("c", free)]), [["a", "c"], ["b"]])

    def test_units_are_bounded(self):
        self.assertEqual(tidy.into_units([(name, "") for name in "abcde"], limit=2), [["a", "b"], ["c", "d"], ["e"]])


@unittest.skipUnless(shutil.which("clang-tidy-14") and shutil.which("ninja"), "needs clang-tidy-14 and ninja")
class Findings(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve()
        self.build = self.root / "build"
        self.build.mkdir()
        (self.root / ".clang-tidy").write_text("Checks: '-*,modernize-use-override'\nWarningsAsErrors: '*'\n"
                                               "HeaderFilterRegex: '/src/.*[.]h$'\n")
        self.files = []

    def add(self, name, text):
        path = self.root / "src" / "module" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if path.suffix == ".cc":
            self.files.append(path)
        return path

    def look(self):
        # As ninja does it: with dependencies, from within the build folder.
        rules = "rule cxx\n  command = g++ -MD -MF $out.d -o $out -c $in\n  depfile = $out.d\n  deps = gcc\n"
        rules += "".join(f"build module/{path.name}.o: cxx {path}\n" for path in self.files)
        (self.build / "build.ninja").write_text(rules)
        (self.build / "compile_commands.json").write_text(json.dumps([
            {"directory": str(self.build), "file": str(path), "output": f"module/{path.name}.o",
             "command": f"g++ -o module/{path.name}.o -c {path}"} for path in self.files]))
        subprocess.run(["ninja", "-C", self.build], check=True, stdout=subprocess.DEVNULL)
        looking = tidy.Tidy(self.root, self.build, self.root / "stamps")
        return looking, {path.name: found for path, found in looking.run(1).items()}

    def test_every_file_of_a_unit_is_looked_at(self):
        self.add("base.h", "struct Base { virtual int Get(); };\n")
        self.add("a.cc", '#include "base.h"\nint Base::Get() { return 0; }\n')
        self.add("b.cc", '#include "base.h"\nstruct B : Base { virtual int Get(); };\n')
        looking, found = self.look()
        self.assertEqual(len(looking.units()), 1)
        self.assertEqual(found["a.cc"], [])
        self.assertRegex(found["b.cc"][0], r"b\.cc:2:.*modernize-use-override")
        self.add("b.cc", '#include "base.h"\nstruct B : Base { int Get() override; };\n')
        self.files.pop()
        self.assertEqual(self.look()[1], {"a.cc": [], "b.cc": []})

    def test_headers_are_looked_at(self):
        self.add("derived.h", "struct Base { virtual int Get(); };\nstruct D : Base { virtual int Get(); };\n")
        self.add("a.cc", '#include "derived.h"\nint Base::Get() { return 0; }\n')
        self.add("b.cc", "int Other() { return 1; }\n")
        self.assertRegex(self.look()[1]["a.cc"][0], r"derived\.h:2:.*modernize-use-override")

    def test_files_that_do_not_go_together_are_looked_at_alone(self):
        self.add("a.cc", "static int f() { return 0; }\nint A() { return f(); }\n")
        self.add("b.cc", "static int f() { return 1; }\nint B() { return f(); }\n")
        looking, found = self.look()
        self.assertEqual(len(looking.units()), 1)
        self.assertEqual(found, {"a.cc": [], "b.cc": []})

    def test_clean_units_are_remembered_until_something_changes(self):
        header = self.add("base.h", "struct Base { virtual int Get(); };\n")
        self.add("a.cc", '#include "base.h"\nint Base::Get() { return 0; }\n')
        self.look()
        self.assertEqual(len(list((self.root / "stamps").iterdir())), 1)
        looking, _ = self.look()
        looking.tidy = lambda *_: self.fail("looked at again")
        looking.run(1)
        header.write_text("struct Base { virtual int Get(); };\nstruct D : Base { virtual int Get(); };\n")
        self.assertRegex(self.look()[1]["a.cc"][0], "modernize-use-override")


if __name__ == "__main__":
    unittest.main()
