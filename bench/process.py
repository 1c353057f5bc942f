"""A worker seen from outside: asked one thing at a time, and at rest in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.engines import Engine
from bench.environments import ROOT, variables


class WorkerError(Exception):
    """A worker that failed; the text says why."""


@contextmanager
def held(threads: int) -> Iterator[None]:
    """Within it what is started runs on so many processors, where the system can do that.

    They are the last ones that this process may use: the first often has the system's own work.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[-threads:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


class Worker:
    """A process with one engine and one workload.

    While it is not asked it is stopped by a signal: threads that wait in a loop for work, as some
    pools' do for a while, would take time from the engine whose turn it is.
    """

    def __init__(self, engine: Engine, workload: str, python: Path, threads: int) -> None:
        self.engine = engine
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - end() closes it
        with held(threads):
            self.process = self._started(engine, workload, python, threads)
        try:
            self.about = self._answer()
        except BaseException:
            self.end()
            raise
        self._rest(True)

    def _started(
        self, engine: Engine, workload: str, python: Path, threads: int
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [python, "-m", "bench.worker", *engine, workload, str(threads)],
            cwd=ROOT,
            env=variables(engine.family, python, threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            start_new_session=True,  # Ctrl-C is for this process, which ends its workers
        )

    def ask(self, **request: Any) -> Any:
        """The answer to a request; see `bench.worker`.

        Raises:
            WorkerError: It failed or ended.
        """
        self._rest(False)
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except OSError:
            raise WorkerError(self._last_words()) from None
        answer = self._answer()
        self._rest(True)
        return answer

    def end(self) -> None:
        """End the process and all that it started."""
        for number in (signal.SIGCONT, signal.SIGKILL) if os.name == "posix" else ():
            self._signal(number)
        self.process.kill()
        self.process.wait()
        self._log.close()

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise WorkerError(self._last_words())
        answer = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def _rest(self, now: bool) -> None:
        if os.name == "posix":
            self._signal(signal.SIGSTOP if now else signal.SIGCONT)

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = [line.strip() for line in self._log.read().splitlines() if line.strip()]
        return lines[-1][:300] if lines else f"ended with status {self.process.wait()}"


@contextmanager
def ended(workers: list[Worker]) -> Iterator[list[Worker]]:
    """End all workers at the end, whatever happens."""
    try:
        yield workers
    finally:
        for worker in workers:
            worker.end()
