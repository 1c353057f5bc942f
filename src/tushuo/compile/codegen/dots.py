"""How products are added up to a vector of sums: numbers of 32 bits alone, smaller ones in groups.

A group is as many numbers of neighbouring channels as 32 bits hold. It is read at once, broadcast,
and multiplied by the same channels' weights, a group for each sum: by one instruction where the
processor has it, else the numbers are taken apart.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir

from tushuo.compile.codegen import vectors
from tushuo.compile.codegen.lane import intrinsic, register_type
from tushuo.compile.codegen.target import Target

_INT32 = ir.IntType(32)


class BFloat(ir.Type):  # type: ignore[misc]
    """LLVM's type of bfloat16."""

    intrinsic_name = "bf16"

    def _to_string(self) -> str:
        return "bfloat"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self))

    def __hash__(self) -> int:
        return hash(type(self))


BFLOAT = BFloat()


class Dot:
    """Sums of products of numbers as they are.

    Args:
        b: Where to write.
        dtype: Of the numbers.
        lanes: How many sums a vector has.
        target: The processor.
    """

    group = 1
    """How many channels are multiplied at a time."""

    def __init__(self, b: ir.IRBuilder, dtype: np.dtype, lanes: int, target: Target) -> None:
        self.b, self.dtype, self.lanes, self.target = b, dtype, lanes, target
        self.sums = ir.VectorType(self.sum_type(), lanes)

    def sum_type(self) -> ir.Type:
        """The type of a sum."""
        return register_type(self.dtype)

    def zero(self) -> ir.Value:
        """A vector of sums to begin with."""
        return ir.Constant(self.sums, None)

    def weights(self, pointer: ir.Value) -> ir.Value:
        """The weights of a group for a vector of sums."""
        return vectors.load(self.b, pointer, self.dtype, self.lanes, self.lanes)

    def numbers(self, pointer: ir.Value) -> ir.Value:
        """A group of numbers of the image, for all sums."""
        return vectors.broadcast(self.b, self.b.load(pointer), self.lanes)

    def add(self, x: ir.Value, w: ir.Value, total: ir.Value) -> ir.Value:
        """The sums after another product each."""
        return intrinsic(self.b, "llvm.fma", self.sums, [x, w, total], [self.sums])


class _Grouped(Dot):
    """Groups in words of 32 bits."""

    def weights(self, pointer: ir.Value) -> ir.Value:
        """Words of weights."""
        return self.b.load(self._words(pointer, self.lanes), align=self.dtype.itemsize)

    def numbers(self, pointer: ir.Value) -> ir.Value:
        """A word of the image, broadcast."""
        word = self.b.bitcast(pointer, _INT32.as_pointer())
        return vectors.broadcast(self.b, self.b.load(word, align=self.dtype.itemsize), self.lanes)

    def _words(self, pointer: ir.Value, count: int) -> ir.Value:
        return self.b.bitcast(pointer, ir.VectorType(_INT32, count).as_pointer())

    def _all(self, number: int) -> ir.Constant:
        return ir.Constant(ir.VectorType(_INT32, self.lanes), [number] * self.lanes)


class BFloat16Dot(_Grouped):
    """Pairs of bfloat16, sums in float32."""

    group = 2

    def sum_type(self) -> ir.Type:
        """A float32."""
        return ir.FloatType()

    def add(self, x: ir.Value, w: ir.Value, total: ir.Value) -> ir.Value:
        """The sums after two more products each."""
        b = self.b
        if self.target.bfloat16:
            kind = ir.VectorType(BFLOAT, 2 * self.lanes)
            args = [total, b.bitcast(x, kind), b.bitcast(w, kind)]
            name = f"llvm.x86.avx512bf16.dpbf16ps.{32 * self.lanes}"
            return intrinsic(b, name, self.sums, args, [])
        for half in (self._lower, self._upper):
            total = super().add(half(x), half(w), total)
        return total

    def _lower(self, pairs: ir.Value) -> ir.Value:
        return self.b.bitcast(self.b.shl(pairs, self._all(16)), self.sums)

    def _upper(self, pairs: ir.Value) -> ir.Value:
        return self.b.bitcast(self.b.and_(pairs, self._all(0xFFFF0000)), self.sums)


class _WholeDot(_Grouped):
    """Whole numbers, sums in int32."""

    bits: int
    instruction: str

    def sum_type(self) -> ir.Type:
        """A word."""
        return _INT32

    def add(self, x: ir.Value, w: ir.Value, total: ir.Value) -> ir.Value:
        """The sums after a group of products each."""
        b = self.b
        if self.target.whole:
            kind = ir.VectorType(ir.IntType(self.bits), self.group * self.lanes)
            args = [total, b.bitcast(x, kind), b.bitcast(w, kind)]
            name = f"llvm.x86.avx512.{self.instruction}.{32 * self.lanes}"
            return intrinsic(b, name, self.sums, args, [])
        for place in range(self.group):
            pair = self.number(x, place), self.signed(w, place)
            total = b.add(total, b.mul(*pair))
        return total

    def number(self, x: ir.Value, place: int) -> ir.Value:
        """A number of the image out of a group."""
        return self.signed(x, place)

    def signed(self, x: ir.Value, place: int) -> ir.Value:
        """A number with a sign out of a group."""
        above = self.b.shl(x, self._all(32 - self.bits * (place + 1)))
        return self.b.ashr(above, self._all(32 - self.bits))


class Int16Dot(_WholeDot):
    """Pairs of int16."""

    group, bits, instruction = 2, 16, "vpdpwssd"


class Int8Dot(_WholeDot):
    """Fours of numbers uint8 of the image times int8 of the weights."""

    group, bits, instruction = 4, 8, "vpdpbusd"

    def number(self, x: ir.Value, place: int) -> ir.Value:
        """A number without a sign."""
        return self.b.and_(self.b.lshr(x, self._all(8 * place)), self._all(0xFF))


def unpacked(b: ir.IRBuilder, vector: ir.Value, dtype: np.dtype) -> ir.Value:
    """Small whole numbers, or the bits of bfloat16, as float32; others as they are."""
    if dtype.name not in DOTS:
        return vector
    kind = ir.VectorType(_INT32, vector.type.count)
    floats = ir.VectorType(ir.FloatType(), kind.count)
    words = (b.sext if dtype.kind == "i" else b.zext)(vector, kind)
    if dtype.name != "uint16":
        return b.sitofp(words, floats)
    return b.bitcast(b.shl(words, ir.Constant(kind, [16] * kind.count)), floats)


DOTS: dict[str, type[Dot]] = {"uint16": BFloat16Dot, "int16": Int16Dot, "uint8": Int8Dot}
"""By the data type of images; others are multiplied as they are."""


def dot(b: ir.IRBuilder, dtype: np.dtype, lanes: int, target: Target) -> Dot:
    """What adds up products of images of a data type."""
    return DOTS.get(dtype.name, Dot)(b, dtype, lanes, target)
