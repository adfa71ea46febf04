"""Memory that runs out, at every place once: an example is started with its first allocation failing, then with its second,
and so on. It may fail with words or get by without; it may not crash or hang, nor end well with another output than it
has, unless that says what there was none of. Of a program that asks often, the first requests fail one by one, and of the others as many, evenly spread, as
there is time for: once alone, and once with all that follow. IN is the library whose requests alone may fail: libuv and C++ end
the process where they have no memory.

Usage: exhaust.py FAILING-MALLOC.SO SECONDS IN|all EXAMPLE [ARGUMENT ...]
"""

import os
import re
import subprocess
import sys
import time

HANGS_AFTER = 60
AT_LEAST = 20


def run(program, preload, **variables):
    """(status, output, errors) of one run; status is negative for a signal, None where it did not end."""
    env = {**os.environ, "LD_PRELOAD": preload, **variables}
    try:
        done = subprocess.run(program, env=env, capture_output=True, timeout=HANGS_AFTER)
    except subprocess.TimeoutExpired:
        return None, b"", b""
    return done.returncode, done.stdout, done.stderr


def count_of(program, preload):
    status, _, errors = run(program, preload, FAIL_TELL="1")
    told = re.search(rb"^allocations: (\d+)$", errors, re.M)
    if status != 0 or not told:
        sys.exit(f"{program[0]} fails undisturbed ({status}): {errors.decode(errors='replace')}")
    return int(told.group(1))


def places(count, seconds, takes):
    """Which requests fail: all, if there is time, for each is done twice."""
    most = max(AT_LEAST, int(seconds / (2 * takes)))
    first = most // 2
    if count <= most:
        return range(count)
    step = (count - first) / (most - first)
    return [*range(first), *(first + int(i * step) for i in range(most - first))]


def without_numbers(text):
    return re.sub(rb"\d+", b"N", text)


def what_is_wrong(result, usual, steady):
    status, output, errors = result
    if status is None:
        return "hangs"
    if status < 0:
        return f"ends by signal {-status}"
    if status != 0 and not output + errors:
        return f"ends with {status} and without a word"
    if status == 0 and steady and without_numbers(output) != without_numbers(usual) and b"memory" not in output + errors:
        return f"ends well, but prints\n{output.decode(errors='replace')}"
    return None


def main():
    preload, seconds, within, program = sys.argv[1], float(sys.argv[2]), sys.argv[3], sys.argv[4:]
    if within != "all":
        os.environ["FAIL_IN"] = within
    begun = time.monotonic()
    usual = run(program, preload)[1]
    takes = time.monotonic() - begun
    steady = run(program, preload)[1] == usual  # else it tells of times, or of threads
    count = count_of(program, preload)
    problems, tried = [], places(count, seconds, takes)
    for at in tried:
        for more in ({}, {"FAIL_ON": "1"}):
            result = run(program, preload, FAIL_AT=str(at), **more)
            wrong = what_is_wrong(result, usual, steady)
            if wrong:
                problems.append(f"request {at}{' and all that follow' if more else ''}: {wrong}\n"
                                f"{result[2].decode(errors='replace')}")
        if len(problems) > 5:
            break
    print("\n".join(problems) or f"{len(tried)} of {count} requests failed, alone and with all that follow")
    sys.exit(bool(problems))


main()
