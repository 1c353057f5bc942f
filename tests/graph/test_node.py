"""Nodes: what they tell about where a value came from."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import tushuo
from tushuo.graph import grad, ops, variable
from tushuo.nn import Linear


def line() -> int:
    """The line that calls it."""
    return sys._getframe(1).f_lineno


def test_source_is_the_users_line():
    x = variable(2.0)
    y = x * x
    here = line() - 1
    assert Path(y.node.source.file) == Path(__file__)
    assert y.node.source.line == here
    assert str(y.node.source) == f"{__file__}:{here}"


def test_a_statement_over_several_lines():
    x = variable([1.0, 2.0])
    start = line()
    y = ops.sum(
        ops.exp(x)
        * x
    )  # fmt: skip
    product = y.node.inputs[0].node
    exp = product.inputs[0].node
    assert y.node.source.line == start + 1
    assert exp.source.line == start + 2
    assert start + 1 < product.source.line <= start + 3


def test_layers_point_at_the_line_that_calls_them():
    layer, x = Linear(3, 2), variable([[1.0, 2.0, 3.0]], "float32")
    y = layer(x)
    here = line() - 1
    assert y.node.source == (y.node.source.code, y.node.source.instruction)
    assert (y.node.source.file, y.node.source.line) == (__file__, here)


def test_variables_inside_grad():
    seen = []

    def f(x):
        seen.append((x, x * x, line()))
        return seen[0][1]

    grad(f)(3.0)
    call = line() - 1
    x, y, inside = seen[0]
    assert x.node.source.line == call
    assert y.node.source.line == inside


def test_repr():
    x = variable([1.0, 2.0])
    node = (x * 2).node
    assert re.fullmatch(rf"<Multiply -> float64\(2,\) at {re.escape(__file__)}:\d+>", repr(node))


def test_a_folder_whose_name_starts_alike_is_the_users(tmp_path):
    """The package is reached through a link here, beside a script named alike."""
    (tmp_path / "tushuo").symlink_to(Path(tushuo.__file__).parent, target_is_directory=True)
    script = tmp_path / "tushuo_of_mine.py"
    script.write_text("import tushuo\nx = tushuo.variable(1.0)\nprint((x * x).node.source)\n")
    run = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == f"{script}:3"
