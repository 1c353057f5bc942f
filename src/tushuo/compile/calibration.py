"""Calibration: between which numbers the operands of products lie, in calls that are examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TypeAlias

import numpy as np

from tushuo.compile.naming import address
from tushuo.compile.passes.lowering import product_of
from tushuo.compile.passes.rewrite import Retrace, rewritten
from tushuo.compile.passes.whole import Range
from tushuo.compile.program import Program
from tushuo.errors import CompileError, UsageError
from tushuo.graph import ops
from tushuo.graph.abstract import Abstract
from tushuo.graph.op import Op
from tushuo.graph.ops.conv import Conv2d
from tushuo.graph.ops.matmul import Inner, MatMul
from tushuo.graph.tensor import Tensor

Ranges: TypeAlias = Mapping[str, Range]
"""For each product with constant weights, by their name, the range of what they multiply."""


def labels(program: Program, names: Mapping[int, str]) -> list[str]:
    """The names of the products with constant weights, in order.

    Args:
        program: As it is before its products are lowered.
        names: The paths of weights by their addresses, as from :func:`.naming.constants_of`.

    Returns:
        For each the path of its weights, with ``#2`` behind it where they are used for the second
        time; those of unknown weights are numbered, as ``product 3``.
    """
    found: list[str] = []
    used: Counter[str] = Counter()

    def look(tracer: Retrace, op: Op, operands: tuple[Tensor, ...]) -> None:
        product = product_of(op, operands)
        if product is not None:
            name = names.get(address(product.w), f"product {len(found)}")
            used[name] += 1
            found.append(name if used[name] == 1 else f"{name}#{used[name]}")

    rewritten(program, look)
    return found


def checked(ranges: Ranges) -> dict[str, Range]:
    """Ranges that were given.

    Raises:
        UsageError: Something is no pair of finite numbers, the least first.
    """
    for name, found in ranges.items():
        pair = isinstance(found, tuple | list) and len(found) == 2
        if not pair or not all(isinstance(x, int | float) and isfinite(x) for x in found):
            raise UsageError(f"range of {name!r:.60}: got {found!r:.60}, expected two numbers")
        if found[0] > found[1]:
            raise UsageError(f"range of {name!r:.60}: {found[0]} is above {found[1]}")
    return {name: (float(low), float(high)) for name, (low, high) in ranges.items()}


def observed(program: Program) -> Program:
    """A program that returns the extremes of what its products with constant weights multiply.

    Args:
        program: The program, as it is before its products are lowered.

    Returns:
        The same inputs; for each such product the least and the largest element of its operand.

    Raises:
        CompileError: There is no such product.
    """
    found: list[Tensor] = []
    last: list[Retrace] = []
    constant: list[bool] = []  # for each product, whether its weights are

    def look(tracer: Retrace, op: Op, operands: tuple[Tensor, ...]) -> None:
        last[:] = [tracer]
        product = product_of(op, operands)
        if isinstance(op, Conv2d | Inner | MatMul):
            constant.append(not isinstance(operands[1].data, Abstract))
        if product is not None:
            found.extend((ops.min(product.x), ops.max(product.x)))

    seen = rewritten(program, look)
    if not found:
        raise CompileError(
            "nothing here can have a lower precision",
            hint="it is for products and convolutions whose weights are float32 constants: "
            + _missing(constant),
        )
    return seen.with_body(last[0].body, [last[0].value(x.data) for x in found])


def _missing(constant: Sequence[bool]) -> str:
    """What there is instead of products that could be lowered, given whose weights are constant."""
    if not constant:
        return "here are none"
    if any(constant):
        return "those here are too small, of other data types, or convolutions in groups"
    return "close over the model instead of passing it"


def combined(results: Sequence[tuple[Sequence[str], Sequence[np.ndarray]]]) -> dict[str, Range]:
    """The ranges of all examples.

    Args:
        results: For each the names of the products, and what the observed program returned.

    Raises:
        CompileError: The examples led different ways through the function, or something was not
            finite.
    """
    if len({tuple(names) for names, _ in results}) != 1:
        raise CompileError(
            "the examples for calibration led different ways through the function",
            hint="give examples of one structure",
        )
    found = [arrays for _, arrays in results]
    extremes = np.array(found, dtype=np.float64).reshape(len(found), -1, 2)
    low, high = extremes[:, :, 0].min(axis=0), extremes[:, :, 1].max(axis=0)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise CompileError(
            "the examples for calibration lead to numbers that are not finite",
            hint="calibrate with arguments like those of later calls",
        )
    pairs = zip(low.tolist(), high.tolist(), strict=True)
    return dict(zip(results[0][0], pairs, strict=True))
