"""A data set and an encoder for trainings that take a second."""

from __future__ import annotations

from pathlib import Path

from tiny import save_photograph
from tushuo.models.efficientnet import EfficientNetLite
from tushuo.models.weights_file import write_weights

COLOURS = ["red", "green", "blue", "grey"]
CHINESE = ["红", "绿", "蓝", "灰"]


def make_world(root: Path) -> Path:
    """A folder with a data set of 12 photographs, and one with an encoder that knows nothing."""
    lines = ["file_name,caption,split"]
    for i in range(12):
        save_photograph(root / "data" / f"{i}.png", seed=i % 4)
        split = "dev" if i >= 8 else "train"
        lines += [f"{i}.png,a {COLOURS[i % 4]} picture number {n},{split}" for n in ("one", "two")]
    (root / "data" / "captions.csv").write_text("\n".join(lines) + "\n")
    (root / "data" / "zh.csv").write_text("\n".join(_chinese()) + "\n")
    encoder = louder(EfficientNetLite("efficientnet-lite0", rng=0))
    (root / "encoder").mkdir()
    (root / "encoder" / "config.json").write_text('{"model_type": "efficientnet-lite"}')
    write_weights(root / "encoder" / "model.safetensors", encoder.state_dict())
    return root


def _chinese() -> list[str]:
    """Captions of the same photographs, a file of its own."""
    splits = ["train"] * 8 + ["dev"] * 4
    rows = [
        f"{i}.png,{text.format(CHINESE[i % 4])},{split}"
        for i, split in enumerate(splits)
        for text in ("一张{}色的图片", "图片是{}色的")
    ]
    return ["file_name,caption,split", *rows]


def louder(encoder: EfficientNetLite) -> EfficientNetLite:
    """An untrained encoder's maps are too small for the float16 of the cache; these are not."""
    norm = encoder.head.norm
    norm = norm.tree_replace({"weight": norm.weight * 1e8, "bias": norm.bias})
    return encoder.tree_replace({"head": encoder.head.tree_replace({"norm": norm})})


def command(world: Path, out: Path, *extra: str) -> list[str]:
    """`tushuo train caption`, on little; later options go before."""
    options = {
        "--data": world / "data",
        "--captions": "captions.csv",
        "--out": out,
        "--encoder": world / "encoder",
        "--cache": world / "cache",
        "--size": 64,
        "--epochs": 3,
        "--tuned-epochs": 0,
        "--self-critical-epochs": 0,
        "--embedder-epochs": 0,
        "--images-per-batch": 2,
        "--hidden": 12,
        "--embedding": 8,
        "--min-count": 1,
        "--dropout": 0,
    }
    return ["train", "caption", *(str(x) for pair in options.items() for x in pair), *extra]
