#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs test suites and counts their cases. Called by tools/test, which describes the arguments.

A suite is a function that returns a Result; SUITES below is the whole list. A suite that finds nothing to run has failed:
tests that vanish must not look like tests that pass.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree

import tidy

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("BUILD_DIR") or ROOT / "build")
LOGS = BUILD / "test-logs"
JOBS = str(os.cpu_count() or 2)


@dataclasses.dataclass
class Result:
    """Counts of test cases, what to show of the failed ones, and what was skipped and why."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    details: list = dataclasses.field(default_factory=list)
    skips: list = dataclasses.field(default_factory=list)

    @staticmethod
    def failure(*lines):
        return Result(failed=1, details=list(lines))

    @staticmethod
    def of(ok, output):
        return Result(passed=1) if ok else Result.failure(*output.strip().splitlines()[-60:])


def merged(results):
    total = Result()
    for one in results:
        for field in dataclasses.fields(Result):
            setattr(total, field.name, getattr(total, field.name) + getattr(one, field.name))
    return total


def run(command, log_name, **more):
    """(exit status, output) of a command; the output is kept in LOGS as well."""
    LOGS.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([str(word) for word in command], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False, **more)
    (LOGS / f"{log_name}.log").write_text(done.stdout, encoding="utf-8")
    return done.returncode, done.stdout


# --- building --------------------------------------------------------------------------------------------------------


class Builder:
    """Configures and builds build folders, each at most once per run."""

    def __init__(self):
        self.ready = set()

    def default(self):
        """The build that tools/build makes. None when it is up to date, otherwise what went wrong."""
        if BUILD in self.ready:
            return None
        begin = time.monotonic()
        status, output = run([ROOT / "tools/build", "--no-install"], "build")
        if status != 0:
            return Result.failure("the build failed:", *output.strip().splitlines()[-60:])
        self.ready.add(BUILD)
        print(f"{'build':<11} ok      ({time.monotonic() - begin:.0f} s)", flush=True)
        return None

    def variant(self, folder, compiler, options, targets):
        """A build folder of its own with other options; `targets` picks what to build from the introspected targets."""
        if not (folder / "build.ninja").exists():
            launcher = "ccache " if shutil.which("ccache") else ""
            environment = {**os.environ, "CC": launcher + compiler[0], "CXX": launcher + compiler[1]}
            status, output = run(["meson", "setup", folder, ROOT, *options], f"{folder.name}-configure", env=environment)
            if status != 0:
                return Result.failure(f"configuring {folder.name} failed:", *output.strip().splitlines()[-40:])
        wanted = targets(folder)
        if not wanted:
            return None
        status, output = run(["nice", "ninja", "-C", folder, *wanted], f"{folder.name}-build")
        if status != 0:
            return Result.failure(f"building {folder.name} failed:", *output.strip().splitlines()[-60:])
        return None


def introspect(folder, what):
    done = subprocess.run(["meson", "introspect", what, str(folder)], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def tests_of(folder, suite):
    return [test for test in introspect(folder, "--tests")
            if any(name == suite or name.endswith(":" + suite) for name in test["suite"])]


def programs_of(folder, suites):
    """Ninja targets that the tests of some suites start or read."""
    wanted = {target for suite in suites for test in tests_of(folder, suite) for target in test["depends"]}
    return sorted(os.path.relpath(filename, folder) for target in introspect(folder, "--targets")
                  if target["id"] in wanted for filename in target["filename"])


# --- suites of meson tests -------------------------------------------------------------------------------------------


def read_junit(path):
    """Counts the cases of meson's JUnit file, in which the cases of GoogleTest programs are listed one by one."""
    result = Result()
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        name = ".".join(filter(None, (case.get("classname"), case.get("name"))))
        skipped = case.find("skipped")
        broken = case.find("failure") if case.find("failure") is not None else case.find("error")
        if broken is not None:
            result.failed += 1
            text = (broken.get("message") or broken.text or "").strip()
            result.details += [f"FAILED {name}", *("  " + line for line in text.splitlines()[:12])]
        elif skipped is not None or case.get("status") == "notrun":
            result.skipped += 1
            said = (skipped.get("message") or skipped.text or "") if skipped is not None else ""
            output = (case.findtext("system-out") or "").strip().splitlines()
            result.skips.append(f"{name}: {' '.join(said.split()) or (output[-1] if output else 'no reason given')}")
        else:
            result.passed += 1
    return result


