"""Watching a function run: in which order, in which calls and under which names nodes appear.

The watcher is a profiling hook of this thread, set while a drawing runs its function and at no
other time; so names and calls cost nothing where nothing is drawn, and need no support elsewhere.
"""

from __future__ import annotations

import dis
import inspect
import os
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Self

from tushuo.draw.calls import Call
from tushuo.graph import Tensor
from tushuo.graph.node import Node

DEPTH = 12
"""Calls nested more deeply count as part of the twelfth."""

_PACKAGE = str(Path(__file__).parents[1]) + os.sep
_NAMELESS = tuple(f"{_PACKAGE}{layer}{os.sep}" for layer in ("graph", "draw"))
_SELF = ("__call__", "forward")
_STORES = ("STORE_FAST", "STORE_NAME", "STORE_GLOBAL", "STORE_DEREF")


class Watch:
    """What is seen of a run, as a context manager around it.

    Args:
        inputs: Nodes that stand before the run; they keep their names.

    Attributes:
        root: The calls, and in them the nodes in the order of time.
        names: The variables that results were assigned to.
    """

    def __init__(self, inputs: Iterable[Node]) -> None:
        self.root = Call("")
        self.names: dict[Node, str] = {}
        self._inputs = set(inputs)
        self._seen = set(self._inputs)
        self._users: set[Node] = set()
        self._stack: list[tuple[FrameType | None, Call]] = [(None, self.root)]

    def __enter__(self) -> Self:
        self._before = sys.getprofile()
        sys.setprofile(self._event)
        return self

    def __exit__(self, *problem: object) -> None:
        sys.setprofile(self._before)
        self._stack = self._stack[:1]

    def _event(self, frame: FrameType, event: str, value: Any) -> None:
        if event == "call":
            self._enter(frame)
        elif event == "return":
            self._note(frame, value)
            if self._stack[-1][0] is frame:
                self._stack.pop()

    def _enter(self, frame: FrameType) -> None:
        if len(self._stack) > DEPTH:
            return
        call = _call(frame, self._stack[-1][1])
        if call is not None:
            self._stack[-1][1].children.append(call)
            self._stack.append((frame, call))

    def _note(self, frame: FrameType, value: Any) -> None:
        """Enter the nodes of a result that is handed back, and the names that it is given."""
        results = value if isinstance(value, tuple | list) else (value,)
        for x in results:
            if isinstance(x, Tensor) and x.node is not None and x.node not in self._seen:
                self._seen.add(x.node)
                self._stack[-1][1].children.append(x.node)
        if frame.f_back is not None:
            self._name(frame.f_back, value)

    def _name(self, frame: FrameType, value: Any) -> None:
        names = _stored(frame.f_code).get(frame.f_lasti)
        if names is None:
            return
        values = value if isinstance(value, tuple | list) and len(names) > 1 else (value,)
        for name, x in zip(names, values, strict=False):
            if isinstance(x, Tensor) and x.node is not None and x.node not in self._inputs:
                self._call_it(x.node, name, frame.f_code)

    def _call_it(self, node: Node, name: str, code: CodeType) -> None:
        """A user's name is worth more than one from a layer; those in operations say nothing."""
        if not _ours(code):
            self.names[node] = name
        elif name not in code.co_varnames[: code.co_argcount] and not _nameless(code):
            self.names.setdefault(node, name)


def _call(frame: FrameType, around: Call) -> Call | None:
    """The call that a frame begins, None where it is not worth a box of its own."""
    code = frame.f_code
    name = code.co_name
    if name[0] == "<" or code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE):
        return None
    if code.co_argcount and code.co_varnames[0] == "self":
        owner = frame.f_locals["self"]
        if _is_branch(type(owner)):
            return _method(name, owner, around, _ours(code))
        return None if _ours(code) else Call(name)
    if _ours(code):
        return None if name[0] == "_" else Call(name, minor=True)
    return Call(name)


def _method(name: str, owner: Any, around: Call, minor: bool) -> Call | None:
    if owner is around.owner:
        return None if name in _SELF else Call(name.strip("_"), "", owner, minor)
    kind = type(owner).__name__
    title = _attribute(around.owner, owner) or kind
    if name in _SELF:
        return Call(title, "" if title == kind else kind, owner)
    return Call(f"{title}.{name.strip('_')}", "" if title == kind else kind, owner, minor)


def _attribute(parent: Any, child: Any) -> str:
    """Under which name a module holds another, as ``layers.0``."""
    if parent is None:
        return ""
    for name, value in parent.tree_children().items():
        if value is child:
            return str(name)
        if isinstance(value, list | tuple):
            for i, x in enumerate(value):
                if x is child:
                    return f"{name}.{i}"
    return ""


def _is_branch(kind: type) -> bool:
    return hasattr(kind, "tree_children")


@cache
def _ours(code: CodeType) -> bool:
    return code.co_filename.startswith(_PACKAGE)


@cache
def _nameless(code: CodeType) -> bool:
    return code.co_filename.startswith(_NAMELESS)


@cache
def _stored(code: CodeType) -> dict[int, tuple[str, ...]]:
    """For each instruction whose result is assigned at once, the names that it goes to.

    The caches behind an instruction count as part of it: a call may stand at the last of them.
    """
    found = {}
    instructions = list(dis.get_instructions(code))
    for i, instruction in enumerate(instructions):
        following = instructions[i + 1 : i + 2]
        if not following:
            break
        count = following[0].argval if following[0].opname == "UNPACK_SEQUENCE" else 1
        start = i + 2 if following[0].opname == "UNPACK_SEQUENCE" else i + 1
        names = _names(instructions[start : start + count], count)
        if names:
            found.update(dict.fromkeys(range(instruction.offset, following[0].offset, 2), names))
    return found


def _names(instructions: list[dis.Instruction], count: int) -> tuple[str, ...]:
    names: list[str] = []
    for each in instructions:
        if each.opname in _STORES:
            names.append(each.argval)
        elif each.opname == "STORE_FAST_STORE_FAST":
            names.extend(each.argval)
        elif each.opname == "STORE_FAST_LOAD_FAST":
            names.append(each.argval[0])
        else:
            break
    return tuple(names[:count]) if len(names) >= count else ()
