from __future__ import annotations

import pytest

from tushuo.errors import CheckpointError
from tushuo.models.efficientnet_names import rename_parameter

NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def published_names(blocks: int) -> list[str]:
    """The names of a network whose first block does not expand."""
    names = ["_conv_stem.weight", *(f"_bn0.{field}" for field in NORM)]
    for i in range(blocks):
        layers = {"_depthwise_conv": "_bn1", "_project_conv": "_bn2"}
        for conv, norm in ({"_expand_conv": "_bn0"} if i else {} | layers).items():
            names += [f"_blocks.{i}.{conv}.weight", *(f"_blocks.{i}.{norm}.{f}" for f in NORM)]
    names += ["_conv_head.weight", *(f"_bn1.{field}" for field in NORM)]
    return [*names, "_fc.weight", "_fc.bias"]


@pytest.mark.parametrize(
    ("published", "ours"),
    [
        ("_conv_stem.weight", "stem.conv.weight"),
        ("_bn0.running_var", "stem.norm.running_var"),
        ("_blocks.0._bn1.bias", "blocks.0.depthwise.norm.bias"),
        ("_blocks.12._expand_conv.weight", "blocks.12.expand.conv.weight"),
        ("_blocks.12._bn0.running_mean", "blocks.12.expand.norm.running_mean"),
        ("_blocks.12._project_conv.weight", "blocks.12.project.conv.weight"),
        ("_blocks.12._bn2.weight", "blocks.12.project.norm.weight"),
        ("_conv_head.weight", "head.conv.weight"),
        ("_bn1.weight", "head.norm.weight"),
        ("_fc.bias", "classifier.bias"),
        ("_blocks.3._bn2.num_batches_tracked", None),
    ],
)
def test_each_kind_of_name(published: str, ours: str | None) -> None:
    assert rename_parameter(published) == ours


def test_no_two_parameters_get_the_same_name() -> None:
    published = published_names(21)
    kept = [name for name in map(rename_parameter, published) if name is not None]
    counters = sum("num_batches_tracked" in name for name in published)
    assert len(set(kept)) == len(kept) == len(published) - counters


@pytest.mark.parametrize(
    "name",
    ["", "fc.weight", "_fc", "_fc.scale", "_blocks.x._bn0.bias", "_blocks.1._se_reduce.weight"],
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(CheckpointError, match=f"unknown parameter '{name}'; expected the publish"):
        rename_parameter(name)
