# SPDX-License-Identifier: Apache-2.0
"""Distribution kernels in qemu: what tests that need another kernel than this machine's have in common.

The kernel is the newest one its suite has, fetched through a private apt root (this machine's apt is not touched) and
kept for a week. A VM is: that kernel, busybox, some programs with their shared libraries, a script as first process,
which prints markers on the serial console. It has no disk or network.
"""

import argparse
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import typing

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "goprograms"))
import cache_folder  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

# Row -> suites to look in, best first. Rows are in order of age: the first is `oldest`, the last that can be had `newest`.
KERNELS = {
    "5.10": ["bullseye-security", "bullseye"],
    "6.1": ["bookworm"],
    "6.12": ["bookworm-backports"],
    "latest": ["trixie-backports", "trixie"],
}
KEEP_SECONDS = 7 * 24 * 3600
APT_SECONDS = 240
ENDED = re.compile(rb"@@DONE|Kernel panic|Oops: ")
PACKAGE = re.compile(r"^linux-(image|binary)-(\d[^ ]*)-cloud-(amd64|arm64)$")


class CannotBeHad(Exception):
    """Why a kernel is skipped."""


class Failure(Exception):
    """Why a kernel failed; the text is for the person who reads the test output."""


def call(command, seconds, **more):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL,
                              check=False, **more)
    except subprocess.TimeoutExpired as error:
        raise CannotBeHad(f"{command[0]}: no answer in {seconds} s") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise CannotBeHad(f"{' '.join(map(str, command[:2]))}: {said[-1] if said else 'failed'}")
    return done.stdout


# --- kernels ---------------------------------------------------------------------------------------------------------


class AptRoot:
    """An apt of its own for one suite: own lists, cache and status, sources derived from this machine's."""

    def __init__(self, folder, suite):
        self.folder = folder
        for name in ("lists/partial", "cache/archives/partial", "sources", "empty"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        stanza = call([ROOT / "tools/lib/apt-source", suite], APT_SECONDS)
        (folder / "sources" / "suite.sources").write_text(stanza, encoding="utf-8")
        config = folder / "apt.conf"
        config.write_text("\n".join([
            f'Dir::State "{folder}";', f'Dir::State::lists "{folder}/lists";', f'Dir::State::status "{folder}/status";',
            f'Dir::Cache "{folder}/cache";', 'Dir::Etc::sourcelist "/dev/null";',
            f'Dir::Etc::sourceparts "{folder}/sources";', f'Dir::Etc::preferencesparts "{folder}/empty";',
            'APT::Sandbox::User "root";', 'Acquire::Languages "none";', 'Acquire::Retries "2";', ""]), encoding="utf-8")
        self.environment = {**os.environ, "APT_CONFIG": str(config), "LC_ALL": "C"}

    def run(self, *command, cwd=None):
        return call(list(command), APT_SECONDS, env=self.environment, cwd=cwd or self.folder)


def version_key(text):
    return [int(number) for number in re.findall(r"\d+", text)]


def fetch_kernel(suite, target):
    """Downloads the newest cloud kernel of a suite and leaves its image at target/vmlinuz, its name at target/release."""
    apt = AptRoot(target / "apt", suite)
    apt.run("apt-get", "update", "-qq", "-o", "APT::Update::Error-Mode=any")
    names = apt.run("apt-cache", "pkgnames", "linux-").split()
    wanted_architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine)
    # From 6.19 on linux-image is an empty package that depends on linux-binary, so of one version the latter is better.
    found = sorted((version_key(match.group(2)), match.group(1) == "binary", name)
                   for name in names if (match := PACKAGE.match(name)) and match.group(3) == wanted_architecture)
    if not found:
        raise CannotBeHad(f"{suite} has no cloud kernel for {wanted_architecture}")
    package = found[-1][2]
    with tempfile.TemporaryDirectory(dir=target) as scratch:
        apt.run("apt-get", "download", "-qq", package, cwd=scratch)
        deb = next(pathlib.Path(scratch).glob("*.deb"))
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as tar:
            subprocess.run(["tar", "-x", "-C", scratch, "--wildcards", "*vmlinuz*"], stdin=tar.stdout, check=True)
        image = next((path for path in pathlib.Path(scratch).rglob("vmlinuz*") if path.is_file()), None)
        if image is None:
            raise CannotBeHad(f"{package} holds no kernel image")
        os.replace(image, target / "vmlinuz")
    (target / "release").write_text(PACKAGE.match(package).group(2) + "\n", encoding="utf-8")
    shutil.rmtree(target / "apt", ignore_errors=True)


