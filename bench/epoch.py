"""The first epoch of A1 in a process of its own.

Run by `bench.start`: python -m bench.epoch FAMILY VARIANT THREADS FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from bench.networks import mlp
from bench.worker import prepared
from bench.workloads import Data


def main(family: str, variant: str, threads: str, folder: str) -> None:
    """Read the data, make the network, train it; print the loss."""
    x, y = (np.load(Path(folder) / f"{name}.npy") for name in "xy")
    data = Data(x, y, mlp(784, 30, 10))
    job = prepared(family, variant, "A1", int(threads), data)
    print(float(job.run(len(x))[0]))


if __name__ == "__main__":
    main(*sys.argv[1:])
