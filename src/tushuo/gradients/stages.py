"""Staged programs: gates joined by names, forward line by line, then backward line by line."""

from __future__ import annotations

import math
from typing import NamedTuple

from tushuo.errors import DTypeError, GradientError, UsageError
from tushuo.gradients.gates import Gate


class Stage(NamedTuple):
    """One line of a staged program: ``name = gate(inputs)``. Inputs are names or constants."""

    name: str
    gate: Gate
    inputs: tuple[str | float, ...]


class Edge(NamedTuple):
    """An edge of the graph of a circuit: the derivative of ``target`` by ``source`` alone."""

    source: str
    target: str
    slope: float


class Stages:
    """A circuit that computes as it is written down, and remembers its lines.

    Example::

        s = Stages(a=2.0, b=1.0)
        s.run("c", ADD, "a", "b")
        s.run("d", ADD, "b", 1.0)
        s.run("e", MULTIPLY, "c", "d")
        s.backward("e")  # {"a": 2.0, "b": 5.0}

    Attributes:
        values: The value of every name.
        gradients: After :meth:`backward`, the derivative of its output by every name.
        multiplications: After :meth:`backward`, how many multiplications and divisions it took.

    Raises:
        DTypeError: An input is not a number.
    """

    def __init__(self, **inputs: float) -> None:
        self.inputs = tuple(inputs)
        self.values = {name: _real(name, value) for name, value in inputs.items()}
        self.stages: list[Stage] = []
        self.gradients: dict[str, float] = {}
        self.multiplications = 0
        self._backward_lines: list[str] = []

    def run(self, name: str, gate: Gate, *inputs: str | float) -> float:
        """Add a line and compute it.

        Raises:
            UsageError: The name is taken already, or an input is unknown.
            ShapeError: The gate takes another number of inputs.
        """
        if name in self.values:
            raise UsageError(f"{name!r} has a value already", hint="give each stage its own name")
        value = gate.forward(*self._read(gate, inputs))
        self.values[name] = value
        self.stages.append(Stage(name, gate, inputs))
        return value

    def _read(self, gate: Gate, inputs: tuple[str | float, ...]) -> list[float]:
        for x in inputs:
            if isinstance(x, str) and x not in self.values:
                known = ", ".join(self.values)
                raise UsageError(f"{gate.name} reads the unknown {x!r}", hint=f"known are {known}")
        return [self.values[x] if isinstance(x, str) else _real(gate.name, x) for x in inputs]

    def backward(self, output: str) -> dict[str, float]:
        """One sweep back over the lines; the gradients of the inputs.

        The first gradient that reaches a name is assigned, further ones are added: a value that is
        used twice influences the output twice.

        Raises:
            GradientError: There is no such name.
        """
        if output not in self.values:
            raise GradientError(f"no stage is named {output!r}", hint="run one of that name first")
        found, self.multiplications = {output: 1.0}, 0
        self._backward_lines = [f"d_{output} = 1"]
        for stage in reversed(self.stages):
            if stage.name in found:
                self._step(stage, found)
        self.gradients = {name: found.get(name, 0.0) for name in self.values}
        return {name: self.gradients[name] for name in self.inputs}

    def _step(self, stage: Stage, found: dict[str, float]) -> None:
        name, gate, inputs = stage
        slopes = gate.local(self.values[name], *self._read(gate, inputs))
        self.multiplications += gate.costs
        for x, slope in zip(inputs, slopes, strict=True):
            if isinstance(x, str):
                sign = "+=" if x in found else "="
                found[x] = found.get(x, 0.0) + slope * found[name]
                self.multiplications += 1
                line = f"d_{x} {sign} {slope:.6g} * d_{name}"
                self._backward_lines.append(f"{line:<36}# {found[x]:.6g}")

    def edges(self) -> list[Edge]:
        """The graph, with the local gradient of every gate on its edges."""
        found = []
        for name, gate, inputs in self.stages:
            slopes = gate.local(self.values[name], *self._read(gate, inputs))
            pairs = zip(inputs, slopes, strict=True)
            found += [Edge(x, name, slope) for x, slope in pairs if isinstance(x, str)]
        return found

    def __str__(self) -> str:
        """The program with its numbers, forward and, where it was run, backward."""
        lines = [f"{name} = {self.values[name]:.6g}" for name in self.inputs]
        for name, gate, inputs in self.stages:
            shown = [x if isinstance(x, str) else f"{x:g}" for x in inputs]
            line = f"{name} = {gate.symbol.format(*shown)}"
            lines.append(f"{line:<36}# {self.values[name]:.6g}")
        return "\n".join([*lines, *self._backward_lines])


def _real(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DTypeError(f"{name} needs numbers, got {type(value).__name__} {value!r:.40}")
    return math.nan if math.isnan(value) else float(value)
