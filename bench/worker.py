"""A process with one engine and one workload, which does what it is told by lines of JSON.

Run by `bench.process`: python -m bench.worker FAMILY VARIANT WORKLOAD THREADS
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from bench.engines import FAMILIES
from bench.job import Job, fingerprint
from bench.networks import trained
from bench.workloads import WORKLOADS


def main(family: str, variant: str, name: str, threads: str) -> None:
    """Prepare, say so, then answer line by line until there is no more."""
    _end_with_parent()
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the engine prints is not an answer
    for reply in _answers(family, variant, name, int(threads)):
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


def _end_with_parent() -> None:
    """Have Linux end this process when the one that started it ends, which may have stopped it."""
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def _answers(family: str, variant: str, name: str, threads: int) -> Iterator[dict[str, Any]]:
    try:
        job = prepared(family, variant, name, threads)
        yield {"versions": _versions(family)}
        yield from _served(job, sys.stdin)
    except Exception as error:
        traceback.print_exc()
        yield {"error": f"{type(error).__name__}: {error}".splitlines()[0][:300]}


def prepared(family: str, variant: str, name: str, threads: int, data: Any = None) -> Job:
    """The job, with the workload's own data unless others are given."""
    workload = WORKLOADS[name]
    data = data or workload.make(workload.steps)
    engine = importlib.import_module(f"bench.engines.{family}")
    engine.use(threads)
    job: Job = engine.JOBS[workload.kind, variant](data)
    return job


def _versions(family: str) -> dict[str, str]:
    packages, root = FAMILIES[family].packages, FAMILIES[family].root
    names = [package.partition("==")[0] for package in packages] or [root]
    return {name: version(name) for name in names}


def _served(job: Job, requests: TextIO) -> Iterator[dict[str, Any]]:
    for line in iter(requests.readline, ""):
        request = json.loads(line)
        if "check" in request:
            job.reset()
            results = job.run(request["check"])
            share = job.agreement()
            share = _agreement(results[0]) if share is None else share
            yield {"results": fingerprint(results), "agreement": share}
        elif "time" in request:
            yield timed(job, request["time"], request["before"])
        else:
            yield {"memory": peak_memory()}


def _agreement(logits: Any) -> float | None:
    """The share of photographs (N, 1000) whose likeliest class is that of trained float32."""
    labels = trained("labels") if np.ndim(logits) == 2 else None
    if labels is None:
        return None
    return float(np.mean(np.argmax(logits, 1) == labels[: len(logits)]))


def timed(job: Job, steps: int, before: int) -> dict[str, float]:
    """Seconds and processor seconds of so many steps, after some that fill the caches."""
    job.reset()
    job.run(before)
    job.reset()
    cpu, start = time.process_time(), time.perf_counter()
    job.run(steps)
    return {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}


def peak_memory() -> int:
    """The most bytes of memory that this process had at a time."""
    status = Path("/proc/self/status")
    if status.exists():  # the figure below would count the process that started this one, too
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main(*sys.argv[1:])
