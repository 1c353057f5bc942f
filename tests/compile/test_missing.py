from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import tushuo

WITHOUT = """
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "llvmlite" else found(name, *rest)
import tushuo
tushuo.compile(lambda x: x)
"""


def test_the_extra_that_brings_the_compiler_is_named():
    source = str(Path(tushuo.__file__).parents[1])
    command = [sys.executable, "-c", WITHOUT]
    done = subprocess.run(command, env={"PYTHONPATH": source}, capture_output=True, text=True)
    last = done.stderr.strip().splitlines()[-1]
    assert last.endswith(
        "the compiler needs llvmlite, which is not installed; pip install 'tushuo[compile]'"
    )
