"""Convolution in two dimensions (the deep-learning kind: a cross-correlation), and its transpose.

Three bilinear operations are each other's transposes, so that one set of rules gives the gradients
of all orders in both modes: Conv2d makes maps of images and weights, ConvInput images of maps and
weights, ConvWeight weights of images and maps. (Dumoulin and Visin, "A guide to convolution
arithmetic for deep learning", 2016, section 4, derives the second.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tushuo.errors import ShapeError
from tushuo.graph.backend import Array, Namespace
from tushuo.graph.op import Bilinear, Cotangent, Shape, Spec, apply
from tushuo.graph.ops.conv_arrays import Geometry, correlate, spread, weigh
from tushuo.graph.ops.movement import reshape
from tushuo.graph.ops.promotion import promote
from tushuo.graph.ops.windows import Pair, Window, pair, resolve_padding
from tushuo.graph.tensor import Tensor, asarray


@dataclass(frozen=True)
class Conv2d(Bilinear):
    """Images (N, C, H, W) and weights (O, C/G, kh, kw) to maps (N, O, OH, OW)."""

    geometry: Geometry

    def infer(self, *inputs: Spec) -> Spec:
        """(N, O, OH, OW)."""
        x, w = inputs
        _check_weight(x.shape[1], w.shape, self.geometry.groups)
        return Spec((x.shape[0], w.shape[0], *self.geometry.positions), x.dtype)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The sum of products under the kernel, at every position."""
        x, w = inputs
        return _first(xp, correlate(xp, _last(xp, x), w, self.geometry))

    def transpose(self, g: Tensor, x: Tensor, y: Tensor) -> Sequence[Cotangent]:
        """Images of the cotangent and the weights; weights of the images and the cotangent."""
        by_input, by_weight = ConvInput(self.geometry), ConvWeight(self.geometry)
        return lambda: apply(by_input, g, y), lambda: apply(by_weight, x, g)


@dataclass(frozen=True)
class ConvInput(Bilinear):
    """Maps (N, O, OH, OW) and weights (O, C/G, kh, kw) to images (N, C, H, W)."""

    geometry: Geometry

    def infer(self, *inputs: Spec) -> Spec:
        """(N, C, H, W)."""
        g, w = inputs
        if g.shape[1] != w.shape[0] or g.shape[2:] != self.geometry.positions:
            raise ShapeError(
                f"ConvInput needs maps (N, {w.shape[0]}, *{self.geometry.positions}) "
                f"for weights {w.shape}, got {g.shape}"
            )
        channels = w.shape[1] * self.geometry.groups
        return Spec((g.shape[0], channels, *self.geometry.size), g.dtype)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """The kernel, scaled by each element of the maps and added up where it belongs."""
        g, w = inputs
        return _first(xp, spread(xp, _last(xp, g), w, self.geometry))

    def transpose(self, g: Tensor, x: Tensor, y: Tensor) -> Sequence[Cotangent]:
        """Maps of the cotangent and the weights; weights of the cotangent and the maps."""
        conv, by_weight = Conv2d(self.geometry), ConvWeight(self.geometry)
        return lambda: apply(conv, g, y), lambda: apply(by_weight, g, x)


