# SPDX-License-Identifier: Apache-2.0
"""The verdict on a VM's serial log: only the one right span passes."""

import importlib.machinery
import importlib.util
import json
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import vm  # noqa: E402


def load(name):
    loader = importlib.machinery.SourceFileLoader(f"kernel_{name}", str(HERE / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


kernel_run = load("run")
propagation = load("propagation")

REQUEST = {"kind": "request", "method": "GET", "path": "/items/single-00001", "route": "/items/{id}", "status": 200,
           "user_agent": "t/1", "parent": {"trace_id": "4b" * 16, "span_id": "00f067aa0ba902b7"},
           "start_ns": 1_000_000_000, "end_ns": 1_500_000_000}


def span(captured="t/1", **changes):
    attributes = {"http.request.method": "GET", "url.path": "/items/single-00001", "http.route": "/items/{id}",
                  "user_agent.original": "t/1", **changes.pop("attributes", {})}
    return {"traceId": "4b" * 16, "parentSpanId": "00f067aa0ba902b7", "startTimeUnixNano": "1100000000",
            "endTimeUnixNano": "1200000000",
            "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]
            + [{"key": "http.response.status_code", "value": {"intValue": "200"}},
               {"key": "http.request.header.user-agent", "value": {"arrayValue": {"values": [{"stringValue": captured}]}}}],
            **changes}


def log(*spans, done="@@DONE 0", err="info ready: attaching by uprobe_multi\nattached pid=7"):
    exported = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]})
    sections = {"truth": json.dumps(REQUEST), "err": err, "spans": exported}
    body = "".join(f"@@BEGIN {name}\n{text}\n@@END {name}\n" for name, text in sections.items())
    return f"@@BOOTED 5.10\n{body}{done}\n"


class VerdictTest(unittest.TestCase):
    def refuse(self, text, reason):
        with self.assertRaisesRegex(vm.Failure, reason):
            vm.check_ran(text)
            kernel_run.check(text)

    def test_the_right_span_passes_and_the_attach_path_is_told(self):
        self.assertEqual(kernel_run.check(log(span())), "attached by uprobe_multi, one right span")

    def test_wrong_attributes_are_named(self):
        self.refuse(log(span(attributes={"http.route": "/items/"})), "http.route is '/items/'")
        self.refuse(log(span(captured="t/2")), "captured header")

    def test_a_span_of_another_trace_is_refused(self):
        self.refuse(log(span(traceId="00" * 16)), "parent is")

    def test_a_span_outside_of_the_request_is_refused(self):
        self.refuse(log(span(endTimeUnixNano="9000000000")), "outside")

    def test_none_or_two_spans_are_refused(self):
        self.refuse(log(), "0 spans")
        self.refuse(log(span(), span()), "2 spans")

    def test_a_boot_that_did_not_happen_or_end_is_refused(self):
        self.refuse("", "did not reach")
        self.refuse(log(span(), done=""), "did not finish")

    def test_a_crashed_kernel_and_a_failing_daemon_are_refused(self):
        self.refuse(log(span()) + "[ 1.0] BUG: kernel NULL pointer dereference\n", "crashed")
        self.refuse(log(span(), done="@@DONE 1"), "status 1")

    def test_newer_kernels_sort_last(self):
        names = ["6.19.14+deb13", "7.0.13+deb13", "6.9.7", "5.10.0-32"]
        self.assertEqual(max(names, key=vm.version_key), "7.0.13+deb13")


class PropagationVerdictTest(unittest.TestCase):
    def log(self, *lines, done="@@DONE 0"):
        body = "\n".join(lines)
        return f"@@BEGIN tests\n{body}\n@@END tests\n{done}\n"

    def refuse(self, text, reason):
        with self.assertRaisesRegex(vm.Failure, reason):
            propagation.check(text)

    def test_passed_tests_are_counted(self):
        self.assertEqual(propagation.check(self.log("[  PASSED  ] 12 tests.")), "12 tests of propagation passed")

    def test_a_failed_test_is_shown(self):
        self.refuse(self.log("x.cc:3: Failure", "[  FAILED  ] A.B", "[  PASSED  ] 11 tests.", done="@@DONE 1"), "A.B")

    def test_a_kernel_that_lets_nothing_be_tested_is_no_success(self):
        self.refuse(self.log("[  SKIPPED ] A.B", "[  PASSED  ] 0 tests."), "nothing")

    def test_an_unfinished_run_is_refused(self):
        self.refuse(self.log("[  PASSED  ] 12 tests.", done=""), "did not finish")


if __name__ == "__main__":
    unittest.main()
