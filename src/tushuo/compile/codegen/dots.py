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

Factors = tuple[ir.Value, ...]
"""Vectors whose products, one by one, are added up."""


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

    def weights(self, pointer: ir.Value) -> Factors:
        """The weights of a group for a vector of sums."""
        return (vectors.load(self.b, pointer, self.dtype, self.lanes, self.lanes),)

    def numbers(self, pointer: ir.Value) -> Factors:
        """A group of numbers of the image, for all sums."""
        return (vectors.broadcast(self.b, self.b.load(pointer), self.lanes),)

    def add(self, x: Factors, w: Factors, total: ir.Value) -> ir.Value:
        """The sums after the products of a group each."""
        for pair in zip(x, w, strict=True):
            total = self.add_one(*pair, total)
        return total

    def add_one(self, x: ir.Value, w: ir.Value, total: ir.Value) -> ir.Value:
        """The sums after the products of a vector each."""
        return intrinsic(self.b, "llvm.fma", self.sums, [x, w, total], [self.sums])


class _Grouped(Dot):
    """Groups in words of 32 bits, which are taken apart where there is no instruction for them."""

    bits: int
    instruction: str

    @property
    def helped(self) -> bool:
        """Whether the processor has the instruction."""
        return self.target.whole

    def number_type(self) -> ir.Type:
        """The type of one of a group, as the instruction takes it."""
        return ir.IntType(self.bits)

    def weights(self, pointer: ir.Value) -> Factors:
        """Words of weights, or the numbers in them."""
        where = self.b.bitcast(pointer, ir.VectorType(_INT32, self.lanes).as_pointer())
        words = self.b.load(where, align=self.dtype.itemsize)
        places = range(self.group)
        return (words,) if self.helped else tuple(self.weight(words, i) for i in places)

    def numbers(self, pointer: ir.Value) -> Factors:
        """A word of the image, or the numbers in it, broadcast."""
        where = self.b.bitcast(pointer, _INT32.as_pointer())
        word = self.b.load(where, align=self.dtype.itemsize)
        words, places = vectors.broadcast(self.b, word, self.lanes), range(self.group)
        return (words,) if self.helped else tuple(self.number(words, i) for i in places)

    def add_one(self, x: ir.Value, w: ir.Value, total: ir.Value) -> ir.Value:
        """The sums after the products of words, or of one number of each."""
        if not self.helped:
            return self.add_apart(x, w, total)
        kind = ir.VectorType(self.number_type(), self.group * self.lanes)
        args = [total, self.b.bitcast(x, kind), self.b.bitcast(w, kind)]
        name = f"llvm.x86.{self.instruction}.{32 * self.lanes}"
        return intrinsic(self.b, name, self.sums, args, [])

    def add_apart(self, x: ir.Value, w: ir.Value, total: ir.Value) -> ir.Value:
        """The sums after a product of whole numbers each."""
        return self.b.add(total, self.b.mul(x, w))

    def weight(self, words: ir.Value, place: int) -> ir.Value:
        """One of the weights in a word, with its sign."""
        above = self.b.shl(words, self._all(32 - self.bits * (place + 1)))
        return self.b.ashr(above, self._all(32 - self.bits))

    def number(self, words: ir.Value, place: int) -> ir.Value:
        """One of the numbers of the image in a word."""
        return self.weight(words, place)

    def _all(self, number: int) -> ir.Constant:
        return ir.Constant(ir.VectorType(_INT32, self.lanes), [number] * self.lanes)


class BFloat16Dot(_Grouped):
    """Pairs of bfloat16, sums in float32."""

    group, bits, instruction = 2, 16, "avx512bf16.dpbf16ps"

    @property
    def helped(self) -> bool:
        """Whether the processor has the instruction."""
        return self.target.bfloat16

    def number_type(self) -> ir.Type:
        """A bfloat16."""
        return BFLOAT

    def sum_type(self) -> ir.Type:
        """A float32."""
        return ir.FloatType()

    def add_apart(self, x: ir.Value, w: ir.Value, total: ir.Value) -> ir.Value:
        """The sums after a product of floats each."""
        return intrinsic(self.b, "llvm.fma", self.sums, [x, w, total], [self.sums])

    def weight(self, words: ir.Value, place: int) -> ir.Value:
        """The lower or the upper one, as float32."""
        b = self.b
        bits = b.and_(words, self._all(0xFFFF0000)) if place else b.shl(words, self._all(16))
        return b.bitcast(bits, self.sums)


class Int16Dot(_Grouped):
    """Pairs of int16, sums in int32."""

    group, bits, instruction = 2, 16, "avx512.vpdpwssd"

    def sum_type(self) -> ir.Type:
        """A word."""
        return _INT32


class Int8Dot(_Grouped):
    """Fours of numbers uint8 of the image times int8 of the weights, sums in int32."""

    group, bits, instruction = 4, 8, "avx512.vpdpbusd"

    def sum_type(self) -> ir.Type:
        """A word."""
        return _INT32

    def number(self, words: ir.Value, place: int) -> ir.Value:
        """One of the numbers, which have no sign."""
        return self.b.and_(self.b.lshr(words, self._all(8 * place)), self._all(0xFF))


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