def run_meson_suite(folder, suite, environment=None, multiplier=1):
    if not tests_of(folder, suite):
        return Result.failure(f"{folder.name} has no test in suite {suite}")
    base = f"{folder.name}-{suite}"
    status, output = run(["meson", "test", "-C", folder, "--no-rebuild", "--suite", suite, "--print-errorlogs",
                          "--num-processes", JOBS, "--timeout-multiplier", multiplier, "--logbase", base], base,
                         env={**os.environ, **(environment or {})})
    junit = folder / "meson-logs" / f"{base}.junit.xml"
    result = read_junit(junit) if junit.exists() else Result()
    # A program that dies tells no case; the status of the whole run does.
    if status != 0 and result.failed == 0:
        result.failed += 1
    if result.failed:
        result.details += output.strip().splitlines()[-60:]
    if result.passed + result.failed + result.skipped == 0:
        return Result.failure(f"suite {suite} ran no test case", *output.strip().splitlines()[-20:])
    return result


def meson_suite(name, environment=None):
    def suite(builder, _):
        return builder.default() or run_meson_suite(BUILD, name, environment)
    return suite


def sanitizers(builder, _):
    """The unit and corpus tests with AddressSanitizer and UndefinedBehaviorSanitizer."""
    folder = BUILD.with_name(BUILD.name + "-asan")
    # clang without optimisation compiles this in a third of the time that gcc takes, several files at a time in less.
    flags = "['-fno-sanitize-recover=all', '-gline-tables-only']"
    options = ["-Db_sanitize=address,undefined", "-Db_lundef=false", "-Dbuildtype=plain", "-Dunity=on", "-Dunity_size=12",
               f"-Dcpp_args={flags}", f"-Dc_args={flags}"]
    suites = ["unit", "corpus"]
    problem = builder.variant(folder, ("clang-14", "clang++-14"), options, lambda built: programs_of(built, suites))
    if problem:
        return problem
    environment = {"UBSAN_OPTIONS": "print_stacktrace=1", "ASAN_OPTIONS": "detect_leaks=1",
                   "LSAN_OPTIONS": f"suppressions={ROOT / 'tests/sanitizers/leaks.supp'}:print_suppressions=0"}
    return merged(run_meson_suite(folder, suite, environment, 5) for suite in suites)


# --- suites of other programs ----------------------------------------------------------------------------------------


def layers(_builder, _):
    status, output = run([ROOT / "tools/check_layers.py"], "layers")
    return Result.of(status == 0, output)


def formatting(_builder, _):
    status, output = run([ROOT / "tools/format", "--check"], "format")
    return Result.of(status == 0, output + "run tools/format to fix")


def run_unittest(path, environment=None):
    """Counts the cases of one file of Python tests."""
    status, output = run([sys.executable, path, "--verbose"], f"{path.parent.name}-{path.stem}",
                         env={**os.environ, **(environment or {})})
    ran = re.search(r"^Ran (\d+) tests?", output, re.MULTILINE)
    result = Result(failed=sum(map(int, re.findall(r"(?:failures|errors)=(\d+)", output))))
    # A test is named on the line of its outcome, or, when it has a description or is a whole class or module, before it.
    result.skips = [f"{path.stem}: {name or 'all of it'}: {reason}" for name, reason in
                    re.findall(r"^(?:(test\w*) .*|.*)\.\.\. skipped [\"'](.*)[\"']$", output, re.MULTILINE)]
    result.skipped = len(result.skips)
    if status != 0 and not result.failed or not ran:
        result.failed += 1
    # Skipped modules and classes are not among those that ran.
    single = sum(": all of it: " not in skip for skip in result.skips)
    result.passed = max(0, int(ran.group(1)) - result.failed - single) if ran else 0
    if result.failed:
        result.details = output.strip().splitlines()[-40:]
    return result


def tooling(_builder, _):
    """The tests of the scripts themselves: *_test.py files below tools/ and tests/."""
    files = sorted(path for top in ("tools", "tests") for path in (ROOT / top).rglob("*_test.py"))
    return merged(map(run_unittest, files)) if files else Result.failure("there is no *_test.py")


def python_suite(name):
    """Tests of the built daemon written in Python: tests/NAME/NAME_suite.py."""
    def suite(builder, _):
        return builder.default() or run_unittest(ROOT / "tests" / name / f"{name}_suite.py",
                                                 {"NODESPAN_BINARY": str(BUILD / "nodespan"), "NODESPAN_BUILD": str(BUILD)})
    return suite


