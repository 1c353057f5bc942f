"""Weights from a PyTorch checkpoint, without PyTorch and without running what the file says.

Two containers are read: the zip archive that `torch.save` writes since 1.6, and the older stream of
five pickles followed by the raw storages. In both, a restricted pickle describes the tensors.
"""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from tushuo.errors import CheckpointError
from tushuo.models.torch_pickle import STORAGE_DTYPES, PickleMachine, Storage, StoredTensor

__all__ = ["read_torch_file"]

MAX_PICKLE_BYTES = 2**21  # a tensor takes some 160 bytes: its elements are elsewhere
MAX_TENSORS = 10_000
ZIP_START = b"PK\x03\x04"
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_START = b"\x80\x02\x8a\x0a" + LEGACY_MAGIC.to_bytes(10, "little")
LEGACY_PROTOCOL = 1001

Arrays = dict[str, NDArray[Any]]
Tensors = dict[str, StoredTensor]
ByteOrder = Literal["<", ">"]


def read_torch_file(path: str | os.PathLike[str]) -> Arrays:
    """Reads a state dict that `torch.save` wrote.

    No global of the pickle is imported or called, nothing is unpacked on disk, and sizes that the
    file declares are compared with its real bytes before memory is taken for them.

    Args:
        path: A `.pth` or `.pt` file: the zip format, or the one before PyTorch 1.6.

    Returns:
        Name -> array in the order of the file, of the tensor's shape and dtype; bfloat16 becomes
        float32. The arrays are read-only and may share memory, as the tensors did.

    Raises:
        CheckpointError: The file is missing, truncated, no checkpoint, or holds anything else than
            a flat dict of tensors; a refused global is named.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            tensors, storages = _read(file)
        return {
            name: _array(tensor, storages[tensor.storage.key]) for name, tensor in tensors.items()
        }
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error.problem}", hint=error.hint) from error
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror or error})") from error
    except Exception as error:  # whatever the parsers meet in hostile bytes
        cause = " ".join(f"{type(error).__name__}: {error}".split())[:160]
        raise CheckpointError(
            f"{path}: damaged checkpoint ({cause})",
            hint="download or save it again",
        ) from error


def _read(file: IO[bytes]) -> tuple[Tensors, Arrays]:
    """The tensors by name, and the elements of their storages by key."""
    start = file.read(len(LEGACY_START))
    file.seek(0)
    if start.startswith(ZIP_START):
        return _read_zip(file)
    if start == LEGACY_START:
        return _read_legacy(file)
    raise CheckpointError(
        "not a PyTorch checkpoint" if start else "the file is empty",
        hint="expected a .pth or .pt file that torch.save wrote",
    )


def _read_zip(file: IO[bytes]) -> tuple[Tensors, Arrays]:
    with zipfile.ZipFile(file) as archive:
        pickles = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise CheckpointError(f"a zip archive with {len(pickles)} data.pkl, expected one")
        folder = pickles[0].removesuffix("data.pkl")
        size = archive.getinfo(pickles[0]).file_size
        if size > MAX_PICKLE_BYTES:
            raise CheckpointError(f"data.pkl has {size} bytes, at most {MAX_PICKLE_BYTES} are read")
        machine = PickleMachine()
        tensors = _tensors(machine.run(io.BytesIO(_entry(archive, pickles[0], size))))
        # entries may overlap in a hostile archive: together they cannot exceed the file
        _check_room(sum(map(_count_bytes, machine.storages.values())), _left(file, 0))
        order = _byte_order(archive, folder)
        storages = {}
        for key, storage in machine.storages.items():
            raw = _entry(archive, f"{folder}data/{key}", _count_bytes(storage))
            storages[key] = _elements(storage, raw, order)
        return tensors, storages


def _entry(archive: zipfile.ZipFile, name: str, size: int) -> bytes:
    """One entry of exactly `size` bytes; PyTorch stores them as they are, so nothing inflates."""
    try:
        entry = archive.getinfo(name)
    except KeyError:
        raise CheckpointError(f"entry {name[:100]!r} is missing from the archive") from None
    if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
        raise CheckpointError(f"entry {name[:100]!r} is compressed, expected stored bytes")
    if entry.file_size != size:
        raise CheckpointError(f"entry {name[:100]!r} has {entry.file_size} bytes, expected {size}")
    return archive.read(entry)


def _byte_order(archive: zipfile.ZipFile, folder: str) -> ByteOrder:
    name = f"{folder}byteorder"
    if name not in archive.namelist():  # before PyTorch 2.1
        return "<"
    size = archive.getinfo(name).file_size
    orders: dict[bytes, ByteOrder] = {b"little": "<", b"big": ">"}
    return orders[_entry(archive, name, min(size, len(b"little")))]


def _read_legacy(file: IO[bytes]) -> tuple[Tensors, Arrays]:
    pickles = io.BytesIO(file.read(MAX_PICKLE_BYTES))
    machine = PickleMachine()
    magic, protocol, system, state, keys = (machine.run(pickles) for _ in range(5))
    if (magic, protocol) != (LEGACY_MAGIC, LEGACY_PROTOCOL):
        raise CheckpointError(f"unknown protocol of the old format, expected {LEGACY_PROTOCOL}")
    if type(system) is not dict or system.get("little_endian") is not True:
        raise CheckpointError("written on a big-endian machine", hint="save it again in zip form")
    tensors = _tensors(state)
    if type(keys) is not list or sorted(keys) != sorted(machine.storages):
        raise CheckpointError("the storages of the file are not those that its tensors name")
    file.seek(pickles.tell())
    return tensors, {key: _read_storage(file, machine.storages[key]) for key in keys}


def _read_storage(file: IO[bytes], storage: Storage) -> NDArray[Any]:
    """Number of elements as int64, then the elements."""
    size = int.from_bytes(file.read(8), "little")
    if size != storage.size:
        raise CheckpointError(
            f"storage {storage.key[:50]!r} has {size} elements, expected {storage.size}"
        )
    _check_room(_count_bytes(storage), _left(file, file.tell()))
    return _elements(storage, file.read(_count_bytes(storage)), "<")


def _count_bytes(storage: Storage) -> int:
    return storage.size * np.dtype(STORAGE_DTYPES[storage.kind]).itemsize


def _left(file: IO[bytes], position: int) -> int:
    return os.fstat(file.fileno()).st_size - position


def _check_room(needed: int, left: int) -> None:
    if needed > left:
        raise CheckpointError(
            f"truncated: the tensors need {needed} bytes, the file has {left}",
            hint="download or save it again",
        )


def _elements(storage: Storage, raw: bytes, order: ByteOrder) -> NDArray[Any]:
    """Bytes of a storage as a one-dimensional array of native byte order."""
    dtype = np.dtype(STORAGE_DTYPES[storage.kind])
    array = np.frombuffer(raw, dtype.newbyteorder(order)).astype(dtype, copy=False)
    if storage.kind == "BFloat16Storage":  # the upper half of a float32
        array = (array.astype(np.uint32) << 16).view(np.float32)
        array.flags.writeable = False
    return array


def _tensors(state: Any) -> Tensors:
    """The state, when it is a flat dict of tensors."""
    if type(state) is not dict:
        raise CheckpointError(f"holds a {type(state).__name__}, expected a dict of tensors")
    if len(state) > MAX_TENSORS:
        raise CheckpointError(f"holds {len(state)} tensors, at most {MAX_TENSORS} are read")
    for name, value in state.items():
        if type(value) is not StoredTensor:
            raise CheckpointError(
                f"entry {name[:50]!r} is of type {type(value).__name__}, expected a tensor",
                hint="save model.state_dict() alone",
            )
    return state


def _array(tensor: StoredTensor, storage: NDArray[Any]) -> NDArray[Any]:
    """The window as an array; NumPy checks its bounds once more."""
    item = storage.itemsize
    # the stride of a dimension of one is never walked, and may be any number
    pairs = zip(tensor.shape, tensor.strides, strict=True)
    strides = [stride * item if n > 1 else 0 for n, stride in pairs]
    if 0 in tensor.shape:
        return np.empty(tensor.shape, storage.dtype)
    return np.ndarray(tensor.shape, storage.dtype, storage, tensor.offset * item, strides)
