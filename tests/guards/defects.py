"""The defects of Lua releases stand in one list, src/lua/defects.c. docs/sandbox.md tells of each, with the same releases
and the same protection; a script in tests/hostile/ tries each, and its header names it; nothing is told or tried
that the list does not have.

Usage: defects.py SOURCE-ROOT
"""

import re
import sys
from pathlib import Path

ENTRY = re.compile(
    r'\{\{"(?P<name>[\w-]+)",\s*(?:"(?:[^"\\]|\\.)*"\s*)+,\s*"(?P<fixed>[\d.]*)",\s*"(?P<how>\w+): .*?'
    r"RELEASES\((?P<first>\d), (?P<last>\d)\)(?:,\s*\.has = \w+)?\}",
    re.S,
)


def listed(root):
    """name → (releases as the document writes them, repaired in, protection)"""
    text = (root / "src/lua/defects.c").read_text(encoding="utf-8")
    found = {}
    for entry in ENTRY.finditer(text):
        first, last = entry["first"], entry["last"]
        releases = f"5.4.{first}" if first == last else f"5.4.{first} to 5.4.{last}"
        found[entry["name"]] = (releases, entry["fixed"], entry["how"])
    if len(found) != text.count("{{"):
        raise SystemExit(f"{len(found)} entries understood of {text.count('{{')} in src/lua/defects.c")
    return found


def told(root):
    text = (root / "docs/sandbox.md").read_text(encoding="utf-8")
    found = {}
    for line in text.partition("<!-- defects:")[2].partition("<!-- end of defects -->")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if line.startswith("| `"):
            name, releases, fixed, _, how = cells
            found[name.strip("`")] = (releases, fixed.split(",")[0], how.split(":")[0])
    return found


def tried(root):
    found = {}
    for path in sorted((root / "tests/hostile").glob("*.lua")):
        name = re.search(r"^-- defect: (.*)$", path.read_text(encoding="utf-8", errors="replace"), re.M)
        if name:
            found.setdefault(name[1], []).append(path.name)
    return found


def check(root):
    defects, rows, scripts = listed(root), told(root), tried(root)
    for name in sorted(defects.keys() | rows.keys() | scripts.keys()):
        if name not in defects:
            yield f"{name}: not in src/lua/defects.c, but told or tried"
            continue
        if name not in scripts:
            yield f"{name}: no script in tests/hostile/ has the line '-- defect: {name}'"
        if name not in rows:
            yield f"{name}: no row in docs/sandbox.md"
        elif rows[name] != defects[name]:
            yield f"{name}: docs/sandbox.md says {rows[name]}, the list says {defects[name]}"


def main():
    problems = list(check(Path(sys.argv[1])))
    print("\n".join(problems) or "the list of defects, its table and its scripts agree")
    sys.exit(bool(problems))


main()
