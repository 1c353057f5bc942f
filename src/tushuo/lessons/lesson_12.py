"""Exercises of lesson 12: a convolutional network, its filters, and transfer learning."""

from __future__ import annotations

from typing import Any

import numpy as np

from tushuo.lessons.exercise import Lesson, array, expect, function, near
from tushuo.lessons.text import Text

LESSON = Lesson(
    "lesson-12",
    Text(
        "A convolutional network, its filters, and transfer learning",
        "卷积网络、它的滤波器与迁移学习",
    ),
)


@LESSON.exercise(
    "out_size",
    stub="def out_size(size, kernel, stride, padding):\n    return ...",
    task=Text(
        "The side of a convolution's result, from the side of the picture, that of the\n"
        "kernel, the stride, and the zeros added at each edge.",
        "卷积结果的边长：已知图像的边长、核的边长、步幅，以及每条边补零的个数。",
    ),
    hints=(
        Text(
            "How many places are there for the left edge of the kernel?",
            "核的左边缘可以放在多少个位置上？",
        ),
        Text(
            "The picture grows by padding on both sides; the kernel must fit; steps round down.",
            "图像两边都加宽 padding；核要放得下；步数向下取整。",
        ),
        Text(
            "(size + 2 * padding - kernel) // stride + 1",
            "(size + 2 * padding - kernel) // stride + 1",
        ),
    ),
)
def _out_size(answer: Any) -> None:
    from tushuo.graph.ops import conv2d

    out_size = function(answer, "out_size")
    for case in ((28, 5, 1, 0), (28, 3, 1, 1), (7, 3, 2, 0), (8, 3, 2, 1), (32, 4, 3, 2)):
        size, kernel, stride, padding = case
        x, w = np.zeros((1, 1, size, size)), np.zeros((1, 1, kernel, kernel))
        side = conv2d(x, w, stride=stride, padding=padding).shape[2]
        near(out_size(*case), side, f"out_size{case}")


@LESSON.exercise(
    "weights",
    stub='weights = {"convolution": ..., "connected": ...}',
    task=Text(
        "How many numbers, with biases, are learnt in a convolution from 1 to 16 channels\n"
        "with 5 by 5 kernels, and in a fully connected layer from 28 by 28 pixels to 16 by 24\n"
        "by 24?",
        "算上偏置，要学多少个数：从 1 个通道到 16 个通道、核为 5×5 的卷积；从 28×28 个像素到\n"
        "16×24×24 的全连接层？",
    ),
    hints=(
        Text("A bias for each output channel, or neuron.", "每个输出通道（或神经元）一个偏置。"),
        Text(
            "The convolution has 16 kernels of 25; the connected layer joins everything to "
            "everything.",
            "卷积有 16 个核，每个 25 个数；全连接层把每个输入连到每个输出。",
        ),
        Text(
            "16 * (25 + 1), and with n = 16 * 24 * 24 neurons n * (784 + 1).",
            "16 * (25 + 1)；设 n = 16 * 24 * 24 个神经元，则为 n * (784 + 1)。",
        ),
    ),
)
def _weights(answer: Any) -> None:
    from tushuo.nn import Conv2d

    neurons = 16 * 24 * 24  # too many for a layer that is made only to be counted
    counted = sum(p.size for p in Conv2d(1, 16, 5, rng=0).parameters())
    right = {"convolution": counted, "connected": neurons * 784 + neurons}
    expect(
        isinstance(answer, dict) and set(answer) == set(right),
        f"weights should be a dictionary with the keys {', '.join(right)}",
        f"weights 应是字典，键为 {', '.join(right)}",
    )
    for layer, count in right.items():
        expect(
            answer[layer] == count,
            f"the count for {layer} is not right: {answer[layer]!r:.20}",
            f"{layer} 的个数不对：{answer[layer]!r:.20}",
        )


@LESSON.exercise(
    "edge_kernel",
    stub="edge_kernel = ...",
    task=Text(
        "A 3 by 3 kernel, as an array or lists, that answers nothing to flat pictures and to\n"
        "pictures that only change from top to bottom, but something to every step from left\n"
        "to right.",
        "一个 3×3 的核（数组或列表）：对平坦的图像、对只在上下方向变化的图像没有响应，\n"
        "但对任何左右方向的阶跃有响应。",
    ),
    hints=(
        Text(
            "Nothing for a flat picture: what must the nine numbers sum to?",
            "对平坦图像没有响应：九个数之和应是多少？",
        ),
        Text(
            "Nothing for changes downwards: then each row must sum to 0 by itself.",
            "对上下变化没有响应：那么每一行自己的和都是 0。",
        ),
        Text("The columns -1, 0, 1 in each row.", "每一行都是 -1、0、1。"),
    ),
)
def _edge_kernel(answer: Any) -> None:
    from tushuo.graph.ops import conv2d

    kernel = array(answer, "edge_kernel")
    near(kernel.shape, (3, 3), Text("the shape of edge_kernel", "edge_kernel 的形状"))

    def answers(picture: np.ndarray) -> np.ndarray:
        return np.asarray(conv2d(picture[None, None], kernel[None, None]).numpy()[0, 0])

    down = np.random.default_rng(0).normal(size=(8, 1)).repeat(8, axis=1)
    near(
        answers(np.ones((8, 8))),
        np.zeros((6, 6)),
        Text("the answer to a flat picture", "对平坦图像的响应"),
    )
    near(
        answers(down),
        np.zeros((6, 6)),
        Text("the answer to changes from top to bottom", "对上下方向变化的响应"),
    )
    for place in range(2, 7):
        step = (np.arange(8) >= place).repeat(8).reshape(8, 8).T.astype(float)
        expect(
            np.abs(answers(step)).max() > 1e-6,
            f"it answers nothing to a step from left to right at column {place}",
            f"对第 {place} 列处的左右阶跃没有响应",
        )


@LESSON.exercise(
    "correlate",
    stub="def correlate(x, w):\n    return ...",
    task=Text(
        "The convolution of one grey picture (H, W) with one kernel (kh, kw), without\n"
        "padding, with loops and NumPy alone.",
        "一张灰度图 (H, W) 与一个核 (kh, kw) 的卷积，不补零，只用循环和 NumPy。",
    ),
    hints=(
        Text(
            "The result has (H - kh + 1, W - kw + 1) places; one of them is a sum of products.",
            "结果有 (H - kh + 1, W - kw + 1) 个位置，每个位置是一个乘积之和。",
        ),
        Text(
            "At place (i, j) the kernel lies over x[i : i + kh, j : j + kw]; it is not flipped.",
            "在位置 (i, j)，核盖住 x[i : i + kh, j : j + kw]；不翻转。",
        ),
        Text(
            "y[i, j] = np.sum(x[i : i + kh, j : j + kw] * w), for all i and j.",
            "对所有 i、j：y[i, j] = np.sum(x[i : i + kh, j : j + kw] * w)。",
        ),
    ),
)
def _correlate(answer: Any) -> None:
    from tushuo.graph.ops import conv2d

    correlate, rng = function(answer, "correlate"), np.random.default_rng(0)
    for shape, kernel in (((4, 4), (1, 1)), ((6, 5), (3, 3)), ((7, 9), (2, 4))):
        x, w = rng.normal(size=shape), rng.normal(size=kernel)
        right = conv2d(x[None, None], w[None, None]).numpy()[0, 0]
        what = Text(
            f"correlate of a picture {shape} with a kernel {kernel}",
            f"图像 {shape}、核 {kernel} 时 correlate",
        )
        near(correlate(x.copy(), w.copy()), right, what)
