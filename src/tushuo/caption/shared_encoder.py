"""Encoders that several bundles share: one model holds the weights, the others name it.

The holder is named, never given by a path, and is looked for among the installed models only; the
sha256 of the weights as they are used makes sure that the decoder meets the encoder that it was
trained with.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from tushuo.errors import BundleError, CheckpointError
from tushuo.models.efficientnet import EfficientNetLite
from tushuo.models.installed import find_installed, read_config
from tushuo.models.weights_file import Weights, digest, read_weights
from tushuo.nn import init

__all__ = ["Holder", "encoder_network", "encoder_weights", "holder_of", "read_holder", "shared"]

_HEX = re.compile(r"[0-9a-f]{64}")
_WEIGHTS = "model.safetensors"
_UNUSED = "classifier."  # of an encoder, which only makes feature maps

_in_use: WeakValueDictionary[tuple[Any, ...], EfficientNetLite] = WeakValueDictionary()


class Holder(NamedTuple):
    """Who holds the weights of an encoder: an installed model, and the sha256 of the weights."""

    model: str
    sha256: str

    def to_config(self) -> dict[str, str]:
        """As `config.json` says it, beside the encoder's name."""
        return {"shared": self.model, "sha256": self.sha256}


def read_holder(path: Path, encoder: Mapping[str, Any]) -> Holder | None:
    """What `config.json` says of the holder of an encoder; None where the bundle has its own.

    Raises:
        BundleError: The name is no text, or the sha256 is missing or none.
    """
    if "shared" not in encoder:
        return None
    model, sha256 = encoder["shared"], encoder.get("sha256")
    if not isinstance(model, str):
        raise BundleError(f"{path}: encoder.shared: got {model!r:.60}, expected a model's name")
    if not isinstance(sha256, str) or not _HEX.fullmatch(sha256):
        raise BundleError(f"{path}: encoder.sha256: got {sha256!r:.80}, expected 64 hex digits")
    return Holder(model, sha256)


def shared(path: Path, name: str, holder: Holder) -> EfficientNetLite:
    """The encoder that another model holds; while it is in use, every caller gets the same one.

    Args:
        path: The `config.json` that names the holder, for errors.
        name: Which network it is ("efficientnet-lite2", ...).
        holder: Who has the weights.

    Raises:
        BundleError: No such model is installed, it holds no encoder or a damaged one, or one with
            other weights.
    """
    folder = _installed(path, holder.model)
    state = (folder / _WEIGHTS).stat() if (folder / _WEIGHTS).is_file() else None
    key = (folder, name, holder.sha256, state and (state.st_mtime_ns, state.st_size))
    encoder = _in_use.get(key)
    if encoder is None:
        weights = _held(path, folder, holder.model)
        found = digest(weights)
        if found != holder.sha256:
            raise BundleError(
                f"{path}: the encoder of {holder.model!r} is another one: sha256 {found[:12]}..., "
                f"expected {holder.sha256[:12]}...",
                hint="install the version of it that the bundle was made for, "
                "or a copy of the bundle with its own encoder",
            )
        encoder = encoder_network(folder / _WEIGHTS, name, weights)
        _in_use[key] = encoder
    return encoder


def holder_of(encoder: EfficientNetLite, model: str) -> Holder:
    """The holder that a bundle can name instead of keeping its encoder.

    Raises:
        BundleError: No such model is installed, or its encoder has other weights.
    """
    folder = find_installed(model)
    held, mine = _held(folder, folder, model), encoder_weights(encoder)
    if digest(held) != digest(mine):
        raise BundleError(
            f"the encoder of {model!r} has other weights than this {encoder.name}",
            hint="save the bundle with its own encoder",
        )
    return Holder(model, digest(held))


def encoder_weights(encoder: EfficientNetLite) -> Weights:
    """The arrays of an encoder, without those of its classifier."""
    state = encoder.state_dict()
    return {name: x for name, x in state.items() if not name.startswith(_UNUSED)}


def encoder_network(path: Path, name: str, weights: Weights) -> EfficientNetLite:
    """An encoder in inference mode with the weights that stand in a file.

    Raises:
        BundleError: They are not those of such a network.
    """
    with init.skipped():
        encoder = EfficientNetLite(name, classes=1)
    unused = {n: x for n, x in encoder.state_dict().items() if n.startswith(_UNUSED)}
    try:
        encoder.load_state_dict(weights | unused)
    except CheckpointError as error:
        raise BundleError(f"{path}: {error.problem}", hint=error.hint) from None
    return encoder.eval()


def _installed(path: Path, model: str) -> Path:
    try:
        return find_installed(model)
    except BundleError as error:
        raise BundleError(
            f"{path}: its encoder is that of {model!r:.60}, which is not installed",
            hint=f"{error.hint}; or use a copy of the bundle with its own encoder",
        ) from None


def _held(path: Path, folder: Path, model: str) -> Weights:
    """The encoder's arrays of a classifier, or of a bundle that keeps its own."""
    weights = read_weights(folder / _WEIGHTS)
    prefix = "" if read_config(folder / "config.json").get("decoder") is None else "encoder."
    kept = {name.removeprefix(prefix): x for name, x in weights.items() if name.startswith(prefix)}
    held = {name: x for name, x in kept.items() if not name.startswith(_UNUSED)}
    if not held:
        raise BundleError(f"{path}: {model!r} holds no encoder", hint="name the model that does")
    return held
