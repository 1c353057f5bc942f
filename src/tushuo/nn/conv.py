"""The convolutional layer."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from tushuo.errors import UsageError
from tushuo.graph import ops
from tushuo.graph.ops.windows import pair
from tushuo.graph.tensor import Tensor
from tushuo.nn import checks, init
from tushuo.nn.module import Module


class Conv2d(Module):
    """A convolution over images (the deep-learning kind: a cross-correlation).

    Args:
        in_channels: Channels C of inputs.
        out_channels: Channels O of outputs.
        kernel_size: Height and width, or one number for both.
        stride: Steps from one position of the kernel to the next.
        padding: Zeros around the image: a number, (vertical, horizontal), ((top, bottom), (left,
            right)), "valid" or "same".
        dilation: Steps from one element of the kernel to the next.
        groups: Into how many separate groups the channels are split; C for a depthwise one.
        bias: Whether a bias is added.
        rng: Generator or seed of the initial values, uniform within ±1/sqrt(inputs of an output).
        dtype: Data type of the parameters.

    Attributes:
        weight: Shape (O, C / groups, kh, kw).
        bias: Shape (O,), or None.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: Any = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        rng: init.Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        checks.positive("Conv2d", in_channels=in_channels, out_channels=out_channels, groups=groups)
        if in_channels % groups or out_channels % groups:
            raise UsageError(
                f"Conv2d: {in_channels} and {out_channels} channels cannot be split into "
                f"{groups} groups",
                hint="both must be multiples of groups",
            )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = pair("kernel_size", kernel_size)
        self.stride = pair("stride", stride)
        self.dilation = pair("dilation", dilation)
        self.padding = padding
        rng = init.generator(rng)
        fan = in_channels // groups * prod(self.kernel_size)
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = init.scaled_uniform(shape, fan, rng=rng, dtype=dtype)
        self.bias = (
            init.scaled_uniform((out_channels,), fan, rng=rng, dtype=dtype) if bias else None
        )

    def forward(self, x: Any) -> Tensor:
        """(N, C, H, W) to (N, O, H', W').

        Raises:
            ShapeError: The images have another number of channels, or are smaller than the kernel.
        """
        name = f"Conv2d({self.in_channels}, {self.out_channels})"
        images = checks.images(name, x, self.in_channels)
        return ops.conv2d(
            images,
            self.weight,
            self.bias,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.groups,
        )

    def extra_repr(self) -> str:
        """Sizes, and the settings that are not the default ones."""
        shown = [
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}",
            f"stride={self.stride}",
        ]
        shown += [f"padding={self.padding!r}"] if self.padding else []
        shown += [f"dilation={self.dilation}"] if self.dilation != (1, 1) else []
        shown += [f"groups={self.groups}"] if self.groups != 1 else []
        shown += ["bias=False"] if self.bias is None else []
        return ", ".join(shown)