@dataclass(frozen=True)
class ConvWeight(Bilinear):
    """Images (N, C, H, W) and maps (N, O, OH, OW) to weights (O, C/G, kh, kw)."""

    geometry: Geometry

    def infer(self, *inputs: Spec) -> Spec:
        """(O, C/G, kh, kw)."""
        x, g = inputs
        if x.shape[0] != g.shape[0] or g.shape[2:] != self.geometry.positions:
            raise ShapeError(
                f"ConvWeight needs maps ({x.shape[0]}, O, *{self.geometry.positions}) "
                f"for images {x.shape}, got {g.shape}"
            )
        shape = (g.shape[1], x.shape[1] // self.geometry.groups, *self.geometry.window.kernel)
        return Spec(shape, x.dtype)

    def forward(self, xp: Namespace, *inputs: Array) -> Array:
        """What lies under each element of the kernel times the maps, summed over positions."""
        x, g = inputs
        return weigh(xp, _last(xp, x), _last(xp, g), self.geometry)

    def transpose(self, g: Tensor, x: Tensor, y: Tensor) -> Sequence[Cotangent]:
        """Images of the maps and the cotangent; maps of the images and the cotangent."""
        by_input, conv = ConvInput(self.geometry), Conv2d(self.geometry)
        return lambda: apply(by_input, y, g), lambda: apply(conv, x, g)


def conv2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The convolution of images with kernels (not flipped, as everywhere in deep learning).

    Args:
        x: Images, shape (N, C, H, W).
        weight: Kernels, shape (O, C / groups, kh, kw).
        bias: Shape (O,), added to each output channel; None for none.
        stride: Steps of the kernel, one integer or (down, right).
        padding: Zeros around the images: an integer; (vertical, horizontal); ((top, bottom),
            (left, right)); "valid" for none; or "same" for OH = ceil(H / stride), where an odd zero
            goes to the bottom and right, also when strided, as in TensorFlow.
        dilation: Steps between the elements of the kernel, one integer or (down, right).
        groups: Into how many groups the channels are split; each group of output channels sees
            only its own input channels. ``groups=C`` is a depthwise convolution.

    Returns:
        Shape (N, O, OH, OW), OH = (H + top + bottom - dilation * (kh - 1) - 1) // stride + 1. In
        NumPy its memory is channels-last.

    Raises:
        ShapeError: Ranks, channels, groups or sizes do not fit.
        DTypeError: The data types are of different kinds.
    """
    x, w = _operands("conv2d", x, weight, "(O, C/groups, kh, kw)")
    _check_weight(x.shape[1], w.shape, groups)
    window = _window(w.shape, stride, dilation)
    margins = resolve_padding(padding, window, x.shape[2:])
    geometry = Geometry(window, margins, groups, (x.shape[2], x.shape[3]))
    window.positions(geometry.padded)
    return _with_bias(apply(Conv2d(geometry), x, w), bias)


def conv_transpose2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """The transpose of :func:`conv2d` by its images: each pixel adds a scaled kernel.

    Args:
        x: Shape (N, C, H, W).
        weight: Kernels, shape (C, O / groups, kh, kw).
        bias: Shape (O,), added to each output channel; None for none.
        stride: Pixels between the places where neighbours add their kernels, or (down, right).
        padding: Pixels cut off the border, in any of the forms of :func:`conv2d` but words.
        output_padding: Pixels added at the bottom and right, fewer than ``stride``: the sizes
            that a strided convolution rounds down to one.
        groups: Into how many groups the channels are split.
        dilation: Steps between the elements of the kernel, one integer or (down, right).

    Returns:
        Shape (N, O, OH, OW), OH = (H - 1) * stride - top - bottom + dilation * (kh - 1)
        + output_padding + 1.

    Raises:
        ShapeError: Ranks, channels, groups or sizes do not fit.
        DTypeError: The data types are of different kinds.
    """
    name = "conv_transpose2d"
    x, w = _operands(name, x, weight, "(C, O/groups, kh, kw)")
    _check_groups(x.shape[1], groups)
    if w.shape[0] != x.shape[1]:
        raise ShapeError(
            f"{name}: weights {w.shape} take {w.shape[0]} channels, the images have {x.shape[1]}"
        )
    window = _window(w.shape, stride, dilation)
    if isinstance(padding, str):
        raise ShapeError(f"{name} takes numbers as padding, got {padding!r}")
    geometry = _enlarged(
        x.shape, window, padding, pair("output_padding", output_padding, 0), groups
    )
    return _with_bias(apply(ConvInput(geometry), x, w), bias)


def images(name: str, x: Any) -> Tensor:
    """An operand of four axes.

    Raises:
        ShapeError: There are more or fewer; the message names the operation.
    """
    t = asarray(x)
    if t.ndim != 4:
        raise ShapeError(
            f"{name} needs images (N, C, H, W), got shape {t.shape}",
            hint="add missing axes with expand_dims",
        )
    return t


def _operands(name: str, x: Any, weight: Any, form: str) -> tuple[Tensor, Tensor]:
    """Images and weights of one data type."""
    t, w = images(name, x), asarray(weight)
    if w.ndim != 4 or 0 in w.shape:
        raise ShapeError(f"{name} needs weights {form}, got shape {w.shape}")
    return promote(name, t, w)


def _window(weight: Shape, stride: Any, dilation: Any) -> Window:
    kernel = (weight[2], weight[3])
    return Window(kernel, pair("stride", stride), pair("dilation", dilation))


def _check_groups(channels: int, groups: int) -> None:
    if groups < 1 or channels % groups:
        raise ShapeError(f"groups={groups} does not divide {channels} channels")


def _check_weight(channels: int, weight: Shape, groups: int) -> None:
    """Whether weights (O, C/G, kh, kw) fit images of so many channels."""
    _check_groups(channels, groups)
    if weight[1] * groups != channels:
        raise ShapeError(
            f"weights {weight} need images of {weight[1] * groups} channels "
            f"({weight[1]} in each of {groups} groups), got {channels}"
        )
    if weight[0] % groups:
        raise ShapeError(f"groups={groups} does not divide the {weight[0]} output channels")


def _enlarged(x: Shape, window: Window, padding: Any, extra: Pair, groups: int) -> Geometry:
    """The geometry of the convolution whose result has the size of ``x``."""
    margins = resolve_padding(padding, window, x[2:])
    if any(e >= s for e, s in zip(extra, window.stride, strict=True)):
        raise ShapeError(
            f"output_padding must be less than the stride {window.stride}, got {extra}"
        )
    h, w = (
        (n - 1) * s - sum(m) + area + e
        for n, s, m, area, e in zip(
            x[2:], window.stride, margins, window.extent, extra, strict=True
        )
    )
    if min(h, w) < 1:
        raise ShapeError(
            f"conv_transpose2d of images {x} would give images of {(h, w)}", hint="pad less"
        )
    return Geometry(window, margins, groups, (h, w))


def _with_bias(y: Tensor, bias: Any) -> Tensor:
    if bias is None:
        return y
    b, channels = asarray(bias), y.shape[1]
    if b.shape != (channels,):
        raise ShapeError(f"the bias must have shape ({channels},), got {b.shape}")
    return y + reshape(b, (1, channels, 1, 1))


def _last(xp: Namespace, x: Array) -> Array:
    """Channels-first to channels-last: a view in NumPy."""
    return xp.permute_dims(x, (0, 2, 3, 1))


def _first(xp: Namespace, x: Array) -> Array:
    """Channels-last to channels-first: a view in NumPy."""
    return xp.permute_dims(x, (0, 3, 1, 2))
