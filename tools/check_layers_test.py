# SPDX-License-Identifier: Apache-2.0
"""check_layers names every include that goes against the table, and only those."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECK = pathlib.Path(__file__).with_name("check_layers.py")


class CheckLayersTest(unittest.TestCase):
    def check(self, files):
        """(exit status, violations) for a tree of files."""
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                path = pathlib.Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            done = subprocess.run([sys.executable, CHECK, root], capture_output=True, text=True, check=False)
            return done.returncode, done.stdout.splitlines()

    def test_allowed_edges_pass(self):
        self.assertEqual(self.check({
            "src/spans/a.cc": '#include "spans/a.h"\n#include "events/e.h"\n#include "base/errors.h"\n#include <vector>\n',
            "src/events/e.cc": '#include "bpf/abi/nodespan_abi.h"\n',
            "src/daemon/main.cc": '#include "otlp/x.h"\n#include "attach/y.h"\n',
            "bpf/programs/p.bpf.c": '#include "emit/emit.bpf.h"\n#include <bpf/bpf_helpers.h>\n',
        }), (0, []))

    def test_an_edge_that_is_not_in_the_table_is_named_with_file_and_line(self):
        status, found = self.check({"src/otlp/a.cc": '\n#include "attach/attacher.h"\n'})
        self.assertEqual(status, 1)
        self.assertEqual(found, ['src/otlp/a.cc:2: otlp may not use attach ("attach/attacher.h")'])

    def test_the_kernel_abi_is_for_those_who_read_it(self):
        self.assertEqual(self.check({"src/otlp/a.cc": '#include "bpf/abi/nodespan_abi.h"\n'})[0], 1)

    def test_nobody_includes_the_daemon(self):
        self.assertEqual(self.check({"src/spans/a.h": '#include "daemon/daemon.h"\n'})[0], 1)

    def test_libraries_stay_in_their_folders(self):
        status, found = self.check({
            "src/spans/a.cc": "#include <grpcpp/grpcpp.h>\n",
            "src/otlp/a.h": "#include <grpcpp/grpcpp.h>\n",
            "src/otlp/b.cc": "#include <grpcpp/grpcpp.h>\n",
            "src/attach/c.h": "#include <bpf/libbpf.h>\n",
            "src/attach/d.cc": "#include <bpf/libbpf.h>\n",
        })
        self.assertEqual((status, [line.split(":")[0] for line in found]),
                         (1, ["src/attach/c.h", "src/otlp/a.h", "src/spans/a.cc"]))

    def test_fakes_and_what_tests_share_are_for_tests(self):
        status, found = self.check({
            "src/spans/a_test.h": '#include "tests/fakes/f.h"\n',
            "src/spans/a_test.cc": '#include "spans/a_test.h"\n#include "tests/fakes/f.h"\n',
            "src/spans/b.cc": '#include "spans/a_test.h"\n',
            "src/spans/c.h": '#include "tests/fakes/f.h"\n',
        })
        self.assertEqual((status, [line.split(":")[0] for line in found]), (1, ["src/spans/b.cc", "src/spans/c.h"]))

    def test_bpf_layers_point_down_and_never_to_src(self):
        status, found = self.check({
            "bpf/base/maps.bpf.h": '#include "emit/emit.bpf.h"\n',
            "bpf/extract/x.bpf.h": '#include "goinspect/go_binary.h"\n',
        })
        self.assertEqual((status, len(found)), (1, 2))

    def test_an_unknown_folder_is_a_violation(self):
        self.assertEqual(self.check({"src/extras/a.cc": "\n"})[0], 1)

    def test_an_empty_tree_fails(self):
        self.assertEqual(self.check({})[0], 1)


if __name__ == "__main__":
    unittest.main()
