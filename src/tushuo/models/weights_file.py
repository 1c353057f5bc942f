"""Reading and writing weights as safetensors, small on disk and single precision in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from tushuo.errors import BundleError, UsageError
from tushuo.models.int8 import SCALE, dequantized, quantized

__all__ = [
    "STORES",
    "Store",
    "Weights",
    "digest",
    "read_shapes",
    "read_weights",
    "store_named",
    "write_weights",
]

Weights: TypeAlias = dict[str, npt.NDArray[Any]]
Store: TypeAlias = Literal["float16", "int8"]

STORES: tuple[Store, ...] = ("float16", "int8")
"""How matrices can be stored."""

_MAX_BYTES = 1 << 32
_DTYPES = ("F16", "F32", "F64", "I8")


def read_weights(path: Path) -> Weights:
    """All arrays of a safetensors file, as float32.

    Arrays of 8-bit numbers are multiplied by their scales, see `tushuo.models.int8`.

    Raises:
        BundleError: The file is missing, truncated, above 4 GiB, or holds other types or values
            that are not finite; the message names the file and the array.
    """
    with _opened(path) as file:
        scales = _scales(file)
        return {name: _float32(path, name, file) for name in file.keys() if name not in scales}  # noqa: SIM118


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the arrays, without reading them.

    Raises:
        BundleError: As of `read_weights`.
    """
    with _opened(path) as file:
        scales = _scales(file)
        names = [name for name in file.keys() if name not in scales]  # noqa: SIM118
        return {name: tuple(file.get_slice(name).get_shape()) for name in names}


def write_weights(
    path: Path, weights: Mapping[str, npt.NDArray[Any]], store: Store = "float16"
) -> None:
    """Write a safetensors file: matrices and kernels in short numbers, vectors as float32.

    Vectors are few, and the running variances among them need more than half precision.

    Args:
        path: The file; an existing one is replaced.
        weights: Arrays by name.
        store: "float16", or "int8": 8-bit numbers with a scale for each row.

    Raises:
        BundleError: A value is not finite, or too large for float16.
        UsageError: `store` is something else.
    """
    from safetensors.numpy import save

    stored: Weights = {}
    for name, array in weights.items():
        stored |= _stored(name, array, store_named(store))
    path.write_bytes(save(stored, {"format": "np"}))  # save_file would make it private


def store_named(name: str) -> Store:
    """A way to store matrices, by its name.

    Raises:
        UsageError: There is none of that name.
    """
    for store in STORES:
        if store == name:
            return store
    raise UsageError(f"store: got {name!r:.40}", hint=f"expected {' or '.join(STORES)}")


def digest(weights: Mapping[str, npt.NDArray[Any]]) -> str:
    """The sha256 of arrays as float32: their names, shapes and values, in the order of the names.

    It is the same however the arrays are stored, as long as they are read as the same numbers.
    """
    found = hashlib.sha256()
    for name in sorted(weights):
        array = np.ascontiguousarray(weights[name], dtype="<f4")
        found.update(f"{name} {array.shape}\n".encode())
        found.update(array.data)
    return found.hexdigest()


def _stored(name: str, array: npt.NDArray[Any], store: Store) -> Weights:
    if array.ndim < 2:
        return {name: _finite(name, array, np.float32)}
    if store == "float16":
        return {name: _finite(name, array, np.float16)}
    whole, scale = quantized(_finite(name, array, np.float32))
    return {name: whole, name + SCALE: scale}


def _finite(name: str, array: npt.NDArray[Any], dtype: type[np.floating[Any]]) -> npt.NDArray[Any]:
    with np.errstate(over="ignore"):
        stored = np.ascontiguousarray(array, dtype=dtype)
    if not np.isfinite(stored).all():
        raise BundleError(
            f"{name} holds values that are not finite or too large for {dtype.__name__}"
        )
    return stored


def _scales(file: Any) -> set[str]:
    """The names of the arrays that are scales of others."""
    names = set(file.keys())
    whole = {name for name in names if file.get_slice(name).get_dtype() == "I8"}
    return {name + SCALE for name in whole} & names


def _float32(path: Path, name: str, file: Any) -> npt.NDArray[Any]:
    kind = file.get_slice(name).get_dtype()
    if kind not in _DTYPES:
        raise BundleError(f"{path}: {name} is of type {kind}, expected one of {_DTYPES}")
    if kind == "I8":
        array = dequantized(file.get_tensor(name), _scale(path, name, file))
    else:
        array = file.get_tensor(name).astype(np.float32)
    if not np.isfinite(array).all():
        raise BundleError(f"{path}: {name} holds values that are not finite")
    return array


def _scale(path: Path, name: str, file: Any) -> npt.NDArray[np.float32]:
    """The scale of each row of an array of 8-bit numbers."""
    rows = file.get_slice(name).get_shape()[:1]
    there = name + SCALE in file.keys()  # noqa: SIM118
    found = file.get_slice(name + SCALE) if there else None
    if found is None or found.get_dtype() != "F32" or found.get_shape() != rows:
        got = "nothing" if found is None else f"{found.get_dtype()} {tuple(found.get_shape())}"
        raise BundleError(
            f"{path}: {name} is of type I8; its {name + SCALE}: got {got}, expected F32 {(*rows,)}"
        )
    scale: npt.NDArray[np.float32] = file.get_tensor(name + SCALE)
    return scale


def _opened(path: Path) -> Any:
    from safetensors import SafetensorError, safe_open

    try:
        size = path.stat().st_size
        if size > _MAX_BYTES:
            raise BundleError(f"{path}: {size:,} bytes, at most {_MAX_BYTES:,} are read")
        return safe_open(path, framework="numpy")
    except FileNotFoundError:
        raise BundleError(f"{path}: missing", hint="a model folder needs it") from None
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror or error})") from None
    except SafetensorError as error:
        raise BundleError(f"{path}: truncated or damaged ({error})", hint="copy it again") from None