def clang_tidy(builder, _):
    """clang-tidy over our sources, one case per file. Tests are left out: they take as long as the rest and run under
    sanitizers instead."""
    problem = builder.default()
    if problem:
        return problem
    outcomes = tidy.Tidy(ROOT, BUILD, LOGS / "tidy-clean").run(int(JOBS))
    if not outcomes:
        return Result.failure("the compile database names none of our sources")
    findings = [line for found in outcomes.values() for line in found]
    (LOGS / "tidy.log").write_text("\n".join(findings) + "\n", encoding="utf-8")
    failed = sum(bool(found) for found in outcomes.values())
    return Result(passed=len(outcomes) - failed, failed=failed, details=list(dict.fromkeys(findings))[:120])


def kernels(builder, options):
    problem = builder.default()
    if problem:
        return problem
    rows = options.kernels or "oldest,newest"
    return in_vms([ROOT / "tests/kernel/run", "--kernel", rows, "--nodespan", BUILD / "nodespan"], "kernels")


def propagation(builder, options):
    """All tests of headers that are written into requests: on the newest kernel, or those that are asked for. They are as
    good a test of everything else on a kernel that preempts BPF programs, which the machine's own may not do."""
    return builder.default() or in_vms(
        [ROOT / "tests/kernel/propagation", "--kernel", options.kernels or "newest", "--nodespan", BUILD / "nodespan",
         "--test", BUILD / "tests/e2e/e2e_propagation_test"], "propagation")


