"""Draws what was measured, as SVG, with nothing but Python's own library.

Usage: plot.py bench BENCH.JSON FOLDER      FOLDER/contexts.svg, programs.svg and overshoot.svg, as far as the entries are there
       plot.py soak SOAK.JSON FILE.SVG

A picture is a card with a background of its own, in light colours or dark ones as the reader's system has it; what a
colour means is also said by place and words. Every picture names its unit, the machine and the command that made the
figures.
"""

import json
import math
import os
import re
import sys
from html import escape
from pathlib import Path

WIDTH = 880
STYLE = """
  text { font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #24292f }
  .title { font-size: 17px; font-weight: 600 }
  .quiet { fill: #656d76; font-size: 12px }
  .strong { font-weight: 600 }
  .card { fill: #ffffff; stroke: #d8dee4 }
  .grid { stroke: #d8dee4; stroke-width: 1 }
  .axis { stroke: #8c959f; stroke-width: 1 }
  .link { stroke: #c4cbd3; stroke-width: 3 }
  .ours { fill: #4450c7; stroke: none }
  .ours-ring { fill: #ffffff; stroke: #4450c7; stroke-width: 1.6 }
  .theirs { fill: #c2701c; stroke: none }
  .ours-line { fill: none; stroke: #4450c7; stroke-width: 2.2; stroke-linejoin: round }
  .theirs-line { fill: none; stroke: #c2701c; stroke-width: 2; stroke-linejoin: round }
  .ours-area { fill: #4450c7; fill-opacity: .13; stroke: none }
  .faint-line { fill: none; stroke: #8c959f; stroke-width: 1.2; stroke-opacity: .75 }
  .ours-text { fill: #4450c7; font-weight: 600 }
  .theirs-text { fill: #a85c10; font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .quiet { fill: #9198a1 }
    .card { fill: #0d1117; stroke: #30363d }
    .grid { stroke: #262c34 }
    .axis { stroke: #6e7681 }
    .link { stroke: #3d444d }
    .ours { fill: #8f9bff }
    .ours-ring { fill: #0d1117; stroke: #8f9bff }
    .theirs { fill: #f0a04b }
    .ours-line { stroke: #8f9bff }
    .theirs-line { stroke: #f0a04b }
    .ours-area { fill: #8f9bff; fill-opacity: .18 }
    .ours-text { fill: #a3adff }
    .theirs-text { fill: #f0a04b }
  }
"""


def machine():
    """ "Intel(R) Xeon(R) Processor @ 2.50GHz, 2 processors, Linux 6.1" """
    name = "a machine"
    try:
        info = Path("/proc/cpuinfo").read_text()
        name = re.search(r"^model name\s*:\s*(.*)$", info, re.M).group(1)
    except (OSError, AttributeError):
        name = os.uname().machine
    release = ".".join(os.uname().release.split("-")[0].split(".")[:2])
    return f"{re.sub(r'[(](R|TM)[)]', '', name).strip()}, {os.cpu_count()} processors, {os.uname().sysname} {release}"


