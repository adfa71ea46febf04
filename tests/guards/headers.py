"""Each public header stands alone, in C11 and in C++17, included twice, with warnings as errors; none needs
anything but libc; and the version they state is the build's.

Usage: headers.py INCLUDE-DIR VERSION        (CC, CXX: the compilers; default cc, c++)
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

LIBC = "errno inttypes limits stdarg stdbool stddef stdint stdio stdlib string time"
STRICT = ["-pedantic", "-Wall", "-Wextra", "-Wundef", "-Wshadow", "-Werror", "-fsyntax-only"]


def compiles(compiler, language, standard, include_dir, header):
    """The compiler's complaint about a unit that is this header alone, twice; None if there is none."""
    unit = f"#include <{header}>\n" * 2 + "extern int lunette_unit_is_not_empty;\n"
    command = [*compiler, "-x", language, f"-std={standard}", *STRICT, "-I", include_dir, "-"]
    result = subprocess.run(command, input=unit, text=True, capture_output=True)
    return None if result.returncode == 0 else f"{header} as {standard}:\n{result.stderr}"


def foreign_includes(root, header):
    """What a header includes beyond libc and the other public headers."""
    libc = {f"{name}.h" for name in LIBC.split()}
    found = re.findall(r'^\s*#\s*include\s*([<"][^>"]+[>"])', (root / header).read_text(), re.M)
    return [f for f in found if f.strip('<>"') not in libc and not f.startswith(("<lunette/", '"lunette/'))]


def stated_version(root, headers):
    """The version that the macros LUNETTE_VERSION_{MAJOR,MINOR,PATCH} add up to."""
    text = "\n".join((root / h).read_text() for h in headers)
    parts = [re.search(rf"^\s*#\s*define\s+LUNETTE_VERSION_{p}\s+(\d+)", text, re.M) for p in ("MAJOR", "MINOR", "PATCH")]
    return ".".join(p.group(1) for p in parts) if all(parts) else None


def main():
    root, version = Path(sys.argv[1]), sys.argv[2]
    headers = sorted(str(p.relative_to(root)) for p in root.rglob("*.h"))
    if not headers:
        sys.exit(f"no header under {root}")
    cxx = shlex.split(os.environ.get("CXX", "c++"))
    languages = [(shlex.split(os.environ.get("CC", "cc")), "c", "c11")]
    if shutil.which(cxx[0]):
        languages.append((cxx, "c++", "c++17"))
    else:
        print("no C++ compiler: the headers were compiled as C only")

    problems = [compiles(*language, str(root), header) for language in languages for header in headers]
    problems += [f"{h} includes {f}, which is not libc's" for h in headers for f in foreign_includes(root, h)]
    if stated_version(root, headers) != version:
        problems.append(f"the headers state version {stated_version(root, headers)}, the build says {version}")
    problems = [p for p in problems if p]
    print("\n".join(problems) or f"{len(headers)} headers, {len(languages)} languages: fine")
    sys.exit(bool(problems))


main()
