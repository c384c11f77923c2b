# SPDX-License-Identifier: Apache-2.0
"""The verdict on a VM's serial log: only the one right span passes."""

import importlib.machinery
import importlib.util
import json
import pathlib
import unittest

_path = str(pathlib.Path(__file__).with_name("run"))
_loader = importlib.machinery.SourceFileLoader("kernel_run", _path)
kernel_run = importlib.util.module_from_spec(importlib.util.spec_from_loader("kernel_run", _loader))
_loader.exec_module(kernel_run)

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
        with self.assertRaisesRegex(kernel_run.Failure, reason):
            kernel_run.check(text)

    def test_the_right_span_passes_and_the_attach_path_is_told(self):
        self.assertEqual(kernel_run.check(log(span())), "uprobe_multi")

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
        self.assertEqual(max(names, key=kernel_run.version_key), "7.0.13+deb13")


if __name__ == "__main__":
    unittest.main()
