# SPDX-License-Identifier: Apache-2.0
"""What is counted of Python tests: every case once, and every skip with its reason."""

import pathlib
import sys
import tempfile
import textwrap
import unittest
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
import suites  # noqa: E402


class RunUnittestTest(unittest.TestCase):
    def run_file(self, body):
        with tempfile.TemporaryDirectory() as folder, unittest.mock.patch.object(suites, "LOGS", pathlib.Path(folder)):
            path = pathlib.Path(folder, "some_test.py")
            path.write_text("import unittest\n" + textwrap.dedent(body) + "\nunittest.main()\n", encoding="utf-8")
            result = suites.run_unittest(path)
        return (result.passed, result.failed, result.skipped), result

    def test_passed_failed_and_skipped_cases_are_counted(self):
        counts, result = self.run_file("""
            class SomeTest(unittest.TestCase):
                def test_good(self): pass
                def test_bad(self): self.fail("because")
                def test_broken(self): raise ValueError
                def test_absent(self): self.skipTest("no such thing here")
            """)
        self.assertEqual(counts, (1, 2, 1))
        self.assertEqual(result.skips, ["some_test: test_absent: no such thing here"])
        self.assertIn("AssertionError: because", "\n".join(result.details))

    def test_a_module_that_skips_itself_says_why(self):
        counts, result = self.run_file("""
            def setUpModule(): raise unittest.SkipTest("it needs root")
            class SomeTest(unittest.TestCase):
                def test_good(self): pass
            """)
        self.assertEqual(counts, (0, 0, 1))
        self.assertEqual(result.skips, ["some_test: all of it: it needs root"])

    def test_a_file_that_cannot_be_read_has_failed(self):
        counts, _ = self.run_file("import nothing_of_that_name")
        self.assertEqual(counts, (0, 1, 0))

    def test_a_module_that_cannot_be_set_up_has_failed(self):
        counts, _ = self.run_file("""
            def setUpModule(): raise OSError
            class SomeTest(unittest.TestCase):
                def test_good(self): pass
            """)
        self.assertEqual(counts, (0, 1, 0))


if __name__ == "__main__":
    unittest.main()
