"""One element of an array, or a vector of them, as a value of machine code.

A :class:`Lane` behaves like an array without axes, so the ``forward`` of an elementwise operation
can be run on it: what it computes with is code. :data:`tushuo.compile.codegen.space.SPACE` is the
namespace of functions that goes with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from llvmlite import ir

BIT, BYTE, INT64 = ir.IntType(1), ir.IntType(8), ir.IntType(64)

_FLOATS: dict[str, ir.Type] = {"float32": ir.FloatType(), "float64": ir.DoubleType()}
_INTEGERS = {f"{sign}int{bits}": ir.IntType(bits) for sign in ("", "u") for bits in (8, 16, 32, 64)}
TYPES: dict[str, ir.Type] = {"bool": BIT, **_INTEGERS, **_FLOATS}
"""For each data type, its type in a register; a bool takes a byte in memory."""


class UnsupportedError(Exception):
    """Machine code for this is not written; the operation runs in NumPy instead."""


def register_type(dtype: np.dtype) -> ir.Type:
    """The type of an element in a register.

    Raises:
        UnsupportedError: There is none for the data type.
    """
    try:
        return TYPES[dtype.name]
    except KeyError:
        raise UnsupportedError(f"no machine type for {dtype}") from None


def memory_type(dtype: np.dtype) -> ir.Type:
    """The type of an element in memory."""
    kind = register_type(dtype)
    return BYTE if kind is BIT else kind


class Lane:
    """An element in a register, with the arithmetic of NumPy.

    Attributes:
        builder: Where instructions are written.
        value: The register.
        dtype: The data type of the element.
    """

    ndim: ClassVar[int] = 0
    shape: ClassVar[tuple[int, ...]] = ()
    __array_ufunc__ = None

    def __init__(self, builder: ir.IRBuilder, value: ir.Value, dtype: np.dtype) -> None:
        self.builder = builder
        self.value = value
        self.dtype = dtype

    @property
    def kind(self) -> str:
        """NumPy's letter: "f", "i", "u" or "b"."""
        return str(self.dtype.kind)

    def of(self, value: ir.Value, dtype: Any = None) -> Lane:
        """Another register beside this one."""
        return Lane(self.builder, value, self.dtype if dtype is None else np.dtype(dtype))

    def number(self, number: Any, dtype: Any = None) -> Lane:
        """A Python number in this data type, or another; a Lane as it is."""
        if isinstance(number, Lane):
            return number
        dtype = self.dtype if dtype is None else np.dtype(dtype)
        return Lane(self.builder, filled(self.wide(register_type(dtype)), number, dtype), dtype)

    def wide(self, kind: ir.Type) -> ir.Type:
        """A type, or vectors of it if this is a vector."""
        own = self.value.type
        return ir.VectorType(kind, own.count) if isinstance(own, ir.VectorType) else kind

    def call(self, name: str, *others: Lane) -> Lane:
        """An intrinsic function of LLVM on operands of this type."""
        args = [self.value, *(x.value for x in others)]
        kind = self.value.type
        return self.of(intrinsic(self.builder, name, kind, args, [kind]))

    def _pair(self, other: Any) -> tuple[ir.Value, ir.Value]:
        y = self.number(other)
        if y.dtype != self.dtype:
            raise UnsupportedError(f"{self.dtype} with {y.dtype}")
        return self.value, y.value

    def _arithmetic(self, other: Any, real: str, whole: str | None) -> Lane:
        name = real if self.kind == "f" else whole
        if name is None or self.kind == "b":
            raise UnsupportedError(f"{real} of {self.dtype}")
        return self.of(getattr(self.builder, name)(*self._pair(other)))

    def __add__(self, other: Any) -> Lane:
        return self._arithmetic(other, "fadd", "add")

    def __radd__(self, other: Any) -> Lane:
        return self.number(other) + self

    def __sub__(self, other: Any) -> Lane:
        return self._arithmetic(other, "fsub", "sub")

    def __rsub__(self, other: Any) -> Lane:
        return self.number(other) - self

    def __mul__(self, other: Any) -> Lane:
        return self._arithmetic(other, "fmul", "mul")

    def __rmul__(self, other: Any) -> Lane:
        return self.number(other) * self

    def __truediv__(self, other: Any) -> Lane:
        return self._arithmetic(other, "fdiv", None)

    def __rtruediv__(self, other: Any) -> Lane:
        return self.number(other) / self

    def __neg__(self) -> Lane:
        if self.kind == "f":
            return self.of(self.builder.fneg(self.value))
        return self.number(0) - self

    def __pow__(self, other: Any) -> Lane:
        from tushuo.compile.codegen.libm import call

        return call("pow", self, self.number(other))

    def compare(self, other: Any, sign: str) -> Lane:
        """A comparison; all but ``!=`` are false for NaN."""
        x, y = self._pair(other)
        if self.kind == "f":
            ordered = self.builder.fcmp_unordered if sign == "!=" else self.builder.fcmp_ordered
            return self.of(ordered(sign, x, y), np.bool_)
        signed = self.builder.icmp_signed if self.kind == "i" else self.builder.icmp_unsigned
        return self.of(signed(sign, x, y), np.bool_)

    def __eq__(self, other: object) -> Lane:  # type: ignore[override]
        return self.compare(other, "==")

    def __ne__(self, other: object) -> Lane:  # type: ignore[override]
        return self.compare(other, "!=")

    def __lt__(self, other: Any) -> Lane:
        return self.compare(other, "<")

    def __le__(self, other: Any) -> Lane:
        return self.compare(other, "<=")

    def __gt__(self, other: Any) -> Lane:
        return self.compare(other, ">")

    def __ge__(self, other: Any) -> Lane:
        return self.compare(other, ">=")

    def __and__(self, other: Lane) -> Lane:
        return self.of(self.builder.and_(*self._pair(other)))

    def __or__(self, other: Lane) -> Lane:
        return self.of(self.builder.or_(*self._pair(other)))

    def __xor__(self, other: Lane) -> Lane:
        return self.of(self.builder.xor(*self._pair(other)))

    def __invert__(self) -> Lane:
        return self.of(self.builder.not_(self.value))

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise UnsupportedError("a choice by value")


def constant(number: Any, dtype: np.dtype) -> ir.Constant:
    """A number as an operand of an instruction."""
    return filled(register_type(dtype), number, dtype)


def filled(kind: ir.Type, number: Any, dtype: np.dtype | None = None) -> ir.Constant:
    """A number as an operand of a type, in all lanes if that is a vector's."""
    exact = number if dtype is None else np.asarray(number).astype(dtype).item()
    return ir.Constant(kind, [exact] * kind.count if isinstance(kind, ir.VectorType) else exact)


def intrinsic(
    b: ir.IRBuilder,
    name: str,
    kind: ir.Type,
    args: Sequence[ir.Value],
    suffixes: Sequence[ir.Type],
    flags: Sequence[str] = (),
) -> ir.Value:
    """A call of an intrinsic function of LLVM, whose full name tells the types it is for."""
    full = ".".join([name, *map(_suffix, suffixes)])
    function = b.module.globals.get(full)
    if function is None:
        signature = ir.FunctionType(kind, [x.type for x in args])
        function = ir.Function(b.module, signature, full)
    return b.call(function, args, fastmath=flags)


def _suffix(kind: ir.Type) -> str:
    if isinstance(kind, ir.PointerType):
        return "p0"
    if isinstance(kind, ir.VectorType):
        return f"v{kind.count}{_suffix(kind.element)}"
    return str(kind.intrinsic_name)
