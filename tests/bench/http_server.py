#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What tracing costs a Go HTTP service: CPU per request in three modes, in interleaved rounds.

    tests/bench/http_server.py --nodespan build/nodespan [--rounds N] [--seconds S]

    untraced   nodespan does not run
    hits       nodespan is attached with OTEL_TRACES_SAMPLER=always_off: two probe hits, each decides and returns
    traced     every request becomes a span, which the daemon makes and throws away

Needs root, wrk and Go. The demo service has one CPU to itself (GOMAXPROCS=1); one wrk thread with 16 connections and 8
request headers, and the daemon, have another. CPU is what the scheduler accounts to the service's threads
(/proc/PID/task/*/schedstat), which is steadier on a shared machine than requests per second. Medians over the rounds, of
the difference to the same round untraced. Also printed: what the kernel accounts to the BPF programs themselves, in a run
of its own, and the daemon's CPU and memory.
"""

import argparse
import json
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
    command = ["taskset", "-c", "0", "wrk", "-t1", "-c16", f"-d{seconds}s"]
    command += [word for header in HEADERS for word in ("-H", header)]
    output = subprocess.run(command + [f"http://{address}/"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return int(re.search(r"(\d+) requests in", output).group(1))


class Daemon:
    """nodespan on one process; spans are made and thrown away, so that the service's cost stands alone."""

    def __init__(self, nodespan, pid, sampler):
        self.process = subprocess.Popen(["taskset", "-c", "0", nodespan, "--pid", str(pid)], stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, "OTEL_TRACES_EXPORTER": "none", "OTEL_TRACES_SAMPLER": sampler})
        for line in self.process.stderr:
            if "attached pid=" in line:
                return
        sys.exit("nodespan did not attach")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.stderr.read()
        self.process.wait(timeout=20)


class Service:
    def __init__(self):
        demo = subprocess.run([ROOT / "tests/goprograms/build", "demo"], stdout=subprocess.PIPE, text=True,
                              check=True).stdout.strip()
        self.process = subprocess.Popen(["taskset", "-c", str(max(os.sched_getaffinity(0))), demo, "serve", "--addr",
                                         "127.0.0.1:0"], stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "GOMAXPROCS": "1"})
        self.pid = self.process.pid
        self.address = re.search(r"addr=(\S+)", self.process.stdout.readline()).group(1)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=20)


def program_times(nodespan, service, seconds):
    """{program: (hits, ns per hit)} as the kernel accounts them (kernel.bpf_stats_enabled)."""
    switch = pathlib.Path("/proc/sys/kernel/bpf_stats_enabled")
    before = switch.read_text()
    switch.write_text("1")
    try:
        daemon = Daemon(nodespan, service.pid, "always_on")
        drive(service.address, seconds)
        listing = json.loads(subprocess.run(["bpftool", "prog", "show", "-j"], stdout=subprocess.PIPE, check=True).stdout)
        daemon.stop()
    finally:
        switch.write_text(before)
    return {program["name"]: (program["run_cnt"], program["run_time_ns"] / program["run_cnt"]) for program in listing
            if program.get("name", "").startswith("nethttp_server") and program.get("run_cnt")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodespan", default=ROOT / "build" / "nodespan")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=int, default=2)
    options = parser.parse_args()

    service = Service()
    try:
        drive(service.address, 1)  # warm up

        def measure():
            begin = service_cpu_ns(service.pid)
            requests = drive(service.address, options.seconds)
            return (service_cpu_ns(service.pid) - begin) / requests / 1000, requests

        rounds, daemon_us, rss = [], [], []
        for _ in range(options.rounds):
            untraced, _ = measure()
            daemon = Daemon(options.nodespan, service.pid, "always_off")
            hits, _ = measure()
            daemon.stop()
            daemon = Daemon(options.nodespan, service.pid, "always_on")
            begin = process_cpu_s(daemon.process.pid)
            traced, requests = measure()
            daemon_us.append((process_cpu_s(daemon.process.pid) - begin) / requests * 1e6)
            rss.append(rss_kib(daemon.process.pid))
            daemon.stop()
            rounds.append((untraced, hits, traced))
        programs = program_times(options.nodespan, service, options.seconds)
    finally:
        service.stop()

    base = statistics.median(untraced for untraced, _, _ in rounds)
    print(f"service CPU per request, untraced: {base:.1f} us")
    for name, mode in (("two hits alone", 1), ("tracing", 2)):
        added = [one[mode] - one[0] for one in rounds]
        print(f"added by {name}: {statistics.median(added):.1f} us ({statistics.median(added) / base * 100:.0f} %), "
              f"rounds {' '.join(f'{value:.1f}' for value in added)}")
    for name, (count, ns) in sorted(programs.items(), reverse=True):
        print(f"BPF program {name}: {ns:.0f} ns a hit, {count} hits")
    print(f"daemon CPU per span, record to assembled span: {statistics.median(daemon_us):.2f} us")
    print(f"daemon RSS: {statistics.median(rss) / 1024:.1f} MiB")


if __name__ == "__main__":
    main()
