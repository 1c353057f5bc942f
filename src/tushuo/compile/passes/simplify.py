"""Algebra: operations that change nothing, or that a cheaper one can replace.

Only rules that keep every result are here, to the bit where there is no rounding, NaN and infinity
included. So ``x + 0.0`` stays, which turns -0.0 into 0.0, and ``x * 0`` too.
"""

from __future__ import annotations

from collections.abc import Callable
from math import copysign

import numpy as np

from tushuo.compile.passes.dead import prune
from tushuo.compile.passes.rewrite import Retrace, rewritten
from tushuo.compile.program import Program
from tushuo.graph.abstract import Abstract
from tushuo.graph.op import Elementwise, Op
from tushuo.graph.ops import arithmetic, compare, gather, math, movement, reduce
from tushuo.graph.origin import Alias
from tushuo.graph.tensor import Tensor

Operands = tuple[Tensor, ...]

_FEWER = 8
"""By how many times fewer elements are worth to be taken first."""


def simplify(program: Program) -> Program:
    """The program after all rules, each tried on every instruction until nothing changes."""
    while True:
        before = [step.op for step in program.body]
        program = prune(rewritten(program, _simpler))
        if [step.op for step in program.body] == before:
            return program


def _simpler(tracer: Retrace, op: Op, operands: Operands) -> Tensor | None:
    if isinstance(op, Elementwise | compare.Truth):
        narrow = _without_broadcast(tracer, op, operands)
        if narrow is not None:
            return narrow
    rule = RULES.get(type(op))
    return None if rule is None else rule(tracer, op, operands)


def _without_broadcast(tracer: Retrace, op: Op, operands: Operands) -> Tensor | None:
    """An elementwise operation broadcasts by itself."""
    makers = [tracer.made_by(x) for x in operands]
    narrow = [
        inner[0] if isinstance(maker, movement.BroadcastTo) else x
        for x, (maker, inner) in zip(operands, makers, strict=True)
    ]
    if all(a is b for a, b in zip(narrow, operands, strict=True)):
        return None
    shape = np.broadcast_shapes(*(x.shape for x in operands))
    if np.broadcast_shapes(*(x.shape for x in narrow)) != shape:
        return None
    return op(*narrow)


def _alias(tracer: Retrace, op: Op, operands: Operands) -> Tensor | None:
    return operands[0]


def _neutral_right(number: float) -> Rule:
    def rule(tracer: Retrace, op: Op, operands: Operands) -> Tensor | None:
        x, y = operands
        return x if _is(y, number) and _keeps_shape(x, y) else None

    return rule


def _product(tracer: Retrace, op: Op, operands: Operands) -> Tensor | None:
    for x, y in (operands, operands[::-1]):
        if _is(y, 1) and _keeps_shape(x, y):
            return x
    return None


def _guarded_product(tracer: Retrace, op: Op, operands: Operands) -> Tensor | None:
    """A finite factor other than 0 needs no guard."""
    if any(_is_plain(x) for x in operands):
        same = _product(tracer, op, operands)
        return arithmetic.multiply(*operands) if same is None else same
    return None


def _guarded_quotient(tracer: Retrace, op: Op, operands: Operands) -> Tensor | None:
    t, y = operands
    return arithmetic.divide(t, y) if _is_plain(y) else None


def _sum_of_opposite(tracer: Retrace, op: Op, operands: Operands) -> Tensor | None:
    """``x + (-y)`` is ``x - y``."""
    for x, y in (operands, operands[::-1]):
        maker, inner = tracer.made_by(y)
        if isinstance(maker, arithmetic.Negative):
            return arithmetic.subtract(x, inner[0])
    return None


def _opposite(tracer: Retrace, op: Op, operands: Operands) -> Tensor | None:
    maker, inner = tracer.made_by(operands[0])
    return inner[0] if isinstance(maker, arithmetic.Negative) else None


def _power(tracer: Retrace, op: Op, operands: Operands) -> Tensor | None:
    x, y = operands
    if _is(y, 2) and _keeps_shape(x, y):
        return math.square(x)
    return x if _is(y, 1) and _keeps_shape(x, y) else None


