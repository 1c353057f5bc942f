"""Figures as a tree that JSON can hold, and that tree as tables."""

from __future__ import annotations

import os
import platform
import statistics
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from bench.engines import OWN, Engine
from bench.rounds import Found
from bench.start import TITLE
from bench.workloads import START, Workload

Tree = dict[str, Any]
_START_WANTED = 1.0


def machine(threads: int) -> Tree:
    """Where this was measured."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
        "threads": threads,
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:  # noqa: PTH123
            return next(x.split(":")[1].strip() for x in file if x.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def figures(workload: Workload, found: Found) -> Tree:
    """All about a workload; "ratio" is how many times as fast as the other engine."""
    engines = {e.title: _engine(workload, found, e) for e in found.turns} if found.clean else {}
    tree = {
        "title": workload.title,
        "unit": workload.unit,
        "rate": workload.rate,
        "wanted": workload.wanted,
        "rounds": found.complete,
        "disturbed": found.disturbed,
        "kept": len(found.clean),
        "peak": found.best()._asdict() if found.peaks else {},
        "peaks": [list(peak) for peak in found.peaks],
        "engines": engines,
        "left out": {e.title: why for e, why in found.left_out.items()},
    }
    return tree | compared(engines, workload.beside)


def _engine(workload: Workload, found: Found, engine: Engine) -> Tree:
    times, median, peak = found.times(engine), found.median(engine), found.best()
    memory = found.memory.get(engine)
    ends = sorted((workload.figure(min(times)), workload.figure(max(times))))
    gflops, gbytes = workload.flops / median / 1e9, workload.traffic / median / 1e9
    return {
        "family": engine.family,
        "median": workload.figure(median),
        "least": ends[0],
        "most": ends[1],
        "seconds": median,
        "gflops": gflops,
        "of peak": gflops / peak.gflops,
        "gbytes": gbytes,
        "of memory": gbytes / peak.gbytes,
        "memory": None if memory is None else memory / 1e6,
        "agreement": found.agreement.get(engine),
        "processors": statistics.median(turn.processors for turn in found.turns[engine]),
    }


def started(entries: Mapping[str, Tree]) -> Tree:
    """All about process starts."""
    engines = {
        title: {
            "family": entry["family"],
            "median": statistics.median(entry["seconds"]),
            "least": min(entry["seconds"]),
            "most": max(entry["seconds"]),
            "seconds": statistics.median(entry["seconds"]),
            "import": entry.get("import"),
            "installed": entry.get("installed"),
        }
        for title, entry in entries.items()
        if entry["seconds"]
    }
    tree = {"title": TITLE, "unit": "s", "rate": False, "wanted": _START_WANTED}
    return {**tree, "engines": engines, "left out": {}} | compared(engines)


def compared(engines: Mapping[str, Tree], beside: str = "") -> Tree:
    """The best of ours and of the others, and the ratio of their medians; nothing if one lacks.

    Args:
        engines: By title.
        beside: The only other family to look at, if it is named and there.
    """
    if beside in {e["family"] for e in engines.values()}:
        engines = {t: e for t, e in engines.items() if e["family"] in (OWN, beside)}
    own = {t: e["seconds"] for t, e in engines.items() if e["family"] == OWN}
    others = {t: e["seconds"] for t, e in engines.items() if e["family"] != OWN}
    if not own or not others:
        return {}
    ours, theirs = min(own, key=own.__getitem__), min(others, key=others.__getitem__)
    return {"ours": ours, "other": theirs, "ratio": others[theirs] / own[ours]}


def table(name: str, tree: Tree) -> Table:
    """One workload: a row an engine, the fastest first."""
    title = f"{name}  {tree['title']}: {tree['unit']}"
    found = Table(title=title, caption=_caption(tree), title_justify="left")
    found.add_column("engine")
    first = ("median", "least to most", "times as long")
    last = ("import, s", "installed, MB") if name == START else _COLUMNS
    for column in (*first, *last):
        found.add_column(column, justify="right")
    engines = sorted(tree["engines"].items(), key=lambda item: item[1]["seconds"])
    base = _base(tree)
    for title, entry in engines:
        spread = f"{number(entry['least'])} to {number(entry['most'])}"
        ratio = f"{entry['seconds'] / base:.2f}" if base else ""
        cells = _start_cells(entry) if name == START else _cells(entry)
        style = "bold" if entry["family"] == OWN else ""
        found.add_row(title, number(entry["median"]), spread, ratio, *cells, style=style)
    return found


_COLUMNS = "GFLOP/s", "of peak", "GB/s", "of memory", "peak MB", "cores", "same"


def _base(tree: Tree) -> float | None:
    return tree["engines"][tree["ours"]]["seconds"] if "ours" in tree else None


def _cells(entry: Tree) -> Iterator[str]:
    yield f"{entry['gflops']:.3g}"
    yield f"{entry['of peak']:.1%}"
    yield f"{entry['gbytes']:.3g}"
    yield f"{entry['of memory']:.1%}"
    yield "" if entry["memory"] is None else f"{entry['memory']:.0f}"
    yield f"{entry['processors']:.2f}"
    yield "" if entry["agreement"] is None else f"{entry['agreement']:.0%}"


def _start_cells(entry: Tree) -> Iterator[str]:
    for key, form in (("import", ".3f"), ("installed", ".0f")):
        yield "" if entry[key] is None else format(entry[key], form)


def _caption(tree: Tree) -> str:
    left = [f"left out {title}: {why}" for title, why in tree["left out"].items()]
    if not tree.get("peak"):
        return "\n".join(left)
    peak = tree["peak"]
    about = (
        f"peak {peak['gflops']:.0f} GFLOP/s, {peak['gbytes']:.0f} GB/s; "
        f"{tree['rounds']} rounds, {tree['disturbed']} disturbed, {tree['kept']} counted"
    )
    return "\n".join([about, *left])


def summary(trees: Mapping[str, Tree]) -> Table:
    """What was to be reached, and what was."""
    found = Table(title="Beside the best other engine", title_justify="left")
    for column in ("", "unit"):
        found.add_column(column)
    for column in ("ours", "the other", "", "times as fast", "wanted", ""):
        found.add_column(column, justify="right")
    for name, tree in trees.items():
        if "ratio" not in tree:
            continue
        ours, other = tree["engines"][tree["ours"]], tree["engines"][tree["other"]]
        met = tree["ratio"] >= tree["wanted"]
        found.add_row(
            name,
            tree["unit"],
            number(ours["median"]),
            number(other["median"]),
            tree["other"],
            f"{tree['ratio']:.2f}",
            f"{tree['wanted']:.1f}",
            "reached" if met else "missed",
            style="" if met else "yellow",
        )
    return found


def number(value: float) -> str:
    """Three digits, or all that stand before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
