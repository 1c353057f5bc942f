"""The parameter names of the published EfficientNet-Lite weights, turned into our own."""

from __future__ import annotations

from tushuo.errors import CheckpointError

__all__ = ["rename_parameter"]

LAYERS = {
    "_conv_stem": "stem.conv",
    "_bn0": "stem.norm",
    "_conv_head": "head.conv",
    "_bn1": "head.norm",
    "_fc": "classifier",
}
BLOCK_LAYERS = {
    "_expand_conv": "expand.conv",
    "_bn0": "expand.norm",
    "_depthwise_conv": "depthwise.conv",
    "_bn1": "depthwise.norm",
    "_project_conv": "project.conv",
    "_bn2": "project.norm",
}
FIELDS = {"weight", "bias", "running_mean", "running_var"}


def rename_parameter(published: str) -> str | None:
    """The name under which our network keeps a published parameter.

    Args:
        published: A name such as `_blocks.3._depthwise_conv.weight`.

    Returns:
        Ours, such as `blocks.3.depthwise.conv.weight`, or None for the batch counters, which serve
        only a running mean without momentum.

    Raises:
        CheckpointError: The name is not one of EfficientNet-Lite.
    """
    match published.split("."):
        case [*_, "num_batches_tracked"]:
            return None
        case ["_blocks", index, layer, field] if (
            index.isdecimal() and layer in BLOCK_LAYERS and field in FIELDS
        ):
            return f"blocks.{index}.{BLOCK_LAYERS[layer]}.{field}"
        case [layer, field] if layer in LAYERS and field in FIELDS:
            return f"{LAYERS[layer]}.{field}"
    raise CheckpointError(
        f"unknown parameter {published[:100]!r}",
        hint="expected the published PyTorch weights of EfficientNet-Lite 0, 1 or 2",
    )
