"""An example says what its reader is told that it says: its output, both streams, is that of the file. Where the file's last
line is "...", what comes behind is left open.

Usage: outputs.py EXPECTED EXAMPLE
"""

import difflib
import subprocess
import sys
from pathlib import Path

OPEN = "...\n"


def main():
    expected = Path(sys.argv[1]).read_text()
    done = subprocess.run(sys.argv[2:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    got = done.stdout
    if expected.endswith("\n" + OPEN):
        expected = expected.removesuffix(OPEN)
        got = got[: len(expected)]
    difference = difflib.unified_diff(expected.splitlines(True), got.splitlines(True), "expected", "got")
    sys.stdout.writelines(difference)
    sys.exit(done.returncode != 0 or got != expected)


main()
