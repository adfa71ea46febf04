"""What is promised is tested: every row of the tables of promises in docs/sandbox.md and SECURITY.md names the tests that
show it, and each of these is a test that the build knows. A name stands for itself or for a family: `hostile` for
`hostile-signal` and `hostile-hook`.

Usage: promises.py SOURCE-ROOT BUILD-ROOT
"""

import json
import re
import sys
from pathlib import Path

DOCUMENTS = ("SECURITY.md", "docs/sandbox.md")
HEADING = re.compile(r"^\| promise \|(.*\|)? shown by \|$")


def tests_of(build):
    """What `meson introspect --tests` prints, which meson keeps in a file."""
    text = (build / "meson-info/intro-tests.json").read_text(encoding="utf-8")
    return {test["name"] for test in json.loads(text)}


def rows_of(text):
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if HEADING.match(line):
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not line.startswith("| ---"):
            yield number, [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def check(root, known):
    for document in DOCUMENTS:
        rows = list(rows_of((root / document).read_text(encoding="utf-8")))
        if not rows:
            yield f"{document}: no table of promises"
        for number, cells in rows:
            names = re.findall(r"`([\w-]+)`", cells[-1])
            if not names:
                yield f"{document}:{number}: no test shows this promise"
            for name in names:
                if not any(test == name or test.startswith(name + "-") for test in known):
                    yield f"{document}:{number}: the build has no test named {name}"


def main():
    root, build = Path(sys.argv[1]), Path(sys.argv[2])
    problems = list(check(root, tests_of(build)))
    print("\n".join(problems) or "every promise has its tests")
    sys.exit(bool(problems))


main()
