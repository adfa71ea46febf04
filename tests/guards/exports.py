"""The shared library's surface is its headers, no more and no less: every exported symbol begins with lunette_,
is declared in a public header, and every function that a public header declares is exported.

Usage: exports.py LIBLUNETTE.SO INCLUDE-DIR        (CC: the compiler, NM: nm)
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path


def exported(library):
    """Names of the defined dynamic symbols, without the version node that a linker script adds."""
    nm = shlex.split(os.environ.get("NM", "nm"))
    output = subprocess.run([*nm, "-D", "--defined-only", library], text=True, capture_output=True, check=True).stdout
    symbols = [line.split()[-2:] for line in output.splitlines() if line.strip()]
    return {name.split("@")[0] for kind, name in symbols if kind != "A"}


def preprocessed(include_dir):
    """The text of all public headers after the preprocessor, and nothing of what they include from elsewhere."""
    headers = sorted(p.relative_to(include_dir) for p in Path(include_dir).rglob("*.h"))
    unit = "".join(f"#include <{h}>\n" for h in headers)
    cc = shlex.split(os.environ.get("CC", "cc"))
    command = [*cc, "-E", "-x", "c", "-std=c11", "-I", include_dir, "-"]
    output = subprocess.run(command, input=unit, text=True, capture_output=True, check=True).stdout
    text, ours = [], False
    for line in output.splitlines():
        marker = re.match(r'# \d+ "([^"]*)"', line)
        if marker:
            ours = marker.group(1).startswith(include_dir)
        elif ours:
            text.append(line)
    return "\n".join(text)


def declared(text):
    """Functions declared at file scope. Bodies (inline functions, structs) go first, so that what is left are
    plain declarations; a typedef of a function type is none."""
    while True:
        shorter = re.sub(r"\{[^{}]*\}", " BODY ", text)
        if shorter == text:
            break
        text = shorter
    text = re.sub(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)", " ", text)
    names = set()
    for statement in re.split(r";|(?<=\))\s*BODY", text):
        if re.search(r"\b(typedef|inline)\b", statement):
            continue
        head = re.match(r"[\w\s*\"]*?\b(\w+)\s*\(", statement.strip())
        if head:
            names.add(head.group(1))
    return names


def main():
    library, include_dir = sys.argv[1], sys.argv[2]
    symbols, functions = exported(library), declared(preprocessed(include_dir))
    problems = [f"exported, but not lunette_*: {s}" for s in sorted(symbols) if not s.startswith("lunette_")]
    problems += [f"exported, but in no public header: {s}" for s in sorted(symbols - functions)]
    problems += [f"declared, but not exported: {s}" for s in sorted(functions - symbols)]
    if not functions:
        problems.append(f"no function is declared under {include_dir}")
    print("\n".join(problems) or f"{len(symbols)} symbols, each declared: fine")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
