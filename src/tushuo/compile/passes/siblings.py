"""Siblings: loops that read the same large array become one, which reads it once.

Where one of them sums over more axes than the other, its sum is made in two steps: over the axes
of both together, and then, of what is left, over the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from math import prod

from tushuo.compile.codegen.support import PRODUCTS, REDUCTIONS, VIEWS
from tushuo.compile.direct import MAPS
from tushuo.compile.passes.fuse import Loop
from tushuo.compile.program import Instruction, Program, Value
from tushuo.graph.ops.reduce import Sum

_FAR = 1 << 20
"""From how many bytes on an array comes from memory each time that it is read."""

_LESS = 8
"""By how many times at least a first step makes a sum smaller."""


def siblings(program: Program) -> Program:
    """The program in which fewer loops read large arrays."""
    found = _Program(program)
    large = [x for x, count in program.uses().items() if count > 1 and x.nbytes >= _FAR]
    for x in large:
        found.join(x)
    return program.with_body(found.body) if found.changed else program


class _Program:
    """A program whose loops change.

    Attributes:
        body: Its instructions.
        changed: Whether they are others.
    """

    def __init__(self, program: Program) -> None:
        self.body = list(program.body)
        self.changed = False
        self._uses = program.uses()
        self._makers = program.producers()

    def join(self, x: Value) -> None:
        """Make readers of an array one, two after two, as long as there are any that can be."""
        pair = next(self._pairs(x), None)
        while pair is not None:
            self._merge(*pair)
            pair = next(self._pairs(x), None)

    def _pairs(self, x: Value) -> Iterator[tuple[Instruction, Instruction]]:
        loops = [s for s in self.body if x in s.operands and self._takes(s, x)]
        for first, second in combinations(loops, 2):
            if _alike(first, second) and self._ready(first, second):
                yield first, second

    def _takes(self, step: Instruction, x: Value) -> bool:
        """Whether a loop runs over an array, and will not be the tail of a product."""
        op = step.op
        if not isinstance(op, Loop) or op.shape != x.shape or _copies(op):
            return False
        makers = [self._makers.get(y) for y in step.operands if self._uses[y] == 1]
        return not any(m is not None and isinstance(m.op, (*PRODUCTS, *MAPS)) for m in makers)

    def _ready(self, first: Instruction, second: Instruction) -> bool:
        """Whether all that the second reads is there when the first one runs."""
        before = set(self.body[: self.body.index(first)])
        makers = (self._makers.get(self._origin(x)) for x in second.operands)
        return all(m is None or m in before for m in makers)

    def _origin(self, x: Value) -> Value:
        """What a value is a view of."""
        maker = self._makers.get(x)
        while maker is not None and isinstance(maker.op, VIEWS):
            x = maker.operands[0]
            maker = self._makers.get(x)
        return x

    def _views(self, values: Sequence[Value]) -> list[Instruction]:
        """The views that some values are, each after what it is a view of."""
        found: dict[Instruction, None] = {}
        for x in values:
            chain = []
            maker = self._makers.get(x)
            while maker is not None and isinstance(maker.op, VIEWS):
                chain.append(maker)
                maker = self._makers.get(maker.operands[0])
            found.update(dict.fromkeys(reversed(chain)))
        return list(found)

    def _merge(self, first: Instruction, second: Instruction) -> None:
        """One loop in the place of the first, and what is left of sums of two steps after it."""
        axes = _axes(first, second)
        halves = [_stepwise(each, axes) for each in (first, second)]
        one = _joined(axes, *(half[0] for half in halves))
        new = [one, *(rest for half in halves for rest in half[1:])]
        self._makers.update({y: step for step in new for y in step.results})
        early = [v for v in self._views(second.operands) if v in self.body]
        place = self.body.index(first)
        moved = [v for v in early if self.body.index(v) > place]
        rest = [s for s in self.body[place + 1 :] if s is not second and s not in moved]
        self.body = [*self.body[:place], *moved, *new, *rest]
        self.changed = True


def _copies(op: Loop) -> bool:
    return any(step.op.name == "Copy" for step in op.program.body)


def _alike(first: Instruction, second: Instruction) -> bool:
    """Whether two loops over one shape can be one."""
    axes = _axes(first, second)
    return all(_splits(each, axes) for each in (first, second))


def _axes(first: Instruction, second: Instruction) -> tuple[int, ...]:
    """What both together sum over: the fewer axes, if they sum over different ones."""
    found: list[tuple[int, ...]] = [each.op.axes for each in (first, second)]  # type: ignore[attr-defined]
    return min((axes for axes in found if axes), key=len, default=())


def _splits(step: Instruction, axes: tuple[int, ...]) -> bool:
    """Whether a loop's sums can begin with those over some axes."""
    op: Loop = step.op  # type: ignore[assignment]
    if not op.axes or op.axes == axes:
        return True
    sums = [one.op for one in op.program.body if isinstance(one.op, REDUCTIONS)]
    less = prod(op.shape[i] for i in axes) >= _LESS
    return less and set(axes) < set(op.axes) and all(isinstance(each, Sum) for each in sums)


def _stepwise(step: Instruction, axes: tuple[int, ...]) -> list[Instruction]:
    """The loop with sums over some axes only, and loops that go on with them."""
    op: Loop = step.op  # type: ignore[assignment]
    if not op.axes or op.axes == axes:
        return [step]
    parts: dict[Value, Value] = {}
    body = [_begun(one, axes, parts) for one in op.program.body]
    results = tuple(parts.get(y, y) for y in step.results)
    inner = Program(op.program.inputs, op.program.constants, tuple(body), results)
    first = replace(step, op=Loop(op.shape, axes, inner), results=results)
    makers = op.program.producers()
    return [first, *(_finished(makers[y], part) for y, part in parts.items())]


def _begun(step: Instruction, axes: tuple[int, ...], parts: dict[Value, Value]) -> Instruction:
    if not isinstance(step.op, Sum):
        return step
    op = Sum(axes, keepdims=True)
    spec = op.infer(step.operands[0].spec)
    part = parts[step.result] = Value(spec.shape, spec.dtype)
    return replace(step, op=op, results=(part,))


def _finished(step: Instruction, part: Value) -> Instruction:
    """The loop that sums the sums of the first step."""
    inner = Program((part,), {}, (replace(step, operands=(part,)),), step.results)
    op: Sum = step.op  # type: ignore[assignment]
    return Instruction(Loop(part.shape, op.axes, inner), (part,), step.results, step.source)


def _joined(axes: tuple[int, ...], first: Instruction, second: Instruction) -> Instruction:
    """Two loops over one shape and the same axes as one."""
    one, two = (step.op.program for step in (first, second))  # type: ignore[attr-defined]
    inputs = tuple(dict.fromkeys((*first.operands, *second.operands)))
    results = (*first.results, *second.results)
    constants = {**one.constants, **two.constants}
    inner = Program(inputs, constants, (*one.body, *two.body), results)
    shape = first.op.shape  # type: ignore[attr-defined]
    return Instruction(Loop(shape, axes, inner), inputs, results, second.source)
