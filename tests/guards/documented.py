"""Every public function, and every public struct and enumeration, has a documentation comment of its own, in the form that
Doxygen reads; so does each header. What is said there people must judge.

Usage: documented.py INCLUDE-DIR
"""

import re
import sys
from pathlib import Path

DECLARES = re.compile(r"LUNETTE_API\b|typedef (?:struct|enum) (\w+) \{|struct (lunette_\w+) \{|typedef [^;{]*\(\*")
MADE_BY_A_LIST = re.compile(r"LUNETTE_\w+_ENUM\(")  # an enumeration whose constants stand in a documented list above


def comment_above(lines, at):
    """The comment that ends in the line before, as text; "" if there is none."""
    if not lines[at - 1].rstrip().endswith("*/"):
        return ""
    start = at - 1
    while "/*" not in lines[start]:
        start -= 1
    return "\n".join(lines[start:at]).strip()


def problems_of(path):
    lines = path.read_text().splitlines()
    if not lines[0].startswith("/** @file"):
        yield f"{path.name}:1: the header does not say what it is for (/** @file ... */)"
    for at, line in enumerate(lines):
        if not DECLARES.match(line) or (at + 1 < len(lines) and MADE_BY_A_LIST.search(lines[at + 1])):
            continue
        if not comment_above(lines, at).startswith("/** "):
            yield f"{path.name}:{at + 1}: no documentation comment: {line.strip()}"


def main():
    headers = sorted(Path(sys.argv[1]).rglob("*.h"))
    problems = [problem for header in headers for problem in problems_of(header)]
    print("\n".join(problems) or f"{len(headers)} headers: everything public is documented")
    sys.exit(bool(problems) or not headers)


main()
