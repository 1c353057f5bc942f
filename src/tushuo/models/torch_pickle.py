"""A pickle machine that can build a state dict of PyTorch and nothing else.

Python's own unpickler imports and calls what the bytes name. This one never does: `pickletools`
splits the bytes into opcodes, the few dozen that PyTorch writes are carried out on plain Python
values, and a global is only a name on the stack. What is outside that closed set is refused.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import IO, Any

from tushuo.errors import CheckpointError

__all__ = ["STORAGE_DTYPES", "PickleMachine", "Storage", "StoredTensor"]

MAX_DIMENSIONS = 32  # NumPy's own limit is 64; no layer needs more than five
MAX_EMPTY = 2**31  # bound on the other dimensions of a tensor without elements

# Storage class of PyTorch -> dtype of its bytes. NumPy has no bfloat16: its bits travel as uint16.
STORAGE_DTYPES = {
    "DoubleStorage": "f8",
    "FloatStorage": "f4",
    "HalfStorage": "f2",
    "BFloat16Storage": "u2",
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


@dataclass(frozen=True, slots=True)
class Global:
    """The name of an importable thing. It stays a name: nothing is imported."""

    module: str
    name: str


ORDERED_DICT = Global("collections", "OrderedDict")
REBUILD_TENSOR = Global("torch._utils", "_rebuild_tensor_v2")
STORAGES = {Global("torch", name): name for name in STORAGE_DTYPES}
ALLOWED = {ORDERED_DICT, REBUILD_TENSOR, *STORAGES}


@dataclass(frozen=True, slots=True)
class Storage:
    """A run of elements that lies elsewhere in the file.

    Args:
        kind: Storage class of PyTorch, a key of `STORAGE_DTYPES`.
        key: Its name in the file.
        size: Number of elements.
    """

    kind: str
    key: str
    size: int


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A strided window on a storage; offset and strides count elements, not bytes."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class PickleMachine:
    """Carries out one pickle at a time and collects the storages that it speaks of.

    Attributes:
        storages: Every storage met so far, by key.
    """

    def __init__(self) -> None:
        self.storages: dict[str, Storage] = {}
        self._stack: list[Any] = []
        self._marked: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def run(self, stream: IO[bytes]) -> Any:
        """Reads the pickle at the position of `stream` and leaves it just behind.

        Returns:
            Plain values, tuples, lists, dicts with text keys, and `StoredTensor`s in them.

        Raises:
            CheckpointError: An opcode, global, call, storage or tensor that is not allowed.
            ValueError: Bytes that are not a pickle, or end too early.
            IndexError: An opcode that finds the stack empty.
        """
        self._stack, self._marked, self._memo = [], [], {}
        for opcode, argument, _ in pickletools.genops(stream):
            if opcode.name == "STOP":
                break
            step = _STEPS.get(opcode.name)
            if step is None:
                raise _refused(f"pickle opcode {opcode.name} {_show(argument or '')}".rstrip())
            step(self, argument)
        return self._stack.pop()

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

    def pop(self, count: int) -> list[Any]:
        """Takes the last `count` values."""
        return [self._stack.pop() for _ in range(count)][::-1]

    def remember(self, index: int | None) -> None:
        """Keeps the top of the stack in the memo, under the next free index for None."""
        self._memo[len(self._memo) if index is None else index] = self._stack[-1]

    def recall(self, index: int) -> None:
        """Puts a value from the memo on the stack."""
        if index not in self._memo:
            raise CheckpointError(f"malformed pickle: memo entry {index} was never written")
        self.push(self._memo[index])

    def append(self, values: list[Any]) -> None:
        """Adds values to the list on top of the stack."""
        self._top(list).extend(values)

    def set_items(self, items: list[Any]) -> None:
        """Adds key, value, key, value... to the dict on top of the stack."""
        target = self._top(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) is not str:  # also keeps deep tuples from being hashed
                raise CheckpointError(f"a dict key is of type {type(key).__name__}, expected text")
            target[key] = value

    def build(self) -> None:
        """Drops the attributes of an OrderedDict: PyTorch keeps layer versions there."""
        self._stack.pop()
        self._top(dict)

    def push_global(self, module: Any, name: Any) -> None:
        """Puts an allowed name on the stack."""
        if not (type(module) is type(name) is str):
            raise CheckpointError("malformed pickle: a global whose name is not text")
        found = Global(module, name)
        if found not in ALLOWED:
            raise _refused(f"global {_show(module)}.{_show(name)}")
        self.push(found)

    def reduce(self) -> None:
        """Carries out one of the two allowed calls."""
        function, arguments = self.pop(2)
        if type(arguments) is not tuple:
            raise CheckpointError("malformed pickle: the arguments of a call are not a tuple")
        if function == ORDERED_DICT and not arguments:
            self.push({})
        elif function == REBUILD_TENSOR and len(arguments) in (6, 7):
            self.push(_tensor(*arguments[:4]))
        else:
            raise _refused(f"a call of {_name(function)} with {len(arguments)} arguments")

    def push_storage(self) -> None:
        """Turns a persistent id into a storage."""
        storage = _storage(*self.pop(1))
        if self.storages.setdefault(storage.key, storage) != storage:
            raise CheckpointError(f"storage {storage.key[:50]!r} is declared in two ways")
        self.push(storage)

    def _top(self, kind: type) -> Any:
        if type(self._stack[-1]) is not kind:
            raise CheckpointError(f"malformed pickle: items for what is not a {kind.__name__}")
        return self._stack[-1]


_STEPS: dict[str, Callable[[PickleMachine, Any], None]] = {
    "PROTO": lambda machine, _: None,
    "FRAME": lambda machine, _: None,
    "NONE": lambda machine, _: machine.push(None),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"), PickleMachine.push),
    **dict.fromkeys(("BINUNICODE", "SHORT_BINUNICODE"), PickleMachine.push),
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
    **dict.fromkeys(("BINPUT", "LONG_BINPUT", "MEMOIZE"), PickleMachine.remember),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), PickleMachine.recall),
    "GLOBAL": lambda machine, names: machine.push_global(*names.split(" ", 1)),
    "STACK_GLOBAL": lambda machine, _: machine.push_global(*machine.pop(2)),
    "REDUCE": lambda machine, _: machine.reduce(),
    "BUILD": lambda machine, _: machine.build(),
    "BINPERSID": lambda machine, _: machine.push_storage(),
}


def _storage(identity: Any) -> Storage:
    """Reads ("storage", class, key, device, size), with a sixth None in the oldest format."""
    match identity:
        case ("storage", Global() as kind, str(key), str(), int(size), *rest) if (
            kind in STORAGES and size >= 0 and rest in ([], [None])
        ):
            return Storage(STORAGES[kind], key, size)
    raise CheckpointError("malformed pickle: a persistent id that is not a storage")


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any) -> StoredTensor:
    """Checks that every element of the window lies inside its storage."""
    whole = type(shape) is type(strides) is tuple and len(shape) == len(strides) <= MAX_DIMENSIONS
    if not (whole and all(type(n) is int and 0 <= n < 2**63 for n in (offset, *shape, *strides))):
        raise CheckpointError("a tensor whose offset, shape or strides are not natural numbers")
    if type(storage) is not Storage:
        raise CheckpointError("a tensor without a storage")
    size = prod(shape)
    last = offset + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
    if size > storage.size or (size and last >= storage.size):
        raise CheckpointError(
            f"a tensor reaches outside its storage: shape {shape}, strides {strides} "
            f"and offset {offset} in {storage.size} elements"
        )
    if not size and prod(n or 1 for n in shape) >= MAX_EMPTY:
        raise CheckpointError(f"an empty tensor of the shape {shape} is too large")
    return StoredTensor(storage, offset, shape, strides)


def _show(value: Any) -> str:
    """Text from the file on one short line, without control characters."""
    return repr(str(value)[:80])[1:-1]


def _name(function: Any) -> str:
    named = isinstance(function, Global)
    return f"{function.module}.{function.name}" if named else type(function).__name__


def _refused(what: str) -> CheckpointError:
    return CheckpointError(
        f"refused {what}",
        hint="only a flat dict of tensors can be read, as torch.save(model.state_dict()) writes it",
    )
