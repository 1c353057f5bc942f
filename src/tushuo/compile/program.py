"""Programs: what a traced function computes, as a list of instructions in SSA form.

Each value is defined once, by an input, a constant or an instruction, and never changes::

    program(%0: float32[10, 784], %1: float32[30, 784]) {
      %2: float32[10, 30] = Inner(%0, %1)
      %3: float32[10, 30] = Sigmoid(%2)
      return %3
    }
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from tushuo.graph.node import Source
from tushuo.graph.op import Op, Shape, Spec

if TYPE_CHECKING:
    from tushuo.draw import Drawing


class Value:
    """What an input, a constant or an instruction defines; itself only, whatever it looks like.

    Attributes:
        shape: The length of each axis.
        dtype: The data type.
    """

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: Shape, dtype: np.dtype) -> None:
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype)

    @property
    def spec(self) -> Spec:
        """Shape and data type."""
        return Spec(self.shape, self.dtype)

    @property
    def size(self) -> int:
        """The number of elements."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """The length of the elements in bytes."""
        return self.size * self.dtype.itemsize

    def __repr__(self) -> str:
        return f"{self.dtype}{list(self.shape)}"


@dataclass(frozen=True, eq=False)
class Instruction:
    """One step of a program.

    Attributes:
        op: The operation.
        operands: What it reads.
        results: What it defines: one value, but for groups of operations.
        source: The user's line that asked for it, if known.
    """

    op: Op
    operands: tuple[Value, ...]
    results: tuple[Value, ...]
    source: Source | None = None

    @property
    def result(self) -> Value:
        """The only result."""
        (value,) = self.results
        return value


@dataclass(frozen=True, eq=False)
class Program:
    """A function of arrays.

    Attributes:
        inputs: Its parameters.
        constants: Values that are known, with their arrays.
        body: The instructions, each after what it reads.
        outputs: What it returns; a value may be returned twice, and an input or constant too.
    """

    inputs: tuple[Value, ...]
    constants: Mapping[Value, np.ndarray]
    body: tuple[Instruction, ...]
    outputs: tuple[Value, ...]
    names: Mapping[Value, str] = field(default_factory=dict)
    """Paths of the inputs, as ``0.layers.0.weight``."""

    def with_body(self, body: Sequence[Instruction], outputs: Sequence[Value] = ()) -> Program:
        """The program with other instructions, and other outputs where they are given."""
        return replace(self, body=tuple(body), outputs=tuple(outputs) or self.outputs)

    def producers(self) -> dict[Value, Instruction]:
        """For each value that an instruction defines, the instruction."""
        return {value: step for step in self.body for value in step.results}

    def uses(self) -> dict[Value, int]:
        """How often each value is read; a return is a reading."""
        count: dict[Value, int] = {}
        for value in self._reads():
            count[value] = count.get(value, 0) + 1
        return count

    def _reads(self) -> Iterator[Value]:
        for step in self.body:
            yield from step.operands
        yield from self.outputs

    def draw(self, title: str = "program") -> Drawing:
        """A drawing of the instructions, with what loops consist of: as SVG, PNG, DOT, a page."""
        from tushuo.compile.explain.drawing import program_drawn

        return program_drawn(self, title)

    def __str__(self) -> str:
        return "\n".join(lines(self))


def lines(program: Program, title: str = "program", numbers: Numbers | None = None) -> list[str]:
    """The text of a program, a line an instruction; groups show what they consist of."""
    names = numbers or Numbers()
    inputs = ", ".join(f"{names[x]}: {x!r}" for x in program.inputs)
    text = [f"{title}({inputs}) {{"]
    used = program.uses()
    for value, array in program.constants.items():
        if value in used:
            text.append(f"  {names[value]}: {value!r} = {_constant(array)}")
    for step in program.body:
        text += [f"  {line}" for line in _instruction(step, names)]
    text.append(f"  return {', '.join(names[x] for x in program.outputs)}")
    return [*text, "}"]


class Numbers:
    """Names for values, in the order in which they are first met: %0, %1, ..."""

    def __init__(self) -> None:
        self._given: dict[Value, str] = {}

    def __getitem__(self, value: Value) -> str:
        return self._given.setdefault(value, f"%{len(self._given)}")


def _instruction(step: Instruction, names: Numbers) -> list[str]:
    inner = getattr(step.op, "program", None)
    operands = ", ".join(names[x] for x in step.operands)
    results = ", ".join(f"{names[x]}: {x!r}" for x in step.results)
    head = f"{results} = {describe(step.op)}({operands})"
    if not isinstance(inner, Program):
        return [head]
    return [f"{head} {{", *[f"  {line}" for line in lines(inner)[1:-1]], "}"]


def describe(op: Op) -> str:
    """The name of an operation with its parameters, as ``Sum[axes=(0,), keepdims=False]``."""
    if not is_dataclass(op):
        return op.name
    shown = [f"{f.name}={getattr(op, f.name)!r}" for f in fields(op) if f.repr]
    return f"{op.name}[{', '.join(shown)}]" if shown else op.name


def _constant(array: np.ndarray) -> str:
    if array.size == 1 or not any(array.strides):
        return repr(array.flat[0].item()) if array.size else "[]"
    return f"constant {np.array2string(array.ravel()[:4], separator=', ')[:-1]}, ...]"
