"""Reading and writing weights as safetensors, half precision on disk and single in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tushuo.errors import BundleError

__all__ = ["Weights", "read_shapes", "read_weights", "write_weights"]

Weights: TypeAlias = dict[str, npt.NDArray[Any]]

_MAX_BYTES = 1 << 32
_DTYPES = ("F16", "F32", "F64")


def read_weights(path: Path) -> Weights:
    """All arrays of a safetensors file, as float32.

    Raises:
        BundleError: The file is missing, truncated, above 4 GiB, or holds other types or values
            that are not finite; the message names the file and the array.
    """
    with _opened(path) as file:
        return {name: _float32(path, name, file) for name in file.keys()}  # noqa: SIM118


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the arrays, without reading them.

    Raises:
        BundleError: As of `read_weights`.
    """
    with _opened(path) as file:
        return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118


def write_weights(path: Path, weights: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write a safetensors file: matrices and kernels as float16, vectors as float32.

    Vectors are few, and the running variances among them need more than half precision.

    Raises:
        BundleError: A value is not finite, or too large for float16.
    """
    from safetensors.numpy import save

    stored = {name: _stored(name, x) for name, x in weights.items()}
    path.write_bytes(save(stored, {"format": "np"}))  # save_file would make it private


def _stored(name: str, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    dtype = np.float16 if array.ndim > 1 else np.float32
    with np.errstate(over="ignore"):
        stored = np.ascontiguousarray(array, dtype=dtype)
    if not np.isfinite(stored).all():
        raise BundleError(
            f"{name} holds values that are not finite or too large for {dtype.__name__}"
        )
    return stored


def _float32(path: Path, name: str, file: Any) -> npt.NDArray[Any]:
    kind = file.get_slice(name).get_dtype()
    if kind not in _DTYPES:
        raise BundleError(f"{path}: {name} is of type {kind}, expected one of {_DTYPES}")
    array: npt.NDArray[Any] = file.get_tensor(name).astype(np.float32)
    if not np.isfinite(array).all():
        raise BundleError(f"{path}: {name} holds values that are not finite")
    return array


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
