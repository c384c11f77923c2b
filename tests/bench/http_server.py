#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What tracing costs a Go HTTP service: CPU per request with and without nodespan, in interleaved rounds.

    tests/bench/http_server.py --nodespan build/nodespan [--rounds N] [--seconds S]

Needs root, wrk and Go. One wrk thread with 16 connections and 8 request headers drives the demo service over loopback.
CPU is what the scheduler accounts to the service's threads (/proc/PID/task/*/schedstat), which is steadier on a shared
machine than requests per second. Medians over the rounds; the difference is what two probe hits, reading the request and
the record cost. Also printed: the daemon's CPU and memory.
"""

import argparse
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADERS = ["User-Agent: bench/1.0", "Accept: */*", "Accept-Encoding: identity", "Accept-Language: en",
           "Cache-Control: no-cache", "X-Request-Id: 0123456789", "Cookie: session=abcdef", "Dnt: 1"]


def service_cpu_ns(pid):
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            pass
    return total


def process_cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_kib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1))


def drive(address, seconds):
    """Requests answered by the service in one run of wrk."""
    command = ["wrk", "-t1", "-c16", f"-d{seconds}s"] + [word for header in HEADERS for word in ("-H", header)]
    output = subprocess.run(command + [f"http://{address}/"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return int(re.search(r"(\d+) requests in", output).group(1))


class Daemon:
    """nodespan on one process; spans are made and thrown away, so that the service's cost stands alone."""

    def __init__(self, nodespan, pid):
        self.process = subprocess.Popen([nodespan, "--pid", str(pid)], stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, "OTEL_TRACES_EXPORTER": "none"})
        for line in self.process.stderr:
            if "attached pid=" in line:
                return
        sys.exit("nodespan did not attach")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.stderr.read()
        self.process.wait(timeout=20)


def measure(address, pid, seconds):
    begin = service_cpu_ns(pid)
    requests = drive(address, seconds)
    return (service_cpu_ns(pid) - begin) / requests, requests


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodespan", default=ROOT / "build" / "nodespan")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=int, default=2)
    options = parser.parse_args()

    demo = subprocess.run([ROOT / "tests/goprograms/build", "demo"], stdout=subprocess.PIPE, text=True,
                          check=True).stdout.strip()
    service = subprocess.Popen([demo, "serve", "--addr", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    try:
        address = re.search(r"addr=(\S+)", service.stdout.readline()).group(1)
        drive(address, 1)  # warm up
        without, traced, daemon_us, rss = [], [], [], []
        for _ in range(options.rounds):
            without.append(measure(address, service.pid, options.seconds)[0])
            daemon = Daemon(options.nodespan, service.pid)
            begin = process_cpu_s(daemon.process.pid)
            per_request, requests = measure(address, service.pid, options.seconds)
            traced.append(per_request)
            daemon_us.append((process_cpu_s(daemon.process.pid) - begin) / requests * 1e6)
            rss.append(rss_kib(daemon.process.pid))
            daemon.stop()
    finally:
        service.terminate()
        service.wait(timeout=20)

    base, cost = statistics.median(without), statistics.median(t - w for t, w in zip(traced, without))
    print(f"service CPU per request: {base / 1000:.1f} us untraced, {statistics.median(traced) / 1000:.1f} us traced")
    print(f"added by tracing: {cost / 1000:.2f} us ({cost / base * 100:.0f} %), "
          f"rounds {', '.join(f'{(t - w) / 1000:.2f}' for t, w in zip(traced, without))}")
    print(f"daemon CPU per span, record to assembled span: {statistics.median(daemon_us):.2f} us")
    print(f"daemon RSS: {statistics.median(rss) / 1024:.1f} MiB")


if __name__ == "__main__":
    main()
