"""From the start of a process to the end of the first epoch of A1; imports; installed sizes."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.engines import FAMILIES, Engine, engines_of
from bench.environments import FOLDER, ROOT, variables
from bench.process import held
from bench.workloads import WORKLOADS

TITLE = "process start to the end of the first epoch of A1, warm caches"


def measure(settings: Any, tell: Any, figures: dict[str, Any]) -> None:
    """Fill in for each engine seconds from start to end, of an import, and megabytes.

    Args:
        settings: `bench.rounds.Settings`.
        tell: Takes lines for the user.
        figures: Empty; stays as far as it got when the user interrupts.
    """
    folder = _stored()
    engines = engines_of("A1", list(settings.pythons))
    for i in range(settings.rounds + 1):
        tell(f"G: round {i} of {settings.rounds}" if i else "G: warming caches")
        for engine in list(engines):
            try:
                seconds = _epoch(engine, settings, folder)
            except subprocess.CalledProcessError as error:
                tell(f"left out {engine.title}: {error.stderr.strip().splitlines()[-1][:200]}")
                engines.remove(engine)
                continue
            entry = figures.setdefault(engine.title, {"family": engine.family, "seconds": []})
            entry["seconds"] += [seconds] if i else []
    for family, python in settings.pythons.items():
        imports, size = _import(family, python, settings), _installed(family, python)
        for entry in figures.values():
            if entry["family"] == family:
                entry |= {"import": imports, "installed": size}


def _stored() -> Path:
    """The folder with the data, written once."""
    folder = FOLDER / "data"
    if not (folder / "y.npy").exists():
        folder.mkdir(parents=True, exist_ok=True)
        data = WORKLOADS["A1"].make(WORKLOADS["A1"].steps)
        np.save(folder / "x.npy", data.x)
        np.save(folder / "y.npy", data.y)
    return folder


def _epoch(engine: Engine, settings: Any, folder: Path) -> float:
    python = settings.pythons[engine.family]
    arguments = ["-m", "bench.epoch", *engine, str(settings.threads), str(folder)]
    return _timed(engine.family, python, settings.threads, arguments)


def _import(family: str, python: Path, settings: Any) -> float:
    """Seconds that an import adds to Python's own start, the median of a few."""
    times = []
    for _ in range(max(3, settings.rounds)):
        bare = _timed(family, python, 1, ["-c", "pass"])
        command = ["-c", f"import {FAMILIES[family].root}"]
        times.append(_timed(family, python, settings.threads, command) - bare)
    return float(np.median(times))


def _timed(family: str, python: Path, threads: int, arguments: list[str]) -> float:
    env = variables(family, python, threads)
    with held(threads):
        start = time.perf_counter()
        subprocess.run(
            [str(python), *arguments], cwd=ROOT, env=env, check=True, capture_output=True, text=True
        )
        return time.perf_counter() - start


def _installed(family: str, python: Path) -> float:
    command = [str(python), "-m", "bench.installed", family]
    env = variables(family, python, 1)
    found = subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True, text=True)
    return float(json.loads(found.stdout))