def _reshape(tracer: Retrace, op: Op, operands: Operands) -> Tensor | None:
    """Of two reshapings only the last counts, and one that changes nothing does not."""
    (x,) = operands
    maker, inner = tracer.made_by(x)
    if isinstance(maker, movement.Reshape):
        return movement.reshape(inner[0], op.shape)  # type: ignore[attr-defined]
    return x if x.shape == op.shape else None  # type: ignore[attr-defined]


def _permute(tracer: Retrace, op: Op, operands: Operands) -> Tensor | None:
    maker, inner = tracer.made_by(operands[0])
    if isinstance(maker, movement.PermuteDims):
        axes = [maker.axes[i] for i in op.axes]  # type: ignore[attr-defined]
        return movement.permute_dims(inner[0], axes)
    return None


def _sum(tracer: Retrace, op: Op, operands: Operands) -> Tensor | None:
    """A sum over axes of length 1 moves nothing, and one of rows of zeros but for one is that."""
    (x,), axes = operands, op.axes  # type: ignore[attr-defined]
    if all(x.shape[i] == 1 for i in axes):
        return movement.reshape(x, reduce.reduced(x.shape, axes, op.keepdims))  # type: ignore[attr-defined]
    maker, inner = tracer.made_by(x)
    one = isinstance(maker, gather.PutAlongAxisAdd) and inner[0].shape[-1] == 1
    if one and axes == (x.ndim - 1,) and x.dtype.kind == "f":
        return reduce.sum(inner[0] + 0.0, axes, op.keepdims)  # type: ignore[attr-defined]
    return None


def _take_along(tracer: Retrace, op: Op, operands: Operands) -> Tensor | None:
    """What is computed element by element is computed of the elements taken."""
    x, i = operands
    maker, inner = tracer.made_by(x)
    if not isinstance(maker, Elementwise) or i.shape[:-1] != x.shape[:-1]:
        return None
    if _FEWER * i.shape[-1] > x.shape[-1]:
        return None
    taken = [_taken(y, x, i) for y in inner]
    if any(y is None for y in taken):
        return None
    found: Tensor = maker(*taken)
    return found if found.shape == i.shape else None


def _taken(y: Tensor, x: Tensor, i: Tensor) -> Tensor | None:
    """The elements of an operand that belong to those of ``x`` at the indices."""
    if y.shape == x.shape:
        return gather.take_along_axis(y, i, axis=-1)
    if y.shape == x.shape[-1:]:
        return gather.take(y, i, axis=0)
    return y if y.ndim == 0 or y.shape[-1] == 1 else None


Rule = Callable[[Retrace, Op, Operands], Tensor | None]

RULES: dict[type[Op], Rule] = {
    Alias: _alias,
    arithmetic.Add: _sum_of_opposite,
    arithmetic.Subtract: _neutral_right(0),
    arithmetic.Multiply: _product,
    arithmetic.Divide: _neutral_right(1),
    arithmetic.Negative: _opposite,
    arithmetic.Pow: _power,
    arithmetic.GuardedMultiply: _guarded_product,
    arithmetic.GuardedDivide: _guarded_quotient,
    movement.Reshape: _reshape,
    movement.PermuteDims: _permute,
    reduce.Sum: _sum,
    gather.TakeAlongAxis: _take_along,
}


def _is(x: Tensor, number: float) -> bool:
    """Whether a Tensor is known to be one number everywhere, zero with its sign."""
    value = _known(x)
    if value is None:
        return False
    return value == number and copysign(1, value) == copysign(1, number)


def _is_plain(x: Tensor) -> bool:
    """Whether a Tensor is known to be one finite number other than 0."""
    value = _known(x)
    return value is not None and bool(np.isfinite(value)) and value != 0


def _known(x: Tensor) -> float | None:
    """The number that a constant is everywhere."""
    array = x.data
    if isinstance(array, Abstract) or array.size == 0:
        return None
    first = array.flat[0]
    if array.size > 1 and any(array.strides) and not (array == first).all():
        return None
    number: float = first.item()
    return number


def _keeps_shape(x: Tensor, y: Tensor) -> bool:
    return bool(np.broadcast_shapes(x.shape, y.shape) == x.shape)
