"""Every function of the public headers is called by tests/unit/test_contract.c as its contract forbids: with NULL, closed,
foreign and busy objects. A function that a header declares and the test does not call fails here.

Usage: contract.py TEST-CONTRACT INCLUDE-DIR        (CC: the compiler)
"""

import re
import subprocess
import sys

from exports import declared, preprocessed


def main():
    program, include_dir = sys.argv[1], sys.argv[2]
    result = subprocess.run([program, "--covered"], text=True, capture_output=True)
    covered = set(re.findall(r"^covered: (\w+)$", result.stdout, re.M))
    functions = declared(preprocessed(include_dir))
    problems = [f"{name}: test_contract.c does not call it" for name in sorted(functions - covered)]
    problems += [f"{name}: no header declares it" for name in sorted(covered - functions)]
    if result.returncode != 0:
        problems.append(f"test_contract failed:\n{result.stdout}{result.stderr}")
    print("\n".join(problems) or f"{len(functions)} functions bear what their contracts forbid")
    sys.exit(bool(problems))


main()
