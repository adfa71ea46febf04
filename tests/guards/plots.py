"""What scripts/plot.py draws is a picture: well-formed, and nothing of it outside of its card, whatever the figures.

Usage: plots.py PLOT.PY
"""

import json
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

COORDINATES = {"x": 0, "x1": 0, "x2": 0, "cx": 0, "y": 1, "y1": 1, "y2": 1, "cy": 1}


def entry(name, lunette, peer, **more):
    return {"name": name, "unit": "us", "lunette": lunette, "peer": peer, "peer_name": "", "ratio": peer / lunette, **more}


def bench(factor):
    """Entries of a machine that is so much slower."""
    late = [factor * 1.1**i for i in range(51)]
    return [
        entry("reset", 0.2 * factor, 30 * factor),
        entry("acquire+release", 0.3 * factor, 31 * factor),
        entry("template-acquire", 50 * factor, 30000 * factor),
        entry("run:json", 50000 * factor, 60000 * factor),
        entry("run-system:json", 55000 * factor, 60000 * factor),
        entry("hook:json", 50000 * factor, 90000 * factor),
        entry("run:geomean", 50000 * factor, 60000 * factor),
        entry("run-system:geomean", 55000 * factor, 60000 * factor),
        entry("hook:geomean", 50000 * factor, 90000 * factor),
        entry("overshoot:all", late[25], 20000, p50=late[25], p99=late[49], max=late[50], scripts=9, runs=45, quantiles=late),
        entry("overshoot:cpu", late[25], 20000, p50=late[25], p99=late[49], max=late[50], scripts=9, runs=45, quantiles=late),
    ]


def soak(seconds):
    sample = {"runs": 900, "p50_us": 900.0, "p99_us": 9e4, "resident_kib": 36000, "in_use": 2, "idle": 2, "made": 4}
    samples = [dict(sample, second=i + 1.0) for i in range(seconds)]
    samples[0].update(runs=0, p50_us=0, p99_us=0)  # a second in which nothing ended
    return {"threads": 2, "tenants": 43, "runs": 900 * seconds, "failures": 0, "samples": samples}


def problems(path):
    root = ElementTree.parse(path).getroot()
    size = [float(v) for v in root.get("viewBox").split()[2:]]
    for element in root.iter():
        places = [(size[axis], float(element.get(name, 0))) for name, axis in COORDINATES.items()]
        for point in element.get("points", "").split():
            places += zip(size, map(float, point.split(",")))
        if not all(0 <= place <= end for end, place in places):
            yield f"{path.name}: outside of the card: {ElementTree.tostring(element)[:200]}"
    if len(re.findall("<text", path.read_text())) < 8:
        yield f"{path.name}: hardly any words"


def main():
    with tempfile.TemporaryDirectory(prefix="lunette-plots-") as name:
        folder, expected, found = Path(name), 0, []
        for i, factor in enumerate((0.3, 1, 7)):
            (folder / "in.json").write_text(json.dumps(bench(factor)))
            subprocess.run([sys.executable, sys.argv[1], "bench", folder / "in.json", folder / str(i)], check=True)
            expected += 3
        for seconds in (1, 10, 90, 1800, 100000):
            (folder / "in.json").write_text(json.dumps(soak(seconds)))
            out = folder / f"soak-{seconds}.svg"
            subprocess.run([sys.executable, sys.argv[1], "soak", folder / "in.json", out], check=True)
            expected += 1
        pictures = sorted(folder.rglob("*.svg"))
        for picture in pictures:
            found += problems(picture)
    if len(pictures) != expected:
        found.append(f"{expected} pictures expected, {len(pictures)} drawn")
    print("\n".join(found) or f"{len(pictures)} pictures: fine")
    sys.exit(bool(found))


main()
