"""What a function was compiled to, in several versions of what it holds beside its arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import is_
from typing import Any, NamedTuple

import numpy as np

from tushuo.compile.executable import Executable
from tushuo.compile.guard import Assembler, Guard
from tushuo.compile.program import Program
from tushuo.compile.watch import Watch

VERSIONS = 16
"""How many programs a signature may have, for as many networks with buffers; the oldest go."""


class Made(NamedTuple):
    """What one signature was compiled to.

    Attributes:
        program: As it was traced.
        draws: What makes each of its last inputs, which are random.
        executable: Runs it.
        result: What the function returned, without values.
        recognise: Takes arguments apart, if they have this signature and cells.
        assemble: Puts outputs into the places of the result.
        cells: The buffers among the arguments and their arrays, which are constants of the program.
        watch: Looks at whatever else became a part of it.
    """

    program: Program
    draws: Sequence[Callable[[], np.ndarray]]
    executable: Executable
    result: Any
    recognise: Guard
    assemble: Assembler
    cells: Sequence[Any]
    watch: Watch

    def fits(self, cells: Sequence[Any]) -> bool:
        """Whether it computes what the function would now, with these buffers."""
        return _same(cells, self.cells) and self.watch.current()


def with_version(versions: Sequence[Made], made: Made) -> list[Made]:
    """Versions with one more.

    Of those that lie in what has changed since, as weights that were replaced, only the last stays:
    a mode may be switched to and fro. Buffers that were exchanged are gone, too.
    """
    past = [x for x in versions if not x.watch.current() or _exchanged(x, made)]
    rest = [x for x in versions if all(x is not y for y in past[:-1])]
    return [*rest, made][-VERSIONS:]


def _exchanged(old: Made, new: Made) -> bool:
    """Whether the same buffers hold other arrays now."""
    return bool(new.cells) and _same(old.cells[::2], new.cells[::2])


def _same(some: Sequence[Any], others: Sequence[Any]) -> bool:
    return len(some) == len(others) and all(map(is_, some, others))
