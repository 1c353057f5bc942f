"""Programs as drawings: operations and the values between them, fused kernels as parts to fold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from tushuo.compile.explain.table import lengths, microseconds, percent
from tushuo.compile.layout import View, viewed
from tushuo.compile.passes.fuse import Loop
from tushuo.compile.program import Instruction, Program, Value, describe
from tushuo.draw.drawing import Drawing
from tushuo.draw.model import ROOT, Edge, Graph, Item, Kind, Scope, Vertex
from tushuo.draw.scene import Studio
from tushuo.draw.summary import Summary

if TYPE_CHECKING:
    from tushuo.compile.explain.explanation import Explanation
    from tushuo.compile.explain.kernel import Kernel

_DETAIL = 28  # characters of an operation's parameters


def program_drawn(program: Program, title: str = "program") -> Drawing:
    """Every instruction of a program, and what loops consist of."""
    graph = _Writer(title, program).graph()
    return Drawing(Studio(graph), frozenset(graph.scopes))


def kernels_drawn(found: Explanation) -> Drawing:
    """The kernels of an explanation, folded; movements, which need no kernel, are left out."""
    (plan,) = found.plans
    tasks = [task for segment in plan.segments for task in segment]
    kernels = {task.step: kernel for task, kernel in zip(tasks, found.kernels, strict=True)}
    graph = _Writer(found.title, plan.program, plan.views, kernels).graph()
    return Drawing(Studio(graph), frozenset({ROOT}))


class _Writer:
    """Writes the graph of a program.

    Args:
        title: Its name.
        program: The program.
        views: How values are read, if movements are to be left out.
        kernels: The instructions that are kernels, if they are known.
    """

    def __init__(
        self,
        title: str,
        program: Program,
        views: dict[Value, View] | None = None,
        kernels: Mapping[Instruction, Kernel] | None = None,
    ) -> None:
        self._title, self._program = title, program
        self._views, self._kernels = views, kernels or {}
        self._vertices: dict[Item, Vertex] = {}
        self._edges: list[Edge] = []
        self._scopes = {ROOT: Scope(ROOT, title, "", ROOT)}
        self._made: dict[Value, Item] = {}
        self._constants: dict[tuple[Value, Item], Item] = {}

    def graph(self) -> Graph:
        """All of it."""
        for i, x in enumerate(self._program.inputs):
            name = self._program.names.get(x) or f"input {i}"
            self._made[x] = self._add("input", "", name, x, _type(x), ROOT)
        for step in self._program.body:
            self._step(step)
        for i, y in enumerate(self._program.outputs):
            name = f"output {i}" if len(self._program.outputs) > 1 else "output"
            source = self._operand(y, self._program, self._made, ROOT)
            item = self._add("output", "", name, None, "", ROOT)
            self._edges.append(Edge(source, item, 0, None))
        return Graph(self._title, self._vertices, self._edges, self._scopes, {})

    def _step(self, step: Instruction) -> None:
        inner = getattr(step.op, "program", None)
        if isinstance(inner, Program):
            self._group(step, inner)
        elif self._views is not None and viewed(step, self._views) is not None:
            x = step.operands[0]
            self._made[step.result] = self._operand(x, self._program, self._made, ROOT)
        else:
            self._gate(step, self._program, self._made, ROOT)

    def _group(self, step: Instruction, inner: Program) -> None:
        """A loop: a part that can be unfolded."""
        scope, kernel, op = f"s{len(self._scopes)}", self._kernels.get(step), cast(Loop, step.op)
        title = op.name if kernel is None else f"{kernel.number} {kernel.kind}"
        detail = lengths(op.shape) if kernel is None else _figures(kernel)
        self._scopes[scope] = Scope(scope, title, detail, ROOT)
        self._scopes[ROOT].items.append(scope)
        known = {
            x: self._operand(operand, self._program, self._made, scope)
            for x, operand in zip(inner.inputs, step.operands, strict=True)
        }
        for one in inner.body:
            self._gate(one, inner, known, scope)
        for y, result in zip(inner.outputs, step.results, strict=True):
            self._made[result] = known[y]

    def _gate(
        self, step: Instruction, program: Program, known: dict[Value, Item], scope: Item
    ) -> None:
        operands = [self._operand(x, program, known, scope) for x in step.operands]
        kernel = self._kernels.get(step)
        name = "" if kernel is None else str(kernel.number)
        text = "" if kernel is None or kernel.seconds is None else _figures(kernel)
        item = self._add("gate", step.op.name, name, step.result, text, scope, step)
        known[step.result] = item
        self._edges += [Edge(x, item, slot, None) for slot, x in enumerate(operands)]

    def _operand(
        self, x: Value, program: Program, known: Mapping[Value, Item], scope: Item
    ) -> Item:
        """What stands for a value; a constant stands in every part that uses it."""
        if x in known:
            return known[x]
        if (x, scope) not in self._constants:
            array = program.constants[x]
            single = array.size and not any(array.strides)
            text = f"{array.flat[0].item():.4g}" if single else _type(x)
            self._constants[x, scope] = self._add("constant", "", "", x, text, scope)
        return self._constants[x, scope]

    def _add(
        self,
        kind: Kind,
        label: str,
        name: str,
        value: Value | None,
        text: str,
        scope: Item,
        step: Instruction | None = None,
    ) -> Item:
        item = f"v{len(self._vertices)}"
        shape = () if value is None or kind != "gate" else value.shape
        dtype = "" if value is None else str(value.dtype)
        short = "" if value is None else lengths(value.shape) or "scalar"
        detail = "" if step is None else _parameters(step)
        source = "" if step is None or step.source is None else str(step.source)
        source = source and f"{Path(source).name}"
        summary = Summary(text, short, dtype, shape)
        self._vertices[item] = Vertex(item, kind, label, name, detail, source, scope, summary, None)
        self._scopes[scope].items.append(item)
        return item


def _figures(kernel: Kernel) -> str:
    shape = lengths(kernel.shape)
    if kernel.seconds is None:
        return shape
    return f"{shape}  {microseconds(kernel.seconds)} us  {percent(kernel.share)}"


def _type(x: Value) -> str:
    return f"{x.dtype} {lengths(x.shape)}".rstrip()


def _parameters(step: Instruction) -> str:
    text = describe(step.op).removeprefix(step.op.name).strip("[]")
    return text if len(text) <= _DETAIL else f"{text[: _DETAIL - 3]}..."
