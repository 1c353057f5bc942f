"""Parts: functions of machine code that the kernels of all programs share.

A kernel calls a part by a name that tells everything that the part's code depends on. Whoever loads
the kernel finds the names in its object code, and knows by them what to write, or that it is there
already.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields

from llvmlite import ir

from tushuo.compile.codegen.target import Target

_NAME = re.compile(rb"tushuo_part_(\w+)")


@dataclass(frozen=True)
class Part:
    """What one function is for; the fields of a subclass are numbers.

    Attributes:
        bits: The length of an element; it is a float.
    """

    bits: int

    def __init_subclass__(cls) -> None:
        _KINDS[cls.__name__] = cls

    @property
    def name(self) -> str:
        """The function's name."""
        numbers = (str(int(getattr(self, f.name))) for f in fields(self))
        return "_".join(["tushuo_part", type(self).__name__, *numbers])

    def signature(self) -> Sequence[ir.Type]:
        """The types of the arguments."""
        raise NotImplementedError

    def body(self, b: ir.IRBuilder, args: Sequence[ir.Value], target: Target) -> None:
        """Write what the function does."""
        raise NotImplementedError

    @property
    def element(self) -> ir.Type:
        """The type of an element."""
        return ir.FloatType() if self.bits == 32 else ir.DoubleType()

    def call(self, b: ir.IRBuilder, args: Sequence[ir.Value]) -> None:
        """Write a call."""
        function = b.module.globals.get(self.name)
        b.call(function or self.declared(b.module), args)

    def declared(self, module: ir.Module) -> ir.Function:
        """The function without its code."""
        function = ir.Function(module, ir.FunctionType(ir.VoidType(), self.signature()), self.name)
        function.attributes.add("nounwind")
        return function


_KINDS: dict[str, type[Part]] = {}


def write_part(part: Part, target: Target) -> str:
    """The text of the module of a part."""
    module = ir.Module(part.name)
    module.triple = target.triple
    function = part.declared(module)
    b = ir.IRBuilder(function.append_basic_block("entry"))
    part.body(b, function.args, target)
    b.ret_void()
    return str(module)


def parts_in(code: bytes) -> set[Part]:
    """The parts that object code calls, or is."""
    return {_named(name.decode()) for name in set(_NAME.findall(code))}


def _named(name: str) -> Part:
    kind, *numbers = name.split("_")
    return _KINDS[kind](*map(int, numbers))
