"""docs/parity.md tells the truth: every row names public functions, types or fields that a header declares, and tests
that are registered; every capability has its row.

A row is  | number | capability | what serves it | shown by |  with names in backticks: `lunette_context_run`,
`lunette_config.alloc` (a field of a struct), `LUNETTE_OK`; `test_lua_files` (a registered test) or
`test_lua_files: reading_is_not_writing` (one of its cases). A row that says "not yet" in place of a name serves nothing;
the rows allowed to are listed below.

Usage: parity.py SOURCE-DIR BUILD-DIR
"""

import json
import re
import sys
from pathlib import Path

ROWS = range(1, 43)
NOT_YET = {10, 41}


def declared(include_dir):
    """Every identifier that stands in a header, and the fields of each struct, as `struct.field`."""
    text = "\n".join(p.read_text() for p in sorted(include_dir.rglob("*.h")))
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    names = set(re.findall(r"\b\w+\b", text))
    for body, name in re.findall(r"typedef struct \w*\s*\{(.*?)\n\}\s*(\w+);", text, re.S):
        names |= {f"{name}.{field}" for field in re.findall(r"\b(\w+)\b", body)}
    for listed in re.findall(r"\bX\((\w+),", text):
        names |= {f"LUNETTE_{listed}", f"LUNETTE_PERMIT_{listed}"}
    return names


def registered(build_dir):
    """The names of all tests of the build."""
    return {test["name"] for test in json.loads((build_dir / "meson-info" / "intro-tests.json").read_text())}


def cases(source_dir, test):
    """The functions of a test's source file."""
    files = list((source_dir / "tests").rglob(f"{test}.c"))
    return set(re.findall(r"^static void (\w+)\(void \*\*", "\n".join(f.read_text() for f in files), re.M))


def rows(text):
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 4 and cells[0].isdigit():
            yield int(cells[0]), cells[2], cells[3]


def problems_of_row(number, serves, shown, names, tests, source_dir):
    if "not yet" in serves:
        if number not in NOT_YET:
            yield f"row {number} is put off, but is not one of those that may be"
        return
    public, shows = re.findall(r"`([^`]+)`", serves), re.findall(r"`([^`]+)`", shown)
    if not public or not shows:
        yield f"row {number} names no function, or no test"
    for name in public:
        if name not in names:
            yield f"row {number}: no header declares {name}"
    for show in shows:
        test, _, case = show.partition(": ")
        if test not in tests:
            yield f"row {number}: there is no test {test}"
        elif case and case not in cases(source_dir, test):
            yield f"row {number}: {test} has no case {case}"


def main():
    source_dir, build_dir = Path(sys.argv[1]), Path(sys.argv[2])
    names, tests = declared(source_dir / "include"), registered(build_dir)
    table = list(rows((source_dir / "docs" / "parity.md").read_text()))
    problems = [f"row {n} is missing" for n in ROWS if n not in {row[0] for row in table}]
    for number, serves, shown in table:
        problems += problems_of_row(number, serves, shown, names, tests, source_dir)
    print("\n".join(problems) or f"{len(table)} rows: each is served and shown")
    sys.exit(bool(problems))


main()
