"""What a function uses beside its arguments, and whether all of it is still the same.

Weights that a function closes over lie in its program as constants, and so does what its settings
led to. Each place that they came from (a variable, an attribute, an element of a list) is noted
with what it held. A watch is Python code that looks at these places, one comparison each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import is_dataclass
from functools import partial
from inspect import getattr_static
from types import BuiltinFunctionType, CellType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from tushuo.compile.mentions import mentions
from tushuo.compile.signature import fixed, is_tensor
from tushuo.graph.tensor import Tensor
from tushuo.graph.tree import Branch

_GONE = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What looking at a place raises that is no more."""

_NUMBERS = bool | int | float | complex | str | bytes | None


class Watch(NamedTuple):
    """What looks whether the places are as they were seen.

    Attributes:
        lines: Code that leaves a function with None if they are not; none if there is no place.
        known: What the code's names stand for.
        look: The same as a function, which returns True if they are.
    """

    lines: list[str]
    known: dict[str, Any]
    look: Callable[[], bool | None]

    def current(self) -> bool:
        """Whether everything is as it was."""
        return self.look() is True


def watched(f: Callable[..., Any], args: Any = ()) -> Watch:
    """A watch over what a function uses.

    It knows variables of enclosing functions and of modules, defaults, the instance of a method,
    networks with all that they hold, lists and dicts with such, and of other objects, arguments
    included, the attributes whose names occur in the code. Variables of modules in capitals are
    constants, and so is what this library defines.

    Args:
        f: The function.
        args: A tree of arguments; its arrays and networks are not looked at.
    """
    names = frozenset({"forward", "__call__"})
    while True:
        places = _Places(names)
        places.visit(f)
        places.arguments(args)
        if places.names <= names:
            return _watch(places.lines, places.known)
        names |= places.names


def _watch(lines: list[str], known: dict[str, Any]) -> Watch:
    tried = ["try:", *(f"    {line}" for line in lines), "except gone: return None"]
    found = tried if lines else []
    body = "\n    ".join([*found, "return True"])
    scope = dict(known)
    exec(compile(f"def look():\n    {body}\n", "<watch>", "exec"), scope)
    return Watch(found, known, scope["look"])


