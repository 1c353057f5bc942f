"""Checkpoints: one safetensors file of arrays by path, with a JSON header for everything else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from tushuo.errors import CheckpointError
from tushuo.train.arrays import flatten, unflatten
from tushuo.train.atomic import replacing

T = TypeVar("T")

_FORMAT, _VERSION = "tushuo.checkpoint", 1
_MAX_HEADER = 16 * 2**20  # bytes of JSON


@dataclass(frozen=True)
class Checkpoint:
    """What a file held.

    Attributes:
        path: The file.
        arrays: The arrays by path in their tree, as ``params.layers.0.weight``.
        scalars: What was stored beside them: numbers, texts, lists and dicts.
    """

    path: Path
    arrays: Mapping[str, np.ndarray]
    scalars: Mapping[str, Any]

    def restore(self, like: T) -> T:
        """The tree that was saved.

        Args:
            like: A tree of the same structure, shapes and data types. Buffers of its modules are
                set to what the file holds.

        Returns:
            A tree like it, with the saved values, equal to the bit.

        Raises:
            CheckpointError: Names, shapes or data types differ; the message names them.
        """
        try:
            return unflatten(self.arrays, like)
        except CheckpointError as error:
            raise CheckpointError(f"{self.path}: {error.problem}", hint=error.hint) from error


def save_checkpoint(path: str | Path, tree: Any, scalars: Mapping[str, Any] | None = None) -> None:
    """Write a tree and scalars into one file.

    The file is replaced atomically: after a kill or a power cut it is whole, old or new.

    Args:
        path: Where to; an existing file is replaced.
        tree: A tree of Tensors, arrays and numbers. Buffers of its modules are saved too.
        scalars: What JSON can hold, as a step, a configuration, or ``rng.bit_generator.state``.

    Raises:
        CheckpointError: The scalars are not JSON, or the file cannot be written.
    """
    path = Path(path)
    # one entry: safetensors writes several in an order that changes from file to file
    header = {_FORMAT: _encoded({"version": _VERSION, "scalars": dict(scalars or {})})}
    arrays = {name: np.asarray(x, order="C") for name, x in flatten(tree).items()}
    try:
        with replacing(path) as temporary:
            # not save_file, whose own temporary files a kill leaves behind
            temporary.write_bytes(save(arrays, metadata=header))
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"cannot write {path}: {error}", hint="check the folder and the free space"
        ) from error


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        CheckpointError: The file is absent, damaged, or not a checkpoint of this version.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"{path} is not a file", hint="check the path")
    try:
        with safe_open(path, framework="numpy") as file:
            scalars = _scalars(path, file.metadata() or {})
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path} cannot be read: {error}", hint="the file is damaged or no safetensors file"
        ) from error
    return Checkpoint(path, arrays, scalars)


def save_tree(path: str | Path, tree: Any) -> None:
    """Write a tree of Tensors, as an optimiser's state; see :func:`save_checkpoint`."""
    save_checkpoint(path, tree)


def load_tree(path: str | Path, like: T) -> T:
    """Read a tree that has the structure of ``like``; see :meth:`Checkpoint.restore`."""
    return load_checkpoint(path).restore(like)


def _encoded(header: Mapping[str, Any]) -> str:
    try:
        text = json.dumps(header, default=_plain, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(
            f"the scalars are not JSON: {error}",
            hint="store numbers, texts, lists and dicts; arrays belong into the tree",
        ) from error
    if len(text) > _MAX_HEADER:
        raise CheckpointError(f"the scalars take {len(text)} bytes, expected at most {_MAX_HEADER}")
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} {value!r:.60}")


def _scalars(path: Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    if _FORMAT not in metadata:
        raise CheckpointError(
            f"{path} is not a checkpoint: its header has no entry {_FORMAT!r}",
            hint="weights alone are loaded with load_state_dict",
        )
    header = _decoded(metadata[_FORMAT])
    version, scalars = header.get("version"), header.get("scalars")
    if version != _VERSION:
        raise CheckpointError(
            f"{path} is of checkpoint version {version!r:.20}, expected {_VERSION}",
            hint="read it with the tushuo that wrote it",
        )
    if not isinstance(scalars, dict):
        raise CheckpointError(f"{path} is damaged: its header holds no scalars")
    return scalars


def _decoded(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text) if len(text) <= _MAX_HEADER else None
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}
