"""docs/sandbox.md shows the sandbox's table of names as the tool prints it."""
import subprocess
import sys

tool, page = sys.argv[1:3]
BEGIN = "<!-- names: made by `lunette names`; a test compares -->\n"
END = "\n<!-- end of names -->"

text = open(page, encoding="utf-8").read()
if BEGIN not in text or END not in text:
    sys.exit(f"{page}: the marks around the table of names are gone")
shown = text.split(BEGIN)[1].split(END)[0].strip()
real = subprocess.run([tool, "names"], check=True, capture_output=True, text=True).stdout.strip()
if not real:
    sys.exit("`lunette names` printed nothing")
if shown != real:
    for a, b in zip(shown.splitlines(), real.splitlines()):
        if a != b:
            print(f"page: {a}\ntool: {b}")
    sys.exit(f"{page}: the table of names is not the tool's; put the output of `lunette names` there")
