"""A call, traced: the arrays of its arguments are the inputs, all else is part of the program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from tushuo.compile.naming import names_of
from tushuo.compile.program import Program
from tushuo.compile.signature import Taken, data_of, is_tensor
from tushuo.compile.trace import trace
from tushuo.compile.verify import verify
from tushuo.graph.op import Spec
from tushuo.graph.tensor import Tensor
from tushuo.graph.tree import leaves, tree_map


class TracedCall(NamedTuple):
    """What a call leaves.

    Attributes:
        program: Its inputs are the arrays of the arguments, then those that are drawn.
        draws: What makes each of the latter.
        result: What the function returned, with Tensors without values.
    """

    program: Program
    draws: list[Callable[[], np.ndarray]]
    result: Any


def traced_call(
    f: Callable[..., Any], taken: Taken, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> TracedCall:
    """Run a function without values.

    Args:
        f: The function, of trees.
        taken: Its arguments, taken apart.
        args: The same arguments.
        kwargs: Those that have names.

    Raises:
        CompileError: The function asks for values.
    """
    result: list[Any] = []

    def run(*tensors: Tensor) -> list[Any]:
        known = {id(x): t for x, t in zip(taken.arrays, tensors, strict=True)}
        traced_args, traced_kwargs = tree_map(
            lambda x: known[id(data_of(x))] if is_tensor(x) else x, (args, kwargs)
        )
        result.append(f(*traced_args, **traced_kwargs))
        return [_as_tensor(y) for y in leaves(result[0]) if is_tensor(y)]

    program, draws = trace(run, [Spec(x.shape, x.dtype) for x in taken.arrays])
    names = names_of(f, args, kwargs, taken.arrays)
    program = replace(program, names=dict(zip(program.inputs, names, strict=False)))
    verify(program, after="trace")
    return TracedCall(program, draws, result[0])


def _as_tensor(x: Any) -> Tensor:
    return x if isinstance(x, Tensor) else Tensor(x)
