"""Rooms use only the rooms they may. What a room may use stands in one place, its own meson.build
(`ln_ROOM_uses`), which the linker holds its unit test to; this holds its includes to the same list. The tool and
the examples are hosts: they include public headers only. And no file names a path of the machine it was
written on.

Usage: rooms.py SOURCE-ROOT
"""

import re
import sys
from pathlib import Path

SUFFIXES = {".c", ".h"}
HOSTS = ("tools", "examples")
PROSE = {".c", ".h", ".md", ".sh", ".py", ".build", ".txt", ".1", ""}
MACHINE_PATH = re.compile(r"(?<![\w.$}/>-])/(?:home|root|work|Users)/\w")


def includes(path):
    text = path.read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
        if found:
            yield number, found.group(1), found.group(2)


def sources(folder):
    return sorted(p for p in folder.rglob("*") if p.suffix in SUFFIXES)


def allowed_rooms(root):
    """room → the rooms it may include, itself among them."""
    allowed = {}
    for build in sorted((root / "src").glob("*/meson.build")):
        room = build.parent.name
        uses = re.search(rf"^ln_{room}_uses = \[(.*?)\]", build.read_text(), re.M | re.S)
        allowed[room] = {room} | set(re.findall(r"ln_(\w+)_dep", uses.group(1) if uses else ""))
    return allowed


def check_rooms(root, allowed):
    for room, may_use in allowed.items():
        for path in sources(root / "src" / room):
            for number, mark, name in includes(path):
                target = name.split("/")[0]
                where = f"{path.relative_to(root)}:{number}"
                if mark == '"' and "/" not in name:
                    yield f'{where}: "{name}" hides its room; include "{room}/{name}"'
                elif "/" in name and target in allowed and target not in may_use:
                    yield f"{where}: src/{room} may not use src/{target}"


def check_backends(root):
    """The engine knows its languages by their tables alone: one file of it, and no other, names one."""
    for path in sources(root / "src" / "engine"):
        for number, mark, name in includes(path):
            if name.startswith("lua/") and path.name != "builtin.c":
                yield f"{path.relative_to(root)}:{number}: only src/engine/builtin.c may name a backend"


def check_hosts(root, allowed):
    for folder in HOSTS:
        for path in sources(root / folder):
            for number, _, name in includes(path):
                if "/" in name and name.split("/")[0] in allowed or name.startswith("../"):
                    yield f"{path.relative_to(root)}:{number}: a host includes public headers only, not {name}"


def check_paths(root):
    skip = {".git", "build"} | {build.parent.relative_to(root).parts[0] for build in root.glob("*/meson-private")}
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if parts[0] in skip or path.suffix not in PROSE or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            if MACHINE_PATH.search(line):
                yield f"{path.relative_to(root)}:{number}: a path of somebody's machine: {line.strip()[:80]}"


def main():
    root = Path(sys.argv[1])
    allowed = allowed_rooms(root)
    problems = [*check_rooms(root, allowed), *check_backends(root), *check_hosts(root, allowed), *check_paths(root)]
    if not any(sources(root / "src")):
        problems.append("no source under src/")
    print("\n".join(problems) or f"{len(allowed)} rooms: fine")
    sys.exit(bool(problems))


main()
