"""The manual says what the tool says: every command, every option with the name of its value, and every exit status of
`lunette help` stands in the man page, and no other.

Usage: manual.py LUNETTE MANUAL
"""

import re
import subprocess
import sys
from pathlib import Path


def helped(tool, *command):
    return subprocess.run([tool, "help", *command], capture_output=True, text=True, check=True).stdout


def plain(page):
    """A man page's text without what troff makes of it."""
    text = re.sub(r'^\.\\".*$', "", page, flags=re.M)
    text = re.sub(r"\\f[BIRP]", "", text).replace("\\-", "-").replace("\\&", "")
    return text.replace('" ', " ").replace('"', "")


def section(text, name):
    return re.search(rf"^\.SH {name}\n(.*?)(?=^\.SH |\Z)", text, re.M | re.S).group(1)


def main():
    tool, page = sys.argv[1], plain(Path(sys.argv[2]).read_text())
    overview = helped(tool)
    commands = re.findall(r"^  ([a-z]+) +\S", overview.split("Exit status:")[0], re.M)
    options = {}
    for command in commands:
        for name, value in re.findall(r"^  (--?[a-z][a-z-]*)(?: ([A-Z]+)\S*)? ", helped(tool, command), re.M):
            options[name] = value
    del options["--help"]
    listed = dict(re.findall(r"^\.BI? (--?[a-z][a-z-]*)(?: +([A-Z]+)\S*)?", section(page, "OPTIONS"), re.M))
    problems = [f"{name} {value}: the manual does not have it" for name, value in options.items() if listed.get(name) != value]
    problems += [f"{name}: only the manual has it" for name in listed if name not in options]
    synopsis = section(page, "SYNOPSIS")
    problems += [f"{command}: not in the synopsis" for command in commands if f"lunette {command}" not in synopsis]
    statuses = re.findall(r"^ +(\d+)  ", overview.split("Exit status:")[1], re.M)
    told = re.findall(r"^\.IP (\d+)", section(page, "EXIT STATUS"), re.M)
    if statuses != told:
        problems.append(f"exit statuses: the tool has {statuses}, the manual {told}")
    print("\n".join(problems) or f"{len(commands)} commands, {len(options)} options, {len(statuses)} statuses: in the manual")
    sys.exit(bool(problems) or not options)


main()
