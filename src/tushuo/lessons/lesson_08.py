"""Exercises of lesson 08: gates and staging."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tushuo.lessons.exercise import Lesson, expect, function, near, number
from tushuo.lessons.text import Text

LESSON = Lesson("lesson-08", Text("Gates and staging", "门与分步计算"))


@LESSON.exercise(
    "gates",
    stub="def gates(x, y, z, w):\n    return ...",
    task=Text(
        "Gate by gate, without a library: the four derivatives of 2 * (x * y + max(z, w)) by\n"
        "x, y, z and w, as a tuple.",
        "不用库，逐个门地算：2 * (x * y + max(z, w)) 对 x、y、z、w 的四个导数，\n以元组返回。",
    ),
    hints=(
        Text(
            "Go backwards. The factor 2 is the first gate that the gradient meets.",
            "从后往前走。梯度遇到的第一个门是乘以 2。",
        ),
        Text(
            "Addition hands on, multiplication swaps, the maximum sends all to the larger.",
            "加法门原样传递，乘法门交换，最大值门全部送给较大的一方。",
        ),
        Text(
            "By x it is 2 * y; by z it is 2 if z > w, else 0.",
            "对 x 是 2 * y；对 z：z > w 时是 2，否则是 0。",
        ),
    ),
)
def _gates(answer: Any) -> None:
    from tushuo.graph.ops import maximum

    gates = function(answer, "gates")
    points = ((3.0, -4.0, 2.0, -1.0), (0.5, 2.0, -3.0, 1.5))
    _as_by_graph(gates, lambda x, y, z, w: (x * y + maximum(z, w)) * 2, "gates", points)


@LESSON.exercise(
    "staged",
    stub="def staged(x, y):\n    return ...",
    task=Text(
        "In stages, without a library: the derivatives of sigmoid(x) * y / (x**2 + y**2) by x\n"
        "and y, as a tuple.",
        "不用库，分步计算：sigmoid(x) * y / (x**2 + y**2) 对 x 和 y 的导数，\n以元组返回。",
    ),
    hints=(
        Text(
            "Name the stages first: s = sigmoid(x), top = s * y, below = x*x + y*y, "
            "f = top / below.",
            "先给每一步起名：s = sigmoid(x)，top = s * y，below = x*x + y*y，f = top / below。",
        ),
        Text(
            "Both x and y reach f on two ways: the second contribution is added, +=.",
            "x 和 y 都经两条路到达 f：第二份贡献要用 += 累加。",
        ),
        Text(
            "d_top = 1 / below, d_below = -top / below**2; then d_x = 2 * x * d_below and "
            "d_x += (1 - s) * s * y * d_top.",
            "d_top = 1 / below，d_below = -top / below**2；再有 d_x = 2 * x * d_below，"
            "d_x += (1 - s) * s * y * d_top。",
        ),
    ),
)
def _staged(answer: Any) -> None:
    from tushuo.graph.ops import sigmoid

    staged = function(answer, "staged")
    points = ((3.0, -4.0), (-0.5, 1.0), (2.0, 2.0))
    _as_by_graph(staged, lambda x, y: sigmoid(x) * y / (x * x + y * y), "staged", points)


@LESSON.exercise(
    "tanh_slope",
    stub="def tanh_slope(out):\n    return ...",
    task=Text(
        "A fused gate keeps its output only. Write the local gradient of tanh as a function of\n"
        "out = tanh(x); you are not given x.",
        "融合的门只保存自己的输出。把 tanh 的局部梯度写成 out = tanh(x) 的函数；\nx 不会给你。",
    ),
    hints=(
        Text(
            "The sigmoid's is (1 - s) * s. Which polynomial is it for tanh?",
            "sigmoid 的是 (1 - s) * s。tanh 的是哪个多项式？",
        ),
        Text(
            "At out = 0 the slope is 1, at out = 1 or -1 it is 0.",
            "out = 0 处斜率是 1，out = 1 或 -1 处斜率是 0。",
        ),
        Text("1 - out * out", "1 - out * out"),
    ),
)
def _tanh_slope(answer: Any) -> None:
    slope, step = function(answer, "tanh_slope"), 1e-30
    for x in (0.0, 0.5, -2.0):
        exact = np.tanh(complex(x, step)).imag / step
        near(slope(float(np.tanh(x))), exact, f"tanh_slope({np.tanh(x):.4g})")


@LESSON.exercise(
    "factor",
    stub="factor = ...",
    task=Text(
        "A linear classifier's score is w * x. All inputs x are multiplied by 1,000 (say, metres\n"
        "become millimetres). By which factor does the gradient by w change, for the same\n"
        "gradient at the score?",
        "线性分类器的得分是 w * x。所有输入 x 乘以 1000（比如米换成毫米）。\n"
        "得分处的梯度不变时，对 w 的梯度变为原来的多少倍？",
    ),
    hints=(
        Text(
            "A multiplication hands each input the gradient times the *other* input.",
            "乘法门给每个输入的，是梯度乘以**另一个**输入。",
        ),
        Text(
            "So the scale of the data is a part of the step size.",
            "所以数据的尺度就是步长的一部分。",
        ),
    ),
)
def _factor(answer: Any) -> None:
    from tushuo.gradients.gates import MULTIPLY

    w, x, scale, upstream = 0.3, 1.7, 1000.0, 0.2
    before = MULTIPLY.backward(upstream, w * x, w, x)[0]
    after = MULTIPLY.backward(upstream, w * x * scale, w, x * scale)[0]
    expect(
        abs(number(answer, "factor") - after / before) < 1e-6 * scale,
        f"factor = {answer!r:.20} is not right",
        f"factor = {answer!r:.20} 不对",
    )


def _as_by_graph(
    answer: Callable[..., Any], f: Callable[..., Any], name: str, points: tuple[Any, ...]
) -> None:
    """Hold a hand-written gradient against that of the graph."""
    from tushuo.graph import grad

    for point in points:
        found = answer(*point)
        expect(
            isinstance(found, tuple | list) and len(found) == len(point),
            f"{name} should return a tuple of {len(point)} numbers",
            f"{name} 应返回 {len(point)} 个数组成的元组",
        )
        for i, got in enumerate(found):
            right = grad(f, argnums=i)(*point)
            near(got, right, f"{name}{point}[{i}]")
