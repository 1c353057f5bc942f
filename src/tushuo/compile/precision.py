"""The precision of products: what ``compile(f, precision=...)`` makes of a traced program."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np

from tushuo.compile.calibration import Ranges, checked, combined, labels, observed
from tushuo.compile.executable import Executable
from tushuo.compile.passes import LOWERINGS, lowered, optimise, prepared
from tushuo.compile.passes.whole import Range
from tushuo.compile.plan import planned
from tushuo.compile.program import Program
from tushuo.compile.store import Store
from tushuo.compile.watch import Watch
from tushuo.errors import CompileError, UsageError

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
        calibration: The positional arguments of calls, of which a single one may stand for itself;
            or the ranges that were found with such.
        without: Names of passes to leave out.
        store: Where machine code is kept.

    Raises:
        UsageError: The name is unknown, or examples are missing, not wanted or no list, or a range
            is none.
    """

    def __init__(
        self,
        name: str,
        calibration: Iterable[Any] | Ranges | None,
        without: Collection[str],
        store: Store | None,
    ) -> None:
        _check(name, calibration is not None)
        self.name = name
        self.slack = SLACK.get(name, 0.0)
        self._given = checked(calibration) if isinstance(calibration, Mapping) else None
        others = None if isinstance(calibration, Mapping) else calibration
        self._examples = [] if others is None else _examples(others)
        self._without, self._store = without, store
        self._ranges: dict[str, Range] | None = self._given
        self._watch: Watch | None = None

    def lowered(self, program: Program, example: Example, names: Mapping[int, str]) -> Program:
        """The program with its products lowered, to be optimised like any other.

        Args:
            program: As traced.
            example: Traces an example.
            names: The paths of weights by their addresses.

        Raises:
            CompileError: The examples or ranges do not fit the program.
        """
        if self.name == FULL or self.name in self._without:
            return program
        if any(0 in x.shape for x in program.inputs):  # there is nothing to multiply
            return program
        ready = prepared(program, self._without)
        ranges = self._fitting(ready, example, names) if self.name in CALIBRATED else ()
        return lowered(ready, self.name, ranges, self._without)

    def _fitting(
        self, program: Program, example: Example, names: Mapping[int, str]
    ) -> Sequence[Range]:
        """The ranges of a program's products, in order."""
        known, wanted = self.ranges(example, names), labels(program, names)
        if self._given is None:
            if list(known) != wanted:
                raise CompileError(
                    "the examples for calibration led another way through the function",
                    hint="give examples of the same structure as the arguments of the calls",
                )
        elif missing := [name for name in wanted if name not in known]:
            raise CompileError(
                f"no range is known for {missing[0]!r:.90} ({len(missing)} of {len(wanted)} "
                "products)",
                hint="these are ranges of another function: calibrate this one",
            )
        return [known[name] for name in wanted]

    def ranges(self, example: Example, names: Mapping[int, str]) -> dict[str, Range]:
        """The ranges of operands in all examples, found out once; or those given.

        Args:
            example: As of :meth:`lowered`.
            names: The same.
        """
        if self._ranges is None and self._examples:
            made: dict[Hashable, tuple[list[str], Executable]] = {}
            results = []
            for args in self._examples:
                key, program, arrays = example(args)
                if key not in made:
                    made[key] = self._observing(program, names)
                wanted, executable = made[key]
                results.append((wanted, executable(arrays)))
            self._ranges = combined(results)
        return self._ranges or {}

    def forget(self, watch: Watch) -> None:
        """Forget ranges that were found with other weights than the function has now.

        Args:
            watch: Looks at its weights.
        """
        if self._watch is None or not self._watch.current():
            self._watch, self._ranges = watch, self._given

    def anew(self) -> Precision:
        """The same for another function."""
        other = copy(self)
        other._watch = None
        return other

    def _observing(
        self, program: Program, names: Mapping[int, str]
    ) -> tuple[list[str], Executable]:
        """The names of a program's products, and what finds the extremes of their operands."""
        ready = prepared(program, self._without)
        seen = optimise(observed(ready), self._without)
        return labels(ready, names), Executable(planned(seen), self._store)


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
