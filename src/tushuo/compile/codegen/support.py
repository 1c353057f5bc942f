"""Which operations machine code can be written for: found out by trying."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from llvmlite import ir

from tushuo.compile.codegen.assembly import ASSEMBLIES
from tushuo.compile.codegen.gather import GATHERS
from tushuo.compile.codegen.lane import Lane, UnsupportedError, register_type
from tushuo.compile.codegen.space import SPACE
from tushuo.compile.direct import Direct
from tushuo.compile.lowered import Lowered
from tushuo.graph.op import Elementwise, Op, Spec
from tushuo.graph.ops import compare, index, movement, reduce, rounding
from tushuo.graph.ops.gather import Take, TakeAlongAxis
from tushuo.graph.ops.joining import Concat, Stack
from tushuo.graph.ops.matmul import Inner, MatMul
from tushuo.graph.origin import Alias

ELEMENTWISE = (Elementwise, compare.Truth, rounding.Step, movement.AsType)
"""Operations that compute each element from those at its place."""

VIEWS = (
    Alias,
    movement.Reshape,
    movement.PermuteDims,
    movement.BroadcastTo,
    movement.Flip,
    index.GetItem,
)
"""Operations that need no code."""

PRODUCTS = (MatMul, Inner)

REDUCTIONS = (reduce.Sum, reduce.Max, reduce.Min, reduce.Any, reduce.All)

RUNNING = (reduce.CumulativeSum, reduce.ArgMax, reduce.ArgMin)

SINGLE = (*PRODUCTS, *ASSEMBLIES, *GATHERS, *RUNNING, Direct)
"""Operations with a kernel of their own, that do not join loops."""

_OF_BOOLEANS = (Concat, Stack, Take, TakeAlongAxis, reduce.ArgMax, reduce.ArgMin)


def native(op: Op, specs: tuple[Spec, ...]) -> bool:
    """Whether an operation needs no NumPy."""
    if isinstance(op, VIEWS):
        return True
    if isinstance(op, SINGLE):
        return single(op, specs)
    return emits(op, specs)


def single(op: Op, specs: tuple[Spec, ...]) -> bool:
    """Whether a kernel of its own can compute an operation."""
    dtype = specs[0].dtype
    if isinstance(op, Lowered):
        return True
    if isinstance(op, (*PRODUCTS, Direct)):
        return all(x.dtype.name in ("float32", "float64") for x in specs)
    if not isinstance(op, SINGLE) or not _has_type(dtype):
        return False
    if isinstance(op, GATHERS) and not (_has_type(specs[1].dtype) and specs[1].dtype.kind in "iu"):
        return False
    return dtype.kind != "b" or isinstance(op, _OF_BOOLEANS)


def emits(op: Op, specs: tuple[Spec, ...], lanes: int = 0) -> bool:
    """Whether a loop can compute an operation, on vectors of so many lanes if that is not 0."""
    dtypes = tuple(x.dtype for x in specs)
    if isinstance(op, REDUCTIONS):
        return _has_type(dtypes[0]) and (dtypes[0].kind != "b" or isinstance(op, reduce.Verdict))
    if not isinstance(op, ELEMENTWISE):
        return False
    try:
        return _tried(op, dtypes, lanes)
    except TypeError:  # an operation that cannot be hashed
        return _tried.__wrapped__(op, dtypes, lanes)


@lru_cache(4096)
def _tried(op: Op, dtypes: tuple[np.dtype, ...], lanes: int) -> bool:
    """Whether the value of an operation can be computed on elements."""
    try:
        kinds = [register_type(dtype) for dtype in dtypes]
        if lanes:
            kinds = [ir.VectorType(kind, lanes) for kind in kinds]
        function = ir.Function(ir.Module(), ir.FunctionType(ir.VoidType(), kinds), "trial")
        builder = ir.IRBuilder(function.append_basic_block())
        args = [Lane(builder, x, d) for x, d in zip(function.args, dtypes, strict=True)]
        result = op.forward(SPACE, *args)
        wanted = op.infer(*(Spec((), dtype) for dtype in dtypes)).dtype
    except Exception:  # whatever a forward needs that single elements lack
        return False
    return isinstance(result, Lane) and result.dtype == wanted


def _has_type(dtype: np.dtype) -> bool:
    try:
        register_type(dtype)
    except UnsupportedError:
        return False
    return True
