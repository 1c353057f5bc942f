"""EfficientNet-Lite: convolutional networks for photographs, small enough for a CPU.

Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks" (2019),
table 1, in the Lite variant: no squeeze-and-excitation, ReLU6 for swish, stem and head not scaled.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

from tushuo.errors import BundleError, UsageError
from tushuo.graph import ops
from tushuo.graph.tensor import Tensor
from tushuo.nn import BatchNorm2d, Conv2d, Dropout, Linear, Module, relu6
from tushuo.nn.init import Rng, generator


class Stage(NamedTuple):
    """A row of the paper's table: blocks alike but for the first one's stride."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


class Scale(NamedTuple):
    """What tells the variants apart."""

    width: float
    depth: float
    resolution: int
    dropout: float


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
SCALES = {
    "efficientnet-lite0": Scale(1.0, 1.0, 224, 0.2),
    "efficientnet-lite1": Scale(1.0, 1.1, 240, 0.2),
    "efficientnet-lite2": Scale(1.1, 1.2, 260, 0.3),
}
STEM, HEAD = 32, 1280
EPS, MOMENTUM = 1e-3, 0.01


class ConvNorm(Module):
    """A convolution and batch norm; after ``folded`` one convolution with bias."""

    norm: BatchNorm2d | None

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int, groups: int, rng: Rng
    ) -> None:
        self.conv = Conv2d(
            inputs, outputs, kernel, stride, "same", groups=groups, bias=False, rng=rng
        )
        self.norm = BatchNorm2d(outputs, eps=EPS, momentum=MOMENTUM)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, outputs, H / stride, W / stride)."""
        x = self.conv(x)
        return x if self.norm is None else self.norm(x)

    def folded(self) -> ConvNorm:
        """The same function in inference, as one convolution with bias."""
        if self.norm is None:
            return self
        scale, shift = self.norm.scale_and_shift()
        conv = self.conv.tree_replace({"weight": self.conv.weight * scale[:, None, None, None]})
        conv.bias = shift
        other = self.tree_replace({"conv": conv})
        other.norm = None
        return other


class Block(Module):
    """Expand, filter, project: Sandler et al., "MobileNetV2" (2018), figure 4."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int, rng: Rng
    ) -> None:
        inner = inputs * expansion
        self.residual = stride == 1 and inputs == outputs
        self.expand = None if expansion == 1 else ConvNorm(inputs, inner, 1, 1, 1, rng)
        self.depthwise = ConvNorm(inner, inner, kernel, stride, inner, rng)
        self.project = ConvNorm(inner, outputs, 1, 1, 1, rng)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, outputs, H / stride, W / stride)."""
        y: Tensor = x if self.expand is None else relu6(self.expand(x))
        y = self.project(relu6(self.depthwise(y)))
        return x + y if self.residual else y

    def folded(self) -> Block:
        """The same function in inference, batch norms folded into the convolutions."""
        return self.tree_replace({k: x.folded() for k, x in self.tree_children().items()})


class Tail(Module):
    """The last blocks of an encoder and its head."""

    def __init__(self, blocks: Sequence[Block], head: ConvNorm) -> None:
        self.blocks, self.head = list(blocks), head

    def forward(self, x: Tensor) -> Tensor:
        """What the blocks before made, (N, C, h, w), to the last feature map, (N, 1280, ...)."""
        for block in self.blocks:
            x = block(x)
        return relu6(self.head(x))

    def folded(self) -> Tail:
        """The same function in inference, batch norms folded into the convolutions."""
        return Tail([block.folded() for block in self.blocks], self.head.folded())


class EfficientNetLite(Module):
    """A classifier of photographs into the 1,000 classes of ImageNet, and an encoder of them.

    Args:
        name: "efficientnet-lite0", "-lite1" or "-lite2".
        classes: Number of classes.
        rng: Source of the initial weights.

    Raises:
        BundleError: The name is unknown.
    """

    def __init__(
        self, name: str = "efficientnet-lite0", classes: int = 1000, rng: Rng = None
    ) -> None:
        if name not in SCALES:
            raise BundleError(f"unknown model {name!r}", hint=f"use one of {', '.join(SCALES)}")
        rng = generator(rng)
        self.name, self.scale = name, SCALES[name]
        self.stem = ConvNorm(3, STEM, 3, 2, 1, rng)
        self.blocks = _blocks(self.scale, rng)
        last = self.blocks[-1].project.conv.out_channels
        self.head = ConvNorm(last, HEAD, 1, 1, 1, rng)
        self.dropout = Dropout(self.scale.dropout)
        self.classifier = Linear(HEAD, classes, rng=rng)

    def features(self, x: Tensor) -> Tensor:
        """The last feature map.

        Args:
            x: Photographs, float32, (N, 3, H, W), values ``(pixel - 127) / 128``.

        Returns:
            Shape (N, 1280, H / 32, W / 32), rounded up.
        """
        last: Tensor = self.tail(len(self.blocks))(self.before(x, len(self.blocks)))
        return last

    def before(self, x: Tensor, blocks: int) -> Tensor:
        """What the last so many blocks are given, (N, C, h, w), of photographs (N, 3, H, W).

        Raises:
            UsageError: There are not so many.
        """
        x = relu6(self.stem(x))
        for block in self.blocks[: self._without(blocks)]:
            x = block(x)
        return x

    def tail(self, blocks: int) -> Tail:
        """The last so many blocks and the head; it shares the weights.

        Raises:
            UsageError: There are not so many.
        """
        return Tail(self.blocks[self._without(blocks) :], self.head)

    def _without(self, blocks: int) -> int:
        """How many blocks come before the last so many."""
        count = len(self.blocks)
        if not 0 <= blocks <= count:
            raise UsageError(f"blocks: got {blocks}, expected 0 to {count}, those of {self.name}")
        return count - blocks

    def with_tail(self, tail: Tail) -> EfficientNetLite:
        """The encoder with other last blocks and another head."""
        blocks = [*self.blocks[: len(self.blocks) - len(tail.blocks)], *tail.blocks]
        return self.tree_replace({"blocks": blocks, "head": tail.head})

    def forward(self, x: Tensor, rng: Rng = None) -> Tensor:
        """The logits of each class, (N, classes)."""
        pooled = ops.mean(self.features(x), axis=(2, 3))
        logits: Tensor = self.classifier(self.dropout(pooled, rng=rng))
        return logits

    def folded(self) -> EfficientNetLite:
        """The same function in inference, batch norms folded into the convolutions."""
        tail = self.tail(len(self.blocks)).folded()
        return self.with_tail(tail).tree_replace({"stem": self.stem.folded()}).eval()


def _blocks(scale: Scale, rng: Rng) -> list[Block]:
    blocks, inputs = [], STEM
    for i, stage in enumerate(STAGES):
        outputs = round_channels(stage.channels, scale.width)
        ends = i in (0, len(STAGES) - 1)  # the Lite variants do not repeat these more often
        repeats = stage.repeats if ends else ceil(stage.repeats * scale.depth)
        for n in range(repeats):
            stride = stage.stride if n == 0 else 1
            blocks.append(Block(inputs, outputs, stage.kernel, stride, stage.expansion, rng))
            inputs = outputs
    return blocks


def round_channels(channels: int, width: float, divisor: int = 8) -> int:
    """Scaled channels, rounded to a multiple of 8, but not down by more than a tenth."""
    scaled = channels * width
    rounded = max(divisor, int(scaled + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * scaled else rounded
