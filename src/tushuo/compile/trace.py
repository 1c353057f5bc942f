"""Tracing: a function is run once on arrays without elements, and leaves a program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tushuo.compile.program import Instruction, Program, Value
from tushuo.errors import CompileError
from tushuo.graph.abstract import Abstract
from tushuo.graph.node import Source, caller
from tushuo.graph.op import Op, Shape, Spec
from tushuo.graph.tensor import Tensor


class Tracer:
    """Records the operations on abstract arrays as instructions.

    Attributes:
        constants: The arrays that the function used beside its arguments.
        body: The instructions so far.
        draws: For each array that is to be made anew at each call, the function that makes it.
    """

    def __init__(self) -> None:
        self.constants: dict[Value, np.ndarray] = {}
        self.body: list[Instruction] = []
        self.draws: dict[Value, Callable[[], np.ndarray]] = {}
        self._values: dict[Abstract, Value] = {}
        self._known: dict[int, tuple[Any, Value]] = {}  # arrays are kept, so that ids stay theirs

    def abstract(self, value: Value) -> Abstract:
        """An abstract array that stands for a value."""
        array = Abstract(value.shape, value.dtype, self)
        self._values[array] = value
        return array

    def tensor(self, value: Value) -> Tensor:
        """A Tensor that stands for a value."""
        return Tensor.of(self.abstract(value))

    def value(self, array: Any) -> Value:
        """The value that an array stands for; a real array becomes a constant."""
        if isinstance(array, Abstract):
            if array not in self._values:
                raise CompileError(
                    f"a traced Tensor {array!r} was kept from the compilation of another function",
                    hint="return it from that function instead of storing it",
                )
            return self._values[array]
        if id(array) not in self._known:
            self._known[id(array)] = array, self.constant(np.asarray(array))
        return self._known[id(array)][1]

    def constant(self, array: np.ndarray) -> Value:
        """A value that is known; the array is kept."""
        value = Value(array.shape, array.dtype)
        self.constants[value] = array
        return value

    def record(self, op: Op, arrays: Sequence[Any]) -> Abstract:
        """Note an operation: called by ``apply`` where an operand is abstract."""
        operands = tuple(map(self.value, arrays))
        spec = op.infer(*(x.spec for x in operands))
        result = Value(spec.shape, spec.dtype)
        self.body.append(Instruction(op, operands, (result,), Source(*caller())))
        return self.abstract(result)

    def draw(self, make: Callable[[], np.ndarray], shape: Shape, dtype: Any) -> Abstract:
        """Note an array that is made anew at each call."""
        value = Value(shape, dtype)
        self.draws[value] = make
        return self.abstract(value)


def trace(f: Callable[..., Sequence[Any]], specs: Sequence[Spec]) -> tuple[Program, list[Any]]:
    """The program of a function of Tensors.

    Args:
        f: Takes Tensors and returns Tensors.
        specs: Shape and data type of each argument.

    Returns:
        The program, and what makes its last inputs: a function for each array that was drawn.

    Raises:
        CompileError: The function asks for values.
    """
    tracer = Tracer()
    inputs = [Value(*spec) for spec in specs]
    results = f(*map(tracer.tensor, inputs))
    outputs = [tracer.value(y.data) for y in results]
    program = Program(
        (*inputs, *tracer.draws), tracer.constants, tuple(tracer.body), tuple(outputs)
    )
    return program, list(tracer.draws.values())
