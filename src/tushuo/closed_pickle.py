"""A pickle machine with a closed set of opcodes, for files from outside.

Python's own unpickler imports and calls what the bytes name. This one never does: `pickletools`
splits the bytes into opcodes, a few dozen of them are carried out on plain Python values, and a
global is only a name on the stack. What is outside the closed set of a subclass is refused.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import IO, Any, ClassVar

from tushuo.errors import TushuoError

__all__ = ["ClosedPickle", "Global"]


@dataclass(frozen=True, slots=True)
class Global:
    """The name of an importable thing. It stays a name: nothing is imported."""

    module: str
    name: str


class ClosedPickle:
    """Carries out one pickle at a time.

    A subclass says what its pickles may hold: which globals and further opcodes, what a call of a
    global gives, and what a state and a persistent id mean.

    Attributes:
        error: What is raised when a pickle is refused or malformed.
        hint: What can be read, for the error.
        allowed: The globals that may be named.
        extra: Opcodes beyond the common ones, out of those that are known here.
    """

    error: ClassVar[type[TushuoError]] = TushuoError
    hint: ClassVar[str] = ""
    allowed: ClassVar[Collection[Global]] = ()
    extra: ClassVar[Collection[str]] = ()

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._marked: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def run(self, stream: IO[bytes]) -> Any:
        """Reads the pickle at the position of `stream` and leaves it just behind.

        Returns:
            Plain values, tuples, lists, dicts with text keys, and what the subclass makes.

        Raises:
            TushuoError: An opcode, global, call or value that is not allowed; of the type `error`.
            ValueError: Bytes that are not a pickle, or end too early.
            IndexError: An opcode that finds the stack empty.
        """
        self._stack, self._marked, self._memo = [], [], {}
        for opcode, argument, _ in pickletools.genops(stream):
            if opcode.name == "STOP":
                break
            step = _COMMON.get(opcode.name)
            if step is None and opcode.name in self.extra:
                step = _EXTRA[opcode.name]
            if step is None:
                raise self.refused(f"pickle opcode {opcode.name} {_show(argument or '')}".rstrip())
            step(self, argument)
        return self._stack.pop()

    def call(self, function: Any, arguments: tuple[Any, ...]) -> Any:
        """What a call gives; nothing may be called here."""
        raise self.refused(f"a call of {_name(function)} with {len(arguments)} arguments")

    def build(self, state: Any) -> None:
        """Gives the value on top of the stack a state."""
        raise self.refused("the state of an object")

    def persistent(self, identity: Any) -> Any:
        """The value that a persistent id stands for."""
        raise self.refused("a persistent id")

    def refused(self, what: str) -> TushuoError:
        """The error for what is not allowed."""
        return self.error(f"refused {what}", hint=self.hint)

    def malformed(self, what: str) -> TushuoError:
        """The error for bytes that no pickler writes."""
        return self.error(f"malformed pickle: {what}")

    def push(self, value: Any) -> None:
        """Puts a value on the stack."""
        self._stack.append(value)

    def mark(self) -> None:
        """Starts a new run of values."""
        self._marked.append(self._stack)
        self._stack = []

    def pop_marked(self) -> list[Any]:
        """Takes the values since the last mark."""
        values, self._stack = self._stack, self._marked.pop()
        return values

    def pop(self, count: int = 1) -> list[Any]:
        """Takes the last `count` values."""
        return [self._stack.pop() for _ in range(count)][::-1]

    def top(self, kind: type) -> Any:
        """The value on top of the stack, which must be of a type."""
        if type(self._stack[-1]) is not kind:
            raise self.malformed(f"items for what is not a {kind.__name__}")
        return self._stack[-1]

    def remember(self, index: int | None) -> None:
        """Keeps the top of the stack in the memo, under the next free index for None."""
        self._memo[len(self._memo) if index is None else index] = self._stack[-1]

    def recall(self, index: int) -> None:
        """Puts a value from the memo on the stack."""
        if index not in self._memo:
            raise self.malformed(f"memo entry {index} was never written")
        self.push(self._memo[index])

    def append(self, values: list[Any]) -> None:
        """Adds values to the list on top of the stack."""
        self.top(list).extend(values)

    def set_items(self, items: list[Any]) -> None:
        """Adds key, value, key, value... to the dict on top of the stack."""
        target = self.top(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) is not str:  # also keeps deep tuples from being hashed
                raise self.error(f"a dict key is of type {type(key).__name__}, expected text")
            target[key] = value

    def push_global(self, module: Any, name: Any) -> None:
        """Puts an allowed name on the stack."""
        if not (type(module) is type(name) is str):
            raise self.malformed("a global whose name is not text")
        found = Global(module, name)
        if found not in self.allowed:
            raise self.refused(f"global {_show(module)}.{_show(name)}")
        self.push(found)

    def reduce(self) -> None:
        """Replaces a function and its arguments by what the call gives."""
        function, arguments = self.pop(2)
        if type(arguments) is not tuple:
            raise self.malformed("the arguments of a call are not a tuple")
        self.push(self.call(function, arguments))


_Step = Callable[[ClosedPickle, Any], None]

_COMMON: dict[str, _Step] = {
    "PROTO": lambda machine, _: None,
    "FRAME": lambda machine, _: None,
    "NONE": lambda machine, _: machine.push(None),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"), ClosedPickle.push),
    **dict.fromkeys(("BINUNICODE", "SHORT_BINUNICODE"), ClosedPickle.push),
    "MARK": lambda machine, _: machine.mark(),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "TUPLE1": lambda machine, _: machine.push(tuple(machine.pop(1))),
    "TUPLE2": lambda machine, _: machine.push(tuple(machine.pop(2))),
    "TUPLE3": lambda machine, _: machine.push(tuple(machine.pop(3))),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.pop_marked())),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "APPEND": lambda machine, _: machine.append(machine.pop(1)),
    "APPENDS": lambda machine, _: machine.append(machine.pop_marked()),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "SETITEM": lambda machine, _: machine.set_items(machine.pop(2)),
    "SETITEMS": lambda machine, _: machine.set_items(machine.pop_marked()),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT", "MEMOIZE"), ClosedPickle.remember),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), ClosedPickle.recall),
    "GLOBAL": lambda machine, names: machine.push_global(*names.split(" ", 1)),
    "STACK_GLOBAL": lambda machine, _: machine.push_global(*machine.pop(2)),
    "REDUCE": lambda machine, _: machine.reduce(),
}
_EXTRA: dict[str, _Step] = {
    "BUILD": lambda machine, _: machine.build(*machine.pop()),
    "BINPERSID": lambda machine, _: machine.push(machine.persistent(*machine.pop())),
    **dict.fromkeys(("BINSTRING", "SHORT_BINSTRING"), ClosedPickle.push),  # text of Python 2
    **dict.fromkeys(("BINBYTES", "SHORT_BINBYTES"), ClosedPickle.push),
}


def _show(value: Any) -> str:
    """Text from the file on one short line, without control characters."""
    return repr(str(value)[:80])[1:-1]


def _name(function: Any) -> str:
    named = isinstance(function, Global)
    return f"{function.module}.{function.name}" if named else type(function).__name__
