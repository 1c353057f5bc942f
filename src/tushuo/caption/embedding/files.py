"""An embedder in a bundle's folder: `embedder.json` and `embedder.safetensors`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from tushuo.caption.embedding.embedder import Embedder
from tushuo.caption.embedding.pieces import PieceList
from tushuo.caption.embedding.relevance import Relevance
from tushuo.errors import BundleError, CheckpointError, ShapeError, UsageError
from tushuo.models.installed import check_version, read_config
from tushuo.models.joint_space import JointSpace
from tushuo.models.weights_file import Weights, read_weights, write_weights
from tushuo.nn import init

__all__ = ["CONFIG", "WEIGHTS", "load_embedder", "save_embedder"]

CONFIG, WEIGHTS = "embedder.json", "embedder.safetensors"

_MODEL_TYPE, _FORMAT_VERSION = "joint-space", 1
_NUMBERS = ("scale", "evidence", "like")
_ARRAYS = ("centre", "axes", "background")
_ANEW = "train the embedder again: tushuo train embedder"


def save_embedder(folder: Path, embedder: Embedder) -> None:
    """Write both files into a folder.

    Raises:
        BundleError: A weight is not finite.
        OSError: The folder cannot be written.
    """
    relevance, weights = embedder.relevance, embedder.network.state_dict()
    config: dict[str, Any] = {"model_type": _MODEL_TYPE, "format_version": _FORMAT_VERSION}
    if relevance is not None:
        config["relevance"] = {name: getattr(relevance, name) for name in _NUMBERS}
        weights |= {f"relevance.{name}": getattr(relevance, name) for name in _ARRAYS}
    config["pieces"] = list(embedder.pieces.pieces)
    write_weights(folder / WEIGHTS, weights)
    (folder / CONFIG).write_text(json.dumps(config, ensure_ascii=False) + "\n", "utf-8")


def load_embedder(folder: Path, channels: int) -> Embedder | None:
    """The embedder of a bundle; None where its folder has no `embedder.json`.

    Args:
        folder: The bundle's folder.
        channels: Of the encoder's feature maps.

    Raises:
        BundleError: A file is missing, damaged, of another version, or does not fit the others.
    """
    path = folder / CONFIG
    if not path.exists():
        return None
    config = read_config(path)
    check_version(path, config, anew=_ANEW, model_type=_MODEL_TYPE, format_version=_FORMAT_VERSION)
    weights = read_weights(folder / WEIGHTS)
    try:
        pieces = PieceList(config.get("pieces", ()))
        relevance = _relevance(path, config.get("relevance"), weights)
    except (UsageError, ShapeError) as error:
        raise BundleError(f"{path}: {error.problem}") from None
    network = _network(folder / WEIGHTS, weights, len(pieces), channels)
    if relevance is not None and relevance.centre.shape != (network.dimensions,):
        raise BundleError(
            f"{folder / WEIGHTS}: relevance.centre is not of {network.dimensions} dimensions"
        )
    return Embedder(network, pieces, relevance)


def _relevance(path: Path, content: Any, weights: Weights) -> Relevance | None:
    """The cut-off; its arrays are taken out of the weights."""
    arrays = [weights.pop(f"relevance.{name}", None) for name in _ARRAYS]
    if content is None:
        return None
    found = content if isinstance(content, dict) else {}
    numbers = [float(x) for x in map(found.get, _NUMBERS) if _is_number(x)]
    if len(numbers) < len(_NUMBERS) or any(x is None for x in arrays):
        raise BundleError(
            f"{path}: relevance: got {content!r:.60}, expected {', '.join(_NUMBERS)}, and "
            f"{', '.join(_ARRAYS)} in {WEIGHTS}"
        )
    centre, axes, background = (np.asarray(x, np.float32) for x in arrays)
    return Relevance(centre, axes, background, *numbers)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _network(path: Path, weights: Weights, pieces: int, channels: int) -> JointSpace:
    """The network; its sizes come from the weights, so that no file asks for more memory."""
    embed, image = _shape(path, weights, "embed.weight"), _shape(path, weights, "image.weight")
    if embed[0] != pieces or image[1] != channels:
        raise BundleError(
            f"{path}: made for {embed[0]} pieces and {image[1]} channels, "
            f"but there are {pieces} and {channels}",
            hint="an embedder works only with the encoder and the pieces it was trained with",
        )
    with init.skipped():
        network = JointSpace(pieces, channels, image[0], embed[1])
    try:
        network.load_state_dict(weights)
    except CheckpointError as error:
        raise BundleError(f"{path}: {error.problem}", hint=error.hint) from None
    return network.eval()


def _shape(path: Path, weights: Weights, name: str) -> tuple[int, int]:
    array: npt.NDArray[Any] = weights.get(name, np.zeros(0))
    if array.ndim != 2 or 0 in array.shape:
        raise BundleError(f"{path}: {name}: got shape {array.shape}, expected that of a matrix")
    return array.shape[0], array.shape[1]
