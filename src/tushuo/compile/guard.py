"""Fast doors into and out of a compiled function, made once for a signature.

Taking arguments apart by looking at everything costs more than a small training step. A guard is
Python code written for one signature: it compares what it looks for, and nothing else. It may
refuse what would fit (which is then looked at in full), but never accepts what does not. An
assembler knows the structure of the result in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np

from tushuo.compile.signature import fixed
from tushuo.graph.backend import is_array
from tushuo.graph.tensor import Tensor
from tushuo.graph.tree import Branch

Guard = Callable[[Any], list[np.ndarray] | None]
"""The arrays of a tree, each once, if it is as expected; else None."""

Assembler = Callable[[Sequence[Tensor]], Any]
"""A result, from its Tensors in order."""

_UNCHANGING = bool | int | float | str | bytes | None


def guard(tree: Any) -> Guard:
    """What recognises trees like one that was seen."""
    writer = _Writer()
    writer.visit("tree", tree)
    code = compile(writer.source(), "<guard>", "exec")
    exec(code, writer.known)
    recognise: Guard = writer.known["recognise"]
    return recognise


class _Writer:
    """Writes a guard: a line a comparison, each of which leaves the function if it fails."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.known: dict[str, Any] = {"Tensor": Tensor, "ndarray": np.ndarray, "fixed": fixed}
        self.first: dict[int, str] = {}  # for each array, the variable that holds it
        self.count = 0

    def source(self) -> str:
        """The text of the function."""
        arrays = list(self.first.values())
        distinct = ", ".join(f"id({x})" for x in arrays)
        if len(arrays) > 1:
            self.refuse_if(f"len({{{distinct}}}) != {len(arrays)}")
        body = "\n    ".join([*self.lines, f"return [{', '.join(arrays)}]"])
        return f"def recognise(tree):\n    {body}\n"

    def refuse_if(self, condition: str) -> None:
        """Write that the tree is not recognised if a condition holds."""
        self.lines.append(f"if {condition}: return None")

    def name(self, value: Any = None) -> str:
        """A new variable, or a name for a value that the function knows."""
        self.count += 1
        name = f"x{self.count}"
        if value is not None:
            self.known[name] = value
        return name

    def visit(self, x: str, sample: Any) -> None:
        """Write what tells whether the variable ``x`` holds something like the sample."""
        if isinstance(sample, Tensor):
            self.refuse_if(f"type({x}) is not Tensor or {x}.node is not None")
            inner = self.name()
            self.lines.append(f"{inner} = {x}.data")
            self.array(inner, sample.data)
        elif isinstance(sample, np.ndarray):
            self.array(x, sample)
        elif isinstance(sample, dict):
            self.refuse_if(f"type({x}) is not {self.name(type(sample))}")
            self.mapping(x, sample)
        elif isinstance(sample, list | tuple):
            self.refuse_if(f"type({x}) is not {self.name(type(sample))}")
            self.refuse_if(f"len({x}) != {len(sample)}")
            self.children(x, sample)
        elif isinstance(sample, Branch):
            self.branch(x, sample)
        else:
            self.fixed(x, sample)

    def array(self, x: str, sample: np.ndarray) -> None:
        """An array of the same type; the same one where it was the same before."""
        first = self.first.setdefault(id(sample), x)
        if first != x:
            self.refuse_if(f"{x} is not {first}")
            return
        dtype, shape = self.name(sample.dtype), self.name(sample.shape)
        self.refuse_if(f"type({x}) is not ndarray or {x}.dtype is not {dtype}")
        self.refuse_if(f"{x}.shape != {shape}")

    def mapping(self, x: str, sample: dict[Any, Any]) -> None:
        """The same keys in the same order."""
        self.refuse_if(f"[*{x}] != {self.name(list(sample))}")
        self.children(f"{x}.values()", list(sample.values()))

    def children(self, x: str, samples: Sequence[Any]) -> None:
        """The elements of a sequence."""
        names = [self.name() for _ in samples]
        if names:
            self.lines.append(f"{', '.join(names)}, = {x}")
        for name, sample in zip(names, samples, strict=True):
            self.visit(name, sample)

    def branch(self, x: str, sample: Any) -> None:
        """A module by its attributes; one whose children are no attributes is never recognised."""
        own, children = getattr(sample, "__dict__", {}), sample.tree_children()
        if [(k, id(v)) for k, v in own.items() if k in children] != [
            (k, id(v)) for k, v in children.items()
        ]:
            self.refuse_if("True")
            return
        self.refuse_if(f"type({x}) is not {self.name(type(sample))}")
        inner = self.name()
        self.lines.append(f"{inner} = {x}.__dict__")
        self.refuse_if(f"[*{inner}] != {self.name(list(own))}")
        names = [self.name() for _ in own]
        if names:
            self.lines.append(f"{', '.join(names)}, = {inner}.values()")
        for name, (key, value) in zip(names, own.items(), strict=True):
            (self.visit if key in children else self.fixed)(name, value)

    def fixed(self, x: str, sample: Any) -> None:
        """A setting: the very same object, if it cannot change, or one with the same key."""
        key = self.name(fixed(sample))
        if isinstance(sample, _UNCHANGING):
            self.known[same := self.name()] = sample
            self.refuse_if(f"{x} is not {same} and fixed({x}) != {key}")
        else:
            self.refuse_if(f"fixed({x}) != {key}")


def assembler(tree: Any) -> Assembler:
    """What puts Tensors into the places of a result's Tensors and arrays; all else stays."""
    return _assembler(tree, count().__next__)


def _assembler(x: Any, number: Callable[[], int]) -> Assembler:
    if isinstance(x, Tensor) or is_array(x):
        place = number()
        return lambda tensors: tensors[place]
    if isinstance(x, dict):
        items = [(k, _assembler(v, number)) for k, v in x.items()]
        return lambda tensors: {k: part(tensors) for k, part in items}
    if isinstance(x, list | tuple):
        parts = [_assembler(v, number) for v in x]
        if hasattr(x, "_fields"):
            return lambda tensors: type(x)(*[part(tensors) for part in parts])
        return lambda tensors: type(x)([part(tensors) for part in parts])
    if isinstance(x, Branch):
        items = [(k, _assembler(v, number)) for k, v in x.tree_children().items()]
        return lambda tensors: x.tree_replace({k: part(tensors) for k, part in items})
    return lambda tensors: x
