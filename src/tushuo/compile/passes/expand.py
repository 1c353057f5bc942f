"""Expansion: an operation without machine code of its own becomes simpler ones.

Its ``forward`` is written for arrays of any library. Run on traced Tensors, with the Tensor
functions for a library, it leaves the operations it consists of: softmax a maximum, a difference,
exponentials, a sum and a quotient.
"""

from __future__ import annotations

from typing import Any

from tushuo.compile.codegen.support import native
from tushuo.compile.passes.rewrite import Retrace, rewritten
from tushuo.compile.program import Program
from tushuo.graph import ops
from tushuo.graph.op import Op
from tushuo.graph.tensor import Tensor, asarray


def expand(program: Program) -> Program:
    """The program with what machine code can be written for, where that is possible."""
    return rewritten(program, _expanded)


class TensorSpace:
    """The functions of the array API on Tensors."""

    _CONSTANTS = frozenset(("inf", "nan", "pi", "float32", "float64", "int32", "int64", "bool"))

    def __getattr__(self, name: str) -> Any:
        import numpy as np

        return getattr(np if name in self._CONSTANTS else ops, name)

    def asarray(self, value: Any, dtype: Any = None) -> Tensor:
        """The argument as a Tensor."""
        return asarray(value, dtype)


_SPACE = TensorSpace()


def _expanded(tracer: Retrace, op: Op, operands: tuple[Tensor, ...]) -> Tensor | None:
    specs = tuple(tracer.value(x.data).spec for x in operands)
    if native(op, specs):
        return None
    first = len(tracer.body)
    try:
        result = op.forward(_SPACE, *operands)
    except Exception:  # whatever a forward needs that Tensors lack: it runs in NumPy
        result = None
    new = tracer.body[first:]
    good = all(native(step.op, tuple(x.spec for x in step.operands)) for step in new)
    if isinstance(result, Tensor) and good and tracer.value(result.data).spec == op.infer(*specs):
        return result
    del tracer.body[first:]
    return None
