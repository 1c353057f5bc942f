"""The passes: small steps from the traced program to the one that code is written for.

Each takes a program and returns one that computes the same. They run in the order of
:data:`PASSES`; the program is verified after each.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from tushuo.compile.passes.bfloat16 import bfloat16
from tushuo.compile.passes.common import share
from tushuo.compile.passes.convolve import convolve
from tushuo.compile.passes.dead import prune
from tushuo.compile.passes.expand import expand
from tushuo.compile.passes.fold import fold
from tushuo.compile.passes.fuse import fuse
from tushuo.compile.passes.narrow import narrow
from tushuo.compile.passes.norms import norms
from tushuo.compile.passes.pack import pack
from tushuo.compile.passes.recompute import recompute
from tushuo.compile.passes.siblings import siblings
from tushuo.compile.passes.simplify import simplify
from tushuo.compile.passes.tables import tables
from tushuo.compile.passes.tails import tails
from tushuo.compile.passes.views import copies
from tushuo.compile.passes.whole import Range, int8, int16
from tushuo.compile.program import Program
from tushuo.compile.verify import verify
from tushuo.errors import UsageError

Pass = Callable[[Program], Program]

PASSES: dict[str, Pass] = {
    "fold": fold,
    "norms": norms,
    "tables": tables,
    "pack": pack,
    "convolve": convolve,
    "expand": expand,
    "simplify": simplify,
    "narrow": narrow,
    "share": share,
    "prune": prune,
    "copies": copies,
    "fuse": fuse,
    "recompute": recompute,
    "siblings": siblings,
    "tails": tails,
}
"""Name -> pass, in the order in which they run."""

LOWERINGS: dict[str, Callable[[Program, Sequence[Range]], Program]] = {
    "bfloat16": lambda program, _: bfloat16(program),
    "int16": int16,
    "int8": int8,
}
"""Precision -> the pass that lowers products to it, given the ranges of their operands."""

PREPARING = ("fold", "norms", "tables")
"""Passes before that, so that it finds the weights as they will be."""

NEEDED = ("copies",)
"""Passes without which no code can be written."""


def optimise(program: Program, without: Collection[str] = ()) -> Program:
    """The program after all passes but those named.

    Args:
        program: A traced program.
        without: Names of passes to leave out, to find one that is at fault.

    Raises:
        UsageError: A name is unknown or of a pass that is needed.
        CompileError: A pass broke a rule of programs.
    """
    _check(without)
    for name, one in PASSES.items():
        program = _after(name, one, program, without)
    return program


def prepared(program: Program, without: Collection[str] = ()) -> Program:
    """The program after the passes before lowering, but those named."""
    _check(without)
    for name in PREPARING:
        program = _after(name, PASSES[name], program, without)
    return program


def lowered(
    program: Program, precision: str, ranges: Sequence[Range], without: Collection[str] = ()
) -> Program:
    """A prepared program with products of lower precision.

    Args:
        program: The program.
        precision: A key of :data:`LOWERINGS`.
        ranges: Between which numbers the operand of each product lies, for those that need it.
        without: Names of passes to leave out.

    Raises:
        CompileError: The ranges are those of another program.
    """
    lower = LOWERINGS[precision]
    return _after(precision, lambda program: lower(program, ranges), program, without)


def _after(name: str, one: Pass, program: Program, without: Collection[str]) -> Program:
    if name in without:
        return program
    program = one(program)
    verify(program, after=name)
    return program


def _check(without: Collection[str]) -> None:
    for name in without:
        if name not in {**PASSES, **LOWERINGS} or name in NEEDED:
            choices = ", ".join(p for p in (*PASSES, *LOWERINGS) if p not in NEEDED)
            raise UsageError(f"no pass {name!r} can be left out", hint=f"choose among {choices}")
