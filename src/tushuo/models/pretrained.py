"""Trained classifiers of photographs: shipped, in a folder, or as published for PyTorch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tushuo.errors import BundleError, CheckpointError
from tushuo.models.efficientnet import SCALES, EfficientNetLite
from tushuo.models.efficientnet_names import rename_parameter
from tushuo.models.installed import find_model, read_config
from tushuo.models.torch_file import read_torch_file
from tushuo.models.weights_file import Weights, read_shapes, read_weights
from tushuo.nn import init

__all__ = [
    "MODEL_TYPE",
    "find_variant",
    "imagenet_classes",
    "load_efficientnet",
    "published_weights",
]

MODEL_TYPE = "efficientnet-lite"
CLASSES = 1000

# number of blocks and input channels of the head -> which of the networks it is
_VARIANTS = {(16, 320): "lite0", (21, 320): "lite1", (21, 352): "lite2"}
_HEAD = "head.conv.weight"


def load_efficientnet(source: str | os.PathLike[str] = "efficientnet-lite2") -> EfficientNetLite:
    """A trained EfficientNet-Lite in inference mode, a classifier of ImageNet's 1,000 classes.

    Args:
        source: The name of a shipped model, a folder with `config.json` and `model.safetensors`,
            or a published `.pth` file (read without running any code of it).

    Raises:
        BundleError: There is no such model, its files are damaged or do not fit each other.
        CheckpointError: The `.pth` file is damaged or holds other parameters.
    """
    path = Path(source)
    if path.suffix in (".pth", ".pt"):
        return _network(path, published_weights(path))
    folder = find_model(source, MODEL_TYPE)
    config, weights = folder / "config.json", folder / "model.safetensors"
    kind = read_config(config).get("model_type")
    if kind != MODEL_TYPE:
        raise BundleError(f"{config}: model_type: got {kind!r:.60}, expected {MODEL_TYPE!r}")
    find_variant(weights, read_shapes(weights))
    return _network(weights, read_weights(weights))


def imagenet_classes() -> tuple[str, ...]:
    """The names of the classes, in the order of the logits."""
    path = Path(__file__).with_name("imagenet_classes.txt")
    return tuple(path.read_text("utf-8").splitlines())


def published_weights(path: Path) -> Weights:
    """The weights of a published `.pth` file under our names.

    Raises:
        CheckpointError: The file is damaged or holds other parameters.
    """
    published = read_torch_file(path)
    pairs = ((rename_parameter(name), array) for name, array in published.items())
    return {name: array for name, array in pairs if name is not None}


def _network(path: Path, weights: Weights) -> EfficientNetLite:
    name = find_variant(path, {key: array.shape for key, array in weights.items()})
    with init.skipped():
        network = EfficientNetLite(name, CLASSES)
    try:
        return network.load_state_dict(weights).eval()
    except CheckpointError as error:
        raise BundleError(f"{path}: {error.problem}", hint=error.hint) from None


def find_variant(path: Path, shapes: Mapping[str, tuple[Any, ...]]) -> str:
    """The name of the network that the shapes belong to.

    Raises:
        BundleError: They belong to none; the message names the file.
    """
    blocks = len({name.split(".")[1] for name in shapes if name.startswith("blocks.")})
    head = shapes.get(_HEAD, ())
    channels = head[1] if len(head) == 4 else 0
    variant = _VARIANTS.get((blocks, channels))
    if variant is None:
        raise BundleError(
            f"{path}: {blocks} blocks and {channels} channels before the head",
            hint=f"expected the weights of {', '.join(SCALES)}",
        )
    return f"efficientnet-{variant}"
