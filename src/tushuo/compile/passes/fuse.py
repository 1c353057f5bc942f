"""Fusion: elementwise operations and the reductions that end them become one loop.

A loop runs over one shape. It may hold operations of that shape, which read others by
broadcasting, and reductions over the same axes of what it computed. Two operations join if a value
flows from one to the other inside the loop, and no path leaves the loop and comes back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tushuo.compile.codegen.support import REDUCTIONS, emits
from tushuo.compile.passes.views import Copy
from tushuo.compile.program import Instruction, Program, Value
from tushuo.graph.op import Op, Shape, Spec


@dataclass(frozen=True, eq=False)
class Loop(Op):
    """A group of operations that one loop computes.

    Attributes:
        shape: What the loop runs over.
        axes: The axes that its reductions sum over, none if there are no reductions.
        program: The operations; its outputs are what later instructions read.
    """

    shape: Shape
    axes: tuple[int, ...]
    program: Program = field(repr=False)

    def infer(self, *inputs: Spec) -> Spec:
        """Of a loop with one result."""
        (result,) = self.program.outputs
        return result.spec


@dataclass(eq=False)
class _Cluster:
    """Instructions that will be one: ``shape`` is None for those that stay alone.

    Attributes:
        members: Their numbers, ascending.
        shape: What the loop runs over.
        axes: What it sums over.
        after: The clusters that it reads from.
        users: Those that read from it.
        high: The largest number of its members and of all that it depends on.
    """

    members: list[int]
    shape: Shape | None
    axes: tuple[int, ...]
    after: set[_Cluster]
    high: int
    users: set[_Cluster] = field(default_factory=set)


def fuse(program: Program) -> Program:
    """The program with loops for all that machine code can be written for."""
    clusters = _Clusters(program)
    for i in range(len(program.body)):
        clusters.add(i)
    uses = _readers(program)
    body = [clusters.instruction(c, uses) for c in clusters.ordered()]
    return program.with_body(body)


def loop_of(step: Instruction) -> tuple[Shape, tuple[int, ...]] | None:
    """The shape and the axes of the loop that can compute an instruction, None if none can."""
    specs = tuple(x.spec for x in step.operands)
    if isinstance(step.op, REDUCTIONS) and emits(step.op, specs):
        return step.operands[0].shape, step.op.axes
    return (step.result.shape, ()) if emits(step.op, specs) else None


def unlike(
    x: Value,
    shape: Shape | None,
    axes: tuple[int, ...],
    own_shape: Shape | None,
    own_axes: tuple[int, ...],
) -> str:
    """Why one loop cannot run over what another one does, nothing if it can.

    Args:
        x: The value that flows from the other one.
        shape: What the other one runs over, None if it is no loop.
        axes: What it sums over.
        own_shape: What the loop runs over.
        own_axes: What it sums over.
    """
    if shape is None or own_shape is None:
        return "not both are loops"
    if shape != own_shape:
        return "they run over different shapes"
    if x.shape != own_shape:
        return "what it reads has to be complete first"
    if axes and own_axes and axes != own_axes:
        return "they sum over different axes"
    return ""


class _Clusters:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.of: dict[Value, _Cluster] = {}
        self.all: dict[_Cluster, None] = {}
        self._makers = program.producers()

    def add(self, i: int) -> None:
        """Put an instruction into the clusters of its operands, or into one of its own."""
        step = self.program.body[i]
        loop = loop_of(step)
        parents = {self.of[x] for x in step.operands if x in self.of}
        own = _Cluster([i], loop and loop[0], loop[1] if loop else (), parents, i)
        for earlier in parents:
            earlier.users.add(own)
        self.all[own] = None
        self.of.update(dict.fromkeys(step.results, own))
        if loop is not None and not isinstance(step.op, Copy):  # two orders would be slow together
            for x in step.operands:
                parent = self.of.get(x)
                if parent and parent is not own and self._join(parent, own, x):
                    own = self._merge(parent, own)

    def _join(self, parent: _Cluster, own: _Cluster, x: Value) -> bool:
        """Whether two clusters can be one, by the value ``x`` that flows between them."""
        if unlike(x, parent.shape, parent.axes, own.shape, own.axes):
            return False
        return self._closed(parent, own) and self._closed(own, parent)

    def _closed(self, first: _Cluster, second: _Cluster) -> bool:
        """Whether what goes from one cluster to the other can stay inside of one loop."""
        if any(self._reduces(x) for x in self._flow(first, second)):
            return False
        return not self._reach(second.after - {first}, first)

    def _flow(self, first: _Cluster, second: _Cluster) -> Iterable[Value]:
        """The values that go from one cluster to another."""
        for i in second.members:
            for x in self.program.body[i].operands:
                if self.of.get(x) is first:
                    yield x

    def _reduces(self, x: Value) -> bool:
        return isinstance(self._makers[x].op, REDUCTIONS)

    def _reach(self, start: Iterable[_Cluster], goal: _Cluster) -> bool:
        """Whether one of some clusters comes after the goal.

        What depends on nothing as late as the goal cannot, and need not be looked through.
        """
        stack, seen = list(start), set()
        while stack:
            cluster = stack.pop()
            if cluster is goal:
                return True
            if cluster not in seen and cluster.high >= goal.members[0]:
                seen.add(cluster)
                stack.extend(cluster.after)
        return False

    def _merge(self, first: _Cluster, second: _Cluster) -> _Cluster:
        """Make the second a part of the first."""
        first.members = sorted(first.members + second.members)
        first.axes = first.axes or second.axes
        for i in second.members:
            self.of.update(dict.fromkeys(self.program.body[i].results, first))
        del self.all[second]
        for cluster in second.after:
            cluster.users.remove(second)
            cluster.users.add(first)
        for cluster in second.users:
            cluster.after.remove(second)
            cluster.after.add(first)
        first.after = (first.after | second.after) - {first, second}
        first.users = (first.users | second.users) - {first, second}
        self._raise(first, second.high)
        return first

    def _raise(self, cluster: _Cluster, high: int) -> None:
        """Note that a cluster, and all that comes after it, depends on something late."""
        stack = [cluster]
        while stack:
            cluster = stack.pop()
            if cluster.high < high:
                cluster.high = high
                stack.extend(cluster.users)

    def ordered(self) -> list[_Cluster]:
        """The clusters, each after those it reads from, else in the order of the program."""
        done: dict[_Cluster, None] = {}
        for root in sorted(self.all, key=lambda c: c.members[-1]):
            stack = [(root, False)]
            while stack:
                cluster, ready = stack.pop()
                if ready:
                    done[cluster] = None
                elif cluster not in done:
                    stack.append((cluster, True))
                    stack.extend((c, False) for c in cluster.after)
        return list(done)

    def instruction(self, cluster: _Cluster, readers: dict[Value, set[int]]) -> Instruction:
        """What a cluster becomes: a loop, or the instruction as it was."""
        body = tuple(self.program.body[i] for i in cluster.members)
        if cluster.shape is None:
            return body[0]
        members = set(cluster.members)
        made = [y for step in body for y in step.results]
        kept = tuple(y for y in made if not readers[y] <= members)
        read = dict.fromkeys(x for step in body for x in step.operands if x not in made)
        known = {x: a for x, a in self.program.constants.items() if x in read and _single(a)}
        inputs = tuple(x for x in read if x not in known)
        inner = Program(inputs, known, body, kept)
        return Instruction(Loop(cluster.shape, cluster.axes, inner), inputs, kept, body[-1].source)


def _single(array: object) -> bool:
    return not any(array.strides) if array.size else False  # type: ignore[attr-defined]


def _readers(program: Program) -> dict[Value, set[int]]:
    """For each value the numbers of the instructions that read it; -1 is the return."""
    readers: dict[Value, set[int]] = {y: set() for step in program.body for y in step.results}
    for i, step in enumerate(program.body):
        for x in step.operands:
            readers.get(x, set()).add(i)
    for y in program.outputs:
        readers.get(y, set()).add(-1)
    return readers
