"""What the documents name is there: files, functions of the library and unit tests in backticks, and the links from one
document to another with their headings.

Usage: docs.py SOURCE-ROOT
"""

import re
import sys
from pathlib import Path

FILE = re.compile(r"`([\w./-]+/[\w.-]+\.(?:c|h|py|lua|md|sh))`")
SYMBOL = re.compile(r"`((?:ln|lunette)_\w+)(?:\(\))?`")
TEST = re.compile(r"`(test_\w+)(?:: (\w+))?`")
LINK = re.compile(r"\]\(([^)#:\s]*)(?:#([^)\s]+))?\)")
CODE = ("src", "include", "tools", "tests")
# Not names, but what names are like; and files of Lua's own, and of hosts that the documents tell of.
PATTERNS = {"ln_room_verb", "lunette_noun_verb", "include/lua.h"}


def symbols(root):
    sources = [path for folder in CODE for path in (root / folder).rglob("*.[ch]")]
    return set(re.findall(r"\b(?:ln|lunette)_\w+", "\n".join(path.read_text() for path in sources)))


def tests(root):
    """Source files of tests, by their names."""
    return {path.stem: path.read_text() for path in (root / "tests").rglob("test_*.c")}


def headings(document):
    """As GitHub makes anchors of them."""
    titles = re.findall(r"^#+ (.*)$", document.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


def problems_of(root, document, known, tested):
    text = document.read_text()
    for name in sorted(set(FILE.findall(text)) - PATTERNS):
        if not any((folder / name).exists() for folder in (root, root / "include", document.parent)):
            yield f"there is no {name}"
    for name in sorted(set(SYMBOL.findall(text)) - PATTERNS - known):
        yield f"nothing is called {name}"
    for name, case in sorted(set(TEST.findall(text))):
        if name not in tested:
            yield f"there is no test {name}"
        elif case and not re.search(rf"\b{case}\b", tested[name]):
            yield f"{name} has no case {case}"
    for name, heading in sorted(set(LINK.findall(text))):
        target = document.parent / name if name else document
        if not target.exists():
            yield f"the link to {name} leads nowhere"
        elif heading and heading not in headings(target):
            yield f"{name or document.name} has no heading #{heading}"


def main():
    root = Path(sys.argv[1])
    documents = sorted([*root.glob("*.md"), *root.glob("docs/*.md"), *root.glob("*/README.md"), *root.glob("*/*/README.md")])
    documents = [document for document in documents if not document.is_relative_to(root / "build")]
    known, tested = symbols(root), tests(root)
    problems = [f"{document.relative_to(root)}: {problem}" for document in documents
                for problem in problems_of(root, document, known, tested)]
    print("\n".join(problems) or f"{len(documents)} documents: what they name is there")
    sys.exit(bool(problems) or not documents)


main()
