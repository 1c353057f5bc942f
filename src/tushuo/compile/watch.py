"""What a function uses beside its arguments, and whether all of it is still the same.

Weights that a function closes over lie in its program as constants, and so does what its settings
led to. Each place that they came from (a variable, an attribute, an element of a list) is noted
with what it held. A watch is Python code that looks at these places, one comparison each.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import is_dataclass
from functools import partial
from inspect import getattr_static
from types import BuiltinFunctionType, CellType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from tushuo.compile.mentions import mentions
from tushuo.compile.signature import cell_of, fixed, is_tensor
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
        elif isinstance(x, list | dict):
            self._elements(x)
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

    def _places(self, places: Mapping[str, Any]) -> None:
        """Note what places hold, by their text, and go on inside of it."""
        kept = {k: v for k, v in places.items() if not _is_fixed(v)}
        if kept:
            changed = " or ".join(self._changed(text, value) for text, value in kept.items())
            self.lines.append(f"if {changed}: return None")
        self._each(*kept.values())

    def _changed(self, text: str, value: Any) -> str:
        """What tells whether a place holds something else."""
        if isinstance(value, Tensor):
            return f"{text}.data is not {self._name(value.data)}"
        same, cell = self._name(value), cell_of(value)
        if cell is not None:
            return f"{text} is not {same} or {same}.data is not {self._name(cell)}"
        if isinstance(value, _NUMBERS | tuple) or _is_frozen(value):
            return f"{text} is not {same} and fixed({text}) != {self._name(fixed(value))}"
        return f"{text} is not {same}"

    def _all_of(self, source: str, values: Collection[Any]) -> None:
        """Note all that something holds, in order."""
        names = [f"v{i}" for i in range(len(values))]
        self.lines.append(f"[{', '.join(names)}] = {source}")
        self._places(dict(zip(names, values, strict=True)))

    def _elements(self, x: list[Any] | dict[Any, Any]) -> None:
        """A list or dict, where there is something in it that computes, or arrays."""
        values = list(x.values()) if isinstance(x, dict) else x
        if not any(map(_computes, values)):
            self._each(*values)
            return
        name = self._name(x)
        if isinstance(x, dict):
            self.lines.append(f"if [*{name}] != {self._name(list(x))}: return None")
        self._all_of(f"{name}.values()" if isinstance(x, dict) else name, values)

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
        used = [x for x in variables if x in f.__globals__ and not x.isupper()]
        self._places({f"{scope}[{x!r}]": f.__globals__[x] for x in used})

    def _cell(self, cell: CellType, ours: bool) -> None:
        """A variable of an enclosing function; those of this library's functions stay."""
        try:
            value = cell.cell_contents
        except ValueError:  # nothing is assigned to it so far
            return
        if ours:
            self.visit(value)
        else:
            self._places({f"{self._name(cell)}.cell_contents": value})

    def _object(self, x: Any, own: dict[str, Any]) -> None:
        """A network's attributes, or those of another object whose names occur in the code."""
        self._methods(type(x))
        if _is_frozen(x):
            self._each(*own.values())
            return
        name = self._name(own)
        if isinstance(x, Branch):
            self._all_of(f"{name}.values()", own.values())
        else:
            self._places({f"{name}[{k!r}]": v for k, v in own.items() if k in self.wanted})

    def _methods(self, kind: type) -> None:
        """The code of a class, as far as its names occur."""
        for name in self.wanted:
            method = getattr_static(kind, name, None)
            method = getattr(method, "__func__", getattr(method, "fget", method))
            if isinstance(method, FunctionType) and not _is_ours(method):
                self.visit(method)


def _is_ours(x: Any) -> bool:
    """Whether something is a function that this library defines."""
    if not isinstance(x, FunctionType):
        return False
    return f"{x.__globals__.get('__name__')}.".startswith("tushuo.")  # wraps changes __module__


def _is_fixed(x: Any) -> bool:
    """Whether it is a module of Python, a class, or a function that depends on nothing else."""
    if isinstance(x, ModuleType | type | BuiltinFunctionType | np.ufunc):
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
