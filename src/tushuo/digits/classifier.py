"""A trained classifier of digits, and the folder that it is kept in."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tushuo.data.mnist import Digits
from tushuo.digits.recipe import check_layers
from tushuo.errors import BundleError, CheckpointError, TushuoError
from tushuo.graph import ops
from tushuo.models.installed import find_model, read_config
from tushuo.models.lenet import LeNet
from tushuo.models.mlp import MLP
from tushuo.models.weights_file import read_weights, write_weights

__all__ = ["DEFAULT", "MODEL_TYPE", "DigitClassifier", "load_digit_classifier"]
__all__ += ["save_digit_classifier"]

MODEL_TYPE = "digits"
DEFAULT = "mnist-cnn"
"""The classifier in the package."""

_CONFIG, _WEIGHTS = "config.json", "model.safetensors"
_OUTPUTS = ("sigmoid", "softmax")


@dataclass(frozen=True)
class DigitClassifier:
    """A network with what makes probabilities of its logits.

    Args:
        network: From (N, 784) to logits (N, 10).
        output: "softmax"; or "sigmoid" for ten separate outputs, which are divided by their sum.
        name: The name of the model.
    """

    network: MLP | LeNet
    output: str = "softmax"
    name: str = field(default=MODEL_TYPE, compare=False)

    def __call__(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Images as of MNIST, uint8 (N, 28, 28), to probabilities (N, 10).

        Raises:
            DatasetError: The images are of another shape or data type.
        """
        digits = Digits(images, np.zeros(len(images), np.uint8))
        network = self.network.eval()
        logits = network(digits.inputs(network.parameters()[0].dtype)).astype("float64")
        if self.output == "softmax":
            return ops.softmax(logits, axis=-1).numpy()
        shares = ops.sigmoid(logits).numpy()
        return np.asarray(shares / shares.sum(axis=-1, keepdims=True))


def save_digit_classifier(
    folder: Path, classifier: DigitClassifier, notes: Mapping[str, Any] | None = None
) -> None:
    """Write ``config.json`` and ``model.safetensors`` (half precision) into a new folder.

    Args:
        folder: Made here.
        classifier: What to save.
        notes: JSON for the config's ``training``: how it was made, how good it is.

    Raises:
        BundleError: The folder exists or cannot be made, or a weight is not finite.
    """
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        reason = error.strerror or error
        raise BundleError(f"cannot make the folder {str(folder)!r}: {reason}") from None
    config = {
        "model_type": MODEL_TYPE,
        "name": classifier.name,
        **_described(classifier.network),
        "output": classifier.output,
        "image_size": 28,
        "training": dict(notes or {}),
    }
    try:
        write_weights(folder / _WEIGHTS, classifier.network.state_dict())
    except BundleError as error:
        folder.rmdir()
        raise BundleError(error.problem, hint="train with a lower learning rate") from None
    (folder / _CONFIG).write_text(json.dumps(config, indent=2) + "\n", "utf-8")


def load_digit_classifier(source: str | os.PathLike[str] = DEFAULT) -> DigitClassifier:
    """A trained classifier of digits.

    Args:
        source: The name of one in the package, or a folder as ``tushuo train mnist`` writes it.

    Raises:
        BundleError: There is none, or its files are damaged or do not fit each other.
    """
    folder = find_model(source, MODEL_TYPE)
    path = folder / _CONFIG
    config = read_config(path)
    if config.get("model_type") != MODEL_TYPE:
        kind = f"{config.get('model_type')!r:.60}"
        raise BundleError(f"{path}: model_type: got {kind}, expected {MODEL_TYPE!r}")
    if config.get("output") not in _OUTPUTS:
        raise BundleError(f"{path}: output: expected one of {', '.join(_OUTPUTS)}")
    network = _built(path, config)
    try:
        network.load_state_dict(read_weights(folder / _WEIGHTS)).eval()
    except CheckpointError as error:
        raise BundleError(f"{folder / _WEIGHTS}: {error.problem}", hint=error.hint) from None
    return DigitClassifier(network, config["output"], str(config.get("name", folder.name)))


def _described(network: MLP | LeNet) -> dict[str, Any]:
    if isinstance(network, MLP):
        shape: dict[str, Any] = {"architecture": "mlp", "layers": list(network.sizes)}
    else:
        channels = [network.conv1.out_channels, network.conv2.out_channels]
        hidden = network.output.in_features
        shape = {"architecture": "lenet", "channels": channels, "hidden": hidden}
    return {**shape, "activation": network.activation}


def _built(path: Path, config: Mapping[str, Any]) -> MLP | LeNet:
    """The network that a config describes, of bounded size."""
    activation = str(config.get("activation"))
    try:
        match config:
            case {"architecture": "mlp", "layers": [*layers]}:
                check_layers(layers)
                return MLP(layers, activation, rng=0)
            case {"architecture": "lenet", "channels": [int(a), int(b)], "hidden": int(hidden)}:
                if max(a, b) <= 1024 and hidden <= 8192:
                    return LeNet(28, (a, b), hidden, activation=activation, rng=0)
    except TushuoError as error:
        raise BundleError(f"{path}: {error.problem}", hint=error.hint) from None
    raise BundleError(f"{path}: describes no network", hint="expected an 'mlp' or a 'lenet'")
