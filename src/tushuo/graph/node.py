"""The vertices of the graph: what made a value, from what, and where in the code."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, NamedTuple

from tushuo.graph.backend import Array

if TYPE_CHECKING:
    from tushuo.graph.op import Op
    from tushuo.graph.tensor import Tensor

_PACKAGE = str(Path(__file__).parents[1]) + os.sep
_inside: dict[str, bool] = {}
"""For each source file, whether it is one of this package: asked at every operation."""


class Source(NamedTuple):
    """A place in the user's code: what is cheap to take at every operation, resolved when read."""

    code: CodeType
    instruction: int

    @property
    def file(self) -> str:
        """The path of the source file."""
        return self.code.co_filename

    @property
    def line(self) -> int:
        """The line number, from 1."""
        positions = list(self.code.co_positions())
        return positions[self.instruction // 2][0] or self.code.co_firstlineno

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Node:
    """One vertex of a graph. It is never changed after it was made.

    Attributes:
        op: The operation that made the value.
        inputs: Its operands; those without a node are constants.
        data: The value.
    """

    __slots__ = ("_place", "data", "inputs", "op")

    def __init__(
        self, op: Op, inputs: tuple[Tensor, ...], data: Array, place: tuple[CodeType, int]
    ) -> None:
        self.op = op
        self.inputs = inputs
        self.data = data
        self._place = place

    @property
    def source(self) -> Source:
        """The user's line that made the node."""
        return Source(*self._place)

    def __repr__(self) -> str:
        return f"<{self.op.name} -> {self.data.dtype}{tuple(self.data.shape)} at {self.source}>"


def caller() -> tuple[CodeType, int]:
    """The innermost line outside this package that led here, as code and instruction."""
    frame = sys._getframe(2)
    while True:
        code = frame.f_code
        inside = _inside.get(code.co_filename)
        if inside is None:
            inside = _inside[code.co_filename] = code.co_filename.startswith(_PACKAGE)
        if not inside or frame.f_back is None:
            return code, frame.f_lasti
        frame = frame.f_back
