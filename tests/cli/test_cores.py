from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import tushuo

THREADS = "OPENBLAS_NUM_THREADS"
CODE = f"""
import os
from tushuo.cli.cores import divide_cores
print(divide_cores(), os.getenv({THREADS!r}))
"""


def answer(before: str = "", **variables: str) -> list[str]:
    kept = {k: v for k, v in os.environ.items() if not k.endswith("NUM_THREADS")}
    kept["PYTHONPATH"] = str(Path(tushuo.__file__).parents[1])
    command = [sys.executable, "-c", before + CODE]
    done = subprocess.run(command, env=kept | variables, capture_output=True, check=True, text=True)
    return done.stdout.split()


def test_a_batch_a_core():
    assert answer() == [str(min(8, os.cpu_count() or 1)), "1"]


@pytest.mark.parametrize("name", [THREADS, "OMP_NUM_THREADS"])
def test_a_number_of_threads_that_the_user_chose_is_kept(name):
    assert answer(**{name: "3"}) == ["1", "3" if name == THREADS else "None"]


def test_it_is_too_late_once_numpy_is_loaded():
    assert answer("import numpy") == ["1", "None"]
