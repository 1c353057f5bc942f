"""Turns of engines in processes of their own, with small ones in place of the real."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from bench import environments, report, rounds
from bench.engines import Engine
from bench.probes import Peak, peak
from bench.process import Worker, WorkerError
from bench.workloads import WORKLOADS

PYTHON = Path(sys.executable)
TUSHUO, NUMPY = Engine("tushuo", "eager"), Engine("numpy", "hand")


def settings(**changed):
    base = rounds.Settings({"tushuo": PYTHON}, 1, 2, 0.01, lambda threads: Peak(100, 10))
    return base._replace(**changed)


def found(times: list[float], peaks: list[float], cores: float = 1.0) -> rounds.Found:
    made = rounds.Found("A1", 1, peaks=[Peak(p, 10) for p in peaks])
    made.turns[TUSHUO] = [rounds.Turn(t, cores) for t in times]
    return made


def test_a_workload_is_measured_from_start_to_end():
    figures, lines = rounds.Found("F-eager", 1), []
    rounds.measure(WORKLOADS["F-eager"], settings(), lines.append, figures)
    assert list(figures.turns) == [TUSHUO]
    assert len(figures.turns[TUSHUO]) == 2
    assert len(figures.peaks) == 3
    assert 0 < figures.median(TUSHUO) < 0.1
    assert figures.memory[TUSHUO] > 10e6
    assert "tushuo" in figures.versions
    assert not figures.left_out


def test_an_engine_that_is_not_installed_is_left_out_and_told():
    figures, lines = rounds.Found("F-eager", 1), []
    others = settings(pythons={"tinygrad": PYTHON})
    rounds.measure(WORKLOADS["F-eager"], others, lines.append, figures)
    assert "tinygrad" in figures.left_out[Engine("tinygrad", "eager")]
    assert any("left out tinygrad" in line for line in lines)
    assert figures.complete == 0


def test_a_python_that_is_not_there_is_left_out_and_told(tmp_path):
    lines = []
    given = {"tushuo": str(PYTHON), "jax": str(tmp_path / "python")}
    found = environments.found(["tushuo", "jax"], given, lines.append)
    assert found == {"tushuo": PYTHON.absolute()}
    assert f"left out jax: no environment ({tmp_path / 'python'} is no Python)" in lines


def test_engines_that_fail_one_after_the_other_end_the_rounds(monkeypatch):
    class Failing(Answers):
        def __init__(self, *args) -> None:
            super().__init__(*args)
            self.about, self.times = {"versions": {}}, 0

        def ask(self, **request):
            self.times += "time" in request
            if self.times > 2:  # those before the first round
                raise WorkerError("out of memory")
            return super().ask(**request)

    monkeypatch.setattr(rounds, "_started", lambda engine, *more: Failing(engine, 1.0))
    figures = rounds.Found("F-eager", 1)
    rounds.measure(WORKLOADS["F-eager"], settings(), lambda line: None, figures)
    assert list(figures.left_out.values()) == ["out of memory"]


def test_an_engine_that_ends_too_early_loses_the_figure_of_its_memory_only(monkeypatch):
    class Mute(Answers):
        about = {"versions": {}}  # noqa: RUF012

        def ask(self, **request):
            if not request:
                raise WorkerError("out of memory")
            return {"cpu": 1e-3, **super().ask(**request)}

    monkeypatch.setattr(rounds, "_started", lambda engine, *more: Mute(engine, 1.0))
    figures, lines = rounds.Found("F-eager", 1), []
    rounds.measure(WORKLOADS["F-eager"], settings(), lines.append, figures)
    assert lines[-1] == "no figure of the memory of tushuo eager: out of memory"
    assert (figures.memory, figures.left_out) == ({}, {})
    (entry,) = report.figures(WORKLOADS["F-eager"], figures)["engines"].values()
    assert entry["memory"] is None
    assert entry["seconds"] == pytest.approx(0.001)
    assert report.table("F-eager", report.figures(WORKLOADS["F-eager"], figures)).row_count == 1


class Answers:
    """A worker that has one result."""

    def __init__(self, engine: Engine, result: float) -> None:
        self.engine, self.result, self.ended = engine, result, False

    def ask(self, **request):
        if "check" in request:
            return {"results": [[self.result]], "agreement": None}
        return {"seconds": 0.001 * request["time"]}

    def end(self) -> None:
        self.ended = True


def test_an_engine_with_other_results_is_left_out():
    first, other = Answers(TUSHUO, 1.0), Answers(NUMPY, 1.1)
    figures, workers = rounds.Found("A1", 1), [first, other]
    quiet = settings(seconds=0.1)
    steps = rounds._agreed(workers, WORKLOADS["A1"], quiet, figures, lambda line: None)
    assert "differ" in figures.left_out[NUMPY]
    assert workers == [first]
    assert other.ended
    assert steps == {TUSHUO: (100, 3)}


def test_results_must_agree():
    rounds.agree([[1.0], [2.0, 3.0]], [[1.0001], [2.0, 3.0]], (1e-3, 0))
    with pytest.raises(AssertionError, match="differ"):
        rounds.agree([[1.0], [2.0, 3.0]], [[1.0], [2.0, 3.1]], (1e-3, 0))


def test_a_resting_worker_takes_no_time():
    worker = Worker(TUSHUO, "F-eager", PYTHON, 1)
    try:
        if not Path(f"/proc/{worker.process.pid}/stat").exists():
            pytest.skip("needs /proc")
        worker.ask(check=3)
        before = ticks(worker.process.pid)
        time.sleep(0.1)
        assert ticks(worker.process.pid) == before
        assert state(worker.process.pid) == "T"
        assert worker.ask(time=3, before=1)["seconds"] > 0
    finally:
        worker.end()
    assert worker.process.poll() is not None


def test_a_worker_that_fails_says_why():
    with pytest.raises(WorkerError, match="hand"):
        Worker(NUMPY, "F-eager", PYTHON, 1)


def test_disturbed_rounds_are_dropped():
    figures = found([1, 1, 1, 5, 1], [100, 100, 100, 100, 60, 100])
    assert figures.clean == [0, 1, 2]
    assert figures.disturbed == 2
    assert figures.median(TUSHUO) == 1


def test_where_most_rounds_are_disturbed_all_count():
    assert found([1, 2], [100, 50, 50]).clean == [0, 1]
    assert found([1, 2, 3], [100] * 4, cores=0.5).disturbed == 3


@pytest.mark.parametrize("threads", [1, 2])
def test_the_peak_of_the_machine(threads):
    pytest.importorskip("llvmlite")
    best = peak(min(threads, os.cpu_count() or 1))
    assert 0.5 < best.gflops < 1e5
    assert 0.05 < best.gbytes < 1e4


def ticks(pid: int) -> int:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
