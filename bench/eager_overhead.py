"""The cost of an operation besides its arithmetic: a chain of small products and its gradient.

Twenty multiplications of 10 x 10 float64 matrices, forward and backward; HIPS/autograd runs the
same chain beside it where it is installed. The figure is the best of several rounds, since other
work on the machine only ever adds time.

Run: python bench/eager_overhead.py [--rounds N]
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from typing import Any

for setting in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # they slow small products down
    os.environ.pop(setting, None)

import numpy as np  # noqa: E402

import tushuo  # noqa: E402

LENGTH = 20
CALLS = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    x = np.random.default_rng(0).uniform(0.9, 1.1, (10, 10))
    jobs = {"tushuo": gradient(tushuo.grad, tushuo.sum, tushuo.asarray(x)), **autograd(x)}
    times = {name: best(job, rounds) for name, job in jobs.items()}
    for name, seconds in times.items():
        print(f"{name:10} {seconds / LENGTH * 1e6:6.2f} microseconds an operation")
    if "autograd" not in times:
        print("autograd   not installed")


def gradient(grad: Any, total: Any, x: Any) -> Callable[[], Any]:
    def chain(x: Any) -> Any:
        y = x
        for _ in range(LENGTH):
            y = y * x
        return total(y)

    differentiated = grad(chain)
    return lambda: differentiated(x)


def autograd(x: np.ndarray) -> dict[str, Callable[[], Any]]:
    try:
        import autograd
        import autograd.numpy
    except ImportError:
        return {}
    return {"autograd": gradient(autograd.grad, autograd.numpy.sum, x)}


def best(job: Callable[[], Any], rounds: int) -> float:
    """Seconds of one call, in the best of several rounds."""
    job()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(CALLS):
            job()
        times.append((time.perf_counter() - start) / CALLS)
    return min(times)


if __name__ == "__main__":
    main()
