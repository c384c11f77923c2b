# SPDX-License-Identifier: Apache-2.0
"""clang-tidy over our sources, several files at a time. Called by suites.py.

Nearly all of clang-tidy's time goes into the headers of libraries, which it reads and searches once for each file. The files
of a folder are therefore looked at together, as a unit: a file made of their #include lines. Files that define the same name
for themselves alone (in an unnamed namespace) cannot be in one unit. That is decided by looking at lines, so it can be wrong;
a unit that does not compile is looked at again file by file.
"""

import concurrent.futures
import hashlib
import json
import pathlib
import re
import subprocess

# More files than this do not make it faster, and a change to one has them all looked at again.
UNIT_FILES = 12
ARGUMENTS = ["-quiet", "-extra-arg=-Wno-unknown-warning-option", "-extra-arg=-Wno-unused-command-line-argument"]
# A file that is included is a header to clang-tidy.
UNIT_ARGUMENTS = [r"-header-filter=/(src/[^ ]*\.(h|cc)|bpf/abi/[^ ]*\.h)$"]
# A line that begins a declaration: its name is before what opens the parameters, the value or the body.
DECLARATION = re.compile(r"^(?!namespace )[a-zA-Z][^\n(={;]*?[ *&](\w+)(?:\[\w*\])*(?: =|\(| ?\{|;)", re.MULTILINE)
COMPILE_ERROR = "[clang-diagnostic-error"


def own_names(text):
    """What a source file may define in an unnamed namespace."""
    begin = text.find("\nnamespace {\n")
    return set(DECLARATION.findall(text[begin:text.find("\n}  // namespace\n")])) if begin >= 0 else set()


def into_units(files, limit=UNIT_FILES):
    """Groups (path, text) pairs: every file goes into the first unit that has room and none of its names."""
    units = []
    for path, text in files:
        names = own_names(text)
        for unit in units:
            if len(unit[0]) < limit and not names & unit[1]:
                unit[0].append(path)
                unit[1].update(names)
                break
        else:
            units.append(([path], set(names)))
    return [paths for paths, _ in units]


def dependencies_of(folder):
    """Object file -> the files it was made from, as ninja recorded them."""
    listing = subprocess.run(["ninja", "-C", folder, "-t", "deps"], stdout=subprocess.PIPE, text=True, check=True).stdout
    result, current = {}, []
    for line in listing.splitlines():
        if line.startswith("    "):
            current.append(folder / line.strip())
        elif line.endswith(")") and ": #deps" in line:
            current = result.setdefault(line.split(": #deps")[0], [])
    return result


class Tidy:
    """The sources of one build folder. Stamps of clean units lie in `stamps`; a clean clone starts from nothing."""

    def __init__(self, root, build, stamps):
        self.root, self.build, self.stamps = root, build, stamps
        self.dependencies = dependencies_of(build)
        self.entries = {}
        for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
            path = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
            if root / "src" in path.parents and not re.search(r"_(test|fuzz|bench)\.cc$", path.name):
                self.entries.setdefault(path, entry)

    def units(self):
        folders = {}
        for path, entry in sorted(self.entries.items()):
            # Objects of one target are compiled with the same arguments.
            target = pathlib.PurePath(entry["output"]).parent
            folders.setdefault((path.parent, target), []).append((path, path.read_text(encoding="utf-8")))
        return [unit for files in folders.values() for unit in into_units(files)]

    def run(self, jobs):
        """{path: findings} of every source file. What is found in a header is told for the first file of the unit."""
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            outcomes = {}
            for found in pool.map(self.unit_findings, sorted(self.units(), key=len, reverse=True)):
                outcomes.update(found)
        return outcomes

    def digest(self, paths):
        """Changes with the files, what they include, their commands and the rules; None when that is not known."""
        state = hashlib.sha256((self.root / ".clang-tidy").read_bytes() + pathlib.Path(__file__).read_bytes())
        for path in paths:
            made_from = self.dependencies.get(self.entries[path].get("output", ""))
            if not made_from:
                return None
            state.update(self.entries[path]["command"].encode())
            for file in made_from:
                if self.root in file.resolve().parents and file.exists():
                    state.update(file.read_bytes())
        return state.hexdigest()

    def unit_findings(self, paths):
        digest = self.digest(paths)
        stamp = self.stamps / (digest or "unknown")
        if digest and stamp.exists():
            return {path: [] for path in paths}
        found = self.look_at(paths) if len(paths) > 1 else None
        if found is None or any(COMPILE_ERROR in line for line in found):
            outcomes = {path: self.look_at([path]) for path in paths}
        else:
            outcomes = {path: [] for path in paths}
            for line in found:
                named = next((path for path in paths if line.startswith(f"{path}:")), paths[0])
                outcomes[named].append(line)
        if digest and not any(outcomes.values()):
            stamp.parent.mkdir(parents=True, exist_ok=True)
            stamp.touch()
        return outcomes

    def look_at(self, paths):
        """The lines that clang-tidy has to say."""
        if len(paths) == 1:
            return self.tidy(paths[0], ["-p", self.build])
        folder = self.build / "tidy-units" / hashlib.sha256("\n".join(map(str, paths)).encode()).hexdigest()[:16]
        folder.mkdir(parents=True, exist_ok=True)
        unit = folder / f"{paths[0].parent.name}.cc"
        unit.write_text("".join(f'#include "{path}"  // NOLINT(bugprone-suspicious-include)\n' for path in paths), encoding="utf-8")
        entry = self.entries[paths[0]]
        command = entry["command"].split()
        command[command.index("-c") + 1] = str(unit)
        (folder / "compile_commands.json").write_text(
            json.dumps([{**entry, "file": str(unit), "command": " ".join(command)}]), encoding="utf-8")
        return self.tidy(unit, ["-p", folder, f"-config-file={self.root / '.clang-tidy'}", *UNIT_ARGUMENTS])

    def tidy(self, file, arguments):
        # GCC's own warning flags mean nothing to clang-tidy.
        done = subprocess.run(["nice", "clang-tidy-14", *ARGUMENTS, *arguments, file], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
        found = [line for line in done.stdout.splitlines() if re.search(r": (error|warning): ", line)]
        if done.returncode != 0 and not found:
            found = [f"{file}: clang-tidy ended with status {done.returncode}: {done.stdout.strip()[-300:]}"]
        return found
