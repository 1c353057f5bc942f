"""The pickles of PyTorch's state dicts: plain values, and tensors as windows on storages.

The machine below builds these and nothing else; see `closed_pickle`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from tushuo.closed_pickle import ClosedPickle, Global
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


class PickleMachine(ClosedPickle):
    """Carries out one pickle at a time and collects the storages that it speaks of.

    Attributes:
        storages: Every storage met so far, by key.
    """

    error = CheckpointError
    hint = "only a flat dict of tensors can be read, as torch.save(model.state_dict()) writes it"
    allowed = ALLOWED
    extra = ("BUILD", "BINPERSID")

    def __init__(self) -> None:
        super().__init__()
        self.storages: dict[str, Storage] = {}

    def call(self, function: Any, arguments: tuple[Any, ...]) -> Any:
        """One of the two allowed calls."""
        if function == ORDERED_DICT and not arguments:
            return {}
        if function == REBUILD_TENSOR and len(arguments) in (6, 7):
            return _tensor(*arguments[:4])
        return super().call(function, arguments)

    def build(self, state: Any) -> None:
        """Drops the attributes of an OrderedDict: PyTorch keeps layer versions there."""
        self.top(dict)

    def persistent(self, identity: Any) -> Storage:
        """The storage of a persistent id."""
        storage = _storage(identity)
        if self.storages.setdefault(storage.key, storage) != storage:
            raise CheckpointError(f"storage {storage.key[:50]!r} is declared in two ways")
        return storage


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
