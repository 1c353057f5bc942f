"""The passes: small steps from the traced program to the one that code is written for.

Each takes a program and returns one that computes the same. They run in the order of
:data:`PASSES`; the program is verified after each.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from tushuo.compile.passes.common import share
from tushuo.compile.passes.convolve import convolve
from tushuo.compile.passes.dead import prune
from tushuo.compile.passes.expand import expand
from tushuo.compile.passes.fold import fold
from tushuo.compile.passes.fuse import fuse
from tushuo.compile.passes.narrow import narrow
from tushuo.compile.passes.norms import norms
from tushuo.compile.passes.pack import pack
from tushuo.compile.passes.simplify import simplify
from tushuo.compile.passes.tails import tails
from tushuo.compile.passes.views import copies
from tushuo.compile.program import Program
from tushuo.compile.verify import verify
from tushuo.errors import UsageError

Pass = Callable[[Program], Program]

PASSES: dict[str, Pass] = {
    "fold": fold,
    "norms": norms,
    "pack": pack,
    "convolve": convolve,
    "expand": expand,
    "simplify": simplify,
    "narrow": narrow,
    "share": share,
    "prune": prune,
    "copies": copies,
    "fuse": fuse,
    "tails": tails,
}
"""Name -> pass, in the order in which they run."""

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
    for name in without:
        if name not in PASSES or name in NEEDED:
            choices = ", ".join(p for p in PASSES if p not in NEEDED)
            raise UsageError(f"no pass {name!r} can be left out", hint=f"choose among {choices}")
    for name, one in PASSES.items():
        if name not in without:
            program = one(program)
            verify(program, after=name)
    return program