def in_vms(command, log):
    """The result of a script that boots kernels and prints a line for each, and the counts."""
    status, output = run(command, log)
    counts = re.search(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", output, re.MULTILINE)
    if not counts:
        return Result.failure(*output.strip().splitlines()[-40:])
    lines = [line for line in output.strip().splitlines() if line != counts.group(0)]
    result = Result(*map(int, counts.groups()), details=lines)
    result.skips = [line for line in lines if "skipped" in line or "cannot be run" in line]
    if status not in (0, 77) and result.failed == 0:
        result.failed += 1
    return result


def binaries(builder, _):
    """Every Go series in every kind of build: inspected, compared with debug information, and the table written."""
    problem = builder.default()
    if problem:
        return problem
    folder = BUILD / "tests" / "inspection" / "binaries"
    common = ["--nodespan", BUILD / "nodespan", "--binaries", folder]
    (BUILD / "COMPATIBILITY.md").unlink(missing_ok=True)
    status, output = run([ROOT / "tests/inspection/matrix", *common, "--live", "--foreign",
                          "--write", BUILD / "COMPATIBILITY.md"], "binaries")
    output_of_matrix = output
    lines = output.strip().splitlines()
    counts = re.search(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", output, re.MULTILINE)
    if not counts:
        return Result.failure(*lines[-40:])
    result = Result(*map(int, counts.groups()), details=lines[:-1])
    if result.passed:
        status, output = run([ROOT / "tests/inspection/unseen", *common, "--deep", "--dwarfcheck",
                              folder.with_name(folder.name + "-dwarfcheck")], "binaries-unseen")
        result.details += output.strip().splitlines()[:-1]
        more = re.search(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", output, re.MULTILINE)
        result.passed += int(more.group(1)) if more else 0
        result.failed += int(more.group(2)) if more else 1
        status, output = run([BUILD / "tests/inspection/real_binaries_test"], "binaries-structs",
                             env={**os.environ, "NODESPAN_TEST_BINARIES": str(folder)})
        result.passed += len(re.findall(r"^\[       OK \]", output, re.MULTILINE))
        if status != 0:
            result.failed += 1
            result.details += output.strip().splitlines()[-60:]
    kept = ROOT / "docs" / "COMPATIBILITY.md"
    # A cell that could not be run is missing there; a foreign compiler that cannot be had is a cell of its own.
    if not re.search(r"^(skipped go|toolchain .* cannot be had)", output_of_matrix, re.MULTILINE) and (BUILD / "COMPATIBILITY.md").read_text() != kept.read_text():
        result.failed += 1
        result.details.append(f"{kept.relative_to(ROOT)} says something else; if that is right: cp {BUILD}/{kept.name} docs/")
    return result


def fuzz_corpora(folder):
    """Fuzz target -> the folders of seeds that its tests read."""
    result = {}
    for test in tests_of(folder, "corpus"):
        words = [folder / word for word in test["cmd"]]  # what is absolute stays so
        program = next(word for word in words if word.name.endswith("_fuzz"))
        seeds = (word for word in words if word.name.endswith("_corpus") and word.is_dir())
        result.setdefault(program, []).extend(dict.fromkeys(seeds))
    return result


def fuzz(builder, options):
    """Every libFuzzer target for its share of the time, starting from the seeds of the corpus suite, which runs first."""
    folder = BUILD.with_name(BUILD.name + "-fuzz")
    problem = builder.variant(folder, ("clang-14", "clang++-14"),
                              ["-Dfuzz=true", "-Db_sanitize=address,undefined", "-Db_lundef=false"],
                              lambda built: programs_of(built, ["corpus"]))
    if problem:
        return problem
    corpus = run_meson_suite(folder, "corpus", multiplier=5)
    if corpus.failed:
        return corpus
    corpora = fuzz_corpora(folder)
    seconds = max(1, int(options.minutes * 60 / len(corpora)))
    result = Result(skips=corpus.skips, skipped=corpus.skipped)
    for program, seeds in sorted(corpora.items()):
        findings = LOGS / "fuzz" / program.name
        (findings / "corpus").mkdir(parents=True, exist_ok=True)
        status, output = run([program, f"-max_total_time={seconds}", "-rss_limit_mb=2048", "-timeout=10",
                              "-print_final_stats=1", f"-artifact_prefix={findings}/", findings / "corpus", *seeds],
                             f"fuzz-{program.name}")
        if status == 0:
            result.passed += 1
        else:
            result.failed += 1
            result.details += [f"FAILED {program.name}, input under {findings}", *output.strip().splitlines()[-25:]]
    return result


def bench(builder, _):
    problem = builder.default()
    if problem:
        return problem
    found = introspect(BUILD, "--benchmarks")
    if not found:
        return Result.failure("there is no benchmark in the build")
    status, output = run(["meson", "test", "-C", BUILD, "--no-rebuild", "--benchmark", "--verbose", "--num-processes", "1"],
                         "bench")
    return Result(passed=len(found), details=output.splitlines()) if status == 0 else Result.of(False, output)


# Name -> (function, part of the default run). The order is the order of the default run: what fails soonest comes first.
SUITES = {
    "tools": (tooling, True),
    "layers": (layers, True),
    "format": (formatting, True),
    "unit": (meson_suite("unit"), True),
    "corpus": (meson_suite("corpus"), True),
    "inspection": (meson_suite("inspection"), True),
    "e2e": (meson_suite("e2e"), True),
    "manifests": (python_suite("manifests"), True),
    "containerd": (python_suite("containerd"), True),
    "kernels": (kernels, True),
    "propagation": (propagation, True),
    "sanitizers": (sanitizers, True),
    "tidy": (clang_tidy, True),
    "kubernetes": (python_suite("kubernetes"), False),
    "binaries": (binaries, False),
    "fuzz": (fuzz, False),
    "soak": (meson_suite("soak"), False),
    "bench": (bench, False),
}


def report(name, result, seconds):
    """Prints what is worth reading of one suite, its line last."""
    if result.failed or name in ("kernels", "propagation", "binaries", "bench"):
        for line in result.details:
            print(f"  {line}")
    for line in [] if name in ("kernels", "propagation") else result.skips:
        print(f"  skipped {line}")
    verdict = "FAILED" if result.failed else "ok" if result.passed else "skipped"
    counts = f"{result.passed} passed, {result.failed} failed, {result.skipped} skipped"
    print(f"{name:<11} {verdict:<7} {counts} ({seconds:.0f} s)", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="tools/test", usage="tools/test [--no-install] [--kernels ROWS] [--minutes N] [NAME...]")
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join(SUITES))
    parser.add_argument("--minutes", type=float, default=2.0, help="time of the fuzz suite")
    parser.add_argument("--kernels", help="kernels to boot, see tests/kernel/run")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in SUITES]
    if unknown:
        parser.error(f"unknown suite {unknown[0]!r}; there are: {' '.join(SUITES)}")
    if options.minutes <= 0:
        parser.error("--minutes is above 0")

    builder = Builder()
    total = Result()
    for name in options.names or [name for name, (_, by_default) in SUITES.items() if by_default]:
        begin = time.monotonic()
        try:
            result = SUITES[name][0](builder, options)
        except (OSError, subprocess.CalledProcessError, ValueError) as error:
            result = Result.failure(f"the suite could not be run: {error}")
        report(name, result, time.monotonic() - begin)
        total.passed += result.passed
        total.failed += result.failed
        total.skipped += result.skipped
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped", flush=True)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