class Picture:
    """SVG elements on a card; y grows downwards, as it does there."""

    def __init__(self, title, subtitle, height, command):
        self.height = height
        self.title = title
        self.parts = []
        self.text(28, 38, title, "title")
        self.text(28, 60, subtitle, "quiet")
        self.text(28, height - 18, f"{command}  ·  {machine()}", "quiet")

    def add(self, element):
        self.parts.append(element)

    def text(self, x, y, words, kind="", anchor="start"):
        self.add(f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>')

    def line(self, x1, y1, x2, y2, kind):
        self.add(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>')

    def dot(self, x, y, kind, radius=6):
        self.add(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" class="{kind}"/>')

    def curve(self, points, kind):
        self.add(f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" class="{kind}"/>')

    def area(self, points, base, kind):
        outline = [(points[0][0], base), *points, (points[-1][0], base)]
        self.add(f'<polygon points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in outline)}" class="{kind}"/>')

    def legend(self, x, y, *entries):
        for kind, words in entries:
            self.dot(x, y - 4, kind, 5)
            self.text(x + 11, y, words)
            x += 11 + 7.2 * len(words) + 26

    def save(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" width="{WIDTH}" '
            f'height="{self.height}" role="img"><title>{escape(self.title)}</title><style>{STYLE}</style>\n'
            f'<rect x=".5" y=".5" width="{WIDTH - 1}" height="{self.height - 1}" rx="10" class="card"/>\n'
            + "\n".join(self.parts)
            + "\n</svg>\n"
        )
        print(f"written: {path}")


class Scale:
    """From values to places; logarithmic or not."""

    def __init__(self, low, high, start, end, logarithmic=False):
        self.map = math.log10 if logarithmic else float
        self.low, self.high, self.start, self.end = self.map(low), self.map(high), start, end

    def __call__(self, value):
        share = (self.map(value) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def digits(value):
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 10 else f"{value:,.0f}"


def duration(us):
    """ "0.19 µs", "12 ms" """
    if us < 1000:
        return f"{digits(us)} µs"
    return f"{digits(us / 1000)} ms" if us < 1e6 else f"{digits(us / 1e6)} s"


def power_label(us):
    for size, unit in ((1e6, "s"), (1e3, "ms"), (1, "µs"), (1e-3, "ns")):
        if us >= size:
            return f"{us / size:g} {unit}"
    return f"{us:g} µs"


def decades(low, high):
    """Powers of ten that the values lie between; at least two."""
    first = math.floor(math.log10(low))
    return [10.0**n for n in range(first, max(math.ceil(math.log10(high)), first + 1) + 1)]


def steps(high, most=5):
    """Round numbers from 0 on, at most that many above it."""
    size = 10 ** math.floor(math.log10(high / most)) if high > 0 else 1
    size = next(size * k for k in (1, 2, 5, 10, 20) if high / (size * k) <= most)
    return [size * k for k in range(math.floor(high / size) + 1)]


# --- What a clean context costs ---------------------------------------------------------------------------------

CONTEXTS = [
    ("acquire+release:idle", "a context from the pool and back, nothing run"),
    ("reset", "reset after a script"),
    ("acquire+release", "a context from the pool and back, reset included"),
    ("acquire+run+release", "the same with a one-line script"),
    ("spawn", "a new context, copied from a template"),
    ("template-acquire", "a template with 1 MB of Lua modules"),
]


def draw_contexts(entries, path):
    rows = [(entries[name], words) for name, words in CONTEXTS if name in entries]
    if not rows:
        return
    top, step = 116, 44
    bottom = top + step * len(rows)
    picture = Picture(
        "What a clean VM costs",
        "Time for one, on a logarithmic scale: ten times less at each line to the left.",
        bottom + 84,
        "make bench",
    )
    values = [row[0][side] for row in rows for side in ("lunette", "peer")]
    ticks = decades(min(values), max(values))
    x = Scale(ticks[0], ticks[-1], 350, WIDTH - 90, True)
    picture.legend(350, 88, ("ours", "Lunette"), ("theirs", "a fresh Lua state: open, libraries, work, close"))
    for tick in ticks:
        picture.line(x(tick), top - 8, x(tick), bottom, "grid")
        picture.text(x(tick), bottom + 20, power_label(tick), "quiet", "middle")
    for i, (entry, words) in enumerate(rows):
        y = top + step * i + 20
        ours, theirs = x(entry["lunette"]), x(entry["peer"])
        picture.text(28, y + 4, words)
        picture.line(ours, y, theirs, y, "link")
        picture.dot(ours, y, "ours")
        picture.dot(theirs, y, "theirs")
        picture.text(ours, y - 11, duration(entry["lunette"]), "ours-text", "middle")
        picture.text(theirs, y - 11, duration(entry["peer"]), "theirs-text", "middle")
        picture.text(WIDTH - 28, y + 4, f"{digits(entry['ratio']).removesuffix('.0')} ×", "strong", "end")
    picture.save(path)


# --- What limits cost a program -----------------------------------------------------------------------------------


def program_rows(entries):
    """Name, and the times of Lunette, of a hooked Lua, and of Lunette on the system's Lua, as shares of the plain Lua's. The
    hooked Lua was compared with the last."""
    rows = []
    for name, entry in entries.items():
        label = name.removeprefix("run:")
        hooked = entries.get("hook:" + label)
        if name.startswith("run:") and hooked:
            system = entries.get("run-system:" + label, entry)["ratio"]
            rows.append((label, 1 / entry["ratio"], hooked["ratio"] / system, 1 / system))
    mean = [row for row in rows if row[0] == "geomean"]
    return sorted((row for row in rows if row[0] != "geomean"), key=lambda row: -row[2]) + mean


def draw_programs(entries, path):
    rows = program_rows(entries)
    if not rows:
        return
    top, step = 118, 27
    bottom = top + step * len(rows) + 6
    picture = Picture(
        "What a time limit costs a program",
        "Run time as a multiple of plain Lua without any limit (the line at 1); less is faster.",
        bottom + 84,
        "make bench",
    )
    x = Scale(0.5, max(2.5, *(row[2] for row in rows)), 190, WIDTH - 60)
    optimised = any(ours != system for _, ours, _, system in rows)
    legend = [("ours", "Lunette, limited"), ("theirs", "Lua with a count hook that looks at a clock")]
    if optimised:
        legend[0] = ("ours", "Lunette, limited, on an optimised Lua")
        legend.insert(1, ("ours-ring", "on the system's"))
    picture.legend(190 if not optimised else 28, 88, *legend)
    for k in range(2, int(x.high * 4) + 1):
        tick = k / 4
        picture.line(x(tick), top - 12, x(tick), bottom, "axis" if tick == 1 else "grid")
        if k % 2 == 0:
            picture.text(x(tick), bottom + 20, f"{tick:g} ×", "quiet strong" if tick == 1 else "quiet", "middle")
    for i, (name, ours, theirs, system) in enumerate(rows):
        y = top + step * i + 6
        mean = name == "geomean"
        if mean:
            y += 6
            picture.line(28, y - step / 2 - 2, WIDTH - 28, y - step / 2 - 2, "grid")
        picture.text(176, y + 4, "geometric mean" if mean else name, "strong" if mean else "", "end")
        picture.line(x(ours), y, x(theirs), y, "link")
        if optimised:
            picture.dot(x(system), y, "ours-ring", 5 if mean else 4)
        picture.dot(x(ours), y, "ours", 7 if mean else 5.5)
        picture.dot(x(theirs), y, "theirs", 7 if mean else 5.5)
        if mean:
            picture.text(x(ours) - 13, y + 4, f"{ours:.2f}", "ours-text", "end")
            picture.text(x(theirs) + 13, y + 4, f"{theirs:.2f}", "theirs-text")
    picture.save(path)


# --- How late kills are ---------------------------------------------------------------------------------------------


def draw_overshoot(entries, path):
    """Distribution functions: of all hostile scripts, and behind it of each of their categories."""
    found = {name.removeprefix("overshoot:"): e for name, e in entries.items() if "quantiles" in e}
    if "all" not in found:
        return
    everyone = found["all"]
    top, bottom, left, right = 112, 380, 84, WIDTH - 60
    picture = Picture(
        "How long after its deadline a hostile script is over",
        f"Share of {everyone['runs']:,} kills of {everyone['scripts']} hostile scripts, with the host back in control, "
        "by the time it took, on a logarithmic scale.",
        bottom + 84,
        "make bench",
    )
    lowest = max(min(q for e in found.values() for q in e["quantiles"]), 1)
    ticks = decades(lowest, max(everyone["max"], 1000))
    x, y = Scale(ticks[0], ticks[-1], left, right, True), Scale(0, 1, bottom, top)
    for tick in ticks:
        picture.line(x(tick), top, x(tick), bottom, "grid")
        picture.text(x(tick), bottom + 20, power_label(tick), "quiet", "middle")
    for share in (0, 0.25, 0.5, 0.75, 1):
        picture.line(left, y(share), right, y(share), "axis" if share == 0 else "grid")
        picture.text(left - 10, y(share) + 4, f"{share:.0%}", "quiet", "end")
    for name, entry in sorted(found.items(), key=lambda item: item[0] == "all"):
        quantiles = entry["quantiles"]
        points = [(x(max(q, ticks[0])), y(i / (len(quantiles) - 1))) for i, q in enumerate(quantiles)]
        if name == "all":
            picture.area(points, bottom, "ours-area")
        picture.curve(points, "ours-line" if name == "all" else "faint-line")
    for words, value, share in (("half", everyone["p50"], 0.5), ("99 %", everyone["p99"], 0.99)):
        picture.dot(x(value), y(share), "ours")
        late = x(value) > (left + right) / 2
        place = (x(value) - 12, y(share) - 10, "end") if late else (x(value) + 14, y(share) + 22, "start")
        picture.text(*place[:2], f"{words} within {duration(value)}", "ours-text", place[2])
    picture.text(right, bottom - 12, f"the slowest: {duration(everyone['max'])}", "quiet", "end")
    picture.text(left + 14, top + 18, "all scripts", "ours-text")
    picture.text(left + 14, top + 36, "each category of them", "quiet")
    picture.save(path)


# --- A soak ---------------------------------------------------------------------------------------------------------


def condensed(samples, most=400):
    """As many points as can be told apart: the medians of groups of neighbours."""
    size = max(1, math.ceil(len(samples) / most))
    groups = [samples[i : i + size] for i in range(0, len(samples), size)]
    keys = ("second", "resident_kib", "runs", "p50_us", "p99_us")
    points = [{k: sorted(s[k] for s in group)[len(group) // 2] for k in keys} for group in groups]
    return [dict(point, mib=point["resident_kib"] / 1024) for point in points]


def time_ticks(seconds):
    sizes = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400)
    size = next((s for s in sizes if seconds / s <= 8), 172800)
    unit, name = (3600, "h") if size >= 3600 else (60, "min") if size >= 60 else (1, "s")
    return [(t, f"{t / unit:g} {name}") for t in range(0, int(seconds) + 1, size)]


def panel_scale(samples, curves, bottom, top):
    """Of one curve from 0 on; of several that are far apart logarithmic. And the values to name."""
    values = [s[key] for s in samples for key, _, _ in curves if s[key] > 0] or [1]
    if len(curves) > 1:
        ticks = decades(min(values), max(values))
        return Scale(ticks[0], ticks[-1], bottom, top, True), ticks
    high = max(values) * 1.08
    return Scale(0, high, bottom, top), steps(high, 4)


def draw_panel(picture, top, height, samples, x, words, curves, label):
    bottom = top + height
    y, ticks = panel_scale(samples, curves, bottom, top)
    picture.text(28, top - 12, words, "strong")
    for tick in ticks:
        picture.line(x.start, y(tick), x.end, y(tick), "axis" if tick == ticks[0] else "grid")
        picture.text(x.start - 10, y(tick) + 4, label(tick), "quiet", "end")
    place = x.end
    for key, kind, name in curves:
        points = [(x(s["second"]), y(max(s[key], ticks[0]))) for s in samples]
        if len(curves) == 1:
            picture.area(points, bottom, "ours-area")
        picture.curve(points, kind)
        median = sorted(s[key] for s in samples)[len(samples) // 2]
        words = f"{name}: {label(median)}"
        picture.text(place, top - 12, words, kind.replace("line", "text"), "end")
        place -= 7.6 * len(words) + 20


def draw_soak(soak, path):
    samples = condensed(soak["samples"])
    seconds = soak["samples"][-1]["second"]
    height, gap, top = 120, 58, 118
    bottom = top + 3 * height + 2 * gap
    picture = Picture(
        f"{soak['runs']:,} runs of {soak['tenants']} tenants, honest and rogue, by {soak['threads']} threads",
        "Every run in a clean context; one in 25 is a bomb, a vandal, an endless loop or an error. "
        f"Runs that did not end as they should: {soak['failures']:,}.",
        bottom + 84,
        "make soak",
    )
    x = Scale(0, seconds, 104, WIDTH - 40)
    for t, words in time_ticks(seconds):
        picture.line(x(t), top, x(t), bottom, "grid")
        picture.text(x(t), bottom + 20, words, "quiet", "middle")
    panels = [
        ("Resident memory of the process", [("mib", "ours-line", "median")], lambda mib: f"{mib:.0f} MiB"),
        ("Runs per second", [("runs", "ours-line", "median")], lambda runs: f"{runs:,.0f}"),
        (
            "Time of an honest tenant's request",
            [("p99_us", "theirs-line", "p99"), ("p50_us", "ours-line", "median")],
            lambda us: power_label(us) if us in (1, 10, 100, 1e3, 1e4, 1e5, 1e6) else duration(us),
        ),
    ]
    for i, (words, curves, label) in enumerate(panels):
        draw_panel(picture, top + i * (height + gap), height, samples, x, words, curves, label)
    picture.save(path)


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("bench", "soak"):
        sys.exit("usage: plot.py bench BENCH.JSON FOLDER | soak SOAK.JSON FILE.SVG")
    measured, target = json.loads(Path(sys.argv[2]).read_text()), Path(sys.argv[3])
    if sys.argv[1] == "soak":
        draw_soak(measured, target)
        return
    entries = {entry["name"]: entry for entry in measured}
    draw_contexts(entries, target / "contexts.svg")
    draw_programs(entries, target / "programs.svg")
    draw_overshoot(entries, target / "overshoot.svg")


main()
