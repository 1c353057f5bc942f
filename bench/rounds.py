"""A workload on all engines, in turns, with the machine's peak before and after each round."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench.engines import Engine, engines_of
from bench.probes import Peak
from bench.process import Worker, WorkerError, ended
from bench.workloads import Workload

Tell = Callable[[str], None]

CHECKED = 3
"""Steps after which engines must agree."""
_CLEAN = 0.9  # of the best peak before and after a round, and of a processor within a turn
_FEWEST = 3  # clean rounds that are needed to drop the others


class Settings(NamedTuple):
    """How to measure.

    Attributes:
        pythons: Of each family.
        threads: For each engine.
        rounds: Turns of each engine.
        seconds: Of a turn, about: slower engines do fewer steps.
        peak: Probes the machine.
    """

    pythons: Mapping[str, Path]
    threads: int
    rounds: int
    seconds: float
    peak: Callable[[int], Peak]


class Turn(NamedTuple):
    """Seconds a step, and processor seconds a second."""

    seconds: float
    processors: float


@dataclass
class Found:
    """The figures of a workload.

    Attributes:
        turns: Of each engine, one a round.
        peaks: Before the first round and after each.
        memory: The most bytes that each engine's process had, where it could say.
        versions: Of the engines' packages.
        agreement: The share of photographs of the same class as in float32, if it is known.
        left_out: Engines that could not, and why.
    """

    workload: str
    threads: int
    turns: dict[Engine, list[Turn]] = field(default_factory=dict)
    peaks: list[Peak] = field(default_factory=list)
    memory: dict[Engine, int] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    agreement: dict[Engine, float | None] = field(default_factory=dict)
    left_out: dict[Engine, str] = field(default_factory=dict)

    @property
    def complete(self) -> int:
        """How many rounds all engines had."""
        return min(map(len, self.turns.values()), default=0)

    @property
    def clean(self) -> list[int]:
        """The rounds that nothing disturbed; all of them, if these are too few."""
        kept = [i for i in range(self.complete) if self._undisturbed(i)]
        return kept if len(kept) >= _FEWEST else list(range(self.complete))

    @property
    def disturbed(self) -> int:
        """How many rounds were disturbed."""
        return sum(not self._undisturbed(i) for i in range(self.complete))

    def times(self, engine: Engine) -> list[float]:
        """Seconds a step in the clean rounds."""
        return [self.turns[engine][i].seconds for i in self.clean]

    def median(self, engine: Engine) -> float:
        return statistics.median(self.times(engine))

    def best(self) -> Peak:
        """The machine's peak."""
        return Peak(max(p.gflops for p in self.peaks), max(p.gbytes for p in self.peaks))

    def _undisturbed(self, i: int) -> bool:
        around, least = self.peaks[i : i + 2], _CLEAN * self.best().gflops
        whole = all(turns[i].processors > _CLEAN for turns in self.turns.values())
        return whole and all(peak.gflops > least for peak in around)


def measure(workload: Workload, settings: Settings, tell: Tell, found: Found) -> None:
    """Fill in the figures; what there is when the user interrupts stays.

    Args:
        workload: What to run.
        settings: How.
        tell: Takes lines for the user.
        found: Empty.
    """
    engines = engines_of(workload.kind, list(settings.pythons))
    with ended([]) as workers:
        for engine in engines:
            try:
                tell(f"{workload.name}: starting {engine.title}")
                workers.append(_started(engine, workload, settings))
                found.versions |= workers[-1].about["versions"]
            except WorkerError as error:
                _leave_out(engine, str(error), found, tell)
        steps = _agreed(workers, workload, settings, found, tell)
        found.peaks.append(settings.peak(settings.threads))
        for i in range(settings.rounds):
            if not workers:
                break
            tell(f"{workload.name}: round {i + 1} of {settings.rounds}")
            _round(workers, steps, i, found, tell)
            found.peaks.append(settings.peak(settings.threads))
        for worker in workers:
            _weigh(worker, found, tell)


def _started(engine: Engine, workload: Workload, settings: Settings) -> Worker:
    python = settings.pythons[engine.family]
    return Worker(engine, workload.name, python, settings.threads)


def _leave_out(engine: Engine, why: str, found: Found, tell: Tell) -> None:
    found.left_out[engine] = why
    found.turns.pop(engine, None)
    tell(f"left out {engine.title}: {why}")


def _agreed(
    workers: list[Worker], workload: Workload, settings: Settings, found: Found, tell: Tell
) -> dict[Engine, tuple[int, int]]:
    """Drop engines whose results differ; for the others the steps of a turn, and before it."""
    steps: dict[Engine, tuple[int, int]] = {}
    wanted: Any = None
    for worker in list(workers):
        try:
            tell(f"{workload.name}: checking {worker.engine.title}")
            answer = worker.ask(check=CHECKED)
            results = answer["results"]
            found.agreement[worker.engine] = answer["agreement"]
            wanted = results if wanted is None else wanted
            agree(results, wanted, workload.close)
            steps[worker.engine] = _steps(worker, workload, settings.seconds)
        except (WorkerError, AssertionError) as error:
            _leave_out(worker.engine, _first_lines(error), found, tell)
            workers.remove(worker)
            worker.end()
    return steps


def agree(results: Any, wanted: Any, close: tuple[float, float]) -> None:
    """Require that results are close to others.

    Raises:
        AssertionError: They are not.
    """
    rtol, atol = close
    assert len(results) == len(wanted)
    for a, b in zip(results, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol, atol, err_msg="results differ from the others'")


def _first_lines(error: Exception) -> str:
    return " ".join(line.strip() for line in str(error).splitlines() if line.strip())[:200]


def _steps(worker: Worker, workload: Workload, seconds: float) -> tuple[int, int]:
    """As many as the time allows, at most the workload's; and a few to run in before."""
    few = min(CHECKED, workload.steps)
    took = worker.ask(time=few, before=1)["seconds"] / few
    fitting = max(1, min(workload.steps, int(seconds / took)))
    before = min(few, fitting)
    worker.ask(time=fitting, before=before)  # whoever compiles for the number of steps does it now
    return fitting, before


def _round(
    workers: list[Worker], steps: dict[Engine, tuple[int, int]], i: int, found: Found, tell: Tell
) -> None:
    """A turn of each, every time in another order."""
    shift = i % len(workers)
    for worker in workers[shift:] + workers[:shift]:
        count, before = steps[worker.engine]
        try:
            answer = worker.ask(time=count, before=before)
        except WorkerError as error:
            _leave_out(worker.engine, str(error), found, tell)
            workers.remove(worker)
            worker.end()
            continue
        seconds = answer["seconds"]
        turn = Turn(seconds / count, answer["cpu"] / seconds)
        found.turns.setdefault(worker.engine, []).append(turn)


def _weigh(worker: Worker, found: Found, tell: Tell) -> None:
    """Ask for the memory; an engine that cannot say keeps its other figures."""
    try:
        found.memory[worker.engine] = worker.ask()["memory"]
    except WorkerError as error:
        tell(f"no figure of the memory of {worker.engine.title}: {error}")
