"""Fast doors into and out of a compiled function, made once for a signature.

Taking arguments apart by looking at everything costs more than a small training step. A guard is
Python code written for one signature: it compares what it looks for, and nothing else. It may
refuse what would fit (which is then looked at in full), but never accepts what does not. An
assembler knows the structure of the result in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tushuo.compile.signature import cell_of, fixed
from tushuo.compile.watch import Watch
from tushuo.graph.backend import is_array
from tushuo.graph.tensor import Tensor
from tushuo.graph.tree import Branch

Guard = Callable[[Any], list[np.ndarray] | None]
"""The arrays of a tree, each once and in order of memory, if it is as expected; else None."""

Assembler = Callable[[Sequence[np.ndarray]], Any]
"""A result, from the arrays of its Tensors in order."""

_READY = 0x101
"""NumPy's flags of arrays whose elements lie in order, each at a multiple of its length."""

_UNCHANGING = bool | int | float | str | bytes | None


def guard(tree: Any, watch: Watch | None = None) -> Guard:
    """What recognises trees like one that was seen, while all that is watched is as it was."""
    writer = _Writer()
    if watch is not None:
        writer.lines += watch.lines
        writer.known |= watch.known
    writer.visit("tree", tree)
    code = compile(writer.source(), "<guard>", "exec")
    exec(code, writer.known)
    recognise: Guard = writer.known["recognise"]
    return recognise


class _Writer:
    """Writes a guard: a line a comparison, each of which leaves the function if it fails."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.known: dict[str, Any] = {
            "Tensor": Tensor,
            "ndarray": np.ndarray,
            "fixed": fixed,
            "ordered": ordered,
        }
        self.first: dict[int, str] = {}  # for each array, the variable that holds it
        self.count = 0

    def source(self) -> str:
        """The text of the function."""
        arrays = list(self.first.values())
        distinct = ", ".join(f"id({x})" for x in arrays)
        if len(arrays) > 1:
            self.refuse_if(f"len({{{distinct}}}) != {len(arrays)}")
        for x in arrays:
            self.lines.append(f"if {x}.flags.num & {_READY} != {_READY}: {x} = ordered({x})")
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
        cell = cell_of(sample)
        if cell is not None:
            inner = self.name(cell)
            self.refuse_if(f"{x} is not {self.name(sample)} or {x}.data is not {inner}")
            return
        key, parts = self.name(fixed(sample)), sample if isinstance(sample, tuple) else (sample,)
        if all(isinstance(part, _UNCHANGING) for part in parts):
            self.known[same := self.name()] = sample
            self.refuse_if(f"{x} is not {same} and fixed({x}) != {key}")
        else:
            self.refuse_if(f"fixed({x}) != {key}")


def ordered(x: np.ndarray) -> np.ndarray:
    """The array if its elements lie side by side, aligned, else such a copy."""
    ready = x.flags.c_contiguous and x.flags.aligned
    return x if ready else np.array(x, order="C", copy=True)


def assembler(tree: Any) -> Assembler:
    """What puts Tensors into the places of a result's Tensors and arrays; all else stays."""
    writer = _Builder()
    result = writer.text(tree)
    arrays = "".join(f"a{i}, " for i in range(writer.tensors))
    lines = [f"({arrays}) = arrays"]
    for i in range(writer.tensors):
        lines += [f"t{i} = new(Tensor)", f"t{i}.data = a{i}", f"t{i}.node = t{i}.name = None"]
    body = "\n    ".join([*lines, f"return {result}"])
    exec(compile(f"def assemble(arrays):\n    {body}\n", "<assembler>", "exec"), writer.known)
    assemble: Assembler = writer.known["assemble"]
    return assemble


class _Builder:
    """Writes the expression that makes a tree, of Tensors t0, t1, ..."""

    def __init__(self) -> None:
        self.known: dict[str, Any] = {"Tensor": Tensor, "new": Tensor.__new__}
        self.tensors = 0

    def name(self, value: Any) -> str:
        """A name for a value that the function knows."""
        name = f"k{len(self.known)}"
        self.known[name] = value
        return name

    def text(self, x: Any) -> str:
        """The expression for a tree like ``x``."""
        if isinstance(x, Tensor) or is_array(x):
            self.tensors += 1
            return f"t{self.tensors - 1}"
        if isinstance(x, dict):
            return self.mapping(x)
        if isinstance(x, list | tuple):
            parts = "".join(f"{self.text(v)}, " for v in x)
            if type(x) in (list, tuple):
                return f"[{parts}]" if type(x) is list else f"({parts})"
            kind = self.name(type(x))
            return f"{kind}({parts})" if hasattr(x, "_fields") else f"{kind}([{parts}])"
        if isinstance(x, Branch):
            return f"{self.name(x.tree_replace)}({self.mapping(x.tree_children())})"
        return self.name(x)

    def mapping(self, x: Mapping[Any, Any]) -> str:
        """The expression for a dict."""
        return f"{{{', '.join(f'{self.name(k)}: {self.text(v)}' for k, v in x.items())}}}"
