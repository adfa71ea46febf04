"""Lua stays Lua: every script prints the same under the tool as under the Lua it was built with, byte for byte, at
every level of the sandbox that the script names, and what is on purpose different is what the documentation says.

Usage: run.py LUA LUNETTE FOLDER CHAPTER...     (README.md beside this file says what a script is)
       run.py LUA LUNETTE FOLDER --differs DOCUMENT
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from difflib import unified_diff
from itertools import islice
from pathlib import Path
from shutil import which

HEADER = re.compile(r"-- levels:((?: (?:none|restricted|strict(?:\([\w.,]*\))?))+)")
LEVEL = re.compile(r"(none|restricted|strict)(?:\(([\w.,]*)\))?")
CHECK = re.compile(r"(.+?): .*")
BELOW = re.compile(r"-- releases: below 5\.4\.(\d+)")
SECTION = "## What differs from plain Lua, on purpose"
ROW = re.compile(r"^\|.*\| ((?:`[\w-]+`(?:, )?)+) \|$")
HEARD = b"--- standard error\n"
COUNT = re.compile(r"^\| `(\w+)/` \|.*\| (\d+) \| (\d+) \|$", re.M)
SKIPPED = 77
SHOWN = 40  # lines of one difference

# Generous: what is compared is what a script says, not how long it takes or how much memory it uses.
LIMITS = ["--time", "120s", "--memory", "512M"]
# Central European time by its rule, so that neither the machine's zone nor its zone data matters.
ENVIRONMENT = {"LC_ALL": "C", "TZ": "CET-1CEST,M3.5.0,M10.5.0/3", "LUA_PATH": "./?.lua", "PATH": os.environ["PATH"]}
for kept in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "LD_LIBRARY_PATH"):
    if kept in os.environ:
        ENVIRONMENT[kept] = os.environ[kept]


@dataclass
class Outcome:
    output: bytes
    errors: bytes
    failed: bool


def run(command, folder):
    done = subprocess.run(
        ["timeout", "120", *command], cwd=folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return Outcome(done.stdout, said(done.stderr), done.returncode != 0)


def said(errors):
    """What a program says on standard error, without its name and without where it was, which each shows its way."""
    errors = re.sub(rb"\nstack traceback:\n(?:\t.*\n?)*", b"\n", errors)
    errors = re.sub(rb"\n(?:    (?:in|\().*\n)+", b"\n", errors)
    # Before 5.4.3 these were warnings, which lua begins without and restricted with (differs/warnings.lua).
    errors = re.sub(rb"^(?:Lua|lunette:) warning: error in __close.*\n", b"", errors, flags=re.M)
    errors = re.sub(rb"^(?:Lua|lunette:) warning: ", b"warning: ", errors, flags=re.M)
    return re.sub(rb"^(?:\S*lua[\d.-]*|lunette): ", b"", errors, flags=re.M)


class Suite:
    def __init__(self, lua, lunette, folder):
        self.lua, self.lunette, self.folder = which(lua), Path(lunette).resolve(), Path(folder)
        self.helper = (self.folder / "check.lua").read_text().split("\n", 1)[0]
        self.helper = self.helper.removeprefix("-- needs: ").split()
        self.problems = []

    def problem(self, where, text):
        self.problems.append(f"{where}: {text}")

    def levels(self, path):
        """The levels in a script's first line, each with the names it needs beyond them."""
        first = path.read_text(encoding="latin-1").split("\n", 1)[0]
        found = HEADER.fullmatch(first)
        if not found:
            self.problem(path.name, "its first line is not `-- levels: none restricted strict(name,name)`")
            return []
        return [(level, names.split(",") if names else []) for level, names in LEVEL.findall(found.group(1))]

    def plain(self, path):
        return run([self.lua, str(path.relative_to(self.folder))], self.folder)

    def sandboxed(self, path, level, names):
        allowed = ["--allow", ",".join(self.helper + names)] if level == "strict" else []
        options = ["--sandbox", level, *allowed, "--preload", "check.lua", *LIMITS]
        return run([self.lunette, "run", *options, str(path.relative_to(self.folder))], self.folder)

    def difference(self, where, expected, got):
        if expected == got:
            return
        lines = unified_diff(*(text.decode("latin-1").splitlines() for text in (expected, got)), n=0, lineterm="")
        shown = islice((f"    {line[:400]}" for line in lines if not line.startswith(("@@", "---", "+++"))), SHOWN)
        self.problem(where, "\n" + "\n".join(shown))

    def count_checks(self, where, output):
        """Checks are lines `name: result`, each name once in its script."""
        names = set()
        for line in output.decode("latin-1").splitlines():
            found = CHECK.fullmatch(line)
            if not found or found.group(1) in names:
                self.problem(where, f"a line is no check, or has another's name: {line!r}")
            else:
                names.add(found.group(1))
        return len(names)

    def compare(self, path):
        """The number of checks in a script; how it differs at some level is noted."""
        where = str(path.relative_to(self.folder))
        expected = self.plain(path)
        for level, names in self.levels(path):
            got = self.sandboxed(path, level, names)
            self.difference(f"{where} at level {level}", expected.output, got.output)
            self.difference(f"{where} at level {level}, standard error", expected.errors, got.errors)
            if expected.failed != got.failed:
                self.problem(where, f"at level {level} it {'fails' if got.failed else 'ends well'}, in Lua not")
        if expected.failed and "-- fails" not in path.read_text(encoding="latin-1"):
            self.problem(where, f"fails in Lua itself: {expected.errors.decode('latin-1').strip()}")
        return self.count_checks(where, expected.output)

    def chapter(self, name):
        scripts = sorted((self.folder / name).glob("*.lua"))
        checks = sum(self.compare(path) for path in scripts)
        table = {row[0]: (int(row[1]), int(row[2])) for row in COUNT.findall((self.folder / "README.md").read_text())}
        if table.get(name) != (len(scripts), checks):
            self.problem("README.md", f"`{name}/` has {len(scripts)} scripts with {checks} checks, says {table.get(name)}")
        return f"{name}: {len(scripts)} scripts, {checks} checks"

    def expected(self, path, level):
        """What a script that differs prints at a level: its own file, or the one for all levels."""
        own = path.with_suffix(f".{level}.expected")
        return own if own.exists() else path.with_suffix(".expected")

    def differ(self, path):
        where = str(path.relative_to(self.folder))
        plain = self.plain(path)
        for level, names in self.levels(path):
            file = self.expected(path, level)
            got = self.sandboxed(path, level, names)
            shown = got.output + (HEARD + got.errors if got.errors else b"")
            if not file.exists():
                self.problem(where, f"{file.name} is missing. At level {level}:\n{shown.decode('latin-1')}")
                continue
            self.difference(f"{where} at level {level}", file.read_bytes(), shown)
            if (got.output, got.errors) == (plain.output, plain.errors):
                self.problem(where, f"does not differ at level {level}")

    def differs(self, document, release):
        scripts = sorted((self.folder / "differs").glob("*.lua"))
        section = Path(document).read_text().split("\n" + SECTION, 1)[1].split("\n## ", 1)[0]
        rows = [row.group(1) for row in map(ROW.match, section.splitlines()) if row]
        named = set(re.findall(r"`([\w-]+)`", " ".join(rows)))
        for name in sorted(named ^ {path.stem for path in scripts}):
            self.problem(Path(document).name, f"`{name}` is not both a row of what differs and a script in differs/")
        for path in scripts:
            below = BELOW.search(path.read_text(encoding="latin-1"))
            if not below or release < int(below.group(1)):
                self.differ(path)
        return f"differs: {len(scripts)} scripts"


def release_of(command):
    """The release of Lua that a program says it is or has: 4 of 5.4.4."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"Lua 5\.4\.(\d+)", done.stdout + done.stderr)
    return int(found.group(1)) if found else None


def main():
    lua, lunette, folder, *chapters = sys.argv[1:]
    release = release_of([lua, "-v"])
    if release is None or release != release_of([lunette, "--version"]):
        print(f"{lua} is not the release that {lunette} is built with")
        sys.exit(SKIPPED)
    suite = Suite(lua, lunette, folder)
    if chapters[0] == "--differs":
        sums = [suite.differs(chapters[1], release)]
    else:
        sums = [suite.chapter(name) for name in chapters]
    print("\n".join(suite.problems + sums))
    sys.exit(bool(suite.problems))


main()
