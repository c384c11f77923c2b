# SPDX-License-Identifier: Apache-2.0
"""apt-source takes host, keys and trust over from the machine's own sources, whatever form they have."""

import pathlib
import subprocess
import tempfile
import textwrap
import unittest

APT_SOURCE = pathlib.Path(__file__).with_name("apt-source")


class AptSourceTest(unittest.TestCase):
    def derive(self, suite, files):
        """(exit status, stdout) for an /etc/apt that holds `files`."""
        with tempfile.TemporaryDirectory() as etc:
            for name, text in files.items():
                path = pathlib.Path(etc, name)
                path.parent.mkdir(exist_ok=True)
                path.write_text(textwrap.dedent(text), encoding="utf-8")
            done = subprocess.run([APT_SOURCE, suite, "--etc", etc], capture_output=True, text=True, check=False)
            return done.returncode, done.stdout

    def test_one_line_source_keeps_its_options(self):
        status, text = self.derive("bookworm-backports", {"sources.list": """\
            # deb http://commented.example/debian bookworm main
            deb [arch=amd64 signed-by=/keys/a.gpg trusted=yes]  http://mirror.example/debian/ bookworm main contrib
            """})
        self.assertEqual(status, 0)
        self.assertEqual(text, "Types: deb\nURIs: http://mirror.example/debian/\nSuites: bookworm-backports\n"
                               "Components: main\nSigned-By: /keys/a.gpg\nTrusted: yes\n")

    def test_deb822_source_keeps_an_inline_key(self):
        status, text = self.derive("trixie-backports", {"sources.list.d/debian.sources": """\
            Types: deb deb-src
            URIs: http://first.example
             http://second.example
            # a comment inside a stanza
            Suites: bookworm-updates
              bookworm
            Components: main
            Signed-By:
             -----BEGIN PGP PUBLIC KEY BLOCK-----
             .
             abc
            """})
        self.assertEqual(status, 0)
        self.assertIn("URIs: http://first.example\nSuites: trixie-backports\n", text)
        self.assertIn(" -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n", text)

    def test_disabled_and_source_only_stanzas_are_passed_over(self):
        status, text = self.derive("bookworm-backports", {"sources.list.d/a.sources": """\
            Enabled: no
            Types: deb
            URIs: http://off.example
            Suites: bookworm

            Types: deb-src
            URIs: http://source.example
            Suites: bookworm

            Types: deb
            URIs: http://right.example
            Suites: bookworm
            """})
        self.assertEqual((status, "http://right.example" in text), (0, True))

    def test_security_suites_come_from_the_security_archive(self):
        files = {"sources.list": """\
            deb http://main.example/debian bookworm main
            deb http://security.example/debian-security bookworm-security main
            """}
        self.assertIn("URIs: http://security.example/debian-security\n", self.derive("bullseye-security", files)[1])
        self.assertIn("URIs: http://main.example/debian\n", self.derive("bullseye", files)[1])

    def test_last_line_without_newline_counts(self):
        status, text = self.derive("bookworm-backports", {"sources.list.d/a.sources":
                                                          "Types: deb\nURIs: http://a.example\nSuites: bookworm"})
        self.assertEqual((status, "http://a.example" in text), (0, True))

    def test_nothing_suitable_fails_and_prints_nothing(self):
        self.assertEqual(self.derive("bookworm-security", {"sources.list": "deb http://a.example/debian bookworm main\n"}),
                         (1, ""))
        self.assertEqual(self.derive("bookworm-backports", {}), (1, ""))


if __name__ == "__main__":
    unittest.main()
