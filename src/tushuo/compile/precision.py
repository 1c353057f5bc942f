"""The precision of products: what ``compile(f, precision=...)`` makes of a traced program."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from typing import Any

import numpy as np

from tushuo.compile.calibration import combined, observed
from tushuo.compile.executable import Executable
from tushuo.compile.passes import LOWERINGS, lowered, optimise, prepared
from tushuo.compile.passes.whole import Range
from tushuo.compile.plan import planned
from tushuo.compile.program import Program
from tushuo.compile.store import Store
from tushuo.errors import UsageError

FULL = "float32"
"""The precision that leaves programs as they are."""

CALIBRATED = ("int16", "int8")
"""Those that need examples."""

SLACK = {"bfloat16": 2.0**-6, "int16": 2.0**-9, "int8": 2.0**-4}
"""How far compiled results may be from the interpreter's, of an array's largest.

A sum that is rounded differently in its last digit may become the neighbouring number of few bits.
"""

Example = Callable[[tuple[Any, ...]], tuple[Hashable, Program, list[np.ndarray]]]
"""For the arguments of a call its signature, the traced program, and the arrays that it takes."""


class Precision:
    """Lowers the products of a function's programs.

    Args:
        name: "float32", "bfloat16", "int16" or "int8".
        examples: The positional arguments of calls; a single argument may stand for itself.
        without: Names of passes to leave out.
        store: Where machine code is kept.

    Raises:
        UsageError: The name is unknown, or examples are missing, not wanted or no list.
    """

    def __init__(
        self,
        name: str,
        examples: Iterable[Any] | None,
        without: Collection[str],
        store: Store | None,
    ) -> None:
        _check(name, examples is not None)
        self.name = name
        self.slack = SLACK.get(name, 0.0)
        self._examples = [] if examples is None else _examples(examples)
        self._without, self._store = without, store
        self._ranges: tuple[Range, ...] | None = None

    def lowered(self, program: Program, example: Example) -> Program:
        """The program with its products lowered, to be optimised like any other.

        Args:
            program: As traced.
            example: Traces an example.

        Raises:
            CompileError: The examples do not fit the program.
        """
        if self.name == FULL or self.name in self._without:
            return program
        ranges = self._known(example) if self.name in CALIBRATED else ()
        return lowered(prepared(program, self._without), self.name, ranges, self._without)

    def _known(self, example: Example) -> Sequence[Range]:
        """The ranges of operands in all examples, found out once."""
        if self._ranges is None:
            made: dict[Hashable, Executable] = {}
            results = []
            for args in self._examples:
                key, program, arrays = example(args)
                if key not in made:
                    seen = optimise(observed(prepared(program, self._without)), self._without)
                    made[key] = Executable(planned(seen), self._store)
                results.append(made[key](arrays))
            self._ranges = combined(results)
            self._examples = []
        return self._ranges


def _examples(given: Iterable[Any]) -> list[tuple[Any, ...]]:
    if not isinstance(given, list | tuple):
        raise UsageError(
            f"calibration: got a {type(given).__name__}, expected a list of examples",
            hint="compile(f, precision=..., calibration=[x1, x2, ...])",
        )
    if not given:
        raise UsageError("there is no example to calibrate with", hint="give at least one")
    return [x if isinstance(x, tuple) else (x,) for x in given]


def _check(name: str, has_examples: bool) -> None:
    if name != FULL and name not in LOWERINGS:
        choices = ", ".join((FULL, *LOWERINGS))
        raise UsageError(f"no precision {name!r:.60}", hint=f"choose among {choices}")
    if name in CALIBRATED and not has_examples:
        raise UsageError(
            f"precision {name!r} needs examples of calls, to see what numbers occur",
            hint="compile(f, precision=..., calibration=[x1, x2, ...]); 'bfloat16' needs none",
        )
    if has_examples and name not in CALIBRATED:
        raise UsageError(
            f"precision {name!r} has no use for calibration",
            hint=f"leave it out, or choose among {', '.join(CALIBRATED)}",
        )