class _Places:
    """Finds places, and writes a line for each.

    Args:
        wanted: Names of attributes that matter of objects that are no networks.

    Attributes:
        names: Those that the code mentions that was met.
        lines: The code.
        known: What its names stand for.
    """

    def __init__(self, wanted: frozenset[str]) -> None:
        self.wanted = wanted
        self.names: set[str] = set()
        self.lines: list[str] = []
        self.known: dict[str, Any] = {"gone": _GONE, "fixed": fixed}
        self._seen: dict[int, Any] = {}  # with the objects, so that ids stay theirs

    def arguments(self, tree: Any) -> None:
        """Visit what a tree of arguments holds beside arrays and networks."""
        if isinstance(tree, dict | list | tuple):
            for x in tree.values() if isinstance(tree, dict) else tree:
                self.arguments(x)
        elif not isinstance(tree, Branch):
            self.visit(tree)

    def visit(self, x: Any) -> None:
        """Find the places inside of something."""
        if isinstance(x, _NUMBERS | ModuleType | type) or is_tensor(x) or id(x) in self._seen:
            return
        self._seen[id(x)] = x
        if isinstance(x, FunctionType):
            self._function(x)
        elif isinstance(x, MethodType):
            self._each(x.__self__, x.__func__)
        elif isinstance(x, partial):
            self._each(x.func, *x.args, *x.keywords.values())
        elif isinstance(x, list):
            self._elements(x, dict(enumerate(x)))
        elif isinstance(x, dict):
            self._elements(x, x)
        elif isinstance(x, tuple | set | frozenset):
            self._each(*x)
        elif hasattr(x, "__wrapped__"):
            self.visit(x.__wrapped__)
        elif hasattr(x, "__dict__"):
            self._object(x, vars(x))
        elif isinstance(x, Branch):
            self._each(*x.tree_children().values())

    def _each(self, *values: Any) -> None:
        for x in values:
            self.visit(x)

    def _name(self, value: Any) -> str:
        """A name for a value that the code knows."""
        name = f"w{len(self.known)}"
        self.known[name] = value
        return name

    def _place(self, text: str, value: Any) -> None:
        """Note what a place holds, and go on inside of it."""
        if isinstance(value, ModuleType | type) or _is_fixed(value):
            return
        same = self._name(value)
        if isinstance(value, Tensor):
            inner = f"{self._name(value.data)}"
            self.lines.append(f"if {text}.data is not {inner}: return None")
        elif isinstance(getattr(value, "data", None), np.ndarray):
            inner = f"{self._name(value.data)}"
            self.lines.append(f"if {text} is not {same} or {same}.data is not {inner}: return None")
        elif isinstance(value, _NUMBERS | tuple) or _is_frozen(value):
            key = self._name(fixed(value))
            self.lines.append(f"if {text} is not {same} and fixed({text}) != {key}: return None")
        else:
            self.lines.append(f"if {text} is not {same}: return None")
        self.visit(value)

    def _elements(self, x: Any, elements: dict[Any, Any]) -> None:
        """A list or dict, where there is something in it that computes, or arrays."""
        if not any(_computes(value) for value in elements.values()):
            self._each(*elements.values())
            return
        name = self._name(x)
        self.lines.append(f"if len({name}) != {len(elements)}: return None")
        for key, value in elements.items():
            self._place(f"{name}[{self._key(key)}]", value)

    def _key(self, key: Any) -> str:
        return repr(key) if type(key) in (int, str) else self._name(key)

    def _function(self, f: FunctionType) -> None:
        """Variables, defaults, and what the function was wrapped around."""
        ours = _is_ours(f)
        self._each(*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).values())
        for cell in f.__closure__ or ():
            self._cell(cell, ours)
        if ours:
            return
        variables, attributes = mentions(f.__code__)
        self.names.update(attributes)
        scope = self._name(f.__globals__)
        for name in variables:
            if name in f.__globals__ and not name.isupper():
                self._place(f"{scope}[{name!r}]", f.__globals__[name])

    def _cell(self, cell: CellType, ours: bool) -> None:
        """A variable of an enclosing function; those of this library's functions stay."""
        try:
            value = cell.cell_contents
        except ValueError:  # nothing is assigned to it so far
            return
        if ours:
            self.visit(value)
        else:
            self._place(f"{self._name(cell)}.cell_contents", value)

    def _object(self, x: Any, own: dict[str, Any]) -> None:
        """A network's attributes, or those of another object whose names occur in the code."""
        self._methods(type(x))
        if _is_frozen(x):
            self._each(*own.values())
            return
        name = self._name(own)
        if isinstance(x, Branch):
            self.lines.append(f"if len({name}) != {len(own)}: return None")
            used = own
        else:
            used = {k: v for k, v in own.items() if k in self.wanted}
        for key, value in used.items():
            self._place(f"{name}[{key!r}]", value)

    def _methods(self, kind: type) -> None:
        """The code of a class, as far as its names occur."""
        for name in self.wanted:
            method = getattr_static(kind, name, None)
            method = getattr(method, "__func__", getattr(method, "fget", method))
            if isinstance(method, FunctionType) and not _is_ours(method):
                self.visit(method)


def _is_ours(x: Any) -> bool:
    """Whether something is a function that this library defines."""
    return isinstance(x, FunctionType) and f"{x.__module__}.".startswith("tushuo.")


def _is_fixed(x: Any) -> bool:
    """Whether it is a function that depends on nothing that could change."""
    if isinstance(x, BuiltinFunctionType | np.ufunc):
        return True
    return _is_ours(x) and not x.__closure__


def _is_frozen(x: Any) -> bool:
    """Whether attributes can be assigned to never."""
    params = getattr(type(x), "__dataclass_params__", None)
    return is_dataclass(x) and bool(params and params.frozen)


def _computes(x: Any) -> bool:
    """Whether something has weights, or may have."""
    if isinstance(x, list | tuple | dict):
        return any(map(_computes, x.values() if isinstance(x, dict) else x))
    return is_tensor(x) or isinstance(x, Branch) or callable(x)