def kernel_image(row, cache):
    """(image, release) of a row, from the cache when it is young enough or when nothing newer can be had."""
    reasons = []
    for suite in KERNELS[row]:
        folder = cache / "kernels" / suite
        folder.mkdir(parents=True, exist_ok=True)
        image = folder / "vmlinuz"
        if not image.exists() or time.time() - image.stat().st_mtime > KEEP_SECONDS:
            try:
                fetch_kernel(suite, folder)
                os.utime(image)
            except (CannotBeHad, subprocess.CalledProcessError, OSError) as reason:
                reasons.append(f"{suite}: {reason}")
        if image.exists():
            return image, (folder / "release").read_text(encoding="utf-8").strip()
    raise CannotBeHad("; ".join(reasons))


# --- the VM ----------------------------------------------------------------------------------------------------------


def shared_libraries(binary):
    """Files the dynamic loader needs for `binary`, itself included."""
    done = subprocess.run(["ldd", binary], capture_output=True, text=True, check=False)
    if "not found" in done.stdout:
        raise Failure(f"{binary} lacks shared libraries:\n{done.stdout}")
    return sorted(set(re.findall(r"(/[^ ()]+) \(0x", done.stdout)))


def build_initramfs(init, programs, executables, output):
    """`programs`: static ones, by their name in the VM; `executables`: the same of those that need shared libraries."""
    with tempfile.TemporaryDirectory() as scratch:
        tree = pathlib.Path(scratch, "tree")
        for name in ("bin", "proc", "sys", "dev", "tmp"):
            (tree / name).mkdir(parents=True)
        shutil.copy("/bin/busybox", tree / "bin" / "busybox")
        shutil.copy(init, tree / "init")
        for name, path in {**programs, **executables}.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, tree / name)
        for name, path in executables.items():
            if shutil.which("strip"):
                subprocess.run(["strip", "--strip-debug", tree / name], check=False, stderr=subprocess.DEVNULL)
            for library in shared_libraries(path):
                target = tree / library.lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(library, target)
        (tree / "init").chmod(0o755)
        # busybox packs its own archive: no cpio package is needed.
        names = "\n".join(sorted(str(path.relative_to(tree)) for path in tree.rglob("*")))
        packed = subprocess.run(["/bin/busybox", "cpio", "-o", "-H", "newc"], input=names.encode(), cwd=tree,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        output.write_bytes(subprocess.run(["gzip", "-1"], input=packed.stdout, stdout=subprocess.PIPE, check=True).stdout)


def boot(image, initramfs, log, emulation, memory_mib, seconds):
    """Runs one VM until it says @@DONE, crashes, ends or runs out of time; qemu never outlives this call."""
    log.write_bytes(b"")
    # Without cmpxchg16b, which the emulation of QEMU 7.2 gets wrong once in a while: kernels from 6.12 on then end in a
    # double fault right behind it, with another number in their flags.
    cpu = "max,la57=off,cx16=off"
    command = ["qemu-system-x86_64", "-accel", f"tcg,thread={emulation}", "-cpu", cpu, "-smp", "2",
               "-m", str(memory_mib), "-kernel", image, "-initrd", initramfs,
               "-append", "console=ttyS0 quiet panic=-1 nokaslr mitigations=off", "-display", "none",
               "-serial", f"file:{log}", "-monitor", "none", "-net", "none", "-no-reboot"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as qemu:
        try:
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline and qemu.poll() is None:
                if ENDED.search(log.read_bytes()):
                    time.sleep(0.5)  # the rest of a crash report
                    break
                time.sleep(0.2)
        finally:
            qemu.kill()
            qemu.wait()
        said = qemu.stderr.read().decode(errors="replace").strip()
    text = log.read_text(encoding="utf-8", errors="replace").replace("\r", "")
    if not text and said:
        raise Failure(f"qemu: {said.splitlines()[-1]}")
    return text


# --- what the serial console said ------------------------------------------------------------------------------------


def section(text, name):
    match = re.search(rf"@@BEGIN {name}\n(.*?)@@END {name}", text, re.DOTALL)
    return match.group(1).strip() if match else ""


def crashed(text):
    """The kernel's own report that it broke, or nothing."""
    match = re.search(r"^.*(Oops: |Kernel panic|BUG: ).*$", text, re.MULTILINE)
    return match.group(0) if match else ""


def check_ran(text):
    if "@@BOOTED" not in text:
        raise Failure("the kernel did not reach its first process")
    if crashed(text):
        raise Failure(f"the kernel crashed: {crashed(text)}")


# --- a test on several kernels ---------------------------------------------------------------------------------------


@dataclasses.dataclass
class Test:
    """One VM on each kernel: `build` makes its initramfs, `check` returns what to say of a log or raises Failure."""
    name: str
    build: typing.Callable[[argparse.Namespace, pathlib.Path], None]
    check: typing.Callable[[str], str]
    memory_mib: int = 1024
    seconds: int = 240  # of one VM


def run_kernel(test, row, image, release, initramfs, logs):
    log = logs / f"{test.name}-{row}.log"
    begin = time.monotonic()
    text = boot(image, initramfs, log, "multi", test.memory_mib, test.seconds)
    note = ""
    if "@@BOOTED" not in text or crashed(text):
        # Multi-threaded emulation crashes some kernels once in a while, with or without nodespan (seen with 6.12). The
        # single-threaded one never did, so a crash that comes again there is a failure.
        note = ", second try after a crash under multi-threaded emulation"
        log.rename(log.with_suffix(".crash.log"))
        text = boot(image, initramfs, log, "single", test.memory_mib, test.seconds)
    check_ran(text)
    said = test.check(text)
    print(f"kernel {release}: ok, {said}{note} ({time.monotonic() - begin:.0f} s)", flush=True)


def choose_rows(names):
    rows = list(KERNELS)
    chosen = []
    for name in names.split(","):
        picked = {"all": rows, "oldest": rows[:1], "newest": ["newest"]}.get(name, [name])
        if not set(picked) <= {*rows, "newest"}:
            raise SystemExit(f"run: unknown kernel {name!r}: oldest, newest, all or one of {', '.join(rows)}")
        chosen += [row for row in picked if row not in chosen]
    return chosen


def kernels_to_run(chosen, cache):
    """Yields (row, image, release, reason why it cannot be had); `newest` is the latest row that can be had."""
    done = set()
    for row in chosen:
        reasons = []
        for candidate in (reversed(KERNELS) if row == "newest" else [row]):
            if candidate in done:
                break
            try:
                image, release = kernel_image(candidate, cache)
            except CannotBeHad as reason:
                reasons.append(f"{candidate}: {reason}")
                continue
            done.add(candidate)
            yield candidate, image, release, None
            break
        if reasons:
            yield row, None, None, "; ".join(reasons)


def parser_of(description, kernels):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernel", default=kernels)
    parser.add_argument("--nodespan", type=pathlib.Path, required=True)
    parser.add_argument("--cache", type=pathlib.Path, default=cache_folder.root())
    parser.add_argument("--logs", type=pathlib.Path, help="folder for the serial logs, kept (default: build/kernel-logs)")
    return parser


def go_program(name, cache, modules="default"):
    """The path of a static test program, which is built where it is not there yet."""
    return subprocess.run([ROOT / "tests/goprograms/build", name, "--cache", cache, "--modules", modules],
                          check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def run_test(test, args):
    """Prints one line per kernel and a closing count; returns the exit status: 0 all right, 1 a kernel failed, 77 no kernel
    could be had."""
    chosen = choose_rows(args.kernel)
    if not args.nodespan.is_file():
        raise SystemExit(f"{args.nodespan} does not exist: build it with tools/build")
    # A terminated run must take its VM along: turn the signal into an exception that runs the finally blocks.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    missing = [name for name in ("qemu-system-x86_64", "busybox", "dpkg-deb") if not shutil.which(name)]
    if os.uname().machine != "x86_64":
        missing.append("an x86-64 machine")
    if missing:
        print(f"kernels cannot be run: missing {', '.join(missing)}")
        print(f"0 passed, 0 failed, {len(chosen)} skipped")
        return 77
    logs = args.logs or ROOT / "build" / "kernel-logs"
    logs.mkdir(parents=True, exist_ok=True)
    passed = failed = skipped = 0
    with tempfile.TemporaryDirectory() as scratch:
        initramfs = pathlib.Path(scratch, "initramfs.gz")
        test.build(args, initramfs)
        for row, image, release, reason in kernels_to_run(chosen, args.cache.resolve()):
            if reason:
                skipped += 1
                print(f"kernel {row}: skipped, cannot be had: {reason}", flush=True)
                continue
            try:
                run_kernel(test, row, image, release, initramfs, logs)
                passed += 1
            except Failure as failure:
                failed += 1
                print(f"kernel {release}: FAILED: {failure}\n  serial log: {logs / f'{test.name}-{row}.log'}", flush=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0 if passed else 77
